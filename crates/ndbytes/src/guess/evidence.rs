//! What speaks for each reading: a row of numbers, which the fitted weights turn into one score.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::lanes::{Lanes, entropy};
use super::reading::{FloatFormat, Reading, integer};
use super::sample::{LANES, Sample};
use super::{floats, integers, strings, times};
use crate::array::Scalar;

macro_rules! features {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// What is measured of a reading. The weights in `weights.rs` are in this order.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(super) enum Feature { $($(#[$about])* $name,)* }

        /// The names of the features, in their order.
        pub(super) const NAMES: &[&str] = &[$(stringify!($name),)*];
    };
}

features! {
    /// Bits that the elements need, of each bit that they have.
    Rate,
    /// How much of that is left when neighbours are known, compared to the other readings.
    Behind,
    /// Bytes at the same place of elements are not distributed alike.
    LanesDiffer,
    /// Both halves of the elements are distributed alike.
    HalvesAlike,
    /// The length is no whole number of elements.
    Remainder,
    /// Bytes at some place of elements are all the same, and those of others at that place are not.
    ConstantsDiffer,
    /// The same, as a share of the places where bytes are not all the same.
    HalfDead,
    /// Bytes beside each other in an element are near each other, as if they were elements themselves.
    BytesNear,
    /// Integers: the low byte of each varies more than the high one, as it should.
    CalmInteger,
    /// Floats: the same.
    CalmFloat,
    /// Both low bytes are near those of the neighbours, as if they were elements themselves.
    LanesSmooth,
    /// Integers: the lower half of the bits is not in use.
    Shifted,
    /// Integers: the lowest bits are zero.
    Coarse,
    /// Complex: both parts are distributed differently.
    PartsDiffer,
    /// Complex: the parts are about another place than zero.
    PartsOff,
    /// Complex: whole numbers, or short decimal ones.
    Rounded,
    /// Neighbours are near each other.
    Smooth,
    /// Floats: NaNs that no computation gives.
    OddNan,
    /// Floats: there is one where no header is.
    AnyOddNan,
    /// Floats: zeros below zero, which are the least of the integers.
    MinusZero,
    /// Floats: infinities and plain NaNs.
    NotFinite,
    /// Floats: numbers too small for the format's normal ones.
    Subnormal,
    /// Floats: numbers beyond those that people have use for.
    Extreme,
    /// Floats: how far apart exponents are.
    Spread,
    /// Floats: short decimal numbers.
    Decimal,
    /// Floats: whole numbers.
    WholeFloat,
    /// Floats: the median is near one.
    Moderate,
    /// Floats: nothing is beyond one, and something is near it.
    UpToOne,
    /// Floats: nothing is beyond one, and something is one.
    JustOne,
    /// Floats: the first bits behind the exponent are not what chance makes of them.
    Uneven,
    /// Floats: neighbours are further apart, in steps of the format, the nearer they are to zero.
    Grain,
    /// Floats: how much slower than by half numbers become rarer with each exponent towards zero.
    Tail,
    /// Integers: numbers that need all of their bits.
    Huge,
    /// Integers: numbers that need less than half of their bits.
    Small,
    /// Integers: how far apart those are that follow each other in size.
    Gaps,
    /// Signed: a number below zero is there.
    Negative,
    /// Unsigned: the highest bit is in use.
    HighBit,
    /// Integers: nothing is near where the sign changes, or where it would, but much on both sides.
    Torn,
    /// Different values are few.
    Few,
    /// Of 0 and 1 there are both in number.
    BothZeroOne,
    /// Complex: parts are nearer to the one before the last than to the last.
    Interleaved,
    /// Bytes: every fourth is 255, as in opaque colours.
    Opaque,
    /// Times: between 1900 and 2100.
    InOurTime,
    /// Times: whole seconds, minutes, hours or days of a finer unit.
    WholeUnits,
    /// Times: in order.
    Ordered,
    /// Text: letters, digits and what is between them.
    Printable,
    /// Text: padding in the rhythm of a length.
    Padded,
    /// Noise: how little is gained by any reading.
    Incompressible,
    /// Noise: every byte is as frequent as the others.
    Uniform,
    /// Big-endian.
    IsBig,
    /// Read as bool; and so on. How common each is.
    IsBool,
    IsUInt8,
    IsInt8,
    IsInt16,
    IsUInt16,
    IsInt32,
    IsUInt32,
    IsInt64,
    IsUInt64,
    IsFloat16,
    IsFloat32,
    IsFloat64,
    IsComplex64,
    IsComplex128,
    IsBFloat16,
    IsTimeFine,
    IsTimeSecond,
    IsTimeDay,
    IsBytes,
    IsText,
    IsNoise,
}

