//! Several arrays with their names, to bytes and files and back: npz.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use ndbytes::files::{self, Existing, FileError, NpzChanges, Target};
use ndbytes::npz::{self, Archive, Compression, Directory, Held, Member, Prepared, WriteOptions};
use ndbytes::{
    Array, DecodeError, EncodeError, Format, Limits as CoreLimits, ReadOptions, Source, npy, pickle,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyString};

use crate::arguments::{self, format_named, threads_or_default};
use crate::bridge::buffer::{Input, RELEASE_FROM, filled_bytes};
use crate::bridge::ndarray;
use crate::errors;
use crate::files::of_objects;
use crate::guessing::explained;
use crate::limits::{Limits, core_limits};
use crate::pickle::encoding_of;
use crate::pyfile::{PythonFile, Raised};
use crate::savable::{self, Masks};
use crate::values::{self, Elements};

/// Write several arrays, each with its name, as self-describing bytes.
///
/// Parameters
/// ----------
/// arrays : mapping of str to array_like
///     The arrays by their names, which may be any text without NUL characters.
/// format : {"npz"}
///     The format: npz bytes are those of a file that ``numpy.load`` reads. The same arrays give the
///     same bytes each time, on every machine and with any number of threads.
/// compression : {None, "deflate", "zstd"}
///     ``None``: data starts at multiples of 64 bytes and is read back without a copy.
///     ``"deflate"``: as ``numpy.savez_compressed``, for every reader. ``"zstd"``: smaller and
///     faster, but only ndbytes and, from 3.14 on, Python read it. An array that does not get shorter
///     is left as it is.
/// level : int, optional
///     How hard to look for what can be shortened: 0 to 9 for deflate (6 unless given), 1 to 19 for
///     zstd (3).
/// threads : int, optional
///     As in `array_to_bytes`.
///
/// Returns
/// -------
/// bytes
///
/// Raises
/// ------
/// EncodeError
///     When an array cannot be held exactly, as in `array_to_bytes`, or a name cannot.
///
/// Examples
/// --------
/// >>> data = ndbytes.arrays_to_bytes({"x": np.arange(3), "y": np.eye(2)})
/// >>> ndbytes.bytes_to_arrays(data)["y"]
/// array([[1., 0.],
///        [0., 1.]])
#[pyfunction]
#[pyo3(signature = (arrays, /, *, format="npz", compression=None, level=None, threads=None))]
pub(crate) fn arrays_to_bytes<'py>(
    py: Python<'py>,
    arrays: &Bound<'py, PyAny>,
    format: &str,
    compression: Option<&str>,
    level: Option<i32>,
    #[pyo3(from_py_with = arguments::threads)] threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    if format_named(format)? != Format::Npz {
        let message = format!("{format} holds one array. Hint: array_to_bytes writes it");
        return Err(PyValueError::new_err(message));
    }
    let options = write_options(compression, level, threads)?;
    let arrays = Named::plain(arrays)?;
    let views = arrays.views()?;
    npz_bytes(py, &views, &options)
}

/// npz bytes of arrays that have been looked at.
pub(crate) fn npz_bytes<'py>(
    py: Python<'py>,
    views: &[(String, Array<'_>)],
    options: &WriteOptions,
) -> PyResult<Bound<'py, PyBytes>> {
    let prepared = Prepared::new(views).map_err(|error| errors::refused(py, &error))?;
    if options.compression != Compression::None {
        let bytes = py.detach(|| prepared.write_to(Vec::new(), options));
        return Ok(PyBytes::new(py, &bytes.map_err(|error| from_io(py, error, None))?));
    }
    // The length is known, so the bytes are written where they stay.
    let len = usize::try_from(prepared.stored_len()).unwrap_or(usize::MAX);
    let mut written = Ok(());
    let bytes = filled_bytes(py, len, |sink| {
        written = prepared.write_to(&mut *sink, options).map(|_| ());
        // What failed is given to nobody.
        while !sink.is_full() && sink.write(&[0; 4096]).is_ok() {}
    })?;
    written.map_err(|error| from_io(py, error, None))?;
    Ok(bytes)
}

