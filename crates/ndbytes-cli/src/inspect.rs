//! `ndbytes inspect FILE...`: what files say about themselves, without their elements.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ndbytes::{
    ByteOrder, DType, DecodeErrorKind, Entry, Field, Format, Kind, Limits, ReadOptions, Summary,
    pickle,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::{in_short, options_for, order_name};
use crate::failure::Failure;
use crate::input::{Input, Opened, start_of};
use crate::progress::Progress;
use crate::screen::{BOLD, Cell, DIM, ODD, Screen, counted};
use crate::several::{Report, Telling, tell_each};
use crate::spending::Spending;
use crate::target::{Named, nameless};
use crate::trouble::{Trouble, name};
use ndbytes::array::{quoted, tuple};

const AFTER_HELP: &str = "\
Only the description is read, never the elements, and nothing in it is run. Of a
stream no more is read than the description takes, or 64 KiB; of objects, which
are a pickle, what they ask for is told as far as that. A file that cannot
be described is told on stderr; the others follow, and the exit code is 2.
Of an npz the arrays are listed; of the one after the colon all is told.

With --json there is one object on a line for each file:
  file       its name, as given
  format     such as \"npy\"; version, such as \"1.0\", or null
  nbytes     length of the whole file, or null of a stream that was not read to its end
  entries    the arrays in it, each with
    name       or null, in a format for one array
    dtype      in words, or \"structure\"; typestr: NumPy's, or null for a structure
    itemsize   bytes per element
    fields     of a structure, in order: name, title, dtype, typestr, itemsize,
               fields, offset (from the start of the structure), shape
    shape      elements along each axis
    order      \"C\" or \"F\"
    offset     byte of the file where the data starts, or null where it does not
               lie as it is; offset_inside: that of the npy, of one that is
               compressed; alignment: largest power of two, at most 64, that
               divides it
    nbytes     length of the data, or null when only reading would tell
    compression  such as \"deflate\", or null where it is not compressed
    version    of the npy that it is, in an npz, too, or null in a pickle
    names, oddities  those of the whole that are about this array
  names      what a pickle, or one of objects, asks for: name, known (or refused),
             offset
  oddities   what is unusual, damaged or lost, as sentences
or, in their place, error: kind, message, offset, entry, hint (or null).

Examples:
  ndbytes inspect x.npy
  ndbytes inspect several.npz
  ndbytes inspect several.npz:x
  ndbytes inspect --json *.npy | jq -r 'select(.oddities != []) | .file'
  ssh host cat x.npy | ndbytes inspect -";

/// Tells what files say about themselves: dtype, shape, order, oddities
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The files to look at, and of an npz perhaps which array: several.npz:x; - is stdin
    #[arg(value_name = "FILE[:NAME]", required = true)]
    files: Vec<PathBuf>,

    /// One JSON object a line for each file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    spending: Spending,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let telling = if args.json { Telling::Json } else { Telling::Apart };
    let limits = args.spending.limits();
    let look = |file: &Path| Looked::at(file, limits);
    match tell_each(&args.files, telling, &Progress::none(), &mut Screen::stdout(), look)? {
        0 => Ok(Outcome::Fine),
        _ => Ok(Outcome::Troubled),
    }
}

/// What a file says about itself, or about one of its arrays.
struct Looked {
    summary: Summary,
    /// Whether one array of several was asked for.
    is_one: bool,
}

impl Looked {
    fn at(asked: &Path, limits: Limits) -> Result<Self, Failure> {
        let target = Named::new(asked);
        let summary = look(&target.path, limits)?;
        let Some(wanted) = target.array() else { return Ok(Self { summary, is_one: false }) };
        if summary.format != Format::Npz {
            return Err(Failure::mismatch(nameless(wanted), None));
        }
        let names = summary.entries.iter().flat_map(|entry| entry.name.as_deref());
        let known = format!("there are {}", quoted(names));
        match summary.only(wanted) {
            Some(summary) => Ok(Self { summary, is_one: true }),
            None => {
                let found = format!("the archive has no array {wanted:?}");
                Err(Failure::mismatch(found, Some(known)))
            }
        }
    }
}

/// What a file says about itself. Of large files little is read; what a pickle asks for may be
/// anywhere in it, so that one is mapped into memory.
fn look(file: &Path, limits: Limits) -> Result<Summary, Failure> {
    let options = ReadOptions::new().limits(limits);
    let look_at = |bytes: &[u8]| {
        ndbytes::inspect(bytes, bytes.len() as u64, &options_for(file, bytes, limits))
            .map_err(|error| Failure::about_bytes(&error, file, bytes))
    };
    match Opened::open(file)? {
        Opened::File(mut opened) => match ndbytes::sniff(&start_of(&mut opened)?) {
            Some(Format::Npy | Format::Npz) => Ok(ndbytes::inspect_file(opened, &options)?),
            _ => look_at(&Input::open(file)?),
        },
        Opened::Stream(mut stream) => {
            let mut seen = Seen { stream: &mut stream, start: Vec::new() };
            ndbytes::inspect_stream(&mut seen, &options).map_err(|error| match *error.kind() {
                DecodeErrorKind::Unrecognized => {
                    let nbytes = (seen.start.len() < START).then_some(seen.start.len() as u64);
                    Failure::unknown(file, &seen.start, nbytes)
                }
                _ => error.into(),
            })
        }
    }
}

