//! Inert Python-like values: what dtype metadata, object arrays and pickles hold.
//!
//! A [`Value`] is a node of an [`Arena`], and nodes refer to each other by number. So a value may
//! share parts and contain itself, as Python's may, and is compared, copied and dropped without
//! recursion however deep it nests. Nothing here can run: a value is data.
//!
//! A node is 24 bytes and owns nothing: items, text and bytes lie in the arena, or, borrowed, in
//! the input that the value was read from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use smallvec::SmallVec;

use super::dtype::DType;
use super::layout::{Dims, Order};
use super::source::Source;
use super::{Array, Objects};

/// The number of a node in its arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// `None`, in every arena.
    pub const NONE: Self = Self(0);
    /// `False`, in every arena.
    pub const FALSE: Self = Self(1);
    /// `True`, in every arena.
    pub const TRUE: Self = Self(2);
    /// The empty tuple, in every arena.
    pub const EMPTY_TUPLE: Self = Self(3);

    /// The number: nodes are counted from 0, without gaps.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The node of this number.
    #[inline]
    pub fn from_index(index: u32) -> Self {
        Self(index)
    }
}

/// One Python-like value; its parts are other nodes of the same arena.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Node {
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// `True` or `False`
    Bool(bool),
    /// An `int` that fits 64 bits.
    Int(i64),
    /// Any other `int`, in two's complement, least significant byte first.
    BigInt(Blob),
    /// A `float`.
    Float(f64),
    /// A `complex`: real and imaginary part.
    Complex(f64, f64),
    /// A `str` as UTF-8; a lone surrogate is encoded like any other code point of three bytes.
    Str(Blob),
    /// A `bytes`.
    Bytes(Blob),
    /// A `bytearray`.
    ByteArray(Blob),
    /// A `tuple`.
    Tuple(Items),
    /// A `list`.
    List(Items),
    /// A `dict` in the order of insertion: each key is followed by its value.
    Dict(Items),
    /// A `collections.OrderedDict`, as [`Node::Dict`].
    OrderedDict(Items),
    /// A `set`.
    Set(Items),
    /// A `frozenset`.
    FrozenSet(Items),
    /// A `range`: start, stop and step.
    Range(Items),
    /// A `slice`: start, stop and step.
    Slice(Items),
    /// A `datetime.date`: the year's high and low byte, month, day.
    Date([u8; 4]),
    /// A `datetime.datetime`: year as in [`Node::Date`], month (with the highest bit for `fold`),
    /// day, hour, minute, second, three bytes of microseconds, the highest first; and the time
    /// zone, or `None`.
    DateTime([u8; 10], NodeId),
    /// A `datetime.time`: hour (with the highest bit for `fold`), minute, second, microseconds and
    /// time zone as in [`Node::DateTime`].
    Time([u8; 6], NodeId),
    /// A `datetime.timedelta`: days, seconds, microseconds.
    TimeDelta(i32, i32, i32),
    /// A `datetime.timezone`: a time delta, and the name or `None`.
    TimeZone(NodeId, NodeId),
    /// A `decimal.Decimal`, as its text.
    Decimal(Blob),
    /// A `fractions.Fraction`: two ints, the second above zero.
    Fraction(Items),
    /// A `uuid.UUID`, the most significant byte first.
    Uuid([u8; 16]),
    /// An array; the number is that of [`Arena::array`].
    Array(u32),
    /// A NumPy scalar, as an array without dimensions; the number is that of [`Arena::array`].
    Scalar(u32),
    /// A NumPy dtype; the number is that of [`Arena::dtype`].
    DType(u32),
    /// A buffer that came beside the input; the number is that of [`Arena::buffer`].
    Buffer(u32),
    /// What a reader has not yet made a value of. Never part of a [`Value`].
    #[doc(hidden)]
    Unread(Unread, Blob),
}

