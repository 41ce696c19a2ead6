//! NumPy's arrays to the core's arrays, and back.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use ndbytes::{Array, DType, Kind, Layout, Order, Sink, Source};
use numpy::npyffi::{
    NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_CARRAY, NPY_ARRAY_F_CONTIGUOUS, NPY_ARRAY_FARRAY,
    NPY_ARRAY_WRITEABLE, NpyTypes, PY_ARRAY_API, PyArray_Check, PyArray_CheckExact, PyArrayObject,
    get_type_object, npy_intp,
};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict, PyEllipsis, PyMemoryView, PyTuple};

use super::buffer::{Input, RELEASE_FROM};
use super::{descr, dlpack};
use crate::errors;

/// The array to write: `object` itself, or what NumPy makes of an array-like.
///
/// Of NumPy's own subclasses only `memmap` is no more than its elements; others are refused rather
/// than stripped of what makes them different.
#[inline(always)]
pub(crate) fn plain<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match is_exact_array(object) {
        true => Ok(object.clone()),
        false => plain_of_other(object),
    }
}

#[cold]
fn plain_of_other<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    if !is_array(object) {
        return of_other_library(object);
    }
    let numpy = py.import("numpy")?;
    if object.get_type().is(&numpy.getattr("memmap")?) {
        return Ok(object.clone());
    }
    let name = object.get_type().name()?;
    if object.is_instance(&numpy.getattr("ma")?.getattr("MaskedArray")?)? {
        let found = format!("there is no place for the mask of a {name}");
        let hint = "write x.filled(...) to give masked elements a value, or x.data and x.mask as \
                    two arrays";
        return Err(errors::encode(py, &found, Some(hint)));
    }
    let found = format!("a {name} may be more than its elements, and only they would be written");
    Err(errors::encode(py, &found, Some("if they are enough, write numpy.asarray(x)")))
}

/// What NumPy makes of an object that is none of its arrays: without a copy, if the object lets it.
#[cold]
fn of_other_library<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    refuse_nulls(object)?;
    let has_dlpack = object.hasattr("__dlpack__")? && object.hasattr("__dlpack_device__")?;
    if !has_dlpack {
        return by_numpy(object);
    }
    let known = ["__array__", "__array_interface__", "__array_struct__"];
    if known.into_iter().any(|name| object.hasattr(name).unwrap_or(false))
        || PyMemoryView::from(object).is_ok()
    {
        return match by_numpy(object) {
            // NumPy does not know all dtypes that others have.
            Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => dlpack::array(object),
            done => done,
        };
    }
    dlpack::array(object)
}

/// Columns of Arrow and Polars have places without a value, of which NumPy would make NaN.
fn refuse_nulls(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(count) = object.getattr_opt("null_count")? else { return Ok(()) };
    let count = if count.is_callable() { count.call0()? } else { count };
    match count.extract::<u64>() {
        Ok(count @ 1..) => {
            let found = format!("{count} places have no value, which an array cannot say");
            Err(errors::encode(object.py(), &found, Some("fill them first: x.fill_null(...)")))
        }
        _ => Ok(()),
    }
}

/// Whether `object` is an array of NumPy, and of no subclass.
pub(crate) fn is_exact_array(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: this only compares the type of a live object.
    unsafe { PyArray_CheckExact(object.py(), object.as_ptr()) != 0 }
}

/// Whether `object` is an array of NumPy, subclasses included.
#[inline]
pub(crate) fn is_array(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: this only looks at the type of a live object.
    unsafe { PyArray_Check(object.py(), object.as_ptr()) != 0 }
}

/// `numpy.asarray(object)`, also of what NumPy does not know.
pub(crate) fn asarray<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match is_array(object) {
        true => by_numpy(object),
        false => of_other_library(object),
    }
}

fn by_numpy<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static ASARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    ASARRAY.import(object.py(), "numpy", "asarray")?.call1((object,))
}

