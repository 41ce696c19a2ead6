//! Deflate streams to bytes: a long one by several threads, though it was written as one.
//!
//! A deflate stream can only be read from its start, for what follows refers to the 32 KiB before it.
//! But which symbols there are does not depend on these bytes, only what they are copies of. So every
//! thread but the first looks for a `block` somewhere inside the stream, and inflates from there
//! with a window that is made up. In arrays of dense numbers most bytes are literals, and soon none
//! is left that stems from the window: a second look at the start of the part, with another made-up
//! window, tells that and where, for what is the same under both windows does not depend on them.
//! The few bytes that do are put in when those before are known. Where it never ends, the part is
//! inflated again, after the one before it.
//!
//! What comes out is what one thread makes of it. That a part was begun where a block starts is not
//! believed: the part before it is given an end of its own, which has to be the end of what comes out.

mod block;
mod part;

use libdeflater::DecompressionError;

use super::codec::too_short;
use crate::array::map;
use crate::error::{DecodeError, Result};
use part::{End, Known, Part, WINDOW};

/// Less is not worth a thread.
const PART: usize = 1 << 20;
/// What is made more than so many times longer consists of long matches: it takes little time, and
/// its window shows to the end.
const DENSE: usize = 3;

/// Fills `to` with what `compressed` stands for, which has to be exactly as much, by at most
/// `threads` threads.
pub(super) fn inflate(compressed: &[u8], to: &mut [u8], threads: usize) -> Result<()> {
    let parts = threads.min(compressed.len() / PART);
    // Places in it are counted in bits.
    if parts > 1
        && to.len() / DENSE <= compressed.len()
        && compressed.len() <= usize::MAX / 8
        && in_parts(compressed, to, &Sizes::of(parts)) == Some(to.len())
    {
        return Ok(());
    }
    match libdeflater::Decompressor::new().deflate_decompress(compressed, to) {
        Ok(written) if written == to.len() => Ok(()),
        Ok(written) => Err(too_short(written, to.len())),
        Err(DecompressionError::InsufficientSpace) => Err(DecodeError::malformed(format!(
            "the data goes on behind the {} bytes that it is said to stand for",
            to.len()
        ))),
        Err(DecompressionError::BadData) => {
            Err(DecodeError::malformed("the deflate data is damaged, or ends too early"))
        }
    }
}

/// Into what a stream is cut.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// About so many parts.
    pub parts: usize,
    /// So many bytes of a part, and no more than a quarter, are looked at twice.
    pub twice: usize,
    /// So many bytes are inflated at a time; at least one.
    pub piece: usize,
}

impl Sizes {
    fn of(parts: usize) -> Self {
        Self { parts, twice: 256 << 10, piece: 2 << 20 }
    }
}

/// Inflates a stream in parts: how many bytes it is, at most as many as there is room for in `to`, and
/// these come first there. `None` where it could not; then `to` holds anything.
pub fn in_parts(compressed: &[u8], to: &mut [u8], sizes: &Sizes) -> Option<usize> {
    let Sizes { parts, twice, piece } = *sizes;
    let len = compressed.len();
    let places = (1..parts).map(|part| 8 * (len / parts * part));
    let mut bounds = map(parts, places, || (), |(), place| block::find(compressed, place));
    bounds.dedup();
    let bounds: Vec<usize> = bounds.into_iter().flatten().collect();
    let ends = bounds.iter().map(|&end| Some((end, End::new()))).chain([None]);
    let starts = [0].into_iter().chain(bounds.iter().copied());
    let parts: Vec<Part<'_>> = starts
        .zip(ends)
        .map(|(start, end)| Part { stream: compressed, start, end, piece })
        .collect();
    if parts.len() < 2 {
        return None;
    }
    let size = to.len();
    // What a part may come to, with room to spare.
    let room = |part: &Part<'_>| (size / len * part.len() + part.len() + WINDOW).min(size);
    let mut first_to = Some(&mut *to);
    let items: Vec<_> = parts.iter().map(|part| (part, first_to.take())).collect();
    let inflate = |(part, to): (&Part<'_>, Option<&mut [u8]>)| match to {
        Some(to) => Done::First(part.inflate_behind(to, 0)),
        None => Done::Apart(part.inflate_apart(twice, room(part))),
    };
    let done = map(parts.len(), items, || (), |(), item| inflate(item));
    let mut at = 0;
    for (part, done) in parts.iter().zip(done) {
        at = match done {
            Done::First(reached) => reached,
            Done::Apart(_) if at < WINDOW => None,
            Done::Apart(Some(known)) => known.copy_behind(to, at),
            Done::Apart(None) => part.inflate_behind(to, at),
        }?;
    }
    Some(at)
}

