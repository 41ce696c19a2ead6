"""Structured dtypes: fields, subarrays, titles, gaps and odd names."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import (
    ODD_NAMES,
    assert_same,
    dtype_parts,
    filled,
    layouts,
    leaves,
    numpy_load,
    numpy_save,
    parts,
    structured_dtypes,
)

STRUCTURES = structured_dtypes()
EACH = pytest.mark.parametrize("name", STRUCTURES)


@EACH
def test_bytes_are_those_of_numpy(name: str) -> None:
    x = filled(STRUCTURES[name], (4, 3, 5), seed=len(name))
    for view in (x, x.T, x[1:], x[:0], x[1, 2, 3, ...]):
        written = ndbytes.array_to_bytes(view)
        by_numpy = numpy_save(view)
        assert written[: len(written) - view.nbytes] == by_numpy[: len(by_numpy) - view.nbytes]
        if view.flags.c_contiguous:
            assert written == by_numpy
        assert_same(ndbytes.bytes_to_array(written), view)
        assert_same(numpy_load(written), view)
        assert_same(ndbytes.bytes_to_array(by_numpy), numpy_load(by_numpy))


@EACH
def test_every_layout(name: str) -> None:
    for _, view in layouts(filled(STRUCTURES[name], (4, 3, 5), seed=1)):
        found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(view))
        assert_same(found, view)
        assert leaves(numpy_load(ndbytes.array_to_bytes(view))) == leaves(view)


@EACH
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_that_numpy_writes(name: str, version: tuple[int, int]) -> None:
    x = filled(STRUCTURES[name], (2, 3))
    try:
        data = numpy_save(x, version)
    except UnicodeEncodeError:
        assert version < (3, 0)
        return
    except ValueError:
        assert version == (1, 0)
        assert len(str(STRUCTURES[name])) > 1_000
        return
    for copy in (None, True):
        assert_same(ndbytes.bytes_to_array(data, copy=copy), numpy_load(data))
    assert_same(ndbytes.bytes_to_array(data), x)


@EACH
def test_fields_of_structures(name: str) -> None:
    x = filled(STRUCTURES[name], (4, 3))
    for field in x.dtype.names or ():
        view = x[field]
        if view.dtype.itemsize and not view.dtype.names:
            assert ndbytes.array_to_bytes(view) == numpy_save(view)
            assert parts(ndbytes.bytes_to_array(ndbytes.array_to_bytes(view))) == parts(view)
    some = x[list((x.dtype.names or ())[:1])]
    assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(some)), some)


def test_declared_alignment_is_not_written() -> None:
    x = filled(STRUCTURES["aligned"], (3,))
    assert x.dtype.isalignedstruct
    found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(x))
    assert found.dtype.isalignedstruct == numpy_load(numpy_save(x)).dtype.isalignedstruct


@pytest.mark.parametrize("offset", [None, 2])
@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_names_and_titles(name: str, offset: int | None) -> None:
    spec: dict[str, Any] = {"names": [name, "plain"], "formats": ["<u2", ">u2"]}
    if offset is not None:
        spec |= {"offsets": [offset, 8], "titles": [None, f"title {name}"]}
    x = filled(spec, (3,))
    assert x.dtype.names == (name, "plain")
    written = ndbytes.array_to_bytes(x)
    assert written == numpy_save(x)
    assert parts(ndbytes.bytes_to_array(written)) == parts(x)


def test_every_character_of_latin_1_and_some_of_each_plane() -> None:
    planes = [plane * 0x10000 + low for plane in range(17) for low in (0, 0x123, 0xFFFD, 0xFFFF)]
    surrogates = range(0xD800, 0xE000)
    points = [point for point in [*range(0x3000), *planes] if point not in surrogates]
    for start in range(0, len(points), 500):
        names = list(dict.fromkeys(f"{chr(point)}!" for point in points[start : start + 500]))
        x = np.zeros(2, [(name, "u1") for name in names])
        written = ndbytes.array_to_bytes(x)
        assert ndbytes.bytes_to_array(written).dtype.names == tuple(names)
        assert numpy_load(written).dtype.names == tuple(names)
    # Each Python spells as escapes what its own Unicode release has not assigned.
    names = [chr(point) for point in points if unicodedata.category(chr(point)) != "Cn"]
    for start in range(0, len(names), 500):
        x = np.zeros(2, [(name, "u1") for name in names[start : start + 500]])
        assert ndbytes.array_to_bytes(x) == numpy_save(x)


def test_lone_surrogates_are_refused() -> None:
    for dtype in ([("\ud800", "u1")], [(("\udfff", "a"), "u1")]):
        with pytest.raises(ndbytes.EncodeError, match="surrogate"):
            ndbytes.array_to_bytes(np.zeros(2, dtype))


def test_the_empty_name_is_written_as_numpy_writes_it() -> None:
    """NumPy calls such a field `f0`, and reads an empty name of void as a gap."""
    x = np.zeros(3, {"names": ["", "b"], "formats": ["<i2", "<i2"]})
    assert ndbytes.array_to_bytes(x) == numpy_save(x)
    y = numpy_load(numpy_save(x))
    assert dtype_parts(ndbytes.bytes_to_array(numpy_save(x)).dtype) == dtype_parts(y.dtype)


@pytest.mark.parametrize("itemsize", [0, 1, 7])
def test_no_fields(itemsize: int) -> None:
    dtype = np.dtype({"names": [], "formats": [], "itemsize": itemsize})
    x = np.zeros((2, 3), dtype)
    written = ndbytes.array_to_bytes(x)
    assert written == numpy_save(x)
    found = ndbytes.bytes_to_array(written)
    expected = numpy_load(written)
    assert (found.dtype.itemsize, found.shape) == (itemsize, (2, 3))
    assert found.dtype.names == expected.dtype.names
    assert found.dtype.kind == "V"


def test_fields_without_bytes() -> None:
    dtype = np.dtype([("a", "S0"), ("b", "<U0"), ("c", "V0"), ("d", "<i4", (0,))])
    assert dtype.itemsize == 0
    for shape in ((), (3,), (2, 0)):
        x = np.zeros(shape, dtype)
        written = ndbytes.array_to_bytes(x)
        assert written == numpy_save(x)
        for copy in (None, True):
            assert_same(ndbytes.bytes_to_array(written, copy=copy), x)


def test_3000_fields() -> None:
    x = filled([(f"field_{i}", "<i2") for i in range(3000)], (3,))
    assert len(numpy_save(x)) > 65536
    written = ndbytes.array_to_bytes(x)
    assert written == numpy_save(x)
    assert written[6:8] == b"\2\0"
    assert parts(ndbytes.bytes_to_array(written)) == parts(x)


def test_versions_change_where_numpy_changes_them() -> None:
    """One character more at a time, across the end of what version 1.0 can hold."""
    seen = set()
    for length in range(65_400, 65_560, 3):
        x = np.zeros(1, [("a" * length, "u1")])
        written = ndbytes.array_to_bytes(x)
        assert written == numpy_save(x)
        assert ndbytes.bytes_to_array(written).dtype.names == x.dtype.names
        seen.add(written[6])
    assert seen == {1, 2}
    wide = np.zeros(1, [("\u0100" * 40_000, "u1")])
    assert ndbytes.array_to_bytes(wide) == numpy_save(wide)
    assert ndbytes.array_to_bytes(wide)[6] == 3


def test_long_headers_are_read_in_linear_time() -> None:
    def seconds(fields: int) -> float:
        x = np.zeros(1, [(f"field_{i}", "<i2") for i in range(fields)])
        data = ndbytes.array_to_bytes(x)
        start = time.perf_counter()
        for _ in range(3):
            ndbytes.bytes_to_array(data)
        return time.perf_counter() - start

    seconds(100)
    assert seconds(16_000) < 40 * seconds(2_000) + 0.05


@pytest.mark.parametrize(
    ("why", "offsets"), [("out of order", [4, 0]), ("overlapping", [0, 2]), ("the same", [0, 0])]
)
def test_order_and_overlap_that_npy_cannot_hold(why: str, offsets: list[int]) -> None:
    dtype = np.dtype({"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": offsets})
    x = filled(dtype, (3,))
    with pytest.raises(ValueError, match="descr"):
        numpy_save(x)
    with pytest.raises(ndbytes.EncodeError) as caught:
        ndbytes.array_to_bytes(x)
    assert caught.value.hint
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.array_to_buffers(x)
    # Nested in another structure it is no less so.
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.array_to_bytes(np.zeros(2, [("in", dtype)]))
    # Raw bytes need no description.
    assert ndbytes.tobytes(x) == x.tobytes()
    for copy in (None, True):
        assert parts(ndbytes.frombuffer(x.tobytes(), dtype, copy=copy)) == parts(x)


@pytest.mark.parametrize("name", ["gaps", "gap_end", "gap_titles", "aligned"])
def test_gaps_hold_what_they_held(name: str) -> None:
    """NumPy leaves other memory in them when it copies strided arrays; this does not."""
    x = filled(STRUCTURES[name], (6, 4))
    bare = x.view(f"V{x.dtype.itemsize}")
    for view, expected in ((x[::2], bare[::2]), (x[:, ::-1], bare[:, ::-1]), (x.T[1:], bare.T[1:])):
        assert ndbytes.tobytes(view) == expected.tobytes()
        written = ndbytes.array_to_bytes(view)
        assert written[len(written) - view.nbytes :] == expected.tobytes()
        copied = ndbytes.bytes_to_array(written, copy=True)
        assert copied.view(bare.dtype).tobytes() == expected.tobytes()


def test_record_dtypes_are_written_as_structures() -> None:
    """An ndarray whose dtype makes records; what NumPy writes and reads of it."""
    x = np.zeros(3, np.dtype((np.record, [("a", "<i2"), ("b", "<f4")])))
    written = ndbytes.array_to_bytes(np.asarray(x))
    assert written == numpy_save(x)
    assert dtype_parts(ndbytes.bytes_to_array(written).dtype) == dtype_parts(
        numpy_load(written).dtype
    )


def test_deep_nesting() -> None:
    dtype = np.dtype("<i2")
    for _ in range(60):
        dtype = np.dtype([("a", dtype)])
    x = filled(dtype, (3,))
    written = ndbytes.array_to_bytes(x)
    assert written == numpy_save(x)
    assert parts(ndbytes.bytes_to_array(written)) == parts(x)