/// A view of the elements of a NumPy array, of whatever class, for as long as it is borrowed.
#[inline(always)]
pub(crate) fn view<'a>(array: &'a Bound<'_, PyAny>) -> PyResult<Array<'a>> {
    let py = array.py();
    if !is_array(array) {
        return Err(PyTypeError::new_err("not a NumPy array"));
    }
    // SAFETY: the object is an array, whose fields NumPy's C API fixes. `dimensions` and `strides`
    // hold `nd` numbers each; NumPy's intp is isize, and dimensions are never negative. Both
    // pointers may be null for an array without dimensions.
    let (data, dtype, shape, strides, flags) = unsafe {
        let fields = &(*array.as_ptr().cast::<PyArrayObject>()).fields;
        let dtype = Bound::from_borrowed_ptr(py, fields.descr.cast());
        let (shape, strides): (&[usize], &[isize]) = match fields.nd {
            0 => (&[], &[]),
            nd => (
                std::slice::from_raw_parts(fields.dimensions.cast(), nd as usize),
                std::slice::from_raw_parts(fields.strides, nd as usize),
            ),
        };
        (fields.data.cast::<u8>(), descr::read(&dtype)?, shape, strides, fields.flags)
    };
    let itemsize = dtype.itemsize();
    let order = match flags & (NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS) {
        0 => None,
        NPY_ARRAY_F_CONTIGUOUS => Some(Order::F),
        _ => Some(Order::C),
    };
    if let Some(order) = order {
        let layout = Layout::contiguous(shape, itemsize, order);
        let layout = layout.map_err(|error| errors::decode(py, error))?;
        let start = NonNull::new(data).unwrap_or(NonNull::dangling());
        // SAFETY: the elements of an array are readable as long as it lives, and NumPy's flags say
        // that they lie side by side from its data pointer on. Others may write them, which a
        // foreign source allows for.
        let source = unsafe { Source::foreign(start, layout.reach()) };
        return Array::new(dtype, layout, source).map_err(|error| errors::decode(py, error));
    }
    let reached = Layout::extent(shape, strides, itemsize);
    let (before, after) = reached.ok_or_else(|| PyTypeError::new_err("a broken array"))?;
    let start = NonNull::new(data.wrapping_sub(before)).unwrap_or(NonNull::dangling());
    // SAFETY: the elements of an array are readable as long as it lives, and they reach from
    // `before` bytes before its data pointer to `after` behind. Other threads and Python code may
    // write them, which a foreign source allows for. `resize(refcheck=False)` in another thread
    // would free them, as it would under NumPy's own operations.
    let source = unsafe { Source::foreign(start, before + after) };
    Layout::strided(shape, strides, itemsize, before, before + after)
        .and_then(|layout| Array::new(dtype, layout, source))
        .map_err(|error| errors::decode(py, error))
}

/// A new NumPy array of the elements of `array`, which was read from `input`: over the same bytes,
/// which the input's keeper keeps alive, or with a copy of them.
///
/// With `copy` as `None`, elements are copied only if they are no bytes of the input, as when a
/// pickle has them escaped.
#[inline(always)]
pub(crate) fn from_input<'py>(
    input: &Input<'py>,
    array: &Array<'_>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = input.keeper().py();
    let dtype = descr::make(py, array.dtype()).map_err(|error| errors::from_numpy(py, error))?;
    from_input_as(input, array, copy, dtype)
}

/// As [`from_input`], with the NumPy dtype that the caller has asked for.
#[inline(always)]
pub(crate) fn from_input_as<'py>(
    input: &Input<'py>,
    array: &Array<'_>,
    copy: Option<bool>,
    dtype: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if array.dtype().has_objects() {
        return Err(errors::unsupported(
            dtype.py(),
            "the elements of this dtype are Python objects, and raw bytes do not hold any",
            "objects are kept by npy and pickle: bytes_to_array(data)",
        ));
    }
    if array.layout().itemsize() == 0 {
        let result = of_nothing(array.dtype(), array.layout(), &dtype)?;
        if copy != Some(true) && !input.is_writable() {
            result.call_method1("setflags", (false,))?;
        }
        return Ok(result);
    }
    let start = array.source().start().wrapping_add(array.layout().start());
    match (copy, input.has(array)) {
        (None | Some(false), true) => over_input(input, array, start, dtype),
        (Some(false), false) => Err(errors::unsupported(
            dtype.py(),
            "the input does not hold the elements as they are in memory, so a view is not possible",
            "copy=None copies them",
        )),
        _ => owned(array, dtype),
    }
}

