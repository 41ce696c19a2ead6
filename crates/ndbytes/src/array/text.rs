//! Elements and names as text for people.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::dtype::{BaseUnit, DType, Kind, TimeUnit};
use super::layout::tuple;
use super::number::{self, Load as _};
use super::objects::Objects;
use super::scalar::Scalar;
use super::source::Source;
use super::value::{Blob, Items, Node, NodeId};
use super::{Array, notation};
use crate::error::{DecodeError, Result};

/// What is longer than this is cut short in any case.
const MOST_TEXT_BYTES: usize = 256;
/// What is longer ends in dots: of bytes, of the parts of a structure, and of an object's.
const MOST_BYTES: usize = 16;
const MOST_PARTS: usize = 8;
/// Of more names some are told.
const MOST_NAMES: usize = 10;
/// Objects inside objects are told so far down.
const MOST_DEPTH: usize = 4;

impl Array<'_> {
    /// The element at `index`, for people: numbers in as few digits as tell them from all others, times
    /// as NumPy writes them, text in quotes, structures in parentheses. What is long is cut short, and
    /// control characters are spelled out.
    ///
    /// # Errors
    /// When there is no such element, or it is a Python object in NumPy's memory.
    ///
    /// ```
    /// use ndbytes::Array;
    /// let array = Array::from_slice(&[0.1_f32, -0.0], &[2])?;
    /// assert_eq!(array.text(&[0])?, "0.1");
    /// assert_eq!(array.text(&[1])?, "-0.0");
    /// # Ok::<(), ndbytes::DecodeError>(())
    /// ```
    pub fn text(&self, index: &[usize]) -> Result<String> {
        let shape = self.shape();
        if index.len() != shape.len() || index.iter().zip(shape).any(|(at, len)| at >= len) {
            return Err(DecodeError::mismatch(format!(
                "there is no element {} in an array of shape {}",
                tuple(index),
                tuple(shape)
            )));
        }
        if let Some(objects) = self.objects() {
            let flat = index.iter().zip(shape).fold(0, |flat, (at, len)| flat * len + at);
            let mut text = String::new();
            object(objects, objects.elements()[flat], 0, &mut text);
            return Ok(text);
        }
        if self.dtype().has_objects() {
            return Err(DecodeError::unsupported("references to objects say nothing"));
        }
        let layout = self.layout();
        let place = index.iter().zip(layout.strides()).map(|(&at, stride)| at as isize * stride);
        let place = layout.start().wrapping_add_signed(place.sum());
        Ok(element(self.dtype(), self.source(), place))
    }
}

/// The element whose first byte is at `place`. One may take gigabytes: no more of it is copied than
/// is shown.
fn element(dtype: &DType, source: &Source<'_>, place: usize) -> String {
    if let Kind::Struct(structure) = dtype.kind() {
        let fields = structure.fields();
        let parts = fields.iter().take(MOST_PARTS).map(|field| {
            let (place, size) = (place + field.offset, field.dtype.itemsize());
            if field.shape.is_empty() {
                return element(&field.dtype, source, place);
            }
            // Parts of no bytes may be more than can be counted.
            let count = field.shape.iter().fold(1_usize, |count, &dim| count.saturating_mul(dim));
            let parts = (0..count.min(MOST_PARTS))
                .map(|part| element(&field.dtype, source, place + part * size));
            format!("[{}]", listed(parts, count))
        });
        return format!("({})", listed(parts, fields.len()));
    }
    let size = dtype.itemsize();
    let mut bytes = source.to_vec(place, size.min(MOST_TEXT_BYTES));
    if !dtype.is_native() {
        bytes.chunks_exact_mut(dtype.kind().swap_width().max(1)).for_each(<[u8]>::reverse);
    }
    match dtype.kind() {
        Kind::Scalar(scalar) => number(*scalar, &bytes),
        Kind::Datetime64(unit) => datetime(i64::load(&bytes), *unit),
        Kind::Timedelta64(unit) => timedelta(i64::load(&bytes), *unit),
        Kind::Str { .. } => {
            let codes = bytes.chunks_exact(4).map(u32::load);
            let text: String =
                codes.map(|code| char::from_u32(code).unwrap_or('\u{fffd}')).collect();
            format!("{:?}", notation::shorten(without_padding(&text, source, place, size)))
        }
        Kind::Bytes { .. } => {
            let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
            let text = without_padding(&text, source, place, size).chars();
            let text: String = text.map(|c| (c as u32 as u8).escape_ascii().to_string()).collect();
            format!("b\"{}\"", notation::shorten(&text))
        }
        _ => hexed(&bytes, size),
    }
}

