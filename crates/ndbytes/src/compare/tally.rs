//! What is counted of elements that differ.

use super::difference::DiffOptions;
use super::number::Number;

/// Numbers are compared so many at a time.
const LANES: usize = 8;
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
    pub(super) fn rows<N: Number>(
        &mut self,
        (a, b): (&[u8], &[u8]),
        first: usize,
        options: &DiffOptions,
        differs: &mut [bool],
    ) {
        if !options.by_value() && self.plain::<N>(a, b, first, differs) {
            return;
        }
        let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE));
        for ((index, (a, b)), differs) in pairs.enumerate().zip(differs) {
            *differs = a != b && self.pair(N::load(a), N::load(b), first + index, options);
        }
    }

    /// Counts rows of which every number is a plain one, without a branch between them: of finite
    /// numbers any two have a distance. Whether all are; if not, nothing is counted.
    fn plain<N: Number>(&mut self, a: &[u8], b: &[u8], first: usize, differs: &mut [bool]) -> bool {
        let mut lanes = Lanes::default();
        let step = LANES * N::SIZE;
        let whole = a.len() / step * step;
        let pairs = a[..whole].chunks_exact(step).zip(b[..whole].chunks_exact(step));
        let (most, rest) = differs.split_at_mut(whole / N::SIZE);
        for ((a, b), differs) in pairs.zip(most.chunks_exact_mut(LANES)) {
            lanes.add::<N>(a, b, differs);
        }
        let (mut last_a, mut last_b) = ([0; LANES * MOST_BYTES], [0; LANES * MOST_BYTES]);
        let (last_a, last_b) = (&mut last_a[..step], &mut last_b[..step]);
        if !rest.is_empty() {
            // Equal elements in what is missing of the last lanes: they count for nothing.
            last_a[..a.len() - whole].copy_from_slice(&a[whole..]);
            last_b[..b.len() - whole].copy_from_slice(&b[whole..]);
            let mut last = [false; LANES];
            lanes.add::<N>(last_a, last_b, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
        if !lanes.plain {
            return false;
        }
        if lanes.count == 0 {
            return true;
        }
        self.count += lanes.count;
        self.zero_signs += lanes.zeros;
        if self.first.is_none() {
            self.first = differs.iter().position(|&differs| differs).map(|at| first + at);
        }
        if lanes.zeros > 0 {
            self.max_abs.get_or_insert(0.0);
        }
        if lanes.count > lanes.zeros {
            let most = |lanes: [f64; LANES]| lanes.into_iter().fold(0.0, f64::max);
            let distance = most(lanes.distance);
            self.max_abs = larger(self.max_abs, distance);
            self.max_rel = larger(self.max_rel, most(lanes.relative));
            self.max_ulp = self.max_ulp.max(N::IS_FLOAT.then_some(lanes.ulps));
            if self.worst.is_none_or(|(worst, _)| distance > worst) {
                let pairs = a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE));
                let place = pairs
                    .map(|(a, b)| N::load(a).distance(N::load(b)))
                    .position(|other| other == distance);
                self.worst = place.map(|at| (distance, first + at));
            }
        }
        true
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

/// What is seen of plain numbers, in lanes that do not wait for each other.
struct Lanes {
    plain: bool,
    count: usize,
    zeros: usize,
    distance: [f64; LANES],
    relative: [f64; LANES],
    ulps: u64,
}

impl Default for Lanes {
    fn default() -> Self {
        let none = [0.0; LANES];
        Self { plain: true, count: 0, zeros: 0, distance: none, relative: none, ulps: 0 }
    }
}

impl Lanes {
    /// Adds as many pairs as there are lanes.
    #[inline(always)]
    fn add<N: Number>(&mut self, a: &[u8], b: &[u8], differs: &mut [bool]) {
        let load = |bytes: &[u8]| -> [N; LANES] {
            std::array::from_fn(|lane| N::load(&bytes[lane * N::SIZE..][..N::SIZE]))
        };
        let (a, b) = (load(a), load(b));
        let (mut plain, mut count, mut zeros) = (true, 0, 0);
        for lane in 0..LANES {
            let other = !a[lane].same_bits(b[lane]);
            differs[lane] = other;
            plain &= a[lane].is_plain() & b[lane].is_plain();
            count += usize::from(other);
            zeros += usize::from(other & (a[lane] == b[lane]));
        }
        self.plain &= plain;
        self.count += count;
        self.zeros += zeros;
        let distance: [f64; LANES] = std::array::from_fn(|lane| a[lane].distance(b[lane]));
        let relative: [f64; LANES] =
            std::array::from_fn(|lane| distance[lane] / b[lane].magnitude());
        // What is no number, zero as a share of zero, is never more.
        let most = |one: f64, other: f64| if other > one { other } else { one };
        self.distance = std::array::from_fn(|lane| most(self.distance[lane], distance[lane]));
        self.relative = std::array::from_fn(|lane| most(self.relative[lane], relative[lane]));
        if N::IS_FLOAT {
            let ulps: [u64; LANES] = std::array::from_fn(|lane| a[lane].gap(b[lane]));
            self.ulps = ulps.into_iter().fold(self.ulps, u64::max);
        }
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
}
