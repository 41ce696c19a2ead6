"""`save`, `load` and maps against NumPy's, in the page cache of one folder.

`python benches/python/files.py [folder]`, in an environment with ndbytes. The two are measured in
turns; a ratio compares the best of each.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np

TURNS = 9


def once(call: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def compare(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], count: int) -> None:
    best = [float("inf")] * 2
    for _ in range(TURNS):
        for index, call in enumerate((ours, theirs)):
            best[index] = min(best[index], once(call, count))
    print(f"{name:40} {best[0]:10.3g} s, NumPy {best[1]:10.3g} s: {best[1] / best[0]:5.2f}x")


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        os.chdir(folder)
        print("one open and close of a file:", once(lambda: open("new", "wb").close(), 1000))
        large = np.random.default_rng(0).standard_normal((1 << 14, 1 << 13))

        def fresh(save: Callable[..., Any], x: Any) -> Callable[[], Any]:
            def call() -> None:
                Path("x.npy").unlink(missing_ok=True)
                save("x.npy", x)

            return call

        for name, x, count in (
            ("1 GiB", large, 1),
            ("256 MiB, every other column", large[: 1 << 13, ::2], 1),
            ("256 MiB, Fortran order", np.asfortranarray(large[: 1 << 12]), 1),
            ("1 MiB", large[:16], 20),
            ("28x28", large[:28, :28].copy(), 200),
        ):
            compare(f"save {name}", fresh(ndbytes.save, x), fresh(np.save, x), count)
            load = [lambda load=load: load("x.npy") for load in (ndbytes.load, np.load)]
            compare(f"load {name}", *load, count)
            del load
        x = ndbytes.open_memmap("sparse.npy", "w+", "<f4", (2_500, 1_000_000))
        del x
        maps = [
            lambda load=load: load("sparse.npy", mmap_mode="r") for load in (ndbytes.load, np.load)
        ]
        compare("map 10 GB", *maps, 500)
        seconds = once(lambda: ndbytes.inspect("sparse.npy"), 500)
        print(f"inspect 10 GB: {seconds * 1e6:.1f} us")
        os.chdir("/")


if __name__ == "__main__":
    main()
