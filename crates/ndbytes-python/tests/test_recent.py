"""Structures and headers are remembered from one array to the next: that must never be seen."""

from __future__ import annotations

import gc
import threading
from typing import Any, Literal

import ndbytes
import numpy as np
import pytest
from arrays import assert_same, dtype_parts, numpy_load, numpy_save

FLAT = np.dtype([("id", "<i4"), ("weight", ">f4"), ("value", "<f8")])
STRUCTURES = [
    FLAT,
    np.dtype("i1,f8", align=True),
    np.dtype([(("title", "a"), "i4"), ("b", "S3", (2,))]),
    np.dtype({"names": ["a", "b"], "formats": ["i2", "i2"], "offsets": [4, 8], "itemsize": 16}),
    np.dtype([("a", [("x", "i2"), ("y", "U2")]), ("b", "M8[ns]")]),
    np.dtype((np.record, [("a", "i4")])),
    np.dtype([("], 'fortran_order': False, 'shape': (1,), }", "i2")]),
    np.dtype([("é", "i2")]),
]


AGAIN = 4
"""Times after which whatever is remembered has been."""


def made(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    x = np.zeros(5, dtype)
    x.view(f"V{dtype.itemsize}")[:] = bytes(range(dtype.itemsize))
    return x


@pytest.mark.parametrize("dtype", STRUCTURES, ids=str)
def test_again_and_again(dtype: np.dtype[Any]) -> None:
    for count in range(4):
        x = made(dtype)[: count + 1]
        data = ndbytes.array_to_bytes(x)
        assert data == numpy_save(x)
        found = ndbytes.bytes_to_array(data)
        assert_same(found, numpy_load(data))
        assert dtype_parts(found.dtype) == dtype_parts(numpy_load(data).dtype)


@pytest.mark.parametrize("code", [">f8", "<f8", ">i2", ">c16", "S5", ">U3", "M8[s]", "V7", "|b1"])
def test_dtypes_without_fields_that_change(code: str) -> None:
    x = np.zeros(2, code)
    for data in (ndbytes.array_to_bytes(x), ndbytes.array_to_bytes(x, format="pickle")):
        for _ in range(AGAIN):
            found = ndbytes.bytes_to_array(data)
            assert_same(found, x)
            # As pickles give a dtype its state, which nobody should by hand.
            state = list(found.dtype.__reduce__()[2])  # type: ignore[arg-type]
            state[1] = {"<": ">", ">": "<", "|": "|"}[str(state[1])]
            if code[0] in "SV":
                state[5] += 2
            found.dtype.__setstate__(tuple(state))


def test_names_that_change() -> None:
    dtype = np.dtype([("a", "i4"), ("b", "f4")])
    x = np.zeros(3, dtype)
    before = ndbytes.array_to_bytes(x)
    assert ndbytes.array_to_bytes(x) == before
    dtype.names = ("c", "d")
    assert x.dtype.names == ("c", "d")
    for _ in range(AGAIN):
        after = ndbytes.array_to_bytes(x)
        assert after == numpy_save(x) != before
    dtype.names = ("a", "b")
    assert ndbytes.array_to_bytes(x) == before
    inner = np.dtype([("x", "i2")])
    nested = np.zeros(2, [("s", inner)])
    first = ndbytes.array_to_bytes(nested)
    nested.dtype["s"].names = ("y",)
    assert ndbytes.array_to_bytes(nested) == numpy_save(nested) != first


def test_what_is_decoded_is_ones_own() -> None:
    data = ndbytes.array_to_bytes(made(FLAT))
    for _ in range(AGAIN):
        a, b = ndbytes.bytes_to_array(data), ndbytes.bytes_to_array(data)
        a.dtype.names = ("x", "y", "z")
        assert b.dtype.names == FLAT.names
        assert ndbytes.bytes_to_array(data).dtype.names == FLAT.names
        del a, b
    nested = ndbytes.array_to_bytes(made(STRUCTURES[4]))
    a, b = ndbytes.bytes_to_array(nested), ndbytes.bytes_to_array(nested)
    a.dtype["a"].names = ("p", "q")
    assert b.dtype == STRUCTURES[4]
    assert ndbytes.bytes_to_array(nested).dtype == STRUCTURES[4]


def test_a_state_that_is_forced_upon_a_dtype() -> None:
    dtype = np.dtype([("a", "<i4"), ("b", "<f4")])
    x = np.zeros(3, dtype)
    for _ in range(AGAIN):
        ndbytes.array_to_bytes(x)
    other = np.dtype([("b", "<u4"), ("a", "<f4")])
    dtype.__setstate__(other.__reduce__()[2])
    assert ndbytes.array_to_bytes(x) == numpy_save(x)


@pytest.mark.parametrize("code", ["<f8", ">i2", "?", "S3", "<U2", "<M8[3ms]", FLAT], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_that_are_alike(code: Any, order: Literal["C", "F"]) -> None:
    """Same dtype, shape and order, but other elements, memory and access."""
    dtype = np.dtype(code)
    for n in range(AGAIN * 2):
        x = np.zeros((3, 4), dtype, order)
        x.reshape(-1, order=order).view(f"V{dtype.itemsize}")[:] = bytes([n]) * dtype.itemsize
        data = ndbytes.array_to_bytes(x)
        assert data == numpy_save(x)
        found = ndbytes.bytes_to_array(data)
        assert_same(found, numpy_load(data))
        assert found.flags.c_contiguous == x.flags.c_contiguous
        assert found.base is data
        assert not found.flags.writeable
        # As it is, cut short, longer, writable, elsewhere, and with every other answer.
        with pytest.raises(ndbytes.IncompleteError) as cut:
            ndbytes.bytes_to_array(data[:-1])
        assert cut.value.needed == len(data)
        assert_same(ndbytes.bytes_to_array(data + b"more"), x)
        writable = ndbytes.bytes_to_array(bytearray(data))
        assert writable.flags.writeable
        assert_same(writable, x)
        copied = ndbytes.bytes_to_array(data, copy=True)
        assert copied.flags.writeable
        assert copied.base is not data
        assert_same(copied, x)
        with pytest.raises(ndbytes.DecodeError, match="max_header"):
            ndbytes.bytes_to_array(data, limits=ndbytes.Limits(max_header=100))
        with pytest.raises(ndbytes.DecodeError):
            ndbytes.bytes_to_array(data, format="pickle")
        assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x[::-1])), x[::-1])
        assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x.T)), x.T)
        assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x[:, :1])), x[:, :1])
        with pytest.raises(ndbytes.EncodeError):
            ndbytes.array_to_bytes(np.ma.masked_array(x, True))


