//! `ndbytes man [VERB]`: the manual, made from what `--help` says.

use std::io;
use std::path::PathBuf;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::trouble::Trouble;
use crate::{Cli, Outcome, screen};

const AFTER_HELP: &str = "\
A page goes to stdout, as roff; with --folder all of them go to files. Those in
~/.local/share/man/man1 are found by man.

Examples:
  ndbytes man | man -l -
  ndbytes man inspect | man -l -
  ndbytes man --folder ~/.local/share/man/man1";

/// Writes the manual: the page of one verb, or of all
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The verb; otherwise the page that names all verbs
    verb: Option<String>,

    /// Write all pages into this folder, which is made if need be
    #[arg(long, value_name = "FOLDER", conflicts_with = "verb")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &args.folder {
        let about = |error: io::Error| Trouble::from(error).about(folder);
        std::fs::create_dir_all(folder).map_err(about)?;
        for command in std::iter::once(&program).chain(program.get_subcommands()) {
            let name = page_name(command);
            std::fs::write(folder.join(format!("{name}.1")), page(command)?).map_err(about)?;
        }
        return Ok(Outcome::Fine);
    }
    let command = match &args.verb {
        None => &program,
        Some(verb) => program.find_subcommand(verb).ok_or_else(|| {
            let known: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
            Trouble::new(format!("there is no verb {verb:?}. Hint: {}", known.join(", ")))
        })?,
    };
    screen::write(&page(command)?)?;
    Ok(Outcome::Fine)
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut roff = Vec::new();
    let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let page = Man::new(command.clone())
        .title(page_name(command))
        .source(concat!("ndbytes ", env!("CARGO_PKG_VERSION")));
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut roff)?;
    }
    push_more(&more, &mut roff);
    Ok(roff)
}

/// What stands below the options: as it is written, for it is in columns.
fn push_more(text: &str, roff: &mut Vec<u8>) {
    let mut section = "";
    for block in text.split("\n\n") {
        let (wanted, lines) = match block.split_once('\n') {
            Some(("Examples:", lines)) => ("EXAMPLES", lines),
            Some(("Exit codes:", lines)) => ("EXIT STATUS", lines),
            _ => ("NOTES", block),
        };
        if wanted != section {
            roff.extend(format!(".SH \"{wanted}\"\n").bytes());
            section = wanted;
        }
        roff.extend(b".nf\n");
        for line in lines.lines() {
            // A point or a quote that starts a line would be a command.
            let line = line.replace('\\', "\\e").replace('-', "\\-");
            roff.extend(format!("\\&{line}\n").bytes());
        }
        roff.extend(b".fi\n.sp\n");
    }
}

/// `ndbytes`, or `ndbytes-inspect`.
fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}
