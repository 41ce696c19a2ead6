"""`identical`: what makes two arrays differ, and what does not."""

from __future__ import annotations

import itertools
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import filled, layouts, plain_dtypes, structured_dtypes

Array = np.ndarray[Any, np.dtype[Any]]


def differ(a: Any, b: Any) -> None:
    """Each is identical to a copy of itself, and not to the other, either way around."""
    for x in (a, b):
        assert ndbytes.identical(x, x)
        assert ndbytes.identical(x, x.copy())
    assert ndbytes.identical(a, b) is False
    assert ndbytes.identical(b, a) is False


def same(a: Any, b: Any) -> None:
    assert ndbytes.identical(a, b) is True
    assert ndbytes.identical(b, a) is True


@pytest.mark.parametrize("dtype", plain_dtypes(), ids=lambda dtype: dtype.str)
def test_order_in_memory_does_not_count(dtype: np.dtype[Any]) -> None:
    for _, view in layouts(filled(dtype, (4, 3, 5))):
        # Copies of NumPy's may drop the padding of long doubles, which does not count either.
        same(view, view.copy("C"))
        same(view.copy("F"), view)
        same(np.asarray(view), view[...])


@pytest.mark.parametrize("dtype", plain_dtypes(), ids=lambda dtype: dtype.str)
def test_every_bit_counts(dtype: np.dtype[Any]) -> None:
    x = filled(dtype, (3,))
    used = dtype.itemsize
    parts = 1
    if dtype.char in "gG" and np.finfo("g").nmant == 63:
        parts = 2 if dtype.char == "G" else 1
    width = used // parts
    for bit in range(8 * used):
        byte = bit // 8
        y = x.copy()
        bits = y.view("u1").reshape(3, used)
        bits[1, byte] ^= 1 << bit % 8
        within = byte % width if dtype.byteorder != ">" else width - 1 - byte % width
        padding = dtype.char in "gG" and np.finfo("g").nmant == 63 and within >= 10
        assert ndbytes.identical(x, y) is padding, bit
        assert ndbytes.identical(y[::-1], x[::-1]) is padding, bit


def test_byte_order_counts() -> None:
    for dtype in plain_dtypes():
        x = filled(dtype, (3,))
        assert x.dtype.str == dtype.str
        other = x.byteswap().view(dtype.newbyteorder())
        if other.dtype.str == dtype.str:
            same(x, other)
        else:
            differ(x, other)
    inner = [("a", "<i2"), ("b", [("c", ">i4")])]
    differ(np.zeros(2, inner), np.zeros(2, [("a", "<i2"), ("b", [("c", "<i4")])]))


def test_dtypes_of_the_same_bits_differ() -> None:
    four = ["i4", "u4", "f4", "S4", "V4", "U1", "<i2,<i2"]
    eight = ["i8", "u8", "f8", "c8", "M8[s]", "M8[ms]", "M8", "m8[s]", "m8", "M8[2s]", "M8[1000ms]"]
    for codes in (four, eight):
        for a, b in itertools.combinations(codes, 2):
            differ(np.zeros(3, a), np.zeros(3, b))
    differ(np.zeros(3, "?"), np.zeros(3, "u1"))
    differ(np.zeros(3, "S3"), np.zeros(3, "S4"))


def test_c_types_of_one_size_do_not_differ() -> None:
    same(np.arange(3, dtype="l"), np.arange(3, dtype="q" if np.dtype("l").itemsize == 8 else "i"))


def test_shapes_count() -> None:
    shapes = [(), (1,), (1, 1), (6,), (2, 3), (3, 2), (0,), (0, 2), (2, 0), (1, 0, 1)]
    for a, b in itertools.combinations(shapes, 2):
        differ(np.zeros(a), np.zeros(b))


