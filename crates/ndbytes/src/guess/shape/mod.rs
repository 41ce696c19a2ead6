//! Which rows the elements fall into: lengths at which each element is foreseen by the one so many
//! before.

mod foresight;
mod peak;
mod row;
mod search;
mod signal;

use std::collections::VecDeque;

use crate::array::Dims;
use peak::Peak;
pub(super) use row::{NAMES, another};
use search::{Chain, Search};
pub(super) use signal::Signal;

/// More dimensions than this are not looked for.
const MOST_DIMS: usize = 5;
const MOST_CANDIDATES: usize = 28;

/// A shape, and the peaks that its dimensions stand on, the last dimension first.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) shape: Dims<usize>,
    pub(super) peaks: Vec<Peak>,
    /// What each peak adds to what is foreseen from all others.
    adds: Vec<f64>,
    /// The best peak that it does not use.
    unused: Option<Peak>,
    /// How much less is left, as a logarithm, when elements are foreseen from all neighbours in the
    /// shape that foresees best, and not only from those just before them.
    best: f64,
}

impl Candidate {
    /// A shape that does not stand on peaks.
    pub(super) fn said(shape: Dims<usize>) -> Self {
        Self { shape, peaks: Vec::new(), adds: Vec::new(), unused: None, best: 0.0 }
    }

    fn new(len: usize, chain: Chain, next: &[Chain]) -> Self {
        let inner: usize = chain.peaks.iter().map(|peak| peak.dim).product();
        let mut shape: Dims<usize> = chain.peaks.iter().map(|peak| peak.dim).collect();
        shape.push(len / inner);
        shape.reverse();
        let unused = next.iter().filter_map(|longer| longer.peaks.last()).copied();
        let unused = unused.max_by(|a, b| a.gain.total_cmp(&b.gain));
        Self { shape, peaks: chain.peaks, adds: chain.adds, unused, best: 0.0 }
    }

    /// How much less is left, as a logarithm, when elements are foreseen from all neighbours in this
    /// shape, and not only from those just before them.
    fn foreseen(&self) -> f64 {
        self.peaks.iter().map(|peak| peak.gain).sum()
    }
}

impl Signal<'_, '_> {
    /// Shapes that may be meant.
    pub(super) fn candidates(&mut self) -> Vec<Candidate> {
        if self.len() < 6 || self.scale <= 0.0 {
            return vec![Candidate::said(Dims::from_elem(self.len(), 1))];
        }
        self.keep();
        let far = self.far();
        let mut all = Vec::new();
        // Those of few dimensions first.
        let mut chains = VecDeque::from([Chain::default()]);
        while let Some(chain) = chains.pop_front() {
            let next = if chain.peaks.len() + 1 < MOST_DIMS {
                Search::behind(self, &chain, far).map_or(Vec::new(), |search| search.longer(&chain))
            } else {
                Vec::new()
            };
            all.push(Candidate::new(self.len(), chain, &next));
            let room = MOST_CANDIDATES.saturating_sub(all.len() + chains.len());
            chains.extend(next.into_iter().take(room));
        }
        let best = all.iter().map(Candidate::foreseen).fold(0.0, f64::max);
        all.iter_mut().for_each(|one| one.best = best);
        all
    }
}
