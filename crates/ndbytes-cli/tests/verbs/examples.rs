//! The examples of every `--help`, run as they stand.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ndbytes::pickle;
use ndbytes::{Array, DType, Field, Kind, Layout, Order, Source, Struct, npy, npz};

use crate::{run, verbs};

/// Commands that examples name and that are not ours: what they would do, to what is here. Those of
/// the second list are only stood in for where they are missing.
const OTHERS: [(&str, &str); 4] = [
    ("curl", "cat x.npy"),
    ("ssh", "shift; exec \"$@\""),
    ("nc", "cat > /dev/null"),
    ("man", "cat > /dev/null"),
];
const MAYBE_MISSING: [(&str, &str); 1] = [("jq", "cat > /dev/null")];

#[test]
fn examples_do_what_they_say() {
    let mut examples = BTreeSet::new();
    for verb in verbs().iter().map(Some).chain([None]) {
        let args = verb.map(String::as_str).into_iter().chain(["--help"]);
        let help = run(args).ends(0).text().to_owned();
        let found = examples_in(&help);
        assert!(!found.is_empty(), "{verb:?} has examples");
        examples.extend(found);
    }
    assert!(examples.len() > 30, "{examples:?}");
    let mut wrong = Vec::new();
    for example in &examples {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        if let Err(why) = run_example(example, folder.path()) {
            wrong.push(format!("$ {example}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands below `Examples:`; what stands beside some of them is apart by spaces.
fn examples_in(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.map_while(|line| line.strip_prefix("  ").filter(|line| !line.is_empty()));
    lines.map(|line| line.split("   ").next().unwrap_or(line).trim_end().to_owned()).collect()
}

fn run_example(example: &str, folder: &Path) -> Result<(), String> {
    let words: Vec<&str> = example.split_whitespace().collect();
    // What is written is not there before.
    let outputs = words.windows(4).filter(|words| words[..2] == ["ndbytes", "convert"]);
    for output in outputs.map(|words| words[3]).filter(|output| !output.starts_with('-')) {
        let _ = fs::remove_file(folder.join(output));
    }
    let program = Path::new(env!("CARGO_BIN_EXE_ndbytes")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{}:{path}", folder.join("bin").display(), program.display());
    let done = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {example}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder.join("home"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    // Differences were found, as they should be.
    let expected: &[i32] = if example.contains(" diff ") { &[0, 1] } else { &[0] };
    match done.status.code() {
        Some(code) if expected.contains(&code) && !said.contains("Hint:") => Ok(()),
        code => Err(format!("exit code {code:?}: {said}")),
    }
}

/// An array of structures, as npy.
fn stars() -> Vec<u8> {
    let field = |name: &str, offset| Field {
        name: name.into(),
        title: None,
        dtype: DType::from_typestr("<f4").unwrap(),
        shape: Default::default(),
        levels: Default::default(),
        offset,
    };
    let fields = vec![field("mass", 0), field("age", 4)];
    let dtype = DType::native(Kind::Struct(Struct::new(fields, 8, false).unwrap().into()));
    let mut bytes = npy::write_header(&dtype, &[100], Order::C, None).unwrap();
    bytes.extend((0..200).flat_map(|i| (i as f32).to_le_bytes()));
    bytes
}

/// The files that the examples name.
fn fill(folder: &Path) {
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    let numbers: Vec<f32> = (0..784).map(|i| (i as f32 * 0.1).sin() * 100.0).collect();
    let image = Array::from_slice(&numbers, &[28, 28]).unwrap();
    let raw = image.to_bytes(Order::C);
    let bytes: Vec<u8> = numbers.iter().map(|number| (number + 100.0) as u8).collect();
    let others: Vec<f32> = numbers.iter().map(|number| number + 0.5).collect();
    let other = Array::from_slice(&others, &[28, 28]).unwrap();
    let bias = Array::from_slice(&numbers[..28], &[28]).unwrap();
    let fortran = Layout::contiguous(&[28, 28], 4, Order::F).unwrap();
    let fortran = Array::new(image.dtype().clone(), fortran, Source::slice(&raw)).unwrap();
    for name in ["x.npy", "a.npy", "old.npy"] {
        write(name, npy::write(image.clone()).unwrap());
    }
    for name in ["b.npy", "new.npy"] {
        write(name, npy::write(other.clone()).unwrap());
    }
    write("bias.npy", npy::write(bias.clone()).unwrap());
    write("heights.npy", npy::write(image.clone()).unwrap());
    let images = Array::from_slice(&numbers, &[8, 14, 7]).unwrap();
    for name in ["images.npy", "volume.npy"] {
        write(name, npy::write(images.clone()).unwrap());
    }
    write("stars.npy", stars());
    write("fortran.npy", npy::write(fortran).unwrap());
    write("x.raw", raw.clone());
    write("b.raw", raw.clone());
    write("mystery.bin", bytes.clone());
    write("scan.raw", vec![7; 512 * 2 * 3]);
    write("scan.dat", [&[0; 352][..], &bytes].concat());
    write("x.bin", [&[b' '; 2880][..], &[7; 512 * 2 * 3]].concat());
    let archive = |arrays: &[(&str, Array<'_>)]| npz::write(arrays, &Default::default()).unwrap();
    for name in ["several.npz", "slow.npz", "packed.npz", "old.npz", "new.npz", "x.npz"] {
        let arrays = [("x", image.clone()), ("y", other.clone()), ("weights", image.clone())];
        write(name, archive(&arrays));
    }
    write("images.npz", archive(&[("x", images)]));
    write("weights.npz", archive(&[("weights", image.clone()), ("bias", bias)]));
    for name in ["old.pkl", "b.pkl"] {
        write(name, pickle::write(image.clone()).unwrap());
    }
    let zipped = Command::new("gzip").arg("-c").arg(folder.join("x.npy")).output().unwrap().stdout;
    write("x.npy.gz", zipped);
    let home = folder.join("home");
    for place in [".zfunc", ".config/fish/completions", ".local/share/bash-completion/completions"]
    {
        fs::create_dir_all(home.join(place)).unwrap();
    }
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let missing = MAYBE_MISSING.iter().filter(|(name, _)| {
        Command::new(name).arg("--version").stdout(Stdio::null()).status().is_err()
    });
    for (name, script) in OTHERS.iter().chain(missing) {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
