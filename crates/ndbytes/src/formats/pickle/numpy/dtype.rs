//! `numpy.dtype(code, align, copy)` and its states, versions 0 to 4.
//!
//! Nothing in a state is believed that follows from something else: item sizes are those of the
//! code and the fields, and whether a dtype holds objects is seen from what it is made of.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{DTYPE, Numpy, Role};
use crate::array::{
    Arena, BaseUnit, Blob, ByteOrder, DType, DTypeValue, Dims, Field, Kind, Layout, Node, NodeId,
    Order, Scalar, Struct, TimeUnit, Value, VariableStr, shorten,
};
use crate::error::{DecodeError, Result};
use crate::formats::pickle::finish;
use crate::formats::pickle::machine::OPAQUE;
use crate::formats::pickle::parts::{self, Parts, unexpected};

/// More than this many nodes of metadata are not copied.
const MAX_METADATA: usize = 1 << 16;

/// The dtype of a call, which is complete but for its state.
pub(super) fn new(arena: &mut Arena<'_>, arguments: &[NodeId]) -> Result<NodeId> {
    let [code, rest @ ..] = arguments else {
        return Err(DecodeError::malformed("a dtype is made of nothing"));
    };
    let code = *code;
    if rest.len() > 2 || !rest.iter().all(|&id| parts::flag(arena, id).is_some()) {
        return Err(DecodeError::malformed("a dtype is made with other arguments")
            .expected("a code and up to two bools"));
    }
    let kind = match Numpy::role(arena, code) {
        // What fields a record has, only its state says.
        Some(Role::Record) => {
            Kind::Struct(Arc::new(Struct::new(Vec::new(), 0, false)?.with_record(true)))
        }
        _ => {
            let code = parts::string(arena, code)
                .ok_or_else(|| unexpected("the code of a dtype", arena.node(code), "text"))?;
            kind_of_code(&code)?
        }
    };
    let dtype = plain(DType::native(kind));
    let number = arena.new_dtype(dtype);
    Ok(arena.push(Node::Unread(DTYPE, Blob::input(number as usize, 0))))
}

fn plain(dtype: DType) -> DTypeValue {
    DTypeValue { dtype, shape: Dims::new(), levels: SmallVec::new() }
}

/// The kind of a code without a byte order, such as `f8` or `U12`.
#[inline]
fn kind_of_code(code: &str) -> Result<Kind> {
    if let [letter @ (b'b' | b'i' | b'u' | b'f' | b'c'), digit] = code.as_bytes()
        && let Some(scalar) = Scalar::from_letter_and_digit(*letter, *digit)
    {
        return Ok(Kind::Scalar(scalar));
    }
    let unknown = || {
        DecodeError::unsupported(format!("there is no dtype of the code {:?}", shorten(code)))
            .expected("a kind and a size, such as \"f8\"")
    };
    let digits = code.get(1..).unwrap_or_default();
    let known = code.starts_with(['b', 'i', 'u', 'f', 'c', 'S', 'U', 'V', 'M', 'm', 'O'])
        && !digits.is_empty()
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    match code {
        "O" | "O8" => Ok(Kind::Object),
        "O4" => Err(unknown()),
        _ if known => DType::from_typestr(code).map(|dtype| dtype.kind().clone()),
        _ => Err(unknown()),
    }
}

/// What a state says, whatever its version.
struct State {
    endian: NodeId,
    subarray: NodeId,
    names: NodeId,
    fields: NodeId,
    itemsize: NodeId,
    flags: Option<NodeId>,
    metadata: Option<NodeId>,
    /// Whether the names are among the fields, at the key -1.
    names_in_fields: bool,
}

