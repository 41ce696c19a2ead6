//! The lengths that one dimension may have, behind those that are settled.

use super::foresight::{Errors, Moments, gains_by_place, moments, price};
use super::peak::{CLOSELY, COMPARED, Peak};
use super::signal::Signal;

/// Elements that are compared at all distances that are tried.
const COMPARED_IN_ALL: usize = 128 << 10;
/// Distances that are tried for the last dimension and for another one, and those that are looked at
/// closely.
const MOST_TRIED: [usize; 2] = [300, 120];
const MOST_CLOSELY: usize = 8;
/// Neighbours this near are always known. Groups of no more elements are told by the places in them.
const NEAR: usize = 8;
/// So many lengths are compared without a first look.
const FEW: usize = 24;
/// The standard deviation of errors, of which there is grain.
const GRAIN: f32 = 0.004;
/// Starts of rows, or planes, that are looked at closely.
const MOST_STARTS: usize = 256;
/// Starts of rows from here on are clear ones, and those so near to them are as good.
pub(super) const CLEAR: f64 = 0.5;
pub(super) const NEARLY: f64 = 0.35;
/// Groups of no more elements may be colours.
pub(super) const COLOURS: usize = 4;

/// Dimensions that are settled, from the last one on.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    pub(super) peaks: Vec<Peak>,
    /// What each peak adds to what is foreseen from all others.
    pub(super) adds: Vec<f64>,
}

impl Chain {
    /// The strides of the dimensions, and that of the next one.
    fn steps(&self) -> Vec<usize> {
        let mut steps = vec![1];
        for peak in &self.peaks {
            steps.push(steps[steps.len() - 1] * peak.dim);
        }
        steps
    }
}

/// What is looked at for the next dimension.
pub(super) struct Search<'s, 'q, 'a> {
    signal: &'s Signal<'q, 'a>,
    steps: Vec<usize>,
    /// What is left of the elements when neighbours in the settled dimensions are known.
    errors: Errors<'s, 'q, 'a>,
    far: f64,
    /// Lengths that divide what there is.
    tried: Vec<usize>,
}

impl<'s, 'q, 'a> Search<'s, 'q, 'a> {
    /// `None` where nothing is left for one more dimension.
    pub(super) fn behind(signal: &'s Signal<'q, 'a>, chain: &Chain, far: f64) -> Option<Self> {
        let steps = chain.steps();
        let rest = signal.len() / steps[chain.peaks.len()];
        let tried = divisors(rest).into_iter().filter(|&dim| dim >= 2 && dim < rest);
        let tried = tried.take(MOST_TRIED[usize::from(!chain.peaks.is_empty())]).collect();
        let errors = Errors::new(signal, &neighbours(&steps).concat(), CLOSELY)?;
        Some(Self { signal, steps, errors, far, tried })
    }

    /// The chain with each of the likely lengths.
    pub(super) fn longer(&self, chain: &Chain) -> Vec<Chain> {
        let level = chain.peaks.len();
        let (foreseen, nearer) = match level {
            0 => (4, 2),
            1 => (2, 2),
            _ => (1, 0),
        };
        let mut all = Vec::new();
        if level == 0 {
            all.extend(self.by_place(chain));
        }
        if self.is_for_rows(chain) {
            all.extend(self.by_start(chain));
        }
        all.extend(self.by_foresight(chain).into_iter().take(foreseen));
        if nearer > 0 {
            all.extend(self.by_nearness(chain).take(nearer));
        }
        all.extend(self.by_colours(chain));
        let mut kept: Vec<Chain> = Vec::new();
        for longer in all {
            let dim = |chain: &Chain| chain.peaks.last().map(|peak| peak.dim);
            if kept.iter().all(|one| dim(one) != dim(&longer)) {
                kept.push(longer);
            }
        }
        kept
    }

    fn step(&self) -> usize {
        self.steps[self.steps.len() - 1]
    }

    /// Whether elements differ from what is foreseen of them not only where something begins.
    pub(super) fn finds_grain(&self) -> bool {
        self.errors.spread() > GRAIN
    }

    /// Whether what is next are rows, of elements or of colours.
    fn is_for_rows(&self, chain: &Chain) -> bool {
        chain.peaks.iter().all(|peak| peak.dim <= COLOURS)
    }

    /// Lengths that are told by the places in them.
    fn is_group(&self, dim: usize) -> bool {
        self.steps.len() == 1 && dim <= NEAR
    }

    fn compared(&self) -> usize {
        let (all, least) = if self.steps.len() == 1 {
            (COMPARED_IN_ALL, 2 << 10)
        } else {
            (COMPARED_IN_ALL / 4, 1 << 10)
        };
        (all / self.tried.len().max(1)).clamp(least, COMPARED)
    }

