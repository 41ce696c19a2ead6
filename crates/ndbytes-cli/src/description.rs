//! What is said on the command line about bytes that do not describe themselves.

use clap::ValueEnum;
use ndbytes::{Array, DType, Order, raw};

use crate::trouble::Trouble;

/// Options that describe raw bytes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Raw bytes do not describe themselves, so say what they are")]
pub(crate) struct RawArgs {
    /// What one element is, as NumPy writes it: '<f4', '>i2', float64, 'M8[ns]'
    #[arg(long, value_parser = DType::from_typestr)]
    dtype: Option<DType>,

    /// Elements along each axis; -1 is what is left: 28,28 or -1,28
    #[arg(long, value_parser = parse_shape, allow_hyphen_values = true)]
    shape: Option<Shape>,

    /// The order of the elements: C (rows together) or F (columns together)
    #[arg(long, ignore_case = true)]
    order: Option<OrderArg>,

    /// Bytes to skip before the first element
    #[arg(long, value_name = "BYTES")]
    offset: Option<usize>,

    /// Take so many elements and leave the rest; otherwise every byte must be used
    #[arg(long)]
    count: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OrderArg {
    #[value(name = "C")]
    C,
    #[value(name = "F")]
    F,
}

/// Elements along each axis; `None` is what is left.
#[derive(Clone, Debug, PartialEq)]
struct Shape(Vec<Option<usize>>);

impl RawArgs {
    pub(crate) fn order(&self) -> Option<Order> {
        self.order.map(|order| match order {
            OrderArg::C => Order::C,
            OrderArg::F => Order::F,
        })
    }

    pub(crate) fn has_dtype(&self) -> bool {
        self.dtype.is_some()
    }

    /// Refuses descriptions of bytes that describe themselves: `--order` may be about the output.
    pub(crate) fn refuse_for(&self, format: &str) -> Result<(), Trouble> {
        let given = [
            ("--dtype", self.dtype.is_some()),
            ("--shape", self.shape.is_some()),
            ("--offset", self.offset.is_some()),
            ("--count", self.count.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Trouble::new(format!(
                "{option} is for raw bytes, but these are {format} and say themselves what they \
                 are. Hint: leave {option} out, or read them as raw with --from raw"
            ))),
            None => Ok(()),
        }
    }

    /// The array in raw `bytes`.
    pub(crate) fn read<'a>(&self, bytes: &'a [u8]) -> Result<Array<'a>, Trouble> {
        let Some(dtype) = self.dtype.clone() else {
            return Err(Trouble::new(format!(
                "{} raw bytes do not say what they are. Hint: say it, such as --dtype float32 \
                 --shape 28,28",
                bytes.len()
            )));
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
        Ok(description.read(bytes)?)
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

/// `28,28`, `-1,28`, and what Python prints: `(28, 28)`, `(5,)`, `()`.
fn parse_shape(text: &str) -> Result<Shape, String> {
    let inside = text.trim();
    let inside = inside
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(inside)
        .trim();
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