/// The start of a text without the NULs that fill an element up, if there is nothing behind them.
fn without_padding<'t>(text: &'t str, source: &Source<'_>, place: usize, size: usize) -> &'t str {
    const PIECE: usize = 4096;
    let rest = (MOST_TEXT_BYTES..size).step_by(PIECE);
    let mut rest = rest.map(|at| source.to_vec(place + at, PIECE.min(size - at)));
    match rest.any(|piece| piece.iter().any(|&byte| byte != 0)) {
        true => text,
        false => text.trim_end_matches('\0'),
    }
}

/// The text with everything that a terminal would obey spelled out: control characters, and those
/// that change the direction of writing.
///
/// ```
/// assert_eq!(ndbytes::array::printable("a\x1b[2Jb"), "a\\u{1b}[2Jb");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Names in quotes, as many as fit into a message, and as much of each.
///
/// ```
/// assert_eq!(ndbytes::array::quoted(["x", "y"]), "\"x\", \"y\"");
/// ```
pub fn quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names = names.into_iter();
    let told = names.by_ref().take(MOST_NAMES).map(|name| format!("{:?}", notation::shorten(name)));
    let mut text = told.collect::<Vec<_>>().join(", ");
    let more = names.count();
    if more > 0 {
        let _ = write!(text, ", ... {more} more");
    }
    text
}

/// Parts with commas between them, of which there are `count` in all.
fn listed(parts: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = parts.collect::<Vec<_>>().join(", ");
    if count > MOST_PARTS {
        let _ = write!(text, ", ... {} more", count - MOST_PARTS);
    }
    text
}

fn number(scalar: Scalar, bytes: &[u8]) -> String {
    if scalar == Scalar::Bool {
        return if bytes[0] == 0 { "False" } else { "True" }.to_owned();
    }
    if let Some(whole) = number::whole(scalar, bytes) {
        return whole.to_string();
    }
    // More bits than a float64 has are not hidden by rounding.
    if scalar.is_long_double() {
        return hexed(bytes, bytes.len());
    }
    let is_double = matches!(scalar, Scalar::Float64 | Scalar::Complex128);
    let part = |value: f64| match is_double {
        true => format!("{value:?}"),
        false => format!("{:?}", value as f32),
    };
    match number::parts(scalar, bytes) {
        (re, None) => part(re),
        (re, Some(im)) => format!("({}{}{}j)", part(re), plus(im), part(im)),
    }
}

/// The sign before an imaginary part that is written without one.
fn plus(im: f64) -> &'static str {
    if im.is_sign_negative() && !im.is_nan() { "" } else { "+" }
}

/// Seconds in one unit, or how many units are in one second.
fn seconds_per(base: BaseUnit) -> (i128, u32) {
    match base {
        BaseUnit::Week => (7 * 86_400, 0),
        BaseUnit::Day => (86_400, 0),
        BaseUnit::Hour => (3600, 0),
        BaseUnit::Minute => (60, 0),
        BaseUnit::Millisecond => (1, 3),
        BaseUnit::Microsecond => (1, 6),
        BaseUnit::Nanosecond => (1, 9),
        BaseUnit::Picosecond => (1, 12),
        BaseUnit::Femtosecond => (1, 15),
        BaseUnit::Attosecond => (1, 18),
        _ => (1, 0),
    }
}

/// A point in time as NumPy writes it: `2001-01-01T12:00`, as fine as its unit.
fn datetime(count: i64, unit: TimeUnit) -> String {
    if count == i64::MIN {
        return "NaT".to_owned();
    }
    let count = i128::from(count) * i128::from(unit.count());
    let base = unit.base();
    match base {
        BaseUnit::Generic => return count.to_string(),
        BaseUnit::Year => return format!("{:04}", count + 1970),
        BaseUnit::Month => {
            let (year, month) = (count.div_euclid(12) + 1970, count.rem_euclid(12) + 1);
            return format!("{year:04}-{month:02}");
        }
        _ => {}
    }
    let (seconds, digits) = seconds_per(base);
    let per_second = 10_i128.pow(digits);
    let (second, fraction) =
        ((count * seconds).div_euclid(per_second), (count * seconds).rem_euclid(per_second));
    let (day, second) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = date(day);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if seconds >= 86_400 {
        return text;
    }
    let _ = write!(text, "T{:02}", second / 3600);
    if seconds < 3600 {
        let _ = write!(text, ":{:02}", second / 60 % 60);
    }
    if seconds < 60 {
        let _ = write!(text, ":{:02}", second % 60);
    }
    if digits > 0 {
        let _ = write!(text, ".{fraction:0width$}", width = digits as usize);
    }
    text
}

