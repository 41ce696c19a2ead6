//! Blocks: what a parse found, under codes of its own.

use super::bits::{Bits, Rest};
use super::huffman::{Codes, Counts, DISTANCES, END_OF_BLOCK, LITERALS, Words};

/// Bytes that are as they are, and then a match: so many bytes as there were so far before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) literals: u32,
    /// 0, or from 3 to 258.
    pub(super) length: u16,
    /// From 1 to 32,768.
    pub(super) distance: u16,
}

pub(super) const SHORTEST: usize = 3;
pub(super) const LONGEST: usize = 258;
pub(in crate::formats::npz) const FARTHEST: usize = 32_768;
/// A description takes about this many bits, so two blocks are one unless they differ by more.
const DESCRIPTION: f32 = 600.0;
/// The most that one stored block holds.
const STORED: usize = 65_535;

/// The first length of each symbol from 257 on, and the number of bits beyond its word.
const LENGTHS: [(u16, u8); 29] = {
    let mut table = [(0, 0); 29];
    let (mut length, mut symbol) = (3, 0);
    while symbol < 28 {
        let bits = if symbol < 8 { 0 } else { symbol / 4 - 1 };
        table[symbol] = (length, bits as u8);
        length += 1 << bits;
        symbol += 1;
    }
    table[28] = (258, 0);
    table
};

/// The symbol of each length, less 257.
const SYMBOLS: [u8; LONGEST + 1] = {
    let mut table = [0; LONGEST + 1];
    let mut symbol = 0;
    while symbol < 29 {
        let mut length = LENGTHS[symbol].0 as usize;
        while length <= LONGEST {
            table[length] = symbol as u8;
            length += 1;
        }
        symbol += 1;
    }
    table
};

/// The symbol of a length.
#[inline(always)]
pub(super) fn length_symbol(length: u16) -> usize {
    usize::from(SYMBOLS[usize::from(length).min(LONGEST)])
}

/// How many bits there are beyond the word of a length's symbol.
#[inline(always)]
pub(super) fn beyond_length(symbol: usize) -> u8 {
    LENGTHS[symbol].1
}

/// The symbol of a distance, the number of bits beyond its word, and these bits.
#[inline(always)]
pub(super) fn distance_symbol(distance: u16) -> (usize, u32, u32) {
    let from_zero = u32::from(distance.wrapping_sub(1)) & 0x7FFF;
    if from_zero < 4 {
        return (from_zero as usize, 0, 0);
    }
    let bits = from_zero.ilog2() - 1;
    let symbol = 2 * bits + (from_zero >> bits);
    (symbol as usize, bits, from_zero & ((1 << bits) - 1))
}

/// How often the symbols occur in these tokens, and how many bits there are beyond their words.
/// `counters` are zeros before and after: four, since a counter that is incremented twice in a row
/// is waited for.
fn count(
    tokens: &[Token],
    mut bytes: &[u8],
    counters: &mut [[u32; 256]; 4],
    counts: &mut Counts,
) -> u64 {
    let mut beyond = 0;
    for token in tokens {
        let (literals, rest) = bytes.split_at(token.literals as usize);
        let (eights, few) = literals.as_chunks::<8>();
        for eight in eights {
            count_eight(eight, 8, counters);
        }
        match rest.len() + few.len() {
            // How few they are is hard to foresee, so eight are gone through in any case.
            8.. => {
                if let Some(eight) = bytes[8 * eights.len()..].first_chunk() {
                    count_eight(eight, few.len(), counters);
                }
            }
            _ => few.iter().for_each(|&byte| counters[0][usize::from(byte)] += 1),
        }
        if token.length > 0 {
            let symbol = length_symbol(token.length);
            counts.literals[257 + symbol] += 1;
            beyond += u64::from(LENGTHS[symbol].1);
            let (symbol, bits, _) = distance_symbol(token.distance);
            counts.distances[symbol] += 1;
            beyond += u64::from(bits);
        }
        bytes = &rest[usize::from(token.length)..];
    }
    let [a, b, c, d] = counters;
    for (byte, count) in counts.literals[..256].iter_mut().enumerate() {
        *count += a[byte] + b[byte] + c[byte] + d[byte];
    }
    *counters = [[0; 256]; 4];
    beyond
}

/// Counts the first `count` of eight bytes.
#[inline(always)]
fn count_eight(eight: &[u8; 8], count: usize, counters: &mut [[u32; 256]; 4]) {
    for (at, &byte) in eight.iter().enumerate() {
        counters[at % 4][usize::from(byte)] += u32::from(at < count);
    }
}

/// What is known of a block that may still grow.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) counts: Counts,
    beyond: u64,
    entropy: f32,
}

impl Block {
    /// The block of these tokens, which are of `bytes`. The counters are zeros before and after.
    pub(super) fn of(tokens: &[Token], bytes: &[u8], counters: &mut [[u32; 256]; 4]) -> Self {
        let mut counts = Counts::ZERO;
        let beyond = count(tokens, bytes, counters, &mut counts);
        let entropy = counts.entropy();
        Self { counts, beyond, entropy }
    }

    /// An estimate of its bits, without the description of its codes.
    pub(super) fn estimate(&self) -> f32 {
        self.entropy + self.beyond as f32
    }

    /// The bits that it takes, without the description of its codes.
    pub(super) fn bits(&self) -> f32 {
        (Codes::new(&self.counts).cost_of_symbols(&self.counts) + self.beyond) as f32
    }