/// A new, writable NumPy array of elements that were read into memory of their own, which it takes
/// over if they are many.
pub(crate) fn from_memory<'py>(py: Python<'py>, array: &Array<'_>) -> PyResult<Bound<'py, PyAny>> {
    let dtype = descr::make(py, array.dtype()).map_err(|error| errors::from_numpy(py, error))?;
    if array.layout().itemsize() == 0 {
        return of_nothing(array.dtype(), array.layout(), &dtype);
    }
    match adopted(array, &dtype)? {
        Some(result) => Ok(result),
        None => copied(array, dtype),
    }
}

/// Decoded elements are not worth keeping where they are unless they are many.
const ADOPTED_FROM: usize = 64 << 10;

/// A writable NumPy array over elements that were decoded into memory that nothing else refers to.
fn adopted<'py>(
    array: &Array<'_>,
    dtype: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if array.nbytes() < ADOPTED_FROM || !array.layout().is_contiguous(array.layout().order()) {
        return Ok(None);
    }
    let Some(source) = array.source().sole_owner() else { return Ok(None) };
    let py = dtype.py();
    let start = source.start().wrapping_add(array.layout().start()).cast_mut();
    let keeper = PyCapsule::new_with_value(py, source, c"ndbytes.elements")?;
    // SAFETY: the elements lie side by side from `start` on, in memory that the capsule keeps. It is
    // our own and nobody but `array` refers to it, which the caller does not read any more.
    unsafe { over_memory(array.layout(), dtype.clone(), start, true, keeper.into_any()).map(Some) }
}

/// A NumPy array over memory that `keeper`, its base, keeps.
///
/// # Safety
/// `first` is the address of the first element in `layout`, and the elements are readable and, if
/// `writable` says so, writable for as long as `keeper` lives.
#[inline]
pub(super) unsafe fn over_memory<'py>(
    layout: &Layout,
    dtype: Bound<'py, PyAny>,
    first: *mut u8,
    writable: bool,
    keeper: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let access = if writable { NPY_ARRAY_WRITEABLE } else { 0 };
    // SAFETY: as for this function.
    unsafe { kept_by(keeper, new(layout, dtype, first, access)?) }
}

/// Where the elements of a NumPy array are.
pub(super) fn address(array: &Bound<'_, PyAny>) -> *mut u8 {
    debug_assert!(is_array(array));
    // SAFETY: the callers know it to be an array.
    unsafe { (*array.as_ptr().cast::<PyArrayObject>()).fields.data.cast() }
}

/// A writable NumPy array of elements that are in memory of our own, where they stay if nothing
/// else refers to them.
pub(crate) fn owned<'py>(
    array: &Array<'_>,
    dtype: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    match adopted(array, &dtype)? {
        Some(result) => Ok(result),
        None => copied(array, dtype),
    }
}

/// A NumPy array over the bytes of `input` from `start` on.
fn over_input<'py>(
    input: &Input<'py>,
    array: &Array<'_>,
    start: *const u8,
    dtype: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a layout stays within its source, and the caller has seen that `input` has all of
    // that.
    unsafe {
        let result = new(array.layout(), dtype, start.cast_mut(), access(input))?;
        kept_by(input.keeper().clone(), result)
    }
}

