//! A Python value of an inert one: sharing and cycles as in the arena, nothing called but the
//! constructors of plain classes.

use std::collections::HashMap;

use ndbytes::array::{Arena, ArrayValue, Blob, Class, DTypeValue, Items, Node, NodeId};
use ndbytes::{Array, Limits};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyEllipsis, PyFloat, PyFrozenSet, PyInt,
    PyList, PyMemoryView, PyRange, PySet, PySlice, PyString, PyTuple,
};
use smallvec::{SmallVec, smallvec};

use super::known::Known;
use crate::bridge::blocks::Blocks;
use crate::bridge::buffer::Input;
use crate::bridge::ndarray::Copies;
use crate::bridge::{descr, ndarray};
use crate::errors;

/// Of more keys than these, those with the same hash are counted.
const MAX_COLLISIONS: usize = 500;
/// Reducing fractions takes at most so many steps in all.
const MAX_FRACTION_STEPS: u64 = 100_000_000;

/// Where the elements of arrays come from, and whether they may stay there.
#[derive(Clone, Copy)]
pub(crate) struct Elements<'m, 'py> {
    /// What was read; `None` for values that own all that belongs to them.
    pub(crate) input: Option<&'m Input<'py>>,
    pub(crate) copy: Option<bool>,
    /// The buffers that were given beside it, each with the object that it is of. They are the
    /// caller's own memory, of which arrays are always views.
    pub(crate) buffers: &'m [(Input<'py>, Bound<'py, PyAny>)],
}

impl Elements<'_, '_> {
    /// All that is needed for values without an input.
    const OWNED: Self = Self { input: None, copy: Some(true), buffers: &[] };
}

/// The Python value at `root`.
///
/// # Errors
/// When the values would take more memory than `limits` allow, or Python or the installed NumPy
/// has no such value.
pub(crate) fn value<'py>(
    py: Python<'py>,
    arena: &Arena<'_>,
    root: NodeId,
    elements: Elements<'_, 'py>,
    limits: &Limits,
) -> PyResult<Bound<'py, PyAny>> {
    // One array is what most inputs hold.
    if let Node::Array(number) = arena.node(root)
        && let value = arena.array(number)
        && value.class == Class::NdArray
        && value.elements.is_none()
    {
        check(py, copied_bytes(&value.array, elements), elements, limits)?;
        return plain(py, &value.array, elements);
    }
    check(py, weight(arena, elements), elements, limits)?;
    let mut maker = Maker::new(py, arena, elements);
    let arrays = arena.arrays();
    if arrays.len() > 1 {
        let nbytes = arrays.iter().map(|value| copied_bytes(&value.array, elements)).sum();
        maker.blocks = Blocks::new(arrays.len(), nbytes);
        // Where nothing could be made of their elements before the end.
        let simple = |value: &ArrayValue<'_>| {
            value.class == Class::NdArray
                && value.elements.is_none()
                && value.fill_value == NodeId::NONE
        };
        maker.copies = arrays.iter().all(simple).then(Copies::default);
    }
    let made = maker.part(root)?;
    maker.fill()?;
    if let Some(copies) = maker.copies {
        copies.make(py);
    }
    Ok(made)
}

/// The NumPy array of one that was read: objects become Python's.
pub(crate) fn array<'py>(
    py: Python<'py>,
    array: &Array<'_>,
    elements: Elements<'_, 'py>,
    limits: &Limits,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(objects) = array.objects() else {
        check(py, copied_bytes(array, elements), elements, limits)?;
        return plain(py, array, elements);
    };
    check(py, weight(objects.arena(), elements), elements, limits)?;
    let arena = objects.arena();
    let mut maker = Maker::new(py, arena, elements);
    // An array that is an element of itself has a node of its own.
    let is_it = |&id: &NodeId| match arena.node(id) {
        Node::Array(number) => arena.array(number).elements.is_some_and(|items| {
            !items.is_empty() && std::ptr::eq(arena.items(items), objects.elements())
        }),
        _ => false,
    };
    let made = match (0..arena.len() as u32).map(NodeId::from_index).find(is_it) {
        Some(id) => maker.part(id)?,
        None => {
            let made = maker.empty_objects(array)?;
            maker.fill_objects(&made, array, objects.elements())?;
            made
        }
    };
    maker.fill()?;
    Ok(made)
}

