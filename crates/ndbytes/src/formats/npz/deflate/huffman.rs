//! Codes of short words for frequent symbols, and how a block describes them.

use super::bits::Bits;
use crate::wide::{Work, wide};

/// The longest word of literals and lengths that is used: four of them fit between two flushes.
const LITERAL_LIMIT: usize = 14;
const DISTANCE_LIMIT: usize = 15;
const LIMIT_OF_LENGTHS: usize = 7;

/// Symbols for literals, the end of the block, and lengths.
pub(super) const LITERALS: usize = 286;
pub(super) const END_OF_BLOCK: usize = 256;
/// Symbols for distances.
pub(super) const DISTANCES: usize = 30;

/// Words of one code: for each symbol its bits, and above them, from bit 16 on, how many there
/// are.
pub(super) type Words<const N: usize> = [u32; N];

/// How often each symbol occurs in a block.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) literals: [u32; LITERALS],
    pub(super) distances: [u32; DISTANCES],
}

impl Counts {
    pub(super) const ZERO: Self = Self { literals: [0; LITERALS], distances: [0; DISTANCES] };

    pub(super) fn add(&mut self, other: &Self) {
        self.literals.iter_mut().zip(&other.literals).for_each(|(sum, count)| *sum += count);
        self.distances.iter_mut().zip(&other.distances).for_each(|(sum, count)| *sum += count);
    }

    /// What the best code would take at least, in bits, without its description and the bits that
    /// lengths and distances take beyond their words.
    pub(super) fn entropy(&self) -> f32 {
        wide(Entropy(&self.literals)) + wide(Entropy(&self.distances))
    }
}

/// Sum of `count * log2(total / count)`, but at least one bit for each symbol, as in a code. The
/// order of the additions is fixed, and there is nothing but additions and multiplications, so that
/// it is the same on every machine.
struct Entropy<'a>(&'a [u32]);

impl Work for Entropy<'_> {
    type Done = f32;
    #[inline(always)]
    fn work(self) -> f32 {
        let Self(counts) = self;
        let mut sums = [0.0_f32; 8];
        let mut totals = [0_u32; 8];
        let mut most = [0_u32; 8];
        let (groups, rest) = counts.as_chunks::<8>();
        for group in groups {
            for lane in 0..8 {
                sums[lane] += weighted(group[lane]);
                totals[lane] += group[lane];
                most[lane] = most[lane].max(group[lane]);
            }
        }
        for (lane, &count) in rest.iter().enumerate() {
            sums[lane] += weighted(count);
            totals[lane] += count;
            most[lane] = most[lane].max(count);
        }
        let total: u32 = totals.iter().sum();
        let sum = sums.iter().sum::<f32>();
        let most = most.iter().fold(0, |a, &b| a.max(b));
        if most > total / 2 {
            // One bit tells the most frequent symbol from the others.
            return total as f32 + weighted(total - most) - (sum - weighted(most));
        }
        weighted(total) - sum
    }
}

#[inline(always)]
fn weighted(count: u32) -> f32 {
    count as f32 * log2(count)
}

/// The logarithm, within 0.01; 0 for 0 and 1.
#[inline(always)]
fn log2(count: u32) -> f32 {
    let bits = (count.max(1) as f32).to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let mantissa = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000);
    // Exact at 1, 2 and in the middle.
    let above = mantissa - 1.0;
    exponent as f32 + above * (1.339_85 - 0.339_85 * above)
}

/// The codes of one block.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) literals: Words<LITERALS>,
    pub(super) distances: Words<DISTANCES>,
    header: Header,
}

impl Codes {
    /// The best codes for these counts, to which the end of the block is added.
    pub(super) fn new(counts: &Counts) -> Self {
        let mut literals = counts.literals;
        literals[END_OF_BLOCK] += 1;
        let literals = lengths(&literals, LITERAL_LIMIT);
        let distances = lengths(&counts.distances, DISTANCE_LIMIT);
        let header = Header::new(&literals, &distances);
        Self { literals: words(&literals), distances: words(&distances), header }
    }

