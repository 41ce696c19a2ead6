//! Text in elements of one length: bytes (NumPy's `S`) and code points (`U`).

use super::evidence::{Evidence, Facts, Feature, NAMES, Row, set, trust};
use super::reading::Reading;
use super::sample::Sample;

/// Code points, four bytes each, if nothing else is there.
pub(super) fn wide(runs: &[Vec<u64>], big: bool, sample: &Sample) -> Option<Evidence> {
    if !sample.len().is_multiple_of(4) {
        return None;
    }
    let all = || runs.iter().flatten().copied();
    let valid = all().all(|code| u32::try_from(code).ok().and_then(char::from_u32).is_some());
    if !valid || all().next().is_none() {
        return None;
    }
    let texts: Vec<Vec<u32>> =
        runs.iter().map(|run| run.iter().map(|&code| code as u32).collect()).collect();
    let printable = |code: u32| {
        char::from_u32(code).is_some_and(|c| c.is_alphanumeric() || (' '..'\u{7f}').contains(&c))
    };
    let is_letter = |code: u32| char::from_u32(code).is_some_and(char::is_alphabetic);
    let found = Found::in_runs(&texts, sample.len() / 4, printable, is_letter)?;
    let reading = Reading::Text { chars: found.len, big };
    Some(found.evidence(reading, Feature::IsText, 4, big))
}

/// Bytes of ASCII, padded with NULs. Without padding it is text, and no array.
pub(super) fn narrow(sample: &Sample) -> Option<Evidence> {
    let elements = sample.elements(1, false);
    let texts: Vec<Vec<u32>> =
        elements.iter().map(|run| run.iter().map(|&byte| byte as u32).collect()).collect();
    let printable = |code: u32| (0x20..0x7f).contains(&code);
    let is_letter = |code: u32| u8::try_from(code).is_ok_and(|byte| byte.is_ascii_alphabetic());
    let found = Found::in_runs(&texts, sample.len(), printable, is_letter)?;
    (found.padding > 0.0).then(|| {
        let reading = Reading::Bytes { len: found.len };
        found.evidence(reading, Feature::IsBytes, 1, false)
    })
}

struct Found {
    /// Characters an element.
    len: usize,
    count: usize,
    /// Shares of the characters that are not padding, but for the last.
    printable: f64,
    letters: f64,
    padding: f64,
    /// Whether words begin where elements do.
    rhythm: bool,
}

impl Found {
    fn in_runs(
        runs: &[Vec<u32>],
        total: usize,
        is_printable: impl Fn(u32) -> bool,
        is_letter: impl Fn(u32) -> bool,
    ) -> Option<Self> {
        let (mut count, mut filled, mut printable, mut letters) = (0, 0, 0, 0);
        // Elements end where the characters do, so places are counted from there.
        let mut step = total;
        let mut words = 0_usize;
        for (index, run) in runs.iter().enumerate() {
            count += run.len();
            let mut before = None;
            for (place, &code) in run.iter().enumerate() {
                if code != 0 {
                    filled += 1;
                    printable += usize::from(is_printable(code));
                    letters += usize::from(is_letter(code));
                    if before == Some(0) {
                        words += 1;
                        // Other runs do not say where in the whole they are.
                        if index + 1 == runs.len() {
                            step = gcd(step, run.len() - place);
                        }
                    }
                }
                before = Some(code);
            }
        }
        if filled == 0 || printable * 10 < filled * 8 {
            return None;
        }
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        Some(Self {
            len: step.max(1),
            count,
            printable: share(printable, filled),
            letters: share(letters, filled),
            padding: share(count - filled, count),
            rhythm: words > 0 && step > 1,
        })
    }

    fn evidence(&self, reading: Reading, kind: Feature, size: usize, big: bool) -> Evidence {
        let trust = trust(self.count);
        let mut row: Row = [0.0; NAMES.len()];
        set(&mut row, Feature::Printable, trust * (self.printable + self.letters - 1.0));
        set(&mut row, Feature::Padded, if self.rhythm { trust } else { 0.0 });
        set(&mut row, kind, 1.0);
        set(&mut row, Feature::IsBig, f64::from(u8::from(big)));
        // Letters take five or six bits.
        let rate = 0.7 * (1.0 - self.padding) / size as f64;
        let facts = Facts { sampled: self.count, rate, ..Facts::default() };
        Evidence { reading, row, facts }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