/// What is kept of a stream to tell what it is.
const START: usize = 64 << 10;

/// A stream of which the start is kept.
struct Seen<'s> {
    stream: &'s mut dyn Read,
    start: Vec<u8>,
}

impl Read for Seen<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes)?;
        let room = START - self.start.len();
        self.start.extend_from_slice(&bytes[..read.min(room)]);
        Ok(read)
    }
}

impl Report for Looked {
    fn json(&self, file: &Path) -> Value {
        summary_json(file, &self.summary)
    }

    fn print(&self, screen: &mut Screen, file: &Path) -> Result<(), Trouble> {
        let is_list = self.summary.format == Format::Npz && !self.is_one;
        print(screen, file, &self.summary, is_list)
    }
}

fn print(
    screen: &mut Screen,
    file: &Path,
    summary: &Summary,
    is_list: bool,
) -> Result<(), Trouble> {
    screen.line(&[Cell::new(BOLD, name(file))])?;
    let version = summary.version.as_ref().map_or(String::new(), |version| format!(" {version}"));
    let row = |label: &str, text: String| vec![Cell::new(DIM, label), Cell::from(text)];
    let format = match &summary.entries[..] {
        // What is asked for is an npy; where it is, is a matter of the file.
        [Entry { version: Some(version), .. }] if summary.format == Format::Npz && !is_list => {
            format!("npy {version} in npz")
        }
        _ => format!("{}{version}", summary.format.name()),
    };
    let format = row("format", format);
    // The labels are as wide as "format" everywhere, so the tables of entries line up.
    screen.table(2, &[format])?;
    if is_list {
        screen.table(2, &entries(summary))?;
    }
    for entry in summary.entries.iter().filter(|_| !is_list) {
        let mut rows = Vec::new();
        if let Some(name) = &entry.name {
            rows.push(row("entry ", name.clone()));
        }
        rows.push(row("dtype ", element(&entry.dtype)));
        let mut fields = Vec::new();
        list_fields(&entry.dtype, 0, 0, &mut fields);
        if !fields.is_empty() {
            screen.table(2, &std::mem::take(&mut rows))?;
            let titles = ["offset", "field", "dtype", "shape", "title"];
            let shown = fields.iter().map(Vec::len).max().unwrap_or(0);
            let titles = titles[..shown].iter().map(|title| Cell::new(DIM, title)).collect();
            fields.insert(0, titles);
            screen.table(10, &fields)?;
        }
        let count = entry.shape.iter().map(|&dim| dim as u128).product::<u128>();
        rows.push(row("shape ", format!("{}, {}", tuple(&entry.shape), counted(count, "element"))));
        rows.push(row("order ", order_name(entry.order).to_owned()));
        rows.push(row("data  ", data(entry)));
        screen.table(2, &rows)?;
    }
    for name in &summary.names {
        let said = if name.known { "" } else { ": refused" };
        screen.table(2, &[row("asks  ", format!("{}{said}", name.name))])?;
    }
    let file = match summary.nbytes {
        Some(nbytes) => counted(nbytes, "byte"),
        None => "a stream, which was not read to its end".to_owned(),
    };
    screen.table(2, &[row("file  ", file)])?;
    for oddity in &summary.oddities {
        screen.table(2, &[vec![Cell::new(ODD, "odd   "), Cell::new(ODD, oddity)]])?;
    }
    Ok(())
}

/// One row for each array of an archive.
fn entries(summary: &Summary) -> Vec<Vec<Cell>> {
    if summary.entries.is_empty() {
        return Vec::new();
    }
    let titles = ["entry", "npy", "dtype", "shape", "order", "bytes", "place"];
    let mut rows = vec![titles.map(|title| Cell::new(DIM, title)).to_vec()];
    rows[0][5] = rows[0][5].clone().right();
    rows.extend(summary.entries.iter().map(|entry| {
        let places = [entry.compression.map(str::to_owned), place(entry)];
        let places: Vec<String> = places.into_iter().flatten().collect();
        vec![
            entry.name.as_deref().unwrap_or_default().into(),
            entry.version.as_deref().unwrap_or_default().into(),
            in_short(&entry.dtype).into(),
            tuple(&entry.shape).into(),
            order_name(entry.order).into(),
            Cell::from(entry.nbytes.map_or("objects".to_owned(), |n| n.to_string())).right(),
            places.join(", ").into(),
        ]
    }));
    rows
}

