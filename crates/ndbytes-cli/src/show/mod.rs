//! `ndbytes show FILE`: an array as people would rather see it.
//!
//! `target` finds the array, `view` decides as what it is best seen, `sample` takes a part of large
//! ones. `statistics`, `picture` and `plot` make numbers and shapes of it, `draw` what terminals
//! understand; here it is put together.

mod draw;
mod picture;
mod plot;
mod report;
mod sample;
mod statistics;
mod view;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ndbytes::{Array, DecodeError, Format, Slice};
use serde_json::json;

use crate::Outcome;
use crate::description::{ReadArgs, in_short};
use crate::input::Input;
use crate::output::Output;
use crate::screen::{BOLD, Cell, DIM, Screen, counted};
use crate::target::{Target, nameless, no_array, two_names};
use crate::trouble::{Trouble, name};
use draw::{CHARACTER, Graphics};
use ndbytes::array::tuple;
use picture::{Colors, IN_COLOR, Raster, Room, Style};
use report::Told;
use sample::Sample;
use statistics::each;
use view::View;

const AFTER_HELP: &str = "\
Two dimensions are a picture, three too where the last one is red, green, blue
and perhaps alpha (uint8, or floats from 0 to 1); one is a line, or, of few
different whole numbers, how many there are of each. Of more dimensions the
middle one is shown, unless a slice says which. What is no number is listed.

A slice is NumPy's: indices, ranges, `...`; negative ones count from the end. A
field of a structure is taken by its name, such as [\"mass\"][:100].
Shells have uses of their own for brackets, so put it in quotes. Where a file or
an array has brackets or colons in its own name, that is what is meant.

Pictures are half blocks in colour on a terminal, or points where the terminal
says in its environment that it knows kitty's or DEC's (sixel) way. In a pipe,
and with NO_COLOR, they are plain characters, 80 columns wide.

Large arrays are sampled: it is said how, and --all looks at every element.

With --json there is one object:
  file, name, slice   as given, or null
  dtype, typestr, shape
  sample      how the statistics were sampled, or null if they are of all
  statistics  of numbers and times: count, min, max, mean, std (of finite ones),
              zeros, nan, inf, negative_inf, labels (value, count) of few whole
              numbers, histogram (edges, counts); complex ones by magnitude
  fields      of structures: name, dtype, statistics
  elements    the first and last: index, value

Examples:
  ndbytes show heights.npy
  ndbytes show 'images.npy[7]'
  ndbytes show 'volume.npy[:, ::2, -1]'
  ndbytes show 'several.npz:weights[0]'
  ndbytes show 'stars.npy[\"mass\"][:100]'
  ndbytes show heights.npy --png heights.png --percentiles 2,98
  ndbytes show scan.raw --dtype '>i2' --shape -1,512
  ndbytes show x.npy --json | jq .statistics.max
  curl -s URL | ndbytes show -
  curl -s URL | ndbytes show -- '-[0]'";

/// Shows an array: as a picture, a line or a list, with statistics
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The file to look at (- is stdin), the array of an npz, and the part of it
    #[arg(value_name = "FILE[:NAME][SLICE]")]
    target: OsString,

    /// Of an npz, the array of this name; otherwise that after the colon
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Write the picture to a PNG file instead, a point an element; - is stdout
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,

    /// Replace OUT if it is there
    #[arg(short, long, requires = "png")]
    force: bool,

    /// How to draw; auto is what the terminal says that it knows
    #[arg(long, value_name = "HOW", default_value = "auto")]
    graphics: GraphicsArg,

    /// The colours of numbers, from low to high
    #[arg(long, value_name = "COLORS", default_value = "auto")]
    colors: Colors,

    /// From dark to light are these percentiles of what is drawn, not the least and the greatest
    #[arg(long, value_name = "LOW,HIGH", value_parser = percentiles)]
    percentiles: Option<(f64, f64)>,

    /// Columns to fill; otherwise those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    width: Option<u16>,

    /// Look at every element, however many there are
    #[arg(long)]
    all: bool,

    /// Say it as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum GraphicsArg {
    Auto,
    Kitty,
    Sixel,
    Blocks,
    Ascii,
}

/// Longer names are no example of what to write.
const LONGEST_EXAMPLE: usize = 40;
/// Lines of a picture where the terminal does not say how many it has.
const LINES: usize = 40;
/// Sides of a PNG file, unless everything is asked for.
const PNG_SIDE: usize = 4096;

