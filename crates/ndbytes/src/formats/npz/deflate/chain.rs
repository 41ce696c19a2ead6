//! Matches at any distance, looked for with more care than time: all places with the same hash, one
//! after the other.

use super::block::{FARTHEST, LONGEST, SHORTEST, Token};
use super::prices::Prices;
use super::search::{load, same};
use super::strided::Segment;

const HEADS: usize = 1 << 14;
/// From this length on a match is taken at once, and from the shorter one on the next byte is
/// looked at with a quarter of the care.
const LONG: usize = 64;
const FAIR: usize = 32;

/// For each hash the last place, and for each place the one before, modulo 65,536. Zeros mean the
/// start: what is found there is compared with what is looked for, as everything is.
#[derive(Debug)]
pub(super) struct Chains {
    heads: Box<[u16; HEADS]>,
    previous: Box<[u16; FARTHEST]>,
}

impl Chains {
    pub(super) fn new() -> Self {
        Self { heads: Box::new([0; HEADS]), previous: Box::new([0; FARTHEST]) }
    }

    pub(super) fn clear(&mut self) {
        self.heads.fill(0);
        self.previous.fill(0);
    }

    /// Takes a place in; returns the last one with the same hash.
    #[inline(always)]
    pub(super) fn note(&mut self, chunk: &[u8], at: usize) -> u16 {
        let hash = (load(chunk, at) as u32).wrapping_mul(0x9E37_79B1) >> 18;
        let head = &mut self.heads[hash as usize & (HEADS - 1)];
        let last = *head;
        *head = at as u16;
        self.previous[at % FARTHEST] = last;
        last
    }
}

/// A match and what it saves, in the unit of prices.
#[derive(Clone, Copy, Debug)]
struct Found {
    length: usize,
    distance: usize,
    saves: i32,
}

/// Parses a segment: at each byte up to `depth` places, and a match is left when the next byte
/// starts one that saves more.
pub(super) fn parse(
    segment: &Segment<'_>,
    prices: &Prices,
    depth: usize,
    chains: &mut Chains,
    tokens: &mut Vec<Token>,
) {
    let &Segment { chunk, from, to, .. } = segment;
    let end = to.min(chunk.len().saturating_sub(8));
    let (mut at, mut literals) = (from, from);
    let mut held: Option<Found> = None;
    while at < end || held.is_some() {
        let depth = if held.is_some_and(|held| held.length >= FAIR) { depth / 4 } else { depth };
        let found = match at < end {
            true => best(segment, at, prices, depth, chains),
            false => None,
        };
        let (start, taken) = match (held.take(), found) {
            (None, None) => {
                at += 1;
                continue;
            }
            (None, Some(found)) if found.length >= LONG => (at, found),
            (Some(held), None) => (at - 1, held),
            (Some(held), Some(found)) if held.saves >= found.saves => (at - 1, held),
            (_, Some(found)) => {
                held = Some(found);
                at += 1;
                continue;
            }
        };
        tokens.push(Token {
            literals: (start - literals) as u32,
            length: taken.length as u16,
            distance: taken.distance as u16,
        });
        literals = start + taken.length;
        for place in at + 1..literals.min(end) {
            chains.note(chunk, place);
        }
        at = literals;
    }
    tokens.push(Token { literals: (to - literals) as u32, length: 0, distance: 0 });
}

/// What saves the most at this byte, which is taken in.
#[inline(always)]
fn best(
    segment: &Segment<'_>,
    at: usize,
    prices: &Prices,
    depth: usize,
    chains: &mut Chains,
) -> Option<Found> {
    let &Segment { chunk, to, strides, .. } = segment;
    let most = LONGEST.min(to - at);
    let mut found: Option<Found> = None;
    let mut longest = SHORTEST - 1;
    let mut consider = |distance: usize, longest: &mut usize| {
        let length = same(chunk, at, at - distance, most);
        if length > *longest {
            *longest = length;
            let replaced = prices.of_literals(&chunk[at..at + length]);
            let saves = replaced - prices.of_match(length, distance);
            if saves > found.map_or(0, |found| found.saves) {
                found = Some(Found { length, distance, saves });
            }
        }
    };
    for stride in strides {
        if usize::from(stride.distance) <= at {
            consider(usize::from(stride.distance), &mut longest);
        }
    }
    let mut place = chains.note(chunk, at);
    let mut last = 0;
    for _ in 0..depth.max(1) {
        let back = usize::from((at as u16).wrapping_sub(place));
        // Places that were written over are not farther than the last one.
        if longest >= most || back <= last || back > FARTHEST.min(at) {
            break;
        }
        last = back;
        // What is longer has this byte, too.
        if chunk.get(at - back + longest) == chunk.get(at + longest) {
            consider(back, &mut longest);
        }
        place = chains.previous[(at - back) % FARTHEST];
    }
    found
}
