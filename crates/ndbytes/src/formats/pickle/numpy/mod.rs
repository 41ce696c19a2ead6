//! What NumPy's pickles call, as a table of exact (module, name) pairs, and what the calls make.
//!
//! Every value is checked and built here: that a name is NumPy's own does not make its arguments
//! harmless. Nothing is imported, and no name leads anywhere but to a row of the table.

mod array;
mod dtype;

use super::machine::{GLOBAL, OPAQUE, Table};
use super::plain::{self, Plain};
use super::text;
use crate::array::{Arena, Blob, Items, Node, NodeId, Order, Source, Unread};
use crate::array::{DType, Dims};
use crate::error::{DecodeError, DecodeErrorKind, Result};
use crate::formats::pickle::parts::{self, Parts};
use crate::limits::Limits;

/// An array that has no state yet; the blob's place is its class.
pub(super) const ARRAY: Unread = Unread(super::machine::FIRST_OF_TABLE);
/// A dtype that has no state yet; the blob's place is its number.
pub(super) const DTYPE: Unread = Unread(super::machine::FIRST_OF_TABLE + 1);
/// A UUID that has no state yet.
pub(super) const UUID: Unread = Unread(super::machine::FIRST_OF_TABLE + 2);
/// Bytes, as the UTF-8 text whose latin-1 encoding they are.
pub(super) const LATIN1_UTF8: Unread = Unread(super::machine::FIRST_OF_TABLE + 3);
/// The same in raw-unicode-escape.
pub(super) const LATIN1_ESCAPED: Unread = Unread(super::machine::FIRST_OF_TABLE + 4);

/// What a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Reconstruct,
    FromBuffer,
    Scalar,
    DType,
    MaskedReconstruct,
    StringDType,
    /// Classes that may be named, as arguments, and never be called.
    NdArray,
    Matrix,
    RecArray,
    MaskedArray,
    Record,
    Plain(Plain),
}

/// Module, name, role.
type Row = (&'static str, &'static str, Role);

const ROWS: [Row; 65] = [
    ("numpy.core.multiarray", "_reconstruct", Role::Reconstruct),
    ("numpy._core.multiarray", "_reconstruct", Role::Reconstruct),
    ("numpy.core._internal", "_reconstruct", Role::Reconstruct),
    ("numpy.core.numeric", "_frombuffer", Role::FromBuffer),
    ("numpy._core.numeric", "_frombuffer", Role::FromBuffer),
    ("numpy.core.multiarray", "scalar", Role::Scalar),
    ("numpy._core.multiarray", "scalar", Role::Scalar),
    ("numpy", "dtype", Role::DType),
    ("numpy", "ndarray", Role::NdArray),
    ("numpy.core.memmap", "memmap", Role::NdArray),
    ("numpy", "memmap", Role::NdArray),
    ("numpy.core.defchararray", "chararray", Role::NdArray),
    ("numpy", "chararray", Role::NdArray),
    ("numpy.char", "chararray", Role::NdArray),
    ("numpy.core.defmatrix", "matrix", Role::Matrix),
    ("numpy.matrixlib.defmatrix", "matrix", Role::Matrix),
    ("numpy", "matrix", Role::Matrix),
    ("numpy.core.records", "recarray", Role::RecArray),
    ("numpy", "recarray", Role::RecArray),
    ("numpy.rec", "recarray", Role::RecArray),
    ("numpy.core.records", "record", Role::Record),
    ("numpy", "record", Role::Record),
    ("numpy.ma.core", "_mareconstruct", Role::MaskedReconstruct),
    ("numpy.ma.core", "MaskedArray", Role::MaskedArray),
    ("numpy.ma", "MaskedArray", Role::MaskedArray),
    ("numpy._core._internal", "_convert_to_stringdtype_kwargs", Role::StringDType),
    ("_codecs", "encode", Role::Plain(Plain::Encode)),
    ("__builtin__", "bytes", Role::Plain(Plain::Bytes)),
    ("builtins", "bytes", Role::Plain(Plain::Bytes)),
    ("__builtin__", "bytearray", Role::Plain(Plain::ByteArray)),
    ("builtins", "bytearray", Role::Plain(Plain::ByteArray)),
    ("__builtin__", "set", Role::Plain(Plain::Set)),
    ("builtins", "set", Role::Plain(Plain::Set)),
    ("__builtin__", "frozenset", Role::Plain(Plain::FrozenSet)),
    ("builtins", "frozenset", Role::Plain(Plain::FrozenSet)),
    ("__builtin__", "complex", Role::Plain(Plain::Complex)),
    ("builtins", "complex", Role::Plain(Plain::Complex)),
    ("__builtin__", "slice", Role::Plain(Plain::Slice)),
    ("builtins", "slice", Role::Plain(Plain::Slice)),
    ("__builtin__", "xrange", Role::Plain(Plain::Range)),
    ("__builtin__", "range", Role::Plain(Plain::Range)),
    ("builtins", "xrange", Role::Plain(Plain::Range)),
    ("builtins", "range", Role::Plain(Plain::Range)),
    ("__builtin__", "Ellipsis", Role::Plain(Plain::Ellipsis)),
    ("builtins", "Ellipsis", Role::Plain(Plain::Ellipsis)),
    ("__builtin__", "object", Role::Plain(Plain::Object)),
    ("builtins", "object", Role::Plain(Plain::Object)),
    ("copy_reg", "_reconstructor", Role::Plain(Plain::Reconstructor)),
    ("copyreg", "_reconstructor", Role::Plain(Plain::Reconstructor)),
    ("collections", "OrderedDict", Role::Plain(Plain::OrderedDict)),
    ("datetime", "date", Role::Plain(Plain::Date)),
    ("datetime", "datetime", Role::Plain(Plain::DateTime)),
    ("datetime", "time", Role::Plain(Plain::Time)),
    ("datetime", "timedelta", Role::Plain(Plain::TimeDelta)),
    ("datetime", "timezone", Role::Plain(Plain::TimeZone)),
    ("_pydatetime", "date", Role::Plain(Plain::Date)),
    ("_pydatetime", "datetime", Role::Plain(Plain::DateTime)),
    ("_pydatetime", "time", Role::Plain(Plain::Time)),
    ("_pydatetime", "timedelta", Role::Plain(Plain::TimeDelta)),
    ("_pydatetime", "timezone", Role::Plain(Plain::TimeZone)),
    ("decimal", "Decimal", Role::Plain(Plain::Decimal)),
    ("_decimal", "Decimal", Role::Plain(Plain::Decimal)),
    ("_pydecimal", "Decimal", Role::Plain(Plain::Decimal)),
    ("fractions", "Fraction", Role::Plain(Plain::Fraction)),
    ("uuid", "UUID", Role::Plain(Plain::Uuid)),
];

