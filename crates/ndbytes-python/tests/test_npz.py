"""Several arrays in one: NumPy and `zipfile` read what is written, and what NumPy wrote is read."""

from __future__ import annotations

import collections
import io
import os
import sys
import threading
import time
import types
import warnings
import zipfile
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import assert_same, filled, layouts, parts, plain_dtypes, structured_dtypes

COMPRESSIONS = pytest.mark.parametrize("compression", [None, "deflate", "zstd"])
NAMES = ["x", "with space", "in/a/folder", "größe 日本", "x.npy", "", "file", "self", "a" * 1000]


def several() -> dict[str, Any]:
    """Arrays of every dtype, and of every layout, by name."""
    found = {dtype.str: filled(dtype, (5, 3), seed=1) for dtype in plain_dtypes()}
    for name, dtype in structured_dtypes().items():
        found[f"s {name}"] = filled(dtype, (4,), seed=2)
    for dtype in ("<f8", ">i2", "S3"):
        for name, view in layouts(filled(dtype, (4, 3, 5), seed=3)):
            found[f"{dtype} {name}"] = view
    # In a zip archive the reader is told where names are cut.
    return {name.replace("\0", "NUL"): array for name, array in found.items()}


@COMPRESSIONS
def test_every_dtype_and_layout(compression: Any) -> None:
    arrays = several()
    data = ndbytes.arrays_to_bytes(arrays, compression=compression)
    for copy in (None, True):
        found = ndbytes.bytes_to_arrays(data, copy=copy)
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert_same(found[name], array)
            if copy:
                assert found[name].flags.writeable
    for memory in (bytearray(data), memoryview(data)[:]):
        found = ndbytes.bytes_to_arrays(memory)
        assert all(parts(found[name]) == parts(np.asarray(a)) for name, a in arrays.items())
    if compression == "zstd":
        return
    with np.load(io.BytesIO(data)) as by_numpy:
        assert by_numpy.files == list(arrays)
        for name, array in arrays.items():
            assert_same(by_numpy[name], array)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None


def zipfile_with_zstd() -> Any:
    """Python 3.14's, or what brings it to older ones."""
    if sys.version_info >= (3, 14):
        return zipfile
    return pytest.importorskip("backports.zstd.zipfile")


def test_zstd_is_read_by_python() -> None:
    zstd_zipfile = zipfile_with_zstd()
    # The last one is compressed by several threads.
    arrays = several() | {"large": np.arange(5_000_000)}
    data = ndbytes.arrays_to_bytes(arrays, compression="zstd")
    with zstd_zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        methods = {info.compress_type for info in archive.infolist()}
        assert methods == {93}
        for name, array in arrays.items():
            found = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")))
            assert_same(found, array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes(save: Any, tmp_path: Path) -> None:
    arrays = several()
    with warnings.catch_warnings():
        # Of versions that old releases do not read.
        warnings.simplefilter("ignore", UserWarning)
        save(tmp_path / "x.npz", **arrays)
    data = (tmp_path / "x.npz").read_bytes()
    found = ndbytes.bytes_to_arrays(data)
    with np.load(tmp_path / "x.npz") as by_numpy, ndbytes.load(tmp_path / "x.npz") as loaded:
        assert list(found) == by_numpy.files == loaded.files
        for name in by_numpy.files:
            assert_same(found[name], by_numpy[name])
            assert_same(loaded[name], by_numpy[name])


@COMPRESSIONS
def test_names(compression: Any) -> None:
    arrays = {name: np.full(3, i) for i, name in enumerate(NAMES)}
    data = ndbytes.arrays_to_bytes(arrays, compression=compression)
    assert list(ndbytes.bytes_to_arrays(data)) == NAMES
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [f"{name}.npy" for name in NAMES]


@pytest.mark.parametrize("name", ["a\0b", "n" * 65_532, "\ud800"])
def test_names_that_readers_would_not_see(name: str) -> None:
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.arrays_to_bytes({name: np.zeros(1)})


def test_arguments() -> None:
    x = {"x": np.zeros(1)}
    for mapping in (collections.OrderedDict(x), types.MappingProxyType(x)):
        assert ndbytes.arrays_to_bytes(mapping) == ndbytes.arrays_to_bytes(x)
    for wrong in ([("x", 1)], np.zeros(3), None):
        with pytest.raises(TypeError, match="mapping"):
            ndbytes.arrays_to_bytes(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="are str"):
        ndbytes.arrays_to_bytes({1: np.zeros(1)})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="array_to_bytes"):
        ndbytes.arrays_to_bytes(x, format="npy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not one of"):
        ndbytes.arrays_to_bytes(x, compression="bzip2")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a compression"):
        ndbytes.arrays_to_bytes(x, level=3)
    with pytest.raises(ndbytes.EncodeError, match="0 to 9"):
        ndbytes.arrays_to_bytes(x, compression="deflate", level=10)
    with pytest.raises(ndbytes.EncodeError, match="mask"):
        ndbytes.arrays_to_bytes({"x": np.ma.masked_equal([1, 2], 2)})
    with pytest.raises(ndbytes.DecodeError, match="bytes_to_array"):
        ndbytes.bytes_to_arrays(ndbytes.array_to_bytes(np.zeros(1)))


