//! `cargo xtask test old`: whether the NumPys that made the golden pickles load what is written here,
//! those of Python 2.7 included.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{self, Result};
use crate::python::{self, Environment};
use crate::test::Report;
use crate::workspace::Workspace;

/// One line for each release whose interpreter is found; `environment` has ndbytes.
pub(crate) fn read_by_old(workspace: &Workspace, environment: &Environment) -> Report {
    let mut report = Report::default();
    let golden = workspace.root.join("fixtures/golden/pickle");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&golden)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        match Release::of(&folder) {
            Ok(release) => match release.interpreter() {
                Some(program) => match release.check(workspace, environment, &program, &folder) {
                    Ok(said) => report.lines.push(said),
                    Err(why) => report.failures.push(why),
                },
                None => report.lines.push(format!("not here: Python {}", release.python)),
            },
            Err(why) => report.failures.push(why),
        }
    }
    if report.lines.iter().all(|line| line.starts_with("not here")) {
        report.failures.push("no old interpreter was found".into());
    }
    report
}

/// What a golden folder says of who made it.
struct Release {
    /// Such as `2.7`.
    python: String,
    numpy: String,
}

impl Release {
    fn of(folder: &Path) -> Result<Self> {
        let path = folder.join("expected.json");
        let told = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        let told = told.and_then(|text| {
            serde_json::from_str::<Value>(&text).map_err(|error| error.to_string())
        });
        let told = told.map_err(|why| format!("{}: {why}", path.display()))?;
        let says = |key: &str| told["producer"][key].as_str().map(str::to_owned);
        let python = says("python").and_then(|full| Some(full.rsplit_once('.')?.0.to_owned()));
        match (python, says("numpy")) {
            (Some(python), Some(numpy)) => Ok(Self { python, numpy }),
            _ => Err(format!("{}: it names no producer", path.display())),
        }
    }

    fn interpreter(&self) -> Option<PathBuf> {
        const QUESTION: &str = "import sys; print('%d.%d' % sys.version_info[:2])";
        python::programs(&self.python).into_iter().find(|program| {
            process::output(Command::new(program).args(["-c", QUESTION]))
                .is_ok_and(|said| said.trim() == self.python)
        })
    }

    /// What is written of that release's own values, read by it.
    fn check(
        &self,
        workspace: &Workspace,
        environment: &Environment,
        program: &Path,
        folder: &Path,
    ) -> Result<String> {
        let scratch = workspace.scratch("old")?;
        let name = format!("{}-{}", self.python, self.numpy);
        let packages = scratch.join(&name);
        let old = || {
            let mut command = Command::new(program);
            command
                .current_dir(&scratch)
                .env("PYTHONPATH", &packages)
                .env("PYTHONDONTWRITEBYTECODE", "1");
            command
        };
        if !process::works(old().args(["-c", "import numpy"])) {
            // Beside the interpreter: virtual environments of Python 2.7 need a tool of their own.
            let mut pip = old();
            pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--target"]);
            process::output(pip.arg(&packages).arg(format!("numpy=={}", self.numpy)))?;
        }
        let written = scratch.join(format!("{name}.jsonl"));
        let mut writer = environment.python();
        writer.arg(workspace.root.join("xtask/python/write_for_old.py"));
        process::output(writer.arg(folder).arg(&written))?;
        let reader = workspace.root.join("fixtures/make/read_written.py");
        let said = process::output(old().arg(reader).arg(folder).arg(&written))?;
        Ok(said.trim().to_owned())
    }
}
