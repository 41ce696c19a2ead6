//! Whether two arrays are the same, and how they differ.

use ndbytes::{DecodeErrorKind, DiffOptions, Difference as CoreDifference, Place};
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::bridge::buffer::RELEASE_FROM;
use crate::bridge::ndarray;
use crate::display::{html, html_lines};
use crate::errors;
use crate::values;

/// Whether two arrays have the same shape and equal elements: NumPy's meaning, at the speed of
/// memory.
///
/// Parameters
/// ----------
/// a1, a2 : array_like
///     Arrays whose dtypes are equal up to byte order are compared here, and comparing stops at
///     the first difference; other pairs follow NumPy's promotion through NumPy.
/// equal_nan : bool
///     Whether NaN and NaT are equal to each other; here for every dtype, structures included.
///
/// Returns
/// -------
/// bool
///
/// Examples
/// --------
/// >>> ndbytes.array_equal([1.0, np.nan], [1.0, np.nan])
/// False
/// >>> ndbytes.array_equal([1.0, np.nan], [1.0, np.nan], equal_nan=True)
/// True
#[pyfunction]
#[pyo3(signature = (a1, a2, equal_nan=false))]
pub(crate) fn array_equal(
    a1: &Bound<'_, PyAny>,
    a2: &Bound<'_, PyAny>,
    equal_nan: bool,
) -> PyResult<bool> {
    let (Some(a), Some(b)) = (array_or_none(a1)?, array_or_none(a2)?) else { return Ok(false) };
    equal(&a, &b, equal_nan)
}

fn equal(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, equal_nan: bool) -> PyResult<bool> {
    match equal_here(a, b, equal_nan)? {
        Some(equal) => Ok(equal),
        None => equal_in_numpy(a, b, equal_nan),
    }
}

