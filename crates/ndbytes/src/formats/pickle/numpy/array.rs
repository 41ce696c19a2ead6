//! Arrays, masked arrays and scalars: `_reconstruct` and its state, `_frombuffer`, `scalar`.

use std::sync::Arc;

use super::{ARRAY, Met, Numpy, Role, wrong_length};
use crate::array::{
    Arena, Array, ArrayValue, Blob, Class, DType, Dims, Field, Items, Kind, Layout, Node, NodeId,
    Order, Scalar, Struct, VariableStr, tuple,
};
use crate::error::{DecodeError, Result};
use crate::formats::pickle::finish;
use crate::formats::pickle::machine::{ESCAPED, UTF8};
use crate::formats::pickle::parts::{self, unexpected};

/// The classes of arrays that have no state yet, by their number.
const CLASSES: [Class; 4] = [Class::NdArray, Class::Matrix, Class::RecArray, Class::Masked];

/// What bytes are that stand in the place of objects.
const ADDRESSES: &str = "raw bytes for objects are addresses in the memory of the program that wrote \
                         them: the objects are lost";

impl<'a> Numpy<'a> {
    /// `_reconstruct(class, (0,), b'b')`: an empty array, which waits for its state.
    #[inline]
    pub(super) fn reconstruct(
        &mut self,
        arena: &mut Arena<'a>,
        arguments: &[NodeId],
    ) -> Result<NodeId> {
        let class = match *arguments {
            [class, shape, code] => {
                empty(arena, shape, code)?;
                match Self::role(arena, class) {
                    Some(Role::NdArray) => 0,
                    Some(Role::Matrix) => 1,
                    Some(Role::RecArray) => 2,
                    _ => {
                        return Err(unexpected(
                            "the class of an array",
                            arena.node(class),
                            "one of NumPy's classes of arrays",
                        ));
                    }
                }
            }
            _ => return Err(DecodeError::malformed("_reconstruct is called with other arguments")),
        };
        Ok(arena.push(Node::Unread(ARRAY, Blob::input(class, 0))))
    }

    /// `_mareconstruct(MaskedArray, ndarray, (0,), 'b')`
    pub(super) fn masked_reconstruct(
        &mut self,
        arena: &mut Arena<'a>,
        arguments: &[NodeId],
    ) -> Result<NodeId> {
        let &[class, base, shape, code] = arguments else {
            return Err(DecodeError::malformed("_mareconstruct is called with other arguments"));
        };
        empty(arena, shape, code)?;
        if Self::role(arena, class) != Some(Role::MaskedArray)
            || Self::role(arena, base) != Some(Role::NdArray)
        {
            return Err(DecodeError::unsupported("a masked array is of another class")
                .expected("MaskedArray over ndarray"));
        }
        Ok(arena.push(Node::Unread(ARRAY, Blob::input(3, 0))))
    }

    /// `([version,] shape, dtype, is_fortran, data[, mask, fill_value])`
    #[inline]
    pub(super) fn build_array(
        &mut self,
        arena: &mut Arena<'a>,
        id: NodeId,
        state: NodeId,
    ) -> Result<()> {
        let Node::Unread(_, class) = arena.node(id) else {
            return Err(DecodeError::malformed("an array is given a state twice"));
        };
        let class = CLASSES[class.input_offset().unwrap_or_default() % CLASSES.len()];
        let state = parts::tuple(arena, state, "the state of an array")?;
        let (version, rest) = match (class, state.len()) {
            (Class::Masked, 7) | (Class::NdArray | Class::Matrix | Class::RecArray, 5) => {
                (parts::int(arena, state[0]), &state[1..])
            }
            (Class::NdArray | Class::Matrix | Class::RecArray, 4) => (Some(0), &state[..]),
            _ => return Err(DecodeError::malformed("the state of an array has other parts")),
        };
        if !matches!(version, Some(0 | 1)) {
            return Err(DecodeError::malformed("the state of an array has another version")
                .expected("0 or 1"));
        }
        let shape = parts::shape(arena, rest[0])?;
        let dtype = Self::dtype(arena, rest[1])?;
        let order = match parts::flag(arena, rest[2]) {
            Some(fortran) => {
                if fortran {
                    Order::F
                } else {
                    Order::C
                }
            }
            None => {
                return Err(unexpected("the order of an array", arena.node(rest[2]), "a bool"));
            }
        };
        if class == Class::Matrix && shape.len() != 2 {
            return Err(DecodeError::malformed("a matrix has not two dimensions"));
        }
        let mut value = if dtype.has_objects() {
            self.objects(arena, dtype, &shape, order, rest[3])?
        } else {
            self.plain_array(arena, dtype, &shape, order, rest[3])?
        };
        value.class = class;
        if class == Class::Masked {
            value.mask = Some(Box::new(self.mask(arena, &value.array, &shape, order, rest[4])?));
            value.fill_value = fill_value(arena, &value.array, rest[5])?;
        }
        let number = self.add(arena, value, order, rest[3])?;
        arena.set(id, Node::Array(number));
        Ok(())
    }

