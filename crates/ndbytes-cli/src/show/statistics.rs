//! What is counted and measured of numbers, in two passes and in little memory.

use ndbytes::{Array, DecodeError, Kind, Numbers};

/// More different values than this are no labels.
pub(super) const MOST_LABELS: usize = 24;
/// Bars of a histogram.
const BINS: usize = 10;

/// What the numbers of an array are like. Times that are not are counted as NaN.
#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    /// Elements in all.
    pub(super) count: usize,
    pub(super) nan: usize,
    /// -inf and inf.
    pub(super) infinite: [usize; 2],
    pub(super) zeros: usize,
    /// Where the least and the greatest are, as flat indices in C order; NaN is neither.
    pub(super) least: Option<usize>,
    pub(super) greatest: Option<usize>,
    /// Of those that are neither NaN nor infinite; the deviation is that of all (NumPy's `ddof=0`).
    pub(super) finite: usize,
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// The least and the greatest of those, as floats.
    pub(super) range: Option<(f64, f64)>,
    /// Whether they can be NaN or infinite at all.
    pub(super) is_real: bool,
    /// Of whole numbers with few different values: where each is first, and how many there are.
    pub(super) labels: Option<Vec<(usize, usize)>>,
    pub(super) histogram: Option<Histogram>,
}

/// How many finite numbers are in each of some ranges of the same width.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    /// One more than there are counts. The last range includes its end.
    pub(super) edges: Vec<f64>,
    pub(super) counts: Vec<usize>,
}

impl Statistics {
    /// Of all elements of an array.
    ///
    /// # Errors
    /// When they are no numbers.
    pub(super) fn of(array: &Array<'_>) -> Result<Self, DecodeError> {
        let mut tally = Tally { nat: is_time(array), ..Tally::default() };
        array.numbers(|numbers| tally.add(numbers))?;
        let mut found = tally.finish();
        if let (Some(range), None) = (found.range, &found.labels) {
            found.histogram = Some(Histogram::of(array, range, found.is_real)?);
        }
        Ok(found)
    }
}

/// Gives all elements to `take` as floats, in C order. Times that are not are NaN.
pub(super) fn each(array: &Array<'_>, mut take: impl FnMut(f64)) -> Result<(), DecodeError> {
    let nat = is_time(array);
    array.numbers(|numbers| match numbers {
        Numbers::Signed(numbers) => {
            for &number in numbers {
                take(if nat && number == i64::MIN { f64::NAN } else { number as f64 });
            }
        }
        Numbers::Unsigned(numbers) => numbers.iter().for_each(|&number| take(number as f64)),
        Numbers::Real(numbers) => numbers.iter().for_each(|&number| take(number)),
    })
}

/// Whether the elements are points or spans of time.
pub(super) fn is_time(array: &Array<'_>) -> bool {
    matches!(array.dtype().kind(), Kind::Datetime64(_) | Kind::Timedelta64(_))
}

/// The sums of the first pass.
#[derive(Default)]
struct Tally {
    found: Statistics,
    /// Whether `i64::MIN` is no number.
    nat: bool,
    extremes: Option<Extremes>,
    squares: f64,
    labels: Labels,
}

/// The least and the greatest, and where they are.
enum Extremes {
    Signed((i64, usize), (i64, usize)),
    Unsigned((u64, usize), (u64, usize)),
    Real((f64, usize), (f64, usize)),
}

/// Values, where each is first, and how many there are: so few that they are found by looking.
#[derive(Default)]
struct Labels {
    counts: Vec<(i128, usize, usize)>,
    are_too_many: bool,
}

impl Labels {
    fn add(&mut self, value: i128, place: usize, count: usize) {
        if self.are_too_many {
            return;
        }
        match self.counts.iter_mut().find(|label| label.0 == value) {
            Some(label) => label.2 += count,
            None => self.counts.push((value, place, count)),
        }
        self.are_too_many = self.counts.len() > MOST_LABELS;
    }
}

