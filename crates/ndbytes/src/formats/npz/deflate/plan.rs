//! Which way to look for matches pays for a chunk: told from a sample of it.

use super::block::{Block, Token};
use super::huffman::Codes;
use super::search::{self, Effort, Prices, Width};
use super::strided::{self, Stride};
use super::{Encoder, Scratch};

/// Bytes of a chunk that are looked at for strides, and for all else.
const GLANCE: usize = 8 << 10;
const LOOK: usize = 8 << 10;
/// More strides than these are not tried.
pub(super) const CANDIDATES: usize = 8;

/// How a chunk is parsed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    strides: [Stride; 2],
    used: usize,
    pub(super) search: Option<Search>,
}

/// What is done where no stride matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) width: Width,
    pub(super) effort: Effort,
}

impl Plan {
    fn with(strides: &[Stride]) -> Self {
        let none = Stride { distance: 1, shortest: 4 };
        let mut plan = Self { strides: [none; 2], used: strides.len().min(2), search: None };
        plan.strides.iter_mut().zip(strides).for_each(|(slot, &stride)| *slot = stride);
        plan
    }

    fn searching(self, width: Width, effort: Effort) -> Self {
        Self { search: Some(Search { width, effort }), ..self }
    }

    pub(super) fn strides(&self) -> &[Stride] {
        &self.strides[..self.used]
    }

    /// What a look at `chunk` says is best.
    pub(super) fn new(encoder: &Encoder, chunk: &[u8], scratch: &mut Scratch) -> Self {
        // From the middle, since headers are at the start, and so that there is something before.
        let from = (chunk.len() / 2).saturating_sub(LOOK / 2);
        let look = from..(from + LOOK).min(chunk.len());
        let strided =
            Self::strided(encoder, chunk, from..(from + GLANCE).min(chunk.len()), scratch);
        if encoder.level < 2 {
            return strided;
        }
        if encoder.level > 6 {
            let depth = [16, 64, 512][usize::from(encoder.level - 7).min(2)];
            return strided.searching(Width::Four, Effort::Chain(depth));
        }
        // A search is a few times slower, so that it has to save something.
        let is_small = chunk.len() < 64 << 10;
        if !is_small && !search::repeats(chunk, look.end, encoder.item(), &mut scratch.seen) {
            return strided;
        }
        let (mut best, mut cost) = (strided, 0.98 * strided.cost(chunk, look.clone(), scratch));
        let widths = match encoder.item() {
            1 => &[Width::Four][..],
            2 | 3 => &[Width::Four, Width::Eight],
            _ => &[Width::Four, Width::Eight, Width::Sixteen],
        };
        for &width in widths {
            let plan = strided.searching(width, Effort::Quick);
            let other = plan.cost(chunk, look.clone(), scratch);
            if other < cost {
                (best, cost) = (plan, other);
            }
        }
        // The more there is to find, the more care pays.
        let is_dense = cost > 3.5 * look.len() as f32;
        let Some(Search { width, .. }) = best.search else {
            return best;
        };
        if encoder.level > 3 && !is_dense {
            for (effort, gain) in [(Effort::Medium, 0.98), (Effort::Careful, 0.97)] {
                let plan = strided.searching(width, effort);
                let other = plan.cost(chunk, look.clone(), scratch);
                if other < gain * cost {
                    (best, cost) = (plan, other);
                }
            }
        }
        best
    }

    /// The best with no search: no stride, one, or two.
    fn strided(
        encoder: &Encoder,
        chunk: &[u8],
        range: std::ops::Range<usize>,
        scratch: &mut Scratch,
    ) -> Self {
        let shortest = 4;
        let candidates = encoder.distances.iter().map(|&distance| Stride { distance, shortest });
        let [one, _] = &mut *scratch.masks;
        let mut ranked: Vec<(i32, Stride)> = Vec::with_capacity(CANDIDATES);
        for stride in candidates {
            one.fill(chunk, range.start, range.end, stride);
            ranked.push((one.gain(stride), stride));
        }
        // What is first is the better one of two that are the same.
        ranked.sort_by_key(|&(gain, _)| -gain);
        let mut best = Self::with(&[]);
        let worth = |gain: i32| gain > range.len() as i32 / 32;
        let mut cost = 0.0;
        for &(gain, stride) in ranked.iter().take(3) {
            if worth(gain) {
                if cost == 0.0 {
                    cost = 0.99 * best.cost(chunk, range.clone(), scratch);
                }
                let plan = Self::with(&[stride]);
                let other = plan.cost(chunk, range.clone(), scratch);
                if other < cost {
                    (best, cost) = (plan, other);
                }
            }
        }
        let &[first] = best.strides() else {
            return best;
        };
        let [one, two] = &mut *scratch.masks;
        one.fill(chunk, range.start, range.end, first);
        let alone = one.gain(first);
        let mut second = None;
        for &(_, stride) in ranked.iter().filter(|&&(_, stride)| stride != first) {
            two.fill(chunk, range.start, range.end, stride);
            let gain = two.gain_with(stride, one) - alone;
            if worth(gain) && second.is_none_or(|(most, _)| gain > most) {
                second = Some((gain, stride));
            }
        }
        if let Some((_, second)) = second {
            let plan = Self::with(&[first, second]);
            if plan.cost(chunk, range, scratch) < 0.99 * cost {
                best = plan;
            }
        }
        best
    }

    /// An estimate of the bits that these bytes take.
    fn cost(&self, chunk: &[u8], range: std::ops::Range<usize>, scratch: &mut Scratch) -> f32 {
        scratch.tokens.clear();
        let prices = match self.search {
            None => Prices::NONE,
            Some(search) => {
                scratch.seen.clear(search);
                search::warm(search, chunk, range.start, &mut scratch.seen);
                Prices::of_bytes(&chunk[range.clone()], scratch)
            }
        };
        self.parse(chunk, range.clone(), &prices, scratch);
        let block = scratch.block(0, &chunk[range]);
        // An estimate fails where words of one or two bits are all there is.
        if Codes::symbols(&block.counts) < 32 { block.bits() } else { block.estimate() }
    }

    /// Appends the tokens of at most one segment.
    pub(super) fn parse(
        &self,
        chunk: &[u8],
        range: std::ops::Range<usize>,
        prices: &Prices,
        scratch: &mut Scratch,
    ) {
        let (from, to) = (range.start, range.end);
        match self.search {
            None => strided::parse(
                chunk,
                from,
                to,
                self.strides(),
                &mut scratch.masks,
                &mut scratch.tokens,
            ),
            Some(search) => search::parse(search, chunk, from, to, self.strides(), prices, scratch),
        }
    }
}

/// For the tests: every plan there is for these strides.
#[cfg(test)]
pub(super) fn all(strides: &[Stride]) -> Vec<Plan> {
    let plain = Plan::with(strides);
    let mut plans = vec![plain];
    for width in [Width::Four, Width::Eight, Width::Sixteen] {
        for effort in [Effort::Quick, Effort::Medium, Effort::Careful] {
            plans.push(plain.searching(width, effort));
        }
    }
    plans.push(plain.searching(Width::Four, Effort::Chain(16)));
    plans
}

impl Scratch {
    /// The tokens from `mark` on, which are of `bytes`, as a block.
    pub(super) fn block(&mut self, mark: usize, bytes: &[u8]) -> Block {
        Block::of(&self.tokens[mark..], bytes, &mut self.counters)
    }
}

/// Literals and nothing else.
pub(super) fn literals(count: usize) -> Token {
    Token { literals: count as u32, length: 0, distance: 0 }
}