    /// The codes that need no description.
    pub(super) fn fixed() -> Self {
        let mut literals = [8; 288];
        literals[144..256].fill(9);
        literals[256..280].fill(7);
        let all = words(&literals);
        let mut literals = [0; LITERALS];
        literals.copy_from_slice(&all[..LITERALS]);
        let all = words(&[5; 32]);
        let mut distances = [0; DISTANCES];
        distances.copy_from_slice(&all[..DISTANCES]);
        Self { literals, distances, header: Header::default() }
    }

    /// The bits of a block of such symbols, from its type to its end, without those that lengths
    /// and distances take beyond their words.
    pub(super) fn cost(&self, counts: &Counts) -> u64 {
        3 + self.header.cost + self.cost_of_symbols(counts)
    }

    /// The same without the description.
    pub(super) fn cost_of_symbols(&self, counts: &Counts) -> u64 {
        let sum = |counts: &[u32], words: &[u32]| {
            let pairs = counts.iter().zip(words);
            pairs.map(|(&count, &word)| u64::from(count) * u64::from(word >> 16)).sum::<u64>()
        };
        let end = u64::from(self.literals[END_OF_BLOCK] >> 16);
        sum(&counts.literals, &self.literals) + sum(&counts.distances, &self.distances) + end
    }

    /// How many different symbols there are.
    pub(super) fn symbols(counts: &Counts) -> usize {
        counts.literals.iter().chain(&counts.distances).filter(|&&count| count > 0).count()
    }

    /// Writes what describes the codes; nothing for the fixed ones.
    pub(super) fn describe(&self, bits: &mut Bits<'_>) {
        self.header.write(bits);
    }
}

/// The length of each symbol's word: none for symbols that do not occur, but for those that make
/// two, since readers differ on codes of one word.
fn lengths<const N: usize>(counts: &[u32; N], limit: usize) -> [u8; N] {
    let mut lengths = [0; N];
    let mut symbols = [0_u64; N];
    let mut used = 0;
    for (symbol, &count) in counts.iter().enumerate() {
        symbols[used] = u64::from(count) << 16 | symbol as u64;
        used += usize::from(count > 0);
    }
    if used < 2 {
        let only = if used == 1 { symbols[0] as u16 as usize } else { 0 };
        lengths[only] = 1;
        lengths[usize::from(only == 0)] = 1;
        return lengths;
    }
    let symbols = &mut symbols[..used];
    symbols.sort_unstable();
    let mut weights = [0_u32; N];
    weights.iter_mut().zip(&*symbols).for_each(|(weight, &symbol)| *weight = (symbol >> 16) as u32);
    let mut numbers = numbers_by_length(&mut weights[..used], limit);
    // The rarest symbols come first and have the longest words.
    let mut length = limit;
    for &symbol in &*symbols {
        while numbers[length] == 0 {
            length -= 1;
        }
        numbers[length] -= 1;
        lengths[symbol as u16 as usize] = length as u8;
    }
    lengths
}

/// How many words there are of each length in the best code for these weights, which ascend. After
/// Moffat and Katajainen, "In-place calculation of minimum-redundancy codes" (1995); words over the
/// limit are then made shorter at the cost of those that are the next longest.
fn numbers_by_length(weights: &mut [u32], limit: usize) -> [u32; 16] {
    let used = weights.len();
    // Nodes are joined, lightest first; a joined node leaves the index of its parent.
    let (mut leaf, mut root) = (0, 0);
    for next in 0..used - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            if leaf >= used || (root < next && weights[root] < weights[leaf]) {
                weight += weights[root];
                weights[root] = next as u32;
                root += 1;
            } else {
                weight += weights[leaf];
                leaf += 1;
            }
        }
        weights[next] = weight;
    }
    // From the root down, parents become depths.
    weights[used - 2] = 0;
    for node in (0..used - 2).rev() {
        weights[node] = weights[weights[node] as usize] + 1;
    }
    // What a level has beyond its inner nodes are words.
    let mut numbers = [0; 16];
    let (mut available, mut depth, mut node) = (1_u32, 0, used - 1);
    let mut overlong = 0_u64;
    while available > 0 {
        let mut inner = 0;
        while node > 0 && weights[node - 1] == depth {
            inner += 1;
            node -= 1;
        }
        let words = available - inner;
        if depth as usize >= limit {
            numbers[limit] += words;
            overlong += u64::from(words);
        } else {
            numbers[depth as usize] += words;
        }
        available = 2 * inner;
        depth += 1;
    }
    if overlong > 0 {
        shorten(&mut numbers, limit);
    }
    numbers
}

