//! Plain data that pickles write as calls: sets, dates, decimals and their kin.

use super::machine::{PY2_STRING, UTF8};
use super::number;
use super::numpy::{LATIN1_ESCAPED, LATIN1_UTF8, UUID};
use super::parts::{self, unexpected};
use super::text;
use crate::array::{Arena, Blob, Items, Node, NodeId};
use crate::error::{DecodeError, Result};

/// Numbers in text have at most so many digits, as in Python's own parser.
const MAX_DIGITS: usize = 4300;

/// The names of plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Encode,
    Bytes,
    ByteArray,
    Set,
    FrozenSet,
    Complex,
    Slice,
    Range,
    Ellipsis,
    /// Named by `copyreg._reconstructor`, and never made.
    Object,
    Reconstructor,
    OrderedDict,
    Date,
    DateTime,
    Time,
    TimeDelta,
    TimeZone,
    Decimal,
    Fraction,
    Uuid,
}

/// What a call makes.
pub(super) fn call(arena: &mut Arena<'_>, plain: Plain, arguments: &[NodeId]) -> Result<NodeId> {
    let node = match (plain, arguments) {
        (Plain::Bytes, []) => Some(Node::Bytes(Blob::input(0, 0))),
        (Plain::ByteArray, _) => byte_array(arena, arguments)?,
        (Plain::Set, []) => Some(Node::Set(Items::default())),
        (Plain::FrozenSet, []) => Some(Node::FrozenSet(Items::default())),
        (Plain::Set | Plain::FrozenSet, &[list]) => match arena.node(list) {
            Node::List(items) => {
                let ids = arena.items(items).to_vec();
                let items = arena.new_items(&ids);
                Some(if plain == Plain::Set { Node::Set(items) } else { Node::FrozenSet(items) })
            }
            _ => None,
        },
        (Plain::Complex, &[real, imaginary]) => match (arena.node(real), arena.node(imaginary)) {
            (Node::Float(real), Node::Float(imaginary)) => Some(Node::Complex(real, imaginary)),
            _ => None,
        },
        (Plain::Slice, [_, _, _]) => Some(Node::Slice(arena.new_items(arguments))),
        (Plain::Range, &[start, stop, step]) => {
            let ints = [start, stop, step].map(|id| arena.node(id));
            let fine = ints.iter().all(|node| matches!(node, Node::Int(_) | Node::BigInt(_)));
            let fine = fine && !matches!(ints[2], Node::Int(0));
            fine.then(|| Node::Range(arena.new_items(arguments)))
        }
        (Plain::OrderedDict, []) => Some(Node::OrderedDict(Items::default())),
        (Plain::OrderedDict, &[pairs]) => ordered_dict(arena, pairs),
        (Plain::Date, &[state]) => date(arena, state),
        (Plain::DateTime, &[state]) => date_time(arena, state, NodeId::NONE),
        (Plain::DateTime, &[state, zone]) => date_time(arena, state, zone),
        (Plain::Time, &[state]) => time(arena, state, NodeId::NONE),
        (Plain::Time, &[state, zone]) => time(arena, state, zone),
        (Plain::TimeDelta, &[days, seconds, micros]) => time_delta(arena, [days, seconds, micros]),
        (Plain::TimeZone, &[offset]) => time_zone(arena, offset, NodeId::NONE),
        (Plain::TimeZone, &[offset, name]) => time_zone(arena, offset, name),
        (Plain::Decimal, &[text]) => decimal(arena, text),
        (Plain::Fraction, _) => fraction(arena, arguments),
        (Plain::Reconstructor, &[class, base, state]) => {
            let is = |id, plain| super::numpy::is_plain(arena, id, plain);
            (is(class, Plain::Uuid) && is(base, Plain::Object) && state == NodeId::NONE)
                .then_some(Node::Unread(UUID, Blob::input(0, 0)))
        }
        _ => None,
    };
    match node {
        Some(node) => Ok(arena.push(node)),
        None => Err(DecodeError::malformed(format!("{plain:?} of other arguments"))
            .expected("those that Python's own pickles have")),
    }
}