def test_arrays_that_are_nearly_alike() -> None:
    """A header differs in one place from one that is remembered."""
    for _ in range(AGAIN):
        for shape in [(12,), (3, 4), (4, 3), (2, 6), (1, 12), (12, 1), (1, 3, 4), (), (0, 4)]:
            for code in ["<i4", ">i4", "<f4", "<u4", "S4", "V4", "<U1", "<M8[s]", "<M8[D]"]:
                x = np.zeros(shape, code)
                data = ndbytes.array_to_bytes(x)
                assert data == numpy_save(x)
                assert_same(ndbytes.bytes_to_array(data), numpy_load(data))


def test_a_dtype_whose_items_become_larger() -> None:
    """The elements of an array made before are what they were, those of one made after are not."""
    dtype = np.dtype([("a", "<i4"), ("b", "<f4")])
    x = np.zeros(3, dtype)
    for _ in range(AGAIN):
        ndbytes.array_to_bytes(x)
    other = np.dtype({"names": ["a", "b"], "formats": ["<i2", "<i2"], "itemsize": 4})
    dtype.__setstate__(other.__reduce__()[2])
    for _ in range(AGAIN):
        y = np.zeros(3, dtype)
        assert ndbytes.array_to_bytes(y) == numpy_save(y)


def test_headers_of_the_pickle_format_are_not_taken_for_npy() -> None:
    x = np.arange(6.0)
    for _ in range(AGAIN):
        data = ndbytes.array_to_bytes(x, format="pickle")
        assert_same(ndbytes.bytes_to_array(data), x)


def test_more_than_are_remembered() -> None:
    for round_ in range(3):
        for n in range(40):
            dtype = np.dtype([(f"field{n}", f"S{n + 1}"), ("b", "i2")])
            x = made(dtype)
            assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x)), x)
            for code in (f"U{n + 1}", f"M8[{n + 1}ms]", f">m8[{n + 1}s]"):
                y = np.zeros(2, code)
                assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(y)), y)
        gc.collect(round_ % 3)


def test_a_dtype_where_another_was() -> None:
    """The memory of a dropped dtype is soon another's."""
    for n in range(300):
        x = np.zeros(2, [(f"a{n % 7}", "i2"), ("b", f"S{n % 5 + 1}")])
        assert ndbytes.array_to_bytes(x) == numpy_save(x)
        del x


def test_threads() -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for n in range(200):
            x = made(np.dtype([(f"t{number % 3}", "i2"), (f"n{n % 11}", "f8")]))
            if not ndbytes.identical(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x)), x):
                wrong.append((number, n))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