fn percentiles(text: &str) -> Result<(f64, f64), String> {
    let bounds = text.split_once(',').and_then(|(low, high)| {
        Some((low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?))
    });
    match bounds {
        Some((low, high)) if (0.0..high).contains(&low) && high <= 100.0 => Ok((low, high)),
        _ => Err("two numbers from 0 to 100, the lower one first, such as 2,98".to_owned()),
    }
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let target = Target::new(&args.target, Path::exists);
    let about = |trouble: Trouble| trouble.about(&target.path);
    // Before the input is read: it may be long.
    let png = args.png.as_ref().map(|path| Output::new(path, args.force)).transpose()?;
    let input = Input::open(&target.path).map_err(|error| about(error.into()))?;
    let found = Found::new(args, &target, &input).map_err(about)?;
    if Sample::is_part(&found.array) && !args.all {
        input.expect_parts();
    }
    let mut screen = Screen::stdout();
    let mut showing = Showing::new(args, &screen);
    if let Some(output) = png {
        let (bytes, said) = showing.png(&found).map_err(about)?;
        output.write(|out| Ok(out.write_all(&bytes)?))?;
        if args.png.as_deref() == Some(Path::new("-")) {
            return Ok(Outcome::Fine);
        }
        showing.written = Some(said);
    }
    if args.json {
        showing.json(&mut screen, &found)?;
    } else {
        showing.print(&mut screen, &found)?;
    }
    screen.flush()?;
    Ok(Outcome::Fine)
}

/// The array that was asked for.
struct Found<'a> {
    file: &'a Path,
    name: Option<String>,
    slice: Option<String>,
    array: Array<'a>,
}

impl<'a> Found<'a> {
    fn new(args: &Args, target: &'a Target, bytes: &'a [u8]) -> Result<Self, Trouble> {
        let names = args.reading.names(&target.path, bytes)?;
        let is_name = |name: &str| names.iter().flatten().any(|known| known == name);
        let mut part = target.part(is_name).map_err(Trouble::new)?;
        match (&part.name, &args.name) {
            (Some(one), Some(other)) => {
                return Err(two_names(one, other));
            }
            (None, Some(name)) => part.name = Some(name.clone()),
            (_, None) => {}
        }
        let name = match (names, part.name) {
            (None, None) => None,
            (None, Some(name)) => return Err(Trouble::new(nameless(&name))),
            (Some(_), Some(name)) => Some(name),
            (Some(mut names), None) => match names.len() {
                0 => return Err(no_array()),
                1 => names.pop(),
                count => {
                    let file = name(&target.path);
                    let example = names.iter().find(|name| name.len() <= LONGEST_EXAMPLE);
                    return Err(Trouble::new(format!(
                        "the archive holds {count} arrays. Hint: say which, as '{file}:{}': {}",
                        example.map_or("NAME", String::as_str),
                        ndbytes::array::quoted(names.iter().map(String::as_str)),
                    )));
                }
            },
        };
        let (format, mut arrays) = args.reading.read(&target.path, bytes, name.as_deref())?;
        if format != Format::Raw && args.reading.order().is_some() {
            return Err(Trouble::new(format!(
                "--order is for raw bytes, these are {} and say what they are. Hint: leave it out",
                format.name()
            )));
        }
        let Some((_, mut array)) = arrays.pop() else {
            return Err(Trouble::new("there is no array"));
        };
        // As in NumPy, one slice may follow another, and a field is taken by its name.
        for slice in part.slice.iter().flat_map(|slice| slice.split("][")) {
            array = match quoted(slice) {
                Some(field) if array.objects().is_none() => array.field(field)?,
                _ => array.slice(&Slice::parse(slice)?)?,
            };
        }
        Ok(Self { file: &target.path, name, slice: part.slice, array })
    }

    fn title(&self) -> String {
        let name = self.name.as_ref().map_or(String::new(), |name| format!(":{name}"));
        let slice = self.slice.as_ref().map_or(String::new(), |slice| format!("[{slice}]"));
        format!("{}{name}{slice}", crate::trouble::name(self.file))
    }
}

/// What is between quotes.
fn quoted(text: &str) -> Option<&str> {
    let inside = |quote| text.trim().strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"'))
}

/// How to show it.
struct Showing {
    all: bool,
    columns: usize,
    lines: usize,
    graphics: Graphics,
    /// Points of a character, across and down.
    character: (usize, usize),
    style: Style,
    /// What is said about a PNG file that has been written.
    written: Option<String>,
}

impl Showing {
    fn new(args: &Args, screen: &Screen) -> Self {
        let size = screen.size();
        let all_colors = Graphics::Blocks { all_colors: true };
        let told = Graphics::of_terminal(screen.is_colored(), |name| std::env::var(name).ok());
        let graphics = match args.graphics {
            GraphicsArg::Auto => told,
            GraphicsArg::Kitty => Graphics::Kitty,
            GraphicsArg::Sixel => Graphics::Sixel,
            GraphicsArg::Blocks if matches!(told, Graphics::Blocks { .. }) => told,
            GraphicsArg::Blocks => all_colors,
            GraphicsArg::Ascii => Graphics::Ascii,
        };
        Self {
            all: args.all,
            columns: args.width.map_or(size.map_or(80, |size| size.0), usize::from).max(1),
            // The words around it should be seen, too.
            lines: size.map_or(LINES, |size| size.1.saturating_sub(4).clamp(8, 60)),
            style: Style {
                colors: args.colors,
                percentiles: args.percentiles,
                words: graphics.words(),
            },
            graphics,
            character: screen.character().unwrap_or(CHARACTER),
            written: None,
        }
    }

