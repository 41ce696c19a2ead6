"""npz against NumPy's own: files of many small arrays, of real ones, and of one large one."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import unseen
from measure import Case, Contestant

SAVEZ, COMPRESSED, LOAD = "`np.savez`", "`np.savez_compressed`", "`np.load`"
ALL = "with {load}(path) as npz: found = {{name: npz[name] for name in npz}}"
AHEAD = "with ndbytes.load(path) as npz: found = dict(npz.items())"


def all_cases(quick: bool, fixtures: Path, data: Path | None) -> Iterator[Case]:
    yield from small(100 if quick else 1000)
    yield from compressed(fixtures, together_only=True)
    untuned = unseen.arrays(quick, fixtures.parent)
    yield from squeezed("unseen", f"{len(untuned)} arrays that nothing was tuned on", untuned)
    if data is not None:
        yield from compressed(data, together_only=False)
    yield from large(quick)


MEMORY, NEW, OVER = "into memory", "to a new file", "over another file"
PLACES = [
    ("{group}/{key}", MEMORY),
    ("{group}-file/{key}", NEW),
    ("{group}-file/{key}-over", OVER),
]
"""The keys of what is saved there."""


class Folder:
    """Files that are there as long as the names of a case are."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="ndbytes-bench-")

    def path(self, name: str) -> str:
        return os.path.join(self.folder.name, name)


def names(**more: Any) -> dict[str, Any]:
    folder = Folder()
    ours, theirs = folder.path("ours.npz"), folder.path("theirs.npz")
    return {
        "folder": folder,
        "io": io,
        "np": np,
        "ndbytes": ndbytes,
        "ours": ours,
        "theirs": theirs,
        **more,
    }


def small(count: int) -> Iterator[Case]:
    def prepared() -> dict[str, Any]:
        many = np.random.default_rng(0).standard_normal((count, 28, 28))
        known = names(arrays={f"x{number}": x.copy() for number, x in enumerate(many)})
        np.savez(known["theirs"], **known["arrays"])
        return known | {"path": known["theirs"], "data": Path(known["theirs"]).read_bytes()}

    title = f"{count:,} arrays of 28x28 float64"
    nbytes = count * 6272
    for key, where in PLACES:
        yield Case(
            key.format(group="npz-save", key="many"),
            f"{title}, {where}",
            nbytes,
            prepared,
            saving("savez", SAVEZ, where),
            before=removed if where == NEW else None,
        )
    yield Case(
        "npz-load/many",
        f"{title}, from a file, one by one",
        nbytes,
        prepared,
        [
            Contestant("ndbytes", ALL.format(load="ndbytes.load"), "ours"),
            Contestant(LOAD, ALL.format(load="np.load")),
        ],
    )
    yield Case(
        "npz-load/many-bytes",
        f"{title}, from bytes, `copy=True`",
        nbytes,
        prepared,
        [
            Contestant("ndbytes", "ndbytes.bytes_to_arrays(data, copy=True)", "ours"),
            Contestant(LOAD, ALL.format(load="np.load")),
        ],
    )


def removed(known: dict[str, Any]) -> None:
    for name in ("ours", "theirs"):
        Path(known[name]).unlink(missing_ok=True)


def saving(verb: str, theirs: str, where: str) -> list[Contestant]:
    """To a file, the system's part is in both; ours sees to it that nobody sees half a file."""
    ours, other = ("io.BytesIO()",) * 2 if where == MEMORY else ("ours", "theirs")
    return [
        Contestant("ndbytes", f"ndbytes.{verb}({ours}, **arrays)", "ours"),
        Contestant(theirs, f"np.{verb}({other}, **arrays)"),
    ]


def compressed(folder: Path, together_only: bool) -> Iterator[Case]:
    """Real arrays, together and each that is large."""
    arrays: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npy")):
        try:
            arrays[path.stem] = np.load(path)
        except ValueError:
            continue  # Objects, which are pickles.
    yield from squeezed(f"all-{folder.name}", f"all {len(arrays)} real arrays", arrays)
    if not together_only:
        for name, x in arrays.items():
            if x.nbytes >= 200_000:
                title = f"{name}: {x.dtype.str} {'x'.join(map(str, x.shape))}"
                yield from squeezed(name, title, {name: x})


def squeezed(key: str, title: str, arrays: dict[str, np.ndarray]) -> Iterator[Case]:
    """Arrays compressed, and what NumPy compressed read again."""

    def prepared() -> dict[str, Any]:
        known = names(arrays=arrays)
        np.savez_compressed(known["theirs"], **arrays)
        ndbytes.savez_compressed(known["ours"], **arrays)
        share = os.path.getsize(known["ours"]) / os.path.getsize(known["theirs"])
        return known | {"path": known["theirs"], "size": share}

    nbytes = sum(x.nbytes for x in arrays.values())
    for keys, where in PLACES:
        if where == OVER and len(arrays) == 1:
            continue
        yield Case(
            keys.format(group="npz-compress", key=key),
            f"{title}, {where}",
            nbytes,
            prepared,
            saving("savez_compressed", COMPRESSED, where),
            about=lambda known: f", {known['size']:.3f}x NumPy's size",
            size=lambda known: known["size"],
            before=removed if where == NEW else None,
        )
    yield Case(
        f"npz-load/{key}",
        f"what NumPy compressed of {title}",
        nbytes,
        prepared,
        [
            Contestant("ndbytes", AHEAD, "ours"),
            Contestant(LOAD, ALL.format(load="np.load")),
        ],
    )


def large(quick: bool) -> Iterator[Case]:
    count = 2_500_000 if quick else 25_000_000

    def walk() -> dict[str, Any]:
        steps = np.random.default_rng(0).standard_normal(count // 2, dtype="f4")
        known = names()
        np.savez_compressed(known["theirs"], x=np.cumsum(steps, dtype="f4"))
        return known | {"path": known["theirs"]}

    yield Case(
        "npz-load/walk",
        f"what NumPy compressed of one random walk, {count // 500_000} MB float32",
        count * 2,
        walk,
        [
            Contestant("ndbytes", ALL.format(load="ndbytes.load"), "ours"),
            Contestant(LOAD, ALL.format(load="np.load")),
        ],
    )

    def stored() -> dict[str, Any]:
        known = names(x=np.random.default_rng(0).standard_normal(count))
        np.savez(known["theirs"], x=known["x"])
        npy = known["folder"].path("x.npy")
        np.save(npy, known["x"])
        mapped = ndbytes.load(known["theirs"], mmap_mode="r")
        return known | {"path": known["theirs"], "npy": npy, "mapped": mapped}

    title = f"{count * 8 // 1_000_000} MB float64, stored"
    yield Case(
        "npz-save/large",
        title,
        count * 8,
        stored,
        [
            Contestant("ndbytes", "ndbytes.savez(ours, x=x)", "ours"),
            Contestant(SAVEZ, "np.savez(theirs, x=x)"),
        ],
    )
    yield Case(
        "npz-load/large",
        title,
        count * 8,
        stored,
        [
            Contestant("ndbytes", ALL.format(load="ndbytes.load"), "ours"),
            Contestant(LOAD, ALL.format(load="np.load")),
        ],
    )
    yield Case(
        "npz-map/large",
        f"{title}, `mmap_mode`, once it is open",
        count * 8,
        stored,
        [
            Contestant("ndbytes", 'mapped["x"]', "ours"),
            Contestant("`np.load` of an npy file, `mmap_mode`", 'np.load(npy, mmap_mode="r")'),
        ],
    )
