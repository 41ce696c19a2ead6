//! `ndbytes convert IN OUT`: the same array in another format, byte order or memory order; several
//! of them into npz.

mod packing;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ndbytes::pickle::{self, WriteOptions};
use ndbytes::{Array, ByteOrder, DType, Format, Layout, Order, Source, npy};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::{NamedArray, ReadArgs, format_of_name, formats, order_name, way_back};
use crate::input::Input;
use crate::output::{self, Output};
use crate::screen::counted;
use crate::target::{Named, no_array};
use crate::trouble::{Trouble, name};
use ndbytes::array::{printable, quoted, tuple};
use packing::Packing;

const AFTER_HELP: &str = "\
OUT appears whole or not at all, and no file is replaced without --force.

Examples:
  ndbytes convert x.npy x.raw
  ndbytes convert x.raw x.npy --dtype '<f4' --shape 28,28
  ndbytes convert x.bin x.npy --dtype '>i2' --shape -1,512 --offset 2880
  ndbytes convert fortran.npy c.npy --order C
  ndbytes convert old.pkl new.npy
  ndbytes convert x.npy x.pkl --protocol 2
  ndbytes convert several.npz:x x.npy
  ndbytes convert slow.npz small.npz --compression deflate --level 9
  ndbytes convert packed.npz mapped.npz --compression none
  ndbytes convert x.npy - --to raw --byte-order big | nc host 4000
  gunzip -c x.npy.gz | ndbytes convert - x.raw";

/// Writes the array of a file to another file, in another format
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The file to read, and of an npz which array: several.npz:x; - is stdin
    #[arg(value_name = "IN[:NAME]")]
    input: PathBuf,

    /// The file to write; - is stdout
    #[arg(value_name = "OUT")]
    output: PathBuf,

    /// The format of OUT; otherwise told from its extension (npy; npz; pkl, pickle; raw,
    /// bin, dat)
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    to: Option<Format>,

    /// The order of the bytes in each number of OUT; otherwise that of IN
    #[arg(long, value_name = "ORDER")]
    byte_order: Option<ByteOrderArg>,

    /// Of an npz, take the array of this name; into an npz, call the array so
    #[arg(long)]
    name: Option<String>,

    /// How to keep the arrays of an npz: deflate is read everywhere, zstd here and by Python 3.14
    #[arg(long, value_name = "HOW")]
    compression: Option<CompressionArg>,

    /// How hard to look for what can be shortened: 0 to 9 for deflate, 1 to 19 for zstd
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    level: Option<i32>,

    /// The protocol of a pickle: 0 to 5
    #[arg(long, value_name = "N", default_value_t = pickle::DEFAULT_PROTOCOL)]
    #[arg(value_parser = clap::value_parser!(u8).range(..=i64::from(pickle::HIGHEST_PROTOCOL)))]
    protocol: u8,

    /// Replace OUT if it is there; it keeps its permissions
    #[arg(short, long)]
    force: bool,

    /// Say nothing when all is well
    #[arg(short, long)]
    quiet: bool,

    /// Say what was written as JSON
    ///
    /// One object: file, format, nbytes, dtype, typestr, shape, order; of an npz, file, format,
    /// nbytes, and entries, each with name, dtype, typestr, shape, order. On stdout,
    /// or on stderr when the bytes go to stdout.
    #[arg(long, conflicts_with = "quiet", verbatim_doc_comment)]
    json: bool,

    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CompressionArg {
    None,
    Deflate,
    Zstd,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ByteOrderArg {
    Little,
    Big,
    /// That of this machine
    Native,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let to = args.output_format()?;
    // Before the input is read: it may be long.
    let output = Output::new(&args.output, args.force)?;

    let target = Named::new(&args.input);
    let about = |trouble: Trouble| trouble.about(&target.path);
    let input = Input::open(&target.path).map_err(|error| about(error.into()))?;
    // An array that has no name yet can be given one.
    let wanted = target.name(args.name.as_deref()).map_err(about)?;
    let (from, arrays) = args.reading.read(&target.path, &input, wanted).map_err(about)?;
    target.refuse_name(from).map_err(about)?;
    if to == Format::Npz {
        let pack = Packing::new(arrays, from, args).map_err(about)?;
        let nbytes = pack.write(output)?;
        return pack.report(args, nbytes).map(|()| Outcome::Fine);
    }
    args.refuse_packing(from, to)?;
    let array = only(arrays).map_err(about)?;
    let result = Conversion::new(&array, from, to, args).map_err(about)?;

    output.write(|out| result.write(out))?;
    if from == Format::Npy && array.objects().is_none() {
        say_trailing(args, input.len() - array.layout().reach());
    }
    result.report(args)?;
    Ok(Outcome::Fine)
}

/// The one array of an input.
fn only<'a>(mut arrays: Vec<NamedArray<'a>>) -> Result<Array<'a>, Trouble> {
    match (arrays.pop(), arrays.len()) {
        (Some((_, array)), 0) => Ok(array),
        (None, _) => Err(no_array()),
        (Some(last), count) => {
            let names = arrays.iter().chain([&last]).flat_map(|(name, _)| name.as_deref());
            let (found, names) = (format!("the archive holds {} arrays", count + 1), quoted(names));
            Err(Trouble::new(format!(
                "{found}. Hint: say which, as IN:NAME or with --name: {names}"
            )))
        }
    }
}

