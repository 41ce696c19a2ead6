//! Elements as numbers, whatever their dtype: for statistics and pictures.

use half::{bf16, f16};

use super::Array;
use super::dtype::Kind;
use super::scalar::Scalar;
use crate::error::{DecodeError, Result};

/// Blocks of about so many bytes are converted at a time.
const BLOCK: usize = 64 << 10;

/// On x86, long doubles use ten of their twelve or sixteen bytes.
pub(crate) const X87: bool = cfg!(any(target_arch = "x86", target_arch = "x86_64"));

/// Elements of an array as numbers, side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers<'a> {
    /// Signed integers; points and spans of time as counts of their unit, NaT as `i64::MIN`.
    Signed(&'a [i64]),
    /// Unsigned integers, and booleans as 0 and 1.
    Unsigned(&'a [u64]),
    /// Floats, exact but for long doubles, which are rounded; complex numbers by their magnitude.
    Real(&'a [f64]),
}

impl Numbers<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Signed(numbers) => numbers.len(),
            Self::Unsigned(numbers) => numbers.len(),
            Self::Real(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Array<'_> {
    /// Gives all elements as numbers to `take`, in C order, some thousand at a time: little memory is
    /// used, however large the array is.
    ///
    /// # Errors
    /// When the elements are text, structures, objects or bytes without a meaning.
    ///
    /// ```
    /// use ndbytes::{Array, Numbers};
    /// let array = Array::from_slice(&[3_i16, -4, 5], &[3])?;
    /// let mut sum = 0;
    /// array.numbers(|numbers| {
    ///     if let Numbers::Signed(numbers) = numbers {
    ///         sum += numbers.iter().sum::<i64>();
    ///     }
    /// })?;
    /// assert_eq!(sum, 4);
    /// # Ok::<(), ndbytes::DecodeError>(())
    /// ```
    pub fn numbers(&self, mut take: impl FnMut(Numbers<'_>)) -> Result<()> {
        let mut convert = converter(self.dtype().kind()).ok_or_else(|| {
            DecodeError::unsupported(format!("{} elements are no numbers", self.dtype()))
        })?;
        let blocks = self.layout().blocks(BLOCK);
        let mut scratch = Vec::new();
        for block in (0..blocks.len()).map(|index| blocks.block(index)) {
            take(convert.numbers(self.native_bytes(&block, &mut scratch)));
        }
        Ok(())
    }
}

/// What turns the bytes of native elements into numbers, and the memory for them.
pub(crate) enum Converter {
    Signed(fn(&[u8], &mut Vec<i64>), Vec<i64>),
    Unsigned(fn(&[u8], &mut Vec<u64>), Vec<u64>),
    Real(fn(Scalar, &[u8], &mut Vec<f64>), Scalar, Vec<f64>),
}

impl Converter {
    pub(crate) fn numbers(&mut self, bytes: &[u8]) -> Numbers<'_> {
        match self {
            Self::Signed(convert, numbers) => {
                numbers.clear();
                convert(bytes, numbers);
                Numbers::Signed(numbers)
            }
            Self::Unsigned(convert, numbers) => {
                numbers.clear();
                convert(bytes, numbers);
                Numbers::Unsigned(numbers)
            }
            Self::Real(convert, scalar, numbers) => {
                numbers.clear();
                convert(*scalar, bytes, numbers);
                Numbers::Real(numbers)
            }
        }
    }
}

/// `None` where elements are no numbers.
pub(crate) fn converter(kind: &Kind) -> Option<Converter> {
    let signed = |convert| Some(Converter::Signed(convert, Vec::new()));
    let unsigned = |convert| Some(Converter::Unsigned(convert, Vec::new()));
    let scalar = match kind {
        Kind::Scalar(scalar) => *scalar,
        Kind::Datetime64(_) | Kind::Timedelta64(_) => return signed(each::<i64, _>),
        _ => return None,
    };
    let floats = |convert| Some(Converter::Real(convert, scalar, Vec::new()));
    match scalar {
        Scalar::Bool => unsigned(|bytes, out| {
            out.extend(bytes.iter().map(|&byte| u64::from(byte != 0)));
        }),
        Scalar::Int8 => signed(each::<i8, _>),
        Scalar::Int16 => signed(each::<i16, _>),
        Scalar::Int32 => signed(each::<i32, _>),
        Scalar::Int64 => signed(each::<i64, _>),
        Scalar::UInt8 => unsigned(each::<u8, _>),
        Scalar::UInt16 => unsigned(each::<u16, _>),
        Scalar::UInt32 => unsigned(each::<u32, _>),
        Scalar::UInt64 => unsigned(each::<u64, _>),
        Scalar::Int1 => signed(|bytes, out| out.extend(bytes.iter().map(|&b| low_bits(b, 1)))),
        Scalar::Int2 => signed(|bytes, out| out.extend(bytes.iter().map(|&b| low_bits(b, 2)))),
        Scalar::Int4 => signed(|bytes, out| out.extend(bytes.iter().map(|&b| low_bits(b, 4)))),
        Scalar::UInt1 => unsigned(|bytes, out| out.extend(bytes.iter().map(|b| u64::from(b & 1)))),
        Scalar::UInt2 => unsigned(|bytes, out| out.extend(bytes.iter().map(|b| u64::from(b & 3)))),
        Scalar::UInt4 => unsigned(|bytes, out| out.extend(bytes.iter().map(|b| u64::from(b & 15)))),
        Scalar::Float32 => floats(|_, bytes, out| each::<f32, _>(bytes, out)),
        Scalar::Float64 => floats(|_, bytes, out| each::<f64, _>(bytes, out)),
        _ => floats(|scalar, bytes, out| {
            out.extend(bytes.chunks_exact(scalar.itemsize()).map(|bytes| real(scalar, bytes)));
        }),
    }
}

fn each<T: Load, N: From<T>>(bytes: &[u8], out: &mut Vec<N>) {
    out.extend(bytes.chunks_exact(T::SIZE).map(|bytes| N::from(T::load(bytes))));
}

/// A number as it lies in memory, in this machine's byte order.
pub(crate) trait Load: Copy {
    const SIZE: usize;
    fn load(bytes: &[u8]) -> Self;
}

macro_rules! loads {
    ($($type:ty, $from:expr;)*) => {$(
        impl Load for $type {
            const SIZE: usize = size_of::<$type>();
            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$type>()];
                array.copy_from_slice(bytes);
                $from(array)
            }
        }
    )*};
}
loads! {
    u8, u8::from_ne_bytes; i8, i8::from_ne_bytes; u16, u16::from_ne_bytes; i16, i16::from_ne_bytes;
    u32, u32::from_ne_bytes; i32, i32::from_ne_bytes; u64, u64::from_ne_bytes;
    i64, i64::from_ne_bytes; i128, i128::from_ne_bytes;
    f32, f32::from_ne_bytes; f64, f64::from_ne_bytes;
    f16, f16::from_ne_bytes; bf16, bf16::from_ne_bytes;
}

