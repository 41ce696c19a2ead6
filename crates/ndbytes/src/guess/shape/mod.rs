//! Which rows the elements fall into: lengths at which each element is foreseen by the one so many
//! before.

mod foresight;
mod peak;
mod row;
mod search;
mod signal;

use crate::array::Dims;
use peak::Peak;
pub(super) use row::{NAMES, another};
use search::{Chain, Search};
pub(super) use signal::{Look, Signal};

/// Of shapes of one dimension, two, and so on: how many are told, and how many are looked at for one
/// more dimension.
const MOST: [(usize, usize); 5] = [(1, 1), (9, 9), (16, 3), (4, 1), (2, 0)];

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

    /// Its rows, of elements or of colours.
    fn rows(&self) -> Option<Rows> {
        let group = self.peaks.first().filter(|peak| peak.dim <= search::COLOURS);
        let rows = self.peaks.get(usize::from(group.is_some()))?;
        Some(Rows { len: rows.dim * group.map_or(1, |peak| peak.dim), start: rows.start })
    }

    /// How much less is left, as a logarithm, when elements are foreseen from all neighbours in this
    /// shape, and not only from those just before them.
    fn foreseen(&self) -> f64 {
        foreseen(&self.peaks)
    }
}

/// How long rows are, in elements, and how clearly they start. Where there is no grain, rows inside of
/// which others start as clearly are several of those.
struct Rows {
    len: usize,
    start: f64,
}

impl Rows {
    fn are_inside(&self, longer: &Self) -> bool {
        let divides = self.len < longer.len && longer.len.is_multiple_of(self.len);
        divides && self.start > search::CLEAR && self.start > longer.start - search::NEARLY
    }
}

fn foreseen(peaks: &[Peak]) -> f64 {
    peaks.iter().map(|peak| peak.gain).sum()
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
        let mut chains = vec![Chain::default()];
        let mut has_grain = true;
        for (level, &(most, searched)) in MOST.iter().enumerate() {
            // The likeliest are looked at further.
            chains.sort_by(|a, b| foreseen(&b.peaks).total_cmp(&foreseen(&a.peaks)));
            chains.truncate(most);
            let mut longer = Vec::new();
            for (at, chain) in chains.into_iter().enumerate() {
                // What is not kept takes long to read.
                let searched = if self.is_kept() { searched } else { searched.div_ceil(3) };
                let search = (at < searched).then(|| Search::behind(self, &chain, far)).flatten();
                has_grain &= search.as_ref().is_none_or(Search::finds_grain);
                let next = search.map_or(Vec::new(), |search| search.longer(&chain));
                all.push(Candidate::new(self.len(), chain, &next));
                longer.extend(next);
            }
            chains = if level + 1 < MOST.len() { longer } else { Vec::new() };
        }
        let best = all.iter().map(Candidate::foreseen).fold(0.0, f64::max);
        all.iter_mut().for_each(|one| one.best = best);
        if !has_grain {
            let rows: Vec<Rows> = all.iter().filter_map(Candidate::rows).collect();
            all.retain(|one| {
                one.rows().is_none_or(|own| rows.iter().all(|other| !other.are_inside(&own)))
            });
        }
        all
    }
}
