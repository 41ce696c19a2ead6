//! `cargo xtask test`: every test, Rust and Python.

use std::path::Path;
use std::process::Command;

use crate::args::Args;
use crate::process::{self, Result};
use crate::python::{self, Contents, Environment, Interpreter};
use crate::workspace::Workspace;

/// The pairs that are run where the interpreter is found, after the main one, which is the
/// `python3` of the machine with the newest NumPy.
const PAIRS: &[Pair] = &[
    Pair { minor: 11, numpy: "newest" },
    Pair { minor: 11, numpy: "1.26" },
    Pair { minor: 11, numpy: "1.24" },
    Pair { minor: 12, numpy: "newest" },
    Pair { minor: 13, numpy: "newest" },
    Pair { minor: 14, numpy: "newest" },
];

/// What can be asked for alone.
const PARTS: &[&str] = &["rust", "python", LIBRARIES, OLD];
/// What has to be asked for: its packages take gigabytes.
const LIBRARIES: &str = "libraries";
/// So do interpreters that few machines have.
const OLD: &str = "old";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    minor: u32,
    numpy: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Only the main pair.
    pub(crate) quick: bool,
    /// Environments are made anew.
    pub(crate) fresh: bool,
    pub(crate) pytest: Vec<String>,
}

/// What there is to say about some tests: a line each, and whether one is a failure.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) lines: Vec<String>,
    pub(crate) failures: Vec<String>,
}

pub(crate) fn command(workspace: &Workspace, mut args: Args) -> Result {
    let options = Options {
        quick: args.flag("--quick"),
        fresh: args.flag("--fresh"),
        pytest: std::mem::take(&mut args.passed_on),
    };
    let parts = args.words(PARTS)?;
    let named = |part: &str| parts.iter().any(|word| word == part);
    let asked = |part: &str| parts.is_empty() || named(part);

    let mut reports = Vec::new();
    if asked("rust") {
        reports.push(rust(workspace));
    }
    if asked("python") || named(LIBRARIES) || named(OLD) {
        let tools = python::tools(workspace, options.fresh);
        match tools.and_then(|tools| python::wheel(workspace, &tools)) {
            Ok(wheel) => {
                if asked("python") {
                    reports.push(python(workspace, &wheel, &options));
                }
                if named(LIBRARIES) {
                    reports.push(libraries(workspace, &wheel, &options));
                }
                if named(OLD) {
                    reports.push(old(workspace, &wheel, &options));
                }
            }
            Err(why) => {
                reports.push(Report { lines: Vec::new(), failures: vec![format!("Python: {why}")] })
            }
        }
    }

    println!();
    reports.iter().flat_map(|report| &report.lines).for_each(|line| println!("{line}"));
    let failures: Vec<String> = reports.into_iter().flat_map(|report| report.failures).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\nerror: ")) }
}

/// All of cargo's tests. The Python crate has none of its own, and links only inside Python.
pub(crate) fn rust(workspace: &Workspace) -> Report {
    let args = ["test", "--workspace", "--exclude", "ndbytes-python", "--locked", "--no-fail-fast"];
    let (outcome, said) = process::run_and_keep(&mut workspace.cargo(&args));
    let mut report = Report { lines: vec![rust_summary(&said)], failures: Vec::new() };
    report.failures.extend(outcome.err());
    report
}

