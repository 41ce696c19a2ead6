"""Writes, for one release of NumPy, what ndbytes makes of all that this release pickled.

    python write_for_old.py GOLDEN_FOLDER OUTPUT_FILE

`fixtures/make/read_written.py` reads it there. Plain arrays are written as npy and npz, too.
"""

from __future__ import annotations

import base64
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
from ndbytes import pickle


def main(golden: str, output: str) -> None:
    told = json.loads(Path(golden, "expected.json").read_text("ascii"))
    whole = Path(golden, "streams.bin").read_bytes()
    highest = max(row["protocol"] for row in told["streams"])
    with Path(output).open("w") as out:
        for name, value in values(told["streams"], whole):
            for row in written(value, highest):
                data = base64.b64encode(row.pop("data")).decode()
                print(json.dumps({"name": name, **row, "data": data}), file=out)


def values(streams: list[dict[str, Any]], whole: bytes) -> Iterator[tuple[str, Any]]:
    """Each value once, from the first stream that holds all of it, sharing included."""
    seen = set()
    for row in streams:
        if row["name"] not in seen and row["pickler"] == "c":
            seen.add(row["name"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield row["name"], pickle.loads(whole[row["offset"] :][: row["length"]])


def written(value: Any, highest: int) -> Iterator[dict[str, Any]]:
    for protocol in range(highest + 1):
        data = pickle.dumps(value, protocol)
        yield {"kind": f"pickle {protocol}", "protocol": protocol, "data": data}
    # Gaps between fields, metadata and objects are not for every npy.
    plain = type(value) is np.ndarray and value.dtype.kind not in "VOT"
    if plain and value.dtype.metadata is None:
        for kind in ("npy", "npz"):
            yield {"kind": kind, "data": ndbytes.array_to_bytes(value, format=kind)}


if __name__ == "__main__":
    main(*sys.argv[1:])
