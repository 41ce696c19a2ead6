"""Arrays of every kind and layout, and what it means here that two of them are the same."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "fixtures"
# What expected.json says of values is said by the scripts that made it.
sys.path.insert(0, str(FIXTURES / "make"))
NUMPY = tuple(int(part) for part in np.__version__.split(".")[:2])
NATIVE = "<" if sys.byteorder == "little" else ">"

NUMBERS = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
NUMBERS += ["f2", "f4", "f8", "c8", "c16"]
LONG_DOUBLES = [np.dtype(code).str[1:] for code in "gG"]
STRINGS = ["S1", "S7", "U1", "U5", "V1", "V9", "V16"]
UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]
TIMES = ["M8", "m8", "M8[ns]", "m8[D]", "M8[25s]", "m8[7W]", "M8[1000000us]"]
CODES = [*NUMBERS, *dict.fromkeys(LONG_DOUBLES), *STRINGS, *TIMES]


def plain_dtypes() -> list[np.dtype[Any]]:
    """Every dtype without fields, in both byte orders."""
    both = [np.dtype(order + code) for code in CODES for order in "<>"]
    return list({dtype.str: dtype for dtype in both}.values())


def structured_dtypes() -> dict[str, np.dtype[Any]]:
    """Structures that npy can hold, one for each way to be unusual."""
    point = np.dtype([("x", "<f4"), ("y", ">f8")])
    specs: dict[str, Any] = {
        "simple": [("a", "<i2"), ("b", ">f8")],
        "one": [("a", "u1")],
        "nested": [("p", point), ("q", [("r", point), ("s", "S3")])],
        "subarray": [("a", "<i2", (2, 3)), ("b", "u1", 4)],
        "subarray_of_one": [("a", "<i2", (1,))],
        "subarray_empty": [("a", "<i2", (0,)), ("b", "u1")],
        "subarray_of_subarray": [("a", np.dtype(("<i2", (3,))), (2,)), ("b", "u1")],
        "subarray_of_struct": [("a", point, (2,)), ("b", "u1")],
        "titles": [(("first title", "a"), "<i4"), (("second", "b"), "S2")],
        "title_nested": [("in", [(("t", "a"), "<i4")])],
        "every_kind": [(f"f_{i}", code) for i, code in enumerate(CODES)],
        "swapped": [(f"f_{i}", ">" + code) for i, code in enumerate(CODES)],
        "aligned": np.dtype([("a", "i1"), ("b", "<f8"), ("c", "<i2")], align=True),
        "aligned_nested": np.dtype(
            [("a", "i1"), ("b", np.dtype([("u", "u1"), ("v", "<i4")], align=True))], align=True
        ),
        "gaps": {
            "names": ["a", "b"],
            "formats": ["<i2", "<f4"],
            "offsets": [3, 9],
            "itemsize": 17,
        },
        "gap_end": {"names": ["a"], "formats": ["<i2"], "offsets": [0], "itemsize": 5},
        "gap_titles": {
            "names": ["a", "b"],
            "formats": ["u1", "<f4"],
            "offsets": [0, 8],
            "titles": ["t1", None],
            "itemsize": 12,
        },
        "string_empty": [("a", "S0"), ("b", "<i2"), ("c", "U0")],
    }
    specs |= {f"name_{i}": [(name, "<i2"), ("b", "u1")] for i, name in enumerate(ODD_NAMES)}
    return {name: np.dtype(spec) for name, spec in specs.items()}


ODD_NAMES = [
    "with space",
    "'",
    '"',
    "it's",
    'say "x"',
    "both ' and \"",
    "back\\slash",
    "end\\",
    "\\'",
    "new\nline",
    "\t\r",
    "\x00",
    "\x01\x1f",
    "\x7f",
    "\x80\x9f",
    "\xa0",
    "\xad",
    "\xe9",
    "\xff",
    "\u0100",
    "\u0301",
    "\u200b",
    "\u2028",
    "\u3000",
    "\u65e5\u672c",
    "\ue000",
    "\ufeff",
    "\uffff",
    "\U0001f600",
    "\U000e0001",
    "\U0010ffff",
    "{}",
    "(1, 2)",
    "descr",
    "# not a comment",
    "f0",
]

# All of them, by what they are called.
DTYPES = {dtype.str: dtype for dtype in plain_dtypes()} | structured_dtypes()


def filled(
    dtype: Any, shape: tuple[int, ...], seed: int = 0, *, offset: int = 0, order: Any = "C"
) -> np.ndarray[Any, np.dtype[Any]]:
    """An array of random bits: NaNs with payloads, odd bools and NaT among them."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    bits = np.random.default_rng(seed).integers(0, 256, size + offset, dtype=np.uint8)
    if dtype.itemsize == 0:
        return nothing(dtype, shape)
    return np.ndarray(shape, dtype, bits.data, offset, order=order)


