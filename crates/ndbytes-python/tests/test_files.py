"""`save`, `load` and `open_memmap`: NumPy's names, arguments, exceptions and file positions."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import socket
import sys
import tempfile
import threading
import types
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import (
    DTYPES,
    FIXTURES,
    NUMPY,
    assert_same,
    filled,
    layouts,
    numpy_load,
    numpy_save,
    parts,
)

X = np.arange(60, dtype="<i2").reshape(4, 3, 5)
LARGE = np.arange(3 << 20, dtype="<u4")


def quietly(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return call(*args, **options)


@pytest.mark.parametrize("name", DTYPES)
def test_bytes_are_those_of_numpy(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    for layout, x in layouts(filled(DTYPES[name], (4, 3, 5))):
        quietly(ndbytes.save, path, x)
        if "gap" in name or "aligned" in name:
            # What lies between fields is whatever it is, to NumPy.
            assert len(path.read_bytes()) == len(numpy_save(x)), layout
            assert_same(numpy_load(path.read_bytes()), x)
        else:
            assert path.read_bytes() == numpy_save(x), layout
        found = ndbytes.load(path)
        assert_same(found, x)
        assert found.flags.writeable
        assert found.flags.fnc == numpy_load(path.read_bytes()).flags.fnc
        stream = io.BytesIO()
        quietly(ndbytes.save, stream, x)
        assert stream.getvalue() == path.read_bytes()


class OnlyRead:
    def __init__(self, base: Any) -> None:
        self._base = base

    def read(self, size: int) -> Any:
        return self._base.read(min(size, 1000))


class OnlyWrite:
    def __init__(self, base: Any, answer: Any = None) -> None:
        self._base = base
        self._answer = answer

    def write(self, data: Any) -> Any:
        assert type(data) is bytes
        self._base.write(data)
        return self._answer


class Scrambled(io.BytesIO):
    """A file with a `read` of its own, which `readinto` does not know of."""

    def read(self, size: int | None = -1) -> bytes:
        return bytes(255 - byte for byte in super().read(size))


class Slow(io.RawIOBase):
    """A raw file that takes and brings only some bytes at a time."""

    def __init__(self, base: io.BytesIO) -> None:
        self._base = base

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, memory: Any) -> int:
        return self._base.readinto(memoryview(memory)[:4093])

    def write(self, data: Any) -> int:
        return self._base.write(memoryview(data)[:4099])


# Ways to open a file: with what, for writing, for reading.
WAYS: dict[str, tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = {
    "plain": (open, ("wb",), ("rb",)),
    "raw": (open, ("wb", 0), ("rb", 0)),
    "both": (open, ("w+b",), ("r+b",)),
    "gzip": (gzip.open, ("wb", 1), ("rb",)),
    "bz2": (bz2.open, ("wb",), ("rb",)),
    "lzma": (lzma.open, ("wb",), ("rb",)),
}


@pytest.mark.parametrize("way", WAYS)
def test_files_opened_in_any_way(way: str, tmp_path: Path) -> None:
    path, (way_in, write, read) = tmp_path / "x", WAYS[way]
    arrays = [X, LARGE if way_in is open else LARGE[:300_000], X.T, LARGE[:0]]
    with way_in(path, *write) as file:
        file.write(b"before")
        for x in arrays:
            ndbytes.save(file, x)
        file.write(b"behind")
    with way_in(path, *read) as file:
        assert file.read(6) == b"before"
        for x in arrays:
            found = ndbytes.load(file)
            assert_same(found, x)
            assert found.flags.writeable
        assert file.read() == b"behind"
    with way_in(path, *read) as file:
        file.seek(6)
        assert parts(np.load(file)) == parts(X)


def test_everything_else_that_is_like_a_file(tmp_path: Path) -> None:
    data = io.BytesIO()
    for answer in (None, 3.5, "text", 1 << 40):
        ndbytes.save(OnlyWrite(data, answer), X)
        ndbytes.save(OnlyWrite(data, answer), LARGE)
        ndbytes.save(OnlyWrite(data, answer), LARGE[::7])
    data.seek(0)
    for _ in range(4):
        for x in (X, LARGE, LARGE[::7]):
            assert_same(ndbytes.load(OnlyRead(data)), x)
    with pytest.raises(EOFError):
        ndbytes.load(OnlyRead(data))

    slow = io.BytesIO()
    for x in (X, LARGE, LARGE[::7]):
        ndbytes.save(Slow(slow), x)
    slow.seek(0)
    for x in (X, LARGE, LARGE[::7]):
        assert_same(ndbytes.load(Slow(slow)), x)

    plain = ndbytes.array_to_bytes(LARGE)
    assert_same(ndbytes.load(Scrambled(bytes(255 - byte for byte in plain))), LARGE)

    with tempfile.NamedTemporaryFile() as file, tempfile.SpooledTemporaryFile() as spooled:
        for stream in (file, spooled):
            ndbytes.save(stream, LARGE)
            stream.seek(0)
            assert_same(ndbytes.load(stream), LARGE)

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        with archive.open("x", "w") as member:
            ndbytes.save(member, LARGE)
        with archive.open("x") as member:
            assert_same(ndbytes.load(member), LARGE)


@pytest.mark.parametrize("buffering", [0, -1])
def test_pipes_and_sockets(buffering: int) -> None:
    arrays = [X, LARGE, X.T, np.array([None, {"a": [X[0]]}], object), LARGE[::3]]
    objects = pickle.dumps([1, 2])
    reads, writes = os.pipe()
    ours, theirs = socket.socketpair()

    def send(file: Any) -> None:
        with file:
            for x in arrays:
                ndbytes.save(file, x)
            file.write(objects + b"end")

    for sender, receiver in (
        (os.fdopen(writes, "wb", buffering), os.fdopen(reads, "rb", buffering)),
        (ours.makefile("wb", buffering), theirs.makefile("rb", buffering)),
    ):
        thread = threading.Thread(target=send, args=(sender,))
        thread.start()
        with receiver:
            for x in arrays:
                found = ndbytes.load(receiver)
                assert found.dtype == x.dtype
                assert repr(found) == repr(x)
            assert ndbytes.load(receiver) == [1, 2]
            assert receiver.read(3) == b"end"
        thread.join()
    ours.close()
    theirs.close()


def test_paths_of_every_kind(tmp_path: Path) -> None:
    name = str(tmp_path / "x")
    for path in (name, name + ".npy", os.fsencode(name), Path(name), tmp_path / "x.npy"):
        ndbytes.save(path, X)
        assert os.listdir(tmp_path) == ["x.npy"]
        os.rename(tmp_path / "x.npy", tmp_path / "y")
        for written in (tmp_path / "y", str(tmp_path / "y"), os.fsencode(tmp_path / "y")):
            assert_same(ndbytes.load(written), X)
        os.remove(tmp_path / "y")
    odd = os.fsencode(tmp_path) + b"/\xff\xfe .npy"
    ndbytes.save(odd, X)
    assert_same(ndbytes.load(odd), X)
    for wrong in (5, None, 1.5, [name]):
        for call in (lambda: ndbytes.save(wrong, X), lambda: ndbytes.load(wrong)):  # noqa: B023
            with pytest.raises(TypeError):
                call()


def test_the_end_of_a_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for file in (empty, io.BytesIO(), OnlyRead(io.BytesIO())):
        with pytest.raises(EOFError, match="No data left in file"):
            ndbytes.load(file)


def test_files_that_are_cut_short(tmp_path: Path) -> None:
    small, large = ndbytes.array_to_bytes(X), ndbytes.array_to_bytes(LARGE)
    path = tmp_path / "cut.npy"
    cuts = [(small, at) for at in range(6, len(small))]
    cuts += [(large, at) for at in (128, 129, 70_000, 1 << 20, len(large) - 1)]
    for data, at in cuts:
        path.write_bytes(data[:at])
        for file in (path, io.BytesIO(data[:at]), OnlyRead(io.BytesIO(data[:at]))):
            with pytest.raises(ndbytes.IncompleteError) as caught:
                ndbytes.load(file)
            assert at < caught.value.needed <= len(data)
            assert isinstance(caught.value, ValueError)
        for mode in ("r", "c", "r+"):
            with pytest.raises(ndbytes.IncompleteError):
                ndbytes.load(path, mmap_mode=mode)
        assert path.read_bytes() == data[:at]


def test_a_size_that_lies_takes_no_memory() -> None:
    header = ndbytes.array_to_bytes(np.zeros((0, 1 << 40), "u1"))
    lie = header.replace(b"(0, 1099511627776)", b"(9, 1099511627776)") + bytes(70 << 20)
    for file in (io.BytesIO(lie), OnlyReadFast(io.BytesIO(lie))):
        with pytest.raises(ndbytes.IncompleteError) as caught:
            ndbytes.load(file)
        assert caught.value.needed == 9 << 40 | 128


class OnlyReadFast(OnlyRead):
    def read(self, size: int) -> Any:
        return self._base.read(size)


@pytest.mark.parametrize("wrap", [lambda file: file, OnlyReadFast], ids=["readinto", "read"])
def test_memory_that_grows(wrap: Any) -> None:
    # More than is believed in before it arrives.
    x = np.arange(20 << 20, dtype=">u4")
    found = ndbytes.load(wrap(io.BytesIO(ndbytes.array_to_bytes(x))))
    assert_same(found, x)
    found[0] = 7
    assert found.flags.writeable
    assert found.flags.aligned


def test_objects() -> None:
    x = np.array([[1, "text"], [None, {"a": [2.5, X[0]]}]], object)
    structured = np.array([(1, None), (2, [3])], [("a", "i4"), ("b", object)])
    stream = io.BytesIO()
    for array in (x, structured):
        ndbytes.save(stream, array)
        ndbytes.save(stream, X)
    stream.seek(0)
    for array in (x, structured):
        assert repr(ndbytes.load(stream)) == repr(array)
        assert_same(ndbytes.load(stream), X)
    for array in (x, structured):
        stream = io.BytesIO()
        with pytest.raises(ValueError, match="cannot be saved when allow_pickle=False"):
            ndbytes.save(stream, array, allow_pickle=False)
        assert stream.getvalue() == b""
        np.save(stream, array)
        stream.seek(0)
        with pytest.raises(ValueError, match="cannot be loaded when allow_pickle=False"):
            ndbytes.load(stream, allow_pickle=False)
        stream.seek(0)
        assert repr(ndbytes.load(stream)) == repr(array)
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.save(io.BytesIO(), np.array([print]))


def test_pickles() -> None:
    value = {"x": X, "y": [1, None]}
    for protocol in range(6):
        data = pickle.dumps(value, protocol)
        for file in (io.BytesIO(data + b"rest"), OnlyRead(io.BytesIO(data + b"rest"))):
            assert repr(ndbytes.load(file)) == repr(value)
            assert file.read(4) == b"rest"
        with pytest.raises(ValueError, match="allow_pickle"):
            ndbytes.load(io.BytesIO(data), allow_pickle=False)
    for rubbish in (b"\xff", b"no array at all", b"\x93NUM", data[:-1], b"\x93numpy\x01\x00"):
        with pytest.raises(pickle.UnpicklingError, match="Failed to interpret file") as caught:
            ndbytes.load(io.BytesIO(rubbish))
        assert isinstance(caught.value, ndbytes.DecodeError)
    with pytest.raises(ndbytes.UnsafeError) as unsafe:
        ndbytes.load(io.BytesIO(b"cos\nsystem\n(S'echo gotcha'\ntR."))
    assert unsafe.value.names == ["os.system"]


def test_strings_of_python_2() -> None:
    data = b"\x80\x02U\x01\xe9."
    with pytest.raises(UnicodeError, match="encoding= option") as caught:
        ndbytes.load(io.BytesIO(data))
    assert isinstance(caught.value, ndbytes.DecodeError)
    assert ndbytes.load(io.BytesIO(data), encoding="latin1") == "\xe9"
    assert ndbytes.load(io.BytesIO(data), encoding="bytes") == b"\xe9"
    with pytest.raises(ValueError, match="encoding must be 'ASCII', 'latin1', or 'bytes'"):
        ndbytes.load(io.BytesIO(data), encoding="utf-8")  # type: ignore[arg-type]


def test_files_of_every_release() -> None:
    """What NumPy itself reads of its golden files, with the same warnings."""
    seen = 0
    for path in sorted((FIXTURES / "golden/npy").glob("*/*.npy")):
        with warnings.catch_warnings(record=True) as expected_warnings:
            warnings.simplefilter("always")
            try:
                expected = np.load(path, max_header_size=1 << 30)
            except (ValueError, TypeError):
                # Objects, and what this NumPy does not read.
                continue
        with warnings.catch_warnings(record=True) as found_warnings:
            warnings.simplefilter("always")
            found = ndbytes.load(path)
        assert parts(found) == parts(expected), path
        kinds = [kind for kind in expected_warnings if "Python 2" in str(kind.message)]
        ours = [kind for kind in found_warnings if "Python 2" in str(kind.message)]
        if NUMPY >= (2, 0):
            assert len(ours) == len(kinds), path
        assert all(kind.filename == __file__ for kind in ours)
        seen += 1
    assert seen > 300


def test_warnings_of_what_is_lost(tmp_path: Path) -> None:
    masked = np.ma.array([1, 2, 3], mask=[False, True, False])
    with pytest.warns(UserWarning, match="the mask of a MaskedArray is not saved") as caught:
        ndbytes.save(io.BytesIO(), masked)
    assert caught[0].filename == __file__
    stream = io.BytesIO()
    quietly(ndbytes.save, stream, masked)
    assert stream.getvalue() == numpy_save(np.array([1, 2, 3]))
    # NumPy refuses these.
    with pytest.raises(NotImplementedError, match="mask"):
        ndbytes.save(tmp_path / "x.npy", masked)
    with (tmp_path / "y").open("wb") as file, pytest.raises(NotImplementedError, match="mask"):
        ndbytes.save(file, masked)

    class Labelled(np.ndarray[Any, Any]):
        pass

    with pytest.warns(UserWarning, match="a Labelled is saved as a plain array"):
        ndbytes.save(tmp_path / "x", X.view(Labelled))
    assert_same(ndbytes.load(tmp_path / "x.npy"), X)

    dtype = np.dtype("<i4", metadata={"some": "stuff"})
    for tagged in (dtype, np.dtype([("a", dtype), ("b", "u1")])):
        with pytest.warns(UserWarning, match="metadata on a dtype is not saved"):
            ndbytes.save(tmp_path / "x", np.zeros(3, tagged))
        assert ndbytes.load(tmp_path / "x.npy").dtype == tagged

    long = np.zeros(2, [(str(index) * 100, "u1") for index in range(600)])
    with pytest.warns(UserWarning, match=r"format 2\.0"):
        ndbytes.save(tmp_path / "x", long)
    with pytest.warns(UserWarning, match=r"format 3\.0"):
        ndbytes.save(tmp_path / "y", np.zeros(2, [("\u65e5", "u1")]))
    # A warning that is an error comes before anything is written.
    before = (tmp_path / "x.npy").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match=r"format 3\.0"):
            ndbytes.save(tmp_path / "x", np.zeros(2, [("\u65e5", "u1")]))
    assert (tmp_path / "x.npy").read_bytes() == before


def test_array_likes_and_maps(tmp_path: Path) -> None:
    for like in ([1, 2], 2.5, (True,), "text", b"bytes", range(3), np.float32(1)):
        stream = io.BytesIO()
        ndbytes.save(stream, like)
        assert stream.getvalue() == numpy_save(like)
    x = np.memmap(tmp_path / "raw", "<i4", "w+", shape=(6,))
    ndbytes.save(tmp_path / "x", x)
    assert (tmp_path / "x.npy").read_bytes() == numpy_save(x)


def test_warnings_of_python_2(tmp_path: Path) -> None:
    text = b"{'descr': '<i2', 'fortran_order': False, 'shape': (3L,), }"
    text = text.ljust(117) + b"\n"
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(6))
    for call in (
        lambda: ndbytes.load(path),
        lambda: ndbytes.load(path, "r"),
        lambda: ndbytes.open_memmap(path, "r"),
    ):
        with pytest.warns(UserWarning, match="created on Python 2") as caught:
            assert call().tolist() == [0, 0, 0]
        assert [kind.filename for kind in caught] == [__file__]


def test_headers_may_be_limited(tmp_path: Path) -> None:
    long = np.zeros(2, [(str(index) * 100, "u1") for index in range(600)])
    quietly(ndbytes.save, tmp_path / "x", long)
    assert_same(ndbytes.load(tmp_path / "x.npy"), long)
    for mode in (None, "r"):
        with pytest.raises(ndbytes.DecodeError, match="the limit is 10000") as caught:
            ndbytes.load(tmp_path / "x.npy", mode, max_header_size=10_000)
        assert caught.value.kind == "limit"


@pytest.mark.parametrize("name", DTYPES)
def test_maps_of_every_dtype(name: str, tmp_path: Path) -> None:
    dtype = DTYPES[name]
    for order in ("C", "F"):
        x = filled(dtype, (4, 5), order=order)
        path = tmp_path / f"{order}.npy"
        made = quietly(ndbytes.open_memmap, path, "w+", dtype, x.shape, fortran_order=order == "F")
        assert type(made) is np.memmap
        made[...] = x
        made.flush()
        for mode in ("r", "c", "r+", "readonly", "readwrite", "copyonwrite"):
            found = ndbytes.load(path, mmap_mode=mode)
            assert_same(np.asarray(found), x)
            assert found.flags.fnc == (order == "F")
            assert found.flags.writeable == (mode not in ("r", "readonly"))
        assert_same(ndbytes.load(path), x)
        assert_same(numpy_load(path.read_bytes()), x)


def test_what_maps_say_of_themselves(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    ndbytes.save(path, X)
    for filename in (path, str(path)):
        for mode in ("r", "r+", "c"):
            ours = ndbytes.load(filename, mode)
            theirs = np.load(filename, mode)
            for name in ("mode", "offset", "filename", "shape", "dtype"):
                assert getattr(ours, name) == getattr(theirs, name), name
    if os.name == "posix":
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "link.npy").symlink_to("../x.npy")
        link = tmp_path / "folder" / "link.npy"
        for filename in (link, str(link), tmp_path / "folder" / ".." / "x.npy"):
            ours = ndbytes.load(filename, "r")
            assert ours.filename == np.load(filename, "r").filename
            assert type(ours.filename) is type(np.load(filename, "r").filename)
    assert ndbytes.open_memmap(path).mode == "r+"
    assert_same(np.asarray(ndbytes.open_memmap(os.fsencode(path), "r")), X)


def test_maps_are_written_or_not(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    ndbytes.save(path, X)
    copy = ndbytes.load(path, "c")
    copy[0, 0, 0] = 99
    assert_same(ndbytes.load(path), X)
    with pytest.raises(ValueError, match="read-only"):
        ndbytes.load(path, "r")[0, 0, 0] = 99
    written = ndbytes.load(path, "r+")
    written[0, 0, 0] = 99
    written.flush()
    assert ndbytes.load(path)[0, 0, 0] == 99


def test_new_maps(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    x = ndbytes.open_memmap(path, "w+", shape=(2, 3))
    assert (x.dtype, x.mode, x.shape) == (np.dtype("f8"), "r+", (2, 3))
    assert path.read_bytes() == numpy_save(np.zeros((2, 3)))
    assert ndbytes.open_memmap(path, "write", "u1", 7).shape == (7,)
    # Versions are those that were asked for, if they can hold the header.
    for version in ((1, 0), (2, 0), (3, 0)):
        ndbytes.open_memmap(path, "w+", [("\xe9", "<i2")], (2,), version=version)
        assert path.read_bytes()[6:8] == bytes(version)
        x = np.zeros(2, [("\xe9", "<i2")])
        assert path.read_bytes() == numpy_save(x, version)
    with pytest.raises(ValueError, match=r"version 1\.0 cannot hold"):
        ndbytes.open_memmap(path, "w+", [("\u65e5", "<i2")], (2,), version=(1, 0))
    with pytest.warns(UserWarning, match=r"format 3\.0") as caught:
        ndbytes.open_memmap(path, "w+", [("\u65e5", "<i2")], (2,))
    assert caught[0].filename == __file__
    # Larger than any memory, and no larger than its header on the disk.
    x = ndbytes.open_memmap(path, "w+", "u1", (1 << 36,))
    x[-1] = 5
    x.flush()
    assert path.stat().st_size == 128 + (1 << 36)
    if hasattr(os.stat_result, "st_blocks"):
        assert path.stat().st_blocks < 1000
    assert ndbytes.load(path, "r")[-1] == 5
    del x


def test_maps_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    ndbytes.save(path, X)
    before = path.read_bytes()
    with path.open("rb") as file, pytest.raises(ValueError, match="path-like"):
        ndbytes.load(file, "r")
    with pytest.raises(TypeError):
        ndbytes.load(io.BytesIO(before), "r")
    for mode in ("w+", "write"):
        with pytest.raises(ValueError, match="shape must be given"):
            ndbytes.load(path, mode)
    with pytest.raises(ValueError, match="mode must be one of"):
        ndbytes.load(path, "x")  # type: ignore[arg-type]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"version": (1, 1)}, "we only support format version"),
        ({"version": (4, 0)}, "we only support format version"),
        ({"dtype": object}, "Python objects in dtype"),
        ({"dtype": [("a", object)]}, "Python objects in dtype"),
        ({"shape": (2, -1)}, "negative"),
        ({"dtype": ("i4", (2,))}, "subarray"),
        ({"shape": (1 << 62, 1 << 62)}, "memory"),
    ]
    for options, match in wrong:
        with pytest.raises(ValueError, match=match):
            ndbytes.open_memmap(path, "w+", **{"dtype": "i4", "shape": (2,)} | options)
    with pytest.raises(TypeError):
        ndbytes.open_memmap(path, "w+", "i4", (1.5,))  # type: ignore[arg-type]
    assert path.read_bytes() == before
    ndbytes.save(path, np.array([None]))
    with pytest.raises(ValueError, match="Python objects in dtype"):
        ndbytes.load(path, "r")
    with pytest.raises(FileNotFoundError):
        ndbytes.open_memmap(tmp_path / "none.npy")


def test_progress(tmp_path: Path) -> None:
    x = np.zeros(80 << 20, "u1")
    told: list[tuple[int, int]] = []
    for array in (x, x[::2]):
        told.clear()
        ndbytes.save(tmp_path / "x", array, progress=lambda *told_now: told.append(told_now))
        total = 128 + array.nbytes
        assert told == sorted(told)
        assert len(told) >= 2
        assert told[-1] == (total, total)
    told.clear()
    ndbytes.load(tmp_path / "x.npy", progress=lambda *told_now: told.append(told_now))
    assert told == sorted(told)
    assert {total for _, total in told} == {40 << 20}
    assert told[-1] == (40 << 20, 40 << 20)


def test_progress_is_a_bar_of_tqdm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros(80 << 20, "u1")
    bars: list[Any] = []

    class Bar:
        """As much of `tqdm.auto.tqdm` as is used."""

        def __init__(self, **options: Any) -> None:
            self.n, self.total, self.seen, self.options = 0, None, 0, options
            bars.append(self)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *error: Any) -> None:
            self.options["closed"] = True

        def update(self, more: int) -> None:
            assert more >= 0
            self.n += more
            self.seen += 1

    module = types.ModuleType("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    ndbytes.save(tmp_path / "x", x, progress=True)
    assert_same(ndbytes.load(tmp_path / "x.npy", progress=True), x)
    assert [bar.options["desc"] for bar in bars] == ["saving x.npy", "loading"]
    assert [bar.n for bar in bars] == [bar.total for bar in bars] == [128 + x.nbytes, x.nbytes]
    assert all(bar.seen >= 2 and bar.options["closed"] for bar in bars)
    # Without it, there is no bar.
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    ndbytes.save(tmp_path / "x", X, progress=True)
    assert_same(ndbytes.load(tmp_path / "x.npy", progress=True), X)
    assert len(bars) == 2


def test_the_real_tqdm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    ndbytes.save(tmp_path / "x", LARGE, progress=True)
    assert_same(ndbytes.load(tmp_path / "x.npy", progress=True), LARGE)
    said = capsys.readouterr().err
    assert "saving x.npy: 100%" in said
    assert "loading: 100%" in said


def test_progress_that_raises_stops_the_work(tmp_path: Path) -> None:
    x = np.zeros(80 << 20, "u1")
    ndbytes.save(tmp_path / "x", X)

    def stop(done: int, total: int) -> None:
        raise KeyError("enough")

    for array in (x, x[::2]):
        with pytest.raises(KeyError, match="enough"):
            ndbytes.save(tmp_path / "x", array, progress=stop)
    assert_same(ndbytes.load(tmp_path / "x.npy"), X)
    assert os.listdir(tmp_path) == ["x.npy"]
    ndbytes.save(tmp_path / "x", x)
    with pytest.raises(KeyError, match="enough"):
        ndbytes.load(tmp_path / "x.npy", progress=stop)


def test_writers_that_fail() -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return 0

    class Busy(Full):
        def write(self, data: Any) -> None:  # type: ignore[override]
            return None

    class Broken:
        def write(self, data: Any) -> None:
            raise ConnectionResetError("gone")

    with pytest.raises(OSError, match="could not be written"):
        ndbytes.save(Full(), X)
    with pytest.raises(BlockingIOError):
        ndbytes.save(Busy(), X)
    for array in (X, LARGE[::2], np.array([None])):
        with pytest.raises(ConnectionResetError, match="gone"):
            ndbytes.save(Broken(), array)
    with pytest.raises(TypeError):
        ndbytes.save(io.StringIO(), X)
    with pytest.raises(TypeError, match="mode 'rb'"):
        ndbytes.load(io.StringIO("text"))


def test_readers_that_lie() -> None:
    class Generous:
        def read(self, size: int) -> bytes:
            return b"\x93NUMPY" if size == 6 else bytes(size + 1)

    with pytest.raises(ValueError, match="asked for"):
        ndbytes.load(Generous())

    class Liar(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise AssertionError

        def readinto(self, memory: Any) -> int:
            return len(memory) + 1

    class Mixed(Liar):
        def __init__(self, start: bytes) -> None:
            self._start = io.BytesIO(start)

        def read(self, size: int = -1) -> bytes:
            return self._start.read(size)

        def readinto(self, memory: Any) -> int:
            return len(memory) + 1

    with pytest.raises(ValueError, match="bytes were read into memory"):
        ndbytes.load(Mixed(ndbytes.array_to_bytes(LARGE)[:128]))