/// What a reader remembers of something that is not yet a value; its meaning is the reader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread(pub(crate) u8);

/// A range of nodes that belong to one node: see [`Arena::items`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Items {
    start: u32,
    len: u32,
    room: u32,
}

impl Items {
    /// How many.
    #[inline]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A range of bytes that belong to one node: see [`Arena::bytes`].
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    place: usize,
    len: usize,
}

impl Blob {
    /// The high bits of `place`: in the arena's pool, or all of one of its sources; else in the
    /// input.
    const POOL: usize = 1 << (usize::BITS - 1);
    const SOURCE: usize = 1 << (usize::BITS - 2);

    /// `len` bytes of the input from `start` on.
    #[inline]
    pub(crate) fn input(start: usize, len: usize) -> Self {
        Self { place: start, len }
    }

    /// Where in the input these bytes start, if they lie there.
    pub fn input_offset(self) -> Option<usize> {
        (self.place < Self::SOURCE).then_some(self.place)
    }

    /// How many bytes.
    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The class that an array came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// `numpy.ndarray`, and those of its subclasses that come back as it: memmap, chararray.
    NdArray,
    /// `numpy.matrix`
    Matrix,
    /// `numpy.recarray`
    RecArray,
    /// `numpy.ma.MaskedArray`
    Masked,
}

impl Class {
    /// The name of the class in Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::NdArray => "ndarray",
            Self::Matrix => "matrix",
            Self::RecArray => "recarray",
            Self::Masked => "masked array",
        }
    }
}

/// An array inside a value.
#[derive(Clone, Debug)]
pub struct ArrayValue<'a> {
    /// dtype, layout and bytes. An array of objects has no bytes.
    pub array: Array<'a>,
    /// The elements in C order, when they are objects or have some among their fields.
    pub elements: Option<Items>,
    /// The class it came as.
    pub class: Class,
    /// The mask of a masked array: bools of the same shape, or structures of them.
    pub mask: Option<Box<Array<'a>>>,
    /// The fill value of a masked array: an array without dimensions, or `None`.
    pub fill_value: NodeId,
}

impl<'a> From<Array<'a>> for ArrayValue<'a> {
    /// An array of numbers: objects would need their arena.
    fn from(array: Array<'a>) -> Self {
        Self { array, elements: None, class: Class::NdArray, mask: None, fill_value: NodeId::NONE }
    }
}

/// A dtype inside a value.
#[derive(Clone, Debug, PartialEq)]
pub struct DTypeValue {
    /// The dtype, of one element of the subarray if it is one.
    pub dtype: DType,
    /// The shape of a subarray; empty for any other dtype.
    pub shape: Dims<usize>,
    /// As [`Field::levels`](super::Field::levels).
    pub levels: SmallVec<[u8; 8]>,
}

/// The nodes of one or more values, and all that belongs to them.
#[derive(Clone, Debug)]
pub struct Arena<'a> {
    input: &'a [u8],
    nodes: Vec<Node>,
    items: Vec<NodeId>,
    pool: Vec<u8>,
    sources: Vec<Source<'a>>,
    buffers: Vec<(Source<'a>, bool)>,
    arrays: Vec<ArrayValue<'a>>,
    dtypes: Vec<DTypeValue>,
}

impl Default for Arena<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl<'a> Arena<'a> {
    /// An arena of values that may borrow text and bytes from `input`.
    pub fn new(input: &'a [u8]) -> Self {
        // Small inputs, of which there may be many, need no second allocation.
        let room = (input.len() / 4).clamp(8, 40);
        let mut nodes = Vec::with_capacity(room);
        let empty = Items::default();
        nodes.extend([Node::None, Node::Bool(false), Node::Bool(true), Node::Tuple(empty)]);
        Self {
            input,
            nodes,
            items: Vec::with_capacity(room),
            pool: Vec::new(),
            sources: Vec::new(),
            buffers: Vec::new(),
            arrays: Vec::new(),
            dtypes: Vec::new(),
        }
    }

