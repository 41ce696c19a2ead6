"""Every npz fixture, against what its maker said of it and against the NumPy that runs."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES, NATIVE, assert_same

# From `fixtures/make`, which `arrays` puts on the path.
import describe  # isort: skip

Row = dict[str, Any]


def rows(*results: str) -> Iterator[tuple[Path, Row]]:
    for expected in sorted(FIXTURES.glob("*/npz/**/expected.json")):
        for row in json.loads(expected.read_text("utf-8"))["files"]:
            if row["result"] in results:
                yield expected.parent / row["file"], row


def cases(*results: str) -> pytest.MarkDecorator:
    found = list(rows(*results))
    names = [path.relative_to(FIXTURES).with_suffix("").as_posix() for path, _ in found]
    return pytest.mark.parametrize(("path", "row"), found, ids=names)


def check(found: Any, row: Row) -> None:
    assert list(found) == [told["name"] for told in row["arrays"]]
    for told in row["arrays"]:
        array = found[told["name"]]
        assert json.loads(json.dumps(describe.describe_dtype(array.dtype))) == told["dtype"]
        assert list(array.shape) == told["shape"]
        if "values" in told:
            values = [describe.python3_repr(value) for value in array.ravel().tolist()]
            assert values == told["values"]
        else:
            assert array.tobytes("F" if told["fortran_order"] else "C").hex() == told["data_hex"]
            assert describe.is_fortran(array) == told["fortran_order"]


def test_there_are_fixtures() -> None:
    assert len(list(rows("ok"))) > 100
    assert len(list(rows("error"))) > 90
    assert NATIVE in "<>"


@cases("ok")
def test_legal_archives(path: Path, row: Row) -> None:
    data = path.read_bytes()
    check(ndbytes.bytes_to_arrays(data), row)
    check(ndbytes.bytes_to_arrays(bytearray(data), copy=True), row)
    for source in (path, io.BytesIO(data)) if data[:2] == b"PK" else ():
        with ndbytes.load(source, encoding="latin1") as found:
            check({name: x for name, x in found.items() if isinstance(x, np.ndarray)}, row)
    summary = ndbytes.inspect(data)
    assert [entry.name for entry in summary.entries] == [told["name"] for told in row["arrays"]]
    assert (summary.format, summary.nbytes) == ("npz", len(data))
    assert [entry.name for entry in ndbytes.inspect(path).entries] == [
        entry.name for entry in summary.entries
    ]


@cases("ok")
def test_numpy_agrees(path: Path, row: Row) -> None:
    found = ndbytes.bytes_to_arrays(path.read_bytes())
    try:
        with warnings.catch_warnings():
            # Of headers that Python 2 wrote.
            warnings.simplefilter("ignore")
            with np.load(path, allow_pickle=True) as by_numpy:
                theirs = {name: by_numpy[name] for name in by_numpy.files}
    except (
        ModuleNotFoundError,
        NotImplementedError,
        ValueError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        # zstd, what does not start as an archive, and objects that newer releases pickled.
        pytest.skip(f"NumPy does not read it: {error}")
    for name, array in theirs.items():
        if isinstance(array, np.ndarray) and not array.dtype.hasobject and name in found:
            assert_same(found[name], array)


@cases("error", "incomplete")
def test_wrong_archives(path: Path, row: Row) -> None:
    data = path.read_bytes()
    for source in (data, bytearray(data)):
        with pytest.raises(ndbytes.DecodeError) as caught:
            ndbytes.bytes_to_arrays(source)
        error = caught.value
        assert getattr(error, "names", None) == row.get("names")
        if row["result"] == "incomplete":
            assert isinstance(error, ndbytes.IncompleteError)
            assert error.needed > len(data)
    with pytest.raises(ndbytes.DecodeError):
        ndbytes.bytes_to_array(data)
    # Some are wrong in one member, which `load` does not look at before it is asked for.
    try:
        with ndbytes.load(io.BytesIO(data)) as found:
            for name in found:
                found[name]
    except ValueError:
        return
    # A name that is there twice is read as NumPy reads it, what is no array as bytes, and large
    # arrays are what files are for.
    allowed = "bomb_zeros duplicate duplicate_suffix npy_none npy_text zstd_windows"
    assert path.stem in allowed.split(), "it is read, though it is wrong"
