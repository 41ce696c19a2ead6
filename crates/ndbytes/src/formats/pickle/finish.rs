//! From the graph that a pickle leaves to a value: what is still text in another form is decoded,
//! keys are checked and told apart as Python does, and nothing that is not a value stays.
//!
//! Only what the result is made of is looked at. The walk goes from the parts to the whole, without
//! recursion, and knows of each node how high it stands and what hashing it would cost.

use std::collections::HashMap;

use super::Encoding;
use super::machine::{ESCAPED, GLOBAL, PY2_STRING, UTF8};
use super::numpy::{ARRAY, DTYPE, LATIN1_ESCAPED, LATIN1_UTF8, Numpy};
use super::parts::type_name;
use super::text;
use crate::array::{Arena, Blob, Items, Node, NodeId};
use crate::error::{DecodeError, Result};

/// Keys are made of at most so many parts in all, each counted as often as hashing meets it.
const MAX_KEY_PARTS: u64 = 1 << 22;
/// Keys nest at most so deep, whatever is asked for: Python hashes them by recursion, which nothing
/// stops before the stack ends.
const MAX_KEY_HEIGHT: u32 = 1000;
/// At most so many large integers among the keys of one dict or set have the same hash in Python.
const MAX_COLLISIONS: u32 = 500;
/// Python's hash of an integer is its remainder by this.
const HASH_MODULUS: u64 = (1 << 61) - 1;

/// What is known of a node once its parts are done.
#[derive(Clone, Copy, Default)]
struct Done {
    /// The longest way down, in nodes; 0 before.
    height: u32,
    /// How many parts hashing meets; 0 when it cannot be hashed.
    key_parts: u32,
}

const IN_PROGRESS: u32 = u32::MAX;

/// Makes a value of `root` and all that it is made of.
///
/// # Errors
/// When that is not possible, and when it nests too deep.
pub(super) fn settle<'a>(arena: &mut Arena<'a>, numpy: &mut Numpy<'a>, root: NodeId) -> Result<()> {
    let mut walk = Walk { done: vec![Done::default(); arena.len()], key_parts: 0 };
    // It stands for a part that is not there.
    walk.passes(arena, NodeId::NONE);
    // Each with the number of its parts that are done.
    let mut path: Vec<(NodeId, usize)> = Vec::new();
    walk.enter(arena, numpy, root, &mut path)?;
    'nodes: while let Some(&(id, from)) = path.last() {
        let node = arena.node(id);
        let here = path.len() - 1;
        let mut next = from;
        loop {
            let (items, others) = arena.parts(node);
            let rest = items.get(next..).unwrap_or_default();
            let count = items.len();
            let part = match rest.iter().position(|&part| !walk.passes(arena, part)) {
                Some(place) => {
                    next += place;
                    rest[place]
                }
                None => {
                    next = next.max(count);
                    match others.get(next - count) {
                        Some(&part) => part,
                        None => break,
                    }
                }
            };
            next += 1;
            if walk.done[part.index()].height == 0 {
                walk.enter(arena, numpy, part, &mut path)?;
                // What has parts of its own comes first.
                if path.len() > here + 1 {
                    path[here].1 = next;
                    continue 'nodes;
                }
            }
        }
        path.pop();
        walk.leave(arena, id, numpy.limits.depth())?;
    }
    Ok(())
}

struct Walk {
    done: Vec<Done>,
    key_parts: u64,
}

impl Walk {
    /// Whether there is nothing to do for a node, as for nearly all: it is done, or so simple that
    /// it is done now.
    #[inline]
    fn passes(&mut self, arena: &Arena<'_>, id: NodeId) -> bool {
        let done = &mut self.done[id.index()];
        if done.height == 0 {
            match arena.node(id) {
                Node::None
                | Node::Bool(_)
                | Node::Int(_)
                | Node::Float(_)
                | Node::Str(_)
                | Node::Bytes(_) => *done = Done { height: 1, key_parts: 1 },
                _ => return false,
            }
        }
        true
    }

    /// As [`Walk::passes`], and not still in progress.
    #[inline]
    fn passes_done(&mut self, arena: &Arena<'_>, id: NodeId) -> bool {
        self.passes(arena, id) && self.done[id.index()].height != IN_PROGRESS
    }

