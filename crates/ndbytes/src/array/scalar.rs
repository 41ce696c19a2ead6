//! Numbers and booleans of a fixed size: one table for their codes, names and sizes.

/// A number or boolean of a fixed size.
///
/// The names are NumPy's. `LongDouble` is the platform's `long double`: its bits are kept, what
/// they mean depends on the machine that wrote them. The names from `BFloat16` on belong to the
/// `ml_dtypes` package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
    /// `long double` in 12 bytes (32-bit x86).
    LongDouble96,
    /// `long double` in 16 bytes (x86-64: 80 bits used; others: 128).
    LongDouble128,
    Complex64,
    Complex128,
    CLongDouble192,
    CLongDouble256,
    BFloat16,
    Float8E3M4,
    Float8E4M3,
    Float8E4M3B11Fnuz,
    Float8E4M3Fn,
    Float8E4M3Fnuz,
    Float8E5M2,
    Float8E5M2Fnuz,
    Float8E8M0Fnu,
    Float6E2M3Fn,
    Float6E3M2Fn,
    Float4E2M1Fn,
    Int1,
    Int2,
    Int4,
    UInt1,
    UInt2,
    UInt4,
    Complex32,
    BComplex32,
}

struct Row {
    scalar: Scalar,
    /// NumPy's kind and size, or the `ml_dtypes` name.
    code: &'static str,
    name: &'static str,
    itemsize: u8,
    swap_width: u8,
}

const fn row(
    scalar: Scalar,
    code: &'static str,
    name: &'static str,
    itemsize: u8,
    swap_width: u8,
) -> Row {
    Row { scalar, code, name, itemsize, swap_width }
}

/// `ml_dtypes` has no kind-and-size codes: the name stands for both.
const fn extension(scalar: Scalar, name: &'static str, itemsize: u8) -> Row {
    row(scalar, name, name, itemsize, itemsize)
}

/// In the order of the enum, so that a scalar indexes its row.
const ROWS: [Row; 38] = [
    row(Scalar::Bool, "b1", "bool", 1, 1),
    row(Scalar::Int8, "i1", "int8", 1, 1),
    row(Scalar::Int16, "i2", "int16", 2, 2),
    row(Scalar::Int32, "i4", "int32", 4, 4),
    row(Scalar::Int64, "i8", "int64", 8, 8),
    row(Scalar::UInt8, "u1", "uint8", 1, 1),
    row(Scalar::UInt16, "u2", "uint16", 2, 2),
    row(Scalar::UInt32, "u4", "uint32", 4, 4),
    row(Scalar::UInt64, "u8", "uint64", 8, 8),
    row(Scalar::Float16, "f2", "float16", 2, 2),
    row(Scalar::Float32, "f4", "float32", 4, 4),
    row(Scalar::Float64, "f8", "float64", 8, 8),
    row(Scalar::LongDouble96, "f12", "float96", 12, 12),
    row(Scalar::LongDouble128, "f16", "float128", 16, 16),
    row(Scalar::Complex64, "c8", "complex64", 8, 4),
    row(Scalar::Complex128, "c16", "complex128", 16, 8),
    row(Scalar::CLongDouble192, "c24", "complex192", 24, 12),
    row(Scalar::CLongDouble256, "c32", "complex256", 32, 16),
    extension(Scalar::BFloat16, "bfloat16", 2),
    extension(Scalar::Float8E3M4, "float8_e3m4", 1),
    extension(Scalar::Float8E4M3, "float8_e4m3", 1),
    extension(Scalar::Float8E4M3B11Fnuz, "float8_e4m3b11fnuz", 1),
    extension(Scalar::Float8E4M3Fn, "float8_e4m3fn", 1),
    extension(Scalar::Float8E4M3Fnuz, "float8_e4m3fnuz", 1),
    extension(Scalar::Float8E5M2, "float8_e5m2", 1),
    extension(Scalar::Float8E5M2Fnuz, "float8_e5m2fnuz", 1),
    extension(Scalar::Float8E8M0Fnu, "float8_e8m0fnu", 1),
    extension(Scalar::Float6E2M3Fn, "float6_e2m3fn", 1),
    extension(Scalar::Float6E3M2Fn, "float6_e3m2fn", 1),
    extension(Scalar::Float4E2M1Fn, "float4_e2m1fn", 1),
    extension(Scalar::Int1, "int1", 1),
    extension(Scalar::Int2, "int2", 1),
    extension(Scalar::Int4, "int4", 1),
    extension(Scalar::UInt1, "uint1", 1),
    extension(Scalar::UInt2, "uint2", 1),
    extension(Scalar::UInt4, "uint4", 1),
    row(Scalar::Complex32, "complex32", "complex32", 4, 2),
    row(Scalar::BComplex32, "bcomplex32", "bcomplex32", 4, 2),
];

