//! What symbols are thought to take, so that a match can be weighed against what it replaces.

use super::block::{Block, LONGEST, SHORTEST, beyond_length, distance_symbol, length_symbol};
use super::huffman::{DISTANCES, LITERALS};

/// What symbols are thought to take, in sixteenths of a bit.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    literals: [u16; 256],
    lengths: [u16; LONGEST + 1],
    distances: [u16; DISTANCES],
    /// Of a literal that there was.
    pub(super) literal: u32,
    /// Of a byte, whatever it became, in sixteenths of that.
    pub(super) byte: u32,
}

impl Prices {
    /// Where nothing is searched, nothing is weighed.
    pub(super) const NONE: Self = Self {
        literals: [0; 256],
        lengths: [0; LONGEST + 1],
        distances: [0; DISTANCES],
        literal: 0,
        byte: 0,
    };

    /// As if the next bytes were like those of this block, of which there were `len`.
    pub(super) fn of(block: &Block, len: usize) -> Self {
        let counts = &block.counts;
        let total: u32 = counts.literals.iter().sum();
        let mut prices = Self {
            literals: [0; 256],
            lengths: [0; LONGEST + 1],
            distances: [0; DISTANCES],
            literal: 0,
            byte: 0,
        };
        let price = |count: u32, total: u32| {
            let ratio = (total + 8) as f32 / (count as f32 + 0.25);
            ((log2(ratio) * 16.0) as i32).clamp(4, 14 * 16) as u16
        };
        for (value, &count) in prices.literals.iter_mut().zip(&counts.literals) {
            *value = price(count, total);
        }
        let literals: u32 = counts.literals[..256].iter().sum();
        let pairs = prices.literals.iter().zip(&counts.literals);
        let sum: u32 = pairs.map(|(&price, &count)| u32::from(price) * count).sum();
        prices.literal = sum / literals.max(1);
        prices.byte = (block.estimate() * 256.0 / len.max(1) as f32) as u32;
        let mut symbols = [0; LITERALS - 257];
        for (value, &count) in symbols.iter_mut().zip(&counts.literals[257..]) {
            *value = price(count, total).min(7 * 16);
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
            *value = price(count, total).min(5 * 16) + 16 * beyond;
        }
        prices
    }

    /// What a match takes.
    #[inline(always)]
    pub(super) fn of_match(&self, length: usize, distance: usize) -> i32 {
        let (symbol, _, _) = distance_symbol(distance as u16);
        i32::from(self.lengths[length.min(LONGEST)]) + i32::from(self.distances[symbol])
    }

    /// What the bytes take as literals.
    #[inline(always)]
    pub(super) fn of_literals(&self, bytes: &[u8]) -> i32 {
        bytes.iter().map(|&byte| i32::from(self.literals[usize::from(byte)])).sum()
    }
}

fn log2(ratio: f32) -> f32 {
    let bits = ratio.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let above = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000) - 1.0;
    exponent as f32 + above * (1.339_85 - 0.339_85 * above)
}
