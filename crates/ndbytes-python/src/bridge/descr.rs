//! NumPy's dtype objects to the core's dtypes, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use ndbytes::array::{Dims, VariableStr};
use ndbytes::{BaseUnit, ByteOrder, DType, Field, Kind, Scalar, Struct, TimeUnit};
use numpy::npyffi::{
    self, NPY_TYPES, PY_ARRAY_API, PyArray_DatetimeDTypeMetaData, PyArray_Descr,
    PyDataType_C_METADATA, PyDataType_ELSIZE, PyDataType_METADATA, PyDataType_NAMES,
    PyDataType_SET_ELSIZE, PyDataType_SUBARRAY,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use smallvec::SmallVec;

use super::recent;
use crate::errors;
use crate::values;

/// The NumPy number of `StringDType`, which has a class of its own.
const VARIABLE_STRING: i32 = 2056;

/// The core's dtype of a NumPy dtype.
#[inline(always)]
pub(crate) fn read(descr: &Bound<'_, PyAny>) -> PyResult<DType> {
    let py = descr.py();
    let pointer: *const PyArray_Descr = descr.as_ptr().cast();
    // SAFETY: callers pass dtype objects, whose first fields NumPy's C API fixes for every version;
    // the accessors choose the layout of the running version.
    let (kind, order, number, itemsize, plain) = unsafe {
        let fields = npyffi::_PyDataType_GET_ITEM_DATA(pointer);
        (
            (*fields).kind as u8,
            (*fields).byteorder as u8,
            (*fields).type_num,
            PyDataType_ELSIZE(py, pointer) as usize,
            PyDataType_METADATA(py, pointer).is_null(),
        )
    };
    let order = byte_order(order);
    if plain
        && number <= NPY_TYPES::NPY_HALF as i32
        && let Some(scalar) = Scalar::from_kind(kind, itemsize)
    {
        return Ok(DType::new(Kind::Scalar(scalar), order));
    }
    let kind = match (kind, number) {
        (b'S', _) => Kind::Bytes { len: itemsize },
        (b'U', _) => Kind::Str { chars: itemsize / 4 },
        (b'M', _) => Kind::Datetime64(unit(descr)?),
        (b'm', _) => Kind::Timedelta64(unit(descr)?),
        (b'O', _) => Kind::Object,
        (_, VARIABLE_STRING) => Kind::VariableStr(Arc::new(variable_string(descr)?)),
        (b'V', number) if number <= NPY_TYPES::NPY_HALF as i32 => void(descr, itemsize, plain)?,
        (kind, number) if number <= NPY_TYPES::NPY_HALF as i32 => {
            Kind::Scalar(Scalar::from_kind(kind, itemsize).ok_or_else(|| unknown(descr))?)
        }
        _ => Kind::Scalar(extension(descr, itemsize)?),
    };
    let dtype = DType::new(kind, order);
    if plain {
        return Ok(dtype);
    }
    let metadata = descr.getattr("metadata")?;
    // To NumPy, empty metadata are none.
    match metadata.is_none() || metadata.is_empty()? {
        true => Ok(dtype),
        false => Ok(dtype.with_metadata(Some(values::read(&metadata.call_method0("copy")?)?))),
    }
}

/// What NumPy's character says.
#[inline]
fn byte_order(said: u8) -> ByteOrder {
    match said {
        b'<' => ByteOrder::Little,
        b'>' => ByteOrder::Big,
        b'=' => ByteOrder::NATIVE,
        _ => ByteOrder::NotApplicable,
    }
}

#[cold]
fn unknown(descr: &Bound<'_, PyAny>) -> PyErr {
    let name = descr.repr().map_or_else(|_| "this dtype".to_owned(), |repr| repr.to_string());
    errors::encode(
        descr.py(),
        &format!("{name} is neither NumPy's nor ml_dtypes'"),
        Some("convert the array to one of their dtypes first"),
    )
}

fn unit(descr: &Bound<'_, PyAny>) -> PyResult<TimeUnit> {
    let py = descr.py();
    // SAFETY: the C metadata of a datetime64 or timedelta64 dtype is always of this type.
    let (base, count) = unsafe {
        let metadata = PyDataType_C_METADATA(py, descr.as_ptr().cast());
        if metadata.is_null() {
            return Err(unknown(descr));
        }
        let metadata = metadata.cast::<PyArray_DatetimeDTypeMetaData>();
        ((&raw const (*metadata).meta.base).cast::<i32>().read(), (*metadata).meta.num)
    };
    let base = BaseUnit::from_number(base.into()).ok_or_else(|| unknown(descr))?;
    TimeUnit::new(base, count.into()).map_err(|error| errors::decode(py, error))
}

/// The scalars of `ml_dtypes` are told by their name and where their type comes from.
fn extension(descr: &Bound<'_, PyAny>, itemsize: usize) -> PyResult<Scalar> {
    let module = descr.getattr("type")?.getattr("__module__")?;
    let name = descr.getattr("name")?;
    let (module, name) = (module.cast::<PyString>()?, name.cast::<PyString>()?);
    let ours = module.to_str()?.starts_with("ml_dtypes");
    Scalar::from_code(name.to_str()?)
        .filter(|scalar| ours && scalar.is_extension() && scalar.itemsize() == itemsize)
        .ok_or_else(|| unknown(descr))
}

fn variable_string(descr: &Bound<'_, PyAny>) -> PyResult<VariableStr> {
    let na_object = match descr.getattr_opt("na_object")? {
        Some(value) => Some(values::read(&value)?),
        None => None,
    };
    Ok(VariableStr { coerce: descr.getattr("coerce")?.is_truthy()?, na_object })
}

fn void(descr: &Bound<'_, PyAny>, itemsize: usize, plain: bool) -> PyResult<Kind> {
    let py = descr.py();
    // SAFETY: a void dtype is one of NumPy's old kind, which has these fields in every version.
    let (names, subarray) = unsafe {
        let pointer = descr.as_ptr().cast();
        (PyDataType_NAMES(py, pointer), PyDataType_SUBARRAY(py, pointer))
    };
    if !subarray.is_null() {
        return Err(PyTypeError::new_err("a subarray dtype has no elements of its own"));
    }
    if names.is_null() {
        return Ok(Kind::Void { len: itemsize });
    }
    if let Some(known) = recent::read(descr) {
        return Ok(known.kind().clone());
    }
    let names = descr.getattr("names")?.cast_into::<PyTuple>()?;
    let by_name = descr.getattr("fields")?;
    let mut fields = Vec::with_capacity(names.len());
    for name in &names {
        // Without fields, NumPy has no mapping of them either.
        fields.push(field(&name, &by_name.get_item(&name)?)?);
    }
    let aligned = descr.getattr("isalignedstruct")?.is_truthy()?;
    let structure = Struct::new(fields, itemsize, aligned)
        .map_err(|error| errors::encode(py, error.found(), error.hint_text()))?;
    let record = descr.getattr("type")?.is(record_class(py)?);
    let kind = Kind::Struct(Arc::new(structure.with_record(record)));
    if plain {
        recent::note(descr, &DType::native(kind.clone()));
    }
    Ok(kind)
}

/// The dtype of one element, and the shape and levels of the subarray that `descr` is, if it is one.
pub(crate) fn read_whole(
    descr: &Bound<'_, PyAny>,
) -> PyResult<(DType, Dims<usize>, SmallVec<[u8; 8]>)> {
    let (element, (shape, levels)) = element_of(descr.clone())?;
    Ok((read(&element)?, shape, levels))
}

/// The shape and the levels of a subarray; see [`Field::levels`].
type Subarray = (Dims<usize>, SmallVec<[u8; 8]>);

/// As [`read_whole`], with NumPy's dtype of one element.
fn element_of(mut descr: Bound<'_, PyAny>) -> PyResult<(Bound<'_, PyAny>, Subarray)> {
    let (mut shape, mut levels) = (Dims::new(), SmallVec::new());
    while is_subarray(&descr) {
        let (base, dims): (_, Vec<usize>) = descr.getattr("subdtype")?.extract()?;
        levels.push(dims.len() as u8);
        shape.extend(dims);
        descr = base;
    }
    if levels.len() < 2 {
        levels.clear();
    }
    Ok((descr, (shape, levels)))
}

fn field(name: &Bound<'_, PyAny>, entry: &Bound<'_, PyAny>) -> PyResult<Field> {
    let entry = entry.cast::<PyTuple>()?;
    let (dtype, shape, levels) = read_whole(&entry.get_item(0)?)?;
    let title = match entry.get_item(2) {
        Ok(title) => Some(title.cast_into::<PyString>().map_err(|_| {
            let found = "a field has a title that is not a string";
            errors::encode(name.py(), found, Some("give it a title that is one, or none"))
        })?),
        Err(_) => None,
    };
    Ok(Field {
        name: text(name.cast::<PyString>()?)?,
        title: title.as_ref().map(text).transpose()?,
        dtype,
        shape: shape.iter().copied().collect(),
        levels,
        offset: entry.get_item(1)?.extract()?,
    })
}

fn text(name: &Bound<'_, PyString>) -> PyResult<Box<str>> {
    let py = name.py();
    Ok(name
        .to_str()
        .map_err(|_| {
            let found = "a field has a name with a lone surrogate, which no format can hold";
            errors::encode(py, found, Some("rename the field"))
        })?
        .into())
}

/// The NumPy dtype of a core dtype.
#[inline(always)]
pub(crate) fn make<'py>(py: Python<'py>, dtype: &DType) -> PyResult<Bound<'py, PyAny>> {
    match dtype.metadata() {
        None => without_metadata(py, dtype),
        Some(metadata) => {
            let metadata = values::owned(py, metadata)?;
            let kwargs = PyDict::new(py);
            kwargs.set_item("metadata", metadata)?;
            numpy_dtype(py)?.call((without_metadata(py, dtype)?,), Some(&kwargs))
        }
    }
}

