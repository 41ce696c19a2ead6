//! A Python file object as Rust's streams, for work that other threads do.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge::buffer;

/// More than so many bytes are not asked for, or given, at once.
const PIECE: usize = 16 << 20;

/// A file object. Each call takes the interpreter's lock for as long as it lasts.
pub(crate) struct PythonFile {
    object: Py<PyAny>,
    raised: Raised,
}

/// What the file object raised, which an `io::Error` cannot say.
#[derive(Clone, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    /// The exception, if there was one.
    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl PythonFile {
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> Self {
        Self { object: object.clone().unbind(), raised: Raised::default() }
    }

    /// Where an exception will be.
    pub(crate) fn raised(&self) -> Raised {
        self.raised.clone()
    }

    /// Where it stands; 0 for what does not know, such as a pipe.
    pub(crate) fn position(&self) -> u64 {
        let tell = |py: Python<'_>| self.object.call_method0(py, "tell")?.extract(py);
        Python::attach(tell).unwrap_or(0)
    }

    fn call<T>(&self, call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| {
            call(self.object.bind(py)).map_err(|error| {
                let said = error.to_string();
                self.raised.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                io::Error::other(said)
            })
        })
    }
}

impl Read for PythonFile {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.call(|file| {
            let wanted = to.len().min(PIECE);
            let read = file.call_method1("read", (wanted,))?;
            let Ok(bytes) = read.cast::<PyBytes>() else {
                let hint = "Hint: open the file with mode 'rb'";
                return Err(PyTypeError::new_err(format!("file.read gave no bytes. {hint}")));
            };
            let bytes = bytes.as_bytes();
            let Some(room) = to.get_mut(..bytes.len()) else {
                return Err(PyTypeError::new_err("file.read gave more than was asked for"));
            };
            room.copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

impl Seek for PythonFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.call(|file| {
            let at = match to {
                SeekFrom::Start(at) => file.call_method1("seek", (at, 0)),
                SeekFrom::Current(by) => file.call_method1("seek", (by, 1)),
                SeekFrom::End(by) => file.call_method1("seek", (by, 2)),
            }?;
            match at.extract() {
                Ok(at) => Ok(at),
                // Some file objects answer nothing.
                Err(_) => file.call_method0("tell")?.extract(),
            }
        })
    }
}

impl Write for PythonFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        self.call(|file| {
            let written = buffer::write_to_file(file, piece)?;
            // Many that are no files of Python's own answer nothing: they took it all.
            Ok(written.extract().map_or(piece.len(), |count: usize| count.min(piece.len())))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(|file| match file.hasattr("flush")? {
            true => file.call_method0("flush").map(|_| ()),
            false => Ok(()),
        })
    }
}