/// A whole number, where the scalar is one.
pub(super) fn whole(scalar: Scalar, bytes: &[u8]) -> Option<i128> {
    Some(match scalar {
        Scalar::Bool => i128::from(bytes[0] != 0),
        Scalar::UInt8 => i128::from(bytes[0]),
        Scalar::Int8 => i8::load(bytes).into(),
        Scalar::Int16 => i16::load(bytes).into(),
        Scalar::Int32 => i32::load(bytes).into(),
        Scalar::Int64 => i64::load(bytes).into(),
        Scalar::UInt16 => u16::load(bytes).into(),
        Scalar::UInt32 => u32::load(bytes).into(),
        Scalar::UInt64 => u64::load(bytes).into(),
        Scalar::Int1 => low_bits(bytes[0], 1).into(),
        Scalar::Int2 => low_bits(bytes[0], 2).into(),
        Scalar::Int4 => low_bits(bytes[0], 4).into(),
        Scalar::UInt1 => i128::from(bytes[0] & 1),
        Scalar::UInt2 => i128::from(bytes[0] & 3),
        Scalar::UInt4 => i128::from(bytes[0] & 15),
        _ => return None,
    })
}

/// The lowest bits of a byte as a signed number.
fn low_bits(byte: u8, bits: u32) -> i64 {
    i64::from((byte << (8 - bits)) as i8 >> (8 - bits))
}

