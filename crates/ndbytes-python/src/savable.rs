//! What NumPy would save of an array, and the warnings about what is lost by that.

use std::ffi::CString;

use ndbytes::Array;
use pyo3::exceptions::{PyNotImplementedError, PyUserWarning};
use pyo3::prelude::*;

use crate::bridge::ndarray;
use crate::errors;

/// What becomes of masks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Masks {
    Dropped,
    Refused,
}

/// The plain array in an array-like, for a file of `format`. What it is more than that is told to the
/// caller of `level`.
pub(crate) fn plain<'py>(
    object: &Bound<'py, PyAny>,
    format: &str,
    masks: Masks,
    level: i32,
) -> PyResult<Bound<'py, PyAny>> {
    if ndarray::is_exact_array(object) {
        return Ok(object.clone());
    }
    let py = object.py();
    let numpy = py.import("numpy")?;
    let array = match ndarray::is_array(object) {
        true => object.clone(),
        false => ndarray::asarray(object)?,
    };
    if ndarray::is_exact_array(&array) || array.get_type().is(&numpy.getattr("memmap")?) {
        return Ok(array);
    }
    let class = array.get_type().name()?;
    let is_masked = array.is_instance(&numpy.getattr("ma")?.getattr("MaskedArray")?)?;
    let lost = match (is_masked, masks) {
        (true, Masks::Refused) => {
            return Err(PyNotImplementedError::new_err(format!(
                "there is no place for the mask of a {class} in {format}. Hint: save x.filled(...), \
                 or x.data and x.mask as two arrays; ndbytes.pickle keeps both"
            )));
        }
        (true, Masks::Dropped) => format!(
            "the mask of a {class} is not saved in {format}: what it hides comes back as numbers"
        ),
        (false, _) => {
            format!("a {class} is saved as a plain array: whatever else it holds is lost")
        }
    };
    warn(py, &lost, level)?;
    numpy.call_method1("asarray", (array,))
}

/// The elements without the metadata of their dtype, if there are any.
pub(crate) fn without_metadata<'a>(
    py: Python<'_>,
    view: Array<'a>,
    level: i32,
) -> PyResult<Array<'a>> {
    if !view.dtype().has_metadata() {
        return Ok(view);
    }
    warn_of_metadata(py, level)?;
    Array::new(view.dtype().without_metadata(), view.layout().clone(), view.source().clone())
        .map_err(|error| errors::decode(py, error))
}

/// In the words of NumPy.
pub(crate) fn warn_of_metadata(py: Python<'_>, level: i32) -> PyResult<()> {
    let text = "metadata on a dtype is not saved to an npy/npz. Use another format (such as pickle) to \
                store it.";
    warn(py, text, level)
}

/// In the words of NumPy.
pub(crate) fn warn_of_version(py: Python<'_>, header: &[u8], level: i32) -> PyResult<()> {
    let (version, numpy) = match header.get(6) {
        Some(2) => ("2.0", "1.9"),
        Some(3) => ("3.0", "1.17"),
        _ => return Ok(()),
    };
    let text = format!("Stored array in format {version}. It can only be read by NumPy >= {numpy}");
    warn(py, &text, level)
}

/// A warning about the line that is `level` frames up.
pub(crate) fn warn(py: Python<'_>, text: &str, level: i32) -> PyResult<()> {
    let text = CString::new(text).unwrap_or_default();
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, level)
}
