//! The ways in which pickles spell text and bytes, read and written side by side.
//!
//! - UTF-8 in which lone surrogates are encoded like other code points (BINUNICODE);
//! - raw-unicode-escape: latin-1 but for `\uXXXX` and `\UXXXXXXXX` (UNICODE);
//! - the `repr` of a Python 2 string (STRING);
//! - bytes as the text whose latin-1 encoding they are: what Python 3 writes below protocol 3.

use super::latin1::{self, BLOCK, SLACK};
use crate::array::{Sink, Source};

/// Decoded bytes are collected in pieces of this size.
const PIECE: usize = 4096;

/// Whether `bytes` are UTF-8, but for lone surrogates.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if bytes.is_ascii() {
        return true;
    }
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(_) => return true,
            Err(error) => match &rest[error.valid_up_to()..] {
                [0xED, 0xA0..=0xBF, 0x80..=0xBF, more @ ..] => rest = more,
                _ => return false,
            },
        }
    }
}

/// The bytes whose latin-1 text is this UTF-8: exactly `len` of them, or nothing.
pub(super) fn latin1_of_utf8(text: &[u8], len: usize) -> Option<Source<'static>> {
    // Every character is one byte or two.
    if text.len() < len || text.len() / 2 > len {
        return None;
    }
    if text.len() == len {
        return text.is_ascii().then(|| Source::copied(text));
    }
    collect(len, |out| {
        let mut before = 0;
        let mut bytes = [0; BLOCK + SLACK];
        let (blocks, rest) = text.as_chunks();
        for block in blocks {
            let len = latin1::narrow(block, before, &mut bytes)?;
            out.push(&bytes[..len])?;
            before = block[BLOCK - 1];
        }
        // What is left is filled up to a block, behind which nothing counts.
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let len = latin1::narrow(&block, before, &mut bytes)?;
        out.push(&bytes[..len - (BLOCK - rest.len())])
    })
}

/// How many characters the UTF-8 text has.
pub(super) fn count_characters(text: &[u8]) -> usize {
    text.len() - count(text, |byte| byte & 0xC0 == 0x80)
}

/// The bytes whose latin-1 text is spelled so in raw-unicode-escape: exactly `len`, or nothing.
pub(super) fn latin1_of_escaped(text: &[u8], len: usize) -> Option<Source<'static>> {
    if text.len() < len {
        return None;
    }
    collect(len, |out| {
        let mut at = 0;
        while let Some(sixteen) = text[at..].first_chunk() {
            // All sixteen are written, and those before the first backslash count. It is a branch
            // that says how many, so that the next sixteen need not wait for the answer.
            let Some(plain) = latin1::first_of(sixteen, b'\\', b'\\') else {
                out.push_some(sixteen, 16);
                at += 16;
                continue;
            };
            out.push_some(sixteen, plain);
            at += plain;
            // Zeros, of which data is often full, are an escape each: those are read at once.
            while text.get(at) == Some(&b'\\') {
                at += unescape_one(&text[at..], |byte| out.push_one(byte))?;
            }
        }
        while let Some(&byte) = text.get(at) {
            at += match byte {
                b'\\' => unescape_one(&text[at..], |byte| out.push_one(byte))?,
                byte => {
                    out.push_one(byte);
                    1
                }
            };
        }
        Some(())
    })
}

/// Gives the one or two bytes that the backslash at the start of `text` stands for, with what
/// follows it, and says how long that is; `None` for a wrong escape, or one of no byte.
#[inline]
fn unescape_one(text: &[u8], mut take: impl FnMut(u8)) -> Option<usize> {
    if let Some(&[_, b'u', b'0', b'0', high, low]) = text.first_chunk() {
        take(hex_pair(high, low)?);
        return Some(6);
    }
    let len = match *text {
        [_, b'u', ..] => 6,
        [_, b'U', ..] => 10,
        // A backslash before anything else, another backslash too, is just that.
        [_, next, ..] => {
            take(b'\\');
            take(next);
            return Some(2);
        }
        _ => {
            take(b'\\');
            return Some(1);
        }
    };
    unescape(text.get(..len)?, |part| match part {
        Part::Plain(bytes) => {
            bytes.iter().copied().for_each(&mut take);
            Some(())
        }
        Part::Code(code) => u8::try_from(code).ok().map(&mut take),
    })?;
    Some(len)
}

/// The value of two hexadecimal digits.
#[inline]
fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (HEX[usize::from(high)], HEX[usize::from(low)]);
    (high | low <= 15).then_some(high << 4 | low)
}

