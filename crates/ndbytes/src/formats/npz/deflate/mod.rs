//! Deflate for the bytes of arrays.
//!
//! What repeats in an array repeats at distances that are known before its bytes are seen: the size
//! of an element, that of a pixel, that of a row. Comparing bytes at one or two such distances
//! takes a fraction of the time of a search, and where it finds less, a sample says so.
//!
//! The caller asks how long chunks should be, cuts the bytes, compresses the chunks in any order,
//! on any threads, each on its own, and puts the results together in order: that is one deflate
//! stream (RFC 1951), which every reader of zlib, gzip or zip knows. What comes out depends on the
//! bytes, the level and the distances, on nothing else.
//!
//! ```
//! use ndbytes::npz::deflate::{Encoder, Scratch};
//!
//! let bytes: Vec<u8> = (0..100_000_u32).flat_map(|x| (x / 7).to_le_bytes()).collect();
//! let encoder = Encoder::new(6, [4]);
//! let mut stream = Vec::new();
//! let mut chunks = bytes.chunks(encoder.chunk_len(bytes.len())).peekable();
//! while let Some(chunk) = chunks.next() {
//!     encoder.compress(chunk, chunks.peek().is_none(), &mut Scratch::default(), &mut stream);
//! }
//! assert!(stream.len() < bytes.len() / 2);
//! ```
//!
//! The parts: `plan` takes a sample of a chunk and chooses how to parse it; `strided`, `search` and
//! `chain` turn a segment of it into tokens, which are literals and matches, by `prices`; `block`
//! counts them, joins segments that are alike, and writes each block as `huffman` codes into `bits`.

mod bits;
mod block;
mod chain;
mod huffman;
mod plan;
mod prices;
mod search;
mod strided;
#[cfg(test)]
mod tests;

use bits::Rest;
pub(super) use block::FARTHEST;
use block::{Block, Token};
pub(super) use huffman::ORDER;
use plan::{CANDIDATES, Plan};
use prices::Prices;
use search::Seen;
use strided::{Masks, SEGMENT};

/// How the bytes of one array are compressed.
#[derive(Clone, Debug)]
pub struct Encoder {
    level: u8,
    distances: Vec<u16>,
}

/// What compressing needs beside its input and output: made once, used for one chunk after the
/// other. What was compressed before leaves no trace in what comes out.
#[derive(Debug)]
pub struct Scratch {
    tokens: Vec<Token>,
    counters: Box<[[u32; 256]; 4]>,
    masks: Box<[Masks; 2]>,
    seen: Seen,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            counters: Box::new([[0; 256]; 4]),
            masks: Box::new([Masks::NONE; 2]),
            seen: Seen::new(),
        }
    }
}

impl Encoder {
    /// An encoder of this level: 0 stores, 1 is the fastest, 6 what most want, 9 the smallest.
    ///
    /// `distances` are where repetitions are likely, in bytes: first the size of an element, then
    /// twice that and the strides of the axes. One byte is always tried, and the first seven others
    /// that deflate can express; more are of no use, and do no harm.
    pub fn new(level: u8, distances: impl IntoIterator<Item = usize>) -> Self {
        let distances = distances.into_iter();
        let mut tried: Vec<u16> = vec![1];
        for distance in distances.filter(|distance| (1..=FARTHEST).contains(distance)) {
            if !tried.contains(&(distance as u16)) && tried.len() < CANDIDATES {
                tried.push(distance as u16);
            }
        }
        Self { level: level.min(9), distances: tried }
    }

    /// The size of an element, if it was said.
    fn item(&self) -> u16 {
        self.distances.get(1).copied().unwrap_or(1)
    }

    /// How long each chunk but the last one should be when there are `len` bytes: at least one
    /// byte, and a multiple of 64 where there are several, so that elements are seldom cut.
    pub fn chunk_len(&self, len: usize) -> usize {
        let most = match (self.level, len) {
            (7.., _) => 1 << 20,
            (_, ..=0x10_0000) => 128 << 10,
            _ => 256 << 10,
        };
        // As even as can be, for an even number of threads.
        let count = match len.div_ceil(most) {
            0 | 1 => return len.max(1),
            count => count.next_multiple_of(2),
        };
        len.div_ceil(count).next_multiple_of(64)
    }

    /// Appends `chunk` to `out`, compressed; `last` ends the stream. What is appended starts and
    /// ends at a whole byte. At most, it takes what the chunk does, five bytes for each 16 KiB begun
    /// and six more.
    pub fn compress(&self, chunk: &[u8], last: bool, scratch: &mut Scratch, out: &mut Vec<u8>) {
        let mut rest = Rest::default();
        if self.level == 0 || chunk.is_empty() {
            block::store(chunk, last, &mut rest, out);
            return;
        }
        let (plan, prices) = Plan::new(self, chunk, scratch);
        compress(&plan, prices, chunk, last, scratch, out);
    }
}

/// Segments that are alike become one block.
fn compress(
    plan: &Plan,
    mut prices: Prices,
    chunk: &[u8],
    last: bool,
    scratch: &mut Scratch,
    out: &mut Vec<u8>,
) {
    scratch.tokens.clear();
    if let Some(search) = plan.search {
        scratch.seen.clear(search);
    }
    let mut rest = Rest::default();
    let mut open: Option<(Block, usize)> = None;
    let mut from = 0;
    while from < chunk.len() {
        let to = (from + SEGMENT).min(chunk.len());
        let mark = scratch.tokens.len();
        plan.parse(chunk, from..to, &prices, scratch);
        let next = scratch.block(mark, &chunk[from..to]);
        if plan.search.is_some() {
            prices = Prices::of(&next, to - from);
        }
        open = Some(match open {
            None => (next, from),
            Some((block, start)) => match block.joined(&next) {
                Some(joined) => (joined, start),
                None => {
                    block.write(
                        &scratch.tokens[..mark],
                        &chunk[start..from],
                        false,
                        &mut rest,
                        out,
                    );
                    scratch.tokens.drain(..mark);
                    (next, from)
                }
            },
        });
        from = to;
    }
    if let Some((block, start)) = open {
        block.write(&scratch.tokens, &chunk[start..], last, &mut rest, out);
    }
    if last {
        rest.align(out);
    } else {
        // An empty block brings the end to a whole byte.
        block::store(&[], false, &mut rest, out);
    }
}
