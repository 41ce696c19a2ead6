"""Pickles that want to do harm, through `ndbytes.pickle` and npy: refused, soon, at little cost."""

from __future__ import annotations

import fractions
import json
import struct
import subprocess
import sys
import time
import uuid
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES
from ndbytes import pickle

FOLDER = FIXTURES / "hostile" / "pickle"
ROWS = json.loads((FOLDER / "expected.json").read_text("ascii"))["files"]
MODULUS = (1 << 61) - 1


def error_of(data: bytes | bytearray) -> ndbytes.DecodeError | None:
    try:
        pickle.loads(data)
    except ndbytes.DecodeError as error:
        return error
    return None


def npy_of_objects(stream: bytes) -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + stream


def test_every_attack_is_refused() -> None:
    counts = {"error": 0, "incomplete": 0, "any": 0, "ok": 0}
    for row in ROWS:
        data = (FOLDER / row["file"]).read_bytes()
        for source in (data, bytearray(data)):
            start = time.process_time()
            error = error_of(source)
            found = "ok" if error is None else "error"
            if isinstance(error, ndbytes.IncompleteError):
                found = "incomplete"
            names = set(getattr(error, "names", ()))
            assert bool(names) == isinstance(error, ndbytes.UnsafeError), row
            assert set(row.get("names", names)) <= names, row
            assert time.process_time() - start < 1, row
            expected = row["result"]
            allowed = {"error": {"error", "incomplete"}, "any": {"ok", "error", "incomplete"}}
            assert found in allowed.get(expected, {expected}), (row, found)
            counts[expected] += 1
        for wrapped in (data, npy_of_objects(data)):
            try:
                ndbytes.bytes_to_array(wrapped)
            except ndbytes.DecodeError:
                continue
            assert row["result"] != "error", row
    assert counts["error"] > 900


LOOKS = """
import sys, pathlib
import numpy, numpy.ma, ndbytes
from ndbytes import pickle

folder = pathlib.Path(sys.argv[1])
streams = [path.read_bytes() for path in sorted((folder / "hostile/pickle").glob("*.pkl"))]
for path in sorted(folder.glob("golden/pickle/*/expected.json")):
    import json
    told, whole = json.loads(path.read_text()), path.with_name("streams.bin").read_bytes()
    for row in told["streams"]:
        streams.append(whole[row["offset"]:][:row["length"]])
events, read = [], 0
sys.addaudithook(lambda event, args: events.append((event, args)))
for stream in streams:
    for loads in (pickle.loads, ndbytes.bytes_to_array):
        try:
            loads(stream)
            read += 1
        except ndbytes.DecodeError:
            pass
events, seen = [], events
for event, args in seen:
    print(event, args[0] if event == "import" else "")
print("read", read)
"""
MAY_BE_IMPORTED = ("numpy", "datetime", "decimal", "fractions", "uuid", "collections", "ndbytes")


def test_nothing_is_imported_but_a_constant_list() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOKS, str(FIXTURES)],
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, last = done.stdout.splitlines()
    assert int(last.removeprefix("read ")) > 10_000
    events = {tuple(line.split(" ", 1)) for line in lines}
    # Importing a module of the list opens its file, and imports what that imports by itself.
    while_importing = {"exec", "open", "compile", "marshal.loads", "os.listdir", "sys._getframe"}
    while_importing.add("sys._getframemodulename")
    harmless = {"object.__getattr__", "object.__setattr__", "array.__new__", "code.__new__"}
    others = {event for event, _ in events} - while_importing - harmless - {"import"}
    assert not others, others
    imported = {name for event, name in events if event == "import"}
    # `uuid` and `decimal` look for their own faster halves.
    own = {"_uuid", "_decimal", "platform", "numbers", "math"}
    assert {name for name in imported if name.split(".")[0] not in MAY_BE_IMPORTED} <= own


