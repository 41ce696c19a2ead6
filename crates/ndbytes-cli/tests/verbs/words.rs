//! What is said is said in the words of the terminal: the library's hints are for programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{run, str};

/// What only a program can do something with.
const FOR_PROGRAMS: [&str; 11] = [
    "(data",
    "data)",
    "numpy.",
    "np.",
    "x.",
    "ndbytes.",
    "ndbytes::",
    "Limits(",
    "=...",
    "`",
    " offset=",
];

#[track_caller]
fn is_for_people(hint: &str, place: &str) {
    let found = FOR_PROGRAMS.iter().find(|&&word| hint.contains(word));
    assert_eq!(found, None, "{place}: {hint}");
}

fn files_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_in(&path, found),
            false if path.ends_with("expected.json") => {}
            false => found.push(path),
        }
    }
}

#[test]
fn no_hint_of_a_hostile_file_is_for_programs() {
    let mut files = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    files_in(&fixtures.join("hostile"), &mut files);
    assert!(files.len() > 500);
    let mut hints = BTreeMap::new();
    for verb in ["inspect", "verify"] {
        let args = [verb, "--json"].into_iter().chain(files.iter().map(|file| str(file)));
        for told in run(args).json() {
            let faults = told["faults"].as_array().into_iter().flatten();
            for error in faults.chain([&told["error"]]) {
                if let Some(hint) = error["hint"].as_str() {
                    is_for_people(hint, verb);
                    hints.insert(without_numbers(hint), told["file"].as_str().unwrap().to_owned());
                }
            }
        }
    }
    assert!(hints.len() > 15, "{hints:?}");
    // Whoever builds the arrays may say more of a file than who looks at it.
    let folder = tempfile::tempdir().unwrap();
    for file in hints.values() {
        for name in ["x.npy", "x.pkl", "x.npz"] {
            let out = folder.path().join(name);
            let told = run(["convert", file, str(&out), "--force"]);
            if let Some((_, hint)) = told.err.split_once("Hint: ") {
                is_for_people(hint, "convert");
            }
        }
    }
}

fn without_numbers(hint: &str) -> String {
    hint.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[test]
fn what_does_not_fit_raw_bytes_is_told_in_options() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waves.raw");
    let waves = (0..6000_u16).flat_map(|i| (f32::from(i) * 0.02).sin().to_le_bytes());
    fs::write(&path, waves.collect::<Vec<u8>>()).unwrap();
    let told = |options: &[&str]| {
        let out = folder.path().join("x.npy");
        let args = ["convert", str(&path), str(&out)].into_iter().chain(options.iter().copied());
        let err = run(args).ends(2).err;
        let hint = err.split_once("Hint: ").unwrap().1.trim_end().to_owned();
        is_for_people(&hint, "convert");
        hint
    };
    assert_eq!(
        told(&["--dtype", "f8", "--shape", "6000"]),
        "they look like float32, 2 elements for each one: --dtype '<f4' --shape 6000; this shape would \
         fit int32, uint32, float32; shape (3000,) would fit float64"
    );
    let swapped = told(&["--dtype", ">f4", "--shape", "60,99"]);
    assert!(
        swapped.starts_with("they look byte-swapped, like float32: --dtype '<f4'"),
        "{swapped}"
    );
    let skipped = told(&["--dtype", "u2", "--offset", "3"]);
    assert!(
        skipped.contains("or --offset 4 to skip 1 byte at the start, --count 11998 to leave out")
    );
    let unsaid = told(&[]);
    assert!(
        unsaid.starts_with("if they are bare elements, say of what kind, such as --dtype"),
        "{unsaid}"
    );
    // The same words of the files themselves.
    for verb in ["show", "convert"] {
        let page = folder.path().join("x.html");
        fs::write(&page, "<html><body>not found</body></html>").unwrap();
        let out = folder.path().join("y.npy");
        let args = [verb, str(&page), str(&out)];
        let told = run(&args[..if verb == "show" { 2 } else { 3 }]).ends(2);
        assert!(told.err.contains("Hint: this is an HTML page: "), "{}", told.err);
    }
    let said: Value = run(["verify", "--json", str(&path)]).ends(1).json().remove(0);
    is_for_people(said["faults"][0]["hint"].as_str().unwrap(), "verify");
}