impl State {
    #[inline]
    fn of(arena: &Arena<'_>, id: NodeId) -> Result<Self> {
        let state = parts::tuple(arena, id, "the state of a dtype")?;
        let none = NodeId::NONE;
        let version = match state.first() {
            Some(_) if state.len() == 5 => 0,
            Some(&version) => parts::int(arena, version).unwrap_or(-1),
            None => -1,
        };
        let names_in_fields = version < 2;
        let (endian, subarray, names, fields, itemsize) = match (version, &state[..]) {
            (0, &[endian, subarray, fields, itemsize, _]) => {
                (endian, subarray, none, fields, itemsize)
            }
            (1, &[_, endian, subarray, fields, itemsize, _]) => {
                (endian, subarray, none, fields, itemsize)
            }
            (2, &[_, endian, subarray, names, fields, itemsize, _])
            | (3, &[_, endian, subarray, names, fields, itemsize, _, _])
            | (4, &[_, endian, subarray, names, fields, itemsize, _, _, _]) => {
                (endian, subarray, names, fields, itemsize)
            }
            _ => {
                return Err(DecodeError::malformed(format!(
                    "a dtype has a state of {} parts and version {version}",
                    state.len()
                ))
                .expected("5 to 9 parts, of versions 0 to 4"));
            }
        };
        Ok(Self {
            endian,
            subarray,
            names,
            fields,
            itemsize,
            flags: state.get(7).copied(),
            metadata: state.get(8).copied(),
            names_in_fields,
        })
    }
}

impl<'a> Numpy<'a> {
    pub(super) fn build_dtype(
        &mut self,
        arena: &mut Arena<'a>,
        id: NodeId,
        number: u32,
        state: NodeId,
    ) -> Result<()> {
        let state = State::of(arena, state)?;
        // Until it is done, the dtype cannot be a part of itself.
        arena.set(id, Node::Unread(OPAQUE, Blob::input(0, 0)));
        let kind = arena.dtype(number).dtype.kind().clone();
        let flags = match state.flags.map(|flags| parts::int(arena, flags)) {
            Some(Some(flags @ -128..=0x7FFF_FFFF)) => flags,
            None => 0,
            _ => return Err(DecodeError::malformed("the flags of a dtype are no such number")),
        };
        let none = [state.subarray, state.names, state.fields].map(|id| id == NodeId::NONE);
        let (built, metadata) = match kind {
            Kind::Datetime64(_) | Kind::Timedelta64(_) if none == [true; 3] => {
                let (unit, metadata) = time_unit(arena, state.metadata)?;
                let kind = match kind {
                    Kind::Datetime64(_) => Kind::Datetime64(unit),
                    _ => Kind::Timedelta64(unit),
                };
                (plain(simple(arena, kind, &state)?), metadata)
            }
            Kind::Void { .. } | Kind::Struct(_) if none != [true; 3] => {
                let built = if state.subarray != NodeId::NONE {
                    if none[1..] != [true; 2] {
                        return Err(DecodeError::malformed("a dtype is a subarray and has fields"));
                    }
                    subarray(arena, &kind, &state)?
                } else {
                    plain(structure(arena, &kind, &state, flags & 0x80 != 0)?)
                };
                (built, state.metadata)
            }
            Kind::Struct(_) => {
                return Err(DecodeError::malformed("a record has no fields"));
            }
            kind if none == [true; 3] => (plain(simple(arena, kind, &state)?), state.metadata),
            _ => {
                return Err(DecodeError::malformed(format!(
                    "{} has fields or is a subarray",
                    arena.dtype(number).dtype
                )));
            }
        };
        let metadata = match metadata {
            Some(id) => self.metadata(arena, id)?,
            None => None,
        };
        if metadata.is_some() && !built.shape.is_empty() {
            return Err(DecodeError::unsupported("a subarray has metadata of its own"));
        }
        let built = match metadata {
            Some(_) => DTypeValue { dtype: built.dtype.with_metadata(metadata), ..built },
            None => built,
        };
        arena.set_dtype(number, built);
        arena.set(id, Node::DType(number));
        Ok(())
    }

