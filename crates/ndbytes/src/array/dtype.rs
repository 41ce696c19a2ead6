//! What one element is: the model of NumPy's dtypes.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::scalar::Scalar;
use super::value::Value;
use crate::error::{DecodeError, Result};

/// Structured dtypes nest at most this deep; Python's own parser stops at about the same depth.
pub const MAX_NESTING: usize = 200;

/// Structured dtypes have at most this many fields, those of fields included. Fields may share
/// their bytes, so that the size of an element is no bound.
const MAX_LEAVES: usize = 1 << 20;

/// The most bytes that one element takes: NumPy keeps the number in a C int.
pub const MAX_ITEMSIZE: usize = i32::MAX as usize;

/// The order of the bytes inside one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
    /// The dtype has no byte order: single bytes, strings of bytes, structures, objects.
    NotApplicable,
}

impl ByteOrder {
    /// The order of the machine that runs this.
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };

    /// NumPy's character: `<`, `>` or `|`.
    pub fn char(self) -> char {
        match self {
            Self::Little => '<',
            Self::Big => '>',
            Self::NotApplicable => '|',
        }
    }
}

/// What one element of an array is.
///
/// Two dtypes are equal when an element of one is bit by bit an element of the other: same kind,
/// byte order, fields, offsets, titles, item size and metadata. Whether a structure was declared
/// "aligned" or its scalars are records does not count.
#[derive(Clone, PartialEq)]
pub struct DType {
    kind: Kind,
    order: ByteOrder,
    metadata: Option<Arc<Value<'static>>>,
}

/// The kinds of dtypes, as NumPy has them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Numbers and booleans of a fixed size.
    Scalar(Scalar),
    /// Bytes, padded at the end with NUL bytes (NumPy's `S`).
    Bytes {
        /// Bytes per element.
        len: usize,
    },
    /// Text, four bytes a code point, padded at the end with NUL (NumPy's `U`).
    Str {
        /// Code points per element.
        chars: usize,
    },
    /// Bytes without a meaning (NumPy's `V` without fields).
    Void {
        /// Bytes per element.
        len: usize,
    },
    /// A point in time: a signed 64-bit count of units since 1970, its minimum is NaT.
    Datetime64(TimeUnit),
    /// A span of time: a signed 64-bit count of units, its minimum is NaT.
    Timedelta64(TimeUnit),
    /// Named fields.
    Struct(Arc<Struct>),
    /// References to Python objects; in bytes, a pickle.
    Object,
    /// Text of any length (NumPy's `StringDType`); in bytes, a pickle.
    VariableStr(Arc<VariableStr>),
}

/// What NumPy's `StringDType` carries besides its strings.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableStr {
    /// Whether values that are not strings are turned into strings.
    pub coerce: bool,
    /// The value that stands for a missing string, if there is one.
    pub na_object: Option<Value<'static>>,
}

/// The fields of a structured dtype.
#[derive(Clone, Debug)]
pub struct Struct {
    fields: Vec<Field>,
    itemsize: usize,
    aligned: bool,
    record: bool,
    depth: usize,
    leaves: usize,
    objects: bool,
}

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.itemsize == other.itemsize && self.fields == other.fields
    }
}

/// One field of a structured dtype.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The field's name, unique among the names and titles of its structure.
    pub name: Box<str>,
    /// A second name, NumPy's "title".
    pub title: Option<Box<str>>,
    /// The dtype of the field, or of one element of it when `shape` is not empty.
    pub dtype: DType,
    /// The shape of a subarray field; empty for a plain field.
    pub shape: SmallVec<[usize; 2]>,
    /// Where the field is a subarray of subarrays: how many dimensions of `shape` each of them
    /// has, the outermost first. Empty for a plain subarray, which has them all.
    pub levels: SmallVec<[u8; 8]>,
    /// Bytes from the start of the structure to the field.
    pub offset: usize,
}

impl Field {
    /// Bytes that the field takes: item size times the product of `shape`.
    pub fn nbytes(&self) -> Option<usize> {
        self.shape.iter().try_fold(self.dtype.itemsize(), |size, &dim| size.checked_mul(dim))
    }
}

