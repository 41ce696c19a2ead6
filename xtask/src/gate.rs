//! `cargo xtask check`: the gate. All steps run, then all failures are listed together.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::process::{self, Result};
use crate::python::{self, Contents, Environment, Interpreter};
use crate::test::{self, Options, Report};
use crate::workspace::Workspace;
use crate::{licences, recorded, tidy};

type Step = fn(&Gate<'_>) -> Result<Outcome>;

/// The quick to fail come first, the tests last, so that their closing lines end the log.
const STEPS: &[(&str, Step)] = &[
    ("format", format),
    ("tidy", |gate| tidy::check(gate.workspace).map(Outcome::passed)),
    ("licences", |gate| licences::check(gate.workspace).map(Outcome::passed)),
    ("clippy", clippy),
    ("docs", docs),
    ("bare", bare),
    ("portable", portable),
    ("readme", |gate| recorded::check(gate.workspace).map(Outcome::passed)),
    ("ruff", ruff),
    ("wheel", |gate| gate.wheel().map(|_| Outcome::default())),
    ("mypy", mypy),
    ("stubs", stubs),
    ("install", install),
    ("rust-tests", |gate| tests(test::rust(gate.workspace))),
    ("python-tests", |gate| tests(test::python(gate.workspace, &gate.wheel()?, &gate.options))),
];

/// Triples beside the host's for which the core and the command line must at least compile:
/// 32-bit, big-endian, and the other systems. Those installed are checked.
const OTHER_TARGETS: &[&str] = &[
    "i686-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-pc-windows-gnu",
];

struct Gate<'a> {
    workspace: &'a Workspace,
    options: Options,
    tools: OnceCell<Result<Environment>>,
    wheel: OnceCell<Result<PathBuf>>,
}

#[derive(Default)]
struct Outcome {
    skipped: bool,
    notes: Vec<String>,
}

pub(crate) fn command(workspace: &Workspace, mut args: Args) -> Result {
    let options = Options {
        quick: args.flag("--quick"),
        fresh: args.flag("--fresh"),
        pytest: std::mem::take(&mut args.passed_on),
    };
    let names: Vec<&str> = STEPS.iter().map(|&(name, _)| name).collect();
    let asked = args.words(&names)?;
    let steps: Vec<_> = STEPS
        .iter()
        .filter(|&&(name, _)| asked.is_empty() || asked.iter().any(|word| word == name))
        .collect();

    println!("gate: {} steps", steps.len());
    for (number, (name, _)) in (1..).zip(&steps) {
        println!("  {number:2} {name}");
    }
    let gate = Gate { workspace, options, tools: OnceCell::new(), wheel: OnceCell::new() };
    let mut results = Vec::new();
    for (number, (name, step)) in (1..).zip(&steps) {
        println!("\n=== {number}/{} {name}", steps.len());
        let start = Instant::now();
        let result = step(&gate);
        match &result {
            Ok(outcome) => outcome.notes.iter().for_each(|note| println!("{note}")),
            Err(why) => println!("{why}"),
        }
        results.push((*name, start.elapsed(), result));
    }
    conclude(&results)
}

fn conclude(results: &[(&str, Duration, Result<Outcome>)]) -> Result {
    let total: Duration = results.iter().map(|&(_, time, _)| time).sum();
    println!("\n=== gate: {} steps in {:.0} s", results.len(), total.as_secs_f64());
    for (number, (name, time, result)) in (1..).zip(results) {
        let word = match result {
            Ok(outcome) if outcome.skipped => "skipped",
            Ok(_) => "passed",
            Err(_) => "FAILED",
        };
        println!("  {number:2} {word:8}{:7.1} s  {name}", time.as_secs_f64());
        let notes = result.iter().flat_map(|outcome| &outcome.notes);
        notes.for_each(|note| println!("{:24}{note}", ""));
    }
    let failures: Vec<String> = results
        .iter()
        .filter_map(|(name, _, result)| Some(format!("{name}: {}", result.as_ref().err()?)))
        .collect();
    if failures.is_empty() {
        println!("gate: passed");
        return Ok(());
    }
    Err(format!("{} of {} steps failed\n{}", failures.len(), results.len(), failures.join("\n")))
}

impl Gate<'_> {
    fn tools(&self) -> Result<&Environment> {
        let made = self.tools.get_or_init(|| python::tools(self.workspace, self.options.fresh));
        made.as_ref().map_err(Clone::clone)
    }

    fn wheel(&self) -> Result<PathBuf> {
        self.wheel.get_or_init(|| python::wheel(self.workspace, self.tools()?)).clone()
    }

    /// A cargo step. The Python crate's build script asks an interpreter about itself, and
    /// should ask the same one each time, whatever is first on PATH.
    fn cargo(&self, args: &[&str], flags: Option<(&str, &str)>) -> Result<Outcome> {
        let mut command = self.workspace.cargo(args);
        command.env("PYO3_PYTHON", Interpreter::main()?.path).envs(flags);
        process::run(&mut command).map(|()| Outcome::default())
    }
}

impl Outcome {
    fn passed(note: String) -> Self {
        Self { skipped: false, notes: vec![note] }
    }
}