/// Read all arrays in self-describing bytes that hold several.
///
/// Parameters
/// ----------
/// data : bytes-like
///     As in `bytes_to_array`.
/// format : {None, "npz"}
///     The format; ``None`` tells it from how the bytes start.
/// copy : bool, optional
///     As in `bytes_to_array`. What is compressed is always made anew.
/// limits : Limits, optional
///     What reading may spend, on all arrays together. Views are free.
///
/// Returns
/// -------
/// dict of str to numpy.ndarray
///     In the order of the bytes. Folders, and members of an npz that are no arrays, are left out;
///     `inspect` lists them.
///
/// Raises
/// ------
/// DecodeError
///     When the bytes or one of the arrays are damaged, or ask for too much; ``.entry`` says which.
///
/// Examples
/// --------
/// >>> data = ndbytes.arrays_to_bytes({"x": np.arange(3)}, compression="deflate")
/// >>> ndbytes.bytes_to_arrays(data)
/// {'x': array([0, 1, 2])}
#[pyfunction]
#[pyo3(signature = (data, /, *, format=None, copy=None, limits=None))]
pub(crate) fn bytes_to_arrays<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    format: Option<&str>,
    copy: Option<bool>,
    limits: Option<&Bound<'py, Limits>>,
) -> PyResult<Bound<'py, PyDict>> {
    let input = Input::new(data, copy)?;
    let limits = core_limits(limits);
    let mut options = ReadOptions::new().limits(limits);
    if let Some(name) = format {
        options = options.format(format_named(name)?);
    }
    let source = input.source();
    let read = || ndbytes::read_source(source, &options);
    let entries = match input.len() < RELEASE_FROM {
        true => read(),
        false => py.detach(read),
    }
    .map_err(|error| explained(py, error, &input, None))?;
    if copy == Some(true) {
        let all = entries.iter().map(|(_, array)| array.nbytes() as u64).sum();
        limits.check_bytes(all, input.len() as u64).map_err(|error| errors::decode(py, error))?;
    }
    let result = PyDict::new(py);
    for (name, array) in entries {
        let Some(name) = name else {
            let found = "these bytes hold one array, which has no name";
            return Err(errors::unsupported(py, found, "bytes_to_array(data) reads it"));
        };
        result.set_item(name, to_numpy(py, Some(&input), &array, copy, &limits)?)?;
    }
    Ok(result)
}

/// A NumPy array of what was read, from `input` or into memory of its own.
fn to_numpy<'py>(
    py: Python<'py>,
    input: Option<&Input<'py>>,
    array: &Array<'_>,
    copy: Option<bool>,
    limits: &CoreLimits,
) -> PyResult<Bound<'py, PyAny>> {
    if array.dtype().has_objects() {
        if copy == Some(false) {
            let found = "objects are made anew, so a view on the input is not possible";
            return Err(errors::unsupported(py, found, "copy=None"));
        }
        return values::array(py, array, Elements { input, copy, buffers: &[] }, limits);
    }
    match input {
        Some(input) => ndarray::from_input(input, array, copy),
        None => ndarray::from_memory(py, array),
    }
}

/// Arrays by their names, as NumPy's.
struct Named<'py> {
    arrays: Vec<(String, Bound<'py, PyAny>)>,
}

impl<'py> Named<'py> {
    /// The arrays of a mapping, none of which would lose anything.
    fn plain(arrays: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(arrays, ndarray::plain)
    }

