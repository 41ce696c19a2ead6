//! The npy header: magic, version, length, and a Python dict that describes the array.
//!
//! Source: NumPy's `numpy.lib.format`, NEP 1. Reading and writing stand side by side, so that what
//! one accepts can be held against what the other produces.

use std::borrow::Cow;
use std::fmt;

use super::descr;
use super::literal::{self, Literal, Value};
use crate::array::{Array, DType, Dims, Kind, Layout, Order, Source, shorten};
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, Result};
use crate::limits::Limits;

/// The first six bytes of every npy file.
pub const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The data starts at a multiple of this many bytes.
const ALIGNMENT: usize = 64;
/// NumPy leaves room for the dimension along which arrays are appended to grow to this many
/// digits.
const GROWTH_DIGITS: usize = 21;

/// What an npy header says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Header {
    /// Major and minor version: `(1, 0)`, `(2, 0)` or `(3, 0)`.
    pub version: (u8, u8),
    /// What one element is.
    pub dtype: DType,
    /// The order in which the elements follow each other.
    pub order: Order,
    /// Elements along each axis.
    pub shape: Dims<usize>,
    /// The byte where the data starts.
    pub data_offset: usize,
    /// What is unusual about the header, though it is valid.
    pub oddities: Vec<&'static str>,
}

impl Header {
    /// Reads the header at the start of `bytes`, which need not hold the data.
    ///
    /// # Errors
    /// [`Incomplete`](crate::DecodeErrorKind::Incomplete) says how many bytes the header takes.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        if let Some(header) = read_canonical(bytes) {
            return Ok(header);
        }
        Self::read_any(bytes, limits).map_err(|error| error.format("npy"))
    }

    fn read_any(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        read_magic(&mut cursor)?;
        let version = read_version(&mut cursor)?;
        let length = match version {
            (1, _) => usize::from(u16::from_le_bytes(cursor.array("the header's length")?)),
            _ => u32::from_le_bytes(cursor.array("the header's length")?) as usize,
        };
        limits.check_header(length as u64)?;
        let start = cursor.position();
        let header = cursor.take(length, "the header")?;
        if header.ends_with(b"\r") && bytes.get(cursor.position()) == Some(&b'\n') {
            return Err(DecodeError::malformed("every newline has become two bytes")
                .at(cursor.position() as u64 - 1)
                .hint("the file was sent as text, which destroys it: send it again as binary"));
        }
        let text = decode(header, version).map_err(|error| error.at(start as u64))?;
        let parsed =
            literal::parse(&text).map_err(|error| shift(error, &text, header.len(), start))?;
        let (dtype, order, shape) =
            interpret(parsed.literal).map_err(|error| shift(error, &text, header.len(), start))?;

        let mut oddities = Vec::new();
        let mut note = |unusual: bool, what: &'static str| {
            if unusual {
                oddities.push(what);
            }
        };
        note(parsed.python2, "the header is spelled as Python 2 does");
        note(
            !cursor.position().is_multiple_of(ALIGNMENT),
            "the data does not start at a multiple of 64 bytes",
        );
        note(!header.ends_with(b"\n"), "the header does not end in a newline");
        note(!text.starts_with("{'descr': "), "the header is not spelled as NumPy does");
        let data_offset = cursor.position();
        Ok(Self { version, dtype, order, shape, data_offset, oddities })
    }

    /// The array that this header describes in `source`, which starts where the header does.
    /// Bytes behind the data are left alone.
    ///
    /// # Errors
    /// When the source ends before the data does, or the data is a pickle.
    #[inline]
    pub fn array<'a>(&self, source: Source<'a>) -> Result<Array<'a>> {
        if self.dtype.has_objects() {
            return Err(DecodeError::unsupported(
                "the array holds Python objects, whose bytes are a pickle",
            )
            .format("npy")
            .at(self.data_offset as u64)
            .hint(
                "reading object arrays arrives with the pickle format; nothing here runs pickles",
            ));
        }
        let layout = self.layout()?;
        if layout.reach() > source.len() {
            return Err(self.cut_short(layout.reach(), source.len()));
        }
        Array::new(self.dtype.clone(), layout, source)
    }

    /// Where the elements lie, counted from the start of the header.
    ///
    /// # Errors
    /// When that is more than any memory.
    #[inline]
    pub fn layout(&self) -> Result<Layout> {
        Layout::contiguous(&self.shape, self.dtype.itemsize(), self.order)
            .and_then(|layout| layout.at(self.data_offset))
            .map_err(|error| error.format("npy"))
    }

    #[cold]
    fn cut_short(&self, needed: usize, found: usize) -> DecodeError {
        let what = format!("the data of a {} array of shape {:?}", self.dtype, &self.shape[..]);
        DecodeError::incomplete(&what, needed as u64, found as u64).format("npy")
    }
}

