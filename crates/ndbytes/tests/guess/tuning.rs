//! What is tuned on: what is scored of that half, and other sizes and other draws of the same sources.

use std::collections::HashMap;

use ndbytes::guess::fitting;
use ndbytes::{DType, Source};

use crate::cases::{Case, Half, Numbers, real_sources};
use crate::chance::Chance;
use crate::drawn;
use crate::fit::{Choice, FOLDS};
use crate::kinds::kinds;
use crate::made::{FAMILIES, Family, T, family, fill, pointer};
use crate::score::is_picture;

/// The cases that are scored, and the others after them.
pub struct Tuning {
    cases: Vec<Case>,
    scored: usize,
}

pub fn with_more(mut cases: Vec<Case>) -> Tuning {
    let scored = cases.len();
    let crops = cases.iter().filter(|case| case.real && case.offset == 0).flat_map(cropped);
    let crops: Vec<Case> = crops.collect();
    cases.extend(crops);
    cases.extend(resized());
    cases.extend(more_made());
    Tuning { cases, scored }
}

/// The same, with kinds of numbers that are only there for dtypes.
pub fn with_kinds(cases: Vec<Case>) -> Tuning {
    let mut tuning = with_more(cases);
    tuning.cases.extend(kinds());
    tuning.cases.extend(masked());
    tuning
}

/// Surfaces that are tuned on, as they are stored where there is land and sea: values that are
/// missing have one of their own; and packed into 16 bits.
fn masked() -> Vec<Case> {
    const MISSING: [(f64, &[&str]); 8] = [
        (1e20, &["<f4", ">f4", "<f8"]),
        (f64::NAN, &["<f4", ">f8", "<f2"]),
        (9.969_209_968_386_869e36, &["<f4", ">f4", ">f8"]),
        (-9999.0, &["<i2", ">f4", "<f8"]),
        (-32_767.0, &[">i2", "<i2"]),
        (0.0, &["<f4", "<i2", ">f4"]),
        (-3.402_823_466_385_288_6e38, &["<f4", ">f4"]),
        (-999.0, &["<f4", ">i2"]),
    ];
    let surfaces = real_sources().into_iter().filter(|(_, half, what, _, _, numbers)| {
        *half == Half::Tuning && *what == "heights" && numbers.shape.len() == 2
    });
    let mut cases = Vec::new();
    for (index, (source, half, what, _, _, numbers)) in surfaces.enumerate() {
        let all = || numbers.values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
        let mut case = |typestr: &str, numbers: &Numbers| {
            cases.push(Case {
                source: source.clone(),
                half,
                what,
                variant: "masked",
                dtype: DType::from_typestr(typestr).expect("a dtype"),
                shape: numbers.shape.clone(),
                offset: 0,
                bytes: numbers.stored(typestr),
                real: false,
            });
        };
        for round in 0..3 {
            let mut chance = Chance::named(&format!("{source} masked {round}"));
            let land = drawn::octaves(&mut chance, &numbers.shape, 25.0, 0.5);
            let level = 0.8 * chance.normal();
            let (missing, typestrs) = MISSING[(3 * index + round) % MISSING.len()];
            let value = |at: usize| if land[at] > level { missing } else { numbers.values[at] };
            let values = (0..land.len()).map(value).collect();
            let masked = Numbers { values, shape: numbers.shape.clone() };
            typestrs.iter().for_each(|typestr| case(typestr, &masked));
            let pack = |value: f64| {
                let share = (value - low) / (high - low);
                if value == missing || !share.is_finite() {
                    -32_767.0
                } else {
                    (share * 64_000.0 - 32_000.0).round()
                }
            };
            case(if round == 1 { "<i2" } else { ">i2" }, &masked.map(pack));
        }
    }
    cases
}

impl Tuning {
    /// Sources count alike, however many arrays are made of each.
    fn weights(&self) -> Vec<f64> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for case in &self.cases {
            *counts.entry(&case.source).or_default() += 1;
        }
        self.cases.iter().map(|case| (counts[&*case.source] as f64).powf(-0.5)).collect()
    }
}

