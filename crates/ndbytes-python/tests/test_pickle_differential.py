"""Random programs of the pickle machine, read by Python and here: the same value, or no value.

``python test_pickle_differential.py SECONDS [SEED]`` looks further.
"""

from __future__ import annotations

import io
import pickle as python_pickle
import random
import struct
import sys
import time
from typing import Any

import ndbytes
import pytest
from ndbytes import pickle

# From `fixtures/make`, which `arrays` puts on the path.
import arrays  # noqa: F401  # isort: skip
import describe  # isort: skip

# What a place of the stack holds, as far as it decides which operations make sense there.
VALUE, KEY, LIST, DICT, SET, MARK = "value", "key", "list", "dict", "set", "mark"


class Program:
    """A pickle that is made operation by operation, most of which make sense where they are."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.out = bytearray()
        self.stack: list[str] = []
        self.memo: dict[int, str] = {}

    def write(self) -> bytes:
        protocol = self.draw.randrange(6)
        if protocol >= 2 or self.draw.random() < 0.1:
            self.out += bytes([0x80, protocol])
        for _ in range(self.draw.randrange(1, 40)):
            if self.draw.random() < 0.005:
                self.out.append(self.draw.randrange(256))
            self.draw.choice(OPERATIONS)(self)
        while MARK in self.stack:
            self.tuple()
        if self.stack and self.draw.random() < 0.99:
            while len(self.stack) > 1:
                self.draw.choice([Program.tuple3, Program.pop])(self)
        self.out += b"."
        if self.draw.random() < 0.02:
            del self.out[self.draw.randrange(len(self.out)) :]
        return bytes(self.out)

    def push(self, kind: str, code: bytes) -> None:
        self.stack.append(kind)
        self.out += code

    def above_mark(self) -> list[str]:
        mark = len(self.stack) - 1 - self.stack[::-1].index(MARK) if MARK in self.stack else -1
        return self.stack[mark + 1 :]

    def number(self) -> None:
        n = self.draw.choice([0, 1, 7, 255, 256, 65535, 65536, 2**31 - 1, -1, -(2**31)])
        codes = [f"I{n}\n".encode(), f"L{n}L\n".encode(), f"L{n}\n".encode()]
        codes.append(b"J" + struct.pack("<i", n))
        codes += [b"K" + bytes([n])] if 0 <= n < 256 else []
        codes += [b"M" + struct.pack("<H", n)] if 0 <= n < 65536 else []
        big = n * self.draw.choice([1, 2**40, -(3**50)])
        data = big.to_bytes(big.bit_length() // 8 + 1, "little", signed=True)
        codes += [
            b"\x8a" + bytes([len(data)]) + data,
            b"\x8b" + struct.pack("<i", len(data)) + data,
        ]
        codes += [b"I00\n", b"I01\n", b"\x8a\x00"]
        self.push(KEY, self.draw.choice(codes))

    def constant(self) -> None:
        self.push(KEY, self.draw.choice([b"N", b"\x88", b"\x89", b")"]))

    def real(self) -> None:
        x = self.draw.choice([0.0, -0.0, 1.5, -1e300, float("inf"), float("nan"), 5e-324])
        self.push(KEY, self.draw.choice([b"G" + struct.pack(">d", x), f"F{x!r}\n".encode()]))

    def text(self) -> None:
        s = self.draw.choice(["", "a", "abc", "é", "€uro", "😀", "\ud800", "x" * 300, "a\\b\nc"])
        utf8 = s.encode("utf-8", "surrogatepass")
        raw = s.replace("\\", "\\u005c").replace("\n", "\\u000a").encode("raw_unicode_escape")
        codes = [b"X" + struct.pack("<I", len(utf8)) + utf8, b"V" + raw + b"\n"]
        codes.append(b"\x8d" + struct.pack("<Q", len(utf8)) + utf8)
        codes += [b"\x8c" + bytes([len(utf8)]) + utf8] if len(utf8) < 256 else []
        self.push(KEY, self.draw.choice(codes))

    def data(self) -> None:
        b = self.draw.choice([b"", b"a", b"\x00\xff", b"y" * 300])
        codes = [b"B" + struct.pack("<I", len(b)) + b, b"\x8e" + struct.pack("<Q", len(b)) + b]
        codes += [b"C" + bytes([len(b)]) + b] if len(b) < 256 else []
        if self.draw.random() < 0.2:
            self.push(VALUE, b"\x96" + struct.pack("<Q", len(b)) + b)
        else:
            self.push(KEY, self.draw.choice(codes))

    def python2_text(self) -> None:
        b = self.draw.choice([b"", b"a", b"\xe9\xff", b"it's", b"\\ \n \t"])
        codes = [b"U" + bytes([len(b)]) + b, b"T" + struct.pack("<i", len(b)) + b]
        codes.append(b"S" + repr(b)[1:].encode() + b"\n")
        self.push(KEY, self.draw.choice(codes))

    def empty(self) -> None:
        kind, code = self.draw.choice([(LIST, b"]"), (DICT, b"}"), (SET, b"\x8f")])
        self.push(kind, code)

    def mark(self) -> None:
        self.push(MARK, b"(")

    def to_mark(self, code: bytes, kind: str) -> None:
        if MARK in self.stack:
            parts = self.above_mark()
            del self.stack[len(self.stack) - len(parts) - 1 :]
            keys = all(part == KEY for part in parts)
            self.push(KEY if kind == KEY and keys else VALUE if kind == KEY else kind, code)

    def tuple(self) -> None:
        self.to_mark(b"t", KEY)

    def of_marked(self) -> None:
        parts = self.above_mark()
        if all(part == KEY for part in parts) and self.draw.random() < 0.4:
            self.to_mark(b"\x91", KEY)
        elif len(parts) % 2 == 0 and all(part == KEY for part in parts[::2]):
            self.to_mark(b"d", DICT)
        else:
            self.to_mark(b"l", LIST)

    def some(self, count: int, code: bytes) -> None:
        if len(self.above_mark()) >= count:
            parts = self.stack[-count:]
            del self.stack[-count:]
            self.push(KEY if all(part == KEY for part in parts) else VALUE, code)

    def tuple1(self) -> None:
        self.some(1, b"\x85")

    def tuple2(self) -> None:
        self.some(2, b"\x86")

    def tuple3(self) -> None:
        self.some(min(3, len(self.stack)), {1: b"\x85", 2: b"\x86"}.get(len(self.stack), b"\x87"))

    def append(self) -> None:
        if self.above_mark()[-2:-1] == [LIST]:
            self.stack.pop()
            self.out += b"a"

    def set_item(self) -> None:
        if self.above_mark()[-3:-1] == [DICT, KEY]:
            del self.stack[-2:]
            self.out += b"s"

    def to_container(self) -> None:
        if MARK not in self.stack:
            return
        parts = self.above_mark()
        place = len(self.stack) - len(parts) - 2
        kind = self.stack[place] if place >= 0 else None
        if kind == LIST:
            code = b"e"
        elif kind == SET and all(part == KEY for part in parts):
            code = b"\x90"
        elif kind == DICT and len(parts) % 2 == 0 and set(parts[::2]) <= {KEY}:
            code = b"u"
        else:
            return
        del self.stack[place + 1 :]
        self.out += code

    def put(self) -> None:
        if self.stack and self.stack[-1] != MARK:
            index = self.draw.choice([len(self.memo), self.draw.randrange(600)])
            codes = [f"p{index}\n".encode(), b"r" + struct.pack("<I", index)]
            codes += [b"q" + bytes([index])] if index < 256 else []
            if self.draw.random() < 0.3:
                index, codes = len(self.memo), [b"\x94"]
            self.memo[index] = self.stack[-1]
            self.out += self.draw.choice(codes)

    def recall(self) -> None:
        if self.memo:
            index = self.draw.choice(list(self.memo))
            codes = [f"g{index}\n".encode(), b"j" + struct.pack("<I", index)]
            codes += [b"h" + bytes([index])] if index < 256 else []
            self.push(self.memo[index], self.draw.choice(codes))

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
            self.out += b"0"

    def pop_mark(self) -> None:
        if MARK in self.stack:
            del self.stack[len(self.stack) - len(self.above_mark()) - 1 :]
            self.out += b"1"

    def dup(self) -> None:
        if self.stack and self.stack[-1] != MARK:
            self.push(self.stack[-1], b"2")


OPERATIONS = [
    *(Program.number, Program.constant, Program.real, Program.text, Program.data) * 2,
    *(Program.python2_text, Program.empty, Program.mark, Program.tuple, Program.of_marked),
    *(Program.tuple1, Program.tuple2, Program.tuple3, Program.pop, Program.pop_mark, Program.dup),
    *(Program.append, Program.set_item, Program.to_container, Program.put, Program.recall) * 2,
]


class Plain(python_pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise python_pickle.UnpicklingError("no names here")


def by_python(data: bytes) -> tuple[bool, Any]:
    try:
        return True, Plain(io.BytesIO(data), encoding="latin1").load()
    except Exception as error:
        return False, error


def by_us(data: bytes) -> tuple[bool, Any]:
    try:
        return True, pickle.loads(data)
    except ndbytes.DecodeError as error:
        return False, error


def compare(data: bytes) -> str:
    """What came of it: "value", "error", or "leave" where Python is known to be more lenient."""
    (fine, theirs), (ours_fine, ours) = by_python(data), by_us(data)
    if fine and ours_fine:
        assert describe.python3_repr(ours) == describe.python3_repr(theirs), data
        return "value"
    if not fine and not ours_fine:
        return "error"
    if fine:
        # Python makes a read-only buffer of any value that can be one.
        assert "READONLY_BUFFER" in str(ours), (data, theirs, ours)
    else:
        # Text that is no part of the result need not be text; far places of the memo cost nothing.
        assert isinstance(theirs, UnicodeDecodeError | MemoryError), (data, theirs, ours)
    return "leave"


def run(draw: random.Random, until: float, count: int) -> dict[str, int]:
    counts = {"value": 0, "error": 0, "leave": 0}
    while time.monotonic() < until and sum(counts.values()) < count:
        counts[compare(Program(draw).write())] += 1
    return counts


@pytest.mark.filterwarnings("ignore")
def test_random_programs_mean_the_same() -> None:
    counts = run(random.Random(0), time.monotonic() + 20, 6_000)
    assert counts["value"] > 2_000, counts


if __name__ == "__main__":
    seconds, seed = float(sys.argv[1]), int((*sys.argv[2:], "1")[0])
    print(run(random.Random(seed), time.monotonic() + seconds, sys.maxsize))