    /// Adds a node and returns its number.
    ///
    /// # Panics
    /// At 2^32 nodes, of which no memory this is used with can hold as many.
    #[inline]
    pub fn push(&mut self, node: Node) -> NodeId {
        let id = self.nodes.len() as u32;
        assert!(id < u32::MAX, "fewer than 2^32 nodes");
        self.nodes.push(node);
        NodeId(id)
    }

    /// Makes room for so many more nodes and items, which costs nothing before it is used, while
    /// growing copies all that is there.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.nodes.reserve(more);
        self.items.reserve(more);
    }

    /// The node of this number.
    ///
    /// # Panics
    /// When the number belongs to another arena that is larger.
    #[inline]
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    /// How many nodes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: every arena holds `None`, `False`, `True` and the empty tuple.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Puts another node in the place of this one.
    #[inline]
    pub fn set(&mut self, id: NodeId, node: Node) {
        self.nodes[id.index()] = node;
    }

    /// The nodes of a range.
    #[inline]
    pub fn items(&self, items: Items) -> &[NodeId] {
        &self.items[items.start as usize..][..items.len as usize]
    }

    /// A range of these nodes.
    #[inline]
    pub fn new_items(&mut self, ids: &[NodeId]) -> Items {
        let start = self.items.len();
        self.items.extend_from_slice(ids);
        assert!(self.items.len() <= u32::MAX as usize, "fewer than 2^32 items");
        let len = ids.len() as u32;
        Items { start: start as u32, len, room: len }
    }

    /// The range with these nodes at its end: in place if there is room, else elsewhere, with as
    /// much room again, so that appending is linear.
    pub fn append(&mut self, items: Items, ids: &[NodeId]) -> Items {
        let (start, len) = (items.start as usize, items.len as usize);
        let new_len = len + ids.len();
        if start + len == self.items.len() {
            self.items.extend_from_slice(ids);
        } else if new_len <= items.room as usize {
            self.items[start + len..start + new_len].copy_from_slice(ids);
        } else {
            let moved = self.items.len();
            let room = new_len + if len == 0 { 0 } else { new_len };
            self.items.reserve(room);
            self.items.extend_from_within(start..start + len);
            self.items.extend_from_slice(ids);
            self.items.resize(moved + room, NodeId::NONE);
            assert!(self.items.len() <= u32::MAX as usize, "fewer than 2^32 items");
            return Items { start: moved as u32, len: new_len as u32, room: room as u32 };
        }
        assert!(self.items.len() <= u32::MAX as usize, "fewer than 2^32 items");
        Items { len: new_len as u32, room: items.room.max(new_len as u32), ..items }
    }

    /// The bytes of a range.
    #[inline]
    pub fn bytes(&self, blob: Blob) -> &[u8] {
        if blob.place < Blob::SOURCE {
            &self.input[blob.place..][..blob.len]
        } else if blob.place & Blob::POOL != 0 {
            &self.pool[blob.place & !Blob::POOL..][..blob.len]
        } else {
            self.sources[blob.place & !Blob::SOURCE].as_slice().unwrap_or_default()
        }
    }

    /// A copy of these bytes.
    pub fn new_bytes(&mut self, bytes: &[u8]) -> Blob {
        let place = self.pool.len() | Blob::POOL;
        self.pool.extend_from_slice(bytes);
        Blob { place, len: bytes.len() }
    }

    /// These bytes, held as they are.
    pub(crate) fn new_source(&mut self, source: Source<'a>) -> Blob {
        let (place, len) = (self.sources.len() | Blob::SOURCE, source.len());
        self.sources.push(source);
        Blob { place, len }
    }

    /// The bytes of a range as the data of an array: shared where that is possible.
    pub(crate) fn source(&self, blob: Blob) -> Source<'a> {
        if blob.place < Blob::SOURCE {
            Source::slice(&self.input[blob.place..][..blob.len])
        } else if blob.place & Blob::POOL != 0 {
            Source::copied(self.bytes(blob))
        } else {
            self.sources[blob.place & !Blob::SOURCE].clone()
        }
    }

    /// Adds a buffer that came beside the input, and whether it is read-only.
    pub(crate) fn new_buffer(&mut self, source: Source<'a>, readonly: bool) -> u32 {
        self.buffers.push((source, readonly));
        (self.buffers.len() - 1) as u32
    }

    /// A buffer that came beside the input, and whether it is to be read-only.
    pub fn buffer(&self, number: u32) -> (&Source<'a>, bool) {
        let (source, readonly) = &self.buffers[number as usize];
        (source, *readonly)
    }

    /// Adds an array and returns its number, for [`Node::Array`] and [`Node::Scalar`].
    #[inline]
    pub fn new_array(&mut self, array: ArrayValue<'a>) -> u32 {
        // Most inputs hold one.
        if self.arrays.is_empty() {
            self.arrays.reserve_exact(1);
        }
        self.arrays.push(array);
        (self.arrays.len() - 1) as u32
    }

    /// The array of this number.
    #[inline]
    pub fn array(&self, number: u32) -> &ArrayValue<'a> {
        &self.arrays[number as usize]
    }

    /// The arrays and scalars, in the order in which they were added.
    pub fn arrays(&self) -> &[ArrayValue<'a>] {
        &self.arrays
    }

    /// Takes the array of this number out of an arena that is no longer needed.
    pub(crate) fn take_array(&mut self, number: u32) -> ArrayValue<'a> {
        self.arrays.swap_remove(number as usize)
    }

    /// Adds a dtype and returns its number, for [`Node::DType`].
    #[inline]
    pub fn new_dtype(&mut self, dtype: DTypeValue) -> u32 {
        if self.dtypes.is_empty() {
            self.dtypes.reserve_exact(1);
        }
        self.dtypes.push(dtype);
        (self.dtypes.len() - 1) as u32
    }

    /// The dtype of this number.
    #[inline]
    pub fn dtype(&self, number: u32) -> &DTypeValue {
        &self.dtypes[number as usize]
    }

    pub(crate) fn set_dtype(&mut self, number: u32, dtype: DTypeValue) {
        self.dtypes[number as usize] = dtype;
    }

    /// Whether a dtype among these values has metadata.
    pub(crate) fn has_metadata(&self) -> bool {
        self.dtypes.iter().any(|value| value.dtype.has_metadata())
            || self.arrays.iter().any(|value| value.array.dtype().has_metadata())
    }

    /// The nodes that a node refers to: a range of them and two more, which are [`NodeId::NONE`]
    /// unless they are needed.
    #[inline(always)]
    pub fn parts(&self, node: Node) -> (&[NodeId], [NodeId; 2]) {
        let none = NodeId::NONE;
        match node {
            Node::Tuple(items)
            | Node::List(items)
            | Node::Dict(items)
            | Node::OrderedDict(items)
            | Node::Set(items)
            | Node::FrozenSet(items)
            | Node::Range(items)
            | Node::Slice(items)
            | Node::Fraction(items) => (self.items(items), [none; 2]),
            Node::DateTime(_, zone) | Node::Time(_, zone) => (&[], [zone, none]),
            Node::TimeZone(offset, name) => (&[], [offset, name]),
            Node::Array(number) | Node::Scalar(number) => {
                let array = self.array(number);
                let elements = array.elements.map_or(&[][..], |items| self.items(items));
                (elements, [array.fill_value, none])
            }
            _ => (&[], [none; 2]),
        }
    }

    /// Bytes that the arena takes beside its input, about.
    pub(crate) fn nbytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>() + self.items.len() * 4 + self.pool.len()
    }

    /// Ends building: the value whose outermost node is `root`.
    pub fn into_value(self, root: NodeId) -> Value<'a> {
        Value { arena: Arc::new(self), root }
    }

    /// A copy of the value at `root` and all its parts, in memory of its own; `None` when it has
    /// more than `max_nodes` parts, or one that is not a value yet.
    pub(crate) fn copy_of(&self, root: NodeId, max_nodes: usize) -> Option<Value<'static>> {
        let (copy, roots) = self.copy_all(&[root], max_nodes)?;
        Some(copy.into_value(roots[0]))
    }

    /// As [`Arena::copy_of`], for several values at once.
    pub(crate) fn copy_all(
        &self,
        roots: &[NodeId],
        max_nodes: usize,
    ) -> Option<(Arena<'static>, Vec<NodeId>)> {
        let mut copy = Arena::new(&[]);
        let mut numbers: HashMap<NodeId, NodeId> = HashMap::new();
        for id in [NodeId::NONE, NodeId::FALSE, NodeId::TRUE, NodeId::EMPTY_TUPLE] {
            numbers.insert(id, id);
        }
        // Numbers are given when a part is first met, so that parts may refer to each other.
        let mut found = Vec::new();
        let mut number = |id: NodeId, found: &mut Vec<NodeId>, copy: &mut Arena<'_>| {
            *numbers.entry(id).or_insert_with(|| {
                found.push(id);
                copy.push(Node::None)
            })
        };
        let roots: Vec<NodeId> =
            roots.iter().map(|&id| number(id, &mut found, &mut copy)).collect();
        let mut next = 0;
        while let Some(&id) = found.get(next) {
            next += 1;
            if next > max_nodes {
                return None;
            }
            let node = self.node(id);
            let (items, others) = self.parts(node);
            let items: Vec<NodeId> =
                items.iter().map(|&id| number(id, &mut found, &mut copy)).collect();
            let [first, second] = others.map(|id| number(id, &mut found, &mut copy));
            let items = copy.new_items(&items);
            let mut blob = |blob: Blob| copy.new_bytes(self.bytes(blob));
            let new = match node {
                Node::Unread(..) => return None,
                Node::Buffer(number) => {
                    let (source, readonly) = self.buffer(number);
                    let bytes = source.to_vec(0, source.len());
                    Node::Buffer(copy.new_buffer(Source::copied(&bytes), readonly))
                }
                Node::BigInt(bytes) => Node::BigInt(blob(bytes)),
                Node::Str(bytes) => Node::Str(blob(bytes)),
                Node::Bytes(bytes) => Node::Bytes(blob(bytes)),
                Node::ByteArray(bytes) => Node::ByteArray(blob(bytes)),
                Node::Decimal(bytes) => Node::Decimal(blob(bytes)),
                Node::Tuple(_) => Node::Tuple(items),
                Node::List(_) => Node::List(items),
                Node::Dict(_) => Node::Dict(items),
                Node::OrderedDict(_) => Node::OrderedDict(items),
                Node::Set(_) => Node::Set(items),
                Node::FrozenSet(_) => Node::FrozenSet(items),
                Node::Range(_) => Node::Range(items),
                Node::Slice(_) => Node::Slice(items),
                Node::Fraction(_) => Node::Fraction(items),
                Node::DateTime(state, _) => Node::DateTime(state, first),
                Node::Time(state, _) => Node::Time(state, first),
                Node::TimeZone(..) => Node::TimeZone(first, second),
                Node::DType(number) => Node::DType(copy.new_dtype(self.dtype(number).clone())),
                Node::Array(number) | Node::Scalar(number) => {
                    let array = self.array(number);
                    let number = copy.new_array(ArrayValue {
                        array: array.array.to_owned(),
                        elements: array.elements.map(|_| items),
                        class: array.class,
                        mask: array.mask.as_ref().map(|mask| Box::new(Array::to_owned(mask))),
                        fill_value: first,
                    });
                    match node {
                        Node::Array(_) => Node::Array(number),
                        _ => Node::Scalar(number),
                    }
                }
                Node::None
                | Node::Ellipsis
                | Node::Bool(_)
                | Node::Int(_)
                | Node::Float(_)
                | Node::Complex(..)
                | Node::Date(_)
                | Node::TimeDelta(..)
                | Node::Uuid(_) => node,
            };
            let place = number(id, &mut found, &mut copy);
            copy.set(place, new);
        }
        Some((copy, roots))
    }
}

