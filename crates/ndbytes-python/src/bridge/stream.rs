//! File objects and sockets: bytes in and out by the methods that they have.

use ndbytes::{Array, Order};
use pyo3::exceptions::{PyBlockingIOError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use super::buffer::Input;
use super::ndarray;
use super::socket::Socket;

/// More than so many bytes are not asked for at once, whatever a length in the bytes says.
const PIECE: usize = 1 << 20;
/// The elements of larger arrays are sent apart from their header.
const APART: usize = 1 << 20;

/// Something that bytes can be read from: a file object, a socket, or whatever has `read`.
pub(crate) struct Reader<'py> {
    object: Bound<'py, PyAny>,
    way: Way<'py>,
}

enum Way<'py> {
    /// `read` or `write`.
    File(Bound<'py, PyAny>),
    /// `recv` or `sendall`.
    Other(Bound<'py, PyAny>),
    Socket(Socket),
}

impl<'py> Way<'py> {
    /// The ways of an object with these methods.
    fn of(
        object: &Bound<'py, PyAny>,
        of_file: &Bound<'py, PyString>,
        of_socket: &Bound<'py, PyString>,
    ) -> PyResult<Option<Self>> {
        if let Some(socket) = Socket::of(object)? {
            return Ok(Some(Self::Socket(socket)));
        }
        if let Some(method) = object.getattr_opt(of_file)? {
            return Ok(Some(Self::File(method)));
        }
        let Some(method) = object.getattr_opt(of_socket)? else { return Ok(None) };
        Socket::learn(object.py())?;
        Ok(Some(match Socket::of(object)? {
            Some(socket) => Self::Socket(socket),
            None => Self::Other(method),
        }))
    }
}

impl<'py> Reader<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let (read, recv) = (pyo3::intern!(py, "read"), pyo3::intern!(py, "recv"));
        match Way::of(object, read, recv)? {
            Some(way) => Ok(Self { object: object.clone(), way }),
            None => Err(no_way(object, "read bytes from", "reading")),
        }
    }

    pub(crate) fn object(&self) -> &Bound<'py, PyAny> {
        &self.object
    }

    /// The socket, if it can be used by its number.
    pub(crate) fn socket(&self) -> Option<Socket> {
        match self.way {
            Way::Socket(socket) => Some(socket),
            _ => None,
        }
    }

    /// Appends what one call brings, at most `most` bytes; 0 at the end.
    pub(crate) fn some(&self, to: &mut Vec<u8>, most: usize) -> PyResult<usize> {
        let read = match &self.way {
            Way::Socket(socket) => return socket.some(self.object.py(), to, most.min(PIECE)),
            Way::File(method) | Way::Other(method) => method,
        };
        let piece = read.call1((most.min(PIECE),))?;
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
            if let Some(socket) = self.socket() {
                let piece = PIECE.min(count - got);
                let some = socket.exactly(self.object.py(), to, piece)?;
                got += some;
                if some < piece {
                    break;
                }
                continue;
            }
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
        if !matches!(self.way, Way::File(_)) {
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
pub(super) fn definer(class: &Bound<'_, PyType>, name: &str) -> PyResult<Option<usize>> {
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
    way: Way<'py>,
}

impl<'py> Writer<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let (write, sendall) = (pyo3::intern!(py, "write"), pyo3::intern!(py, "sendall"));
        match Way::of(object, write, sendall)? {
            Some(way) => Ok(Self { object: object.clone(), way }),
            None => Err(no_way(object, "write bytes to", "writing")),
        }
    }

    /// Writes `header` and the elements of `array`, which `view` describes, from where they are.
    /// `false` if they do not lie so, or the writer may not take memory: nothing is written then.
    pub(crate) fn elements(
        &self,
        header: &[u8],
        array: &Bound<'py, PyAny>,
        view: &Array<'_>,
        order: Order,
    ) -> PyResult<bool> {
        let py = array.py();
        if !view.layout().is_contiguous(order) || !self.takes_memory()? {
            return Ok(false);
        }
        if let Way::Socket(socket) = self.way {
            let start = view.source().start().wrapping_add(view.layout().start());
            // Beside a large array another call is nothing, and pages are moved faster than parts.
            let header = match view.nbytes() > APART {
                true => {
                    self.all(PyBytes::new(py, header).as_any())?;
                    &[]
                }
                false => header,
            };
            // SAFETY: an array's layout stays within its source, whose bytes are readable while it is
            // borrowed, and the elements lie side by side. That others may write them meanwhile
            // decides which values are sent, as it does in any copy.
            unsafe { socket.send(py, header, start, view.nbytes()) }?;
            return Ok(true);
        }
        self.all(PyBytes::new(py, header).as_any())?;
        if view.nbytes() > 0 {
            self.all(&ndarray::memoryview(array)?)?;
        }
        Ok(true)
    }

    /// Whether it is sure to take a memoryview as well as `bytes`.
    pub(crate) fn takes_memory(&self) -> PyResult<bool> {
        Ok(!matches!(self.way, Way::File(_)) || self.is_a("IOBase")?)
    }

    fn is_a(&self, class: &str) -> PyResult<bool> {
        self.object.is_instance(&self.object.py().import("io")?.getattr(class)?)
    }

    /// Writes all of a `bytes` object or a memoryview of bytes.
    pub(crate) fn all(&self, data: &Bound<'py, PyAny>) -> PyResult<()> {
        let write = match &self.way {
            Way::Socket(socket) => {
                let input = Input::new(data, None)?;
                // SAFETY: the input keeps its bytes readable.
                return unsafe { socket.send(data.py(), &[], input.source().start(), input.len()) };
            }
            Way::File(method) | Way::Other(method) => method,
        };
        let (mut rest, mut len) = (data.clone(), data.len()?);
        loop {
            let answer = write.call1((&rest,))?;
            if answer.is_none() {
                // To a raw file, this is no bytes at all; to all else, all of them.
                return match matches!(self.way, Way::File(_)) && self.is_a("RawIOBase")? {
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

/// The error for an object that is no stream.
fn no_way(object: &Bound<'_, PyAny>, verb: &str, purpose: &str) -> PyErr {
    match object.get_type().name() {
        Ok(class) => PyTypeError::new_err(format!(
            "there is no way to {verb} a {class}. Hint: give a file that is open for {purpose} \
             bytes, or a socket"
        )),
        Err(error) => error,
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