/// The Python tests on each pair whose interpreter is here.
pub(crate) fn python(workspace: &Workspace, wheel: &Path, options: &Options) -> Report {
    let mut report = Report::default();
    let main = match Interpreter::main() {
        Ok(main) => main,
        Err(why) => {
            return Report { failures: vec![why], ..report };
        }
    };
    let main_pair = Pair { minor: main.minor, numpy: "newest" };
    let mut missing = Vec::new();
    let mut pairs = vec![(main_pair, main)];
    for &pair in PAIRS.iter().filter(|&&pair| !options.quick && pair != main_pair) {
        match Interpreter::find(pair.minor) {
            Some(interpreter) => pairs.push((pair, interpreter)),
            None => missing.push(pair.name()),
        }
    }
    let names: Vec<String> = pairs.iter().map(|(pair, _)| pair.name()).collect();
    println!("pairs of Python and NumPy: {}", names.join(", "));
    if !missing.is_empty() {
        println!("not run, since the interpreter is not here: {}", missing.join(", "));
    }

    for (pair, interpreter) in pairs {
        println!("\nPython {}", pair.name());
        match pair.run(workspace, &interpreter, wheel, options) {
            Ok((outcome, line)) => {
                report.lines.push(line);
                report.failures.extend(outcome.err().map(|why| format!("{}: {why}", pair.name())));
            }
            Err(why) => report.failures.push(format!("{}: {why}", pair.name())),
        }
    }
    if !missing.is_empty() {
        report.lines.push(format!("not here: {}", missing.join(", ")));
    }
    report
}

/// The tests that take arrays of other libraries, in an environment that has these.
fn libraries(workspace: &Workspace, wheel: &Path, options: &Options) -> Report {
    let run = || -> Result<(Result, String)> {
        let main = Interpreter::main()?;
        let mut contents = Pair { minor: main.minor, numpy: "newest" }.contents();
        contents.requirements.extend(python::requirements(include_str!("../python/libraries.txt")));
        contents.requirements.append(&mut contents.optional);
        contents.imports = "jax, ml_dtypes, polars, pyarrow, pytest, torch, tqdm";
        println!("\nother libraries");
        let environment =
            Environment::ready(workspace, LIBRARIES, &main, &contents, options.fresh)?;
        environment.install(wheel)?;
        let tests = workspace.root.join("crates/ndbytes-python/tests");
        let mut pytest = pytest_of(workspace, &environment, LIBRARIES)?;
        pytest.arg("-rs").args(["test_libraries.py", "test_files.py"].map(|file| tests.join(file)));
        let (outcome, said) = process::run_and_keep(pytest.args(&options.pytest));
        Ok((outcome, format!("{}: {}", versions(&environment)?, closing(&said))))
    };
    match run() {
        Ok((outcome, line)) => Report {
            lines: vec![format!("other libraries: {line}")],
            failures: outcome.err().into_iter().collect(),
        },
        Err(why) => Report { lines: Vec::new(), failures: vec![format!("libraries: {why}")] },
    }
}

/// What is written here, read by the releases that made the golden pickles.
fn old(workspace: &Workspace, wheel: &Path, options: &Options) -> Report {
    println!("\nold releases");
    match main_environment(workspace, options.fresh) {
        Ok((_, environment)) => match environment.install(wheel) {
            Ok(()) => crate::old::read_by_old(workspace, &environment),
            Err(why) => Report { failures: vec![why], ..Report::default() },
        },
        Err(why) => Report { failures: vec![why], ..Report::default() },
    }
}

/// pytest's last line.
fn closing(said: &str) -> &str {
    said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("pytest said nothing")
}

impl Pair {
    fn name(self) -> String {
        format!("3.{} + NumPy {}", self.minor, self.numpy)
    }

    /// pytest's outcome and its closing line, or why it could not be started.
    fn run(
        self,
        workspace: &Workspace,
        interpreter: &Interpreter,
        wheel: &Path,
        options: &Options,
    ) -> Result<(Result, String)> {
        let name = format!("3.{}-{}", self.minor, self.numpy);
        let environment =
            Environment::ready(workspace, &name, interpreter, &self.contents(), options.fresh)?;
        environment.install(wheel)?;

        let mut pytest = pytest(workspace, &environment, &name)?;
        pytest.arg(workspace.root.join("xtask/python/test_documentation.py")).args(&options.pytest);
        let (outcome, said) = process::run_and_keep(&mut pytest);
        let closing = closing(&said);
        let line = format!("{}: {closing}", versions(&environment)?);
        let outcome = outcome.map_err(|_| format!("the tests failed: {closing}"));
        Ok((outcome, line))
    }

