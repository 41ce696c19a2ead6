//! `ndbytes.pickle`: the names of the standard library's `pickle`, for arrays and plain data.

use std::collections::HashMap;

use ndbytes::Array;
use ndbytes::pickle::{
    self, DEFAULT_PROTOCOL, Encoding, Extent, HIGHEST_PROTOCOL, Keep, Message, ReadOptions,
    ValueMessage, WriteOptions,
};
use pyo3::exceptions::{PyEOFError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::threads_or_default;
use crate::bridge::buffer::{Input, filled_bytes};
use crate::bridge::ndarray;
use crate::bridge::stream::Reader;
use crate::errors;
use crate::guessing::explained;
use crate::limits::{Limits, core_limits};
use crate::values::{self, Elements, Object};

/// Read a pickle of arrays and plain data, without running anything.
///
/// Read is what NumPy of every era pickled: arrays of every dtype, masked arrays, matrices, record
/// arrays, NumPy scalars and dtypes; and None, bool, int, float, complex, str, bytes, bytearray,
/// tuple, list, dict, set, frozenset, range, slice, Ellipsis, date, datetime, time, timedelta,
/// timezone, Decimal, Fraction, UUID and OrderedDict, with sharing and cycles as they were.
///
/// Parameters
/// ----------
/// data : bytes-like
///     The pickle, of protocol 0 to 5. What follows it is left alone.
/// buffers : iterable of bytes-like, optional
///     The buffers that were kept out of band (protocol 5). They are your own memory: arrays are
///     views of them, whatever `copy` says.
/// encoding : {"latin1", "ascii", "utf-8", "bytes"}
///     What a ``str`` of Python 2 becomes. Data of arrays, field names and dtypes are read as
///     latin-1 whatever this says.
/// fix_imports : bool
///     Without effect: the names of Python 2 and Python 3 are both known.
/// copy : bool, optional
///     ``True``: fresh, writable arrays; of many, those of 1 to 8 KiB share blocks of 64 KiB.
///     ``None``: views of `data` where possible, read-only if `data` is immutable. ``False``:
///     views, or an error.
/// limits : Limits, optional
///     What reading may spend.
///
/// Returns
/// -------
/// object
///
/// Raises
/// ------
/// UnsafeError
///     When the pickle names anything else; ``.names`` lists what. Nothing of it is imported.
/// DecodeError
///     When it is damaged, or asks for too much.
///
/// Examples
/// --------
/// >>> data = ndbytes.pickle.dumps({"x": np.arange(3), "label": "ok"})
/// >>> ndbytes.pickle.loads(data)
/// {'x': array([0, 1, 2]), 'label': 'ok'}
#[pyfunction]
#[pyo3(
    signature = (
        data, /, *, buffers=None, encoding="latin1", fix_imports=true, copy=Some(true), limits=None
    ),
    text_signature = "(data, /, *, buffers=None, encoding='latin1', fix_imports=True, copy=True, limits=None)"
)]
pub(crate) fn loads<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    buffers: Option<&Bound<'py, PyAny>>,
    encoding: &str,
    fix_imports: bool,
    copy: Option<bool>,
    limits: Option<&Bound<'py, Limits>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = fix_imports;
    let input = Input::new(data, copy)?;
    let limits = core_limits(limits);
    if let Some(bytes) = input.source().as_slice()
        && let Some(array) = pickle::read_known(bytes, &limits)
    {
        let elements = Elements { input: Some(&input), copy, buffers: &[] };
        return values::array(py, &array, elements, &limits);
    }
    let mut given = Vec::new();
    if let Some(buffers) = buffers {
        for buffer in buffers.try_iter()? {
            let buffer = buffer?;
            given.push((Input::new(&values::raw(&buffer)?, Some(false))?, buffer));
        }
    }
    let sources = given.iter().map(|(input, _)| (input.source(), !input.is_writable())).collect();
    let options =
        ReadOptions::new().limits(limits).encoding(encoding_of(encoding)?).buffers(sources);
    let source = input.source();
    // Every byte of a pickle decides something, so none may change meanwhile.
    let copied = match source.as_slice() {
        Some(_) => None,
        None => Some(source.to_vec(0, source.len())),
    };
    let bytes = source.as_slice().or(copied.as_deref()).unwrap_or_default();
    let value = pickle::read(bytes, options).map_err(|error| explained(py, error, &input, None))?;
    let elements = Elements { input: Some(&input), copy, buffers: &given };
    values::value(py, value.arena(), value.root_id(), elements, &limits)
}

