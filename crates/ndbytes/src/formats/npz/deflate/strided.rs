//! Matches at one or two distances that are known beforehand, found by comparing 64 bytes at a
//! time.

use super::block::{LONGEST, Token, distance_symbol};
use crate::wide::{Work, wide};

/// Bytes that are parsed at a time; no match goes from one segment into the next.
pub(super) const SEGMENT: usize = 16_384;
const MASKS: usize = SEGMENT / 64 + 1;

/// What is parsed at a time, with all that was before it in the chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) chunk: &'a [u8],
    pub(super) from: usize,
    /// At most [`SEGMENT`] bytes on.
    pub(super) to: usize,
    /// At most two.
    pub(super) strides: &'a [Stride],
}

impl Segment<'_> {
    /// Compares at each stride.
    pub(super) fn fill(&self, masks: &mut [Masks; 2]) {
        for (masks, &stride) in masks.iter_mut().zip(self.strides) {
            masks.fill(self.chunk, self.from, self.to, stride);
        }
    }
}

/// A distance, and the fewest bytes that are worth a match at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stride {
    pub(super) distance: u16,
    pub(super) shortest: u16,
}

/// For each byte of a segment a bit: whether it is the one that is a distance before.
#[derive(Debug)]
pub(super) struct Masks {
    equal: [u64; MASKS],
    starts: [u64; MASKS],
}

impl Masks {
    pub(super) const NONE: Self = Self { equal: [0; MASKS], starts: [0; MASKS] };

    /// Compares `chunk[from..to]`, at most one segment.
    pub(super) fn fill(&mut self, chunk: &[u8], from: usize, to: usize, stride: Stride) {
        wide(Comparison { masks: self, chunk, from, to, stride });
    }

    #[inline(always)]
    fn compare(&mut self, chunk: &[u8], from: usize, to: usize, stride: Stride) {
        let distance = usize::from(stride.distance);
        // What has nothing that far before it is not equal to anything.
        let first = from.max(distance);
        let count = (to - from).div_ceil(64);
        self.equal[..=count].fill(0);
        if first >= to {
            self.starts.fill(0);
            return;
        }
        let skipped = (first - from).div_ceil(64) * 64;
        let bit = |at: usize| u64::from(chunk[at] == chunk[at - distance]);
        let aligned = (from + skipped).min(to);
        for at in first..aligned {
            self.equal[(at - from) / 64] |= bit(at) << ((at - from) % 64);
        }
        let here = chunk[aligned..to].chunks_exact(64);
        let before = chunk[aligned - distance..to - distance].chunks_exact(64);
        let done = to - here.remainder().len();
        let masks = &mut self.equal[(aligned - from).div_ceil(64)..];
        for ((mask, here), before) in masks.iter_mut().zip(here).zip(before) {
            *mask = equal_bytes(here, before);
        }
        for at in done.max(first)..to {
            self.equal[(at - from) / 64] |= bit(at) << ((at - from) % 64);
        }
        // A match starts where as many bits follow.
        let shortest = u32::from(stride.shortest);
        for at in 0..count {
            let (low, high) = (self.equal[at], self.equal[at + 1]);
            let mut starts = low;
            for shift in 1..shortest.min(64) {
                starts &= low >> shift | high << (64 - shift);
            }
            self.starts[at] = starts;
        }
        self.starts[count..].fill(0);
    }

    /// How much the runs save, as a number to compare.
    pub(super) fn gain(&self, stride: Stride) -> i32 {
        let (covered, runs) = extent(self.starts.iter().copied());
        4 * covered - cost_of_run(stride) * runs
    }

    /// The same for the runs of these masks and of the others together.
    pub(super) fn gain_with(&self, stride: Stride, other: &Self) -> i32 {
        let starts = self.starts.iter().zip(&other.starts).map(|(here, there)| here | there);
        let (covered, runs) = extent(starts);
        4 * covered - cost_of_run(stride) * runs
    }

