"""The commonest mistakes, and what is said about each: docs/mistakes.md says the same."""

from __future__ import annotations

import ast
import base64
import gzip
import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES

PAGE = Path(FIXTURES).parent / "docs" / "mistakes.md"

waves = (7 * np.sin(np.linspace(0.3, 60, 6000))).astype("<f4")
npy = ndbytes.array_to_bytes(waves)
raw = waves.tobytes()


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("never",)


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "no array")
    return stream.getvalue()


# What was meant, what was done, and what is said: the words that the message must have.
MISTAKES: list[tuple[str, Callable[[], object], str]] = [
    (
        "the dtype is twice as long as the elements",
        lambda: ndbytes.frombuffer(raw, "<f8", 6000),
        "they look like float32, 2 elements for each one",
    ),
    (
        "the bytes of the numbers are the other way round",
        lambda: ndbytes.frombuffer(raw, ">f4", (60, 99)),
        "they look byte-swapped, like float32",
    ),
    (
        "a shape of more elements",
        lambda: ndbytes.frombuffer(raw, "<f4", (60, 101)),
        "shape (60, 100) would fit float32",
    ),
    (
        "a shape with two open dimensions",
        lambda: ndbytes.frombuffer(raw, "<f4", (-1, -1)),
        "has more than one -1",
    ),
    (
        "a header was forgotten",
        lambda: ndbytes.frombuffer(b"camera 3, 6000 values\n" + raw, "<f4"),
        "the elements seem to start at byte 22",
    ),
    (
        "an offset beyond the end",
        lambda: ndbytes.frombuffer(raw, "<f4", offset=24001),
        "offset 24001 is beyond the 24000 bytes there are",
    ),
    (
        "no dtype: NumPy would take float64",
        lambda: ndbytes.frombuffer(raw, None),
        "dtype is None. Hint: say what the elements are",
    ),
    (
        "an npy file, read as bare elements",
        lambda: ndbytes.frombuffer(npy, "<f8", 3000),
        "this is npy: it says itself what it is: ndbytes.bytes_to_array(data)",
    ),
    (
        "bare elements, read as an npy file",
        lambda: ndbytes.bytes_to_array(raw),
        "if they are bare elements, they may be float32 array",
    ),
    (
        "an npy file that is still compressed",
        lambda: ndbytes.bytes_to_array(gzip.compress(npy)),
        "this is gzip around an npy of float32 (6000,): decompress it first: "
        "ndbytes.bytes_to_array(gzip.decompress(data))",
    ),
    (
        "an npy file that is still base64",
        lambda: ndbytes.bytes_to_array(base64.b64encode(npy)),
        "this is base64 of an npy: decode it first; what comes out is npy: "
        "ndbytes.bytes_to_array(base64.b64decode(data))",
    ),
    (
        "a download or transfer that stopped",
        lambda: ndbytes.bytes_to_array(npy[:-100]),
        "the bytes were cut short: read or receive the rest",
    ),
    (
        "a file that was moved as text",
        lambda: ndbytes.bytes_to_array(npy.replace(b"\n", b"\r\n")),
        "newline",
    ),
    (
        "the server's error page in place of the file",
        lambda: ndbytes.bytes_to_array(b"<!DOCTYPE html><html><h1>403 Forbidden</h1></html>"),
        "this is an HTML page: a server sent a page, often an error, in place of the data",
    ),
    (
        "a pointer of git-lfs in place of the file",
        lambda: ndbytes.bytes_to_array(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"
        ),
        "this is a git-lfs pointer: it stands for a file that was not fetched: git lfs pull",
    ),
    (
        "an empty file",
        lambda: ndbytes.bytes_to_array(b""),
        "there are no bytes",
    ),
    (
        "str(x) in place of the array",
        lambda: ndbytes.bytes_to_array(str(waves).encode()),
        "this is a printed array: str() or repr() of an array is for people",
    ),
    (
        "a text in place of bytes",
        lambda: ndbytes.bytes_to_array("\x93NUMPY"),  # type: ignore[arg-type]
        "bytes",
    ),
    (
        "a path in place of bytes",
        lambda: ndbytes.bytes_to_array(Path("run/waves.npy")),  # type: ignore[arg-type]
        "Hint: ndbytes.load reads the file",
    ),
    (
        "a path as bytes in place of what is there",
        lambda: ndbytes.bytes_to_array(b"run/waves.npy"),
        "this is a path: what is in the file is wanted, and not its path",
    ),
    (
        "a length that was sent in front of an npy",
        lambda: ndbytes.bytes_to_array(len(npy).to_bytes(4, "big") + npy),
        "npy from byte 4 on: what comes before it is none of it: ndbytes.bytes_to_array(data[4:])",
    ),
    (
        "the first byte of an npy was lost",
        lambda: ndbytes.bytes_to_array(npy[1:]),
        "this is npy without its first byte",
    ),
    (
        "an npy that was decoded as Latin-1 and encoded as UTF-8",
        lambda: ndbytes.bytes_to_array(npy.decode("latin1").encode()),
        'undo that: ndbytes.bytes_to_array(data.decode().encode("latin1"))',
    ),
    (
        "an npy that was decoded as UTF-8, errors replaced",
        lambda: ndbytes.bytes_to_array(npy.decode(errors="replace").encode()),
        "this is npy that was decoded as text: what was no text is lost",
    ),
    (
        "repr(data) in place of data",
        lambda: ndbytes.bytes_to_array(repr(npy).encode()),
        "this is what Python prints for the bytes of an npy",
    ),
    (
        "a text dtype without a length",
        lambda: ndbytes.frombuffer(b"onetwo", str),
        "U0 elements take no bytes, there are 6. Hint: say how long they are, such as S10 or U10",
    ),
    (
        "an npz of several arrays",
        lambda: ndbytes.bytes_to_array(ndbytes.arrays_to_bytes({"x": waves, "y": waves})),
        'Hint: bytes_to_arrays(data) reads them all: "x", "y"',
    ),
    (
        "a zip of something else",
        lambda: ndbytes.bytes_to_array(zipped()),
        "there is no array in it. Hint: it may be a zip of something else: inspect(data) tells",
    ),
    (
        "a pickle of something else",
        lambda: ndbytes.bytes_to_array(pickle.dumps({"x": waves})),
        "loads",
    ),
    (
        "a pickle that asks for code to be run",
        lambda: ndbytes.bytes_to_array(pickle.dumps(Evil(), 4)),
        "builtins.print",
    ),
    (
        "an image file",
        lambda: ndbytes.frombuffer(b"\x89PNG\r\n\x1a\n" + raw, "u1", (100, 100)),
        "this is png: read it with an image library, such as Pillow",
    ),
    (
        "JSON in place of an array",
        lambda: ndbytes.bytes_to_array(b"[[1.5, 2.5], [3.5, 4.5]]"),
        "this is JSON: read it with json: json.loads(data)",
    ),
]