pub(crate) fn encoding_of(name: &str) -> PyResult<Encoding> {
    match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" => Ok(Encoding::Latin1),
        "ascii" | "us-ascii" => Ok(Encoding::Ascii),
        "utf-8" | "utf8" => Ok(Encoding::Utf8),
        "bytes" => Ok(Encoding::Bytes),
        _ => Err(PyValueError::new_err(format!(
            "encoding {name:?} is not one of 'latin1', 'ascii', 'utf-8' and 'bytes'"
        ))),
    }
}

/// Write arrays and plain data as a pickle that every NumPy loads, from 1.11 on.
///
/// Parameters
/// ----------
/// obj : object
///     What `loads` reads: arrays of every dtype and layout, masked arrays, NumPy scalars, plain
///     data, and containers of them. Fortran order is kept.
/// protocol : int, optional
///     0 to 5; negative for the highest. Unless given, 4.
/// fix_imports : bool
///     Whether protocols 0 to 2 use the names of Python 2, which every Python 3 knows, too.
/// buffer_callback : callable, optional
///     With protocol 5, is given a ``PickleBuffer`` of each array whose elements lie side by side.
///     If it returns a false value, such as None, the pickle leaves them to you, and costs no copy;
///     give them back to `loads` as `buffers`, in this order.
///
/// Returns
/// -------
/// bytes
///
/// Raises
/// ------
/// EncodeError
///     When something in `obj` is none of these; nothing is dropped or turned into something else.
///
/// Examples
/// --------
/// >>> import pickle
/// >>> pickle.loads(ndbytes.pickle.dumps(np.eye(2), protocol=2))
/// array([[1., 0.],
///        [0., 1.]])
#[pyfunction]
#[pyo3(
    signature = (obj, protocol=None, *, fix_imports=true, buffer_callback=None),
    text_signature = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)"
)]
pub(crate) fn dumps<'py>(
    py: Python<'py>,
    obj: &Bound<'py, PyAny>,
    protocol: Option<i64>,
    fix_imports: bool,
    buffer_callback: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let protocol = match protocol {
        None => DEFAULT_PROTOCOL,
        Some(..0) => HIGHEST_PROTOCOL,
        Some(protocol) => u8::try_from(protocol)
            .ok()
            .filter(|&protocol| protocol <= HIGHEST_PROTOCOL)
            .ok_or_else(|| PyValueError::new_err("pickle protocol must be <= 5"))?,
    };
    if let Some(callback) = buffer_callback {
        if protocol < 5 {
            return Err(PyValueError::new_err("buffer_callback needs protocol >= 5"));
        }
        return out_of_band(py, obj, protocol, callback);
    }
    if ndarray::is_exact_array(obj) {
        let view = ndarray::view(obj)?;
        if !view.dtype().has_objects() {
            return of_array(py, &view, protocol);
        }
    }
    let mut object = Object::new(obj)?;
    let value = object.value()?;
    let options = WriteOptions::new(protocol).fix_imports(fix_imports);
    let message =
        ValueMessage::new(&value, options).map_err(|error| errors::refused(py, &error))?;
    filled_bytes(py, message.len(), |sink| message.write(threads_or_default(None), sink))
}

/// The pickle of one array without objects.
pub(crate) fn of_array<'py>(
    py: Python<'py>,
    view: &Array<'_>,
    protocol: u8,
) -> PyResult<Bound<'py, PyBytes>> {
    let message = Message::new(view, protocol).map_err(|error| errors::refused(py, &error))?;
    filled_bytes(py, message.len(), |sink| message.write(threads_or_default(None), sink))
}

fn out_of_band<'py>(
    py: Python<'py>,
    obj: &Bound<'py, PyAny>,
    protocol: u8,
    callback: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut object = Object::new(obj)?;
    let (value, arrays) = object.value_and_arrays()?;
    // The writer asks for arrays by reference; this tells which of Python's each is.
    let known: HashMap<*const (), &Bound<'py, PyAny>> = value
        .arena()
        .arrays()
        .iter()
        .map(|value| (&raw const value.array).cast())
        .zip(arrays)
        .collect();
    let mut failed = None;
    let mut keep = |array: &Array<'_>| {
        let Some(&array) = known.get(&(&raw const *array).cast()) else { return Keep::InBand };
        match asked(callback, array) {
            Ok(keep) if failed.is_none() => keep,
            Ok(_) => Keep::InBand,
            Err(error) => {
                failed.get_or_insert(error);
                Keep::InBand
            }
        }
    };
    let message = ValueMessage::new(&value, WriteOptions::new(protocol).out_of_band(&mut keep));
    if let Some(error) = failed {
        return Err(error);
    }
    let message = message.map_err(|error| errors::refused(py, &error))?;
    filled_bytes(py, message.len(), |sink| message.write(threads_or_default(None), sink))
}