#[inline(always)]
fn without_metadata<'py>(py: Python<'py>, dtype: &DType) -> PyResult<Bound<'py, PyAny>> {
    let number = match dtype.kind() {
        Kind::Scalar(scalar) => return scalar_descr(py, *scalar, dtype.byte_order()),
        Kind::Bytes { .. } => NPY_TYPES::NPY_STRING,
        Kind::Str { .. } => NPY_TYPES::NPY_UNICODE,
        Kind::Void { .. } => NPY_TYPES::NPY_VOID,
        Kind::Datetime64(_) => NPY_TYPES::NPY_DATETIME,
        Kind::Timedelta64(_) => NPY_TYPES::NPY_TIMEDELTA,
        Kind::Struct(structure) => {
            if let Some(known) = recent::make(py, dtype) {
                return known;
            }
            let descr = struct_descr(py, structure)?;
            recent::note(&descr, dtype);
            // What is remembered stays as it is.
            return recent::make(py, dtype).unwrap_or(Ok(descr));
        }
        Kind::VariableStr(string) => return string_descr(py, string),
        _ => return numpy_dtype(py)?.call1(("O",)),
    };
    recent::shared(py, dtype, || flexible_descr(py, dtype, number))
}

/// The dtype object of strings, void and times.
fn flexible_descr<'py>(
    py: Python<'py>,
    dtype: &DType,
    number: NPY_TYPES,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: this returns a new dtype object that nobody else has, so it may be completed: a size
    // for strings and void, a unit for times, whose C metadata is a copy of its own.
    let descr = unsafe {
        let pointer = PY_ARRAY_API.PyArray_DescrNewFromType(py, number as i32);
        let descr = Bound::from_owned_ptr_or_err(py, pointer.cast())?;
        match dtype.kind() {
            Kind::Datetime64(unit) | Kind::Timedelta64(unit) => {
                let metadata = PyDataType_C_METADATA(py, pointer);
                let metadata = metadata.cast::<PyArray_DatetimeDTypeMetaData>();
                // As a number, for which the core's table of units is the only one.
                (&raw mut (*metadata).meta.base).cast::<i32>().write(unit.base().number().into());
                (*metadata).meta.num = unit.count() as i32;
            }
            _ => PyDataType_SET_ELSIZE(py, pointer, dtype.itemsize() as npyffi::npy_intp),
        }
        descr
    };
    if dtype.is_native() { Ok(descr) } else { swapped(&descr, dtype.byte_order()) }
}