macro_rules! add_whole {
    ($self:ident, $numbers:ident, $variant:ident, $is_nat:expr) => {{
        let first = $self.found.count;
        let mut run = (0, 0, 0);
        let (mut sum, mut count) = (0.0, 0_usize);
        for (place, &number) in (first..).zip($numbers) {
            if $is_nat(number) {
                $self.found.nan += 1;
                continue;
            }
            if let Some(Extremes::$variant(least, greatest)) = &mut $self.extremes {
                if number < least.0 {
                    *least = (number, place);
                }
                if number > greatest.0 {
                    *greatest = (number, place);
                }
            } else {
                $self.extremes = Some(Extremes::$variant((number, place), (number, place)));
            }
            $self.found.zeros += usize::from(number == 0);
            sum += number as f64;
            count += 1;
            // Labels often come in runs.
            match run.0 == number && run.2 > 0 {
                true => run.2 += 1,
                false => {
                    if run.2 > 0 {
                        $self.labels.add(i128::from(run.0), run.1, run.2);
                    }
                    run = (number, place, 1);
                }
            }
        }
        if run.2 > 0 {
            $self.labels.add(i128::from(run.0), run.1, run.2);
        }
        let mean = sum / count as f64;
        let squares = $numbers.iter().filter(|&&number| !$is_nat(number));
        let squares = squares.map(|&number| (number as f64 - mean).powi(2)).sum();
        $self.merge(count, mean, squares);
    }};
}

impl Tally {
    fn add(&mut self, numbers: Numbers<'_>) {
        match numbers {
            Numbers::Signed(numbers) => {
                let nat = self.nat;
                add_whole!(self, numbers, Signed, |number| nat && number == i64::MIN);
            }
            Numbers::Unsigned(numbers) => add_whole!(self, numbers, Unsigned, |_| false),
            Numbers::Real(numbers) => self.add_real(numbers),
        }
        self.found.count += numbers.len();
    }

    fn add_real(&mut self, numbers: &[f64]) {
        self.found.is_real = true;
        let (mut sum, mut count) = (0.0, 0);
        for (place, &number) in (self.found.count..).zip(numbers) {
            if number.is_nan() {
                self.found.nan += 1;
                continue;
            }
            if let Some(Extremes::Real(least, greatest)) = &mut self.extremes {
                if number < least.0 {
                    *least = (number, place);
                }
                if number > greatest.0 {
                    *greatest = (number, place);
                }
            } else {
                self.extremes = Some(Extremes::Real((number, place), (number, place)));
            }
            if number.is_infinite() {
                self.found.infinite[usize::from(number > 0.0)] += 1;
                continue;
            }
            self.found.zeros += usize::from(number == 0.0);
            let (low, high) = self.found.range.unwrap_or((number, number));
            self.found.range = Some((low.min(number), high.max(number)));
            sum += number;
            count += 1;
        }
        let mean = match sum {
            sum if f64::is_finite(sum) => sum / count as f64,
            _ => numbers.iter().filter(|n| n.is_finite()).map(|n| n / count as f64).sum(),
        };
        let finite = numbers.iter().filter(|number| number.is_finite());
        self.merge(count, mean, finite.map(|number| (number - mean).powi(2)).sum());
    }

    /// Takes in the mean of some more numbers, and the sum of their squared distances from it.
    fn merge(&mut self, count: usize, mean: f64, squares: f64) {
        if count == 0 {
            return;
        }
        let before = self.found.finite as f64;
        let all = before + count as f64;
        let delta = mean - self.found.mean;
        self.squares += squares;
        if before > 0.0 {
            self.squares += delta * delta * before * count as f64 / all;
        }
        // In this order, since the sum of all may be infinite.
        self.found.mean += delta * (count as f64 / all);
        self.found.finite += count;
    }

    fn finish(&mut self) -> Statistics {
        let mut found = std::mem::take(&mut self.found);
        let places = match self.extremes {
            None => None,
            Some(Extremes::Signed(least, greatest)) => {
                found.range = Some((least.0 as f64, greatest.0 as f64));
                Some((least.1, greatest.1))
            }
            Some(Extremes::Unsigned(least, greatest)) => {
                found.range = Some((least.0 as f64, greatest.0 as f64));
                Some((least.1, greatest.1))
            }
            Some(Extremes::Real(least, greatest)) => Some((least.1, greatest.1)),
        };
        found.least = places.map(|places| places.0);
        found.greatest = places.map(|places| places.1);
        found.deviation = (self.squares / found.finite as f64).sqrt();
        // Values that hardly ever come twice are no labels, however few they are.
        let counts = &self.labels.counts;
        let repeat = found.finite >= 4 * counts.len();
        if !found.is_real && !self.nat && !self.labels.are_too_many && repeat && found.finite > 0 {
            let mut labels = counts.clone();
            labels.sort_unstable();
            found.labels = Some(labels.iter().map(|&(_, place, count)| (place, count)).collect());
        }
        found
    }
}

