//! Matches at any distance, found by what their first bytes hash to.

use super::block::{FARTHEST, LONGEST, SHORTEST, Token, distance_symbol, length_symbol, beyond_length};
use super::huffman::{Counts, DISTANCES, LITERALS};
use super::strided::Stride;

const HEADS: usize = 1 << 14;
/// Bytes that are hashed, and the fewest that a match found by its hash has.
const HASHED: usize = 4;

/// Where bytes were seen, modulo 65,536. Zeros mean the start: what is found there is compared
/// with what is looked for, as everything is.
#[derive(Debug)]
pub(super) struct Seen {
    heads: Box<[u16; HEADS]>,
    previous: Box<[u16; FARTHEST]>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { heads: Box::new([0; HEADS]), previous: Box::new([0; FARTHEST]) }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.heads.fill(0);
    }
}

/// What symbols are thought to take, in sixteenths of a bit.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    literals: [u16; 256],
    lengths: [u16; LONGEST + 1],
    distances: [u16; DISTANCES],
}

impl Prices {
    /// As if the next bytes were like those that were counted.
    pub(super) fn new(counts: &Counts) -> Self {
        let total: u32 = counts.literals.iter().sum();
        let mut prices =
            Self { literals: [0; 256], lengths: [0; LONGEST + 1], distances: [0; DISTANCES] };
        let price = |count: u32, total: u32| {
            let ratio = (total + 8) as f32 / (count as f32 + 0.25);
            ((log2(ratio) * 16.0) as i32).clamp(4, 14 * 16) as u16
        };
        for (value, &count) in prices.literals.iter_mut().zip(&counts.literals) {
            *value = price(count, total);
        }
        let mut symbols = [0; LITERALS - 257];
        for (value, &count) in symbols.iter_mut().zip(&counts.literals[257..]) {
            *value = price(count, total).min(10 * 16);
        }
        for (length, value) in prices.lengths.iter_mut().enumerate().skip(SHORTEST) {
            let symbol = length_symbol(length as u16);
            *value = symbols[symbol] + 16 * u16::from(beyond_length(symbol));
        }
        let total: u32 = counts.distances.iter().sum();
        for (symbol, (value, &count)) in
            prices.distances.iter_mut().zip(&counts.distances).enumerate()
        {
            let beyond = (symbol as u16 / 2).saturating_sub(1);
            *value = price(count, total).min(7 * 16) + 16 * beyond;
        }
        prices
    }

    /// What a match takes.
    #[inline(always)]
    fn of_match(&self, length: usize, distance: usize) -> i32 {
        let (symbol, _, _) = distance_symbol(distance as u16);
        i32::from(self.lengths[length.min(LONGEST)]) + i32::from(self.distances[symbol])
    }

    /// What the bytes take as literals.
    #[inline(always)]
    fn of_literals(&self, bytes: &[u8]) -> i32 {
        bytes.iter().map(|&byte| i32::from(self.literals[usize::from(byte)])).sum()
    }
}

fn log2(ratio: f32) -> f32 {
    let bits = ratio.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let above = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000) - 1.0;
    exponent as f32 + above * (1.339_85 - 0.339_85 * above)
}

