//! Whether every byte is as it should be.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use ndbytes::array::printable;
use ndbytes::npz::Archive;
use ndbytes::{Format, ReadOptions, Verified as CoreVerified, npz};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::bridge::buffer::Input;
use crate::errors;
use crate::limits::{Limits, core_limits};
use crate::looking::{is_file_object, is_path};

/// Checks all there is to check about bytes or a file: its description, sizes and checksums, the
/// members of an archive, the names that a pickle asks for, and that every byte belongs to something.
///
/// A fault is what cannot be read exactly (damaged, cut short), what two readers would read
/// differently (two arrays of one name, two headers that disagree), what asks for code to be run, and
/// bytes that belong to nothing, such as those behind the data. npy and pickle have no checksums: that
/// their elements are those that were written, nobody can tell. Nothing is run, and large arrays are
/// not loaded.
///
/// Parameters
/// ----------
/// data : bytes-like, path or binary file object
///     All of the bytes, the path of a file (``str`` or ``os.PathLike``), or an object with ``read``,
///     which is read to its end.
/// limits : Limits, optional
///     What may be spent on objects and pickles. Archives are read in pieces, however large; what is
///     compressed stands for at most some 1000 times its length, all of which is read. With
///     ``max_bytes`` that is charged, too, which bounds the time that a small archive can take.
///
/// Returns
/// -------
/// Verified
///
/// Raises
/// ------
/// OSError
///     When the file cannot be read. What is wrong with its bytes is not raised.
///
/// Examples
/// --------
/// >>> data = ndbytes.arrays_to_bytes({"x": np.arange(3)})
/// >>> ndbytes.verify(data).ok
/// True
/// >>> found = ndbytes.verify(data[:150] + b"?" + data[151:])
/// >>> found.ok, found.faults[0].entry, found.faults[0].kind
/// (False, 'x.npy', 'malformed')
#[pyfunction]
#[pyo3(signature = (data, /, *, limits = None))]
pub(crate) fn verify(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    limits: Option<&Bound<'_, Limits>>,
) -> PyResult<Verified> {
    let options = ReadOptions::new().limits(core_limits(limits));
    if is_path(data)? {
        return verify_path(py, &data.extract::<PathBuf>()?, &options);
    }
    if is_file_object(data)? {
        let read = data.call_method0(pyo3::intern!(py, "read"))?;
        return verify_bytes(py, &read, &options);
    }
    verify_bytes(py, data, &options)
}

fn verify_path(py: Python<'_>, path: &PathBuf, options: &ReadOptions) -> PyResult<Verified> {
    let os = |error| errors::os(py, &error, Some(path));
    let mut file = File::open(path).map_err(os)?;
    let mut start = Vec::new();
    (&mut file).take(64).read_to_end(&mut start).map_err(os)?;
    let metadata = file.metadata().map_err(os)?;
    let (is_regular, nbytes) = (metadata.is_file(), metadata.len());
    // What the system makes up as it is read says that it is empty, and cannot be mapped.
    let can_be_mapped = is_regular && nbytes > 0;
    match ndbytes::sniff(&start) {
        Some(Format::Npz) if is_regular => {
            let opened = npz::ReadOptions::new().limits(options.limits);
            let found = py.detach(|| match Archive::from_file(file, opened) {
                Ok(archive) => ndbytes::verify_archive(&archive, &|_| {}),
                Err(error) => {
                    let mut found = CoreVerified::default();
                    found.format = Some(Format::Npz);
                    found.nbytes = nbytes;
                    found.faults.push(error);
                    found
                }
            });
            Verified::new(py, found)
        }
        // Of large arrays nothing but the header is looked at, and of what says nothing its end. A
        // pickle that has no magic ends with STOP, and every byte of it counts.
        format @ (Some(Format::Npy) | None)
            if can_be_mapped
                && (format.is_some()
                    || last_byte(&mut file, nbytes).map_err(os)? != Some(b'.')) =>
        {
            let kwargs = PyDict::new(py);
            let mmap = py.import("mmap")?;
            kwargs.set_item("access", mmap.getattr("ACCESS_READ")?)?;
            let opened = py.import("builtins")?.call_method1("open", (path, "rb"))?;
            let number = opened.call_method0("fileno")?;
            let map = mmap.getattr("mmap")?.call((number, 0), Some(&kwargs));
            opened.call_method0("close")?;
            verify_bytes(py, &map?, options)
        }
        _ => {
            let read = match is_regular {
                true => file.rewind().map(|()| start.clear()),
                false => Ok(()),
            };
            read.and_then(|()| file.read_to_end(&mut start)).map_err(os)?;
            verify_bytes(py, PyBytes::new(py, &start).as_any(), options)
        }
    }
}

/// The last byte of a file, if there is one.
fn last_byte(file: &mut File, nbytes: u64) -> io::Result<Option<u8>> {
    file.seek(SeekFrom::Start(nbytes.saturating_sub(1)))?;
    let mut last = Vec::new();
    file.take(1).read_to_end(&mut last)?;
    Ok(last.pop())
}

fn verify_bytes(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    options: &ReadOptions,
) -> PyResult<Verified> {
    let input = Input::new(data, None)?;
    let source = input.source();
    let mut found = py.detach(|| ndbytes::verify(&source, options, &|_| {}));
    let faults = found.faults.into_iter();
    found.faults = faults.map(|fault| ndbytes::explain(fault, &source, None)).collect();
    Verified::new(py, found)
}

/// What a check found; see `verify`.
///
/// Attributes
/// ----------
/// ok : bool
///     Whether there are no faults.
/// format : str or None
///     Such as ``"npz"``; None where the bytes do not say what they are.
/// nbytes : int
///     How many bytes there are.
/// arrays : int
///     How many arrays are as they are described.
/// faults : list of DecodeError
///     What is wrong, each with ``kind``, ``offset``, ``entry`` and ``hint``.
/// notes : list of str
///     What is unusual, though every reader reads it.
#[pyclass(frozen, module = "ndbytes")]
pub(crate) struct Verified {
    #[pyo3(get)]
    ok: bool,
    #[pyo3(get)]
    format: Option<&'static str>,
    #[pyo3(get)]
    nbytes: u64,
    #[pyo3(get)]
    arrays: usize,
    #[pyo3(get)]
    faults: Vec<Py<PyAny>>,
    #[pyo3(get)]
    notes: Vec<String>,
}

impl Verified {
    fn new(py: Python<'_>, found: CoreVerified) -> PyResult<Self> {
        let ok = found.is_fine();
        let CoreVerified { format, nbytes, arrays, faults, notes, .. } = found;
        let faults =
            faults.into_iter().map(|error| errors::decode(py, error).into_value(py).into_any());
        Ok(Self {
            ok,
            format: format.map(Format::name),
            nbytes,
            arrays,
            faults: faults.collect(),
            notes,
        })
    }
}

#[pymethods]
impl Verified {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let verdict = if self.ok { "fine" } else { "FAILED" };
        let format = self.format.unwrap_or("no known format");
        let plural = if self.arrays == 1 { "" } else { "s" };
        let mut lines = vec![format!(
            "{verdict}: {format}, {} bytes, {} array{plural}",
            self.nbytes, self.arrays
        )];
        for fault in &self.faults {
            lines.push(format!("  {}", printable(&fault.bind(py).str()?.to_string())));
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {}", printable(note))));
        Ok(format!("<{}>", lines.join("\n")))
    }
}
