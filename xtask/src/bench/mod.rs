//! `cargo xtask bench`: ndbytes against what a user would pick instead.
//!
//! The scripts in benches/python and the crate benches/rust measure, and write one JSON line per
//! case; what these lines come to, and all text about it, is here.

mod instructions;
mod machine;
mod measured;
mod notes;
mod numbers;
mod page;
mod plot;
mod sweep;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::args::Args;
use crate::process::{self, Result};
use crate::python::{self, Contents, Environment, Interpreter};
use crate::workspace::Workspace;
use measured::Measured;

const PEERS: &str = include_str!("../../python/bench.txt");
/// The line of that file behind which stands what may be missing.
const OPTIONAL: &str = "# optional";

#[derive(Debug, Default)]
struct Options {
    quick: bool,
    only: Option<String>,
    /// What is measured replaces what the page has of it.
    again: bool,
    data: Option<PathBuf>,
}

pub(crate) fn command(workspace: &Workspace, mut args: Args) -> Result {
    let again = args.text("--again")?;
    let options = Options {
        quick: args.flag("--quick"),
        again: again.is_some(),
        only: args.text("--only")?.or(again),
        data: args.text("--data")?.map(|path| std::path::absolute(path).unwrap_or_default()),
    };
    let (render, count, check) =
        (args.flag("--render"), args.flag("--instructions"), args.flag("--check"));
    args.words(&[])?;
    if options.data.as_ref().is_some_and(|folder| !folder.is_dir()) {
        return Err("--data asks for a folder of npy files".into());
    }
    match (render, count, check) {
        (true, _, _) => publish(workspace),
        (_, true, _) => instructions::record(workspace, &environment(workspace)?),
        (_, _, true) => instructions::check(workspace, &environment(workspace)?),
        _ => measure(workspace, &options),
    }
}

/// Everything, into the pages; or what was asked for, into the target folder.
fn measure(workspace: &Workspace, options: &Options) -> Result {
    let start = Instant::now();
    let environment = environment(workspace)?;
    let rust = rust_crate(workspace, "ndbytes-bench")?;
    let out = workspace.scratch("bench")?.join("measured.jsonl");
    write(&out, &machine::facts().to_string())?;

    // Rust comes first: files from Python fill the memory with what the system keeps of them.
    println!("\nfrom Rust: time, and what the others take as a multiple of it");
    machine::gather_memory();
    let mut command = Command::new(&rust);
    command.arg(&out).arg(options.only.as_deref().unwrap_or(""));
    process::run(command.args(options.quick.then_some("--quick")))?;
    println!("\nfrom Python");
    machine::gather_memory();
    process::run(&mut script(workspace, &environment, options, &out, &[]))?;
    println!("\ncost against size");
    machine::gather_memory();
    process::run(&mut script(workspace, &environment, options, &out, &["--sweep"]))?;

    let measured = Measured::read(&out)?;
    println!("\n{}", targets::summary(&measured));
    let kept = docs(workspace).join("measured.jsonl");
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    if options.again && !options.quick {
        write(&kept, &measured::renewed(&read(&kept)?, &read(&out)?)?)?;
        publish(workspace)?;
    } else if options.quick || options.only.is_some() {
        let folder = workspace.scratch("bench")?;
        write_pages(&measured, &folder.join("benchmarks.md"), instructions::recorded(workspace))?;
        println!("not in docs, since it is not all: {}", folder.join("benchmarks.md").display());
    } else {
        fs::create_dir_all(docs(workspace)).map_err(|error| error.to_string())?;
        fs::copy(&out, &kept).map_err(|error| format!("{}: {error}", kept.display()))?;
        publish(workspace)?;
    }
    println!("measured in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// docs/benchmarks.md and its drawings, from what was measured last.
fn publish(workspace: &Workspace) -> Result {
    let measured = Measured::read(&docs(workspace).join("measured.jsonl"))?;
    let page = workspace.root.join("docs/benchmarks.md");
    write_pages(&measured, &page, instructions::recorded(workspace))?;
    println!("written: docs/benchmarks.md");
    Ok(())
}

fn write_pages(
    measured: &Measured,
    page: &Path,
    instructions: Option<instructions::Record>,
) -> Result {
    let folder = page.with_extension("");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for verb in sweep::VERBS {
        if let Some(drawing) = sweep::drawing(measured, verb) {
            write(&folder.join(format!("{verb}.svg")), &drawing)?;
        }
    }
    write(page, &page::render(measured, instructions.as_ref()))
}

/// The environment with the peers, and ndbytes as it is built for release.
fn environment(workspace: &Workspace) -> Result<Environment> {
    let (needed, optional) = PEERS.split_at(PEERS.find(OPTIONAL).unwrap_or(PEERS.len()));
    let contents = Contents {
        requirements: python::requirements(needed),
        optional: python::requirements(optional),
        imports: "msgpack_numpy, ml_dtypes, numpy, pyarrow, safetensors",
    };
    let interpreter = Interpreter::main()?;
    let environment = Environment::ready(workspace, "bench", &interpreter, &contents, false)?;
    let wheel = python::wheel(workspace, &python::tools(workspace, false)?)?;
    environment.install(&wheel)?;
    Ok(environment)
}

/// A program of benches/rust, built for release: a workspace of its own, as its peers are no
/// dependencies of ours.
fn rust_crate(workspace: &Workspace, program: &str) -> Result<PathBuf> {
    let target = workspace.target.join("bench");
    let manifest = ["--manifest-path", "benches/rust/Cargo.toml"];
    // Not --locked: its lock file follows the core's dependencies by itself, and keeps the peers'.
    let mut build = workspace.cargo(&["build", "--release", "--bin", program]);
    process::run(build.args(manifest).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release").join(program).with_extension(std::env::consts::EXE_EXTENSION))
}

fn script(
    workspace: &Workspace,
    environment: &Environment,
    options: &Options,
    out: &Path,
    more: &[&str],
) -> Command {
    let mut python = environment.python();
    python.arg(workspace.root.join("benches/python/run.py")).arg(out).args(more);
    python.arg("--fixtures").arg(workspace.root.join("fixtures/real/npy"));
    if let Some(folder) = &options.data {
        python.arg("--data").arg(folder);
    }
    if let Some(only) = &options.only {
        python.args(["--only", only]);
    }
    python.args(options.quick.then_some("--quick"));
    python
}

fn docs(workspace: &Workspace) -> PathBuf {
    workspace.root.join("docs/benchmarks")
}

fn write(path: &Path, text: &str) -> Result {
    let text = format!("{}\n", text.trim_end());
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
