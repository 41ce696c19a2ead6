//! The `descr` of an npy header: NumPy's notation of a dtype as a Python literal.
//!
//! A dtype without fields is its type string. A structure is a list of `(name, descr)` or
//! `(name, descr, shape)`, where a name may be `(title, name)`, and a void field named `''` is
//! padding. Source: `dtype.descr` and `numpy.lib.format.descr_to_dtype`.

use std::sync::Arc;

use smallvec::SmallVec;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

use super::header::{push_decimal, push_tuple};
use super::literal::{Literal, Value};
use crate::array::{ByteOrder, DType, Field, Kind, Layout, Order, Scalar, Struct, unit_from_code};
use crate::error::{DecodeError, EncodeError, Result};

type Dims = SmallVec<[usize; 2]>;

/// A dtype and the subarrays of it, the outermost first.
type Subarrays = (DType, SmallVec<[Dims; 1]>);

/// The dtype of an array. NumPy makes no arrays of subarrays, so none are read here.
pub(super) fn read(descr: &Literal<'_>) -> Result<DType> {
    let (dtype, subarrays) = read_subarrays(descr)?;
    if !subarrays.is_empty() {
        return Err(DecodeError::unsupported("'descr' is a subarray outside of a field")
            .at(descr.at as u64)
            .expected("the subarray's dimensions at the end of 'shape'"));
    }
    Ok(dtype)
}

fn read_subarrays(descr: &Literal<'_>) -> Result<Subarrays> {
    let at = descr.at as u64;
    match &descr.value {
        Value::Str(code) => {
            let dtype = DType::from_typestr(code).map_err(|error| error.at(at))?;
            Ok((dtype, SmallVec::new()))
        }
        Value::List(fields) => {
            let structure = read_fields(fields).map_err(|error| error.at(at))?;
            let kind = Kind::Struct(Arc::new(structure));
            Ok((DType::new(kind, ByteOrder::NotApplicable), SmallVec::new()))
        }
        Value::Tuple(parts) => match parts.as_slice() {
            [base, shape] => {
                let (dtype, mut subarrays) = read_subarrays(base)?;
                subarrays.insert(0, read_shape(shape)?);
                Ok((dtype, subarrays))
            }
            _ => Err(not_a_descr(descr)),
        },
        _ => Err(not_a_descr(descr)),
    }
}

#[cold]
fn not_a_descr(found: &Literal<'_>) -> DecodeError {
    DecodeError::malformed(format!("a dtype is described by {}", found.value.type_name()))
        .at(found.at as u64)
        .expected("a type string such as '<f8', a list of fields, or a tuple (descr, shape)")
}