/// A scalar that is not whole as float64: complex ones by their magnitude.
fn real(scalar: Scalar, bytes: &[u8]) -> f64 {
    match parts(scalar, bytes) {
        (re, None) => re,
        (re, Some(im)) => re.hypot(im),
    }
}

/// The real part of a number and, of a complex one, the imaginary part.
pub(crate) fn parts(scalar: Scalar, bytes: &[u8]) -> (f64, Option<f64>) {
    let half = bytes.len() / 2;
    let pair = |load: fn(&[u8]) -> f64| (load(&bytes[..half]), Some(load(&bytes[half..])));
    match scalar {
        Scalar::Float16 => (f16::load(bytes).to_f64(), None),
        Scalar::BFloat16 => (bf16::load(bytes).to_f64(), None),
        Scalar::Float32 => (f32::load(bytes).into(), None),
        Scalar::Float64 => (f64::load(bytes), None),
        Scalar::LongDouble96 | Scalar::LongDouble128 => (long_double(bytes), None),
        Scalar::Complex32 => pair(|bytes| f16::load(bytes).to_f64()),
        Scalar::BComplex32 => pair(|bytes| bf16::load(bytes).to_f64()),
        Scalar::Complex64 => pair(|bytes| f32::load(bytes).into()),
        Scalar::Complex128 => pair(f64::load),
        Scalar::CLongDouble192 | Scalar::CLongDouble256 => pair(long_double),
        _ => match (SMALL_FLOATS.iter().find(|row| row.0 == scalar), whole(scalar, bytes)) {
            (Some((_, float)), _) => (float.value(bytes[0]), None),
            (None, Some(number)) => (number as f64, None),
            (None, None) => (f64::NAN, None),
        },
    }
}

/// A long double of this machine, rounded: 80 bits on x86, IEEE 754's 128 elsewhere.
fn long_double(bytes: &[u8]) -> f64 {
    let mut array = [0; 16];
    array[..bytes.len()].copy_from_slice(bytes);
    let bits = u128::from_ne_bytes(array);
    let (bits, fraction_bits) = if X87 { (bits & ((1 << 80) - 1), 63) } else { (bits, 112) };
    // x86 spells out the leading one of its significands.
    let exponent = (bits >> (if X87 { 64 } else { 112 })) as i32;
    let (negative, exponent) = (exponent >> 15 == 1, exponent & 0x7FFF);
    let stored = bits & ((1 << (if X87 { 64 } else { 112 })) - 1);
    let leading = 1_u128 << fraction_bits;
    let significand = match exponent {
        0 => stored,
        _ if X87 => stored,
        _ => stored | leading,
    };
    let magnitude = match exponent {
        0x7FFF if significand == leading => f64::INFINITY,
        0x7FFF => f64::NAN,
        // x86 takes these encodings for no number.
        1.. if X87 && significand < leading => f64::NAN,
        _ => scaled(significand as f64, exponent.max(1) - 16383 - fraction_bits),
    };
    if negative { -magnitude } else { magnitude }
}

/// `value * 2^exponent`, where the power may be none of a float64.
fn scaled(value: f64, exponent: i32) -> f64 {
    let (half, rest) = (exponent / 2, exponent - exponent / 2);
    value * 2_f64.powi(half) * 2_f64.powi(rest)
}

/// A float of at most a byte.
struct SmallFloat {
    /// Bits of the exponent and of the fraction; the sign, if there is one, is above them.
    exponent: u32,
    fraction: u32,
    bias: i32,
    special: Special,
}

/// Which bits of a small float are no finite number.
#[derive(Clone, Copy, PartialEq)]
enum Special {
    /// As IEEE 754: the highest exponent.
    Ieee,
    /// NaN where all bits but the sign are ones.
    AllOnes,
    /// NaN in the place of -0.0.
    NegativeZero,
    Nothing,
}

