//! A bounded parser of Python literals: what an npy header is written in.
//!
//! It takes strings, decimal integers, `True`, `False`, `None`, tuples, lists and dicts in every
//! spelling that a Python 2 or 3 `repr` or a careful human writes, and nothing that would have to
//! be evaluated. It is linear in the length of the text and nests at most [`MAX_DEPTH`] deep.

use std::borrow::Cow;

use crate::array::shorten;
use crate::error::{DecodeError, Result};

/// Python's own parser stops at as many open brackets.
const MAX_DEPTH: usize = 200;

/// A value and the byte of the text where it starts.
#[derive(Debug, PartialEq)]
pub(super) struct Literal<'a> {
    pub(super) at: usize,
    pub(super) value: Value<'a>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Str(Cow<'a, str>),
    Int(i64),
    Bool(bool),
    None,
    Tuple(Vec<Literal<'a>>),
    List(Vec<Literal<'a>>),
    Dict(Vec<(Literal<'a>, Literal<'a>)>),
}

impl Value<'_> {
    /// What Python calls such a value.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "a str",
            Self::Int(_) => "an int",
            Self::Bool(_) => "a bool",
            Self::None => "None",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
        }
    }
}

/// A literal, and whether spellings of Python 2 occur in it.
pub(super) struct Parsed<'a> {
    pub(super) literal: Literal<'a>,
    /// `3L`, which Python 3 does not know.
    pub(super) longs: bool,
    /// `u''`, which it still knows.
    pub(super) unicode: bool,
}

