//! `cargo xtask guess`: how often guesses are right, and how long they take, into docs/guess.md.

use std::process::Command;

use crate::args::Args;
use crate::process::{self, Result};
use crate::workspace::Workspace;

pub(crate) fn command(workspace: &Workspace, mut args: Args) -> Result {
    let fit = args.flag("--fit");
    let fit_shapes = args.flag("--fit-shapes");
    let tuning = args.flag("--tuning");
    let times = args.flag("--times");
    args.words(&[])?;
    if times {
        return run(workspace, "write_times");
    }
    if fit {
        run(workspace, "fit_readings")?;
    }
    if fit_shapes {
        run(workspace, "fit_shapes")?;
    }
    run(workspace, if tuning { "score_tuning_half" } else { "write_page" })
}

/// One of the tests that write instead of checking.
fn run(workspace: &Workspace, name: &str) -> Result {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&workspace.root).args([
        "test",
        "--release",
        "-p",
        "ndbytes",
        "--test",
        "guess",
    ]);
    process::run(cargo.args(["--", "--ignored", "--exact", name, "--nocapture"]))
}