fn asked(callback: &Bound<'_, PyAny>, array: &Bound<'_, PyAny>) -> PyResult<Keep> {
    let buffer = values::pickle_buffer(array)?;
    if callback.call1((buffer,))?.is_truthy()? {
        return Ok(Keep::InBand);
    }
    let writable = array.getattr("flags")?.getattr("writeable")?.is_truthy()?;
    Ok(Keep::Beside { readonly: !writable })
}

/// Read one pickle from a file, as `loads` reads it.
///
/// Parameters
/// ----------
/// file : file object
///     Open for reading bytes. What follows the pickle is left in it: at its end the file stands
///     behind STOP.
/// buffers, encoding, fix_imports, limits
///     As in `loads`.
///
/// Returns
/// -------
/// object
///
/// Examples
/// --------
/// >>> import io
/// >>> ndbytes.pickle.load(io.BytesIO(ndbytes.pickle.dumps([1.5, None])))
/// [1.5, None]
#[pyfunction]
#[pyo3(
    signature = (file, /, *, buffers=None, encoding="latin1", fix_imports=true, limits=None),
    text_signature = "(file, /, *, buffers=None, encoding='latin1', fix_imports=True, limits=None)"
)]
pub(crate) fn load<'py>(
    file: &Bound<'py, PyAny>,
    buffers: Option<&Bound<'py, PyAny>>,
    encoding: &str,
    fix_imports: bool,
    limits: Option<&Bound<'py, Limits>>,
) -> PyResult<Bound<'py, PyAny>> {
    let data = one_pickle(&Reader::new(file)?, Vec::new())?;
    let data = PyBytes::new(file.py(), &data);
    loads(file.py(), data.as_any(), buffers, encoding, fix_imports, Some(true), limits)
}

/// A file that can go back is read by pieces of at least this size.
const AHEAD: usize = 64 << 10;

/// The bytes of the pickle that begins with `data`, which was read from `reader` before: the rest
/// of it is taken out of it, and no more.
pub(crate) fn one_pickle(reader: &Reader<'_>, mut data: Vec<u8>) -> PyResult<Vec<u8>> {
    let (py, file) = (reader.object().py(), reader.object());
    let seekable = file.call_method0("seekable").and_then(|answer| answer.is_truthy());
    let start = match seekable {
        Ok(true) => Some(file.call_method0("tell")?.extract::<u64>()?),
        _ => None,
    };
    let before = data.len() as u64;
    let ahead = if start.is_some() { AHEAD } else { 1 };
    let mut extent = Extent::default();
    loop {
        let error = match extent.end(&data) {
            Ok(end) => {
                if let Some(start) = start {
                    file.call_method1("seek", (start + end as u64 - before,))?;
                }
                data.truncate(end);
                return Ok(data);
            }
            Err(error) => error,
        };
        let Some(needed) = error.needed() else { return Err(errors::decode(py, error)) };
        let missing = usize::try_from(needed - data.len() as u64).unwrap_or(usize::MAX);
        if reader.some(&mut data, missing.max(ahead))? == 0 {
            // What Python's own `load` says at the end of a file of several pickles.
            return Err(match data.is_empty() {
                true => PyEOFError::new_err("Ran out of input"),
                false => errors::decode(py, error),
            });
        }
    }
}

/// Write a pickle to a file, as `dumps` writes it.
///
/// Parameters
/// ----------
/// obj : object
/// file : file object
///     Open for writing bytes.
/// protocol, fix_imports, buffer_callback
///     As in `dumps`.
///
/// Examples
/// --------
/// >>> import io
/// >>> file = io.BytesIO()
/// >>> ndbytes.pickle.dump([1.5, None], file)
/// >>> ndbytes.pickle.loads(file.getvalue())
/// [1.5, None]
#[pyfunction]
#[pyo3(
    signature = (obj, file, protocol=None, *, fix_imports=true, buffer_callback=None),
    text_signature = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)"
)]
pub(crate) fn dump<'py>(
    py: Python<'py>,
    obj: &Bound<'py, PyAny>,
    file: &Bound<'py, PyAny>,
    protocol: Option<i64>,
    fix_imports: bool,
    buffer_callback: Option<&Bound<'py, PyAny>>,
) -> PyResult<()> {
    let data = dumps(py, obj, protocol, fix_imports, buffer_callback)?;
    file.call_method1("write", (data,))?;
    Ok(())
}