    /// Lengths to be compared: where elements take long to read, those that a first look is for.
    fn worth_comparing(&self, look: impl Fn(usize, usize) -> f64) -> Vec<usize> {
        let mut tried = self.tried.clone();
        if !self.signal.is_kept() && tried.len() > FEW {
            let compared = self.compared() / 4;
            let mut looked: Vec<(usize, f64)> =
                tried.iter().map(|&dim| (dim, look(dim, compared))).collect();
            looked.sort_by(|a, b| b.1.total_cmp(&a.1));
            looked.truncate(usize::max(FEW, tried.len() / 8));
            tried.retain(|dim| looked.iter().any(|(one, _)| one == dim));
        }
        tried
    }

    /// The likeliest colours, and the likeliest few columns: elements at each place are foreseen in
    /// their own way.
    fn by_place(&self, chain: &Chain) -> Vec<Chain> {
        let groups: Vec<usize> =
            self.tried.iter().copied().filter(|&dim| self.is_group(dim)).collect();
        let near: Vec<usize> = (1..=NEAR).collect();
        let gains = gains_by_place(self.signal, &groups, &near, CLOSELY);
        let (colours, columns): (Vec<_>, Vec<_>) =
            gains.into_iter().partition(|(dim, ..)| *dim <= COLOURS);
        let likeliest = |gains: Vec<(usize, f64, f64)>| {
            let all = gains.into_iter().filter_map(|(dim, gain, apart)| {
                Some(longer(chain, Peak { gain, apart, ..self.peak(dim)? }, None))
            });
            self.certain(all.collect()).into_iter().next()
        };
        likeliest(colours).into_iter().chain(likeliest(columns)).collect()
    }

    /// The shortest length at which nothing is foreseen from what came before: in surfaces without any
    /// grain all else is foreseen from everywhere.
    fn by_start(&self, chain: &Chain) -> Option<Chain> {
        let step = self.step();
        let start = |dim: usize| self.errors.edge(step * dim, step.min(64), MOST_STARTS / 6);
        let rows = self.tried.iter().filter(|&&dim| !self.is_group(dim) && dim >= 4);
        let starts: Vec<(usize, f64)> = rows.map(|&dim| (dim, start(dim))).collect();
        let most = starts.iter().map(|(_, start)| *start).fold(0.0, f64::max);
        let shortest = starts.iter().find(|(_, start)| *start > most - NEARLY)?;
        (most > CLEAR).then(|| self.closely(chain, shortest.0)).flatten()
    }

    /// Lengths from which elements are foreseen best, of those at which errors of foresight are alike.
    fn by_foresight(&self, chain: &Chain) -> Vec<Chain> {
        let (step, compared) = (self.step(), self.compared());
        let likeness = |dim, compared| self.errors.likeness(dim * step, step, compared);
        let mut likely: Vec<(usize, f64)> = self
            .worth_comparing(likeness)
            .into_iter()
            .filter(|&dim| !self.is_group(dim))
            .map(|dim| (dim, likeness(dim, compared)))
            .collect();
        likely.sort_by(|a, b| b.1.total_cmp(&a.1));
        likely.truncate(MOST_CLOSELY >> chain.peaks.len());
        let all = likely.into_iter().filter_map(|(dim, _)| self.closely(chain, dim));
        self.certain(all.collect())
    }