    fn add(
        &mut self,
        arena: &mut Arena<'a>,
        value: ArrayValue<'a>,
        order: Order,
        data: NodeId,
    ) -> Result<u32> {
        self.spend(size_of_val(&value))?;
        if !self.looking {
            return Ok(arena.new_array(value));
        }
        self.limits.check_entries(self.met.len() as u64 + 1)?;
        self.spend(Met::SPENT)?;
        let offset = match arena.node(data) {
            Node::Bytes(blob) | Node::ByteArray(blob) => blob.input_offset(),
            _ => None,
        };
        let (dtype, shape) = (value.array.dtype().clone(), value.array.shape().into());
        let number = arena.new_array(value);
        self.met.push(Met { number, dtype, shape, order, offset });
        Ok(number)
    }

    #[inline]
    fn plain_array(
        &mut self,
        arena: &mut Arena<'a>,
        dtype: DType,
        shape: &[usize],
        order: Order,
        data: NodeId,
    ) -> Result<ArrayValue<'a>> {
        let layout = Layout::contiguous(shape, dtype.itemsize(), order)?;
        if self.looking {
            return Ok(value(Array::without_bytes(dtype, shape, order)?, None));
        }
        let source = self.data(arena, data, layout.nbytes())?;
        Ok(value(Array::new(dtype, layout, source)?, None))
    }

    /// Objects are a list in C order, whatever the order of the array. The bytes that NumPy holds
    /// of them are addresses, and are never read.
    fn objects(
        &mut self,
        arena: &mut Arena<'a>,
        dtype: DType,
        shape: &[usize],
        order: Order,
        list: NodeId,
    ) -> Result<ArrayValue<'a>> {
        let array = Array::without_bytes(dtype, shape, order)?;
        let Node::List(items) = arena.node(list) else {
            return Err(unexpected("the data of an array of objects", arena.node(list), "a list")
                .hint(ADDRESSES));
        };
        if items.len() != array.len() {
            return Err(DecodeError::malformed(format!(
                "an array of shape {} has {} objects",
                tuple(shape),
                items.len()
            )));
        }
        match array.dtype().kind() {
            Kind::VariableStr(string) => {
                let string = Arc::clone(string);
                check_strings(arena, items, &string)?;
            }
            Kind::Struct(structure) => check_structures(arena, items, structure)?,
            _ => {}
        }
        Ok(value(array, Some(items)))
    }

    /// `_frombuffer(buffer, dtype, shape, order[, axes])`: protocol 5.
    #[inline]
    pub(super) fn buffer_array(
        &mut self,
        arena: &mut Arena<'a>,
        arguments: &[NodeId],
    ) -> Result<NodeId> {
        let (&[buffer, dtype, shape, order], axes) = (match arguments {
            [first @ .., axes] if first.len() == 4 => (first, Some(*axes)),
            _ => (arguments, None),
        }) else {
            return Err(DecodeError::malformed("_frombuffer is called with other arguments"));
        };
        let dtype = Self::dtype(arena, dtype)?;
        let shape = parts::shape(arena, shape)?;
        if dtype.has_objects() {
            return Err(
                DecodeError::unsupported("objects lie in a buffer of bytes").hint(ADDRESSES)
            );
        }
        if dtype.itemsize() == 0 {
            return Err(DecodeError::malformed("elements of no bytes lie in a buffer"));
        }
        let (order, axes) = match (parts::short_bytes::<1>(arena, order), axes) {
            (Some([b'C']), None) => (Order::C, None),
            (Some([b'F']), None) => (Order::F, None),
            (Some([b'K']), Some(axes)) => (Order::C, Some(axes)),
            _ => {
                return Err(DecodeError::malformed("the order of a buffer is none")
                    .expected("'C', 'F', or 'K' and the axes"));
            }
        };
        let mut layout = Layout::contiguous(&shape, dtype.itemsize(), order)?;
        if let Some(axes) = axes {
            layout = with_axes(&layout, &parts::shape(arena, axes)?)?;
        }
        let (source, offset) = match arena.node(buffer) {
            Node::ByteArray(blob) | Node::Bytes(blob) => (arena.source(blob), buffer),
            Node::Buffer(number) => (arena.buffer(number).0.clone(), buffer),
            other => return Err(unexpected("the buffer of an array", other, "bytes")),
        };
        if source.len() != layout.nbytes() {
            return Err(wrong_length(source.len(), layout.nbytes()));
        }
        let order = layout.order();
        let array = if self.looking {
            Array::without_bytes(dtype, layout.shape(), order)?
        } else {
            Array::new(dtype, layout, source)?
        };
        let number = self.add(arena, value(array, None), order, offset)?;
        Ok(arena.push(Node::Array(number)))
    }

    /// `scalar(dtype, data)`
    pub(super) fn scalar(&mut self, arena: &mut Arena<'a>, arguments: &[NodeId]) -> Result<NodeId> {
        let &[dtype, data] = arguments else {
            return Err(DecodeError::malformed("scalar is called with other arguments"));
        };
        let dtype = Self::dtype(arena, dtype)?;
        let scalar = match (dtype.has_objects(), arena.node(data)) {
            (false, _) => {
                let layout = Layout::contiguous(&[], dtype.itemsize(), Order::C)?;
                let source = self.data(arena, data, layout.nbytes())?;
                value(Array::new(dtype, layout, source)?, None)
            }
            // A structure with objects comes as an array of one.
            (true, Node::Array(number)) => {
                let inner = arena.array(number);
                let fits = matches!(dtype.kind(), Kind::Struct(_))
                    && *inner.array.dtype() == dtype
                    && inner.array.shape().is_empty()
                    && inner.class == Class::NdArray;
                if !fits {
                    return Err(DecodeError::malformed("a scalar is another array"));
                }
                inner.clone()
            }
            (true, other) => {
                return Err(unexpected("the data of a scalar with objects", other, "an array")
                    .hint(ADDRESSES));
            }
        };
        self.spend(size_of_val(&scalar))?;
        let number = arena.new_array(scalar);
        Ok(arena.push(Node::Scalar(number)))
    }

    /// The mask of an array: one byte an element, or for each field that has no fields.
    fn mask(
        &mut self,
        arena: &mut Arena<'a>,
        array: &Array<'a>,
        shape: &[usize],
        order: Order,
        data: NodeId,
    ) -> Result<Array<'a>> {
        let dtype = mask_dtype(array.dtype())?;
        let layout = Layout::contiguous(shape, dtype.itemsize(), order)?;
        if self.looking {
            return Array::without_bytes(dtype, shape, order);
        }
        let source = self.data(arena, data, layout.nbytes())?;
        let bytes = source.as_slice().unwrap_or_default();
        if bytes.iter().any(|&byte| byte > 1) {
            return Err(DecodeError::malformed(
                "the mask of an array has bytes other than 0 and 1",
            ));
        }
        Array::new(dtype, layout, source)
    }
}