fn format(gate: &Gate<'_>) -> Result<Outcome> {
    process::run(&mut gate.workspace.cargo(&["fmt", "--all", "--check"]))?;
    // Workspaces of their own.
    for manifest in ["fuzz/Cargo.toml", "benches/rust/Cargo.toml"] {
        if gate.workspace.root.join(manifest).exists() {
            let args = ["fmt", "--manifest-path", manifest, "--check"];
            process::run(&mut gate.workspace.cargo(&args))?;
        }
    }
    Ok(Outcome::default())
}

fn clippy(gate: &Gate<'_>) -> Result<Outcome> {
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    gate.cargo(&args, None)
}

fn docs(gate: &Gate<'_>) -> Result<Outcome> {
    // Not the command line's: its binary has the library's name, and the pages would collide.
    let args = [
        "doc",
        "--no-deps",
        "--workspace",
        "--exclude",
        "ndbytes-cli",
        "--exclude",
        "xtask",
        "--locked",
    ];
    gate.cargo(&args, Some(("RUSTDOCFLAGS", "-D warnings")))
}

fn bare(gate: &Gate<'_>) -> Result<Outcome> {
    let package = ["-p", "ndbytes", "--no-default-features", "--locked"];
    gate.cargo(&[&["build"], &package[..]].concat(), None)?;
    // With its tests, so that they do not lean on a feature without saying so.
    gate.cargo(&[&["check", "--tests"], &package[..]].concat(), None)
}

fn portable(gate: &Gate<'_>) -> Result<Outcome> {
    let installed = |target: &str| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut library = std::process::Command::new(rustc);
        library.args(["--print", "target-libdir", "--target", target]);
        process::output(&mut library).is_ok_and(|folder| PathBuf::from(folder.trim()).is_dir())
    };
    let (here, missing): (Vec<&str>, Vec<&str>) =
        OTHER_TARGETS.iter().partition(|target| installed(target));
    for target in &here {
        let args = ["check", "-p", "ndbytes", "-p", "ndbytes-cli", "--locked", "--target", target];
        gate.cargo(&args, None)?;
    }
    let mut notes: Vec<String> = here.iter().map(|target| format!("{target}: checked")).collect();
    if !missing.is_empty() {
        notes.push(format!("not here (rustup target add): {}", missing.join(" ")));
    }
    Ok(Outcome { skipped: here.is_empty(), notes })
}

fn ruff(gate: &Gate<'_>) -> Result<Outcome> {
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(gate.tools()?.program("ruff"));
        let cache = gate.workspace.scratch("ruff")?;
        command.args(args).arg(".").current_dir(&gate.workspace.root);
        process::run(command.env("RUFF_CACHE_DIR", cache))
    };
    let lint = run(&["check"]);
    run(&["format", "--check"]).and(lint).map(|()| Outcome::default())
}

fn mypy(gate: &Gate<'_>) -> Result<Outcome> {
    let root = &gate.workspace.root;
    let package = "crates/ndbytes-python/python/ndbytes";
    let examples = ["crates/ndbytes-python/examples", "examples"];
    let paths = [package].into_iter().chain(examples.into_iter().filter(|path| {
        let files = std::fs::read_dir(root.join(path)).into_iter().flatten().flatten();
        files.into_iter().any(|file| file.path().extension() == Some("py".as_ref()))
    }));
    let mut command = std::process::Command::new(gate.tools()?.program("mypy"));
    command.args(["--strict", "--cache-dir"]).arg(gate.workspace.scratch("mypy")?).args(paths);
    process::run(command.current_dir(root)).map(|()| Outcome::default())
}

/// The stubs say what the built module has: every name, every signature.
fn stubs(gate: &Gate<'_>) -> Result<Outcome> {
    let wheel = gate.wheel()?;
    let tools = gate.tools()?;
    tools.install(&wheel)?;
    let mut command = tools.python();
    command.args(["-m", "mypy.stubtest", "ndbytes", "--mypy-config-file"]);
    command.arg(gate.workspace.root.join("pyproject.toml"));
    let exceptions = gate.workspace.root.join("crates/ndbytes-python/stubtest.txt");
    if exceptions.exists() {
        command.arg("--allowlist").arg(exceptions);
    }
    process::run(&mut command).map(|()| Outcome::default())
}

/// `pip install .` in an empty environment, as a user does it.
fn install(gate: &Gate<'_>) -> Result<Outcome> {
    let contents = Contents { requirements: Vec::new(), optional: Vec::new(), imports: "pip" };
    let interpreter = Interpreter::main()?;
    let environment = Environment::ready(gate.workspace, "install", &interpreter, &contents, true)?;
    let mut pip = environment.pip(&[]);
    pip.arg(&gate.workspace.root).env("CARGO_TARGET_DIR", &gate.workspace.target);
    process::run(&mut pip)?;
    environment.found_installed().map(|()| Outcome::default())
}

fn tests(report: Report) -> Result<Outcome> {
    if report.failures.is_empty() {
        return Ok(Outcome { skipped: false, notes: report.lines });
    }
    Err([report.lines, report.failures].concat().join("\n  "))
}
