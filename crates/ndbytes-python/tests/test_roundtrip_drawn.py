"""Dtypes, shapes and views drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as nps
import hypothesis.strategies as st
import ndbytes
import numpy as np
from arrays import CODES, assert_same, filled, leaves, numpy_load, numpy_save, parts
from hypothesis import given

Array = np.ndarray[Any, np.dtype[Any]]

orders = st.sampled_from("<>")
codes = st.sampled_from(CODES) | st.builds(
    "{}{}".format, st.sampled_from("SUV"), st.integers(1, 300)
)
plain = st.builds(lambda order, code: np.dtype(order + code), orders, codes)
# What this Python's Unicode has not assigned, it would spell as escapes.
names = st.text(
    st.characters(exclude_categories=["Cs", "Cn"]) | st.sampled_from("'\"\\\n{}(),: Lub"),
    max_size=8,
)
sides = nps.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)


@st.composite
def structures(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> np.dtype[Any]:
    """Fields side by side or with gaps, some with titles, some of them subarrays."""
    count = draw(st.integers(1, 4))
    fields = draw(st.lists(inner, min_size=count, max_size=count))
    known = draw(st.lists(names, min_size=2 * count, max_size=2 * count, unique=True))
    spec: dict[str, Any] = {"names": [], "formats": [], "offsets": [], "titles": []}
    end = 0
    for index, dtype in enumerate(fields):
        if draw(st.booleans()):
            dtype = np.dtype((dtype, draw(sides)))
        end += draw(st.sampled_from([0, 0, 0, 1, 5]))
        # An empty name is what NumPy writes for a gap.
        spec["names"].append(known[2 * index] or f"empty {index}")
        spec["titles"].append(draw(st.sampled_from([None, None, known[2 * index + 1] or None])))
        spec["formats"].append(dtype)
        spec["offsets"].append(end)
        end += dtype.itemsize
    return np.dtype(spec | {"itemsize": end + draw(st.sampled_from([0, 0, 3]))})


dtypes = st.recursive(plain, structures, max_leaves=5)


@st.composite
def views(draw: st.DrawFn, dtypes: st.SearchStrategy[Any]) -> Array:
    """A view of an array of random bits: sliced, permuted, broadcast, unaligned."""
    shape = draw(nps.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
    seed, offset = draw(st.integers(0, 1 << 30)), draw(st.sampled_from([0, 0, 1, 3]))
    x = filled(draw(dtypes), shape, seed, offset=offset, order=draw(st.sampled_from("CF")))
    if draw(st.booleans()):
        index = draw(nps.basic_indices(shape, allow_newaxis=True, max_dims=6))
        index = index if isinstance(index, tuple) else (index,)
        # With an ellipsis, indexing gives an array and never a scalar.
        x = x[index if ... in index else (*index, ...)]
    x = np.asarray(x).transpose(draw(st.permutations(range(np.ndim(x)))))
    if draw(st.booleans()):
        x = np.broadcast_to(x, (draw(st.integers(0, 3)), *x.shape))
    return x


def has_gaps(dtype: np.dtype[Any]) -> bool:
    if dtype.subdtype is not None:
        return has_gaps(dtype.subdtype[0])
    if dtype.names is None:
        return False
    inner = [dtype.fields[name][0] for name in dtype.names]
    return sum(each.itemsize for each in inner) < dtype.itemsize or any(map(has_gaps, inner))


@given(views(plain))
def test_plain_arrays(x: Array) -> None:
    written = ndbytes.array_to_bytes(x)
    assert written == numpy_save(x)
    found = ndbytes.bytes_to_array(written)
    assert parts(found) == parts(x) == parts(numpy_load(written))
    copied = ndbytes.bytes_to_array(bytearray(written), copy=True)
    assert parts(copied) == parts(x)
    assert not x.size or numpy_load(written).strides == found.strides == copied.strides


@given(views(dtypes))
def test_structured_arrays(x: Array) -> None:
    written, by_numpy = ndbytes.array_to_bytes(x), numpy_save(x)
    header = len(written) - x.nbytes
    assert written[:header] == by_numpy[:header]
    if not has_gaps(x.dtype) or x.flags.c_contiguous:
        # What NumPy puts into the gaps of strided arrays is left to chance.
        assert written == by_numpy
    found = ndbytes.bytes_to_array(written)
    assert_same(found, x)
    assert_same(found, numpy_load(written))
    assert_same(ndbytes.bytes_to_array(by_numpy, copy=True), x)


@given(views(dtypes))
def test_versions_that_numpy_writes(x: Array) -> None:
    found = ndbytes.bytes_to_array(numpy_save(x, (3, 0)))
    assert_same(found, x)
    assert_same(ndbytes.bytes_to_array(memoryview(numpy_save(x, (3, 0)))), x)


@given(views(dtypes))
def test_pieces_joined_are_the_message(x: Array) -> None:
    joined = b"".join(ndbytes.array_to_buffers(x))
    whole = ndbytes.array_to_bytes(x)
    assert len(joined) == len(whole)
    assert leaves(ndbytes.bytes_to_array(joined)) == leaves(ndbytes.bytes_to_array(whole))


@given(views(dtypes), st.sampled_from(["C", "F", "A", None]))
def test_raw_bytes(x: Array, order: Any) -> None:
    found = ndbytes.tobytes(x, order)
    expected = x.tobytes(order)
    if has_gaps(x.dtype):
        found, expected = (
            leaves(np.frombuffer(data, x.dtype)) if data else [] for data in (found, expected)
        )
    assert found == expected


@given(views(dtypes))
def test_raw_bytes_and_back(x: Array) -> None:
    found = ndbytes.frombuffer(ndbytes.tobytes(x), x.dtype, x.shape)
    assert found.dtype is x.dtype
    assert_same(found, x)
    turned = ndbytes.frombuffer(ndbytes.tobytes(x, "F"), x.dtype, x.shape, order="F", copy=True)
    assert turned.flags.f_contiguous
    assert_same(turned, x)


@given(views(dtypes))
def test_identical_to_itself_in_any_order(x: Array) -> None:
    assert ndbytes.identical(x, np.array(x, order="C", subok=False))
    assert ndbytes.identical(np.array(x, order="F"), x)


@given(views(dtypes), st.data())
def test_one_bit_makes_a_difference(x: Array, data: st.DataObject) -> None:
    y = np.array(x, order="C")
    bits = y.reshape(-1).view(np.uint8)
    if has_gaps(x.dtype) or "g" in str(x.dtype) or "16" in str(x.dtype) or not bits.size:
        return
    if any(char in leaf for leaf in walk(x.dtype) for char in "gG"):
        return
    bits[data.draw(st.integers(0, bits.size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not ndbytes.identical(x, y)


def walk(dtype: np.dtype[Any]) -> list[str]:
    """The characters of all dtypes in a dtype."""
    if dtype.subdtype is not None:
        return walk(dtype.subdtype[0])
    if dtype.names is None:
        return [dtype.char]
    return [char for name in dtype.names for char in walk(dtype.fields[name][0])]
