//! How many bytes lie before the elements.

use super::reading::Reading;
use super::sample::{LANES, Sample, bits};
use crate::array::Dims;

/// Bytes that headers of bare elements commonly take.
const COMMON: [usize; 25] = [
    0, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 44, 48, 64, 80, 96, 100, 128, 256, 352, 512, 1024,
    2048, 2880, 4096,
];
/// Text at the start is followed this far.
const LONGEST_TEXT: usize = 1024;

/// What a header that says how many elements follow is worth, as a logarithm of odds.
const SAID: f64 = 12.0;

/// Bits that strange bytes are worth at most, however many they are.
const MOST_GAIN: f64 = 40.0;
/// What a short header that does not say so is worth less.
const SHORT: f64 = 8.0;

/// A place where the elements may start, with its logarithmic odds against starting at the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Start {
    pub(super) offset: usize,
    pub(super) odds: f64,
    pub(super) sign: Sign,
    /// The dimensions that the header says, in its order.
    pub(super) said: Option<Dims<usize>>,
}

/// What tells that elements start there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    /// They are said to, or start at the first byte.
    Said,
    /// Bytes that are left over where elements end with the last byte.
    Length,
    /// Lines of text before it.
    Text,
    /// Bytes before it that are strange among the elements.
    Strange,
}

impl Start {
    /// A place that there is no doubt about.
    pub(super) const fn at(offset: usize, sign: Sign) -> Self {
        Self { offset, odds: 0.0, sign, said: None }
    }
}

/// Places where elements that are read so may start, the likeliest first.
pub(super) fn starts(sample: &Sample, reading: Reading) -> Vec<Start> {
    let (itemsize, len) = (reading.itemsize().max(1), sample.len());
    let phase = len % itemsize;
    let head = sample.head();
    let text = text_header(head);
    let surprise = Surprise::new(sample);
    let mut all: Vec<Start> = COMMON
        .into_iter()
        .chain([phase])
        .chain(text)
        .filter(|&offset| offset < len && (len - offset).is_multiple_of(itemsize))
        .filter(|&offset| offset == phase || offset <= head.len().min(len / 3))
        .map(|offset| {
            let is_text = text == Some(offset);
            let said =
                dims_said(&head[..offset.min(head.len())], (len - offset) / itemsize, is_text);
            let odds = if offset == 0 { 0.0 } else { surprise.odds(head, offset, is_text) };
            // A few bytes are soon strange; a header so short would be for a number or two.
            let odds = match said {
                Some(_) => odds + SAID,
                None if (1..12).contains(&offset) && !is_text => odds - SHORT,
                None => odds,
            };
            let sign = match () {
                () if offset == 0 => Sign::Said,
                () if is_text => Sign::Text,
                () if offset == phase && odds <= 0.0 => Sign::Length,
                () => Sign::Strange,
            };
            Start { offset, odds, sign, said }
        })
        .collect();
    all.sort_by(|a, b| b.odds.total_cmp(&a.odds).then(a.offset.cmp(&b.offset)));
    all.dedup_by_key(|start| start.offset);
    all
}

/// Where lines of text at the start end and something else begins.
fn text_header(head: &[u8]) -> Option<usize> {
    let head = &head[..head.len().min(LONGEST_TEXT)];
    let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    let end = head.iter().position(|byte| !is_text(byte)).unwrap_or(head.len());
    // The last line break in it: what comes after may be elements that look like text.
    let last = head[..end].iter().rposition(|&byte| byte == b'\n')?;
    (last >= 3).then_some(last + 1)
}

/// Numbers in a header whose product is how many elements follow.
fn dims_said(header: &[u8], elements: usize, is_text: bool) -> Option<Dims<usize>> {
    let fits = |numbers: &[usize]| {
        let product =
            numbers.iter().try_fold(1_usize, |product, &number| product.checked_mul(number))?;
        if product == 0 || numbers.contains(&1) || !elements.is_multiple_of(product) {
            return None;
        }
        // The colours often go without saying.
        match (elements / product, numbers.len()) {
            (1, _) => Some(Dims::from_slice(numbers)),
            (colours @ (3 | 4), 2) => Some(Dims::from_slice(&[numbers[0], numbers[1], colours])),
            _ => None,
        }
    };
    let among =
        |numbers: &[usize]| (2..=4).rev().find_map(|count| numbers.windows(count).find_map(fits));
    if is_text {
        let digits =
            header.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let numbers = digits.map(|digits| {
            digits.iter().fold(0_usize, |number, digit| {
                number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
            })
        });
        return among(&numbers.collect::<Vec<usize>>());
    }
    let header = &header[..header.len().min(LONGEST_TEXT)];
    [4, 2, 8].into_iter().flat_map(|size| [(size, false), (size, true)]).find_map(|(size, big)| {
        let numbers = header.chunks_exact(size).map(|bytes| bits(bytes, big) as usize);
        among(&numbers.collect::<Vec<usize>>())
    })
}

/// How strange the bytes at the start are among the elements.
struct Surprise {
    /// Bits that each byte takes in each lane, by the elements' distribution.
    bits: Box<[[f64; 256]; LANES]>,
    phase: usize,
}