    /// Comes to a node for the first time: what has no parts is done at once, and what has only
    /// parts that are done.
    #[inline]
    fn enter<'a>(
        &mut self,
        arena: &mut Arena<'a>,
        numpy: &mut Numpy<'a>,
        id: NodeId,
        path: &mut Vec<(NodeId, usize)>,
    ) -> Result<()> {
        let mut node = arena.node(id);
        if let Node::Unread(..) = node {
            finish_node(arena, numpy, id)?;
            node = arena.node(id);
            // Decoding may have added nodes, though none that belong here.
        }
        let key_parts = match node {
            Node::Tuple(_)
            | Node::List(_)
            | Node::Dict(_)
            | Node::OrderedDict(_)
            | Node::Set(_)
            | Node::FrozenSet(_)
            | Node::Range(_)
            | Node::Slice(_)
            | Node::Fraction(_)
            | Node::DateTime(..)
            | Node::Time(..)
            | Node::TimeZone(..)
            | Node::Array(_)
            | Node::Scalar(_) => {
                let (items, others) = arena.parts(node);
                if others == [NodeId::NONE; 2]
                    && items.iter().all(|&part| self.passes_done(arena, part))
                {
                    return self.leave(arena, id, numpy.limits.depth());
                }
                self.done[id.index()].height = IN_PROGRESS;
                path.push((id, 0));
                return Ok(());
            }
            Node::ByteArray(_) | Node::Buffer(_) => 0,
            _ => 1,
        };
        self.done[id.index()] = Done { height: 1, key_parts };
        Ok(())
    }

    /// All parts of a node are done.
    fn leave(&mut self, arena: &mut Arena<'_>, id: NodeId, max_depth: u32) -> Result<()> {
        let node = arena.node(id);
        let (items, others) = arena.parts(node);
        let (mut height, mut key_parts, mut hashable) = (0, 1_u32, true);
        let mut count = |part: &NodeId| {
            let part = self.done[part.index()];
            // What is still in progress contains this: such a way down has no end.
            if part.height != IN_PROGRESS {
                height = height.max(part.height);
            }
            hashable &= part.key_parts > 0;
            key_parts = key_parts.saturating_add(part.key_parts);
        };
        items.iter().for_each(&mut count);
        others.iter().for_each(&mut count);
        height += 1;
        if height > max_depth.saturating_add(1) {
            return Err(DecodeError::limit(
                "max_depth",
                format!("the pickle nests deeper than {max_depth}"),
            ));
        }
        let key_parts = match node {
            Node::Tuple(_) | Node::FrozenSet(_) if hashable => key_parts,
            Node::Range(_)
            | Node::Fraction(_)
            | Node::DateTime(..)
            | Node::Time(..)
            | Node::TimeZone(..)
            | Node::Scalar(_) => key_parts,
            _ => 0,
        };
        self.done[id.index()] = Done { height, key_parts };
        match node {
            Node::Dict(items) => {
                let items = self.unique_keys(arena, items, 2)?;
                arena.set(id, Node::Dict(items));
            }
            Node::OrderedDict(items) => {
                let items = self.unique_keys(arena, items, 2)?;
                arena.set(id, Node::OrderedDict(items));
            }
            Node::Set(items) => {
                let items = self.unique_keys(arena, items, 1)?;
                arena.set(id, Node::Set(items));
            }
            Node::FrozenSet(items) => {
                let items = self.unique_keys(arena, items, 1)?;
                arena.set(id, Node::FrozenSet(items));
            }
            _ => {}
        }
        Ok(())
    }

    /// Keys that are equal in Python become one: the first stays, with the last value. `step` is 2
    /// where values follow the keys.
    fn unique_keys(&mut self, arena: &mut Arena<'_>, items: Items, step: usize) -> Result<Items> {
        let ids = arena.items(items);
        for &key in ids.iter().step_by(step) {
            let Done { height, key_parts: parts } = self.done[key.index()];
            self.key_parts += u64::from(parts);
            if height > MAX_KEY_HEIGHT {
                return Err(DecodeError::unsupported(format!(
                    "a key of the pickle nests deeper than {MAX_KEY_HEIGHT}"
                )));
            }
            if parts == 0 {
                return Err(DecodeError::malformed(format!(
                    "{} is a key or in a set",
                    type_name(arena.node(key))
                ))
                .expected("a value that can be hashed"));
            }
        }
        if self.key_parts > MAX_KEY_PARTS + self.done.len() as u64 {
            return Err(DecodeError::unsupported(
                "hashing the keys of the pickle would take too long",
            ));
        }
        if ids.len() / step <= 8 && all_different_text(arena, ids, step) {
            return Ok(items);
        }
        let mut places: HashMap<Key<'_>, usize> = HashMap::with_capacity(ids.len() / step);
        let mut collisions: HashMap<u64, u32> = HashMap::new();
        let mut unique: Option<Vec<NodeId>> = None;
        for (index, entry) in ids.chunks_exact(step).enumerate() {
            let key = Key::of(arena, entry[0]);
            if let Key::Bytes(Kind::Int, bytes) = &key {
                let count = collisions.entry(python_hash(bytes)).or_default();
                *count += 1;
                if *count > MAX_COLLISIONS {
                    return Err(DecodeError::unsupported(
                        "the keys of the pickle are integers chosen to collide",
                    ));
                }
            }
            let len = unique.as_ref().map_or(index, |unique| unique.len() / step);
            match places.get(&key) {
                Some(&place) => {
                    let unique = unique.get_or_insert_with(|| ids[..index * step].to_vec());
                    unique[place * step + 1..][..step - 1].copy_from_slice(&entry[1..]);
                }
                None => {
                    places.insert(key, len);
                    if let Some(unique) = &mut unique {
                        unique.extend_from_slice(entry);
                    }
                }
            }
        }
        Ok(match unique {
            Some(unique) => arena.new_items(&unique),
            None => items,
        })
    }
}

