//! Single values as opcodes, each with those that its protocol has.

use super::opcode as op;
use super::{number, text};

/// Bytes of a pickle that grows.
#[derive(Debug, Default)]
pub(super) struct Emitter {
    pub(super) out: Vec<u8>,
    pub(super) protocol: u8,
    /// Whether Python's own functions have the names of Python 2.
    pub(super) python2: bool,
}

impl Emitter {
    #[inline]
    pub(super) fn op(&mut self, code: u8) {
        self.out.push(code);
    }

    #[inline]
    fn op_with(&mut self, code: u8, argument: &[u8]) {
        self.out.push(code);
        self.out.extend_from_slice(argument);
    }

    pub(super) fn line(&mut self, code: u8, text: &[u8]) {
        self.op_with(code, text);
        self.out.push(b'\n');
    }

    pub(super) fn start(&mut self) {
        if self.protocol >= 2 {
            self.op_with(op::PROTO, &[self.protocol]);
        }
    }

    pub(super) fn global(&mut self, module: &str, name: &str) {
        self.line(op::GLOBAL, module.as_bytes());
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'\n');
    }

    /// The module of Python's own functions, which Python 2 calls otherwise.
    pub(super) fn builtin(&mut self, name: &str) {
        self.global(if self.python2 { "__builtin__" } else { "builtins" }, name);
    }

    pub(super) fn bool(&mut self, value: bool) {
        match (self.protocol, value) {
            (0..2, true) => self.line(op::INT, b"01"),
            (0..2, false) => self.line(op::INT, b"00"),
            (_, true) => self.op(op::NEWTRUE),
            (_, false) => self.op(op::NEWFALSE),
        }
    }

    pub(super) fn int(&mut self, value: i64) {
        match (self.protocol, i32::try_from(value)) {
            (0, Ok(small)) => self.line(op::INT, small.to_string().as_bytes()),
            (1.., Ok(small)) => match (u8::try_from(small), u16::try_from(small)) {
                (Ok(byte), _) => self.op_with(op::BININT1, &[byte]),
                (_, Ok(short)) => self.op_with(op::BININT2, &short.to_le_bytes()),
                _ => self.op_with(op::BININT, &small.to_le_bytes()),
            },
            (_, Err(_)) => self.big_int(&value.to_le_bytes()),
        }
    }

    /// An integer in two's complement.
    pub(super) fn big_int(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..number::shortest(bytes)];
        match (self.protocol, u8::try_from(bytes.len())) {
            (0..2, _) => {
                self.line(op::LONG, format!("{}L", number::decimal_text(bytes)).as_bytes())
            }
            (_, Ok(len)) => {
                self.op_with(op::LONG1, &[len]);
                self.out.extend_from_slice(bytes);
            }
            _ => {
                self.op_with(op::LONG4, &(bytes.len() as u32).to_le_bytes());
                self.out.extend_from_slice(bytes);
            }
        }
    }

    pub(super) fn float(&mut self, value: f64) {
        if self.protocol >= 1 {
            return self.op_with(op::BINFLOAT, &value.to_be_bytes());
        }
        let text = match value {
            _ if value.is_nan() => "nan".to_owned(),
            _ if value.is_infinite() => if value > 0.0 { "inf" } else { "-inf" }.to_owned(),
            // The shortest text that reads back as the same float.
            _ => format!("{value:?}"),
        };
        self.line(op::FLOAT, text.as_bytes());
    }

    /// Text that names or spells something: ASCII stays what Python 2 calls a `str`.
    pub(super) fn name(&mut self, text: &str) {
        if self.protocol >= 3 || !text.is_ascii() {
            return self.text(text.as_bytes());
        }
        match (self.protocol, u8::try_from(text.len())) {
            (0, _) => return self.line(op::STRING, text::quote(text).as_bytes()),
            (_, Ok(len)) => self.op_with(op::SHORT_BINSTRING, &[len]),
            _ => self.op_with(op::BINSTRING, &(text.len() as u32).to_le_bytes()),
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Text in UTF-8, lone surrogates included.
    pub(super) fn text(&mut self, utf8: &[u8]) {
        if self.protocol == 0 {
            self.op(op::UNICODE);
            text::push_escaped(utf8, &mut self.out);
            return self.op(b'\n');
        }
        match utf8.len() {
            len @ 0..=0xFF if self.protocol >= 4 => {
                self.op_with(op::SHORT_BINUNICODE, &[len as u8]);
            }
            len if len <= u32::MAX as usize => {
                self.op_with(op::BINUNICODE, &(len as u32).to_le_bytes());
            }
            // Older protocols have no other way; their readers refuse it.
            len => self.op_with(op::BINUNICODE8, &(len as u64).to_le_bytes()),
        }
        self.out.extend_from_slice(utf8);
    }

    /// The opcode and length of bytes, from protocol 3 on.
    pub(super) fn bytes_header(&mut self, len: usize) {
        match len {
            0..=0xFF => self.op_with(op::SHORT_BINBYTES, &[len as u8]),
            _ if len <= u32::MAX as usize => {
                self.op_with(op::BINBYTES, &(len as u32).to_le_bytes());
            }
            _ => self.op_with(op::BINBYTES8, &(len as u64).to_le_bytes()),
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if self.protocol >= 3 {
            self.bytes_header(bytes.len());
            return self.out.extend_from_slice(bytes);
        }
        if bytes.is_empty() {
            self.builtin("bytes");
            self.empty_tuple();
            return self.op(op::REDUCE);
        }
        self.global("_codecs", "encode");
        self.mark();
        self.latin1_text(bytes);
        self.name("latin1");
        self.op(op::TUPLE);
        self.op(op::REDUCE);
    }

    /// The opcode and length of a bytearray, from protocol 5 on.
    pub(super) fn byte_array_header(&mut self, len: usize) {
        self.op_with(op::BYTEARRAY8, &(len as u64).to_le_bytes());
    }

    pub(super) fn byte_array(&mut self, bytes: &[u8]) {
        if self.protocol >= 5 {
            self.byte_array_header(bytes.len());
            return self.out.extend_from_slice(bytes);
        }
        self.builtin("bytearray");
        self.mark();
        match (bytes.len(), self.protocol) {
            (0, _) => {}
            (_, 0..3) => {
                self.latin1_text(bytes);
                self.name("latin-1");
            }
            _ => self.bytes(bytes),
        }
        self.op(op::TUPLE);
        self.op(op::REDUCE);
    }

    /// Bytes as the text whose latin-1 encoding they are.
    pub(super) fn latin1_text(&mut self, bytes: &[u8]) {
        if self.protocol == 0 {
            self.op(op::UNICODE);
            self.out.reserve(bytes.len() + bytes.len() / 16);
            text::escape(bytes, |text| self.out.extend_from_slice(text));
            return self.op(b'\n');
        }
        let len = text::utf8_len(bytes);
        self.op_with(op::BINUNICODE, &(len as u32).to_le_bytes());
        self.out.reserve(len);
        text::widen(bytes, |text| self.out.extend_from_slice(text));
    }

    #[inline]
    pub(super) fn mark(&mut self) {
        self.op(op::MARK);
    }

    pub(super) fn empty_tuple(&mut self) {
        match self.protocol {
            0 => self.out.extend_from_slice(&[op::MARK, op::TUPLE]),
            _ => self.op(op::EMPTY_TUPLE),
        }
    }

    pub(super) fn empty_list(&mut self) {
        match self.protocol {
            0 => self.out.extend_from_slice(&[op::MARK, op::LIST]),
            _ => self.op(op::EMPTY_LIST),
        }
    }

    pub(super) fn empty_dict(&mut self) {
        match self.protocol {
            0 => self.out.extend_from_slice(&[op::MARK, op::DICT]),
            _ => self.op(op::EMPTY_DICT),
        }
    }

    /// A tuple of integers.
    pub(super) fn shape(&mut self, dims: &[usize]) {
        if dims.is_empty() {
            return self.empty_tuple();
        }
        let short = self.protocol >= 2 && dims.len() <= 3;
        if !short {
            self.mark();
        }
        for &dim in dims {
            self.int(i64::try_from(dim).unwrap_or(i64::MAX));
        }
        self.op(match dims.len() {
            1 if short => op::TUPLE1,
            2 if short => op::TUPLE2,
            3 if short => op::TUPLE3,
            _ => op::TUPLE,
        });
    }

    pub(super) fn put(&mut self, index: u32) {
        match (self.protocol, u8::try_from(index)) {
            (0, _) => self.line(op::PUT, index.to_string().as_bytes()),
            (_, Ok(byte)) => self.op_with(op::BINPUT, &[byte]),
            _ => self.op_with(op::LONG_BINPUT, &index.to_le_bytes()),
        }
    }

    pub(super) fn recall(&mut self, index: u32) {
        match (self.protocol, u8::try_from(index)) {
            (0, _) => self.line(op::GET, index.to_string().as_bytes()),
            (_, Ok(byte)) => self.op_with(op::BINGET, &[byte]),
            _ => self.op_with(op::LONG_BINGET, &index.to_le_bytes()),
        }
    }
}