fn swapped<'py>(descr: &Bound<'py, PyAny>, order: ByteOrder) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: `descr` is a dtype object; the result is a new reference or null with an error.
    unsafe {
        let pointer = descr.as_ptr().cast();
        let swapped =
            PY_ARRAY_API.PyArray_DescrNewByteorder(descr.py(), pointer, order.char() as _);
        Bound::from_owned_ptr_or_err(descr.py(), swapped.cast())
    }
}

/// Dtypes of numbers are made once and live as long as the process. Of those that are not NumPy's own
/// constants, `__setstate__` changes the byte order: such a one is made anew.
fn scalar_descr(py: Python<'_>, scalar: Scalar, order: ByteOrder) -> PyResult<Bound<'_, PyAny>> {
    static MADE: [[AtomicPtr<pyo3::ffi::PyObject>; 2]; Scalar::COUNT] =
        [const { [const { AtomicPtr::new(std::ptr::null_mut()) }; 2] }; Scalar::COUNT];
    let place = &MADE[scalar as usize][usize::from(order == ByteOrder::Big)];
    let known = place.load(Ordering::Acquire);
    if !known.is_null() {
        // SAFETY: the table owns a reference to the object, which is a dtype, for ever.
        let (known, said) = unsafe {
            let said = (*npyffi::_PyDataType_GET_ITEM_DATA(known.cast())).byteorder as u8;
            (Bound::from_borrowed_ptr(py, known), byte_order(said))
        };
        if matches!(order, ByteOrder::NATIVE | ByteOrder::NotApplicable) || said == order {
            return Ok(known);
        }
    }
    let descr = new_scalar_descr(py, scalar, order)?;
    // Two threads that come here at once leave two equal dtypes, one of which stays in the table.
    place.store(descr.clone().into_ptr(), Ordering::Release);
    Ok(descr)
}

#[cold]
fn new_scalar_descr(
    py: Python<'_>,
    scalar: Scalar,
    order: ByteOrder,
) -> PyResult<Bound<'_, PyAny>> {
    if scalar.is_extension() {
        let module = py.import("ml_dtypes").map_err(|_| {
            let found = format!("{} needs the ml_dtypes package", scalar.name());
            errors::unsupported(py, &found, "pip install ml_dtypes")
        })?;
        let class = module.getattr_opt(scalar.name())?.ok_or_else(|| {
            let found = format!("the installed ml_dtypes has no {}", scalar.name());
            errors::unsupported(py, &found, "pip install --upgrade ml_dtypes")
        })?;
        if ByteOrder::NATIVE == ByteOrder::Big && scalar.itemsize() > 1 {
            let found = format!("{} is little-endian, this machine is not", scalar.name());
            return Err(errors::unsupported(py, &found, "read it on another machine"));
        }
        return numpy_dtype(py)?.call1((class,));
    }
    numpy_dtype(py)?.call1((format!("{}{}", order.char(), scalar.code()),)).map_err(|_| {
        let found = format!("NumPy has no {} on this platform", scalar.name());
        errors::unsupported(py, &found, "read it on the kind of machine that wrote it")
    })
}

