//! Why one file of several could not be dealt with: a line for people, an object for machines.

use std::borrow::Cow;
use std::path::Path;

use ndbytes::{DecodeError, DecodeErrorKind, Format, Source};
use serde_json::{Value, json};

use crate::hint::{apart, in_terminal_words};
use crate::screen::Screen;
use crate::trouble::Trouble;

/// Why one file could not be dealt with.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
    offset: Option<u64>,
    entry: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// The bytes of `file`, which begin with `start`, are in no format that is known here.
    pub(crate) fn unknown(file: &Path, start: &[u8], nbytes: Option<u64>) -> Self {
        let how = format!(": ndbytes convert {} OUT.npy --from raw --dtype", file.display());
        Self::undescribed(file, start, nbytes, &how)
    }

    /// As [`Self::unknown`], where what the elements are can be said on the spot.
    pub(crate) fn unsaid(file: &Path, bytes: &[u8]) -> Self {
        Self::undescribed(file, bytes, Some(bytes.len() as u64), ", such as --dtype")
    }

    fn undescribed(file: &Path, start: &[u8], nbytes: Option<u64>, how: &str) -> Self {
        let formats: Vec<&str> =
            Format::all().filter(|&format| format != Format::Raw).map(Format::name).collect();
        let formats = formats.join(", nor ");
        let message = match nbytes {
            Some(0) => "there are no bytes".to_owned(),
            Some(1) => format!("this 1 byte does not say what it is (not {formats})"),
            Some(count) => format!("these {count} bytes do not say what they are (not {formats})"),
            None => format!("these bytes do not say what they are (not {formats})"),
        };
        // What is known by name, or else the verbs that can tell more.
        let hint = ndbytes::recognise(&Source::slice(start)).unwrap_or_else(|| {
            format!(
                "if they are bare elements, say of what kind{how} float32 --shape 28,28; ndbytes \
                 guess {} tells what they may be",
                file.display()
            )
        });
        let kind = DecodeErrorKind::Unrecognized.name();
        Self { kind, message, offset: Some(0), entry: None, hint: Some(hint) }
    }

    /// What was asked for is not what there is.
    pub(crate) fn mismatch(message: String, hint: Option<String>) -> Self {
        let kind = DecodeErrorKind::Mismatch.name();
        Self { kind, message, offset: None, entry: None, hint }
    }

    /// As [`From`], with the hint of the command line for bytes that say nothing.
    pub(crate) fn about_bytes(error: &DecodeError, file: &Path, bytes: &[u8]) -> Self {
        let failure = Self::from(error);
        match error.kind() {
            DecodeErrorKind::Unrecognized if error.format_name().is_none() => {
                Self::unknown(file, bytes, Some(bytes.len() as u64))
            }
            DecodeErrorKind::Unrecognized => {
                Self { hint: Self::unknown(file, bytes, None).hint, ..failure }
            }
            _ => failure,
        }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The failure alone.
    pub(crate) fn details(&self) -> Value {
        let Self { kind, message, offset, entry, hint } = self;
        json!({ "kind": kind, "message": message, "offset": offset, "entry": entry, "hint": hint })
    }

    /// What stands in the place of what would have been told about the file.
    pub(crate) fn json(&self, file: &Path) -> Value {
        json!({ "file": file.to_string_lossy(), "error": self.details() })
    }

    /// Says so in the place of what would have been told about the file, behind what was said before.
    pub(crate) fn tell(&self, file: &Path, screen: &mut Screen, json: bool) -> Result<(), Trouble> {
        if json {
            screen.json(&self.json(file))?;
        }
        screen.flush()?;
        self.trouble().about(file).say();
        Ok(())
    }

    /// The line for people.
    pub(crate) fn trouble(&self) -> Trouble {
        Trouble::new(match &self.hint {
            Some(hint) => format!("{}. Hint: {hint}", self.message),
            None => self.message.clone(),
        })
    }
}

impl From<&DecodeError> for Failure {
    fn from(error: &DecodeError) -> Self {
        Self {
            kind: error.kind().name(),
            message: error.without_hint().to_string(),
            offset: error.offset(),
            entry: error.entry().map(str::to_owned),
            hint: error.hint_text().map(|hint| in_terminal_words(hint).into_owned()),
        }
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::from(&error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let said = error.to_string();
        let (message, hint) = apart(&said);
        let (message, hint) = (message.to_owned(), hint.map(Cow::into_owned));
        Self { kind: "io", message, offset: None, entry: None, hint }
    }
}