    fn contents(self) -> Contents {
        let numpy = match self.numpy {
            "newest" => "numpy".to_owned(),
            release => format!("numpy=={release}.*"),
        };
        let mut requirements = python::requirements(include_str!("../python/tests.txt"));
        requirements.push(numpy);
        Contents {
            requirements,
            optional: vec!["ml_dtypes".into()],
            imports: "hypothesis, numpy, pytest",
        }
    }
}

/// The tests of the package, in an environment that has all that they need.
fn pytest(workspace: &Workspace, environment: &Environment, name: &str) -> Result<Command> {
    let mut pytest = pytest_of(workspace, environment, name)?;
    pytest.arg(workspace.root.join("crates/ndbytes-python/tests"));
    Ok(pytest)
}

/// pytest, which is still to be told what to run.
fn pytest_of(workspace: &Workspace, environment: &Environment, name: &str) -> Result<Command> {
    let cache = workspace.scratch("pytest")?.join(name);
    let mut pytest = environment.python();
    pytest
        .args(["-m", "pytest", "-o"])
        .arg(format!("cache_dir={}", cache.display()))
        .arg("-c")
        .arg(workspace.root.join("pyproject.toml"))
        .arg("--rootdir")
        .arg(&workspace.root);
    Ok(pytest)
}

/// The tests on the main pair, as a command that is still to be given another build of the package.
pub(crate) fn of_main_pair(workspace: &Workspace) -> Result<Command> {
    let (name, environment) = with_package(workspace)?;
    pytest(workspace, &environment, &name)
}

/// Python of the main pair, with the package as it is now.
pub(crate) fn main_python(workspace: &Workspace) -> Result<Command> {
    Ok(with_package(workspace)?.1.python())
}

fn with_package(workspace: &Workspace) -> Result<(String, Environment)> {
    let (name, environment) = main_environment(workspace, false)?;
    environment.install(&python::wheel(workspace, &python::tools(workspace, false)?)?)?;
    Ok((name, environment))
}

/// The environment of the main pair, and its name.
fn main_environment(workspace: &Workspace, fresh: bool) -> Result<(String, Environment)> {
    let main = Interpreter::main()?;
    let pair = Pair { minor: main.minor, numpy: "newest" };
    let name = format!("3.{}-newest", pair.minor);
    let environment = Environment::ready(workspace, &name, &main, &pair.contents(), fresh)?;
    Ok((name, environment))
}

/// What a pair turned out to be: `newest` is a date, not a version.
fn versions(environment: &Environment) -> Result<String> {
    const QUESTION: &str = "import platform, importlib.metadata as m\n\
        there = {d.name.lower().replace('-', '_') for d in m.distributions()}\n\
        extra = 'ml_dtypes ' + m.version('ml_dtypes') if 'ml_dtypes' in there else 'no ml_dtypes'\n\
        print(f\"Python {platform.python_version()} + NumPy {m.version('numpy')}, {extra}\")";
    process::output(environment.python().args(["-c", QUESTION])).map(|said| said.trim().to_owned())
}

/// One line in cargo's own words for its many `test result` lines.
fn rust_summary(said: &str) -> String {
    let results: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("test result: ")).collect();
    let sum = |what: &str| -> u64 {
        results
            .iter()
            .flat_map(|result| result.split(['.', ';']))
            .filter_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
            .sum()
    };
    let word = if results.is_empty() || sum("failed") > 0 { "FAILED" } else { "ok" };
    format!(
        "Rust: test result: {word}. {} passed; {} failed; {} ignored; in {} runs",
        sum("passed"),
        sum("failed"),
        sum("ignored"),
        results.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_results_add_up() {
        let said = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s\n";
        assert_eq!(
            rust_summary(said),
            "Rust: test result: FAILED. 12 passed; 3 failed; 1 ignored; in 2 runs"
        );
        assert!(rust_summary("error: could not compile").contains("FAILED. 0 passed"));
    }
}
