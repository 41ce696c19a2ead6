//! A dtype as `numpy.dtype(code, False, True)` and its state: version 3, or 4 where there is a
//! unit of time or metadata.

use super::opcode as op;
use super::write::Writer;
use crate::array::{ByteOrder, DType, DTypeValue, Field, Kind, Scalar, Struct, TimeUnit};
use crate::error::EncodeError;

/// NumPy's flags: elements are to be set to zero first; all of an object; a structure.
const ZEROED: i64 = 8;
const OBJECT: i64 = 63;
const STRUCTURE: i64 = 16;
/// Those that a structure has from its fields.
const INHERITED: i64 = 27;
/// A structure of C's alignment, as the signed byte that NumPy 1 reads. NumPy 2 takes no offence.
const ALIGNED: i64 = -128;

pub(super) fn write(writer: &mut Writer<'_, '_, '_>, dtype: &DType) -> Result<(), EncodeError> {
    match dtype.kind() {
        Kind::Scalar(scalar) if scalar.is_extension() => Err(extension(*scalar)),
        Kind::VariableStr(string) => {
            // Only NumPy 2 has it.
            writer.global("numpy._core._internal", "_convert_to_stringdtype_kwargs");
            writer.emit.mark();
            writer.emit.bool(string.coerce);
            if let Some(na) = &string.na_object {
                writer.inner_value(na)?;
            }
            writer.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
            Ok(())
        }
        Kind::Struct(structure) => {
            call(writer, &format!("V{}", structure.itemsize()), structure.is_record());
            begin_state(writer, dtype);
            writer.emit.op(op::NONE);
            names_and_fields(writer, structure)?;
            let alignment = if structure.is_aligned() { alignment(dtype) } else { 1 };
            end_state(writer, dtype, structure.itemsize() as i64, alignment as i64)
        }
        kind => {
            let sized = matches!(kind, Kind::Bytes { .. } | Kind::Str { .. } | Kind::Void { .. });
            let code = match kind {
                Kind::Scalar(scalar) => scalar.code().to_owned(),
                Kind::Bytes { len } => format!("S{len}"),
                Kind::Str { chars } => format!("U{chars}"),
                Kind::Void { len } => format!("V{len}"),
                Kind::Datetime64(_) => "M8".to_owned(),
                Kind::Timedelta64(_) => "m8".to_owned(),
                _ => "O8".to_owned(),
            };
            call(writer, &code, false);
            begin_state(writer, dtype);
            writer.emit.out.extend_from_slice(&[op::NONE; 3]);
            let (size, alignment) = match sized {
                true => (dtype.itemsize() as i64, alignment(dtype) as i64),
                false => (-1, -1),
            };
            end_state(writer, dtype, size, alignment)
        }
    }
}

/// A dtype, or a subarray of it.
pub(super) fn write_value(
    writer: &mut Writer<'_, '_, '_>,
    value: &DTypeValue,
) -> Result<(), EncodeError> {
    match value.shape.is_empty() {
        true => write(writer, &value.dtype),
        false => subarray(writer, &value.dtype, &value.shape, &value.levels),
    }
}

fn extension(scalar: Scalar) -> EncodeError {
    EncodeError::new(format!("pickles have no name for {} that NumPy reads", scalar.name()))
        .hint("convert it first, such as x.astype(\"float32\"), or view it as uint8 or uint16")
}

fn call(writer: &mut Writer<'_, '_, '_>, code: &str, record: bool) {
    writer.global("numpy", "dtype");
    writer.emit.mark();
    if record {
        writer.global("numpy", "record");
    } else {
        writer.emit.name(code);
    }
    // As numbers, which every release takes.
    writer.emit.int(0);
    writer.emit.int(1);
    writer.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
}

fn is_version_4(dtype: &DType) -> bool {
    matches!(dtype.kind(), Kind::Datetime64(_) | Kind::Timedelta64(_)) || dtype.metadata().is_some()
}

fn begin_state(writer: &mut Writer<'_, '_, '_>, dtype: &DType) {
    writer.emit.mark();
    writer.emit.int(if is_version_4(dtype) { 4 } else { 3 });
    writer.emit.name(match dtype.byte_order() {
        ByteOrder::Little => "<",
        ByteOrder::Big => ">",
        ByteOrder::NotApplicable => "|",
    });
}

