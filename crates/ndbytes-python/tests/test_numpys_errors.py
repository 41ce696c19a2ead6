"""What goes wrong, goes wrong as in NumPy: an exception that code written for it catches."""

from __future__ import annotations

import gc
import gzip
import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMPY

# NumPy leaves files open that it cannot read.
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.arange(60, dtype="<i8").reshape(3, 4, 5)
NPY, NPZ = io.BytesIO(), io.BytesIO()
np.save(NPY, X)
np.savez(NPZ, a=X)
WHOLE, ARCHIVE = NPY.getvalue(), NPZ.getvalue()

FILES = {
    "nothing": b"",
    "half of the magic": WHOLE[:3],
    "the magic": WHOLE[:6],
    "no length": WHOLE[:8],
    "half of the header": WHOLE[:50],
    "no elements": WHOLE[:128],
    "some elements": WHOLE[:-5],
    "rubbish": b"hello world, this is none",
    "half of a zip": ARCHIVE[:100],
    "no end of a zip": ARCHIVE[:-10],
    "a version": WHOLE[:6] + b"\x09\x00" + WHOLE[8:],
    "a dtype": WHOLE.replace(b"'<i8'", b"'<q9'"),
    "a key": WHOLE.replace(b"'descr'", b"'descx'"),
    "a shape": WHOLE.replace(b"(3, 4, 5)", b"(3., 4,5)"),
    "an order": WHOLE.replace(b"False", b"'No' "),
    "half of a pickle": pickle.dumps([1, 2])[:-1],
}

LOADS: dict[str, Callable[[Any, Path], object]] = {
    "missing": lambda np, _: np.load("none.npy"),
    "a folder": lambda np, _: np.load("folder.npy"),
    "a number": lambda np, _: np.load(5),
    "none": lambda np, _: np.load(None),
    "a mode": lambda np, _: np.load("x.npy", mmap_mode="q"),
    "a map of memory": lambda np, _: np.load(io.BytesIO(WHOLE), mmap_mode="r"),
    "a map of a file": lambda np, _: with_open("x.npy", "rb", lambda file: np.load(file, "r")),
    "a map of objects": lambda np, _: np.load("o.npy", mmap_mode="r", allow_pickle=True),
    "objects": lambda np, _: np.load("o.npy", allow_pickle=False),
    "a pickle": lambda np, _: np.load("x.pickle", allow_pickle=False),
    "an encoding": lambda np, _: np.load("x.npy", encoding="utf8"),
    "a long header": lambda np, _: np.load("x.npy", max_header_size=10),
    "a long header, mapped": lambda np, _: np.load("x.npy", "r", max_header_size=10),
    "a file for writing": lambda np, _: with_open("w", "wb", np.load),
    "a closed file": lambda np, _: closed("x.npy", "rb", np.load),
    "no such member": lambda np, _: np.load("x.npz")["nope"],
    "no such attribute": lambda np, _: np.load("x.npz").f.nope,
    "a memmap that is missing": lambda np, _: memmap(np)("none.npy", "r"),
    "a memmap's mode": lambda np, _: memmap(np)("x.npy", "z"),
    "a memmap of a file": lambda np, _: with_open("x.npy", "rb", lambda f: memmap(np)(f, "r")),
    "a memmap of objects": lambda np, _: memmap(np)("new.npy", "w+", object, (3,)),
    "a memmap of less than nothing": lambda np, _: memmap(np)("new.npy", "w+", "i4", (-1,)),
    "into a folder": lambda np, _: np.save("folder.npy", X),
    "into no folder": lambda np, _: np.save("no/x.npy", X),
    "into a number": lambda np, _: np.save(5, X),
    "into none": lambda np, _: np.save(None, X),
    "into a file for reading": lambda np, _: with_open("x.npy", "rb", lambda f: np.save(f, X)),
    "into text": lambda np, _: with_open("t", "w", lambda file: np.save(file, X)),
    "into text in memory": lambda np, _: np.save(io.StringIO(), X),
    "into a closed file": lambda np, _: closed("w", "wb", lambda file: np.save(file, X)),
    "objects into a file": lambda np, _: np.save("w", [None], allow_pickle=False),
    "ragged": lambda np, _: np.save("w", [[1], [2, 3]]),
    "a mask": lambda np_, _: np_.save("w", np.ma.array([1], mask=[True])),
    "two of a name": lambda np, _: np.savez("w", X, arr_0=X),
    "npz into no folder": lambda np, _: np.savez("no/x.npz", X),
    "npz into a file for reading": lambda np, _: with_open("x.npz", "rb", lambda f: np.savez(f, X)),
    "objects into npz": lambda np_, _: np_.savez("w", np.array([None]), allow_pickle=False),
}


def with_open(name: str, mode: str, call: Callable[[Any], object]) -> object:
    with open(name, mode) as file:
        return call(file)


def closed(name: str, mode: str, call: Callable[[Any], object]) -> object:
    with open(name, mode) as file:
        pass
    return call(file)


def memmap(np_: Any) -> Any:
    return np_.open_memmap if np_ is ndbytes else np_.lib.format.open_memmap


def error_of(call: Callable[[Any], object], library: Any) -> Exception | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(library)
        except Exception as error:  # Whatever it is.
            return error
    return None


def both_say(call: Callable[[Any], object]) -> None:
    theirs, ours = error_of(call, np), error_of(call, ndbytes)
    assert theirs is not None
    assert isinstance(ours, type(theirs)), (repr(theirs), repr(ours))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npy").write_bytes(WHOLE)
    (tmp_path / "x.npz").write_bytes(ARCHIVE)
    (tmp_path / "x.pickle").write_bytes(pickle.dumps([1]))
    np.save("o.npy", np.array([None]))
    (tmp_path / "folder.npy").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What NumPy leaves open goes here, and not in somebody else's test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.mark.parametrize("name", LOADS)
def test_what_goes_wrong(name: str, here: Path) -> None:
    if name == "objects into npz" and NUMPY < (2, 2):
        pytest.skip("to this NumPy, that is an array by name")
    before = sorted(os.listdir(here))
    both_say(lambda library: LOADS[name](library, here))
    assert sorted(set(os.listdir(here)) - {"w", "t", "w.npy", "w.npz", "new.npy"}) == before


@pytest.mark.parametrize("allow_pickle", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_files_that_are_none(name: str, allow_pickle: bool, here: Path) -> None:
    if name == "nothing" and NUMPY < (2,):
        pytest.skip("this NumPy takes it for a pickle")
    data = FILES[name]
    Path("file").write_bytes(data)
    Path("file.gz").write_bytes(gzip.compress(data))
    with gzip.open("file.gz") as zipped, open("file", "rb") as opened:
        for file in ("file", Path("file"), io.BytesIO(data), zipped, opened):

            def load(library: Any, file: Any = file) -> None:
                if hasattr(file, "seek"):
                    file.seek(0)
                library.load(file, allow_pickle=allow_pickle)

            both_say(load)
    if not isinstance(error_of(lambda library: library.load("file"), np), zipfile.BadZipFile):
        # With "r+", NumPy makes a file that is cut short longer.
        for mode in ("r", "c"):
            both_say(lambda library: library.load("file", mmap_mode=mode))  # noqa: B023
    assert Path("file").read_bytes() == data