/// Where the search for a pair begins; each place holds the number of a row, counted from 1.
const PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut row = 0;
    while row < ROWS.len() {
        let mut place = place_of(ROWS[row].0.as_bytes(), ROWS[row].1.as_bytes());
        while places[place] != 0 {
            place = (place + 1) % 256;
        }
        places[place] = row as u8 + 1;
        row += 1;
    }
    places
};

const fn place_of(module: &[u8], name: &[u8]) -> usize {
    let last = if name.is_empty() { 0 } else { name[name.len() - 1] as usize };
    (module.len() * 37 + name.len() * 11 + last * 5) % 256
}

/// The number of the row of this pair.
fn find(module: &[u8], name: &[u8]) -> Option<usize> {
    let mut place = place_of(module, name);
    while let Some(row) = usize::from(PLACES[place]).checked_sub(1) {
        if ROWS[row].0.as_bytes() == module && ROWS[row].1.as_bytes() == name {
            return Some(row);
        }
        place = (place + 1) % 256;
    }
    None
}

/// One array that was met, for those who only look.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub(super) number: u32,
    pub(super) dtype: DType,
    pub(super) shape: Dims<usize>,
    pub(super) order: Order,
    /// Where in the input the data starts, if it lies there as it is.
    pub(super) offset: Option<usize>,
}

impl Met {
    /// Each is kept twice: as it is met, and as it is told.
    const SPENT: usize = 2 * size_of::<Self>();
}

/// Builds what the calls of a pickle make.
#[derive(Debug, Default)]
pub(super) struct Numpy<'a> {
    /// Bytes that have been copied, decoded or built, and how many may be.
    spent: u64,
    budget: u64,
    pub(super) limits: Limits,
    pub(super) encoding: super::Encoding,
    /// Whether the data of arrays is left alone.
    looking: bool,
    pub(super) met: Vec<Met>,
    /// The text that was decoded last, and its bytes: the same text often serves twice.
    decoded: Option<(usize, Source<'a>)>,
}