    /// This block and the next as one, unless they are better off with codes of their own.
    pub(super) fn joined(&self, next: &Self) -> Option<Self> {
        let mut counts = self.counts.clone();
        counts.add(&next.counts);
        let entropy = counts.entropy();
        let pays = entropy <= self.entropy + next.entropy + DESCRIPTION;
        pays.then(|| Self { counts, beyond: self.beyond + next.beyond, entropy })
    }

    /// Writes the block in the shortest of the three ways that there are.
    pub(super) fn write(
        &self,
        tokens: &[Token],
        bytes: &[u8],
        last: bool,
        rest: &mut Rest,
        out: &mut Vec<u8>,
    ) {
        let mut codes = Codes::new(&self.counts);
        let mut cost = codes.cost(&self.counts) + self.beyond;
        let mut kind = 2;
        // Only a short block can gain by leaving out its description.
        if tokens.len() < 4096 && cost < 16_384 {
            let fixed = Codes::fixed();
            let cost_of_fixed = fixed.cost(&self.counts) + self.beyond;
            if cost_of_fixed < cost {
                (codes, cost, kind) = (fixed, cost_of_fixed, 1);
            }
        }
        if cost > cost_of_stored(bytes.len(), *rest) {
            return store(bytes, last, rest, out);
        }
        rest.append(out, cost, |bits| {
            bits.put(u64::from(last) | kind << 1, 3);
            codes.describe(bits);
            write_tokens(tokens, bytes, &codes, bits);
        });
    }
}

fn cost_of_stored(len: usize, rest: Rest) -> u64 {
    let blocks = len.div_ceil(STORED).max(1) as u64;
    8 * len as u64 + 40 * blocks - u64::from(rest.count()).min(5)
}

/// Writes bytes as they are.
pub(super) fn store(bytes: &[u8], last: bool, rest: &mut Rest, out: &mut Vec<u8>) {
    let mut pieces = bytes.chunks(STORED).peekable();
    loop {
        let piece = pieces.next().unwrap_or_default();
        let ends = pieces.peek().is_none();
        rest.append(out, 3, |bits| bits.put(u64::from(last && ends), 3));
        rest.align(out);
        let len = piece.len() as u16;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(piece);
        if ends {
            return;
        }
    }
}

#[inline(always)]
fn write_tokens(tokens: &[Token], mut bytes: &[u8], codes: &Codes, bits: &mut Bits<'_>) {
    let lengths = words_of_lengths(&codes.literals, tokens);
    for token in tokens {
        let (literals, rest) = bytes.split_at(token.literals as usize);
        let (fours, few) = literals.as_chunks::<4>();
        for four in fours {
            put_four(four, 4, &codes.literals, bits);
        }
        match rest.len() + few.len() {
            // As above.
            4.. => {
                if let Some(four) = bytes[4 * fours.len()..].first_chunk() {
                    put_four(four, few.len(), &codes.literals, bits);
                }
            }
            _ => {
                bits.flush();
                for &byte in few {
                    let word = codes.literals[usize::from(byte)];
                    bits.put(u64::from(word & 0xFFFF), word >> 16);
                }
            }
        }
        if token.length > 0 {
            bits.flush();
            let word = lengths[usize::from(token.length).min(LONGEST)];
            bits.put(u64::from(word >> 8), word & 0xFF);
            put_distance(token.distance, &codes.distances, bits);
        }
        bytes = &rest[usize::from(token.length)..];
    }
    bits.flush();
    let end = codes.literals[END_OF_BLOCK];
    bits.put(u64::from(end & 0xFFFF), end >> 16);
}

/// Writes the first `count` of four literals.
#[inline(always)]
fn put_four(four: &[u8; 4], count: usize, words: &Words<LITERALS>, bits: &mut Bits<'_>) {
    let word = |at: usize| match at < count {
        true => words[usize::from(four[at])],
        false => 0,
    };
    let pair = |first: u32, second: u32| {
        u64::from(first & 0xFFFF) | u64::from(second & 0xFFFF) << (first >> 16)
    };
    let (a, b, c, d) = (word(0), word(1), word(2), word(3));
    bits.flush();
    // Two and two, so that they do not all wait for each other.
    bits.put(pair(a, b), (a >> 16) + (b >> 16));
    bits.put(pair(c, d), (c >> 16) + (d >> 16));
}

#[inline(always)]
fn put_distance(distance: u16, words: &Words<DISTANCES>, bits: &mut Bits<'_>) {
    let (symbol, beyond, value) = distance_symbol(distance);
    let word = words[symbol];
    let count = word >> 16;
    bits.put(u64::from(word & 0xFFFF) | u64::from(value) << count, count + beyond);
}

/// For each length its word and the bits beyond it, and in the low eight bits how many these are.
/// They are needed only where there are matches.
fn words_of_lengths(words: &Words<LITERALS>, tokens: &[Token]) -> [u32; LONGEST + 1] {
    let mut table = [0; LONGEST + 1];
    if tokens.iter().any(|token| token.length > 0) {
        for (length, entry) in table.iter_mut().enumerate().skip(SHORTEST) {
            let symbol = usize::from(SYMBOLS[length]);
            let (first, beyond) = LENGTHS[symbol];
            let word = words[257 + symbol];
            let count = word >> 16;
            let value = (length as u32 - u32::from(first)) << count;
            *entry = (word & 0xFFFF | value) << 8 | (count + u32::from(beyond));
        }
    }
    table
}
