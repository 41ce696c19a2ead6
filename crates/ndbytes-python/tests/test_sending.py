"""`array_to_buffers`: the pieces of a message, over the array's own memory."""

from __future__ import annotations

import gc
import io
import os
import socket
import sys
import threading
import weakref
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import DTYPES, assert_same, filled, layouts, nothing, parts


def address(view: memoryview) -> int:
    return np.frombuffer(view, np.uint8).ctypes.data if view.nbytes else 0


@pytest.mark.parametrize("name", DTYPES)
def test_pieces_in_every_layout(name: str) -> None:
    for layout, x in layouts(filled(DTYPES[name], (4, 3, 5))):
        pieces = ndbytes.array_to_buffers(x)
        assert type(pieces) is list
        header, data = pieces
        assert type(header) is bytes
        assert type(data) is memoryview
        assert data.readonly
        assert data.contiguous
        assert (data.format, data.itemsize, data.ndim) == ("B", 1, 1)
        assert data.nbytes == x.nbytes
        whole = ndbytes.array_to_bytes(x)
        assert header == whole[: len(header)]
        assert len(header) % 64 == 0
        assert_same(ndbytes.bytes_to_array(b"".join(pieces)), x)
        if x.nbytes and (x.flags.c_contiguous or x.flags.f_contiguous):
            assert address(data) == x.ctypes.data, layout
            assert b"".join(pieces) == whole
        elif x.nbytes:
            assert not np.shares_memory(np.frombuffer(data, np.uint8), np.asarray(x)), layout


@pytest.mark.parametrize("order", ["C", "F"])
def test_no_copy_is_made(order: Any) -> None:
    x = np.zeros((5, 7), "<u2", order=order)
    _, data = ndbytes.array_to_buffers(x)
    x[4, 6] = 0x1234
    assert bytes(data[-2:]) == b"\x34\x12"


def test_the_array_cannot_be_written_through_the_pieces() -> None:
    x = np.zeros(4, "u1")
    _, data = ndbytes.array_to_buffers(x)
    with pytest.raises(TypeError):
        data[0] = 1


def test_the_memoryview_keeps_the_array_alive() -> None:
    x = np.arange(1000.0)
    gone = weakref.ref(x)
    before = sys.getrefcount(x)
    _, data = ndbytes.array_to_buffers(x)
    assert sys.getrefcount(x) > before
    expected = x.tobytes()
    del x
    gc.collect()
    assert gone() is not None
    rubbish = [np.full(1000, -1.0) for _ in range(100)]
    assert data.tobytes() == expected
    del data, rubbish
    gc.collect()
    assert gone() is None


def test_the_array_cannot_be_resized_under_the_memoryview() -> None:
    x = np.arange(10)
    pieces = ndbytes.array_to_buffers(x)
    with pytest.raises(ValueError, match="resize"):
        x.resize(100)
    assert pieces[1].tobytes() == x.tobytes()


@pytest.mark.parametrize(
    "x",
    [
        np.array(1.5),
        np.array("2024-02-29", "M8[D]"),
        np.arange(3).astype("m8[ns]"),
        np.empty((0, 3)),
        np.zeros((3, 0), order="F"),
        nothing("S0", (3,)),
        nothing(np.dtype([]), (2,)),
        np.broadcast_to(np.float32(7), (3, 4)),
        [1, 2, 3],
        2.5,
        "text",
    ],
    ids=repr,
)
def test_unusual_arrays(x: Any) -> None:
    pieces = ndbytes.array_to_buffers(x)
    assert b"".join(pieces) == ndbytes.array_to_bytes(x)
    assert sum(memoryview(piece).nbytes for piece in pieces) == len(ndbytes.array_to_bytes(x))


def test_read_only_and_memory_mapped_arrays(tmp_path: Any) -> None:
    x = np.memmap(tmp_path / "x", "<i4", "w+", shape=(6,))
    x[:] = range(6)
    for array in (x, np.frombuffer(bytes(24), "<i4")):
        _, data = ndbytes.array_to_buffers(array)
        assert address(data) == array.ctypes.data


@pytest.mark.skipif(not hasattr(socket.socket, "sendmsg"), reason="no sendmsg here")
def test_socket() -> None:
    x = filled("<f8", (300, 200), order="F")
    pieces = ndbytes.array_to_buffers(x)
    ours, theirs = socket.socketpair()
    received = bytearray()

    def receive() -> None:
        while chunk := theirs.recv(1 << 16):
            received.extend(chunk)

    with ours, theirs:
        receiver = threading.Thread(target=receive)
        receiver.start()
        sent = ours.sendmsg(pieces)
        ours.sendall(b"".join(pieces)[sent:])
        ours.shutdown(socket.SHUT_WR)
        receiver.join()
    assert parts(ndbytes.bytes_to_array(received)) == parts(x)


def test_files(tmp_path: Any) -> None:
    x = filled(">c16", (30, 20))
    pieces = ndbytes.array_to_buffers(x)
    path = tmp_path / "x.npy"
    with path.open("wb") as file:
        file.writelines(pieces)
    assert parts(np.load(path)) == parts(x)
    if hasattr(os, "writev"):
        with path.open("wb") as file:
            assert os.writev(file.fileno(), pieces) == len(ndbytes.array_to_bytes(x))
        assert path.read_bytes() == ndbytes.array_to_bytes(x)
    stream = io.BytesIO()
    stream.writelines(pieces)
    assert stream.getvalue() == ndbytes.array_to_bytes(x)