/// Parses a text that is one literal and white space around it. Offsets are bytes of `text`.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>> {
    let mut parser = Parser { text, position: 0, longs: false, unicode: false };
    parser.skip_space();
    let literal = parser.literal(0)?;
    parser.skip_space();
    if parser.position < text.len() {
        return Err(parser.unexpected("nothing more"));
    }
    Ok(Parsed { literal, longs: parser.longs, unicode: parser.unicode })
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    longs: bool,
    unicode: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0C)) {
            self.position += 1;
        }
    }

    #[cold]
    fn unexpected(&self, expected: &'static str) -> DecodeError {
        let found = match self.rest().chars().next() {
            Some(_) => format!("unexpected {:?} in the header", shorten(self.rest())),
            None => "the header's dict does not end".to_owned(),
        };
        DecodeError::malformed(found).at(self.position as u64).expected(expected)
    }

    fn literal(&mut self, depth: usize) -> Result<Literal<'a>> {
        let at = self.position;
        if depth > MAX_DEPTH {
            return Err(DecodeError::malformed(format!(
                "the header nests deeper than {MAX_DEPTH} brackets"
            ))
            .at(at as u64));
        }
        let value = match self.peek() {
            Some(b'\'' | b'"') => self.string()?,
            Some(b'u' | b'U' | b'r' | b'R') if self.is_string_prefix() => self.string()?,
            Some(b'0'..=b'9' | b'-') => self.integer()?,
            Some(b'(') => self.parenthesis(depth)?,
            Some(b'[') => Value::List(self.items(b']', depth)?.0),
            Some(b'{') => self.dict(depth)?,
            _ => self.word()?,
        };
        Ok(Literal { at, value })
    }

    fn word(&mut self) -> Result<Value<'a>> {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '(');
        let word = self.rest().split(|c| !is_part(c)).next().unwrap_or("");
        let value = match word {
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "None" => Value::None,
            _ => {
                let expected = "a string, integer, True, False, None, tuple, list or dict; \
                                names and calls are never evaluated";
                return Err(self.unexpected(expected));
            }
        };
        self.position += word.len();
        Ok(value)
    }

    fn integer(&mut self) -> Result<Value<'a>> {
        let start = self.position;
        self.eat(b'-');
        let first = self.position;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        let digits = &self.text[first..self.position];
        let leading_zero =
            digits.len() > 1 && digits.starts_with('0') && digits.contains(|c| c != '0');
        if self.eat(b'L') {
            self.longs = true;
        }
        let goes_on =
            self.rest().starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        if digits.is_empty() || leading_zero || goes_on {
            self.position = start;
            return Err(self.unexpected("a decimal integer"));
        }
        let number = self.text[start..first + digits.len()].parse().map_err(|_| {
            DecodeError::malformed(format!("the number {} is too large", shorten(digits)))
                .at(start as u64)
        })?;
        Ok(Value::Int(number))
    }

    fn parenthesis(&mut self, depth: usize) -> Result<Value<'a>> {
        let (mut items, commas) = self.items(b')', depth)?;
        match items.pop() {
            // Only a comma makes a tuple of one.
            Some(only) if items.is_empty() && !commas => Ok(only.value),
            Some(last) => {
                items.push(last);
                Ok(Value::Tuple(items))
            }
            None => Ok(Value::Tuple(items)),
        }
    }

    /// The items up to `close`, and whether there is a comma among them.
    fn items(&mut self, close: u8, depth: usize) -> Result<(Vec<Literal<'a>>, bool)> {
        self.position += 1;
        let (mut items, mut commas) = (Vec::new(), false);
        loop {
            self.skip_space();
            if self.eat(close) {
                return Ok((items, commas));
            }
            items.push(self.literal(depth + 1)?);
            self.skip_space();
            if self.eat(b',') {
                commas = true;
            } else if self.peek() != Some(close) {
                return Err(self.unexpected("a comma or a closing bracket"));
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Value<'a>> {
        self.position += 1;
        let mut pairs = Vec::new();
        loop {
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Value::Dict(pairs));
            }
            let key = self.literal(depth + 1)?;
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.unexpected("a colon"));
            }
            self.skip_space();
            let value = self.literal(depth + 1)?;
            pairs.push((key, value));
            self.skip_space();
            if !self.eat(b',') && self.peek() != Some(b'}') {
                return Err(self.unexpected("a comma or a closing brace"));
            }
        }
    }

    fn is_string_prefix(&self) -> bool {
        let letters = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        letters <= 2 && matches!(self.rest().as_bytes().get(letters), Some(b'\'' | b'"'))
    }

    /// One string, or several side by side, which are one.
    fn string(&mut self) -> Result<Value<'a>> {
        let mut whole = self.string_part()?;
        loop {
            self.skip_space();
            let another = match self.peek() {
                Some(b'\'' | b'"') => true,
                Some(byte) => byte.is_ascii_alphabetic() && self.is_string_prefix(),
                None => false,
            };
            if !another {
                return Ok(Value::Str(whole));
            }
            let part = self.string_part()?;
            whole.to_mut().push_str(&part);
        }
    }

    fn string_part(&mut self) -> Result<Cow<'a, str>> {
        let start = self.position;
        let letters = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let prefix = self.rest()[..letters].to_ascii_lowercase();
        let raw = match prefix.as_str() {
            "" => false,
            "u" => {
                self.unicode = true;
                false
            }
            "r" => true,
            _ => return Err(self.unexpected("a plain string")),
        };
        self.position += letters;
        let Some(quote) = self.peek() else {
            return Err(self.unexpected("a string"));
        };
        self.position += 1;
        let body = self.position;
        let unterminated = || DecodeError::malformed("a string does not end").at(start as u64);
        loop {
            let stop = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r') || *byte == quote;
            let Some(at) = self.rest().as_bytes().iter().position(stop) else {
                return Err(unterminated());
            };
            self.position += at;
            match self.peek() {
                Some(byte) if byte == quote => {
                    let text = &self.text[body..self.position];
                    self.position += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') if raw => {
                    // The character behind it stays, a quote too.
                    let behind = self.rest()[1..].chars().next().ok_or_else(unterminated)?;
                    self.position += 1 + behind.len_utf8();
                }
                Some(b'\\') => {
                    let mut text = self.text[body..self.position].to_owned();
                    self.escapes(quote, &mut text).map_err(|error| error.at(start as u64))?;
                    return Ok(Cow::Owned(text));
                }
                _ => return Err(unterminated()),
            }
        }
    }

    /// The rest of a string from its first backslash on, and the quote that ends it.
    fn escapes(&mut self, quote: u8, text: &mut String) -> Result<()> {
        loop {
            let mut chars = self.rest().chars();
            match chars.next() {
                None | Some('\n' | '\r') => {
                    return Err(DecodeError::malformed("a string does not end"));
                }
                Some('\\') => self.escape(text)?,
                Some(c) => {
                    self.position += c.len_utf8();
                    if c == char::from(quote) {
                        return Ok(());
                    }
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<()> {
        let at = self.position as u64;
        let Some(letter) = self.rest()[1..].chars().next() else {
            return Err(DecodeError::malformed("a string does not end"));
        };
        self.position += 1 + letter.len_utf8();
        let plain = match letter {
            '\n' => return Ok(()),
            '\\' | '\'' | '"' => letter,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0C',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0B',
            '0'..='7' => {
                self.position -= 1;
                self.code_point(at, 8, 1, 3)?
            }
            'x' => self.code_point(at, 16, 2, 2)?,
            'u' => self.code_point(at, 16, 4, 4)?,
            'U' => self.code_point(at, 16, 8, 8)?,
            'N' => {
                return Err(DecodeError::unsupported("a character is escaped by its name").at(at));
            }
            other => {
                // Python keeps both characters of an escape that it does not know.
                text.push('\\');
                other
            }
        };
        text.push(plain);
        Ok(())
    }

    fn code_point(&mut self, at: u64, radix: u32, least: usize, most: usize) -> Result<char> {
        let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
        let count = self.rest().bytes().take(most).take_while(is_digit).count();
        let digits = &self.rest()[..count];
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| count >= least);
        let character = code.and_then(char::from_u32).ok_or_else(|| {
            DecodeError::malformed("an escape in a string is not a character")
                .at(at)
                .hint("surrogates have no place in a name")
        })?;
        self.position += count;
        Ok(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(literal: &str) -> Option<String> {
        match parse(literal).ok()?.literal.value {
            Value::Str(text) => Some(text.into_owned()),
            _ => None,
        }
    }

    #[test]
    fn strings_in_every_spelling() {
        for (literal, value) in [
            ("'a'", "a"),
            (r#""it's""#, "it's"),
            (r"'it\'s'", "it's"),
            ("u'a' \"b\"\n'c'", "abc"),
            (r"r'\n\''", r"\n\'"),
            (r"'\x41\101\u00e9\U0001F600\n\q'", "AAé😀\n\\q"),
            ("'é😀'", "é😀"),
            (r"'\0'", "\0"),
        ] {
            assert_eq!(text(literal).as_deref(), Some(value), "{literal}");
        }
        for literal in [
            "'a",
            "'a\n'",
            r"'\ud800'",
            r"'\x4'",
            r"'\N{BULLET}'",
            "f'a'",
            "ub'a'",
            "b'a'",
            "'a' b'c'",
            r"'\",
        ] {
            assert!(parse(literal).is_err(), "{literal}");
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for (literal, value) in [("3", 3), ("-3", -3), ("3L", 3), ("00", 0), ("(7)", 7)] {
            assert_eq!(parse(literal).unwrap().literal.value, Value::Int(value), "{literal}");
        }
        for literal in
            ["0x10", "1_000", "1.0", "1e3", "007", "-", "+3", "9223372036854775808", "3j", "3LL"]
        {
            assert!(parse(literal).is_err(), "{literal}");
        }
    }

    #[test]
    fn only_a_comma_makes_a_tuple() {
        let length = |literal| match parse(literal).unwrap().literal.value {
            Value::Tuple(items) => Some(items.len()),
            _ => None,
        };
        assert_eq!(length("()"), Some(0));
        assert_eq!(length("(1)"), None);
        assert_eq!(length("( 1 , )"), Some(1));
        assert_eq!(length("(1,2)"), Some(2));
        assert!(parse("(,)").is_err());
        assert!(parse("(1 2)").is_err());
    }

    #[test]
    fn nothing_is_evaluated_and_nesting_is_bounded() {
        for literal in
            ["__import__('os')", "1+1", "a", "{1}", "{'a'}", "[x for x in y]", "", "(", "# c"]
        {
            assert!(parse(literal).is_err(), "{literal}");
        }
        assert!(parse(&format!("{}1{}", "[".repeat(200), "]".repeat(200))).is_ok());
        assert!(parse(&"[".repeat(1_000_000)).is_err());
    }
}
