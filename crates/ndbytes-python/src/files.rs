//! Arrays in files, for the functions that NumPy has for them: what `ndbytes._files` calls.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use ndbytes::files::{Existing, FileError, Target, WriteOptions};
use ndbytes::{Array, DecodeError, Limits as CoreLimits, Order, npy, pickle};
use pyo3::exceptions::{PyEOFError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::bridge::buffer::filled_bytes;
use crate::bridge::file::{Watch, write_elements};
use crate::bridge::stream::{Reader, Writer};
use crate::bridge::{descr, fresh, ndarray};
use crate::errors;
use crate::limits::{Limits, core_limits, max_header_size};
use crate::pickle::{encoding_of, one_pickle};
use crate::savable::{self, Masks, warn, warn_of_version};
use crate::streams::write_message;
use crate::values::{self, Elements};

/// Warnings are about the line that calls `ndbytes.save` or `ndbytes.load`, whose frame is the
/// first; or, of maps, the second.
const CALLER: i32 = 2;
const CALLER_OF_MAP: i32 = 3;

/// Write an npy file, which takes the place of what is at `path` when it is complete.
#[pyfunction]
#[pyo3(signature = (path, array, /, *, allow_pickle, durable, progress=None))]
pub(crate) fn save_file(
    py: Python<'_>,
    path: PathBuf,
    array: &Bound<'_, PyAny>,
    allow_pickle: bool,
    durable: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let array = savable::plain(array, "npy", Masks::Refused, CALLER)?;
    with_message(&array, allow_pickle, |message, view| {
        let length = message.len() as u64;
        let options = WriteOptions::new().durable(durable).length(length);
        let mut watch = Watch::new(progress);
        let written = py.detach(|| {
            let target = Target::at(&path, Existing::Replace)?;
            target.write(&options, |file| {
                fill_file(file, message, view, length, &mut watch)
                    .map_err(|error| FileError::new(&path, "", error))
            })
        });
        watch.raise(written)?.map_err(|error| errors::file(py, &error))
    })
}

fn fill_file(
    file: &mut File,
    message: &npy::Message<'_, '_>,
    view: &Array<'_>,
    length: u64,
    watch: &mut Watch,
) -> io::Result<()> {
    if view.dtype().has_objects() {
        return message.write_to(file);
    }
    let header = message.header();
    file.write_all(header)?;
    write_elements(file, view, message.order(), (header.len() as u64, length), watch)
}

/// Write npy bytes to a file object.
///
/// `real_file` says that it is a file to NumPy, too, to which masked arrays cannot be written.
#[pyfunction]
#[pyo3(signature = (file, array, /, *, allow_pickle, real_file))]
pub(crate) fn save_stream<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    array: &Bound<'py, PyAny>,
    allow_pickle: bool,
    real_file: bool,
) -> PyResult<()> {
    let masks = if real_file { Masks::Refused } else { Masks::Dropped };
    let array = savable::plain(array, "npy", masks, CALLER)?;
    let writer = Writer::new(file)?;
    with_message(&array, allow_pickle, |message, view| {
        if view.dtype().has_objects() {
            let bytes = filled_bytes(py, message.len(), |sink| message.write(1, sink))?;
            return writer.all(bytes.as_any());
        }
        write_message(&writer, &array, message)
    })
}

