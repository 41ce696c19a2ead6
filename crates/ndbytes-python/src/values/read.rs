//! An inert value of a Python value: plain data and NumPy's own, told by their exact class.
//!
//! Parts are numbered when they are first met, and looked at later, without recursion: so what is
//! shared stays shared, and a value may contain itself.

use std::collections::HashMap;

use ndbytes::array::{
    Arena, Array, ArrayValue, Blob, Class, DTypeValue, Items, Node, NodeId, Objects, Value,
};
use ndbytes::npy;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyEllipsis, PyFloat, PyFrozenSet, PyInt,
    PyList, PyRange, PySet, PySlice, PyString, PyTuple, PyType,
};

use super::known::Known;
use crate::bridge::{descr, ndarray};
use crate::errors;

/// The inert value of a Python value that owns all of its parts.
///
/// # Errors
/// `EncodeError` when something in it is neither plain data nor NumPy's.
pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<Value<'static>> {
    Ok(Object::new(value)?.value()?.to_owned())
}

/// The elements of a NumPy array of objects.
pub(crate) fn objects<'py>(array: &Bound<'py, PyAny>) -> PyResult<Object<'py>> {
    Object::new(elements_of(array)?.as_any())
}

/// The elements in C order, as NumPy's own pickles list them.
fn elements_of<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let flat = array.call_method1("reshape", (-1,))?;
    Ok(flat.call_method0("tolist")?.cast_into()?)
}

/// A Python value that has been looked at from end to end: its graph, and the arrays in it.
pub(crate) struct Object<'py> {
    py: Python<'py>,
    arena: Arena<'static>,
    root: NodeId,
    arrays: Vec<Met<'py>>,
    /// Everything that has a number, which keeps it where it is: some of it was only made here.
    _kept: Vec<(NodeId, Bound<'py, PyAny>)>,
}

/// An array that was met; that of number n in the arena is the nth.
struct Met<'py> {
    /// The elements, as a plain array.
    array: Bound<'py, PyAny>,
    class: Class,
    mask: Option<Bound<'py, PyAny>>,
    elements: Option<Items>,
    fill_value: NodeId,
}

impl<'py> Object<'py> {
    pub(crate) fn new(value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let mut walk = Walk {
            py: value.py(),
            arena: Arena::default(),
            numbers: HashMap::new(),
            kept: Vec::new(),
            arrays: Vec::new(),
        };
        let root = walk.number(value)?;
        let mut next = 0;
        while let Some((id, object)) = walk.kept.get(next) {
            let (id, object) = (*id, object.clone());
            next += 1;
            let node = walk.node(&object)?;
            walk.arena.set(id, node);
        }
        let Walk { py, arena, kept, arrays, .. } = walk;
        Ok(Self { py, arena, root, arrays, _kept: kept })
    }

    /// The value, whose arrays borrow from this object; and they by their number in its arena.
    pub(crate) fn value_and_arrays(&mut self) -> PyResult<(Value<'_>, Vec<&Bound<'py, PyAny>>)> {
        let mut arena: Arena<'_> = std::mem::take(&mut self.arena);
        for met in &self.arrays {
            let view = ndarray::view(&met.array)?;
            let mut value = match met.elements {
                None => ArrayValue::from(view),
                Some(elements) => {
                    let order = view.layout().order();
                    ArrayValue::of_objects(view.dtype().clone(), view.shape(), order, elements)
                        .map_err(|error| errors::decode(met.array.py(), error))?
                }
            };
            value.class = met.class;
            value.fill_value = met.fill_value;
            if let Some(mask) = &met.mask {
                value.mask = Some(Box::new(ndarray::view(mask)?));
            }
            arena.new_array(value);
        }
        let arrays = self.arrays.iter().map(|met| &met.array).collect();
        Ok((arena.into_value(self.root), arrays))
    }

    /// The value, whose arrays borrow from this object.
    pub(crate) fn value(&mut self) -> PyResult<Value<'_>> {
        Ok(self.value_and_arrays()?.0)
    }
}