/// Whether a few keys are all text, and all different.
fn all_different_text(arena: &Arena<'_>, ids: &[NodeId], step: usize) -> bool {
    let text = |id: &NodeId| match arena.node(*id) {
        Node::Str(blob) => Some(arena.bytes(blob)),
        _ => None,
    };
    let keys = ids.iter().step_by(step);
    keys.clone().enumerate().all(|(index, key)| {
        let key = text(key);
        key.is_some() && keys.clone().take(index).all(|other| text(other) != key)
    })
}

/// What makes keys equal: values of the same number are one, whatever their type.
#[derive(PartialEq, Eq, Hash)]
enum Key<'n> {
    Int(i64),
    Float(u64),
    /// Equal to itself alone: NaN.
    Node(NodeId),
    Bytes(Kind, &'n [u8]),
    /// Anything of several parts, spelled out.
    Spelled(Vec<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Int,
    Str,
    Bytes,
    Decimal,
}

impl<'n> Key<'n> {
    fn of(arena: &'n Arena<'_>, id: NodeId) -> Self {
        match arena.node(id) {
            Node::Bool(value) => Self::Int(value.into()),
            Node::Int(value) => Self::Int(value),
            Node::Float(value) => Self::of_float(value, id),
            Node::Complex(real, 0.0) => Self::of_float(real, id),
            Node::BigInt(blob) => Self::Bytes(Kind::Int, arena.bytes(blob)),
            Node::Str(blob) => Self::Bytes(Kind::Str, arena.bytes(blob)),
            Node::Bytes(blob) => Self::Bytes(Kind::Bytes, arena.bytes(blob)),
            Node::Decimal(blob) => Self::Bytes(Kind::Decimal, arena.bytes(blob)),
            _ => Self::Spelled(spell(arena, id)),
        }
    }

    fn of_float(value: f64, id: NodeId) -> Self {
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if value.is_nan() {
            Self::Node(id)
        } else if value.trunc() == value && (-LIMIT..LIMIT).contains(&value) {
            Self::Int(value as i64)
        } else {
            Self::Float(value.to_bits())
        }
    }
}

/// A key of several parts as bytes that are the same for equal keys.
fn spell(arena: &Arena<'_>, root: NodeId) -> Vec<u8> {
    let mut spelled = Vec::new();
    let mut pending = vec![root];
    while let Some(id) = pending.pop() {
        let node = arena.node(id);
        let (items, others) = arena.parts(node);
        let part = |tag: u8, bytes: &[u8], spelled: &mut Vec<u8>| {
            spelled.push(tag);
            spelled.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            spelled.extend_from_slice(bytes);
        };
        match node {
            Node::Tuple(_) | Node::FrozenSet(_) | Node::Range(_) | Node::Fraction(_) => {
                let tag = match node {
                    Node::Tuple(_) => b't',
                    Node::FrozenSet(_) => b's',
                    Node::Range(_) => b'r',
                    _ => b'/',
                };
                part(tag, &(items.len() as u64).to_le_bytes(), &mut spelled);
                pending.extend(items);
            }
            Node::None => spelled.push(b'N'),
            Node::Ellipsis => spelled.push(b'.'),
            Node::Date(state) => part(b'd', &state, &mut spelled),
            Node::DateTime(state, _) => part(b'D', &state, &mut spelled),
            Node::Time(state, _) => part(b'T', &state, &mut spelled),
            Node::TimeDelta(days, seconds, micros) => {
                spelled.push(b'm');
                for number in [days, seconds, micros] {
                    spelled.extend_from_slice(&number.to_le_bytes());
                }
            }
            Node::TimeZone(..) => spelled.push(b'z'),
            Node::Uuid(bytes) => part(b'u', &bytes, &mut spelled),
            Node::Complex(real, imaginary) if imaginary != 0.0 => {
                spelled.push(b'c');
                spelled.extend_from_slice(&(real + 0.0).to_bits().to_le_bytes());
                spelled.extend_from_slice(&imaginary.to_bits().to_le_bytes());
            }
            _ => match Key::leaf(arena, id) {
                Some(Key::Int(value)) => part(b'i', &value.to_le_bytes(), &mut spelled),
                Some(Key::Float(bits)) => part(b'f', &bits.to_le_bytes(), &mut spelled),
                Some(Key::Bytes(kind, bytes)) => part(kind as u8, bytes, &mut spelled),
                // What has no spelling is equal to itself alone.
                _ => part(b'#', &(id.index() as u64).to_le_bytes(), &mut spelled),
            },
        }
        if !matches!(node, Node::Scalar(_)) {
            pending.extend(others.iter().filter(|&&id| id != NodeId::NONE));
        }
    }
    spelled
}

impl<'n> Key<'n> {
    /// The key of what has no parts.
    fn leaf(arena: &'n Arena<'_>, id: NodeId) -> Option<Self> {
        match arena.node(id) {
            Node::Bool(_)
            | Node::Int(_)
            | Node::Float(_)
            | Node::Complex(..)
            | Node::BigInt(_)
            | Node::Str(_)
            | Node::Bytes(_)
            | Node::Decimal(_) => Some(Self::of(arena, id)),
            _ => None,
        }
    }
}

/// Python's hash of an integer in two's complement, up to its sign.
fn python_hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| {
        (((u128::from(hash)) << 8 | u128::from(byte)) % u128::from(HASH_MODULUS)) as u64
    };
    bytes.iter().rev().fold(0, step)
}

