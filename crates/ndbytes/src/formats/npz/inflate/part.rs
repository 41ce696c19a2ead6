//! One part of a deflate stream, from one block to another.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use super::block;
use crate::array::Source;

/// How far back a match reaches.
pub(super) use super::super::deflate::FARTHEST as WINDOW;
/// A block that is not the last one, with fixed codes and nothing in it.
const NOTHING: u64 = 0b010;
const NOTHING_BITS: usize = 10;

/// The end that a part gets: a last block, in which there are a few bytes that nobody can foresee, in
/// words of a code that nobody can foresee either. A part that does not end with them ended before, or
/// goes on: a block that was begun before has other codes, in which these words stand for other bytes.
/// (Those of a known code may come out of such a block too, behind a word that begins in front of the
/// cut and ends with the header.)
#[derive(Clone, Copy)]
pub(super) struct End([u8; END_LEN]);

/// One of each 17 bytes; with the end of the block all words of four bits.
const END_LEN: usize = 15;
const END_STEP: u8 = 17;
/// Before the lengths of the words: a last block with codes of its own, 257 symbols, one distance, and
/// twelve lengths for lengths, of which those of nought and four take one bit.
const END_HEADER: u64 = 0b101 | 8 << 13 | 1 << (17 + 3 * 3) | 1 << (17 + 3 * 11);
const END_HEADER_BITS: usize = 17 + 3 * 12;
const END_BITS: usize = END_HEADER_BITS + 257 + 1 + 4 * (END_LEN + 1);

impl End {
    pub(super) fn new() -> Self {
        let mut drawn = RandomState::new().build_hasher().finish();
        Self(std::array::from_fn(|at| {
            let byte = at as u8 * END_STEP + (drawn % u64::from(END_STEP)) as u8;
            drawn /= u64::from(END_STEP);
            byte
        }))
    }

    /// Puts it behind the `at` first bits of the last byte there is, or behind that if they are none.
    fn put_behind(self, at: usize, bytes: &mut Vec<u8>) {
        let start = 8 * bytes.len() - if at > 0 { 8 } else { 0 } + at;
        bytes.resize((start + END_BITS).div_ceil(8), 0);
        let mut set = |bit: usize| bytes[(start + bit) / 8] |= 1 << ((start + bit) % 8);
        (0..END_HEADER_BITS).filter(|bit| END_HEADER >> bit & 1 == 1).for_each(&mut set);
        // The symbols that there are, the end of the block among them; no distance.
        let symbols = self.0.iter().map(|&byte| usize::from(byte)).chain([256]);
        symbols.for_each(|symbol| set(END_HEADER_BITS + symbol));
        // Their words are numbers in the order of the symbols, and come with the highest bit first.
        let words = END_HEADER_BITS + 257 + 1;
        for (word, bit) in (0..=END_LEN).flat_map(|word| (0..4).map(move |bit| (word, bit))) {
            if word >> (3 - bit) & 1 == 1 {
                set(words + 4 * word + bit);
            }
        }
    }
}

/// What might be before a part: of two windows, no byte is the same in both, and no two pairs are.
fn made_up(second: bool, at: usize) -> u8 {
    match second {
        false => at as u8,
        true => (at as u8).wrapping_add(1 + (at >> 8) as u8),
    }
}

/// Which byte of the two windows it is, if it is not the same behind both.
fn place(first: u8, second: u8) -> Option<usize> {
    let above = second.wrapping_sub(first);
    (above > 0).then(|| usize::from(above - 1) << 8 | usize::from(first))
}

/// The bits of a stream from `start`, which is even, to `end`, or to its own end.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) stream: &'a [u8],
    pub(super) start: usize,
    pub(super) end: Option<(usize, End)>,
    /// So many of its bytes are copied, to be inflated alone, at a time; at least one.
    pub(super) piece: usize,
}

/// A part that is known but for a few of its first bytes.
pub(super) struct Known {
    /// A window that was made up, and all bytes.
    bytes: Source<'static>,
    len: usize,
    /// Its first bytes behind another window.
    again: Vec<u8>,
}