fn read_magic(cursor: &mut Cursor<'_>) -> Result<()> {
    let found = cursor.take(MAGIC.len(), "the magic number")?;
    if found != MAGIC {
        return Err(DecodeError::new(
            DecodeErrorKind::Unrecognized,
            "the bytes do not start as npy does",
        )
        .at(0)
        .expected("b'\\x93NUMPY'"));
    }
    Ok(())
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<(u8, u8)> {
    let [major, minor] = cursor.array("the version")?;
    if !(1..=3).contains(&major) || minor != 0 {
        return Err(DecodeError::unsupported(format!("npy version {major}.{minor} is not known"))
            .at(MAGIC.len() as u64)
            .expected("version 1.0, 2.0 or 3.0"));
    }
    Ok((major, minor))
}

/// Versions 1 and 2 are in Latin-1, version 3 in UTF-8.
fn decode(header: &[u8], version: (u8, u8)) -> Result<Cow<'_, str>> {
    match std::str::from_utf8(header) {
        Ok(text) if version.0 == 3 || header.is_ascii() => Ok(Cow::Borrowed(text)),
        Err(error) if version.0 == 3 => Err(DecodeError::malformed(format!(
            "byte {} of the header is not UTF-8, which npy 3.0 is written in",
            error.valid_up_to()
        ))),
        _ => Ok(Cow::Owned(header.iter().map(|&byte| char::from(byte)).collect())),
    }
}

/// Turns an offset in the decoded text into one in the input.
#[cold]
fn shift(error: DecodeError, text: &str, header_len: usize, start: usize) -> DecodeError {
    let in_text = error.offset().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    // Where the text is longer than the header, each of its characters was one byte.
    let in_header = match text.len() == header_len {
        true => in_text,
        false => text.char_indices().take_while(|&(at, _)| at < in_text).count(),
    };
    error.moved_to((start + in_header) as u64)
}

fn interpret(literal: Literal<'_>) -> Result<(DType, Order, Dims<usize>)> {
    let at = literal.at as u64;
    let malformed = |found: String| {
        DecodeError::malformed(found)
            .at(at)
            .expected("a dict with exactly the keys 'descr', 'fortran_order' and 'shape'")
    };
    let Value::Dict(pairs) = literal.value else {
        return Err(malformed(format!("the header is {}", literal.value.type_name())));
    };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    for (key, value) in pairs {
        let Value::Str(name) = &key.value else {
            return Err(malformed(format!("a key of the header is {}", key.value.type_name())));
        };
        let place = match &**name {
            "descr" => &mut descr,
            "fortran_order" => &mut fortran_order,
            "shape" => &mut shape,
            other => {
                let found = format!("the header has a key {:?}", shorten(other));
                return Err(malformed(found));
            }
        };
        if place.replace(value).is_some() {
            return Err(malformed(format!("the key {name:?} occurs twice in the header")));
        }
    }
    let missing = |name: &str| malformed(format!("the header has no key {name:?}"));
    let descr = descr.ok_or_else(|| missing("descr"))?;
    let fortran_order = fortran_order.ok_or_else(|| missing("fortran_order"))?;
    let shape = shape.ok_or_else(|| missing("shape"))?;

    let dtype = descr::read(&descr)?;
    let order = match fortran_order.value {
        Value::Bool(true) => Order::F,
        Value::Bool(false) => Order::C,
        other => {
            let found = format!("'fortran_order' is {}", other.type_name());
            return Err(DecodeError::malformed(found)
                .at(fortran_order.at as u64)
                .expected("True or False"));
        }
    };
    let Value::Tuple(dims) = &shape.value else {
        return Err(DecodeError::malformed(format!("'shape' is {}", shape.value.type_name()))
            .at(shape.at as u64)
            .expected("a tuple of integers"));
    };
    let dims = dims.iter().map(descr::dimension).collect::<Result<Dims<usize>>>()?;
    Ok((dtype, order, dims))
}

