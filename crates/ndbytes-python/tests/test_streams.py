"""`write_array`, `read_array`, `read_arrays` and those of `aio`: npy messages back to back."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import DTYPES, FIXTURES, assert_same, filled, layouts, parts

SMALL = np.arange(60, dtype="<i2").reshape(4, 3, 5)
LARGE = np.arange(3 << 20, dtype=">u4")
ARRAYS = [SMALL, LARGE, SMALL.T, LARGE[::3], LARGE[:0], np.float32(1.5), LARGE[:20_000]]


def bytes_of(*arrays: Any) -> bytes:
    return b"".join(map(ndbytes.array_to_bytes, arrays))


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_layout(name: str) -> None:
    arrays = [x for _, x in layouts(filled(DTYPES[name], (4, 3, 5)))]
    stream = io.BytesIO()
    for x in arrays:
        assert ndbytes.write_array(stream, x) is None
    assert len(stream.getvalue()) == len(bytes_of(*arrays))
    stream.seek(0)
    found = list(ndbytes.read_arrays(stream))
    assert len(found) == len(arrays)
    for x, y in zip(arrays, found, strict=True):
        assert_same(y, x)
        assert y.flags.writeable
        assert y.flags.fnc == (x.flags.fnc and not x.flags.c_contiguous)


def pairs() -> dict[str, Callable[[], tuple[Any, Any]]]:
    """Ways to get bytes from here to there."""

    def sockets() -> tuple[Any, Any]:
        return socket.socketpair()

    def tcp() -> tuple[Any, Any]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            theirs, _ = server.accept()
        return ours, theirs

    def timed() -> tuple[Any, Any]:
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        theirs.settimeout(30)
        return ours, theirs

    def pipe(buffering: int) -> tuple[Any, Any]:
        reads, writes = os.pipe()
        return os.fdopen(writes, "wb", buffering), os.fdopen(reads, "rb", buffering)

    def made() -> tuple[Any, Any]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            return ours.makefile("wb"), theirs.makefile("rb")

    return {
        "sockets": sockets,
        "tcp": tcp,
        "timed": timed,
        "pipe": lambda: pipe(-1),
        "raw pipe": lambda: pipe(0),
        "makefile": made,
    }


@pytest.mark.parametrize("name", pairs())
def test_real_streams(name: str) -> None:
    ours, theirs = pairs()[name]()

    def send() -> None:
        with ours:
            for x in ARRAYS:
                ndbytes.write_array(ours, x)

    sender = threading.Thread(target=send)
    sender.start()
    with theirs:
        for x in ARRAYS[:3]:
            assert parts(ndbytes.read_array(theirs)) == parts(np.asarray(x))
        rest = ndbytes.read_arrays(theirs)
        assert iter(rest) is rest
        for x, found in zip(ARRAYS[3:], rest, strict=True):
            assert parts(found) == parts(np.asarray(x))
        with pytest.raises(EOFError):
            ndbytes.read_array(theirs)
        assert list(ndbytes.read_arrays(theirs)) == []
    sender.join()


def test_nothing_is_read_ahead(tmp_path: Path) -> None:
    data = bytes_of(SMALL, LARGE) + b"end"
    path = tmp_path / "x"
    path.write_bytes(data)
    for stream in (io.BytesIO(data), path.open("rb"), path.open("rb", 0)):
        with stream:
            arrays = ndbytes.read_arrays(stream)
            assert_same(next(arrays), SMALL)
            assert stream.tell() == len(bytes_of(SMALL))
            assert_same(next(arrays), LARGE)
            assert stream.read() == b"end"
    with gzip.open(path, "wb") as file:
        ndbytes.write_array(file, SMALL)
        file.write(b"end")
    with gzip.open(path, "rb") as file:
        assert_same(ndbytes.read_array(file), SMALL)
        assert file.read() == b"end"


def test_a_cut_at_any_byte() -> None:
    data = bytes_of(SMALL, SMALL.T)
    ends = {0, len(bytes_of(SMALL)), len(data)}
    for end in range(len(data) + 1):
        arrays = ndbytes.read_arrays(io.BytesIO(data[:end]))
        if end in ends:
            assert len(list(arrays)) == [*sorted(ends)].index(end)
            continue
        with pytest.raises(ndbytes.IncompleteError) as caught:
            list(arrays)
        assert not isinstance(caught.value, EOFError)
        at = end % len(bytes_of(SMALL))
        assert at < caught.value.needed <= len(bytes_of(SMALL))


def test_every_fixture() -> None:
    """What `bytes_to_array` reads of the bytes, or a fault, and never another exception."""
    seen = 0
    for path in sorted(FIXTURES.glob("*/npy/**/*.npy")):
        data = path.read_bytes()
        try:
            expected = ndbytes.bytes_to_array(data, format="npy")
        except ndbytes.DecodeError as error:
            if "newline" in str(error):
                # Only the byte behind the header tells, which a stream is not asked for.
                continue
            for stream in (io.BytesIO(data), OnlyRead(data, 1000)):
                with pytest.raises((ndbytes.DecodeError, EOFError)):
                    ndbytes.read_array(stream)
            with pytest.raises((ndbytes.DecodeError, EOFError)):
                asyncio.run(ndbytes.aio.read_array(Fed(data)))
            continue
        for found in (
            ndbytes.read_array(io.BytesIO(data)),
            ndbytes.read_array(OnlyRead(data, 1000)),
            asyncio.run(ndbytes.aio.read_array(Fed(data))),
        ):
            if expected.dtype.hasobject:
                assert repr(found) == repr(expected), path
            else:
                assert parts(found) == parts(expected), path
        seen += 1
    assert seen > 1000


def test_what_is_no_array() -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n", b"\x93NUMPY\x09\x00\x00\x00", b"PK\x03\x04" + bytes(30)):
        with pytest.raises(ndbytes.DecodeError) as caught:
            ndbytes.read_array(io.BytesIO(rubbish))
        assert caught.value.kind in ("unrecognized", "unsupported")
    for wrong in (5, "text", b"bytes", [SMALL]):
        for call in (
            lambda: ndbytes.read_array(wrong),  # noqa: B023
            lambda: ndbytes.read_arrays(wrong),  # noqa: B023
            lambda: ndbytes.write_array(wrong, SMALL),  # noqa: B023
        ):
            with pytest.raises(TypeError, match="there is no way to"):
                call()


def test_nothing_is_written_of_what_is_refused() -> None:
    stream = io.BytesIO()
    for refused in (
        np.ma.array([1]),
        np.zeros(3, np.dtype("i4", metadata={"a": 1})),
        np.array([print]),
        np.rec.array([(1,)]),
    ):
        with pytest.raises(ndbytes.EncodeError):
            ndbytes.write_array(stream, refused)
    assert stream.getvalue() == b""


def test_limits() -> None:
    data = bytes_of(SMALL)
    for limits, option in (
        (ndbytes.Limits(max_bytes=SMALL.nbytes - 1), "max_bytes"),
        (ndbytes.Limits(max_header=100), "max_header"),
    ):
        for call in (
            lambda: ndbytes.read_array(io.BytesIO(data), limits=limits),  # noqa: B023
            lambda: next(ndbytes.read_arrays(io.BytesIO(data), limits=limits)),  # noqa: B023
            lambda: asyncio.run(ndbytes.aio.read_array(Fed(data), limits=limits)),  # noqa: B023
        ):
            with pytest.raises(ndbytes.DecodeError, match=option) as caught:
                call()
            assert caught.value.kind == "limit"
    exact = ndbytes.Limits(max_bytes=SMALL.nbytes)
    assert_same(ndbytes.read_array(io.BytesIO(data), limits=exact), SMALL)


def test_objects() -> None:
    x = np.array([[1, "text"], [None, {"a": [2.5, SMALL[0]]}]], object)
    structured = np.array([(1, None), (2, [3])], [("a", "i4"), ("b", object)])
    stream = io.BytesIO()
    for array in (x, structured, SMALL):
        ndbytes.write_array(stream, array)
    for read in (io.BytesIO(stream.getvalue()), OnlyRead(stream.getvalue())):
        found = list(ndbytes.read_arrays(read))
        assert repr(found) == repr([x, structured, SMALL])
    data = bytearray(ndbytes.array_to_bytes(np.array([None])))
    data[128:] = b"cos\nsystem\n(S'echo gotcha'\ntR."
    with pytest.raises(ndbytes.UnsafeError):
        ndbytes.read_array(io.BytesIO(data))


class OnlyRead:
    def __init__(self, data: bytes, step: int = 7) -> None:
        self._base = io.BytesIO(data)
        self._step = step

    def read(self, size: int) -> bytes:
        return self._base.read(min(size, self._step))


class Fed:
    """A reader of asyncio that brings so many bytes at a time."""

    def __init__(self, data: bytes, step: int = 1 << 20) -> None:
        self._base = io.BytesIO(data)
        self._step = step

    async def read(self, size: int) -> bytes:
        return self._base.read(min(size, self._step))


async def collected(reader: Any) -> list[Any]:
    return [x async for x in ndbytes.aio.read_arrays(reader)]


def test_asyncio_on_a_real_connection() -> None:
    async def serve(reader: Any, writer: Any) -> None:
        async for x in ndbytes.aio.read_arrays(reader):
            await ndbytes.aio.write_array(writer, x)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for x in ARRAYS:
            changing = np.array(x)
            sending = asyncio.ensure_future(ndbytes.aio.write_array(writer, changing))
            receiving = asyncio.ensure_future(ndbytes.aio.read_array(reader))
            await sending
            # It may change as soon as it is handed over.
            changing[...] = 0
            assert parts(await receiving) == parts(np.asarray(x))
        writer.close()
        with pytest.raises(EOFError):
            await ndbytes.aio.read_array(reader)
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def test_asyncio_on_every_dtype_and_in_pieces() -> None:
    arrays = [filled(dtype, (4, 5)) for dtype in DTYPES.values()]
    arrays.append(np.array([1, None, {"x": SMALL}], object))
    data = b"".join(map(ndbytes.array_to_bytes, arrays))
    for step in (1, 7, 1 << 20):
        found = asyncio.run(collected(Fed(data, step)))
        assert len(found) == len(arrays)
        for x, y in zip(arrays[:-1], found[:-1], strict=True):
            assert_same(y, x)
            assert y.flags.writeable
        assert repr(found[-1]) == repr(arrays[-1])


def test_asyncio_and_cuts() -> None:
    data = bytes_of(SMALL, SMALL.T)
    ends = sorted({0, len(bytes_of(SMALL)), len(data)})
    for end in range(0, len(data) + 1, 3):
        if end in ends:
            assert len(asyncio.run(collected(Fed(data[:end])))) == ends.index(end)
        else:
            with pytest.raises(ndbytes.IncompleteError):
                asyncio.run(collected(Fed(data[:end])))
    for rubbish in (b"rubbish, and more of it", b"\x93NUMPY\x01\x00\x05\x00{'a'}"):
        with pytest.raises(ndbytes.DecodeError):
            asyncio.run(collected(Fed(rubbish)))


def test_a_size_that_lies_takes_no_memory() -> None:
    header = ndbytes.array_to_bytes(np.zeros((0, 1 << 40), "u1"))
    lie = header.replace(b"(0, 1099511627776)", b"(9, 1099511627776)") + bytes(70 << 20)
    with pytest.raises(ndbytes.IncompleteError):
        asyncio.run(collected(Fed(lie)))
    with pytest.raises(ndbytes.IncompleteError):
        ndbytes.read_array(io.BytesIO(lie))


def test_memory_that_grows() -> None:
    # More than is believed in before it arrives.
    x = np.arange(20 << 20, dtype=">u4")
    for found in (
        asyncio.run(ndbytes.aio.read_array(Fed(ndbytes.array_to_bytes(x)))),
        ndbytes.read_array(io.BytesIO(ndbytes.array_to_bytes(x))),
    ):
        assert_same(found, x)
        found[0] = 7
        assert found.flags.aligned


def test_two_processes_exchange_arrays(tmp_path: Path) -> None:
    program = """
        import socket, sys
        import ndbytes
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect("socket")
            for x in ndbytes.read_arrays(stream):
                x += 1
                ndbytes.write_array(stream, x)
    """
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("no Unix sockets here")
    here = os.getcwd()
    # The path of a socket may not be long.
    os.chdir(tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            server.listen()
            child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
            stream, _ = server.accept()
    finally:
        os.chdir(here)
    with stream:
        for x in [SMALL, LARGE.astype("<u4")] * 3:
            ndbytes.write_array(stream, x)
            assert_same(ndbytes.read_array(stream), x + x.dtype.type(1))
        stream.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            ndbytes.read_array(stream)
    assert child.wait(timeout=30) == 0


def test_a_process_that_dies_is_a_cut() -> None:
    program = """
        import os, sys
        import ndbytes, numpy as np
        ndbytes.write_array(sys.stdout.buffer, np.arange(3))
        sys.stdout.buffer.write(ndbytes.array_to_bytes(np.arange(1000))[:500])
        sys.stdout.flush()
        os._exit(1)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    arrays = ndbytes.read_arrays(child.stdout)
    assert_same(next(arrays), np.arange(3))
    with pytest.raises(ndbytes.IncompleteError):
        next(arrays)
    child.stdout.close()
    assert child.wait() == 1