/// Choices of one source are in one fold.
fn fold(case: &Case) -> usize {
    case.source.bytes().map(usize::from).sum::<usize>() % FOLDS
}

/// Which reading is right, of each case.
pub fn readings(tuning: &Tuning) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (at, (case, weight)) in tuning.cases.iter().zip(tuning.weights()).enumerate() {
        let all = fitting::readings(&Source::slice(&case.bytes));
        let right = all.iter().position(|(dtype, noise, _)| {
            if case.is_noise() { *noise } else { *dtype == case.dtype && !noise }
        });
        let is_same = |(dtype, noise, _): &(DType, bool, Vec<f64>)| match case.is_noise() {
            true => *noise,
            false => !noise && case.same_values(dtype),
        };
        let same = (0..all.len()).filter(|&at| is_same(&all[at])).collect();
        match right {
            Some(right) => {
                choices.push(Choice {
                    told: all.len(),
                    rows: all.into_iter().map(|(_, _, row)| row).collect(),
                    right,
                    same,
                    weight,
                    fold: fold(case),
                    is_scored: at < tuning.scored,
                    is_picture: false,
                });
            }
            None => println!("not weighed: {} {} {}", case.source, case.variant, case.dtype),
        }
    }
    choices
}

/// Which shape is right, of each case.
pub fn shapes(tuning: &Tuning) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (at, (case, weight)) in tuning.cases.iter().zip(tuning.weights()).enumerate() {
        if case.is_noise() || matches!(case.what, "text" | "times") {
            continue;
        }
        let all = fitting::shapes(&Source::slice(&case.bytes), &case.dtype, case.offset);
        let found = all.iter().position(|(shape, _)| *shape == case.shape);
        let is_scored = at < tuning.scored;
        if found.is_none() && is_scored {
            println!("not considered: {} {} {:?}", case.source, case.variant, case.shape);
        }
        // Arrays of a few rows are not what people have.
        let rows = case.shape.iter().rev().skip(1).product::<usize>();
        let weight = if case.shape.len() > 1 && rows < 12 { 0.25 * weight } else { weight };
        let right = found.unwrap_or(all.len() - 1);
        choices.push(Choice {
            right,
            same: vec![right],
            told: all.len() - 1,
            rows: all.into_iter().map(|(_, row)| row).collect(),
            weight,
            fold: fold(case),
            is_scored,
            is_picture: is_picture(case.what, &case.shape),
        });
    }
    choices
}

/// Pictures that are tuned on, smaller: every second pixel, two thirds of the width, turned.
fn resized() -> Vec<Case> {
    let mut cases = Vec::new();
    for (source, half, what, dtype, _, numbers) in real_sources() {
        let pictures = matches!(what, "image" | "heights" | "mask" | "volume");
        if half != Half::Tuning || !pictures || numbers.shape.len() < 2 {
            continue;
        }
        let (height, width) = (numbers.shape[0], numbers.shape[1]);
        let inner: usize = numbers.shape[2..].iter().product();
        let picked = |rows: &[usize], columns: &[usize], turned: bool| {
            let mut values = Vec::new();
            let (outer, inside) = if turned { (columns, rows) } else { (rows, columns) };
            for &one in outer {
                for &other in inside {
                    let (row, column) = if turned { (other, one) } else { (one, other) };
                    let start = (row * width + column) * inner;
                    values.extend(&numbers.values[start..start + inner]);
                }
            }
            let mut shape = numbers.shape.clone();
            (shape[0], shape[1]) = (outer.len(), inside.len());
            Numbers { values, shape }
        };
        let every = |len: usize, step: usize| (0..len).step_by(step).collect::<Vec<_>>();
        let third = every(width * 2 / 3, 1);
        let sizes = [
            picked(&every(height, 2), &every(width, 2), false),
            picked(&every(height, 1), &third, false),
            picked(&every(height, 1), &every(width, 1), true),
            picked(&every(height, 1), &every(width, 3), true),
        ];
        let sizes = sizes.into_iter().chain((what == "image").then(|| enlarged(&numbers, 3)));
        for numbers in sizes {
            let mut all = vec![numbers.clone()];
            if numbers.shape.len() == 3 && inner == 3 {
                all.push(numbers.planes());
                all.push(numbers.opaque());
            }
            cases.extend(all.into_iter().map(|numbers| Case {
                source: source.clone(),
                half,
                what,
                variant: "resized",
                dtype: dtype.clone(),
                bytes: numbers.stored(&dtype.typestr().expect("a number")),
                shape: numbers.shape,
                offset: 0,
                real: false,
            }));
        }
    }
    cases
}

