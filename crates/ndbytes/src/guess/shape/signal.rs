//! The numbers at known places of the bytes, on a scale of about one.

use std::borrow::Cow;

use super::super::reading::{FloatFormat, Reading};
use super::super::sample::bits;
use crate::array::Source;

/// Elements that are read at once.
pub(super) const RUN: usize = 64;
/// Arrays of so many elements are read once, and kept.
const KEPT: usize = 40 << 10;

/// Where and how the numbers are read, and how large they are.
pub(in crate::guess) type Look = ((usize, usize, bool, usize), Option<u32>, [u64; 2]);

/// Numbers at known places of the bytes.
pub(in crate::guess) struct Signal<'s, 'a> {
    source: &'s Source<'a>,
    offset: usize,
    reading: Reading,
    len: usize,
    middle: f64,
    pub(super) scale: f64,
    kept: Option<Vec<f32>>,
}

impl<'s, 'a> Signal<'s, 'a> {
    pub(in crate::guess) fn new(source: &'s Source<'a>, offset: usize, reading: Reading) -> Self {
        let len = (source.len() - offset) / reading.itemsize().max(1);
        let mut signal = Self { source, offset, reading, len, middle: 0.0, scale: 1.0, kept: None };
        let mut values: Vec<f64> = Vec::new();
        for (start, count) in signal.runs(0, 2048) {
            signal.each(start, count, |value| values.push(value));
        }
        values.retain(|value| value.is_finite());
        if !values.is_empty() {
            values.sort_unstable_by(f64::total_cmp);
            let at = |part: f64| values[((values.len() - 1) as f64 * part) as usize];
            signal.middle = at(0.5);
            let inner = at(0.9) - at(0.1);
            let outer = at(1.0) - at(0.0);
            signal.scale = if inner > 0.0 { inner } else { outer };
        }
        signal
    }

    /// What it is a look at: two of the same show the same numbers.
    pub(in crate::guess) fn look(&self) -> Look {
        let (size, big) = self.reading.part();
        let is_float = match self.reading {
            Reading::Number { scalar, .. } => FloatFormat::of(scalar).map(|format| format.mantissa),
            _ => None,
        };
        let place = (self.offset, size, big, self.reading.itemsize());
        (place, is_float, [self.middle.to_bits(), self.scale.to_bits()])
    }

    /// The same, read at once where it is short.
    pub(super) fn keep(&mut self) {
        if self.len <= KEPT {
            self.kept = Some(self.read(0, self.len).into_owned());
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    pub(in crate::guess) fn len(&self) -> usize {
        self.len
    }

    /// Gives elements as they are; of complex numbers, the real parts.
    fn each(&self, start: usize, count: usize, take: impl FnMut(f64)) {
        let size = self.reading.itemsize();
        let (from, len) = (self.offset + start * size, count * size);
        // Runs are short and many.
        let mut run = [0; RUN * 16];
        match run.get_mut(..len) {
            Some(raw) => {
                self.source.copy_over(from, raw);
                self.values(raw, size, take);
            }
            None => self.values(&self.source.to_vec(from, len), size, take),
        }
    }

    fn values(&self, raw: &[u8], size: usize, mut take: impl FnMut(f64)) {
        let (part, big) = self.reading.part();
        let (format, signed) = match self.reading {
            Reading::Number { scalar, .. } => (FloatFormat::of(scalar), scalar.is_signed()),
            Reading::Time { .. } => (None, true),
            _ => (None, false),
        };
        let unused = 64 - 8 * part.min(8) as u32;
        let mut each = |bits: u64| {
            take(match format {
                Some(format) => format.value(bits),
                None if signed => (((bits << unused) as i64) >> unused) as f64,
                None => bits as f64,
            });
        };
        let elements = raw.chunks_exact(size);
        // Each length apart: what joins the bytes is chosen once.
        match part.min(size) {
            1 => elements.for_each(|element| each(bits(&element[..1], big))),
            2 => elements.for_each(|element| each(bits(&element[..2], big))),
            4 => elements.for_each(|element| each(bits(&element[..4], big))),
            8 => elements.for_each(|element| each(bits(&element[..8], big))),
            part => elements.for_each(|element| each(bits(&element[..part], big))),
        }
    }

    /// Elements on a scale on which none is far out, and what is no number has a place of its own.
    pub(super) fn read(&self, start: usize, count: usize) -> Cow<'_, [f32]> {
        if let Some(kept) = &self.kept {
            return Cow::Borrowed(&kept[start..start + count]);
        }
        let scale = 1.0 / self.scale.max(f64::MIN_POSITIVE);
        let mut values = Vec::with_capacity(count);
        self.each(start, count, |value| {
            let scaled = (value - self.middle) * scale;
            values.push(match () {
                () if value.is_nan() => 2.5,
                () if scaled.is_infinite() => 2.0_f32.copysign(scaled as f32),
                () => (scaled / (1.0 + 0.5 * scaled.abs())) as f32,
            });
        });
        Cow::Owned(values)
    }

    /// How far apart any two elements are.
    pub(super) fn far(&self) -> f64 {
        let values: Vec<f32> = self
            .runs(0, 4 << 10)
            .flat_map(|(start, count)| self.read(start, count).into_owned())
            .collect();
        let other = |index: usize| values[(index.wrapping_mul(0x9E37_79B1) + 7) % values.len()];
        let sum: f64 = (0..values.len()).map(|at| f64::from((values[at] - other(at)).abs())).sum();
        sum / values.len().max(1) as f64
    }

    /// Where to read runs, and how long they are, so that about `wanted` elements from `from` on are
    /// seen.
    pub(super) fn runs(
        &self,
        from: usize,
        wanted: usize,
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let len = self.len;
        let available = len.saturating_sub(from).div_ceil(RUN);
        let count = available.min(wanted / RUN).max(1);
        // Spread evenly; the last one ends at the end.
        let room = len.saturating_sub(from + RUN);
        (0..count).map(move |index| {
            let place =
                if count == 1 { 0.0 } else { room as f64 * index as f64 / (count - 1) as f64 };
            let start = from + place as usize;
            (start, RUN.min(len.saturating_sub(start)))
        })
    }
}
