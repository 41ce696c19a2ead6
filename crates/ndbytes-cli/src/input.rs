//! Files, and stdin, as bytes.
//!
//! Regular files are mapped into memory rather than read, so a file larger than the memory is no
//! trouble, and only the parts that are needed are loaded. The price: a file that someone cuts
//! short while it is mapped ends this process with a signal (SIGBUS). Looking at a file
//! ([`Stream`]) never maps it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// All bytes of a file or of stdin.
#[derive(Debug)]
pub(crate) enum Input {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl Input {
    /// Maps the file at `path`, or reads it when it cannot be mapped: stdin (`-`), pipes, devices.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if is_stdin(path) {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes)?;
            return Ok(Self::Read(bytes));
        }
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        // Files that the kernel makes up as they are read, as in /proc, claim to be empty.
        if !metadata.is_file() || metadata.len() == 0 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Self::Read(bytes));
        }
        // SAFETY: the map is read-only and lives as long as the slices taken from it, which borrow
        // this `Input`. That the bytes stay as they are while they are borrowed is nothing this
        // process can prove: another one may write to the file. As in every program that maps its
        // input, that is left to whoever gives us a file; we never write to one in place (outputs
        // are new files, renamed at the end), and a file of a size or descriptions that change
        // under us can spoil the result of this one command.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self::Mapped(map))
    }

    /// Says that only parts will be read, here and there: what lies around them, often megabytes, is
    /// then not read with them.
    pub(crate) fn expect_parts(&self) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            // It is as right without this, only slower.
            let _ = map.advise(memmap2::Advice::Random);
        }
    }
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

/// A file or stdin, read from its start only as far as needed.
pub(crate) struct Stream {
    reader: Box<dyn io::Read>,
    /// The file once more, if it is a regular one, of which any place can be read.
    file: Option<File>,
    head: Vec<u8>,
    /// The length of the whole, where the system knows it.
    length: Option<u64>,
    ended: bool,
}

impl Stream {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (reader, file, length): (Box<dyn io::Read>, _, _) = if is_stdin(path) {
            (Box::new(io::stdin().lock()), None, None)
        } else {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            let known = metadata.is_file() && metadata.len() > 0;
            let again = if known { Some(file.try_clone()?) } else { None };
            (Box::new(file), again, known.then_some(metadata.len()))
        };
        Ok(Self { reader, file, head: Vec::new(), length, ended: false })
    }

    /// The bytes read so far.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether there is nothing left to read.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads on until `head` has `wanted` bytes, or the input ends.
    pub(crate) fn read_to(&mut self, wanted: u64) -> io::Result<()> {
        let missing = wanted.saturating_sub(self.head.len() as u64);
        let read = self.reader.by_ref().take(missing).read_to_end(&mut self.head)?;
        self.ended |= (read as u64) < missing;
        Ok(())
    }

    /// The regular file that this is, or else all bytes, which are read to their end.
    pub(crate) fn into_file(mut self) -> Result<File, io::Result<Vec<u8>>> {
        match self.file.take() {
            Some(file) => Ok(file),
            None => Err(self.reader.read_to_end(&mut self.head).map(|_| self.head)),
        }
    }

    /// The length of the whole. A pipe is read to its end to know it, and what it brings is
    /// dropped.
    pub(crate) fn length(&mut self) -> io::Result<u64> {
        match self.length {
            Some(length) => Ok(length),
            None => {
                let rest = io::copy(&mut self.reader, &mut io::sink())?;
                let length = self.head.len() as u64 + rest;
                self.length = Some(length);
                Ok(length)
            }
        }
    }

    /// The length of the whole, where the system knows it.
    pub(crate) fn known_length(&self) -> Option<u64> {
        self.length.or(self.ended.then_some(self.head.len() as u64))
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