fn read_fields(descrs: &[Literal<'_>]) -> Result<Struct> {
    let mut fields = Vec::with_capacity(descrs.len());
    let mut offset: usize = 0;
    for descr in descrs {
        let at = descr.at as u64;
        let field = read_field(descr, offset)?;
        offset = field.nbytes().and_then(|size| offset.checked_add(size)).ok_or_else(|| {
            DecodeError::malformed("the fields together are larger than any memory").at(at)
        })?;
        let is_padding = field.name.is_empty()
            && field.title.is_none()
            && field.shape.is_empty()
            && matches!(field.dtype.kind(), Kind::Void { .. });
        if !is_padding {
            fields.push(field);
        }
    }
    Struct::new(fields, offset, false)
}

fn read_field(descr: &Literal<'_>, offset: usize) -> Result<Field> {
    let parts = match &descr.value {
        // NumPy takes a list in the place of the tuple, as a JSON writer leaves it.
        Value::Tuple(parts) | Value::List(parts) if matches!(parts.len(), 2 | 3) => parts,
        other => {
            return Err(DecodeError::malformed(format!("a field is {}", other.type_name()))
                .at(descr.at as u64)
                .expected("a tuple (name, descr) or (name, descr, shape)"));
        }
    };
    let (title, name) = match &parts[0].value {
        Value::Str(name) => (None, &**name),
        Value::Tuple(names) => match names.as_slice() {
            [Literal { value: Value::Str(title), .. }, Literal { value: Value::Str(name), .. }] => {
                (Some(Box::from(&**title)), &**name)
            }
            _ => return Err(not_a_name(&parts[0])),
        },
        _ => return Err(not_a_name(&parts[0])),
    };
    let (dtype, mut subarrays) = read_subarrays(&parts[1])?;
    if let Some(shape) = parts.get(2) {
        subarrays.insert(0, read_shape(shape)?);
    }
    // As in NumPy, no dimensions make no subarray.
    subarrays.retain(|shape| !shape.is_empty());
    let mut levels = SmallVec::new();
    if subarrays.len() > 1 {
        levels.extend(subarrays.iter().map(|shape| shape.len().min(usize::from(u8::MAX)) as u8));
    }
    let shape: Dims = subarrays.into_iter().flatten().collect();
    // The size of one field is that of an array: the same check.
    Layout::contiguous(&shape, dtype.itemsize(), Order::C)
        .map_err(|error| error.at(descr.at as u64))?;
    Ok(Field { name: name.into(), title, dtype, shape, levels, offset })
}

#[cold]
fn not_a_name(found: &Literal<'_>) -> DecodeError {
    DecodeError::malformed(format!("a field's name is {}", found.value.type_name()))
        .at(found.at as u64)
        .expected("a string, or a tuple of two strings (title, name)")
}

/// The shape of a subarray: a tuple, or an integer for one dimension.
fn read_shape(shape: &Literal<'_>) -> Result<Dims> {
    match &shape.value {
        Value::Int(_) => Ok(Dims::from_elem(dimension(shape)?, 1)),
        Value::Tuple(dims) => dims.iter().map(dimension).collect(),
        other => Err(DecodeError::malformed(format!("a shape is {}", other.type_name()))
            .at(shape.at as u64)
            .expected("a tuple of integers")),
    }
}

/// One dimension of a shape.
pub(super) fn dimension(literal: &Literal<'_>) -> Result<usize> {
    let expected = "an integer of at least 0";
    match literal.value {
        Value::Int(dim) => usize::try_from(dim).map_err(|_| {
            DecodeError::malformed(format!("the shape has a dimension of {dim}"))
                .at(literal.at as u64)
                .expected(expected)
        }),
        ref other => Err(DecodeError::malformed(format!("a dimension is {}", other.type_name()))
            .at(literal.at as u64)
            .expected(expected)),
    }
}

/// The dtype of a type string that is spelled exactly as NumPy spells it.
#[inline]
pub(super) fn canonical(code: &[u8]) -> Option<DType> {
    let (order, rest) = match code {
        [b'<', rest @ ..] => (ByteOrder::Little, rest),
        [b'>', rest @ ..] => (ByteOrder::Big, rest),
        [b'|', rest @ ..] => (ByteOrder::NotApplicable, rest),
        _ => return None,
    };
    if let [letter, digit] = rest
        && let Some(scalar) = Scalar::from_letter_and_digit(*letter, *digit)
    {
        let dtype = DType::new(Kind::Scalar(scalar), order);
        // `|f8` and `<i1` are left to the parser.
        return (dtype.byte_order() == order).then_some(dtype);
    }
    let kind = match rest {
        [letter @ (b'S' | b'U' | b'V'), digits @ ..] => {
            let count = small_number(digits)?;
            match letter {
                b'S' => Kind::Bytes { len: count },
                b'U' => Kind::Str { chars: count },
                _ => Kind::Void { len: count },
            }
        }
        [letter @ (b'M' | b'm'), b'8', unit @ ..] => {
            let unit = unit_from_code(std::str::from_utf8(unit).ok()?)?.ok()?;
            if *letter == b'M' { Kind::Datetime64(unit) } else { Kind::Timedelta64(unit) }
        }
        _ => DType::from_typestr(std::str::from_utf8(code).ok()?).ok()?.kind().clone(),
    };
    let dtype = DType::new(kind, order);
    (dtype.byte_order() == order).then_some(dtype)
}

/// A number of up to eight digits, without zeros in front.
fn small_number(digits: &[u8]) -> Option<usize> {
    let fine = (1..=8).contains(&digits.len()) && (digits[0] != b'0' || digits.len() == 1);
    let digits = digits.iter().map(|digit| digit.wrapping_sub(b'0'));
    let fine = fine && digits.clone().all(|digit| digit < 10);
    fine.then(|| digits.fold(0, |number, digit| number * 10 + usize::from(digit)))
}

/// Writes the `descr` of `dtype` as Python's `repr` of NumPy's `dtype.descr`.
///
/// # Errors
/// When the fields of a structure overlap or are out of order: npy has no way to say so.
#[inline]
pub(super) fn write(dtype: &DType, text: &mut String) -> Result<(), EncodeError> {
    if let Kind::Struct(structure) = dtype.kind() {
        return write_fields(structure, text);
    }
    if is_extension(dtype) && dtype.byte_order() == ByteOrder::Big {
        return Err(EncodeError::new(format!("npy has no way to say that {dtype} is big-endian"))
            .hint("convert it to little-endian first"));
    }
    text.push('\'');
    // Writing to a string does not fail.
    let _ = dtype.write_typestr(text);
    text.push('\'');
    Ok(())
}

/// The names of `ml_dtypes` have no place for a byte order.
fn is_extension(dtype: &DType) -> bool {
    matches!(dtype.kind(), Kind::Scalar(scalar) if scalar.is_extension())
}

fn write_fields(structure: &Struct, text: &mut String) -> Result<(), EncodeError> {
    let mut end = 0;
    let mut separator = "";
    text.push('[');
    for field in structure.fields() {
        if field.offset < end {
            return Err(EncodeError::new(format!(
                "npy cannot say that field {:?} overlaps another one or lies out of order",
                field.name
            ))
            .hint("pack the fields first: numpy.lib.recfunctions.repack_fields(x)"));
        }
        if field.name.is_empty() && matches!(field.dtype.kind(), Kind::Void { .. }) {
            return Err(EncodeError::new("npy takes a void field without a name for padding")
                .hint("give the field a name"));
        }
        if field.offset > end {
            push_padding(text, separator, field.offset - end);
            separator = ", ";
        }
        text.push_str(separator);
        separator = ", ";
        text.push('(');
        match &field.title {
            Some(title) => {
                text.push('(');
                push_repr(text, title);
                text.push_str(", ");
                push_repr(text, &field.name);
                text.push(')');
            }
            None => push_repr(text, &field.name),
        }
        text.push_str(", ");
        write_subarrays(field, text)?;
        text.push(')');
        end = field.offset + field.nbytes().unwrap_or(0);
    }
    if structure.itemsize() > end {
        push_padding(text, separator, structure.itemsize() - end);
    }
    text.push(']');
    Ok(())
}

fn push_padding(text: &mut String, separator: &str, size: usize) {
    text.push_str(separator);
    text.push_str("('', '|V");
    push_decimal(text, size);
    text.push_str("')");
}

/// The dtype of a field and its shape, as in `'<i2', (2, 3)`; subarrays of subarrays as pairs in
/// the place of the dtype, as in `('<i2', (3,)), (2,)`.
fn write_subarrays(field: &Field, text: &mut String) -> Result<(), EncodeError> {
    let inner = field.levels.len().saturating_sub(1);
    text.push_str(&"(".repeat(inner));
    write(&field.dtype, text)?;
    let mut end = field.shape.len();
    for level in (1..=inner).rev() {
        let start = end - usize::from(field.levels[level]);
        text.push_str(", ");
        push_tuple(text, &field.shape[start..end]);
        text.push(')');
        end = start;
    }
    if end > 0 {
        text.push_str(", ");
        push_tuple(text, &field.shape[..end]);
    }
    Ok(())
}

/// Python's `repr` of a string.
fn push_repr(text: &mut String, string: &str) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for c in string.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            _ if c == quote => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            _ if is_printable(c) => text.push(c),
            _ => text.push_str(&match u32::from(c) {
                code @ 0..=0xFF => format!("\\x{code:02x}"),
                code @ 0x100..=0xFFFF => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    text.push(quote);
}

/// Python's `str.isprintable` of one character: neither "other" nor a separator, but for the
/// space.
fn is_printable(c: char) -> bool {
    c == ' '
        || !matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator
        )
}
