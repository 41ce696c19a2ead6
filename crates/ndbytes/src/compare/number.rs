//! Elements as numbers: when two are the same, and how far apart they are.

use std::borrow::Cow;
use std::marker::PhantomData;

use bytemuck::cast_slice;
use half::{bf16, f16};

use super::difference::DiffOptions;
use super::tally::Tally;
use crate::array::{DType, Kind, Load, Numbers, Scalar, converter};
use crate::wide::{Work, wide};

/// Elements of both arrays, side by side; the first has this flat index. Those that differ are marked.
pub(super) struct Pairs<'p> {
    pub(super) a: &'p [u8],
    pub(super) b: &'p [u8],
    pub(super) first: usize,
    pub(super) differs: &'p mut [bool],
}

type Count = fn(&Kernel, Pairs<'_>, &DiffOptions, &mut Tally);

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

    /// Counts what differs.
    pub(super) fn count(&self, pairs: Pairs<'_>, options: &DiffOptions, tally: &mut Tally) {
        (self.count)(self, pairs, options, tally);
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
                count: count_converted,
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
pub(super) trait Number: Load + PartialEq {
    /// Whether there are floats between two.
    const IS_FLOAT: bool = false;
    /// The greatest distances so far, as others are held against them.
    type Bound: Copy;
    /// The distance between two; what has none is NaN.
    fn distance(self, other: Self) -> f64;
    fn magnitude(self) -> f64;
    fn bound(most: Most) -> Self::Bound;
    /// Whether two plain numbers may be farther apart than any so far, in any way: never `false` where
    /// they are, and seldom `true` where they are not. It takes no division and no root.
    fn may_exceed(self, other: Self, bound: Self::Bound) -> bool;
    fn is_nan(self) -> bool {
        false
    }
    /// Whether two numbers of different bits are near enough to be the same.
    #[inline(always)]
    fn is_near(self, other: Self, options: &DiffOptions) -> bool {
        let distance = self.distance(other);
        let near = distance <= options.atol + options.rtol * other.magnitude();
        // No tolerance makes an infinity near anything.
        near & (distance < f64::INFINITY) | (Self::IS_FLOAT & (self.gap(other) <= options.ulp))
    }
    /// Whether it has a distance from every other plain number.
    fn is_plain(self) -> bool {
        true
    }
    fn same_bits(self, other: Self) -> bool {
        self == other
    }
    /// Floats between the two, the farther one included.
    fn gap(self, _other: Self) -> u64 {
        0
    }
}

/// The greatest distances so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Most {
    pub(super) abs: f64,
    pub(super) rel: f64,
    pub(super) ulp: u64,
}

/// Whether a distance is more than `abs`, or may be more than `rel` as a share of the magnitude: if
/// the share is more when it is rounded, it is more as it is, and then the distance is no less than
/// the rounded product.
macro_rules! exceeds {
    ($distance:expr, $magnitude:expr, $abs:expr, $rel:expr) => {{
        let distance = $distance;
        (distance > $abs) | ((distance >= $rel * $magnitude) & (distance > 0.0))
    }};
}

macro_rules! whole {
    ($($float:ident: $($type:ty),*;)*) => {$($(
        impl Number for $type {
            type Bound = ($float, $float);
            #[inline(always)]
            fn distance(self, other: Self) -> f64 {
                self.abs_diff(other) as f64
            }
            #[inline(always)]
            fn magnitude(self) -> f64 {
                (self as f64).abs()
            }
            fn bound(most: Most) -> Self::Bound {
                // `f32` holds what two bytes do, but no shares: it gets a little less.
                let slack = if size_of::<$float>() == 4 { 1.0 - 1e-6 } else { 1.0 };
                (most.abs as $float, (most.rel * slack) as $float)
            }
            #[inline(always)]
            fn may_exceed(self, other: Self, (abs, rel): Self::Bound) -> bool {
                exceeds!(self.abs_diff(other) as $float, (other as $float).abs(), abs, rel)
            }
        }
    )*)*};
}
whole! {
    f32: u8, i8, u16, i16;
    f64: u32, i32, u64, i64, i128;
}

macro_rules! floats {
    ($($type:ty, $bits:ty, $whole:ty, $to_f64:expr;)*) => {$(
        impl Steps for $type {
            const SQUARES_FIT: bool = size_of::<$type>() < size_of::<f64>();
            type Count = $bits;
            fn count(steps: u64) -> $bits {
                steps.try_into().unwrap_or(<$bits>::MAX)
            }
            #[inline(always)]
            fn steps(self, other: Self) -> $bits {
                // In two's complement floats are ordered as whole numbers, and 0.0 is -0.0.
                let ordinal = |bits: $bits| -> $whole {
                    let sign = bits as $whole >> (<$bits>::BITS - 1);
                    ((bits & (<$bits>::MAX >> 1)) as $whole ^ sign).wrapping_sub(sign)
                };
                ordinal(self.to_bits()).abs_diff(ordinal(other.to_bits()))
            }
        }

        impl Number for $type {
            const IS_FLOAT: bool = true;
            type Bound = (f64, f64, $bits);
            #[inline(always)]
            fn distance(self, other: Self) -> f64 {
                ($to_f64(self) - $to_f64(other)).abs()
            }
            #[inline(always)]
            fn magnitude(self) -> f64 {
                $to_f64(self).abs()
            }
            fn bound(most: Most) -> Self::Bound {
                (most.abs, most.rel, Self::count(most.ulp))
            }
            #[inline(always)]
            fn may_exceed(self, other: Self, (abs, rel, ulp): Self::Bound) -> bool {
                let far = exceeds!(self.distance(other), other.magnitude(), abs, rel);
                far | (self.steps(other) > ulp)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$type>::is_nan(self)
            }
            #[inline(always)]
            fn is_plain(self) -> bool {
                let exponents = <$type>::INFINITY.to_bits();
                self.to_bits() & exponents != exponents
            }
            #[inline(always)]
            fn same_bits(self, other: Self) -> bool {
                self.to_bits() == other.to_bits()
            }
            #[inline(always)]
            fn gap(self, other: Self) -> u64 {
                self.steps(other).into()
            }
        }
    )*};
}
floats! {
    f16, u16, i16, f16::to_f64;
    bf16, u16, i16, bf16::to_f64;
    f32, u32, i32, f64::from;
    f64, u64, i64, (|value: f64| value);
}

/// A float among its neighbours.
pub(super) trait Steps: Copy {
    /// Whether squares of all its numbers are float64, neither too large nor too small.
    const SQUARES_FIT: bool;
    type Count: Copy + PartialOrd;
    /// So many, as they are counted here.
    fn count(steps: u64) -> Self::Count;
    /// Floats between the two, the farther one included.
    fn steps(self, other: Self) -> Self::Count;
}

/// A complex number.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Pair<T>(pub(super) T, pub(super) T);

impl<T: Load> Load for Pair<T> {
    const SIZE: usize = 2 * T::SIZE;
    #[inline(always)]
    fn load(bytes: &[u8]) -> Self {
        Self(T::load(&bytes[..T::SIZE]), T::load(&bytes[T::SIZE..]))
    }
}

impl<T: Number + Steps> Number for Pair<T> {
    const IS_FLOAT: bool = true;
    type Bound = PairBound<T>;
    fn distance(self, other: Self) -> f64 {
        // Of equal infinities there is no difference.
        let part = |one: T, other: T| if one == other { 0.0 } else { one.distance(other) };
        length(part(self.0, other.0), part(self.1, other.1))
    }
    fn magnitude(self) -> f64 {
        length(self.0.magnitude(), self.1.magnitude())
    }
    fn bound(most: Most) -> PairBound<T> {
        // The square of a share so large says nothing, but for that nothing is more than infinity.
        let rel = if most.rel < LARGE || most.rel.is_infinite() { most.rel } else { 0.0 };
        PairBound {
            abs: most_square(most.abs),
            // A little less, so that rounding hides none.
            rel: rel * rel * (1.0 - 1e-14),
            tiny: if most.rel.is_infinite() { 0.0 } else { TINY },
            ulp: T::count(most.ulp),
        }
    }
    #[inline(always)]
    fn may_exceed(self, other: Self, bound: PairBound<T>) -> bool {
        let distance = square(self.0.distance(other.0), self.1.distance(other.1));
        let magnitude = square(other.0.magnitude(), other.1.magnitude());
        // What is lost of squares next to nothing is less than what is added.
        let far = (distance > bound.abs)
            | (distance + 1e-10 * TINY >= bound.rel * magnitude)
            | (!T::SQUARES_FIT & (magnitude < bound.tiny))
            | (self.0.steps(other.0) > bound.ulp)
            | (self.1.steps(other.1) > bound.ulp);
        far & !self.same_bits(other)
    }
    fn is_nan(self) -> bool {
        self.0.is_nan() || self.1.is_nan()
    }
    #[inline(always)]
    fn is_plain(self) -> bool {
        // The squares of larger ones may be infinite.
        let fits = |part: T| match T::SQUARES_FIT {
            true => part.is_plain(),
            false => part.magnitude() < LARGE,
        };
        fits(self.0) & fits(self.1)
    }
    #[inline(always)]
    fn same_bits(self, other: Self) -> bool {
        self.0.same_bits(other.0) & self.1.same_bits(other.1)
    }
    fn gap(self, other: Self) -> u64 {
        self.0.gap(other.0).max(self.1.gap(other.1))
    }
}

/// Squares of numbers below this are finite, and so are products of two of them.
const LARGE: f64 = 1e75;
/// Squares below this may have lost digits.
const TINY: f64 = 1e-290;

/// Squares of the greatest distances so far.
#[derive(Clone, Copy)]
pub(super) struct PairBound<T: Steps> {
    abs: f64,
    rel: f64,
    /// Of magnitudes whose squares are less, shares are not told from the squares.
    tiny: f64,
    ulp: T::Count,
}

#[inline(always)]
fn square(one: f64, other: f64) -> f64 {
    one * one + other * other
}

/// Of two parts at a right angle.
fn length(one: f64, other: f64) -> f64 {
    let square = square(one, other);
    match (TINY..LARGE * LARGE).contains(&square) {
        true => square.sqrt(),
        false => one.hypot(other),
    }
}

/// The greatest square of which the root is no more than a length, so that what is as long is not
/// taken for longer; less where lengths are no roots of squares, and less than all where squares do not
/// tell.
fn most_square(length: f64) -> f64 {
    let mut most = length * length;
    if !(4.0 * TINY..LARGE * LARGE).contains(&most) {
        return if most < 1.0 { -1.0 } else { most * (1.0 - 1e-14) };
    }
    while most.sqrt() > length {
        most = most.next_down();
    }
    while most.next_up().sqrt() <= length {
        most = most.next_up();
    }
    most
}

/// A count of units of time.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Time(i64);

impl Load for Time {
    const SIZE: usize = 8;
    #[inline(always)]
    fn load(bytes: &[u8]) -> Self {
        Self(i64::load(bytes))
    }
}

impl Number for Time {
    type Bound = <i64 as Number>::Bound;
    fn distance(self, other: Self) -> f64 {
        self.0.distance(other.0)
    }
    fn magnitude(self) -> f64 {
        self.0.magnitude()
    }
    fn bound(most: Most) -> Self::Bound {
        i64::bound(most)
    }
    #[inline(always)]
    fn may_exceed(self, other: Self, bound: Self::Bound) -> bool {
        self.0.may_exceed(other.0, bound)
    }
    fn is_nan(self) -> bool {
        self.0 == i64::MIN
    }
    fn is_plain(self) -> bool {
        !self.is_nan()
    }
}

/// So many elements are looked at twice, if at all, while they are in the nearest cache.
const ROW: usize = 512;

fn count_numbers<N: Number>(
    _: &Kernel,
    pairs: Pairs<'_>,
    options: &DiffOptions,
    tally: &mut Tally,
) {
    wide(Rows::<N> { pairs, options, tally, number: PhantomData });
}

struct Rows<'p, N> {
    pairs: Pairs<'p>,
    options: &'p DiffOptions,
    tally: &'p mut Tally,
    number: PhantomData<N>,
}

