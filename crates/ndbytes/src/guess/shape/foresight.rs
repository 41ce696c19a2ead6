//! How well elements are foreseen from others before them: rows are told by what is above.

use std::borrow::Cow;
use std::ops::Range;

use super::signal::Signal;

/// Squares of errors smaller than this are none: numbers are on a scale of about one.
const LEAST: f64 = 3e-6;
/// Errors are cut off here, in standard deviations, so that a few do not stand for all.
const CUT: f32 = 4.0;

/// Sums of products of columns of numbers: what linear foresight needs.
///
/// The first column is one everywhere, and the last one is what is to be foreseen.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    columns: usize,
    count: f64,
    sums: Vec<f64>,
}

impl Moments {
    /// Of what is foreseen from so many columns.
    pub(super) fn new(known: usize) -> Self {
        let columns = known + 2;
        Self { columns, count: 0.0, sums: vec![0.0; columns * columns] }
    }

    /// Adds rows: the columns that are known, and the one that is to be foreseen.
    fn add(&mut self, columns: &[&[f32]]) {
        let (last, count) = (self.columns, columns[0].len() as f64);
        self.count += count;
        self.sums[0] += count;
        for (one, here) in columns.iter().enumerate() {
            self.sums[one + 1] += here.iter().map(|&value| f64::from(value)).sum::<f64>();
            for (other, there) in columns.iter().enumerate().skip(one) {
                self.sums[(one + 1) * last + other + 1] += product(here, there);
            }
        }
    }

    /// Adds one row of these columns.
    fn add_one(&mut self, columns: &[&[f32]], at: usize) {
        self.count += 1.0;
        self.sums[0] += 1.0;
        for (one, here) in columns.iter().enumerate() {
            let here = f64::from(here[at]);
            self.sums[one + 1] += here;
            let row =
                &mut self.sums[(one + 1) * self.columns + one + 1..][..self.columns - one - 1];
            for (sum, there) in row.iter_mut().zip(&columns[one..]) {
                *sum += here * f64::from(there[at]);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
    }

    pub(super) fn count(&self) -> f64 {
        self.count
    }

    fn sum(&self, one: usize, other: usize) -> f64 {
        self.sums[one.min(other) * self.columns + one.max(other)]
    }

    /// The mean square of what is left of the last column when these (counted from 0) are known, and
    /// what each counts for, the constant first.
    fn foreseen(&self, known: &[usize]) -> (f64, Vec<f64>) {
        let last = self.columns - 1;
        let chosen: Vec<usize> = [0].into_iter().chain(known.iter().map(|at| at + 1)).collect();
        let size = chosen.len();
        // Cholesky, with a little on the diagonal for columns that say the same.
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let mut sum = self.sum(chosen[row], chosen[column]);
                if row == column {
                    sum += 1e-7 * self.count.max(1.0);
                }
                for at in 0..column {
                    sum -= lower[row * size + at] * lower[column * size + at];
                }
                lower[row * size + column] = match row == column {
                    true => sum.max(1e-12).sqrt(),
                    false => sum / lower[column * size + column],
                };
            }
        }
        let mut weights: Vec<f64> = chosen.iter().map(|&at| self.sum(at, last)).collect();
        for row in 0..size {
            for at in 0..row {
                weights[row] -= lower[row * size + at] * weights[at];
            }
            weights[row] /= lower[row * size + row];
        }
        let told: f64 = weights.iter().map(|weight| weight * weight).sum();
        for row in (0..size).rev() {
            for at in row + 1..size {
                weights[row] -= lower[at * size + row] * weights[at];
            }
            weights[row] /= lower[row * size + row];
        }
        // What so many weights foresee by chance is no foresight.
        let free = (self.count - size as f64).max(1.0);
        (((self.sum(last, last) - told) / free).max(LEAST), weights)
    }

    /// The mean square of what is left when these are known.
    pub(super) fn rest(&self, known: &[usize]) -> f64 {
        self.foreseen(known).0
    }
}

/// What it costs to say so many weights, for each of `count` elements that they foresee.
pub(super) fn price(weights: usize, count: f64) -> f64 {
    0.5 * weights as f64 * count.max(1.0).ln() / count.max(1.0)
}

