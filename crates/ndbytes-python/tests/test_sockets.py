"""Sockets: used by their number where that is sure to be the same, by their methods elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import DTYPES, assert_same, filled, layouts, parts
from programs import run

SMALL = np.arange(60, dtype="<i2").reshape(4, 3, 5)
LARGE = np.arange(3 << 20, dtype=">u4")
POSIX = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")


def unix() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def tcp(host: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        ours = socket.create_connection(server.getsockname()[:2])
        theirs, _ = server.accept()
    return ours, theirs


@pytest.fixture(params=[unix, tcp], ids=["unix", "tcp"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = request.param()
    with ours, theirs:
        yield ours, theirs


def sent(end: socket.socket, data: bytes) -> threading.Thread:
    """Sends bytes in another thread, and then no more."""

    def send() -> None:
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def often(call: Callable[[], Any]) -> None:
    """More often than there is room for what it sends."""
    for _ in range(100):
        call()


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_layout(name: str, ends: Any) -> None:
    ours, theirs = ends
    for layout, x in layouts(filled(DTYPES[name], (4, 3, 5))):
        ndbytes.write_array(ours, x)
        ndbytes.write_array(ours, x)
        for _ in range(2):
            found = ndbytes.read_array(theirs)
            assert_same(found, x)
            assert found.flags.writeable, layout
            assert found.flags.owndata, layout
    # What was read of one is not read of another.
    ours.sendall(b"end")
    assert theirs.recv(10) == b"end"


def test_sizes_around_every_bound(ends: Any) -> None:
    ours, theirs = ends
    sizes = [0, 1, 63, 64, (64 << 10) - 129, (64 << 10) - 128, (64 << 10) - 127, 64 << 10]
    sizes += [(64 << 10) + 1, (128 << 10) - 1, 128 << 10, 1 << 20, (16 << 20) + 1]
    arrays = [filled("u1", (size,)) for size in sizes for _ in range(3)]
    sender = threading.Thread(target=lambda: [ndbytes.write_array(ours, x) for x in arrays])
    sender.start()
    for x in arrays:
        assert parts(ndbytes.read_array(theirs)) == parts(x)
    sender.join()


def test_headers_longer_than_is_looked_at(ends: Any) -> None:
    ours, theirs = ends
    x = np.zeros(3, [(f"field {index}", "u1") for index in range(20)])
    objects = np.array([None, {"a": [1.5]}], object)
    for array in (x, SMALL, objects, SMALL):
        ndbytes.write_array(ours, array)
    assert_same(ndbytes.read_array(theirs), x)
    assert_same(ndbytes.read_array(theirs), SMALL)
    assert repr(ndbytes.read_array(theirs)) == repr(objects)
    assert_same(ndbytes.read_array(theirs), SMALL)


def test_a_cut_at_any_byte(ends: Any) -> None:
    data = ndbytes.array_to_bytes(SMALL)
    for end in range(len(data) + 1):
        ours, theirs = unix() if ends[0].family == socket.AF_UNIX else tcp()
        with ours, theirs:
            sent(ours, data[:end]).join()
            if end == len(data):
                assert_same(ndbytes.read_array(theirs), SMALL)
            elif end:
                with pytest.raises(ndbytes.IncompleteError) as caught:
                    ndbytes.read_array(theirs)
                assert end < caught.value.needed <= len(data)
                continue
            with pytest.raises(EOFError):
                ndbytes.read_array(theirs)


def test_bytes_that_come_one_by_one(ends: Any) -> None:
    ours, theirs = ends
    if ours.family != socket.AF_UNIX:
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = ndbytes.array_to_bytes(SMALL) + ndbytes.array_to_bytes(SMALL.T)

    def dribble() -> None:
        for byte in data:
            ours.send(bytes([byte]))
        ours.close()

    thread = threading.Thread(target=dribble)
    thread.start()
    found = list(ndbytes.read_arrays(theirs))
    assert len(found) == 2
    assert_same(found[0], SMALL)
    assert_same(found[1], SMALL.T)
    thread.join()


def test_limits(ends: Any) -> None:
    ours, theirs = ends
    data = ndbytes.array_to_bytes(SMALL)
    for limits, option in (
        (ndbytes.Limits(max_bytes=SMALL.nbytes - 1), "max_bytes"),
        (ndbytes.Limits(max_header=100), "max_header"),
    ):
        ours.sendall(data)
        with pytest.raises(ndbytes.DecodeError, match=option):
            ndbytes.read_array(theirs, limits=limits)
        theirs.recv(len(data))


def test_a_size_that_lies_takes_no_memory(ends: Any) -> None:
    ours, theirs = ends
    header = ndbytes.array_to_bytes(np.zeros((0, 1 << 40), "u1"))
    lie = header.replace(b"(0, 1099511627776)", b"(9, 1099511627776)") + bytes(20 << 20)
    thread = sent(ours, lie)
    with pytest.raises(ndbytes.IncompleteError):
        ndbytes.read_array(theirs)
    thread.join()


def test_a_class_with_methods_of_its_own_is_used_by_them() -> None:
    class Scrambled(socket.socket):
        def recv(self, *args: Any) -> bytes:
            return bytes(255 - byte for byte in super().recv(*args))

        def recv_into(self, memory: Any, *args: Any) -> int:  # type: ignore[override]
            got = super().recv_into(memory, *args)
            memory[:got] = bytes(255 - byte for byte in memory[:got])
            return got

        def sendall(self, data: Any, *args: Any) -> None:
            super().sendall(bytes(255 - byte for byte in bytes(data)), *args)

    ours, theirs = (Scrambled(fileno=end.detach()) for end in socket.socketpair())
    with ours, theirs:
        for x in (SMALL, LARGE[:40_000]):
            ndbytes.write_array(ours, x)
            assert_same(ndbytes.read_array(theirs), x)
        ndbytes.write_array(ours, SMALL)
        assert socket.socket.recv(theirs, 6) == bytes(255 - byte for byte in b"\x93NUMPY")


def test_sockets_that_do_not_wait(ends: Any) -> None:
    ours, theirs = ends
    for timeout, error in ((0, BlockingIOError), (0.05, TimeoutError)):
        for end in ends:
            end.settimeout(timeout)
        with pytest.raises(error):
            ndbytes.read_array(theirs)
        with pytest.raises(error):
            often(lambda: ndbytes.write_array(ours, LARGE))
        while True:
            try:
                theirs.recv(1 << 20)
            except error:
                break
    # The system's own word that a socket does not wait counts, too.
    theirs.settimeout(None)
    os.set_blocking(theirs.fileno(), False)
    with pytest.raises(BlockingIOError):
        ndbytes.read_array(theirs)


def test_the_other_end_is_gone(ends: Any) -> None:
    ours, theirs = ends
    theirs.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        often(lambda: ndbytes.write_array(ours, LARGE))
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        often(lambda: ndbytes.write_array(ours, SMALL))
    with pytest.raises(OSError, match="Bad file descriptor"):
        ndbytes.read_array(theirs)
    with pytest.raises(OSError, match="Bad file descriptor"):
        ndbytes.write_array(theirs, SMALL)


def test_other_threads_run_while_one_waits(ends: Any) -> None:
    ours, theirs = ends
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(ndbytes.read_array(theirs)))
    thread.start()
    time.sleep(0.05)
    assert not found
    ndbytes.write_array(ours, SMALL)
    thread.join()
    assert_same(found[0], SMALL)
    # And while one cannot send.
    thread = threading.Thread(target=lambda: ndbytes.write_array(ours, LARGE))
    thread.start()
    time.sleep(0.05)
    assert_same(ndbytes.read_array(theirs), LARGE)
    thread.join()


@POSIX
@pytest.mark.parametrize("way", ["unix", "tcp"])
@pytest.mark.parametrize("call", ["read_array(theirs)", "write_array(ours, np.zeros(1 << 24))"])
def test_an_interrupt_stops_the_waiting(way: str, call: str) -> None:
    program = f"""
        import os, signal, socket, sys, threading
        import ndbytes, numpy as np
        if {way!r} == "unix":
            ours, theirs = socket.socketpair()
        else:
            with socket.create_server(("127.0.0.1", 0)) as server:
                ours = socket.create_connection(server.getsockname())
                theirs, _ = server.accept()
        ours.sendall(ndbytes.array_to_bytes(np.arange(1000))[:3000])
        calls = []
        signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
        # One whose handler returns does not end the waiting, one whose handler raises does.
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            ndbytes.{call}
        except KeyboardInterrupt:
            print("interrupted", len(calls))
        ours.close(), theirs.close()
    """
    done = run(program)
    assert (done.stdout, done.stderr) == ("interrupted 1\n", "")


@POSIX
def test_a_signal_in_the_middle_loses_nothing(ends: Any) -> None:
    ours, theirs = ends
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(5):
            sender = threading.Thread(target=lambda: ndbytes.write_array(ours, LARGE))
            sender.start()
            assert_same(ndbytes.read_array(theirs), LARGE)
            sender.join()
            receiver = threading.Thread(target=lambda: ndbytes.read_array(theirs))
            receiver.start()
            ndbytes.write_array(ours, LARGE)
            receiver.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_sockets_that_were_replaced_are_used_by_their_methods() -> None:
    """As event loops do that take the place of `socket.socket`."""
    program = """
        import socket
        real = socket.socket
        class Other:
            def __init__(self, *args, **kwargs):
                self.base = real(*args, **kwargs)
            def __getattr__(self, name):
                return getattr(self.base, name)
            def recv(self, size):
                calls.append(size)
                return self.base.recv(size)
        socket.socket = Other
        import ndbytes, numpy as np
        calls = []
        import _socket
        pair = [Other(fileno=end.detach()) for end in _socket.socketpair()]
        ndbytes.write_array(pair[0], np.arange(3))
        assert ndbytes.read_array(pair[1]).tolist() == [0, 1, 2]
        assert calls == [10, 118, 24], calls
        pair[0].close(), pair[1].close()
    """
    done = run(program)
    assert (done.stdout, done.stderr) == ("", "")