/// Year, month and day, so many days after 1970-01-01, in the calendar of today at all times.
fn date(days: i128) -> (i128, i128, i128) {
    // Years that begin in March have the leap day at their end.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

/// A span of time as NumPy writes it: `90 minutes`.
fn timedelta(count: i64, unit: TimeUnit) -> String {
    if count == i64::MIN {
        return "NaT".to_owned();
    }
    let count = i128::from(count) * i128::from(unit.count());
    let name = match unit.base() {
        BaseUnit::Year => "years",
        BaseUnit::Month => "months",
        BaseUnit::Week => "weeks",
        BaseUnit::Day => "days",
        BaseUnit::Hour => "hours",
        BaseUnit::Minute => "minutes",
        BaseUnit::Second => "seconds",
        BaseUnit::Millisecond => "milliseconds",
        BaseUnit::Microsecond => "microseconds",
        BaseUnit::Nanosecond => "nanoseconds",
        BaseUnit::Picosecond => "picoseconds",
        BaseUnit::Femtosecond => "femtoseconds",
        BaseUnit::Attosecond => "attoseconds",
        BaseUnit::Generic => "generic time units",
    };
    format!("{count} {name}")
}

/// Appends a Python-like value, much as Python would write it.
fn object(objects: &Objects<'_>, id: NodeId, depth: usize, text: &mut String) {
    let arena = objects.arena();
    let start = |blob: Blob| {
        let bytes = arena.bytes(blob);
        &bytes[..bytes.len().min(MOST_TEXT_BYTES)]
    };
    let string = |blob: Blob| notation::shorten(&String::from_utf8_lossy(start(blob)));
    let bytes = |blob: Blob| notation::shorten(&start(blob).escape_ascii().to_string());
    let mut parts = |open: &str, items: Items, pairs: bool, close: &str| {
        text.push_str(open);
        if depth >= MOST_DEPTH {
            text.push_str("...");
        } else {
            parts_of(objects, items, pairs, depth, text);
        }
        text.push_str(close);
    };
    let plain = match arena.node(id) {
        Node::None => "None".to_owned(),
        Node::Ellipsis => "...".to_owned(),
        Node::Bool(value) => if value { "True" } else { "False" }.to_owned(),
        Node::Int(value) => value.to_string(),
        Node::BigInt(blob) => match big(arena.bytes(blob)) {
            Some(value) => value.to_string(),
            None => format!("an int of {} bytes", blob.len()),
        },
        Node::Float(value) => format!("{value:?}"),
        Node::Complex(re, im) => {
            format!("({re:?}{}{im:?}j)", plus(im))
        }
        Node::Str(blob) => format!("{:?}", string(blob)),
        Node::Bytes(blob) => format!("b\"{}\"", bytes(blob)),
        Node::ByteArray(blob) => format!("bytearray(b\"{}\")", bytes(blob)),
        Node::Tuple(items) if items.len() == 1 => return parts("(", items, false, ",)"),
        Node::Tuple(items) => return parts("(", items, false, ")"),
        Node::List(items) => return parts("[", items, false, "]"),
        Node::Dict(items) => return parts("{", items, true, "}"),
        Node::OrderedDict(items) => return parts("OrderedDict({", items, true, "})"),
        Node::Set(items) => return parts("set([", items, false, "])"),
        Node::FrozenSet(items) => return parts("frozenset([", items, false, "])"),
        Node::Range(items) => return parts("range(", items, false, ")"),
        Node::Slice(items) => return parts("slice(", items, false, ")"),
        Node::Fraction(items) => return parts("Fraction(", items, false, ")"),
        Node::Decimal(blob) => format!("Decimal({:?})", string(blob)),
        Node::Date([high, low, month, day]) => {
            format!("{:04}-{month:02}-{day:02}", u16::from_be_bytes([high, low]))
        }
        Node::DateTime([high, low, month, day, hour, minute, second, micro @ ..], _) => format!(
            "{:04}-{:02}-{day:02} {}",
            u16::from_be_bytes([high, low]),
            month & 0x7F,
            clock(hour, minute, second, micro)
        ),
        Node::Time([hour, minute, second, micro @ ..], _) => {
            clock(hour & 0x7F, minute, second, micro)
        }
        Node::TimeDelta(days, seconds, micro) => {
            format!("{days} days {seconds}.{micro:06} seconds")
        }
        Node::TimeZone(..) => "a time zone".to_owned(),
        Node::Uuid(bytes) => format!("UUID({:032x})", u128::from_be_bytes(bytes)),
        Node::Array(number) => {
            let array = &arena.array(number).array;
            format!("array({}, {})", array.dtype(), tuple(array.shape()))
        }
        Node::Scalar(number) => match &arena.array(number).array {
            array if array.dtype().has_objects() => format!("a scalar of {}", array.dtype()),
            array => array.text(&[]).unwrap_or_default(),
        },
        Node::DType(number) => format!("dtype({})", arena.dtype(number).dtype),
        Node::Buffer(_) => "a buffer".to_owned(),
        Node::Unread(..) => "...".to_owned(),
    };
    text.push_str(&plain);
}

fn parts_of(objects: &Objects<'_>, items: Items, pairs: bool, depth: usize, text: &mut String) {
    let ids = objects.arena().items(items);
    let most = if pairs { 2 * MOST_PARTS } else { MOST_PARTS };
    for (index, &id) in ids.iter().take(most).enumerate() {
        text.push_str(match index {
            0 => "",
            _ if pairs && index % 2 == 1 => ": ",
            _ => ", ",
        });
        object(objects, id, depth + 1, text);
    }
    if ids.len() > most {
        let more = (ids.len() - most) / if pairs { 2 } else { 1 };
        let _ = write!(text, ", ... {more} more");
    }
}

fn clock(hour: u8, minute: u8, second: u8, [high, middle, low]: [u8; 3]) -> String {
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    let micro = u32::from_be_bytes([0, high, middle, low]);
    if micro > 0 {
        let _ = write!(text, ".{micro:06}");
    }
    text
}

/// An integer of more than 64 bits, if 128 are enough.
fn big(bytes: &[u8]) -> Option<i128> {
    let fill = if bytes.last()? >> 7 == 1 { 0xFF } else { 0 };
    let mut all = [fill; 16];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i128::from_le_bytes(all))
}

