//! Elements as numbers: when two are the same, and how far apart they are.

use half::{bf16, f16};

use super::difference::{DiffOptions, Tally, is_whole};
use crate::array::{DType, Kind, Load, Scalar, whole};

/// Counts what differs in two blocks of elements, of which the first has that flat index, and marks
/// it.
type Count = fn(&Kernel, &[u8], &[u8], usize, &DiffOptions, &mut Tally, &mut [bool]);

/// How elements of two dtypes are compared.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    size: usize,
    bits_are_all: bool,
    count: Count,
    scalars: Option<(Scalar, Scalar)>,
}

impl Kernel {
    /// Whether all elements are the same, bit by bit.
    pub(super) fn same_bits(&self, a: &[u8], b: &[u8]) -> bool {
        self.bits_are_all && a == b
    }

    /// Counts what differs among elements of which the first has the flat index `first`.
    pub(super) fn count(
        &self,
        a: &[u8],
        b: &[u8],
        first: usize,
        options: &DiffOptions,
        tally: &mut Tally,
        differs: &mut [bool],
    ) {
        (self.count)(self, a, b, first, options, tally, differs);
    }
}

/// `None` where elements of these dtypes have nothing in common.
pub(super) fn kernel(a: &DType, b: &DType, _options: &DiffOptions) -> Option<Kernel> {
    let size = a.itemsize();
    let bits = Kernel { size, bits_are_all: true, count: count_bits, scalars: None };
    let numbers = |count| Some(Kernel { count, ..bits });
    match (a.kind(), b.kind()) {
        (Kind::Scalar(one), Kind::Scalar(other)) if one == other => match one {
            Scalar::Bool | Scalar::UInt8 => numbers(count_numbers::<u8>),
            Scalar::Int8 => numbers(count_numbers::<i8>),
            Scalar::Int16 => numbers(count_numbers::<i16>),
            Scalar::Int32 => numbers(count_numbers::<i32>),
            Scalar::Int64 => numbers(count_numbers::<i64>),
            Scalar::UInt16 => numbers(count_numbers::<u16>),
            Scalar::UInt32 => numbers(count_numbers::<u32>),
            Scalar::UInt64 => numbers(count_numbers::<u64>),
            Scalar::Float16 => numbers(count_numbers::<f16>),
            Scalar::BFloat16 => numbers(count_numbers::<bf16>),
            Scalar::Float32 => numbers(count_numbers::<f32>),
            Scalar::Float64 => numbers(count_numbers::<f64>),
            Scalar::Complex64 => numbers(count_numbers::<Pair<f32>>),
            Scalar::Complex128 => numbers(count_numbers::<Pair<f64>>),
            one if one.is_long_double() && super::X87 => Some(Kernel {
                size: one.swap_width(),
                bits_are_all: true,
                count: count_x87,
                scalars: Some((*one, *one)),
            }),
            _ => Some(bits),
        },
        (Kind::Scalar(one), Kind::Scalar(other)) => {
            let converted = Kernel {
                bits_are_all: false,
                count: if is_whole(*one) && is_whole(*other) {
                    count_whole
                } else {
                    count_converted
                },
                scalars: Some((*one, *other)),
                ..bits
            };
            (is_real(*one) && is_real(*other)).then_some(converted)
        }
        (Kind::Datetime64(one), Kind::Datetime64(other))
        | (Kind::Timedelta64(one), Kind::Timedelta64(other))
            if one == other =>
        {
            numbers(count_numbers::<Time>)
        }
        (one, other) if one == other => Some(bits),
        _ => None,
    }
}

fn is_real(scalar: Scalar) -> bool {
    is_whole(scalar)
        || matches!(scalar, Scalar::Float16 | Scalar::BFloat16 | Scalar::Float32 | Scalar::Float64)
}

/// A number as it lies in memory.
trait Number: Load + PartialEq {
    /// The distance between two; what has none is NaN.
    fn distance(self, other: Self) -> f64;
    fn magnitude(self) -> f64;
    fn is_nan(self) -> bool {
        false
    }
    /// Floats between the two, the farther one included.
    fn ulps(self, _other: Self) -> Option<u64> {
        None
    }
}