/// The value of a dtype's metadata or missing strings.
pub(crate) fn owned<'py>(
    py: Python<'py>,
    value: &ndbytes::array::Value<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut maker = Maker::new(py, value.arena(), Elements::OWNED);
    let made = maker.part(value.root_id())?;
    maker.fill()?;
    Ok(made)
}

/// Checks that what is about to be made is within the limits.
fn check(py: Python<'_>, bytes: u64, elements: Elements<'_, '_>, limits: &Limits) -> PyResult<()> {
    let input_len = elements.input.map_or(0, Input::len) as u64;
    limits.check_bytes(bytes, input_len).map_err(|error| errors::decode(py, error))
}

/// The bytes of an array that are copied; views are free.
fn copied_bytes(array: &Array<'_>, elements: Elements<'_, '_>) -> u64 {
    match (elements.copy, elements.input) {
        (Some(true), _) | (_, None) => array.nbytes() as u64,
        _ => 0,
    }
}

/// About how many bytes Python takes for the values of an arena.
fn weight(arena: &Arena<'_>, elements: Elements<'_, '_>) -> u64 {
    let mut total = 0_u64;
    for index in 0..arena.len() {
        let bytes = |blob: Blob| blob.len();
        let items = |items: Items, each: usize| items.len() * each;
        total += match arena.node(NodeId::from_index(index as u32)) {
            Node::None | Node::Ellipsis | Node::Bool(_) => 0,
            Node::Int(_) | Node::Float(_) | Node::Complex(..) => 32,
            Node::BigInt(blob) | Node::Str(blob) | Node::Bytes(blob) | Node::Decimal(blob) => {
                64 + bytes(blob)
            }
            Node::ByteArray(blob) => 64 + bytes(blob),
            Node::Tuple(all) | Node::List(all) => 56 + items(all, 8),
            Node::Dict(all) | Node::OrderedDict(all) => 72 + items(all, 64),
            Node::Set(all) | Node::FrozenSet(all) => 216 + items(all, 64),
            Node::Array(number) | Node::Scalar(number) => {
                let ArrayValue { array, elements: objects, mask, .. } = arena.array(number);
                let copied = copied_bytes(array, elements) as usize;
                let mask = mask.as_ref().map_or(0, |mask| mask.nbytes());
                160 + copied + mask + objects.map_or(0, |all| items(all, 8))
            }
            _ => 64,
        } as u64;
    }
    total
}

/// An array without objects.
fn plain<'py>(
    py: Python<'py>,
    array: &Array<'_>,
    elements: Elements<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some((buffer, _)) =
        elements.buffers.iter().find(|(buffer, _)| array.nbytes() > 0 && buffer.has(array))
    {
        return ndarray::from_input(buffer, array, Some(false));
    }
    match elements.input {
        Some(input) => ndarray::from_input(input, array, elements.copy),
        None => {
            let dtype = descr::make(py, array.dtype());
            ndarray::copied(array, dtype.map_err(|error| errors::from_numpy(py, error))?)
        }
    }
}

fn is_constant(node: Node) -> bool {
    matches!(node, Node::None | Node::Bool(_) | Node::Ellipsis | Node::Int(_) | Node::Float(_))
}

struct Maker<'m, 'py> {
    py: Python<'py>,
    arena: &'m Arena<'m>,
    elements: Elements<'m, 'py>,
    /// The values that are made, by the number of their node.
    made: Vec<Option<Bound<'py, PyAny>>>,
    /// What is made and can be referred to, but does not yet hold its parts: in this way a value
    /// may contain itself.
    unfilled: Vec<NodeId>,
    blocks: Blocks<'py>,
    copies: Option<Copies<'m>>,
    fraction_steps: u64,
}

impl<'m, 'py> Maker<'m, 'py> {
    fn new(py: Python<'py>, arena: &'m Arena<'m>, elements: Elements<'m, 'py>) -> Self {
        Self {
            py,
            arena,
            elements,
            made: Vec::new(),
            unfilled: Vec::new(),
            blocks: Blocks::default(),
            copies: None,
            fraction_steps: 0,
        }
    }