def nothing(dtype: Any, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[Any]]:
    """An array of elements without bytes, which NumPy lengthens unless they are in a field."""
    if np.dtype(dtype).names is not None:
        return np.zeros(shape, dtype)
    return np.zeros(shape, np.dtype({"names": ["n"], "formats": [dtype]}))["n"]


def layouts(
    x: np.ndarray[Any, np.dtype[Any]],
) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[Any]]]]:
    """Views of the elements of a 3-D array, and copies in other orders."""
    fortran = np.ndarray(x.shape, x.dtype, x.tobytes("F"), order="F")
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    yield "C", x
    yield "F", fortran
    yield "transposed", x.T
    yield "permuted", x.transpose(1, 0, 2)
    yield "reversed", x[::-1, ::-1, ::-1]
    yield "one axis reversed", x[:, ::-1]
    yield "Fortran reversed", fortran[..., ::-1]
    yield "steps", x[::2, 1:, ::3]
    yield "contiguous part", x[1:]
    yield "Fortran part", fortran[..., 1:]
    yield "broadcast", np.broadcast_to(x[:1, :, :1], x.shape)
    yield "all the same", np.broadcast_to(x[0, 0, 0, ...], x.shape)
    # NumPy makes windows only of dtypes that it knows by their codes.
    bare = x[0].view(f"V{x.dtype.itemsize}")
    yield "windows", np.lib.stride_tricks.sliding_window_view(bare, (2, 2)).view(x.dtype)
    yield "new axes", x[:, None, ::2, :, None]
    yield "unaligned", unaligned
    yield "unaligned steps", unaligned[::2, ::-1]
    yield "0-d", x[1, 1, 1, ...]
    yield "empty", x[:, 1:1]
    yield "empty reversed", x[::-1, :, 5:0:2]


def dtype_parts(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """All that a dtype says, with nothing that NumPy's `==` leaves out."""
    order = NATIVE if dtype.byteorder == "=" else dtype.byteorder
    fields = None
    if dtype.names is not None:
        assert dtype.fields is not None or not dtype.names
        fields = [
            (name, dtype_parts(entry[0]), *entry[1:])
            for name, entry in ((name, dtype.fields[name]) for name in dtype.names)
        ]
    subarray = None
    if dtype.subdtype is not None:
        subarray = (dtype_parts(dtype.subdtype[0]), dtype.subdtype[1])
    unit = np.datetime_data(dtype) if dtype.kind in "mM" else None
    metadata = dict(dtype.metadata) if dtype.metadata else None
    # C has several integer types of one size, which no format tells apart.
    kind = dtype.kind if dtype.kind in "iu" else dtype.type
    return (kind, dtype.kind, order, dtype.itemsize, unit, fields, subarray, metadata)


def parts(x: np.ndarray[Any, np.dtype[Any]]) -> tuple[Any, ...]:
    """What two arrays have to share to be the same bit by bit; gaps between fields are compared."""
    return (type(x), dtype_parts(x.dtype), x.shape, x.tobytes())


def leaves(x: np.ndarray[Any, np.dtype[Any]]) -> list[bytes]:
    """The bytes of the elements without the gaps between their fields."""
    if x.dtype.names is None:
        return [x.tobytes()]
    return [leaf for name in x.dtype.names for leaf in leaves(x[name])]


def assert_same(
    found: np.ndarray[Any, np.dtype[Any]], expected: np.ndarray[Any, np.dtype[Any]]
) -> None:
    """Bit by bit, apart from the order in memory and the gaps between fields."""
    assert type(found) is np.ndarray
    assert dtype_parts(found.dtype) == dtype_parts(expected.dtype)
    assert found.shape == expected.shape
    assert leaves(found) == leaves(np.asarray(expected))


def numpy_save(x: Any, version: tuple[int, int] | None = None) -> bytes:
    """What NumPy writes. It warns of versions that old releases do not read."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        np.lib.format.write_array(file, np.asanyarray(x), version, allow_pickle=False)
    return file.getvalue()


def numpy_load(data: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """What NumPy reads. It warns of Python 2 spellings; long headers are trusted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        array = np.load(io.BytesIO(data), allow_pickle=False, max_header_size=1 << 30)
    assert isinstance(array, np.ndarray)
    return array