impl Part<'_> {
    /// Its bytes, the last of which may be begun only.
    pub(super) fn len(&self) -> usize {
        self.end.map_or(self.stream.len(), |(end, _)| end / 8) - self.start / 8
    }

    /// Inflates it behind the first `at` bytes of `to`, which are what is before it; how many there are
    /// then. `None` where it is damaged, or there is too little room, or it does not end as it should.
    pub(super) fn inflate_behind(&self, to: &mut [u8], mut at: usize) -> Option<usize> {
        let (mut codec, mut stream) = (libdeflater::Decompressor::new(), Vec::new());
        let mut piece = *self;
        loop {
            let cut = match piece.len() > 2 * self.piece {
                true => block::find(self.stream, piece.start + 8 * self.piece),
                false => None,
            };
            let cut = cut.filter(|&cut| self.end.is_none_or(|(end, _)| cut < end));
            piece.end = cut.map(|cut| (cut, End::new())).or(self.end);
            let before = at.saturating_sub(WINDOW);
            piece.copy_alone(&to[before..at], &mut stream);
            let to = &mut to[before..];
            let mut len = codec.deflate_decompress(&stream, to).ok()?;
            if let Some((_, End(end))) = piece.end {
                len = to[..len].ends_with(&end).then(|| len - END_LEN)?;
            }
            at = before + len;
            match cut {
                Some(cut) => piece.start = cut,
                None => return Some(at),
            }
        }
    }

    /// Inflates it without knowing what is before it, into at most `room` bytes, if it shows before
    /// long that this does not matter. About `twice` of its bytes are inflated twice.
    pub(super) fn inflate_apart(&self, twice: usize, room: usize) -> Option<Known> {
        let until = block::find(self.stream, self.start + 8 * twice.min(self.len() / 4))?;
        if self.end.is_some_and(|(end, _)| end <= until) {
            return None;
        }
        let head = Self { end: Some((until, End::new())), ..*self };
        let behind = |second| {
            let mut bytes: Vec<u8> = (0..WINDOW).map(|at| made_up(second, at)).collect();
            bytes.resize(WINDOW + room.min(8 * head.len()), 0);
            let len = head.inflate_behind(&mut bytes, WINDOW)?;
            bytes.truncate(len);
            Some(bytes)
        };
        let (once, mut again) = (behind(false)?, behind(true)?);
        let last = again.len().checked_sub(WINDOW).filter(|&last| last >= WINDOW)?;
        if once[last..] != again[last..] {
            return None;
        }
        drop(once);
        again.drain(..WINDOW);
        again.shrink_to_fit();
        let mut len = 0;
        let bytes = Source::zeroed(WINDOW + room, |bytes| {
            bytes[..WINDOW]
                .iter_mut()
                .enumerate()
                .for_each(|(at, byte)| *byte = made_up(false, at));
            len = self.inflate_behind(bytes, WINDOW).ok_or(())? - WINDOW;
            Ok::<(), ()>(())
        });
        Some(Known { bytes: bytes.ok()?, len, again })
    }

    /// Makes a stream of what is before it, at most a window, and of this part.
    fn copy_alone(&self, before: &[u8], alone: &mut Vec<u8>) {
        alone.clear();
        let (from, skipped) = (self.start / 8, self.start % 8);
        let until = self.end.map_or(self.stream.len(), |(end, _)| end.div_ceil(8));
        if !before.is_empty() {
            // A stored block that is not the last one.
            let len = before.len() as u16;
            alone.push(0);
            alone.extend_from_slice(&len.to_le_bytes());
            alone.extend_from_slice(&(!len).to_le_bytes());
            alone.extend_from_slice(before);
        }
        // Each bit stays where it is in its byte, since stored blocks start at whole ones. What is
        // before takes two bits each, modulo eight.
        let nothing = (0..skipped / 2).fold(0, |bits, at| bits | NOTHING << (NOTHING_BITS * at));
        let nothing = u64::to_le_bytes(nothing);
        let whole = NOTHING_BITS * (skipped / 2) / 8;
        alone.extend_from_slice(&nothing[..whole]);
        let start = alone.len();
        alone.extend_from_slice(&self.stream[from..until]);
        if let Some(first) = alone.get_mut(start).filter(|_| skipped > 0) {
            *first = *first >> skipped << skipped | nothing[whole];
        }
        if let Some((end, own)) = self.end {
            let kept = end % 8;
            if let Some(last) = alone.last_mut().filter(|_| kept > 0) {
                *last &= (1 << kept) - 1;
            }
            own.put_behind(kept, alone);
        }
    }
}

impl Known {
    /// Copies it behind the first `at` bytes of `to`; how many there are then. `None` where there is
    /// too little room.
    pub(super) fn copy_behind(self, to: &mut [u8], at: usize) -> Option<usize> {
        let (before, to) = to.split_at_mut_checked(at)?;
        let window = &before[before.len().checked_sub(WINDOW)?..];
        let to = to.get_mut(..self.len)?;
        self.bytes.copy_over(WINDOW, to);
        for (byte, &other) in to.iter_mut().zip(&self.again) {
            if let Some(place) = place(*byte, other) {
                *byte = window[place];
            }
        }
        Some(at + self.len)
    }
}