fn end_state(
    writer: &mut Writer<'_, '_, '_>,
    dtype: &DType,
    size: i64,
    alignment: i64,
) -> Result<(), EncodeError> {
    writer.emit.int(size);
    writer.emit.int(alignment);
    writer.emit.int(flags(dtype));
    if is_version_4(dtype) {
        let unit = match dtype.kind() {
            Kind::Datetime64(unit) | Kind::Timedelta64(unit) => Some(*unit),
            _ => None,
        };
        if unit.is_some() {
            writer.emit.mark();
        }
        match dtype.metadata() {
            Some(metadata) => writer.inner_value(metadata)?,
            None => writer.emit.empty_dict(),
        }
        if let Some(unit) = unit {
            time_unit(writer, unit);
            writer.emit.op(op::TUPLE);
        }
    }
    writer.emit.out.extend_from_slice(&[op::TUPLE, op::BUILD]);
    Ok(())
}

fn time_unit(writer: &mut Writer<'_, '_, '_>, unit: TimeUnit) {
    writer.emit.mark();
    match writer.emit.protocol {
        0..3 => writer.emit.name(unit.base().code()),
        _ => writer.emit.bytes(unit.base().code().as_bytes()),
    }
    for number in [i64::from(unit.count()), 1, 1] {
        writer.emit.int(number);
    }
    writer.emit.op(op::TUPLE);
}

fn names_and_fields(
    writer: &mut Writer<'_, '_, '_>,
    structure: &Struct,
) -> Result<(), EncodeError> {
    writer.emit.mark();
    for field in structure.fields() {
        writer.emit.name(&field.name);
    }
    writer.emit.op(op::TUPLE);
    writer.emit.empty_dict();
    for field in structure.fields() {
        // A title is a second key for the same.
        for key in std::iter::once(&field.name).chain(&field.title) {
            writer.emit.name(key);
            writer.emit.mark();
            self::field(writer, field)?;
            writer.emit.int(field.offset as i64);
            if let Some(title) = &field.title {
                writer.emit.name(title);
            }
            writer.emit.out.extend_from_slice(&[op::TUPLE, op::SETITEM]);
        }
    }
    Ok(())
}

fn field(writer: &mut Writer<'_, '_, '_>, field: &Field) -> Result<(), EncodeError> {
    match field.shape.is_empty() {
        true => writer.dtype(&field.dtype),
        false => subarray(writer, &field.dtype, &field.shape, &field.levels),
    }
}

/// A subarray, or a subarray of subarrays, the outermost first.
fn subarray(
    writer: &mut Writer<'_, '_, '_>,
    base: &DType,
    shape: &[usize],
    levels: &[u8],
) -> Result<(), EncodeError> {
    let mut sizes: Vec<usize> = levels.iter().map(|&level| usize::from(level)).collect();
    if sizes.is_empty() {
        sizes.push(shape.len());
    }
    // From the outermost in: what each takes, and its own dimensions.
    let mut rest = shape;
    for &size in &sizes {
        let nbytes = rest.iter().product::<usize>() * base.itemsize();
        call(writer, &format!("V{nbytes}"), false);
        writer.emit.mark();
        writer.emit.int(3);
        writer.emit.name("|");
        writer.emit.mark();
        rest = &rest[size.min(rest.len())..];
    }
    writer.dtype(base)?;
    // And out again, with what follows each.
    for &size in sizes.iter().rev() {
        let start = shape.len() - rest.len() - size;
        writer.emit.shape(&shape[start..start + size]);
        writer.emit.out.extend_from_slice(&[op::TUPLE, op::NONE, op::NONE]);
        rest = &shape[start..];
        writer.emit.int((rest.iter().product::<usize>() * base.itemsize()) as i64);
        writer.emit.int(alignment(base) as i64);
        writer.emit.int(flags(base) & INHERITED);
        writer.emit.out.extend_from_slice(&[op::TUPLE, op::BUILD]);
    }
    Ok(())
}

fn flags(dtype: &DType) -> i64 {
    match dtype.kind() {
        Kind::Object => OBJECT,
        Kind::Str { .. } => ZEROED,
        Kind::Struct(structure) => {
            let fields = structure.fields().iter();
            let inherited =
                fields.fold(STRUCTURE, |all, field| all | flags(&field.dtype) & INHERITED);
            if structure.is_aligned() { inherited | ALIGNED } else { inherited }
        }
        _ => 0,
    }
}

/// C's alignment on 64-bit machines; NumPy checks it for sized dtypes alone.
fn alignment(dtype: &DType) -> usize {
    match dtype.kind() {
        Kind::Scalar(scalar) => match scalar.swap_width() {
            12 => 4,
            width => width,
        },
        Kind::Str { .. } => 4,
        Kind::Datetime64(_) | Kind::Timedelta64(_) | Kind::Object => 8,
        Kind::Struct(structure) if structure.is_aligned() => {
            structure.fields().iter().map(|field| alignment(&field.dtype)).max().unwrap_or(1)
        }
        _ => 1,
    }
}
