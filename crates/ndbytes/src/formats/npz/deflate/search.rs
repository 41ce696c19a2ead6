//! Matches at any distance, found by what their first bytes hash to.

use super::block::{FARTHEST, LONGEST, Token};
use super::chain::{self, Chains};
use super::plan::Search;
use super::prices::Prices;
use super::strided::{Masks, Segment, next_run};

const BUCKETS: usize = 1 << 14;

/// How many bytes are hashed, and have to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Four,
    Eight,
    Sixteen,
}

/// How many places are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// The last one, and what is found there is taken.
    Quick,
    /// The last two.
    Medium,
    /// The last four, and the next byte's.
    Careful,
    /// As many, and the next byte's.
    Chain(usize),
}

/// Where bytes were seen, modulo 65,536: the last place, two, four, or all. Zeros mean the start:
/// what is found there is compared with what is looked for, as everything is.
#[derive(Debug)]
pub(super) struct Seen {
    one: Box<[u16; BUCKETS]>,
    two: Box<[u32; BUCKETS]>,
    four: Box<[u64; BUCKETS]>,
    chains: Chains,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            one: Box::new([0; BUCKETS]),
            two: Box::new([0; BUCKETS]),
            four: Box::new([0; BUCKETS]),
            chains: Chains::new(),
        }
    }

    /// Forgets what such a search would find.
    pub(super) fn clear(&mut self, search: Search) {
        match search.effort {
            Effort::Quick => self.one.fill(0),
            Effort::Medium => self.two.fill(0),
            Effort::Careful => self.four.fill(0),
            Effort::Chain(_) => self.chains.clear(),
        }
    }
}

/// Parses a segment.
pub(super) fn parse(
    search: Search,
    segment: &Segment<'_>,
    prices: &Prices,
    masks: &mut [Masks; 2],
    seen: &mut Seen,
    tokens: &mut Vec<Token>,
) {
    if let Effort::Chain(depth) = search.effort {
        return chain::parse(segment, prices, depth, &mut seen.chains, tokens);
    }
    segment.fill(masks);
    macro_rules! hashed {
        ($places:ident, $width:literal, $depth:literal, $lazy:literal) => {
            parse_hashed::<_, $width, $depth, $lazy>(
                segment,
                masks,
                prices,
                &mut seen.$places,
                tokens,
            )
        };
    }
    match (search.width, search.effort) {
        (Width::Four, Effort::Quick) => hashed!(one, 4, 1, false),
        (Width::Eight, Effort::Quick) => hashed!(one, 8, 1, false),
        (Width::Sixteen, Effort::Quick) => hashed!(one, 16, 1, false),
        (Width::Four, Effort::Medium) => hashed!(two, 4, 2, false),
        (Width::Eight, Effort::Medium) => hashed!(two, 8, 2, false),
        (Width::Sixteen, Effort::Medium) => hashed!(two, 16, 2, false),
        (Width::Four, _) => hashed!(four, 4, 4, true),
        // Elements that repeat start where they start: the next byte is no better.
        (Width::Eight, _) => hashed!(four, 8, 4, false),
        (Width::Sixteen, _) => hashed!(four, 16, 4, false),
    }
}

