"""The cost of encoding and decoding against size, from one byte to two gigabytes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import ndbytes
import numpy as np
from cases import FROMBUFFER, MEMCPY, TOBYTES
from measure import Case, Contestant
from peers import NUMPY, OURS, PICKLE, names

# What is held at once: memory to copy into, the bytes of each format, and a result.
COPIES = 5


def all_cases(quick: bool) -> Iterator[Case]:
    ways = [OURS, NUMPY, PICKLE]
    encoders = [Contestant(way.encode_name, str(way.encode), way.kind) for way in ways]
    decoders = [
        Contestant(way.decode_name, way.decoding("pickled" if way is PICKLE else "npy"), way.kind)
        for way in ways
    ]
    for nbytes in sizes(quick):
        if nbytes * COPIES > free_memory() * 3 / 4:
            continue
        title = "uint8" if nbytes < 8 else "float64"

        def array(nbytes: int = nbytes, title: str = title) -> np.ndarray:
            dtype = np.dtype(title)
            return np.ones(nbytes // dtype.itemsize, dtype)

        def to_encode(array: Any = array) -> dict[str, Any]:
            x = array()
            return names(x=x, warm=np.ones_like(x))

        def to_decode(array: Any = array) -> dict[str, Any]:
            x = array()
            more: dict[str, Any] = {"npy": ndbytes.array_to_bytes(x), "raw": x.tobytes()}
            more |= {"pickled": pickle.dumps(x, 5), "warm": x, "dtype": x.dtype, "shape": x.shape}
            return names(x=np.frombuffer(more["raw"], x.dtype), **more)

        key = f"{nbytes:010}"
        contestants = [*encoders, TOBYTES, MEMCPY]
        yield Case(f"sweep-encode/{key}", title, nbytes, to_encode, contestants)
        contestants = [*decoders, FROMBUFFER, MEMCPY]
        yield Case(f"sweep-decode/{key}", title, nbytes, to_decode, contestants)


def sizes(quick: bool) -> list[int]:
    """Powers of four; up to 2 GiB, or 16 MiB when there is little time."""
    powers = [4**power for power in range(16)]
    return [size for size in powers if size <= 2**24] if quick else [*powers, 2**31]


def free_memory() -> int:
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return 8 * 2**30
