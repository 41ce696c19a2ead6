//! The ways in which bytes can be read as numbers.

use half::{bf16, f16};

use crate::array::{BaseUnit, ByteOrder, DType, Kind, Scalar, TimeUnit};

/// What the elements may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    /// Numbers of one part or two (complex), in one byte order.
    Number {
        scalar: Scalar,
        big: bool,
    },
    Time {
        unit: BaseUnit,
        big: bool,
    },
    /// Byte strings of one length.
    Bytes {
        len: usize,
    },
    /// Strings of four bytes a code point.
    Text {
        chars: usize,
        big: bool,
    },
    /// Nothing that could be told from noise.
    Noise,
}

/// Numbers that are weighed, in the order in which equal ones are listed.
const SCALARS: [Scalar; 15] = [
    Scalar::Bool,
    Scalar::UInt8,
    Scalar::Int8,
    Scalar::Int16,
    Scalar::UInt16,
    Scalar::Int32,
    Scalar::UInt32,
    Scalar::Int64,
    Scalar::UInt64,
    Scalar::Float16,
    Scalar::Float32,
    Scalar::Float64,
    Scalar::Complex64,
    Scalar::Complex128,
    Scalar::BFloat16,
];

impl Reading {
    /// Every number there is, in both byte orders.
    pub(super) fn numbers() -> impl Iterator<Item = Self> {
        SCALARS.into_iter().flat_map(|scalar| {
            [false, true].into_iter().filter_map(move |big| {
                // bfloat16 has no name in the other byte order, and single bytes have no order.
                let once = scalar.itemsize() == 1 || scalar == Scalar::BFloat16;
                (!once || !big).then_some(Self::Number { scalar, big })
            })
        })
    }

    pub(super) fn dtype(self) -> DType {
        let order = |big| if big { ByteOrder::Big } else { ByteOrder::Little };
        match self {
            Self::Number { scalar, big } => DType::new(Kind::Scalar(scalar), order(big)),
            Self::Time { unit, big } => {
                let unit =
                    TimeUnit::new(unit, 1).map_or(Kind::Scalar(Scalar::Int64), Kind::Datetime64);
                DType::new(unit, order(big))
            }
            Self::Bytes { len } => DType::native(Kind::Bytes { len }),
            Self::Text { chars, big } => DType::new(Kind::Str { chars }, order(big)),
            Self::Noise => DType::from(Scalar::UInt8),
        }
    }

    /// Bytes per element.
    pub(super) fn itemsize(self) -> usize {
        match self {
            Self::Number { scalar, .. } => scalar.itemsize(),
            Self::Time { .. } => 8,
            Self::Bytes { len } => len,
            Self::Text { chars, .. } => 4 * chars,
            Self::Noise => 1,
        }
    }

    /// The bytes that hold one number, and whether the most significant comes first.
    pub(super) fn part(self) -> (usize, bool) {
        match self {
            Self::Number { scalar, big } => (scalar.swap_width(), big),
            Self::Time { big, .. } => (8, big),
            Self::Text { big, .. } => (4, big),
            Self::Bytes { .. } | Self::Noise => (1, false),
        }
    }
}

/// Whole numbers of this size, or the two's complement of them.
pub(super) fn integer(bits: u64, size: usize, signed: bool) -> i128 {
    let unused = 64 - 8 * size as u32;
    match signed {
        true => i128::from(((bits << unused) as i64) >> unused),
        false => i128::from(bits),
    }
}

/// A floating-point format: how its bits are split.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatFormat {
    pub(super) size: usize,
    /// Bits of the significand that are stored.
    pub(super) mantissa: u32,
    pub(super) exponent: u32,
}

impl FloatFormat {
    /// The format of a scalar, or of the parts of a complex one.
    pub(super) fn of(scalar: Scalar) -> Option<Self> {
        let (size, mantissa, exponent) = match scalar {
            Scalar::Float16 => (2, 10, 5),
            Scalar::BFloat16 => (2, 7, 8),
            Scalar::Float32 | Scalar::Complex64 => (4, 23, 8),
            Scalar::Float64 | Scalar::Complex128 => (8, 52, 11),
            _ => return None,
        };
        Some(Self { size, mantissa, exponent })
    }

    pub(super) fn value(self, bits: u64) -> f64 {
        match (self.size, self.mantissa) {
            (2, 7) => bf16::from_bits(bits as u16).to_f64(),
            (2, _) => f16::from_bits(bits as u16).to_f64(),
            (4, _) => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        }
    }

    /// `value` rounded to this format.
    pub(super) fn rounded(self, value: f64) -> f64 {
        match (self.size, self.mantissa) {
            (2, 7) => bf16::from_f64(value).to_f64(),
            (2, _) => f16::from_f64(value).to_f64(),
            (4, _) => f64::from(value as f32),
            _ => value,
        }
    }

    /// The exponent as it is stored: 0 for zeros and subnormals, all ones for what is not finite.
    pub(super) fn stored_exponent(self, bits: u64) -> u64 {
        bits >> self.mantissa & self.most_exponent()
    }

    pub(super) fn most_exponent(self) -> u64 {
        (1 << self.exponent) - 1
    }

    pub(super) fn stored_mantissa(self, bits: u64) -> u64 {
        bits & ((1 << self.mantissa) - 1)
    }

    /// The place of a value among all that there are, zero in the middle.
    pub(super) fn place(self, bits: u64) -> u64 {
        let sign = 1_u64 << (8 * self.size - 1);
        let magnitude = bits & !sign;
        if bits & sign == 0 { sign + magnitude } else { sign - magnitude }
    }
}
