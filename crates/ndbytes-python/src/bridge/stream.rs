//! File objects and sockets: bytes in and out by the methods that they have.

use pyo3::exceptions::{PyBlockingIOError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use super::buffer::Input;

/// More than so many bytes are not asked for at once, whatever a length in the bytes says.
const PIECE: usize = 1 << 20;

/// Something that bytes can be read from: a file object, a socket, or whatever has `read`.
pub(crate) struct Reader<'py> {
    object: Bound<'py, PyAny>,
    /// `read`, or `recv` of a socket.
    read: Bound<'py, PyAny>,
    is_socket: bool,
}

impl<'py> Reader<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let (read, is_socket) = match object.getattr_opt(pyo3::intern!(py, "read"))? {
            Some(read) => (read, false),
            None => match object.getattr_opt(pyo3::intern!(py, "recv"))? {
                Some(recv) => (recv, true),
                None => {
                    let class = object.get_type().name()?;
                    let found = format!("there is no way to read bytes from a {class}");
                    return Err(PyTypeError::new_err(format!(
                        "{found}. Hint: give a file that is open for reading bytes, or a socket"
                    )));
                }
            },
        };
        Ok(Self { object: object.clone(), read, is_socket })
    }

    pub(crate) fn object(&self) -> &Bound<'py, PyAny> {
        &self.object
    }

    /// Appends what one call brings, at most `most` bytes; 0 at the end.
    pub(crate) fn some(&self, to: &mut Vec<u8>, most: usize) -> PyResult<usize> {
        let piece = self.read.call1((most.min(PIECE),))?;
        if let Ok(bytes) = piece.cast::<PyBytes>() {
            return taken(to, bytes.as_bytes(), most);
        }
        if piece.is_none() {
            return Err(nothing_now());
        }
        if piece.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(
                "file.read gave no bytes. Hint: open the file with mode 'rb'",
            ));
        }
        let input = Input::new(&piece, None)?;
        let bytes = input.source().to_vec(0, input.len());
        taken(to, &bytes, most)
    }

    /// Appends `count` bytes, or as many as there are before the end, and says how many.
    pub(crate) fn exactly(&self, to: &mut Vec<u8>, count: usize) -> PyResult<usize> {
        let mut got = 0;
        while got < count {
            match self.some(to, count - got)? {
                0 => break,
                some => got += some,
            }
        }
        Ok(got)
    }

    /// What reads straight into memory that it is given, if it is sure to bring the same bytes.
    pub(super) fn into(&self) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.object.py();
        if self.is_socket {
            return self.object.getattr_opt(pyo3::intern!(py, "recv_into"));
        }
        // A class that has a `read` of its own and inherits `readinto` may change what it reads.
        let class = self.object.get_type();
        match (definer(&class, "readinto")?, definer(&class, "read")?) {
            (Some(into), Some(read)) if into <= read => {
                self.object.getattr(pyo3::intern!(py, "readinto")).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn taken(to: &mut Vec<u8>, piece: &[u8], most: usize) -> PyResult<usize> {
    if piece.len() > most {
        let found = format!("{} bytes were read where {most} were asked for", piece.len());
        return Err(PyValueError::new_err(found));
    }
    to.extend_from_slice(piece);
    Ok(piece.len())
}

/// What a call of `readinto` or `recv_into` brought into memory of `most` bytes.
pub(super) fn brought(answer: &Bound<'_, PyAny>, most: usize) -> PyResult<usize> {
    if answer.is_none() {
        return Err(nothing_now());
    }
    match answer.extract::<usize>()? {
        count if count <= most => Ok(count),
        count => Err(PyValueError::new_err(format!(
            "{count} bytes were read into memory of {most} bytes"
        ))),
    }
}

fn nothing_now() -> PyErr {
    PyBlockingIOError::new_err("the stream has no bytes now. Hint: make it a blocking one")
}

/// Which class of the method resolution order defines `name`.
fn definer(class: &Bound<'_, PyType>, name: &str) -> PyResult<Option<usize>> {
    for (index, class) in class.mro().iter().enumerate() {
        if class.getattr("__dict__")?.contains(name)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Something that bytes can be written to: a file object, a socket, or whatever has `write`.
pub(crate) struct Writer<'py> {
    object: Bound<'py, PyAny>,
    /// `write`, or `sendall` of a socket.
    write: Bound<'py, PyAny>,
    is_socket: bool,
}

impl<'py> Writer<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let (write, is_socket) = match object.getattr_opt(pyo3::intern!(py, "write"))? {
            Some(write) => (write, false),
            None => match object.getattr_opt(pyo3::intern!(py, "sendall"))? {
                Some(sendall) => (sendall, true),
                None => {
                    let class = object.get_type().name()?;
                    let found = format!("there is no way to write bytes to a {class}");
                    return Err(PyTypeError::new_err(format!(
                        "{found}. Hint: give a file that is open for writing bytes, or a socket"
                    )));
                }
            },
        };
        Ok(Self { object: object.clone(), write, is_socket })
    }

    /// Whether it is sure to take a memoryview as well as `bytes`.
    pub(crate) fn takes_memory(&self) -> PyResult<bool> {
        Ok(self.is_socket || self.is_a("IOBase")?)
    }

    fn is_a(&self, class: &str) -> PyResult<bool> {
        self.object.is_instance(&self.object.py().import("io")?.getattr(class)?)
    }

    /// Writes all of a `bytes` object or a memoryview of bytes.
    pub(crate) fn all(&self, data: &Bound<'py, PyAny>) -> PyResult<()> {
        let (mut rest, mut len) = (data.clone(), data.len()?);
        loop {
            let answer = self.write.call1((&rest,))?;
            if answer.is_none() {
                // To a raw file, this is no bytes at all; to all else, all of them.
                return match !self.is_socket && self.is_a("RawIOBase")? {
                    true => Err(PyBlockingIOError::new_err("the stream takes no bytes now")),
                    false => Ok(()),
                };
            }
            // Some that are no files answer anything.
            let written = match answer.extract::<usize>() {
                Ok(written) if written < len => written,
                _ => return Ok(()),
            };
            if written == 0 {
                return Err(PyOSError::new_err(format!("{len} bytes could not be written")));
            }
            let view = pyo3::types::PyMemoryView::from(&rest)?;
            rest = view.get_item(pyo3::types::PySlice::new(
                data.py(),
                written as isize,
                len as isize,
                1,
            ))?;
            len -= written;
            if !self.takes_memory()? {
                rest = PyBytes::new(data.py(), &rest.extract::<Vec<u8>>()?).into_any();
            }
        }
    }
}

/// The writer as Rust's trait. An exception is kept aside.
pub(crate) struct RustWriter<'w, 'py> {
    pub(crate) writer: &'w Writer<'py>,
    pub(crate) py: Python<'py>,
    pub(crate) failed: Option<PyErr>,
}

impl std::io::Write for RustWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(16 * PIECE)];
        match self.writer.all(&PyBytes::new(self.py, bytes).into_any()) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => {
                self.failed = Some(error);
                Err(std::io::Error::other("an exception"))
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
