//! What is counted of elements that differ.

use super::difference::DiffOptions;
use super::number::{Most, Number};

/// Numbers are compared so many at a time.
const LANES: usize = 16;
/// The longest number.
const MOST_BYTES: usize = 16;

/// What is counted of one leaf.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) count: usize,
    /// Flat indices.
    pub(super) first: Option<usize>,
    pub(super) worst: Option<(f64, usize)>,
    pub(super) max_abs: Option<f64>,
    pub(super) max_rel: Option<f64>,
    pub(super) max_ulp: Option<u64>,
    pub(super) nan: [usize; 3],
    pub(super) zero_signs: usize,
}

impl Tally {
    pub(super) fn merge(&mut self, other: &Self) {
        let more = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(f64::max(a, b)),
            (a, b) => a.or(b),
        };
        self.count += other.count;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.worst = match (self.worst, other.worst) {
            // Of equals the first.
            (Some(a), Some(b)) => Some(if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }),
            (a, b) => a.or(b),
        };
        self.max_abs = more(self.max_abs, other.max_abs);
        self.max_rel = more(self.max_rel, other.max_rel);
        self.max_ulp = self.max_ulp.max(other.max_ulp);
        self.nan.iter_mut().zip(other.nan).for_each(|(sum, more)| *sum += more);
        self.zero_signs += other.zero_signs;
    }

    /// Counts what differs in two rows of elements, of which the first has the flat index `first`, and
    /// marks it.
    #[inline(always)]
    pub(super) fn rows<N: Number>(
        &mut self,
        (a, b): (&[u8], &[u8]),
        first: usize,
        options: &DiffOptions,
        differs: &mut [bool],
    ) {
        let counted = match options.by_value() {
            true => self.lanes::<N, true, true>(a, b, first, options, differs),
            false => {
                self.lanes::<N, false, false>(a, b, first, options, differs)
                    || self.lanes::<N, true, false>(a, b, first, options, differs)
            }
        };
        if counted {
            return;
        }
        let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE));
        for ((index, (a, b)), differs) in pairs.enumerate().zip(differs) {
            *differs = a != b && self.pair(N::load(a), N::load(b), first + index, options);
        }
    }

    /// Counts rows without a branch between numbers: of finite ones any two have a distance. There
    /// may be NaNs if `NANS`, and numbers that are near enough are the same if `VALUES`. Whether it
    /// could; if not, nothing is counted.
    #[inline(always)]
    fn lanes<N: Number, const NANS: bool, const VALUES: bool>(
        &mut self,
        a: &[u8],
        b: &[u8],
        first: usize,
        options: &DiffOptions,
        differs: &mut [bool],
    ) -> bool {
        let mut lanes = Lanes::<N, NANS, VALUES>::new(N::bound(self.most()), options);
        let step = LANES * N::SIZE;
        let whole = a.len() / step * step;
        let pairs = a[..whole].chunks_exact(step).zip(b[..whole].chunks_exact(step));
        let (most, rest) = differs.split_at_mut(whole / N::SIZE);
        for ((a, b), differs) in pairs.zip(most.chunks_exact_mut(LANES)) {
            lanes.add(a, b, differs);
        }
        let (mut last_a, mut last_b) = ([0; LANES * MOST_BYTES], [0; LANES * MOST_BYTES]);
        let (last_a, last_b) = (&mut last_a[..step], &mut last_b[..step]);
        if !rest.is_empty() {
            // Equal elements in what is missing of the last lanes: they count for nothing.
            last_a[..a.len() - whole].copy_from_slice(&a[whole..]);
            last_b[..b.len() - whole].copy_from_slice(&b[whole..]);
            let mut last = [false; LANES];
            lanes.add(last_a, last_b, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
        let Lanes { can, exceeding, count, zeros, nan, .. } = lanes;
        if !can {
            return false;
        }
        self.count += count;
        self.zero_signs += zeros;
        self.nan.iter_mut().zip(nan).for_each(|(sum, more)| *sum += more);
        if count > 0 && self.first.is_none() {
            self.first = differs.iter().position(|&differs| differs).map(|at| first + at);
        }
        if zeros > 0 {
            self.max_abs.get_or_insert(0.0);
        }
        if exceeding {
            self.farther::<N>(a, b, first, differs);
        }
        true
    }

    /// The greatest distances so far. Where there is none, any distance is more.
    fn most(&self) -> Most {
        Most {
            abs: self.max_abs.unwrap_or(0.0),
            rel: self.max_rel.unwrap_or(0.0),
            ulp: self.max_ulp.unwrap_or(0),
        }
    }

    /// Of finite numbers that differ, those that are farther apart than any before.
    #[cold]
    fn farther<N: Number>(&mut self, a: &[u8], b: &[u8], first: usize, differs: &[bool]) {
        let mut most = self.most();
        let mut bound = N::bound(most);
        let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE)).enumerate();
        for ((at, (a, b)), _) in pairs.zip(differs).filter(|(_, differs)| **differs) {
            let (a, b) = (N::load(a), N::load(b));
            if !a.may_exceed(b, bound) || a == b || a.is_nan() || b.is_nan() {
                continue;
            }
            let (distance, ulps) = (a.distance(b), N::IS_FLOAT.then(|| a.gap(b)));
            let share = distance / b.magnitude();
            // Many may be as far apart as the farthest.
            let is_more = distance > most.abs || share > most.rel || ulps > Some(most.ulp);
            if !is_more && self.max_rel.is_some() {
                continue;
            }
            if self.worst.is_none_or(|(worst, _)| distance > worst) {
                self.worst = Some((distance, first + at));
            }
            self.max_abs = larger(self.max_abs, distance);
            self.max_rel = larger(self.max_rel, share);
            self.max_ulp = self.max_ulp.max(ulps);
            most = self.most();
            bound = N::bound(most);
        }
    }

    /// Counts two elements of different bits; whether they differ.
    #[inline(always)]
    pub(super) fn pair<N: Number>(
        &mut self,
        a: N,
        b: N,
        index: usize,
        options: &DiffOptions,
    ) -> bool {
        match (a.is_nan(), b.is_nan()) {
            (true, true) if options.equal_nan => return false,
            (false, false) => return self.numbers(a, b, index, options),
            (true, false) => self.nan[0] += 1,
            (false, true) => self.nan[1] += 1,
            (true, true) => self.nan[2] += 1,
        }
        self.differing(index)
    }

    #[inline(always)]
    fn numbers<N: Number>(&mut self, a: N, b: N, index: usize, options: &DiffOptions) -> bool {
        let ulps = N::IS_FLOAT.then(|| a.gap(b));
        if a == b {
            // Zeros, or parts of complex numbers that are.
            if options.by_value() {
                return false;
            }
            self.zero_signs += 1;
            self.max_abs.get_or_insert(0.0);
            return self.differing(index);
        }
        if options.by_value() && a.is_near(b, options) {
            return false;
        }
        let distance = a.distance(b);
        self.differing(index);
        let relative = distance / b.magnitude();
        // The distance of infinities of different signs is infinite; of an infinity from itself
        // there is none, but those are equal.
        if self.worst.is_none_or(|(worst, _)| distance > worst) {
            self.worst = Some((distance, index));
        }
        self.max_abs = larger(self.max_abs, distance);
        if !relative.is_nan() {
            self.max_rel = larger(self.max_rel, relative);
        }
        self.max_ulp = self.max_ulp.max(ulps);
        true
    }

    #[inline(always)]
    pub(super) fn differing(&mut self, index: usize) -> bool {
        self.count += 1;
        self.first.get_or_insert(index);
        true
    }
}

