//! Several arrays into one npz.

use std::io::{self, Write};

use ndbytes::npz::{self, Compression};
use ndbytes::{Array, Format, Layout, Source};
use serde_json::json;

use super::{Args, CompressionArg, say, say_json};
use crate::description::{NamedArray, order_name};
use crate::output::{self, Output};
use crate::progress::Progress;
use crate::screen::counted;
use crate::trouble::Trouble;

/// Several arrays about to be written as npz.
pub(super) struct Packing<'a> {
    arrays: Vec<(String, Array<'a>)>,
    options: npz::WriteOptions,
}

/// How NumPy calls an array without a name.
const NAMELESS: &str = "arr_0";

impl<'a> Packing<'a> {
    pub(super) fn new(
        arrays: Vec<NamedArray<'a>>,
        from: Format,
        args: &Args,
    ) -> Result<Self, Trouble> {
        let compression = match args.compression {
            None | Some(CompressionArg::None) => Compression::None,
            Some(CompressionArg::Deflate) => Compression::Deflate,
            Some(CompressionArg::Zstd) => Compression::Zstd,
        };
        let mut options = npz::WriteOptions::new().compression(compression);
        if let Some(level) = args.level {
            options = options.level(level);
        }
        let arrays = arrays.into_iter().map(|(name, array)| {
            let name = name.or_else(|| args.name.clone()).unwrap_or(NAMELESS.to_owned());
            Ok((name, args.converted(array, from)?))
        });
        Ok(Self { arrays: arrays.collect::<Result<_, Trouble>>()?, options })
    }

    /// Writes all of them, and says how many bytes they are.
    pub(super) fn write(&self, output: Output) -> Result<u64, Trouble> {
        let mut nbytes = 0;
        output.write(|out| {
            let mut out = Counted { out, count: 0 };
            let nbytes_of_arrays = self.arrays.iter().map(|(_, array)| array.nbytes() as u64);
            let progress = Progress::new("writing", nbytes_of_arrays.sum());
            let mut writer = npz::Writer::new(&mut out, self.options);
            writer.add_all_watched(&self.arrays, &|nbytes| progress.advance(nbytes))?;
            writer.finish()?;
            progress.done();
            nbytes = out.count;
            Ok(())
        })?;
        Ok(nbytes)
    }

    pub(super) fn report(&self, args: &Args, nbytes: u64) -> Result<(), Trouble> {
        let file = output::name(&args.output);
        if args.json {
            let report = json!({
                "file": file.to_string_lossy(),
                "format": Format::Npz.name(),
                "nbytes": nbytes,
                "entries": self.arrays.iter().map(|(name, array)| json!({
                    "name": name,
                    "dtype": array.dtype().to_string(),
                    "typestr": array.dtype().typestr(),
                    "shape": array.shape(),
                    "order": order_name(array.layout().order()),
                })).collect::<Vec<_>>(),
            });
            return say_json(args, &report);
        }
        if !args.quiet {
            let [nbytes, arrays] = [counted(nbytes, "byte"), counted(self.arrays.len(), "array")];
            say(&format!("{}: {nbytes} of npz, {arrays}", file.display()));
        }
        Ok(())
    }
}

impl Args {
    /// The array in the byte order and the order that were asked for.
    fn converted<'a>(&self, array: Array<'a>, from: Format) -> Result<Array<'a>, Trouble> {
        let (order, dtype) = self.wanted(&array, from, Format::Npz)?;
        if order == array.layout().order() && dtype == *array.dtype() {
            return Ok(array);
        }
        if let Some(objects) = array.objects() {
            return Ok(Array::of_objects(dtype, array.shape(), order, objects.clone())?);
        }
        let swap = array.swap_to(dtype.byte_order()).unwrap_or(1);
        let mut elements = Vec::with_capacity(array.nbytes());
        array.write_to(order, swap, &mut elements)?;
        let layout = Layout::contiguous(array.shape(), dtype.itemsize(), order)?;
        Ok(Array::new(dtype, layout, Source::slice(&elements))?.to_owned())
    }
}

/// A writer that counts.
struct Counted<W> {
    out: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
