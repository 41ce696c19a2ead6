//! Sockets by the numbers that the system knows them by, past the methods that Python has for them:
//! small messages in as few calls of the system as there can be, large ones without Python between.

use std::io;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::stream::definer;
use crate::errors;

/// Up to so many bytes are moved without letting other Python threads run, if they need not be
/// waited for.
const AT_ONCE: usize = 64 << 10;

/// A socket of Python's own class that waits for as long as it takes.
#[derive(Clone, Copy)]
pub(crate) struct Socket {
    number: i32,
}

/// The class, and how to ask one of its sockets for its family.
struct Class {
    class: Py<PyType>,
    family: Py<PyAny>,
}

static CLASS: PyOnceLock<Option<Class>> = PyOnceLock::new();

impl Socket {
    /// `None` for objects of other classes, whatever they do, and for sockets with a timeout.
    ///
    /// Python's class is not looked for before [`Socket::learn`] was called.
    #[inline]
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = object.py();
        let Some(Some(known)) = CLASS.get(py) else { return Ok(None) };
        if !object.get_type().is(&known.class) {
            return Ok(None);
        }
        if !object.getattr(pyo3::intern!(py, "timeout"))?.is_none() {
            return Ok(None);
        }
        let number: i32 = object.call_method0(pyo3::intern!(py, "fileno"))?.extract()?;
        // Closed: its methods say so.
        Ok((number >= 0).then_some(Self { number }))
    }

    /// Finds out what Python's class of sockets is: called for objects that may be one.
    pub(crate) fn learn(py: Python<'_>) -> PyResult<()> {
        CLASS.get_or_try_init(py, || Class::find(py)).map(|_| ())
    }

    /// Whether looking ahead costs the same whatever is waiting to be read. On Unix sockets, Linux
    /// walks along all that waits.
    pub(crate) fn is_of_internet(object: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = object.py();
        let Some(Some(known)) = CLASS.get(py) else { return Ok(false) };
        let family: i32 = known.family.call1(py, (object,))?.extract(py)?;
        Ok(family != system::UNIX)
    }

    /// The bytes that are there already, up to as many as there is room for; they stay there.
    pub(crate) fn peek(self, room: &mut [u8]) -> usize {
        let pieces = [Piece::of(room), Piece::NOTHING];
        // SAFETY: the memory is `room`, which is borrowed to be written.
        unsafe { system::receive(self.number, &pieces, system::PEEK | system::NO_WAIT) }
            .unwrap_or(0)
    }

    /// Appends what there is, at least one byte and at most `most`; 0 at the end.
    pub(crate) fn some(self, py: Python<'_>, to: &mut Vec<u8>, most: usize) -> PyResult<usize> {
        self.append(py, to, most, 1)
    }

    /// Appends `count` bytes, or as many as there are before the end, and says how many.
    pub(crate) fn exactly(self, py: Python<'_>, to: &mut Vec<u8>, count: usize) -> PyResult<usize> {
        self.append(py, to, count, count)
    }

    fn append(
        self,
        py: Python<'_>,
        to: &mut Vec<u8>,
        most: usize,
        least: usize,
    ) -> PyResult<usize> {
        let start = to.len();
        to.resize(start + most, 0);
        let mut pieces = [Piece::of(&mut to[start..]), Piece::NOTHING];
        // SAFETY: the memory is the end of `to`, which is borrowed to be written.
        let got = move_all(py, &mut pieces, least, |pieces, wait| unsafe {
            let all = if least == most { system::ALL } else { 0 };
            system::receive(self.number, pieces, wait | all)
        });
        to.truncate(start + got.as_ref().map_or(0, |&got| got));
        got
    }

    /// Fills `head`, and then the `len` bytes from `start` on; says how many bytes came before the
    /// end.
    ///
    /// # Safety
    /// The bytes from `start` on may be written, and nobody else looks at them meanwhile.
    pub(super) unsafe fn fill(
        self,
        py: Python<'_>,
        head: &mut [u8],
        start: *mut u8,
        len: usize,
    ) -> PyResult<usize> {
        let mut pieces = [Piece::of(head), Piece { start, len }];
        let total = head.len() + len;
        // SAFETY: the one piece is borrowed to be written, the other may be, as for this function.
        move_all(py, &mut pieces, total, |pieces, wait| unsafe {
            system::receive(self.number, pieces, wait | system::ALL)
        })
    }

    /// Sends `head`, and then the `len` bytes from `start` on.
    ///
    /// # Safety
    /// The bytes from `start` on may be read.
    pub(super) unsafe fn send(
        self,
        py: Python<'_>,
        head: &[u8],
        start: *const u8,
        len: usize,
    ) -> PyResult<()> {
        let head = Piece { start: head.as_ptr().cast_mut(), len: head.len() };
        let total = head.len + len;
        let mut pieces = [head, Piece { start: start.cast_mut(), len }];
        // SAFETY: both pieces may be read: the one is borrowed, the other as for this function.
        let sent = move_all(py, &mut pieces, total, |pieces, wait| unsafe {
            system::send(self.number, pieces, wait)
        })?;
        match sent == total {
            true => Ok(()),
            false => Err(errors::os(py, &io::ErrorKind::WriteZero.into(), None)),
        }
    }
}

