//! The npy header: magic, version, length, and a Python dict that describes the array.
//!
//! Source: NumPy's `numpy.lib.format`, NEP 1. Reading and writing stand side by side, so that what
//! one accepts can be held against what the other produces.

use std::borrow::Cow;

use super::literal::{self, Literal, Value};
use super::{descr, recent};
use crate::array::{
    Array, BaseUnit, ByteOrder, DType, Dims, Kind, Layout, Order, Source, shorten, tuple,
};
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, Result};
use crate::limits::Limits;

/// The first six bytes of every npy file.
pub const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The oddity of a header that Python 3 cannot parse as it is.
pub const LONGS: &str = "the header has integers as Python 2 spells them, 3L";
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

/// Reads the array at the start of `bytes` if its header is spelled exactly as NumPy spells it and
/// it holds no objects.
#[inline(always)]
pub(super) fn read_canonical_array<'a>(
    bytes: &[u8],
    source: &Source<'a>,
    limits: &Limits,
) -> Option<Result<Array<'a>>> {
    let Canonical { dtype, order, shape, data_offset } = read_canonical(bytes, limits)?;
    match dtype.has_objects() {
        true => None,
        false => Some(array_in(source.clone(), dtype, &shape, order, data_offset)),
    }
}

impl Header {
    /// Reads the header at the start of `bytes`, which need not hold the data.
    ///
    /// # Errors
    /// [`Incomplete`](crate::DecodeErrorKind::Incomplete) says how many bytes the header takes.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        if let Some(Canonical { dtype, order, shape, data_offset }) = read_canonical(bytes, limits)
        {
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
        note(parsed.longs, LONGS);
        note(parsed.unicode, "the header has text as Python 2 spells it, u''");
        note(
            !cursor.position().is_multiple_of(ALIGNMENT),
            "the data does not start at a multiple of 64 bytes",
        );
        note(!header.ends_with(b"\n"), "the header does not end in a newline");
        note(!text.starts_with("{'descr': "), "the header is not spelled as NumPy does");
        if oddities.is_empty() {
            recent::note_read(header, &dtype);
        }
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

    /// The error for an input that ends after `found` bytes, before the data does.
    pub fn cut_short(&self, found: u64) -> DecodeError {
        let needed = self.layout().map_or(u64::MAX, |layout| layout.reach() as u64);
        cut_short(&self.dtype, &self.shape, needed, found)
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
        .hint("`npy::read` reads them"));
    }
    let layout = Layout::contiguous(shape, dtype.itemsize(), order)
        .and_then(|layout| layout.at(data_offset))
        .map_err(|error| error.format("npy"))?;
    if layout.reach() > source.len() {
        return Err(cut_short(&dtype, shape, layout.reach() as u64, source.len() as u64));
    }
    Array::new(dtype, layout, source)
}

#[cold]
fn cut_short(dtype: &DType, shape: &[usize], needed: u64, found: u64) -> DecodeError {
    let what = format!("the data of a {dtype} array of shape {}", tuple(shape));
    DecodeError::incomplete(&what, needed, found).format("npy")
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
fn read_canonical(bytes: &[u8], limits: &Limits) -> Option<Canonical> {
    let length = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, low, high, ..] => {
            usize::from(u16::from_le_bytes([*low, *high]))
        }
        _ => return None,
    };
    limits.check_header(length as u64).ok()?;
    let data_offset = PREFIX + length;
    let text = bytes.get(PREFIX..data_offset)?;
    let text = text.strip_prefix(b"{'descr': ")?;
    let (dtype, text) = match text.split_first()? {
        (b'\'', text) => {
            // Most codes have three characters.
            let code_len = match text.get(3) {
                Some(b'\'') => 3,
                _ => text.iter().take(32).position(|&byte| byte == b'\'')?,
            };
            let (code, text) = text.split_at(code_len);
            (descr::canonical(code)?, text.strip_prefix(b"'")?)
        }
        _ => recent::read(text)?,
    };
    let text = text.strip_prefix(b", 'fortran_order': ")?;
    let (order, text) = match text.strip_prefix(b"False, 'shape': (") {
        Some(text) => (Order::C, text),
        None => (Order::F, text.strip_prefix(b"True, 'shape': (")?),
    };
    let (shape, text) = canonical_shape(text)?;
    let padding = text.strip_prefix(b"), }")?.strip_suffix(b"\n")?;
    if !data_offset.is_multiple_of(ALIGNMENT) || padding != SPACES.get(..padding.len())? {
        return None;
    }
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