/// Decodes a node that is not yet a value, or refuses it.
fn finish_node<'a>(arena: &mut Arena<'a>, numpy: &mut Numpy<'a>, id: NodeId) -> Result<()> {
    let Node::Unread(kind, blob) = arena.node(id) else {
        return Ok(());
    };
    let node = match kind {
        UTF8 | ESCAPED => Node::Str(text_of(arena, kind == ESCAPED, blob)?),
        PY2_STRING => python2_string(arena, numpy, blob)?,
        LATIN1_UTF8 | LATIN1_ESCAPED => return numpy.finish_bytes(arena, id),
        DTYPE => Node::DType(blob.input_offset().unwrap_or_default() as u32),
        ARRAY => {
            return Err(DecodeError::malformed("an array never gets its state"));
        }
        GLOBAL => {
            return Err(DecodeError::unsupported("a class or function is part of the result")
                .expected("arrays and plain data"));
        }
        _ => return Err(DecodeError::malformed("an object is part of itself, or incomplete")),
    };
    arena.set(id, node);
    Ok(())
}

/// Checked text. What was escaped is kept decoded.
pub(super) fn text_of(arena: &mut Arena<'_>, escaped: bool, blob: Blob) -> Result<Blob> {
    let place = blob.input_offset().unwrap_or_default() as u64;
    let bytes = arena.bytes(blob);
    if !escaped {
        return match text::is_text(bytes) {
            true => Ok(blob),
            false => Err(DecodeError::malformed("text that is no UTF-8").at(place)),
        };
    }
    let text = text::utf8_of_escaped(bytes)
        .ok_or_else(|| DecodeError::malformed("UNICODE with a wrong escape").at(place))?;
    Ok(arena.new_bytes(&text))
}

fn python2_string<'a>(arena: &mut Arena<'a>, numpy: &mut Numpy<'a>, blob: Blob) -> Result<Node> {
    let bytes = arena.bytes(blob);
    let refused = |name: &str| {
        DecodeError::malformed(format!("a Python 2 string is not {name}"))
            .hint("read it with encoding=\"latin1\" or encoding=\"bytes\"")
    };
    match numpy.encoding {
        Encoding::Bytes => Ok(Node::Bytes(blob)),
        Encoding::Ascii => Err(refused("ASCII")),
        Encoding::Utf8 if std::str::from_utf8(bytes).is_ok() => Ok(Node::Str(blob)),
        Encoding::Utf8 => Err(refused("UTF-8")),
        Encoding::Latin1 => {
            let mut utf8 = Vec::with_capacity(bytes.len() + bytes.len() / 2);
            text::widen(bytes, |text| utf8.extend_from_slice(text));
            numpy.spend(utf8.len())?;
            Ok(Node::Str(arena.new_bytes(&utf8)))
        }
    }
}