impl Class {
    /// `None` where `socket.socket` is not what Python ships, such as in programs whose sockets have
    /// been replaced by those of an event loop.
    fn find(py: Python<'_>) -> PyResult<Option<Self>> {
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let class = py.import("socket")?.getattr("socket")?;
        let Ok(class) = class.cast_into::<PyType>() else { return Ok(None) };
        let base = py.import("_socket")?.getattr("socket")?;
        let base_at = class.mro().iter().position(|class| class.is(&base));
        for name in ["recv", "recv_into", "sendall", "fileno", "timeout"] {
            if base_at.is_none() || definer(&class, name)? != base_at {
                return Ok(None);
            }
        }
        // The class's own `family` makes an enumeration of it, which takes longer than a message.
        let family = base.getattr("__dict__")?.get_item("family")?.getattr("__get__")?;
        Ok(Some(Self { class: class.unbind(), family: family.unbind() }))
    }
}

/// Memory that bytes are moved to or from.
#[derive(Clone, Copy)]
struct Piece {
    start: *mut u8,
    len: usize,
}

// SAFETY: a piece is only an address. Those who use it on another thread wait for that thread.
unsafe impl Send for Piece {}

impl Piece {
    const NOTHING: Self = Self { start: std::ptr::null_mut(), len: 0 };

    fn of(memory: &mut [u8]) -> Self {
        Self { start: memory.as_mut_ptr(), len: memory.len() }
    }
}

/// Repeats `call` until `least` bytes of the `pieces` are moved, or none: the end. Other Python
/// threads run while it waits, and signals are looked for.
fn move_all(
    py: Python<'_>,
    pieces: &mut [Piece; 2],
    least: usize,
    call: impl Fn(&[Piece; 2], i32) -> io::Result<usize> + Send + Sync,
) -> PyResult<usize> {
    let mut moved = 0;
    let mut wait = match pieces[0].len + pieces[1].len {
        0..=AT_ONCE => system::NO_WAIT,
        _ => 0,
    };
    while moved < least {
        let done = match wait {
            0 => {
                let (pieces, call) = (*pieces, &call);
                py.detach(move || call(&pieces, 0))
            }
            no_wait => call(pieces, no_wait),
        };
        match done {
            Ok(0) => break,
            Ok(count) => {
                moved += count;
                forward(pieces, count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && wait != 0 => {}
            Err(error) => return Err(errors::os(py, &error, None)),
        }
        if moved < least {
            wait = 0;
            // They may be why it was not all.
            py.check_signals()?;
        }
    }
    Ok(moved)
}

/// Leaves out the first `count` bytes.
fn forward(pieces: &mut [Piece; 2], mut count: usize) {
    for piece in pieces {
        let done = count.min(piece.len);
        piece.start = piece.start.wrapping_add(done);
        piece.len -= done;
        count -= done;
    }
}

/// The calls of the system.
#[cfg(target_os = "linux")]
mod system {
    use std::io;

    use super::Piece;

    pub(super) const UNIX: i32 = libc::AF_UNIX;
    pub(super) const PEEK: i32 = libc::MSG_PEEK;
    pub(super) const NO_WAIT: i32 = libc::MSG_DONTWAIT;
    pub(super) const ALL: i32 = libc::MSG_WAITALL;

    /// One call of `recv`, or of `recvmsg`, which takes longer, for two pieces.
    ///
    /// # Safety
    /// The pieces may be written.
    pub(super) unsafe fn receive(
        number: i32,
        pieces: &[Piece; 2],
        flags: i32,
    ) -> io::Result<usize> {
        // SAFETY: the message holds nothing but the pieces, which may be written. If somebody closes
        // the socket meanwhile, the call fails, or reads what has taken its number, as that of
        // Python's own method would.
        let got = unsafe {
            match one(pieces) {
                Some(Piece { start, len }) => libc::recv(number, start.cast(), len, flags),
                None => with(pieces, |message| libc::recvmsg(number, message, flags)),
            }
        };
        usize::try_from(got).map_err(|_| io::Error::last_os_error())
    }

    /// One call of `send` or `sendmsg`.
    ///
    /// # Safety
    /// The pieces may be read.
    pub(super) unsafe fn send(number: i32, pieces: &[Piece; 2], flags: i32) -> io::Result<usize> {
        let flags = flags | libc::MSG_NOSIGNAL;
        // SAFETY: as in `receive`; the pieces are only read.
        let sent = unsafe {
            match one(pieces) {
                Some(Piece { start, len }) => libc::send(number, start.cast(), len, flags),
                None => with(pieces, |message| libc::sendmsg(number, message, flags)),
            }
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// The only piece that there is.
    fn one(pieces: &[Piece; 2]) -> Option<Piece> {
        match pieces {
            [piece, Piece { len: 0, .. }] | [Piece { len: 0, .. }, piece] => Some(*piece),
            _ => None,
        }
    }

    fn with(pieces: &[Piece; 2], call: impl FnOnce(&mut libc::msghdr) -> isize) -> isize {
        let mut parts =
            pieces.map(|piece| libc::iovec { iov_base: piece.start.cast(), iov_len: piece.len });
        // SAFETY: of a structure of numbers and pointers, all zeros are a value.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = parts.len();
        call(&mut message)
    }
}

/// No socket is used by its number here.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use super::Piece;

    pub(super) const UNIX: i32 = 1;
    pub(super) const PEEK: i32 = 0;
    pub(super) const NO_WAIT: i32 = 1;
    pub(super) const ALL: i32 = 0;

    /// # Safety
    /// None is asked for.
    pub(super) unsafe fn receive(_: i32, _: &[Piece; 2], _: i32) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Safety
    /// None is asked for.
    pub(super) unsafe fn send(_: i32, _: &[Piece; 2], _: i32) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
