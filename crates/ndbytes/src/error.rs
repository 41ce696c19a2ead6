//! What can go wrong, in the words of whoever has to mend it.
//!
//! There are two error types: [`DecodeError`] for bytes that do not hold what was asked of them,
//! and [`EncodeError`] for arrays that a format cannot hold. Both say what was found and what to
//! try; a decode error also says where.

use std::borrow::Cow;
use std::fmt;

/// The bytes do not hold the array that was asked for.
///
/// Displays as `npy: the shape has a dimension of -3 (at byte 57; in entry "x"; expected an integer of
/// at least 0). Hint: the way out, if there is one`.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: DecodeErrorKind,
    format: Option<&'static str>,
    offset: Option<u64>,
    entry: Option<String>,
    found: Cow<'static, str>,
    expected: Option<Cow<'static, str>>,
    hint: Option<Cow<'static, str>>,
}

/// Why decoding stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end too early: at least `needed` bytes in all are required.
    Incomplete {
        /// How many bytes, counted from the start of the input, at least.
        needed: u64,
    },
    /// The bytes break the rules of their format.
    Malformed,
    /// The bytes are in no format that is known here.
    Unrecognized,
    /// Well-formed, but outside what is built here.
    Unsupported,
    /// Well-formed, but it asks for code to be run; these are the names it would import.
    Unsafe {
        /// `module.name` of everything outside the table of known constructors.
        names: Vec<String>,
    },
    /// What the caller said about the bytes does not fit them.
    Mismatch,
    /// The stream that the bytes come from could not be read.
    Io {
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Reading on would spend more than the caller's [`Limits`](crate::Limits) allow.
    Limit {
        /// The name of the option to raise.
        option: &'static str,
    },
}

impl DecodeErrorKind {
    /// One lower-case word for this kind, the same in Rust, Python and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "incomplete",
            Self::Malformed => "malformed",
            Self::Unrecognized => "unrecognized",
            Self::Unsupported => "unsupported",
            Self::Unsafe { .. } => "unsafe",
            Self::Mismatch => "mismatch",
            Self::Io { .. } => "io",
            Self::Limit { .. } => "limit",
        }
    }
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind, found: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            kind,
            format: None,
            offset: None,
            entry: None,
            found: found.into(),
            expected: None,
            hint: None,
        }))
    }

    pub(crate) fn malformed(found: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeErrorKind::Malformed, found)
    }

    pub(crate) fn unsupported(found: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeErrorKind::Unsupported, found)
    }

    pub(crate) fn mismatch(found: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeErrorKind::Mismatch, found)
    }

    pub(crate) fn limit(option: &'static str, found: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DecodeErrorKind::Limit { option }, found)
            .hint(format!("if you trust these bytes, raise Limits({option}=...)"))
    }

    /// The stream could not be read.
    pub(crate) fn io(error: &std::io::Error) -> Self {
        Self::new(DecodeErrorKind::Io { kind: error.kind() }, format!("reading failed: {error}"))
    }

    /// `what` needs `needed` bytes from the start of the input, but there are `found`.
    pub(crate) fn incomplete(what: &str, needed: u64, found: u64) -> Self {
        Self::new(
            DecodeErrorKind::Incomplete { needed },
            format!("the bytes end inside {what}: there are {found}, at least {needed} are needed"),
        )
        .at(found)
        .hint("the bytes were cut short: read or receive the rest")
    }

    /// Sets the format, unless an inner reader has already said it.
    pub(crate) fn format(mut self, format: &'static str) -> Self {
        self.0.format.get_or_insert(format);
        self
    }

    /// Sets the byte offset, counted from the start of the input, unless already known.
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Sets the byte offset, whatever was said before: for inner readers that count from elsewhere.
    pub(crate) fn moved_to(mut self, offset: u64) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// Counts the offset from `by` bytes further ahead: for inner readers.
    pub(crate) fn shifted(mut self, by: u64) -> Self {
        self.0.offset = self.0.offset.map(|offset| offset.saturating_add(by));
        self
    }

    /// More bytes behind the end of the input would not help: what ends too early is inside of it.
    pub(crate) fn ends_inside(mut self) -> Self {
        if let DecodeErrorKind::Incomplete { .. } = self.0.kind {
            self.0.kind = DecodeErrorKind::Malformed;
            self.0.hint = None;
        }
        self
    }

    /// Sets the entry, unless an inner reader has already said it.
    pub(crate) fn in_entry(mut self, entry: &str) -> Self {
        self.0.entry.get_or_insert_with(|| entry.to_owned());
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<Cow<'static, str>>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Why decoding stopped.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The format that was being read, such as `"npy"`, if it was known.
    pub fn format_name(&self) -> Option<&'static str> {
        self.0.format
    }

    /// The byte offset from the start of the input where the trouble is, if it is in one place.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The entry (named array) that was being read, in a format that holds several.
    pub fn entry(&self) -> Option<&str> {
        self.0.entry.as_deref()
    }

    /// What was found, without place, expectation and hint.
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// What was found, where, and what was expected: all that is displayed but for the hint.
    pub fn without_hint(&self) -> impl fmt::Display + '_ {
        Told(&self.0)
    }

    /// What to try, if something is likely to help.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// How many bytes the input must have at least, when it ended too early.
    pub fn needed(&self) -> Option<u64> {
        match self.0.kind {
            DecodeErrorKind::Incomplete { needed } => Some(needed),
            _ => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_hint().fmt(f)?;
        match &self.0.hint {
            Some(hint) => write!(f, ". Hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// An error without its hint.
struct Told<'a>(&'a Details);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { format, offset, entry, found, expected, .. } = self.0;
        if let Some(format) = format {
            write!(f, "{format}: ")?;
        }
        f.write_str(found)?;
        let place = offset.map(|at| format!("at byte {at}"));
        let expected = expected.as_ref().map(|text| format!("expected {text}"));
        let entry = entry.as_ref().map(|name| format!("in entry {name:?}"));
        let asides: Vec<String> = [place, entry, expected].into_iter().flatten().collect();
        match asides.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", asides.join("; ")),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({}: {self})", self.0.kind.name())
    }
}

impl std::error::Error for DecodeError {}

/// The array cannot be written this way without losing something, so it was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EncodeError {
    found: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
}

impl EncodeError {
    pub(crate) fn new(found: impl Into<Cow<'static, str>>) -> Self {
        Self { found: found.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to try, if something is likely to help.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found)?;
        if let Some(hint) = &self.hint {
            write!(f, ". Hint: {hint}")?;
        }
        Ok(())
    }
}

/// The result of decoding.
pub type Result<T, E = DecodeError> = std::result::Result<T, E>;
