//! What is said about arrays on the command line: how to read one, and what it was.

use std::path::Path;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use ndbytes::npz::{self, Archive, Member};
use ndbytes::{Array, DType, Format, Guess, Kind, Limits, Order, ReadOptions, Source, raw};

use crate::failure::Failure;
use crate::progress::Progress;
use crate::spending::Spending;
use crate::trouble::Trouble;

/// Options that say how to read an input.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Reading (raw bytes do not describe themselves)")]
pub(crate) struct ReadArgs {
    /// The format; otherwise told from the first bytes or the extension
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    from: Option<Format>,

    /// What one element is, as NumPy writes it: '<f4', '>i2', float64, 'M8[ns]'
    #[arg(long, value_parser = DType::from_typestr)]
    dtype: Option<DType>,

    /// Elements along each axis; -1 is what is left: 28,28 or -1,28
    #[arg(long, value_parser = parse_shape, allow_hyphen_values = true)]
    shape: Option<Shape>,

    /// The order of the elements: C or F
    ///
    /// In C order elements that differ in the last index follow each other, in
    /// F (Fortran) order those that differ in the first. Raw bytes are read and
    /// written in C order unless this is given. When IN says its order itself,
    /// this is that of OUT; an npy file keeps IN's order unless this is given.
    #[arg(long, ignore_case = true, hide_possible_values = true, verbatim_doc_comment)]
    order: Option<OrderArg>,

    /// Bytes before the first element
    #[arg(long, value_name = "BYTES")]
    offset: Option<usize>,

    /// Take so many elements and leave the rest; otherwise every byte must be used
    #[arg(long)]
    count: Option<usize>,

    #[command(flatten)]
    spending: Spending,

    /// Whether this is said of two files, of which one may describe itself.
    #[arg(skip)]
    shared: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderArg {
    #[value(name = "C")]
    C,
    #[value(name = "F")]
    F,
}

/// Elements along each axis; `None` is what is left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape(pub(crate) Vec<Option<usize>>);

/// An array, and its name where it has one.
pub(crate) type NamedArray<'a> = (Option<String>, Array<'a>);

/// Takes the name of a format.
pub(crate) fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    let names = PossibleValuesParser::new(Format::all().map(Format::name));
    names.try_map(|name| Format::from_name(&name).ok_or("no such format"))
}

/// The format that the extension of a file name stands for.
pub(crate) fn format_of_name(path: &Path) -> Option<Format> {
    Format::from_extension(path.extension()?.to_str()?)
}

/// How to look at a file that starts with `start`. What starts as nothing may still be damaged, or a
/// pickle of the old kind, which has no magic number: then its name tells.
pub(crate) fn options_for(path: &Path, start: &[u8], limits: Limits) -> ReadOptions {
    let options = ReadOptions::new().limits(limits);
    match (ndbytes::sniff(start), format_of_name(path)) {
        (None, Some(format)) if format != Format::Raw => options.format(format),
        _ => options,
    }
}

impl ReadArgs {
    /// The same, said of two files: what describes itself does not need it.
    pub(crate) fn for_one_of_two(&self) -> Self {
        Self { shared: true, ..self.clone() }
    }

    pub(crate) fn order(&self) -> Option<Order> {
        self.order.map(|order| match order {
            OrderArg::C => Order::C,
            OrderArg::F => Order::F,
        })
    }

    /// The arrays in `bytes`, which come from the file `path`, and the format they are in. Only an
    /// archive gives them names, and of it only the one called `name` is read, if one is asked for.
    pub(crate) fn read<'a>(
        &self,
        path: &Path,
        bytes: &'a [u8],
        name: Option<&str>,
    ) -> Result<(Format, Vec<NamedArray<'a>>), Trouble> {
        let format = self.format(path, bytes);
        if format == Format::Raw {
            return Ok((format, vec![(None, self.read_raw(path, bytes)?)]));
        }
        if !self.shared {
            self.refuse_description(format)?;
        }
        if format == Format::Npz {
            return Ok((format, self.read_archive(bytes, name)?));
        }
        let options = ReadOptions::new().format(format).limits(self.spending.limits());
        let entries = ndbytes::read(bytes, &options)
            .map_err(|error| Failure::about_bytes(&error, path, bytes).trouble())?;
        Ok((format, entries.into_iter().collect()))
    }

    /// What the arrays in `bytes` are called, where they have names.
    pub(crate) fn names(&self, path: &Path, bytes: &[u8]) -> Result<Option<Vec<String>>, Trouble> {
        if self.format(path, bytes) != Format::Npz {
            return Ok(None);
        }
        let archive = self.archive(bytes)?;
        let members = archive.array_members()?;
        Ok(Some(members.iter().map(|member| member.array_name().to_owned()).collect()))
    }

    /// The archive in `bytes`, where they are one.
    pub(crate) fn open<'a>(
        &self,
        path: &Path,
        bytes: &'a [u8],
    ) -> Result<Option<Archive<'a>>, Trouble> {
        match self.format(path, bytes) {
            Format::Npz => self.archive(bytes).map(Some),
            _ => Ok(None),
        }
    }

    fn archive<'a>(&self, bytes: &'a [u8]) -> Result<Archive<'a>, Trouble> {
        let options = npz::ReadOptions::new().limits(self.spending.limits());
        Ok(Archive::new(Source::slice(bytes), options)?)
    }

    fn read_archive<'a>(
        &self,
        bytes: &'a [u8],
        name: Option<&str>,
    ) -> Result<Vec<NamedArray<'a>>, Trouble> {
        let archive = self.archive(bytes)?;
        if let Some(name) = name {
            let array = archive.array(archive.find(name)?)?;
            return Ok(vec![(Some(name.to_owned()), array)]);
        }
        let sizes = archive.members().iter().map(Member::size);
        let progress = Progress::new("reading", sizes.fold(0, u64::saturating_add));
        let arrays = archive.arrays()?;
        progress.done();
        Ok(arrays.into_iter().map(|(name, array)| (Some(name), array)).collect())
    }

    /// What the bytes say beats what the file is called. Where neither tells, they are raw.
    fn format(&self, path: &Path, bytes: &[u8]) -> Format {
        self.from
            .or_else(|| ndbytes::sniff(bytes))
            .or_else(|| format_of_name(path))
            .unwrap_or(Format::Raw)
    }

    /// A description of bytes that describe themselves is a misunderstanding. An order is not: it
    /// may be meant for the output.
    fn refuse_description(&self, format: Format) -> Result<(), Trouble> {
        let given = [
            ("--dtype", self.dtype.is_some()),
            ("--shape", self.shape.is_some()),
            ("--offset", self.offset.is_some()),
            ("--count", self.count.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Trouble::new(format!(
                "{option} is for raw bytes, these are {} and say what they are. Hint: leave it \
                 out, or read them as raw bytes with --from raw",
                format.name()
            ))),
            None => Ok(()),
        }
    }

    fn read_raw<'a>(&self, path: &Path, bytes: &'a [u8]) -> Result<Array<'a>, Trouble> {
        let Some(dtype) = self.dtype.clone() else {
            return Err(Failure::unsaid(path, bytes).trouble());
        };
        let mut description = raw::Description::new(dtype);
        if let Some(Shape(shape)) = &self.shape {
            description = description.shape(shape);
        }
        if let Some(order) = self.order() {
            description = description.order(order);
        }
        if let Some(offset) = self.offset {
            description = description.offset(offset);
        }
        if let Some(count) = self.count {
            description = description.count(count);
        }
        description.read(bytes).map_err(|error| {
            let (source, asked) = (Source::slice(bytes), Some(description.dtype()));
            ndbytes::explain_to(error, &source, asked, &way_to_read).into()
        })
    }
}