/// Whether a node names the latin-1 codec.
pub(super) fn is_latin1(arena: &Arena<'_>, id: NodeId) -> bool {
    match arena.node(id) {
        Node::Str(blob) => matches!(arena.bytes(blob), b"latin1" | b"latin-1"),
        _ => false,
    }
}

/// `bytearray()`, `bytearray(bytes)` or `bytearray(text, 'latin-1')`
fn byte_array(arena: &mut Arena<'_>, arguments: &[NodeId]) -> Result<Option<Node>> {
    Ok(match *arguments {
        [] => Some(Node::ByteArray(Blob::input(0, 0))),
        [bytes] => match arena.node(bytes) {
            Node::Bytes(blob) | Node::Unread(PY2_STRING, blob) => Some(Node::ByteArray(blob)),
            Node::Unread(LATIN1_UTF8, blob) => from_utf8(arena, blob),
            Node::Unread(LATIN1_ESCAPED, blob) => from_escaped(arena, blob),
            _ => None,
        },
        [text, codec] if is_latin1(arena, codec) => match arena.node(text) {
            Node::Str(blob) | Node::Unread(UTF8, blob) => from_utf8(arena, blob),
            Node::Unread(super::machine::ESCAPED, blob) => from_escaped(arena, blob),
            _ => None,
        },
        _ => None,
    })
}

fn from_utf8(arena: &mut Arena<'_>, blob: Blob) -> Option<Node> {
    let bytes = arena.bytes(blob);
    let source = text::latin1_of_utf8(bytes, text::count_characters(bytes))?;
    Some(Node::ByteArray(arena.new_source(source)))
}

fn from_escaped(arena: &mut Arena<'_>, blob: Blob) -> Option<Node> {
    let bytes = arena.bytes(blob);
    let source = text::latin1_of_escaped(bytes, text::count_escaped(bytes)?)?;
    Some(Node::ByteArray(arena.new_source(source)))
}

/// A list of lists or tuples of two, as Python 2 writes it.
fn ordered_dict(arena: &mut Arena<'_>, pairs: NodeId) -> Option<Node> {
    let Node::List(items) = arena.node(pairs) else { return None };
    let mut flat = Vec::with_capacity(2 * items.len());
    for &pair in arena.items(items) {
        match arena.node(pair) {
            Node::List(pair) | Node::Tuple(pair) if pair.len() == 2 => {
                flat.extend_from_slice(arena.items(pair));
            }
            _ => return None,
        }
    }
    Some(Node::OrderedDict(arena.new_items(&flat)))
}

fn is_date([high, low, month, day]: [u8; 4]) -> bool {
    let year = u16::from_be_bytes([high, low]);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=9999).contains(&year) && (1..=days).contains(&day)
}

fn is_time([hour, minute, second, high, middle, low]: [u8; 6]) -> bool {
    let micros = u32::from_be_bytes([0, high, middle, low]);
    hour < 24 && minute < 60 && second < 60 && micros < 1_000_000
}

fn date(arena: &Arena<'_>, state: NodeId) -> Option<Node> {
    let state = parts::short_bytes::<4>(arena, state)?;
    is_date(state).then_some(Node::Date(state))
}

fn is_zone(arena: &Arena<'_>, zone: NodeId) -> bool {
    matches!(arena.node(zone), Node::None | Node::TimeZone(..))
}

fn date_time(arena: &Arena<'_>, state: NodeId, zone: NodeId) -> Option<Node> {
    let state = parts::short_bytes::<10>(arena, state)?;
    let [a, b, month, day, rest @ ..] = state;
    let fine = is_date([a, b, month & 0x7F, day]) && is_time(rest) && is_zone(arena, zone);
    fine.then_some(Node::DateTime(state, zone))
}

fn time(arena: &Arena<'_>, state: NodeId, zone: NodeId) -> Option<Node> {
    let state = parts::short_bytes::<6>(arena, state)?;
    let [hour, rest @ ..] = state;
    let [a, b, c, d, e] = rest;
    let fine = is_time([hour & 0x7F, a, b, c, d, e]) && is_zone(arena, zone);
    fine.then_some(Node::Time(state, zone))
}