/// A NumPy array of elements that lie side by side in `input`.
///
/// # Safety
/// The bytes of all elements, from `start` on, are bytes of `input`.
#[inline]
pub(super) unsafe fn over<'py>(
    input: &Input<'py>,
    shape: &[npy_intp],
    order: Order,
    dtype: Bound<'py, PyAny>,
    start: *const u8,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: as for this function.
    unsafe {
        let result = of_parts(shape, ptr::null(), order, dtype, start.cast_mut(), access(input))?;
        kept_by(input.keeper().clone(), result)
    }
}

/// An array is writable only where the exporter of its bytes allows writing.
#[inline]
fn access(input: &Input<'_>) -> i32 {
    if input.is_writable() { NPY_ARRAY_WRITEABLE } else { 0 }
}

/// Makes `keeper` the base of a new array, which keeps it.
///
/// # Safety
/// `array` is an array without a base.
#[inline(always)]
unsafe fn kept_by<'py>(
    keeper: Bound<'py, PyAny>,
    array: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let base = keeper.into_ptr();
    // SAFETY: as for this function; NumPy takes over the reference to the base, also where it fails.
    match unsafe { PY_ARRAY_API.PyArray_SetBaseObject(array.py(), array.as_ptr().cast(), base) } {
        0 => Ok(array),
        _ => Err(PyErr::fetch(array.py())),
    }
}

/// A new array of the shape and order of `layout`, whose elements are whatever NumPy allocates;
/// objects are missing, which NumPy takes for `None`.
pub(crate) fn new_like<'py>(
    layout: &Layout,
    dtype: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: without memory of the caller's, NumPy allocates it.
    unsafe { new(layout, dtype, ptr::null_mut(), NPY_ARRAY_WRITEABLE) }
}

/// Has `fill` write every byte of the elements of a new array, which lie side by side. Other
/// Python threads run meanwhile.
///
/// # Safety
/// Nobody else may have seen the array yet.
pub(super) unsafe fn fill_new<T: Send>(
    array: &Bound<'_, PyAny>,
    nbytes: usize,
    fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> T + Send,
) -> T {
    // SAFETY: as for this function.
    let to = unsafe { room(array, nbytes) };
    array.py().detach(|| fill(to))
}

/// A new, writable array with a copy of the elements of `array`, which are no objects.
#[inline]
pub(crate) fn copied<'py>(
    array: &Array<'_>,
    dtype: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if array.layout().itemsize() == 0 {
        return of_nothing(array.dtype(), array.layout(), &dtype);
    }
    let result = new_like(array.layout(), dtype)?;
    copy_to(array, &result);
    Ok(result)
}

/// Copies the elements to an array that was made like `array` and that nobody has seen yet.
#[inline]
pub(crate) fn copy_to(array: &Array<'_>, result: &Bound<'_, PyAny>) {
    let nbytes = array.nbytes();
    if nbytes == 0 {
        return;
    }
    // SAFETY: the new array has room for `nbytes` bytes, which nobody else knows of yet.
    let mut sink = Sink::new(unsafe { room(result, nbytes) });
    let fill = |sink: &mut Sink<'_>| {
        array.write_data(array.layout().order(), ndbytes::array::default_threads(), sink);
    };
    match nbytes < RELEASE_FROM {
        true => fill(&mut sink),
        false => result.py().detach(|| fill(&mut sink)),
    }
}

/// The memory of an array's elements.
///
/// # Safety
/// The array has `nbytes` bytes of them, side by side, lives for `'a`, and nobody else reads or
/// writes them meanwhile.
unsafe fn room<'a>(array: &Bound<'_, PyAny>, nbytes: usize) -> &'a mut [MaybeUninit<u8>] {
    // SAFETY: as for this function.
    unsafe { std::slice::from_raw_parts_mut(address(array).cast(), nbytes) }
}

/// From so many bytes on, copies are shared among threads: less is copied before a second one has
/// started.
const SHARED_FROM: usize = 32 << 20;

/// Copies that are still to be made. Between two copies, whatever locks waits until the memory has
/// taken in all of the first; one after another they do not wait, and can be shared among threads.
#[derive(Default)]
pub(crate) struct Copies<'a> {
    due: Vec<(&'a Array<'a>, Py<PyAny>)>,
    nbytes: usize,
}