/// Makes room where there are more words than the limit allows.
fn shorten(numbers: &mut [u32; 16], limit: usize) {
    let taken = (1..=limit).map(|length| numbers[length] << (limit - length)).sum::<u32>();
    for _ in 1 << limit..taken {
        // A word of the limit's length takes the place beside one that is shorter.
        if let Some(length) = (1..limit).rev().find(|&length| numbers[length] > 0) {
            numbers[limit] -= 1;
            numbers[length] -= 1;
            numbers[length + 1] += 2;
        }
    }
}

/// The words for these lengths, as the format orders them.
fn words<const N: usize>(lengths: &[u8; N]) -> Words<N> {
    let mut numbers = [0_u16; 16];
    for &length in lengths {
        numbers[usize::from(length & 15)] += 1;
    }
    numbers[0] = 0;
    let mut next = [0_u16; 16];
    for length in 1..16 {
        next[length] = (next[length - 1] + numbers[length - 1]) << 1;
    }
    let mut words = [0; N];
    for (word, &length) in words.iter_mut().zip(lengths) {
        if length > 0 {
            let number = &mut next[usize::from(length & 15)];
            *word = u32::from(number.reverse_bits() >> (16 - length)) | u32::from(length) << 16;
            *number = number.wrapping_add(1);
        }
    }
    words
}

/// The order in which the lengths of the words of the description's own code are given.
pub(in crate::formats::npz) const ORDER: [u8; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// What repeats takes this many bits beyond its word.
const REPEAT_BITS: [u32; 3] = [2, 3, 7];

/// The description of a block's codes.
#[derive(Debug)]
struct Header {
    cost: u64,
    literals: usize,
    distances: usize,
    /// Lengths of words and their repetitions: the symbol, and above it, from bit 8 on, the number.
    steps: [u16; LITERALS + DISTANCES],
    used: usize,
    words: Words<19>,
    given: usize,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            cost: 0,
            literals: 0,
            distances: 0,
            steps: [0; LITERALS + DISTANCES],
            used: 0,
            words: [0; 19],
            given: 0,
        }
    }
}

impl Header {
    fn new(literals: &[u8; LITERALS], distances: &[u8; DISTANCES]) -> Self {
        let mut header = Self::default();
        let end = |lengths: &[u8]| lengths.iter().rposition(|&length| length > 0).unwrap_or(0) + 1;
        header.literals = end(literals).max(257);
        header.distances = end(distances);
        let mut all = [0; LITERALS + DISTANCES];
        let count = header.literals + header.distances;
        all[..header.literals].copy_from_slice(&literals[..header.literals]);
        all[header.literals..count].copy_from_slice(&distances[..header.distances]);

        let mut counts = [0; 19];
        for run in all[..count].chunk_by(|a, b| a == b) {
            let (length, mut left) = (run[0], run.len());
            let mut step = |symbol: u8, number: usize| {
                header.steps[header.used] = u16::from(symbol) | (number as u16) << 8;
                header.used += 1;
                counts[usize::from(symbol)] += 1;
            };
            if length > 0 {
                step(length, 0);
                left -= 1;
            }
            while left >= 3 {
                let (symbol, most, least) = match length {
                    0 if left >= 11 => (18, 138, 11),
                    0 => (17, 10, 3),
                    _ => (16, 6, 3),
                };
                let number = left.min(most);
                step(symbol, number - least);
                left -= number;
            }
            (0..left).for_each(|_| step(length, 0));
        }

        let lengths = lengths(&counts, LIMIT_OF_LENGTHS);
        header.words = words(&lengths);
        let is_used = |&&symbol: &&u8| lengths[usize::from(symbol)] == 0;
        header.given = 19 - ORDER.iter().rev().take_while(is_used).count();
        header.given = header.given.max(4);
        let extra = |symbol: usize| symbol.checked_sub(16).map_or(0, |at| REPEAT_BITS[at]);
        let of_steps = counts.iter().enumerate().map(|(symbol, &count)| {
            u64::from(count) * u64::from(u32::from(lengths[symbol]) + extra(symbol))
        });
        header.cost = 14 + 3 * header.given as u64 + of_steps.sum::<u64>();
        header
    }