fn time_delta(arena: &Arena<'_>, parts: [NodeId; 3]) -> Option<Node> {
    let [days, seconds, micros] = parts.map(|id| parts::int(arena, id));
    let (days, seconds, micros) = (days?, seconds?, micros?);
    let fine = days.unsigned_abs() <= 999_999_999
        && (0..86_400).contains(&seconds)
        && (0..1_000_000).contains(&micros);
    fine.then_some(Node::TimeDelta(days as i32, seconds as i32, micros as i32))
}

fn time_zone(arena: &Arena<'_>, offset: NodeId, name: NodeId) -> Option<Node> {
    let Node::TimeDelta(days, seconds, micros) = arena.node(offset) else { return None };
    // Less than a day to either side.
    let inside = days == 0 || days == -1 && (seconds, micros) != (0, 0);
    let named = matches!(arena.node(name), Node::None | Node::Str(_) | Node::Unread(UTF8, _));
    (inside && named).then_some(Node::TimeZone(offset, name))
}

fn decimal(arena: &Arena<'_>, id: NodeId) -> Option<Node> {
    let Node::Str(blob) = arena.node(id) else { return None };
    is_decimal(std::str::from_utf8(arena.bytes(blob)).ok()?).then_some(Node::Decimal(blob))
}

/// `-1.50E+30`, `Infinity`, `NaN` or `sNaN12`
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    if let Some(payload) = text.strip_prefix("sNaN").or_else(|| text.strip_prefix("NaN")) {
        return payload.len() <= MAX_DIGITS && digits(payload);
    }
    let (number, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let plain = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    text == "Infinity"
        || plain
            && number.len() <= MAX_DIGITS
            && (1..=18).contains(&exponent.len())
            && digits(exponent)
}

/// Two ints, or the text `n/d` or `n` as Python up to 3.11 writes it.
fn fraction(arena: &mut Arena<'_>, arguments: &[NodeId]) -> Option<Node> {
    let (above, below) = match *arguments {
        [above, below] => (above, below),
        [text] => {
            let text = parts::string(arena, text)?.into_owned();
            let (above, below) = text.split_once('/').unwrap_or((&text, "1"));
            (parse_int(arena, above)?, parse_int(arena, below)?)
        }
        _ => return None,
    };
    let is_int = matches!(arena.node(above), Node::Int(_) | Node::BigInt(_));
    let positive = match arena.node(below) {
        Node::Int(below) => below > 0,
        Node::BigInt(blob) => arena.bytes(blob).last().is_some_and(|&high| high < 0x80),
        _ => false,
    };
    (is_int && positive).then(|| Node::Fraction(arena.new_items(&[above, below])))
}

fn parse_int(arena: &mut Arena<'_>, text: &str) -> Option<NodeId> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fine = (1..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let node = match text.parse() {
        _ if !fine => return None,
        Ok(small) => Node::Int(small),
        Err(_) => {
            let bytes = number::int_bytes(digits.as_bytes(), digits.len() < text.len());
            Node::BigInt(arena.new_bytes(&bytes))
        }
    };
    Some(arena.push(node))
}

/// The state of a UUID: `{'int': n}`
pub(super) fn build_uuid(arena: &mut Arena<'_>, id: NodeId, state: NodeId) -> Result<()> {
    let Node::Dict(items) = arena.node(state) else {
        return Err(unexpected("the state of a UUID", arena.node(state), "a dict"));
    };
    let number = match *arena.items(items) {
        [key, number] if parts::string(arena, key).as_deref() == Some("int") => number,
        _ => return Err(DecodeError::malformed("the state of a UUID has other parts")),
    };
    let mut bytes = [0; 16];
    let fits = match arena.node(number) {
        Node::Int(value) => {
            bytes[8..].copy_from_slice(&value.to_be_bytes());
            value >= 0
        }
        Node::BigInt(blob) => {
            let little = arena.bytes(blob);
            for (place, byte) in bytes.iter_mut().rev().zip(little) {
                *place = *byte;
            }
            match little.len() {
                17 => little[16] == 0,
                len => len < 17 && little[len - 1] < 0x80,
            }
        }
        _ => false,
    };
    if !fits {
        return Err(DecodeError::malformed("the number of a UUID is none of 128 bits"));
    }
    arena.set(id, Node::Uuid(bytes));
    Ok(())
}