impl<'a> Copies<'a> {
    /// As [`copy_to`], but the elements are only there after [`Copies::make`].
    #[inline]
    pub(crate) fn later(&mut self, array: &'a Array<'a>, result: &Bound<'_, PyAny>) {
        self.nbytes = self.nbytes.saturating_add(array.nbytes());
        self.due.push((array, result.clone().unbind()));
    }

    /// Makes all copies.
    pub(crate) fn make(self, py: Python<'_>) {
        if self.nbytes < SHARED_FROM {
            return self.due.iter().for_each(|(array, result)| copy_to(array, result.bind(py)));
        }
        let due = self.due.iter().filter(|(array, _)| array.nbytes() > 0);
        let writes = due.map(|(array, result)| {
            // SAFETY: `result` was made like its array, so it has memory for as many bytes, each its
            // own. `due` keeps it, so that it is not freed or resized, and nobody else was given it
            // yet.
            let to = unsafe { room(result.bind(py), array.nbytes()) };
            (*array, Sink::new(to))
        });
        let writes = writes.collect();
        py.detach(|| ndbytes::array::write_all(writes, ndbytes::array::default_threads()));
    }
}

/// A NumPy array of the shape and order of `layout`.
///
/// # Safety
/// `data` is null, or the address of the elements in this layout, readable and, if `access` says
/// so, writable; the caller keeps them alive by the base object.
#[inline(always)]
unsafe fn new<'py>(
    layout: &Layout,
    dtype: Bound<'py, PyAny>,
    data: *mut u8,
    access: i32,
) -> PyResult<Bound<'py, PyAny>> {
    // NumPy works them out where elements lie side by side.
    let strides = match data.is_null() || layout.is_contiguous(layout.order()) {
        true => None,
        false => Some(layout.strides()),
    };
    let strides = strides.as_ref().map_or(ptr::null(), |strides| strides.as_ptr());
    let shape = layout.shape();
    // SAFETY: a dimension of a layout fits `isize`, which has the size and alignment of `usize`;
    // there are as many strides. As for this function, `data` holds the elements.
    unsafe {
        let shape = std::slice::from_raw_parts(shape.as_ptr().cast(), shape.len());
        of_parts(shape, strides, layout.order(), dtype, data, access)
    }
}

/// A NumPy array of this shape.
///
/// # Safety
/// `strides` is null, for elements side by side in `order`, or leads to as many numbers as there are
/// dimensions. `data` is null, or the address of elements of this shape, strides and dtype, readable
/// and, if `access` says so, writable; the caller keeps them alive by the base object.
#[inline(always)]
unsafe fn of_parts<'py>(
    shape: &[npy_intp],
    strides: *const npy_intp,
    order: Order,
    dtype: Bound<'py, PyAny>,
    data: *mut u8,
    access: i32,
) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let side_by_side = match order {
        Order::C => NPY_ARRAY_CARRAY,
        Order::F => NPY_ARRAY_FARRAY,
    };
    // Without memory, any flag but zero means Fortran order.
    let flags = match (data.is_null(), order) {
        (false, _) => (side_by_side & !NPY_ARRAY_WRITEABLE) | access,
        (true, Order::C) => 0,
        (true, Order::F) => 1,
    };
    // SAFETY: NumPy only reads `shape` and `strides`, and takes over the reference to the dtype. As
    // for this function, `data` holds the elements.
    unsafe {
        let result = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            get_type_object(py, NpyTypes::PyArray_Type),
            dtype.into_ptr().cast(),
            shape.len() as i32,
            shape.as_ptr().cast_mut(),
            strides.cast_mut(),
            data.cast(),
            flags,
            ptr::null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, result).map_err(|error| errors::from_numpy(py, error))
    }
}

