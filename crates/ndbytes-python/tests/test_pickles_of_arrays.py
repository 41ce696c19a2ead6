"""Pickles of one array, through `bytes_to_array` and `array_to_bytes`."""

from __future__ import annotations

import pickle
import warnings

import ndbytes
import numpy as np
import pytest
from arrays import assert_same

ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype="i2").reshape(2, 3)),
    np.array(7, "u1"),
    np.zeros((0, 3), "c8"),
    np.array(["a", "é", "😀"]),
    np.array([b"a", b"\xff\x00b"]),
    np.array(["2020-01-01", "NaT"], "M8[D]"),
    np.array([(1, 2.5)], [("a", "<i4"), ("b", "<f8")]),
    np.arange(256, dtype="u1"),
    np.array([np.nan, -0.0, np.inf]),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}-{x.shape}")
def test_what_python_pickles_is_read(x: np.ndarray, protocol: int) -> None:
    data = pickle.dumps(x, protocol)
    for source in (data, bytearray(data), memoryview(data)):
        assert_same(ndbytes.bytes_to_array(source), x)
        copy = ndbytes.bytes_to_array(source, copy=True)
        assert_same(copy, x)
        assert copy.flags.writeable


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype}-{x.shape}")
def test_what_is_written_is_loaded_by_python(x: np.ndarray) -> None:
    assert_same(pickle.loads(ndbytes.array_to_bytes(x, format="pickle")), x)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_several_threads_write_what_python_loads(protocol: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, 9_000_001, "u1")
    for y in (x, x[::-1]):
        data = ndbytes.pickle.dumps(y, protocol)
        assert_same(pickle.loads(data), y)
        assert_same(ndbytes.bytes_to_array(data), y)
    strided = np.repeat(x[None], 3, axis=0)[::-2]
    assert_same(pickle.loads(ndbytes.array_to_bytes(strided, format="pickle")), strided)


@pytest.mark.parametrize("code", [">i2", ">f8", ">c16", ">U3", ">M8[s]", "<i4", "u1", ">i2,<f4"])
def test_protocol_5_keeps_the_byte_order_for_python(code: str) -> None:
    """Which NumPy drops in all older protocols, and Python's own pickler keeps in this one."""
    x = np.arange(24).reshape(4, 6).astype(code)
    for y in (x, np.asfortranarray(x), x[::2, ::-1], x[1, 2], x[0, :0], x[:, ::3].T):
        y = np.asarray(y, dtype=code)
        for written in (y, [y, y]):
            data = ndbytes.pickle.dumps(written, 5)
            with warnings.catch_warnings():
                # NumPy 2 has the function under another name, too.
                warnings.simplefilter("ignore", DeprecationWarning)
                found = pickle.loads(data)
            again = ndbytes.pickle.loads(data)
            for array in (found, again) if written is y else (*found, *again):
                assert_same(array, y)
                assert array.flags.writeable
            assert_same(ndbytes.bytes_to_array(ndbytes.pickle.dumps(y, 5)), y)


def test_a_view_only_where_the_bytes_are_the_elements() -> None:
    x = np.arange(100.0)
    data = pickle.dumps(x, 5)
    view = ndbytes.bytes_to_array(data, copy=False)
    assert np.shares_memory(view, np.frombuffer(data, "u1"))
    # Protocol 0 spells the bytes as text.
    old = pickle.dumps(x, 0)
    assert ndbytes.bytes_to_array(old).base is None
    with pytest.raises(ndbytes.DecodeError, match="view is not possible"):
        ndbytes.bytes_to_array(old, copy=False)


def test_what_is_more_than_one_plain_array_is_refused() -> None:
    x = np.arange(3)
    masked = np.ma.array(x, mask=[0, 1, 0])
    for value in (x.reshape(1, 3).view(np.matrix), masked, x.view(np.recarray), [x], x.dtype, None):
        with pytest.raises(ndbytes.DecodeError, match=r"pickle\.loads"):
            ndbytes.bytes_to_array(pickle.dumps(value), format="pickle")
    found = ndbytes.bytes_to_array(pickle.dumps(np.array([None, x], dtype=object)))
    assert found[0] is None
    assert_same(found[1], x)


def test_nothing_is_imported_or_run() -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return print, ("ran",)

    with pytest.raises(ndbytes.UnsafeError) as caught:
        ndbytes.bytes_to_array(pickle.dumps(Evil()))
    assert caught.value.names == ["builtins.print"]
