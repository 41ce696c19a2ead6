//! The elements of arrays of objects: values of an arena in the place of bytes.

use std::sync::Arc;

use super::dtype::DType;
use super::layout::{Layout, Order, tuple};
use super::source::Source;
use super::value::{Arena, ArrayValue, Items, NodeId, same_values};
use super::{Array, Value};
use crate::error::{DecodeError, Result};

/// The elements of an array whose dtype holds objects, in C order. Elements of structured arrays
/// are tuples of their fields' values.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    arena: Arc<Arena<'a>>,
    elements: Elements,
}

#[derive(Clone, Debug)]
enum Elements {
    Items(Items),
    /// Of another array, in another order.
    Picked(Arc<[NodeId]>),
}

impl<'a> Objects<'a> {
    pub(super) fn new(arena: Arc<Arena<'a>>, elements: Items) -> Self {
        Self { arena, elements: Elements::Items(elements) }
    }

    /// Some of these elements, or the same in another order.
    pub(super) fn picked(&self, elements: Vec<NodeId>) -> Self {
        Self { arena: self.arena.clone(), elements: Elements::Picked(elements.into()) }
    }

    /// The items of `list`, whose outermost node is a list or a tuple; `None` when it is not.
    pub fn from_list(list: &Value<'a>) -> Option<Self> {
        use super::Node;
        match list.root() {
            Node::List(elements) | Node::Tuple(elements) => {
                Some(Self::new(list.arena().clone(), elements))
            }
            _ => None,
        }
    }

    /// The arena that the elements are in.
    pub fn arena(&self) -> &Arc<Arena<'a>> {
        &self.arena
    }

    /// The elements.
    pub fn elements(&self) -> &[NodeId] {
        match &self.elements {
            Elements::Items(items) => self.arena.items(*items),
            Elements::Picked(elements) => elements,
        }
    }

    /// A copy in memory of its own.
    pub(super) fn to_owned(&self) -> Objects<'static> {
        let (mut arena, elements) = self
            .arena
            .copy_all(self.elements(), usize::MAX)
            .unwrap_or_else(|| unreachable!("the parts of a value are values"));
        let elements = arena.new_items(&elements);
        Objects::new(Arc::new(arena), elements)
    }
}

impl PartialEq for Objects<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.elements(), other.elements());
        let pairs = a.iter().copied().zip(b.iter().copied()).collect();
        a.len() == b.len() && same_values(&self.arena, &other.arena, pairs)
    }
}

impl ArrayValue<'_> {
    /// An array of objects inside a value: `elements` are in C order, whatever the order in which
    /// it is kept.
    ///
    /// # Errors
    /// As [`Array::of_objects`].
    pub fn of_objects(
        dtype: DType,
        shape: &[usize],
        order: Order,
        elements: Items,
    ) -> Result<Self> {
        let array = Array::without_elements(dtype, shape, order, elements.len())?;
        Ok(Self { elements: Some(elements), ..array.into() })
    }
}

impl<'a> Array<'a> {
    /// An array of objects. `order` is that in which it is kept; `objects` are in C order.
    ///
    /// # Errors
    /// When the dtype holds no objects, or the shape holds another number of them.
    pub fn of_objects(
        dtype: DType,
        shape: &[usize],
        order: Order,
        objects: Objects<'a>,
    ) -> Result<Self> {
        let array = Self::without_elements(dtype, shape, order, objects.elements().len())?;
        Ok(array.with_objects(objects))
    }

    /// The array that `count` objects are the elements of.
    fn without_elements(dtype: DType, shape: &[usize], order: Order, count: usize) -> Result<Self> {
        if !dtype.has_objects() {
            return Err(DecodeError::mismatch(format!("the elements of {dtype} are not objects")));
        }
        let array = Self::without_bytes(dtype, shape, order)?;
        if count != array.len() {
            return Err(DecodeError::mismatch(format!(
                "shape {} holds {} elements, there are {count} objects",
                tuple(shape),
                array.len(),
            )));
        }
        Ok(array)
    }

    /// An array whose elements take no bytes here: they are objects, or are not looked at.
    pub(crate) fn without_bytes(dtype: DType, shape: &[usize], order: Order) -> Result<Self> {
        // The size of the elements is checked as if they were here.
        Layout::contiguous(shape, dtype.itemsize(), order)?;
        let layout = Layout::contiguous(shape, 0, order)?;
        Ok(Self { dtype, layout, source: Source::slice(&[]), objects: None })
    }

    pub(super) fn with_objects(mut self, objects: Objects<'a>) -> Self {
        self.objects = Some(objects);
        self
    }

    /// The elements of an array of objects that has been read; its bytes are none.
    pub fn objects(&self) -> Option<&Objects<'a>> {
        self.objects.as_ref()
    }
}
