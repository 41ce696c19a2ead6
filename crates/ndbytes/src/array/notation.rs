//! NumPy's array-protocol type strings (`"<f8"`, `"|S5"`, `"<M8[25s]"`), in both directions.
//!
//! Source: the `typestr` of NumPy's array interface, version 3.

use std::fmt::{self, Write as _};

use super::dtype::{BaseUnit, ByteOrder, DType, Kind, MAX_ITEMSIZE, TimeUnit};
use super::scalar::Scalar;
use crate::error::{DecodeError, Result};

impl DType {
    /// Reads a type string such as `"<f8"`, `">U7"` or `"M8[ns]"`, or a name such as `"float64"`.
    ///
    /// Like NumPy, takes this machine's byte order where none is written.
    ///
    /// # Errors
    /// When no dtype is written so, or when it is a structure: those have no type string.
    ///
    /// ```
    /// use ndbytes::DType;
    /// assert_eq!(DType::from_typestr(">i4")?.itemsize(), 4);
    /// assert!(DType::from_typestr("<f9").is_err());
    /// # Ok::<(), ndbytes::DecodeError>(())
    /// ```
    pub fn from_typestr(text: &str) -> Result<Self> {
        let (order, code) = split_order(text);
        let kind = kind_from_code(code)
            .ok_or_else(|| {
                DecodeError::unsupported(format!("there is no dtype {:?}", shorten(text))).expected(
                    "one of NumPy's type strings, such as \"<f8\", \"|S5\" or \"<M8[ns]\"",
                )
            })
            .and_then(|kind| kind)?;
        if let Kind::Scalar(scalar) = kind
            && scalar.is_extension()
        {
            // The names of `ml_dtypes` have no place for a byte order: little-endian everywhere.
            return match order {
                None if code == text => Ok(Self::new(kind, ByteOrder::Little)),
                _ => Err(DecodeError::unsupported(format!("{code} has no byte order to choose"))
                    .expected(format!("{code:?}"))),
            };
        }
        Ok(Self::new(kind, order.unwrap_or(ByteOrder::NATIVE)))
    }

    /// Writes NumPy's type string; `None` for structures, which have none.
    ///
    /// ```
    /// use ndbytes::{DType, Scalar};
    /// assert_eq!(DType::from(Scalar::Int8).typestr().as_deref(), Some("|i1"));
    /// ```
    pub fn typestr(&self) -> Option<String> {
        let mut text = String::new();
        self.write_typestr(&mut text).ok()?.then_some(text)
    }

    /// Appends the type string; `false` when a structure has none.
    #[inline]
    pub(crate) fn write_typestr(&self, out: &mut impl fmt::Write) -> Result<bool, fmt::Error> {
        let scalar = match self.kind() {
            Kind::Struct(_) => return Ok(false),
            Kind::Scalar(scalar) => Some(*scalar),
            _ => None,
        };
        if !scalar.is_some_and(Scalar::is_extension) {
            out.write_char(self.byte_order().char())?;
        }
        match self.kind() {
            Kind::Scalar(scalar) => out.write_str(scalar.code())?,
            Kind::Bytes { len } => write!(out, "S{len}")?,
            Kind::Str { chars } => write!(out, "U{chars}")?,
            Kind::Void { len } => write!(out, "V{len}")?,
            Kind::Datetime64(unit) => write!(out, "M8{unit}")?,
            Kind::Timedelta64(unit) => write!(out, "m8{unit}")?,
            Kind::Object | Kind::VariableStr(_) => out.write_char('O')?,
            Kind::Struct(_) => {}
        }
        Ok(true)
    }
}

fn split_order(text: &str) -> (Option<ByteOrder>, &str) {
    let order = match text.as_bytes().first() {
        Some(b'<') => Some(ByteOrder::Little),
        Some(b'>') => Some(ByteOrder::Big),
        Some(b'=' | b'|') => None,
        _ => return (None, text),
    };
    (order, &text[1..])
}

