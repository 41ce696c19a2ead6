//! Where the bytes of an archive are: in memory, or in a stream that is read from any place.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use rawzip::{FileReader, ReaderAt};

use crate::array::{Source, default_threads, threads_for, try_map};
use crate::error::{DecodeError, Result};

/// The bytes of an archive.
#[derive(Debug)]
pub(super) enum Storage<'a> {
    /// All of them in memory, which others may write.
    Memory(Source<'a>),
    Stream(Stream<'a>),
}

/// What is read from, and what was read of it last.
pub(super) struct Stream<'a> {
    reader: Reader<'a>,
    window: Mutex<Window>,
    len: u64,
}

enum Reader<'a> {
    /// Read by all threads at once.
    File(FileReader),
    /// Read by one at a time.
    Seeking(Mutex<Box<dyn ReadSeek + 'a>>),
}

/// Small parts are read together with what follows them: small members lie one after another.
const WINDOW: usize = 128 << 10;

#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    at: u64,
}

pub(super) trait ReadSeek: Read + Seek + Send {}

impl<R: Read + Seek + Send> ReadSeek for R {}

/// What one thread reads of a file at a time.
const PIECE: usize = 4 << 20;

impl<'a> Storage<'a> {
    pub(super) fn stream(mut reader: impl Read + Seek + Send + 'a) -> Result<Self> {
        let len = reader.seek(SeekFrom::End(0)).map_err(|error| DecodeError::io(&error))?;
        let reader = Reader::Seeking(Mutex::new(Box::new(reader)));
        Ok(Self::Stream(Stream { reader, window: Mutex::default(), len }))
    }

    pub(super) fn file(mut file: File) -> Result<Self> {
        let len = file.seek(SeekFrom::End(0)).map_err(|error| DecodeError::io(&error))?;
        let reader = Reader::File(file.into());
        Ok(Self::Stream(Stream { reader, window: Mutex::default(), len }))
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
            Self::Stream(stream) => Source::zeroed(size, |bytes| stream.fill(bytes, offset))
                .map_err(|error| DecodeError::io(&error).at(offset)),
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

impl Stream<'_> {
    /// Reads as many bytes as there is room for, those of a file by all cores.
    fn fill(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let threads = match self.reader {
            Reader::File(_) => threads_for(bytes.len(), default_threads()),
            Reader::Seeking(_) => 1,
        };
        let pieces = (offset..).step_by(PIECE).zip(bytes.chunks_mut(PIECE));
        try_map(threads, pieces, || (), |(), (at, piece)| self.read_exact_at(piece, at)).map(drop)
    }
}

impl ReaderAt for Stream<'_> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        if bytes.len() >= WINDOW {
            return self.reader.read_at(bytes, offset);
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.len.saturating_sub(offset);
        let enough = (bytes.len() as u64).min(left) as usize;
        if !window.holds(offset, enough) {
            window.fill(offset, &self.reader)?;
        }
        let from = offset.checked_sub(window.at).map_or(usize::MAX, |from| from as usize);
        let there = window.bytes.get(from..).unwrap_or_default();
        let count = there.len().min(bytes.len());
        bytes[..count].copy_from_slice(&there[..count]);
        Ok(count)
    }
}

impl Window {
    fn holds(&self, offset: u64, len: usize) -> bool {
        let end = self.at + self.bytes.len() as u64;
        offset >= self.at && offset.saturating_add(len as u64) <= end
    }

    fn fill(&mut self, offset: u64, reader: &Reader<'_>) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.resize(WINDOW, 0);
        let mut filled = 0;
        while filled < bytes.len() {
            match reader.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        (self.bytes, self.at) = (bytes, offset);
        Ok(())
    }
}

impl ReaderAt for Reader<'_> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = |bytes: &mut [u8]| match self {
            Self::File(file) => file.read_at(bytes, offset),
            Self::Seeking(reader) => {
                // A reader that panicked is where it is: every read seeks first.
                let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                reader.seek(SeekFrom::Start(offset))?;
                reader.read(bytes)
            }
        };
        loop {
            match read(bytes) {
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_and_streams_give_the_same_parts() {
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let len = bytes.len() as u64;
        for storage in [
            Storage::file(file.try_clone().unwrap()).unwrap(),
            Storage::stream(io::Cursor::new(&bytes[..])).unwrap(),
        ] {
            assert_eq!(storage.len(), len);
            for (offset, count) in [(0, len), (7, 17 << 20), (len - 9, 9), (100, 0), (5, 1 << 17)] {
                let part = storage.part(offset, count, "a part").unwrap();
                let wanted = &bytes[offset as usize..][..count as usize];
                assert!(part.as_slice() == Some(wanted), "{count} bytes at {offset}");
            }
            assert!(storage.part(len - 9, 10, "a part").is_err());
        }
        // It became shorter since it was opened.
        let storage = Storage::file(file.try_clone().unwrap()).unwrap();
        file.set_len(9 << 20).unwrap();
        assert!(storage.part(0, len, "a part").is_err());
    }
}
