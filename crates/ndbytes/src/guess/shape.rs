//! Which rows the elements fall into: lengths at which each element is near the one so many before.

use super::reading::{FloatFormat, Reading, integer};
use super::sample::bits;
use crate::array::{Dims, Source};

/// Elements that are compared at each distance, in runs of neighbours; and at all distances.
const COMPARED: usize = 12 << 10;
const COMPARED_IN_ALL: usize = 256 << 10;
const RUN: usize = 64;
/// More dimensions than this are not looked for.
const MOST_DIMS: usize = 5;
const MOST_CANDIDATES: usize = 16;
/// Ends of rows that are looked at.
const MOST_EDGES: usize = 256;
/// Distances that are tried for one dimension.
const MOST_TRIED: usize = 400;

/// Numbers at known places of the bytes.
pub(super) struct Signal<'s, 'a> {
    source: &'s Source<'a>,
    offset: usize,
    reading: Reading,
    len: usize,
    middle: f64,
    scale: f64,
}

/// One step from the last dimension to the first: how much nearer elements are at a distance than
/// at those around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    /// Elements of this dimension.
    pub(super) dim: usize,
    /// The difference at the distance, as a share of those a step before and behind.
    pub(super) ratio: f64,
    /// The same, as a share of the smaller one of the two.
    pub(super) dip: f64,
    /// How many standard errors that is from no difference at all.
    pub(super) sigmas: f64,
    /// The difference at the distance, as a share of that between any two elements.
    pub(super) far: f64,
    /// How much the steps from one row to the next differ from those inside of rows, as a logarithm:
    /// what is no row goes on as if there were no end.
    pub(super) edge: f64,
}

/// A shape, and the peaks that its dimensions stand on, the last dimension first.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) shape: Dims<usize>,
    pub(super) peaks: Vec<Peak>,
    /// The best peak that it does not use.
    pub(super) unused: Option<Peak>,
}

