//! `ndbytes guess FILE...`: what bytes that say nothing about themselves may be.

use std::path::{Path, PathBuf};

use ndbytes::{DType, Guess, GuessOptions, Source};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::{Shape, order_name, parse_shape, way_to_read};
use crate::failure::Failure;
use crate::input::Input;
use crate::progress::Progress;
use crate::screen::{BOLD, Cell, DIM, GOOD, Screen, counted};
use crate::several::{Report, Telling, tell_each};
use crate::trouble::{Trouble, name};
use ndbytes::array::tuple;

const AFTER_HELP: &str = "\
Files are not read whole: a sample tells. What is no array is told by name, such
as gzip, png or an HTML page; random bytes are called random.

With --json there is one object on a line for each file: file, nbytes, and
guesses, the likeliest first, each with
  what         in a few words
  dtype        NumPy's type string, or null where it is no array
  shape        elements along each axis; offset: bytes before the first; order
  probability  that all of this is so, 0 to 1
  reasons      what speaks for it
  call         the Python that reads it, or null
  convert      options of ndbytes convert that read it, or null
or, in their place, error: kind, message, offset, entry, hint (or null).

Examples:
  ndbytes guess mystery.bin
  ndbytes guess mystery.bin --shape 28,28
  ndbytes guess scan.dat --offset 352 --json
  curl -s URL | ndbytes guess -";

/// Guesses what bytes without a description are: dtype, shape, offset, with reasons
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The files to look at; - is stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Elements along each axis, if that is known; -1 is what is left
    #[arg(long, value_parser = parse_shape, allow_hyphen_values = true)]
    shape: Option<Shape>,

    /// What one element is, if that is known
    #[arg(long, value_parser = DType::from_typestr)]
    dtype: Option<DType>,

    /// Bytes before the first element, if that is known
    #[arg(long, value_name = "BYTES")]
    offset: Option<usize>,

    /// How many guesses to show
    #[arg(long, short = 'n', default_value_t = 3)]
    most: usize,

    /// One JSON object a line for each file
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let telling = if args.json { Telling::Json } else { Telling::Apart };
    let look = |file: &Path| Guessed::of(file, args);
    match tell_each(&args.files, telling, &Progress::none(), &mut Screen::stdout(), look)? {
        0 => Ok(Outcome::Fine),
        _ => Ok(Outcome::Troubled),
    }
}

impl Args {
    fn options(&self) -> GuessOptions {
        let mut options = GuessOptions::new();
        if let Some(Shape(shape)) = &self.shape {
            options = options.shape(shape);
        }
        if let Some(dtype) = &self.dtype {
            options = options.dtype(dtype.clone());
        }
        if let Some(offset) = self.offset {
            options = options.offset(offset);
        }
        options
    }
}

/// What one file may be.
struct Guessed {
    nbytes: usize,
    guesses: Vec<Guess>,
    /// How many of them are shown to people.
    most: usize,
}

impl Guessed {
    fn of(file: &Path, args: &Args) -> Result<Self, Failure> {
        let input = Input::open(file)?;
        input.expect_parts();
        let guesses = ndbytes::guess(&Source::slice(&input), &args.options())?;
        Ok(Self { nbytes: input.len(), guesses, most: args.most })
    }
}

impl Report for Guessed {
    fn json(&self, file: &Path) -> Value {
        let guesses: Vec<Value> = self.guesses.iter().map(guess_json).collect();
        json!({ "file": file.to_string_lossy(), "nbytes": self.nbytes, "guesses": guesses })
    }

    fn print(&self, screen: &mut Screen, file: &Path) -> Result<(), Trouble> {
        screen.line(&[
            Cell::new(BOLD, name(file)),
            Cell::from(format!(", {}", counted(self.nbytes, "byte"))),
        ])?;
        if self.guesses.is_empty() {
            screen.line(&[Cell::from("  nothing fits what is said about them")])?;
        }
        for guess in self.guesses.iter().take(self.most) {
            let mut said = guess.what.clone();
            if guess.dtype.is_some() {
                said.push_str(&format!(" {}", tuple(&guess.shape)));
            }
            let percent = format!("{:3.0} %", 100.0 * guess.probability);
            screen.line(&[Cell::new(BOLD, percent), Cell::from("  "), Cell::new(BOLD, said)])?;
            for reason in &guess.reasons {
                screen.line(&[Cell::new(DIM, format!("       {reason}"))])?;
            }
            let convert = convert_options(guess)
                .map(|options| format!("ndbytes convert {} OUT.npy {options}", in_shell(file)));
            for line in [convert, guess.call.clone()].into_iter().flatten() {
                screen.line(&[Cell::from("       "), Cell::new(GOOD, line)])?;
            }
        }
        Ok(())
    }
}

/// A file as one word of a shell, and none that is taken for an option.
fn in_shell(file: &Path) -> String {
    let path = file.to_string_lossy();
    let dashed = path.starts_with('-') && path != "-";
    let path = if dashed { format!("./{path}") } else { path.into_owned() };
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+:,=@%".contains(c);
    match path.chars().all(is_plain) && !path.is_empty() {
        true => path,
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

/// The options that make `ndbytes convert` read it so.
fn convert_options(guess: &Guess) -> Option<String> {
    Some(format!("--from raw {}", way_to_read(guess)?))
}

fn guess_json(guess: &Guess) -> Value {
    json!({
        "what": guess.what,
        "dtype": guess.dtype.as_ref().and_then(DType::typestr),
        "shape": &guess.shape[..],
        "offset": guess.offset,
        "order": order_name(guess.order),
        "probability": guess.probability,
        "reasons": guess.reasons,
        "call": guess.call,
        "convert": convert_options(guess),
    })
}
