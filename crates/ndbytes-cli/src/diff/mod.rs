//! `ndbytes diff A B`: whether and where the arrays of two files differ, whatever their formats.

mod pairs;

use std::path::PathBuf;

use ndbytes::{DiffOptions, Difference, Place};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::ReadArgs;
use crate::input::Input;
use crate::screen::{BAD, Cell, DIM, GOOD, Screen};
use crate::target::Named;
use crate::trouble::Trouble;
use pairs::{Pairs, Side};

const AFTER_HELP: &str = "\
Elements are the same when their bits are: NaN and a NaN of the same bits, but
not 0.0 and -0.0. With --rtol, --atol, --ulp or --values it is their values that
count, and neither dtypes nor byte orders. Files are mapped; what is compressed is
inflated, one array of each archive after the other, within --max-bytes.

Exit codes: 0 the same, 1 different, 2 trouble.

With --json there is one object: equal, size, count, first and worst (index, a,
b), max_abs, max_rel, max_ulp, nan (in a only, in b only, in both with different
bits), zero_signs, fields (name, and the same for each), why (sentences), and
picture: how many elements differ in each part of the last two dimensions. Of
archives: equal, arrays (name, and the same for each), only_in_a, only_in_b.

Examples:
  ndbytes diff old.npy new.npy
  ndbytes diff a.npy b.pkl --rtol 1e-6
  ndbytes diff old.npz new.npz
  ndbytes diff weights.npz:bias bias.npy
  ndbytes diff a.npy b.raw --dtype '<f4' --shape 28,28 --equal-nan
  ndbytes diff --quiet a.npy b.npy || echo changed";

/// Tells whether and where two arrays differ
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The one file, and of an npz which array: weights.npz:bias; - is stdin
    #[arg(value_name = "A[:NAME]")]
    a: PathBuf,

    /// The other file
    #[arg(value_name = "B[:NAME]")]
    b: PathBuf,

    /// Of an npz, only the array of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Numbers may be apart by this share of the second one
    #[arg(long, value_name = "SHARE", value_parser = tolerance, allow_negative_numbers = true)]
    rtol: Option<f64>,

    /// Numbers may be this far apart
    #[arg(long, value_name = "DISTANCE", value_parser = tolerance, allow_negative_numbers = true)]
    atol: Option<f64>,

    /// So many floats of their format may lie between two, the farther one included
    #[arg(long, value_name = "N")]
    ulp: Option<u64>,

    /// NaNs of any bits are the same
    #[arg(long)]
    equal_nan: bool,

    /// Compare values: 0.0 is -0.0, and dtypes and byte orders do not count
    #[arg(long)]
    values: bool,

    /// Say nothing: the exit code tells
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    /// Say it as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    reading: ReadArgs,
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 => Ok(value),
        _ => Err("a number that is not negative, such as 1e-6".to_owned()),
    }
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let open = |asked| {
        let target = Named::new(asked);
        let opened = Input::open(&target.path);
        let input = opened.map_err(|error| Trouble::from(error).about(&target.path))?;
        Ok::<_, Trouble>((target, input))
    };
    let (a, b) = (open(&args.a)?, open(&args.b)?);
    // Bytes that describe themselves do not need what is said about the other file's.
    let reading = args.reading.for_one_of_two();
    let pairs = Pairs::new(args.read(&reading, &a)?, args.read(&reading, &b)?);
    let differences = pairs.differences(&args.options())?;
    let equal = pairs.is_complete() && differences.iter().all(|(_, difference)| difference.equal);
    let mut screen = Screen::stdout();
    if args.json {
        screen.json(&pairs.json(equal, &differences))?;
    } else if !args.quiet {
        pairs.print(&mut screen, &differences)?;
    }
    screen.flush()?;
    Ok(if equal { Outcome::Fine } else { Outcome::Different })
}