def test_one_array() -> None:
    x = np.arange(6.0).reshape(2, 3)
    data = ndbytes.array_to_bytes(x, format="npz")
    assert_same(ndbytes.bytes_to_array(data), x)
    assert list(ndbytes.bytes_to_arrays(data)) == ["arr_0"]
    two = ndbytes.arrays_to_bytes({"a": x, "b": x})
    with pytest.raises(ndbytes.DecodeError, match='them all: "a", "b"'):
        ndbytes.bytes_to_array(two)
    assert ndbytes.bytes_to_arrays(ndbytes.arrays_to_bytes({})) == {}


@pytest.mark.parametrize("threads", [1, 2, 7])
@COMPRESSIONS
def test_the_same_bytes_every_time(compression: Any, threads: int) -> None:
    x = np.cumsum(np.random.default_rng(0).normal(size=700_000)).astype("<f4").reshape(700, 1000)
    arrays = {"x": x, "y": x.T, "z": x.astype("<i2")}
    one = ndbytes.arrays_to_bytes(arrays, compression=compression, threads=1)
    again = ndbytes.arrays_to_bytes(arrays, compression=compression, threads=threads)
    assert one == again
    found = ndbytes.bytes_to_arrays(one)
    assert all(ndbytes.identical(found[name], array) for name, array in arrays.items())


def test_views() -> None:
    x = np.arange(1000.0)
    data = ndbytes.arrays_to_bytes({"x": x, "y": x.astype("u1")})
    memory = np.frombuffer(data, np.uint8)
    for found in ndbytes.bytes_to_arrays(data, copy=False).values():
        assert np.shares_memory(found, memory)
        assert (found.ctypes.data - memory.ctypes.data) % 64 == 0
        assert not found.flags.writeable
    writable = bytearray(data)
    found = ndbytes.bytes_to_arrays(writable)["x"]
    found[3] = -1
    assert np.frombuffer(writable, np.uint8).tobytes() != data
    with pytest.raises(BufferError):
        writable.clear()
    packed = ndbytes.arrays_to_bytes({"x": x}, compression="deflate")
    with pytest.raises(ndbytes.DecodeError, match="view is not possible"):
        ndbytes.bytes_to_arrays(packed, copy=False)
    # Whether or not the writer has aligned it.
    file = io.BytesIO()
    np.savez(file, x=x)
    assert np.shares_memory(
        ndbytes.bytes_to_arrays(file.getvalue())["x"], np.frombuffer(file.getvalue(), np.uint8)
    )


def test_objects() -> None:
    values = np.array([1, "two", None, (3.5, [b"4"]), {"five": 5}], object)
    for compression in (None, "deflate"):
        data = ndbytes.arrays_to_bytes({"o": values, "n": np.arange(2)}, compression=compression)
        found = ndbytes.bytes_to_arrays(data)
        assert found["o"].tolist() == values.tolist()
        with np.load(io.BytesIO(data), allow_pickle=True) as by_numpy:
            assert by_numpy["o"].tolist() == values.tolist()
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.arrays_to_bytes({"o": np.array([object()], object)})