    fn of(
        arrays: &Bound<'py, PyAny>,
        array: impl Fn(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let items = match arrays.cast::<PyDict>() {
            Ok(dict) => dict.items(),
            Err(_) => arrays
                .cast::<PyMapping>()
                .map_err(|_| {
                    let hint = "Hint: a dict says how each array is called: {\"x\": array}";
                    PyTypeError::new_err(format!("arrays must be a mapping of names. {hint}"))
                })?
                .items()?,
        };
        let arrays = items.iter().map(|item| {
            let (name, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
            Ok((name_of(&name)?, array(&value)?))
        });
        Ok(Self { arrays: arrays.collect::<PyResult<_>>()? })
    }

    fn have_objects(&self) -> PyResult<bool> {
        for (_, array) in &self.arrays {
            if ndarray::has_objects(array)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn views(&self) -> PyResult<Vec<(String, Array<'_>)>> {
        let views = self.arrays.iter().map(|(name, array)| {
            let view = ndarray::view(array)?;
            if !view.dtype().has_objects() {
                return Ok((name.clone(), view));
            }
            let mut object = values::objects(array)?;
            Ok((name.clone(), values::array_of_objects(&view, &mut object)?.to_owned()))
        });
        views.collect()
    }
}

fn name_of(name: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = name.py();
    let Ok(text) = name.cast::<PyString>() else {
        let class = name.get_type().name()?;
        return Err(PyTypeError::new_err(format!("the names of arrays are str, not {class}")));
    };
    let encoded = text.to_str().map(str::to_owned);
    encoded.map_err(|_| {
        let found = format!("the name {text:?} holds half of a surrogate pair, which is no text");
        errors::encode(py, &found, None)
    })
}

fn write_options(
    compression: Option<&str>,
    level: Option<i32>,
    threads: Option<usize>,
) -> PyResult<WriteOptions> {
    let mut options = WriteOptions::new().threads(threads_or_default(threads));
    if let Some(name) = compression {
        options = options.compression(Compression::from_name(name).ok_or_else(|| {
            let message = format!("compression {name:?} is not one of None, 'deflate' and 'zstd'");
            PyValueError::new_err(message)
        })?);
    }
    match (level, compression) {
        (Some(_), None) => Err(PyValueError::new_err("a level needs a compression")),
        (Some(level), _) => Ok(options.level(level)),
        (None, _) => Ok(options),
    }
}

/// Warnings are about the line that calls `ndbytes.savez`, whose frame is the second.
const CALLER: i32 = 3;

/// Write an npz file: at a path, where it appears whole or not at all, or to a file object.
#[pyfunction]
#[pyo3(signature = (file, arrays, /, *, allow_pickle=true, compression=None, level=None, threads=None, durable=false))]
#[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
pub(crate) fn save_npz<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    arrays: &Bound<'py, PyAny>,
    allow_pickle: bool,
    compression: Option<&str>,
    level: Option<i32>,
    #[pyo3(from_py_with = arguments::threads)] threads: Option<usize>,
    durable: bool,
) -> PyResult<()> {
    let options = write_options(compression, level, threads)?;
    let arrays = Named::of(arrays, |array| savable::plain(array, "npz", Masks::Dropped, CALLER))?;
    if !allow_pickle && arrays.have_objects()? {
        let said = "Object arrays cannot be saved when allow_pickle=False";
        return Err(PyValueError::new_err(said));
    }
    let views = arrays.views()?.into_iter();
    let views = views
        .map(|(name, view)| savable::without_metadata(py, view, CALLER).map(|view| (name, view)));
    let views: Vec<_> = views.collect::<PyResult<_>>()?;
    let prepared = Prepared::new(&views).map_err(|error| errors::refused(py, &error))?;
    if file.hasattr("write")? {
        let stream = PythonFile::new(file);
        let raised = stream.raised();
        let at = stream.position();
        let written = py.detach(|| prepared.write_behind(at, stream, &options).map(|_| ()));
        return written.map_err(|error| from_io(py, error, Some(&raised)));
    }
    let path: PathBuf = file.extract()?;
    let file_options = files::WriteOptions::new().durable(durable);
    let written = py.detach(|| {
        let target = Target::at(&path, Existing::Replace)?;
        let about = |error| FileError::new(&path, "", error);
        let stored = prepared.stored_len();
        let fill = |out: &mut dyn io::Write| prepared.write_to(out, &options).map(drop);
        if options.compression != Compression::None {
            return target.write(&file_options, |mut file| fill(&mut file).map_err(about));
        }
        target.write(&file_options.length(stored), |file| {
            files::write_behind(file, stored, fill).map_err(about)
        })
    });
    written.map_err(|error| from_file(py, error))
}

/// Change an npz file without compressing anew what stays in it.
#[pyfunction]
#[pyo3(signature = (path, arrays, remove, rename, /, *, compression=None, level=None, threads=None, durable=false))]
#[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
pub(crate) fn change_npz(
    py: Python<'_>,
    path: PathBuf,
    arrays: &Bound<'_, PyAny>,
    remove: Vec<String>,
    rename: Vec<(String, String)>,
    compression: Option<&str>,
    level: Option<i32>,
    #[pyo3(from_py_with = arguments::threads)] threads: Option<usize>,
    durable: bool,
) -> PyResult<()> {
    let options = write_options(compression, level, threads)?;
    let arrays = Named::plain(arrays)?;
    let views = arrays.views()?;
    let file_options = files::WriteOptions::new().durable(durable);
    let changes = NpzChanges { remove: &remove, rename: &rename, set: &views };
    let changed = py.detach(|| files::change_npz(&path, &changes, &options, &file_options));
    changed.map_err(|error| from_file(py, error))
}

/// An npz archive that is read member by member: in a file, a file object or a bytes-like object.
#[pyclass(module = "ndbytes._native")]
pub(crate) struct NpzReader {
    place: Place,
    directory: Arc<Directory>,
    options: npz::ReadOptions,
    limits: CoreLimits,
    allow_pickle: bool,
    encoding: String,
}

enum Place {
    /// A bytes-like object.
    Memory(Py<PyAny>),
    File(Archive<'static>),
    Object(Archive<'static>, Raised),
    Closed,
}

#[pymethods]
impl NpzReader {
    #[new]
    #[pyo3(signature = (source, /, *, check_crc=true, allow_pickle=true, encoding="latin1", limits=None))]
    fn new(
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        check_crc: bool,
        allow_pickle: bool,
        encoding: &str,
        limits: Option<&Bound<'_, Limits>>,
    ) -> PyResult<Self> {
        let limits = limits.map_or_else(CoreLimits::none, |limits| core_limits(Some(limits)));
        let options = npz::ReadOptions::new().limits(limits).check_crc(check_crc);
        let decode = |error| errors::decode(py, error);
        let (place, directory) =
            if source.hasattr("read")? && source.hasattr("seek")? && !source.hasattr("__len__")? {
                let stream = PythonFile::new(source);
                let raised = stream.raised();
                let archive = Archive::from_reader(stream, options)
                    .map_err(|error| raised.take().unwrap_or_else(|| decode(error)))?;
                let directory = archive.directory().clone();
                (Place::Object(archive, raised), directory)
            } else if source.is_instance_of::<PyString>() {
                let path: PathBuf = source.extract()?;
                let file = File::open(&path)
                    .map_err(|error| from_file(py, FileError::new(&path, "", error)))?;
                let archive = Archive::from_file(file, options).map_err(decode)?;
                let directory = archive.directory().clone();
                (Place::File(archive), directory)
            } else {
                let input = Input::new(source, None)?;
                let archive = Archive::new(input.source(), options).map_err(decode)?;
                (Place::Memory(input.keeper().clone().unbind()), archive.directory().clone())
            };
        let encoding = encoding.to_owned();
        Ok(Self { place, directory, options, limits, allow_pickle, encoding })
    }

    /// The names of all members.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.directory.members().iter().map(Member::name))
    }

    /// How many bytes each member has, unpacked.
    #[getter]
    fn sizes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.directory.members().iter().map(Member::size))
    }

    /// The array, or the bytes, of the member at `index`.
    #[pyo3(signature = (index, copy=None, /))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        index: usize,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut held = self.read_all(py, vec![index], copy)?;
        Ok(held.swap_remove(0))
    }

    /// The arrays, or the bytes, of several members, read by several threads.
    #[pyo3(signature = (indices, copy=None, /))]
    fn read_all<'py>(
        &self,
        py: Python<'py>,
        indices: Vec<usize>,
        copy: Option<bool>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let all = self.directory.members();
        let members: Option<Vec<&Member>> = indices.iter().map(|&index| all.get(index)).collect();
        let members = members.ok_or_else(|| PyValueError::new_err("there is no such member"))?;
        let (archive, raised) = match &self.place {
            Place::Closed => return Err(PyValueError::new_err("the archive is closed")),
            Place::File(archive) => (archive, None),
            Place::Object(archive, raised) => (archive, Some(raised)),
            Place::Memory(data) => {
                let input = Input::new(data.bind(py), None)?;
                let archive =
                    Archive::with_directory(input.source(), self.directory.clone(), self.options)
                        .map_err(|error| errors::decode(py, error))?;
                return self.held(py, &archive, Some(&input), &members, copy, None);
            }
        };
        self.held(py, archive, None, &members, copy, raised)
    }

