//! What bytes say about themselves, without believing them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ndbytes::array::printable;
use ndbytes::{
    DecodeError, Entry as CoreEntry, Order, ReadOptions, Source, Summary as CoreSummary,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::bridge::buffer::Input;
use crate::bridge::descr;
use crate::display::{html, html_lines, html_table};
use crate::errors;
use crate::guessing::explained;
use crate::pyfile::PythonFile;

/// What bytes say about themselves: from the description alone, with nothing built and nothing run.
///
/// Parameters
/// ----------
/// data : bytes-like, path or binary file object
///     All of the bytes or the start of them, the path of a file (``str`` or ``os.PathLike``), or an
///     object with ``read``. Of an npy file only the header is read, however large it is, and of an npz
///     file the directory and the headers. Of a stream that cannot seek 64 KiB are taken, or what the
///     description needs; one that can is put back to where it stood.
///
/// Returns
/// -------
/// Summary
///
/// Raises
/// ------
/// DecodeError
///     When they say nothing, or nothing that holds.
/// OSError
///     When the file cannot be read.
///
/// Examples
/// --------
/// >>> summary = ndbytes.inspect(ndbytes.array_to_bytes(np.zeros((2, 3), "<f4")))
/// >>> summary.format, summary.version, summary.nbytes
/// ('npy', '1.0', 152)
/// >>> summary.entries[0].dtype, summary.entries[0].shape
/// (dtype('float32'), (2, 3))
/// >>> summary = ndbytes.inspect(ndbytes.array_to_bytes(np.zeros(1000))[:200])
/// >>> summary.entries[0].shape, summary.oddities
/// ((1000,), ['cut short: the data ends at byte 8128, there are 200 bytes'])
/// >>> ndbytes.inspect(b"\x80\x04cos\nsystem\n.").names
/// ['os.system']
#[pyfunction]
#[pyo3(signature = (data, /))]
pub(crate) fn inspect(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Summary> {
    let is_bytes = data.is_exact_instance_of::<PyBytes>();
    if !is_bytes && is_path(data)? {
        let path: PathBuf = data.extract()?;
        let os = |error| errors::os(py, &error, Some(&path));
        let mut file = File::open(&path).map_err(os)?;
        let kind = file.metadata().map_err(os)?.file_type();
        // Not every system says on opening that a folder is none.
        if kind.is_dir() {
            return Err(os(io::ErrorKind::IsADirectory.into()));
        }
        let summary = py.detach(|| match kind.is_file() {
            true => ndbytes::inspect_file(file, &ReadOptions::new()),
            false => ndbytes::inspect_stream(&mut file, &ReadOptions::new()),
        });
        let summary = summary.map_err(|error| match kind.is_file() {
            true => named_by_start(error, &path),
            false => error,
        });
        return Summary::new(py, summary.map_err(|error| errors::decode(py, error))?);
    }
    if !is_bytes && is_file_object(data)? {
        return inspect_object(py, data);
    }
    let input = Input::new(data, None)?;
    let source = input.source();
    // What others may write is copied: a description is read more than once.
    let copied = match source.as_slice() {
        Some(_) => None,
        None => Some(source.to_vec(0, source.len())),
    };
    let bytes = source.as_slice().or(copied.as_deref()).unwrap_or_default();
    let summary = ndbytes::inspect(bytes, bytes.len() as u64, &ReadOptions::new())
        .map_err(|error| explained(py, error, &input, None))?;
    Summary::new(py, summary)
}

/// So much of a file tells what it is, if it is no array.
const START: u64 = 64 << 10;

/// The error, with what the file is in its hint, if that is known by name.
#[cold]
fn named_by_start(error: DecodeError, path: &Path) -> DecodeError {
    let mut start = Vec::new();
    match File::open(path).and_then(|file| file.take(START).read_to_end(&mut start)) {
        Ok(_) => ndbytes::explain_to(error, &Source::slice(&start), None, &|_| None),
        Err(_) => error,
    }
}

/// Whether `data` is the path of a file.
pub(crate) fn is_path(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = data.py();
    Ok(data.is_instance_of::<PyString>() || data.hasattr(pyo3::intern!(py, "__fspath__"))?)
}

/// Whether `data` is to be read: a memory map is, and yet it is bytes.
pub(crate) fn is_file_object(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = data.py();
    Ok(data.hasattr(pyo3::intern!(py, "read"))? && !data.hasattr(pyo3::intern!(py, "__len__"))?)
}

/// What is in a file object from where it stands. One that can seek is put back there.
fn inspect_object(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Summary> {
    let seekable = object.hasattr("seekable")? && object.call_method0("seekable")?.is_truthy()?;
    let mut stream = PythonFile::new(object);
    let (raised, at) = (stream.raised(), seekable.then(|| stream.position()));
    let summary = py.detach(|| match at {
        Some(0) => ndbytes::inspect_reader(&mut stream, &ReadOptions::new()),
        _ => ndbytes::inspect_stream(&mut stream, &ReadOptions::new()),
    });
    if let Some(at) = at {
        object.call_method1("seek", (at,))?;
    }
    match (raised.take(), summary) {
        (Some(exception), _) => Err(exception),
        (None, summary) => Summary::new(py, summary.map_err(|error| errors::decode(py, error))?),
    }
}

/// What bytes say about themselves; see `inspect`. Notebooks show it as a table.
///
/// Attributes
/// ----------
/// format : str
///     Such as ``"npy"`` or ``"pickle"``.
/// version : str or None
///     The format's version, such as ``"1.0"``; of a pickle, the protocol.
/// nbytes : int or None
///     How many bytes there are in all; None of a stream that was not read to its end.
/// entries : list of Entry
///     The arrays.
/// names : list of str
///     What a pickle asks for, or in npy and npz that of objects, of which the first 64 KiB are looked
///     at. None of it is imported; what would be refused is among the oddities.
/// oddities : list of str
///     What is unusual, damaged or refused, in words.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Summary {
    #[pyo3(get)]
    format: &'static str,
    #[pyo3(get)]
    version: Option<String>,
    #[pyo3(get)]
    nbytes: Option<u64>,
    #[pyo3(get)]
    entries: Vec<Py<Entry>>,
    #[pyo3(get)]
    names: Vec<String>,
    #[pyo3(get)]
    oddities: Vec<String>,
}

impl Summary {
    fn new(py: Python<'_>, summary: CoreSummary) -> PyResult<Self> {
        let entries = summary.entries.iter().map(|entry| Py::new(py, Entry::new(py, entry)?));
        Ok(Self {
            format: summary.format.name(),
            version: summary.version,
            nbytes: summary.nbytes,
            entries: entries.collect::<PyResult<_>>()?,
            names: summary.names.into_iter().map(|name| name.name).collect(),
            oddities: summary.oddities,
        })
    }
}

/// Entries and names that are shown; an archive may hold a million.
const MOST_SHOWN: usize = 50;

impl Summary {
    fn title(&self) -> String {
        let version = self.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
        let nbytes = self.nbytes.map_or(String::new(), |nbytes| format!(", {nbytes} bytes"));
        format!("{}{version}{nbytes}", self.format)
    }

    /// What is said besides the entries.
    fn remarks(&self) -> Vec<String> {
        let more = |count: usize| count.checked_sub(MOST_SHOWN).filter(|&more| more > 0);
        let mut remarks = Vec::new();
        remarks.extend(more(self.entries.len()).map(|more| format!("... {more} more entries")));
        if !self.names.is_empty() {
            let shown: Vec<&str> = self.names.iter().take(MOST_SHOWN).map(String::as_str).collect();
            let more =
                more(self.names.len()).map_or(String::new(), |more| format!(", ... {more} more"));
            remarks.push(format!("asks for: {}{more}", shown.join(", ")));
        }
        remarks.extend(self.oddities.iter().map(|oddity| format!("odd: {oddity}")));
        remarks
    }
}

#[pymethods]
impl Summary {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut lines = vec![self.title()];
        for entry in self.entries.iter().take(MOST_SHOWN) {
            lines.push(format!("  {}", entry.get().line(py)?));
        }
        lines.extend(self.remarks().iter().map(|remark| format!("  {}", printable(remark))));
        Ok(format!("<{}>", lines.join("\n")))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let mut page = format!("<div><strong>{}</strong></div>", html(&self.title()));
        if !self.entries.is_empty() {
            let titles = [
                "name",
                "dtype",
                "shape",
                "order",
                "npy",
                "data from byte",
                "aligned to",
                "bytes",
                "compression",
            ];
            let shown = self.entries.iter().take(MOST_SHOWN);
            let rows: Vec<Vec<String>> =
                shown.map(|entry| entry.get().row(py)).collect::<PyResult<_>>()?;
            page.push_str(&html_table(&titles, &[5, 6, 7], &rows));
        }
        page.push_str(&html_lines(self.remarks().iter().map(String::as_str)));
        Ok(page)
    }
}

/// What bytes say about one array; see `inspect`.
///
/// Attributes
/// ----------
/// name : str or None
///     Its name, in formats that hold several; in a pickle, where it is, such as ``'["x"][0]'``.
/// dtype : numpy.dtype
/// shape : tuple of int
/// order : {"C", "F"}
/// offset : int or None
///     The byte where the data starts; None where it does not lie there as it is.
/// offset_inside : int or None
///     Of an array that is compressed, the byte of its npy, once that is inflated, where the data starts.
/// alignment : int or None
///     The largest power of two, at most 64, of which ``offset`` is a multiple, or ``offset_inside``.
/// nbytes : int or None
///     The bytes that the data takes; None when only reading would tell.
/// compression : str or None
/// version : str or None
///     The version of the npy that it is, in an npz, too; None in a pickle.
/// names : list of str
///     What the pickle of its objects asks for in the first 64 KiB of its npy.
/// oddities : list of str
///     What is unusual about this array; among those of the summary, too.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Entry {
    #[pyo3(get)]
    name: Option<String>,
    #[pyo3(get)]
    dtype: Py<PyAny>,
    #[pyo3(get)]
    shape: Py<PyTuple>,
    #[pyo3(get)]
    order: &'static str,
    #[pyo3(get)]
    offset: Option<u64>,
    #[pyo3(get)]
    offset_inside: Option<u64>,
    #[pyo3(get)]
    alignment: Option<u64>,
    #[pyo3(get)]
    nbytes: Option<u64>,
    #[pyo3(get)]
    compression: Option<String>,
    #[pyo3(get)]
    version: Option<String>,
    #[pyo3(get)]
    names: Vec<String>,
    #[pyo3(get)]
    oddities: Vec<String>,
}

