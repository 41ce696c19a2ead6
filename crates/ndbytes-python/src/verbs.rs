//! Arrays to bytes, and bytes to arrays.

use ndbytes::array::{Dims, default_threads};
use ndbytes::npz::WriteOptions;
use ndbytes::{Array, Format, Kind, Order, ReadOptions, npy, raw};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySlice};

use crate::arguments::{self, byte_order, dimensions, format_named, threads_or_default};
use crate::bridge::buffer::{Input, RELEASE_FROM, filled_bytes};
use crate::bridge::{descr, headers, ndarray};
use crate::errors;
use crate::guessing::explained;
use crate::limits::{Limits, core_limits};
use crate::npz::npz_bytes;
use crate::pickle;
use crate::values::{self, Elements};

/// Write one array as self-describing bytes.
///
/// Parameters
/// ----------
/// array : array_like
///     The array, of any dtype that the format can hold, any shape and any strides.
/// format : {"npy", "npz", "pickle"}
///     The format: npy bytes are those that ``numpy.save`` writes, byte for byte; npz holds the array
///     under the name ``arr_0``, as ``numpy.savez`` does; a pickle loads in every NumPy. Fortran
///     order is kept; any other order but C is written as C order.
/// threads : int, optional
///     The most threads that a large copy uses; unless given, the environment's
///     ``NDBYTES_NUM_THREADS``, else one for each core, at most eight.
///
/// Returns
/// -------
/// bytes
///
/// Raises
/// ------
/// EncodeError
///     When the format cannot hold the array exactly: a mask, a subclass, dtype metadata, or fields
///     that overlap.
///
/// Examples
/// --------
/// >>> data = ndbytes.array_to_bytes(np.arange(6, dtype="<i2").reshape(2, 3))
/// >>> data[:6], len(data)
/// (b'\x93NUMPY', 140)
#[pyfunction]
#[pyo3(signature = (array, /, *, format="npy", threads=None))]
pub(crate) fn array_to_bytes<'py>(
    py: Python<'py>,
    array: &Bound<'py, PyAny>,
    format: &str,
    #[pyo3(from_py_with = arguments::threads)] threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    if format == "npy"
        && let Some(bytes) = headers::written(array)
    {
        return Ok(bytes);
    }
    written_anew(py, array, format, threads)
}

/// Apart, so that the frame of what comes once is not made room for each time.
#[inline(never)]
fn written_anew<'py>(
    py: Python<'py>,
    array: &Bound<'py, PyAny>,
    format: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let array = ndarray::plain(array)?;
    let view = ndarray::view(&array)?;
    match format_named(format)? {
        Format::Npy if view.dtype().has_objects() => {
            values::with_npy_message(&array, &view, |message, _| {
                filled_bytes(py, message.len(), |sink| message.write(1, sink))
            })
        }
        Format::Npy => {
            let message = npy::Message::new(&view).map_err(|error| errors::refused(py, &error))?;
            headers::note_written(message.header(), &view, &array);
            filled_bytes(py, message.len(), |sink| message.write(threads_or_default(threads), sink))
        }
        Format::Npz => {
            let view = match view.dtype().has_objects() {
                true => values::array_of_objects(&view, &mut values::objects(&array)?)?.to_owned(),
                false => view,
            };
            let options = WriteOptions::new().threads(threads_or_default(threads));
            npz_bytes(py, &[("arr_0".to_owned(), view)], &options)
        }
        Format::Pickle => pickle::dumps(py, &array, None, true, None),
        _ => Err(PyValueError::new_err(
            "raw bytes do not describe themselves. Hint: ndbytes.tobytes(array) writes them",
        )),
    }
}

/// Objects have no bytes of their own.
#[inline]
fn refuse_objects(py: Python<'_>, view: &Array<'_>, why: &str) -> PyResult<()> {
    if !view.dtype().has_objects() {
        return Ok(());
    }
    let found = format!("the elements of this {} array are Python objects: {why}", view.dtype());
    // NumPy finds the length of strings among objects, but not of StringDType.
    let hint = match view.dtype().kind() {
        Kind::VariableStr(_) => {
            "array_to_bytes(x) keeps them; or convert to strings of fixed size, such as \
             x.astype('U20')"
        }
        _ => {
            "array_to_bytes(x) keeps them if they are plain data; or convert to a dtype of fixed \
             size, such as x.astype(str)"
        }
    };
    Err(errors::encode(py, &found, Some(hint)))
}