/// The value of each hexadecimal digit; more than 15 for what is none.
const HEX: [u8; 256] = {
    let mut values = [0xFF; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// How many characters raw-unicode-escape spells; `None` when an escape is wrong.
pub(super) fn count_escaped(text: &[u8]) -> Option<usize> {
    let mut count = 0;
    unescape(text, |part| {
        count += if let Part::Plain(bytes) = part { bytes.len() } else { 1 };
        Some(())
    })?;
    Some(count)
}

/// Raw-unicode-escape as UTF-8; `None` when an escape is wrong.
pub(super) fn utf8_of_escaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut utf8 = Vec::with_capacity(text.len() + text.len() / 8);
    unescape(text, |part| {
        match part {
            Part::Plain(bytes) => widen(bytes, |text| utf8.extend_from_slice(text)),
            Part::Code(code) => push_code_point(code, &mut utf8)?,
        }
        Some(())
    })?;
    Some(utf8)
}

/// A piece of raw-unicode-escape: latin-1, or the code point of an escape.
enum Part<'a> {
    Plain(&'a [u8]),
    Code(u32),
}

/// Gives the parts of raw-unicode-escape to `take`, until it answers `None`.
fn unescape<'a>(text: &'a [u8], mut take: impl FnMut(Part<'a>) -> Option<()>) -> Option<()> {
    // `from` is the first byte not yet given, `at` where to look for the next backslash.
    let (mut from, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', &text[at..]) {
        at += found;
        let digits = match text.get(at + 1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            // A backslash before anything else, another backslash too, is just that.
            Some(_) => {
                at += 2;
                continue;
            }
            None => break,
        };
        if from < at {
            take(Part::Plain(&text[from..at]))?;
        }
        let digits = text.get(at + 2..at + 2 + digits)?;
        let code =
            digits.iter().try_fold(0, |code, &digit| Some(code << 4 | u32::from(hex(digit)?)))?;
        take(Part::Code(code))?;
        at += 2 + digits.len();
        from = at;
    }
    if from < text.len() { take(Part::Plain(&text[from..])) } else { Some(()) }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

/// Gives latin-1 as UTF-8, piece by piece.
pub(super) fn widen(bytes: &[u8], mut give: impl FnMut(&[u8])) {
    if bytes.is_ascii() {
        return give(bytes);
    }
    let mut text = [0; 2 * BLOCK + SLACK];
    let (blocks, rest) = bytes.as_chunks();
    for block in blocks {
        let len = latin1::widen(block, &mut text);
        give(&text[..len]);
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    let len = latin1::widen(&block, &mut text);
    give(&text[..len - (BLOCK - rest.len())]);
}

/// The length of latin-1 as UTF-8.
pub(super) fn utf8_len(bytes: &[u8]) -> usize {
    bytes.len() + count(bytes, |byte| byte >= 0x80)
}

/// How many bytes are of a kind: in sums of one byte, of which a register holds the most.
#[inline]
fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    let sum = |part: &[u8]| part.iter().map(|&byte| u8::from(is(byte))).sum::<u8>();
    bytes.chunks(255).map(|part| usize::from(sum(part))).sum()
}

/// The length of latin-1 in raw-unicode-escape.
pub(super) fn escaped_len(bytes: &[u8]) -> usize {
    bytes.len() + 5 * count(bytes, is_escaped)
}

/// Whether a character of latin-1 cannot stand for itself in a line of raw-unicode-escape.
#[inline]
fn is_escaped(byte: u8) -> bool {
    byte == b'\\' || byte == b'\n'
}

/// Gives latin-1 in raw-unicode-escape, piece by piece.
pub(super) fn escape(bytes: &[u8], mut give: impl FnMut(&[u8])) {
    const PART: usize = 256;
    let spelled = |byte: u8| if byte == b'\n' { *b"\\u000a" } else { *b"\\u005c" };
    let mut text = [0; 6 * PART + SLACK];
    for bytes in bytes.chunks(PART) {
        let (mut at, mut len) = (0, 0);
        while let Some(sixteen) = bytes[at..].first_chunk() {
            // As in `latin1_of_escaped`.
            text[len..len + 16].copy_from_slice(sixteen);
            match latin1::first_of(sixteen, b'\\', b'\n') {
                None => (at, len) = (at + 16, len + 16),
                Some(plain) => {
                    (at, len) = (at + plain, len + plain);
                    text[len..len + 6].copy_from_slice(&spelled(bytes[at]));
                    (at, len) = (at + 1, len + 6);
                }
            }
        }
        for &byte in &bytes[at..] {
            match is_escaped(byte) {
                true => {
                    text[len..len + 6].copy_from_slice(&spelled(byte));
                    len += 6;
                }
                false => {
                    text[len] = byte;
                    len += 1;
                }
            }
        }
        give(&text[..len]);
    }
}

/// Appends UTF-8, in which surrogates may stand, in raw-unicode-escape.
pub(super) fn push_escaped(utf8: &[u8], out: &mut Vec<u8>) {
    let mut rest = utf8;
    while let [first, ..] = rest {
        let len = match first {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        let (character, after) = rest.split_at(len.min(rest.len()));
        rest = after;
        let lead = u32::from(*first) & if len == 1 { 0x7F } else { 0x7F >> len };
        let tail = character[1..].iter();
        match tail.fold(lead, |code, &byte| code << 6 | u32::from(byte & 0x3F)) {
            code @ (0x0A | 0x5C) => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
            code @ 0..0x100 => out.push(code as u8),
            code @ 0x100..0x1_0000 => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
            code => out.extend_from_slice(format!("\\U{code:08x}").as_bytes()),
        }
    }
}

/// Appends a code point, surrogates too; `None` beyond Unicode.
fn push_code_point(code: u32, utf8: &mut Vec<u8>) -> Option<()> {
    match char::from_u32(code) {
        Some(c) => utf8.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None if code < 0x1_0000 => utf8.extend_from_slice(&[
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
        None => return None,
    }
    Some(())
}

/// What a Python 2 `repr` of a string says, between its quotes; `None` when an escape is wrong.
pub(super) fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        bytes.extend_from_slice(&rest[..at]);
        // Most escapes are followed by another: the search begins anew only after a run of them.
        rest = &rest[at..];
        while let [b'\\', after @ ..] = rest {
            let (&kind, after) = after.split_first()?;
            rest = after;
            let byte = match kind {
                b'x' => {
                    let [high, low, after @ ..] = after else { return None };
                    rest = after;
                    hex(*high)? << 4 | hex(*low)?
                }
                b'\\' | b'\'' | b'"' => kind,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 0x07,
                b'b' => 0x08,
                b'f' => 0x0C,
                b'v' => 0x0B,
                b'0'..=b'7' => {
                    let more = after.iter().take(2).take_while(|d| (b'0'..=b'7').contains(d));
                    let digits = more.count();
                    rest = &after[digits..];
                    let octal = |code: u8, &digit: &u8| code << 3 | (digit - b'0');
                    after[..digits].iter().fold(kind - b'0', octal)
                }
                other => {
                    bytes.push(b'\\');
                    other
                }
            };
            bytes.push(byte);
        }
    }
    bytes.extend_from_slice(rest);
    Some(bytes)
}

/// A Python 2 `repr` of a string of ASCII, quotes included: what [`unquote`] reads.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\\' | '\'' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            other => quoted.push_str(&format!("\\x{:02x}", u32::from(other))),
        }
    }
    quoted.push('\'');
    quoted
}

