//! `ndbytes completions SHELL`: what makes a shell complete verbs and options.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::trouble::Trouble;
use crate::{Cli, Outcome, screen};

const AFTER_HELP: &str = "\
The script goes to stdout, into the place where the shell looks for it.

Examples:
  ndbytes completions bash > ~/.local/share/bash-completion/completions/ndbytes
  ndbytes completions zsh > ~/.zfunc/_ndbytes
  ndbytes completions fish > ~/.config/fish/completions/ndbytes.fish
  source <(ndbytes completions bash)";

/// Writes the script that completes verbs and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ndbytes", &mut script);
    screen::write(&script)?;
    Ok(Outcome::Fine)
}