impl Struct {
    /// A structure of `fields` that takes `itemsize` bytes. Gaps, overlaps and any order of
    /// offsets are allowed.
    ///
    /// # Errors
    /// When `itemsize` is more than [`MAX_ITEMSIZE`], when a field reaches beyond it, when two names or
    /// titles are the same, when structures nest deeper than [`MAX_NESTING`] or have too many fields,
    /// or when objects overlap anything.
    pub fn new(fields: Vec<Field>, itemsize: usize, aligned: bool) -> Result<Self> {
        if itemsize > MAX_ITEMSIZE {
            return Err(DecodeError::unsupported(format!(
                "a structured dtype takes {itemsize} bytes"
            ))
            .expected(format!("at most {MAX_ITEMSIZE}, as in NumPy")));
        }
        let mut names = std::collections::HashSet::with_capacity(fields.len());
        let (mut depth, mut leaves) = (1, 0_usize);
        for field in &fields {
            let end = field.nbytes().and_then(|size| size.checked_add(field.offset));
            if end.is_none_or(|end| end > itemsize) {
                return Err(DecodeError::malformed(format!(
                    "field {:?} does not end within the {itemsize} bytes of its structure",
                    field.name
                )));
            }
            for name in std::iter::once(&field.name).chain(&field.title) {
                // NumPy lets a field have its own name as its title no more than two fields
                // the same name.
                if !names.insert(&**name) {
                    return Err(DecodeError::malformed(format!(
                        "the field name or title {name:?} occurs twice in one structure"
                    )));
                }
            }
            depth = depth.max(1 + field.dtype.nesting());
            leaves = leaves.saturating_add(field.dtype.leaves());
        }
        if depth > MAX_NESTING {
            let found = format!("structured dtypes nest deeper than {MAX_NESTING}");
            return Err(DecodeError::malformed(found));
        }
        if leaves > MAX_LEAVES {
            let found = format!("a structured dtype has more than {MAX_LEAVES} fields in all");
            return Err(DecodeError::unsupported(found));
        }
        refuse_overlapping_objects(&fields)?;
        let objects = fields.iter().any(|field| field.dtype.has_objects());
        Ok(Self { fields, itemsize, aligned, record: false, depth, leaves, objects })
    }

    /// The same structure with or without NumPy's mark that its scalars are `numpy.record`.
    pub fn with_record(mut self, record: bool) -> Self {
        self.record = record;
        self
    }

    /// Whether the scalars are `numpy.record`, whose fields are also attributes.
    pub fn is_record(&self) -> bool {
        self.record
    }

    /// The fields, in the order of their names.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Bytes from one structure to the next.
    pub fn itemsize(&self) -> usize {
        self.itemsize
    }

    /// Whether the structure was declared with C's alignment (`align=True`).
    pub fn is_aligned(&self) -> bool {
        self.aligned
    }
}

fn refuse_overlapping_objects(fields: &[Field]) -> Result<()> {
    if !fields.iter().any(|field| field.dtype.has_objects()) {
        return Ok(());
    }
    let mut spans: Vec<(usize, usize, bool)> = fields
        .iter()
        .map(|field| {
            let end = field.offset + field.nbytes().unwrap_or(0);
            (field.offset, end, field.dtype.has_objects())
        })
        .filter(|(start, end, _)| start < end)
        .collect();
    spans.sort_unstable();
    let (mut any_end, mut object_end) = (0, 0);
    for (start, end, objects) in spans {
        if start < object_end || (objects && start < any_end) {
            return Err(DecodeError::malformed("a field of objects overlaps another field"));
        }
        any_end = any_end.max(end);
        if objects {
            object_end = object_end.max(end);
        }
    }
    Ok(())
}

impl DType {
    /// A dtype of this kind. `order` is ignored by kinds that have no byte order.
    pub fn new(kind: Kind, order: ByteOrder) -> Self {
        let order = match (kind.swap_width(), order) {
            (1, _) => ByteOrder::NotApplicable,
            (_, ByteOrder::NotApplicable) => ByteOrder::NATIVE,
            (_, order) => order,
        };
        Self { kind, order, metadata: None }
    }

    /// A dtype of this kind in this machine's byte order.
    pub fn native(kind: Kind) -> Self {
        Self::new(kind, ByteOrder::NATIVE)
    }

    /// The same dtype with NumPy's `dtype.metadata` set to `metadata`.
    pub fn with_metadata(mut self, metadata: Option<Value<'static>>) -> Self {
        self.metadata = metadata.map(Arc::new);
        self
    }