def test_the_lock_is_released() -> None:
    x = np.cumsum(np.random.default_rng(0).normal(size=4_000_000)).astype("<f4")
    data = ndbytes.arrays_to_bytes({"x": x}, compression="deflate")
    for work in (
        lambda: ndbytes.arrays_to_bytes({"x": x}, compression="deflate", threads=1),
        lambda: ndbytes.bytes_to_arrays(data),
        lambda: ndbytes.bytes_to_array(data),
    ):
        counted, done = 0, threading.Event()

        def run(work: Any = work, done: threading.Event = done) -> None:
            work()
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        while not done.is_set():
            counted += 1
            time.sleep(0.0005)
        thread.join()
        assert counted > 3


def test_limits() -> None:
    zeros = np.zeros(300 << 20, "u1")
    data = ndbytes.arrays_to_bytes({"x": zeros}, compression="deflate")
    for read in (ndbytes.bytes_to_arrays, ndbytes.bytes_to_array):
        with pytest.raises(ndbytes.DecodeError) as caught:
            read(data)
        assert (caught.value.kind, caught.value.format) == ("limit", "npz")
    raised = ndbytes.Limits(max_bytes=1 << 30)
    assert ndbytes.bytes_to_arrays(data, limits=raised)["x"].size == zeros.size
    stored = ndbytes.arrays_to_bytes({"x": zeros[: 1 << 20], "y": zeros[: 1 << 20]})
    ndbytes.bytes_to_arrays(stored, limits=ndbytes.Limits(max_bytes=0))
    with pytest.raises(ndbytes.DecodeError, match="max_bytes"):
        ndbytes.bytes_to_arrays(stored, limits=ndbytes.Limits(max_bytes=1 << 20), copy=True)
    with pytest.raises(ndbytes.DecodeError, match="max_entries"):
        ndbytes.bytes_to_arrays(stored, limits=ndbytes.Limits(max_entries=1))


def test_errors_say_where() -> None:
    data = bytearray(ndbytes.arrays_to_bytes({"x": np.arange(100), "y": np.arange(100)}))
    at = data.index(b"y.npy") + 300
    data[at] ^= 1
    with pytest.raises(ndbytes.DecodeError, match="CRC-32") as caught:
        ndbytes.bytes_to_arrays(data)
    error = caught.value
    assert (error.format, error.entry, error.kind) == ("npz", "y.npy", "malformed")
    assert error.offset is not None
    assert error.offset < at


def test_inspect() -> None:
    arrays = {"x": np.zeros((2, 3), ">f4"), "y": np.zeros(1000)}
    for compression in (None, "deflate", "zstd"):
        data = ndbytes.arrays_to_bytes(arrays, compression=compression)
        summary = ndbytes.inspect(data)
        assert (summary.format, summary.version, summary.oddities) == ("npz", None, [])
        assert [entry.name for entry in summary.entries] == ["x", "y"]
        assert [entry.dtype for entry in summary.entries] == [np.dtype(">f4"), np.dtype("f8")]
        assert [entry.shape for entry in summary.entries] == [(2, 3), (1000,)]
        last = summary.entries[1]
        assert last.nbytes == 8000
        assert last.compression == compression
        assert (last.offset is None) == (compression is not None)
        if last.offset is not None:
            assert data[last.offset :][:8000] == bytes(8000)


def test_fork_after_threads() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    x = {"x": np.arange(3 << 20), "y": np.arange(3 << 20)}
    before = ndbytes.arrays_to_bytes(x, compression="deflate", threads=4)
    child = os.fork()
    if child == 0:
        again = ndbytes.arrays_to_bytes(x, compression="deflate", threads=4)
        same = again == before and len(ndbytes.bytes_to_arrays(again)) == 2
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_file_objects_may_keep_what_they_are_given() -> None:
    class Keeping(io.BytesIO):
        def write(self, data: Any) -> int:
            kept.append(data)
            return super().write(data)

    kept: list[Any] = []
    arrays = {f"x{n}": np.full((40, 40), n) for n in range(100)}
    plain, keeping, patched = io.BytesIO(), Keeping(), io.BytesIO()
    patched.write = lambda data: kept.append(data) or len(data)  # type: ignore[method-assign]
    for file in (plain, keeping, patched):
        ndbytes.savez(file, **arrays)
    assert len(kept) > 4
    assert b"".join(kept) == plain.getvalue() * 2
    assert keeping.getvalue() == plain.getvalue()
    assert patched.getvalue() == b""
    for name, x in ndbytes.load(io.BytesIO(plain.getvalue())).items():
        assert_same(x, arrays[name])