def test_values_that_are_equal_and_not_the_same() -> None:
    differ(np.array([0.0]), np.array([-0.0]))
    differ(np.array([complex(0, 0.0)]), np.array([complex(0, -0.0)]))
    differ(np.array([1, 2], "u1").view("?"), np.array([1, 1], "u1").view("?"))
    bits = [0x7FF8000000000000, 0x7FF8000000000001, 0x7FF0000000000001, 0xFFF8000000000000]
    nans = [np.array([value], "u8").view("f8") for value in bits]
    for a, b in itertools.combinations(nans, 2):
        assert np.isnan(a).all()
        differ(a, b)
    for nan in nans:
        same(nan, nan.copy())
    nat = np.array(["NaT"], "M8[s]")
    same(nat, nat.copy())
    differ(np.array([0.0]), np.array([0], "i8"))


FIELDS: dict[str, Any] = {"names": ["a", "b"], "formats": ["<i2", "<f4"], "offsets": [0, 4]}


@pytest.mark.parametrize(
    "change",
    [
        {"names": ["a", "c"]},
        {"formats": ["<u2", "<f4"]},
        {"formats": [">i2", "<f4"]},
        {"formats": ["<i2", ("<f4", (1,))]},
        {"formats": ["<i2", ("<i2", (2,))]},
        {"formats": ["<i2", "S4"]},
        {"offsets": [2, 4]},
        {"offsets": [8, 4], "itemsize": 12},
        {"itemsize": 12},
        {"titles": ["t", None]},
        {"titles": [None, "u"]},
    ],
    ids=str,
)
def test_all_that_a_structure_says_counts(change: dict[str, Any]) -> None:
    differ(np.zeros(3, FIELDS), np.zeros(3, FIELDS | change))
    differ(
        np.zeros(3, [("in", np.dtype(FIELDS))]), np.zeros(3, [("in", np.dtype(FIELDS | change))])
    )


def test_order_of_fields_counts() -> None:
    a = np.dtype({"names": ["a", "b"], "formats": ["i2", "i2"], "offsets": [0, 2]})
    b = np.dtype({"names": ["b", "a"], "formats": ["i2", "i2"], "offsets": [2, 0]})
    differ(np.zeros(3, a), np.zeros(3, b))


def test_how_subarrays_nest_counts() -> None:
    flat = np.dtype([("a", "i2", (2, 3))])
    nested = np.dtype([("a", np.dtype(("i2", (3,))), (2,))])
    if flat == nested:
        pytest.skip("this NumPy joins them")
    differ(np.zeros(3, flat), np.zeros(3, nested))


def test_titles_count() -> None:
    dtype = [(("one", "a"), "i2")]
    same(np.zeros(2, dtype), np.zeros(2, dtype))
    differ(np.zeros(2, dtype), np.zeros(2, [(("two", "a"), "i2")]))


def test_metadata_count() -> None:
    values: list[Any] = [None, {"k": 1}, {"k": 2}, {"k": 1.0}, {"k": True}, {"j": 1}]
    values += [{"k": 2**70}, {"k": (1, [2])}, {"k": "1"}, {"k": b"1"}]
    dtypes = [np.dtype("f4", metadata=value) if value else np.dtype("f4") for value in values]
    for a, b in itertools.combinations(dtypes, 2):
        differ(np.zeros(2, a), np.zeros(2, b))
        differ(np.zeros(2, [("f", a)]), np.zeros(2, [("f", b)]))
    for value in values[1:]:
        same(
            np.zeros(2, np.dtype("f4", metadata=value)), np.zeros(2, np.dtype("f4", metadata=value))
        )


def test_the_align_flag_does_not_count() -> None:
    aligned = np.dtype([("a", "i1"), ("b", "i4")], align=True)
    by_hand = np.dtype({"names": ["a", "b"], "formats": ["i1", "i4"], "offsets": [0, 4]})
    assert aligned.isalignedstruct
    assert not by_hand.isalignedstruct
    same(np.zeros(2, aligned), np.zeros(2, by_hand))


