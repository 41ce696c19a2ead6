"""`ndbytes.pickle` on files, buffers beside the pickle, and what it refuses."""

from __future__ import annotations

import gzip
import io
import os
import pickle as python_pickle
import threading
import uuid
import warnings
import zoneinfo
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import assert_same, filled, plain_dtypes, structured_dtypes
from ndbytes import pickle

VALUES: list[Any] = [None, {"x": [1, 2.5]}, "text" * 50, tuple(range(300)), b"\n" * 1000]


def test_names() -> None:
    assert pickle.HIGHEST_PROTOCOL == 5
    assert pickle.DEFAULT_PROTOCOL == 4
    assert pickle.PickleBuffer is python_pickle.PickleBuffer
    assert pickle.UnpicklingError is ndbytes.DecodeError
    assert pickle.PicklingError is ndbytes.EncodeError
    for call in (lambda: pickle.loads(b"no"), lambda: pickle.dumps(object())):
        with pytest.raises(pickle.PickleError):
            call()
    assert pickle.dumps(1, -1) == pickle.dumps(1, 5)
    for protocol in (6, 300):
        with pytest.raises(ValueError, match="protocol must be <= 5"):
            pickle.dumps(1, protocol)


def test_several_in_one_file(tmp_path: Path) -> None:
    for protocol in range(6):
        for dump in (pickle.dump, python_pickle.dump):
            path = tmp_path / f"{dump.__module__}{protocol}"
            with path.open("wb") as file:
                for value in [*VALUES, np.arange(100_000)]:
                    dump(value, file, protocol)
                file.write(b"what follows")
            with path.open("rb") as file:
                assert [pickle.load(file) for _ in VALUES] == VALUES
                assert_same(pickle.load(file), np.arange(100_000))
                assert file.read() == b"what follows"


def test_the_end_of_a_file() -> None:
    for file in (io.BytesIO(), io.BytesIO(b"")):
        with pytest.raises(EOFError, match="Ran out of input"):
            pickle.load(file)
    with pytest.raises(ndbytes.IncompleteError):
        pickle.load(io.BytesIO(pickle.dumps(VALUES)[:-1]))
    # A length that lies does not make room for it.
    with pytest.raises(ndbytes.IncompleteError):
        pickle.load(io.BytesIO(b"\x80\x05\x8e" + b"\xff" * 7 + b"\x7f"))
    with pytest.raises(ndbytes.DecodeError, match="no opcode 0xff"):
        pickle.load(io.BytesIO(b"\xff\xff"))
    with pytest.raises(TypeError, match="'rb'"):
        pickle.load(io.StringIO("text"))