impl<'a> Table<'a> for Numpy<'a> {
    #[inline]
    fn find(&self, module: &[u8], name: &[u8]) -> Option<Node> {
        let row = find(module, name)?;
        Some(match ROWS[row].2 {
            Role::Plain(Plain::Ellipsis) => Node::Ellipsis,
            _ => Node::Unread(GLOBAL, Blob::input(row, 0)),
        })
    }

    fn call(&mut self, arena: &mut Arena<'a>, global: usize, arguments: Items) -> Result<NodeId> {
        let arguments = Parts::from_slice(arena.items(arguments));
        match ROWS[global].2 {
            Role::Reconstruct => self.reconstruct(arena, &arguments),
            Role::FromBuffer => self.buffer_array(arena, &arguments),
            Role::Scalar => self.scalar(arena, &arguments),
            Role::DType => dtype::new(arena, &arguments),
            Role::MaskedReconstruct => self.masked_reconstruct(arena, &arguments),
            Role::StringDType => self.string_dtype(arena, &arguments),
            Role::Plain(Plain::Encode) => self.encode(arena, &arguments),
            Role::Plain(Plain::Object) => Err(not_callable(global)),
            Role::Plain(role) => plain::call(arena, role, &arguments),
            Role::NdArray | Role::Matrix | Role::RecArray | Role::MaskedArray | Role::Record => {
                Err(not_callable(global))
            }
        }
    }

    fn instance(
        &mut self,
        arena: &mut Arena<'a>,
        global: usize,
        arguments: Items,
    ) -> Result<NodeId> {
        match ROWS[global].2 {
            Role::Plain(Plain::Uuid) if arguments.is_empty() => {
                Ok(arena.push(Node::Unread(UUID, Blob::input(0, 0))))
            }
            _ => Err(not_callable(global)),
        }
    }

    fn build(&mut self, arena: &mut Arena<'a>, object: NodeId, state: NodeId) -> Result<()> {
        match arena.node(object) {
            Node::Unread(ARRAY, _) => self.build_array(arena, object, state),
            Node::Unread(DTYPE, number) => {
                let number = number.input_offset().unwrap_or_default() as u32;
                self.build_dtype(arena, object, number, state)
            }
            Node::Unread(UUID, _) => plain::build_uuid(arena, object, state),
            Node::Unread(OPAQUE, _) => Ok(()),
            other => {
                Err(DecodeError::malformed(format!("{} is given a state", parts::type_name(other)))
                    .expected("arrays, dtypes and UUIDs are given one, once, before they are used"))
            }
        }
    }
}

/// Whether a node is the name of this plain data.
pub(super) fn is_plain(arena: &Arena<'_>, id: NodeId, plain: Plain) -> bool {
    Numpy::role(arena, id) == Some(Role::Plain(plain))
}

/// The refusal of calling what is known only by name.
#[cold]
fn not_callable(row: usize) -> DecodeError {
    let names = vec![format!("{}.{}", ROWS[row].0, ROWS[row].1)];
    DecodeError::new(DecodeErrorKind::Unsafe { names }, "a class is called")
}

impl<'a> Numpy<'a> {
    /// For a pickle of `len` bytes.
    pub(super) fn new(limits: &Limits, len: usize, encoding: super::Encoding) -> Self {
        let budget = limits.bytes_for(len as u64);
        Self { budget, limits: *limits, encoding, ..Self::default() }
    }

    /// Leaves the data of arrays alone, and notes what there is.
    pub(super) fn looking(mut self) -> Self {
        self.looking = true;
        self
    }

    /// The role of a node that is a known name.
    fn role(arena: &Arena<'_>, id: NodeId) -> Option<Role> {
        match arena.node(id) {
            Node::Unread(GLOBAL, row) => Some(ROWS[row.input_offset()?].2),
            _ => None,
        }
    }