/// Calls `with` with what is to be written of `array`, and its elements, after a warning about
/// what npy has no place for.
fn with_message<T>(
    array: &Bound<'_, PyAny>,
    allow_pickle: bool,
    with: impl FnOnce(&npy::Message<'_, '_>, &Array<'_>) -> PyResult<T>,
) -> PyResult<T> {
    let py = array.py();
    let view = savable::without_metadata(py, ndarray::view(array)?, CALLER)?;
    if view.dtype().has_objects() {
        if !allow_pickle {
            return Err(PyValueError::new_err(
                "Object arrays cannot be saved when allow_pickle=False",
            ));
        }
        if matches!(view.dtype().kind(), ndbytes::Kind::VariableStr(_)) {
            warn(
                py,
                "Custom dtypes are saved as python objects using the pickle protocol. Loading \
                 this file requires allow_pickle=True to be set.",
                CALLER,
            )?;
        }
        return values::with_npy_message(array, &view, |message, view| {
            warn_of_version(py, message.header(), CALLER)?;
            with(message, view)
        });
    }
    let message = npy::Message::new(&view).map_err(|error| errors::refused(py, &error))?;
    warn_of_version(py, message.header(), CALLER)?;
    with(&message, &view)
}

/// Read the npy array at which a file object stands.
///
/// `start` holds the bytes that have been taken out of it.
#[pyfunction]
#[pyo3(signature = (file, start, /, *, allow_pickle, encoding, max_header, limits=None, progress=None))]
#[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
pub(crate) fn load_array<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    start: &[u8],
    allow_pickle: bool,
    encoding: &str,
    #[pyo3(from_py_with = max_header_size)] max_header: u64,
    limits: Option<&Bound<'py, Limits>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let reader = Reader::new(file)?;
    let limits = core_limits(limits);
    let mut bytes = start.to_vec();
    let header = begun(&reader, &mut bytes, &limits.max_header(max_header), CALLER)?;
    if !header.dtype.has_objects() {
        return fresh::array(&reader, &header, &mut Watch::new(progress));
    }
    if !allow_pickle {
        return Err(PyValueError::new_err(
            "Object arrays cannot be loaded when allow_pickle=False",
        ));
    }
    let pickled = one_pickle(&reader, Vec::new())?;
    bytes.extend_from_slice(&pickled);
    let options = pickle::ReadOptions::new().limits(limits).encoding(encoding_of(encoding)?);
    of_objects(py, &bytes, &header, options)
}

/// The array of objects that `bytes` hold.
pub(crate) fn of_objects<'py>(
    py: Python<'py>,
    bytes: &[u8],
    header: &npy::Header,
    options: pickle::ReadOptions<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let limits = options.limits;
    let array = npy::read_objects_with(bytes, header, options)
        .map_err(|error| errors::decode(py, error))?;
    let elements = Elements { input: None, copy: Some(true), buffers: &[] };
    values::array(py, &array, elements, &limits)
}

/// The header that begins with `bytes`, with a warning if Python 2 wrote it.
fn begun(
    reader: &Reader<'_>,
    bytes: &mut Vec<u8>,
    limits: &CoreLimits,
    level: i32,
) -> PyResult<npy::Header> {
    let py = reader.object().py();
    let header = header(reader, bytes, limits)?
        .ok_or_else(|| PyEOFError::new_err("No data left in file"))?;
    if header.oddities.contains(&npy::LONGS) {
        warn(
            py,
            "Reading `.npy` or `.npz` file required additional header parsing as it was created \
             on Python 2. Save the file again to speed up loading and avoid this warning.",
            level,
        )?;
    }
    Ok(header)
}

/// Magic, version and a length of two bytes: no header is shorter.
const PREFIX: usize = 10;

/// The header at which `reader` stands, or the rest of it; `None` at the end. `bytes` holds its
/// start, and all of it in the end.
pub(crate) fn header(
    reader: &Reader<'_>,
    bytes: &mut Vec<u8>,
    limits: &CoreLimits,
) -> PyResult<Option<npy::Header>> {
    let raise = |error: DecodeError| errors::decode(reader.object().py(), error);
    let mut wanted = PREFIX;
    loop {
        let missing = wanted.saturating_sub(bytes.len());
        let is_cut = reader.exactly(bytes, missing)? < missing;
        if bytes.is_empty() {
            return Ok(None);
        }
        match npy::Header::read(bytes, limits) {
            Ok(header) => return Ok(Some(header)),
            Err(error) => match error.needed() {
                Some(needed) if !is_cut => wanted = usize::try_from(needed).unwrap_or(usize::MAX),
                _ => return Err(raise(error)),
            },
        }
    }
}