impl Args {
    /// The order, and what the elements are, that were asked for.
    fn wanted(
        &self,
        array: &Array<'_>,
        from: Format,
        to: Format,
    ) -> Result<(Order, DType), Trouble> {
        let byte_order = self.byte_order.map(ByteOrderArg::byte_order);
        let order = match (from, to, self.reading.order()) {
            // The order that was given is that of the input.
            (Format::Raw, ..) => array.layout().order(),
            (_, _, Some(order)) => order,
            (_, Format::Raw, None) => Order::C,
            (_, _, None) => array.layout().order(),
        };
        let dtype = match byte_order {
            Some(byte_order) => {
                array.swap_to(byte_order)?;
                array.dtype().with_byte_order(byte_order)
            }
            None => array.dtype().clone(),
        };
        Ok((order, dtype))
    }

    /// Options for archives are a misunderstanding where there is none.
    fn refuse_packing(&self, from: Format, to: Format) -> Result<(), Trouble> {
        let unused = match self {
            Self { compression: Some(_), .. } => "--compression",
            Self { level: Some(_), .. } => "--level",
            Self { name: Some(_), .. } if from != Format::Npz => "--name",
            _ => return Ok(()),
        };
        Err(Trouble::new(format!("{unused} is for npz, this is {}", to.name())))
    }

    fn output_format(&self) -> Result<Format, Trouble> {
        self.to.or_else(|| format_of_name(&self.output)).ok_or_else(|| {
            let names: Vec<&str> = Format::all().map(Format::name).collect();
            let found = match self.output == Path::new("-") {
                true => "stdout has no extension to tell the format from".to_owned(),
                false => {
                    format!("{}: the extension stands for no format", self.output.display())
                }
            };
            Trouble::new(format!("{found}. Hint: say --to {}", names.join(" or --to ")))
        })
    }
}

impl ByteOrderArg {
    fn byte_order(self) -> ByteOrder {
        match self {
            Self::Little => ByteOrder::Little,
            Self::Big => ByteOrder::Big,
            Self::Native => ByteOrder::NATIVE,
        }
    }
}

enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// A header, and then the elements, which are written as they are converted.
    Elements { header: Vec<u8> },
}

/// What will be written.
struct Conversion<'c, 'a> {
    array: &'c Array<'a>,
    format: Format,
    body: Body,
    /// What the elements of the output are.
    dtype: DType,
    order: Order,
    byte_order: Option<ByteOrder>,
}

