//! Files that the system knows by a number, past the objects that Python has for them.

use std::fs::File;
use std::io;

use ndbytes::files::Progress;
use ndbytes::{Array, Order};
use pyo3::prelude::*;

/// Is called with how far long work has come, looks for signals, and keeps what is raised.
#[derive(Default)]
pub(crate) struct Watch {
    callback: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Watch {
    pub(crate) fn new(callback: Option<&Bound<'_, PyAny>>) -> Self {
        Self { callback: callback.map(|callback| callback.clone().unbind()), raised: None }
    }

    /// The result of the work, unless an exception has stopped it.
    pub(crate) fn raise<T>(&mut self, result: T) -> PyResult<T> {
        self.raised.take().map_or(Ok(result), Err)
    }
}

impl Progress for Watch {
    fn advanced(&mut self, done: u64, total: u64) -> io::Result<()> {
        let told = Python::attach(|py| {
            py.check_signals()?;
            match &self.callback {
                Some(callback) => callback.call1(py, (done, total)).map(|_| ()),
                None => Ok(()),
            }
        });
        told.map_err(|error| {
            self.raised = Some(error);
            io::Error::other("stopped by an exception")
        })
    }
}

/// What is written between two looks at signals.
const PIECE: usize = 32 << 20;

/// Writes the elements of `array` in `order` to `file`, from where they are if they lie so.
/// `before` bytes of `total` have been written.
pub(crate) fn write_elements(
    file: &mut File,
    array: &Array<'_>,
    order: Order,
    (mut done, total): (u64, u64),
    watch: &mut Watch,
) -> io::Result<()> {
    #[cfg(unix)]
    if array.layout().is_contiguous(order) {
        let start = array.source().start().wrapping_add(array.layout().start());
        let (mut at, nbytes) = (0, array.nbytes());
        while at < nbytes {
            // SAFETY: an array's layout stays within its source, whose bytes are readable while
            // it is borrowed. The system only reads them; that others may write them meanwhile
            // decides which values are written, as it does in any copy.
            let written =
                unsafe { write_memory(file, start.wrapping_add(at), PIECE.min(nbytes - at)) };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written;
                    done += written as u64;
                    watch.advanced(done, total)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    watch.advanced(done, total)?;
                }
                Err(error) => return Err(error),
            }
        }
        return Ok(());
    }
    let mut out = Watched { file, watch, done: &mut done, total };
    array.write_to(order, 1, &mut out)
}

/// One call of the system's `write`.
///
/// # Safety
/// The `len` bytes from `start` on must be readable.
#[cfg(unix)]
unsafe fn write_memory(file: &File, start: *const u8, len: usize) -> io::Result<usize> {
    use std::os::fd::AsRawFd as _;
    // SAFETY: the descriptor is open as long as `file` is; for the memory, see above.
    let written = unsafe { libc::write(file.as_raw_fd(), start.cast(), len) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// A file whose writing is watched.
struct Watched<'w> {
    file: &'w mut File,
    watch: &'w mut Watch,
    done: &'w mut u64,
    total: u64,
}

impl io::Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        *self.done += written as u64;
        self.watch.advanced(*self.done, self.total)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file of Python's own classes that is a regular file to the system, from where it stands.
pub(crate) struct Regular<'py> {
    object: Bound<'py, PyAny>,
    file: File,
    position: u64,
    len: u64,
}

/// Fewer bytes are not worth going past Python.
const WORTH_WHILE: usize = 256 << 10;

impl<'py> Regular<'py> {
    /// `None` for objects of other classes, whatever they do, and when few bytes are wanted.
    pub(crate) fn of(object: &Bound<'py, PyAny>, wanted: usize) -> PyResult<Option<Self>> {
        if wanted < WORTH_WHILE || !cfg!(unix) {
            return Ok(None);
        }
        let io = object.py().import("io")?;
        let class = object.get_type();
        // Those that are read alone: nothing waits to be written.
        if !class.is(&io.getattr("BufferedReader")?) && !class.is(&io.getattr("FileIO")?) {
            return Ok(None);
        }
        // A reader over something else than a file has no number.
        let Ok(number) = object.call_method0("fileno") else { return Ok(None) };
        let Some(file) = duplicate(number.extract()?) else { return Ok(None) };
        let Ok(metadata) = file.metadata() else { return Ok(None) };
        if !metadata.is_file() {
            return Ok(None);
        }
        let position = object.call_method0("tell")?.extract()?;
        Ok(Some(Self { object: object.clone(), file, position, len: metadata.len() }))
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many bytes there are from here on.
    pub(crate) fn rest(&self) -> u64 {
        self.len.saturating_sub(self.position)
    }

    /// Moves the object on by `count` bytes.
    pub(crate) fn advance(&self, count: usize) -> PyResult<()> {
        self.object.call_method1("seek", (self.position + count as u64,))?;
        Ok(())
    }
}

/// The file that is open by this number, which somebody else may close.
#[cfg(unix)]
fn duplicate(number: i32) -> Option<File> {
    use std::os::fd::BorrowedFd;
    if number < 0 {
        return None;
    }
    // SAFETY: the number is not -1, and it is only used to duplicate the descriptor, which fails
    // if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned().ok().map(File::from)
}

#[cfg(not(unix))]
fn duplicate(_: i32) -> Option<File> {
    None
}
