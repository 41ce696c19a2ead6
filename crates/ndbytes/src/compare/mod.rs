//! Telling whether two arrays are the same, and how they differ.
//!
//! Arrays are compared block by block: each block is brought into C order and this machine's byte
//! order, in the cache, and compared there. The first difference ends it.

mod difference;
mod number;
mod picture;
mod tally;
mod words;

pub use difference::{DiffOptions, Difference, Place, diff};

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::array::{
    Array, DType, Kind, Layout, Order, Scalar, X87, default_threads, share, threads_for,
};
use crate::error::{DecodeError, Result};

/// Blocks of this size stay in the cache between being packed and being compared.
const BLOCK: usize = 64 << 10;
/// Blocks that need no packing are large, and gone through in pieces.
const LARGE_BLOCK: usize = 1 << 20;
/// A piece of both arrays fits into the nearest cache; to begin with large ones takes longer.
const PIECE: usize = 16 << 10;
const SMALL_PIECE: usize = 4 << 10;

/// Whether two arrays are bit by bit the same: dtype with byte order, offsets, titles and
/// metadata, shape, and every element.
///
/// Not compared are the order of the elements in memory, the gaps between the fields of
/// structures, and the padding of long doubles.
///
/// # Errors
/// When the elements are Python objects in NumPy's memory. Those that were read are compared: type
/// by type and part by part.
pub fn identical(a: &Array<'_>, b: &Array<'_>) -> Result<bool> {
    Ok(a.dtype() == b.dtype() && a.shape() == b.shape() && same(a, b, Sameness::Bits)?)
}

/// Whether two arrays have the same shape and equal elements, as `numpy.array_equal` says.
///
/// Zeros of either sign are equal. NaN and NaT are equal to each other when `equal_nan` says so,
/// in fields of structures and in parts of complex numbers too, and to nothing otherwise.
///
/// # Errors
/// When the dtypes differ in more than byte order, or when only NumPy knows what their elements
/// mean.
pub fn equal(a: &Array<'_>, b: &Array<'_>, equal_nan: bool) -> Result<bool> {
    if !comparable(a.dtype(), b.dtype()) {
        return Err(DecodeError::unsupported(format!(
            "{} and {} are not compared without converting one of them",
            a.dtype(),
            b.dtype()
        )));
    }
    Ok(a.shape() == b.shape() && same(a, b, Sameness::Values { equal_nan })?)
}

/// Whether elements of `a` and `b` mean the same up to byte order.
fn comparable(a: &DType, b: &DType) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Struct(_), Kind::Struct(_)) => {
            let (a, b) = (a.fields(), b.fields());
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| {
                    a.name == b.name
                        && a.title == b.title
                        && a.shape == b.shape
                        && comparable(&a.dtype, &b.dtype)
                })
        }
        (a, b) => a == b,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Sameness {
    Bits,
    Values { equal_nan: bool },
}

/// Compares arrays of the same shape and of comparable dtypes.
fn same(a: &Array<'_>, b: &Array<'_>, sameness: Sameness) -> Result<bool> {
    if let (Some(a), Some(b), Sameness::Bits) = (a.objects(), b.objects(), sameness) {
        return Ok(a == b);
    }
    if let Kind::Struct(_) = a.dtype().kind() {
        for (field_a, field_b) in a.dtype().fields().iter().zip(b.dtype().fields()) {
            if !same(&a.field_view(field_a)?, &b.field_view(field_b)?, sameness)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let kernel = kernel(a.dtype(), sameness).ok_or_else(|| {
        DecodeError::unsupported(format!("{} elements are not compared here", a.dtype()))
    })?;
    if a.is_empty() || a.dtype().itemsize() == 0 {
        return Ok(true);
    }
    // In the order of memory, where the order of the index does not matter.
    if a.layout().order() == Order::F {
        let (a, b) = (a.transposed(), b.transposed());
        return Ok(same_blocks(&a, &b, kernel));
    }
    Ok(same_blocks(a, b, kernel))
}

type Kernel = fn(&[u8], &[u8]) -> bool;

fn same_blocks(a: &Array<'_>, b: &Array<'_>, kernel: Kernel) -> bool {
    let in_place = a.is_native_c() && b.is_native_c();
    let size = if in_place { LARGE_BLOCK } else { BLOCK };
    let (blocks_a, blocks_b) = (a.layout().blocks(size), b.layout().blocks(size));
    let (next, differ) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let (mut scratch_a, mut scratch_b) = (Vec::new(), Vec::new());
        while !differ.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= blocks_a.len() {
                return;
            }
            let (block_a, block_b) = (blocks_a.block(index), blocks_b.block(index));
            let same = if in_place {
                let small = block_a.nbytes() < LARGE_BLOCK / 2;
                let same = if small { in_pieces::<SMALL_PIECE> } else { in_pieces::<PIECE> };
                same((a, &block_a), (b, &block_b), kernel)
            } else {
                let a = a.native_bytes(&block_a, &mut scratch_a);
                kernel(a, b.native_bytes(&block_b, &mut scratch_b))
            };
            if !same {
                differ.store(true, Ordering::Relaxed);
            }
        }
    };
    share(threads_for(a.nbytes(), default_threads()), work);
    !differ.into_inner()
}