/// Reads the header of an array of numbers, strings or times if it is spelled exactly as NumPy
/// spells it; everything else, and everything wrong, is left to the parser.
#[inline]
fn read_canonical(bytes: &[u8]) -> Option<Header> {
    let length = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, low, high, ..] => {
            usize::from(u16::from_le_bytes([*low, *high]))
        }
        _ => return None,
    };
    let data_offset = 10 + length;
    let text = bytes.get(10..data_offset)?;
    let text = text.strip_prefix(b"{'descr': '")?;
    let code_len = text.iter().take(32).position(|&byte| byte == b'\'')?;
    let (code, text) = text.split_at(code_len);
    let text = text.strip_prefix(b"', 'fortran_order': ")?;
    let (order, text) = match text.strip_prefix(b"False, 'shape': (") {
        Some(text) => (Order::C, text),
        None => (Order::F, text.strip_prefix(b"True, 'shape': (")?),
    };
    let (shape, text) = canonical_shape(text)?;
    let padding = text.strip_prefix(b"), }")?.strip_suffix(b"\n")?;
    if data_offset % ALIGNMENT != 0 || !padding.iter().all(|&byte| byte == b' ') {
        return None;
    }
    let dtype = descr::canonical(code)?;
    Some(Header { version: (1, 0), dtype, order, shape, data_offset, oddities: Vec::new() })
}

/// The dimensions and the text from the closing parenthesis on.
#[inline]
fn canonical_shape(mut text: &[u8]) -> Option<(Dims<usize>, &[u8])> {
    let mut shape = Dims::new();
    while text.first() != Some(&b')') {
        let mut dim: usize = 0;
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 18 || (digits > 1 && text[0] == b'0') {
            return None;
        }
        for &byte in &text[..digits] {
            dim = dim.checked_mul(10)?.checked_add(usize::from(byte - b'0'))?;
        }
        shape.push(dim);
        text = text[digits..].strip_prefix(b",").or_else(|| {
            // A comma follows every dimension but the last of several.
            (shape.len() > 1 && text[digits..].starts_with(b")")).then(|| &text[digits..])
        })?;
        text = match (shape.len(), text) {
            (1, [b')', ..]) => text,
            (_, [b' ', rest @ ..]) if rest.first() != Some(&b')') => rest,
            (2.., [b')', ..]) => text,
            _ => return None,
        };
    }
    Some((shape, text))
}

/// Writes the header of an array: the lowest version that can hold it, byte for byte as NumPy.
///
/// # Errors
/// When npy cannot hold the dtype.
#[inline]
pub(super) fn write(
    dtype: &DType,
    shape: &[usize],
    order: Order,
) -> Result<HeaderBytes, EncodeError> {
    refuse_what_npy_cannot_hold(dtype)?;
    let mut text = Text::new();
    text.push("{'descr': ");
    descr::write(dtype, &mut text)?;
    text.push(match order {
        Order::C => ", 'fortran_order': False, 'shape': ",
        Order::F => ", 'fortran_order': True, 'shape': ",
    });
    text.push_tuple(shape);
    text.push(", }");
    let growing = match order {
        Order::C => shape.first(),
        Order::F => shape.last(),
    };
    if let Some(&dim) = growing {
        text.push_spaces(GROWTH_DIGITS.saturating_sub(decimal_digits(dim)));
    }
    Ok(text.finish())
}

#[inline]
fn refuse_what_npy_cannot_hold(dtype: &DType) -> Result<(), EncodeError> {
    match dtype.kind() {
        Kind::Scalar(_) if dtype.metadata().is_none() => Ok(()),
        _ => refuse_what_is_not_plain(dtype),
    }
}

fn refuse_what_is_not_plain(dtype: &DType) -> Result<(), EncodeError> {
    if dtype.has_objects() {
        return Err(EncodeError::new(format!(
            "npy keeps the elements of a {dtype} array as a pickle"
        ))
        .hint(
            "writing object arrays arrives with the pickle format; until then convert to a dtype \
             of fixed size, such as x.astype(str)",
        ));
    }
    if dtype.has_metadata() {
        return Err(EncodeError::new("npy has no place for the dtype's metadata").hint(
            "drop it with x.astype(numpy.dtype(x.dtype.str)), or use a format that keeps it",
        ));
    }
    Ok(())
}