/// `None`: not a code at all. `Some(Err)`: a code whose numbers are out of range.
fn kind_from_code(code: &str) -> Option<Result<Kind>> {
    if let Some(scalar) = Scalar::from_code(code) {
        return Some(Ok(Kind::Scalar(scalar)));
    }
    let rest = |prefixes: &[&str]| prefixes.iter().find_map(|prefix| code.strip_prefix(prefix));
    if let Some(unit) = rest(&["M8", "datetime64"]) {
        return Some(unit_from_code(unit)?.map(Kind::Datetime64));
    }
    if let Some(unit) = rest(&["m8", "timedelta64"]) {
        return Some(unit_from_code(unit)?.map(Kind::Timedelta64));
    }
    if matches!(code, "O" | "O4" | "O8" | "object") {
        return Some(Ok(Kind::Object));
    }
    let (letter, digits) = code.split_at_checked(1)?;
    let make: fn(usize) -> Kind = match letter {
        "S" => |len| Kind::Bytes { len },
        "U" => |chars| Kind::Str { chars },
        "V" => |len| Kind::Void { len },
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit_size = if letter == "U" { 4 } else { 1 };
    let count = if digits.is_empty() { Some(0) } else { digits.parse::<usize>().ok() };
    let fits = count.filter(|count| count.saturating_mul(unit_size) <= MAX_ITEMSIZE);
    Some(fits.map(make).ok_or_else(|| {
        DecodeError::unsupported(format!("an element of dtype {:?} is too large", shorten(code)))
            .expected(format!("at most {MAX_ITEMSIZE} bytes, as in NumPy"))
    }))
}

/// The unit in a code of times, such as `[25s]`, or `None` where there is none.
pub(crate) fn unit_from_code(text: &str) -> Option<Result<TimeUnit>> {
    if text.is_empty() {
        return Some(TimeUnit::new(BaseUnit::Generic, 1));
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    if inside.contains('/') {
        return Some(Err(DecodeError::unsupported(format!(
            "the time unit [{}] has a divisor",
            shorten(inside)
        ))
        .expected("a whole number of a base unit, as NumPy writes it, such as [100ms]")));
    }
    let digits = inside.len() - inside.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, base) = inside.split_at(digits);
    let base = BaseUnit::from_code(base)?;
    // Too many digits for an i64 are also too many for a count.
    let count = if count.is_empty() { 1 } else { count.parse().unwrap_or(i64::MAX) };
    Some(TimeUnit::new(base, count))
}

/// At most 40 characters of something that a stranger wrote, for a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// `[25s]`, `[ns]`, or nothing for the generic unit.
impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.base(), self.count()) {
            (BaseUnit::Generic, _) => Ok(()),
            (base, 1) => write!(f, "[{}]", base.code()),
            (base, count) => write!(f, "[{count}{}]", base.code()),
        }
    }
}

/// For people: `float64`, `>int32`, `datetime64[ns]`, `{x: float32, y: >int16[2,3]}`.
impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.byte_order() != ByteOrder::NotApplicable && self.byte_order() != ByteOrder::NATIVE {
            f.write_char(self.byte_order().char())?;
        }
        match self.kind() {
            Kind::Scalar(scalar) => f.write_str(scalar.name()),
            Kind::Bytes { len } => write!(f, "S{len}"),
            Kind::Str { chars } => write!(f, "U{chars}"),
            Kind::Void { len } => write!(f, "V{len}"),
            Kind::Datetime64(unit) => write!(f, "datetime64{unit}"),
            Kind::Timedelta64(unit) => write!(f, "timedelta64{unit}"),
            Kind::Object => f.write_str("object"),
            Kind::VariableStr(_) => f.write_str("StringDType"),
            Kind::Struct(structure) => {
                f.write_char('{')?;
                for (index, field) in structure.fields().iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    if index == 8 && structure.fields().len() > 10 {
                        write!(f, ", ... {} more fields", structure.fields().len() - index)?;
                        break;
                    }
                    // A name may hold anything, also what would move a terminal's cursor.
                    write!(f, "{comma}{}: {}", field.name.escape_debug(), field.dtype)?;
                    if !field.shape.is_empty() {
                        let dims: Vec<String> = field.shape.iter().map(usize::to_string).collect();
                        write!(f, "[{}]", dims.join(","))?;
                    }
                }
                f.write_char('}')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_strings_read_back() {
        let texts = [
            "|b1", "|i1", "<i2", ">i8", "|u1", ">f2", "<f8", "<c16", ">c8", "|S0", "|S12", "<U3",
            ">U3", "<U0", "|V16", "<M8", ">M8[ns]", "<m8[25s]", "<m8", "|O", "bfloat16", "int4",
        ];
        for text in texts {
            assert_eq!(DType::from_typestr(text).unwrap().typestr().as_deref(), Some(text));
        }
    }

    #[test]
    fn other_spellings_mean_the_same() {
        let native = ByteOrder::NATIVE.char();
        for (text, same) in [("=f8", "f8"), ("float64", "f8"), ("|i4", "i4"), ("M8[1s]", "M8[s]")] {
            let dtype = DType::from_typestr(text).unwrap();
            assert_eq!(dtype.typestr().unwrap(), format!("{native}{same}"));
        }
        assert_eq!(DType::from_typestr(">u1").unwrap().typestr().unwrap(), "|u1");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "<",
            "<f3",
            "<q9",
            "f",
            "<f8 ",
            "i08",
            "S-1",
            ">bfloat16",
            "S+1",
            "S1_0",
            "V99999999999999999999",
            "U9223372036854775807",
            "M8[0s]",
            "M8[-1s]",
            "M8[s/10]",
            "M8[2147483648s]",
            "M8[2generic]",
            "M8[]",
            "M8[s",
            "M8s",
            "M8[xs]",
            "M8[99999999999999999999s]",
            "é",
            "<é8",
        ] {
            assert!(DType::from_typestr(text).is_err(), "{text:?}");
        }
    }
}
