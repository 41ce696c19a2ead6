//! One part of a deflate stream, from one block to another.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use super::block;
use crate::array::Source;

/// How far back a match reaches.
pub(super) const WINDOW: usize = 32 << 10;
/// Bytes of a stream that are copied, to be inflated alone, at a time.
const PIECE: usize = 2 << 20;
/// A block that is not the last one, with fixed codes and nothing in it.
const NOTHING: u64 = 0b010;
const NOTHING_BITS: usize = 10;

/// The end that a part gets: a last block of fixed codes, in which there are seven bytes that nobody
/// can foresee. A part that does not end with them ended before, or goes on.
#[derive(Clone, Copy)]
pub(super) struct End([u8; END_LEN]);

const END_LEN: usize = 7;
/// Of its type, of its bytes, which take eight bits each, and of the end of the block.
const END_BITS: usize = 3 + 8 * END_LEN + 7;

impl End {
    pub(super) fn new() -> Self {
        let drawn = RandomState::new().build_hasher().finish().to_le_bytes();
        Self(std::array::from_fn(|at| drawn[at] & 0x7F))
    }

    /// Its bits, the first one lowest. It starts with a one, where a block that is not the last one
    /// has a zero: what is cut where no block starts goes on otherwise than the stream does.
    fn bits(self) -> u128 {
        let words = self.0.iter().map(|&byte| u128::from((0x30 + byte).reverse_bits()));
        words.enumerate().fold(0b011, |bits, (at, word)| bits | word << (3 + 8 * at))
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
            let cut = match piece.len() > 2 * PIECE {
                true => block::find(self.stream, piece.start + 8 * PIECE),
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
        again.drain(..WINDOW);
        let mut len = 0;
        let bytes = Source::zeroed(WINDOW + room, |bytes| {
            bytes[..WINDOW].copy_from_slice(&once[..WINDOW]);
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
        if skipped > 0 {
            alone[start] = alone[start] >> skipped << skipped | nothing[whole];
        }
        if let Some((end, own)) = self.end {
            let kept = end % 8;
            alone.truncate(start + end / 8 - from);
            let last = block::peek(self.stream, end - kept) & ((1 << kept) - 1);
            let last = (u128::from(last) | own.bits() << kept).to_le_bytes();
            alone.extend_from_slice(&last[..(kept + END_BITS).div_ceil(8)]);
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