    /// How many bytes from `at` on are equal, up to what a match can hold.
    #[inline(always)]
    fn run(&self, at: usize) -> usize {
        let mut length = (self.equal[at / 64] >> (at % 64)).trailing_ones() as usize;
        if length == 64 - at % 64 {
            for mask in &self.equal[at / 64 + 1..] {
                let more = mask.trailing_ones() as usize;
                length += more;
                if more < 64 || length >= LONGEST {
                    break;
                }
            }
        }
        length.min(LONGEST)
    }
}

/// A segment that is compared with what is a stride before it.
struct Comparison<'a> {
    masks: &'a mut Masks,
    chunk: &'a [u8],
    from: usize,
    to: usize,
    stride: Stride,
}

impl Work for Comparison<'_> {
    type Done = ();
    #[inline(always)]
    fn work(self) {
        self.masks.compare(self.chunk, self.from, self.to, self.stride);
    }
}

/// Which of 64 bytes are equal, the first in the lowest bit.
#[inline(always)]
fn equal_bytes(a: &[u8], b: &[u8]) -> u64 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let (a, _) = a.as_chunks::<8>();
    let (b, _) = b.as_chunks::<8>();
    let mut mask = 0;
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        // The high bit of each byte that is zero, then all eight of them side by side.
        let zeros = !(((differ & LOW) + LOW) | differ | LOW);
        let together = (zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= together << (8 * at);
    }
    mask
}

/// Parses a segment: at each run the longest one.
pub(super) fn parse(segment: &Segment<'_>, masks: &mut [Masks; 2], tokens: &mut Vec<Token>) {
    segment.fill(masks);
    let len = segment.to - segment.from;
    let mut at = 0;
    while let Some((start, length, distance)) = next_run(segment.strides, masks, at, len) {
        tokens.push(Token { literals: (start - at) as u32, length: length as u16, distance });
        at = start + length;
    }
    tokens.push(Token { literals: (len - at) as u32, length: 0, distance: 0 });
}

/// In quarters of a byte, roughly.
fn cost_of_run(stride: Stride) -> i32 {
    let (_, beyond, _) = distance_symbol(stride.distance);
    8 + beyond as i32 / 2
}

/// How many bytes are in runs, and how many runs there are.
fn extent(starts: impl Iterator<Item = u64>) -> (i32, i32) {
    starts.fold((0, 0), |(covered, runs), starts| {
        let inside = starts | starts << 1 | starts << 2 | starts << 3;
        let first = starts & !(starts << 1);
        (covered + inside.count_ones() as i32, runs + first.count_ones() as i32)
    })
}

/// The next run at one of the strides: where it starts, its length and its distance. The masks of
/// the strides are filled.
#[inline(always)]
pub(super) fn next_run(
    strides: &[Stride],
    masks: &[Masks; 2],
    at: usize,
    len: usize,
) -> Option<(usize, usize, u16)> {
    let [one, two] = masks;
    match strides {
        [] => None,
        [stride] => {
            let start = next(at, len, |word| one.starts[word])?;
            Some((start, one.run(start), stride.distance))
        }
        [first, second, ..] => {
            let start = next(at, len, |word| one.starts[word] | two.starts[word])?;
            let lengths = (one.run(start), two.run(start));
            let is_second = lengths.0 < usize::from(first.shortest)
                || (lengths.1 > lengths.0 && lengths.1 >= usize::from(second.shortest));
            Some(match is_second {
                true => (start, lengths.1, second.distance),
                false => (start, lengths.0, first.distance),
            })
        }
    }
}

/// The first bit that is set from `at` on, of `len`.
#[inline(always)]
fn next(at: usize, len: usize, word: impl Fn(usize) -> u64) -> Option<usize> {
    let mut index = at / 64;
    let mut bits = word(index) & (u64::MAX << (at % 64));
    while bits == 0 {
        index += 1;
        if index * 64 >= len {
            return None;
        }
        bits = word(index);
    }
    Some(index * 64 + bits.trailing_zeros() as usize)
}