/// Compares blocks whose elements lie side by side, in pieces that fit into the nearest cache.
fn in_pieces<const PIECE: usize>(
    (a, block_a): (&Array<'_>, &Layout),
    (b, block_b): (&Array<'_>, &Layout),
    kernel: Kernel,
) -> bool {
    let (mut piece_a, mut piece_b) = ([0; PIECE], [0; PIECE]);
    // Whole elements, but for those longer than a piece: of them only the bits are compared.
    let step = (PIECE / block_a.itemsize() * block_a.itemsize()).max(PIECE / 2);
    (0..block_a.nbytes()).step_by(step).all(|at| {
        let len = step.min(block_a.nbytes() - at);
        a.source().copy_over(block_a.start() + at, &mut piece_a[..len]);
        b.source().copy_over(block_b.start() + at, &mut piece_b[..len]);
        kernel(&piece_a[..len], &piece_b[..len])
    })
}

/// How blocks of native elements are compared; `None` where only NumPy knows.
fn kernel(dtype: &DType, sameness: Sameness) -> Option<Kernel> {
    let bits: Kernel = |a, b| a == b;
    let Sameness::Values { equal_nan } = sameness else {
        return match dtype.kind() {
            Kind::Object | Kind::VariableStr(_) => None,
            Kind::Scalar(scalar) if scalar.is_long_double() && X87 => {
                Some(match scalar.swap_width() {
                    12 => |a, b| same_x87::<12>(a, b),
                    _ => |a, b| same_x87::<16>(a, b),
                })
            }
            _ => Some(bits),
        };
    };
    let choose = |plain: Kernel, with_nan: Kernel| Some(if equal_nan { with_nan } else { plain });
    match dtype.kind() {
        Kind::Bytes { .. } | Kind::Str { .. } | Kind::Void { .. } => Some(bits),
        Kind::Datetime64(_) | Kind::Timedelta64(_) => choose(equal_times, bits),
        Kind::Scalar(scalar) => match scalar {
            Scalar::Bool => Some(equal_bools),
            Scalar::Int8
            | Scalar::Int16
            | Scalar::Int32
            | Scalar::Int64
            | Scalar::UInt8
            | Scalar::UInt16
            | Scalar::UInt32
            | Scalar::UInt64 => Some(bits),
            Scalar::Float16 => choose(equal_floats::<Half, false>, equal_floats::<Half, true>),
            Scalar::Float32 => choose(equal_floats::<f32, false>, equal_floats::<f32, true>),
            Scalar::Float64 => choose(equal_floats::<f64, false>, equal_floats::<f64, true>),
            Scalar::Complex64 => choose(equal_floats::<f32, false>, equal_complex::<f32>),
            Scalar::Complex128 => choose(equal_floats::<f64, false>, equal_complex::<f64>),
            Scalar::LongDouble96 if X87 => {
                choose(equal_floats::<Extended<12>, false>, equal_floats::<Extended<12>, true>)
            }
            Scalar::LongDouble128 if X87 => {
                choose(equal_floats::<Extended<16>, false>, equal_floats::<Extended<16>, true>)
            }
            Scalar::CLongDouble192 if X87 => {
                choose(equal_floats::<Extended<12>, false>, equal_complex::<Extended<12>>)
            }
            Scalar::CLongDouble256 if X87 => {
                choose(equal_floats::<Extended<16>, false>, equal_complex::<Extended<16>>)
            }
            _ => None,
        },
        _ => None,
    }
}

/// A floating-point number as it lies in memory.
trait Float: Copy {
    const SIZE: usize;
    fn load(bytes: &[u8]) -> Self;
    fn equals(self, other: Self) -> bool;
    fn is_nan(self) -> bool;
}

macro_rules! floats {
    ($($type:ty, $size:literal, $from:expr, $equals:expr, $is_nan:expr;)*) => {$(
        impl Float for $type {
            const SIZE: usize = $size;
            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                let mut array = [0; $size];
                array.copy_from_slice(bytes);
                $from(array)
            }
            #[inline(always)]
            fn equals(self, other: Self) -> bool {
                $equals(self, other)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $is_nan(self)
            }
        }
    )*};
}

/// The bits of a float16: compared as integers, for want of a machine type.
#[derive(Clone, Copy)]
struct Half(u16);

/// A long double of x86, with its padding: sign and exponent in bits 64 to 79, significand below.
#[derive(Clone, Copy)]
struct Extended<const SIZE: usize>(u128);

impl<const SIZE: usize> Extended<SIZE> {
    const BITS: u128 = (1 << 80) - 1;
    const MAGNITUDE: u128 = (1 << 79) - 1;

    fn load(bytes: &[u8]) -> Self {
        let mut array = [0; 16];
        array[..10].copy_from_slice(&bytes[..10]);
        Self(u128::from_le_bytes(array) & Self::BITS)
    }

    /// NaN, or one of the encodings that the machine treats so: the highest exponent with anything
    /// but an infinity's significand, or an exponent without the significand's leading one.
    fn is_nan(self) -> bool {
        let (exponent, significand) = ((self.0 >> 64) as u16 & 0x7FFF, self.0 as u64);
        match exponent {
            0 => false,
            0x7FFF => significand != 1 << 63,
            _ => significand >> 63 == 0,
        }
    }

    fn equals(self, other: Self) -> bool {
        let both_zero = (self.0 | other.0) & Self::MAGNITUDE == 0;
        both_zero || (self.0 == other.0 && !self.is_nan())
    }
}

floats! {
    f32, 4, f32::from_ne_bytes, |a: f32, b: f32| a == b, |a: f32| f32::is_nan(a);
    f64, 8, f64::from_ne_bytes, |a: f64, b: f64| a == b, |a: f64| f64::is_nan(a);
    Half, 2, |array| Half(u16::from_ne_bytes(array)),
        |a: Half, b: Half| ((a.0 | b.0) & 0x7FFF == 0) | ((a.0 == b.0) & (a.0 & 0x7FFF <= 0x7C00)),
        |a: Half| a.0 & 0x7FFF > 0x7C00;
    Extended<12>, 12, |array: [u8; 12]| Extended::load(&array), Extended::equals, Extended::is_nan;
    Extended<16>, 16, |array: [u8; 16]| Extended::load(&array), Extended::equals, Extended::is_nan;
}

/// Numbers are compared so many at a time, without a branch between them.
const LANES: usize = 32;

fn equal_floats<F: Float, const EQUAL_NAN: bool>(a: &[u8], b: &[u8]) -> bool {
    all_pairs(a, b, F::SIZE, |a, b| {
        let (a, b) = (F::load(a), F::load(b));
        a.equals(b) | (EQUAL_NAN & a.is_nan() & b.is_nan())
    })
}

/// As NumPy: a complex number is NaN when one of its parts is.
fn equal_complex<F: Float>(a: &[u8], b: &[u8]) -> bool {
    all_pairs(a, b, 2 * F::SIZE, |a, b| {
        let parts = |bytes: &[u8]| (F::load(&bytes[..F::SIZE]), F::load(&bytes[F::SIZE..]));
        let (a, b) = (parts(a), parts(b));
        let equal = a.0.equals(b.0) & a.1.equals(b.1);
        equal | ((a.0.is_nan() | a.1.is_nan()) & (b.0.is_nan() | b.1.is_nan()))
    })
}

/// Times that are not NaT.
fn equal_times(a: &[u8], b: &[u8]) -> bool {
    all_pairs(a, b, 8, |a, b| (a == b) & (i64::from_ne_bytes(load(a)) != i64::MIN))
}

/// Any byte but zero is true.
fn equal_bools(a: &[u8], b: &[u8]) -> bool {
    all_pairs(a, b, 1, |a, b| (a[0] != 0) == (b[0] != 0))
}

fn same_x87<const SIZE: usize>(a: &[u8], b: &[u8]) -> bool {
    all_pairs(a, b, SIZE, |a, b| a[..10] == b[..10])
}

fn load(bytes: &[u8]) -> [u8; 8] {
    let mut array = [0; 8];
    array.copy_from_slice(bytes);
    array
}

/// Whether `same` holds for every pair of elements of `size` bytes.
#[inline(always)]
fn all_pairs(a: &[u8], b: &[u8], size: usize, same: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    let block = LANES * size;
    a.chunks(block).zip(b.chunks(block)).all(|(a, b)| {
        let pairs = a.chunks_exact(size).zip(b.chunks_exact(size));
        pairs.fold(true, |all, (a, b)| all & same(a, b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{ByteOrder, Source};

    fn floats(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    fn array<'a>(dtype: &DType, shape: &[usize], bytes: &'a [u8]) -> Array<'a> {
        let layout = Layout::contiguous(shape, dtype.itemsize(), Order::C).unwrap();
        Array::new(dtype.clone(), layout, Source::slice(bytes)).unwrap()
    }

    #[test]
    fn floats_have_numpys_meaning() {
        let dtype = DType::from(Scalar::Float64);
        let (a, b) = (floats(&[0.0, 1.0, f64::NAN]), floats(&[-0.0, 1.0, f64::NAN]));
        let (a, b) = (array(&dtype, &[3], &a), array(&dtype, &[3], &b));
        assert!(!equal(&a, &a, false).unwrap());
        assert!(equal(&a, &b, true).unwrap());
        assert!(!identical(&a, &b).unwrap());
        assert!(identical(&a, &a).unwrap());
    }

    #[test]
    fn byte_order_counts_only_for_identical() {
        let little = DType::new(Kind::Scalar(Scalar::Int32), ByteOrder::Little);
        let big = little.with_byte_order(ByteOrder::Big);
        let a = array(&little, &[2], &[1, 2, 3, 4, 5, 6, 7, 8]);
        let b = array(&big, &[2], &[4, 3, 2, 1, 8, 7, 6, 5]);
        assert!(equal(&a, &b, false).unwrap());
        assert!(!identical(&a, &b).unwrap());
    }

    #[test]
    fn every_place_of_a_difference_is_found() {
        let dtype = DType::from(Scalar::UInt16);
        let bytes = vec![7; 100_000];
        let other = array(&dtype, &[100, 500], &bytes);
        for place in [0, 1, 999, 1000, 49_999, 65_536, 99_999] {
            let mut changed = bytes.clone();
            changed[place] ^= 0x80;
            let changed = array(&dtype, &[100, 500], &changed);
            assert!(!equal(&other, &changed, false).unwrap(), "{place}");
            assert!(!identical(&changed.transposed(), &other.transposed()).unwrap(), "{place}");
        }
        assert!(equal(&other, &other.to_owned(), false).unwrap());
    }

    #[test]
    fn halves_and_long_doubles_as_integers() {
        let half = |bits: u16| Half(bits);
        assert!(half(0).equals(half(0x8000)) && !half(0x7C01).equals(half(0x7C01)));
        assert!(half(0x7C00).equals(half(0x7C00)) && half(0xFE00).is_nan());
        let long = |high: u16, low: u64| Extended::<16>(u128::from(high) << 64 | u128::from(low));
        assert!(long(0, 0).equals(long(0x8000, 0)) && !long(0, 1).equals(long(0x8000, 1)));
        assert!(long(0x7FFF, 3 << 62).is_nan() && !long(0x7FFF, 1 << 63).is_nan());
    }
}
