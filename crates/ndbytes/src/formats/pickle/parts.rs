//! Reading the parts of inert nodes: the arguments of calls and the states of objects.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::machine::{ESCAPED, GLOBAL, OPAQUE, PY2_STRING, UTF8};
use super::text;
use crate::array::{Arena, Dims, Node, NodeId};
use crate::error::{DecodeError, Result};

/// The parts of a call or a state, which are few.
pub(super) type Parts = SmallVec<[NodeId; 9]>;

/// The parts of a tuple; `what` names it in the error when it is none.
#[inline]
pub(super) fn tuple(arena: &Arena<'_>, id: NodeId, what: &str) -> Result<Parts> {
    match arena.node(id) {
        Node::Tuple(items) => Ok(Parts::from_slice(arena.items(items))),
        other => Err(unexpected(what, other, "a tuple")),
    }
}

/// An integer; a bool is none.
#[inline]
pub(super) fn int(arena: &Arena<'_>, id: NodeId) -> Option<i64> {
    match arena.node(id) {
        Node::Int(value) => Some(value),
        _ => None,
    }
}

/// A bool, or 0 or 1 as Python 2 writes it.
#[inline]
pub(super) fn flag(arena: &Arena<'_>, id: NodeId) -> Option<bool> {
    match arena.node(id) {
        Node::Bool(value) => Some(value),
        Node::Int(0) => Some(false),
        Node::Int(1) => Some(true),
        _ => None,
    }
}

/// Text without surrogates. Bytes and Python 2 strings are read as latin-1.
pub(super) fn string<'n>(arena: &'n Arena<'_>, id: NodeId) -> Option<Cow<'n, str>> {
    match arena.node(id) {
        Node::Str(blob) | Node::Unread(UTF8, blob) => {
            std::str::from_utf8(arena.bytes(blob)).ok().map(Cow::Borrowed)
        }
        Node::Bytes(blob) | Node::Unread(PY2_STRING, blob) => {
            let bytes = arena.bytes(blob);
            if let Ok(ascii) = std::str::from_utf8(bytes)
                && ascii.is_ascii()
            {
                return Some(Cow::Borrowed(ascii));
            }
            Some(Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()))
        }
        Node::Unread(ESCAPED, blob) => {
            let utf8 = text::utf8_of_escaped(arena.bytes(blob))?;
            String::from_utf8(utf8).ok().map(Cow::Owned)
        }
        _ => None,
    }
}

/// The bytes of short bytes, of a Python 2 string, or of text by latin-1, if there are exactly
/// `N`.
pub(super) fn short_bytes<const N: usize>(arena: &Arena<'_>, id: NodeId) -> Option<[u8; N]> {
    match arena.node(id) {
        Node::Bytes(blob) | Node::Unread(PY2_STRING, blob) => arena.bytes(blob).try_into().ok(),
        Node::Str(blob) => {
            let text = std::str::from_utf8(arena.bytes(blob)).ok()?;
            let mut bytes = [0; N];
            let mut places = bytes.iter_mut();
            for c in text.chars() {
                *places.next()? = u8::try_from(c).ok()?;
            }
            places.next().is_none().then_some(bytes)
        }
        _ => None,
    }
}

/// Dimensions: a tuple of integers of at least 0.
#[inline]
pub(super) fn shape(arena: &Arena<'_>, id: NodeId) -> Result<Dims<usize>> {
    let Node::Tuple(items) = arena.node(id) else {
        return Err(unexpected("a shape", arena.node(id), "a tuple of integers"));
    };
    let dims = arena.items(items).iter();
    dims.map(|&dim| int(arena, dim).and_then(|dim| usize::try_from(dim).ok()))
        .collect::<Option<Dims<usize>>>()
        .ok_or_else(|| {
            DecodeError::malformed("a shape has a dimension that is none")
                .expected("integers of at least 0")
        })
}

#[cold]
pub(super) fn unexpected(what: &str, found: Node, expected: &'static str) -> DecodeError {
    DecodeError::malformed(format!("{what} is {}", type_name(found))).expected(expected)
}

/// What Python calls such a value.
pub(super) fn type_name(node: Node) -> &'static str {
    match node {
        Node::None => "None",
        Node::Ellipsis => "Ellipsis",
        Node::Bool(_) => "a bool",
        Node::Int(_) | Node::BigInt(_) => "an int",
        Node::Float(_) => "a float",
        Node::Complex(..) => "a complex",
        Node::Str(_) | Node::Unread(UTF8 | ESCAPED | PY2_STRING, _) => "a str",
        Node::Bytes(_) => "bytes",
        Node::ByteArray(_) => "a bytearray",
        Node::Tuple(_) => "a tuple",
        Node::List(_) => "a list",
        Node::Dict(_) => "a dict",
        Node::OrderedDict(_) => "an OrderedDict",
        Node::Set(_) => "a set",
        Node::FrozenSet(_) => "a frozenset",
        Node::Array(_) => "an array",
        Node::Scalar(_) => "a NumPy scalar",
        Node::DType(_) => "a dtype",
        Node::Buffer(_) => "a buffer",
        Node::Unread(GLOBAL, _) => "a class or function",
        Node::Unread(OPAQUE, _) => "what was refused",
        Node::Unread(..) => "an object that is not complete",
        _ => "another object",
    }
}
