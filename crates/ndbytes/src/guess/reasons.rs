//! What is found, in words.

use super::evidence::{Evidence, Facts, Feature};
use super::foreign::Foreign;
use super::header::{Sign, Start};
use super::reading::Reading;
use super::{Guess, Layout};
use crate::array::{DType, Dims, Kind, Order, Scalar, tuple};

/// What bytes are called that look like nothing.
pub(super) const NOISE: &str = "random, compressed or encrypted bytes";

pub(super) fn of_foreign(foreign: Foreign) -> Guess {
    Guess {
        what: foreign.what.into_owned(),
        dtype: None,
        shape: Dims::new(),
        offset: 0,
        order: Order::C,
        rest: 0,
        probability: foreign.probability,
        reasons: vec![foreign.sign, foreign.advice],
        call: foreign.call,
    }
}

/// An array that is read so, for these reasons and those of its layout.
pub(super) fn of_array(
    reading: Reading,
    reasons: Vec<String>,
    layout: &Layout,
    probability: f64,
) -> Guess {
    let guess = of_layout(reading.dtype(), reasons, layout, probability);
    match reading {
        Reading::Noise => Guess { what: NOISE.to_owned(), ..guess },
        _ => guess,
    }
}

/// An array of a dtype that was said.
pub(super) fn of_said(dtype: &DType, layout: &Layout, probability: f64) -> Guess {
    let reasons = vec!["the dtype is the one that was said".to_owned()];
    of_layout(dtype.clone(), reasons, layout, probability)
}

fn of_layout(dtype: DType, mut reasons: Vec<String>, layout: &Layout, probability: f64) -> Guess {
    reasons.extend(of_start(&layout.start));
    reasons.extend(of_shape(layout));
    Guess {
        what: format!("{dtype} array"),
        call: call(&dtype, layout),
        dtype: Some(dtype),
        shape: layout.shape.shape.clone(),
        offset: layout.start.offset,
        order: layout.order,
        rest: layout.rest,
        probability,
        reasons,
    }
}

/// The Python that reads it, where the dtype can be said in a word.
fn call(dtype: &DType, layout: &Layout) -> Option<String> {
    let typestr = dtype.typestr()?;
    let mut call = match dtype.kind() {
        // NumPy knows the name only once ml_dtypes is imported.
        Kind::Scalar(scalar) if scalar.is_extension() => {
            format!("ndbytes.frombuffer(data, ml_dtypes.{typestr}")
        }
        _ => format!("ndbytes.frombuffer(data, \"{typestr}\""),
    };
    let shape = &layout.shape.shape;
    if shape.len() != 1 {
        call.push_str(&format!(", {}", tuple(shape)));
    }
    if layout.start.offset > 0 {
        call.push_str(&format!(", offset={}", layout.start.offset));
    }
    if layout.rest > 0 {
        call.push_str(&format!(", count={}", shape.iter().product::<usize>()));
    }
    if layout.order == Order::F {
        call.push_str(", order=\"F\"");
    }
    call.push(')');
    Some(call)
}

/// What speaks for a reading, of all that were weighed.
pub(super) fn of_reading(evidence: &Evidence, all: &[Evidence]) -> Vec<String> {
    let Evidence { reading, facts, .. } = evidence;
    let mut reasons = Vec::new();
    let (size, big) = reading.part();
    match reading {
        Reading::Noise => {
            if evidence.row[Feature::Uniform as usize] > 0.0 {
                reasons.push("all 256 values of a byte are equally frequent".to_owned());
            }
            reasons.push("no reading finds any order in them".to_owned());
            return reasons;
        }
        Reading::Bytes { len } => {
            reasons.push(format!("letters, padded with NULs to {len} bytes each"));
            return reasons;
        }
        Reading::Text { chars, .. } => {
            let order = if big { "big-endian" } else { "little-endian" };
            reasons.push(format!(
                "code points of four bytes ({order} UTF-32), in elements of {chars}"
            ));
            return reasons;
        }
        Reading::Time { unit, .. } => {
            let unit = unit.code();
            reasons.push(format!("as counts of {unit} since 1970 they lie between 1900 and 2100"));
        }
        Reading::Number { scalar, .. } => reasons.extend(of_number(*scalar, facts)),
    }
    if let Some(twin) = all.iter().find(|other| other.same_numbers(evidence)) {
        let twin = twin.reading.dtype();
        reasons.push(format!("no number uses the highest bit: read as {twin} they are the same"));
    }
    if size > 1 && facts.low_entropy - facts.high_entropy > 1.0 {
        let place = if big { "first" } else { "last" };
        reasons.push(format!(
            "the {place} byte of each {size} varies little ({:.1} bits of 8), the other end a lot ({:.1})",
            facts.high_entropy, facts.low_entropy
        ));
    }
    if facts.smoothness > 0.3 {
        let distance = match facts.lag {
            1 => "neighbours".to_owned(),
            lag => format!("elements {lag} apart"),
        };
        let times = 1.0 / (1.0 - facts.smoothness).max(0.001);
        let digits = usize::from(times < 9.95);
        reasons.push(format!(
            "{distance} are {times:.digits$} times nearer to each other than any two"
        ));
    }
    if facts.remainder != 0 {
        reasons.push(format!(
            "the length is no multiple of {}: {} left",
            reading.itemsize(),
            bytes(facts.remainder)
        ));
    }
    let second = all
        .iter()
        .filter(|other| other.reading.part().0 != size && other.reading != Reading::Noise)
        .map(|other| other.facts.rate)
        .fold(f64::INFINITY, f64::min);
    if second.is_finite() && facts.rate < 0.97 * second {
        reasons.push(format!(
            "read so, {:.0} % of the bits would do; read in elements of another size, {:.0} %",
            100.0 * facts.rate,
            100.0 * second
        ));
    }
    reasons
}

