//! The Rust types that elements can be read as, and typed views.

use bytemuck::Pod;
use half::{bf16, f16};
use num_complex::Complex;

use super::scalar::Scalar;
use super::source::Sink;

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that stands for one of the fixed-size dtypes.
///
/// | type | dtype |
/// |---|---|
/// | `bool` | bool (checked: a byte other than 0 and 1 is refused) |
/// | `i8` ... `i64`, `u8` ... `u64` | int8 ... int64, uint8 ... uint64 |
/// | `half::f16`, `f32`, `f64` | float16, float32, float64 |
/// | `half::bf16` | bfloat16 |
/// | `num_complex::Complex<f32>`, `Complex<f64>` | complex64, complex128 |
pub trait Element: Copy + 'static + sealed::Sealed {
    /// The dtype's kind.
    const SCALAR: Scalar;

    /// The elements of `bytes`, borrowed.
    #[doc(hidden)]
    fn cast(bytes: &[u8]) -> Result<&[Self], CastError>;

    /// The bytes of `elements`, borrowed.
    #[doc(hidden)]
    fn bytes_of(elements: &[Self]) -> &[u8];

    /// So many elements, whose bytes `fill` writes.
    #[doc(hidden)]
    fn filled(count: usize, fill: &mut dyn FnMut(&mut Sink<'_>)) -> Result<Vec<Self>, CastError>;
}

/// Why bytes cannot be borrowed as elements.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastError {
    /// The address is not a multiple of the type's alignment.
    Unaligned,
    /// A byte of a `bool` is neither 0 nor 1; the index of the first.
    NotBool(usize),
}

fn cast_pod<T: Pod>(bytes: &[u8]) -> Result<&[T], CastError> {
    // Lengths always fit: they come from a layout of this item size.
    bytemuck::try_cast_slice(bytes).map_err(|_| CastError::Unaligned)
}

macro_rules! elements {
    ($($type:ty => $scalar:ident),* $(,)?) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const SCALAR: Scalar = Scalar::$scalar;
            fn cast(bytes: &[u8]) -> Result<&[Self], CastError> {
                cast_pod(bytes)
            }
            fn bytes_of(elements: &[Self]) -> &[u8] {
                bytemuck::cast_slice(elements)
            }
            fn filled(
                count: usize,
                fill: &mut dyn FnMut(&mut Sink<'_>),
            ) -> Result<Vec<Self>, CastError> {
                // Memory that is zero from the start is not touched before it is filled.
                let mut elements: Vec<Self> = bytemuck::zeroed_vec(count);
                fill(&mut Sink::over(bytemuck::cast_slice_mut(&mut elements)));
                Ok(elements)
            }
        }
    )*};
}

elements! {
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64,
    f16 => Float16, f32 => Float32, f64 => Float64, bf16 => BFloat16,
    Complex<f32> => Complex64, Complex<f64> => Complex128,
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const SCALAR: Scalar = Scalar::Bool;

    fn cast(bytes: &[u8]) -> Result<&[Self], CastError> {
        bytemuck::checked::try_cast_slice(bytes)
            .map_err(|_| CastError::NotBool(bytes.iter().position(|&byte| byte > 1).unwrap_or(0)))
    }

    fn bytes_of(elements: &[Self]) -> &[u8] {
        bytemuck::cast_slice(elements)
    }

    fn filled(count: usize, fill: &mut dyn FnMut(&mut Sink<'_>)) -> Result<Vec<Self>, CastError> {
        let mut bytes: Vec<u8> = bytemuck::zeroed_vec(count);
        fill(&mut Sink::over(&mut bytes));
        Self::cast(&bytes).map(<[bool]>::to_vec)
    }
}
