//! `ndbytes`: files of arrays, looked at, converted and checked, from the command line.
//!
//! This file is the list of verbs; each verb has a file. All that is known about formats and
//! dtypes comes from the `ndbytes` library.

mod completions;
mod convert;
mod demo;
mod description;
mod diff;
mod failure;
mod guess;
mod hint;
mod input;
mod inspect;
mod man;
mod output;
mod progress;
mod screen;
mod several;
mod show;
mod spending;
mod target;
mod trouble;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use trouble::Trouble;

const AFTER_HELP: &str = "\
Examples:
  ndbytes demo                           arrays to bytes and back, in every way
  ndbytes inspect x.npy                  what a file says about itself
  ndbytes inspect --json *.npy           the same for machines, one object a line
  ndbytes inspect several.npz:x          the same of one array of several
  ndbytes show 'images.npz:x[7]'         an array as a picture, a line or a list
  ndbytes guess mystery.bin              what bytes without a description may be
  ndbytes diff a.npy b.npy               whether and where two arrays differ
  ndbytes verify *.npy *.npz             whether files are whole
  ndbytes convert x.npy x.raw            the elements and nothing else
  ndbytes convert x.npz y.npz --compression deflate
  ndbytes convert x.raw x.npy --dtype '<f4' --shape -1,28
  curl -s URL | ndbytes inspect -        `-` is stdin or stdout

Exit codes:
  0  fine
  1  there are differences, a file failed, or something did not come back exactly
  2  trouble: what was asked could not be done, or was not understood";

/// Files of n-dimensional arrays: looked at, converted and checked, exactly.
///
/// Nothing that is in a file is ever run.
#[derive(Debug, Parser)]
#[command(name = "ndbytes", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Args),
    Inspect(inspect::Args),
    Show(show::Args),
    Convert(convert::Args),
    Guess(guess::Args),
    Diff(diff::Args),
    Verify(verify::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a verb that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    Different,
    /// Some of the work could not be done, and that has been said.
    Troubled,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Demo(args) => demo::run(&args),
        Verb::Inspect(args) => inspect::run(&args),
        Verb::Show(args) => show::run(&args),
        Verb::Convert(args) => convert::run(&args),
        Verb::Guess(args) => guess::run(&args),
        Verb::Diff(args) => diff::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args),
    };
    ExitCode::from(match outcome {
        Ok(Outcome::Fine) => 0,
        Ok(Outcome::Different) => 1,
        Ok(Outcome::Troubled) => 2,
        // Whoever reads our output has seen enough.
        Err(Trouble::ClosedPipe) => 0,
        Err(trouble) => {
            trouble.say();
            2
        }
    })
}