    /// A copy of the metadata, which later changes of its parts do not reach; `None` if there are
    /// none.
    fn metadata(&mut self, arena: &mut Arena<'a>, id: NodeId) -> Result<Option<Value<'static>>> {
        match arena.node(id) {
            Node::None => return Ok(None),
            Node::Dict(items) if items.is_empty() => return Ok(None),
            Node::Dict(_) => {}
            other => return Err(unexpected("the metadata of a dtype", other, "a dict or None")),
        }
        finish::settle(arena, self, id)?;
        let copy = arena.copy_of(id, MAX_METADATA).ok_or_else(|| {
            DecodeError::unsupported(format!(
                "the metadata of a dtype have more than {MAX_METADATA} parts"
            ))
        })?;
        let arrays = copy.arena().arrays();
        self.spend(copy.arena().nbytes() + arrays.iter().map(|a| a.array.nbytes()).sum::<usize>())?;
        // Metadata in metadata could nest without end.
        if copy.arena().has_metadata() {
            return Err(DecodeError::unsupported("metadata hold a dtype with metadata"));
        }
        Ok(Some(copy))
    }

    /// The dtype that a node is. From here on it stays as it is: a state would come too late.
    #[inline]
    pub(super) fn dtype_value<'n>(
        arena: &'n mut Arena<'a>,
        id: NodeId,
        what: &str,
    ) -> Result<&'n DTypeValue> {
        let number = match arena.node(id) {
            Node::DType(number) => number,
            Node::Unread(DTYPE, number) => {
                let number = number.input_offset().unwrap_or_default() as u32;
                arena.set(id, Node::DType(number));
                number
            }
            other => return Err(unexpected(what, other, "a dtype")),
        };
        Ok(arena.dtype(number))
    }

    /// The dtype of an array, which is no subarray.
    #[inline]
    pub(super) fn dtype(arena: &mut Arena<'a>, id: NodeId) -> Result<DType> {
        let value = Self::dtype_value(arena, id, "the dtype of an array")?;
        if !value.shape.is_empty() {
            return Err(DecodeError::malformed("the dtype of an array is a subarray"));
        }
        if let Kind::Struct(structure) = value.dtype.kind()
            && structure.is_record()
            && structure.fields().is_empty()
        {
            return Err(DecodeError::malformed("a record has no fields"));
        }
        Ok(value.dtype.clone())
    }

    /// `_convert_to_stringdtype_kwargs(coerce[, na_object])`
    pub(super) fn string_dtype(
        &mut self,
        arena: &mut Arena<'a>,
        arguments: &[NodeId],
    ) -> Result<NodeId> {
        let (coerce, na) = match *arguments {
            [coerce] => (coerce, None),
            [coerce, na] => (coerce, Some(na)),
            _ => return Err(DecodeError::malformed("a StringDType of other arguments")),
        };
        let coerce = parts::flag(arena, coerce)
            .ok_or_else(|| unexpected("coerce", arena.node(coerce), "a bool"))?;
        let na_object = match na {
            Some(na) => {
                finish::settle(arena, self, na)?;
                match arena.node(na) {
                    Node::None | Node::Bool(_) | Node::Float(_) | Node::Str(_) => {
                        arena.copy_of(na, 1)
                    }
                    other => {
                        return Err(unexpected(
                            "the na_object of a StringDType",
                            other,
                            "None, a float or a str",
                        ));
                    }
                }
            }
            None => None,
        };
        let kind = Kind::VariableStr(Arc::new(VariableStr { coerce, na_object }));
        let number = arena.new_dtype(plain(DType::native(kind)));
        Ok(arena.push(Node::DType(number)))
    }
}

/// A dtype without fields.
#[inline]
fn simple(arena: &Arena<'_>, kind: Kind, state: &State) -> Result<DType> {
    let order = byte_order(arena, state.endian)?;
    if order == ByteOrder::NotApplicable && kind.swap_width() > 1 {
        return Err(DecodeError::malformed("a dtype of several bytes has no byte order"));
    }
    let dtype = DType::new(kind, order);
    let itemsize = parts::int(arena, state.itemsize);
    let fits = match dtype.kind() {
        Kind::Bytes { .. } | Kind::Str { .. } | Kind::Void { .. } => {
            itemsize == Some(dtype.itemsize() as i64) || itemsize == Some(-1)
        }
        _ => itemsize == Some(-1) || itemsize == Some(dtype.itemsize() as i64),
    };
    if !fits {
        return Err(DecodeError::malformed(format!(
            "{dtype} is said to take {} bytes, not {}",
            itemsize.map_or("no".to_owned(), |size| size.to_string()),
            dtype.itemsize()
        )));
    }
    Ok(dtype)
}

#[inline]
fn byte_order(arena: &Arena<'_>, id: NodeId) -> Result<ByteOrder> {
    match parts::short_bytes::<1>(arena, id) {
        Some([b'<']) => Ok(ByteOrder::Little),
        Some([b'>']) => Ok(ByteOrder::Big),
        Some([b'|']) => Ok(ByteOrder::NotApplicable),
        Some([b'=']) => Ok(ByteOrder::NATIVE),
        _ => Err(DecodeError::malformed("the byte order of a dtype is none")
            .expected("'<', '>', '=' or '|'")),
    }
}