/// Parses a segment: runs at the strides where there are some, and between them the last
/// `DEPTH` places where the same `WIDTH` bytes were. With `LAZY`, a match is left when the next
/// byte starts a better one.
#[inline(never)]
fn parse_hashed<P: Places, const WIDTH: usize, const DEPTH: usize, const LAZY: bool>(
    segment: &Segment<'_>,
    masks: &[Masks; 2],
    prices: &Prices,
    buckets: &mut [P; BUCKETS],
    tokens: &mut Vec<Token>,
) {
    let &Segment { chunk, from, to, strides } = segment;
    // Where literals take many bits, every match pays.
    let sure = WIDTH.max((22 * 16 / prices.literal.max(1)) as usize);
    let pays = |at: usize, length: usize, distance: usize| match WIDTH {
        4 => {
            length >= sure
                || prices.of_literals(&chunk[at..at + length]) > prices.of_match(length, distance)
        }
        // What is longer takes the place of short matches, too.
        _ => prices.byte as i32 * length as i32 > 10 * prices.of_match(length, distance),
    };
    let end = to.min(chunk.len().saturating_sub(WIDTH.max(8) + 1)).max(from);
    let (mut at, mut literals) = (from, from);
    loop {
        let (run, run_length, run_distance) = next_run(strides, masks, at - from, to - from)
            .map_or((to, 0, 0), |(start, length, distance)| (from + start, length, distance));
        let mut found = (0, 0);
        let stop = run.min(end);
        // One more than the literals before the run: a match may be better than the run.
        let stop = if run_length < 32 { (stop + 1).min(end) } else { stop };
        while at < stop {
            let bucket = &mut buckets[hash_of::<WIDTH>(chunk, at)];
            let places = *bucket;
            *bucket = places.with(at as u16);
            let here = load(chunk, at);
            if (0..DEPTH).any(|k| is_place(chunk, at, here, places.place(k))) {
                let (length, distance) = longest::<DEPTH, P>(chunk, at, to, places, WIDTH - 1);
                if length >= WIDTH && pays(at, length, distance) {
                    found = (length, distance);
                    break;
                }
            }
            at += 1;
        }
        if found.0 > 0 {
            if at == run && found.0 <= run_length + 1 {
                found = (run_length, usize::from(run_distance));
            }
            let mut begin = at;
            if LAZY {
                while found.0 < 32 && begin + 1 < end {
                    let next = begin + 1;
                    let bucket = &mut buckets[hash_of::<WIDTH>(chunk, next)];
                    let places = *bucket;
                    *bucket = places.with(next as u16);
                    let (length, distance) =
                        longest::<DEPTH, P>(chunk, next, to, places, found.0 - 1);
                    let nearer =
                        (found.1 as u32).ilog2() as i32 - (distance as u32).max(1).ilog2() as i32;
                    if length >= WIDTH && 4 * (length as i32 - found.0 as i32) + nearer > 2 {
                        found = (length, distance);
                        begin = next;
                    } else {
                        break;
                    }
                }
            }
            tokens.push(Token {
                literals: (begin - literals) as u32,
                length: found.0 as u16,
                distance: found.1 as u16,
            });
            // Inside of it are at least three more bytes.
            let next = begin + found.0;
            if next < end {
                for place in
                    [begin + 1 + usize::from(LAZY), begin + 2 + usize::from(LAZY), next - 1]
                {
                    let bucket = &mut buckets[hash_of::<WIDTH>(chunk, place)];
                    *bucket = bucket.with(place as u16);
                }
            }
            at = next;
            literals = next;
        } else if run_length > 0 {
            tokens.push(Token {
                literals: (run - literals) as u32,
                length: run_length as u16,
                distance: run_distance,
            });
            at = run + run_length;
            literals = at;
        } else {
            break;
        }
    }
    tokens.push(Token { literals: (to - literals) as u32, length: 0, distance: 0 });
}

/// Whether the same four bytes are at a place, near or far.
#[inline(always)]
fn is_place(chunk: &[u8], at: usize, here: u64, place: u16) -> bool {
    let back = usize::from((at as u16).wrapping_sub(place));
    load(chunk, at.wrapping_sub(back)) as u32 == here as u32
}

/// The longest match among `DEPTH` places, if it is longer than `length`.
#[inline(always)]
fn longest<const DEPTH: usize, P: Places>(
    chunk: &[u8],
    at: usize,
    to: usize,
    places: P,
    mut length: usize,
) -> (usize, usize) {
    let here = load(chunk, at);
    let farthest = at.min(FARTHEST);
    let most = LONGEST.min(to - at);
    let mut distance = 0;
    for k in 0..DEPTH {
        let back = usize::from((at as u16).wrapping_sub(places.place(k)));
        let there = load(chunk, at.wrapping_sub(back));
        let differ = here ^ there;
        // One condition, since whether a place is near enough is often a matter of chance.
        let outside = (farthest.wrapping_sub(back) | back.wrapping_sub(1)) >> (usize::BITS - 1);
        if differ as u32 | outside as u32 == 0 {
            let equal = match differ {
                0 => same(chunk, at, at - back, most),
                _ => (differ.trailing_zeros() / 8) as usize,
            };
            if equal > length {
                (length, distance) = (equal, back);
            }
        }
    }
    match distance {
        0 => (0, 0),
        _ => (length.min(most), distance),
    }
}