/// The header of an array: the lowest version that can hold it, byte for byte as NumPy.
#[derive(Debug)]
pub(super) enum HeaderBytes {
    /// That of nearly every array of numbers.
    Short([u8; SHORT]),
    Long(Vec<u8>),
}

const SHORT: usize = 2 * ALIGNMENT;
/// Magic, version 1.0, and a length of two bytes.
const PREFIX: usize = 10;

impl std::ops::Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

impl HeaderBytes {
    /// Writes the header.
    ///
    /// # Errors
    /// When npy cannot hold the dtype.
    #[inline(always)]
    pub(super) fn new(dtype: &DType, shape: &[usize], order: Order) -> Result<Self, EncodeError> {
        if dtype.metadata().is_none()
            && let Some(bytes) = short(dtype, shape, order)
        {
            return Ok(Self::Short(bytes));
        }
        if let Some(bytes) = recent::write(dtype, |text| of_text(text, shape, order)) {
            return Ok(Self::Long(bytes));
        }
        refuse_what_npy_cannot_hold(dtype)?;
        long(dtype, shape, order).map(Self::Long)
    }
}

/// The header of numbers, strings or times if it takes 128 bytes, as it does unless there are many
/// dimensions.
///
/// Writes what [`long`] does, in a single pass over memory that is spaces already.
#[inline(always)]
fn short(dtype: &DType, shape: &[usize], order: Order) -> Option<[u8; SHORT]> {
    if shape.len() > 4 {
        return None;
    }
    let mut bytes = [b' '; SHORT];
    let mut end = 0;
    let mut push = |text: &[u8]| {
        bytes[end..end + text.len()].copy_from_slice(text);
        end += text.len();
    };
    push(b"\x93NUMPY\x01\x00\x76\x00{'descr': '");
    push(match dtype.byte_order() {
        ByteOrder::Little => b"<",
        ByteOrder::Big => b">",
        ByteOrder::NotApplicable => b"|",
    });
    match *dtype.kind() {
        Kind::Scalar(scalar) if scalar.is_extension() => return None,
        Kind::Scalar(scalar) => match scalar.code().as_bytes() {
            &[letter, digit] => push(&[letter, digit]),
            code => push(code),
        },
        Kind::Bytes { len: count @ ..=9_999 }
        | Kind::Str { chars: count @ ..=9_999 }
        | Kind::Void { len: count @ ..=9_999 } => {
            push(match dtype.kind() {
                Kind::Bytes { .. } => b"S",
                Kind::Str { .. } => b"U",
                _ => b"V",
            });
            push(decimal(count, &mut [0; 20]));
        }
        Kind::Datetime64(unit) | Kind::Timedelta64(unit) if unit.count() <= 9_999 => {
            push(match dtype.kind() {
                Kind::Datetime64(_) => b"M8",
                _ => b"m8",
            });
            if unit.base() != BaseUnit::Generic {
                push(b"[");
                if unit.count() != 1 {
                    push(decimal(unit.count() as usize, &mut [0; 20]));
                }
                push(unit.base().code().as_bytes());
                push(b"]");
            }
        }
        _ => return None,
    }
    match order {
        Order::C => push(b"', 'fortran_order': False, 'shape': ("),
        Order::F => push(b"', 'fortran_order': True, 'shape': ("),
    }
    for (index, &dim) in shape.iter().enumerate() {
        if index > 0 {
            push(b", ");
        }
        match dim {
            0..=9 => push(&[b'0' + dim as u8]),
            10..=99 => push(&[b'0' + (dim / 10) as u8, b'0' + (dim % 10) as u8]),
            // What is longer may not fit.
            100..=999_999 => push(decimal(dim, &mut [0; 20])),
            _ => return None,
        }
    }
    push(if shape.len() == 1 { b",)".as_slice() } else { b")" });
    push(b", }");
    let used = end + growth(shape, order);
    bytes[SHORT - 1] = b'\n';
    (padded(used) == SHORT).then_some(bytes)
}

