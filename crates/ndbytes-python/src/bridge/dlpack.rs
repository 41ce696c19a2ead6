//! Arrays of other libraries, by DLPack: what NumPy does not take, such as bfloat16.
//!
//! Source: `dlpack.h` of DLPack 1.1. A capsule that nobody renames frees its tensor itself, when the
//! array that it is the base of is gone.

use std::ffi::c_void;
use std::ptr::NonNull;

use ndbytes::array::{Dims, MAX_DIMS};
use ndbytes::{Array, Layout, Scalar, Source};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use super::{descr, ndarray};
use crate::errors;

#[repr(C)]
struct Device {
    kind: i32,
    _id: i32,
}

#[repr(C)]
struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct Tensor {
    data: *mut c_void,
    device: Device,
    ndim: i32,
    dtype: DataType,
    shape: *const i64,
    /// In elements; null for C order.
    strides: *const i64,
    byte_offset: u64,
}

/// What precedes the tensor from DLPack 1.0 on.
#[repr(C)]
struct Versioned {
    major: u32,
    _minor: u32,
    _context: *mut c_void,
    _deleter: *mut c_void,
    _flags: u64,
    tensor: Tensor,
}

/// The processor's own memory, which others may have pinned.
const NEAR: [i32; 4] = [1, 3, 11, 13];

/// A read-only NumPy array over the memory of an exporter.
pub(super) fn array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let device: (i32, i32) = object.call_method0("__dlpack_device__")?.extract()?;
    let far = |kind: i32| {
        let found = format!("the elements are on another device (number {kind} of DLPack)");
        let hint = "bring them to the processor's memory first: x.cpu() of PyTorch, \
                    cupy.asnumpy(x) of CuPy, jax.device_get(x) of JAX";
        errors::encode(py, &found, Some(hint))
    };
    if !NEAR.contains(&device.0) {
        return Err(far(device.0));
    }
    let versions = PyDict::new(py);
    versions.set_item("max_version", (1, 0))?;
    let capsule = match object.call_method("__dlpack__", (), Some(&versions)) {
        // From before there were versions.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => object.call_method0("__dlpack__"),
        made => made,
    };
    let capsule = capsule?.cast_into::<PyCapsule>()?;
    let broken = |what: &str| PyTypeError::new_err(format!("a broken DLPack tensor: {what}"));
    let tensor = match capsule.pointer_checked(Some(c"dltensor_versioned")) {
        Ok(versioned) => {
            // SAFETY: a capsule of this name points to a DLManagedTensorVersioned, which lives as
            // long as the capsule, which nobody else has. All versions begin with their number.
            let versioned = unsafe { versioned.cast::<Versioned>().as_ref() };
            if versioned.major != 1 {
                return Err(broken("its version"));
            }
            &versioned.tensor
        }
        Err(_) => {
            let tensor = capsule.pointer_checked(Some(c"dltensor"))?.cast::<Tensor>();
            // SAFETY: a capsule of this name points to a DLManagedTensor, which begins with its
            // tensor, and lives as above.
            unsafe { tensor.as_ref() }
        }
    };
    if !NEAR.contains(&tensor.device.kind) {
        return Err(far(tensor.device.kind));
    }
    let scalar = scalar(&tensor.dtype).ok_or_else(|| {
        let DataType { code, bits, lanes } = tensor.dtype;
        let found = format!("no dtype goes with DLPack's type {code} of {bits} bits in {lanes}");
        errors::encode(py, &found, None)
    })?;
    let ndim = usize::try_from(tensor.ndim).ok().filter(|&ndim| ndim <= MAX_DIMS);
    let ndim = ndim.ok_or_else(|| broken("its number of dimensions"))?;
    // SAFETY: DLPack promises `ndim` numbers at `shape` and, if it is not null, at `strides`; for
    // no dimensions, both may be null.
    let numbers = |start: *const i64| unsafe {
        (0..ndim).map(|index| start.add(index).read()).collect::<Dims<i64>>()
    };
    if ndim > 0 && tensor.shape.is_null() {
        return Err(broken("it has no shape"));
    }
    let shape: Option<Dims<usize>> =
        numbers(tensor.shape).iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let shape = shape.ok_or_else(|| broken("its shape"))?;
    let itemsize = scalar.itemsize();
    let strides: Option<Dims<isize>> = match tensor.strides.is_null() {
        true => {
            let layout = Layout::contiguous(&shape, itemsize, ndbytes::Order::C);
            Some(
                layout
                    .map_err(|error| errors::decode(py, error))?
                    .strides()
                    .iter()
                    .copied()
                    .collect(),
            )
        }
        false => {
            let in_bytes =
                |&stride: &i64| isize::try_from(stride).ok()?.checked_mul(itemsize as isize);
            numbers(tensor.strides).iter().map(in_bytes).collect()
        }
    };
    let strides = strides.ok_or_else(|| broken("its strides"))?;
    let (before, after) =
        Layout::extent(&shape, &strides, itemsize).ok_or_else(|| broken("its strides"))?;
    let offset = usize::try_from(tensor.byte_offset).map_err(|_| broken("its offset"))?;
    if tensor.data.is_null() && before + after > 0 {
        return Err(broken("it has no data"));
    }
    let first = tensor.data.cast::<u8>().wrapping_add(offset);
    let start = NonNull::new(first.wrapping_sub(before)).unwrap_or(NonNull::dangling());
    // SAFETY: the exporter keeps the elements readable for as long as the capsule lives, and they
    // reach from `before` bytes before the first to `after` behind. Others may write them.
    let source = unsafe { Source::foreign(start, before + after) };
    let model = Layout::strided(&shape, &strides, itemsize, before, before + after)
        .and_then(|layout| Array::new(scalar.into(), layout, source))
        .map_err(|error| errors::decode(py, error))?;
    let dtype = descr::make(py, model.dtype())?;
    // SAFETY: the capsule becomes the base of the array and keeps its elements.
    unsafe { ndarray::over_memory(model.layout(), dtype, first, false, capsule.into_any()) }
}

/// The scalar of this code; DLPack knows no byte order but the machine's.
fn scalar(dtype: &DataType) -> Option<Scalar> {
    if dtype.lanes != 1 {
        return None;
    }
    let kind = match dtype.code {
        0 => b'i',
        1 => b'u',
        2 => b'f',
        5 => b'c',
        6 => b'b',
        4 if dtype.bits == 16 => return Some(Scalar::BFloat16),
        code => {
            let (scalar, bits) = match code {
                7 => (Scalar::Float8E3M4, 8),
                8 => (Scalar::Float8E4M3, 8),
                9 => (Scalar::Float8E4M3B11Fnuz, 8),
                10 => (Scalar::Float8E4M3Fn, 8),
                11 => (Scalar::Float8E4M3Fnuz, 8),
                12 => (Scalar::Float8E5M2, 8),
                13 => (Scalar::Float8E5M2Fnuz, 8),
                14 => (Scalar::Float8E8M0Fnu, 8),
                _ => return None,
            };
            return (dtype.bits == bits).then_some(scalar);
        }
    };
    let is_whole = dtype.bits.is_multiple_of(8);
    is_whole.then(|| Scalar::from_kind(kind, usize::from(dtype.bits) / 8)).flatten()
}
