//! Python from the outside: interpreters, virtual environments, and the wheel.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result};
use crate::workspace::Workspace;

/// The oldest CPython that is supported, and the newest that is looked for by name.
const OLDEST: u32 = 11;
const NEWEST: u32 = 14;

/// A CPython 3.
#[derive(Debug, Clone)]
pub(crate) struct Interpreter {
    pub(crate) path: PathBuf,
    pub(crate) minor: u32,
    version: String,
}

impl Interpreter {
    /// The one that a user of this machine would start: `python3`, if it is new enough.
    pub(crate) fn main() -> Result<Self> {
        std::env::var_os("PYO3_PYTHON")
            .into_iter()
            .chain(["python3".into(), "python".into()])
            .filter_map(|program| Self::probe(&program))
            .chain((OLDEST..=NEWEST).rev().filter_map(Self::find))
            .find(|found| found.minor >= OLDEST)
            .ok_or_else(|| {
                format!(
                    "no Python 3.{OLDEST} or later was found: install one, or name it in PYO3_PYTHON"
                )
            })
    }

    /// CPython 3.`minor`, by its name on PATH or among the versions of pyenv.
    pub(crate) fn find(minor: u32) -> Option<Self> {
        programs(&format!("3.{minor}"))
            .into_iter()
            .filter_map(|program| Self::probe(program.as_os_str()))
            .find(|found| found.minor == minor)
    }

    /// Asks a program what it is; `None` when it is no CPython 3 that can load an abi3 wheel.
    fn probe(program: &OsStr) -> Option<Self> {
        const QUESTION: &str = "import sys, sysconfig\n\
            assert sys.implementation.name == 'cpython' and sys.version_info[0] == 3\n\
            assert not sysconfig.get_config_var('Py_GIL_DISABLED')\n\
            print(sys.version_info[1], '%d.%d.%d' % sys.version_info[:3], sys.executable)";
        let said = process::output(Command::new(program).args(["-c", QUESTION])).ok()?;
        let mut words = said.trim().splitn(3, ' ');
        let minor = words.next()?.parse().ok()?;
        let version = words.next()?.to_owned();
        Some(Self { minor, version, path: PathBuf::from(words.next()?) })
    }
}

/// What may be the interpreter of a version such as `3.9`: its name, and those that pyenv has of it.
pub(crate) fn programs(version: &str) -> Vec<PathBuf> {
    let pyenv = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let prefix = format!("{version}.");
    let mut versions: Vec<PathBuf> = pyenv
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path().join("bin/python"))
        .collect();
    versions.sort_by_key(|path| std::cmp::Reverse(digits(path)));
    versions.insert(0, PathBuf::from(format!("python{version}")));
    versions
}

/// `3.9.18` as `[3, 9, 18]`, for the newest to be the greatest.
fn digits(path: &Path) -> Vec<u32> {
    path.to_string_lossy().split(|c: char| !c.is_ascii_digit()).flat_map(str::parse).collect()
}

/// What an environment is to hold.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) requirements: Vec<String>,
    /// Left out where it cannot be installed.
    pub(crate) optional: Vec<String>,
    /// Modules that can be imported when the environment is whole.
    pub(crate) imports: &'static str,
}

/// A virtual environment under the target folder.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    folder: PathBuf,
    neutral: PathBuf,
}

impl Environment {
    /// The environment of that name, as it was left or made anew: when asked for, when its
    /// interpreter or its contents changed, and when it does not work any more.
    pub(crate) fn ready(
        workspace: &Workspace,
        name: &str,
        interpreter: &Interpreter,
        contents: &Contents,
        fresh: bool,
    ) -> Result<Self> {
        let environment = Self {
            folder: workspace.target.join("xtask").join(format!("venv-{name}")),
            neutral: workspace.scratch("run")?,
        };
        let stamp = format!("{interpreter:?}\n{contents:?}\n");
        let stamp_path = environment.folder.join("made-from.txt");
        let import = format!("import {}", contents.imports);
        if !fresh
            && std::fs::read_to_string(&stamp_path).is_ok_and(|found| found == stamp)
            && process::works(environment.python().args(["-c", &import]))
        {
            return Ok(environment);
        }
        println!("making {} with Python {}", environment.folder.display(), interpreter.version);
        environment.make(interpreter)?;
        environment.fill(contents)?;
        process::output(environment.python().args(["-c", &import]))?;
        // Last, so that what was interrupted is made again.
        std::fs::write(&stamp_path, stamp)
            .map_err(|error| format!("{}: {error}", stamp_path.display()))?;
        Ok(environment)
    }

