//! The names that a pickle asks for.

use crate::array::shorten;
use crate::error::{DecodeError, DecodeErrorKind};

/// At most this many names are listed.
const MAX_NAMES: usize = 100;

/// A name that the bytes ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Name {
    /// Module and name, joined by a dot.
    pub name: String,
    /// Whether it is one that is interpreted here; nothing is ever imported or called.
    pub known: bool,
    /// The byte where it is first asked for.
    pub offset: u64,
}

/// The names that were noted, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<Name>,
    refused: usize,
}

impl Names {
    #[cold]
    pub(super) fn note(&mut self, name: String, known: bool, offset: usize) {
        if self.list.iter().any(|noted| noted.name == name) {
            return;
        }
        self.refused += usize::from(!known);
        if self.list.len() < MAX_NAMES {
            self.list.push(Name { name, known, offset: offset as u64 });
        }
    }

    /// Whether there is one that is not known.
    pub(super) fn any_refused(&self) -> bool {
        self.refused > 0
    }

    pub(super) fn into_list(self) -> Vec<Name> {
        self.list
    }

    /// The error that lists those that are not known.
    #[cold]
    pub(super) fn refusal(&self) -> DecodeError {
        let refused = self.list.iter().filter(|name| !name.known);
        let names: Vec<String> = refused.clone().map(|name| name.name.clone()).collect();
        let shown: Vec<String> = names.iter().take(5).map(|name| format!("{name:?}")).collect();
        let more = match self.refused - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let offset = refused.map(|name| name.offset).next().unwrap_or(0);
        let found = format!("the pickle asks for {}{more}", shown.join(", "));
        DecodeError::new(DecodeErrorKind::Unsafe { names }, found)
            .at(offset)
            .expected("arrays and plain data; nothing is imported or called for anything else")
    }
}

/// `module.name`, cut short if it is very long.
#[cold]
pub(super) fn join(module: &[u8], name: &[u8]) -> String {
    let text = |bytes: &[u8]| match bytes.len() {
        0..200 => String::from_utf8_lossy(bytes).into_owned(),
        _ => shorten(&String::from_utf8_lossy(&bytes[..200])),
    };
    format!("{}.{}", text(module), text(name))
}