#[inline]
fn value<'a>(array: Array<'a>, elements: Option<Items>) -> ArrayValue<'a> {
    ArrayValue { array, elements, class: Class::NdArray, mask: None, fill_value: NodeId::NONE }
}

/// Whether shape and code are those with which NumPy makes an array that waits for its state.
#[inline]
fn empty(arena: &Arena<'_>, shape: NodeId, code: NodeId) -> Result<()> {
    let zero = match arena.node(shape) {
        Node::Tuple(items) => matches!(
            arena.items(items),
            [dim] if parts::int(arena, *dim) == Some(0)
        ),
        _ => false,
    };
    if !zero || parts::short_bytes(arena, code) != Some(*b"b") {
        return Err(DecodeError::malformed("an array is reconstructed with a shape of its own")
            .expected("(0,) and b'b'"));
    }
    Ok(())
}

/// The layout with its axes in another order.
fn with_axes(layout: &Layout, axes: &[usize]) -> Result<Layout> {
    let mut seen = Dims::<bool>::from_elem(false, layout.shape().len());
    let each_once = axes.len() == seen.len()
        && axes.iter().all(|&axis| seen.get_mut(axis).is_some_and(|s| !std::mem::replace(s, true)));
    if !each_once {
        return Err(DecodeError::malformed("the axes of an array are not each named once"));
    }
    let shape: Dims<usize> = axes.iter().map(|&axis| layout.shape()[axis]).collect();
    let strides: Dims<isize> = axes.iter().map(|&axis| layout.strides()[axis]).collect();
    Layout::strided(&shape, &strides, layout.itemsize(), 0, layout.nbytes())
}

