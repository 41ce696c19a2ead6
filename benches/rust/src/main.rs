//! What is measured from Rust: `ndbytes-bench OUT [REGEX] [--quick]` adds one JSON line per case
//! to OUT.

mod measure;

use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write;

use measure::{Contestant, Effort, FULL, QUICK, measure};
use ndarray::{Array2, ArrayViewD};
use ndarray_npy::{ReadNpyExt, ViewNpyExt, WriteNpyExt};
use npyz::WriterBuilder;
use regex_lite::Regex;

const SMALL: usize = 28;
const LARGE: usize = 5000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word == "--quick");
    let effort = if flags.is_empty() { FULL } else { QUICK };
    let path = words.first().ok_or("name the file that the lines are added to")?;
    let only = Regex::new(words.get(1).map_or("", String::as_str))?;
    let mut out = OpenOptions::new().append(true).create(true).open(path)?;
    for (key, run) in CASES {
        if only.is_match(key) {
            let record = run(key, effort);
            writeln!(out, "{record}")?;
            println!("  {}", summary(&record));
        }
    }
    Ok(())
}

type Run = fn(&str, Effort) -> serde_json::Value;

/// The keys are stable: targets and notes refer to them.
const CASES: &[(&str, Run)] = &[
    ("rust-read/28x28", |key, effort| view(key, "header and view, 28x28 float64", SMALL, effort)),
    ("rust-read/200MB", |key, effort| view(key, "header and view, 200 MB float64", LARGE, effort)),
    ("rust-read/200MB-owned", |key, effort| {
        owned(key, "200 MB float64, into an owned array", LARGE, effort)
    }),
    ("rust-write/28x28", |key, effort| write(key, "28x28 float64, into a `Vec`", SMALL, effort)),
    ("rust-write/200MB", |key, effort| write(key, "200 MB float64, into a `Vec`", LARGE, effort)),
];

fn array(side: usize) -> Array2<f64> {
    Array2::from_shape_fn((side, side), |(row, column)| (row * side + column) as f64 * 0.1)
}

fn view(key: &str, title: &str, side: usize, effort: Effort) -> serde_json::Value {
    let array = array(side);
    let bytes = ndbytes::array_to_bytes(&array).expect("npy holds float64");
    let dynamic = array.view().into_dyn();
    let ours = || {
        let found = ndbytes::bytes_to_array(black_box(&bytes)).expect("it is npy");
        assert!(found.view::<f64>().is_ok_and(|view| view.shape() == dynamic.shape()));
    };
    let theirs = || {
        let view = ArrayViewD::<f64>::view_npy(black_box(&bytes)).expect("it is npy");
        assert_eq!(view.shape(), dynamic.shape());
    };
    // It has no view: this is the header alone.
    let header = || {
        let file = npyz::NpyFile::new(black_box(&bytes[..])).expect("it is npy");
        assert_eq!(file.shape().len(), 2);
    };
    let contestants = vec![
        contestant("ndbytes", "ours", ours),
        contestant("ndarray-npy", "peer", theirs),
        contestant("npyz (header alone)", "peer", header),
    ];
    measure(key, title, bytes.len(), contestants, effort)
}

fn owned(key: &str, title: &str, side: usize, effort: Effort) -> serde_json::Value {
    let array = array(side);
    let elements = array.as_slice().expect("it is contiguous");
    let mut warm = vec![1.0; elements.len()];
    let bytes = ndbytes::array_to_bytes(&array).expect("npy holds float64");
    let ours = || {
        let found = ndbytes::bytes_to_array(black_box(&bytes)).expect("it is npy");
        black_box(found.to_owned_array::<f64>().expect("it is float64"));
    };
    let theirs = || {
        let found = Array2::<f64>::read_npy(black_box(&bytes[..])).expect("it is npy");
        black_box(found);
    };
    let npyz = || {
        let file = npyz::NpyFile::new(black_box(&bytes[..])).expect("it is npy");
        black_box(file.into_vec::<f64>().expect("it is float64"));
    };
    let mut contestants = vec![
        contestant("ndbytes", "ours", ours),
        contestant("ndarray-npy", "peer", theirs),
        contestant("npyz", "peer", npyz),
    ];
    contestants.extend(limits(elements, &mut warm));
    measure(key, title, bytes.len(), contestants, effort)
}

fn write(key: &str, title: &str, side: usize, effort: Effort) -> serde_json::Value {
    let array = array(side);
    let elements = array.as_slice().expect("it is contiguous");
    let mut warm = vec![1.0; elements.len()];
    let length = ndbytes::array_to_bytes(&array).expect("npy holds float64").len();
    let ours = || {
        black_box(ndbytes::array_to_bytes(black_box(&array)).expect("npy holds float64"));
    };
    // The peers get their memory in one piece too.
    let theirs = || {
        let mut out = Vec::with_capacity(length);
        black_box(&array).write_npy(&mut out).expect("npy holds float64");
        assert_eq!(black_box(out).len(), length);
    };
    let npyz = || {
        let mut out = Vec::with_capacity(length);
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[side as u64, side as u64])
            .writer(&mut out)
            .begin_nd()
            .expect("memory takes it");
        writer.extend(black_box(elements)).expect("memory takes it");
        writer.finish().expect("memory takes it");
        black_box(out);
    };
    let mut contestants = vec![
        contestant("ndbytes", "ours", ours),
        contestant("ndarray-npy", "peer", theirs),
        contestant("npyz", "peer", npyz),
    ];
    contestants.extend(limits(elements, &mut warm));
    measure(key, title, length, contestants, effort)
}

/// What the machine allows.
fn limits<'a>(elements: &'a [f64], warm: &'a mut [f64]) -> [Contestant<'a>; 2] {
    let memcpy = move || black_box(&mut *warm).copy_from_slice(black_box(elements));
    let fresh = move || {
        black_box(black_box(elements).to_vec());
    };
    [
        contestant("a warm memcpy", "limit", memcpy),
        contestant("a copy into fresh memory, `to_vec()`", "limit", fresh),
    ]
}

fn contestant<'a>(
    name: &'static str,
    kind: &'static str,
    run: impl FnMut() + 'a,
) -> Contestant<'a> {
    Contestant { name, kind, run: Box::new(run) }
}

fn summary(record: &serde_json::Value) -> String {
    let mut cells = Vec::new();
    for one in record["contestants"].as_array().into_iter().flatten() {
        let (name, ratio) = (one["name"].as_str().unwrap_or(""), one["ratio"][1].as_f64());
        cells.push(match one["kind"].as_str() {
            Some("ours") => format!("{:.3e} s", one["seconds"].as_f64().unwrap_or(0.0)),
            _ => format!("{name} {:.2}x", ratio.unwrap_or(0.0)),
        });
    }
    format!("{}: {}", record["key"].as_str().unwrap_or(""), cells.join(", "))
}