/// What the header says at the start of a file of `size` bytes, of which `start` has been read:
/// dtype, shape, whether the order is Fortran's, and the length of the header.
///
/// Raises
/// ------
/// IncompleteError
///     When the file is shorter than its header says.
#[pyfunction]
#[pyo3(signature = (file, start, size, /, *, max_header))]
pub(crate) fn peek_file<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    start: &[u8],
    size: u64,
    #[pyo3(from_py_with = max_header_size)] max_header: u64,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>, bool, usize)> {
    let mut bytes = start.to_vec();
    let limits = CoreLimits::default().max_header(max_header);
    let header = begun(&Reader::new(file)?, &mut bytes, &limits, CALLER_OF_MAP)?;
    let layout = header.layout().map_err(|error| errors::decode(py, error))?;
    if !header.dtype.has_objects() && layout.reach() as u64 > size {
        return Err(errors::decode(py, header.cut_short(size)));
    }
    let dtype = descr::make(py, &header.dtype).map_err(|error| errors::from_numpy(py, error))?;
    let shape = PyTuple::new(py, &header.shape[..])?;
    Ok((dtype, shape, header.order == Order::F, header.data_offset))
}

/// Make an npy file of zeros, which take no room on the disk; returns the length of the header.
#[pyfunction]
#[pyo3(signature = (path, dtype, shape, /, *, fortran_order, version=None))]
pub(crate) fn create_file(
    py: Python<'_>,
    path: PathBuf,
    dtype: &Bound<'_, PyAny>,
    shape: Vec<usize>,
    fortran_order: bool,
    version: Option<u8>,
) -> PyResult<usize> {
    let (_, mut model, subarray) = descr::convert(dtype)?;
    if !subarray.is_empty() {
        return Err(PyValueError::new_err("a subarray is no dtype of an array"));
    }
    if model.has_metadata() {
        savable::warn_of_metadata(py, CALLER_OF_MAP)?;
        model = model.without_metadata();
    }
    let order = if fortran_order { Order::F } else { Order::C };
    let header = npy::write_header(&model, &shape, order, version)
        .map_err(|error| errors::refused(py, &error))?;
    if version.is_none() {
        warn_of_version(py, &header, CALLER_OF_MAP)?;
    }
    let layout = ndbytes::Layout::contiguous(&shape, model.itemsize(), order)
        .and_then(|layout| layout.at(header.len()))
        .map_err(|error| errors::decode(py, error))?;
    let about = |error: io::Error| FileError::new(&path, "", error);
    let made = py.detach(|| {
        let target = Target::at(&path, Existing::Replace)?;
        target.write(&WriteOptions::new(), |file| {
            file.write_all(&header).map_err(about)?;
            file.set_len(layout.reach() as u64).map_err(about)
        })
    });
    made.map_err(|error| errors::file(py, &error))?;
    Ok(header.len())
}

/// Open shared memory by its name and return its file descriptor, which the caller closes.
///
/// Unlike `multiprocessing.shared_memory`, this does not make this process responsible for it.
#[pyfunction]
#[pyo3(signature = (name, /, *, writable))]
pub(crate) fn open_shared(py: Python<'_>, name: &str, writable: bool) -> PyResult<i32> {
    #[cfg(unix)]
    {
        use rustix::shm::{Mode, OFlags, open};
        use std::os::fd::IntoRawFd as _;
        let access = if writable { OFlags::RDWR } else { OFlags::RDONLY };
        match open(name, access, Mode::empty()) {
            Ok(opened) => Ok(opened.into_raw_fd()),
            Err(error) => Err(errors::os(py, &error.into(), Some(name.as_ref()))),
        }
    }
    #[cfg(not(unix))]
    {
        use pyo3::exceptions::PyNotImplementedError;
        let _ = (py, name, writable);
        Err(PyNotImplementedError::new_err("shared arrays need the shared memory of POSIX"))
    }
}