macro_rules! whole {
    ($($type:ty),*) => {$(
        impl Number for $type {
            #[inline(always)]
            fn distance(self, other: Self) -> f64 {
                self.abs_diff(other) as f64
            }
            #[inline(always)]
            fn magnitude(self) -> f64 {
                (self as f64).abs()
            }
        }
    )*};
}
whole!(u8, i8, u16, i16, u32, i32, u64, i64, i128);

macro_rules! floats {
    ($($type:ty, $bits:ty, $to_f64:expr;)*) => {$(
        impl Number for $type {
            #[inline(always)]
            fn distance(self, other: Self) -> f64 {
                ($to_f64(self) - $to_f64(other)).abs()
            }
            #[inline(always)]
            fn magnitude(self) -> f64 {
                $to_f64(self).abs()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$type>::is_nan(self)
            }
            #[inline(always)]
            fn ulps(self, other: Self) -> Option<u64> {
                // In two's complement floats are ordered as whole numbers, and 0.0 is -0.0.
                let ordinal = |bits: $bits| -> i128 {
                    let magnitude = i128::from(bits & (<$bits>::MAX >> 1));
                    if bits >> (<$bits>::BITS - 1) == 0 { magnitude } else { -magnitude }
                };
                u64::try_from(ordinal(self.to_bits()).abs_diff(ordinal(other.to_bits()))).ok()
            }
        }
    )*};
}
floats! {
    f16, u16, f16::to_f64;
    bf16, u16, bf16::to_f64;
    f32, u32, f64::from;
    f64, u64, (|value: f64| value);
}

/// A complex number.
#[derive(Clone, Copy, PartialEq)]
struct Pair<T>(T, T);

impl<T: Load> Load for Pair<T> {
    const SIZE: usize = 2 * T::SIZE;
    fn load(bytes: &[u8]) -> Self {
        Self(T::load(&bytes[..T::SIZE]), T::load(&bytes[T::SIZE..]))
    }
}

impl<T: Number> Number for Pair<T> {
    fn distance(self, other: Self) -> f64 {
        self.0.distance(other.0).hypot(self.1.distance(other.1))
    }
    fn magnitude(self) -> f64 {
        self.0.magnitude().hypot(self.1.magnitude())
    }
    fn is_nan(self) -> bool {
        self.0.is_nan() || self.1.is_nan()
    }
    fn ulps(self, other: Self) -> Option<u64> {
        self.0.ulps(other.0).max(self.1.ulps(other.1))
    }
}

/// A count of units of time.
#[derive(Clone, Copy, PartialEq)]
struct Time(i64);

impl Load for Time {
    const SIZE: usize = 8;
    fn load(bytes: &[u8]) -> Self {
        Self(i64::load(bytes))
    }
}

impl Number for Time {
    fn distance(self, other: Self) -> f64 {
        self.0.distance(other.0)
    }
    fn magnitude(self) -> f64 {
        self.0.magnitude()
    }
    fn is_nan(self) -> bool {
        self.0 == i64::MIN
    }
}

fn count_numbers<N: Number>(
    _: &Kernel,
    a: &[u8],
    b: &[u8],
    first: usize,
    options: &DiffOptions,
    tally: &mut Tally,
    differs: &mut [bool],
) {
    let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE));
    for ((index, (a, b)), differs) in pairs.enumerate().zip(differs) {
        if a != b {
            *differs = tally.pair(N::load(a), N::load(b), first + index, options);
        }
    }
}

/// Numbers of different dtypes, one of them a float: as float64.
fn count_converted(
    kernel: &Kernel,
    a: &[u8],
    b: &[u8],
    first: usize,
    options: &DiffOptions,
    tally: &mut Tally,
    differs: &mut [bool],
) {
    count_loaded(kernel, a, b, differs, |differs, index, a, b| {
        let same_bits = a.0.to_bits() == b.0.to_bits();
        *differs = !same_bits && tally.pair(a.0, b.0, first + index, options);
    });
}

/// Whole numbers of different dtypes.
fn count_whole(
    kernel: &Kernel,
    a: &[u8],
    b: &[u8],
    first: usize,
    options: &DiffOptions,
    tally: &mut Tally,
    differs: &mut [bool],
) {
    count_loaded(kernel, a, b, differs, |differs, index, a, b| {
        *differs = a.1 != b.1 && tally.pair(a.1, b.1, first + index, options);
    });
}