    /// Lengths at which elements are nearer to each other than a step before and behind.
    fn by_nearness<'c>(
        &'c self,
        chain: &'c Chain,
    ) -> impl Iterator<Item = Chain> + use<'c, 's, 'q, 'a> {
        let compared = self.compared();
        let peak = |dim, compared| self.signal.peak(dim, self.step(), compared, self.far);
        let strength = |dim, compared| peak(dim, compared).map_or(0.0, |peak| peak.strength());
        let mut nearer: Vec<Peak> = self
            .worth_comparing(strength)
            .into_iter()
            .filter_map(|dim| peak(dim, compared))
            .filter(|peak| peak.sigmas > 2.5 && peak.ratio < 0.99)
            .collect();
        nearer.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
        let shortest = shortest_first(&nearer, |shorter, peak| shorter.rivals(peak));
        shortest.into_iter().filter_map(|peak| self.closely(chain, peak.dim))
    }

    /// Planes of one colour each.
    fn by_colours(&self, chain: &Chain) -> Vec<Chain> {
        let rest = self.signal.len() / self.step();
        let planes = [3, 4].into_iter().filter(|&colours| {
            !chain.peaks.is_empty() && rest.is_multiple_of(colours) && rest / colours >= 12
        });
        let planes = planes.filter_map(|colours| self.closely(chain, rest / colours));
        let likely = |longer: &Chain| {
            longer.peaks.last().is_some_and(|plane| plane.start > 0.1 || plane.gain > 0.0)
        };
        planes.filter(likely).collect()
    }

    /// The chain with this length, and what speaks for it.
    fn closely(&self, chain: &Chain, dim: usize) -> Option<Chain> {
        let mut steps = self.steps.clone();
        steps.push(self.step() * dim);
        let levels = neighbours(&steps);
        let moments = moments(self.signal, &levels.concat(), CLOSELY)?;
        let gain = addition(&moments, &levels, levels.len() - 1);
        Some(longer(chain, Peak { gain, ..self.peak(dim)? }, Some((&moments, &levels))))
    }

    fn peak(&self, dim: usize) -> Option<Peak> {
        let step = self.step();
        let start = self.errors.edge(step * dim, step.min(64), MOST_STARTS);
        let edge = self.signal.edge(dim, step);
        Some(Peak { start, edge, ..self.signal.peak(dim, step, CLOSELY, self.far)? })
    }

    /// Those that are no chance, the most telling first.
    fn certain(&self, mut all: Vec<Chain>) -> Vec<Chain> {
        let gain = |chain: &Chain| chain.peaks.last().map_or(0.0, Peak::told);
        let number = self.signal.len().min(COMPARED) as f64;
        all.retain(|chain| gain(chain) > 0.001 && gain(chain) * number > 8.0);
        all.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
        let peaks: Vec<Peak> = all.iter().filter_map(|chain| chain.peaks.last().copied()).collect();
        let order = shortest_first(&peaks, |shorter, peak| shorter.told() > 0.85 * peak.told());
        let of = |peak: &Peak| {
            all.iter().find(|chain| chain.peaks.last().map(|one| one.dim) == Some(peak.dim))
        };
        order.iter().filter_map(of).cloned().collect()
    }
}

/// The chain with one more peak, and what each adds then.
fn longer(chain: &Chain, peak: Peak, known: Option<(&Moments, &[Vec<usize>])>) -> Chain {
    let peaks: Vec<Peak> = chain.peaks.iter().copied().chain([peak]).collect();
    let add = |(level, peak): (usize, &Peak)| match known {
        Some((moments, levels)) if !levels[level + 1].is_empty() => {
            addition(moments, levels, level + 1)
        }
        _ => peak.gain,
    };
    let adds = peaks.iter().enumerate().map(add).collect();
    Chain { peaks, adds }
}

/// The distances of neighbours in an array of these strides, from the last dimension on; those that
/// each dimension adds, in order.
fn neighbours(steps: &[usize]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut seen = Vec::new();
    for (level, &step) in steps.iter().enumerate() {
        let wanted: Vec<usize> = match level {
            0 => (1..=NEAR).collect(),
            1 if step <= NEAR => Vec::new(),
            _ => {
                let inner = steps[level - 1];
                let mut near = vec![step, step - inner, step + inner];
                if level == 1 || steps[1] <= NEAR {
                    near.extend([step.saturating_sub(2 * inner), step + 2 * inner]);
                }
                if level > 1 {
                    let inmost = steps[level - 2];
                    near.extend([step - inmost, step + inmost]);
                }
                near
            }
        };
        let new: Vec<usize> =
            wanted.into_iter().filter(|lag| *lag > 0 && !seen.contains(lag)).collect();
        seen.extend(&new);
        all.push(new);
    }
    all
}

/// How much less is left, as a logarithm, for knowing the neighbours of one level, too; less what it
/// costs to say how.
fn addition(moments: &Moments, levels: &[Vec<usize>], level: usize) -> f64 {
    let from: usize = levels[..level].iter().map(Vec::len).sum();
    let to = from + levels[level].len();
    let all: Vec<usize> = (0..levels.iter().map(Vec::len).sum()).collect();
    let others: Vec<usize> = all.iter().copied().filter(|at| !(from..to).contains(at)).collect();
    let gain = 0.5 * (moments.rest(&others) / moments.rest(&all)).ln();
    gain - price(to - from, moments.count())
}

/// The most telling lengths, of which the most telling is first. Multiples of a shorter one that is
/// nearly as telling follow from it.
fn shortest_first(peaks: &[Peak], is_near: impl Fn(&Peak, &Peak) -> bool) -> Vec<Peak> {
    let mut kept: Vec<Peak> = Vec::new();
    for peak in peaks {
        let shorter = peaks.iter().filter(|other| {
            other.dim < peak.dim && peak.dim.is_multiple_of(other.dim) && is_near(other, peak)
        });
        let chosen = shorter.min_by_key(|other| other.dim).unwrap_or(peak);
        if kept.iter().all(|other| other.dim != chosen.dim) {
            kept.push(*chosen);
        }
    }
    kept
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
