//! What bytes say about themselves, without believing them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ndbytes::{
    DecodeError, Entry as CoreEntry, Format, Order, ReadOptions, Summary as CoreSummary, npz, sniff,
};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::bridge::buffer::Input;
use crate::bridge::descr;
use crate::display::{html, html_lines, html_table, printable};
use crate::errors;

/// What bytes say about themselves: from the description alone, with nothing built and nothing run.
///
/// Parameters
/// ----------
/// data : bytes-like or path
///     All of the bytes, or the path of a file (``str`` or ``os.PathLike``). Of an npy file only the
///     header is read, however large it is.
///
/// Returns
/// -------
/// Summary
///
/// Raises
/// ------
/// DecodeError
///     When they say nothing, or nothing that holds.
///
/// Examples
/// --------
/// >>> summary = ndbytes.inspect(ndbytes.array_to_bytes(np.zeros((2, 3), "<f4")))
/// >>> summary.format, summary.version, summary.nbytes
/// ('npy', '1.0', 152)
/// >>> summary.entries[0].dtype, summary.entries[0].shape
/// (dtype('float32'), (2, 3))
/// >>> ndbytes.inspect(b"\x80\x04cos\nsystem\n.").names
/// ['os.system']
#[pyfunction]
#[pyo3(signature = (data, /))]
pub(crate) fn inspect(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Summary> {
    if data.is_instance_of::<PyString>() || data.hasattr(pyo3::intern!(py, "__fspath__"))? {
        let path: PathBuf = data.extract()?;
        let summary = py.detach(|| inspect_file(&path)).map_err(|trouble| match trouble {
            Trouble::Decode(error) => errors::decode(py, error),
            Trouble::Io(error) => errors::os(py, &error, Some(&path)),
        });
        let (summary, nbytes) = summary?;
        return Summary::new(py, summary, nbytes);
    }
    let input = Input::new(data, None)?;
    let source = input.source();
    // What others may write is copied: a description is read more than once.
    let copied = match source.as_slice() {
        Some(_) => None,
        None => Some(source.to_vec(0, source.len())),
    };
    let bytes = source.as_slice().or(copied.as_deref()).unwrap_or_default();
    let nbytes = bytes.len() as u64;
    let summary = ndbytes::inspect(bytes, nbytes, &ReadOptions::new())
        .map_err(|error| errors::decode(py, error))?;
    Summary::new(py, summary, nbytes)
}

enum Trouble {
    Decode(DecodeError),
    Io(io::Error),
}

/// Nearly every description is shorter.
const ENOUGH_FOR_MOST: u64 = 4096;

/// What a file says about itself, and its length. Formats whose description is at the start are
/// read no further.
fn inspect_file(path: &Path) -> Result<(CoreSummary, u64), Trouble> {
    let mut file = File::open(path).map_err(Trouble::Io)?;
    let length = file.metadata().map_err(Trouble::Io)?.len();
    let (mut bytes, options) = (Vec::new(), ReadOptions::new());
    let mut wanted = ENOUGH_FOR_MOST;
    loop {
        let read = (&mut file).take(wanted).read_to_end(&mut bytes).map_err(Trouble::Io)?;
        let is_all = (read as u64) < wanted;
        let nbytes = length.max(bytes.len() as u64);
        // An archive says what it holds at its end, other formats may have something to say there.
        if !is_all && sniff(&bytes) == Some(Format::Npz) {
            let options = npz::ReadOptions::new();
            let archive = npz::Archive::from_reader(file, options).map_err(Trouble::Decode)?;
            return Ok((ndbytes::inspect_archive(&archive, &options.limits), archive.nbytes()));
        }
        let at_start = sniff(&bytes) == Some(Format::Npy);
        if !at_start && !is_all {
            wanted = u64::MAX;
            continue;
        }
        match ndbytes::inspect(&bytes, nbytes, &options) {
            Ok(summary) => return Ok((summary, nbytes)),
            Err(error) => match error.needed() {
                Some(needed) if !is_all => {
                    wanted = needed.saturating_sub(bytes.len() as u64).max(1)
                }
                _ => return Err(Trouble::Decode(error)),
            },
        }
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
/// nbytes : int
///     How many bytes there are in all.
/// entries : list of Entry
///     The arrays.
/// names : list of str
///     What a pickle asks for. None of it is imported; what would be refused is among the oddities.
/// oddities : list of str
///     What is unusual, damaged or refused, in words.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Summary {
    #[pyo3(get)]
    format: &'static str,
    #[pyo3(get)]
    version: Option<String>,
    #[pyo3(get)]
    nbytes: u64,
    #[pyo3(get)]
    entries: Vec<Py<Entry>>,
    #[pyo3(get)]
    names: Vec<String>,
    #[pyo3(get)]
    oddities: Vec<String>,
}

impl Summary {
    fn new(py: Python<'_>, summary: CoreSummary, nbytes: u64) -> PyResult<Self> {
        let entries = summary.entries.iter().map(|entry| Py::new(py, Entry::new(py, entry)?));
        Ok(Self {
            format: summary.format.name(),
            version: summary.version,
            nbytes,
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
        format!("{}{version}, {} bytes", self.format, self.nbytes)
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
            let titles =
                ["name", "dtype", "shape", "order", "data from byte", "bytes", "compression"];
            let shown = self.entries.iter().take(MOST_SHOWN);
            let rows: Vec<Vec<String>> =
                shown.map(|entry| entry.get().row(py)).collect::<PyResult<_>>()?;
            page.push_str(&html_table(&titles, &[4, 5], &rows));
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
/// nbytes : int or None
///     The bytes that the data takes; None when only reading would tell.
/// compression : str or None
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
    nbytes: Option<u64>,
    #[pyo3(get)]
    compression: Option<String>,
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
            nbytes: entry.nbytes,
            compression: entry.compression.map(str::to_owned),
        })
    }

    fn line(&self, py: Python<'_>) -> PyResult<String> {
        let name = self.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        let place =
            self.offset.map_or(String::new(), |offset| format!(", data from byte {offset}"));
        let how = self.compression.as_ref().map_or(String::new(), |how| format!(", {how}"));
        let (dtype, shape) = (self.dtype_in_short(py)?, self.shape.bind(py).repr()?);
        Ok(printable(&format!("{name}{dtype} {shape} in {} order{place}{how}", self.order)))
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
            number(self.offset),
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