def test_files_that_cannot_go_back(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    with gzip.open(path, "wb") as file:
        for value in VALUES:
            pickle.dump(value, file)
    with gzip.open(path, "rb") as file:
        assert [pickle.load(file) for _ in VALUES] == VALUES

    # Of a pipe, nothing is read beyond a pickle: it would be lost.
    out, into = os.pipe()
    data = b"".join(pickle.dumps(value, n % 6) for n, value in enumerate(VALUES)) + b"end"

    def write() -> None:
        with os.fdopen(into, "wb") as file:
            for start in range(0, len(data), 7):
                file.write(data[start : start + 7])
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(out, "rb", buffering=0) as file:
        assert [pickle.load(file) for _ in VALUES] == VALUES
        assert file.read() == b"end"
    writer.join()


@pytest.mark.parametrize("dumps", [pickle.dumps, python_pickle.dumps], ids=["ours", "python"])
@pytest.mark.parametrize("loads", [pickle.loads, python_pickle.loads], ids=["ours", "python"])
def test_out_of_band(dumps: Any, loads: Any) -> None:
    x = np.arange(1000.0)
    f = np.asfortranarray(np.arange(12, dtype=">i2").reshape(3, 4))
    readonly = np.arange(5)
    readonly.flags.writeable = False
    value = {"x": x, "both": [x, f], "r": readonly, "strided": x[::2], "objects": np.array([None])}
    buffers: list[Any] = []
    data = dumps(value, 5, buffer_callback=buffers.append)
    assert len(data) < 5_000
    assert np.shares_memory(np.frombuffer(buffers[0]), x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = loads(data, buffers=buffers)
    assert found["x"] is found["both"][0]
    assert np.shares_memory(found["x"], x)
    assert found["x"].flags.writeable
    found["x"][0] = 7
    assert x[0] == 7
    assert_same(found["both"][1], f)
    assert found["both"][1].flags.f_contiguous
    assert np.shares_memory(found["r"], readonly)
    assert not found["r"].flags.writeable
    assert_same(found["strided"][1:], x[2::2])
    # Buffers that cannot be written stay so.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        frozen = loads(data, buffers=[bytes(buffer.raw()) for buffer in buffers])
    assert not frozen["x"].flags.writeable


@pytest.mark.parametrize("loads", [pickle.loads, python_pickle.loads], ids=["ours", "python"])
def test_every_dtype_out_of_band(loads: Any) -> None:
    """Times, too, which Python's own pickler copies, as buffers have no letter for them."""
    for dtype in [*plain_dtypes(), *structured_dtypes().values()]:
        x = filled(dtype, (4, 3), seed=5)
        for array in (x, np.asfortranarray(x), x[:1, 0].reshape(()), x[:0]):
            buffers: list[Any] = []
            data = pickle.dumps(array, 5, buffer_callback=buffers.append)
            assert len(buffers) == (dtype.itemsize > 0), dtype
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                found = loads(data, buffers=buffers)
            assert_same(found, array)
            assert np.shares_memory(found, array) or array.nbytes == 0


def test_out_of_band_or_not_is_for_the_callback_to_say() -> None:
    x = np.arange(1000)
    asked: list[Any] = []

    def keep(buffer: Any) -> bool:
        asked.append(buffer)
        return True

    data = pickle.dumps([x, x + 1], 5, buffer_callback=keep)
    assert len(asked) == 2
    assert isinstance(asked[0], pickle.PickleBuffer)
    assert_same(pickle.loads(data)[1], x + 1)
    with pytest.raises(ndbytes.DecodeError, match="buffers=") as caught:
        pickle.loads(pickle.dumps(x, 5, buffer_callback=lambda buffer: None))
    assert caught.value.kind == "unsupported"
    with pytest.raises(ValueError, match="protocol >= 5"):
        pickle.dumps(x, 4, buffer_callback=keep)

    def fail(buffer: Any) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        pickle.dumps([x, x + 1], 5, buffer_callback=fail)


def test_buffers_themselves() -> None:
    raw = bytearray(b"abc")
    for protocol in range(6):
        found = pickle.loads(pickle.dumps([pickle.PickleBuffer(raw), 1], protocol))
        assert found == [bytearray(b"abc"), 1]
        found = pickle.loads(pickle.dumps(pickle.PickleBuffer(b"abc"), protocol))
        assert (type(found), found) == (bytes, b"abc")
    buffers: list[Any] = []
    data = python_pickle.dumps([pickle.PickleBuffer(raw)], 5, buffer_callback=buffers.append)
    assert pickle.loads(data, buffers=[raw])[0] is raw


def test_views_and_copies() -> None:
    x = np.arange(1000.0)
    data = python_pickle.dumps([x, x[:10]], 5)
    whole = np.frombuffer(data, "u1")
    assert not any(np.shares_memory(found, whole) for found in pickle.loads(data))
    for copy in (None, False):
        for found in pickle.loads(data, copy=copy):
            assert np.shares_memory(found, whole)
            assert not found.flags.writeable
    with pytest.raises(ndbytes.DecodeError, match="view is not possible"):
        pickle.loads(python_pickle.dumps([x], 0), copy=False)
    large = np.random.default_rng(0).integers(0, 256, 1 << 18, "u1")
    for protocol in range(6):
        found = pickle.loads(python_pickle.dumps([large, large + 0], protocol))
        found[0][0] ^= 1
        assert_same(found[1], large)


def test_fix_imports() -> None:
    value = [{1}, range(3), b"x", bytearray(b"y"), uuid.UUID(int=5)]
    for protocol in range(6):
        modern = pickle.dumps(value, protocol, fix_imports=False)
        assert b"__builtin__" not in modern
        assert b"copy_reg" not in modern
        assert python_pickle.loads(modern, fix_imports=False) == value
        assert pickle.loads(modern) == value
        assert (b"__builtin__" in pickle.dumps(value, protocol)) == (protocol < 3)


def test_what_is_not_plain_data_is_refused_by_name() -> None:
    class Own(dict[str, int]):
        pass

    class Number(int):
        pass

    class Labelled(np.ndarray[Any, Any]):
        pass

    values: list[tuple[Any, str]] = [
        (object(), "object"),
        (print, "builtin_function_or_method"),
        (Own, "type"),
        (Own(), "Own"),
        (Number(3), "Number"),
        (zoneinfo.ZoneInfo("UTC"), "ZoneInfo"),
        (np.ma.masked, "numpy.ma.masked"),
        (np.arange(3).view(Labelled), "Labelled"),
        (np.float64, "type"),
        (os, "module"),
    ]
    for value, name in values:
        for inside in (value, [value], {1: (value,)}, np.array([None, [value]], object)):
            with pytest.raises(ndbytes.EncodeError) as caught:
                pickle.dumps(inside)
            assert name in str(caught.value)
            assert caught.value.hint
    made = uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe)
    with pytest.raises(ndbytes.EncodeError, match="UUID"):
        pickle.dumps(made)