impl<'s, 'a> Signal<'s, 'a> {
    pub(super) fn new(source: &'s Source<'a>, offset: usize, reading: Reading) -> Self {
        let len = (source.len() - offset) / reading.itemsize().max(1);
        let mut signal = Self { source, offset, reading, len, middle: 0.0, scale: 1.0 };
        let mut values: Vec<f64> = Vec::new();
        for start in runs(0, len, 2048) {
            signal.append(start, RUN.min(len - start), &mut values);
        }
        values.retain(|value| value.is_finite());
        if !values.is_empty() {
            values.sort_unstable_by(f64::total_cmp);
            let at = |part: f64| values[((values.len() - 1) as f64 * part) as usize];
            signal.middle = at(0.5);
            let inner = at(0.9) - at(0.1);
            let outer = at(1.0) - at(0.0);
            signal.scale = if inner > 0.0 { inner } else { outer };
        }
        signal
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends elements as they are; of complex numbers, the real parts.
    fn append(&self, start: usize, count: usize, values: &mut Vec<f64>) {
        let size = self.reading.itemsize();
        let raw = self.source.to_vec(self.offset + start * size, count * size);
        let (part, big) = self.reading.part();
        let format = match self.reading {
            Reading::Number { scalar, .. } => FloatFormat::of(scalar),
            _ => None,
        };
        let signed = match self.reading {
            Reading::Number { scalar, .. } => scalar.code().starts_with('i'),
            Reading::Time { .. } => true,
            _ => false,
        };
        values.extend(raw.chunks_exact(size).map(|element| {
            let bits = bits(&element[..part.min(size)], big);
            match format {
                Some(format) => format.value(bits),
                None => integer(bits, part, signed) as f64,
            }
        }));
    }

    /// Elements on a scale on which none is far out, and what is no number has a place of its own.
    fn read(&self, start: usize, count: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(count);
        self.append(start, count, &mut values);
        for value in &mut values {
            let scaled = (*value - self.middle) / self.scale.max(f64::MIN_POSITIVE);
            *value = match () {
                () if value.is_nan() => 2.5,
                () if scaled.is_infinite() => 2.0_f64.copysign(scaled),
                () => scaled / (1.0 + 0.5 * scaled.abs()),
            };
        }
        values
    }

    /// How far apart any two elements are.
    fn far(&self) -> f64 {
        let values: Vec<f64> = runs(0, self.len, COMPARED)
            .flat_map(|start| self.read(start, RUN.min(self.len - start)))
            .collect();
        let other = |index: usize| values[(index.wrapping_mul(0x9E37_79B1) + 7) % values.len()];
        let sum: f64 = (0..values.len()).map(|at| (values[at] - other(at)).abs()).sum();
        sum / values.len().max(1) as f64
    }

    /// The peak at `dim` steps of `step` elements each, compared with so many steps less and more.
    fn peak(
        &self,
        dim: usize,
        step: usize,
        aside: usize,
        compared: usize,
        far: f64,
    ) -> Option<Peak> {
        let lag = dim * step;
        let aside = aside * step;
        let reach = lag + aside;
        if reach >= self.len {
            return None;
        }
        let (mut near, mut around, mut gain_squares, mut count) = (0.0, 0.0, 0.0, 0_usize);
        let mut sides = [0.0; 2];
        for start in runs(reach, self.len, compared) {
            let run = RUN.min(self.len - start);
            let here = self.read(start, run);
            // All three at once where they overlap.
            let (before, at, after) = if aside < RUN {
                let all = self.read(start - reach, run + 2 * aside);
                (all[..run].to_vec(), all[aside..aside + run].to_vec(), all[2 * aside..].to_vec())
            } else {
                let read = |distance: usize| self.read(start - distance, run);
                (read(reach), read(lag), read(lag - aside))
            };
            for index in 0..run {
                let gap = |other: &[f64]| (here[index] - other[index]).abs();
                let (one, before, after) = (gap(&at), gap(&before), gap(&after));
                let two = 0.5 * (before + after);
                near += one;
                around += two;
                sides[0] += before;
                sides[1] += after;
                gain_squares += (two - one) * (two - one);
            }
            count += run;
        }
        let number = count as f64;
        let gain = (around - near) / number;
        let error = (gain_squares / number - gain * gain).max(1e-18).sqrt() / number.sqrt();
        let ratio = |other: f64| if other > 0.0 { near / other } else { 1.0 };
        Some(Peak {
            dim,
            ratio: ratio(around),
            dip: ratio(sides[0].min(sides[1])),
            sigmas: gain / error,
            far: near / number / far.max(1e-12),
            edge: self.edge(dim, step),
        })
    }

    /// See [`Peak::edge`].
    fn edge(&self, dim: usize, step: usize) -> f64 {
        let lag = dim * step;
        let rows = self.len / lag;
        let every = rows.div_ceil(MOST_EDGES);
        let width = step.min(8);
        let gap = |place: usize| -> f64 {
            let pairs = self.read(place, width).into_iter().zip(self.read(place - step, width));
            pairs.map(|(one, other)| (one - other).abs()).sum()
        };
        let (mut between, mut inside, mut count) = (0.0, 0.0, 0_usize);
        for row in (1..rows).step_by(every.max(1)) {
            let start = row * lag;
            // Somewhere else in each row, but never at its ends.
            let middle = start + step * (1 + row * 7 % (dim - 1));
            between += gap(start);
            inside += gap(middle);
            count += width;
        }
        if count == 0 {
            return 0.0;
        }
        // Few ends tell little.
        let trust = count as f64 / (count as f64 + 16.0);
        let least = 0.02 * count as f64 / width as f64;
        trust * ((between + least) / (inside + least)).ln().clamp(-3.0, 3.0)
    }

    /// The peaks of all lengths that divide what is left, the most telling first.
    fn peaks(&self, step: usize, far: f64) -> Vec<Peak> {
        let rest = self.len / step;
        let tried: Vec<usize> = divisors(rest)
            .into_iter()
            .filter(|&dim| dim >= 2 && dim < rest)
            .take(MOST_TRIED)
            .collect();
        let compared = (COMPARED_IN_ALL / tried.len().max(1)).clamp(2 << 10, COMPARED);
        let mut peaks: Vec<Peak> = tried
            .into_iter()
            .filter_map(|dim| self.peak(dim, step, 1, compared, far))
            .filter(|peak| peak.sigmas > 2.5 && peak.ratio < 0.99)
            .collect();
        // Planes of one colour each are alike as a whole, more than line by line.
        let colours =
            [3, 4].into_iter().filter(|&colours| step > 1 && rest.is_multiple_of(colours));
        for dim in colours.map(|colours| rest / colours).filter(|&dim| dim >= 12) {
            let plane = self.peak(dim, step, dim / 4, COMPARED, far);
            let plane = plane.filter(|peak| peak.sigmas > 4.0 && peak.ratio < 0.9);
            if let Some(plane) = plane {
                peaks.retain(|peak| peak.dim != dim);
                peaks.push(plane);
            }
        }
        peaks.sort_by(|a, b| a.strength().total_cmp(&b.strength()).reverse());
        peaks
    }

    /// Shapes that may be meant, the likeliest of each number of dimensions first.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let flat =
            Candidate { shape: Dims::from_elem(self.len, 1), peaks: Vec::new(), unused: None };
        if self.len < 6 || self.scale <= 0.0 {
            return vec![flat];
        }
        let far = self.far();
        let firsts = self.peaks(1, far);
        let mut all = vec![Candidate { unused: firsts.first().copied(), ..flat }];
        for first in shortest_first(&firsts).into_iter().take(3) {
            self.follow(vec![first], far, &mut all);
        }
        all
    }

