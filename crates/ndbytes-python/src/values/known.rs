//! The classes that are made for inert values, and told among Python's values.
//!
//! This is the whole list of what reading may import, whatever the bytes say.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A class or constant of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Date,
    DateTime,
    Time,
    TimeDelta,
    TimeZone,
    Decimal,
    Fraction,
    Uuid,
    OrderedDict,
    NdArray,
    Memmap,
    CharArray,
    Matrix,
    RecArray,
    MaskedArray,
    Generic,
    DType,
    PickleBuffer,
}

use Known::*;

const ROWS: [(&str, &str, Known); 18] = [
    ("datetime", "date", Date),
    ("datetime", "datetime", DateTime),
    ("datetime", "time", Time),
    ("datetime", "timedelta", TimeDelta),
    ("datetime", "timezone", TimeZone),
    ("decimal", "Decimal", Decimal),
    ("fractions", "Fraction", Fraction),
    ("uuid", "UUID", Uuid),
    ("collections", "OrderedDict", OrderedDict),
    ("numpy", "ndarray", NdArray),
    ("numpy", "memmap", Memmap),
    ("numpy.char", "chararray", CharArray),
    ("numpy", "matrix", Matrix),
    ("numpy", "recarray", RecArray),
    ("numpy.ma", "MaskedArray", MaskedArray),
    ("numpy", "generic", Generic),
    ("numpy", "dtype", DType),
    ("_pickle", "PickleBuffer", PickleBuffer),
];

impl Known {
    /// The class itself.
    pub(super) fn get(self, py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
        static FOUND: [PyOnceLock<Py<PyAny>>; ROWS.len()] =
            [const { PyOnceLock::new() }; ROWS.len()];
        let (module, name, _) = ROWS[self as usize];
        FOUND[self as usize].import(py, module, name)
    }

    /// The row whose class is exactly `class`.
    pub(super) fn of(class: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let name = class.getattr("__name__")?;
        let Ok(name) = name.extract::<&str>() else { return Ok(None) };
        for (_, _, known) in ROWS.iter().filter(|row| row.1 == name) {
            if known.get(class.py())?.is(class) {
                return Ok(Some(*known));
            }
        }
        Ok(None)
    }
}

const _: () = {
    let mut row = 0;
    while row < ROWS.len() {
        assert!(ROWS[row].2 as usize == row, "each row stands at the number of its class");
        row += 1;
    }
};

/// A `PickleBuffer` of the elements of an array that lie side by side, in C order: of the transposed
/// array if they lie in Fortran order, as NumPy has it.
pub(crate) fn pickle_buffer<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let class = PickleBuffer.get(array.py())?;
    let array = match array.getattr("flags")?.getattr("c_contiguous")?.is_truthy()? {
        true => array.clone(),
        false => array.getattr("T")?,
    };
    class.call1((&array,)).or_else(|_| {
        // Buffers have no letter for times: their bytes do.
        let bytes = array.call_method1("reshape", (-1,))?.call_method1("view", ("u1",))?;
        class.call1((bytes,))
    })
}

/// The bytes of any buffer as they lie in memory.
pub(crate) fn raw<'py>(buffer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    PickleBuffer.get(buffer.py())?.call1((buffer,))?.call_method0("raw")
}