/// Whole numbers with a sign, and those of the same size without one.
const SIGNED: [(Scalar, Scalar); 7] = [
    (Scalar::Int8, Scalar::UInt8),
    (Scalar::Int16, Scalar::UInt16),
    (Scalar::Int32, Scalar::UInt32),
    (Scalar::Int64, Scalar::UInt64),
    (Scalar::Int1, Scalar::UInt1),
    (Scalar::Int2, Scalar::UInt2),
    (Scalar::Int4, Scalar::UInt4),
];

/// The row of each code of two characters, where its low bits say.
const SHORT_CODES: [u8; 512] = {
    let mut rows = [u8::MAX; 512];
    let mut index = 0;
    while index < ROWS.len() {
        if let [letter, digit] = ROWS[index].code.as_bytes() {
            rows[((*letter & 31) as usize) << 4 | (*digit & 15) as usize] = index as u8;
        }
        index += 1;
    }
    rows
};

impl Scalar {
    /// How many there are.
    pub const COUNT: usize = ROWS.len();

    /// Every scalar there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.scalar)
    }

    #[inline]
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// NumPy's kind and size without the byte order, such as `"f8"`; for the scalars of
    /// `ml_dtypes`, their name.
    #[inline]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// NumPy's name, such as `"float64"`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Bytes per number.
    #[inline]
    pub fn itemsize(self) -> usize {
        usize::from(self.row().itemsize)
    }

    /// The bytes that change places together when the byte order changes: half of a complex
    /// number, all of any other.
    #[inline]
    pub(crate) fn swap_width(self) -> usize {
        usize::from(self.row().swap_width)
    }

    /// The scalar of this code or name.
    pub fn from_code(code: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.code == code || row.name == code).map(|row| row.scalar)
    }

    /// The scalar of NumPy's kind character (`b`, `i`, `u`, `f` or `c`) and item size.
    #[inline]
    pub fn from_kind(kind: u8, itemsize: usize) -> Option<Self> {
        match itemsize {
            1..=9 => Self::from_letter_and_digit(kind, b'0' + itemsize as u8),
            _ => ROWS.iter().map(|row| row.scalar).find(|scalar| {
                scalar.itemsize() == itemsize && scalar.code().as_bytes()[0] == kind
            }),
        }
    }

    /// The scalar whose code is a letter and a digit: a look-up instead of a search.
    #[inline]
    pub(crate) fn from_letter_and_digit(letter: u8, digit: u8) -> Option<Self> {
        let index = SHORT_CODES[usize::from(letter & 31) << 4 | usize::from(digit & 15)];
        let row = ROWS.get(usize::from(index))?;
        (*row.code.as_bytes() == [letter, digit]).then_some(row.scalar)
    }

    /// Of whole numbers with a sign, those of the same size without one: the same bytes, and the same
    /// values where none is below zero. All others are as they are.
    #[inline]
    pub(crate) fn unsigned(self) -> Self {
        SIGNED.iter().find(|(signed, _)| *signed == self).map_or(self, |(_, unsigned)| *unsigned)
    }

    /// Whether these are whole numbers with a sign.
    #[inline]
    pub(crate) fn is_signed(self) -> bool {
        self.unsigned() != self
    }

    /// Whether this is one of the scalars of the `ml_dtypes` package.
    #[inline]
    pub fn is_extension(self) -> bool {
        self as usize >= Self::BFloat16 as usize
    }

    /// Whether this is the platform's `long double`, or a complex number of two of them.
    pub fn is_long_double(self) -> bool {
        matches!(
            self,
            Self::LongDouble96 | Self::LongDouble128 | Self::CLongDouble192 | Self::CLongDouble256
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_indexes_its_own_row() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.scalar as usize, index);
            assert_eq!(Scalar::from_code(row.code), Some(row.scalar));
            assert_eq!(Scalar::from_code(row.name), Some(row.scalar));
            if let [letter, digit] = row.code.as_bytes() {
                assert_eq!(Scalar::from_letter_and_digit(*letter, *digit), Some(row.scalar));
            }
        }
    }

    #[test]
    fn signs_are_those_that_names_say() {
        for scalar in Scalar::all() {
            let unsigned = scalar.name().strip_prefix("int").map(|size| format!("uint{size}"));
            assert_eq!(scalar.is_signed(), unsigned.is_some(), "{scalar:?}");
            assert_eq!(scalar.unsigned().name(), unsigned.as_deref().unwrap_or(scalar.name()));
        }
    }
}