    /// Adds the shape that stands on this chain, and those with more dimensions.
    fn follow(&self, chain: Vec<Peak>, far: f64, all: &mut Vec<Candidate>) {
        let step = chain.iter().map(|peak| peak.dim).product();
        let next = shortest_first(&self.peaks(step, far));
        all.push(self.candidate(&chain, next.first().copied()));
        if chain.len() + 1 < MOST_DIMS && all.len() < MOST_CANDIDATES {
            // The second best is only looked at near the last dimension.
            for peak in next.into_iter().take(if chain.len() == 1 { 2 } else { 1 }) {
                let longer = chain.iter().copied().chain([peak]).collect();
                self.follow(longer, far, all);
            }
        }
    }

    fn candidate(&self, chain: &[Peak], unused: Option<Peak>) -> Candidate {
        let inner: usize = chain.iter().map(|peak| peak.dim).product();
        let mut shape: Dims<usize> = chain.iter().map(|peak| peak.dim).collect();
        shape.push(self.len / inner);
        shape.reverse();
        Candidate { shape, peaks: chain.to_vec(), unused }
    }

    /// How much nearer elements are so many apart than one more or less: at most 1, for a shape that
    /// is said.
    pub(super) fn ratio_at(&self, lag: usize) -> f64 {
        self.peak(lag, 1, 1, COMPARED, 1.0).map_or(1.0, |peak| peak.ratio.min(1.0))
    }
}

impl Peak {
    /// Whether it may be as telling as another one, for all that is known from so many elements.
    fn rivals(&self, other: &Self) -> bool {
        let range = |peak: &Self| {
            let error = 2.0 * (1.0 - peak.ratio) / peak.sigmas.max(1.0);
            (1.0 - peak.ratio - error, 1.0 - peak.ratio + error)
        };
        range(self).1 >= 0.9 * range(other).0
    }

    /// How telling it is.
    pub(super) fn strength(&self) -> f64 {
        (1.0 - self.ratio) * (self.sigmas / (self.sigmas + 4.0))
    }
}

/// The most telling lengths. Multiples of a shorter one that is nearly as telling follow from it;
/// and the shortest one that tells much comes second, since rows may lie in planes that tell more.
fn shortest_first(peaks: &[Peak]) -> Vec<Peak> {
    let mut kept: Vec<Peak> = Vec::new();
    let mut keep = |peak: &Peak| {
        let better = peaks.iter().filter(|other| {
            other.dim < peak.dim && peak.dim.is_multiple_of(other.dim) && other.rivals(peak)
        });
        let chosen = better.min_by_key(|other| other.dim).unwrap_or(peak);
        if kept.iter().all(|one| one.dim != chosen.dim) {
            kept.push(*chosen);
        }
    };
    if let Some(best) = peaks.first() {
        keep(best);
        let telling = |peak: &&Peak| peak.sigmas > 6.0 && peak.strength() > 0.1 * best.strength();
        peaks.iter().filter(telling).min_by_key(|peak| peak.dim).into_iter().for_each(&mut keep);
    }
    peaks.iter().for_each(keep);
    kept
}