impl Histogram {
    fn of(array: &Array<'_>, (low, high): (f64, f64), is_real: bool) -> Result<Self, DecodeError> {
        let mut width = high / BINS as f64 - low / BINS as f64;
        if !is_real {
            // Ranges of the same number of whole numbers.
            width = ((high - low + 1.0) / BINS as f64).ceil();
        }
        let bins = match is_real {
            _ if width <= 0.0 => 1,
            true => BINS,
            false => ((high - low + 1.0) / width).ceil() as usize,
        };
        let mut counts = vec![0; bins];
        each(array, |number| {
            if number.is_finite() {
                let bin = if width > 0.0 { ((number - low) / width) as usize } else { 0 };
                counts[bin.min(bins - 1)] += 1;
            }
        })?;
        let edge = |index: usize| match index == bins && is_real {
            true => high,
            false => low + index as f64 * width,
        };
        Ok(Self { edges: (0..=bins).map(edge).collect(), counts })
    }
}

/// A number with about six digits.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.5e}");
        let Some((digits, exponent)) = text.split_once('e') else { return text };
        return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let decimals = (5 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndbytes::Element;

    fn of<T: Element>(numbers: &[T]) -> Statistics {
        Statistics::of(&Array::from_slice(numbers, &[numbers.len()]).unwrap()).unwrap()
    }

    #[test]
    fn floats() {
        let found = of(&[1.0, f64::NAN, -3.0, f64::INFINITY, 0.0, -0.0, f64::NEG_INFINITY]);
        assert_eq!((found.count, found.nan, found.infinite, found.zeros), (7, 1, [1, 1], 2));
        assert_eq!((found.least, found.greatest), (Some(6), Some(3)));
        assert_eq!((found.finite, found.mean, found.range), (4, -0.5, Some((-3.0, 1.0))));
        assert_eq!(found.deviation, 2.25_f64.sqrt());
        let histogram = found.histogram.unwrap();
        assert_eq!(histogram.counts, [1, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
        assert_eq!((histogram.edges[0], histogram.edges[10]), (-3.0, 1.0));
        assert_eq!(found.labels, None);

        let nothing = of(&[f32::NAN; 3]);
        assert_eq!((nothing.nan, nothing.least, nothing.range), (3, None, None));
        assert_eq!(of::<f64>(&[]).count, 0);
        let same = of(&[2.5_f64; 9]);
        assert_eq!((same.mean, same.deviation), (2.5, 0.0));
        assert_eq!(same.histogram.unwrap(), Histogram { edges: vec![2.5, 2.5], counts: vec![9] });
        assert_eq!(of(&[f64::MAX, 0.0]).mean, f64::MAX / 2.0);
        assert_eq!(of(&[f64::MAX; 4]).mean, f64::MAX);
        let wide = of(&[-f64::MAX, f64::MAX]);
        assert_eq!(wide.histogram.unwrap().counts.iter().sum::<usize>(), 2);
    }

    #[test]
    fn whole_numbers_are_exact() {
        let far = [i64::MAX - 1, i64::MAX, i64::MIN, i64::MIN + 1];
        let found = of(&far);
        assert_eq!((found.least, found.greatest), (Some(2), Some(1)));
        let labels: Vec<u8> = (0..100).map(|i| i % 3).collect();
        let found = of(&labels);
        assert_eq!(found.labels, Some(vec![(0, 34), (1, 33), (2, 33)]));
        assert!(found.histogram.is_none());
        let found = of(&(0..100_i32).collect::<Vec<_>>());
        assert_eq!(found.histogram.unwrap().counts, [10; 10]);
        let found = of(&[u64::MAX, 0, 5]);
        assert_eq!((found.least, found.greatest, found.zeros), (Some(1), Some(0), 1));
        assert_eq!(
            of(&[true, false, true, true, false, true, true, true]).labels.unwrap().len(),
            2
        );
    }

    #[test]
    fn many_blocks_are_as_one() {
        let numbers: Vec<f64> = (0..100_000).map(|i| f64::from(i % 1000) + 1e6).collect();
        let found = of(&numbers);
        assert_eq!(found.mean, 1e6 + 499.5);
        let exact = ((1000.0_f64.powi(2) - 1.0) / 12.0).sqrt();
        assert!((found.deviation - exact).abs() < 1e-9, "{}", found.deviation);
        assert_eq!(found.histogram.unwrap().counts.iter().sum::<usize>(), 100_000);
        assert_eq!((found.least, found.greatest), (Some(0), Some(999)));
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (33.333_333_333, "33.3333"),
            (123_456_789.0, "123456789"),
            (1e-7, "1e-7"),
            (-1.234_567_8e12, "-1.23457e12"),
            (0.001_234_567_8, "0.00123457"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (999_999.96, "1000000"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