    /// Notes that `bytes` are about to be copied, decoded or built.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<()> {
        self.spent = self.spent.saturating_add(bytes as u64);
        if self.spent > self.budget {
            return Err(DecodeError::limit(
                "max_bytes",
                format!("this would build {} bytes, the limit is {}", self.spent, self.budget),
            ));
        }
        Ok(())
    }

    /// `_codecs.encode(text, 'latin1')`: how Python 3 writes bytes below protocol 3.
    fn encode(&mut self, arena: &mut Arena<'a>, arguments: &[NodeId]) -> Result<NodeId> {
        let &[text, codec] = arguments else {
            return Err(DecodeError::malformed("_codecs.encode is called with other arguments")
                .expected("text and 'latin1'"));
        };
        if !plain::is_latin1(arena, codec) {
            return Err(DecodeError::unsupported(
                "_codecs.encode with a codec that is not latin-1",
            ));
        }
        let node = match arena.node(text) {
            Node::Unread(super::machine::UTF8, blob) => Node::Unread(LATIN1_UTF8, blob),
            Node::Unread(super::machine::ESCAPED, blob) => Node::Unread(LATIN1_ESCAPED, blob),
            Node::Str(blob) if arena.bytes(blob).is_ascii() => Node::Bytes(blob),
            Node::Str(blob) => {
                let bytes = arena.bytes(blob);
                let source = text::latin1_of_utf8(bytes, text::count_characters(bytes));
                let bytes = source.ok_or_else(not_latin1)?;
                Node::Bytes(arena.new_bytes(&bytes.to_vec(0, bytes.len())))
            }
            other => return Err(parts::unexpected("what is encoded", other, "text")),
        };
        Ok(arena.push(node))
    }

    /// The bytes of a node that stands for the data of an array: exactly `len`.
    fn data(&mut self, arena: &mut Arena<'a>, id: NodeId, len: usize) -> Result<Source<'a>> {
        let node = arena.node(id);
        let blob = match node {
            Node::Bytes(blob) | Node::Unread(super::machine::PY2_STRING, blob) => {
                if blob.len() != len {
                    return Err(wrong_length(blob.len(), len));
                }
                if blob.input_offset().is_none() {
                    self.spend(len)?;
                }
                return Ok(arena.source(blob));
            }
            Node::Str(blob)
            | Node::Unread(
                super::machine::UTF8 | super::machine::ESCAPED | LATIN1_UTF8 | LATIN1_ESCAPED,
                blob,
            ) => blob,
            other => {
                return Err(parts::unexpected("the data of an array", other, "bytes"));
            }
        };
        if let Some((place, source)) = &self.decoded
            && blob.input_offset() == Some(*place)
            && source.len() == len
        {
            return Ok(source.clone());
        }
        self.spend(len)?;
        let bytes = arena.bytes(blob);
        let escaped = matches!(node, Node::Unread(super::machine::ESCAPED | LATIN1_ESCAPED, _));
        let source = if escaped {
            text::latin1_of_escaped(bytes, len)
        } else {
            text::latin1_of_utf8(bytes, len)
        };
        let Some(source) = source else {
            let found = if escaped {
                text::count_escaped(bytes).unwrap_or(len)
            } else {
                text::count_characters(bytes)
            };
            return Err(if found == len { not_latin1() } else { wrong_length(found, len) });
        };
        self.decoded = blob.input_offset().map(|place| (place, source.clone()));
        Ok(source)
    }

    /// Brings bytes that are still text into their final form.
    pub(super) fn finish_bytes(&mut self, arena: &mut Arena<'a>, id: NodeId) -> Result<()> {
        let (blob, escaped) = match arena.node(id) {
            Node::Unread(LATIN1_UTF8, blob) => (blob, false),
            Node::Unread(LATIN1_ESCAPED, blob) => (blob, true),
            _ => return Ok(()),
        };
        let bytes = arena.bytes(blob);
        let len =
            if escaped { text::count_escaped(bytes) } else { Some(text::count_characters(bytes)) };
        let source = self.data(arena, id, len.ok_or_else(not_latin1)?)?;
        let blob = arena.new_source(source);
        arena.set(id, Node::Bytes(blob));
        Ok(())
    }
}

#[cold]
fn not_latin1() -> DecodeError {
    DecodeError::malformed("text in the place of bytes has characters that stand for no byte")
        .expected("characters up to U+00FF")
}

#[cold]
fn wrong_length(found: usize, needed: usize) -> DecodeError {
    DecodeError::malformed(format!("the data has {found} bytes, shape and dtype take {needed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found() {
        for (number, row) in ROWS.iter().enumerate() {
            assert_eq!(find(row.0.as_bytes(), row.1.as_bytes()), Some(number));
        }
        for (module, name) in [
            ("numpy.core", "multiarray._reconstruct"),
            ("numpy", "load"),
            ("", ""),
            ("os", "system"),
            ("numpy ", "ndarray"),
        ] {
            assert_eq!(find(module.as_bytes(), name.as_bytes()), None);
        }
    }
}