/// One number for each [`Feature`].
pub(super) type Row = [f64; NAMES.len()];

/// A reading, what speaks for it, and what can be said about it.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) reading: Reading,
    pub(super) row: Row,
    pub(super) facts: Facts,
}

impl Evidence {
    /// Whether both readings give the same whole numbers: one with a sign, which no number that was
    /// seen has, and one without.
    pub(super) fn same_numbers(&self, other: &Self) -> bool {
        let (Reading::Number { scalar, big }, Reading::Number { scalar: twin, big: turned }) =
            (self.reading, other.reading)
        else {
            return false;
        };
        let none_below_zero = |of: &Self| of.facts.range.is_some_and(|(low, _)| low >= 0.0);
        let are_twins = scalar != twin && scalar.unsigned() == twin.unsigned();
        are_twins && big == turned && none_below_zero(self) && none_below_zero(other)
    }
}

/// What reasons are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Bits needed of each bit.
    pub(super) rate: f64,
    /// How near neighbours are: 0 like any two elements, 1 equal.
    pub(super) smoothness: f64,
    /// The distance of the neighbours that are nearest.
    pub(super) lag: usize,
    pub(super) range: Option<(f64, f64)>,
    pub(super) distinct: usize,
    pub(super) sampled: usize,
    pub(super) decimal: f64,
    pub(super) whole: f64,
    pub(super) odd_nan: f64,
    pub(super) subnormal: f64,
    pub(super) remainder: usize,
    pub(super) high_entropy: f64,
    pub(super) low_entropy: f64,
}

/// Weighs every reading of the sample.
pub(super) fn weigh(sample: &Sample) -> Vec<Evidence> {
    let lanes = Lanes::of(sample);
    let mut runs: HashMap<(usize, bool), Vec<Vec<u64>>> = HashMap::new();
    let mut all: Vec<Evidence> = Vec::new();
    for reading in Reading::numbers() {
        let (size, big) = reading.part();
        let elements = runs.entry((size, big)).or_insert_with(|| sample.varied(size, big));
        all.extend(number(reading, elements, &lanes, sample));
    }
    for big in [false, true] {
        let elements = runs.entry((8, big)).or_insert_with(|| sample.varied(8, big));
        if let Some(time) = times::best(elements) {
            let int = Reading::Number { scalar: Scalar::Int64, big };
            if let Some(base) = all.iter().find(|evidence| evidence.reading == int) {
                all.push(times::weighed(base.clone(), time, big));
            }
        }
        all.extend(strings::wide(&sample.elements(4, big), big, sample));
    }
    all.extend(strings::narrow(sample));
    let least = all.iter().map(|evidence| evidence.facts.rate).fold(1.0, f64::min);
    for evidence in &mut all {
        set(
            &mut evidence.row,
            Feature::Behind,
            ((evidence.facts.rate + 0.01) / (least + 0.01)).ln(),
        );
    }
    all.push(noise(&lanes, least, sample));
    all
}

pub(super) fn set(row: &mut Row, feature: Feature, value: f64) {
    row[feature as usize] = value;
}

/// Small samples prove little.
pub(super) fn trust(count: usize) -> f64 {
    count as f64 / (count as f64 + 12.0)
}

