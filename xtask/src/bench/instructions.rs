//! How many instructions the shortest ways take, counted by callgrind and held to a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::machine;
use crate::process::{self, Result};
use crate::python::Environment;
use crate::workspace::Workspace;

/// In hundredths, what a count may grow to.
const MOST: u64 = 102;
/// Every path runs so often, and the one that is counted so much more often.
const ALL: u64 = 200;
const COUNTED: u64 = 5000;

const PYTHON: &[(&str, &str)] = &[
    ("encode", "Python, `array_to_bytes(x)`"),
    ("decode", "Python, `bytes_to_array(b)`"),
    ("tobytes", "Python, `tobytes(x)`"),
    ("frombuffer", "Python, `frombuffer(raw, dtype, shape)`"),
    ("numpy_tobytes", "NumPy, `x.tobytes()`"),
    ("numpy_frombuffer", "NumPy, `np.frombuffer(raw, dtype).reshape(shape)`"),
];
const RUST: &[(&str, &str)] = &[
    ("write", "Rust, `npy::write(&array)`"),
    ("header", "Rust, `npy::Header::read(&bytes, &limits)`"),
    ("view", "Rust, `bytes_to_array(&bytes)`, then `view::<f64>()`"),
];

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// What else the counts hang on: compiler, interpreter, processor.
    pub(crate) made_with: BTreeMap<String, String>,
    pub(crate) counts: BTreeMap<String, u64>,
}

pub(crate) fn record(workspace: &Workspace, environment: &Environment) -> Result {
    let Some(counted) = count(workspace, environment)? else { return Ok(()) };
    let path = path(workspace);
    let text = serde_json::to_string_pretty(&counted.to_json()).map_err(|e| e.to_string())?;
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    counted.counts.iter().for_each(|(name, count)| println!("{count:8} {name}"));
    println!("recorded in docs/benchmarks/instructions.json");
    Ok(())
}

pub(crate) fn check(workspace: &Workspace, environment: &Environment) -> Result {
    let before = recorded(workspace)
        .ok_or("there is no record: cargo xtask bench --instructions makes one")?;
    let Some(now) = count(workspace, environment)? else { return Ok(()) };
    let (lines, grown) = compare(&before, &now);
    lines.iter().for_each(|line| println!("{line}"));
    let others = differences(&before, &now);
    if grown.is_empty() {
        return Ok(());
    }
    if !others.is_empty() {
        println!("not held against it, since the record was made otherwise: {}", others.join("; "));
        return Ok(());
    }
    Err(format!(
        "{}\nIf that is meant, record it: cargo xtask bench --instructions",
        grown.join("\n")
    ))
}

/// The record that is kept, if there is one.
pub(crate) fn recorded(workspace: &Workspace) -> Option<Record> {
    let text = std::fs::read_to_string(path(workspace)).ok()?;
    Record::from_json(&serde_json::from_str(&text).ok()?)
}

/// `None` without valgrind.
fn count(workspace: &Workspace, environment: &Environment) -> Result<Option<Record>> {
    let Ok(valgrind) = process::output(Command::new("valgrind").arg("--version")) else {
        println!("instructions are not counted: valgrind was not found (apt install valgrind)");
        return Ok(None);
    };
    let rust = super::rust_crate(workspace, "small_paths")?;
    let script = workspace.root.join("benches/python/small_paths.py");
    let python = environment.program("python");
    let python: [&Path; 2] = [&python, &script];
    let out = workspace.scratch("bench")?.join("callgrind.out");

    let mut counts = BTreeMap::new();
    for (program, paths) in [(&python[..], PYTHON), (&[rust.as_path()][..], RUST)] {
        println!("counting: {}", paths.iter().map(|path| path.0).collect::<Vec<_>>().join(", "));
        let base = total(program, paths, None, &out)?;
        for &(path, name) in paths {
            let more = total(program, paths, Some(path), &out)?;
            let each = more.saturating_sub(base) as f64 / COUNTED as f64;
            counts.insert(name.to_owned(), each.round() as u64);
        }
    }
    let question = "import numpy, platform; print(platform.python_version(), numpy.__version__)";
    let said = process::output(environment.python().args(["-c", question]))?;
    let (interpreter, numpy) = said.trim().split_once(' ').unwrap_or((said.trim(), "unknown"));
    let made_with = [
        ("rustc", machine::rustc()),
        ("Python", interpreter.to_owned()),
        ("NumPy", numpy.to_owned()),
        ("valgrind", valgrind.trim().trim_start_matches("valgrind-").to_owned()),
        ("processor", machine::features()),
    ];
    let made_with = made_with.map(|(name, value)| (name.to_owned(), value));
    Ok(Some(Record { made_with: made_with.into(), counts }))
}