/// What became of a part.
enum Done {
    /// It was written to where it belongs, up to there, if it could be.
    First(Option<usize>),
    /// It was inflated behind windows that were made up, if that did not matter.
    Apart(Option<Known>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random.
    fn drawn(state: &mut u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state ^ *state >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 3
    }

    /// A random walk of float32: dense, and with few matches.
    fn walk(count: usize) -> Vec<u8> {
        let (mut state, mut at) = (1, 0.0_f32);
        let mut step = || (drawn(&mut state) % 2001) as f32 / 1000.0 - 1.0;
        (0..count)
            .flat_map(|_| {
                at += step() + step() + step();
                at.to_le_bytes()
            })
            .collect()
    }

    /// Text of a few words: everything refers to what was before.
    fn words(count: usize) -> Vec<u8> {
        let (mut state, mut text) = (2, Vec::new());
        while text.len() < count {
            text.extend_from_slice(
                [&b"some "[..], b"thing ", b"else ", b"now "][drawn(&mut state) as usize % 4],
            );
        }
        text
    }

    /// In parts, about `twice` bytes of which are looked at twice, if they are all that fits.
    fn in_parts(compressed: &[u8], to: &mut [u8], parts: usize, twice: usize) -> bool {
        let [one, many] = [1 << 20, 20_000].map(|piece| {
            let could = super::in_parts(compressed, to, &Sizes { parts, twice, piece });
            (could == Some(to.len())).then(|| to.to_vec())
        });
        // A piece ends where a block seems to start: where none does, it could not.
        assert!(one.is_none() || many.is_none() || one == many);
        many.or(one).map(|bytes| to.copy_from_slice(&bytes)).is_some()
    }

    fn deflated(bytes: &[u8], level: i32) -> Vec<u8> {
        let mut stream = vec![0; bytes.len() + bytes.len() / 8 + 1000];
        let mut codec = zlib_rs::Deflate::new(level, false, 15);
        let status = codec.compress(bytes, &mut stream, zlib_rs::DeflateFlush::Finish).unwrap();
        assert_eq!(status, zlib_rs::Status::StreamEnd);
        stream.truncate(codec.total_out() as usize);
        stream
    }

    #[test]
    fn parts_are_the_whole() {
        let mut random = vec![0; 300_000];
        let mut state = 3;
        random.iter_mut().for_each(|byte| *byte = drawn(&mut state) as u8);
        let mixed = [words(200_000), walk(100_000), words(300_000), random.clone(), walk(50_000)];
        for (bytes, can) in [
            (walk(500_000), true),
            (words(1_000_000), false),
            (mixed.concat(), true),
            (vec![7; 3_000_000], false),
            (random, false),
        ] {
            for level in [3, 6, 9] {
                let stream = deflated(&bytes, level);
                for parts in 2..6 {
                    let mut to = vec![1; bytes.len()];
                    let could = in_parts(&stream, &mut to, parts, 60_000);
                    assert!(could || !can, "level {level}, {parts} parts");
                    assert!(!could || to == bytes, "level {level}, {parts} parts");
                    // Of another length it is refused, as by one thread.
                    for wrong in [bytes.len() - 1, bytes.len() + 1] {
                        assert!(!in_parts(&stream, &mut vec![0; wrong], parts, 60_000));
                    }
                }
            }
        }
    }

    #[test]
    fn most_of_a_walk_is_inflated_apart() {
        let bytes = walk(500_000);
        let stream = deflated(&bytes, 6);
        let start = block::find(&stream, 4 * stream.len()).unwrap();
        let piece = 1 << 20;
        let (first, second) = (
            Part { stream: &stream, start: 0, end: Some((start, End::new())), piece },
            Part { stream: &stream, start, end: None, piece },
        );
        let mut to = vec![0; bytes.len()];
        let at = first.inflate_behind(&mut to, 0).unwrap();
        assert_eq!(to[..at], bytes[..at]);
        let known = second.inflate_apart(60_000, bytes.len()).unwrap();
        assert_eq!(known.copy_behind(&mut to, at), Some(bytes.len()));
        assert!(to == bytes);
    }

    /// One bit that is another makes of parts what it makes of the whole, or they are not taken.
    #[test]
    fn damage_is_what_it_is_for_one_thread() {
        let bytes = [walk(40_000), words(100_000)].concat();
        let stream = deflated(&bytes, 6);
        let mut state = 4;
        let mut taken = 0;
        for _ in 0..600 {
            let mut damaged = stream.clone();
            let bit = drawn(&mut state) as usize % (8 * stream.len());
            damaged[bit / 8] ^= 1 << (bit % 8);
            let (mut one, mut several) = (vec![0; bytes.len()], vec![0; bytes.len()]);
            let wanted = inflate(&damaged, &mut one, 1);
            if in_parts(&damaged, &mut several, 3, 4_000) {
                taken += 1;
                assert!(wanted.is_ok() && one == several, "bit {bit}");
            }
        }
        assert!(taken > 0);
    }

    /// A stream that ends before a block that only looks like one of its own.
    #[test]
    fn what_follows_the_end_is_not_taken_for_more() {
        let (bytes, more) = (walk(60_000), walk(60_000));
        let first = deflated(&bytes, 6);
        let forged = [&first[..], &deflated(&more, 6)].concat();
        let mut to = vec![0; bytes.len() + more.len()];
        for parts in 2..8 {
            assert!(!in_parts(&forged, &mut to, parts, 4_000), "{parts} parts");
        }
        assert!(inflate(&forged, &mut to, 1).is_err());
    }

    /// Bits of a stream, the first one lowest.
    #[derive(Default)]
    struct Bits(Vec<u8>, usize);

    impl Bits {
        fn put(&mut self, bits: u64, count: usize) {
            for at in 0..count {
                if self.1.is_multiple_of(8) {
                    self.0.push(0);
                }
                *self.0.last_mut().unwrap() |= ((bits >> at & 1) as u8) << (self.1 % 8);
                self.1 += 1;
            }
        }

        fn literal(&mut self, byte: u8) {
            assert!(byte < 144);
            self.put(u64::from((0x30 + byte).reverse_bits()), 8);
        }

        fn stream(&mut self, stream: &[u8]) {
            stream.iter().for_each(|&byte| self.put(byte.into(), 8));
        }
    }

    /// A last block goes on behind what looks like the start of another one: a word that begins before
    /// that takes its header in, of whatever the part before ends with too.
    #[test]
    fn a_word_that_takes_in_the_header_of_an_end_is_not_taken_for_one() {
        let more = walk(60_000);
        let second = deflated(&more, 6);
        let mut bits = Bits::default();
        bits.put(0b011, 3);
        // So many that what looks like a block starts where one is looked for.
        let count = second.len() - 1;
        (0..count).for_each(|at| bits.literal((at % 140) as u8));
        bits.put(0b00010, 5);
        bits.stream(&second);
        assert_eq!(block::find(&bits.0, bits.0.len() / 2 * 8), Some(8 * (count + 1)));
        let mut to = vec![0; count + 1 + more.len()];
        assert!(!in_parts(&bits.0, &mut to, 2, 4_000));
        assert!(inflate(&bits.0, &mut to, 1).is_err());
    }

    /// A stored block that holds a whole stream: blocks seem to start in it.
    #[test]
    fn what_only_looks_like_blocks_is_not_taken_for_them() {
        let (inside, more) = (deflated(&walk(15_000), 6), walk(60_000));
        let mut bits = Bits::default();
        for _ in 0..3 {
            bits.put(0, 8);
            bits.put(inside.len() as u64, 16);
            bits.put(!inside.len() as u64, 16);
            bits.stream(&inside);
        }
        bits.stream(&deflated(&more, 6));
        let bytes = [&inside.repeat(3)[..], &more].concat();
        let mut to = vec![0; bytes.len()];
        let taken = (2..12).filter(|&parts| {
            let could = in_parts(&bits.0, &mut to, parts, 4_000);
            assert!(!could || to == bytes, "{parts} parts");
            could
        });
        assert!(taken.count() < 10);
        assert!(inflate(&bits.0, &mut to, 1).is_ok() && to == bytes);
    }

    /// Matches that reach in front of all there is, from a block behind little: one thread refuses
    /// them, however the stream is cut.
    #[test]
    fn nothing_is_before_the_start() {
        let more = walk(60_000);
        for (before, distance_is_there) in [(256, true), (255, false)] {
            let mut bits = Bits::default();
            bits.put(0b010, 3);
            (0..before).for_each(|_| bits.literal(7));
            // The end of the block, then as much of nothing as another part starts behind.
            bits.put(0, 7);
            (0..200_000).for_each(|_| bits.put(0b010, 10));
            bits.put(0b010, 3);
            // Three bytes from 256 before: the symbols 257 and 15, the latter with 63 of six bits more.
            bits.put(u64::from(1_u8.reverse_bits() >> 1), 7);
            bits.put(u64::from(15_u8.reverse_bits() >> 3), 5);
            bits.put(63, 6);
            bits.put(0, 7);
            bits.stream(&deflated(&more, 6));
            let mut to = vec![0; before + 3 + more.len()];
            assert_eq!(inflate(&bits.0, &mut to, 1).is_ok(), distance_is_there);
            for parts in 2..5 {
                let could = in_parts(&bits.0, &mut to, parts, 4_000);
                assert!(!could || distance_is_there, "{parts} parts");
                assert!(!could || to.ends_with(&more), "{parts} parts");
            }
        }
    }

    #[test]
    fn blocks_are_found_where_they_are() {
        let stream = deflated(&walk(200_000), 6);
        // The first block starts at the start.
        assert_eq!(block::find(&stream, 0), Some(0));
        let mut found = Vec::new();
        let mut at = 1;
        while let Some(place) = block::find(&stream, at) {
            found.push(place);
            at = place + 1;
        }
        assert!(found.len() > 5, "{}", found.len());
        let mut to = vec![0; 800_000 + 100];
        for &end in &found {
            let ending = Some((end, End::new()));
            let part = Part { stream: &stream, start: 0, end: ending, piece: 1 << 20 };
            assert!(part.inflate_behind(&mut to, 0).is_some(), "at {end}");
            for beside in [end - 1, end + 1] {
                let part = Part { end: Some((beside, End::new())), ..part };
                assert!(part.inflate_behind(&mut to, 0).is_none(), "beside {end}");
            }
        }
    }
}
