//! The npy header: magic, version, length, and a Python dict that describes the array.
//!
//! Source: NumPy's `numpy.lib.format`, NEP 1. Reading and writing stand side by side, so that what
//! one accepts can be held against what the other produces.

use std::borrow::Cow;

use super::descr;
use super::literal::{self, Literal, Value};
use crate::array::{Array, DType, Dims, Kind, Layout, Order, Sink, Source, shorten};
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
        if let Some(Canonical { dtype, order, shape, data_offset }) = read_canonical(bytes) {
            let (version, oddities) = ((1, 0), Vec::new());
            return Ok(Self { version, dtype, order, shape, data_offset, oddities });
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
        array_in(source, self.dtype.clone(), &self.shape, self.order, self.data_offset)
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
}

/// The array at `data_offset` of a source.
#[inline(always)]
fn array_in<'a>(
    source: Source<'a>,
    dtype: DType,
    shape: &[usize],
    order: Order,
    data_offset: usize,
) -> Result<Array<'a>> {
    if dtype.has_objects() {
        return Err(DecodeError::unsupported(
            "the array holds Python objects, whose bytes are a pickle",
        )
        .format("npy")
        .at(data_offset as u64)
        .hint("reading object arrays arrives with the pickle format; nothing here runs pickles"));
    }
    let layout = Layout::contiguous(shape, dtype.itemsize(), order)
        .and_then(|layout| layout.at(data_offset))
        .map_err(|error| error.format("npy"))?;
    if layout.reach() > source.len() {
        let what = format!("the data of a {dtype} array of shape {shape:?}");
        let (needed, found) = (layout.reach() as u64, source.len() as u64);
        return Err(DecodeError::incomplete(&what, needed, found).format("npy"));
    }
    Array::new(dtype, layout, source)
}

/// The array in a source that others do not write.
#[inline(always)]
pub(super) fn read_array<'a>(
    bytes: &[u8],
    source: Source<'a>,
    limits: &Limits,
) -> Result<Array<'a>> {
    match read_canonical(bytes) {
        Some(Canonical { dtype, order, shape, data_offset }) => {
            array_in(source, dtype, &shape, order, data_offset)
        }
        None => Header::read(bytes, limits)?.array(source),
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

/// What the headers of nearly all arrays say, without a word of their own.
struct Canonical {
    dtype: DType,
    order: Order,
    shape: Dims<usize>,
    data_offset: usize,
}

/// Reads the header of an array of numbers, strings or times if it is spelled exactly as NumPy
/// spells it; everything else, and everything wrong, is left to the parser.
#[inline(always)]
fn read_canonical(bytes: &[u8]) -> Option<Canonical> {
    let length = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, low, high, ..] => {
            usize::from(u16::from_le_bytes([*low, *high]))
        }
        _ => return None,
    };
    let data_offset = 10 + length;
    let text = bytes.get(10..data_offset)?;
    let text = text.strip_prefix(b"{'descr': '")?;
    // Most codes have three characters.
    let code_len = match text.get(3) {
        Some(b'\'') => 3,
        _ => text.iter().take(32).position(|&byte| byte == b'\'')?,
    };
    let (code, text) = text.split_at(code_len);
    let text = text.strip_prefix(b"', 'fortran_order': ")?;
    let (order, text) = match text.strip_prefix(b"False, 'shape': (") {
        Some(text) => (Order::C, text),
        None => (Order::F, text.strip_prefix(b"True, 'shape': (")?),
    };
    let (shape, text) = canonical_shape(text)?;
    let padding = text.strip_prefix(b"), }")?.strip_suffix(b"\n")?;
    if data_offset % ALIGNMENT != 0 || padding != SPACES.get(..padding.len())? {
        return None;
    }
    let dtype = descr::canonical(code)?;
    Some(Canonical { dtype, order, shape, data_offset })
}

/// As many as the canonical header has at most.
const SPACES: [u8; GROWTH_DIGITS + ALIGNMENT] = [b' '; GROWTH_DIGITS + ALIGNMENT];

/// The dimensions and the text from the closing parenthesis on.
#[inline(always)]
fn canonical_shape(mut text: &[u8]) -> Option<(Dims<usize>, &[u8])> {
    let mut shape = Dims::new();
    if text.first() == Some(&b')') {
        return Some((shape, text));
    }
    loop {
        let (mut dim, mut digits) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = text.get(digits) {
            dim = dim * 10 + usize::from(digit - b'0');
            digits += 1;
            if digits > 9 {
                // Longer numbers may be too large: the parser says so.
                return None;
            }
        }
        if digits == 0 || (digits > 1 && text[0] == b'0') {
            return None;
        }
        shape.push(dim);
        text = match &text[digits..] {
            // Only a single dimension has a comma behind it.
            [b',', rest @ ..] if shape.len() == 1 && rest.first() == Some(&b')') => {
                return Some((shape, rest));
            }
            rest @ [b')', ..] if shape.len() > 1 => return Some((shape, rest)),
            [b',', b' ', rest @ ..] => rest,
            _ => return None,
        };
    }
}

/// Writes the header of an array: the lowest version that can hold it, byte for byte as NumPy.
///
/// The text is gone through twice: once to measure it, once to write it where it belongs.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    dtype: &'a DType,
    shape: &'a [usize],
    order: Order,
    /// Bytes of the whole header, padding included.
    len: usize,
    /// The header itself, if it is long or not ASCII.
    special: Option<Vec<u8>>,
}