/// As in NumPy, what is no array is equal to nothing.
fn array_or_none<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    match ndarray::asarray(object) {
        Ok(array) => Ok(Some(array)),
        Err(error) if error.is_instance_of::<PyException>(object.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `None` where the core does not know what the elements mean, or they differ in kind.
fn equal_here(
    a: &Bound<'_, PyAny>,
    b: &Bound<'_, PyAny>,
    equal_nan: bool,
) -> PyResult<Option<bool>> {
    let (Ok(a_view), Ok(b_view)) = (ndarray::view(a), ndarray::view(b)) else { return Ok(None) };
    if a_view.shape() != b_view.shape() {
        return Ok(Some(false));
    }
    let compare = || ndbytes::equal(&a_view, &b_view, equal_nan);
    let result = match a_view.nbytes() < RELEASE_FROM {
        true => compare(),
        false => a.py().detach(compare),
    };
    match result {
        Ok(equal) => Ok(Some(equal)),
        Err(error) if *error.kind() == DecodeErrorKind::Unsupported => Ok(None),
        Err(error) => Err(errors::decode(a.py(), error)),
    }
}

fn equal_in_numpy(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, equal_nan: bool) -> PyResult<bool> {
    let py = a.py();
    let by_numpy = |equal_nan: bool| {
        let kwargs = PyDict::new(py);
        kwargs.set_item("equal_nan", equal_nan)?;
        py.import("numpy")?.getattr("array_equal")?.call((a, b), Some(&kwargs))?.is_truthy()
    };
    match by_numpy(equal_nan) {
        // NumPy has no isnan for these.
        Err(error) if equal_nan && error.is_instance_of::<PyTypeError>(py) => {
            let fields = a.getattr("dtype")?.getattr("names")?;
            if fields.is_none() || !fields.eq(b.getattr("dtype")?.getattr("names")?)? {
                return by_numpy(false);
            }
            for name in fields.try_iter()? {
                let name = name?;
                if !equal(&a.get_item(&name)?, &b.get_item(&name)?, true)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        result => result,
    }
}

/// Whether two arrays are bit by bit the same.
///
/// Compared are dtype (byte order, offsets, titles, metadata), shape, and the bits of every
/// element, so that NaN is identical to a NaN of the same bits and 0.0 is not to -0.0. Objects are
/// compared type by type and part by part, also where they contain themselves. Not compared
/// are the order in memory, the gaps between fields, the padding of long doubles, and whether a
/// structure was declared aligned.
///
/// Parameters
/// ----------
/// a, b : array_like
///     Of masked arrays, the masks and fill values are compared too. ``numpy.ma.masked`` is identical
///     to itself and to nothing else.
///
/// Returns
/// -------
/// bool
///
/// Raises
/// ------
/// EncodeError
///     When elements are objects that are no plain data: only they know what they are.
///
/// Examples
/// --------
/// >>> ndbytes.identical(np.array([1, 2], "<i2"), np.array([1, 2], ">i2"))
/// False
/// >>> ndbytes.identical(np.array([np.nan]), np.array([np.nan]))
/// True
#[pyfunction]
#[pyo3(signature = (a, b, /))]
pub(crate) fn identical(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = a.py();
    let ma = py.import("numpy.ma")?;
    let (masked, constant) = (ma.getattr("MaskedArray")?, ma.getattr("masked")?);
    match (a.is_instance(&masked)?, b.is_instance(&masked)?) {
        (false, false) => identical_elements(&ndarray::asarray(a)?, &ndarray::asarray(b)?),
        // There is one of it, which has no fill value.
        (true, true) if a.is(&constant) || b.is(&constant) => Ok(a.is(b)),
        (true, true) => {
            // What MaskedArray calls `mask` may be a single False for all elements. That of an element
            // of a structure is no array.
            let mask = |x| ndarray::asarray(&ma.getattr("getmaskarray")?.call1((x,))?);
            if !identical_elements(&mask(a)?, &mask(b)?)? {
                return Ok(false);
            }
            for part in ["fill_value", "data"] {
                let (a, b) = (a.getattr(part)?, b.getattr(part)?);
                if !identical_elements(&ndarray::asarray(&a)?, &ndarray::asarray(&b)?)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn identical_elements(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = a.py();
    let (view_a, view_b) = (ndarray::view(a)?, ndarray::view(b)?);
    if view_a.dtype().has_objects() && view_b.dtype().has_objects() {
        let (mut objects_a, mut objects_b) = (values::objects(a)?, values::objects(b)?);
        let a = values::array_of_objects(&view_a, &mut objects_a)?;
        let b = values::array_of_objects(&view_b, &mut objects_b)?;
        return ndbytes::identical(&a, &b).map_err(|error| errors::decode(py, error));
    }
    let (a, b) = (view_a, view_b);
    let compare = || ndbytes::identical(&a, &b);
    let result = match a.nbytes() < RELEASE_FROM {
        true => compare(),
        false => py.detach(compare),
    };
    result.map_err(|error| errors::decode(py, error))
}

/// How two arrays differ: how many elements, where first, and by how much.
///
/// Elements are the same when their bits are: NaN and a NaN of the same bits are, 0.0 and -0.0 are
/// not. Numbers of different dtypes are compared by value, and the dtypes are a difference. With
/// `rtol`, `atol`, `ulp` or `values` it is values that count, and neither dtypes nor byte orders.
///
/// Parameters
/// ----------
/// a, b : array_like
///     Of any dtypes without objects.
/// rtol, atol : float, optional
///     Numbers no farther apart than ``atol + rtol * abs(b)`` are the same, as in `numpy.isclose`;
///     each is 0 unless given.
/// ulp : int, optional
///     Floats with so few floats of their format between them, the farther one included, are the
///     same.
/// equal_nan : bool
///     Whether NaNs of any bits are the same, and not only of the same.
/// values : bool
///     Whether values are compared and not bits: 0.0 is the same as -0.0.
///
/// Returns
/// -------
/// Difference
///
/// Raises
/// ------
/// DecodeError
///     When elements are Python objects: only they know how they differ.
/// ValueError
///     When a tolerance is negative or NaN.
///
/// Examples
/// --------
/// >>> a = np.array([[1.0, 2.0], [3.0, np.nan]])
/// >>> b = np.array([[1.0, 2.5], [3.0, 4.0]])
/// >>> d = ndbytes.diff(a, b)
/// >>> d.equal, d.count, d.first, d.max_abs
/// (False, 2, (0, 1), 0.5)
/// >>> print(d)
/// 2 of 4 elements differ (50.000 %)
/// 1 is NaN or NaT in the first array only
/// first at (0, 1): 2.0 and 2.5
/// farthest apart at (0, 1): 2.0 and 2.5
/// at most 0.5 apart, 0.2 of the second value, 1125899906842624 ULP
/// >>> ndbytes.diff(a, b, rtol=0.2).count
/// 1
#[pyfunction]
#[pyo3(signature = (a, b, /, *, rtol=None, atol=None, ulp=None, equal_nan=false, values=false))]
#[allow(clippy::too_many_arguments, reason = "they are the caller's keywords")]
pub(crate) fn diff(
    py: Python<'_>,
    a: &Bound<'_, PyAny>,
    b: &Bound<'_, PyAny>,
    rtol: Option<f64>,
    atol: Option<f64>,
    ulp: Option<u64>,
    equal_nan: bool,
    values: bool,
) -> PyResult<Difference> {
    let mut options = DiffOptions::new().equal_nan(equal_nan).values(values);
    if let Some(rtol) = tolerance("rtol", rtol)? {
        options = options.rtol(rtol);
    }
    if let Some(atol) = tolerance("atol", atol)? {
        options = options.atol(atol);
    }
    if let Some(ulp) = ulp {
        options = options.ulp(ulp);
    }
    let (a, b) = (ndarray::asarray(a)?, ndarray::asarray(b)?);
    let (a, b) = (ndarray::view(&a)?, ndarray::view(&b)?);
    let compare = || ndbytes::diff(&a, &b, &options);
    let result = match a.nbytes() < RELEASE_FROM {
        true => compare(),
        false => py.detach(compare),
    };
    Difference::new(py, result.map_err(|error| errors::decode(py, error))?)
}

fn tolerance(name: &str, given: Option<f64>) -> PyResult<Option<f64>> {
    match given {
        Some(value) if value.is_nan() || value < 0.0 => {
            Err(PyValueError::new_err(format!("{name} is {value}, but a distance is 0 or more")))
        }
        given => Ok(given),
    }
}

/// How two arrays differ; see `diff`. Notebooks show it with a picture of where.
///
/// Attributes
/// ----------
/// equal : bool
///     Whether they do not: shape, dtype and the bits of every element are the same, or what was
///     asked for instead.
/// size : int
///     Elements of each array; 0 where elements were not compared, as when the shapes differ.
/// count : int
///     Elements that differ.
/// first : tuple of int or None
///     Where the first of them is: in C order, or in Fortran order where both arrays lie so.
/// worst : tuple of int or None
///     Where values are farthest apart.
/// max_abs : float or None
///     How far apart values are at most, in their own unit.
/// max_rel : float or None
///     The same, as a share of the second value.
/// max_ulp : int or None
///     How many floats of their format lie between two at most, the farther one included.
/// nan : tuple of int
///     Elements that are NaN or NaT in the first array only, in the second only, in both with
///     different bits.
/// zero_signs : int
///     Elements that differ in nothing but the sign of a zero.
/// fields : dict
///     Of structures: each field that differs, ``"outer.inner"``, and its Difference.
/// why : list of str
///     What differs, in words.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Difference {
    inner: CoreDifference,
    #[pyo3(get)]
    fields: Py<PyDict>,
}

impl Difference {
    fn new(py: Python<'_>, inner: CoreDifference) -> PyResult<Self> {
        let fields = PyDict::new(py);
        for (name, part) in &inner.fields {
            fields.set_item(name, Py::new(py, Self::new(py, part.clone())?)?)?;
        }
        Ok(Self { inner, fields: fields.unbind() })
    }
}

fn index<'py>(py: Python<'py>, place: Option<&Place>) -> PyResult<Option<Bound<'py, PyTuple>>> {
    place.map(|place| PyTuple::new(py, &place.index[..])).transpose()
}

#[pymethods]
impl Difference {
    #[getter]
    fn equal(&self) -> bool {
        self.inner.equal
    }

    #[getter]
    fn size(&self) -> usize {
        self.inner.size
    }

    #[getter]
    fn count(&self) -> usize {
        self.inner.count
    }

    #[getter]
    fn first<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        index(py, self.inner.first.as_ref())
    }

    #[getter]
    fn worst<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        index(py, self.inner.worst.as_ref())
    }

    #[getter]
    fn max_abs(&self) -> Option<f64> {
        self.inner.max_abs
    }

    #[getter]
    fn max_rel(&self) -> Option<f64> {
        self.inner.max_rel
    }

    #[getter]
    fn max_ulp(&self) -> Option<u64> {
        self.inner.max_ulp
    }

    #[getter]
    fn nan(&self) -> (usize, usize, usize) {
        let [a, b, both] = self.inner.nan;
        (a, b, both)
    }

    #[getter]
    fn zero_signs(&self) -> usize {
        self.inner.zero_signs
    }

    #[getter]
    fn why(&self) -> Vec<String> {
        self.inner.why.clone()
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Difference: {}>", self.inner.to_string().replace('\n', "\n  "))
    }

    fn _repr_html_(&self) -> String {
        let text = self.inner.to_string();
        let (first, others) = text.split_once('\n').unwrap_or((&text, ""));
        let mut page = format!("<div><strong>{}</strong></div>", html(first));
        page.push_str(&html_lines(others.lines()));
        page.push_str(&picture(&self.inner.picture));
        page
    }
}

/// How many elements differ in each part of the last two dimensions, the more the darker.
fn picture(rows: &[Vec<usize>]) -> String {
    let most = rows.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 || rows.len() < 2 {
        return String::new();
    }
    let mut page = html_lines(["where they differ, in the last two dimensions:"]);
    page.push_str("<table style=\"border-collapse:collapse;line-height:0\">");
    for row in rows {
        page.push_str("<tr>");
        for &count in row {
            let share = (count as f64 / most as f64).sqrt();
            page.push_str(&format!(
                "<td title=\"{count} differ\" style=\"width:6px;height:9px;padding:0;\
                 background:rgba(213,94,0,{share:.2})\"></td>"
            ));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
    page
}
