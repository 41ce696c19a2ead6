"""Every golden pickle, against what its producer said of it, in the producer's own words."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arrays import FIXTURES, NUMPY
from ndbytes import pickle

# From `fixtures/make`, which `arrays` puts on the path.
import golden_pickle  # isort: skip

PRODUCERS = sorted(path.parent for path in FIXTURES.glob("golden/pickle/*/expected.json"))
LONG_DOUBLES = {"scalar_longdouble"}
MOST_DIMENSIONS = 32 if NUMPY < (2, 0) else 64


def streams(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any], bytes, list[Any]]]:
    told = json.loads((folder / "expected.json").read_text("ascii"))
    whole = (folder / "streams.bin").read_bytes()

    def part(row: dict[str, Any]) -> bytes:
        return whole[row["offset"] :][: row["length"]]

    for row in told["streams"]:
        beside = [
            part(buffer) if buffer["readonly"] else bytearray(part(buffer))
            for buffer in row.get("buffers", [])
        ]
        yield row, told["values"][row["name"]], part(row), beside


def cannot_be_held(expected: dict[str, Any]) -> bool:
    """Whether the NumPy that runs has no such value."""
    text = json.dumps(expected)
    return NUMPY < (2, 0) and (
        '"kind": "T"' in text or len(expected.get("shape", ())) > MOST_DIMENSIONS
    )


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The keys of what is told in which a value differs."""
    # memmap and chararray come back as plain arrays.
    if expected.get("class") in ("memmap", "chararray"):
        expected = {key: value for key, value in expected.items() if key != "class"}
    ignored = {"same", "optional", "note"}
    # What has no elements is in both orders at once.
    if 0 in expected.get("shape", ()):
        ignored.add("fortran_order")
    keys = (found.keys() | expected.keys()) - ignored
    return sorted(key for key in keys if found.get(key) != expected.get(key))


@pytest.mark.parametrize("folder", PRODUCERS, ids=lambda folder: folder.name)
def test_every_stream_is_what_its_producer_said(folder: Path) -> None:
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for row, expected, data, beside in streams(folder):
        name = f"{row['name']} protocol {row['protocol']} {row['pickler']}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value = pickle.loads(data, buffers=beside or None)
                found = golden_pickle.shortened(golden_pickle.describe(value))
            except pickle.UnpicklingError as error:
                if cannot_be_held(expected) or expected.get("optional"):
                    counts["refused"] += 1
                else:
                    wrong.append(f"{name}: {error}")
                continue
        if keys := differences(found, expected):
            wrong.append(f"{name}: {[(key, found.get(key), expected.get(key)) for key in keys]}")
            continue
        for one, other in expected.get("same", ()):
            # Without a memo, nothing is shared.
            shared = follow(value, one) is follow(value, other)
            if not shared and "fast" not in row["pickler"]:
                wrong.append(f"{name}: {one} is not {other}")
        counts["read"] += 1
    assert not wrong, f"{len(wrong)} of {sum(counts.values())}:\n" + "\n".join(wrong[:20])[:6000]
    assert counts["read"] > 1_000


def follow(value: Any, path: str) -> Any:
    """The part of a value at a path such as `[0]["x"]`."""
    return eval(f"value{path}", {"value": value})


@pytest.mark.parametrize("folder", PRODUCERS, ids=lambda folder: folder.name)
def test_what_was_read_is_written_and_read_again(folder: Path) -> None:
    seen: set[str] = set()
    for row, expected, data, beside in streams(folder):
        # What pads a long double scalar is whatever lay there.
        if row["name"] in seen or cannot_be_held(expected) or row["name"] in LONG_DOUBLES:
            continue
        seen.add(row["name"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = pickle.loads(data, buffers=beside or None)
            told = golden_pickle.describe(value)
            for protocol in range(6):
                again = pickle.loads(pickle.dumps(value, protocol))
                found = golden_pickle.describe(again)
                # Text has one spelling of NaN.
                if protocol > 0 or "nan" not in json.dumps(told):
                    assert found == told, (row["name"], protocol)


def test_classes_that_numpy_has_lost() -> None:
    """Old NumPys named modules that today's do not have."""
    lost = {"memmap", "matrix", "recarray", "chararray"}
    found = set()
    for folder in PRODUCERS:
        for row, expected, data, _ in streams(folder):
            if row["name"] in lost or expected.get("class") in lost:
                assert isinstance(pickle.loads(data), np.ndarray)
                found.add(row["name"])
    assert len(found) >= 3