/// Where to read runs so that about `wanted` elements from `from..to` are seen.
fn runs(from: usize, to: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let available = (to - from).div_ceil(RUN);
    let count = available.min(wanted / RUN).max(1);
    // Spread evenly; the last one ends at the end.
    let room = (to - from).saturating_sub(RUN);
    (0..count).map(move |index| {
        let place = if count == 1 { 0.0 } else { room as f64 * index as f64 / (count - 1) as f64 };
        from + place as usize
    })
}

/// In rising order; of a number that has a great many, all that are found in bounded time.
fn divisors(number: usize) -> Vec<usize> {
    let mut low = Vec::new();
    let mut high = Vec::new();
    let mut small = 1_usize;
    while small <= 1 << 20 && small.saturating_mul(small) <= number {
        if number.is_multiple_of(small) {
            low.push(small);
            if small != number / small {
                high.push(number / small);
            }
        }
        small += 1;
    }
    high.reverse();
    low.extend(high);
    low
}

/// What is measured of a shape. The weights in `weights.rs` are in this order.
pub(super) const NAMES: &[&str] = &[
    "one dimension",
    "three dimensions",
    "four dimensions or more",
    "strength",
    "weakest strength",
    "unused strength",
    "unused sigmas",
    "colours first",
    "another shape",
    "sigmas",
    "weakest sigmas",
    "nearness of rows",
    "dips",
    "weakest dip",
    "edges",
    "weakest edge",
    "three last",
    "four last",
    "pairs last",
    "few columns",
    "few rows",
    "aspect",
    "round lengths",
    "square",
];

/// The row of a shape that is none of the candidates.
pub(super) fn another() -> [f64; NAMES.len()] {
    std::array::from_fn(|at| if NAMES[at] == "another shape" { 1.0 } else { 0.0 })
}

impl Candidate {
    /// A shape that does not stand on peaks.
    pub(super) fn said(shape: Dims<usize>) -> Self {
        Self { shape, peaks: Vec::new(), unused: None }
    }

    /// One number for each of [`NAMES`].
    pub(super) fn row(&self) -> [f64; NAMES.len()] {
        let flag = |holds: bool| f64::from(u8::from(holds));
        let dims = &self.shape;
        let strengths = || self.peaks.iter().map(Peak::strength);
        let sigmas = || self.peaks.iter().map(|peak| (1.0 + peak.sigmas).ln());
        let dips = || self.peaks.iter().map(|peak| (1.0 - peak.dip).max(-1.0));
        let edges = || self.peaks.iter().map(|peak| peak.edge.abs());
        let weakest = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let several = dims.len() > 1;
        let last = dims.last().copied().unwrap_or(1);
        let colours = several && dims.len() > 2 && matches!(last, 3 | 4);
        let rest = if colours { &dims[..dims.len() - 1] } else { &dims[..] };
        let (height, width) = match rest {
            [.., height, width] => (*height as f64, *width as f64),
            _ => (1.0, 1.0),
        };
        let common = |dim: usize| {
            dim.is_multiple_of(8) || dim.is_multiple_of(10) || matches!(dim, 3 | 4 | 28)
        };
        let round =
            dims.iter().filter(|&&dim| common(dim)).count() as f64 / dims.len().max(1) as f64;
        [
            flag(dims.len() == 1),
            flag(dims.len() == 3),
            flag(dims.len() > 3),
            strengths().sum(),
            if several { weakest(&mut strengths()) } else { 0.0 },
            self.unused.map_or(0.0, |peak| peak.strength()),
            self.unused.map_or(0.0, |peak| (1.0 + peak.sigmas).ln()),
            flag(dims.len() == 3 && matches!(dims[0], 3 | 4)),
            0.0,
            sigmas().sum(),
            if several { weakest(&mut sigmas()) } else { 0.0 },
            self.peaks.last().map_or(0.0, |peak| 1.0 - peak.far),
            dips().sum(),
            if several { weakest(&mut dips()) } else { 0.0 },
            edges().sum(),
            if several { weakest(&mut edges()) } else { 0.0 },
            flag(colours && last == 3),
            flag(colours && last == 4),
            flag(several && last == 2),
            flag(several && width < 4.0),
            flag(several && (height < 4.0 || (dims.len() == 2 && height < 8.0))),
            if several { (height / width).ln().abs().min(6.0) } else { 0.0 },
            if several { round } else { 0.0 },
            flag(several && height == width),
        ]
    }
}