/// Source: the names say it: exponent and fraction bits, `fn` for finite, `uz` for one zero.
const SMALL_FLOATS: [(Scalar, SmallFloat); 11] = [
    (Scalar::Float8E3M4, SmallFloat::new(3, 4, 3, Special::Ieee)),
    (Scalar::Float8E4M3, SmallFloat::new(4, 3, 7, Special::Ieee)),
    (Scalar::Float8E4M3B11Fnuz, SmallFloat::new(4, 3, 11, Special::NegativeZero)),
    (Scalar::Float8E4M3Fn, SmallFloat::new(4, 3, 7, Special::AllOnes)),
    (Scalar::Float8E4M3Fnuz, SmallFloat::new(4, 3, 8, Special::NegativeZero)),
    (Scalar::Float8E5M2, SmallFloat::new(5, 2, 15, Special::Ieee)),
    (Scalar::Float8E5M2Fnuz, SmallFloat::new(5, 2, 16, Special::NegativeZero)),
    (Scalar::Float8E8M0Fnu, SmallFloat::new(8, 0, 127, Special::AllOnes)),
    (Scalar::Float6E2M3Fn, SmallFloat::new(2, 3, 1, Special::Nothing)),
    (Scalar::Float6E3M2Fn, SmallFloat::new(3, 2, 3, Special::Nothing)),
    (Scalar::Float4E2M1Fn, SmallFloat::new(2, 1, 1, Special::Nothing)),
];

impl SmallFloat {
    const fn new(exponent: u32, fraction: u32, bias: i32, special: Special) -> Self {
        Self { exponent, fraction, bias, special }
    }

