//! Where the bytes of an archive are: in memory, or in a stream that is read from any place.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use rawzip::ReaderAt;

use crate::array::Source;
use crate::error::{DecodeError, Result};

/// The bytes of an archive.
#[derive(Debug)]
pub(super) enum Storage<'a> {
    /// All of them in memory, which others may write.
    Memory(Source<'a>),
    Stream(Stream<'a>),
}

/// A stream, read by one thread at a time.
pub(super) struct Stream<'a> {
    window: Mutex<Window<'a>>,
    len: u64,
}

/// Small parts are read together with what follows them: small members lie one after another.
const WINDOW: usize = 128 << 10;

struct Window<'a> {
    reader: Box<dyn ReadSeek + 'a>,
    /// What was read last, and where that was.
    bytes: Vec<u8>,
    at: u64,
}

pub(super) trait ReadSeek: Read + Seek + Send {}

impl<R: Read + Seek + Send> ReadSeek for R {}

impl<'a> Storage<'a> {
    pub(super) fn stream(mut reader: impl Read + Seek + Send + 'a) -> Result<Self> {
        let len = reader.seek(SeekFrom::End(0)).map_err(|error| DecodeError::io(&error))?;
        let window = Window { reader: Box::new(reader), bytes: Vec::new(), at: 0 };
        Ok(Self::Stream(Stream { window: Mutex::new(window), len }))
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Memory(source) => source.len() as u64,
            Self::Stream(stream) => stream.len,
        }
    }

    /// Whether what is read is borrowed rather than copied.
    pub(super) fn is_memory(&self) -> bool {
        matches!(self, Self::Memory(_))
    }

    /// `len` bytes from `offset` on: borrowed where they are in memory, read from a stream.
    pub(super) fn part(&self, offset: u64, len: u64, what: &str) -> Result<Source<'a>> {
        let too_short = || {
            let needed = offset.saturating_add(len);
            DecodeError::incomplete(what, needed, self.len())
        };
        let end = offset.checked_add(len).filter(|&end| end <= self.len());
        end.ok_or_else(too_short)?;
        let size = usize::try_from(len).map_err(|_| too_short())?;
        match self {
            Self::Memory(source) => Ok(source.part(offset as usize, size)),
            Self::Stream(stream) => {
                Source::zeroed(size, |bytes| stream.read_exact_at(bytes, offset))
                    .map_err(|error| DecodeError::io(&error).at(offset))
            }
        }
    }

    /// As many of the bytes from `offset` on as there are, at most as many as `bytes` has room for.
    pub(super) fn read<'b>(&self, offset: u64, bytes: &'b mut [u8]) -> Result<&'b [u8]> {
        let mut filled = 0;
        while filled < bytes.len() {
            let read = self.read_at(&mut bytes[filled..], offset.saturating_add(filled as u64));
            match read.map_err(|error| DecodeError::io(&error).at(offset))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(&bytes[..filled])
    }
}

impl ReaderAt for Storage<'_> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Memory(source) => {
                let Some(left) = (source.len() as u64).checked_sub(offset) else { return Ok(0) };
                let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                source.copy_over(offset as usize, &mut bytes[..count]);
                Ok(count)
            }
            Self::Stream(stream) => stream.read_at(bytes, offset),
        }
    }
}

impl ReaderAt for Stream<'_> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        // A reader that panicked is where it is: every read seeks first.
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() >= WINDOW {
            return window.read(offset, bytes);
        }
        let left = self.len.saturating_sub(offset);
        let enough = (bytes.len() as u64).min(left) as usize;
        if !window.holds(offset, enough) {
            window.fill(offset)?;
        }
        let from = offset.checked_sub(window.at).map_or(usize::MAX, |from| from as usize);
        let there = window.bytes.get(from..).unwrap_or_default();
        let count = there.len().min(bytes.len());
        bytes[..count].copy_from_slice(&there[..count]);
        Ok(count)
    }
}

impl Window<'_> {
    fn holds(&self, offset: u64, len: usize) -> bool {
        let end = self.at + self.bytes.len() as u64;
        offset >= self.at && offset.saturating_add(len as u64) <= end
    }

    fn fill(&mut self, offset: u64) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.resize(WINDOW, 0);
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read(offset + filled as u64, &mut bytes[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        (self.bytes, self.at) = (bytes, offset);
        Ok(())
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        self.reader.seek(SeekFrom::Start(offset))?;
        loop {
            match self.reader.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({} bytes)", self.len)
    }
}
