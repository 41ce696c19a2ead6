//! `ndbytes verify FILE...`: whether every byte of files is as it should be.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ndbytes::npz::{self, Archive};
use ndbytes::{DecodeError, DecodeErrorKind, Format, Limits, ReadOptions, Source, Verified, npy};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::options_for;
use crate::failure::Failure;
use crate::input::{Input, Opened, start_of};
use crate::progress::Progress;
use crate::screen::{BAD, Cell, DIM, GOOD, ODD, Screen, counted};
use crate::several::{Report, Telling, tell_each};
use crate::spending::Spending;
use crate::trouble::{Trouble, name};

const AFTER_HELP: &str = "\
A file fails when it cannot be read exactly (damaged, cut short, encrypted), when
two readers would read it differently (two arrays of one name, two headers that
disagree), when it asks for code to be run, or when some of its bytes belong to
nothing, such as those that follow the data. All checksums of an npz are checked,
also of what is no array; npy and pickle have none. Arrays one after another in
one file are fine. What every reader reads, but is unusual, is a note; with
--strict that fails, too.

Nothing is run. Files of large arrays are not loaded, and npy that comes through a
pipe is looked at as it passes. Objects are loaded, and so are an npz (its list of
members is at its end) and a pickle that come through a pipe. A folder is no file:
name the files in it.

Exit codes: 0 all fine, 1 some failed, 2 trouble: some could not be read at all.

With --json there is one object on a line for each file:
  file, format (or null), nbytes
  ok         whether it is fine
  arrays     how many are as they are described
  faults     each with kind, message, offset, entry, hint (or null)
  notes      what is unusual, as sentences
or, in their place, error: kind, message, offset, entry, hint (or null).

Examples:
  ndbytes verify x.npy
  ndbytes verify *.npy several.npz
  ndbytes verify --quiet x.npy && echo fine
  ndbytes verify --json *.np[yz] | jq -r 'select(.ok | not) | .file'
  find . -name '*.npz' -exec ndbytes verify {} +
  cat several.npz | ndbytes verify -";

/// Checks files: sizes, checksums, names, and bytes that belong to nothing
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The files to check; - is stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What is only unusual fails, too
    #[arg(long)]
    strict: bool,

    /// Say nothing: the exit code tells
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// One JSON object a line for each file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    spending: Spending,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let mut screen = Screen::stdout();
    let sizes = args.files.iter().filter_map(|file| std::fs::metadata(file).ok());
    let progress = Progress::new("checking", sizes.map(|metadata| metadata.len()).sum());
    let telling = match args {
        Args { json: true, .. } => Telling::Json,
        Args { quiet: true, .. } => Telling::Quiet,
        _ => Telling::Dense,
    };
    let mut failed = 0;
    let troubled = tell_each(&args.files, telling, &progress, &mut screen, |file| {
        let found = check(file, args.spending.limits(), &|nbytes| progress.advance(nbytes))?;
        let ok = found.faults.is_empty() && (found.notes.is_empty() || !args.strict);
        failed += usize::from(!ok);
        Ok(Checked { found, ok })
    })?;
    progress.done();
    let count = args.files.len();
    if count > 1 && telling == Telling::Dense {
        let fine = count - failed - troubled;
        let parts = [(fine, "fine", GOOD), (failed, "failed", BAD), (troubled, "not read", BAD)];
        let mut cells = vec![Cell::from(format!("{}:", counted(count, "file")))];
        for (index, (number, what, style)) in
            parts.into_iter().filter(|(number, ..)| *number > 0).enumerate()
        {
            cells.push(Cell::from(if index == 0 { " " } else { ", " }));
            cells.push(Cell::new(style, format!("{number} {what}")));
        }
        screen.line(&cells)?;
    }
    screen.flush()?;
    Ok(match (troubled, failed) {
        (0, 0) => Outcome::Fine,
        (0, _) => Outcome::Different,
        (_, _) => Outcome::Troubled,
    })
}

/// What was found in one file.
struct Found {
    format: Option<Format>,
    nbytes: u64,
    arrays: usize,
    faults: Vec<Failure>,
    notes: Vec<String>,
}

