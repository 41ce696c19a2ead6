//! Bytes to operations to an inert graph of nodes. Nothing is imported, called or run here.
//!
//! The machine knows the opcodes and what they do to its stack and memo, and no more. A name that
//! the bytes ask for is put to a [`Table`] of those that are known; a call of one makes the node
//! that the table makes of it. When a name is not in the table the machine goes on to the end, so
//! that the error can list all of them, and then refuses.
//!
//! What is memoized or duplicated is shared by its number, never copied. No length is believed
//! before as many bytes are seen, and nothing here recurses.

use smallvec::SmallVec;

use super::memo::Memo;
use super::names::{Names, join};
use super::opcode as op;
use super::{number, text};
use crate::array::{Arena, Blob, Items, Node, NodeId, Source, Unread};
use crate::error::{DecodeError, DecodeErrorKind, Result};

/// Integers in decimal have at most so many digits, as in Python's own parser.
pub(super) const MAX_DIGITS: usize = 4300;
/// Text up to this length is checked and brought into its final form at once; longer text may be
/// the data of an array, and is left for whoever makes something of it.
const SHORT_TEXT: usize = 64;

/// Stands for what was refused.
pub(super) const OPAQUE: Unread = Unread(0);
/// A known name; the blob's place is its number in the table.
pub(super) const GLOBAL: Unread = Unread(1);
/// Text in UTF-8 that has not been checked.
pub(super) const UTF8: Unread = Unread(2);
/// Text in raw-unicode-escape that has not been checked.
pub(super) const ESCAPED: Unread = Unread(3);
/// A Python 2 string that is not ASCII: bytes, or text in an encoding that the caller says.
pub(super) const PY2_STRING: Unread = Unread(4);
/// From here on, what tables keep.
pub(super) const FIRST_OF_TABLE: u8 = 5;

/// What a Python 2 `str` that is not ASCII becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Text, each byte a character: lossless.
    #[default]
    Latin1,
    /// Text; bytes that are not ASCII are refused.
    Ascii,
    /// Text; bytes that are not UTF-8 are refused.
    Utf8,
    /// Bytes. Strings of ASCII become bytes too.
    Bytes,
}