impl Entry {
    fn new(py: Python<'_>, entry: &CoreEntry) -> PyResult<Self> {
        let dtype = descr::make(py, &entry.dtype);
        Ok(Self {
            name: entry.name.clone(),
            dtype: dtype.map_err(|error| errors::from_numpy(py, error))?.unbind(),
            shape: PyTuple::new(py, &entry.shape[..])?.unbind(),
            order: if entry.order == Order::F { "F" } else { "C" },
            offset: entry.offset,
            offset_inside: entry.offset_inside,
            alignment: entry.alignment(),
            nbytes: entry.nbytes,
            compression: entry.compression.map(str::to_owned),
            version: entry.version.clone(),
            names: entry.names.iter().map(|name| name.name.clone()).collect(),
            oddities: entry.oddities.clone(),
        })
    }

    fn line(&self, py: Python<'_>) -> PyResult<String> {
        let name = self.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        let place =
            self.offset.map_or(String::new(), |offset| format!(", data from byte {offset}"));
        let how = self.compression.as_ref().map_or(String::new(), |how| format!(", {how}"));
        let (dtype, shape) = (self.dtype_in_short(py)?, self.shape.bind(py).repr()?);
        // Of an npy on its own the summary has said so.
        let version = self.version.as_ref().filter(|_| self.name.is_some());
        let version = version.map_or(String::new(), |version| format!(", npy {version}"));
        let line = format!("{name}{dtype} {shape} in {} order{version}{place}{how}", self.order);
        Ok(printable(&line).into_owned())
    }

    /// What a table says of it.
    fn row(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let number =
            |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
        Ok(vec![
            self.name.clone().unwrap_or_default(),
            self.dtype_in_short(py)?,
            self.shape.bind(py).repr()?.to_string(),
            self.order.to_owned(),
            self.version.clone().unwrap_or_default(),
            number(self.offset),
            number(self.alignment),
            number(self.nbytes),
            self.compression.clone().unwrap_or_default(),
        ])
    }

    /// A structure of many fields has a name of many lines.
    fn dtype_in_short(&self, py: Python<'_>) -> PyResult<String> {
        let text = self.dtype.bind(py).str()?.to_string();
        let names = self.dtype.bind(py).getattr("names")?;
        match text.len() > 200 && !names.is_none() {
            true => Ok(format!("structure of {} fields", names.len()?)),
            false => Ok(text),
        }
    }
}

#[pymethods]
impl Entry {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<{}>", self.line(py)?))
    }
}
