//! How long a call takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Long beside what reading the clock takes.
const SAMPLE: Duration = Duration::from_micros(20);
/// One call is measured for about so long.
const BUDGET: Duration = Duration::from_millis(10);
/// However long a call takes, it is made so often.
const LEAST_SAMPLES: usize = 3;

/// The nanoseconds that one call takes when nothing is in its way: the least of several runs.
pub(super) fn least_nanoseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    let started = Instant::now();
    black_box(call());
    let first = started.elapsed().max(Duration::from_nanos(1));
    let calls = (SAMPLE.as_nanos() / first.as_nanos()).clamp(1, 10_000) as u32;
    let mut least = first.as_nanos() as f64;
    let mut samples = 1;
    while samples < LEAST_SAMPLES || started.elapsed() < BUDGET {
        let before = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        least = least.min(before.elapsed().as_nanos() as f64 / f64::from(calls));
        samples += 1;
    }
    least
}

/// Three digits and a unit: `45.1 ns`, `1.23 µs`, `120 ms`.
pub(super) fn shown(nanoseconds: f64) -> String {
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    // What rounds to 1000 of a unit is 1 of the next.
    let fits = units.iter().find(|(_, size)| nanoseconds / size < 999.5).unwrap_or(&units[3]);
    let number = nanoseconds / fits.1;
    let decimals = match number {
        _ if number >= 99.95 => 0,
        _ if number >= 9.995 => 1,
        _ => 2,
    };
    format!("{number:.decimals$} {}", fits.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let times = [0.456, 9.99, 9.996, 99.96, 999.4, 999.6, 1234.0, 99_960.0, 2e9, 3.6e12];
        let texts = [
            "0.46 ns", "9.99 ns", "10.0 ns", "100 ns", "999 ns", "1.00 µs", "1.23 µs", "100 µs",
            "2.00 s", "3600 s",
        ];
        assert_eq!(times.map(shown), texts);
    }

    #[test]
    fn slow_calls_are_made_a_few_times_only() {
        let mut calls = 0;
        let least = least_nanoseconds(|| {
            calls += 1;
            std::thread::sleep(Duration::from_millis(15));
        });
        assert_eq!(calls, LEAST_SAMPLES);
        assert!(least >= 15e6);
    }
}
