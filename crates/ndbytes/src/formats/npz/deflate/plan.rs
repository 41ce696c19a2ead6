//! Which way to look for matches pays for a chunk: told from a sample of it.

use std::ops::Range;

use super::block::Block;
use super::huffman::Codes;
use super::prices::Prices;
use super::search::{self, Effort, Width};
use super::strided::{self, Segment, Stride};
use super::{Encoder, Scratch};

/// Bytes of a chunk that are looked at.
const SAMPLE: usize = 8 << 10;
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
    pub(super) fn new(encoder: &Encoder, chunk: &[u8], scratch: &mut Scratch) -> (Self, Prices) {
        // From the middle, since headers are at the start, and so that there is something before.
        let from = (chunk.len() / 2).saturating_sub(SAMPLE / 2);
        let sample = from..(from + SAMPLE).min(chunk.len());
        let strided = Self::strided(encoder, chunk, sample.clone(), scratch);
        let is_small = chunk.len() < 64 << 10;
        let searches = encoder.level > 6
            || encoder.level > 1
                && (is_small
                    || search::repeats(chunk, sample.end, encoder.item(), &mut scratch.seen));
        if !searches {
            return (strided, Prices::NONE);
        }

        let block = strided.sample(chunk, sample.clone(), &Prices::NONE, scratch);
        let prices = Prices::of(&block, sample.len());
        // A search is a few times slower, so that it has to save something.
        let (mut best, mut cost) = (strided, 0.98 * cost(&block));
        let mut next = prices.clone();
        let mut consider = |plan: Self, gain: f32| {
            let block = plan.sample(chunk, sample.clone(), &prices, scratch);
            let other = self::cost(&block);
            if other < gain * cost {
                (best, cost) = (plan, other);
                next = Prices::of(&block, sample.len());
            }
            (best, cost)
        };
        let widths = match encoder.item() {
            1 => &[Width::Four][..],
            2 | 3 => &[Width::Four, Width::Eight],
            _ => &[Width::Four, Width::Eight, Width::Sixteen],
        };
        let (mut chosen, mut bits) = (strided, 0.0);
        // The more there is to find, the more care pays.
        let dense = 2.8 * sample.len() as f32;
        for &width in widths {
            // Small elements that hardly repeat do not do so eight bytes at a time.
            if bits < dense || encoder.item() > 3 {
                (chosen, bits) = consider(strided.searching(width, Effort::Quick), 1.0);
            }
        }
        let is_dense = bits > dense;
        if let Some(Search { width, .. }) = chosen.search
            && encoder.level > 3
            && !is_dense
        {
            consider(strided.searching(width, Effort::Medium), 0.98);
            consider(strided.searching(width, Effort::Careful), 0.97);
        }
        if encoder.level > 6 {
            let depth = [16, 64, 512][usize::from(encoder.level - 7)];
            consider(strided.searching(Width::Four, Effort::Chain(depth)), 1.0);
        }
        (best, next)
    }

    /// The best with no search: no stride, one, or two.
    fn strided(
        encoder: &Encoder,
        chunk: &[u8],
        range: Range<usize>,
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
                    cost = 0.99
                        * self::cost(&best.sample(chunk, range.clone(), &Prices::NONE, scratch));
                }
                let plan = Self::with(&[stride]);
                let other = self::cost(&plan.sample(chunk, range.clone(), &Prices::NONE, scratch));
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
            if self::cost(&plan.sample(chunk, range, &Prices::NONE, scratch)) < 0.99 * cost {
                best = plan;
            }
        }
        best
    }

    /// What these bytes become, with what was before them.
    fn sample(
        &self,
        chunk: &[u8],
        range: Range<usize>,
        prices: &Prices,
        scratch: &mut Scratch,
    ) -> Block {
        scratch.tokens.clear();
        if let Some(search) = self.search {
            scratch.seen.clear(search);
            search::warm(search, chunk, range.start, &mut scratch.seen);
        }
        self.parse(chunk, range.clone(), prices, scratch);
        scratch.block(0, &chunk[range])
    }

    /// Appends the tokens of at most one segment.
    pub(super) fn parse(
        &self,
        chunk: &[u8],
        range: Range<usize>,
        prices: &Prices,
        scratch: &mut Scratch,
    ) {
        let Scratch { tokens, masks, seen, .. } = scratch;
        let Range { start: from, end: to } = range;
        let segment = Segment { chunk, from, to, strides: self.strides() };
        match self.search {
            None => strided::parse(&segment, masks, tokens),
            Some(search) => search::parse(search, &segment, prices, masks, seen, tokens),
        }
    }
}

/// The bits of a block.
fn cost(block: &Block) -> f32 {
    // An estimate fails where words of one or two bits are all there is.
    if Codes::symbols(&block.counts) < 32 { block.bits() } else { block.estimate() }
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
