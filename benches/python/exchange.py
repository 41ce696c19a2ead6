"""Two processes send arrays to each other: messages and bytes per second.

`python benches/python/exchange.py [--quick]`, in an environment with ndbytes. Compared are
`multiprocessing.connection.Connection` with pickle, `write_array` and `read_array` on the socket
itself and on buffered files of it, and, for large arrays, the bare socket into a fresh array. They
are measured in turns; a ratio compares the best of each.
"""

from __future__ import annotations

import argparse
import os
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import ndbytes
import numpy as np


def unix() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def tcp() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    for end in (ours, theirs):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


def connection_sends(end: socket.socket, x: Any, count: int) -> None:
    with Connection(end.detach()) as connection:
        for _ in range(count):
            connection.send(x)


def connection_receives(end: socket.socket, x: Any, count: int) -> Any:
    with Connection(end.detach()) as connection:
        for _ in range(count):
            found = connection.recv()
    return found


def ndbytes_sends(end: Any, x: Any, count: int) -> None:
    for _ in range(count):
        ndbytes.write_array(end, x)


def ndbytes_receives(end: Any, x: Any, count: int) -> Any:
    for _ in range(count):
        found = ndbytes.read_array(end)
    return found


def buffered_sends(end: socket.socket, x: Any, count: int) -> None:
    with end.makefile("wb", 1 << 18) as file:
        ndbytes_sends(file, x, count)


def buffered_receives(end: socket.socket, x: Any, count: int) -> Any:
    with end.makefile("rb", 1 << 18) as file:
        return ndbytes_receives(file, x, count)


def bare_sends(end: socket.socket, x: Any, count: int) -> None:
    for _ in range(count):
        end.sendall(memoryview(x).cast("B"))


def bare_receives(end: socket.socket, x: Any, count: int) -> Any:
    for _ in range(count):
        found = np.empty_like(x)
        memory, got = memoryview(found).cast("B"), 0
        while got < len(memory):
            got += end.recv_into(memory[got:])
    return found


WAYS: dict[str, tuple[Callable[..., None], Callable[..., Any]]] = {
    "Connection": (connection_sends, connection_receives),
    "ndbytes": (ndbytes_sends, ndbytes_receives),
    "ndbytes, buffered": (buffered_sends, buffered_receives),
    "bare socket": (bare_sends, bare_receives),
}


def exchange(pair: Callable[[], Any], way: str, x: Any, count: int) -> float:
    """Seconds until `count` arrays have come from a child process."""
    sends, receives = WAYS[way]
    ours, theirs = pair()
    child = os.fork()
    if child == 0:
        ours.close()
        sends(theirs, x, count)
        theirs.close()
        os._exit(0)
    theirs.close()
    with ours:
        start = time.perf_counter()
        found = receives(ours, x, count)
        seconds = time.perf_counter() - start
    os.waitpid(child, 0)
    assert ndbytes.identical(found, x)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    random = np.random.default_rng(0).standard_normal
    small = ["Connection", "ndbytes", "ndbytes, buffered"]
    large = ["Connection", "ndbytes", "bare socket"]
    cases = [
        ("10 float64", random(10), 20_000 if quick else 1_000_000, small),
        ("28x28 float64", random((28, 28)), 10_000 if quick else 200_000, small),
        ("100 MB float64", random(12_500_000), 5 if quick else 100, large),
    ]
    for pair in (unix, tcp):
        for name, x, count, ways in cases:
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(3):
                for way in ways:
                    seconds[way].append(exchange(pair, way, x, count))
            print(f"{pair.__name__}, {name}:")
            for way, times in seconds.items():
                best, ratio = min(times), min(seconds["Connection"]) / min(times)
                rate = count * x.nbytes / best / 1e9
                print(f"  {way:18} {count / best:10,.0f} /s {rate:6.2f} GB/s {ratio:6.1f}x")


if __name__ == "__main__":
    main()