#[inline(always)]
fn hash_of<const WIDTH: usize>(chunk: &[u8], at: usize) -> usize {
    let here = load(chunk, at);
    match WIDTH {
        4 => mix(here & u64::from(u32::MAX)),
        8 => mix(here),
        _ => mix(here.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ load(chunk, at + WIDTH - 8)),
    }
}

#[inline(always)]
fn mix(bytes: u64) -> usize {
    (bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BUCKETS.ilog2())) as usize & (BUCKETS - 1)
}

/// The last places of what has one hash, the last one first.
pub(super) trait Places: Copy {
    fn with(self, place: u16) -> Self;
    fn place(self, k: usize) -> u16;
}

impl Places for u16 {
    #[inline(always)]
    fn with(self, place: u16) -> Self {
        place
    }
    #[inline(always)]
    fn place(self, _: usize) -> u16 {
        self
    }
}

impl Places for u32 {
    #[inline(always)]
    fn with(self, place: u16) -> Self {
        self << 16 | Self::from(place)
    }
    #[inline(always)]
    fn place(self, k: usize) -> u16 {
        (self >> (16 * k)) as u16
    }
}

impl Places for u64 {
    #[inline(always)]
    fn with(self, place: u16) -> Self {
        self << 16 | Self::from(place)
    }
    #[inline(always)]
    fn place(self, k: usize) -> u16 {
        (self >> (16 * k)) as u16
    }
}

/// Whether enough of the bytes before `end` were there before for a search to be tried: four
/// bytes anywhere, or eight at the start of an element.
pub(super) fn repeats(chunk: &[u8], end: usize, item: u16, seen: &mut Seen) -> bool {
    let step = match item {
        ..4 => 1,
        _ if item.is_multiple_of(8) => 8,
        _ => 4,
    };
    let is_large = step > 1;
    share(chunk, end, 1, u64::from(u32::MAX), seen) > if is_large { 0.1 } else { 0.02 }
        || is_large && share(chunk, end, step, u64::MAX, seen) > 0.02
}

/// For how many of the places before `end` their bytes were there before.
fn share(chunk: &[u8], end: usize, step: usize, mask: u64, seen: &mut Seen) -> f32 {
    seen.one.fill(0);
    let (mut count, mut places) = (0, 1);
    let start = end.saturating_sub(8192 * step.min(4));
    for at in (start..end.min(chunk.len().saturating_sub(8))).step_by(step) {
        let here = load(chunk, at) & mask;
        let place = &mut seen.one[mix(here)];
        let back = usize::from((at as u16).wrapping_sub(*place));
        *place = at as u16;
        let is_near = u32::from(back.wrapping_sub(1) < at.min(FARTHEST));
        count += is_near & u32::from(load(chunk, at.wrapping_sub(back)) & mask == here);
        places += 1;
    }
    count as f32 / places as f32
}

/// Takes in some of what is before a sample, as if it had been parsed.
pub(super) fn warm(search: Search, chunk: &[u8], end: usize, seen: &mut Seen) {
    let start = end.saturating_sub(FARTHEST);
    if let Effort::Chain(_) = search.effort {
        return (start..end).for_each(|at| _ = seen.chains.note(chunk, at));
    }
    for at in (start..end).step_by(4) {
        let hash = match search.width {
            Width::Four => hash_of::<4>(chunk, at),
            Width::Eight => hash_of::<8>(chunk, at),
            Width::Sixteen => hash_of::<16>(chunk, at),
        };
        let place = at as u16;
        match search.effort {
            Effort::Quick => seen.one[hash] = seen.one[hash].with(place),
            Effort::Medium => seen.two[hash] = seen.two[hash].with(place),
            _ => seen.four[hash] = seen.four[hash].with(place),
        }
    }
}

#[inline(always)]
pub(super) fn load(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|bytes| bytes.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

/// How many bytes from `at` and from `before` on are the same, up to `most`.
#[inline(never)]
pub(super) fn same(chunk: &[u8], at: usize, before: usize, most: usize) -> usize {
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