/// `None` where not even one element is there.
fn number(reading: Reading, runs: &[Vec<u64>], lanes: &Lanes, sample: &Sample) -> Option<Evidence> {
    let Reading::Number { scalar, big } = reading else { return None };
    let (size, _) = reading.part();
    let itemsize = scalar.itemsize();
    let count: usize = runs.iter().map(Vec::len).sum();
    if count == 0 || sample.len() < itemsize {
        return None;
    }
    let trust = trust(count);
    let mut row: Row = [0.0; NAMES.len()];
    let mut facts = Facts { sampled: count, ..Facts::default() };
    if scalar == Scalar::Bool && !is_bool(runs) {
        return None;
    }
    let distinct = Symbols::count(runs, size);
    facts.distinct = distinct.count;

    let (values, places): (Vec<Vec<f64>>, Vec<Vec<u64>>) = match FloatFormat::of(scalar) {
        Some(format) => {
            floats::measure(format, runs, &mut row, &mut facts, trust);
            (map(runs, |bits| format.value(bits)), map(runs, |bits| format.place(bits)))
        }
        None => {
            let signed = scalar.is_signed();
            let whole = map(runs, |bits| integer(bits, size, signed));
            integers::measure(scalar, signed, &whole, &mut row, &mut facts, trust);
            let sign = u64::from(signed) << (8 * size - 1);
            (map(&whole, |value| value as f64), map(runs, |bits| bits ^ sign))
        }
    };
    let (smoothness, lag) = smoothness(&values);
    facts.smoothness = smoothness[lag - 1];
    facts.lag = lag;
    facts.range = range(&values);
    facts.rate = facts.rate.min(distinct.rate).min(difference_rate(&places, size)).max(0.0);
    facts.remainder = sample.len() % itemsize;
    (facts.low_entropy, facts.high_entropy) = lanes.ends(size, big);

    if size > 1 {
        set(&mut row, Feature::HalvesAlike, trust * (1.0 - lanes.differ(size / 2)));
        let calm = (facts.low_entropy - facts.high_entropy) / 8.0;
        let is_float = FloatFormat::of(scalar).is_some();
        let feature = if is_float { Feature::CalmFloat } else { Feature::CalmInteger };
        set(&mut row, feature, trust * calm);
        set(&mut row, Feature::LanesSmooth, trust * lanes_smooth(runs));
        set(&mut row, Feature::BytesNear, bytes_near(runs));
        if is_float {
            let most = facts.range.map_or(0.0, |(low, high)| high.abs().max(low.abs()));
            let up_to_one = most > 0.5 && most <= 1.0 && facts.odd_nan == 0.0;
            set(&mut row, Feature::UpToOne, if up_to_one { trust } else { 0.0 });
            set(&mut row, Feature::JustOne, if up_to_one && most == 1.0 { trust } else { 0.0 });
        }
    }
    if itemsize != size {
        set(&mut row, Feature::PartsDiffer, trust * lanes.differ(size));
        set(&mut row, Feature::PartsOff, trust * place_of_parts(&values));
        set(&mut row, Feature::Rounded, trust * (facts.whole + facts.decimal));
    }
    if FloatFormat::of(scalar).is_none() && size > 1 {
        set(&mut row, Feature::Gaps, trust * integers::gaps(&values, size));
    }
    set(&mut row, Feature::ConstantsDiffer, trust * lanes.constants_differ(itemsize));
    set(&mut row, Feature::HalfDead, trust * lanes.half_dead(itemsize));
    set(&mut row, Feature::Rate, trust * (1.0 - facts.rate));
    if itemsize < LANES {
        set(&mut row, Feature::LanesDiffer, trust * lanes.differ(itemsize));
    }
    set(&mut row, Feature::Remainder, f64::from(u8::from(facts.remainder != 0)));
    set(&mut row, Feature::Smooth, trust * facts.smoothness);
    set(&mut row, Feature::Few, trust * (1.0 - distinct.count as f64 / count as f64));
    if itemsize != size {
        let gain = smoothness[1] - smoothness[0];
        set(&mut row, Feature::Interleaved, trust * gain);
    }
    if itemsize == 1 {
        set(&mut row, Feature::Opaque, trust * lanes.opaque());
    }
    set(&mut row, Feature::IsBig, f64::from(u8::from(big)));
    set(&mut row, kind_of(scalar), 1.0);
    Some(Evidence { reading, row, facts })
}