fn count_loaded(
    kernel: &Kernel,
    a: &[u8],
    b: &[u8],
    differs: &mut [bool],
    mut count: impl FnMut(&mut bool, usize, (f64, i128), (f64, i128)),
) {
    let Some((one, other)) = kernel.scalars else { return };
    let a = a.chunks_exact(one.itemsize());
    let pairs = a.zip(b.chunks_exact(other.itemsize())).enumerate();
    for ((index, (a, b)), differs) in pairs.zip(differs) {
        count(differs, index, loaded(one, a), loaded(other, b));
    }
}

/// A number as float64 and, if it is whole, as that.
fn loaded(scalar: Scalar, bytes: &[u8]) -> (f64, i128) {
    match (whole(scalar, bytes), scalar) {
        (Some(whole), _) => (whole as f64, whole),
        (None, Scalar::Float16) => (f16::load(bytes).to_f64(), 0),
        (None, Scalar::BFloat16) => (bf16::load(bytes).to_f64(), 0),
        (None, Scalar::Float32) => (f32::load(bytes).into(), 0),
        (None, _) => (f64::load(bytes), 0),
    }
}

/// Elements of which only the bits are known.
fn count_bits(
    kernel: &Kernel,
    a: &[u8],
    b: &[u8],
    first: usize,
    _: &DiffOptions,
    tally: &mut Tally,
    differs: &mut [bool],
) {
    if kernel.size == 0 {
        return;
    }
    let pairs = a.chunks_exact(kernel.size).zip(b.chunks_exact(kernel.size));
    for ((index, (a, b)), differs) in pairs.enumerate().zip(differs) {
        if a != b {
            *differs = true;
            tally.count += 1;
            tally.first.get_or_insert(first + index);
        }
    }
}

/// Long doubles of x86: what pads them is nobody's.
fn count_x87(
    kernel: &Kernel,
    a: &[u8],
    b: &[u8],
    first: usize,
    _: &DiffOptions,
    tally: &mut Tally,
    differs: &mut [bool],
) {
    let size = kernel.scalars.map_or(kernel.size, |(scalar, _)| scalar.itemsize());
    let pairs = a.chunks_exact(size).zip(b.chunks_exact(size));
    for ((index, (a, b)), differs) in pairs.enumerate().zip(differs) {
        let mut parts = a.chunks_exact(kernel.size).zip(b.chunks_exact(kernel.size));
        if parts.any(|(a, b)| a[..10] != b[..10]) {
            *differs = true;
            tally.count += 1;
            tally.first.get_or_insert(first + index);
        }
    }
}

impl Tally {
    /// Counts two elements of different bits; whether they differ.
    #[inline(always)]
    fn pair<N: Number>(&mut self, a: N, b: N, index: usize, options: &DiffOptions) -> bool {
        match (a.is_nan(), b.is_nan()) {
            (true, true) if options.equal_nan => return false,
            (false, false) => return self.numbers(a, b, index, options),
            (true, false) => self.nan[0] += 1,
            (false, true) => self.nan[1] += 1,
            (true, true) => self.nan[2] += 1,
        }
        self.differing(index);
        true
    }

    #[inline(always)]
    fn numbers<N: Number>(&mut self, a: N, b: N, index: usize, options: &DiffOptions) -> bool {
        let ulps = a.ulps(b);
        if a == b {
            // Zeros, or parts of complex numbers that are.
            if options.by_value() {
                return false;
            }
            self.zero_signs += 1;
            self.max_abs.get_or_insert(0.0);
            self.differing(index);
            return true;
        }
        let distance = a.distance(b);
        let allowed = options.atol + options.rtol * b.magnitude();
        let near = distance <= allowed && distance.is_finite();
        if options.by_value() && (near || ulps.is_some_and(|ulps| ulps <= options.ulp)) {
            return false;
        }
        self.differing(index);
        let relative = distance / b.magnitude();
        // The distance of infinities of different signs is infinite; of an infinity from itself
        // there is none, but those are equal.
        if self.worst.is_none_or(|(worst, _)| distance > worst) {
            self.worst = Some((distance, index));
        }
        self.max_abs = Some(self.max_abs.map_or(distance, |most| most.max(distance)));
        if !relative.is_nan() {
            self.max_rel = Some(self.max_rel.map_or(relative, |most| most.max(relative)));
        }
        self.max_ulp = self.max_ulp.max(ulps);
        true
    }

    #[inline(always)]
    fn differing(&mut self, index: usize) {
        self.count += 1;
        self.first.get_or_insert(index);
    }
}