/// The picture so many times as high and wide, soft as those of large cameras.
fn enlarged(numbers: &Numbers, times: usize) -> Numbers {
    let (rows, columns) = (numbers.shape[0], numbers.shape[1]);
    let inner: usize = numbers.shape[2..].iter().product();
    let mut shape = numbers.shape.clone();
    (shape[0], shape[1]) = ((rows - 1) * times, (columns - 1) * times);
    let values = fill(&shape, |at| {
        let (pixel, colour) = (at / inner, at % inner);
        let (y, x) = (pixel / shape[1], pixel % shape[1]);
        let (row, column) = (y / times, x / times);
        let (down, right) = ((y % times) as f64 / times as f64, (x % times) as f64 / times as f64);
        let of =
            |row: usize, column: usize| numbers.values[(row * columns + column) * inner + colour];
        let upper = of(row, column) * (1.0 - right) + of(row, column + 1) * right;
        let lower = of(row + 1, column) * (1.0 - right) + of(row + 1, column + 1) * right;
        (upper * (1.0 - down) + lower * down).round()
    });
    Numbers { values, shape }
}

/// The first quarter and the first sixteenth of an array: for tuning on less.
fn cropped(case: &Case) -> Vec<Case> {
    let crop = |part: usize| {
        let mut shape = case.shape.clone();
        shape[0] = (shape[0] / part).max(2);
        let len = shape.iter().product::<usize>() * case.dtype.itemsize();
        let bytes = case.bytes[..len.min(case.bytes.len())].to_vec();
        Case { shape, bytes, real: false, ..case.clone() }
    };
    if case.shape.is_empty() || case.shape[0] < 8 { Vec::new() } else { vec![crop(4), crop(16)] }
}

/// Other sizes and other draws of the families that are tuned on.
fn more_made() -> Vec<Case> {
    let families = FAMILIES.iter().chain(drawn::FAMILIES).chain(WAVES);
    let tuned = families.filter(|family| family.half == T);
    tuned.flat_map(|family| family.again("again", &[2, 5, 20])).collect()
}

