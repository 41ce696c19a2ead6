//! Arrays through streams: npy messages back to back, which tell themselves where they end.

use ndbytes::npy;
use pyo3::exceptions::PyEOFError;
use pyo3::prelude::*;

use crate::bridge::file::Watch;
use crate::bridge::stream::{Reader, RustWriter, Writer};
use crate::bridge::{buffer, descr, fresh, headers, ndarray};
use crate::errors;
use crate::files::{header, of_objects};
use crate::limits::{Limits, core_limits};
use crate::pickle::one_pickle;
use crate::values::{self, Elements};

/// Up to so many bytes, one call with a copy is cheaper than two without.
const ONE_CALL: usize = 64 << 10;

/// Few headers are longer.
const USUAL_HEADER: usize = 128;

/// Write one array to a stream, as an npy message that tells where it ends.
///
/// Large arrays whose elements lie side by side are written from where they are, without a copy.
///
/// Parameters
/// ----------
/// stream : file object or socket
///     Anything with ``write`` or ``sendall``.
/// array : array_like
///     As in `array_to_bytes`.
///
/// Returns
/// -------
/// None
///
/// Raises
/// ------
/// EncodeError
///     When npy cannot hold the array exactly. Nothing is written then.
///
/// Examples
/// --------
/// >>> import socket
/// >>> ours, theirs = socket.socketpair()
/// >>> ndbytes.write_array(ours, np.arange(3))
/// >>> ndbytes.read_array(theirs)
/// array([0, 1, 2])
/// >>> ours.close(), theirs.close()
/// (None, None)
#[pyfunction]
#[pyo3(signature = (stream, array, /))]
pub(crate) fn write_array<'py>(
    py: Python<'py>,
    stream: &Bound<'py, PyAny>,
    array: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let writer = Writer::new(stream)?;
    if let Some(bytes) = headers::written(array) {
        return writer.all(bytes.as_any());
    }
    let array = ndarray::plain(array)?;
    let view = ndarray::view(&array)?;
    if view.dtype().has_objects() {
        let bytes = values::with_npy_message(&array, &view, |message, _| {
            buffer::filled_bytes(py, message.len(), |sink| message.write(1, sink))
        })?;
        return writer.all(bytes.as_any());
    }
    let message = npy::Message::new(&view).map_err(|error| errors::refused(py, &error))?;
    if message.len() <= ONE_CALL {
        headers::note_written(message.header(), &view, &array);
        let bytes = buffer::filled_bytes(py, message.len(), |sink| message.write(1, sink))?;
        return writer.all(bytes.as_any());
    }
    write_message(&writer, &array, &message)
}

/// Writes an array without objects, from where it is if writer and array allow it.
pub(crate) fn write_message<'py>(
    writer: &Writer<'py>,
    array: &Bound<'py, PyAny>,
    message: &npy::Message<'_, '_>,
) -> PyResult<()> {
    let py = array.py();
    let view = ndarray::view(array)?;
    if writer.elements(message.header(), array, &view, message.order())? {
        return Ok(());
    }
    let mut out = RustWriter { writer, py, failed: None };
    match (message.write_to(&mut out), out.failed) {
        (_, Some(error)) => Err(error),
        (written, None) => written.map_err(|error| errors::os(py, &error, None)),
    }
}

/// Read the next array of a stream, and not a byte more.
///
/// Parameters
/// ----------
/// stream : file object or socket
///     Anything with ``read`` or ``recv``, that brings npy messages.
/// limits : Limits, optional
///     What reading may spend. Memory grows as the bytes arrive, so arrays of numbers have no limit
///     unless ``max_bytes`` is set.
///
/// Returns
/// -------
/// numpy.ndarray
///     Writable, in memory of its own.
///
/// Raises
/// ------
/// EOFError
///     When the stream has ended, and no message has begun.
/// IncompleteError
///     When it ends inside a message.
/// DecodeError
///     When the message is damaged, or breaks the limits.
///
/// Examples
/// --------
/// >>> import io
/// >>> stream = io.BytesIO(ndbytes.array_to_bytes([1.5]) + ndbytes.array_to_bytes([[2]]))
/// >>> ndbytes.read_array(stream), ndbytes.read_array(stream)
/// (array([1.5]), array([[2]]))
#[pyfunction]
#[pyo3(signature = (stream, /, *, limits=None))]
pub(crate) fn read_array<'py>(
    stream: &Bound<'py, PyAny>,
    limits: Option<&Bound<'py, Limits>>,
) -> PyResult<Bound<'py, PyAny>> {
    next(&Reader::new(stream)?, &core_limits(limits))?
        .ok_or_else(|| PyEOFError::new_err("no array is left in the stream"))
}