    fn make(&self, interpreter: &Interpreter) -> Result {
        let python = || Command::new(&interpreter.path);
        if !process::works(python().args(["-c", "import venv, ensurepip"])) {
            return Err(format!(
                "{} cannot make virtual environments: install its venv and ensurepip modules \
                 (on Debian and Ubuntu: apt install python3.{}-venv)",
                interpreter.path.display(),
                interpreter.minor,
            ));
        }
        process::output(python().args(["-m", "venv", "--clear"]).arg(&self.folder))?;
        if !process::works(self.python().args(["-m", "pip", "--version"])) {
            return Err(format!(
                "{} makes environments without pip: install pip for it",
                interpreter.path.display()
            ));
        }
        Ok(())
    }

    fn fill(&self, contents: &Contents) -> Result {
        let install = |packages: &[&[String]]| {
            let packages = packages.concat();
            if packages.is_empty() {
                return Ok(());
            }
            // Wheels only: NumPy from source would take longer than all tests together.
            let mut pip = self.pip(&["--only-binary", ":all:"]);
            process::output(pip.args(packages)).map(drop)
        };
        let (needed, optional) = (&contents.requirements[..], &contents.optional[..]);
        if optional.is_empty() {
            return install(&[needed]);
        }
        install(&[needed, optional]).or_else(|_| {
            install(&[needed])?;
            println!("without {}, which does not install here", optional.join(", "));
            Ok(())
        })
    }

    pub(crate) fn pip(&self, args: &[&str]) -> Command {
        let mut command = self.python();
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(args);
        command
    }

    /// The interpreter, in a folder of no package, so that imports find what is installed.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(self.program("python"));
        command
            .current_dir(&self.neutral)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME");
        command
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        if cfg!(windows) {
            self.folder.join("Scripts").join(name).with_extension("exe")
        } else {
            self.folder.join("bin").join(name)
        }
    }

    /// Installs the wheel, and makes sure that it is what `import ndbytes` finds.
    pub(crate) fn install(&self, wheel: &Path) -> Result {
        let mut pip = self.pip(&["--force-reinstall", "--no-deps", "--no-index"]);
        process::output(pip.arg(wheel))?;
        self.found_installed()
    }

    pub(crate) fn found_installed(&self) -> Result {
        const WHERE: &str = "import ndbytes, sys; print(ndbytes.__file__)\n\
            assert ndbytes.__file__.startswith(sys.prefix), 'ndbytes is imported from elsewhere'";
        process::output(self.python().args(["-c", WHERE])).map(drop)
    }
}

/// The environment of the pinned tools: maturin, mypy, ruff.
pub(crate) fn tools(workspace: &Workspace, fresh: bool) -> Result<Environment> {
    let contents = Contents {
        requirements: requirements(include_str!("../python/tools.txt")),
        optional: Vec::new(),
        imports: "maturin, mypy, numpy, ruff",
    };
    Environment::ready(workspace, "tools", &Interpreter::main()?, &contents, fresh)
}

/// Builds the package once; being abi3, the wheel serves every interpreter.
pub(crate) fn wheel(workspace: &Workspace, tools: &Environment) -> Result<PathBuf> {
    let folder = workspace.scratch("wheel")?;
    let wheels = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some("whl".as_ref()))
    };
    for old in wheels() {
        std::fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    let mut maturin = Command::new(tools.program("maturin"));
    maturin
        .args(["build", "--release", "--locked", "--compatibility", "linux", "--interpreter"])
        .arg(tools.program("python"))
        .arg("--out")
        .arg(&folder)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .current_dir(&workspace.root);
    process::run(&mut maturin).map_err(|why| match compiler() {
        true => why,
        false => "no C compiler was found (`cc`), which Rust links with: install one".into(),
    })?;
    wheels().next().ok_or_else(|| "maturin built no wheel".into())
}

/// Asked only after a failure: another linker may be configured, and do.
fn compiler() -> bool {
    cfg!(windows) || process::works(Command::new("cc").arg("--version"))
}

/// The lines of a requirements file that ask for something.
pub(crate) fn requirements(file: &str) -> Vec<String> {
    file.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(String::from)
        .collect()
}