/// What goes on and on, and has no rows.
const WAVES: &[Family] = &[
    family(
        "tone",
        T,
        "audio",
        &[("<i2", &[7200]), ("<f4", &[4800]), ("<i2", &[2400, 2])],
        |c, s| {
            let (pace, loud, hiss) = (0.05 + 0.6 * c.unit(), 8000.0 * c.unit(), 100.0 * c.unit());
            fill(s, |i| (loud * (i as f64 * pace).sin() + hiss * c.normal()).round())
        },
    ),
    family("tones", T, "audio", &[("<i2", &[6000]), ("<f4", &[9600]), ("<i4", &[3600])], |c, s| {
        let all: Vec<[f64; 2]> =
            (0..4).map(|_| [0.02 + 0.9 * c.unit(), 3000.0 * c.unit()]).collect();
        fill(s, |i| {
            let sum: f64 = all.iter().map(|tone| tone[1] * (i as f64 * tone[0]).sin()).sum();
            (sum + 60.0 * c.normal()).round()
        })
    }),
    family(
        "pulses",
        T,
        "signal",
        &[("<f4", &[5040]), ("<i2", &[7200]), ("<f8", &[2400])],
        |c, s| {
            let period = 60.0 + 40.0 * c.unit();
            fill(s, |i| {
                let phase = (i as f64 / period).fract();
                (900.0 * (-((phase - 0.3) / 0.03).powi(2)).exp()
                    + 150.0 * (-((phase - 0.6) / 0.1).powi(2)).exp()
                    + 8.0 * c.normal())
                .round()
            })
        },
    ),
    family(
        "square wave",
        T,
        "signal",
        &[("|u1", &[6000]), ("<i2", &[4800]), ("<f4", &[3600])],
        |c, s| {
            let period = 20.0 + 60.0 * c.unit();
            fill(s, |i| {
                (if (i as f64 / period).fract() < 0.5 { 200.0 } else { 50.0 } + 4.0 * c.normal())
                    .round()
            })
        },
    ),
    family(
        "resonance",
        T,
        "audio",
        &[("<i2", &[8000]), ("<f4", &[6000]), ("<i2", &[3000, 2])],
        |c, s| {
            let (pace, keep) = (0.1 + 0.8 * c.unit(), 0.95 + 0.045 * c.unit());
            let (mut last, mut before) = ([0.0; 2], [0.0; 2]);
            let sides = if s.len() > 1 { s[1] } else { 1 };
            fill(s, |i| {
                let side = i % sides;
                let now = 2.0 * keep * pace.cos() * last[side] - keep * keep * before[side]
                    + 100.0 * c.normal();
                (before[side], last[side]) = (last[side], now);
                now.round()
            })
        },
    ),
    family(
        "swell",
        T,
        "heights",
        &[("<i2", &[1000, 1500]), ("<f4", &[512, 512]), ("|u1", &[480, 640]), ("<i2", &[300, 400])],
        |c, s| {
            let all: Vec<[f64; 3]> =
                (0..5).map(|_| [0.05 * c.normal(), 0.05 * c.normal(), 6.2 * c.unit()]).collect();
            fill(s, |i| {
                let (y, x) = ((i / s[1]) as f64, (i % s[1]) as f64);
                let sum: f64 =
                    all.iter().map(|wave| (y * wave[0] + x * wave[1] + wave[2]).sin()).sum();
                (128.0 + 25.0 * sum).floor()
            })
        },
    ),
    family(
        "large leaves",
        T,
        "image",
        &[
            ("|u1", &[480, 640]),
            ("|u1", &[300, 400, 3]),
            ("<f4", &[3, 256, 256]),
            ("<u2", &[1024, 768]),
        ],
        drawn::leaves,
    ),
    family(
        "large fog",
        T,
        "image",
        &[("<f4", &[600, 800]), ("|u1", &[720, 1280]), ("<u2", &[512, 512])],
        |c, s| {
            drawn::octaves(c, s, 160.0, 0.5)
                .into_iter()
                .map(|value| (120.0 + 40.0 * value).clamp(0.0, 255.0).floor())
                .collect()
        },
    ),
    family("large slopes", T, "heights", &[("<i2", &[601, 1201]), ("<f4", &[500, 400])], |c, s| {
        drawn::octaves(c, s, 100.0, 0.55)
            .into_iter()
            .map(|value| (900.0 + 500.0 * value).round())
            .collect()
    }),
    family(
        "large panels",
        T,
        "image",
        &[("|u1", &[360, 640, 3]), ("|u1", &[300, 500, 4]), ("|u1", &[600, 800])],
        drawn::panels,
    ),
    family(
        "days and years",
        T,
        "series",
        &[("<f8", &[3600]), ("<f4", &[2880]), ("<f8", &[730])],
        |c, s| {
            fill(s, |i| {
                let day = i as f64 / 24.0;
                ((12.0
                    + 9.0 * (day * 0.0172).sin()
                    + 4.0 * (day * std::f64::consts::TAU).sin()
                    + 1.5 * c.normal())
                    * 10.0)
                    .round()
                    / 10.0
            })
        },
    ),
    family(
        "turning pointer",
        T,
        "complex",
        &[("<c8", &[900]), ("<c16", &[600]), ("<c8", &[2400])],
        |c, s| {
            let pace = 0.01 + 0.3 * c.unit();
            fill(s, |i| pointer(i, pace) + 0.03 * c.normal())
        },
    ),
    family(
        "steps",
        T,
        "series",
        &[("<i8", &[1200]), ("<f4", &[3000]), ("<i4", &[2400])],
        |c, s| {
            let mut at = 50.0;
            fill(s, |_| {
                if c.unit() < 0.03 {
                    at = (100.0 * c.unit()).floor();
                }
                at
            })
        },
    ),
];