/// The names that are known, and what their calls make.
pub(super) trait Table<'a> {
    /// What a name stands for: a [`GLOBAL`], or a value that has a name.
    fn find(&self, module: &[u8], name: &[u8]) -> Option<Node>;

    /// What calling a global makes. A refusal of kind `Unsafe` is a name that may not be called.
    fn call(&mut self, arena: &mut Arena<'a>, global: usize, arguments: Items) -> Result<NodeId>;

    /// What making an instance of a global without calling it makes (NEWOBJ).
    fn instance(
        &mut self,
        arena: &mut Arena<'a>,
        global: usize,
        arguments: Items,
    ) -> Result<NodeId>;

    /// Gives an object its state.
    fn build(&mut self, arena: &mut Arena<'a>, object: NodeId, state: NodeId) -> Result<()>;
}

pub(super) struct Machine<'a, T> {
    input: &'a [u8],
    at: usize,
    /// Where the current operation starts.
    pub(super) start: usize,
    pub(super) arena: Arena<'a>,
    pub(super) table: T,
    stack: SmallVec<[NodeId; 32]>,
    /// Heights of the stack at its marks, and the topmost of them: nothing reaches below.
    marks: SmallVec<[u32; 8]>,
    floor: usize,
    memo: Memo,
    frame_end: usize,
    encoding: Encoding,
    max_nodes: usize,
    /// How many nodes there may be before more room is made.
    room: usize,
    next_buffer: std::vec::IntoIter<(Source<'a>, bool)>,
    pub(super) protocol: u8,
    pub(super) names: Names,
    /// Whether known names are listed, too: for whoever looks, maybe at no more than the start.
    list_all: bool,
}

impl<'a, T: Table<'a>> Machine<'a, T> {
    #[inline]
    pub(super) fn new(
        input: &'a [u8],
        table: T,
        encoding: Encoding,
        max_nodes: usize,
        buffers: Vec<(Source<'a>, bool)>,
    ) -> Self {
        Self {
            input,
            at: 0,
            start: 0,
            arena: Arena::new(input),
            table,
            stack: SmallVec::new(),
            marks: SmallVec::new(),
            floor: 0,
            memo: Memo::default(),
            frame_end: 0,
            encoding,
            max_nodes,
            room: 0,
            next_buffer: buffers.into_iter(),
            protocol: 0,
            names: Names::default(),
            list_all: false,
        }
    }

    /// Lists the names that are known, too.
    pub(super) fn list_all(self) -> Self {
        Self { list_all: true, ..self }
    }

    /// Where the machine has come to: after STOP, the end of the pickle.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Runs to STOP and returns what is on top of the stack.
    pub(super) fn run(&mut self) -> Result<NodeId> {
        let result = loop {
            self.start = self.at;
            match self.step() {
                Ok(None) => {}
                Ok(Some(root)) => break Ok(root),
                Err(error) => break Err(error.at(self.start as u64)),
            }
        };
        if self.names.any_refused() { Err(self.names.refusal()) } else { result }
    }

    /// One operation; `Some` at the end.
    #[inline]
    fn step(&mut self) -> Result<Option<NodeId>> {
        let Some(&code) = self.input.get(self.at) else {
            return Err(self.ends_inside("the pickle", 1));
        };
        self.at += 1;
        match code {
            op::MEMOIZE => {
                let top = self.top()?;
                self.memo.put_next(top);
            }
            op::BINPUT => {
                let index = self.array::<1>()?[0];
                let top = self.top()?;
                self.memo.put(index.into(), top);
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.array()?);
                let top = self.top()?;
                self.memo.put(index.into(), top);
            }
            op::BINGET => {
                let index = self.array::<1>()?[0];
                self.recall(index.into())?;
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.array()?);
                self.recall(index.into())?;
            }
            op::BININT1 => {
                let value = self.array::<1>()?[0];
                self.push(Node::Int(value.into()))?;
            }
            op::BININT2 => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Node::Int(value.into()))?;
            }
            op::BININT => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Node::Int(value.into()))?;
            }
            op::MARK => {
                self.floor = self.stack.len();
                self.marks.push(self.floor as u32);
            }
            op::NONE => self.stack.push(NodeId::NONE),
            op::NEWTRUE => self.stack.push(NodeId::TRUE),
            op::NEWFALSE => self.stack.push(NodeId::FALSE),
            op::EMPTY_TUPLE => self.stack.push(NodeId::EMPTY_TUPLE),
            op::TUPLE1 => self.tuple_of(1)?,
            op::TUPLE2 => self.tuple_of(2)?,
            op::TUPLE3 => self.tuple_of(3)?,
            op::TUPLE => {
                let from = self.pop_mark()?;
                let node = Node::Tuple(self.arena.new_items(&self.stack[from..]));
                self.stack.truncate(from);
                self.push(node)?;
            }
            op::SHORT_BINUNICODE => {
                let len = self.array::<1>()?[0];
                self.utf8(len.into())?;
            }
            op::BINUNICODE => {
                let len = u32::from_le_bytes(self.array()?);
                self.utf8(len.into())?;
            }
            op::BINUNICODE8 => {
                let len = u64::from_le_bytes(self.array()?);
                self.utf8(len)?;
            }
            op::SHORT_BINBYTES => {
                let len = self.array::<1>()?[0];
                let blob = self.blob(len.into())?;
                self.push(Node::Bytes(blob))?;
            }
            op::BINBYTES => {
                let len = u32::from_le_bytes(self.array()?);
                let blob = self.blob(len.into())?;
                self.push(Node::Bytes(blob))?;
            }
            op::BINBYTES8 => {
                let len = u64::from_le_bytes(self.array()?);
                let blob = self.blob(len)?;
                self.push(Node::Bytes(blob))?;
            }
            op::BYTEARRAY8 => {
                let len = u64::from_le_bytes(self.array()?);
                let blob = self.blob(len)?;
                self.push(Node::ByteArray(blob))?;
            }
            op::BINFLOAT => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Node::Float(value))?;
            }
            op::EMPTY_LIST => self.push(Node::List(Items::default()))?,
            op::EMPTY_DICT => self.push(Node::Dict(Items::default()))?,
            op::EMPTY_SET => self.push(Node::Set(Items::default()))?,
            op::APPEND => {
                let from = self.stack.len().wrapping_sub(1);
                self.need(2)?;
                self.extend(from, code)?;
            }
            op::APPENDS | op::ADDITEMS | op::SETITEMS => {
                let from = self.pop_mark()?;
                self.extend(from, code)?;
            }
            op::SETITEM => {
                let from = self.stack.len().wrapping_sub(2);
                self.need(3)?;
                self.extend(from, code)?;
            }
            op::LIST | op::FROZENSET => {
                let from = self.pop_mark()?;
                let items = self.arena.new_items(&self.stack[from..]);
                self.stack.truncate(from);
                self.push(if code == op::LIST {
                    Node::List(items)
                } else {
                    Node::FrozenSet(items)
                })?;
            }
            op::DICT => {
                let from = self.pop_mark()?;
                if !(self.stack.len() - from).is_multiple_of(2) {
                    return Err(self.malformed("a dict has a key without a value"));
                }
                let items = self.arena.new_items(&self.stack[from..]);
                self.stack.truncate(from);
                self.push(Node::Dict(items))?;
            }
            op::GLOBAL => {
                let (module, name) = (self.line()?, self.line()?);
                let node = self.global(module, name);
                self.push(node)?;
            }
            op::STACK_GLOBAL => {
                self.need(2)?;
                let (name, module) = (self.pop()?, self.pop()?);
                self.stack_global(module, name)?;
            }
            op::REDUCE | op::NEWOBJ => {
                self.need(2)?;
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.call(code, function, arguments)?;
            }
            op::BUILD => {
                self.need(2)?;
                let (state, object) = (self.pop()?, self.top()?);
                let built = self.table.build(&mut self.arena, object, state);
                if let Err(error) = built {
                    self.go_on_after(error)?;
                }
            }
            op::STOP => return Ok(Some(self.pop()?)),
            op::PROTO => {
                let protocol = self.array::<1>()?[0];
                if protocol > 5 {
                    return Err(DecodeError::unsupported(format!(
                        "pickle protocol {protocol} is not known"
                    ))
                    .expected("0 to 5"));
                }
                self.protocol = protocol;
            }
            op::FRAME => self.frame()?,
            op::POP => {
                // As in CPython, a mark on top is what is popped.
                if self.stack.len() == self.floor && !self.marks.is_empty() {
                    self.pop_mark()?;
                } else {
                    self.pop()?;
                }
            }
            op::POP_MARK => {
                let from = self.pop_mark()?;
                self.stack.truncate(from);
            }
            op::DUP => {
                let top = self.top()?;
                self.stack.push(top);
            }
            _ => self.seldom(code)?,
        }
        Ok(None)
    }

    /// The operations of old protocols, and those that are refused.
    #[inline(never)]
    fn seldom(&mut self, code: u8) -> Result<()> {
        match code {
            op::INT | op::LONG => self.decimal(code),
            op::FLOAT => {
                let line = self.line()?;
                let value = number::decimal_float(line)
                    .ok_or_else(|| self.malformed("FLOAT is not a decimal number"))?;
                self.push(Node::Float(value))
            }
            op::LONG1 => {
                let len = self.array::<1>()?[0];
                self.binary_int(len.into())
            }
            op::LONG4 => {
                let len = i32::from_le_bytes(self.array()?);
                let len = u64::try_from(len).map_err(|_| self.malformed("LONG4 is negative"))?;
                self.binary_int(len)
            }
            op::PUT => {
                let index = self.memo_index()?;
                let top = self.top()?;
                self.memo.put(index, top);
                Ok(())
            }
            op::GET => {
                let index = self.memo_index()?;
                self.recall(index)
            }
            op::SHORT_BINSTRING => {
                let len = self.array::<1>()?[0];
                let blob = self.blob(len.into())?;
                self.string(blob)
            }
            op::BINSTRING => {
                let len = i32::from_le_bytes(self.array()?);
                let len =
                    u64::try_from(len).map_err(|_| self.malformed("BINSTRING is negative"))?;
                let blob = self.blob(len)?;
                self.string(blob)
            }
            op::STRING => self.quoted_string(),
            op::UNICODE => self.escaped(),
            op::NEXT_BUFFER => {
                let (source, readonly) = self.next_buffer.next().ok_or_else(|| {
                    DecodeError::unsupported("the pickle's data lies in buffers beside it")
                        .hint("give as many of them as `buffer_callback` received: buffers=[...]")
                })?;
                let number = self.arena.new_buffer(source, readonly);
                self.push(Node::Buffer(number))
            }
            op::READONLY_BUFFER => {
                let top = self.pop()?;
                match self.arena.node(top) {
                    Node::Buffer(number) => {
                        let source = self.arena.buffer(number).0.clone();
                        let number = self.arena.new_buffer(source, true);
                        self.push(Node::Buffer(number))
                    }
                    _ => Err(self.malformed("READONLY_BUFFER of what is no buffer")),
                }
            }
            op::INST => {
                let (module, name) = (self.line()?, self.line()?);
                let from = self.pop_mark()?;
                let node = self.global(module, name);
                self.stack.truncate(from);
                self.make_old(node)
            }
            op::OBJ => {
                let from = self.pop_mark()?;
                let class = self.stack.get(from).copied();
                let class = class.ok_or_else(|| self.malformed("OBJ without a class"))?;
                self.stack.truncate(from);
                self.make_old(self.arena.node(class))
            }
            op::NEWOBJ_EX => Err(self.refused_operation("makes an object with keywords")),
            op::EXT1 | op::EXT2 | op::EXT4 => {
                Err(self.refused_operation("asks for a name by a number that only its writer knew"))
            }
            op::PERSID | op::BINPERSID => {
                Err(self.refused_operation("asks for an object from outside"))
            }
            _ => Err(DecodeError::malformed(format!("0x{code:02X} is no pickle opcode"))),
        }
    }

    // The stack.

    /// Always inlined: a node that is handed over in memory is waited for.
    #[inline(always)]
    fn push(&mut self, node: Node) -> Result<()> {
        if self.arena.len() >= self.room {
            self.make_room()?;
        }
        self.stack.push(self.arena.push(node));
        Ok(())
    }

    /// Room for more nodes, more if more of the input is left: growing copies all that is there.
    #[cold]
    fn make_room(&mut self) -> Result<()> {
        let count = self.arena.len();
        if count >= self.max_nodes {
            let found = format!("the pickle has more than {count} values");
            return Err(DecodeError::limit("max_bytes", found));
        }
        let expected = (self.input.len() - self.at) / self.at.max(1);
        self.room = count + (count * expected.clamp(1, 3)).min(self.max_nodes - count);
        self.arena.reserve(self.room - count);
        Ok(())
    }

    #[inline]
    fn need(&self, count: usize) -> Result<()> {
        if self.stack.len() - self.floor < count {
            return Err(self.malformed("the stack has too few values"));
        }
        Ok(())
    }

    #[inline]
    fn top(&self) -> Result<NodeId> {
        self.need(1)?;
        Ok(self.stack[self.stack.len() - 1])
    }

    #[inline]
    fn pop(&mut self) -> Result<NodeId> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Takes off the topmost mark: the height of the stack at which it was set.
    #[inline]
    fn pop_mark(&mut self) -> Result<usize> {
        let mark = self.marks.pop().ok_or_else(|| self.malformed("there is no mark"))?;
        self.floor = self.marks.last().map_or(0, |&mark| mark as usize);
        Ok(mark as usize)
    }

    #[inline]
    fn tuple_of(&mut self, count: usize) -> Result<()> {
        self.need(count)?;
        let from = self.stack.len() - count;
        let items = self.arena.new_items(&self.stack[from..]);
        self.stack.truncate(from);
        self.push(Node::Tuple(items))
    }

    /// Adds what is on the stack from `from` on to the container below it.
    #[inline]
    fn extend(&mut self, from: usize, code: u8) -> Result<()> {
        if from <= self.floor {
            return Err(self.malformed("there is no container below the values"));
        }
        let id = self.stack[from - 1];
        let new = &self.stack[from..];
        let pairs = matches!(code, op::SETITEM | op::SETITEMS);
        if pairs && !new.len().is_multiple_of(2) {
            return Err(self.malformed("a dict has a key without a value"));
        }
        let arena = &mut self.arena;
        let node = match (arena.node(id), code) {
            (Node::List(items), op::APPEND | op::APPENDS) => Node::List(arena.append(items, new)),
            (Node::Dict(items), _) if pairs => Node::Dict(arena.append(items, new)),
            (Node::OrderedDict(items), _) if pairs => Node::OrderedDict(arena.append(items, new)),
            (Node::Set(items), op::ADDITEMS) => Node::Set(arena.append(items, new)),
            (node @ Node::Unread(OPAQUE, _), _) => node,
            _ => {
                let found = format!("{} on what is no such container", op::name(code));
                return Err(DecodeError::malformed(found));
            }
        };
        arena.set(id, node);
        self.stack.truncate(from);
        Ok(())
    }

    // The memo.

    #[inline]
    fn recall(&mut self, index: u64) -> Result<()> {
        let Some(id) = self.memo.at(index) else {
            return Err(DecodeError::malformed(format!("nothing was put at {index} of the memo")));
        };
        self.stack.push(id);
        Ok(())
    }

    fn memo_index(&mut self) -> Result<u64> {
        let line = self.line()?;
        let digits = !line.is_empty() && line.iter().all(u8::is_ascii_digit);
        let index = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
        index.filter(|_| digits).ok_or_else(|| self.malformed("the memo has no such index"))
    }

    // Text, bytes and numbers.

    /// The next `N` bytes.
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.input[self.at..].first_chunk() {
            Some(array) => {
                self.at += N;
                Ok(*array)
            }
            None => Err(self.ends_inside("an operation", N as u64)),
        }
    }

    #[inline]
    fn blob(&mut self, len: u64) -> Result<Blob> {
        let rest = self.input.len() - self.at;
        if len > rest as u64 {
            return Err(self.ends_inside("a value", len));
        }
        let blob = Blob::input(self.at, len as usize);
        self.at += len as usize;
        Ok(blob)
    }

    /// The rest of the line, without its newline.
    #[inline]
    fn line(&mut self) -> Result<&'a [u8]> {
        let rest = &self.input[self.at..];
        let Some(len) = memchr::memchr(b'\n', rest) else {
            return Err(self.ends_inside("a line", rest.len() as u64 + 1));
        };
        self.at += len + 1;
        Ok(&rest[..len])
    }

    #[inline]
    fn utf8(&mut self, len: u64) -> Result<()> {
        let blob = self.blob(len)?;
        let bytes = &self.input[self.at - blob.len()..self.at];
        if bytes.is_ascii() {
            self.push(Node::Str(blob))
        } else if bytes.len() > SHORT_TEXT {
            self.push(Node::Unread(UTF8, blob))
        } else if text::is_text(bytes) {
            self.push(Node::Str(blob))
        } else {
            Err(self.malformed("text that is no UTF-8"))
        }
    }

    fn escaped(&mut self) -> Result<()> {
        let line = self.line()?;
        let blob = Blob::input(self.at - 1 - line.len(), line.len());
        if line.len() > SHORT_TEXT {
            return self.push(Node::Unread(ESCAPED, blob));
        }
        if line.is_ascii() && !line.contains(&b'\\') {
            return self.push(Node::Str(blob));
        }
        let text = text::utf8_of_escaped(line)
            .ok_or_else(|| self.malformed("UNICODE with a wrong escape"))?;
        let blob = self.arena.new_bytes(&text);
        self.push(Node::Str(blob))
    }

    /// A Python 2 string.
    fn string(&mut self, blob: Blob) -> Result<()> {
        let node = match self.encoding {
            Encoding::Bytes => Node::Bytes(blob),
            _ if self.arena.bytes(blob).is_ascii() => Node::Str(blob),
            _ => Node::Unread(PY2_STRING, blob),
        };
        self.push(node)
    }

    fn quoted_string(&mut self) -> Result<()> {
        let line = self.line()?;
        let inside = match line {
            [b'\'', inside @ .., b'\''] | [b'"', inside @ .., b'"'] => inside,
            _ => return Err(self.malformed("STRING is not between quotes")),
        };
        if memchr::memchr(b'\\', inside).is_none() {
            return self.string(Blob::input(self.at - 2 - inside.len(), inside.len()));
        }
        let bytes =
            text::unquote(inside).ok_or_else(|| self.malformed("STRING with a wrong escape"))?;
        let blob = match bytes.len() {
            0..=SHORT_TEXT => self.arena.new_bytes(&bytes),
            _ => self.arena.new_source(Source::copied(&bytes)),
        };
        self.string(blob)
    }

    fn decimal(&mut self, code: u8) -> Result<()> {
        let line = self.line()?;
        if code == op::INT && matches!(line, b"00" | b"01") {
            self.stack.push(if line == b"01" { NodeId::TRUE } else { NodeId::FALSE });
            return Ok(());
        }
        let line = if code == op::LONG { line.strip_suffix(b"L").unwrap_or(line) } else { line };
        let node = self.decimal_int(line)?;
        self.push(node)
    }

    fn decimal_int(&mut self, text: &[u8]) -> Result<Node> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(self.malformed("an integer that is not decimal"));
        }
        if digits.len() > MAX_DIGITS {
            return Err(DecodeError::unsupported(format!(
                "an integer of {} decimal digits",
                digits.len()
            ))
            .expected(format!("at most {MAX_DIGITS}, as in Python")));
        }
        if let Ok(text) = std::str::from_utf8(text)
            && let Ok(small) = text.parse()
        {
            return Ok(Node::Int(small));
        }
        let bytes = number::int_bytes(digits, digits.len() < text.len());
        Ok(Node::BigInt(self.arena.new_bytes(&bytes)))
    }

    fn binary_int(&mut self, len: u64) -> Result<()> {
        let blob = self.blob(len)?;
        let bytes = &self.input[self.at - blob.len()..self.at];
        // The shortest form, so that one number has one form.
        let bytes = &bytes[..number::shortest(bytes)];
        if bytes.len() > 8 {
            let start = self.at - blob.len();
            return self.push(Node::BigInt(Blob::input(start, bytes.len())));
        }
        let negative = bytes.last().is_some_and(|&high| high >= 0x80);
        let mut eight = [if negative { 0xFF } else { 0 }; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        self.push(Node::Int(i64::from_le_bytes(eight)))
    }

    fn frame(&mut self) -> Result<()> {
        let len = u64::from_le_bytes(self.array()?);
        if self.start < self.frame_end {
            return Err(self.malformed("a frame inside of a frame"));
        }
        if len > (self.input.len() - self.at) as u64 && !self.list_all {
            return Err(self.ends_inside("a frame", len));
        }
        self.frame_end = self.at.saturating_add(len as usize);
        Ok(())
    }

    // Names and calls.

    #[inline]
    fn global(&mut self, module: &[u8], name: &[u8]) -> Node {
        match self.table.find(module, name) {
            Some(node) => {
                if self.list_all {
                    self.names.note(join(module, name), true, self.start);
                }
                node
            }
            None => {
                self.names.note(join(module, name), false, self.start);
                Node::Unread(OPAQUE, Blob::input(0, 0))
            }
        }
    }

    fn stack_global(&mut self, module: NodeId, name: NodeId) -> Result<()> {
        let node = match (self.arena.node(module), self.arena.node(name)) {
            (Node::Str(module), Node::Str(name)) => {
                let found = self.table.find(self.arena.bytes(module), self.arena.bytes(name));
                match found {
                    Some(node) if !self.list_all => node,
                    _ => {
                        let (module, name) = (self.arena.bytes(module), self.arena.bytes(name));
                        let joined = join(module, name);
                        self.names.note(joined, found.is_some(), self.start);
                        found.unwrap_or(Node::Unread(OPAQUE, Blob::input(0, 0)))
                    }
                }
            }
            (Node::Unread(UTF8, _), _) | (_, Node::Unread(UTF8, _)) => {
                self.names.note("(a name of more than 64 bytes)".into(), false, self.start);
                Node::Unread(OPAQUE, Blob::input(0, 0))
            }
            _ => return Err(self.malformed("STACK_GLOBAL of what is no text")),
        };
        self.push(node)
    }

    #[inline]
    fn call(&mut self, code: u8, function: NodeId, arguments: NodeId) -> Result<()> {
        let made = match (self.arena.node(function), self.arena.node(arguments)) {
            (Node::Unread(GLOBAL, number), Node::Tuple(arguments)) => {
                let number = number.input_offset().unwrap_or_default();
                match code {
                    op::REDUCE => self.table.call(&mut self.arena, number, arguments),
                    _ => self.table.instance(&mut self.arena, number, arguments),
                }
            }
            (Node::Unread(OPAQUE, _), _) => {
                return self.push(Node::Unread(OPAQUE, Blob::input(0, 0)));
            }
            (Node::Unread(GLOBAL, _), _) => {
                Err(self.malformed("a call whose arguments are no tuple"))
            }
            _ => Err(self.malformed("a call of what has no name")),
        };
        match made {
            Ok(id) => {
                self.stack.push(id);
                Ok(())
            }
            Err(error) => {
                self.go_on_after(error)?;
                self.push(Node::Unread(OPAQUE, Blob::input(0, 0)))
            }
        }
    }

    /// INST and OBJ, of which no name that is known is ever the class.
    fn make_old(&mut self, class: Node) -> Result<()> {
        match class {
            Node::Unread(OPAQUE, _) => self.push(class),
            _ => Err(self.refused_operation("makes an instance of an old class")),
        }
    }

    /// Once something has been refused by name, what is made of it cannot be interpreted: that is
    /// no other error. A name that is known, but not to be called, is noted here.
    fn go_on_after(&mut self, error: DecodeError) -> Result<()> {
        if let DecodeErrorKind::Unsafe { names } = error.kind() {
            for name in names {
                self.names.note(name.clone(), false, self.start);
            }
            return Ok(());
        }
        if self.names.any_refused() { Ok(()) } else { Err(error) }
    }

    // Errors.

    #[cold]
    fn malformed(&self, found: &'static str) -> DecodeError {
        let code = self.input.get(self.start).copied().unwrap_or_default();
        DecodeError::malformed(format!("{found} ({})", op::name(code))).at(self.start as u64)
    }

    #[cold]
    fn refused_operation(&self, does: &str) -> DecodeError {
        let code = self.input.get(self.start).copied().unwrap_or_default();
        DecodeError::unsupported(format!("the pickle {does} ({})", op::name(code)))
            .expected("arrays and plain data")
    }

    #[cold]
    fn ends_inside(&self, what: &str, more: u64) -> DecodeError {
        let needed = (self.at as u64).saturating_add(more);
        DecodeError::incomplete(what, needed, self.input.len() as u64)
    }
}
