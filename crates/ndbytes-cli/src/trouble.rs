//! Why a verb stops: one line for people.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use ndbytes::array::printable;
use ndbytes::{DecodeError, EncodeError};

use crate::hint::apart;

/// Why a verb stops.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody reads what is written any more, as in `ndbytes inspect x.npy | head -1`.
    ClosedPipe,
    /// What went wrong, in one line.
    Message(String),
}

impl Trouble {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }

    /// What the library says, with its hint in the words of the terminal.
    fn told(said: &str) -> Self {
        Self::Message(match apart(said) {
            (found, Some(hint)) => format!("{found}. Hint: {hint}"),
            (found, None) => found.to_owned(),
        })
    }

    /// Says which file it is about.
    pub(crate) fn about(self, path: &Path) -> Self {
        match self {
            Self::ClosedPipe => Self::ClosedPipe,
            Self::Message(message) => Self::Message(format!("{}: {message}", name(path))),
        }
    }

    /// Prints the line to stderr. There is nowhere to tell that this failed.
    pub(crate) fn say(&self) {
        let _ = writeln!(io::stderr(), "ndbytes: {}", printable(&self.to_string()));
    }
}

/// How a file is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedPipe => f.write_str("nobody reads the output"),
            Self::Message(message) => f.write_str(message),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::told(&error.to_string()),
        }
    }
}

impl From<DecodeError> for Trouble {
    fn from(error: DecodeError) -> Self {
        Self::told(&error.to_string())
    }
}

impl From<EncodeError> for Trouble {
    fn from(error: EncodeError) -> Self {
        Self::told(&error.to_string())
    }
}
