//! Which way to look for matches pays for a chunk: told from a sample of it.

use super::block::{Block, Token};
use super::search::{self, Effort, Prices, Width};
use super::strided::{self, Stride};
use super::{Encoder, Scratch};

/// Bytes of a chunk that are looked at for strides, and for all else.
const GLANCE: usize = 8 << 10;
const LOOK: usize = strided::SEGMENT;
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
        // Of a sample from the middle, since headers are at the start.
        let from = (chunk.len() / 2).saturating_sub(LOOK / 2);
        let look = from..(from + LOOK).min(chunk.len());
        let glance = from..(from + GLANCE).min(chunk.len());

        let mut best = Self::with(&[]);
        let mut cost = best.cost(chunk, glance.clone(), scratch);
        for plan in strides(encoder, chunk, glance.clone(), scratch) {
            let other = plan.cost(chunk, glance.clone(), scratch);
            if other < 0.99 * cost {
                (best, cost) = (plan, other);
            }
        }
        if encoder.level < 2 {
            return best;
        }
        if encoder.level > 6 {
            let depth = [16, 64, 512][usize::from(encoder.level - 7).min(2)];
            return best.searching(Width::Four, Effort::Chain(depth));
        }

        // A search is a few times slower, so that it has to save something.
        let mut cost = best.cost(chunk, look.clone(), scratch);
        let strided = best;
        for width in [Width::Four, Width::Eight, Width::Sixteen] {
            let plan = strided.searching(width, Effort::Quick);
            let other = plan.cost(chunk, look.clone(), scratch);
            if other < 0.98 * cost {
                (best, cost) = (plan, other);
            }
        }
        if let Some(Search { width, .. }) = best.search
            && encoder.level > 3
        {
            let plan = strided.searching(width, Effort::Careful);
            if plan.cost(chunk, look, scratch) < 0.96 * cost {
                best = plan;
            }
        }
        best
    }

    /// An estimate of the bits that these bytes take.
    fn cost(&self, chunk: &[u8], range: std::ops::Range<usize>, scratch: &mut Scratch) -> f32 {
        scratch.tokens.clear();
        if self.search.is_some() {
            scratch.seen.clear();
        }
        let prices = Prices::of_bytes(&chunk[range.clone()], scratch);
        self.parse(chunk, range.clone(), &prices, scratch);
        scratch.block(0, &chunk[range]).estimate()
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

/// The best stride alone, and with the one that adds the most to it.
fn strides(
    encoder: &Encoder,
    chunk: &[u8],
    range: std::ops::Range<usize>,
    scratch: &mut Scratch,
) -> Vec<Plan> {
    let shortest = 4;
    let candidates = encoder.distances.iter().map(|&distance| Stride { distance, shortest });
    let mut found = Vec::new();
    let [one, two] = &mut *scratch.masks;
    let first = candidates.clone().max_by_key(|&stride| {
        one.fill(chunk, range.start, range.end, stride);
        one.gain()
    });
    if let Some(first) = first {
        found.push(Plan::with(&[first]));
        one.fill(chunk, range.start, range.end, first);
        let second = candidates.filter(|&stride| stride != first).max_by_key(|&stride| {
            two.fill(chunk, range.start, range.end, stride);
            two.gain_with(one)
        });
        found.extend(second.map(|second| Plan::with(&[first, second])));
    }
    found
}

/// For the tests: every plan there is for these strides.
#[cfg(test)]
pub(super) fn all(strides: &[Stride]) -> Vec<Plan> {
    let plain = Plan::with(strides);
    let mut plans = vec![plain];
    for width in [Width::Four, Width::Eight, Width::Sixteen] {
        for effort in [Effort::Quick, Effort::Careful] {
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