/// The unit of a time, from `(metadata, (unit, count, divisor, events))`.
fn time_unit(arena: &Arena<'_>, pair: Option<NodeId>) -> Result<(TimeUnit, Option<NodeId>)> {
    let wrong = || {
        DecodeError::malformed("a time has no unit, or one that is none")
            .expected("metadata and (unit, count, 1, 1)")
    };
    let pair = parts::tuple(arena, pair.ok_or_else(wrong)?, "the unit of a time")?;
    let [metadata, unit] = pair[..] else { return Err(wrong()) };
    let unit = parts::tuple(arena, unit, "the unit of a time")?;
    let [base, count, divisor, events] = unit[..] else { return Err(wrong()) };
    let base = match arena.node(base) {
        Node::Str(blob) | Node::Bytes(blob) => std::str::from_utf8(arena.bytes(blob)).ok(),
        _ => None,
    };
    let base = base.and_then(BaseUnit::from_code).ok_or_else(wrong)?;
    let numbers = [count, divisor, events].map(|id| parts::int(arena, id));
    let [Some(count), Some(1), Some(0 | 1)] = numbers else { return Err(wrong()) };
    Ok((TimeUnit::new(base, count)?, Some(metadata)))
}

/// `(base, shape)` in the place of fields.
fn subarray<'a>(arena: &mut Arena<'a>, kind: &Kind, state: &State) -> Result<DTypeValue> {
    let Kind::Void { len } = *kind else {
        return Err(DecodeError::malformed("a record is a subarray"));
    };
    let pair = parts::tuple(arena, state.subarray, "a subarray")?;
    let [base, shape] = pair[..] else {
        return Err(DecodeError::malformed("a subarray is not made of a dtype and a shape"));
    };
    let mut shape = match parts::int(arena, shape) {
        // NumPy 1.3 wrote one dimension as a number.
        Some(dim) => Dims::from_elem(
            usize::try_from(dim)
                .map_err(|_| DecodeError::malformed("a subarray has a negative dimension"))?,
            1,
        ),
        None => parts::shape(arena, shape)?,
    };
    let base = Numpy::dtype_value(arena, base, "the base of a subarray")?;
    let mut levels: SmallVec<[u8; 8]> = SmallVec::new();
    if !base.shape.is_empty() {
        levels.push(shape.len() as u8);
        match base.levels.is_empty() {
            true => levels.push(base.shape.len() as u8),
            false => levels.extend(base.levels.iter().copied()),
        }
    }
    shape.extend(base.shape.iter().copied());
    let layout = Layout::contiguous(&shape, base.dtype.itemsize(), Order::C)?;
    if layout.nbytes() != len || parts::int(arena, state.itemsize) != Some(len as i64) {
        return Err(DecodeError::malformed(format!(
            "a subarray of {} bytes is said to take {len}",
            layout.nbytes()
        )));
    }
    let base = Numpy::dtype_value(arena, pair[0], "the base of a subarray")?;
    if matches!(base.dtype.kind(), Kind::VariableStr(_)) {
        return Err(DecodeError::unsupported("a subarray of StringDType"));
    }
    if shape.is_empty() {
        return Err(DecodeError::malformed("a subarray has no dimensions"));
    }
    Ok(DTypeValue { dtype: base.dtype.clone(), shape, levels })
}

