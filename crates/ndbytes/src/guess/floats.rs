//! What is measured of floating-point numbers.

use super::evidence::{Counts, Facts, Feature, Row, bits_of, set};
use super::lanes::entropy;
use super::reading::FloatFormat;

pub(super) fn measure(
    format: FloatFormat,
    runs: &[Vec<u64>],
    row: &mut Row,
    facts: &mut Facts,
    trust: f64,
) {
    let sign = 1_u64 << (8 * format.size - 1);
    let mut tops = Counts::default();
    let mut exponents = Vec::new();
    let (mut count, mut nonzero, mut odd_nan, mut not_finite, mut subnormal) = (0, 0, 0, 0, 0);
    let (mut extreme, mut decimal, mut whole, mut bits_needed) = (0, 0, 0, 0.0);
    let mut minus_zeros = 0;
    let mut firsts = [0_usize; 4];
    let mut last_odd_nan = 0;
    let bias = format.most_exponent() as i64 / 2;
    for &bits in runs.iter().flatten() {
        count += 1;
        let (exponent, mantissa) = (format.stored_exponent(bits), format.stored_mantissa(bits));
        *tops.entry(bits >> format.mantissa).or_default() += 1;
        firsts[(mantissa >> (format.mantissa - 2)) as usize] += usize::from(bits & !sign != 0);
        bits_needed += f64::from(format.mantissa - mantissa.trailing_zeros().min(format.mantissa));
        if bits & !sign == 0 {
            minus_zeros += usize::from(bits == sign);
            continue;
        }
        nonzero += 1;
        if exponent == format.most_exponent() {
            let plain = mantissa == 0 || mantissa == 1 << (format.mantissa - 1);
            if plain {
                not_finite += 1
            } else {
                odd_nan += 1;
                last_odd_nan = count;
            }
            continue;
        }
        if exponent == 0 {
            subnormal += 1;
            continue;
        }
        let power = exponent as i64 - bias;
        exponents.push(power);
        extreme += usize::from(format.exponent > 5 && !(-40..=50).contains(&power));
        let value = format.value(bits);
        if value.fract() == 0.0 {
            whole += usize::from(value.abs() < (1_u64 << format.mantissa) as f64);
        } else if format.size > 2 && is_decimal(value, format) {
            decimal += 1;
        }
    }
    let share = |part: usize| part as f64 / f64::from(nonzero.max(1));
    let top_bits = entropy(tops.values().copied()) + 8.0 * tops.len() as f64 / f64::from(count);
    facts.rate = (top_bits + bits_needed / f64::from(count)) / (8 * format.size) as f64;
    facts.odd_nan = share(odd_nan);
    facts.subnormal = share(subnormal);
    facts.decimal = share(decimal);
    facts.whole = share(whole);
    exponents.sort_unstable();
    let at =
        |part: f64| exponents.get((exponents.len() as f64 * part) as usize).copied().unwrap_or(0);
    let spread = ((at(0.9) - at(0.1)) as f64 / 16.0).min(4.0);
    let moderate = -(at(0.5).unsigned_abs() as f64 / 16.0).min(4.0);
    let trust = trust * share(nonzero as usize).min(1.0);
    set(row, Feature::OddNan, trust * facts.odd_nan.min(0.05) * 20.0);
    let any = 2 * last_odd_nan > count;
    set(row, Feature::AnyOddNan, if any { 1.0 } else { 0.0 });
    let minus_zeros = minus_zeros as f64 / f64::from(count);
    set(row, Feature::MinusZero, trust * (20.0 * minus_zeros).min(1.0));
    set(row, Feature::NotFinite, trust * share(not_finite));
    set(row, Feature::Subnormal, trust * facts.subnormal);
    set(row, Feature::Extreme, trust * share(extreme));
    set(row, Feature::Spread, trust * spread);
    set(row, Feature::Decimal, trust * facts.decimal);
    set(row, Feature::WholeFloat, trust * facts.whole);
    set(row, Feature::Moderate, trust * moderate);
    set(row, Feature::Grain, trust * grain(format, runs));
    set(row, Feature::Tail, trust * tail(&exponents));
    let most = firsts.into_iter().max().unwrap_or(0);
    set(row, Feature::Uneven, trust * (share(most) - 0.25));
}

/// By how many bits the distance of neighbours in steps of the format shrinks for each exponent that
/// they are larger: 1 where it is the same in values, 0 where it does not depend on the exponent,
/// as it does not where exponents are read from what is none.
fn grain(format: FloatFormat, runs: &[Vec<u64>]) -> f64 {
    let (mut count, mut sum, mut total) = (0.0, [0.0; 2], [0.0; 2]);
    for pair in runs.iter().flat_map(|run| run.windows(2)) {
        let exponents = [format.stored_exponent(pair[0]), format.stored_exponent(pair[1])];
        let exponent = exponents[0].max(exponents[1]);
        if pair[0] == pair[1] || exponent == 0 || exponent == format.most_exponent() {
            continue;
        }
        let (exponent, steps) =
            (exponent as f64, bits_of(format.place(pair[0]).abs_diff(format.place(pair[1]))));
        count += 1.0;
        sum = [sum[0] + exponent, sum[1] + steps];
        total = [total[0] + exponent * exponent, total[1] + exponent * steps];
    }
    if count < 8.0 {
        return 0.0;
    }
    let spread = total[0] / count - (sum[0] / count).powi(2);
    let both = total[1] / count - sum[0] / count * (sum[1] / count);
    // Where exponents hardly differ nothing is told.
    (-both / (spread + 0.2)).clamp(-1.0, 1.0)
}

/// Of numbers that are as frequent at zero as near it, each exponent holds half as many as the next.
fn tail(sorted: &[i64]) -> f64 {
    let Some(&from) = sorted.get(sorted.len() / 4) else { return 0.0 };
    let below = sorted.iter().take_while(|&&exponent| exponent <= from);
    let (count, sum) = below
        .fold((0.0, 0.0), |(count, sum), exponent| (count + 1.0, sum + (from - exponent) as f64));
    ((sum / f64::max(count, 1.0) - 1.0) / 3.0).clamp(0.0, 2.0)
}

/// Whether a few decimal digits spell this value in its format, which is seldom by chance.
fn is_decimal(value: f64, format: FloatFormat) -> bool {
    let (digits, most) = if format.size == 4 { (3, 1e3) } else { (6, 1e7) };
    value.abs() < most
        && (1..=digits).any(|digits| {
            let scale = 10_f64.powi(digits);
            let nearest = (value * scale).round();
            nearest != 0.0 && format.rounded(nearest / scale) == value
        })
}