/// All instructions of a run in which the path `more` is repeated more often.
fn total(program: &[&Path], paths: &[(&str, &str)], more: Option<&str>, out: &Path) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet", "--error-exitcode=1"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args(program)
        .envs([("OPENBLAS_NUM_THREADS", "1"), ("PYTHONHASHSEED", "0")])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONPATH");
    for (path, _) in paths {
        let loops = if more == Some(*path) { ALL + COUNTED } else { ALL };
        // As many digits each time, so that reading them takes as many instructions.
        valgrind.arg(format!("{path}={loops:06}"));
    }
    process::output(&mut valgrind)?;
    let text =
        std::fs::read_to_string(out).map_err(|error| format!("{}: {error}", out.display()))?;
    totals(&text).ok_or_else(|| "callgrind said no total".into())
}

/// The sum that a callgrind file ends with.
fn totals(file: &str) -> Option<u64> {
    let line = file.lines().rev().find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

/// A line for each path, and those that grew too much.
fn compare(before: &Record, now: &Record) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut grown) = (Vec::new(), Vec::new());
    for (name, &count) in &now.counts {
        let Some(&old) = before.counts.get(name) else {
            grown.push(format!("{name}: {count} instructions, and there is no record of it"));
            continue;
        };
        let growth = (count as f64 / old.max(1) as f64 - 1.0) * 100.0;
        let line = format!("{name}: {old} instructions recorded, {count} now ({:+.1} %)", growth);
        // NumPy's own are there to compare with, not to be kept.
        if count * 100 > old * MOST && !name.starts_with("NumPy") {
            grown.push(line.clone());
        }
        lines.push(line);
    }
    (lines, grown)
}

/// What the counts hang on besides our code, where it is not as it was.
fn differences(before: &Record, now: &Record) -> Vec<String> {
    let old = |name: &str| before.made_with.get(name).map_or("unknown", String::as_str);
    now.made_with
        .iter()
        .filter(|(name, value)| old(name) != *value)
        .map(|(name, value)| format!("{name} {} then, {value} now", old(name)))
        .collect()
}

impl Record {
    fn to_json(&self) -> Value {
        json!({ "made with": self.made_with, "instructions": self.counts })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let made_with = value["made with"].as_object()?.iter();
        let counts = value["instructions"].as_object()?.iter();
        Some(Self {
            made_with: made_with
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
            counts: counts
                .map(|(name, value)| Some((name.clone(), value.as_u64()?)))
                .collect::<Option<_>>()?,
        })
    }
}

fn path(workspace: &Workspace) -> PathBuf {
    super::docs(workspace).join("instructions.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(count: u64, rustc: &str) -> Record {
        Record {
            made_with: [("rustc".to_owned(), rustc.to_owned())].into(),
            counts: [("encode".to_owned(), count), ("NumPy, x".to_owned(), count)].into(),
        }
    }

    #[test]
    fn growth_over_two_percent_is_too_much() {
        let grown = |now| compare(&record(1000, "1"), &record(now, "1")).1;
        assert!(grown(1020).is_empty() && grown(500).is_empty());
        assert_eq!(grown(1021), ["encode: 1000 instructions recorded, 1021 now (+2.1 %)"]);
        assert!(!compare(&Record::default(), &record(1, "1")).1.is_empty());
    }

    #[test]
    fn what_else_differs_is_said() {
        assert!(differences(&record(1, "1"), &record(2, "1")).is_empty());
        let said = differences(&record(1, "1.95.0"), &record(1, "1.96.0"));
        assert_eq!(said, ["rustc 1.95.0 then, 1.96.0 now"]);
    }

    #[test]
    fn records_are_read_as_written() {
        let record = record(12, "1");
        assert_eq!(Record::from_json(&record.to_json()), Some(record));
        assert_eq!(Record::from_json(&json!({})), None);
        assert_eq!(totals("events: Ir\n1 2\ntotals: 345\n"), Some(345));
    }
}