impl Surprise {
    fn new(sample: &Sample) -> Self {
        let lanes = sample.lanes();
        let mut all = [0.0; 256];
        for lane in lanes.iter() {
            all.iter_mut().zip(lane).for_each(|(sum, &count)| *sum += f64::from(count));
        }
        let total: f64 = all.iter().sum();
        let bits: Box<[[f64; 256]; LANES]> = Box::new(std::array::from_fn(|lane| {
            let in_lane: u32 = lanes[lane].iter().sum();
            std::array::from_fn(|byte| {
                // The byte itself is not among those that tell how common it is. Lanes of few bytes
                // are like all bytes.
                let anywhere = ((all[byte] - 1.0).max(0.0) + 0.1) / (total + 25.6);
                let others = f64::from(lanes[lane][byte].saturating_sub(1));
                -((others + 16.0 * anywhere) / (f64::from(in_lane) + 16.0)).log2()
            })
        }));
        let phase = (LANES - sample.len() % LANES) % LANES;
        Self { bits, phase }
    }

    /// The odds that the elements start at `offset` and not at the first byte.
    fn odds(&self, head: &[u8], offset: usize, is_text: bool) -> f64 {
        let header = &head[..offset.min(head.len())];
        let gain = self.gain(header, 0);
        // Other parts of the same length: an array whose parts differ has no header for that.
        let parts = (head.len() - header.len()) / offset;
        let others: Vec<f64> = (0..parts)
            .step_by(parts.div_ceil(24).max(1))
            .map(|part| (part + 1) * offset)
            .map(|start| self.gain(&head[start..start + offset], start))
            .collect();
        let count = others.len().max(1) as f64;
        let mean = others.iter().sum::<f64>() / count;
        let spread = (others.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / count).sqrt();
        let gain = gain - (mean + (2.5 + 6.0 / count) * spread).max(0.0);
        // Most arrays have no header; what is spelled in text is one more often than not.
        let prior = if is_text { -6.0 } else { -10.0 };
        let plausible = if is_text || is_header_like(header) { 0.0 } else { -40.0 };
        let junction = if goes_on(head, offset) { -12.0 } else { 0.0 };
        // Bytes of a header are not independent of each other.
        (prior + (0.5 * gain).min(MOST_GAIN) + plausible + junction) * std::f64::consts::LN_2
    }

    /// Bits that a byte at this place takes among the elements.
    fn of(&self, place: usize, byte: u8) -> f64 {
        self.bits[(self.phase + place) % LANES][usize::from(byte)]
    }

    /// Bits that are saved when these bytes, from `place` on, are a header and no elements.
    fn gain(&self, bytes: &[u8], place: usize) -> f64 {
        let one = |(at, &byte): (usize, &u8)| self.of(place + at, byte) - header_bits(byte);
        bytes.iter().enumerate().map(one).sum()
    }
}

/// Headers hold text, or numbers most of whose bytes are zero; and not one value after another that
/// is much like it, as pictures do.
fn is_header_like(header: &[u8]) -> bool {
    let text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    let share = |holds: &dyn Fn(&u8) -> bool| {
        header.iter().filter(|byte| holds(byte)).count() as f64 / header.len() as f64
    };
    let zeros = share(&|&byte| byte == 0);
    // Pictures may have such bytes alone, but without spaces between words.
    let spaces = share(&|&byte| byte == b' ');
    let spaced = header.len() <= 64 || (0.03..0.9).contains(&spaces);
    // Zeros alone say nothing.
    (0.4..1.0).contains(&zeros) || (share(&text) + zeros > 0.9 && spaced && !is_smooth(header))
}

/// Whether the bytes on both sides of `place` are alike, as in the middle of something.
fn goes_on(bytes: &[u8], place: usize) -> bool {
    let (Some(before), Some(after)) =
        (bytes.get(place.saturating_sub(8)..place), bytes.get(place..place + 8))
    else {
        return false;
    };
    let near = before.iter().zip(after).filter(|(one, other)| one.abs_diff(**other) <= 4).count();
    place >= 8 && near >= 6
}

fn is_smooth(bytes: &[u8]) -> bool {
    // Up to four colours of two bytes apart.
    let near = |lag: usize| {
        let pairs = bytes.windows(lag + 1).filter(|pair| pair[0] != pair[lag]);
        let gaps: Vec<u8> = pairs.map(|pair| pair[0].abs_diff(pair[lag])).collect();
        gaps.iter().filter(|&&gap| gap <= 8).count() as f64 / gaps.len().max(1) as f64
    };
    bytes.len() > 32 && (1..=8).map(near).fold(0.0, f64::max) > 0.6
}

/// Bits that a byte takes in headers at large: counts, sizes and names.
fn header_bits(byte: u8) -> f64 {
    match byte {
        0 => 1.5,
        b' ' | b'\n' => 4.5,
        byte if byte.is_ascii_alphanumeric() => 7.0,
        1..=16 => 6.5,
        byte if byte.is_ascii_graphic() => 7.5,
        _ => 9.0,
    }
}
