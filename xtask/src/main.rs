//! The project's own commands: `cargo xtask <command>`.
//!
//! Everything a contributor or a build machine runs is here, so that both run the same thing:
//! `cargo xtask check` is the gate, and each of its steps can be run alone.

mod args;
mod bench;
mod gate;
mod guess;
mod licences;
mod nightly;
mod old;
mod process;
mod python;
mod recorded;
mod spdx;
mod test;
mod tidy;
mod toml;
mod workspace;

use std::process::ExitCode;

use args::Args;
use process::Result;
use workspace::Workspace;

struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Workspace, Args) -> Result,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        usage: "[rust|python|libraries|old] [--quick] [--fresh] [-- PYTEST-ARGUMENTS]",
        about: "every test, Rust and Python, on each pair of interpreter and NumPy found here\n\
                libraries: with PyTorch, JAX, Polars and Arrow, which takes gigabytes\n\
                old: what is written, read by the NumPys that made the golden pickles, from 1.11\n\
                and Python 2.7 on\n\
                --quick: only the main pair   --fresh: make the environments anew",
        run: test::command,
    },
    Command {
        name: "check",
        usage: "[STEP...] [--quick] [--fresh]",
        about: "the gate: formatting, lints, docs, tidiness, licences, stubs, all tests\n\
                with STEPs, only those (by name, such as `clippy tidy`)",
        run: gate::command,
    },
    Command {
        name: "bench",
        usage: "[--quick] [--only REGEX | --again REGEX] [--data DIR] | --render | --instructions | --check",
        about: "times against the peers, into docs/benchmarks.md; some of it with --only, in\n\
                a hurry with --quick (neither touches the page); --data: your own npy files too\n\
                --again: some of it, in place of what the page has of it\n\
                --render: the page anew from the last full run\n\
                --instructions: count those of the small paths and record them\n\
                --check: count, and fail when a small path grew by more than 2 %",
        run: bench::command,
    },
    Command {
        name: "guess",
        usage: "[--fit] [--fit-shapes] [--tuning] [--times]",
        about: "how often guesses are right, into docs/guess.md; --fit, --fit-shapes: fit the weights first;\n\
                --tuning: score the half that is tuned on alone, and write nothing;\n\
                --times: measure how long calls take, and write that alone",
        run: guess::command,
    },
    Command {
        name: "readme",
        usage: "[--check]",
        about: "what pages show of the command line, text and pictures, recorded anew\n\
                --check: only whether it is what is said now",
        run: recorded::command,
    },
    Command {
        name: "tidy",
        usage: "",
        about: "what the architecture and the house rules ask of the source tree",
        run: tidy::command,
    },
    Command {
        name: "licences",
        usage: "",
        about: "every dependency's licence, name and source against deny.toml",
        run: licences::command,
    },
    Command {
        name: "deny",
        usage: "",
        about: "the same question put to cargo-deny, when it is installed",
        run: licences::deny,
    },
    Command {
        name: "fuzz",
        usage: "[TARGET...] [--seconds N]",
        about: "each fuzz target, or those named, for N seconds (60); needs cargo-fuzz\n\
                pickle_against_python: random pickles, read by Python's own unpickler, too",
        run: nightly::fuzz,
    },
    Command {
        name: "miri",
        usage: "[-- TEST-FILTERS]",
        about: "the unit tests of the array model under Miri",
        run: nightly::miri,
    },
    Command {
        name: "sanitize",
        usage: "[rust|python] [-- TEST-FILTERS]",
        about: "the core's tests and Python's under AddressSanitizer",
        run: nightly::sanitize,
    },
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".into());
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    match dispatch(&name, Args::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(name: &str, mut args: Args) -> Result {
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| format!("there is no command `{name}`\n\n{}", help()))?;
    if args.flag("--help") || args.flag("-h") {
        println!("{}", command.help());
        return Ok(());
    }
    (command.run)(&Workspace::find()?, args)
}

fn help() -> String {
    let commands: String = COMMANDS.iter().map(|command| command.help() + "\n").collect();
    format!("The project's own commands.\n\n{commands}")
}

impl Command {
    fn help(&self) -> String {
        let about = self.about.replace('\n', "\n      ");
        let call = format!("cargo xtask {} {}", self.name, self.usage);
        format!("  {}\n      {about}", call.trim_end())
    }
}