fn larger(most: Option<f64>, value: f64) -> Option<f64> {
    Some(most.map_or(value, |most| most.max(value)))
}

/// What is seen of numbers, in lanes that do not wait for each other.
struct Lanes<'o, N: Number, const NANS: bool, const VALUES: bool> {
    bound: N::Bound,
    options: &'o DiffOptions,
    /// Whether the numbers were of a kind that is counted here.
    can: bool,
    /// Whether two may be farther apart than the bound.
    exceeding: bool,
    count: usize,
    zeros: usize,
    nan: [usize; 3],
}

impl<'o, N: Number, const NANS: bool, const VALUES: bool> Lanes<'o, N, NANS, VALUES> {
    #[inline(always)]
    fn new(bound: N::Bound, options: &'o DiffOptions) -> Self {
        let (count, zeros, nan) = (0, 0, [0; 3]);
        Self { bound, options, can: true, exceeding: false, count, zeros, nan }
    }

    /// Adds as many pairs as there are lanes.
    #[inline(always)]
    fn add(&mut self, a: &[u8], b: &[u8], differs: &mut [bool]) {
        let (mut can, mut exceeding, mut count, mut zeros) = (true, false, 0_u8, 0_u8);
        let mut nan = [0_u8; 3];
        let equal_nan = self.options.equal_nan;
        let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE));
        for ((a, b), differs) in pairs.zip(differs) {
            let (a, b) = (N::load(a), N::load(b));
            let (nan_a, nan_b) = (NANS & a.is_nan(), NANS & b.is_nan());
            let numbers = !(nan_a | nan_b);
            can &= (a.is_plain() | nan_a) & (b.is_plain() | nan_b);
            let mut other = !a.same_bits(b);
            if NANS {
                other &= !(equal_nan & nan_a & nan_b);
                nan[0] += u8::from(other & nan_a & !nan_b);
                nan[1] += u8::from(other & nan_b & !nan_a);
                nan[2] += u8::from(other & nan_a & nan_b);
            }
            if VALUES {
                other &= !(numbers & ((a == b) | a.is_near(b, self.options)));
            }
            *differs = other;
            count += u8::from(other);
            zeros += u8::from(other & (a == b));
            exceeding |= a.may_exceed(b, self.bound) & (numbers & other | !NANS);
        }
        self.can &= can;
        self.exceeding |= exceeding;
        self.count += usize::from(count);
        self.zeros += usize::from(zeros);
        self.nan.iter_mut().zip(nan).for_each(|(sum, more)| *sum += usize::from(more));
    }
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::super::number::{Pair, Time};
    use super::*;

    /// Bits that look random.
    fn drawn(state: &mut u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state ^ *state >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 3
    }

    /// One element after another.
    fn one_by_one<N: Number>(a: &[u8], b: &[u8], options: &DiffOptions) -> (Tally, Vec<bool>) {
        let mut tally = Tally::default();
        let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE)).enumerate();
        let differs = pairs
            .map(|(index, (a, b))| a != b && tally.pair(N::load(a), N::load(b), 7 + index, options))
            .collect();
        (tally, differs)
    }

    /// Rows of elements near each other, of any bits, with zeros, infinities and NaNs, are counted as
    /// elements are.
    fn agree<N: Number>(special: &[u64]) {
        let mut state = N::SIZE as u64;
        for round in 0..400_usize {
            let count = drawn(&mut state) as usize % 70;
            let (mut a, mut b) = (Vec::new(), Vec::new());
            // In some rounds everything is plain; in some most is equal.
            let (strange, equal) = (round % 3 == 0, round % 5);
            for _ in 0..count * (N::SIZE / N::SIZE.min(8)) {
                let mut element = || match drawn(&mut state) % 12 {
                    0 if strange => special[drawn(&mut state) as usize % special.len()],
                    1 => 0,
                    _ if strange => drawn(&mut state) << 3,
                    // Not too large for anything, and finite.
                    _ => drawn(&mut state) & 0x0FFF_0FFF_0FFF_3FFF,
                };
                let (one, other) = (element(), element());
                let other = match drawn(&mut state) as usize % 5 {
                    chance if chance < equal => one,
                    4 => one ^ 1 << (drawn(&mut state) % 64),
                    _ => other,
                };
                a.extend(&one.to_le_bytes()[..N::SIZE.min(8)]);
                b.extend(&other.to_le_bytes()[..N::SIZE.min(8)]);
            }
            for options in [
                DiffOptions::new(),
                DiffOptions::new().equal_nan(true),
                DiffOptions::new().values(true),
                DiffOptions::new().atol(0.5).ulp(2),
                DiffOptions::new().rtol(0.25).equal_nan(true),
                DiffOptions::new().atol(1e9).rtol(f64::INFINITY),
                DiffOptions::new().ulp(u64::MAX),
            ] {
                let mut tally = Tally::default();
                let mut differs = vec![true; a.len() / N::SIZE];
                tally.rows::<N>((&a, &b), 7, &options, &mut differs);
                assert_eq!((tally, differs), one_by_one::<N>(&a, &b, &options), "{round}");
            }
        }
    }

    #[test]
    fn rows_are_counted_as_elements_are() {
        agree::<u8>(&[255]);
        agree::<i8>(&[128, 127]);
        agree::<u16>(&[0xFFFF]);
        agree::<i16>(&[0x8000]);
        agree::<u32>(&[u64::MAX]);
        agree::<i32>(&[0x8000_0000]);
        agree::<u64>(&[u64::MAX, 1 << 63]);
        agree::<i64>(&[u64::MAX, 1 << 63]);
        agree::<Time>(&[1 << 63]);
        agree::<f16>(&[0x8000, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 1]);
        agree::<bf16>(&[0x8000, 0x7F80, 0xFF80, 0x7FC0, 0x7F81, 1]);
        agree::<f32>(&[0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 1]);
        let special = [1 << 63, 0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, 0x7FF << 52 | 1, 1];
        agree::<f64>(&special);
        agree::<Pair<f64>>(&special);
        let halves = |low: u64, high: u64| high << 32 | low;
        agree::<Pair<f32>>(&[
            halves(0x8000_0000, 0),
            halves(0x7F80_0000, 1),
            halves(0x7FC0_0000, 0x7FC0_0001),
            1 << 63,
        ]);
    }

    /// Complex numbers as large as are counted in lanes: the squares of their distances are larger than
    /// those of which roots are taken.
    #[test]
    fn the_greatest_of_the_largest_is_found() {
        let mut state = 1;
        for _ in 0..100 {
            // Of the first the share and the floats between are the most, of others the distance.
            let mut pairs = vec![(Pair(1e60, 1e60), Pair(-1.0, -1.0))];
            pairs.extend((0..1000).map(|_| {
                let (sin, cos) = (0.72 + (drawn(&mut state) >> 11) as f64 * 1e-17).sin_cos();
                (Pair(1.3e75 * sin, 1.3e75 * cos), Pair(1e50, 1e50))
            }));
            let bytes =
                |number: Pair<f64>| [number.0.to_le_bytes(), number.1.to_le_bytes()].concat();
            let a: Vec<u8> = pairs.iter().flat_map(|pair| bytes(pair.0)).collect();
            let b: Vec<u8> = pairs.iter().flat_map(|pair| bytes(pair.1)).collect();
            let mut tally = Tally::default();
            for (at, (a, b)) in a.chunks(160).zip(b.chunks(160)).enumerate() {
                let mut differs = vec![false; a.len() / 16];
                let options = DiffOptions::new();
                tally.rows::<Pair<f64>>((a, b), 7 + at * 10, &options, &mut differs);
            }
            assert_eq!(tally, one_by_one::<Pair<f64>>(&a, &b, &DiffOptions::new()).0);
        }
    }

    /// Distances that are the same but for rounding, of which each may be the greatest.
    #[test]
    fn the_greatest_of_many_nearly_as_great_is_found() {
        let mut state = 1;
        let mut numbers = || (drawn(&mut state) >> 40) as f64 / 1e4 - 500.0;
        let a: Vec<f64> = (0..4000).map(|_| numbers()).collect();
        for other in [|x: f64| x + 1.0, |x| x + 0.1, |x| x * 1.0001, |x| x * 2.0, |x| x * 1e-160] {
            let b: Vec<u8> = a.iter().flat_map(|&x| other(x).to_le_bytes()).collect();
            let a: Vec<u8> = a.iter().flat_map(|x| x.to_le_bytes()).collect();
            for rows in [1, 16, 2000] {
                let mut tally = Tally::default();
                let pairs = a.chunks(rows * 16).zip(b.chunks(rows * 16));
                for (at, row) in pairs.enumerate() {
                    let (first, mut differs) = (7 + at * rows, vec![false; rows]);
                    tally.rows::<Pair<f64>>(row, first, &DiffOptions::new(), &mut differs);
                }
                assert_eq!(tally, one_by_one::<Pair<f64>>(&a, &b, &DiffOptions::new()).0);
            }
        }
    }
}