impl Pairs<'_> {
    fn print(
        &self,
        screen: &mut Screen,
        differences: &[(Option<&str>, Difference)],
    ) -> Result<(), Trouble> {
        for (name, difference) in differences {
            if let Some(name) = name {
                screen.line(&[Cell::from(format!("{name}:"))])?;
            }
            print(screen, difference)?;
        }
        for (which, names) in ["first", "second"].into_iter().zip(&self.only_in) {
            for name in names {
                screen.line(&[Cell::new(BAD, format!("{name}: only in the {which} file"))])?;
            }
        }
        Ok(())
    }

    fn json(&self, equal: bool, differences: &[(Option<&str>, Difference)]) -> Value {
        let named = |(name, difference): &(Option<&str>, Difference)| {
            let mut object = difference_json(difference);
            if let Some(name) = name {
                object["name"] = json!(name);
            }
            object
        };
        match differences {
            [one @ (None, _)] => named(one),
            all => json!({
                "equal": equal,
                "arrays": all.iter().map(named).collect::<Vec<_>>(),
                "only_in_a": self.only_in[0],
                "only_in_b": self.only_in[1],
            }),
        }
    }
}

impl Args {
    /// The arrays of one of the files, or the one that is asked for.
    fn read<'a>(
        &self,
        reading: &ReadArgs,
        (target, input): &'a (Named, Input),
    ) -> Result<Side<'a>, Trouble> {
        let read = || {
            let name = target.name(self.name.as_deref())?;
            if name.is_none()
                && let Some(archive) = reading.open(&target.path, input)?
            {
                return Side::of_archive(&target.path, archive);
            }
            let (format, arrays) = reading.read(&target.path, input, name)?;
            target.refuse_name(format)?;
            Ok(Side::of_arrays(&target.path, arrays))
        };
        read().map_err(|trouble: Trouble| trouble.about(&target.path))
    }

    fn options(&self) -> DiffOptions {
        let mut options = DiffOptions::new().equal_nan(self.equal_nan).values(self.values);
        if let Some(rtol) = self.rtol {
            options = options.rtol(rtol);
        }
        if let Some(atol) = self.atol {
            options = options.atol(atol);
        }
        if let Some(ulp) = self.ulp {
            options = options.ulp(ulp);
        }
        options
    }
}

fn print(screen: &mut Screen, difference: &Difference) -> Result<(), Trouble> {
    let style = if difference.equal { GOOD } else { BAD };
    for (index, line) in difference.to_string().lines().enumerate() {
        let cell = if index == 0 { Cell::new(style, line) } else { Cell::from(line) };
        screen.line(&[cell])?;
    }
    let picture = &difference.picture;
    let most = picture.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 || picture.len() < 2 {
        return Ok(());
    }
    screen.line(&[Cell::new(DIM, "where they differ, in the last two dimensions:")])?;
    for row in picture {
        let shades = row.iter().map(|&count| shade(count, most));
        screen.line(&[Cell::from("  "), Cell::new(BAD, shades.collect::<String>())])?;
    }
    Ok(())
}

/// A character as dark as a part has differences.
fn shade(count: usize, most: usize) -> char {
    const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
    match count {
        0 => '·',
        count => SHADES[(count * SHADES.len()).div_ceil(most).clamp(1, SHADES.len()) - 1],
    }
}

fn difference_json(difference: &Difference) -> Value {
    let place = |place: &Place| {
        let [a, b] = &place.values;
        json!({ "index": &place.index[..], "a": a, "b": b })
    };
    // JSON has no infinity.
    let number = |value: Option<f64>| match value {
        Some(value) if value.is_infinite() => json!("inf"),
        value => json!(value),
    };
    let fields = difference.fields.iter().map(|(name, part)| {
        let mut object = difference_json(part);
        object["name"] = json!(name);
        object
    });
    json!({
        "equal": difference.equal,
        "size": difference.size,
        "count": difference.count,
        "first": difference.first.as_ref().map(place),
        "worst": difference.worst.as_ref().map(place),
        "max_abs": number(difference.max_abs),
        "max_rel": number(difference.max_rel),
        "max_ulp": difference.max_ulp,
        "nan": difference.nan,
        "zero_signs": difference.zero_signs,
        "fields": fields.collect::<Vec<_>>(),
        "why": difference.why,
        "picture": difference.picture,
    })
}