impl<N: Number> Work for Rows<'_, N> {
    type Done = ();
    #[inline(always)]
    fn work(self) {
        let (Pairs { a, b, first, differs }, size) = (self.pairs, ROW * N::SIZE);
        let rows = a.chunks(size).zip(b.chunks(size)).zip(differs.chunks_mut(ROW));
        for (row, ((a, b), differs)) in rows.enumerate() {
            if a != b {
                self.tally.rows::<N>((a, b), first + row * ROW, self.options, differs);
            }
        }
    }
}

/// Numbers of different dtypes, as one that holds those of both: as float64 if one is a float.
fn count_converted(kernel: &Kernel, pairs: Pairs<'_>, options: &DiffOptions, tally: &mut Tally) {
    let Some((one, other)) = kernel.scalars else { return };
    let converters = (converter(&Kind::Scalar(one)), converter(&Kind::Scalar(other)));
    let (Some(mut to_a), Some(mut to_b)) = converters else { return };
    let (a, b) = (pairs.a.chunks(ROW * one.itemsize()), pairs.b.chunks(ROW * other.itemsize()));
    for ((row, (a, b)), differs) in a.zip(b).enumerate().zip(pairs.differs.chunks_mut(ROW)) {
        let (a, b, first) = (to_a.numbers(a), to_b.numbers(b), pairs.first + row * ROW);
        let mut count = |count: Count, a: &[u8], b: &[u8]| {
            count(kernel, Pairs { a, b, first, differs: &mut *differs }, options, tally);
        };
        match (a, b) {
            (Numbers::Real(_), _) | (_, Numbers::Real(_)) => {
                count(count_numbers::<f64>, cast_slice(&f64s(a)), cast_slice(&f64s(b)));
            }
            (Numbers::Unsigned(a), Numbers::Unsigned(b)) => {
                count(count_numbers::<u64>, cast_slice(a), cast_slice(b));
            }
            (a, b) => match (i64s(a), i64s(b)) {
                (Some(a), Some(b)) => count(count_numbers::<i64>, cast_slice(a), cast_slice(b)),
                _ => count(count_numbers::<i128>, cast_slice(&i128s(a)), cast_slice(&i128s(b))),
            },
        }
    }
}