fn struct_descr<'py>(py: Python<'py>, structure: &Struct) -> PyResult<Bound<'py, PyAny>> {
    let (names, formats) = (PyList::empty(py), PyList::empty(py));
    let (offsets, titles) = (PyList::empty(py), PyList::empty(py));
    for field in structure.fields() {
        names.append(&*field.name)?;
        offsets.append(field.offset)?;
        titles.append(field.title.as_deref())?;
        formats.append(field_descr(py, field)?)?;
    }
    let spec = PyDict::new(py);
    spec.set_item("names", names)?;
    spec.set_item("formats", formats)?;
    spec.set_item("offsets", offsets)?;
    spec.set_item("titles", titles)?;
    spec.set_item("itemsize", structure.itemsize())?;
    let dtype = numpy_dtype(py)?;
    let descr = match structure.is_aligned() {
        true => dtype.call1((spec, true)),
        false => dtype.call1((spec,)),
    }?;
    match structure.is_record() {
        true => dtype.call1(((record_class(py)?, descr),)),
        false => Ok(descr),
    }
}

/// `numpy.record`
fn record_class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static RECORD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RECORD.import(py, "numpy", "record")
}

fn string_descr<'py>(py: Python<'py>, string: &VariableStr) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("numpy")?.getattr("dtypes").and_then(|all| all.getattr("StringDType"));
    let class = class.map_err(|_| {
        errors::unsupported(py, "the installed NumPy has no StringDType", "NumPy 2 has it")
    })?;
    let kwargs = PyDict::new(py);
    kwargs.set_item("coerce", string.coerce)?;
    if let Some(value) = &string.na_object {
        kwargs.set_item("na_object", values::owned(py, value)?)?;
    }
    class.call((), Some(&kwargs))
}

