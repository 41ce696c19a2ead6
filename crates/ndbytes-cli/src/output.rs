//! Where a result goes: a new file that appears whole or not at all, or a stream.
//!
//! It is handed to the system, not forced onto the disk: after a power cut it may be missing.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ndbytes::files::{Existing, FileError, Target, WriteOptions};

use crate::trouble::Trouble;

/// Where a result goes.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout,
    File { path: PathBuf, target: Box<Target> },
}

impl Output {
    /// Looks at what is at `path`; `-` is stdout. Nothing is written yet.
    ///
    /// A file that is there is kept unless `force` says otherwise.
    pub(crate) fn new(path: &Path, force: bool) -> Result<Self, Trouble> {
        if path == Path::new("-") {
            refuse_terminal(&io::stdout())?;
            return Ok(Self::Stdout);
        }
        let existing = if force { Existing::Replace } else { Existing::Keep };
        let target = Box::new(Target::at(path, existing)?);
        if let Some(stream) = target.stream() {
            refuse_terminal(stream)?;
        }
        Ok(Self::File { path: path.to_owned(), target })
    }

    /// Has `fill` write the bytes. When it fails, a file is as it was before.
    pub(crate) fn write(
        self,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                fill(&mut stdout)?;
                Ok(stdout.flush()?)
            }
            Self::File { path, target } => {
                let is_stream = target.stream().is_some();
                let fill = |file: &mut File| fill(file).map_err(|trouble| trouble.about(&path));
                match target.write(&WriteOptions::new(), fill) {
                    Err(Trouble::ClosedPipe) if is_stream => {
                        Err(Trouble::new("nobody reads the output any more"))
                    }
                    done => done,
                }
            }
        }
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        match error.io().kind() {
            io::ErrorKind::AlreadyExists => {
                Self::new("this file is already there. Hint: --force replaces it")
                    .about(error.path())
            }
            io::ErrorKind::IsADirectory => Self::new("this is a folder").about(error.path()),
            _ => Self::new(error.to_string()),
        }
    }
}

fn refuse_terminal(stream: &impl io::IsTerminal) -> Result<(), Trouble> {
    match stream.is_terminal() {
        true => Err(Trouble::new(
            "bytes are not written to a terminal. Hint: name a file, or send them on with | or >",
        )),
        false => Ok(()),
    }
}

/// The name of what was written, for a report.
pub(crate) fn name(path: &Path) -> OsString {
    if path == Path::new("-") { "stdout".into() } else { path.into() }
}