    /// What kind of dtype this is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The byte order of numbers, text and times; structures have one for each field.
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// NumPy's `dtype.metadata`, if there is any.
    pub fn metadata(&self) -> Option<&Value<'static>> {
        self.metadata.as_deref()
    }

    /// Whether this dtype or one of its fields carries metadata.
    pub fn has_metadata(&self) -> bool {
        self.metadata.is_some() || self.fields().iter().any(|field| field.dtype.has_metadata())
    }

    /// The fields of a structure; empty for every other kind.
    pub fn fields(&self) -> &[Field] {
        match &self.kind {
            Kind::Struct(structure) => structure.fields(),
            _ => &[],
        }
    }

    /// Bytes per element.
    #[inline]
    pub fn itemsize(&self) -> usize {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.itemsize(),
            Kind::Bytes { len } | Kind::Void { len } => *len,
            Kind::Str { chars } => chars.saturating_mul(4),
            Kind::Datetime64(_) | Kind::Timedelta64(_) => 8,
            Kind::Struct(structure) => structure.itemsize,
            Kind::Object => size_of::<usize>(),
            Kind::VariableStr(_) => 16,
        }
    }

    /// Whether elements refer to Python objects, so that their own bytes mean nothing elsewhere.
    pub fn has_objects(&self) -> bool {
        match &self.kind {
            Kind::Object | Kind::VariableStr(_) => true,
            Kind::Struct(structure) => structure.objects,
            _ => false,
        }
    }

    /// Whether every number in an element is in this machine's byte order.
    pub fn is_native(&self) -> bool {
        match &self.kind {
            Kind::Struct(_) => self.fields().iter().all(|field| field.dtype.is_native()),
            _ => self.order == ByteOrder::NATIVE || self.order == ByteOrder::NotApplicable,
        }
    }

    /// The same dtype with every number in the byte order `order`.
    pub fn with_byte_order(&self, order: ByteOrder) -> Self {
        let kind = match &self.kind {
            Kind::Struct(structure) => {
                let mut structure = Struct::clone(structure);
                for field in &mut structure.fields {
                    field.dtype = field.dtype.with_byte_order(order);
                }
                Kind::Struct(Arc::new(structure))
            }
            kind => kind.clone(),
        };
        Self { metadata: self.metadata.clone(), ..Self::new(kind, order) }
    }

    /// The same dtype without metadata, its own and that of its fields.
    pub fn without_metadata(&self) -> Self {
        let kind = match &self.kind {
            Kind::Struct(structure) if self.has_metadata() => {
                let mut structure = Struct::clone(structure);
                for field in &mut structure.fields {
                    field.dtype = field.dtype.without_metadata();
                }
                Kind::Struct(Arc::new(structure))
            }
            kind => kind.clone(),
        };
        Self { kind, order: self.order, metadata: None }
    }

    /// How many fields there are, those of fields included; 1 for what has none.
    fn leaves(&self) -> usize {
        match &self.kind {
            Kind::Struct(structure) => structure.leaves.max(1),
            _ => 1,
        }
    }

    /// How many structures lie inside each other, this one included.
    fn nesting(&self) -> usize {
        match &self.kind {
            Kind::Struct(structure) => structure.depth,
            _ => 0,
        }
    }
}

impl Kind {
    /// The bytes that change places together when the byte order changes; 1 where none do.
    pub(crate) fn swap_width(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.swap_width(),
            Self::Str { .. } => 4,
            Self::Datetime64(_) | Self::Timedelta64(_) => 8,
            _ => 1,
        }
    }
}

impl From<Scalar> for DType {
    fn from(scalar: Scalar) -> Self {
        Self::native(Kind::Scalar(scalar))
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DType({self})")
    }
}

/// The unit of a time: a base unit and how many of them make one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeUnit {
    base: BaseUnit,
    count: u32,
}

/// The base units of NumPy's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BaseUnit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Picosecond,
    Femtosecond,
    Attosecond,
    /// No unit: NumPy takes it from what the time is combined with.
    Generic,
}

/// NumPy's spelling of each base unit and its number in NumPy's C API.
const BASE_UNITS: [(BaseUnit, &str, u8); 14] = [
    (BaseUnit::Year, "Y", 0),
    (BaseUnit::Month, "M", 1),
    (BaseUnit::Week, "W", 2),
    (BaseUnit::Day, "D", 4),
    (BaseUnit::Hour, "h", 5),
    (BaseUnit::Minute, "m", 6),
    (BaseUnit::Second, "s", 7),
    (BaseUnit::Millisecond, "ms", 8),
    (BaseUnit::Microsecond, "us", 9),
    (BaseUnit::Nanosecond, "ns", 10),
    (BaseUnit::Picosecond, "ps", 11),
    (BaseUnit::Femtosecond, "fs", 12),
    (BaseUnit::Attosecond, "as", 13),
    (BaseUnit::Generic, "generic", 14),
];

impl BaseUnit {
    /// NumPy's spelling, such as `"ms"`.
    pub fn code(self) -> &'static str {
        BASE_UNITS[self as usize].1
    }

    /// The base unit that NumPy spells `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        BASE_UNITS.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// The number of this unit in NumPy's C API (`NPY_DATETIMEUNIT`).
    pub fn number(self) -> u8 {
        BASE_UNITS[self as usize].2
    }

    /// The base unit of this number in NumPy's C API.
    pub fn from_number(number: i64) -> Option<Self> {
        BASE_UNITS.iter().find(|row| i64::from(row.2) == number).map(|row| row.0)
    }
}

impl TimeUnit {
    /// `count` base units a step, `1..=i32::MAX`; a generic unit has no count but 1.
    ///
    /// # Errors
    /// When `count` is out of range.
    pub fn new(base: BaseUnit, count: i64) -> Result<Self> {
        match u32::try_from(count) {
            Ok(1) => Ok(Self { base, count: 1 }),
            Ok(count @ 2..=0x7FFF_FFFF) if base != BaseUnit::Generic => Ok(Self { base, count }),
            _ => Err(DecodeError::malformed(format!(
                "a time unit of {count} x {:?} does not exist",
                base.code()
            ))
            .expected("a count from 1 to 2147483647, and 1 for the generic unit")),
        }
    }

    /// The base unit.
    pub fn base(self) -> BaseUnit {
        self.base
    }

    /// Base units per step, at least 1.
    pub fn count(self) -> u32 {
        self.count
    }
}