/// The header of a dtype that is spelled as `descr`, which is ASCII: what [`long`] writes, sooner.
fn of_text(descr: &[u8], shape: &[usize], order: Order) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(padded(descr.len() + 40 * shape.len() + 2 * ALIGNMENT));
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00\x00\x00{'descr': ");
    bytes.extend_from_slice(descr);
    bytes.extend_from_slice(match order {
        Order::C => b", 'fortran_order': False, 'shape': (",
        Order::F => b", 'fortran_order': True, 'shape': (",
    });
    for (index, &dim) in shape.iter().enumerate() {
        bytes.extend_from_slice(if index > 0 { b", " } else { b"" });
        bytes.extend_from_slice(decimal(dim, &mut [0; 20]));
    }
    bytes.extend_from_slice(if shape.len() == 1 { b",), }" } else { b"), }" });
    let total = padded(bytes.len() + growth(shape, order));
    let length = u16::try_from(total - PREFIX).ok()?.to_le_bytes();
    bytes[PREFIX - 2..PREFIX].copy_from_slice(&length);
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    Some(bytes)
}

/// Any header, of the lowest version that can hold it.
pub(super) fn long(dtype: &DType, shape: &[usize], order: Order) -> Result<Vec<u8>, EncodeError> {
    of_version(dtype, shape, order, None)
}