/// The sum of products, in lanes.
fn product(one: &[f32], other: &[f32]) -> f64 {
    let (ones, one_rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    let mut lanes = [0.0_f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..8 {
            lanes[lane] += one[lane] * other[lane];
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    f64::from(lanes.iter().sum::<f32>() + rest)
}

/// The sum of absolute values.
fn size(errors: &[f32]) -> f64 {
    errors.iter().map(|error| f64::from(error.abs())).sum()
}

/// The moments of elements and those at these distances before them, of about `wanted` elements.
pub(super) fn moments(signal: &Signal<'_, '_>, lags: &[usize], wanted: usize) -> Option<Moments> {
    let mut all = Moments::new(lags.len());
    windows(signal, lags, wanted, |_, columns| all.add(columns))?;
    Some(all)
}

/// For each of these lengths of groups: how much less is left, as a logarithm, when elements are
/// foreseen by their place in the group than when all are foreseen alike; and how much the errors of
/// the places differ, as a logarithm: colours that are always opaque have none.
pub(super) fn gains_by_place(
    signal: &Signal<'_, '_>,
    groups: &[usize],
    lags: &[usize],
    wanted: usize,
) -> Vec<(usize, f64, f64)> {
    let known: Vec<usize> = (0..lags.len()).collect();
    let mut gains = Vec::new();
    // Most groups are told by one look at the places in 24.
    for turn in [24, 5, 7] {
        let asked: Vec<usize> = groups.iter().copied().filter(|&group| turn % group == 0).collect();
        if asked.is_empty() {
            continue;
        }
        let mut places = vec![Moments::new(lags.len()); turn];
        let looked = windows(signal, lags, wanted, |start, columns| {
            for at in 0..columns[0].len() {
                places[(start + at) % turn].add_one(columns, at);
            }
        });
        if looked.is_none() {
            continue;
        }
        let joined = |group: usize, place: usize| {
            let mut sum = Moments::new(lags.len());
            places.iter().skip(place).step_by(group).for_each(|place| sum.merge(place));
            sum
        };
        let together = joined(1, 0);
        for group in asked {
            let (mut squares, mut logarithms) = (0.0, 0.0);
            for moments in (0..group).map(|place| joined(group, place)) {
                let (share, rest) = (moments.count() / together.count(), moments.rest(&known));
                squares += share * rest;
                logarithms += share * rest.ln();
            }
            let gain = 0.5 * (together.rest(&known) / squares).ln();
            let apart = 0.5 * (squares.ln() - logarithms);
            let weights = (group - 1) * (lags.len() + 1);
            gains.push((group, gain - price(weights, together.count()), apart));
        }
    }
    gains
}

/// Calls with the place of a run of elements and its columns: those at each distance before it, and
/// itself. `None` where distances leave nothing.
fn windows(
    signal: &Signal<'_, '_>,
    lags: &[usize],
    wanted: usize,
    mut each: impl FnMut(usize, &[&[f32]]),
) -> Option<()> {
    let reach = lags.iter().copied().max().unwrap_or(0);
    if reach + 8 > signal.len() {
        return None;
    }
    let clusters = Clusters::of(lags);
    for (start, count) in signal.runs(reach, wanted) {
        clusters.with_columns(signal, lags, start, count, |columns| each(start, columns));
    }
    Some(())
}

/// Distances near each other are read at once.
struct Clusters(Vec<(usize, usize)>);

impl Clusters {
    fn of(lags: &[usize]) -> Self {
        let mut sorted: Vec<usize> = lags.iter().copied().chain([0]).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let near = sorted.chunk_by(|one, other| other - one <= 64);
        Self(near.map(|all| (all[0], all[all.len() - 1])).collect())
    }

    /// Calls with the columns of a run: the elements at each distance before it, and itself.
    fn with_columns(
        &self,
        signal: &Signal<'_, '_>,
        lags: &[usize],
        start: usize,
        count: usize,
        each: impl FnOnce(&[&[f32]]),
    ) {
        let read = |&(low, high): &(usize, usize)| signal.read(start - high, count + high - low);
        let read: Vec<_> = self.0.iter().map(read).collect();
        let column = |&lag: &usize| {
            let at = self.0.iter().position(|&(low, high)| (low..=high).contains(&lag))?;
            let from = self.0[at].1 - lag;
            read[at].get(from..from + count)
        };
        let columns: Vec<&[f32]> = lags.iter().chain([&0]).filter_map(column).collect();
        each(&columns);
    }
}

/// About so many numbers of a range, at no regular distance: what comes back regularly is met as
/// often as it is there.
pub(super) fn some_of(all: Range<usize>, most: usize) -> impl Iterator<Item = usize> {
    let every = all.len().div_ceil(most).max(1);
    let part = move |(index, start): (usize, usize)| {
        let aside = (index.wrapping_mul(0x9E37_79B9) >> 7) % every;
        (start + aside).min(all.end - 1)
    };
    all.clone().step_by(every).enumerate().map(part)
}

/// What is left of elements when those at some distances before them are known.
pub(super) struct Errors<'s, 'q, 'a> {
    signal: &'s Signal<'q, 'a>,
    lags: Vec<usize>,
    clusters: Clusters,
    /// What elements at each distance count for, the constant first.
    weights: Vec<f32>,
    /// Their standard deviation.
    spread: f32,
    /// Their mean size.
    mean: f64,
    /// All of them, from the first that has elements before it, where the elements are kept, too.
    kept: Option<Vec<f32>>,
}

impl<'s, 'q, 'a> Errors<'s, 'q, 'a> {
    /// `None` where distances leave nothing.
    pub(super) fn new(signal: &'s Signal<'q, 'a>, lags: &[usize], wanted: usize) -> Option<Self> {
        let moments = moments(signal, lags, wanted)?;
        let known: Vec<usize> = (0..lags.len()).collect();
        let (rest, weights) = moments.foreseen(&known);
        let mut errors = Self {
            signal,
            lags: lags.to_vec(),
            clusters: Clusters::of(lags),
            weights: weights.into_iter().map(|weight| weight as f32).collect(),
            spread: rest.sqrt() as f32,
            mean: 0.0,
            kept: None,
        };
        if signal.is_kept() {
            let reach = errors.reach();
            errors.kept = Some(errors.compute(reach, signal.len() - reach));
        }
        let (mut sum, mut number) = (0.0, 0.0);
        for (start, count) in signal.runs(errors.reach(), 4096) {
            let all = errors.at(start, count);
            sum += size(&all);
            number += count as f64;
        }
        errors.mean = sum / number;
        Some(errors)
    }

    /// Their standard deviation, on the scale of the numbers.
    pub(super) fn spread(&self) -> f32 {
        self.spread
    }

    fn reach(&self) -> usize {
        self.lags.iter().copied().max().unwrap_or(0)
    }

    /// In standard deviations, cut off where they are large.
    pub(super) fn at(&self, start: usize, count: usize) -> Cow<'_, [f32]> {
        match &self.kept {
            Some(kept) => Cow::Borrowed(&kept[start - self.reach()..][..count]),
            None => Cow::Owned(self.compute(start, count)),
        }
    }

    fn compute(&self, start: usize, count: usize) -> Vec<f32> {
        let mut all = Vec::with_capacity(count);
        self.clusters.with_columns(self.signal, &self.lags, start, count, |columns| {
            let (here, before) = (columns[columns.len() - 1], &columns[..columns.len() - 1]);
            all.extend(here.iter().map(|value| value - self.weights[0]));
            for (column, weight) in before.iter().zip(&self.weights[1..]) {
                all.iter_mut().zip(*column).for_each(|(here, there)| *here -= weight * there);
            }
        });
        let scale = 1.0 / self.spread;
        all.iter_mut().for_each(|error| *error = (*error * scale).clamp(-CUT, CUT));
        all
    }

    /// How alike errors are that lie `lag` apart, or `aside` more or less: the share of one that the
    /// other tells, less what it tells by chance.
    pub(super) fn likeness(&self, lag: usize, aside: usize, wanted: usize) -> f64 {
        let from = self.reach() + lag + aside;
        if from + 8 > self.signal.len() {
            return 0.0;
        }
        let (mut squares, mut others) = (0.0, 0.0);
        let mut sums = [0.0; 3];
        let mut number = 0.0;
        for (start, count) in self.signal.runs(from, wanted) {
            let here = self.at(start, count);
            // All three at once where they overlap.
            let all;
            let (one, two, three);
            let (before, at, after) = if aside <= 64 {
                all = self.at(start - lag - aside, count + 2 * aside);
                (&all[..count], &all[aside..aside + count], &all[2 * aside..])
            } else {
                one = self.at(start - lag - aside, count);
                two = self.at(start - lag, count);
                three = self.at(start - (lag - aside), count);
                (&one[..], &two[..], &three[..])
            };
            sums[0] += product(&here, before);
            sums[1] += product(&here, at);
            sums[2] += product(&here, after);
            squares += product(&here, &here);
            others += product(at, at);
            number += count as f64;
        }
        let told = sums.iter().map(|sum| sum * sum).sum::<f64>() / (squares * others).max(1e-12);
        told - 3.0 / number
    }

    /// How much larger errors are at the first elements of each `lag` than elsewhere, as a logarithm:
    /// where something ends, nothing is foreseen. Of about `most` of them, `width` elements are looked
    /// at.
    pub(super) fn edge(&self, lag: usize, width: usize, most: usize) -> f64 {
        let first = self.reach().div_ceil(lag).max(1);
        let blocks = self.signal.len() / lag;
        if blocks <= first {
            return 0.0;
        }
        let (mut sum, mut number) = (0.0, 0.0);
        for block in some_of(first..blocks, most) {
            let count = width.min(self.signal.len() - block * lag);
            sum += size(&self.at(block * lag, count));
            number += count as f64;
        }
        let trust = number / (number + 16.0);
        trust * ((sum / number + 0.02) / (self.mean + 0.02)).ln()
    }
}
