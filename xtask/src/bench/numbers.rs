//! Numbers as they are read with the eye.

/// `44x`, `1.05x`, `0.065x`.
pub(crate) fn ratio(value: f64) -> String {
    if value >= 1e5 {
        let power = value.log10().floor();
        return format!("{:.0}e{power}x", value / 10_f64.powf(power));
    }
    if value < 0.001 {
        return "under 0.001x".into();
    }
    format!("{}x", digits(value, 2))
}

/// `120 ns`, `5.3 us`, `18 ms`, `1.2 s`.
pub(crate) fn seconds(value: f64) -> String {
    if value < 0.0 {
        return format!("-{}", seconds(-value));
    }
    let (scale, unit) = match value {
        v if v < 0.9995e-6 => (1e9, "ns"),
        v if v < 0.9995e-3 => (1e6, "µs"),
        v if v < 0.9995 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", digits(value * scale, 1))
}

/// `1 B`, `4 KiB`, `2 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    let step = ["B", "KiB", "MiB", "GiB", "TiB"]
        .into_iter()
        .zip(0..)
        .take_while(|&(_, power)| power == 0 || value >= 1024_f64.powi(power))
        .last();
    let (unit, power) = step.unwrap_or(("B", 0));
    format!("{} {unit}", (value / 1024_f64.powi(power)).round())
}

/// With at most so many decimals, and fewer the larger it is; small values keep two digits.
fn digits(value: f64, decimals: usize) -> String {
    match value {
        v if v >= 99.5 => format!("{v:.0}"),
        v if v >= 9.95 => format!("{v:.*}", decimals - 1),
        v if v >= 0.095 => format!("{v:.decimals$}"),
        v => format!("{v:.*}", decimals + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_the_digits_that_matter() {
        let said: Vec<String> =
            [1e-7, 0.0654, 0.0949, 0.5, 1.049, 9.94, 12.34, 103.6, 8165.0, 2_593_351.0]
                .into_iter()
                .map(ratio)
                .collect();
        let expected = [
            "under 0.001x",
            "0.065x",
            "0.095x",
            "0.50x",
            "1.05x",
            "9.94x",
            "12.3x",
            "104x",
            "8165x",
            "3e6x",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn times_and_sizes_have_units() {
        let said: Vec<String> =
            [-6.5e-8, 1.2e-7, 5.31e-6, 0.0181, 1.25].into_iter().map(seconds).collect();
        assert_eq!(said, ["-65 ns", "120 ns", "5.3 µs", "18 ms", "1.2 s"]);
        let said: Vec<String> =
            [1.0, 1000.0, 4096.0, 2_147_483_648.0].into_iter().map(bytes).collect();
        assert_eq!(said, ["1 B", "1000 B", "4 KiB", "2 GiB"]);
    }
}