def test_gaps_between_fields_do_not_count() -> None:
    for name in ("gaps", "gap_end", "gap_titles", "aligned", "aligned_nested"):
        dtype = structured_dtypes()[name]
        x, y = filled(dtype, (4,), 1), filled(dtype, (4,), 2)
        differ(x, y)
        for leaf_x, leaf_y in zip(fields(x), fields(y), strict=True):
            leaf_y[...] = leaf_x
        assert x.tobytes() != y.tobytes()
        same(x, y)


def fields(x: Array) -> list[Array]:
    if x.dtype.names is None:
        return [x]
    return [leaf for name in x.dtype.names for leaf in fields(x[name])]


@pytest.mark.parametrize("name", structured_dtypes())
def test_structures_in_any_layout(name: str) -> None:
    for _, view in layouts(filled(structured_dtypes()[name], (4, 3, 5))):
        same(view, view.copy("F"))


def test_overlapping_fields() -> None:
    dtype = np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 2]})
    x = filled(dtype, (3,))
    same(x, x.copy())
    y = x.copy()
    y.view("u1")[8] ^= 1
    differ(x, y)


def masked(data: Any, mask: Any, fill: Any = None) -> Any:
    return np.ma.masked_array(data, mask=mask, fill_value=fill)


def test_masked_arrays() -> None:
    x = masked([1.0, 2.0, 3.0], [0, 1, 0])
    differ(x, masked([1.0, 2.0, 3.0], [0, 0, 1]))
    differ(x, masked([1.0, 9.0, 3.0], [0, 1, 0]))
    differ(x, masked([1.0, 2.0, 3.0], [0, 1, 0], 7.0))
    differ(masked([1, 2], False), masked([1, 2], [0, 1]))
    same(masked([1, 2], False), masked([1, 2], [False, False]))
    assert not ndbytes.identical(x, x.data)
    assert not ndbytes.identical(x.data, x)
    assert not ndbytes.identical(masked([1.0], False), np.array([1.0]))
    nested = np.ma.masked_array(np.zeros(2, "i2,f4"), mask=[(0, 1), (0, 0)])
    differ(nested, np.ma.masked_array(np.zeros(2, "i2,f4"), mask=[(1, 0), (0, 0)]))
    other = np.ma.masked_array(np.zeros(2, "i2,f4"), mask=[(1, 0), (0, 0)])
    assert ndbytes.identical(nested[0], nested[0])
    assert not ndbytes.identical(nested[0], other[0])


def test_the_masked_constant_is_identical_to_itself_alone() -> None:
    assert ndbytes.identical(np.ma.masked, np.ma.masked)
    assert ndbytes.identical(masked([1.0], True)[0], np.ma.masked)
    for other in (masked(0.0, True), masked([1.0], True), np.float64(0), 0.0):
        assert not ndbytes.identical(np.ma.masked, other)
        assert not ndbytes.identical(other, np.ma.masked)


def test_array_likes() -> None:
    same([1, 2], (1, 2))
    same(1.5, np.float64(1.5))
    same("a", np.array("a"))
    assert not ndbytes.identical([1, 2], [1.0, 2.0])
    assert not ndbytes.identical([[1], [2]], [1, 2])
    with pytest.raises(ValueError, match="inhomogeneous"):
        ndbytes.identical([1, [2, 3]], [1, [2, 3]])


def test_places_of_one_bit_in_a_large_array() -> None:
    x = filled("<f8", (1000, 700))
    y = x.copy()
    bits = y.view("u1").reshape(-1)
    for place in (0, 1, 65535, 65536, 1 << 20, (1 << 22) - 1, 1 << 22, bits.size - 1):
        bits[place] ^= 16
        assert not ndbytes.identical(x, y), place
        assert not ndbytes.identical(x.T, y.T), place
        assert not ndbytes.identical(x[::-1, ::-1], y[::-1, ::-1]), place
        bits[place] ^= 16
    same(x, y)
    same(x, np.asfortranarray(y))