    fn sample<'a>(&self, array: &Array<'a>) -> Result<Sample<'a>, DecodeError> {
        if self.all { Ok(Sample::all(array)) } else { Sample::of(array) }
    }

    fn json(&self, screen: &mut Screen, found: &Found<'_>) -> Result<(), Trouble> {
        let mut object = report::json(&found.array, &self.sample(&found.array)?)?;
        object["file"] = json!(found.file.to_string_lossy());
        object["name"] = json!(found.name);
        object["slice"] = json!(found.slice);
        Ok(screen.json(&object)?)
    }

    fn print(&self, screen: &mut Screen, found: &Found<'_>) -> Result<(), Trouble> {
        let array = &found.array;
        let sample = self.sample(array)?;
        let told = Told::of(&sample.array)?;
        let what = format!(", {} {}", in_short(array.dtype()), tuple(array.shape()));
        screen.line(&[Cell::new(BOLD, found.title()), Cell::from(what)])?;
        match (View::of(array)?, &self.written) {
            (_, Some(said)) => self.say(screen, std::slice::from_ref(said))?,
            (View::Picture { plane, part }, None) => self.draw(screen, &plane, part)?,
            // Of few different values the bars below say more.
            (View::Line, None) => match &told {
                Some(told) if told.statistics.labels.is_some() => {}
                _ if array.len() <= report::MOST_LISTED => self.list(screen, array)?,
                _ => self.plot(screen, &sample)?,
            },
            (View::Elements, None) => self.list(screen, array)?,
        }
        if array.is_empty() {
            return self.say(screen, &["no elements".to_owned()]);
        }
        // Of one element everything has been said.
        if array.len() > 1 {
            self.tell(screen, &sample, told.as_ref())?;
        }
        Ok(())
    }

    fn draw(
        &self,
        screen: &mut Screen,
        plane: &Array<'_>,
        part: Option<String>,
    ) -> Result<(), Trouble> {
        let shape = (plane.shape()[0], plane.shape()[1]);
        let room = self.graphics.room((self.columns, self.lines), self.character, shape);
        let (picture, scale) = Raster::of(plane, room)?.picture(self.style);
        let drawn = self.graphics.draw(&picture, room).map_err(png_trouble)?;
        screen.drawing(&drawn)?;
        let part = part.map(|part| format!("the part {part}"));
        self.say(screen, &part.into_iter().chain(scale).collect::<Vec<_>>())
    }

    /// The bytes of a PNG file, and what is said about it.
    fn png(&self, found: &Found<'_>) -> Result<(Vec<u8>, String), Trouble> {
        let View::Picture { plane, part } = View::of(&found.array)? else {
            return Err(Trouble::new(format!(
                "{} {} is no picture. Hint: that takes numbers in two dimensions; raw bytes are \
                 given them with --shape",
                in_short(found.array.dtype()),
                tuple(found.array.shape()),
            )));
        };
        let side = if self.all { u32::MAX as usize } else { PNG_SIDE };
        let room = Room { width: side, height: side, aspect: 1 };
        let style = Style { words: IN_COLOR, ..self.style };
        let (picture, scale) = Raster::of(&plane, room)?.picture(style);
        let bytes = picture.png().map_err(png_trouble)?;
        let part = part.map(|part| format!("the part {part}"));
        let size = format!("written as {} x {} points", picture.width, picture.height);
        let said: Vec<String> = [size].into_iter().chain(part).chain(scale).collect();
        Ok((bytes, said.join("; ")))
    }

    fn plot(&self, screen: &mut Screen, sample: &Sample<'_>) -> Result<(), Trouble> {
        let ascii = self.graphics == Graphics::Ascii;
        let line = &sample.array;
        let spans = |columns: usize| spans(line, columns.min(line.len()));
        let (_, Some(range)) = spans(1)? else {
            return self.say(screen, &["nothing to draw: no number is finite".to_owned()]);
        };
        let (spans, _) = spans(plot::columns(self.columns, ascii, range))?;
        for text in plot::line(&spans, range, ascii) {
            screen.line(&[Cell::from(text)])?;
        }
        let said = sample.how.as_ref().map(|_| "drawn of the sample below".to_owned());
        self.say(screen, said.as_slice())
    }

    fn list(&self, screen: &mut Screen, array: &Array<'_>) -> Result<(), Trouble> {
        let ends = report::ends(array)?;
        let indices = ends.iter().flatten().map(|(index, _)| index.len()).max().unwrap_or(0);
        let room = self.columns.saturating_sub(indices.max(3) + 4).max(8);
        let rows = ends.into_iter().map(|row| match row {
            Some((index, text)) => {
                vec![Cell::new(DIM, index).right(), Cell::from(fitted(&text, room))]
            }
            None => vec![Cell::new(DIM, "...").right()],
        });
        Ok(screen.table(2, &rows.collect::<Vec<_>>())?)
    }

    /// The statistics.
    fn tell(
        &self,
        screen: &mut Screen,
        sample: &Sample<'_>,
        told: Option<&Told<'_>>,
    ) -> Result<(), Trouble> {
        let (fields, more) = report::fields(&sample.array)?;
        if told.is_none() && fields.is_empty() {
            return Ok(());
        }
        screen.line(&[])?;
        if let Some(how) = &sample.how {
            self.say(screen, &[format!("statistics of a sample (--all: of all): {how}")])?;
        }
        let ascii = self.graphics == Graphics::Ascii;
        if let Some(told) = told {
            if told.is_complex() {
                self.say(
                    screen,
                    &["the numbers are complex: these are their magnitudes".to_owned()],
                )?;
            }
            let rows = told.rows()?;
            // The longest name is "values".
            let room = self.columns.saturating_sub(10).max(8);
            let rows = rows
                .iter()
                .map(|(name, value)| vec![Cell::new(DIM, name), Cell::from(fitted(value, room))]);
            screen.table(2, &rows.collect::<Vec<_>>())?;
            let bars = told.bars()?;
            if !bars.is_empty() {
                screen.line(&[])?;
            }
            for text in plot::bars(&bars, self.columns.saturating_sub(2), ascii) {
                screen.line(&[Cell::from(format!("  {text}"))])?;
            }
        }
        if !fields.is_empty() {
            let titles = ["field", "dtype", "min", "max", "mean", "NaN"];
            let mut rows = vec![titles.map(|title| Cell::new(DIM, title)).to_vec()];
            for field in &fields {
                let told = field.told.as_ref().map(Told::rows).transpose()?.unwrap_or_default();
                let value = |names: &[&str]| {
                    let found = told.iter().find(|(name, _)| names.contains(name));
                    found.map_or_else(String::new, |(_, value)| value.clone())
                };
                let dtype = in_short(&field.dtype);
                let mut row = vec![field.name.clone(), dtype, value(&["min"]), value(&["max"])];
                row.extend([value(&["mean"]), value(&["NaN", "NaT"])]);
                let filled =
                    row.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
                rows.push(row[..filled].iter().map(Cell::from).collect());
            }
            screen.table(2, &rows)?;
        }
        if more > 0 {
            self.say(screen, &[format!("and {}", counted(more, "more field"))])?;
        }
        Ok(())
    }

    /// Remarks, in lines that are no wider than what is around them.
    fn say(&self, screen: &mut Screen, remarks: &[String]) -> Result<(), Trouble> {
        for line in wrapped(&remarks.join("; "), self.columns.saturating_sub(2).max(8)) {
            screen.line(&[Cell::from("  "), Cell::new(DIM, line)])?;
        }
        Ok(())
    }
}