    /// Lets go of the file.
    fn close(&mut self) {
        self.place = Place::Closed;
    }
}

impl NpzReader {
    fn held<'py>(
        &self,
        py: Python<'py>,
        archive: &Archive<'_>,
        input: Option<&Input<'py>>,
        members: &[&Member],
        copy: Option<bool>,
        raised: Option<&Raised>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let failed = |error| match raised.and_then(Raised::take) {
            Some(raised) => raised,
            None => errors::decode(py, error),
        };
        if !self.allow_pickle {
            for header in archive.headers(members, &self.limits) {
                if header.is_ok_and(|header| header.dtype.has_objects()) {
                    let said = "Object arrays cannot be loaded when allow_pickle=False";
                    return Err(PyValueError::new_err(said));
                }
            }
        }
        let total: u64 = members.iter().map(|member| member.size()).sum();
        let mut held = match total < RELEASE_FROM as u64 && raised.is_none() {
            true => archive.read_all(members),
            false => py.detach(|| archive.read_all(members)),
        }
        .map_err(failed)?;
        // Each is let go of before the next is made.
        let each = held.drain(..).zip(members).map(|(held, member)| match held {
            Held::Array(array) if array.dtype().has_objects() && self.encoding != "latin1" => {
                let bytes = archive.bytes(member).map_err(failed)?;
                self.objects(py, &bytes)
            }
            Held::Array(array) => to_numpy(py, input, &array, copy, &self.limits),
            Held::Bytes(bytes) => bytes_of(py, &bytes),
        });
        each.collect()
    }

    /// The array of objects in the npy bytes `source`, in which the strings of Python 2 are in another
    /// encoding.
    fn objects<'py>(&self, py: Python<'py>, source: &Source<'_>) -> PyResult<Bound<'py, PyAny>> {
        let decode = |error| errors::decode(py, error);
        let bytes = source.to_vec(0, source.len());
        let header = npy::Header::read(&bytes, &self.limits).map_err(decode)?;
        let options = pickle::ReadOptions::new().limits(self.limits);
        let options = options.encoding(encoding_of(&self.encoding)?);
        of_objects(py, &bytes, &header, options)
    }
}

fn bytes_of<'py>(py: Python<'py>, source: &Source<'_>) -> PyResult<Bound<'py, PyAny>> {
    let bytes = filled_bytes(py, source.len(), |sink| source.write_to(sink))?;
    Ok(bytes.into_any())
}

/// The exception for what went wrong with a file, or with what goes into it.
fn from_file(py: Python<'_>, error: FileError) -> PyErr {
    match error.io().get_ref() {
        Some(inner) if inner.is::<EncodeError>() || inner.is::<DecodeError>() => {
            from_io(py, error.into_io(), None)
        }
        _ => errors::file(py, &error),
    }
}

/// The exception for what went wrong with a stream: what Python raised, what cannot be written or
/// read, or the system's.
fn from_io(py: Python<'_>, error: io::Error, raised: Option<&Raised>) -> PyErr {
    if let Some(raised) = raised.and_then(Raised::take) {
        return raised;
    }
    let error = match error.downcast::<EncodeError>() {
        Ok(refused) => return errors::refused(py, &refused),
        Err(error) => error,
    };
    match error.downcast::<DecodeError>() {
        Ok(error) => errors::decode(py, error),
        Err(error) => errors::os(py, &error, None),
    }
}