    /// The value of a node, without what lies in lists and other containers that can be filled
    /// later. Without recursion: values may nest as deep as the limits say.
    #[inline]
    fn part(&mut self, id: NodeId) -> PyResult<Bound<'py, PyAny>> {
        if let Some(made) = self.constant(id)? {
            return Ok(made);
        }
        if let Some(Some(made)) = self.made.get(id.index()) {
            return Ok(made.clone());
        }
        if let Some(made) = self.simple(id)? {
            return Ok(made);
        }
        match self.flat_tuple(id)? {
            Some(made) => Ok(made),
            None => self.composite(id),
        }
    }

    /// A tuple whose parts need no parts, as most are: what [`Maker::composite`] makes, in one go.
    #[inline]
    fn flat_tuple(&mut self, id: NodeId) -> PyResult<Option<Bound<'py, PyAny>>> {
        let arena = self.arena;
        let Node::Tuple(items) = arena.node(id) else { return Ok(None) };
        let mut parts: SmallVec<[Bound<'py, PyAny>; 8]> = SmallVec::new();
        for &part in arena.items(items) {
            let made = match self.constant(part)? {
                None => match self.made.get(part.index()) {
                    Some(Some(made)) => Some(made.clone()),
                    _ => self.simple(part)?,
                },
                made => made,
            };
            match made {
                Some(made) => parts.push(made),
                None => return Ok(None),
            }
        }
        let tuple = PyTuple::new(self.py, parts)?.into_any();
        self.remember(id, &tuple);
        Ok(Some(tuple))
    }

    fn remember(&mut self, id: NodeId, made: &Bound<'py, PyAny>) {
        if self.made.is_empty() {
            self.made.resize(self.arena.len(), None);
        }
        self.made[id.index()] = Some(made.clone());
    }

    /// A value whose parts have to be there before it is: a tuple and its like.
    fn composite(&mut self, root: NodeId) -> PyResult<Bound<'py, PyAny>> {
        let mut path: SmallVec<[(NodeId, usize); 8]> = smallvec![(root, 0)];
        loop {
            let &(id, from) = path.last().unwrap_or(&(root, 0));
            let here = path.len() - 1;
            let (items, others) = self.arena.parts(self.arena.node(id));
            let mut waits = false;
            for (number, &part) in items.iter().chain(&others).enumerate().skip(from) {
                let known = is_constant(self.arena.node(part))
                    || matches!(self.made.get(part.index()), Some(Some(_)));
                if !known && self.simple(part)?.is_none() && self.flat_tuple(part)?.is_none() {
                    if let Node::Array(number) = self.arena.node(part)
                        && path.iter().any(|&(id, _)| id == part)
                    {
                        // An array that is an element of itself.
                        let array = self.empty_array(self.arena.array(number))?;
                        self.remember(part, &array);
                        continue;
                    }
                    path[here].1 = number + 1;
                    path.push((part, 0));
                    waits = true;
                    break;
                }
            }
            if waits {
                continue;
            }
            path.pop();
            let made = self.assemble(id)?;
            self.remember(id, &made);
            if path.is_empty() {
                return Ok(made);
            }
        }
    }

    /// The value of a node that needs no parts; `None` where it does. Containers that can be
    /// filled later are made empty.
    #[inline]
    fn simple(&mut self, id: NodeId) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        let bytes = |blob: Blob| self.arena.bytes(blob);
        let made = match self.arena.node(id) {
            Node::Complex(real, imaginary) => {
                PyComplex::from_doubles(py, real, imaginary).into_any()
            }
            Node::Str(blob) => text(py, bytes(blob))?,
            Node::Bytes(blob) => PyBytes::new(py, bytes(blob)).into_any(),
            Node::ByteArray(blob) => PyByteArray::new(py, bytes(blob)).into_any(),
            Node::BigInt(blob) => big_int(py, bytes(blob))?,
            Node::Tuple(items) if items.is_empty() => PyTuple::empty(py).into_any(),
            Node::List(_) => self.later(id, PyList::empty(py).into_any()),
            Node::Dict(_) => self.later(id, PyDict::new(py).into_any()),
            Node::OrderedDict(_) => {
                let empty = Known::OrderedDict.get(py)?.call0()?;
                self.later(id, empty)
            }
            Node::Set(_) => self.later(id, PySet::empty(py)?.into_any()),
            Node::Array(number) => {
                let value = self.arena.array(number);
                if value.elements.is_some() {
                    return Ok(None);
                }
                let array = self.empty_array(value)?;
                match value.fill_value {
                    NodeId::NONE => array,
                    _ => self.later(id, array),
                }
            }
            Node::Scalar(number) if self.arena.array(number).elements.is_none() => {
                let array = &self.arena.array(number).array;
                // Of characters that there are none of, NumPy makes no scalar.
                plain(py, array, Elements::OWNED)?.get_item(PyTuple::empty(py)).map_err(odd)?
            }
            Node::Date(state) => {
                Known::Date.get(py)?.call1((PyBytes::new(py, &state),)).map_err(odd)?
            }
            Node::TimeDelta(days, seconds, micros) => {
                Known::TimeDelta.get(py)?.call1((days, seconds, micros)).map_err(odd)?
            }
            Node::Decimal(blob) => {
                let number = text(py, bytes(blob))?;
                Known::Decimal.get(py)?.call1((number,)).map_err(odd)?
            }
            Node::Uuid(bytes) => {
                let kwargs = PyDict::new(py);
                kwargs.set_item("bytes", PyBytes::new(py, &bytes))?;
                Known::Uuid.get(py)?.call((), Some(&kwargs))?
            }
            Node::DType(number) => self.dtype(self.arena.dtype(number))?,
            Node::Buffer(number) => self.buffer(number)?,
            _ => return Ok(None),
        };
        self.remember(id, &made);
        Ok(Some(made))
    }

    /// The value of a constant or a small number, which are not told apart from any other such
    /// value.
    #[inline]
    fn constant(&self, id: NodeId) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        Ok(Some(match self.arena.node(id) {
            Node::None => py.None().into_bound(py),
            Node::Bool(value) => PyBool::new(py, value).to_owned().into_any(),
            Node::Ellipsis => PyEllipsis::get(py).to_owned().into_any(),
            Node::Int(value) => value.into_pyobject(py)?.into_any(),
            Node::Float(value) => PyFloat::new(py, value).into_any(),
            _ => return Ok(None),
        }))
    }

    fn later(&mut self, id: NodeId, made: Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        self.unfilled.push(id);
        made
    }

    /// A value whose parts are all made.
    fn assemble(&mut self, id: NodeId) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let node = self.arena.node(id);
        let (items, others) = self.arena.parts(node);
        let parts = |ids: &[NodeId]| -> PyResult<SmallVec<[Bound<'py, PyAny>; 8]>> {
            ids.iter().map(|&id| self.done(id)).collect()
        };
        Ok(match node {
            Node::Tuple(_) => PyTuple::new(py, parts(items)?)?.into_any(),
            Node::FrozenSet(_) => {
                let parts = parts(items)?;
                check_collisions(py, parts.iter())?;
                PyFrozenSet::new(py, parts).map_err(odd)?.into_any()
            }
            Node::Range(_) => {
                py.get_type::<PyRange>().call1(PyTuple::new(py, parts(items)?)?).map_err(odd)?
            }
            Node::Slice(_) => py.get_type::<PySlice>().call1(PyTuple::new(py, parts(items)?)?)?,
            Node::Fraction(_) => self.fraction(&parts(items)?)?,
            Node::DateTime(state, _) => {
                let arguments = (PyBytes::new(py, &state), self.done(others[0])?);
                Known::DateTime.get(py)?.call1(arguments).map_err(odd)?
            }
            Node::Time(state, _) => {
                let arguments = (PyBytes::new(py, &state), self.done(others[0])?);
                Known::Time.get(py)?.call1(arguments).map_err(odd)?
            }
            Node::TimeZone(_, name) => {
                let class = Known::TimeZone.get(py)?;
                let offset = self.done(others[0])?;
                match name {
                    NodeId::NONE => class.call1((offset,)),
                    _ => class.call1((offset, self.done(others[1])?)),
                }
                .map_err(odd)?
            }
            // What is an array by itself may be copied into one that it is an element of, so it is
            // complete before.
            Node::Array(number) => {
                let value = self.arena.array(number);
                let array = match self.made.get(id.index()) {
                    Some(Some(array)) => array.clone(),
                    _ => self.empty_array(value)?,
                };
                self.fill_array(&array, value, items)?;
                if value.fill_value != NodeId::NONE {
                    array.setattr("fill_value", self.done(value.fill_value)?).map_err(odd)?;
                }
                array
            }
            // A scalar that holds objects is taken out of an array of one.
            Node::Scalar(number) => {
                let value = self.arena.array(number);
                let array = self.empty_objects(&value.array)?;
                self.fill_objects(&array, &value.array, items)?;
                array.get_item(PyTuple::empty(py))?
            }
            _ => return Err(PyValueError::new_err("an unknown kind of value")),
        })
    }

    /// A part that is made already.
    fn done(&self, id: NodeId) -> PyResult<Bound<'py, PyAny>> {
        if let Some(made) = self.constant(id)? {
            return Ok(made);
        }
        let made = self.made.get(id.index()).and_then(Option::as_ref);
        made.cloned().ok_or_else(|| PyValueError::new_err("a tuple is part of itself"))
    }

    /// Gives every container that was met its parts, which may bring in new ones.
    fn fill(&mut self) -> PyResult<()> {
        let mut next = 0;
        while let Some(&id) = self.unfilled.get(next) {
            next += 1;
            let container = self.done(id)?;
            match self.arena.node(id) {
                Node::List(items) => {
                    let list = container.cast::<PyList>()?;
                    let parts = self.parts(items)?;
                    list.set_slice(0, 0, PyList::new(self.py, parts)?.as_any())?;
                }
                Node::Dict(items) => {
                    let dict = container.cast::<PyDict>()?;
                    let parts = self.parts(items)?;
                    check_collisions(self.py, parts.iter().step_by(2))?;
                    for pair in parts.chunks_exact(2) {
                        dict.set_item(&pair[0], &pair[1]).map_err(odd)?;
                    }
                }
                Node::OrderedDict(items) => {
                    let parts = self.parts(items)?;
                    check_collisions(self.py, parts.iter().step_by(2))?;
                    for pair in parts.chunks_exact(2) {
                        container.set_item(&pair[0], &pair[1]).map_err(odd)?;
                    }
                }
                Node::Set(items) => {
                    let set = container.cast::<PySet>()?;
                    let parts = self.parts(items)?;
                    check_collisions(self.py, parts.iter())?;
                    for part in parts {
                        set.add(part).map_err(odd)?;
                    }
                }
                Node::Array(number) => {
                    let fill_value = self.part(self.arena.array(number).fill_value)?;
                    container.setattr("fill_value", fill_value).map_err(odd)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn parts(&mut self, items: Items) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let arena = self.arena;
        arena.items(items).iter().map(|&id| self.part(id)).collect()
    }

    /// An array in its class; it holds no objects yet.
    fn empty_array(&mut self, value: &'m ArrayValue<'m>) -> PyResult<Bound<'py, PyAny>> {
        let Elements { input, copy, buffers } = self.elements;
        let dtype = value.array.dtype();
        let array = if value.elements.is_some() {
            self.empty_objects(&value.array)?
        } else if copy == Some(true)
            && input.is_some_and(|input| input.has(&value.array))
            && buffers.is_empty()
            && dtype.itemsize() > 0
            && !dtype.has_objects()
        {
            let dtype = descr::make(self.py, dtype);
            let dtype = dtype.map_err(|error| errors::from_numpy(self.py, error))?;
            let array = self.blocks.new_like(value.array.layout(), dtype)?;
            match &mut self.copies {
                Some(copies) => copies.later(&value.array, &array),
                None => ndarray::copy_to(&value.array, &array),
            }
            array
        } else {
            plain(self.py, &value.array, self.elements)?
        };
        self.in_class(array, value)
    }

    fn fill_array(
        &mut self,
        array: &Bound<'py, PyAny>,
        value: &ArrayValue<'_>,
        elements: &[NodeId],
    ) -> PyResult<()> {
        match value.class {
            Class::Masked => self.fill_objects(&array.getattr("data")?, &value.array, elements),
            _ => self.fill_objects(array, &value.array, elements),
        }
    }

    /// An array of objects that holds none yet.
    fn empty_objects(&self, array: &Array<'_>) -> PyResult<Bound<'py, PyAny>> {
        let dtype = descr::make(self.py, array.dtype());
        let dtype = dtype.map_err(|error| errors::from_numpy(self.py, error))?;
        ndarray::new_like(array.layout(), dtype)
    }

    fn fill_objects(
        &mut self,
        to: &Bound<'py, PyAny>,
        array: &Array<'_>,
        elements: &[NodeId],
    ) -> PyResult<()> {
        let parts = elements.iter().map(|&id| self.part(id)).collect::<PyResult<Vec<_>>>()?;
        ndarray::set_objects(to, array.dtype(), parts).map_err(odd)
    }

    /// The array as the class that it came as.
    fn in_class(
        &self,
        array: Bound<'py, PyAny>,
        value: &ArrayValue<'_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        match value.class {
            Class::Matrix => array.call_method1("view", (Known::Matrix.get(py)?,)),
            Class::RecArray => array.call_method1("view", (Known::RecArray.get(py)?,)),
            Class::Masked => {
                let kwargs = PyDict::new(py);
                if let Some(mask) = &value.mask {
                    let dtype = descr::make(py, mask.dtype())?;
                    kwargs.set_item("mask", ndarray::copied(mask, dtype)?)?;
                }
                kwargs.set_item("copy", false)?;
                kwargs.set_item("shrink", false)?;
                Known::MaskedArray.get(py)?.call((array,), Some(&kwargs)).map_err(odd)
            }
            _ => Ok(array),
        }
    }

    fn dtype(&self, value: &DTypeValue) -> PyResult<Bound<'py, PyAny>> {
        let made = descr::make(self.py, &value.dtype)
            .and_then(|made| descr::of_subarray(made, &value.shape, &value.levels));
        made.map_err(|error| errors::from_numpy(self.py, error))
    }

    /// The object that came as a buffer beside the input.
    fn buffer(&self, number: u32) -> PyResult<Bound<'py, PyAny>> {
        let (source, readonly) = self.arena.buffer(number);
        let given = self.elements.buffers.iter().find(|(buffer, _)| buffer.is(source));
        let (buffer, object) =
            given.ok_or_else(|| PyValueError::new_err("a buffer that was not given"))?;
        match readonly && buffer.is_writable() {
            true => PyMemoryView::from(object)?.call_method0("toreadonly"),
            false => Ok(object.clone()),
        }
    }

    fn fraction(&mut self, parts: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
        // Reducing takes the square of the length, in digits of 30 bits.
        let mut digits = 0;
        for part in parts {
            digits += part.call_method0("bit_length")?.extract::<u64>()? / 30 + 1;
        }
        self.fraction_steps = self.fraction_steps.saturating_add(digits.saturating_mul(digits));
        if self.fraction_steps > MAX_FRACTION_STEPS {
            let found = "the fractions are of integers so long that reducing them takes too long";
            return Err(errors::unsupported(self.py, found, "keep such numbers as integers"));
        }
        Known::Fraction.get(self.py)?.call1(PyTuple::new(self.py, parts)?).map_err(odd)
    }
}