/// Memory that is filled a piece at a time, to its end or not at all.
struct Collector<'s, 'm> {
    sink: &'s mut Sink<'m>,
    room: usize,
    piece: [u8; PIECE + SLACK],
    filled: usize,
    /// Whether there was too little room.
    overrun: bool,
}

/// `len` bytes that `fill` writes; `None` when it fails or writes another number of them.
fn collect(
    len: usize,
    fill: impl FnOnce(&mut Collector<'_, '_>) -> Option<()>,
) -> Option<Source<'static>> {
    let mut fine = false;
    let source = Source::filled(len, |sink| {
        let mut out =
            Collector { sink, room: len, piece: [0; PIECE + SLACK], filled: 0, overrun: false };
        fine = fill(&mut out).is_some() && out.filled == out.room && !out.overrun;
        out.flush();
        // What failed is thrown away, but memory is never left unwritten.
        while out.room > 0 {
            out.filled = out.room.min(PIECE);
            out.flush();
        }
    });
    fine.then_some(source)
}

impl Collector<'_, '_> {
    fn flush(&mut self) {
        self.overrun |= self.filled > self.room;
        let filled = self.filled.min(self.room);
        self.sink.write(&self.piece[..filled]);
        self.room -= filled;
        self.filled = 0;
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        if self.filled > 0 {
            self.flush();
        }
        if bytes.len() > self.room {
            return None;
        }
        self.sink.write(bytes);
        self.room -= bytes.len();
        Some(())
    }