fn f64s(numbers: Numbers<'_>) -> Cow<'_, [f64]> {
    match numbers {
        Numbers::Signed(numbers) => numbers.iter().map(|&number| number as f64).collect(),
        Numbers::Unsigned(numbers) => numbers.iter().map(|&number| number as f64).collect(),
        Numbers::Real(numbers) => numbers.into(),
    }
}

/// Whole numbers, where `i64` holds all of them.
fn i64s(numbers: Numbers<'_>) -> Option<&[i64]> {
    match numbers {
        Numbers::Signed(numbers) => Some(numbers),
        Numbers::Unsigned(numbers) => {
            numbers.iter().all(|&number| number <= i64::MAX as u64).then(|| cast_slice(numbers))
        }
        Numbers::Real(_) => None,
    }
}

/// Whole numbers of any sign and size.
fn i128s(numbers: Numbers<'_>) -> Vec<i128> {
    match numbers {
        Numbers::Signed(numbers) => numbers.iter().copied().map(i128::from).collect(),
        Numbers::Unsigned(numbers) => numbers.iter().copied().map(i128::from).collect(),
        Numbers::Real(_) => Vec::new(),
    }
}

/// Elements of which only the bits are known.
fn count_bits(kernel: &Kernel, pairs: Pairs<'_>, _: &DiffOptions, tally: &mut Tally) {
    pairs.mark(kernel.size, kernel.size, |index, a, b| a != b && tally.differing(index));
}

/// Long doubles of x86: what pads them is nobody's.
fn count_x87(kernel: &Kernel, pairs: Pairs<'_>, _: &DiffOptions, tally: &mut Tally) {
    let size = kernel.scalars.map_or(kernel.size, |(scalar, _)| scalar.itemsize());
    pairs.mark(size, size, |index, a, b| {
        let mut parts = a.chunks_exact(kernel.size).zip(b.chunks_exact(kernel.size));
        parts.any(|(a, b)| a[..10] != b[..10]) && tally.differing(index)
    });
}

impl Pairs<'_> {
    /// Marks the elements of which `differ` says that they do, by flat index and bytes.
    fn mark(
        self,
        size_a: usize,
        size_b: usize,
        mut differ: impl FnMut(usize, &[u8], &[u8]) -> bool,
    ) {
        if size_a == 0 || size_b == 0 {
            return;
        }
        let pairs = self.a.chunks_exact(size_a).zip(self.b.chunks_exact(size_b));
        for ((index, (a, b)), differs) in pairs.enumerate().zip(self.differs) {
            *differs = differ(self.first + index, a, b);
        }
    }
}

