//! How long a call takes, of large arrays of several kinds.

use std::fmt::Write as _;
use std::time::Instant;

use ndbytes::array::tuple;
use ndbytes::{DType, GuessOptions, Source, guess};

use crate::chance::Chance;

/// What a call may take, in milliseconds, however large the array.
const MOST: f64 = 100.0;
/// The middle one of so many calls counts.
const CALLS: usize = 9;

/// So many bytes of a kind.
type Make = fn(usize, &mut Chance) -> Vec<u8>;

const SMALLER: usize = 24_000_000;
const LARGER: usize = 1 << 30;

const LARGE: &[(&str, usize, Make)] = &[
    ("grey picture", SMALLER, |len, c| pixels(len, 6000, 1, c, |v| [v as u8])),
    ("colour picture", SMALLER, |len, c| pixels(len, 4000, 3, c, |v| [v as u8])),
    ("picture as floats", SMALLER, |len, c| pixels(len, 3000, 1, c, of_one)),
    ("heights, big-endian", SMALLER, |len, c| {
        pixels(len, 4000, 1, c, |v| ((8.0 * v) as i16).to_be_bytes())
    }),
    ("surface without grain", SMALLER, |len, _| {
        each(len, |i| ((i / 2000) as f64 * 0.011).sin() * ((i % 2000) as f64 * 0.007).cos())
    }),
    ("picture behind a header", 512 + SMALLER, |len, c| {
        let mut bytes = b"CAMERA 3, 2019-03-11T14:02:55Z".to_vec();
        bytes.resize(512, 0);
        bytes.extend(pixels(len - 512, 3000, 1, c, |v| (v as u16).to_le_bytes()));
        bytes
    }),
    ("random walk", SMALLER, walk),
    ("sound of two channels", SMALLER, sound),
    // These are numbers that many others divide: there are most lengths of rows to try.
    ("sound, 7,207,200 samples", 2 * 7_207_200, sound),
    ("sound, 40,320 samples", 2 * 40_320, sound),
    ("decimals in six columns", SMALLER, |len, c| {
        each(len, |i| (c.below(5000) + 10_000 * (i % 6)) as f64 / 100.0)
    }),
    ("decimals, 2,882,880 of them", 8 * 2_882_880, |len, c| {
        each(len, |_| c.below(5000) as f64 / 100.0)
    }),
    ("labels", SMALLER, |len, c| elements(len, |_| (c.below(10) as i64).to_le_bytes())),
    ("times", SMALLER, |len, c| {
        let at = |i: usize| 1_600_000_000_000_000_000 + 1_000_000_000 * i as i64;
        elements(len, |i| (at(i) + c.below(900_000_000) as i64).to_le_bytes())
    }),
    ("normal numbers", SMALLER, |len, c| elements(len, |_| (c.normal() as f32).to_le_bytes())),
    ("words", SMALLER, |len, c| {
        let words = ["Oslo", "Bergen", "Bo", "Moss", "Hamar"];
        let mut word = words[0];
        elements(len, |i| {
            if i % 8 == 0 {
                word = words[c.below(words.len())];
            }
            u32::from(word.as_bytes().get(i % 8).copied().unwrap_or(0)).to_le_bytes()
        })
    }),
    ("zeros", SMALLER, |len, _| vec![0; len]),
    ("random bytes", SMALLER, noise),
    ("npy, named for what it is", SMALLER, |len, c| {
        ndbytes::array_to_bytes(&noise(len - 128, c)[..]).expect("npy")
    }),
    ("picture as floats", LARGER, |len, c| pixels(len, 16_384, 1, c, of_one)),
    ("random walk", LARGER, walk),
    ("zeros", LARGER, |len, _| vec![0; len]),
    ("random bytes", LARGER, noise),
];

/// A table of times of calls, and the worst that was met.
pub fn table() -> (String, f64) {
    let mut text = String::from("\n| array | bytes | first guess | a call | the worst |\n");
    text.push_str("|---|---|---|---|---|\n");
    let mut worst = 0.0_f64;
    for &(name, len, make) in LARGE {
        let bytes = make(len, &mut Chance::named(name));
        let source = Source::slice(&bytes);
        let mut times = Vec::new();
        let mut said = String::new();
        for _ in 0..CALLS {
            let start = Instant::now();
            let guesses = guess(&source, &GuessOptions::new()).expect("nothing is said");
            times.push(1e3 * start.elapsed().as_secs_f64());
            let first = &guesses[0];
            let dtype = first.dtype.as_ref().filter(|_| !first.what.starts_with("random"));
            said = match dtype.and_then(DType::typestr) {
                Some(typestr) => format!("`{typestr}` {}", tuple(&first.shape)),
                None => first.what.clone(),
            };
        }
        times.sort_by(f64::total_cmp);
        let (middle, last) = (times[CALLS / 2], times[CALLS - 1]);
        worst = worst.max(last);
        println!("{middle:6.1} ms, at worst {last:6.1}: {} MB, {name}: {said}", len / 1_000_000);
        let _ = writeln!(text, "| {name} | {len} | {said} | {middle:.1} ms | {last:.1} ms |");
    }
    let _ = writeln!(text, "\nThe worst call took {worst:.0} ms.\n");
    (text, worst)
}

pub fn is_quick_enough(worst: f64) -> bool {
    worst < MOST
}

fn elements<const N: usize>(len: usize, element: impl FnMut(usize) -> [u8; N]) -> Vec<u8> {
    (0..len / N).map(element).collect::<Vec<_>>().into_flattened()
}

fn each(len: usize, mut value: impl FnMut(usize) -> f64) -> Vec<u8> {
    elements(len, |i| value(i).to_le_bytes())
}

/// Rows of pixels of so many colours, smooth in both directions, with grain.
fn pixels<const N: usize>(
    len: usize,
    width: usize,
    colours: usize,
    chance: &mut Chance,
    store: impl Fn(f64) -> [u8; N],
) -> Vec<u8> {
    let waves = |count: usize, pace: f64| -> Vec<f64> {
        let wave = |at: f64| 0.7 * (at * pace).sin() + 0.3 * (at * pace * 2.7 + 1.0).sin();
        (0..count).map(|at| wave(at as f64)).collect()
    };
    let (rows, columns) = (waves(len / N / width / colours + 1, 0.0131), waves(width, 0.0173));
    elements(len, |i| {
        let (row, column) = (i / colours / width, i / colours % width);
        let grain = (chance.bits() >> 60) as f64;
        store(120.0 + 20.0 * (i % colours) as f64 + 60.0 * rows[row] * columns[column] + grain)
    })
}

fn of_one(value: f64) -> [u8; 4] {
    (value as f32 / 255.0).to_le_bytes()
}

fn walk(len: usize, chance: &mut Chance) -> Vec<u8> {
    let mut at = 0.0;
    each(len, |_| {
        at += chance.unit() - 0.5;
        at
    })
}

fn sound(len: usize, chance: &mut Chance) -> Vec<u8> {
    let angle = |i: usize| (i / 2) as f64 * [0.031, 0.047][i % 2];
    elements(len, |i| ((9000.0 * angle(i).sin() + 90.0 * chance.normal()) as i16).to_le_bytes())
}

fn noise(len: usize, chance: &mut Chance) -> Vec<u8> {
    elements(len, |_| chance.bits().to_le_bytes())
}