/// An array whose elements take no bytes. NumPy makes them one character long, except in a field.
#[cold]
pub(super) fn of_nothing<'py>(
    model: &DType,
    layout: &Layout,
    dtype: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let numpy = py.import("numpy")?;
    let shape = PyTuple::new(py, layout.shape())?;
    let order = if layout.order() == Order::F { "F" } else { "C" };
    if let Kind::Struct(_) = model.kind() {
        return numpy.getattr("zeros")?.call1((shape, dtype, order));
    }
    let spec = PyDict::new(py);
    spec.set_item("names", ("nothing",))?;
    spec.set_item("formats", (dtype,))?;
    let structure = descr::numpy_dtype(py)?.call1((spec,))?;
    numpy.getattr("zeros")?.call1((shape, structure, order))?.get_item("nothing")
}

/// Whether the elements of a NumPy array hold Python objects, `StringDType` included.
pub(crate) fn has_objects(array: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(view(array)?.dtype().has_objects())
}

/// Gives every element of `array`, which is of the core's `dtype`, its value; `values` are in C
/// order.
pub(crate) fn set_objects<'py>(
    array: &Bound<'py, PyAny>,
    dtype: &DType,
    values: Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = array.py();
    if values.is_empty() {
        return Ok(());
    }
    let shape = array.getattr("shape")?;
    if let Kind::Struct(_) = dtype.kind() {
        let indices = py.import("numpy")?.getattr("ndindex")?.call1((shape,))?;
        for (index, value) in indices.try_iter()?.zip(values) {
            array.set_item(index?, value)?;
        }
        return Ok(());
    }
    if is_c_contiguous_of_objects(array, values.len()) {
        // SAFETY: the array holds as many pointers to objects as there are values, side by side,
        // each null or a reference that it owns. Each takes over the reference to a value.
        unsafe {
            let data = (*array.as_ptr().cast::<PyArrayObject>()).fields.data;
            let places = data.cast::<*mut ffi::PyObject>();
            for (index, value) in values.into_iter().enumerate() {
                let old = places.add(index).replace(value.into_ptr());
                ffi::Py_XDECREF(old);
            }
        }
        return Ok(());
    }
    // Another order, or StringDType: NumPy converts from an array that is plain.
    let flat = py.import("numpy")?.getattr("empty")?.call1((values.len(), "O"))?;
    set_objects(&flat, &DType::native(Kind::Object), values)?;
    array.set_item(PyEllipsis::get(py), flat.call_method1("reshape", (shape,))?)
}

fn is_c_contiguous_of_objects(array: &Bound<'_, PyAny>, count: usize) -> bool {
    view(array).is_ok_and(|view| {
        matches!(view.dtype().kind(), Kind::Object)
            && view.layout().is_contiguous(Order::C)
            && view.len() == count
    })
}

/// The bytes of an array whose elements lie side by side, as a read-only memoryview that keeps it
/// alive.
pub(crate) fn memoryview<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    memoryview_with(array, 0)
}

/// As [`memoryview`], of an array that may be written, to be written.
pub(super) fn writable_memoryview<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    memoryview_with(array, NPY_ARRAY_WRITEABLE)
}

fn memoryview_with<'py>(array: &Bound<'py, PyAny>, access: i32) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let model = view(array)?;
    let bytes = ndbytes::Scalar::UInt8.into();
    let layout = Layout::contiguous(&[model.nbytes()], 1, Order::C)
        .map_err(|error| errors::decode(py, error))?;
    // SAFETY: the elements lie side by side, so the `nbytes` bytes from the array's data pointer on
    // are theirs; the array becomes the base of the new one and keeps them alive. Callers ask for
    // access to write only where the array itself gives it.
    unsafe {
        let data = (*array.as_ptr().cast::<PyArrayObject>()).fields.data.cast();
        let flat = Array::new(bytes, layout, model.source().clone())
            .map_err(|error| errors::decode(py, error))?;
        let dtype = descr::make(py, flat.dtype())?;
        let flat = kept_by(array.clone(), new(flat.layout(), dtype, data, access)?)?;
        Bound::from_owned_ptr_or_err(py, ffi::PyMemoryView_FromObject(flat.as_ptr()))
    }
}