/// The first of `size` bytes.
fn hexed(bytes: &[u8], size: usize) -> String {
    let shown: String = bytes.iter().take(MOST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("0x{shown}{}", if size > MOST_BYTES { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Field, Layout, Order, Struct};

    fn text(typestr: &str, bytes: &[u8]) -> String {
        let dtype = DType::from_typestr(typestr).unwrap();
        let layout = Layout::contiguous(&[1], dtype.itemsize(), Order::C).unwrap();
        Array::new(dtype, layout, Source::slice(bytes)).unwrap().text(&[0]).unwrap()
    }

    /// What NumPy 2.4 prints for the same counts.
    #[test]
    fn names_are_told_as_far_as_they_fit() {
        assert_eq!(quoted([]), "");
        let many: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let many = || many.iter().map(String::as_str);
        assert!(quoted(many()).ends_with("\"8\", \"9\", ... 2 more"));
        assert!(quoted(many().take(10)).ends_with("\"9\""));
        assert!(quoted(["n".repeat(65_000).as_str(); 20]).len() < 500);
    }

    #[test]
    fn terminals_are_not_given_orders() {
        assert_eq!(printable("plain, größe"), "plain, größe");
        assert_eq!(printable("a\x1b[2Jb\u{202E}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\nd");
    }

    #[test]
    fn times_are_numpys() {
        let at = |unit: &str, count: i64| text(&format!("<M8[{unit}]"), &count.to_le_bytes());
        for (unit, count, written) in [
            ("Y", 31, "2001"),
            ("Y", -1970, "0000"),
            ("M", -1, "1969-12"),
            ("W", 1, "1970-01-08"),
            ("D", 0, "1970-01-01"),
            ("D", -719_468, "0000-03-01"),
            ("D", 11_016, "2000-02-29"),
            ("D", 47_540, "2100-02-28"),
            ("D", 47_541, "2100-03-01"),
            ("D", 2_932_897, "10000-01-01"),
            ("h", 25, "1970-01-02T01"),
            ("m", -1, "1969-12-31T23:59"),
            ("s", 978_307_200, "2001-01-01T00:00:00"),
            ("25s", 4, "1970-01-01T00:01:40"),
            ("ms", -1, "1969-12-31T23:59:59.999"),
            ("us", 1, "1970-01-01T00:00:00.000001"),
            ("ns", i64::MAX, "2262-04-11T23:47:16.854775807"),
            ("as", 1, "1970-01-01T00:00:00.000000000000000001"),
            ("s", i64::MIN, "NaT"),
        ] {
            assert_eq!(at(unit, count), written, "{unit} {count}");
        }
        assert_eq!(text(">m8[25s]", &5_i64.to_be_bytes()), "125 seconds");
        assert_eq!(text("<m8[ns]", &i64::MIN.to_le_bytes()), "NaT");
    }

    #[test]
    fn numbers_and_text() {
        for (typestr, bytes, written) in [
            ("|b1", &[1][..], "True"),
            (">i2", &[0xFF, 0xFE], "-2"),
            ("<f4", &0.1_f32.to_le_bytes(), "0.1"),
            (">f8", &f64::NAN.to_be_bytes(), "NaN"),
            ("<f2", &[0, 0x3C], "1.0"),
            ("float8_e5m2", &[0x3C], "1.0"),
            ("<c8", &[0, 0, 128, 63, 0, 0, 0, 128], "(1.0-0.0j)"),
            ("<U3", &[97, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0], "\"a\\n\""),
            ("|S4", b"a\x1b\x00\x00", "b\"a\\x1b\""),
            ("|V2", &[1, 2], "0x0102"),
        ] {
            assert_eq!(text(typestr, bytes), written);
        }
    }

    #[test]
    fn long_elements_are_cut_short() {
        let mut bytes = vec![0; 10_000];
        bytes[0] = b'x';
        assert_eq!(text("|S10000", &bytes), "b\"x\"");
        assert_eq!(text("|V10000", &bytes), "0x78000000000000000000000000000000...");
        assert_eq!(text("<U2500", &bytes), "\"x\"");
        // What looks like padding is none.
        bytes[9_999] = 1;
        assert_eq!(text("|S10000", &bytes), format!("b\"x{}\\x0...\"", "\\x00".repeat(9)));
        assert_eq!(text("|S300", &[b'y'; 300]), format!("b\"{}...\"", "y".repeat(40)));

        let none = Field {
            name: "none".into(),
            title: None,
            dtype: DType::from_typestr("S0").unwrap(),
            shape: [usize::MAX / 2, usize::MAX / 2].as_slice().into(),
            levels: Default::default(),
            offset: 0,
        };
        let structure = Struct::new(vec![none], 1, false).unwrap();
        let dtype = DType::native(Kind::Struct(std::sync::Arc::new(structure)));
        let layout = Layout::contiguous(&[1], 1, Order::C).unwrap();
        let array = Array::new(dtype, layout, Source::slice(&[0])).unwrap();
        assert!(array.text(&[0]).unwrap().starts_with("([b\"\", "));
    }

    #[test]
    fn elements_that_are_not_there() {
        let array = Array::from_slice(&[1_u8, 2], &[2]).unwrap();
        assert!(array.text(&[2]).is_err() && array.text(&[]).is_err());
        assert_eq!(array.text(&[1]).unwrap(), "2");
    }

    #[test]
    fn objects_are_shown_as_python_writes_them() {
        let mut arena = crate::array::Arena::default();
        let one = arena.push(Node::Int(1));
        let word = arena.new_bytes("a\n".as_bytes());
        let word = arena.push(Node::Str(word));
        let pair = arena.new_items(&[word, one]);
        let dict = arena.push(Node::Dict(pair));
        let many = arena.new_items(&[one; 10]);
        let many = arena.push(Node::List(many));
        let elements = arena.new_items(&[dict, many, NodeId::NONE]);
        let objects = Objects::new(std::sync::Arc::new(arena), elements);
        let array =
            Array::of_objects(DType::native(Kind::Object), &[3], Order::C, objects).unwrap();
        assert_eq!(array.text(&[0]).unwrap(), "{\"a\\n\": 1}");
        assert_eq!(array.text(&[1]).unwrap(), "[1, 1, 1, 1, 1, 1, 1, 1, ... 2 more]");
        let slices = crate::array::Slice::parse("::-2").unwrap();
        let part = array.slice(&slices).unwrap();
        assert_eq!(part.shape(), [2]);
        assert_eq!(part.text(&[0]).unwrap(), "None");
        assert_eq!(part.text(&[1]).unwrap(), array.text(&[0]).unwrap());
    }
}