fn of_number(scalar: Scalar, facts: &Facts) -> Vec<String> {
    let mut reasons = Vec::new();
    if scalar == Scalar::Bool {
        reasons.push("every byte is 0 or 1".to_owned());
        return reasons;
    }
    if let Some((low, high)) = facts.range {
        let values = match facts.distinct {
            1 => format!("all values are {}", number(low)),
            distinct if distinct <= 20 && distinct * 4 <= facts.sampled => {
                format!("{distinct} different values, from {} to {}", number(low), number(high))
            }
            _ => format!("values lie in {}..{}", number(low), number(high)),
        };
        reasons.push(values);
    }
    if facts.decimal > 0.5 {
        reasons.push(format!("{:.0} % are short decimal numbers", 100.0 * facts.decimal));
    } else if facts.whole > 0.9 {
        reasons.push("they are whole numbers, as floats".to_owned());
    }
    if facts.odd_nan > 0.0 {
        reasons.push(format!("{:.1} % are NaNs that no computation makes", 100.0 * facts.odd_nan));
    }
    if facts.subnormal > 0.02 {
        reasons
            .push(format!("{:.0} % are too small to be normal numbers", 100.0 * facts.subnormal));
    }
    reasons
}

fn of_start(start: &Start) -> Vec<String> {
    let offset = start.offset;
    let mut reasons = match start.sign {
        Sign::Said => Vec::new(),
        Sign::Length if offset == 0 => Vec::new(),
        Sign::Length => {
            vec![format!("elements end where the bytes do: {} left before them", bytes(offset))]
        }
        Sign::Text => vec![format!("{offset} bytes of text come first")],
        Sign::Strange if offset == 1 => vec!["the first byte is unlike the rest".to_owned()],
        Sign::Strange => vec![format!("the first {offset} bytes are unlike the rest: a header")],
    };
    if let Some(said) = &start.said {
        let dims: Vec<String> = said.iter().map(usize::to_string).collect();
        reasons.push(format!("the header says {}, which is what follows", dims.join(" x ")));
    }
    reasons
}

fn of_shape(layout: &Layout) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut inner = 1;
    for (level, peak) in layout.shape.peaks.iter().enumerate() {
        let what = match (level, peak.dim) {
            (0, 2..=4) => format!("groups of {}", peak.dim),
            (0, dim) => format!("rows of {dim}"),
            (_, dim) if inner <= 4 => format!("rows of {dim} groups"),
            (_, dim) => format!("planes of {dim} rows"),
        };
        inner *= peak.dim;
        let change = 100.0 * (1.0 - peak.ratio);
        let gain = 100.0 * (1.0 - (-peak.gain).exp());
        reasons.push(match () {
            () if change >= 1.0 => format!(
                "{what}: elements {inner} apart differ {change:.0} % less than those one step off"
            ),
            () if gain >= 1.0 => {
                format!(
                    "{what}: with those {inner} before, elements are foreseen {gain:.0} % better"
                )
            }
            () => format!("{what}: the signs are weak"),
        });
    }
    if layout.order == Order::F {
        let told = match layout.probability > 0.5 {
            true => "the shape fits better with the first index varying fastest",
            false => "it may be that the first index varies fastest",
        };
        reasons.push(told.to_owned());
    }
    reasons
}

fn bytes(count: usize) -> String {
    if count == 1 { "1 byte is".to_owned() } else { format!("{count} bytes are") }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value}")
    } else if (1e-3..1e6).contains(&value.abs()) {
        let digits = 4 - (value.abs().log10().floor() as i32 + 1).clamp(0, 4);
        let said = format!("{value:.*}", digits.max(1) as usize);
        said.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:.2e}")
    }
}
