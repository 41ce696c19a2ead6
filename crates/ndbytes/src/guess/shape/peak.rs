//! How much nearer elements are at a distance than at those around it.

use super::foresight::some_of;
use super::signal::{RUN, Signal};

/// Elements that are compared at a distance; and that are looked at closely.
pub(super) const COMPARED: usize = 8 << 10;
pub(super) const CLOSELY: usize = 4 << 10;
/// Ends of rows that are looked at.
const MOST_EDGES: usize = 256;

/// One step from the last dimension to the first, and what speaks for it.
#[derive(Clone, Copy, Debug)]
pub(in crate::guess) struct Peak {
    /// Elements of this dimension.
    pub(in crate::guess) dim: usize,
    /// The difference at the distance, as a share of those a step before and behind.
    pub(in crate::guess) ratio: f64,
    /// The same, as a share of the smaller one of the two.
    pub(super) dip: f64,
    /// How many standard errors that is from no difference at all.
    pub(super) sigmas: f64,
    /// The difference at the distance, as a share of that between any two elements.
    pub(super) far: f64,
    /// How much the steps from one row to the next differ from those inside of rows, as a logarithm:
    /// what is no row goes on as if there were no end.
    pub(super) edge: f64,
    /// How much less is left, as a logarithm, when elements are foreseen from those at this distance,
    /// too.
    pub(in crate::guess) gain: f64,
    /// Of groups: how much the errors of foresight at each place of them differ, as a logarithm.
    pub(super) apart: f64,
    /// How much larger errors of foresight are where a row begins, as a logarithm.
    pub(super) start: f64,
}

impl Peak {
    /// Whether it may be as telling as another one, for all that is known from so many elements.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        let range = |peak: &Self| {
            let error = 2.0 * (1.0 - peak.ratio) / peak.sigmas.max(1.0);
            (1.0 - peak.ratio - error, 1.0 - peak.ratio + error)
        };
        range(self).1 >= 0.9 * range(other).0
    }

    /// How telling it is by foresight.
    pub(super) fn told(&self) -> f64 {
        self.gain + self.apart
    }

    /// How telling it is by differences.
    pub(super) fn strength(&self) -> f64 {
        (1.0 - self.ratio) * (self.sigmas / (self.sigmas + 4.0))
    }
}

impl Signal<'_, '_> {
    /// The peak at `dim` steps of `step` elements each, compared with one step less and more.
    pub(super) fn peak(&self, dim: usize, step: usize, compared: usize, far: f64) -> Option<Peak> {
        let lag = dim * step;
        let aside = step;
        let reach = lag + aside;
        if reach >= self.len() {
            return None;
        }
        let (mut near, mut around, mut gain_squares, mut count) = (0.0, 0.0, 0.0, 0_usize);
        let mut sides = [0.0; 2];
        for (start, run) in self.runs(reach, compared) {
            let here = self.read(start, run);
            // All three at once where they overlap.
            let all;
            let (one, two, three);
            let (before, at, after) = if aside < RUN {
                all = self.read(start - reach, run + 2 * aside);
                (&all[..run], &all[aside..aside + run], &all[2 * aside..])
            } else {
                one = self.read(start - reach, run);
                two = self.read(start - lag, run);
                three = self.read(start - (lag - aside), run);
                (&one[..], &two[..], &three[..])
            };
            for index in 0..run {
                let gap = |other: &[f32]| f64::from((here[index] - other[index]).abs());
                let (one, before, after) = (gap(at), gap(before), gap(after));
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
            edge: 0.0,
            gain: 0.0,
            apart: 0.0,
            start: 0.0,
        })
    }

    /// How much nearer elements are so many apart than one more or less: at most 1, for a shape that
    /// is said.
    pub(in crate::guess) fn ratio_at(&self, lag: usize) -> f64 {
        self.peak(lag, 1, COMPARED, 1.0).map_or(1.0, |peak| peak.ratio.min(1.0))
    }

    /// See [`Peak::edge`].
    pub(super) fn edge(&self, dim: usize, step: usize) -> f64 {
        let lag = dim * step;
        let rows = self.len() / lag;
        let width = step.min(8);
        let gap = |place: usize| -> f64 {
            let (here, before) = (self.read(place, width), self.read(place - step, width));
            here.iter().zip(before.iter()).map(|(one, other)| f64::from((one - other).abs())).sum()
        };
        let (mut between, mut inside, mut count) = (0.0, 0.0, 0_usize);
        for row in some_of(1..rows, MOST_EDGES) {
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
}