/// Names, and a dict that leads from them to `(dtype, offset[, title])`; each title is a key too.
fn structure<'a>(
    arena: &mut Arena<'a>,
    kind: &Kind,
    state: &State,
    aligned: bool,
) -> Result<DType> {
    let itemsize = parts::int(arena, state.itemsize).and_then(|size| usize::try_from(size).ok());
    let itemsize = itemsize.filter(|&size| match kind {
        Kind::Void { len } => size == *len,
        _ => true,
    });
    let itemsize = itemsize.ok_or_else(|| {
        DecodeError::malformed("the item size of a structured dtype is not that of its code")
    })?;
    let items = match arena.node(state.fields) {
        Node::Dict(items) => Parts::from_slice(arena.items(items)),
        Node::None if state.names == NodeId::EMPTY_TUPLE => Parts::new(),
        other => return Err(unexpected("the fields of a dtype", other, "a dict")),
    };
    let mut keys: HashMap<Box<str>, NodeId> = HashMap::with_capacity(items.len() / 2);
    let mut names = state.names;
    for pair in items.chunks_exact(2) {
        if state.names_in_fields && parts::int(arena, pair[0]) == Some(-1) {
            names = pair[1];
            continue;
        }
        let name = parts::string(arena, pair[0]).ok_or_else(not_a_name)?;
        if keys.insert(name.into(), pair[1]).is_some() {
            return Err(DecodeError::malformed("a dtype has a field or title twice"));
        }
    }
    let names = match arena.node(names) {
        Node::Tuple(items) => Parts::from_slice(arena.items(items)),
        // Up to NumPy 1.1, a list.
        Node::List(items) if state.names_in_fields => Parts::from_slice(arena.items(items)),
        other => return Err(unexpected("the names of the fields", other, "a tuple")),
    };
    let mut fields = Vec::with_capacity(names.len());
    let mut used = 0;
    for name in names {
        let name: Box<str> = parts::string(arena, name).ok_or_else(not_a_name)?.into();
        let entry = *keys.get(&name).ok_or_else(|| {
            DecodeError::malformed(format!("there is no field {:?}", shorten(&name)))
        })?;
        let (field, titled) = field(arena, name, entry)?;
        used += 1;
        if let Some(title) = &field.title
            && titled
        {
            // The title leads to the very same.
            let other = keys.get(title).copied();
            if !other.is_some_and(|other| same_entry(arena, entry, other)) {
                return Err(DecodeError::malformed("a title leads to another field"));
            }
            used += 1;
        }
        fields.push(field);
    }
    if used != keys.len() {
        return Err(DecodeError::malformed("a dtype has fields that it does not name"));
    }
    let record = matches!(kind, Kind::Struct(_));
    let structure = Struct::new(fields, itemsize, aligned)?.with_record(record);
    Ok(DType::native(Kind::Struct(Arc::new(structure))))
}

#[cold]
fn not_a_name() -> DecodeError {
    DecodeError::malformed("the name of a field is none").expected("text without surrogates")
}

fn same_entry(arena: &Arena<'_>, a: NodeId, b: NodeId) -> bool {
    let part = |id: NodeId| match arena.node(id) {
        Node::Tuple(items) => Parts::from_slice(arena.items(items)),
        _ => Parts::new(),
    };
    let dtype = |id: NodeId| match arena.node(id) {
        Node::DType(number) => Some(arena.dtype(number)),
        Node::Unread(DTYPE, number) => Some(arena.dtype(number.input_offset()? as u32)),
        _ => None,
    };
    // Without a memo, the second is a copy of the first.
    let same = |a: NodeId, b: NodeId| {
        a == b
            || dtype(a).is_some() && dtype(a) == dtype(b)
            || parts::int(arena, a).is_some() && parts::int(arena, a) == parts::int(arena, b)
            || parts::string(arena, a).is_some()
                && parts::string(arena, a) == parts::string(arena, b)
    };
    let (first, second) = (part(a), part(b));
    a == b || first.len() == second.len() && first.iter().zip(&second).all(|(&a, &b)| same(a, b))
}

/// One field, and whether it has a title.
fn field(arena: &mut Arena<'_>, name: Box<str>, entry: NodeId) -> Result<(Field, bool)> {
    let entry = parts::tuple(arena, entry, "a field")?;
    let (dtype, offset, title) = match entry[..] {
        [dtype, offset] => (dtype, offset, None),
        [dtype, offset, title] => (dtype, offset, Some(title)),
        _ => return Err(DecodeError::malformed("a field is not a dtype, an offset and a title")),
    };
    let offset = parts::int(arena, offset).and_then(|offset| usize::try_from(offset).ok());
    let offset = offset.ok_or_else(|| {
        DecodeError::malformed("the offset of a field is none").expected("an integer of at least 0")
    })?;
    let title = match title {
        Some(id) if id == NodeId::NONE => None,
        Some(id) => Some(Box::from(parts::string(arena, id).ok_or_else(not_a_name)?)),
        None => None,
    };
    let value = Numpy::dtype_value(arena, dtype, "the dtype of a field")?;
    if matches!(value.dtype.kind(), Kind::VariableStr(_)) {
        return Err(DecodeError::unsupported("a field of StringDType"));
    }
    let titled = title.is_some();
    let field = Field {
        name,
        title,
        dtype: value.dtype.clone(),
        shape: value.shape.iter().copied().collect(),
        levels: value.levels.clone(),
        offset,
    };
    Ok((field, titled))
}