fn field_descr<'py>(py: Python<'py>, field: &Field) -> PyResult<Bound<'py, PyAny>> {
    of_subarray(make(py, &field.dtype)?, &field.shape, &field.levels)
}

/// The subarray dtype of elements of dtype `descr`; `levels` are those of [`Field::levels`].
pub(crate) fn of_subarray<'py>(
    mut descr: Bound<'py, PyAny>,
    shape: &[usize],
    levels: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let py = descr.py();
    let mut end = shape.len();
    let whole = [end as u8];
    let levels = if levels.is_empty() { &whole[..] } else { levels };
    for &level in levels.iter().rev().filter(|&&level| level > 0) {
        let start = end - usize::from(level);
        let shape = PyTuple::new(py, &shape[start..end])?;
        descr = numpy_dtype(py)?.call1(((descr, shape),))?;
        end = start;
    }
    Ok(descr)
}

/// `numpy.dtype`.
pub(crate) fn numpy_dtype(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static DTYPE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DTYPE.import(py, "numpy", "dtype").map(Bound::as_any)
}

/// A dtype as the caller gave it, taken apart for raw bytes: the dtype of one element, and the
/// dimensions that a subarray dtype adds.
pub(crate) fn convert<'py>(
    dtype: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, DType, Dims<usize>)> {
    let descr = match is_descr(dtype) {
        true => dtype.clone(),
        false => numpy_dtype(dtype.py())?.call1((dtype,))?,
    };
    let (descr, (shape, _)) = element_of(descr)?;
    let model = read(&descr)?;
    Ok((descr, model, shape))
}

/// Whether an object is a dtype.
#[inline]
fn is_descr(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    // SAFETY: this only looks at the type of a live object.
    unsafe {
        let class = npyffi::get_type_object(py, npyffi::NpyTypes::PyArrayDescr_Type);
        pyo3::ffi::PyObject_TypeCheck(object.as_ptr(), class) != 0
    }
}

/// Whether a dtype object is that of a subarray.
#[inline]
fn is_subarray(descr: &Bound<'_, PyAny>) -> bool {
    // SAFETY: callers pass dtype objects; the accessor gives null where there is none.
    unsafe { !PyDataType_SUBARRAY(descr.py(), descr.as_ptr().cast()).is_null() }
}
