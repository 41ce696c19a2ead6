"""`save`, `load`, maps and `inspect` against NumPy's, in the page cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
from archives import Folder
from measure import Case, Contestant

SAVE, LOAD, OPENING = "`np.save`", "`np.load`", "`open` and `close`"


def all_cases(quick: bool) -> Iterator[Case]:
    large = (1 << 12, 1 << 13) if quick else (1 << 14, 1 << 13)
    for key, title, shape in (
        ("28x28", "28x28 float64", (28, 28)),
        ("1MB", "1 MiB float64", (1 << 7, 1 << 10)),
        ("1GB", f"{large[0] >> 4} MiB float64", large),
    ):
        yield from both(key, title, shape)
    yield from sparse()


def names(**more: Any) -> dict[str, Any]:
    folder = Folder()
    path = folder.path("x.npy")
    return {"folder": folder, "np": np, "os": os, "ndbytes": ndbytes, "path": path, **more}


def write(path: str, x: Any) -> None:
    """The same bytes by no more than the calls of the system that it takes."""
    memory = memoryview(x).cast("B")
    number = os.open(path, os.O_CREAT | os.O_WRONLY, 0o666)
    os.posix_fallocate(number, 0, len(memory))
    while memory:
        memory = memory[os.write(number, memory) :]
    os.close(number)


def read(path: str, x: Any) -> None:
    """The same bytes into memory that is there already."""
    memory = memoryview(x).cast("B")
    number = os.open(path, os.O_RDONLY)
    while memory and (got := os.readv(number, [memory])):
        memory = memory[got:]
    os.close(number)


def both(key: str, title: str, shape: tuple[int, int]) -> Iterator[Case]:
    def prepared() -> dict[str, Any]:
        return names(x=np.random.default_rng(0).standard_normal(shape), write=write, read=read)

    def saved() -> dict[str, Any]:
        known = prepared()
        np.save(known["path"], known["x"])
        return known

    def missing(known: dict[str, Any]) -> None:
        Path(known["path"]).unlink(missing_ok=True)

    nbytes = shape[0] * shape[1] * 8
    saves = [
        Contestant("ndbytes", "ndbytes.save(path, x)", "ours"),
        Contestant(SAVE, "np.save(path, x)"),
    ]
    limit = Contestant("one `write` into room that is asked for", "write(path, x)", "limit")
    yield Case(
        f"files-save/{key}",
        f"{title}, a new file",
        nbytes,
        prepared,
        [*saves, limit],
        before=missing,
    )
    if key != "1GB":
        yield Case(f"files-save/{key}-over", f"{title}, over another", nbytes, saved, saves)
    yield Case(
        f"files-load/{key}",
        title,
        nbytes,
        saved,
        [
            Contestant("ndbytes", "ndbytes.load(path)", "ours"),
            Contestant(LOAD, "np.load(path)"),
            Contestant("`readv` into memory that is there", "read(path, x)", "limit"),
            Contestant("a copy into fresh memory, `x.copy()`", "x.copy()", "limit"),
        ],
    )


def sparse() -> Iterator[Case]:
    """Of 10 GB, of which only the header is on the disk."""

    def prepared() -> dict[str, Any]:
        known = names()
        ndbytes.open_memmap(known["path"], "w+", "<f4", (2_500, 1_000_000))
        return known | {"as_path": Path(known["path"])}

    opening = Contestant(OPENING, 'open(path, "rb").close()', "reference")
    yield Case(
        "files-look/inspect",
        "`inspect`, 10 GB",
        0,
        prepared,
        [
            Contestant("ndbytes", "ndbytes.inspect(path)", "ours"),
            Contestant("`np.load`, `mmap_mode`", 'np.load(path, mmap_mode="r")'),
            opening,
        ],
    )
    for key, title, path in (("map", "a `str`", "path"), ("map-path", "a `Path`", "as_path")):
        yield Case(
            f"files-look/{key}",
            f'`load`, `mmap_mode="r"`, 10 GB at {title}',
            0,
            prepared,
            [
                Contestant("ndbytes", f'ndbytes.load({path}, mmap_mode="r")', "ours"),
                Contestant("`np.load`, `mmap_mode`", f'np.load({path}, mmap_mode="r")'),
                opening,
            ],
            beyond=OPENING,
        )
