//! What callers give besides arrays and bytes: names of formats and orders, shapes, amounts.

use std::fmt::Display;

use ndbytes::array::{Dims, default_threads};
use ndbytes::{ByteOrder, Format};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

/// The format of this name.
pub(crate) fn format_named(name: &str) -> PyResult<Format> {
    Format::from_name(name).ok_or_else(|| unknown_format(name))
}

#[cold]
fn unknown_format(format: &str) -> PyErr {
    let known: Vec<&str> =
        Format::all().filter(|&format| format != Format::Raw).map(Format::name).collect();
    PyValueError::new_err(format!("format {format:?} is not one of {known:?}"))
}

/// A byte order, by its name or NumPy's character for it.
pub(crate) fn byte_order(name: &str) -> PyResult<ByteOrder> {
    match name {
        "little" | "<" => Ok(ByteOrder::Little),
        "big" | ">" => Ok(ByteOrder::Big),
        "native" | "=" => Ok(ByteOrder::NATIVE),
        other => Err(PyValueError::new_err(format!(
            "byteorder {other:?} is not one of 'little', 'big' and 'native'"
        ))),
    }
}

/// A shape as the caller gave it: an integer or a sequence of them, -1 for what is left.
pub(crate) fn dimensions(shape: &Bound<'_, PyAny>) -> PyResult<Dims<Option<usize>>> {
    let dimension = |dim: Bound<'_, PyAny>| match dim.extract::<isize>()? {
        -1 => Ok(None),
        dim => usize::try_from(dim).map(Some).map_err(|_| {
            PyValueError::new_err(format!("shape has a dimension of {dim}; -1 takes what is left"))
        }),
    };
    if let Ok(dims) = shape.cast_exact::<PyTuple>() {
        return dims.iter().map(dimension).collect();
    }
    if shape.is_instance_of::<PyString>() || shape.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("shape must be an integer or a sequence of integers"));
    }
    match shape.try_iter() {
        Ok(dims) => dims.map(|dim| dimension(dim?)).collect(),
        Err(_) => Ok(Dims::from_elem(dimension(shape.clone())?, 1)),
    }
}

/// The argument of this name, whoever takes it.
pub(crate) fn threads(value: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    if value.is_none() { Ok(None) } else { amount("threads", value, usize::MAX).map(Some) }
}

/// So many threads, or as many as the environment says.
pub(crate) fn threads_or_default(threads: Option<usize>) -> usize {
    threads.unwrap_or_else(default_threads).max(1)
}

/// An integer from 0 to `most`.
pub(crate) fn amount<T: TryFrom<u64> + Copy + Display>(
    name: &str,
    value: &Bound<'_, PyAny>,
    most: T,
) -> PyResult<T> {
    let number: Result<u64, PyErr> = value.extract();
    match number.map(T::try_from) {
        Ok(Ok(number)) => return Ok(number),
        Err(error) if !error.is_instance_of::<PyOverflowError>(value.py()) => return Err(error),
        _ => {}
    }
    let beyond = match value.lt(0)? {
        true => "at least 0".to_owned(),
        false => format!("at most {most}"),
    };
    // Python does not spell out integers of thousands of digits.
    let said = value.str().map_or_else(|_| "too large".to_owned(), |said| said.to_string());
    Err(PyValueError::new_err(format!("{name} is {said}, it is {beyond}")))
}