/// Strings, or what stands for a missing one. Strings are brought into their final form.
fn check_strings(arena: &mut Arena<'_>, items: Items, string: &VariableStr) -> Result<()> {
    let na = string.na_object.as_ref().map(|na| na.root());
    for id in arena.items(items).to_vec() {
        let fine = match (arena.node(id), na) {
            (Node::Str(blob), _) => std::str::from_utf8(arena.bytes(blob)).is_ok(),
            (Node::Unread(kind @ (UTF8 | ESCAPED), blob), _) => {
                let blob = finish::text_of(arena, kind == ESCAPED, blob)?;
                arena.set(id, Node::Str(blob));
                std::str::from_utf8(arena.bytes(blob)).is_ok()
            }
            (Node::None, Some(Node::None)) => true,
            (Node::Bool(a), Some(Node::Bool(b))) => a == b,
            (Node::Float(a), Some(Node::Float(b))) => a == b || a.is_nan() && b.is_nan(),
            _ => false,
        };
        if !fine {
            return Err(unexpected("an element of a StringDType array", arena.node(id), "text"));
        }
    }
    Ok(())
}

/// A tuple for each structure, with a part for each field. What the parts are, NumPy looks at.
fn check_structures(arena: &Arena<'_>, items: Items, structure: &Struct) -> Result<()> {
    for &id in arena.items(items) {
        let Node::Tuple(parts) = arena.node(id) else {
            return Err(unexpected("a structured element", arena.node(id), "a tuple"));
        };
        if parts.len() != structure.fields().len() {
            return Err(DecodeError::malformed("a structured element has other fields"));
        }
    }
    Ok(())
}

/// The fill value: an array of one element of the same dtype, or `None`.
/// NumPy's default fill value has a dtype of its own, such as `<U3` for an array of bytes.
fn fill_value(arena: &Arena<'_>, array: &Array<'_>, id: NodeId) -> Result<NodeId> {
    match arena.node(id) {
        Node::None => Ok(NodeId::NONE),
        Node::Array(number) => {
            let fill = arena.array(number);
            let objects = fill.array.dtype().has_objects() && !array.dtype().has_objects();
            if !fill.array.shape().is_empty() || fill.class != Class::NdArray || objects {
                return Err(DecodeError::malformed("the fill value is not a single element"));
            }
            Ok(id)
        }
        other => Err(unexpected("the fill value", other, "an array without dimensions or None")),
    }
}

/// The dtype of the mask of such elements: a bool for each field that has no fields.
pub(in crate::formats::pickle) fn mask_dtype(dtype: &DType) -> Result<DType> {
    let Kind::Struct(structure) = dtype.kind() else {
        return Ok(Scalar::Bool.into());
    };
    let mut offset = 0_usize;
    let mut fields = Vec::with_capacity(structure.fields().len());
    for field in structure.fields() {
        let dtype = mask_dtype(&field.dtype)?;
        let field = Field { dtype, offset, ..field.clone() };
        offset = offset.saturating_add(field.nbytes().unwrap_or(usize::MAX));
        fields.push(field);
    }
    Ok(DType::native(Kind::Struct(Arc::new(Struct::new(fields, offset, false)?))))
}