fn kind_of(scalar: Scalar) -> Feature {
    match scalar {
        Scalar::Bool => Feature::IsBool,
        Scalar::Int8 => Feature::IsInt8,
        Scalar::Int16 => Feature::IsInt16,
        Scalar::UInt16 => Feature::IsUInt16,
        Scalar::Int32 => Feature::IsInt32,
        Scalar::UInt32 => Feature::IsUInt32,
        Scalar::Int64 => Feature::IsInt64,
        Scalar::UInt64 => Feature::IsUInt64,
        Scalar::Float16 => Feature::IsFloat16,
        Scalar::Float32 => Feature::IsFloat32,
        Scalar::Float64 => Feature::IsFloat64,
        Scalar::Complex64 => Feature::IsComplex64,
        Scalar::Complex128 => Feature::IsComplex128,
        Scalar::BFloat16 => Feature::IsBFloat16,
        _ => Feature::IsUInt8,
    }
}

/// Whether all bytes are 0 or 1, but for those that may be a header.
fn is_bool(runs: &[Vec<u64>]) -> bool {
    let count: usize = runs.iter().map(Vec::len).sum();
    runs.iter().flatten().skip(count / 2).all(|&byte| byte <= 1)
}

/// How often both low bytes of an element are near each other, beyond what is so by chance. Small
/// numbers, and small ones below zero, do not count.
fn bytes_near(runs: &[Vec<u64>]) -> f64 {
    let (mut near, mut count) = (0_usize, 0_usize);
    for &bits in runs.iter().flatten() {
        let (low, next) = (bits as u8, (bits >> 8) as u8);
        if next != 0 && next != 255 {
            count += 1;
            near += usize::from(low.abs_diff(next) <= 8);
        }
    }
    let share = near as f64 / count.max(1) as f64;
    trust(count) * (share - 17.0 / 256.0).max(0.0)
}

/// How far the parts of complex numbers are from zero, compared to how far they are spread: 0 to 1.
fn place_of_parts(runs: &[Vec<f64>]) -> f64 {
    // Runs end where elements do.
    let part = |skipped: usize| {
        let of = move |run: &Vec<f64>| {
            run.iter().rev().skip(skipped).step_by(2).copied().collect::<Vec<f64>>()
        };
        let values: Vec<f64> = runs.iter().flat_map(of).collect();
        let middle = median(values.iter().copied());
        (middle, median(values.iter().map(|value| (value - middle).abs())))
    };
    let ((one, spread), (other, breadth)) = (part(0), part(1));
    let off = 0.5 * (one.abs() + other.abs());
    let share = off / (off + spread + breadth);
    if share.is_finite() { share } else { 0.0 }
}

/// How near the two lowest bytes of each element are to those of the one before: near only where
/// bytes are elements themselves, or the numbers hardly change.
fn lanes_smooth(runs: &[Vec<u64>]) -> f64 {
    let lane = |shift: u32| {
        let (mut sum, mut count, mut all) = (0.0, 0_usize, 0_usize);
        let mut seen = [false; 256];
        for run in runs {
            for pair in run.windows(2) {
                let (one, other) = ((pair[0] >> shift) as u8, (pair[1] >> shift) as u8);
                let gap = one.wrapping_sub(other);
                sum += f64::from(gap.min(gap.wrapping_neg()));
                seen[usize::from(other)] = true;
                count += usize::from(gap != 0);
                all += 1;
            }
        }
        let values = seen.iter().filter(|&&seen| seen).count();
        // Any two bytes are 64 apart on average.
        let near = 1.0 - (sum / count.max(1) as f64 / 64.0).min(1.0);
        // Those that hardly ever change are near for that.
        if values < 8 || 16 * count < all { 0.0 } else { near }
    };
    lane(0).min(lane(8))
}

/// Bits that a whole number needs, without its sign: within a hundredth of its logarithm.
pub(super) fn bits_of(magnitude: u64) -> f64 {
    let bits = (1.0 + magnitude as f64).to_bits();
    let exponent = (bits >> 52) as f64 - 1023.0;
    let part = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    exponent + (part * (6.0 - part) - 5.0) / 3.0
}

/// Bits needed, of each bit there is, when one of the elements before is known. Elements are told by
/// their places among all that there are.
fn difference_rate(runs: &[Vec<u64>], size: usize) -> f64 {
    let rate = |lag: usize| {
        let (mut bits, mut count) = (0.0, 0_usize);
        for run in runs {
            for pair in run.windows(lag + 1) {
                bits += 1.0 + bits_of(pair[lag].abs_diff(pair[0]));
                count += 1;
            }
        }
        if count == 0 { 1.0 } else { bits / count as f64 / (8 * size) as f64 }
    };
    (1..=4).map(rate).fold(1.0, f64::min)
}