def test_keys_that_collide() -> None:
    count = 20_000
    sets: list[Any] = [
        [uuid.UUID(int=MODULUS * n + 7) for n in range(count)],
        [(MODULUS * n,) for n in range(1 << 10, (1 << 10) + count)],
        [MODULUS * n for n in range(1 << 10, (1 << 10) + count)],
        [fractions.Fraction(MODULUS * n + 1, 1) for n in range(1 << 10, (1 << 10) + count)],
        [frozenset([MODULUS * n]) for n in range(1 << 10, (1 << 10) + count)],
    ]
    for keys in sets:
        as_list = pickle.dumps(keys, 4)
        # The same items as a set: what makes a list of them is put in another place.
        data = as_list.replace(b"\x80\x04]", b"\x80\x04\x8f", 1).replace(b"e", b"\x90")
        data = b"\x80\x04cbuiltins\nset\n" + as_list[2:-1] + b"\x85R."
        start = time.process_time()
        with pytest.raises(ndbytes.DecodeError) as caught:
            pickle.loads(data)
        assert caught.value.kind == "unsupported"
        assert time.process_time() - start < 1
        assert pickle.loads(as_list) == keys


def test_little_that_would_become_much() -> None:
    megabyte = b"\x80\x04" + b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b"\x94" + b"0"
    shared = b"(" + b"cbuiltins\nbytearray\n\x94h\x00\x85R0" + b"h\x01h\x00\x85R" * 100_000 + b"l."
    refused_soon(megabyte + shared, "limit")
    # Arrays that share their data are copied each.
    call = b"cnumpy.core.numeric\n_frombuffer\n\x94"
    dtype = b"cnumpy\ndtype\n(X\x02\x00\x00\x00u1\x89\x88tR\x94"
    each = b"h\x01(h\x00h\x02J\x00\x00\x10\x00\x85X\x01\x00\x00\x00CtR"
    data = megabyte + call + b"0" + dtype + b"0(" + each * 10_000 + b"l."
    refused_soon(data, "limit")
    found = pickle.loads(data, copy=None)
    assert len(found) == 10_000
    assert np.shares_memory(found[0], found[-1])


def refused_soon(data: bytes, kind: str) -> None:
    start = time.process_time()
    with pytest.raises(ndbytes.DecodeError) as caught:
        pickle.loads(data)
    assert caught.value.kind == kind
    assert time.process_time() - start < 1


def test_keys_too_deep_to_be_hashed() -> None:
    data = b"\x80\x04}" + b"N" + b"\x85" * 500_000 + b"Ns."
    for limits in (None, ndbytes.Limits(max_depth=1 << 30)):
        with pytest.raises(ndbytes.DecodeError, match="deeper"):
            pickle.loads(data, limits=limits)
    assert len(pickle.loads(b"\x80\x04}" + b"N" + b"\x85" * 900 + b"Ns.")) == 1


def test_fractions_that_take_long_to_reduce() -> None:
    huge = fractions.Fraction(1 << (1 << 20), (1 << (1 << 20)) - 1)
    data = pickle.dumps([huge] * 3)
    refused_soon(data, "unsupported")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_in_proportion() -> None:
    """Of all attacks, read and looked at in one process, the highest that it ever was."""
    code = """
import json, pathlib, resource, sys
import numpy, numpy.ma, ndbytes
from ndbytes import pickle
folder = pathlib.Path(sys.argv[1])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
pickle.loads(pickle.dumps([numpy.zeros(3), {1: 2}]))
rows = json.loads((folder / "expected.json").read_text())["files"]
files = [(path, path.read_bytes()) for path in (folder / row["file"] for row in rows)]
files.sort(key=lambda file: len(file[1]))
for path, data in files:
    before = peak()
    for read in (pickle.loads, ndbytes.inspect):
        try:
            read(data)
        except ndbytes.DecodeError:
            pass
    if peak() - before > (64 << 20) + 32 * len(data):
        print(path.name, peak() - before, len(data))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER)], capture_output=True, text=True, check=True
    )
    assert not done.stdout, done.stdout