    fn value(&self, byte: u8) -> f64 {
        let below_sign = self.exponent + self.fraction;
        let negative = below_sign < 8 && byte >> below_sign & 1 == 1;
        let magnitude = u32::from(byte) & ((1 << below_sign) - 1);
        let fraction = magnitude & ((1 << self.fraction) - 1);
        let exponent = (magnitude >> self.fraction) as i32;
        let highest = (1 << self.exponent) - 1;
        let value = match self.special {
            Special::NegativeZero if negative && magnitude == 0 => return f64::NAN,
            Special::AllOnes if magnitude == (1 << below_sign) - 1 => return f64::NAN,
            Special::Ieee if exponent == highest && fraction > 0 => return f64::NAN,
            Special::Ieee if exponent == highest => f64::INFINITY,
            // Without a fraction there is no zero, either.
            _ if exponent == 0 && self.fraction > 0 => {
                scaled(fraction.into(), 1 - self.bias - self.fraction as i32)
            }
            _ => {
                let significand = 1 << self.fraction | fraction;
                scaled(significand.into(), exponent - self.bias - self.fraction as i32)
            }
        };
        if negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{ByteOrder, DType, Layout, Order, Source};

    fn array<'a>(typestr: &str, shape: &[usize], bytes: &'a [u8]) -> Array<'a> {
        let dtype = DType::from_typestr(typestr).unwrap();
        let layout = Layout::contiguous(shape, dtype.itemsize(), Order::C).unwrap();
        Array::new(dtype, layout, Source::slice(bytes)).unwrap()
    }

    fn all(array: &Array<'_>) -> Vec<f64> {
        let mut found = Vec::new();
        array
            .numbers(|numbers| match numbers {
                Numbers::Signed(numbers) => found.extend(numbers.iter().map(|&n| n as f64)),
                Numbers::Unsigned(numbers) => found.extend(numbers.iter().map(|&n| n as f64)),
                Numbers::Real(numbers) => found.extend_from_slice(numbers),
            })
            .unwrap();
        found
    }

    #[test]
    fn every_scalar_is_a_number() {
        for scalar in Scalar::all() {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let bytes = vec![0; 3 * scalar.itemsize()];
                let dtype = DType::new(Kind::Scalar(scalar), order);
                let layout = Layout::contiguous(&[3], scalar.itemsize(), Order::C).unwrap();
                let array = Array::new(dtype, layout, Source::slice(&bytes)).unwrap();
                // This one has no zero: the least is a power of two.
                let zero = if scalar == Scalar::Float8E8M0Fnu { 2_f64.powi(-127) } else { 0.0 };
                assert_eq!(all(&array), [zero; 3], "{scalar:?}");
            }
        }
        assert!(array("S3", &[1], b"abc").numbers(|_| ()).is_err());
    }

    #[test]
    fn byte_orders_and_layouts() {
        assert_eq!(all(&array(">i2", &[2], &[0xFF, 0xFE, 1, 0])), [-2.0, 256.0]);
        assert_eq!(all(&array("|b1", &[3], &[0, 1, 7])), [0.0, 1.0, 1.0]);
        let dtype = DType::from_typestr("u1").unwrap();
        let layout = Layout::contiguous(&[2, 3], 1, Order::F).unwrap();
        let turned = Array::new(dtype, layout, Source::slice(&[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(all(&turned), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        let bytes: Vec<u8> = (0..300_000_u32).flat_map(|i| i.to_be_bytes()).collect();
        let many = all(&array(">u4", &[300, 1000], &bytes));
        assert!(many.iter().enumerate().all(|(i, &value)| value == i as f64));
        assert_eq!(many.len(), 300_000);
    }

    /// The largest number, the least and one of each, as the formats' papers have them.
    #[test]
    fn small_floats() {
        let value = |typestr, byte| all(&array(typestr, &[1], &[byte]))[0];
        for (typestr, byte, number) in [
            ("float8_e3m4", 0x6F, 15.5),
            ("float8_e4m3", 0x77, 240.0),
            ("float8_e4m3", 0x78, f64::INFINITY),
            ("float8_e4m3b11fnuz", 0x7F, 30.0),
            ("float8_e4m3fn", 0x7E, 448.0),
            ("float8_e4m3fn", 0x01, 2_f64.powi(-9)),
            ("float8_e4m3fnuz", 0x7F, 240.0),
            ("float8_e5m2", 0x7B, 57344.0),
            ("float8_e5m2", 0xFC, f64::NEG_INFINITY),
            ("float8_e5m2", 0x01, 2_f64.powi(-16)),
            ("float8_e5m2fnuz", 0x7F, 57344.0),
            ("float8_e8m0fnu", 0x7F, 1.0),
            ("float8_e8m0fnu", 0xFE, 2_f64.powi(127)),
            ("float6_e2m3fn", 0x1F, 7.5),
            ("float6_e2m3fn", 0x20, -0.0),
            ("float6_e3m2fn", 0x1F, 28.0),
            ("float4_e2m1fn", 0x0F, -6.0),
            ("int4", 0x08, -8.0),
            ("int2", 0x01, 1.0),
            ("uint4", 0x0F, 15.0),
        ] {
            assert_eq!(value(typestr, byte).to_bits(), number.to_bits(), "{typestr} {byte:#x}");
        }
        for (typestr, byte) in [
            ("float8_e3m4", 0x71),
            ("float8_e4m3fn", 0x7F),
            ("float8_e4m3fnuz", 0x80),
            ("float8_e5m2fnuz", 0x80),
            ("float8_e8m0fnu", 0xFF),
        ] {
            assert!(value(typestr, byte).is_nan(), "{typestr}");
        }
    }

    #[test]
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    fn long_doubles_are_rounded() {
        let long = |exponent: u16, significand: u64| {
            let mut bytes = [0xAA; 16];
            bytes[..8].copy_from_slice(&significand.to_le_bytes());
            bytes[8..10].copy_from_slice(&exponent.to_le_bytes());
            all(&array("<f16", &[1], &bytes))[0]
        };
        assert_eq!(long(0x3FFF, 1 << 63), 1.0);
        assert_eq!(long(0xC000, 3 << 62), -3.0);
        assert_eq!(long(0x7FFF, 1 << 63), f64::INFINITY);
        assert_eq!(long(0x7FFE, u64::MAX), f64::INFINITY);
        assert_eq!(long(0x3FFF - 1074, 1 << 63), f64::from_bits(1));
        assert_eq!(long(0, 1), 0.0);
        assert!(long(0x7FFF, 3 << 62).is_nan() && long(0x3FFF, 1).is_nan());
    }

    #[test]
    fn magnitudes_of_complex_numbers() {
        let bytes: Vec<u8> = [3.0_f32, -4.0].iter().flat_map(|part| part.to_be_bytes()).collect();
        assert_eq!(all(&array(">c8", &[1], &bytes)), [5.0]);
    }
}