/// How long the data of an array is, and where it lies.
fn data(entry: &Entry) -> String {
    let nbytes = entry.nbytes.map(|nbytes| counted(nbytes, "byte"));
    let how = entry.compression.map(|how| format!("compressed by {how}"));
    let places: Vec<String> = [how, place(entry)].into_iter().flatten().collect();
    match (nbytes, (!places.is_empty()).then(|| places.join(", "))) {
        (Some(nbytes), Some(place)) => format!("{nbytes} {place}"),
        (None, Some(place)) => format!("{place}; only reading it would tell how long it is"),
        (_, None) => "not as it is in memory; only reading it would tell more".to_owned(),
    }
}

/// Where the data of an array lies, if it lies as it is there or inside of what is compressed.
fn place(entry: &Entry) -> Option<String> {
    let alignment = entry.alignment()?;
    match (entry.offset, entry.offset_inside) {
        (Some(offset), _) => Some(format!("from byte {offset}, aligned to {alignment}")),
        (None, Some(offset)) => Some(format!("inside from byte {offset}, aligned to {alignment}")),
        (None, None) => None,
    }
}

/// What one element is, in a few words.
fn element(dtype: &DType) -> String {
    let size = counted(dtype.itemsize(), "byte");
    if let Kind::Struct(structure) = dtype.kind() {
        return format!("structure of {}, {size}", counted(structure.fields().len(), "field"));
    }
    let typestr = dtype.typestr().map_or(String::new(), |typestr| format!(" ({typestr})"));
    let byte_order = match dtype.byte_order() {
        ByteOrder::Little => ", little-endian",
        ByteOrder::Big => ", big-endian",
        ByteOrder::NotApplicable => "",
    };
    format!("{dtype}{typestr}, {size}{byte_order}")
}

/// One row a field; the fields of a field follow it, further to the right, with offsets from the
/// start of the outermost structure.
fn list_fields(dtype: &DType, base: usize, depth: usize, rows: &mut Vec<Vec<Cell>>) {
    for field in dtype.fields() {
        let offset = base + field.offset;
        let what = in_short(&field.dtype);
        let mut row = vec![
            Cell::from(offset).right(),
            Cell::from(format!("{:1$}{2}", "", depth * 2, field.name)),
            Cell::from(what),
        ];
        if !field.shape.is_empty() || field.title.is_some() {
            let is_plain = field.shape.is_empty();
            row.push(Cell::from(if is_plain { String::new() } else { tuple(&field.shape) }));
        }
        row.extend(field.title.as_ref().map(Cell::from));
        rows.push(row);
        list_fields(&field.dtype, offset, depth + 1, rows);
    }
}

fn summary_json(file: &Path, summary: &Summary) -> Value {
    json!({
        "file": file.to_string_lossy(),
        "format": summary.format.name(),
        "version": summary.version,
        "nbytes": summary.nbytes,
        "entries": summary.entries.iter().map(entry_json).collect::<Vec<_>>(),
        "names": summary.names.iter().map(name_json).collect::<Vec<_>>(),
        "oddities": summary.oddities,
    })
}

fn name_json(name: &pickle::Name) -> Value {
    json!({ "name": name.name, "known": name.known, "offset": name.offset })
}

fn entry_json(entry: &Entry) -> Value {
    let mut object = dtype_json(&entry.dtype);
    object["name"] = json!(entry.name);
    object["shape"] = json!(&entry.shape[..]);
    object["order"] = json!(order_name(entry.order));
    object["offset"] = json!(entry.offset);
    object["offset_inside"] = json!(entry.offset_inside);
    object["alignment"] = json!(entry.alignment());
    object["nbytes"] = json!(entry.nbytes);
    object["compression"] = json!(entry.compression);
    object["version"] = json!(entry.version);
    object["names"] = entry.names.iter().map(name_json).collect();
    object["oddities"] = json!(entry.oddities);
    object
}

fn dtype_json(dtype: &DType) -> Value {
    // The fields say what a structure is; saying it again at each depth would grow quadratically.
    let text = if matches!(dtype.kind(), Kind::Struct(_)) {
        "structure".to_owned()
    } else {
        dtype.to_string()
    };
    json!({
        "dtype": text,
        "typestr": dtype.typestr(),
        "itemsize": dtype.itemsize(),
        "fields": dtype.fields().iter().map(field_json).collect::<Vec<_>>(),
    })
}

fn field_json(field: &Field) -> Value {
    let mut object = dtype_json(&field.dtype);
    object["name"] = json!(field.name);
    object["title"] = json!(field.title);
    object["offset"] = json!(field.offset);
    object["shape"] = json!(&field.shape[..]);
    object
}
