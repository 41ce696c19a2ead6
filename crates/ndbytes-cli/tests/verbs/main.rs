//! The built program, run as people run it.

mod convert;
mod demo;
mod diff;
mod examples;
mod files;
mod guess;
mod inspect;
mod npz;
mod product;
mod show;
mod verify;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run of the program left behind.
struct Run {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
}

impl Run {
    /// Checks the exit code, and that stderr is at fault when it is not the one.
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stderr: {}", self.err);
        self
    }

    #[track_caller]
    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).expect("stdout is text")
    }

    /// One JSON object for each line of stdout.
    #[track_caller]
    fn json(&self) -> Vec<serde_json::Value> {
        let lines = self.text().lines();
        lines.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let err = String::from_utf8(output.stderr).expect("stderr is text");
        Self { code: output.status.code(), out: output.stdout, err }
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndbytes"));
    command.stdin(Stdio::null());
    command
}

fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    program().args(args).output().expect("the program starts").into()
}

/// Runs with `input` on stdin.
fn run_on(input: &[u8], args: &[&str]) -> Run {
    let mut command = program();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The program may stop reading when it has seen enough.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().expect("the program ends").into()
    })
}

fn fixture(path: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let path = fixtures.join(path);
    assert!(path.is_file(), "{} is there", path.display());
    path
}

fn golden(name: &str) -> PathBuf {
    fixture(&format!("golden/npy/py313-numpy2.4/{name}.npy"))
}

fn str(path: &Path) -> &str {
    path.to_str().expect("paths of fixtures are UTF-8")
}

/// The verbs, as `--help` lists them.
fn verbs() -> Vec<String> {
    let help = run(["--help"]).ends(0).text().to_owned();
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    // What goes on below the first line of a verb is further to the right.
    let verbs =
        lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let verbs = verbs.filter_map(|line| line.split_whitespace().next());
    verbs.filter(|verb| *verb != "help").map(str::to_owned).collect()
}

#[test]
fn help_and_version() {
    let help = run(["--help"]).ends(0);
    assert!(help.text().contains("Examples:") && help.text().contains("Exit codes:"));
    let verbs = verbs();
    assert!(verbs.len() >= 8 && verbs.contains(&"inspect".to_owned()), "{verbs:?}");
    for verb in verbs {
        assert!(run([&*verb, "--help"]).ends(0).text().contains("\nExamples:\n"), "{verb}");
    }
    let version = run(["--version"]).ends(0);
    assert_eq!(version.text(), format!("ndbytes {}\n", env!("CARGO_PKG_VERSION")));
    run(["dance"]).ends(2);
    run(["inspect"]).ends(2);
}