fn png_trouble(error: png::EncodingError) -> Trouble {
    Trouble::new(format!("the picture cannot be written as PNG: {error}"))
}

/// The least and the greatest finite number in each of so many columns, and in all.
fn spans(line: &Array<'_>, columns: usize) -> Result<(Vec<plot::Span>, plot::Span), DecodeError> {
    let count = line.len() as u128;
    let (mut spans, mut place): (Vec<plot::Span>, u128) = (vec![None; columns], 0);
    each(line, |number| {
        let span = &mut spans[(place * columns as u128 / count) as usize];
        place += 1;
        if number.is_finite() {
            let (low, high) = span.unwrap_or((number, number));
            *span = Some((low.min(number), high.max(number)));
        }
    })?;
    let all = spans.iter().flatten().copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    Ok((spans, all))
}

/// At most so many characters of a text.
fn fitted(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// A text in lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|_| !text.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_within_its_width() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 3), ["one", "two", "three"]);
        assert_eq!(wrapped("", 8), [""; 0]);
        assert_eq!(fitted("abcdefgh", 8), "abcdefgh");
        assert_eq!(fitted("abcdefghi", 8), "abcde...");
    }

    #[test]
    fn percentiles_are_two_shares() {
        assert_eq!(percentiles("2,98"), Ok((2.0, 98.0)));
        assert_eq!(percentiles("0, 99.5"), Ok((0.0, 99.5)));
        for bad in ["2", "98,2", "-1,50", "1,101", "a,b", "5,5", "nan,50"] {
            assert!(percentiles(bad).is_err(), "{bad}");
        }
    }
}