/// Read the array in self-describing bytes.
///
/// Parameters
/// ----------
/// data : bytes-like
///     ``bytes``, ``bytearray``, ``memoryview``, ``mmap``, a uint8 array, ...
/// format : {None, "npy", "npz", "pickle"}
///     The format; ``None`` tells it from how the bytes start.
/// copy : bool, optional
///     ``None``: a view of `data` where possible, read-only if `data` is immutable. ``True``: a
///     fresh, writable array. ``False``: a view, or an error.
/// limits : Limits, optional
///     What reading may spend. Views are free.
///
/// Returns
/// -------
/// numpy.ndarray
///     A view may be unaligned, depending on where its bytes lie.
///
/// Raises
/// ------
/// DecodeError
///     When the bytes are damaged, ask for too much, or do not say what they are.
/// UnsafeError
///     When a pickle asks for anything but arrays and plain data; nothing of it is imported or run.
/// IncompleteError
///     When they end too early; ``.needed`` says how many bytes there must be at least.
///
/// Examples
/// --------
/// >>> data = ndbytes.array_to_bytes(np.array([[1.5, 2.5]]))
/// >>> ndbytes.bytes_to_array(data)
/// array([[1.5, 2.5]])
#[pyfunction]
#[pyo3(signature = (data, /, *, format=None, copy=None, limits=None))]
pub(crate) fn bytes_to_array<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    format: Option<&str>,
    copy: Option<bool>,
    limits: Option<&Bound<'py, Limits>>,
) -> PyResult<Bound<'py, PyAny>> {
    let input = Input::new(data, copy)?;
    if (format.is_none(), copy, limits.is_none()) == (true, None, true)
        && let Some(array) = headers::read(&input)
    {
        return Ok(array);
    }
    let limits = core_limits(limits);
    let mut options = ReadOptions::new().limits(limits);
    if let Some(name) = format {
        options = options.format(format_named(name)?);
    }
    let source = input.source();
    // Only what is in an archive may have to be inflated.
    let archived = input.len() >= RELEASE_FROM
        && options.format.or_else(|| ndbytes::sniff(&source.to_vec(0, 4))) == Some(Format::Npz);
    let array = match archived {
        false => ndbytes::read_array(source, &options),
        true => py.detach(|| ndbytes::read_array(source, &options)),
    }
    .map_err(|error| explained(py, error, &input, None))?;
    if copy == Some(true) {
        limits
            .check_bytes(array.nbytes() as u64, input.len() as u64)
            .map_err(|error| errors::decode(py, error))?;
    }
    if array.dtype().has_objects() {
        if copy == Some(false) {
            let found = "objects are made anew, so a view on the input is not possible";
            return Err(errors::unsupported(py, found, "copy=None"));
        }
        let elements = Elements { input: Some(&input), copy, buffers: &[] };
        return values::array(py, &array, elements, &limits);
    }
    let result = ndarray::from_input(&input, &array, copy)?;
    headers::note_read(&input, &array, &result);
    Ok(result)
}

/// The raw bytes of an array's elements: no dtype, no shape.
///
/// Parameters
/// ----------
/// array : array_like
///     Of any dtype without objects.
/// order : {"C", "F", "A", None}
///     The order of the elements: ``"A"`` is Fortran's if they lie so in memory, else C's;
///     ``None`` is C's.
/// byteorder : {None, "little", "big", "native"}
///     The byte order of the numbers; ``None`` leaves them as they are.
/// threads : int, optional
///     As in `array_to_bytes`.
///
/// Returns
/// -------
/// bytes
///     ``array.size * array.itemsize`` bytes.
///
/// Examples
/// --------
/// >>> ndbytes.tobytes(np.array([[1, 2], [3, 4]], dtype="u1"), order="F")
/// b'\x01\x03\x02\x04'
/// >>> ndbytes.tobytes(np.array([1], dtype="<u2"), byteorder="big")
/// b'\x00\x01'
#[pyfunction]
#[pyo3(
    signature = (array, /, order=Some("C"), *, byteorder=None, threads=None),
    text_signature = "(array, /, order='C', *, byteorder=None, threads=None)"
)]
pub(crate) fn tobytes<'py>(
    py: Python<'py>,
    array: &Bound<'py, PyAny>,
    order: Option<&str>,
    byteorder: Option<&str>,
    #[pyo3(from_py_with = arguments::threads)] threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let array = ndarray::plain(array)?;
    let view = ndarray::view(&array)?;
    refuse_objects(py, &view, "their raw bytes are addresses, which mean nothing elsewhere")?;
    let order = match order {
        None | Some("C") => Order::C,
        Some("F") => Order::F,
        Some("A") => view.layout().order(),
        Some(other) => {
            let message = format!("order {other:?} is not one of 'C', 'F', 'A' and None");
            return Err(PyValueError::new_err(message));
        }
    };
    let swap = match byteorder {
        None => 1,
        Some(name) => {
            view.swap_to(byte_order(name)?).map_err(|error| errors::refused(py, &error))?
        }
    };
    filled_bytes(py, view.nbytes(), |sink| {
        view.write_swapped(order, swap, threads_or_default(threads), sink);
    })
}