/// A Python-like value and everything that it is made of.
///
/// Equality is structural and exact: `1`, `1.0` and `True` differ, floats are equal bit by bit,
/// and dicts and sets also in their order.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    arena: Arc<Arena<'a>>,
    root: NodeId,
}

impl<'a> Value<'a> {
    /// The outermost node.
    pub fn root(&self) -> Node {
        self.arena.node(self.root)
    }

    /// The number of [`Value::root`].
    pub fn root_id(&self) -> NodeId {
        self.root
    }

    /// The arena that the parts of [`Value::root`] are in.
    pub fn arena(&self) -> &Arc<Arena<'a>> {
        &self.arena
    }

    /// The same value in memory of its own.
    pub fn to_owned(&self) -> Value<'static> {
        let copy = self.arena.copy_of(self.root, usize::MAX);
        copy.unwrap_or_else(|| unreachable!("the parts of a value are values"))
    }

    /// The array that this value is, if it is one: without the mask, if it has one.
    pub fn array(&self) -> Option<Array<'a>> {
        match self.root() {
            Node::Array(number) => Some(self.array_of(number)),
            _ => None,
        }
    }

    /// The array of this number in the arena, with its objects.
    pub fn array_of(&self, number: u32) -> Array<'a> {
        let ArrayValue { array, elements, .. } = self.arena.array(number);
        match elements {
            Some(items) => array.clone().with_objects(Objects::new(self.arena.clone(), *items)),
            None => array.clone(),
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        same_values(&self.arena, &other.arena, vec![(self.root, other.root)])
    }
}

