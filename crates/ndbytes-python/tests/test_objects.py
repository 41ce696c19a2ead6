"""Arrays of objects in npy, in both directions between NumPy and this package."""

from __future__ import annotations

import io
import warnings
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMPY

# From `fixtures/make`, which `arrays` puts on the path.
import golden_pickle  # isort: skip

FIELDS = np.dtype([("a", "i4"), ("o", object), ("s", [("p", object)], (2,))])


def filled(shape: tuple[int, ...], order: Any = "C") -> np.ndarray[Any, Any]:
    x = np.empty(shape, object, order)
    values = [None, 1, "é", [1, (2,)], {"k": np.arange(2)}, 2**80, b"b", 1.5]
    for number, index in enumerate(np.ndindex(shape)):
        x[index] = values[number % len(values)]
    return x


ARRAYS: list[np.ndarray[Any, Any]] = [
    *(filled((7,)), filled((2, 3, 4)), filled((3, 4), "F"), filled(()), filled((0, 2))),
    *(filled((9,))[::-2], filled((4, 4)).T, filled((4, 6))[1::2, ::-1]),
    np.array([(1, [2], [("x",), (None,)]), (3, None, [(4,), ([5],)])], FIELDS),
    np.zeros((2, 0), FIELDS),
    np.array((1, [2], [("x",), (None,)]), FIELDS),
]
if NUMPY >= (2, 0):
    STRING = np.dtypes.StringDType
    ARRAYS += [
        np.array(["a", "", "é" * 30], STRING()),
        np.asfortranarray(np.array([["a", None], ["b", "c"]], STRING(na_object=None))),
        np.array(["a", np.nan], STRING(na_object=np.nan, coerce=False)),
        np.array("alone", STRING()),
    ]


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}-{x.shape}"[:40])
def test_npy(x: np.ndarray[Any, Any]) -> None:
    theirs = io.BytesIO()
    with warnings.catch_warnings():
        # NumPy says so of StringDType.
        warnings.simplefilter("ignore", UserWarning)
        np.save(theirs, x, allow_pickle=True)
    ours = ndbytes.array_to_bytes(x)
    told = golden_pickle.describe(x.copy("K") if x.dtype.kind != "T" else x)
    start = ours.index(b"\n") + 1
    assert ours[:start] == theirs.getvalue()[:start]
    by_numpy = np.load(io.BytesIO(ours), allow_pickle=True)
    assert golden_pickle.describe(by_numpy) == golden_pickle.describe(
        np.load(io.BytesIO(theirs.getvalue()), allow_pickle=True)
    )
    for data in (ours, theirs.getvalue(), bytearray(ours), memoryview(theirs.getvalue())):
        for copy in (None, True):
            found = ndbytes.bytes_to_array(data, copy=copy)
            expected = golden_pickle.describe(found)
            assert {**expected, "fortran_order": told["fortran_order"]} == told
            assert found.flags.writeable
    assert b"".join(ndbytes.array_to_buffers(x)) == ours
    with pytest.raises(ndbytes.DecodeError, match="made anew"):
        ndbytes.bytes_to_array(ours, copy=False)


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}-{x.shape}"[:40])
def test_pickles(x: np.ndarray[Any, Any]) -> None:
    found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(x, format="pickle"))
    told = golden_pickle.describe(x.copy("K") if x.dtype.kind != "T" else x)
    assert {**golden_pickle.describe(found), "fortran_order": told["fortran_order"]} == told


def test_what_the_header_says_holds() -> None:
    data = ndbytes.array_to_bytes(filled((3,)))
    for old, new in ((b"(3,)", b"(4,)"), (b"'|O'", b"'|T'")):
        with pytest.raises(ndbytes.DecodeError):
            ndbytes.bytes_to_array(data.replace(old, new, 1))
    with pytest.raises(ndbytes.IncompleteError):
        ndbytes.bytes_to_array(data[:-1])


def test_an_object_that_is_shared_stays_one() -> None:
    shared = [1]
    x = np.empty(3, object)
    x[:] = [shared, (shared,), None]
    x[2] = x
    found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(x, format="pickle"))
    assert found[0] is found[1][0]
    assert found[2] is found


def test_identical() -> None:
    def cycle(end: Any) -> np.ndarray[Any, Any]:
        x = np.array([None, end], object)
        x[0] = [x]
        return x

    assert ndbytes.identical(cycle(1), cycle(1))
    for value in (True, 1.0, np.int64(1), "1", [1], None):
        assert not ndbytes.identical(cycle(1), cycle(value))
    for x in ARRAYS:
        assert ndbytes.identical(x, ndbytes.bytes_to_array(ndbytes.array_to_bytes(x)))
    nan = np.array([np.nan], object)
    assert ndbytes.identical(nan, nan.copy())
    with pytest.raises(ndbytes.EncodeError, match="neither plain data"):
        ndbytes.identical(np.array([object()]), np.array([object()]))