@pytest.mark.parametrize("verb", [ndbytes.bytes_to_array, ndbytes.bytes_to_arrays, ndbytes.inspect])
def test_whoever_is_asked_says_what_it_is(verb: Callable[[bytes], object]) -> None:
    with pytest.raises(ndbytes.DecodeError, match="this is gzip around an npy"):
        verb(gzip.compress(npy))


def test_files_are_told_by_their_start(tmp_path: Path) -> None:
    path = tmp_path / "waves.npy.gz"
    path.write_bytes(gzip.compress(npy))
    told = "this is gzip around an npy of float32 (6000,): decompress it first"
    with pytest.raises(ndbytes.DecodeError) as caught:
        ndbytes.inspect(path)
    assert caught.value.hint == told
    for found in ndbytes.verify(path), ndbytes.verify(path.read_bytes()):
        (fault,) = found.faults
        assert str(fault.hint).startswith(told)


def test_what_can_be_undone_is_undone_by_what_is_said() -> None:
    for data in [
        len(npy).to_bytes(4, "big") + npy,
        npy[1:],
        npy.decode("latin1").encode(),
        repr(npy).encode(),
    ]:
        with pytest.raises(ndbytes.DecodeError) as caught:
            ndbytes.bytes_to_array(data)
        hint = caught.value.hint
        assert hint is not None
        names = {"ndbytes": ndbytes, "ast": ast, "data": data}
        assert ndbytes.identical(eval(hint[hint.index("ndbytes.") :], names), waves)


def message(mistake: Callable[[], object]) -> str:
    with pytest.raises((ndbytes.DecodeError, TypeError)) as caught:
        mistake()
    return str(caught.value)


@pytest.mark.parametrize(("what", "mistake", "words"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_mistakes_are_explained(what: str, mistake: Callable[[], object], words: str) -> None:
    assert words in message(mistake)


def row(what: str, mistake: Callable[[], object]) -> str:
    """A row of the page, without what differs from one version of a library to another."""
    said = re.sub(
        r"these \d+ bytes do not say what they are \([^)]*\)",
        "these bytes do not say what they are",
        message(mistake),
    )
    said = re.sub(r" \(\d+ %\)", "", said)
    return f"| {what} | {said} |"


def test_the_page_says_so() -> None:
    page = PAGE.read_text()
    rows = [row(what, mistake) for what, mistake, _ in MISTAKES]
    missing = [line for line in rows if line not in page]
    assert not missing, "\n".join(missing)