/// Whether each pair of nodes, one of `a` and one of `b`, stands for the same value.
pub(super) fn same_values(
    a: &Arena<'_>,
    b: &Arena<'_>,
    mut pending: Vec<(NodeId, NodeId)>,
) -> bool {
    // Pairs already assumed equal: a cycle that comes back to one adds nothing.
    let mut seen = HashSet::new();
    while let Some(pair) = pending.pop() {
        if !seen.insert(pair) {
            continue;
        }
        let (node_a, node_b) = (a.node(pair.0), b.node(pair.1));
        let same = match (node_a, node_b) {
            (Node::Bool(a), Node::Bool(b)) => a == b,
            (Node::Int(a), Node::Int(b)) => a == b,
            (Node::Float(a), Node::Float(b)) => a.to_bits() == b.to_bits(),
            (Node::Complex(r, i), Node::Complex(s, j)) => {
                r.to_bits() == s.to_bits() && i.to_bits() == j.to_bits()
            }
            (Node::BigInt(x), Node::BigInt(y))
            | (Node::Str(x), Node::Str(y))
            | (Node::Bytes(x), Node::Bytes(y))
            | (Node::ByteArray(x), Node::ByteArray(y))
            | (Node::Decimal(x), Node::Decimal(y)) => a.bytes(x) == b.bytes(y),
            (Node::Date(a), Node::Date(b)) => a == b,
            (Node::DateTime(a, _), Node::DateTime(b, _)) => a == b,
            (Node::Time(a, _), Node::Time(b, _)) => a == b,
            (Node::TimeDelta(d, s, u), Node::TimeDelta(e, t, v)) => (d, s, u) == (e, t, v),
            (Node::Uuid(a), Node::Uuid(b)) => a == b,
            (Node::DType(x), Node::DType(y)) => a.dtype(x) == b.dtype(y),
            (Node::Buffer(x), Node::Buffer(y)) => {
                let (x, y) = (a.buffer(x).0, b.buffer(y).0);
                x.to_vec(0, x.len()) == y.to_vec(0, y.len())
            }
            (Node::Array(x), Node::Array(y)) | (Node::Scalar(x), Node::Scalar(y)) => {
                same_arrays(a.array(x), b.array(y))
            }
            // All others are what their parts are.
            (a, b) => std::mem::discriminant(&a) == std::mem::discriminant(&b),
        };
        let ((items_a, others_a), (items_b, others_b)) = (a.parts(node_a), b.parts(node_b));
        if !same || items_a.len() != items_b.len() {
            return false;
        }
        pending.extend(items_a.iter().copied().zip(items_b.iter().copied()));
        pending.extend(others_a.into_iter().zip(others_b));
    }
    true
}