/// The array of objects that a NumPy array is; `object` is what [`objects`] made of it.
pub(crate) fn array_of_objects<'o>(
    view: &Array<'_>,
    object: &'o mut Object<'_>,
) -> PyResult<Array<'o>> {
    let py = object.py;
    let elements = Objects::from_list(&object.value()?)
        .ok_or_else(|| errors::encode(py, "the elements are not a list", None))?;
    let order = view.layout().order();
    Array::of_objects(view.dtype().clone(), view.shape(), order, elements)
        .map_err(|error| errors::decode(py, error))
}

/// Has `with` take the npy message of a NumPy array of objects, whose dtype and layout `view` tells.
pub(crate) fn with_npy_message<T>(
    array: &Bound<'_, PyAny>,
    view: &Array<'_>,
    with: impl FnOnce(&npy::Message<'_, '_>, &Array<'_>) -> PyResult<T>,
) -> PyResult<T> {
    let mut object = objects(array)?;
    let array_of_values = array_of_objects(view, &mut object)?;
    let message = npy::Message::new(&array_of_values);
    with(&message.map_err(|error| errors::refused(array.py(), &error))?, &array_of_values)
}

struct Walk<'py> {
    py: Python<'py>,
    arena: Arena<'static>,
    numbers: HashMap<usize, NodeId>,
    kept: Vec<(NodeId, Bound<'py, PyAny>)>,
    arrays: Vec<Met<'py>>,
}

impl<'py> Walk<'py> {
    /// The number of a value: the one it has, or a new one. Numbers and constants need none of
    /// their own, since nothing tells two of them apart.
    fn number(&mut self, value: &Bound<'py, PyAny>) -> PyResult<NodeId> {
        let node = if value.is_none() {
            return Ok(NodeId::NONE);
        } else if let Ok(value) = value.cast_exact::<PyBool>() {
            return Ok(if value.is_true() { NodeId::TRUE } else { NodeId::FALSE });
        } else if let Ok(value) = value.cast_exact::<PyInt>() {
            match value.extract::<i64>() {
                Ok(value) => Node::Int(value),
                Err(_) => Node::BigInt(self.arena.new_bytes(&big_int(value)?)),
            }
        } else if let Ok(value) = value.cast_exact::<PyFloat>() {
            Node::Float(value.value())
        } else {
            if let Some(&known) = self.numbers.get(&(value.as_ptr() as usize)) {
                return Ok(known);
            }
            let id = self.arena.push(Node::None);
            self.numbers.insert(value.as_ptr() as usize, id);
            self.kept.push((id, value.clone()));
            return Ok(id);
        };
        Ok(self.arena.push(node))
    }

    fn items(&mut self, values: impl IntoIterator<Item = Bound<'py, PyAny>>) -> PyResult<Items> {
        // Nothing of Python runs between two of them, so what is walked does not change meanwhile.
        let values: Vec<_> = values.into_iter().collect();
        let ids = values.iter().map(|value| self.number(value)).collect::<PyResult<Vec<_>>>()?;
        Ok(self.arena.new_items(&ids))
    }

    fn attributes(&mut self, of: &Bound<'py, PyAny>, names: &[&str]) -> PyResult<Items> {
        let values = names.iter().map(|&name| of.getattr(name)).collect::<PyResult<Vec<_>>>()?;
        self.items(values)
    }

    fn bytes(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Blob> {
        Ok(self.arena.new_bytes(value.cast::<PyBytes>()?.as_bytes()))
    }

    /// The node of a value that is neither a number nor a constant.
    fn node(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Node> {
        Ok(if let Ok(value) = value.cast_exact::<PyString>() {
            Node::Str(self.text(value)?)
        } else if value.is_exact_instance_of::<PyBytes>() {
            Node::Bytes(self.bytes(value)?)
        } else if let Ok(value) = value.cast_exact::<PyTuple>() {
            Node::Tuple(self.items(value)?)
        } else if let Ok(value) = value.cast_exact::<PyList>() {
            Node::List(self.items(value)?)
        } else if let Ok(value) = value.cast_exact::<PyDict>() {
            Node::Dict(self.items(value.iter().flat_map(|(key, value)| [key, value]))?)
        } else if let Ok(value) = value.cast_exact::<PySet>() {
            Node::Set(self.items(value)?)
        } else if let Ok(value) = value.cast_exact::<PyFrozenSet>() {
            Node::FrozenSet(self.items(value)?)
        } else if let Ok(value) = value.cast_exact::<PyByteArray>() {
            Node::ByteArray(self.arena.new_bytes(&value.to_vec()))
        } else if let Ok(value) = value.cast_exact::<PyComplex>() {
            use pyo3::types::PyComplexMethods as _;
            Node::Complex(value.real(), value.imag())
        } else if value.is_exact_instance_of::<PyRange>() {
            Node::Range(self.attributes(value, &["start", "stop", "step"])?)
        } else if value.is_exact_instance_of::<PySlice>() {
            Node::Slice(self.attributes(value, &["start", "stop", "step"])?)
        } else if value.is_exact_instance_of::<PyEllipsis>() {
            Node::Ellipsis
        } else if ndarray::is_array(value) {
            self.array(value)?
        } else {
            self.other(value)?
        })
    }

    fn text(&mut self, value: &Bound<'py, PyString>) -> PyResult<Blob> {
        if let Ok(text) = value.to_str() {
            return Ok(self.arena.new_bytes(text.as_bytes()));
        }
        // There are lone surrogates in it.
        self.bytes(&value.call_method1("encode", ("utf-8", "surrogatepass"))?)
    }

    /// What is told by the name of its class.
    fn other(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Node> {
        let py = self.py;
        if value.is_instance(Known::DType.get(py)?)? {
            let (dtype, shape, levels) = descr::read_whole(value)?;
            return Ok(Node::DType(self.arena.new_dtype(DTypeValue { dtype, shape, levels })));
        }
        if value.is_instance(Known::Generic.get(py)?)? {
            let array = ndarray::asarray(value)?;
            return Ok(Node::Scalar(self.met(&array, &array, Class::NdArray)?));
        }
        let state = |what: &str| -> PyResult<Bound<'py, PyTuple>> {
            Ok(value.call_method1(what, (4,))?.get_item(1)?.cast_into()?)
        };
        Ok(match Known::of(&value.get_type())? {
            Some(Known::OrderedDict) => {
                let pairs = value.call_method0("items")?.try_iter()?;
                let pairs = pairs.map(|pair| pair?.extract()).collect::<PyResult<Vec<(_, _)>>>()?;
                Node::OrderedDict(
                    self.items(pairs.into_iter().flat_map(|(key, value)| [key, value]))?,
                )
            }
            Some(Known::Date) => Node::Date(state("__reduce_ex__")?.get_item(0)?.extract()?),
            Some(Known::DateTime) => {
                let (bytes, zone) = self.time(&state("__reduce_ex__")?)?;
                Node::DateTime(bytes, zone)
            }
            Some(Known::Time) => {
                let (bytes, zone) = self.time(&state("__reduce_ex__")?)?;
                Node::Time(bytes, zone)
            }
            Some(Known::TimeDelta) => {
                let part = |name| value.getattr(name)?.extract();
                Node::TimeDelta(part("days")?, part("seconds")?, part("microseconds")?)
            }
            Some(Known::TimeZone) => {
                let parts = value.call_method0("__getinitargs__")?;
                let parts = parts.cast::<PyTuple>()?;
                let offset = self.number(&parts.get_item(0)?)?;
                let name = match parts.len() {
                    1 => NodeId::NONE,
                    _ => self.number(&parts.get_item(1)?)?,
                };
                Node::TimeZone(offset, name)
            }
            Some(Known::Decimal) => {
                let text = value.str()?;
                Node::Decimal(self.arena.new_bytes(text.to_str()?.as_bytes()))
            }
            Some(Known::Fraction) => {
                Node::Fraction(self.attributes(value, &["numerator", "denominator"])?)
            }
            Some(Known::Uuid) => self.uuid(value)?,
            Some(Known::PickleBuffer) => {
                let view = value.call_method0("raw")?;
                let bytes = self.arena.new_bytes(view.call_method0("tobytes")?.extract()?);
                match view.getattr("readonly")?.is_truthy()? {
                    true => Node::Bytes(bytes),
                    false => Node::ByteArray(bytes),
                }
            }
            _ => return Err(refused(value)),
        })
    }

    /// The state of a datetime or time, and its time zone.
    fn time<const N: usize>(&mut self, state: &Bound<'py, PyTuple>) -> PyResult<([u8; N], NodeId)> {
        let zone = match state.len() {
            1 => NodeId::NONE,
            _ => self.number(&state.get_item(1)?)?,
        };
        Ok((state.get_item(0)?.extract()?, zone))
    }

    fn uuid(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Node> {
        if !value.getattr("is_safe")?.getattr("value")?.is_none() {
            let found = "a UUID knows whether it was made in a way safe for several processes, for \
                         which there is no place";
            return Err(errors::encode(self.py, found, Some("write uuid.UUID(int=value.int)")));
        }
        Ok(Node::Uuid(value.getattr("bytes")?.extract()?))
    }

    fn array(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Node> {
        let class = match Known::of(&value.get_type())? {
            Some(Known::NdArray | Known::Memmap | Known::CharArray) => Class::NdArray,
            Some(Known::Matrix) => Class::Matrix,
            Some(Known::RecArray) => Class::RecArray,
            Some(Known::MaskedArray) => Class::Masked,
            _ => return Err(refused(value)),
        };
        let elements = match class {
            Class::NdArray => value.clone(),
            _ => value.call_method1("view", (Known::NdArray.get(self.py)?,))?,
        };
        Ok(Node::Array(self.met(value, &elements, class)?))
    }

    fn met(
        &mut self,
        value: &Bound<'py, PyAny>,
        elements: &Bound<'py, PyAny>,
        class: Class,
    ) -> PyResult<u32> {
        // Its place is taken before its parts are met.
        let number = self.arrays.len();
        let array = elements.clone();
        let (mask, fill_value) = (None, NodeId::NONE);
        self.arrays.push(Met { array, class, mask, elements: None, fill_value });
        if ndarray::has_objects(elements)? {
            let objects = elements_of(elements)?;
            self.arrays[number].elements = Some(self.items(&objects)?);
        }
        if class == Class::Masked {
            let getmaskarray = self.py.import("numpy.ma")?.getattr("getmaskarray")?;
            self.arrays[number].mask = Some(getmaskarray.call1((value,))?);
            let fill_value = value.getattr("_fill_value")?;
            self.arrays[number].fill_value = self.number(&fill_value)?;
        }
        Ok(number as u32)
    }
}

#[cold]
fn refused(value: &Bound<'_, PyAny>) -> PyErr {
    let name =
        |class: &Bound<'_, PyType>| class.fully_qualified_name().map(|name| name.to_string());
    let name = name(&value.get_type()).unwrap_or_else(|_| "an object".to_owned());
    // What it hides is a number that is nobody's.
    if name == "numpy.ma.core.MaskedConstant" {
        let found = "numpy.ma.masked stands for an element that has no value, outside of its array";
        let hint = "write the masked array that it is of, or in its place what is to stand for it, \
                    such as None";
        return errors::encode(value.py(), found, Some(hint));
    }
    let found = format!("a {name} is neither plain data nor one of NumPy's arrays");
    let hint = match ndarray::is_array(value) {
        true => "if its elements are enough, write numpy.asarray(x)",
        false => "write what it is made of: numbers, text, lists, dicts, arrays, ...",
    };
    errors::encode(value.py(), &found, Some(hint))
}

fn big_int(value: &Bound<'_, PyInt>) -> PyResult<Box<[u8]>> {
    let bits: usize = value.call_method0("bit_length")?.extract()?;
    let kwargs = PyDict::new(value.py());
    kwargs.set_item("signed", true)?;
    let bytes = value.call_method("to_bytes", (bits / 8 + 1, "little"), Some(&kwargs))?;
    Ok(bytes.cast::<PyBytes>()?.as_bytes().into())
}
