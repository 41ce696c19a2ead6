//! Text that stands for an array, or came in place of one.

use super::foreign::{CERTAIN, Foreign, recognise};

/// As much text as is looked at.
const LOOKED_AT: usize = 4096;

/// What text the bytes are, of `len` bytes that begin so; `None` where they are no text.
pub(super) fn recognise_text(start: &[u8], len: usize) -> Option<Foreign> {
    let wide = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    if wide && looks_like_utf16(start) {
        return Some(found(
            "UTF-16 text",
            "a byte order mark and characters of two bytes",
            TEXT,
            None,
            0.97,
        ));
    }
    let bytes = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    if head.len() < 4 || !is_text(head, len > head.len()) {
        return None;
    }
    let whole = len <= start.len().min(LOOKED_AT);
    let trimmed = head.trim_ascii();
    let lower: Vec<u8> = trimmed[..trimmed.len().min(64)].to_ascii_lowercase();
    if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") {
        let advice = "a server sent a page, often an error, in place of the data: read it, and check the address";
        return Some(found("HTML page", "it begins with <html>", advice, None, CERTAIN));
    }
    if lower.starts_with(b"<?xml") || lower.starts_with(b"<error") {
        let advice = "often a server's error in place of the data: read it";
        return Some(found("XML", "it begins with an XML tag", advice, None, 0.99));
    }
    if let Some(code) = hex(trimmed, whole) {
        return Some(encoded(
            "hex",
            "bytes.fromhex(data.decode())",
            "pairs of hexadecimal digits and nothing else",
            &code,
        ));
    }
    if let Some(code) = base64(trimmed, whole) {
        return Some(encoded(
            "base64",
            "base64.b64decode(data)",
            "nothing but base64's 64 letters",
            &code,
        ));
    }
    if is_json(trimmed) {
        let sign = "brackets, quotes and commas as in JSON";
        return Some(found("JSON", sign, "read it with json", Some("json.loads(data)"), 0.97));
    }
    if trimmed.starts_with(b"array(") || trimmed.starts_with(b"[") {
        let advice = "str() or repr() of an array is for people and leaves digits, or whole rows, out: write it anew with array_to_bytes";
        return Some(found(
            "printed array",
            "brackets and numbers as NumPy prints them",
            advice,
            None,
            0.9,
        ));
    }
    if is_table(trimmed) {
        let sign = "lines of numbers with separators between them";
        let call = call_for_table(trimmed);
        return Some(found("CSV or a table in text", sign, "read it as text", Some(&call), 0.95));
    }
    let share = |holds: fn(&u8) -> bool| {
        trimmed.iter().filter(|byte| holds(byte)).count() as f64 / trimmed.len().max(1) as f64
    };
    // Pictures may have printable bytes alone, but seldom words.
    let words = share(|byte| byte.is_ascii_alphanumeric()) > 0.6
        || head.is_ascii() && head.contains(&b'\n');
    let spaces = share(u8::is_ascii_whitespace);
    (words && (0.03..0.5).contains(&spaces))
        .then(|| found("text", "words, spaces and nothing else", TEXT, None, 0.95))
}

const TEXT: &str = "it is no array of bare elements: read it as text";

fn found(
    what: &'static str,
    sign: &str,
    advice: &str,
    call: Option<&str>,
    probability: f64,
) -> Foreign {
    Foreign {
        what: what.into(),
        sign: sign.to_owned(),
        advice: advice.to_owned(),
        call: call.map(str::to_owned),
        probability,
    }
}

/// An encoding of bytes as text, and what the bytes are.
fn encoded(name: &'static str, decode: &str, sign: &str, decoded: &[u8]) -> Foreign {
    let inner = recognise(decoded, usize::MAX);
    let (what, advice, call) = match &inner {
        Some(inner) if inner.what == "npy" => {
            let what = if name == "hex" { "hex of an npy" } else { "base64 of an npy" };
            (
                what,
                "decode it first; what comes out is npy".to_owned(),
                format!("ndbytes.bytes_to_array({decode})"),
            )
        }
        Some(inner) => {
            (name, format!("decode it first; what comes out is {}", inner.what), decode.to_owned())
        }
        None => (
            name,
            "decode it first, and guess at what comes out".to_owned(),
            format!("ndbytes.guess({decode})"),
        ),
    };
    found(what, sign, &advice, Some(&call), if inner.is_some() { CERTAIN } else { 0.95 })
}

fn is_text(bytes: &[u8], cut: bool) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !b"\t\n\r\x0c\x1b".contains(byte);
    if bytes.iter().any(control) {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // The last character may be cut.
        Err(error) => cut && error.error_len().is_none(),
    }
}

