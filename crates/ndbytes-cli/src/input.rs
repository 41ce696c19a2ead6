//! Files, and stdin, as bytes.
//!
//! Regular files are mapped into memory rather than read, so a file larger than the memory is no
//! trouble, and only the parts that are needed are loaded. The price: a file that someone cuts
//! short while it is mapped ends this process with a signal (SIGBUS). What can be read in pieces is
//! [`Opened`] instead.
#![allow(unsafe_code)]

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::target;

/// More than any format has to be told by.
const START: u64 = 64;

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
        let (mut file, metadata) = open_file(path)?;
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

/// What is opened to be looked at, and not to be loaded.
pub(crate) enum Opened {
    /// A regular file, which can be read from any place.
    File(File),
    /// Stdin, a pipe or a device, which can be read once.
    Stream(Box<dyn io::Read>),
}

impl Opened {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if is_stdin(path) {
            return Ok(Self::Stream(Box::new(io::stdin().lock())));
        }
        let (file, metadata) = open_file(path)?;
        Ok(match metadata.is_file() && metadata.len() > 0 {
            true => Self::File(file),
            false => Self::Stream(Box::new(file)),
        })
    }
}

/// The first bytes of a file, by which formats are told.
pub(crate) fn start_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.take(START).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start)
}

fn open_file(path: &Path) -> io::Result<(File, Metadata)> {
    let file = File::open(path).map_err(|error| match target::instead_of(path) {
        Some(hint) if error.kind() == io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), format!("no such file. Hint: {hint}"))
        }
        _ => error,
    })?;
    let metadata = file.metadata()?;
    match metadata.is_dir() {
        true => Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            format!("this is a folder. Hint: name the files in it: {}", path.join("*").display()),
        )),
        false => Ok((file, metadata)),
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