/// Checks one file. An archive is read piece by piece, everything else is mapped into memory, where
/// only what decides is looked at. Arrays that come through a pipe are looked at as they pass.
fn check(file: &Path, limits: Limits, progress: &(dyn Fn(u64) + Sync)) -> Result<Found, Failure> {
    match Opened::open(file)? {
        Opened::File(mut opened) => match ndbytes::sniff(&start_of(&mut opened)?) {
            Some(Format::Npz) => check_archive(opened, limits, progress),
            _ => check_bytes(file, &Input::open(file)?, limits, progress),
        },
        Opened::Stream(mut stream) => {
            let mut start = Vec::new();
            stream.by_ref().take(npy::MAGIC.len() as u64).read_to_end(&mut start)?;
            if ndbytes::sniff(&start) != Some(Format::Npy) {
                stream.read_to_end(&mut start)?;
                return check_bytes(file, &start, limits, progress);
            }
            let mut stream = (&start[..]).chain(stream);
            let found =
                ndbytes::verify_stream(&mut stream, &ReadOptions::new().limits(limits), progress);
            Found::new(found, |error| error.into())
        }
    }
}

fn check_archive(
    file: File,
    limits: Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Found, Failure> {
    let nbytes = file.metadata()?.len();
    match Archive::from_file(file, npz::ReadOptions::new().limits(limits)) {
        Ok(archive) => {
            Found::new(ndbytes::verify_archive(&archive, progress), |error| error.into())
        }
        Err(error) => {
            progress(nbytes);
            let (format, faults) = (Some(Format::Npz), vec![Failure::from(error)]);
            Ok(Found { format, nbytes, arrays: 0, faults, notes: Vec::new() })
        }
    }
}

fn check_bytes(
    file: &Path,
    bytes: &[u8],
    limits: Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Found, Failure> {
    let options = options_for(file, bytes, limits);
    let found = ndbytes::verify(&Source::slice(bytes), &options, progress);
    Found::new(found, |error| Failure::about_bytes(error, file, bytes))
}

impl Found {
    fn new(found: Verified, failure: impl Fn(&DecodeError) -> Failure) -> Result<Self, Failure> {
        let Verified { format, nbytes, arrays, faults, notes, .. } = found;
        // What the system could not read says nothing about the file.
        if let Some(error) =
            faults.iter().find(|fault| matches!(fault.kind(), DecodeErrorKind::Io { .. }))
        {
            return Err(failure(error));
        }
        let faults = faults.iter().map(failure).collect();
        Ok(Self { format, nbytes, arrays, faults, notes })
    }
}

/// What is told of one file.
struct Checked {
    found: Found,
    /// Whether it is fine.
    ok: bool,
}

impl Report for Checked {
    fn json(&self, file: &Path) -> Value {
        let Self { found: Found { format, nbytes, arrays, faults, notes }, ok } = self;
        json!({
            "file": file.to_string_lossy(),
            "format": format.map(Format::name),
            "nbytes": nbytes,
            "ok": ok,
            "arrays": arrays,
            "faults": faults.iter().map(Failure::details).collect::<Vec<_>>(),
            "notes": notes,
        })
    }

    fn print(&self, screen: &mut Screen, file: &Path) -> Result<(), Trouble> {
        let Self { found, ok } = self;
        let verdict = if *ok { Cell::new(GOOD, "fine") } else { Cell::new(BAD, "FAILED") };
        let about = match found.format {
            Some(format) => format!(" ({}, {})", format.name(), counted(found.arrays, "array")),
            None => String::new(),
        };
        screen.line(&[Cell::from(format!("{}: ", name(file))), verdict, Cell::new(DIM, about)])?;
        for fault in &found.faults {
            screen.line(&[Cell::new(BAD, format!("  {}", fault.message()))])?;
            if let Some(hint) = fault.hint() {
                screen.line(&[Cell::from(format!("  Hint: {hint}"))])?;
            }
        }
        for note in &found.notes {
            screen.line(&[Cell::new(ODD, format!("  note: {note}"))])?;
        }
        Ok(())
    }
}