/// Whether a scalar is a whole number.
fn is_whole(scalar: Scalar) -> bool {
    matches!(scalar.code().as_bytes(), [b'b' | b'i' | b'u', _]) && !scalar.is_extension()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the widest instructions count of numbers of any bits is what the plainest do.
    fn count_alike<N: Number>() {
        let mut state = 1_u64;
        let mut drawn = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 32
        };
        for round in 0..200 {
            let count = drawn() as usize % (3 * ROW);
            let a: Vec<u8> = (0..count * N::SIZE).map(|_| drawn() as u8).collect();
            // Near each other, but for some rounds; seldom anything but plain numbers in some.
            let flip = |byte: u8, drawn: u64| match drawn % 16 {
                0 => byte ^ 1 << (drawn >> 8 & 7),
                1 if round % 3 == 0 => (drawn >> 8) as u8,
                _ => byte,
            };
            let b: Vec<u8> = a.iter().map(|&byte| flip(byte, drawn())).collect();
            let plain = |bytes: &[u8]| -> Vec<u8> {
                let keep = if round % 2 == 0 { 0xFF } else { 0x3B };
                bytes.iter().map(|byte| byte & keep).collect()
            };
            let (a, b) = (plain(&a), plain(&b));
            for options in [
                DiffOptions::new(),
                DiffOptions::new().equal_nan(true),
                DiffOptions::new().rtol(1e-3).atol(0.5),
                DiffOptions::new().ulp(300),
            ] {
                let count = |widest: bool| {
                    let (mut tally, mut differs) = (Tally::default(), vec![false; count]);
                    let pairs = Pairs { a: &a, b: &b, first: 7, differs: &mut differs };
                    let (options, number) = (&options, PhantomData);
                    let rows = Rows::<N> { pairs, options, tally: &mut tally, number };
                    if widest {
                        wide(rows)
                    } else {
                        rows.work()
                    }
                    (tally, differs)
                };
                assert_eq!(count(true), count(false), "{round}");
            }
        }
    }

    #[test]
    fn any_instructions_count_alike() {
        count_alike::<u8>();
        count_alike::<i16>();
        count_alike::<u32>();
        count_alike::<i64>();
        count_alike::<i128>();
        count_alike::<Time>();
        count_alike::<f16>();
        count_alike::<bf16>();
        count_alike::<f32>();
        count_alike::<f64>();
        count_alike::<Pair<f32>>();
        count_alike::<Pair<f64>>();
    }

    #[test]
    fn squares_are_as_great_as_their_roots_allow() {
        for step in 0..2000 {
            let length = 1e-140 * 1.37_f64.powi(step % 1000) * (1.0 + f64::from(step) / 977.0);
            let most = most_square(length);
            assert!(most.sqrt() <= length && most.next_up().sqrt() > length, "{length:e}");
        }
        assert_eq!([0.0, 1e-145].map(most_square), [-1.0, -1.0]);
        assert_eq!(most_square(f64::INFINITY), f64::INFINITY);
    }
}
