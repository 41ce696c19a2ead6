//! What needs a nightly toolchain, on demand: fuzzing, Miri, AddressSanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Args;
use crate::process::{self, Result};
use crate::workspace::Workspace;

const SECONDS: u64 = 60;
/// The one target that is no program of fuzz/: its other reader is Python.
const AGAINST_PYTHON: &str = "pickle_against_python";

/// Each target that is asked for, or all, one after the other.
pub(crate) fn fuzz(workspace: &Workspace, mut args: Args) -> Result {
    let seconds = args.number("--seconds")?.unwrap_or(SECONDS);
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let mut targets: Vec<String> = std::fs::read_dir(&folder)
        .map_err(|_| "there are no fuzz targets (fuzz/fuzz_targets)")?
        .flatten()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    targets.push(AGAINST_PYTHON.into());
    targets.sort();
    let known: Vec<&str> = targets.iter().map(String::as_str).collect();
    let asked = args.words(&known)?;

    cargo(workspace, "fuzz", "cargo install --locked cargo-fuzz")?;
    for target in if asked.is_empty() { &targets } else { &asked } {
        if target == AGAINST_PYTHON {
            process::run(&mut against_python(workspace, seconds)?)?;
            continue;
        }
        let limit = format!("-max_total_time={seconds}");
        let mut command = nightly(workspace, &["fuzz", "run", target]);
        // What is found goes into the first folder; the others are only read.
        let found = workspace.root.join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&found).map_err(|error| error.to_string())?;
        command.arg(found).args(seeds(workspace, target)).args(["--", &limit]);
        command.env("CARGO_TARGET_DIR", workspace.target.join("fuzz"));
        process::run(&mut command)?;
    }
    Ok(())
}

/// Random programs of plain data, read by Python's own unpickler and here, for as long.
fn against_python(workspace: &Workspace, seconds: u64) -> Result<Command> {
    let mut python = crate::test::main_python(workspace)?;
    let tests = workspace.root.join("crates/ndbytes-python/tests");
    python.arg(tests.join("test_pickle_differential.py")).arg(seconds.to_string());
    // Another start each time, which is shown with the command.
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    python.arg(seed.map_or(1, |since| since.as_secs()).to_string());
    Ok(python)
}

/// The folders of fixtures that a target starts from, which takes bytes as they are.
fn seeds(workspace: &Workspace, target: &str) -> Vec<PathBuf> {
    let formats: &[&str] = match target {
        "decode" => &["npy", "npz", "pickle"],
        "npz_decode" => &["npz"],
        "pickle_decode" => &["pickle"],
        _ => &[],
    };
    let fixtures = workspace.root.join("fixtures");
    let mut folders = Vec::new();
    for kind in ["golden", "hostile", "real"] {
        for format in formats {
            let folder = fixtures.join(kind).join(format);
            let inside = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            folders.extend(inside.map(|entry| entry.path()).filter(|path| path.is_dir()));
            folders.extend(folder.is_dir().then_some(folder));
        }
    }
    folders
}

/// The unit tests of `array`, where the unsafe code is. Files and the clock are let in, since
/// proptest looks for its regressions.
pub(crate) fn miri(workspace: &Workspace, args: Args) -> Result {
    let filters = args.passed_on.clone();
    args.words(&[])?;
    let remedy = "rustup +nightly component add miri rust-src (or run cargo xtask sanitize)";
    cargo(workspace, "miri", remedy)?;
    let mut command = nightly(workspace, &["miri", "test", "-p", "ndbytes", "--lib", "--"]);
    command.args(if filters.is_empty() { vec!["array::".to_owned()] } else { filters });
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    command.env("CARGO_TARGET_DIR", workspace.target.join("miri"));
    process::run(&mut command)
}