/// The next array, or `None` at the end.
fn next<'py>(
    reader: &Reader<'py>,
    limits: &ndbytes::Limits,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = reader.object().py();
    if let Some(array) = fresh::small_array(reader, limits)? {
        return Ok(Some(array));
    }
    let mut bytes = Vec::with_capacity(USUAL_HEADER);
    let Some(header) = header(reader, &mut bytes, limits)? else { return Ok(None) };
    if header.dtype.has_objects() {
        bytes.append(&mut one_pickle(reader, Vec::new())?);
        let options = ndbytes::pickle::ReadOptions::new().limits(*limits);
        return of_objects(py, &bytes, &header, options).map(Some);
    }
    let layout = header.layout().map_err(|error| errors::decode(py, error))?;
    let nbytes = layout.nbytes() as u64;
    limits.check_bytes(nbytes, nbytes).map_err(|error| errors::decode(py, error))?;
    fresh::array(reader, &header, &mut Watch::default()).map(Some)
}

/// Read the arrays of a stream one after another, until it ends.
///
/// Parameters
/// ----------
/// stream : file object or socket
///     As in `read_array`.
/// limits : Limits, optional
///     As in `read_array`, for each array.
///
/// Returns
/// -------
/// iterator of numpy.ndarray
///     It stops when the stream ends between two messages, and reads nothing ahead.
///
/// Raises
/// ------
/// IncompleteError, DecodeError
///     While iterating, as `read_array`.
///
/// Examples
/// --------
/// >>> import io
/// >>> stream = io.BytesIO(ndbytes.array_to_bytes([1.5]) + ndbytes.array_to_bytes([[2]]))
/// >>> list(ndbytes.read_arrays(stream))
/// [array([1.5]), array([[2]])]
#[pyfunction]
#[pyo3(signature = (stream, /, *, limits=None))]
pub(crate) fn read_arrays(
    stream: Bound<'_, PyAny>,
    limits: Option<&Bound<'_, Limits>>,
) -> PyResult<Arrays> {
    // What cannot be read is told of at once.
    Reader::new(&stream)?;
    Ok(Arrays { stream: stream.unbind(), limits: core_limits(limits) })
}

/// The arrays of a stream; see `read_arrays`.
#[pyclass(frozen, module = "ndbytes._native")]
pub(crate) struct Arrays {
    stream: Py<PyAny>,
    limits: ndbytes::Limits,
}

#[pymethods]
impl Arrays {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        next(&Reader::new(self.stream.bind(py))?, &self.limits)
    }
}

/// An array that arrives piece by piece: what `ndbytes.aio` is made of.
#[pyclass(module = "ndbytes._native")]
pub(crate) struct Incoming {
    incoming: Option<npy::Incoming>,
    limits: ndbytes::Limits,
}

#[pymethods]
impl Incoming {
    #[new]
    #[pyo3(signature = (limits=None))]
    fn new(limits: Option<&Bound<'_, Limits>>) -> Self {
        let limits = core_limits(limits);
        Self { incoming: Some(npy::Incoming::new(limits)), limits }
    }

    /// How many bytes are wanted next; 0 when the message is complete.
    #[getter]
    fn wanted(&self) -> usize {
        self.incoming.as_ref().map_or(0, npy::Incoming::wanted)
    }

    /// Take in at most as many bytes as are wanted.
    #[pyo3(signature = (piece, /))]
    fn feed(&mut self, py: Python<'_>, piece: &[u8]) -> PyResult<()> {
        match &mut self.incoming {
            Some(incoming) => incoming.feed(piece).map_err(|error| errors::decode(py, error)),
            None => Err(PyEOFError::new_err("the message is complete")),
        }
    }

    /// The exception for a stream that ends here.
    fn cut(&self, py: Python<'_>) -> PyErr {
        match &self.incoming {
            Some(incoming) if !incoming.is_empty() => errors::decode(py, incoming.cut_short()),
            _ => PyEOFError::new_err("no array is left in the stream"),
        }
    }

    /// The array; the message has to be complete.
    fn array<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let incoming = self.incoming.take();
        let incoming = incoming.ok_or_else(|| PyEOFError::new_err("the array has been taken"))?;
        let array = incoming.finish().map_err(|error| errors::decode(py, error))?;
        if array.dtype().has_objects() {
            let elements = Elements { input: None, copy: Some(true), buffers: &[] };
            return values::array(py, &array, elements, &self.limits);
        }
        let dtype = descr::make(py, array.dtype());
        ndarray::owned(&array, dtype.map_err(|error| errors::from_numpy(py, error))?)
    }
}
