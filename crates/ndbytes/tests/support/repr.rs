//! Values as `expected.json` spells them: what Python 3's `ascii()` says, with the exceptions that
//! `fixtures/README.md` lists.

use ndbytes::Order;
use ndbytes::array::{Arena, ArrayValue, Node, NodeId, Value};
use serde_json::Value as Json;

use super::describe;

/// The text of a value.
pub fn repr(value: &Value<'_>) -> String {
    repr_of(value.arena(), value.root_id())
}

/// The text of one node of an arena.
pub fn repr_of(arena: &Arena<'_>, id: NodeId) -> String {
    let mut out = String::new();
    write(arena, id, &mut Vec::new(), &mut out);
    out
}

fn write(arena: &Arena<'_>, id: NodeId, above: &mut Vec<NodeId>, out: &mut String) {
    if above.contains(&id) {
        return out.push_str("...");
    }
    above.push(id);
    let sequence = |items: &[NodeId], above: &mut Vec<NodeId>| -> Vec<String> {
        items
            .iter()
            .map(|&id| {
                let mut text = String::new();
                write(arena, id, above, &mut text);
                text
            })
            .collect()
    };
    let node = arena.node(id);
    let text = match node {
        Node::None => "None".into(),
        Node::Ellipsis => "Ellipsis".into(),
        Node::Bool(true) => "True".into(),
        Node::Bool(false) => "False".into(),
        Node::Int(value) => value.to_string(),
        Node::BigInt(blob) => big_int(arena.bytes(blob)),
        Node::Float(value) => float(value),
        Node::Complex(real, imaginary) => format!("complex({}, {})", float(real), float(imaginary)),
        Node::Str(blob) => string(arena.bytes(blob)),
        Node::Bytes(blob) => bytes(arena.bytes(blob)),
        Node::ByteArray(blob) => format!("bytearray({})", bytes(arena.bytes(blob))),
        Node::Tuple(items) => {
            let parts = sequence(arena.items(items), above);
            format!("({}{})", parts.join(", "), if parts.len() == 1 { "," } else { "" })
        }
        Node::List(items) => format!("[{}]", sequence(arena.items(items), above).join(", ")),
        Node::Dict(items) => {
            let parts = sequence(arena.items(items), above);
            let pairs: Vec<String> = parts.chunks(2).map(|pair| pair.join(": ")).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Node::OrderedDict(items) => {
            let parts = sequence(arena.items(items), above);
            let pairs: Vec<String> =
                parts.chunks(2).map(|pair| format!("({})", pair.join(", "))).collect();
            format!("OrderedDict([{}])", pairs.join(", "))
        }
        Node::Set(items) | Node::FrozenSet(items) => {
            let mut parts = sequence(arena.items(items), above);
            parts.sort();
            let inside = format!("{{{}}}", parts.join(", "));
            match (node, parts.is_empty()) {
                (Node::Set(_), true) => "set()".into(),
                (Node::Set(_), false) => inside,
                (_, true) => "frozenset()".into(),
                (_, false) => format!("frozenset({inside})"),
            }
        }
        Node::Range(items) => {
            let mut parts = sequence(arena.items(items), above);
            parts.pop_if(|step| step == "1");
            format!("range({})", parts.join(", "))
        }
        Node::Slice(items) => format!("slice({})", sequence(arena.items(items), above).join(", ")),
        Node::Date([high, low, month, day]) => {
            format!("datetime.date({}, {month}, {day})", u16::from_be_bytes([high, low]))
        }
        Node::DateTime([high, low, month, day, time @ ..], zone) => {
            let year = u16::from_be_bytes([high, low]);
            let zone = sequence(&[zone], above);
            let fold = if month > 0x7F { ", fold=1" } else { "" };
            let zone =
                if zone[0] == "None" { String::new() } else { format!(", tzinfo={}", zone[0]) };
            format!(
                "datetime.datetime({year}, {}, {day}, {}{zone}{fold})",
                month & 0x7F,
                clock(time)
            )
        }
        Node::Time(time, _) => format!("datetime.time({})", clock(time)),
        Node::TimeDelta(days, seconds, micros) => {
            let parts: Vec<String> =
                [("days", days), ("seconds", seconds), ("microseconds", micros)]
                    .iter()
                    .filter(|part| part.1 != 0)
                    .map(|part| format!("{}={}", part.0, part.1))
                    .collect();
            let parts = if parts.is_empty() { "0".into() } else { parts.join(", ") };
            format!("datetime.timedelta({parts})")
        }
        Node::TimeZone(offset, name) => {
            let parts = sequence(&[offset, name], above);
            match (parts[0].as_str(), parts[1].as_str()) {
                ("datetime.timedelta(0)", "None") => "datetime.timezone.utc".into(),
                (offset, "None") => format!("datetime.timezone({offset})"),
                (offset, name) => format!("datetime.timezone({offset}, {name})"),
            }
        }
        Node::Decimal(blob) => format!("Decimal('{}')", String::from_utf8_lossy(arena.bytes(blob))),
        Node::Fraction(items) => {
            format!("Fraction({})", sequence(arena.items(items), above).join(", "))
        }
        Node::Uuid(bytes) => {
            let hex = hex(&bytes);
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            format!("UUID('{}')", parts.join("-"))
        }
        Node::Array(number) => {
            let ArrayValue { array, elements, .. } = arena.array(number);
            let shape: Vec<String> = array.shape().iter().map(usize::to_string).collect();
            let comma = if shape.len() == 1 { "," } else { "" };
            let elements = match elements {
                Some(items) => format!("[{}]", sequence(arena.items(*items), above).join(", ")),
                None => hex(&array.to_bytes(array.layout().order())),
            };
            let dtype = python_json(&describe(array.dtype()));
            format!("array({dtype}, shape=({}{comma}), {elements})", shape.join(", "))
        }
        Node::Scalar(number) => {
            let ArrayValue { array, .. } = arena.array(number);
            let dtype = python_json(&describe(array.dtype()));
            format!("scalar({dtype}, {})", hex(&array.to_bytes(Order::C)))
        }
        Node::DType(number) => {
            format!("dtype({})", python_json(&describe(&arena.dtype(number).dtype)))
        }
        other => panic!("{other:?} has no text"),
    };
    above.pop();
    out.push_str(&text);
}

fn clock([hour, minute, second, high, middle, low]: [u8; 6]) -> String {
    let micros = u32::from_be_bytes([0, high, middle, low]);
    format!("{}, {minute}, {second}, {micros}", hour & 0x7F)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn big_int(bytes: &[u8]) -> String {
    let negative = bytes[bytes.len() - 1] >= 0x80;
    let mut carry = u16::from(negative);
    let magnitude: Vec<u8> = bytes
        .iter()
        .map(|&byte| {
            let sum = u16::from(if negative { !byte } else { byte }) + carry;
            carry = sum >> 8;
            sum as u8
        })
        .collect();
    let mut digits = vec![0_u8];
    for &byte in magnitude.iter().rev() {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    let text: String = digits.iter().rev().map(|&digit| char::from(b'0' + digit)).collect();
    if negative { format!("-{text}") } else { text }
}

/// Python's `repr` of a float; NaN has no sign.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let (mantissa, exponent) = {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').expect("an exponent");
        (mantissa.to_owned(), exponent.parse::<i32>().expect("a number"))
    };
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = format!("b{}", char::from(quote));
    for &byte in bytes {
        match byte {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            _ if byte == quote => out.push_str(&format!("\\{}", char::from(byte))),
            0x20..0x7F => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(char::from(quote));
    out
}

fn string(utf8: &[u8]) -> String {
    let quote = if utf8.contains(&b'\'') && !utf8.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    let mut rest = utf8;
    while let Some(&first) = rest.first() {
        let len = match first {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        let mask = if len == 1 { 0x7F } else { 0x7F >> len };
        let code = rest[1..len]
            .iter()
            .fold(u32::from(first & mask), |code, &byte| code << 6 | u32::from(byte & 0x3F));
        rest = &rest[len..];
        match code {
            9 => out.push_str("\\t"),
            10 => out.push_str("\\n"),
            13 => out.push_str("\\r"),
            _ if code == quote as u32 || code == 0x5C => {
                out.push('\\');
                out.push(char::from(code as u8));
            }
            0x20..0x7F => out.push(char::from(code as u8)),
            0..0x100 => out.push_str(&format!("\\x{code:02x}")),
            0x100..0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
            _ => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out.push(quote);
    out
}

/// `json.dumps(value, sort_keys=True)`
fn python_json(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let parts: Vec<String> = keys
                .iter()
                .map(|key| {
                    format!(
                        "{}: {}",
                        python_json(&Json::String((*key).clone())),
                        python_json(&map[*key])
                    )
                })
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        Json::Array(items) => {
            let parts: Vec<String> = items.iter().map(python_json).collect();
            format!("[{}]", parts.join(", "))
        }
        Json::String(text) => {
            let mut out = String::from('"');
            for unit in text.encode_utf16() {
                match unit {
                    0x22 => out.push_str("\\\""),
                    0x5C => out.push_str("\\\\"),
                    0x0A => out.push_str("\\n"),
                    0x20..0x7F => out.push(char::from(unit as u8)),
                    _ => out.push_str(&format!("\\u{unit:04x}")),
                }
            }
            out.push('"');
            out
        }
        other => other.to_string(),
    }
}

/// The node at a path such as `[2]['k']`.
pub fn at_path(value: &Value<'_>, path: &str) -> NodeId {
    let arena = value.arena();
    let mut id = value.root_id();
    for step in path.split(']').filter(|step| !step.is_empty()) {
        let step = step.strip_prefix('[').expect("a step");
        id = match arena.node(id) {
            Node::Tuple(items) | Node::List(items) => {
                arena.items(items)[step.parse::<usize>().expect("an index")]
            }
            Node::Dict(items) => {
                let pairs = arena.items(items).chunks(2);
                pairs.into_iter().find(|pair| repr_of(arena, pair[0]) == step).expect("the key")[1]
            }
            Node::Array(number) => {
                let items = arena.array(number).elements.expect("objects");
                arena.items(items)[step.parse::<usize>().expect("an index")]
            }
            other => panic!("no path into {other:?}"),
        };
    }
    id
}

/// SHA-256 in hexadecimal.
pub fn sha256(data: &[u8]) -> String {
    // The constants are the first bits of the roots of the first primes.
    let primes: Vec<u64> = (2_u64..)
        .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .take(64)
        .collect();
    let bits = |prime: u64, third: bool| -> u32 {
        // The integer root of the prime shifted so far that the low 32 bits are the fraction.
        let shifted = u128::from(prime) << if third { 96 } else { 64 };
        let power = |root: u128| {
            if third {
                root.checked_mul(root).and_then(|r| r.checked_mul(root))
            } else {
                root.checked_mul(root)
            }
        };
        let mut root = 0_u128;
        for bit in (0..40).rev() {
            let next = root | 1 << bit;
            if power(next).is_some_and(|power| power <= shifted) {
                root = next;
            }
        }
        root as u32
    };
    let k: Vec<u32> = primes.iter().map(|&prime| bits(prime, true)).collect();
    let mut state: Vec<u32> = primes[..8].iter().map(|&prime| bits(prime, false)).collect();
    let mut message = data.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in message.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]])).collect();
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = state.clone();
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(k[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0).wrapping_add(maj);
        }
        for (state, v) in state.iter_mut().zip(v) {
            *state = state.wrapping_add(v);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}