/// The tests under AddressSanitizer: the core's, which are also searched for leaks, and Python's,
/// with the package's native part built for it.
pub(crate) fn sanitize(workspace: &Workspace, mut args: Args) -> Result {
    let filters = std::mem::take(&mut args.passed_on);
    let halves = args.words(&["rust", "python"])?;
    let asked = |half: &str| halves.is_empty() || halves.iter().any(|word| word == half);
    toolchain(workspace)?;
    let said = process::output(Command::new("rustc").args(["+nightly", "-vV"]))?;
    let host = said
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc does not name its host")?;
    // With --target, build scripts and procedural macros are left as they are: only what is
    // tested carries the sanitizer, and the standard library needs no rebuilding.
    let sanitized = |args: &[&str]| {
        let mut command = nightly(workspace, args);
        command.args(["--locked", "--target", host]).env("RUSTFLAGS", "-Zsanitizer=address");
        command.env("CARGO_TARGET_DIR", workspace.target.join("sanitize"));
        command
    };
    if asked("rust") {
        let mut tests = sanitized(&["test", "-p", "ndbytes", "--lib", "--tests"]);
        process::run(tests.arg("--").args(&filters))?;
    }
    if asked("python") {
        let features = ["--features", "extension-module"];
        process::run(sanitized(&["build", "-p", "ndbytes-python"]).args(features))?;
        let built = workspace.target.join("sanitize").join(host).join("debug/lib_native.so");
        sanitize_python(workspace, &built, &filters)?;
    }
    Ok(())
}

/// Python's tests with this build of the native part. The interpreter itself is not built for the
/// sanitizer, so that it has to be given its runtime; and it is to take memory where the sanitizer
/// sees it. What it does not give back at its end is not looked for.
fn sanitize_python(workspace: &Workspace, built: &Path, filters: &[String]) -> Result {
    let folder = workspace.scratch("sanitized")?;
    let package = workspace.scratch("sanitized/ndbytes")?;
    let sources = workspace.root.join("crates/ndbytes-python/python/ndbytes");
    let copy = |from: &Path, to: &Path| match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{}: {error}", from.display())),
    };
    for file in std::fs::read_dir(sources).into_iter().flatten().flatten() {
        if file.path().is_file() {
            copy(&file.path(), &package.join(file.file_name()))?;
        }
    }
    copy(built, &package.join("_native.abi3.so"))?;
    let runtime = process::output(Command::new("cc").arg("-print-file-name=libasan.so"))?;
    let runtime = runtime.trim();
    if !Path::new(runtime).is_absolute() {
        return Err("the C compiler has no runtime of AddressSanitizer (libasan.so)".into());
    }
    let mut tests = crate::test::of_main_pair(workspace)?;
    tests
        .env("PYTHONPATH", folder)
        .env("PYTHONMALLOC", "malloc")
        // Python asks for more memory than there is where a pickle says so; some tests measure it.
        .env("ASAN_OPTIONS", "detect_leaks=0:quarantine_size_mb=8:allocator_may_return_null=1")
        .env("LD_PRELOAD", runtime)
        // What the sanitizer says goes past Python.
        .args(["--capture=sys", "-k", "not huge"])
        .args(filters);
    process::run(&mut tests)
}

fn nightly(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    // What the outer cargo set would choose its toolchain again.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    command.arg("+nightly").args(args).current_dir(&workspace.root);
    command
}

fn toolchain(workspace: &Workspace) -> Result {
    match process::works(&mut nightly(workspace, &["--version"])) {
        true => Ok(()),
        false => Err("a nightly toolchain is needed: rustup toolchain install nightly".into()),
    }
}

/// Whether nightly has that subcommand, and how to get it when it has not.
fn cargo(workspace: &Workspace, subcommand: &str, remedy: &str) -> Result {
    toolchain(workspace)?;
    match process::works(&mut nightly(workspace, &[subcommand, "--version"])) {
        true => Ok(()),
        false => Err(format!("cargo {subcommand} is not installed: {remedy}")),
    }
}