/// Read raw bytes as the array that you say they are.
///
/// There is no default dtype, on purpose.
///
/// Parameters
/// ----------
/// data : bytes-like
///     The bytes.
/// dtype : dtype_like
///     What one element is. A subarray dtype adds its dimensions at the end of the shape.
/// shape : int or sequence of int, optional
///     Elements along each axis; one may be -1. Unless given: one axis.
/// offset : int
///     Bytes before the first element.
/// count : int
///     Exactly so many elements, whatever follows them. With -1, every byte from `offset` on has
///     to be used.
/// order : {"C", "F"}
///     The order in which the elements follow each other.
/// copy : bool, optional
///     As in `bytes_to_array`.
///
/// Returns
/// -------
/// numpy.ndarray
///
/// Raises
/// ------
/// DecodeError
///     When dtype and shape do not fit the bytes; the hint says what would.
///
/// Examples
/// --------
/// >>> ndbytes.frombuffer(b"\x01\x00\x02\x00\x03\x00\x04\x00", "<i2", (2, -1))
/// array([[1, 2],
///        [3, 4]], dtype=int16)
#[pyfunction]
#[pyo3(
    signature = (data, /, dtype, shape=None, *, offset=0, count=-1, order="C", copy=None),
    text_signature = "(data, /, dtype, shape=None, *, offset=0, count=-1, order='C', copy=None)"
)]
#[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
pub(crate) fn frombuffer<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    dtype: &Bound<'py, PyAny>,
    shape: Option<&Bound<'py, PyAny>>,
    offset: isize,
    count: isize,
    order: &str,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    if dtype.is_none() {
        // To NumPy, None is float64.
        return Err(PyTypeError::new_err("dtype is None. Hint: say what the elements are"));
    }
    let (descr, model, subarray) = descr::convert(dtype)?;
    let input = Input::new(data, copy)?;
    let order = match order {
        "C" => Order::C,
        "F" => Order::F,
        other => {
            return Err(PyValueError::new_err(format!(
                "order {other:?} is not one of 'C' and 'F'"
            )));
        }
    };
    let offset = usize::try_from(offset)
        .map_err(|_| PyValueError::new_err(format!("offset is {offset}, it is at least 0")))?;
    let mut description = raw::Description::new(model).offset(offset).order(order);
    let mut shape = shape.map(dimensions).transpose()?;
    if !subarray.is_empty() {
        let shape = shape.get_or_insert_with(|| Dims::from_elem(None, 1));
        if count >= 0 && shape.len() == 1 && shape[0].is_none() {
            shape[0] = Some(count as usize);
        }
        shape.extend(subarray.iter().map(|&dim| Some(dim)));
    }
    if let Some(shape) = &shape {
        description = description.shape(shape);
    }
    match usize::try_from(count) {
        Ok(count) => {
            let each = subarray.iter().try_fold(1_usize, |size, &dim| size.checked_mul(dim));
            let total = each.and_then(|each| each.checked_mul(count)).unwrap_or(usize::MAX);
            description = description.count(total);
        }
        Err(_) if count == -1 => {}
        Err(_) => {
            return Err(PyValueError::new_err(format!("count is {count}, it is at least -1")));
        }
    }
    let array = description
        .array(input.source())
        .map_err(|error| explained(py, error, &input, Some(description.dtype())))?;
    ndarray::from_input_as(&input, &array, copy, descr)
}

/// The pieces of `array_to_bytes(array)`, for sending without copying: ``socket.sendmsg``,
/// ``writelines``, ``os.writev``.
///
/// Parameters
/// ----------
/// array : array_like
///     As in `array_to_bytes`.
///
/// Returns
/// -------
/// list
///     The header as ``bytes``, and a read-only memoryview of the array's own memory, which keeps
///     the array alive. An array whose elements do not lie side by side is copied.
///
/// Examples
/// --------
/// >>> x = np.arange(3.0)
/// >>> b"".join(ndbytes.array_to_buffers(x)) == ndbytes.array_to_bytes(x)
/// True
#[pyfunction]
#[pyo3(signature = (array, /))]
pub(crate) fn array_to_buffers<'py>(
    py: Python<'py>,
    array: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let array = ndarray::plain(array)?;
    let view = ndarray::view(&array)?;
    if view.dtype().has_objects() {
        let data = array_to_bytes(py, &array, "npy", None)?;
        let start = npy::Header::read(data.as_bytes(), &ndbytes::Limits::none())
            .map_err(|error| errors::decode(py, error))?
            .data_offset;
        let header = PyBytes::new(py, &data.as_bytes()[..start]);
        let pickle = PyMemoryView::from(data.as_any())?.get_item(PySlice::new(
            py,
            start as isize,
            data.as_bytes().len() as isize,
            1,
        ))?;
        return PyList::new(py, [header.into_any(), pickle]);
    }
    let message = npy::Message::new(&view).map_err(|error| errors::refused(py, &error))?;
    let header = PyBytes::new(py, message.header());
    let order = message.order();
    let data = if view.layout().is_contiguous(order) {
        ndarray::memoryview(&array)?
    } else {
        let packed = filled_bytes(py, view.nbytes(), |sink| {
            view.write_data(order, default_threads(), sink);
        })?;
        PyMemoryView::from(packed.as_any())?.into_any()
    };
    PyList::new(py, [header.into_any(), data])
}

/// The array in an array-like, whatever its class: as `numpy.asanyarray`, but also of what NumPy does
/// not know.
#[pyfunction]
#[pyo3(signature = (value, /))]
pub(crate) fn array_in<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match ndarray::is_array(value) {
        true => Ok(value.clone()),
        false => ndarray::asarray(value),
    }
}