    fn write(&self, bits: &mut Bits<'_>) {
        if self.used == 0 {
            return;
        }
        bits.put(self.literals as u64 - 257, 5);
        bits.put(self.distances as u64 - 1, 5);
        bits.put(self.given as u64 - 4, 4);
        for &symbol in &ORDER[..self.given] {
            bits.flush();
            bits.put(u64::from(self.words[usize::from(symbol)] >> 16), 3);
        }
        for &step in &self.steps[..self.used] {
            bits.flush();
            let symbol = usize::from(step & 255);
            let word = self.words[symbol];
            bits.put(u64::from(word & 0xFFFF), word >> 16);
            if let Some(at) = symbol.checked_sub(16) {
                bits.put(u64::from(step >> 8), REPEAT_BITS[at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the words take of the room there is, in units of the longest.
    fn taken(lengths: &[u8], limit: usize) -> u32 {
        lengths
            .iter()
            .filter(|&&length| length > 0)
            .map(|&length| 1 << (limit - usize::from(length)))
            .sum()
    }

    #[test]
    fn codes_are_complete_and_within_the_limit() {
        let mut fibonacci = [0_u32; 40];
        (fibonacci[0], fibonacci[1]) = (1, 1);
        for at in 2..40 {
            fibonacci[at] = fibonacci[at - 1] + fibonacci[at - 2];
        }
        for limit in [6, 7, 14, 15] {
            for used in [2, 3, 17, 39] {
                let mut counts = [0; 40];
                counts[..used].copy_from_slice(&fibonacci[..used]);
                let lengths = lengths(&counts, limit);
                assert_eq!(taken(&lengths, limit), 1 << limit, "{used} symbols, limit {limit}");
                assert_eq!(lengths.iter().filter(|&&length| length > 0).count(), used);
                let ascend = counts.windows(2).zip(lengths.windows(2));
                assert!(ascend.clone().all(|(count, length)| count[1] == 0
                    || count[0] > count[1]
                    || length[0] >= length[1]));
            }
        }
    }

    #[test]
    fn a_code_has_two_words_at_least() {
        for counts in [
            [0; 30],
            {
                let mut one = [0; 30];
                one[0] = 9;
                one
            },
            {
                let mut one = [0; 30];
                one[29] = 9;
                one
            },
        ] {
            let lengths = lengths(&counts, 15);
            assert_eq!(taken(&lengths, 15), 1 << 15);
            assert!(counts.iter().zip(lengths).all(|(&count, length)| count == 0 || length == 1));
        }
    }

    #[test]
    fn lengths_are_the_best() {
        // From the textbook: 45, 13, 12, 16, 9, 5 take 224 bits.
        let counts = [45, 13, 12, 16, 9, 5];
        let lengths = lengths(&counts, 15);
        let bits: u32 =
            counts.iter().zip(lengths).map(|(&count, length)| count * u32::from(length)).sum();
        assert_eq!(bits, 224);
    }

    #[test]
    fn the_estimate_is_near_the_code() {
        let counts_of = |f: fn(u32) -> u32| {
            let mut counts = Counts::ZERO;
            counts.literals.iter_mut().zip(0..).for_each(|(count, at)| *count = f(at));
            counts
        };
        for counts in [
            counts_of(|_| 10),
            counts_of(|at| at),
            counts_of(|at| 100_000 >> (at / 8).min(31)),
            counts_of(|at| if at == 0 { 1_000_000 } else { at % 3 }),
        ] {
            let codes = Codes::new(&counts);
            let cost = (codes.cost(&counts) - codes.header.cost) as f32;
            let estimate = counts.entropy();
            assert!((estimate / cost - 1.0).abs() < 0.03, "{estimate} bits, {cost} in truth");
        }
    }
}