/// Whether two arrays are the same but for their objects.
fn same_arrays(a: &ArrayValue<'_>, b: &ArrayValue<'_>) -> bool {
    let same = |a: &Array<'_>, b: &Array<'_>| {
        a.dtype() == b.dtype()
            && a.shape() == b.shape()
            && a.to_bytes(Order::C) == b.to_bytes(Order::C)
    };
    a.class == b.class
        && same(&a.array, &b.array)
        && match (&a.mask, &b.mask) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize, innermost: Node) -> Value<'static> {
        let mut arena = Arena::default();
        let mut id = arena.push(innermost);
        for _ in 0..depth {
            let items = arena.new_items(&[id]);
            id = arena.push(Node::Tuple(items));
        }
        arena.into_value(id)
    }

    #[test]
    fn deep_values_compare_copy_and_drop_without_recursion() {
        let deep = nested(1_000_000, Node::None);
        assert_eq!(deep, nested(1_000_000, Node::None));
        assert_ne!(nested(1_000_000, Node::Int(1)), nested(1_000_000, Node::Bool(true)));
        let copy = deep.arena().copy_of(deep.root_id(), 2_000_000).unwrap();
        assert_eq!(copy, deep);
        assert!(deep.arena().copy_of(deep.root_id(), 1_000).is_none());
    }

    #[test]
    fn floats_are_equal_bit_by_bit() {
        assert_eq!(nested(0, Node::Float(f64::NAN)), nested(0, Node::Float(f64::NAN)));
        assert_ne!(nested(0, Node::Float(0.0)), nested(0, Node::Float(-0.0)));
    }

    #[test]
    fn cycles_compare_and_copy() {
        let cycle = || {
            let mut arena = Arena::default();
            let list = arena.push(Node::List(Items::default()));
            let one = arena.push(Node::Int(1));
            let items = arena.append(Items::default(), &[one, list]);
            arena.set(list, Node::List(items));
            arena.into_value(list)
        };
        assert_eq!(cycle(), cycle());
        let copy = cycle().arena().copy_of(cycle().root_id(), 10).unwrap();
        assert_eq!(copy, cycle());
        let Node::List(items) = copy.root() else { panic!("a list") };
        assert_eq!(copy.arena().items(items)[1], copy.root_id());
    }

    #[test]
    fn appending_keeps_ranges_apart() {
        let mut arena = Arena::default();
        let (mut a, mut b) = (Items::default(), Items::default());
        for i in 0..1000 {
            a = arena.append(a, &[NodeId(i)]);
            b = arena.append(b, &[NodeId(i + 5000), NodeId(i + 6000)]);
        }
        assert!(arena.items(a).iter().enumerate().all(|(i, id)| id.0 == i as u32));
        assert!(arena.items(b).chunks(2).enumerate().all(|(i, id)| id[1].0 == i as u32 + 6000));
        assert!(arena.items.len() < 20_000);
    }

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<Node>(), 24);
    }
}