/// How near elements are to those 1, 2, 3 and 4 before, as a share of how near any two are; and
/// which of the four is the nearest.
fn smoothness(runs: &[Vec<f64>]) -> ([f64; 4], usize) {
    let flat: Vec<f64> = runs.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let far = median((0..flat.len()).map(|index| {
        let other = (index.wrapping_mul(0x9E37_79B1) + 7) % flat.len();
        (flat[index] - flat[other]).abs()
    }));
    let mut nearness = [0.0; 4];
    if far > 0.0 {
        for (index, nearness) in nearness.iter_mut().enumerate() {
            let lag = index + 1;
            let near =
                median(runs.iter().flat_map(|run| {
                    run.windows(lag + 1).map(move |pair| (pair[lag] - pair[0]).abs())
                }));
            *nearness = 1.0 - (near / far).min(1.0);
        }
    }
    let best =
        (0..4).fold(0, |best, lag| if nearness[lag] > nearness[best] + 0.02 { lag } else { best });
    (nearness, best + 1)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let middle = values.len() / 2;
    match values.is_empty() {
        true => 0.0,
        false => *values.select_nth_unstable_by(middle, f64::total_cmp).1,
    }
}

fn range(runs: &[Vec<f64>]) -> Option<(f64, f64)> {
    let finite = || runs.iter().flatten().copied().filter(|value| value.is_finite());
    finite().next()?;
    Some((finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)))
}

fn map<T: Copy, U>(runs: &[Vec<T>], convert: impl Fn(T) -> U) -> Vec<Vec<U>> {
    runs.iter().map(|run| run.iter().map(|&value| convert(value)).collect()).collect()
}

/// Different elements, and the bits that it takes to say which each is.
struct Symbols {
    count: usize,
    rate: f64,
}

impl Symbols {
    fn count(runs: &[Vec<u64>], size: usize) -> Self {
        let mut counts = Counts::default();
        let mut total = 0;
        for &bits in runs.iter().flatten() {
            *counts.entry(bits).or_default() += 1;
            total += 1;
        }
        let width = (8 * size) as f64;
        // Each has to be spelled out once.
        let spelled = counts.len() as f64 * width;
        let bits = entropy(counts.values().copied()) * total as f64 + spelled;
        Self { count: counts.len(), rate: bits / (total as f64 * width) }
    }
}

/// How often each of some bits is found: in the same order each time, so that sums are the same, too.
pub(super) type Counts = HashMap<u64, usize, BuildHasherDefault<Scattered>>;

/// Elements are hashed by one product: that many fall together is a matter of time only, and no more
/// than thousands are counted.
#[derive(Default)]
pub(super) struct Scattered(u64);

impl Hasher for Scattered {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }
    fn write_u64(&mut self, value: u64) {
        let product = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ product >> 32;
    }
}

fn noise(lanes: &Lanes, least: f64, sample: &Sample) -> Evidence {
    let total: f64 = lanes.counts.iter().sum::<usize>() as f64;
    let expected = total / 256.0;
    let found = |byte: usize| -> f64 {
        (0..LANES).map(|lane| lanes.shares[lane][byte] * lanes.counts[lane] as f64).sum()
    };
    // Chi-squared, as so many deviations from its mean.
    let chi: f64 = (0..256).map(|byte| (found(byte) - expected).powi(2) / expected.max(1e-9)).sum();
    let deviations = (chi - 255.0) / (2.0 * 255.0_f64).sqrt();
    let trust = trust(total as usize / 16);
    let mut row: Row = [0.0; NAMES.len()];
    set(&mut row, Feature::Incompressible, trust * (least - 0.95) * 20.0);
    set(&mut row, Feature::Uniform, trust * (1.0 - (deviations.abs() / 4.0).min(3.0)));
    set(&mut row, Feature::IsNoise, 1.0);
    let facts = Facts { rate: least, sampled: sample.sampled(), ..Facts::default() };
    Evidence { reading: Reading::Noise, row, facts }
}