impl<'c, 'a> Conversion<'c, 'a> {
    fn new(array: &'c Array<'a>, from: Format, to: Format, args: &Args) -> Result<Self, Trouble> {
        if array.dtype().has_objects() && to == Format::Raw {
            let found = format!("the elements of this {} array are Python objects", array.dtype());
            return Err(Trouble::new(format!("{found}, which have no raw bytes")));
        }
        let byte_order = args.byte_order.map(ByteOrderArg::byte_order);
        let (order, dtype) = args.wanted(array, from, to)?;
        let (body, order) = match (to, array.objects()) {
            (Format::Raw, _) => (Body::Elements { header: Vec::new() }, order),
            (Format::Npy, None) => npy_header(array, &dtype, order)?,
            (Format::Npy, Some(objects)) => {
                let array =
                    Array::of_objects(dtype.clone(), array.shape(), order, objects.clone())?;
                (Body::Whole(npy::write(array)?), order)
            }
            (Format::Pickle, Some(objects)) => {
                let array =
                    Array::of_objects(dtype.clone(), array.shape(), order, objects.clone())?;
                (Body::Whole(pickle::write_array(&array, WriteOptions::new(args.protocol))?), order)
            }
            (Format::Pickle, None) => {
                let swap = byte_order.map_or(Ok(1), |byte_order| array.swap_to(byte_order))?;
                let mut elements = Vec::with_capacity(array.nbytes());
                array.write_to(order, swap, &mut elements)?;
                let layout = Layout::contiguous(array.shape(), dtype.itemsize(), order)?;
                let array = Array::new(dtype.clone(), layout, Source::slice(&elements))?;
                (Body::Whole(pickle::write_array(&array, WriteOptions::new(args.protocol))?), order)
            }
            (other, _) => {
                let found = format!("{} is not written here", other.name());
                return Err(Trouble::new(found));
            }
        };
        Ok(Self { array, format: to, body, dtype, order, byte_order })
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), Trouble> {
        let header = match &self.body {
            Body::Whole(bytes) => return Ok(out.write_all(bytes)?),
            Body::Elements { header } => header,
        };
        out.write_all(header)?;
        let swap = self.byte_order.map_or(Ok(1), |byte_order| self.array.swap_to(byte_order))?;
        Ok(self.array.write_to(self.order, swap, out)?)
    }

    /// What was written, and for raw bytes what they no longer say.
    fn report(&self, args: &Args) -> Result<(), Trouble> {
        let nbytes = match &self.body {
            Body::Whole(bytes) => bytes.len(),
            Body::Elements { header } => header.len() + self.array.nbytes(),
        };
        let shape = self.array.shape();
        let file = output::name(&args.output);
        if args.json {
            let report = json!({
                "file": file.to_string_lossy(),
                "format": self.format.name(),
                "nbytes": nbytes,
                "dtype": self.dtype.to_string(),
                "typestr": self.dtype.typestr(),
                "shape": shape,
                "order": order_name(self.order),
            });
            return say_json(args, &report);
        }
        if args.quiet {
            return Ok(());
        }
        let mut line = format!(
            "{}: {} of {}, {} {} in {} order",
            file.display(),
            counted(nbytes, "byte"),
            self.format.name(),
            self.dtype,
            tuple(shape),
            order_name(self.order),
        );
        if self.format == Format::Raw {
            line += &match way_back(&self.dtype, shape, self.order) {
                Some(options) => format!("; to read them back: {options}"),
                None => "; they no longer say so, and no option here does".to_owned(),
            };
        }
        say(&line);
        Ok(())
    }
}

/// The header that describes the elements of `array` as `dtype` in `order`, and the order that it
/// says.
fn npy_header(array: &Array<'_>, dtype: &DType, order: Order) -> Result<(Body, Order), Trouble> {
    // The same bytes as they will lie in the output, so that the library describes those.
    let layout = Layout::contiguous(array.shape(), dtype.itemsize(), order)?;
    let result = Array::new(dtype.clone(), layout, array.source().clone())?;
    let message = npy::Message::new(&result)?;
    Ok((Body::Elements { header: message.header().to_vec() }, message.order()))
}

/// A report for machines, beside the bytes where these go to stdout.
fn say_json(args: &Args, report: &Value) -> Result<(), Trouble> {
    match args.output == Path::new("-") {
        true => Ok(writeln!(std::io::stderr(), "{report}")?),
        false => Ok(writeln!(std::io::stdout(), "{report}")?),
    }
}

fn say_trailing(args: &Args, nbytes: usize) {
    if nbytes > 0 {
        let nbytes = counted(nbytes, "byte");
        say(&format!("{}: {nbytes} after the data left out", name(&args.input)));
    }
}

/// One line on stderr: stdout is for bytes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(line));
}
