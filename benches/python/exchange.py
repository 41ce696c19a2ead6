"""Two processes send arrays to each other: messages and bytes per second.

A child process sends, this one receives, and the last array is compared. The contestants take
turns, in an order that is shuffled each round; what counts is the time for all messages, from the
first call to receive. Measured are `write_array` and `read_array` on the socket itself and on
buffered files of it, `multiprocessing.connection.Connection` with pickle, and the bare socket,
which is told how much to expect and moves the elements alone.
"""

from __future__ import annotations

import os
import random
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import ndbytes
import numpy as np
from measure import LARGE, quartiles, rounded


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


CONNECTION, BUFFERED = "`Connection` with pickle", "ndbytes, buffered"
WAYS: dict[str, tuple[str, Callable[..., None], Callable[..., Any]]] = {
    "ndbytes": ("ours", ndbytes_sends, ndbytes_receives),
    BUFFERED: ("reference", buffered_sends, buffered_receives),
    CONNECTION: ("peer", connection_sends, connection_receives),
    "the bare socket": ("limit", bare_sends, bare_receives),
}


def exchange(pair: Callable[[], Any], way: str, x: Any, count: int) -> float:
    """Seconds until `count` arrays have come from a child process."""
    _, sends, receives = WAYS[way]
    ours, theirs = pair()
    child = os.fork()
    if child == 0:
        ours.close()
        sends(theirs, x, count)
        theirs.close()
        os._exit(0)
    theirs.close()
    if x.nbytes >= LARGE:
        # As in `measure`: a virtual machine may have given it back to its host.
        np.ones(2 * x.nbytes, "u1")
    with ours:
        start = time.perf_counter()
        found = receives(ours, x, count)
        seconds = time.perf_counter() - start
    os.waitpid(child, 0)
    assert ndbytes.identical(found, x)
    return seconds


def records(quick: bool, only: re.Pattern[str]) -> Iterator[dict[str, Any]]:
    draw = np.random.default_rng(0).standard_normal
    cases = [
        ("10", "10 float64", draw(10), 20_000 if quick else 1_000_000),
        ("28x28", "28x28 float64", draw((28, 28)), 10_000 if quick else 200_000),
        ("100MB", "100 MB float64", draw(12_500_000), 5 if quick else 100),
    ]
    for pair, through in ((unix, "a Unix socket"), (tcp, "TCP on loopback")):
        for name, title, x, count in cases:
            key = f"exchange/{name}-{pair.__name__}"
            if only.search(key):
                title = f"{title}, {count:,} times through {through}"
                yield record(key, title, x, count, [turn(pair, x, count) for _ in range(3)])


def turn(pair: Callable[[], Any], x: Any, count: int) -> dict[str, float]:
    """The time for one array, in each way."""
    large = x.nbytes >= LARGE
    ways = [way for way in WAYS if not (large and way == BUFFERED)]
    random.shuffle(ways)
    return {way: exchange(pair, way, x, count) / count for way in ways}


def record(
    key: str, title: str, x: Any, count: int, rounds: list[dict[str, float]]
) -> dict[str, Any]:
    middle = {way: statistics.median(one[way] for one in rounds) for way in rounds[0]}

    def rate(way: str) -> str:
        if x.nbytes >= LARGE:
            return f"{x.nbytes / middle[way] / 1e9:.2f} GB/s"
        return f"{1 / middle[way]:,.0f} a second"

    said = f"{title}: {rate('ndbytes')}, {rate(CONNECTION)} by `Connection`"
    contestants = [
        {
            "name": way,
            "kind": kind,
            "seconds": rounded(middle[way]),
            "ratio": quartiles([one[way] / one["ndbytes"] for one in rounds]),
        }
        for way, (kind, *_) in WAYS.items()
        if way in middle
    ]
    return {
        "key": key,
        "title": said,
        "nbytes": x.nbytes,
        "rounds": len(rounds),
        "contestants": contestants,
    }