fn looks_like_utf16(bytes: &[u8]) -> bool {
    let big = bytes[0] == 0xfe;
    let pairs = bytes[2..].chunks_exact(2).take(LOOKED_AT);
    let ascii = pairs.clone().filter(|pair| {
        let (high, low) = if big { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
        high == 0 && (low.is_ascii_graphic() || low.is_ascii_whitespace())
    });
    pairs.len() > 0 && ascii.count() * 10 > pairs.len() * 9
}

/// The bytes that hexadecimal digits stand for.
fn hex(text: &[u8], whole: bool) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digits = digits.strip_prefix(b"0x").unwrap_or(&digits);
    let all = digits.len() >= 16 && digits.iter().all(u8::is_ascii_hexdigit);
    // Numbers in decimal are hexadecimal digits too.
    let letters = digits.iter().any(u8::is_ascii_alphabetic);
    if !all || !letters || (whole && !digits.len().is_multiple_of(2)) {
        return None;
    }
    let value = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
    Some(digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}

/// The bytes that base64 letters stand for, in its usual and its URL-safe alphabet.
fn base64(text: &[u8], whole: bool) -> Option<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    // Lines are of one length, if there are any.
    let letters: Vec<u8> =
        text.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let body = letters.trim_ascii_end();
    let padding = body.iter().rev().take_while(|&&byte| byte == b'=').count();
    let body = &body[..body.len() - padding.min(2)];
    let mixed = body.iter().any(u8::is_ascii_lowercase) && body.iter().any(u8::is_ascii_uppercase);
    if body.len() < 24
        || !mixed
        || (whole && !(body.len() + padding).is_multiple_of(4) && padding > 0)
    {
        return None;
    }
    let values: Vec<u8> = body.iter().map(|&byte| value(byte)).collect::<Option<_>>()?;
    let join = |four: &[u8]| four.iter().fold(0_u32, |bits, &value| bits << 6 | u32::from(value));
    Some(values.chunks_exact(4).flat_map(|four| join(four).to_be_bytes()[1..].to_vec()).collect())
}

fn is_json(text: &[u8]) -> bool {
    let Some(&first) = text.first() else { return false };
    let next = text[1..].iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        b'{' => next.is_some_and(|byte| matches!(byte, b'"' | b'}')),
        b'[' => {
            // NumPy prints elements without commas between them.
            let commas = text.iter().filter(|&&byte| byte == b',').count();
            let spaces = text.iter().filter(|&&byte| byte == b' ').count();
            next.is_some_and(|byte| b"[{\"-0123456789]tfn".contains(byte))
                && (commas > 0 || spaces == 0)
        }
        _ => false,
    }
}

/// Whether most lines are rows of numbers.
fn is_table(text: &[u8]) -> bool {
    let lines: Vec<&[u8]> = first_lines(text).collect();
    let separated = text.iter().any(|byte| b",;\t| ".contains(byte)) || lines.len() > 2;
    let rows = lines.iter().filter(|line| is_row(line)).count();
    separated && rows * 2 > lines.len() && text.iter().any(u8::is_ascii_digit)
}

fn first_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').take(64)
}

/// Whether most characters of a line are those of numbers and separators.
fn is_row(line: &[u8]) -> bool {
    let count = line.iter().filter(|byte| b"0123456789.,;|\t +-eEnNaA\r".contains(byte)).count();
    !line.is_empty() && count * 5 >= line.len() * 4
}

/// What reads a table, by what is between its columns and whether their names come first.
fn call_for_table(text: &[u8]) -> String {
    let in_most = |separator: &u8| {
        let with = first_lines(text).filter(|line| line.contains(separator)).count();
        2 * with > first_lines(text).count()
    };
    // Without any of these it is white space.
    let separator = b"\t;|,".iter().find(|separator| in_most(separator));
    let delimiter =
        separator.map(|&byte| format!(", delimiter=\"{}\"", char::from(byte).escape_default()));
    let names = first_lines(text).take_while(|line| !is_row(line)).count();
    let header = (names > 0).then(|| format!(", skip_header={names}"));
    let options = [delimiter, header].into_iter().flatten().collect::<String>();
    format!("numpy.genfromtxt(io.BytesIO(data){options})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &[u8]) -> Option<&'static str> {
        let found = recognise_text(text, text.len())?;
        match found.what {
            std::borrow::Cow::Borrowed(what) => Some(what),
            std::borrow::Cow::Owned(_) => None,
        }
    }

    #[test]
    fn texts_are_told_apart() {
        assert_eq!(what(b"<!DOCTYPE html><title>404</title>"), Some("HTML page"));
        assert_eq!(what(b"{\"shape\": [2, 3]}"), Some("JSON"));
        assert_eq!(what(b"[[1, 2], [3, 4]]"), Some("JSON"));
        assert_eq!(what(b"[[1 2]\n [3 4]]"), Some("printed array"));
        assert_eq!(what(b"a,b\n1.5,2\n3,4\n5,6\n"), Some("CSV or a table in text"));
        assert_eq!(what(b"k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4Jywg"), Some("base64 of an npy"));
        assert_eq!(what(b"934e554d505901007600"), Some("hex of an npy"));
        assert_eq!(what(b"AAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhA"), Some("base64"));
        assert_eq!(what(b"dear reader, nothing is here"), Some("text"));
        assert_eq!(what(b"\xff\xfeh\0e\0l\0l\0o\0"), Some("UTF-16 text"));
        assert_eq!(what(b"\x00\x01\x02\x03\x04\x05"), None);
        assert_eq!(what(&[0xff; 64]), None);
    }

    #[test]
    fn tables_are_read_by_what_separates_them() {
        for (text, options) in [
            ("1.5,2\n3,4\n5,6\n", ", delimiter=\",\""),
            ("a;b\n1.5;2\n3;4\n5;6\n", ", delimiter=\";\", skip_header=1"),
            ("1.5\t2\n3\t4\n", ", delimiter=\"\\t\""),
            ("1.5 2\n3 4\n", ""),
        ] {
            let found = recognise_text(text.as_bytes(), text.len()).unwrap();
            assert_eq!(found.call, Some(format!("numpy.genfromtxt(io.BytesIO(data){options})")));
        }
    }

    #[test]
    fn encodings_are_decoded() {
        assert_eq!(
            base64(b"aGVsbG8gd29ybGQsIGhlbGxvIQ", true).as_deref(),
            Some(&b"hello world, hello"[..])
        );
        assert_eq!(
            hex(b"00ff10ab00ff10ab", true).as_deref(),
            Some(&b"\x00\xff\x10\xab\x00\xff\x10\xab"[..])
        );
    }
}