impl<'a> Writer<'a> {
    /// Measures the header.
    ///
    /// # Errors
    /// When npy cannot hold the dtype.
    #[inline]
    pub(super) fn new(
        dtype: &'a DType,
        shape: &'a [usize],
        order: Order,
    ) -> Result<Self, EncodeError> {
        refuse_what_npy_cannot_hold(dtype)?;
        let mut measure = Measure { len: PREFIX, ascii: true };
        write_text(dtype, shape, order, &mut measure)?;
        let len = padded(measure.len);
        let mut writer = Self { dtype, shape, order, len, special: None };
        if !measure.ascii || len - PREFIX > usize::from(u16::MAX) {
            writer.specialize()?;
        }
        Ok(writer)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Writes the header.
    #[inline]
    pub(super) fn write(&self, sink: &mut Sink<'_>) {
        if let Some(special) = &self.special {
            return sink.write(special);
        }
        let end = sink.position() + self.len;
        sink.write(b"\x93NUMPY\x01\x00");
        sink.write(&((self.len - PREFIX) as u16).to_le_bytes());
        let written = write_text(self.dtype, self.shape, self.order, sink);
        debug_assert!(written.is_ok(), "what could be measured can be written");
        let padding = end - 1 - sink.position();
        sink.write(&[b' '; ALIGNMENT][..padding]);
        sink.write(b"\n");
    }

    /// A header that is long, so that its length takes four bytes, or not ASCII, so that how it is
    /// encoded decides the version.
    #[cold]
    fn specialize(&mut self) -> Result<(), EncodeError> {
        let mut text = String::new();
        write_text(self.dtype, self.shape, self.order, &mut text)?;
        let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        let (version, text) = match latin1 {
            Some(text) if padded(PREFIX + text.len()) - PREFIX <= usize::from(u16::MAX) => {
                (1, text)
            }
            Some(text) => (2, text),
            None => (3, text.into_bytes()),
        };
        let prefix = if version == 1 { PREFIX } else { PREFIX + 2 };
        self.len = padded(prefix + text.len());
        let length = ((self.len - prefix) as u32).to_le_bytes();
        let mut bytes = Vec::with_capacity(self.len);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[version, 0]);
        bytes.extend_from_slice(&length[..prefix - 8]);
        bytes.extend_from_slice(&text);
        bytes.resize(self.len - 1, b' ');
        bytes.push(b'\n');
        self.special = Some(bytes);
        Ok(())
    }
}

/// Magic, version 1.0, and a length of two bytes.
const PREFIX: usize = 10;

/// Where the data starts after `end` bytes of prefix and text: behind a newline and, as in NumPy,
/// at least one space, even where none is needed.
#[inline]
fn padded(end: usize) -> usize {
    (end + 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT
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

/// The dict, as NumPy's `repr` of it, and room for a dimension to grow.
#[inline(always)]
fn write_text(
    dtype: &DType,
    shape: &[usize],
    order: Order,
    text: &mut impl Text,
) -> Result<(), EncodeError> {
    text.push("{'descr': ");
    descr::write(dtype, text)?;
    text.push(match order {
        Order::C => ", 'fortran_order': False, 'shape': ",
        Order::F => ", 'fortran_order': True, 'shape': ",
    });
    push_tuple(text, shape);
    text.push(", }");
    let growing = match order {
        Order::C => shape.first(),
        Order::F => shape.last(),
    };
    if let Some(&dim) = growing {
        text.push(&GROWTH_SPACES[decimal_digits(dim).min(GROWTH_DIGITS)..]);
    }
    Ok(())
}

const GROWTH_SPACES: &str = match std::str::from_utf8(&[b' '; GROWTH_DIGITS]) {
    Ok(spaces) => spaces,
    Err(_) => panic!("spaces are ASCII"),
};

/// What the text of a header is written to.
pub(super) trait Text {
    /// Appends ASCII text.
    fn push(&mut self, text: &str);

    /// Appends any text, such as a field's name.
    fn push_any(&mut self, text: &str) {
        self.push(text);
    }

    /// Appends a number.
    #[inline]
    fn push_decimal(&mut self, number: usize) {
        match number {
            0..=9 => self.push(&TWO_DIGITS[number * 2 + 1..][..1]),
            10..=99 => self.push(&TWO_DIGITS[number * 2..][..2]),
            _ => {
                self.push_decimal(number / 100);
                self.push(&TWO_DIGITS[number % 100 * 2..][..2]);
            }
        }
    }
}

/// `00` to `99`.
const TWO_DIGITS: &str = {
    const BYTES: [u8; 200] = {
        let mut bytes = [0; 200];
        let mut number = 0;
        while number < 100 {
            bytes[number * 2] = b'0' + (number / 10) as u8;
            bytes[number * 2 + 1] = b'0' + (number % 10) as u8;
            number += 1;
        }
        bytes
    };
    match std::str::from_utf8(&BYTES) {
        Ok(digits) => digits,
        Err(_) => panic!("digits are ASCII"),
    }
};

fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Only counts.
struct Measure {
    len: usize,
    ascii: bool,
}

impl Text for Measure {
    #[inline]
    fn push(&mut self, text: &str) {
        self.len += text.len();
    }

    fn push_any(&mut self, text: &str) {
        self.len += text.len();
        self.ascii &= text.is_ascii();
    }

    #[inline]
    fn push_decimal(&mut self, number: usize) {
        self.len += decimal_digits(number);
    }
}

impl Text for Sink<'_> {
    #[inline]
    fn push(&mut self, text: &str) {
        self.write(text.as_bytes());
    }
}

impl Text for String {
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// A tuple of integers as Python's `repr` gives it.
#[inline]
pub(super) fn push_tuple(text: &mut impl Text, dims: &[usize]) {
    text.push("(");
    for (index, &dim) in dims.iter().enumerate() {
        if index > 0 {
            text.push(", ");
        }
        text.push_decimal(dim);
    }
    text.push(if dims.len() == 1 { ",)" } else { ")" });
}