    /// Appends a byte. One too many is noticed at the end.
    #[inline]
    fn push_one(&mut self, byte: u8) {
        if self.filled >= PIECE {
            self.flush();
        }
        self.piece[self.filled & (PIECE - 1)] = byte;
        self.filled += 1;
    }

    /// Appends the first `count` of some bytes. Too many are noticed at the end.
    #[inline]
    fn push_some(&mut self, bytes: &[u8; SLACK], count: usize) {
        if self.filled >= PIECE {
            self.flush();
        }
        let start = self.filled & (PIECE - 1);
        self.piece[start..start + SLACK].copy_from_slice(bytes);
        self.filled += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf8(bytes: &[u8]) -> Vec<u8> {
        let mut utf8 = Vec::new();
        widen(bytes, |text| utf8.extend_from_slice(text));
        utf8
    }

    #[test]
    fn latin1_comes_back_from_both_spellings() {
        for len in [0_usize, 1, 5, 255, 256, 257, 4095, 4096, 4097, 20_000] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 7 + i / 256) as u8).collect();
            let text = utf8(&bytes);
            let back = latin1_of_utf8(&text, len).unwrap();
            assert!(back.to_vec(0, len) == bytes, "{len}");
            assert_eq!(count_characters(&text), len);
            assert!(latin1_of_utf8(&text, len + 1).is_none());
            assert!(len == 0 || latin1_of_utf8(&text, len - 1).is_none());
            let escaped: Vec<u8> = bytes
                .iter()
                .flat_map(|&byte| match byte {
                    b'\\' => b"\\u005c".to_vec(),
                    b'\n' => b"\\U0000000a".to_vec(),
                    _ => vec![byte],
                })
                .collect();
            assert!(latin1_of_escaped(&escaped, len).unwrap().to_vec(0, len) == bytes, "{len}");
            assert_eq!(count_escaped(&escaped), Some(len));
            assert!(utf8_of_escaped(&escaped).unwrap() == text);
            assert!(latin1_of_escaped(&escaped, len + 1).is_none());
            assert!(len == 0 || latin1_of_escaped(&escaped, len - 1).is_none());
        }
    }

    #[test]
    fn every_ascii_character_is_quoted() {
        let text: String = (0..0x80).map(|code| char::from(code as u8)).collect();
        let quoted = quote(&text);
        assert!(quoted.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        assert_eq!(unquote(&quoted.as_bytes()[1..quoted.len() - 1]).unwrap(), text.as_bytes());
        assert_eq!(quote("it's\n"), r"'it\'s\x0a'");
    }

    #[test]
    fn what_is_not_latin1_is_noticed() {
        for wrong in [&b"a\xC4\x80"[..], b"\xC3", b"\x80a", b"\xC3a", b"\xC1\x80", b"\xC3\xC3\x80"]
        {
            for len in 0..4 {
                assert!(latin1_of_utf8(wrong, len).is_none(), "{wrong:?}");
            }
            let mut late = vec![b'x'; 255];
            late.extend_from_slice(wrong);
            for len in 254..260 {
                assert!(latin1_of_utf8(&late, len).is_none(), "{wrong:?}");
            }
        }
        assert!(latin1_of_escaped(b"\\u0100", 1).is_none());
        for cut in [&b"\\"[..], b"\\u", b"\\u0", b"\\u00", b"\\u00a", b"ab\\u00a", b"\\U0000000"] {
            for len in 2..=cut.len() {
                assert!(latin1_of_escaped(cut, len).is_none(), "{cut:?}");
            }
        }
    }

    #[test]
    fn escapes() {
        let utf8 = |text: &[u8]| utf8_of_escaped(text);
        assert_eq!(utf8(b"\xe9\\u20ac\\n").unwrap(), "é€\\n".as_bytes());
        assert_eq!(utf8(b"\\\\u1234\\").unwrap(), b"\\\\u1234\\");
        assert_eq!(utf8(b"\\ud800").unwrap(), b"\xED\xA0\x80");
        assert!(utf8(b"\\u12").is_none() && utf8(b"\\U00110000").is_none());
        assert_eq!(unquote(b"a\\x41\\101\\n\\\\\\'\\q\\0").unwrap(), b"aAA\n\\'\\q\0");
        assert!(unquote(b"\\x4").is_none() && unquote(b"\\").is_none());
        assert!(
            is_text(b"a\xED\xA0\x80\xC3\xA9") && !is_text(b"\xED\xA0") && !is_text(b"\xC0\x80")
        );
    }
}