#[inline(always)]
fn load(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..at + 8) {
        Some(&[a, b, c, d, e, f, g, h]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

/// How many bytes from `at` and from `before` on are the same, up to `most`.
#[inline(always)]
fn same(chunk: &[u8], at: usize, before: usize, most: usize) -> usize {
    let mut length = 0;
    while length + 8 <= most {
        let differ = load(chunk, at + length) ^ load(chunk, before + length);
        if differ != 0 {
            return length + (differ.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    while length < most && chunk[at + length] == chunk[before + length] {
        length += 1;
    }
    length
}

#[inline(always)]
fn hash(bytes: u64) -> usize {
    ((bytes as u32).wrapping_mul(0x9E37_79B1) >> 18) as usize & (HEADS - 1)
}

/// Parses `chunk[from..to]` fast: the last place with the same hash, and the strides; what pays is
/// taken at once.
pub(super) fn parse_fast(
    chunk: &[u8],
    from: usize,
    to: usize,
    strides: &[Stride],
    prices: &Prices,
    seen: &mut Seen,
    tokens: &mut Vec<Token>,
) {
    let mut at = from;
    let mut literals = from;
    let end = to.min(chunk.len().saturating_sub(8));
    let heads = &mut *seen.heads;
    while at < end {
        let here = load(chunk, at);
        let most = LONGEST.min(to - at);
        let (mut length, mut distance) = (0, 0);
        for stride in strides {
            let back = usize::from(stride.distance);
            if back <= at {
                let differ = here ^ load(chunk, at - back);
                let mut equal = (differ.trailing_zeros() / 8) as usize;
                if equal == 8 {
                    equal = same(chunk, at, at - back, most);
                }
                if equal >= SHORTEST && equal > length {
                    (length, distance) = (equal.min(most), back);
                }
            }
        }
        let head = &mut heads[hash(here)];
        let back = usize::from((at as u16).wrapping_sub(*head));
        *head = at as u16;
        if back <= FARTHEST && back <= at && back > 0 {
            let there = load(chunk, at - back);
            if there as u32 == here as u32 {
                let mut equal = ((here ^ there).trailing_zeros() / 8) as usize;
                if equal == 8 {
                    equal = same(chunk, at, at - back, most);
                }
                if equal > length {
                    (length, distance) = (equal.min(most), back);
                }
            }
        }
        if length >= SHORTEST {
            let worth = length >= 16
                || prices.of_literals(&chunk[at..at + length])
                    > prices.of_match(length, distance);
            if worth {
                tokens.push(Token {
                    literals: (at - literals) as u32,
                    length: length as u16,
                    distance: distance as u16,
                });
                let next = at + length;
                let mut place = at + 1;
                while place < next.min(at + 8) && place < end {
                    heads[hash(load(chunk, place))] = place as u16;
                    place += 1;
                }
                at = next;
                literals = at;
                continue;
            }
        }
        at += 1;
    }
    tokens.push(Token { literals: (to - literals) as u32, length: 0, distance: 0 });
}

/// A match and what it saves.
#[derive(Clone, Copy, Debug)]
struct Found {
    length: usize,
    distance: usize,
    saves: i32,
}

/// Parses `chunk[from..to]` with care: up to `depth` places with the same hash, and a match is left
/// when the next byte starts one that saves more.
#[allow(clippy::too_many_arguments)]
pub(super) fn parse_deep(
    chunk: &[u8],
    from: usize,
    to: usize,
    strides: &[Stride],
    prices: &Prices,
    depth: usize,
    seen: &mut Seen,
    tokens: &mut Vec<Token>,
) {
    let mut at = from;
    let mut literals = from;
    let end = to.min(chunk.len().saturating_sub(8));
    let mut pending: Option<Found> = None;
    while at < end {
        let (found, held) = {
            let found = best(chunk, at, to, strides, prices, depth, seen, pending);
            (found, pending.take())
        };
        match (held, found) {
            (None, None) => at += 1,
            (None, Some(found)) if found.length < 64 => {
                pending = Some(found);
                at += 1;
            }
            (Some(held), Some(found)) if found.saves > held.saves => {
                pending = Some(found);
                at += 1;
            }
            (Some(held), _) => {
                emit(chunk, at - 1, held, end, &mut at, &mut literals, seen, tokens, 1);
            }
            (None, Some(found)) => {
                emit(chunk, at, found, end, &mut at, &mut literals, seen, tokens, 0);
            }
        }
    }
    if let Some(held) = pending {
        emit(chunk, at - 1, held, end, &mut at, &mut literals, seen, tokens, 1);
    }
    tokens.push(Token { literals: (to - literals) as u32, length: 0, distance: 0 });
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn emit(
    chunk: &[u8],
    start: usize,
    found: Found,
    end: usize,
    at: &mut usize,
    literals: &mut usize,
    seen: &mut Seen,
    tokens: &mut Vec<Token>,
    known: usize,
) {
    tokens.push(Token {
        literals: (start - *literals) as u32,
        length: found.length as u16,
        distance: found.distance as u16,
    });
    let next = start + found.length;
    for place in start + 1 + known..next.min(end) {
        let head = &mut seen.heads[hash(load(chunk, place))];
        seen.previous[place % FARTHEST] = *head;
        *head = place as u16;
    }
    *at = next;
    *literals = next;
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn best(
    chunk: &[u8],
    at: usize,
    to: usize,
    strides: &[Stride],
    prices: &Prices,
    depth: usize,
    seen: &mut Seen,
    held: Option<Found>,
) -> Option<Found> {
    let here = load(chunk, at);
    let most = LONGEST.min(to - at);
    let mut found: Option<Found> = None;
    let mut longest = SHORTEST - 1;
    let mut consider = |length: usize, distance: usize| {
        let saves = prices.of_literals(&chunk[at..at + length]) - prices.of_match(length, distance);
        if saves > found.map_or(0, |found| found.saves) {
            found = Some(Found { length, distance, saves });
        }
    };
    for stride in strides {
        let back = usize::from(stride.distance);
        if back <= at {
            let differ = here ^ load(chunk, at - back);
            let mut equal = (differ.trailing_zeros() / 8) as usize;
            if equal == 8 {
                equal = same(chunk, at, at - back, most);
            }
            let equal = equal.min(most);
            if equal > longest {
                longest = equal;
                consider(equal, back);
            }
        }
    }
    let head = &mut seen.heads[hash(here)];
    let mut place = *head;
    *head = at as u16;
    seen.previous[at % FARTHEST] = place;
    let mut depth = if held.is_some_and(|held| held.length >= 32) { depth / 4 } else { depth };
    let mut last = 0;
    while longest < most {
        let back = usize::from((at as u16).wrapping_sub(place));
        if back <= last || back > FARTHEST || back > at {
            break;
        }
        last = back;
        let before = at - back;
        if load(chunk, before) as u32 == here as u32
            && chunk.get(before + longest) == chunk.get(at + longest)
        {
            let equal = same(chunk, at, before, most);
            if equal > longest && equal >= HASHED {
                longest = equal;
                consider(equal, back);
            }
        }
        depth -= 1;
        if depth == 0 {
            break;
        }
        place = seen.previous[before % FARTHEST];
    }
    found
}