/// The bytes of a header; those of nearly every array need no allocation.
#[derive(Debug)]
pub(super) enum HeaderBytes {
    Inline { bytes: [u8; INLINE], len: usize },
    Heap(Vec<u8>),
}

impl std::ops::Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline { bytes, len } => &bytes[..*len],
            Self::Heap(bytes) => bytes,
        }
    }
}

const INLINE: usize = 256;
/// Magic, version 1.0, and a length of two bytes.
const PREFIX: usize = 10;

/// The text of a header while it grows: behind room for the prefix of version 1.0, in front of
/// spaces, so that padding is already there.
pub(super) struct Text {
    inline: [u8; INLINE],
    len: usize,
    /// Everything, once it is too long.
    spilled: Vec<u8>,
}

impl Text {
    #[inline]
    fn new() -> Self {
        Self { inline: [b' '; INLINE], len: PREFIX, spilled: Vec::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        let end = self.len + text.len();
        if end <= INLINE - ALIGNMENT && self.spilled.is_empty() {
            self.inline[self.len..end].copy_from_slice(text.as_bytes());
            self.len = end;
        } else {
            self.spill(text.as_bytes());
        }
    }

    #[cold]
    fn spill(&mut self, more: &[u8]) {
        if self.spilled.is_empty() {
            self.spilled.extend_from_slice(&self.inline[..self.len]);
        }
        self.spilled.extend_from_slice(more);
    }

    #[inline]
    fn push_spaces(&mut self, count: usize) {
        if self.len + count <= INLINE - ALIGNMENT && self.spilled.is_empty() {
            self.len += count;
        } else {
            self.spill(&[b' '; GROWTH_DIGITS][..count]);
        }
    }

    /// A tuple of integers as Python's `repr` gives it.
    #[inline]
    pub(super) fn push_tuple(&mut self, dims: &[usize]) {
        self.push("(");
        for (index, &dim) in dims.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.push_decimal(dim);
        }
        self.push(if dims.len() == 1 { ",)" } else { ")" });
    }

    #[inline]
    fn push_decimal(&mut self, mut number: usize) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        let text = std::str::from_utf8(&digits[start..]);
        self.push(text.unwrap_or_else(|_| unreachable!("digits are ASCII")));
    }

    /// Completes the header: prefix, padding and newline.
    #[inline]
    fn finish(mut self) -> HeaderBytes {
        if !self.spilled.is_empty() || !self.inline[PREFIX..self.len].is_ascii() {
            return self.finish_any();
        }
        let total = padded(self.len);
        self.inline[..8].copy_from_slice(b"\x93NUMPY\x01\x00");
        self.inline[8..PREFIX].copy_from_slice(&((total - PREFIX) as u16).to_le_bytes());
        self.inline[total - 1] = b'\n';
        HeaderBytes::Inline { bytes: self.inline, len: total }
    }

    /// A long header, or one that is not ASCII.
    #[cold]
    fn finish_any(mut self) -> HeaderBytes {
        self.spill(b"");
        let text = String::from_utf8_lossy(&self.spilled[PREFIX..]);
        let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        let (version, text) = match latin1 {
            Some(text) if padded(PREFIX + text.len()) - PREFIX <= usize::from(u16::MAX) => {
                (1, text)
            }
            Some(text) => (2, text),
            None => (3, text.into_owned().into_bytes()),
        };
        let prefix = if version == 1 { PREFIX } else { PREFIX + 2 };
        let total = padded(prefix + text.len());
        let length = ((total - prefix) as u32).to_le_bytes();
        let mut bytes = Vec::with_capacity(total);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[version, 0]);
        bytes.extend_from_slice(&length[..prefix - 8]);
        bytes.extend_from_slice(&text);
        bytes.resize(total - 1, b' ');
        bytes.push(b'\n');
        HeaderBytes::Heap(bytes)
    }
}

/// Where the data starts after `end` bytes of prefix and text: behind a newline and, as in NumPy,
/// at least one space, even where none is needed.
#[inline]
fn padded(end: usize) -> usize {
    (end + 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT
}

impl fmt::Write for Text {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[inline]
fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}
