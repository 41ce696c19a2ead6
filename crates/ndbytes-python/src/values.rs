//! Plain Python values to the core's inert values.

use ndbytes::array::{Arena, Items, Node, NodeId, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::errors;

/// Values nested deeper are refused: metadata never are.
const MAX_DEPTH: usize = 100;

/// The inert value of a plain Python value.
pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<Value<'static>> {
    let mut arena = Arena::default();
    let root = node(value, &mut arena, 0)?;
    Ok(arena.into_value(root))
}

fn node(value: &Bound<'_, PyAny>, arena: &mut Arena<'_>, depth: usize) -> PyResult<NodeId> {
    if depth > MAX_DEPTH {
        return Err(errors::encode(value.py(), "the dtype's metadata nests too deep", None));
    }
    let node = if value.is_none() {
        Node::None
    } else if let Ok(value) = value.cast_exact::<PyBool>() {
        Node::Bool(value.is_true())
    } else if let Ok(value) = value.cast_exact::<PyInt>() {
        match value.extract::<i64>() {
            Ok(value) => Node::Int(value),
            Err(_) => Node::BigInt(arena.new_bytes(&big_int(value)?)),
        }
    } else if let Ok(value) = value.cast_exact::<PyFloat>() {
        Node::Float(value.value())
    } else if let Ok(value) = value.cast_exact::<PyString>() {
        let encoded = value.call_method1("encode", ("utf-8", "surrogatepass"))?;
        Node::Str(arena.new_bytes(encoded.cast::<PyBytes>()?.as_bytes()))
    } else if let Ok(value) = value.cast_exact::<PyBytes>() {
        Node::Bytes(arena.new_bytes(value.as_bytes()))
    } else if let Ok(value) = value.cast_exact::<PyTuple>() {
        Node::Tuple(nodes(value.iter(), arena, depth)?)
    } else if let Ok(value) = value.cast_exact::<PyList>() {
        Node::List(nodes(value.iter(), arena, depth)?)
    } else if let Ok(value) = value.cast_exact::<PyDict>() {
        Node::Dict(nodes(value.iter().flat_map(|(key, value)| [key, value]), arena, depth)?)
    } else {
        let class = value.get_type().name()?;
        let found = format!("the dtype's metadata holds a {class}, which is not plain data");
        let hint = "drop the metadata with x.astype(numpy.dtype(x.dtype.str))";
        return Err(errors::encode(value.py(), &found, Some(hint)));
    };
    Ok(arena.push(node))
}

fn nodes<'py>(
    values: impl Iterator<Item = Bound<'py, PyAny>>,
    arena: &mut Arena<'_>,
    depth: usize,
) -> PyResult<Items> {
    let ids = values.map(|item| node(&item, arena, depth + 1)).collect::<PyResult<Vec<_>>>()?;
    Ok(arena.new_items(&ids))
}

fn big_int(value: &Bound<'_, PyInt>) -> PyResult<Box<[u8]>> {
    let bits: usize = value.call_method0("bit_length")?.extract()?;
    let kwargs = PyDict::new(value.py());
    kwargs.set_item("signed", true)?;
    let bytes = value.call_method("to_bytes", (bits / 8 + 1, "little"), Some(&kwargs))?;
    Ok(bytes.cast::<PyBytes>()?.as_bytes().into())
}
