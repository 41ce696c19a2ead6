//! What guessing looks at: some of the bytes, however many there are.

use crate::array::Source;

/// Inputs up to here are looked at whole.
const WHOLE: usize = 64 << 10;
const WINDOW: usize = 4 << 10;
/// Elements that are decoded for each size and byte order, in runs of neighbours: of what is looked
/// at whole, and of the windows together.
const MOST_ELEMENTS: usize = 8192;
const MOST_IN_WINDOWS: usize = 4096;
/// An eighth of so many blocks that repeat are kept at least, so that there is something to tell from.
const LEAST_BLOCKS: usize = 128;
/// So many bytes at the start may be a header.
const MOST_HEADER: usize = 512;
/// Item sizes divide this, so that bytes this far apart have the same place in their elements.
pub(super) const LANES: usize = 16;

/// Copies of parts of the bytes that may hold elements.
///
/// Elements are taken to end where the bytes do: what comes before an array is a header of any
/// length, and after it there is seldom anything.
#[derive(Debug)]
pub(super) struct Sample {
    head: Vec<u8>,
    /// Where each window starts, and its bytes; no two overlap.
    windows: Vec<(usize, Vec<u8>)>,
    /// What is left of each window without what repeats and what may be a header.
    varied: Vec<Vec<(usize, Vec<u8>)>>,
    /// A place where an element starts or ends.
    anchor: usize,
    /// Bytes that may hold elements, sampled or not.
    len: usize,
}

impl Sample {
    /// Samples the bytes from `start` on; elements begin there if that is `known`.
    pub(super) fn new(source: &Source<'_>, start: usize, known: bool) -> Self {
        let (end, len) = (source.len(), source.len() - start);
        let anchor = if known { start } else { end };
        let windows = if len <= WHOLE {
            vec![(start, source.to_vec(start, len))]
        } else {
            let count = WHOLE / WINDOW;
            let step = (len - WINDOW) / (count - 1);
            let places = (0..count).map(|index| {
                let place = start + index * step;
                // Aligned like the elements.
                let place = place + (anchor.wrapping_sub(place) % LANES);
                place.min(end - WINDOW)
            });
            places.map(|place| (place, source.to_vec(place, WINDOW))).collect()
        };
        let head = source.to_vec(start, len.min(WHOLE));
        let mut kept = Kept::default();
        // The first bytes may be a header, which says nothing of what elements are.
        let header = if known { 0 } else { (len / 8).min(MOST_HEADER) };
        let without = |(place, bytes): &(usize, Vec<u8>)| {
            let skipped = (start + header).saturating_sub(*place).min(bytes.len());
            kept.varied(place + skipped, &bytes[skipped..], anchor)
        };
        let varied = windows.iter().map(without).collect();
        Self { head, windows, varied, anchor, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first bytes, header and all.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes are sampled.
    pub(super) fn sampled(&self) -> usize {
        self.windows.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// How often each byte is found in each lane: place modulo [`LANES`], counted from the anchor.
    pub(super) fn lanes(&self) -> Box<[[u32; 256]; LANES]> {
        self.lanes_of(&mut self.windows.iter())
    }

    /// The same, without what repeats and what may be a header.
    pub(super) fn varied_lanes(&self) -> Box<[[u32; 256]; LANES]> {
        self.lanes_of(&mut self.varied.iter().flatten())
    }

    fn lanes_of(
        &self,
        pieces: &mut dyn Iterator<Item = &(usize, Vec<u8>)>,
    ) -> Box<[[u32; 256]; LANES]> {
        let mut lanes = Box::new([[0; 256]; LANES]);
        for (start, bytes) in pieces {
            let first = start.wrapping_sub(self.anchor);
            for (index, &byte) in bytes.iter().enumerate() {
                lanes[first.wrapping_add(index) % LANES][usize::from(byte)] += 1;
            }
        }
        lanes
    }

    /// The bits of elements of `size` bytes (1, 2, 4 or 8), in runs of neighbours.
    pub(super) fn elements(&self, size: usize, big: bool) -> Vec<Vec<u64>> {
        let one = |window: &(usize, Vec<u8>)| self.run(window, size, big, self.most());
        self.windows.iter().map(one).collect()
    }

    /// The same, without what may be a header and without what repeats: what stands for missing
    /// values, or the ground of a picture, says the same of every reading, which is nothing.
    pub(super) fn varied(&self, size: usize, big: bool) -> Vec<Vec<u64>> {
        let mut runs = Vec::new();
        for pieces in &self.varied {
            let mut most = self.most();
            for piece in pieces.iter().rev() {
                let run = self.run(piece, size, big, most);
                most -= run.len();
                if !run.is_empty() {
                    runs.push(run);
                }
            }
        }
        runs
    }

    fn most(&self) -> usize {
        match self.windows.len() {
            0 | 1 => MOST_ELEMENTS,
            count => MOST_IN_WINDOWS / count,
        }
    }

    fn run(
        &self,
        (start, bytes): &(usize, Vec<u8>),
        size: usize,
        big: bool,
        most: usize,
    ) -> Vec<u64> {
        let skip = self.anchor.wrapping_sub(*start) % size;
        let all = bytes.get(skip..).unwrap_or(&[]).chunks_exact(size);
        // Not the first ones: they may be a header.
        let from = all.len().saturating_sub(most);
        all.skip(from).map(|element| bits(element, big)).collect()
    }
}

/// How many blocks of [`LANES`] bytes are kept: elements of any size that repeat make such blocks
/// repeat.
#[derive(Default)]
struct Kept {
    varied: usize,
    repeated: usize,
}

impl Kept {
    /// The pieces of a window that are left without blocks that repeat the one before; some of those
    /// are kept.
    fn varied(&mut self, start: usize, bytes: &[u8], anchor: usize) -> Vec<(usize, Vec<u8>)> {
        let first = (anchor.wrapping_sub(start) % LANES).min(bytes.len());
        let mut pieces = Vec::new();
        let (mut from, mut at) = (0, first);
        while at < bytes.len() {
            let end = (at + LANES).min(bytes.len());
            let repeats = at >= first + LANES && bytes[at..end] == bytes[at - LANES..end - LANES];
            if repeats && 8 * self.repeated >= self.varied.max(LEAST_BLOCKS) {
                pieces.push((start + from, bytes[from..at].to_vec()));
                from = end;
            } else if repeats {
                self.repeated += 1;
            } else {
                self.varied += 1;
            }
            at = end;
        }
        pieces.push((start + from, bytes[from..].to_vec()));
        pieces.retain(|(_, bytes)| !bytes.is_empty());
        pieces
    }
}

/// The bytes of one element as a number.
#[inline(always)]
pub(super) fn bits(element: &[u8], big: bool) -> u64 {
    macro_rules! of {
        ($type:ty, $bytes:expr) => {
            u64::from(if big {
                <$type>::from_be_bytes($bytes)
            } else {
                <$type>::from_le_bytes($bytes)
            })
        };
    }
    match *element {
        [a] => a.into(),
        [a, b] => of!(u16, [a, b]),
        [a, b, c, d] => of!(u32, [a, b, c, d]),
        [a, b, c, d, e, f, g, h] => of!(u64, [a, b, c, d, e, f, g, h]),
        _ => {
            let join = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
            match big {
                true => element.iter().fold(0, join),
                false => element.iter().rev().fold(0, join),
            }
        }
    }
}
