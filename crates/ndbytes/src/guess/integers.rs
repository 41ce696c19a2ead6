//! What is measured of whole numbers.

use super::evidence::{Facts, Feature, Row, bits_of, set};
use crate::array::Scalar;

pub(super) fn measure(
    scalar: Scalar,
    signed: bool,
    runs: &[Vec<i128>],
    row: &mut Row,
    facts: &mut Facts,
    trust: f64,
) {
    let all = || runs.iter().flatten().copied();
    let count = all().count() as f64;
    let width = 8 * scalar.itemsize() as u32;
    let part =
        |holds: &dyn Fn(i128) -> bool| all().filter(|&value| holds(value)).count() as f64 / count;
    let top = if signed { width - 2 } else { width - 1 };
    let high = 1_i128 << top;
    let sign_bit = f64::from(u8::from(signed));
    facts.rate = all().map(|value| bits_of(value.unsigned_abs() as u64) + sign_bit).sum::<f64>()
        / count
        / f64::from(width);
    let huge = part(&|value| value >= high || value < -high);
    if scalar == Scalar::Bool {
        let ones = part(&|value| value == 1);
        set(row, Feature::BothZeroOne, trust * (4.0 * ones * (1.0 - ones)).sqrt());
        return;
    }
    let half = 1_i128 << (width / 2);
    set(row, Feature::Huge, if width > 8 { trust * huge } else { 0.0 });
    let shifted = |value: i128| value != 0 && value.trailing_zeros() >= width / 2;
    let nonzero = part(&|value| value != 0).max(1.0 / count);
    let zeros = all().filter(|&value| value != 0).map(|value| f64::from(value.trailing_zeros()));
    let coarse = zeros.sum::<f64>() / (count * nonzero) / f64::from(width);
    set(row, Feature::Coarse, if width > 8 { trust * coarse } else { 0.0 });
    set(row, Feature::Shifted, trust * part(&shifted) / nonzero);
    set(row, Feature::Small, trust * part(&|value| value.abs() < half));
    let negative = part(&|value| value < 0);
    set(row, Feature::Negative, if negative > 0.0 { 0.5 + 0.5 * negative } else { 0.0 });
    let (below, from) = if signed { (0, 0) } else { (high, high) };
    let low = all().filter(|&value| value < below).max();
    let gap =
        low.zip(all().filter(|&value| value >= from).min()).map_or(0, |(low, high)| high - low);
    set(row, Feature::Torn, trust * gap as f64 / (1_i128 << width) as f64);
    let high_bit = if signed { 0.0 } else { huge };
    set(row, Feature::HighBit, if high_bit > 0.0 { 0.5 + 0.5 * high_bit } else { 0.0 });
}

/// How far apart numbers are that follow each other in size, in bits of those that there are: one
/// apart are counts, and numbers whose bytes are in another order are not.
pub(super) fn gaps(runs: &[Vec<f64>], size: usize) -> f64 {
    let mut all: Vec<f64> = runs.iter().flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    let steps = all.windows(2).map(|pair| (pair[1] - pair[0]).log2());
    let count = steps.len().max(1);
    steps.sum::<f64>() / (count * 8 * size) as f64
}
