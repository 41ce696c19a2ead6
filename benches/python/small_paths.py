"""Runs the shortest ways there are, so and so often: for counting their instructions.

python small_paths.py encode=1000 decode=11000 ...
"""

from __future__ import annotations

import itertools
import sys

import ndbytes
import numpy as np

X = np.arange(28 * 28, dtype="f8").reshape(28, 28)
B = ndbytes.array_to_bytes(X)
RAW = X.tobytes()
F8 = X.dtype
SHAPE = X.shape


def encode(loops, array_to_bytes=ndbytes.array_to_bytes, x=X):
    for _ in itertools.repeat(None, loops):
        array_to_bytes(x)


def decode(loops, bytes_to_array=ndbytes.bytes_to_array, b=B):
    for _ in itertools.repeat(None, loops):
        bytes_to_array(b)


def tobytes(loops, tobytes=ndbytes.tobytes, x=X):
    for _ in itertools.repeat(None, loops):
        tobytes(x)


def frombuffer(loops, frombuffer=ndbytes.frombuffer, raw=RAW, dtype=F8, shape=SHAPE):
    for _ in itertools.repeat(None, loops):
        frombuffer(raw, dtype, shape)


def numpy_tobytes(loops, x=X):
    for _ in itertools.repeat(None, loops):
        x.tobytes()


def numpy_frombuffer(loops, frombuffer=np.frombuffer, raw=RAW, dtype=F8, shape=SHAPE):
    for _ in itertools.repeat(None, loops):
        frombuffer(raw, dtype).reshape(shape)


PATHS = [encode, decode, tobytes, frombuffer, numpy_tobytes, numpy_frombuffer]


def main() -> None:
    asked = dict(word.split("=") for word in sys.argv[1:])
    for path in PATHS:
        path(int(asked.get(path.__name__, 0)))


if __name__ == "__main__":
    main()
