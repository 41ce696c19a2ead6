"""Raw bytes: `tobytes` and `frombuffer`."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import (
    assert_same,
    dtype_parts,
    filled,
    layouts,
    leaves,
    nothing,
    parts,
    plain_dtypes,
    structured_dtypes,
)

PLAIN = pytest.mark.parametrize("dtype", plain_dtypes(), ids=lambda dtype: dtype.str)
STRUCTURES = structured_dtypes()


@PLAIN
def test_tobytes_is_numpys(dtype: np.dtype[Any]) -> None:
    for _, view in layouts(filled(dtype, (4, 3, 5))):
        for order in ("C", "F", "A", None):
            found = ndbytes.tobytes(view, order)
            assert type(found) is bytes
            assert found == view.tobytes(order)
        assert ndbytes.tobytes(view) == ndbytes.tobytes(view, order="C")


@pytest.mark.parametrize("name", STRUCTURES)
def test_tobytes_of_structures(name: str) -> None:
    dtype = STRUCTURES[name]
    for _, view in layouts(filled(dtype, (4, 3, 5))):
        for order in ("C", "F"):
            found = ndbytes.tobytes(view, order)
            assert len(found) == view.nbytes
            if found:
                back = np.frombuffer(found, dtype)
                assert leaves(back) == leaves(view.flatten(order))


@PLAIN
def test_tobytes_in_another_byte_order(dtype: np.dtype[Any]) -> None:
    x = filled(dtype, (3, 4))
    for name, char in (("little", "<"), ("big", ">"), ("native", "=")):
        expected = x.byteswap() if x.dtype.newbyteorder(char) != x.dtype else x
        for order in ("C", "F"):
            assert ndbytes.tobytes(x, order, byteorder=name) == expected.tobytes(order)


@pytest.mark.parametrize("dtype", ["<f8", ">c16", "<u2", ">M8[s]", "<c8", "V3", "S4", ">f4"])
def test_byte_order_of_strided_arrays(dtype: str) -> None:
    for _, view in layouts(filled(dtype, (4, 3, 5))):
        for name, char in (("little", "<"), ("big", ">")):
            swap = view.dtype.newbyteorder(char) != view.dtype
            expected = view.copy().byteswap() if swap else view
            assert ndbytes.tobytes(view, byteorder=name) == expected.tobytes()


def test_byte_order_of_structures_is_refused() -> None:
    x = np.zeros(2, [("a", "<i2")])
    assert ndbytes.tobytes(x, byteorder=None) == bytes(4)
    with pytest.raises(ndbytes.EncodeError, match="field"):
        ndbytes.tobytes(x, byteorder="big")


def test_unknown_orders() -> None:
    for order in ("K", "c", "", "CF"):
        with pytest.raises(ValueError, match="order"):
            ndbytes.tobytes(np.arange(3), order)
    with pytest.raises(ValueError, match="byteorder"):
        ndbytes.tobytes(np.arange(3), byteorder="middle")
    for order in ("A", "K", "", "f"):
        with pytest.raises(ValueError, match="order"):
            ndbytes.frombuffer(bytes(8), "u1", order=order)


@PLAIN
def test_frombuffer_keeps_the_dtype_asked_for(dtype: np.dtype[Any]) -> None:
    x = filled(dtype, (3, 4))
    for copy in (None, True):
        found = ndbytes.frombuffer(x.tobytes(), dtype, (3, 4), copy=copy)
        assert found.dtype is dtype
        assert parts(found) == parts(x)
        assert parts(ndbytes.frombuffer(x.tobytes(), dtype)) == parts(x.reshape(-1))
        assert parts(ndbytes.frombuffer(x.tobytes("F"), dtype, (3, 4), order="F")) == parts(x)


@pytest.mark.parametrize("name", STRUCTURES)
def test_frombuffer_of_structures(name: str) -> None:
    dtype = STRUCTURES[name]
    x = filled(dtype, (2, 3))
    found = ndbytes.frombuffer(x.tobytes(), dtype, (2, 3))
    assert found.dtype is dtype
    assert found.dtype.isalignedstruct == dtype.isalignedstruct
    assert_same(found, x)
    copied = ndbytes.frombuffer(x.tobytes(), dtype, (2, 3), copy=True)
    assert copied.dtype is dtype
    assert_same(copied, x)


def test_frombuffer_takes_any_way_to_name_a_dtype() -> None:
    data = bytes(range(16))
    for dtype in (np.int16, "i2", "<i2", ">i2", int, float, "complex128", np.dtype("u4")):
        assert parts(ndbytes.frombuffer(data, dtype)) == parts(np.frombuffer(data, dtype))
    spec: list[Any] = [[("a", "i2"), ("b", "i2")], "i4,i4", {"names": ["a"], "formats": ["f8"]}]
    for each in spec:
        assert parts(ndbytes.frombuffer(data, each)) == parts(np.frombuffer(data, each))
    for code in ("q", "l", "Q", "L"):
        assert ndbytes.frombuffer(data, code).dtype.char == code


def test_metadata_of_the_dtype_are_kept() -> None:
    dtype = np.dtype("<f4", metadata={"unit": "m"})
    assert ndbytes.frombuffer(bytes(8), dtype).dtype.metadata == {"unit": "m"}


def test_there_is_no_default_dtype() -> None:
    with pytest.raises(TypeError, match="dtype"):
        ndbytes.frombuffer(bytes(8))
    # For NumPy, None is float64.
    with pytest.raises(TypeError, match="dtype"):
        ndbytes.frombuffer(bytes(8), None)


def test_what_is_no_dtype() -> None:
    with pytest.raises(TypeError):
        ndbytes.frombuffer(bytes(8), "no such dtype")
    with pytest.raises(TypeError):
        ndbytes.frombuffer(bytes(8), 3)


@pytest.mark.parametrize("offset", [0, 1, 4, 8, 24])
@pytest.mark.parametrize("count", [-1, 0, 1, 3])
def test_offset_and_count_are_numpys(offset: int, count: int) -> None:
    data = bytes(range(24 + offset + (0 if count == -1 else 3)))
    # NumPy itself refuses to read nothing.
    found = ndbytes.frombuffer(data, "<u4", offset=offset, count=count)
    if count == 0:
        assert parts(found) == parts(np.empty(0, "<u4"))
    else:
        assert parts(found) == parts(np.frombuffer(data, "<u4", offset=offset, count=count))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (None, (24,)),
        (24, (24,)),
        (-1, (24,)),
        (np.int64(24), (24,)),
        ((24,), (24,)),
        ([2, 12], (2, 12)),
        ((2, -1), (2, 12)),
        ((-1, 3), (8, 3)),
        ((2, -1, 3), (2, 4, 3)),
        (np.array([4, 6]), (4, 6)),
        (range(1, 5), (1, 2, 3, 4)),
        (iter((4, 6)), (4, 6)),
        ((1,) * 20 + (24,), (1,) * 20 + (24,)),
        ((np.uint8(4), True, 6), (4, 1, 6)),
    ],
    ids=str,
)
def test_shapes(shape: Any, expected: tuple[int, ...]) -> None:
    x = np.arange(24, dtype="<i2").reshape(expected)
    assert parts(ndbytes.frombuffer(x.tobytes(), "<i2", shape)) == parts(x)


def test_shape_of_one_element() -> None:
    assert parts(ndbytes.frombuffer(b"\1\0", "<i2", ())) == parts(np.array(1, "<i2"))


def test_shape_with_count_ignores_the_rest() -> None:
    data = bytes(range(100))
    assert ndbytes.frombuffer(data, "u1", (2, 3), count=6).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert ndbytes.frombuffer(data, "u1", (-1, 3), count=6, offset=90).shape == (2, 3)
    with pytest.raises(ndbytes.DecodeError, match=r"holds 6 elements, count is 7"):
        ndbytes.frombuffer(data, "u1", (2, 3), count=7)


def test_nothing_is_allowed() -> None:
    for shape in ((0,), (3, 0), (0, 3), (0, -1)):
        if shape == (0, -1):
            # Nothing times anything is nothing.
            with pytest.raises(ndbytes.DecodeError):
                ndbytes.frombuffer(b"", "<f8", shape)
        else:
            assert parts(ndbytes.frombuffer(b"", "<f8", shape)) == parts(np.empty(shape, "<f8"))
    assert ndbytes.frombuffer(b"", "<f8", (-1, 3)).shape == (0, 3)
    assert ndbytes.frombuffer(b"12345678", "<f8", offset=8).shape == (0,)
    assert ndbytes.frombuffer(b"123", "<f8", (4, 0), count=0).shape == (4, 0)


def test_elements_without_bytes_are_counted_by_the_shape() -> None:
    for dtype in ("S0", "V0", np.dtype([])):
        found = ndbytes.frombuffer(b"", dtype, (2, 3))
        assert found.shape == (2, 3)
        assert dtype_parts(found.dtype) == dtype_parts(np.dtype(dtype))
        assert parts(found) == parts(nothing(dtype, (2, 3)))
        assert ndbytes.frombuffer(b"", dtype).shape == (0,)
        with pytest.raises(ndbytes.DecodeError):
            ndbytes.frombuffer(b"a", dtype)
        assert ndbytes.tobytes(found) == b""


@pytest.mark.parametrize("order", ["C", "F"])
def test_subarrays_add_dimensions_at_the_end(order: Any) -> None:
    data = bytes(range(24))
    for dtype, shape in (
        (("u1", (2, 3)), (4, 2, 3)),
        (("<u2", (3,)), (4, 3)),
        (("u1", 24), (1, 24)),
    ):
        found = ndbytes.frombuffer(data, dtype)
        assert parts(found) == parts(np.frombuffer(data, dtype))
        assert found.shape == shape
    nested = np.dtype((np.dtype(("u1", (2,))), (3,)))
    assert parts(ndbytes.frombuffer(data, nested)) == parts(np.frombuffer(data, nested))
    assert ndbytes.frombuffer(data, ("u1", (2,)), (3, -1)).shape == (3, 4, 2)
    assert ndbytes.frombuffer(data, ("u1", (2,)), count=3).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert ndbytes.frombuffer(data, ("u1", (2,)), (3, 2), count=6).shape == (3, 2, 2)
    turned = ndbytes.frombuffer(data, ("u1", (2,)), (3, 4), order=order)
    assert turned.shape == (3, 4, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"data": bytes(13), "dtype": "<i4"}, ["13 bytes", "4 bytes each", "would fit"]),
        ({"data": bytes(12), "dtype": "<f8"}, ["12 bytes", "8 bytes each", "float32", "count=1"]),
        ({"data": bytes(24), "dtype": "<f8", "shape": (2, 3)}, ["48 bytes", "24", "float32"]),
        (
            {"data": bytes(24), "dtype": "<f4", "shape": (2, 2)},
            ["16 bytes", "24", "(3, 2) would fit"],
        ),
        ({"data": bytes(24), "dtype": "<f4", "shape": (4, -1)}, ["6 elements", "4"]),
        ({"data": bytes(24), "dtype": "<f4", "shape": (-1, -1)}, ["more than one -1"]),
        ({"data": bytes(24), "dtype": "<f4", "count": 7}, ["28 bytes", "24", "6 whole"]),
        ({"data": bytes(24), "dtype": "<f4", "offset": 25}, ["offset 25", "24 bytes"]),
        ({"data": bytes(24), "dtype": "<f4", "offset": 2}, ["22 bytes", "offset=4"]),
        ({"data": bytes(4), "dtype": "<f8", "shape": ()}, ["8 bytes", "4", "float32"]),
    ],
    ids=lambda case: str(case) if isinstance(case, dict) else None,
)
def test_messages_say_what_there_is_and_what_would_fit(
    call: dict[str, Any], words: list[str]
) -> None:
    data, dtype = call.pop("data"), call.pop("dtype")
    with pytest.raises(ndbytes.DecodeError) as caught:
        ndbytes.frombuffer(data, dtype, call.pop("shape", None), **call)
    assert caught.value.kind == "mismatch"
    assert caught.value.format == "raw"
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_hints_hold_true() -> None:
    """The shape that is said to fit does."""
    for nbytes, shape in ((24, (2, 2)), (24, (5,)), (60, (3, 4)), (60, (7, 11)), (4, (9, 9))):
        with pytest.raises(ndbytes.DecodeError) as caught:
            ndbytes.frombuffer(bytes(nbytes), "<f4", shape)
        fits = re.search(r"shape (\([\d, ]+\)) would fit", str(caught.value.hint))
        assert fits, caught.value.hint
        better = ast.literal_eval(fits[1])
        assert ndbytes.frombuffer(bytes(nbytes), "<f4", better).shape == better


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"offset": -1}, ValueError),
        ({"count": -2}, ValueError),
        ({"shape": (-2, 3)}, ValueError),
        ({"shape": "24"}, TypeError),
        ({"shape": b"24"}, TypeError),
        ({"shape": 2.0}, TypeError),
        ({"shape": (2.0, 3)}, TypeError),
        ({"shape": ("2", 3)}, TypeError),
        ({"offset": "1"}, TypeError),
        ({"offset": 1.0}, TypeError),
    ],
    ids=str,
)
def test_arguments_that_make_no_sense(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ndbytes.frombuffer(bytes(24), "u1", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (2**62, 4)},
        {"shape": (2**32, 2**32)},
        {"offset": 2**62},
        {"count": 2**62},
        {"shape": (1,) * 65},
        {"shape": (1,) * 1000},
    ],
    ids=str,
)
def test_numbers_beyond_all_memory(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bytes|dimensions|elements|multiple"):
        ndbytes.frombuffer(bytes(24), "<u4", **options)


@pytest.mark.parametrize("name", ["shape", "offset", "count"])
def test_numbers_beyond_all_machines(name: str) -> None:
    for number in (2**63, -(2**63) - 1, 2**70):
        with pytest.raises((ValueError, OverflowError)):
            ndbytes.frombuffer(bytes(24), "<u4", **{name: number})


@pytest.mark.parametrize("dtype", ["O", [("a", "O")], [("a", "i2"), ("b", [("c", "O")])]])
def test_objects_are_refused(dtype: Any) -> None:
    for data in (bytes(80), b""):
        with pytest.raises(ndbytes.DecodeError, match="objects") as caught:
            ndbytes.frombuffer(data, dtype)
        assert caught.value.kind == "unsupported"


def test_string_dtype_is_refused() -> None:
    dtypes = pytest.importorskip("numpy.dtypes")
    if not hasattr(dtypes, "StringDType"):
        pytest.skip("NumPy 1 has no StringDType")
    with pytest.raises(ndbytes.DecodeError):
        ndbytes.frombuffer(bytes(32), dtypes.StringDType())


def test_nothing_but_dtype_and_shape_goes_by_position() -> None:
    kinds = {name: p.kind for name, p in inspect.signature(ndbytes.frombuffer).parameters.items()}
    keyword_only = [name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
    assert keyword_only == ["offset", "count", "order", "copy"]
    with pytest.raises(TypeError):
        ndbytes.frombuffer(bytes(8), "u1", 8, 0)