pub(crate) fn order_name(order: Order) -> &'static str {
    match order {
        Order::C => "C",
        Order::F => "F",
    }
}

/// What one element is, on a line with other things.
pub(crate) fn in_short(dtype: &DType) -> String {
    match dtype.kind() {
        Kind::Struct(structure) => format!("structure of {}", structure.fields().len()),
        _ => dtype.to_string(),
    }
}

/// The options that read back the raw bytes of an array, where there are such options.
pub(crate) fn way_back(dtype: &DType, shape: &[usize], order: Order) -> Option<String> {
    let typestr = dtype.typestr()?;
    if DType::from_typestr(&typestr).ok()? != *dtype {
        return None;
    }
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    let shape = if dims.is_empty() { "'()'".to_owned() } else { dims.join(",") };
    let order = if order == Order::F { " --order F" } else { "" };
    Some(format!("--dtype '{typestr}' --shape {shape}{order}"))
}

/// The options that read bytes as a guess says.
pub(crate) fn way_to_read(guess: &Guess) -> Option<String> {
    let mut options = way_back(guess.dtype.as_ref()?, &guess.shape, guess.order)?;
    if guess.offset > 0 {
        options.push_str(&format!(" --offset {}", guess.offset));
    }
    if guess.rest > 0 {
        options.push_str(&format!(" --count {}", guess.shape.iter().product::<usize>()));
    }
    Some(options)
}

/// `28,28`, `-1,28`, and what Python prints: `(28, 28)`, `(5,)`, `()`.
pub(crate) fn parse_shape(text: &str) -> Result<Shape, String> {
    let inside = text.trim();
    let inside =
        inside.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(inside).trim();
    if inside.is_empty() && !text.trim().is_empty() {
        return Ok(Shape(Vec::new()));
    }
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    let dims = inside.split(',').map(|dim| match dim.trim() {
        "-1" => Ok(None),
        dim => dim.parse().map(Some).map_err(|_| {
            format!("{dim:?} is not a length. Hint: lengths and commas, such as 28,28 or -1,28")
        }),
    });
    dims.collect::<Result<_, _>>().map(Shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndbytes::ByteOrder;

    #[test]
    fn shapes_are_read_as_people_write_them() {
        let good: [(&str, &[Option<usize>]); 7] = [
            ("28,28", &[Some(28), Some(28)]),
            ("-1,28", &[None, Some(28)]),
            ("(28, 28)", &[Some(28), Some(28)]),
            ("(5,)", &[Some(5)]),
            ("5", &[Some(5)]),
            ("()", &[]),
            ("0,3", &[Some(0), Some(3)]),
        ];
        for (text, dims) in good {
            assert_eq!(parse_shape(text).unwrap().0, dims, "{text}");
        }
        for bad in ["", ",", "28x28", "-2", "1,,2", "(1", "1.5", "99999999999999999999"] {
            assert!(parse_shape(bad).unwrap_err().contains("Hint"), "{bad}");
        }
    }

    #[test]
    fn the_way_back_is_only_told_where_there_is_one() {
        let big = DType::from_typestr(">f4").unwrap();
        let told = way_back(&big, &[2, 3], Order::F);
        assert_eq!(told.as_deref(), Some("--dtype '>f4' --shape 2,3 --order F"));
        let bfloat = DType::from_typestr("bfloat16").unwrap();
        assert!(way_back(&bfloat, &[2], Order::C).is_some());
        assert_eq!(way_back(&bfloat.with_byte_order(ByteOrder::Big), &[2], Order::C), None);
    }
}
