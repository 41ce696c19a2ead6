"""Every npy fixture, against what its producer said of it and against the NumPy that runs."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES, NATIVE, NUMPY, assert_same, dtype_parts, leaves, numpy_load

# From `fixtures/make`, which `arrays` puts on the path.
import describe  # isort: skip

Row = dict[str, Any]
MOST_DIMENSIONS = 32 if NUMPY < (2, 0) else 64
FOLDERS = sorted(path.parent for path in FIXTURES.glob("**/npy/**/expected.json"))


def rows(*results: str) -> Iterator[tuple[Path, Row]]:
    for folder in FOLDERS:
        for row in json.loads((folder / "expected.json").read_text("utf-8"))["files"]:
            if row.get("result", "ok") in results:
                yield folder / row["file"], row


def cases(*results: str) -> pytest.MarkDecorator:
    found = list(rows(*results))
    names = [path.relative_to(FIXTURES).with_suffix("").as_posix() for path, _ in found]
    return pytest.mark.parametrize(("path", "row"), found, ids=names)


def told(dtype: np.dtype[Any]) -> Row:
    """A dtype in the words of `expected.json`."""
    if dtype.names is not None:
        return {
            "kind": "V",
            "itemsize": dtype.itemsize,
            "fields": [told_field(name, *dtype.fields[name]) for name in dtype.names],
        }
    order = NATIVE if dtype.byteorder == "=" else dtype.byteorder
    row: Row = {"kind": dtype.kind, "itemsize": dtype.itemsize, "order": order}
    if dtype.kind in "mM":
        row["unit"], row["count"] = np.datetime_data(dtype)
    return row


def told_field(name: str, dtype: np.dtype[Any], offset: int, title: str | None = None) -> Row:
    shape: list[int] = []
    while dtype.subdtype is not None:
        dtype, dims = dtype.subdtype
        shape += dims
    return {"name": name, "title": title, "offset": offset, "dtype": told(dtype), "shape": shape}


def has_objects(row: Row) -> bool:
    if row["kind"] in "OT":
        return True
    return any(has_objects(field["dtype"]) for field in row.get("fields", ()))


def test_there_are_fixtures() -> None:
    assert len(list(rows("ok"))) > 1_500
    assert len(list(rows("error"))) > 150
    assert len(list(rows("incomplete"))) > 10


@cases("ok")
def test_legal_files(path: Path, row: Row) -> None:
    data = path.read_bytes()
    if has_objects(row["dtype"]):
        objects_are_told(data, row)
        return
    if len(row["shape"]) > MOST_DIMENSIONS:
        refused(data, "dimensions")
        return
    for copy in (None, True):
        found = ndbytes.bytes_to_array(data, copy=copy)
        assert_told(found, row)
    assert_told(ndbytes.bytes_to_array(bytearray(data)), row)
    start = len(data) - row["trailing"] - found.nbytes
    assert data[start : start + found.nbytes] == memory(ndbytes.bytes_to_array(data))


def objects_are_told(data: bytes, row: Row) -> None:
    if row["dtype"]["kind"] == "T" and NUMPY < (2, 0):
        refused(data, "StringDType")
        return
    for copy in (None, True):
        found = ndbytes.bytes_to_array(data, copy=copy)
        assert describe.describe_dtype(found.dtype) == row["dtype"]
        assert list(found.shape) == row["shape"]
        assert describe.is_fortran(found) == row["fortran_order"]
        values = found.ravel().tolist()
        assert [describe.python3_repr(value) for value in values] == row["values"]
    again = ndbytes.bytes_to_array(ndbytes.array_to_bytes(found))
    assert describe.python3_repr(again) == describe.python3_repr(found)


def refused(data: bytes, *words: str) -> None:
    """Well-formed, but outside what can be built here and now."""
    for copy in (None, True):
        with pytest.raises(ndbytes.DecodeError) as caught:
            ndbytes.bytes_to_array(data, copy=copy)
        assert caught.value.kind in {"unsupported", "unsafe"}
        assert any(word in str(caught.value) for word in words), str(caught.value)


def assert_told(found: np.ndarray[Any, np.dtype[Any]], row: Row) -> None:
    assert type(found) is np.ndarray
    expected = {key: value for key, value in row["dtype"].items() if key != "metadata"}
    assert told(found.dtype) == without_metadata(expected)
    assert list(found.shape) == row["shape"]
    if found.size:
        assert found.flags.f_contiguous if row["fortran_order"] else found.flags.c_contiguous
    data = memory(found)
    if "data_hex" in row:
        assert data.hex() == row["data_hex"]
    else:
        assert hashlib.sha256(data).hexdigest() == row["data_sha256"]


def memory(x: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    """The bytes of a contiguous array as they lie, the gaps between fields included."""
    if not x.nbytes:
        return b""
    bare = x.view(f"V{x.dtype.itemsize}") if x.dtype.names else x
    return bare.tobytes("A")


def without_metadata(row: Row) -> Row:
    row = {key: value for key, value in row.items() if key != "metadata"}
    if "fields" in row:
        row["fields"] = [
            field | {"dtype": without_metadata(field["dtype"])} for field in row["fields"]
        ]
    return row


@cases("ok")
def test_legal_files_are_what_numpy_reads(path: Path, row: Row) -> None:
    if has_objects(row["dtype"]) or len(row["shape"]) > MOST_DIMENSIONS:
        return
    if row["dtype"]["itemsize"] == 0 and "fields" not in row["dtype"]:
        # NumPy lengthens strings without bytes.
        return
    data = path.read_bytes()
    by_numpy, found = numpy_load(data), ndbytes.bytes_to_array(data)
    assert_same(found, by_numpy)
    assert found.flags.f_contiguous == by_numpy.flags.f_contiguous


@cases("ok")
def test_what_was_read_can_be_written_again(path: Path, row: Row) -> None:
    if has_objects(row["dtype"]) or len(row["shape"]) > MOST_DIMENSIONS:
        return
    found = ndbytes.bytes_to_array(path.read_bytes())
    again = ndbytes.bytes_to_array(ndbytes.array_to_bytes(found))
    assert ndbytes.identical(found, again)
    assert dtype_parts(found.dtype) == dtype_parts(again.dtype)
    assert leaves(found) == leaves(again)


@cases("error")
def test_what_is_wrong_is_refused(path: Path, row: Row) -> None:
    data = path.read_bytes()
    for made in (data, bytearray(data)):
        for copy in (None, True):
            with pytest.raises(ndbytes.DecodeError) as caught:
                ndbytes.bytes_to_array(made, copy=copy)
            error = caught.value
            # The elements of object arrays are a pickle.
            assert error.format in {"npy", "pickle", None}
            assert error.offset is None or 0 <= error.offset <= len(data) + 1
            assert 10 < len(str(error)) < 1_000
            str(error).encode("utf-8")


@cases("incomplete")
def test_prefixes_say_how_much_is_missing(path: Path, row: Row) -> None:
    data = path.read_bytes()
    with pytest.raises(ndbytes.IncompleteError) as caught:
        ndbytes.bytes_to_array(data)
    assert caught.value.kind == "incomplete"
    assert caught.value.needed > len(data)


@cases("any")
def test_what_may_be_either_is_an_array_or_an_error(path: Path, row: Row) -> None:
    try:
        found = ndbytes.bytes_to_array(path.read_bytes())
    except ndbytes.DecodeError:
        return
    assert found.nbytes <= path.stat().st_size


def test_nothing_in_the_fixtures_runs() -> None:
    """No module is imported for anything that the bytes name."""
    before = set(sys.modules)
    for path, row in rows("error", "any", "ok"):
        if path.name.startswith("object"):
            try:
                ndbytes.bytes_to_array(path.read_bytes())
            except ndbytes.DecodeError:
                assert row.get("result") in ("error", "any") or NUMPY < (2, 0)
    made = {"decimal", "_decimal", "fractions", "uuid", "_uuid", "numbers", "platform"}
    assert set(sys.modules) - before <= made