/// Any header. A version that is asked for is an error where it cannot hold the header.
pub(super) fn of_version(
    dtype: &DType,
    shape: &[usize],
    order: Order,
    asked: Option<u8>,
) -> Result<Vec<u8>, EncodeError> {
    let mut text = String::with_capacity(4 * ALIGNMENT);
    text.push_str("{'descr': ");
    let start = text.len();
    descr::write(dtype, &mut text)?;
    recent::note_written(&text.as_bytes()[start..], dtype);
    text.push_str(match order {
        Order::C => ", 'fortran_order': False, 'shape': ",
        Order::F => ", 'fortran_order': True, 'shape': ",
    });
    push_tuple(&mut text, shape);
    text.push_str(", }");
    text.push_str(&"                     "[..growth(shape, order)]);

    // How the text is encoded, and how long it is, decide the version.
    let latin1 = match text.is_ascii() {
        true => Ok(text.into_bytes()),
        false => text.chars().map(u8::try_from).collect::<Result<Vec<u8>, _>>().map_err(|_| text),
    };
    let (lowest, text) = match latin1 {
        Ok(text) if padded(PREFIX + text.len()) - PREFIX <= usize::from(u16::MAX) => (1, text),
        Ok(text) => (2, text),
        Err(text) => (3, text.into_bytes()),
    };
    let version = asked.unwrap_or(lowest);
    if version < lowest {
        let found = format!("npy version {version}.0 cannot hold this header");
        return Err(EncodeError::new(found).hint(format!("version {lowest}.0 can")));
    }
    // Latin-1 becomes UTF-8 where a version is chosen that is higher than it has to be.
    let text = match version == 3 && lowest < 3 && !text.is_ascii() {
        true => text.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes(),
        false => text,
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
    Ok(bytes)
}

/// Where the data starts after `end` bytes of prefix and text: behind a newline and, as in NumPy,
/// at least one space, even where none is needed.
#[inline]
fn padded(end: usize) -> usize {
    (end + 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT
}

/// The spaces that let the dimension along which arrays are appended grow in place.
#[inline]
fn growth(shape: &[usize], order: Order) -> usize {
    let growing = match order {
        Order::C => shape.first(),
        Order::F => shape.last(),
    };
    growing.map_or(0, |&dim| {
        let digits = match dim {
            0..=9 => 1,
            10..=99 => 2,
            _ => dim.ilog10() as usize + 1,
        };
        GROWTH_DIGITS - digits
    })
}

#[inline]
pub(super) fn refuse_what_npy_cannot_hold(dtype: &DType) -> Result<(), EncodeError> {
    match dtype.kind() {
        Kind::Scalar(_) if dtype.metadata().is_none() => Ok(()),
        _ => refuse_what_is_not_plain(dtype),
    }
}

fn refuse_what_is_not_plain(dtype: &DType) -> Result<(), EncodeError> {
    if !dtype.has_metadata() {
        return Ok(());
    }
    // The type string of a structure is that of bytes without a meaning.
    let way_out = match dtype.kind() {
        Kind::Struct(_) => "make the dtype anew without it, and use x.astype(dtype)",
        _ => "drop it with x.astype(numpy.dtype(x.dtype.str))",
    };
    Err(EncodeError::new("npy has no place for the dtype's metadata")
        .hint(format!("{way_out}, or use pickle, which keeps it")))
}

/// A tuple of integers as Python's `repr` gives it.
pub(super) fn push_tuple(text: &mut String, dims: &[usize]) {
    text.push('(');
    for (index, &dim) in dims.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        push_decimal(text, dim);
    }
    text.push_str(if dims.len() == 1 { ",)" } else { ")" });
}

/// A number.
pub(super) fn push_decimal(text: &mut String, number: usize) {
    text.push_str(std::str::from_utf8(decimal(number, &mut [0; 20])).unwrap_or_default());
}

/// The digits of a number, at the end of `room`.
#[inline]
fn decimal(mut number: usize, room: &mut [u8; 20]) -> &[u8] {
    let mut start = room.len();
    loop {
        start -= 1;
        room[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Scalar, TimeUnit};

    /// The starts of all npy fixtures, hostile ones included.
    fn fixtures() -> Vec<Vec<u8>> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
        let mut folders: Vec<std::path::PathBuf> =
            ["golden", "hostile", "real"].map(|kind| [root, kind, "npy"].iter().collect()).into();
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "npy") {
                    let mut bytes = std::fs::read(path).unwrap();
                    bytes.truncate(8192);
                    found.push(bytes);
                }
            }
        }
        found
    }

    /// Whether the short way reads it, as it then is read the long way.
    fn reads_shortly(bytes: &[u8]) -> bool {
        let limits = Limits::default();
        // First the long way, which remembers structures for the short one.
        let any = Header::read_any(bytes, &limits);
        let Some(Canonical { dtype, order, shape, data_offset }) = read_canonical(bytes, &limits)
        else {
            return false;
        };
        let any = any.unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
        assert!(any.version == (1, 0) && any.oddities.is_empty(), "{}", bytes.escape_ascii());
        assert_eq!((any.dtype, any.order, any.shape), (dtype, order, shape));
        assert_eq!(any.data_offset, data_offset);
        true
    }

    #[test]
    #[cfg_attr(miri, ignore = "long")]
    fn the_short_way_reads_what_the_long_way_does() {
        let (mut whole, mut changed) = (0, 0);
        for mut bytes in fixtures() {
            let short = reads_shortly(&bytes);
            whole += usize::from(short);
            for at in 0..bytes.len().min(if short { 128 } else { 64 }) {
                let before = bytes[at];
                for byte in [before ^ 1, before ^ 0x10, before ^ 0x80, b' ', b',', b'0', b'L'] {
                    bytes[at] = byte;
                    changed += usize::from(reads_shortly(&bytes));
                }
                bytes[at] = before;
            }
            for cut in 0..bytes.len().min(200) {
                assert!(!reads_shortly(&bytes[..cut]) || cut >= 64);
            }
        }
        assert!(whole > 500 && changed > 5_000, "{whole} {changed}");
    }

    #[test]
    fn the_short_way_writes_what_the_long_way_does() {
        let dims = [0, 1, 9, 10, 99, 100, 999_999, 1_000_000, usize::MAX >> 8];
        let counts = [0, 1, 7, 10, 9_999, 10_000];
        let strings = counts
            .into_iter()
            .flat_map(|n| [Kind::Bytes { len: n }, Kind::Str { chars: n }, Kind::Void { len: n }]);
        let bases = (0..=14).filter_map(BaseUnit::from_number);
        let units = bases.flat_map(|base| [1, 25, 9_999, 10_000].map(|n| TimeUnit::new(base, n)));
        let times = units.flatten().flat_map(|u| [Kind::Datetime64(u), Kind::Timedelta64(u)]);
        let kinds = Scalar::all().map(Kind::Scalar).chain(strings).chain(times);
        let mut short_ones = 0;
        for kind in kinds.collect::<Vec<_>>() {
            for order in [Order::C, Order::F] {
                for byte_order in [ByteOrder::Little, ByteOrder::Big] {
                    let dtype = DType::new(kind.clone(), byte_order);
                    for len in 0..6 {
                        for &dim in &dims {
                            let shape: Vec<usize> =
                                (0..len).map(|i| if i == 1 { dim } else { dim / 7 }).collect();
                            if let Some(short) = short(&dtype, &shape, order) {
                                let long =
                                    long(&dtype, &shape, order).expect("no fields, no trouble");
                                assert_eq!(short[..], long[..], "{dtype:?} {shape:?} {order:?}");
                                short_ones += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(short_ones > 10_000);
    }
}