/// Text, in which lone surrogates may stand.
#[inline]
fn text<'py>(py: Python<'py>, utf8: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match PyString::from_bytes(py, utf8) {
        Ok(text) => Ok(text.into_any()),
        Err(_) => PyBytes::new(py, utf8).call_method1("decode", ("utf-8", "surrogatepass")),
    }
}

fn big_int<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let kwargs = PyDict::new(py);
    kwargs.set_item("signed", true)?;
    let arguments = (PyBytes::new(py, bytes), "little");
    py.get_type::<PyInt>().call_method("from_bytes", arguments, Some(&kwargs))
}

/// Refuses keys that were chosen to have the same hash, with which each takes as long as all
/// before it. Nobody can choose the hash of text or bytes, and few numbers of 64 bits share theirs.
fn check_collisions<'k, 'py: 'k>(
    py: Python<'py>,
    keys: impl ExactSizeIterator<Item = &'k Bound<'py, PyAny>>,
) -> PyResult<()> {
    if keys.len() <= MAX_COLLISIONS {
        return Ok(());
    }
    let mut counts: HashMap<isize, usize> = HashMap::new();
    for key in keys {
        if key.is_exact_instance_of::<PyString>()
            || key.is_exact_instance_of::<PyBytes>()
            || key.is_exact_instance_of::<PyFloat>()
            || key.cast_exact::<PyInt>().is_ok_and(|key| key.extract::<i64>().is_ok())
        {
            continue;
        }
        let count = counts.entry(key.hash().map_err(odd)?).or_default();
        *count += 1;
        if *count > MAX_COLLISIONS {
            let found = format!("more than {MAX_COLLISIONS} keys of one dict or set have one hash");
            return Err(errors::unsupported(py, &found, "they were chosen to waste time"));
        }
    }
    Ok(())
}

/// What Python says of a value that it refuses to make.
#[cold]
fn odd(error: PyErr) -> PyErr {
    Python::attach(|py| errors::from_python(py, error))
}
