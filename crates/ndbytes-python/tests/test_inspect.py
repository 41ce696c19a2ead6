"""`ndbytes.inspect`: what bytes say, from the description alone."""

from __future__ import annotations

import io
import os
import pickle
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES


def test_npy() -> None:
    x = np.asfortranarray(np.zeros((2, 3), ">f4"))
    data = ndbytes.array_to_bytes(x)
    for source in (data, bytearray(data), memoryview(data)):
        summary = ndbytes.inspect(source)
        assert (summary.format, summary.version, summary.nbytes) == ("npy", "1.0", len(data))
        (entry,) = summary.entries
        assert (entry.name, entry.dtype, entry.shape) == (None, x.dtype, (2, 3))
        assert (entry.order, entry.offset, entry.nbytes) == ("F", 128, 24)
        assert (entry.alignment, entry.compression) == (64, None)
        assert (summary.names, summary.oddities) == ([], [])
        assert repr(summary) == "<npy 1.0, 152 bytes\n  >f4 (2, 3) in F order, data from byte 128>"
    assert "cut short" in ndbytes.inspect(data[:-1]).oddities[0]


def test_pickles() -> None:
    value: dict[str, Any] = {"x": np.arange(3), "y": [np.zeros((2, 2), "f4")]}
    summary = ndbytes.inspect(pickle.dumps(value, 4))
    assert (summary.format, summary.version) == ("pickle", "4")
    assert [entry.name for entry in summary.entries] == ['["x"]', '["y"][0]']
    assert [entry.shape for entry in summary.entries] == [(3,), (2, 2)]
    assert "numpy.ndarray" in summary.names
    assert summary.oddities == []
    summary = ndbytes.inspect(pickle.dumps(value | {"print": print}, 4))
    assert [entry.shape for entry in summary.entries] == [(3,), (2, 2)]
    assert "builtins.print" in summary.names
    assert any("builtins.print" in oddity for oddity in summary.oddities)
    old = ndbytes.inspect(pickle.dumps(np.arange(3), 0))
    assert old.entries[0].offset is None


def test_an_array_that_is_met_twice_is_where_it_is_first() -> None:
    x = np.arange(3)
    for value, place in (([x, x], "[0]"), ({"a": x, "b": [x]}, '["a"]'), ([[x], [1, x]], "[0][0]")):
        assert [entry.name for entry in ndbytes.inspect(pickle.dumps(value)).entries] == [place]


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        ndbytes.inspect(tmp_path)


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="makes a file with a hole")
def test_a_large_file_that_says_nothing_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"nothing")
    # More than any memory holds.
    os.truncate(path, 1 << 42)
    with pytest.raises(ndbytes.DecodeError, match=f"these {1 << 42} bytes do not say"):
        ndbytes.inspect(path)


def test_nothing_is_built() -> None:
    """A header that promises a terabyte is a line of text."""
    header = (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }".ljust(117) + b"\n"
    )
    start = time.process_time()
    summary = ndbytes.inspect(b"\x93NUMPY\x01\x00\x76\x00" + header)
    assert time.process_time() - start < 0.1
    assert summary.entries[0].nbytes == 8 * 99999999999


@pytest.mark.parametrize("folder", ["hostile/npy", "hostile/pickle"])
def test_hostile_bytes(folder: str) -> None:
    for path in sorted(Path(FIXTURES / folder).glob("*.*")):
        if path.suffix != ".json":
            try:
                assert repr(ndbytes.inspect(path.read_bytes()))
            except ndbytes.DecodeError as error:
                assert str(error)  # noqa: PT017


def test_what_says_nothing() -> None:
    for data in (b"", b"rubbish", bytes(100)):
        with pytest.raises(ndbytes.DecodeError):
            ndbytes.inspect(data)


def test_files_are_read_no_further_than_their_headers(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    x = ndbytes.open_memmap(path, "w+", "<f4", (1 << 32, 2))
    del x
    for way in (path, str(path)):
        summary = ndbytes.inspect(way)
        assert (summary.format, summary.nbytes) == ("npy", path.stat().st_size)
        assert (summary.entries[0].shape, summary.oddities) == ((1 << 32, 2), [])
    long = np.zeros(2, [(str(index) * 100, "u1") for index in range(600)])
    path.write_bytes(ndbytes.array_to_bytes(long)[:-1])
    assert "cut short" in ndbytes.inspect(path).oddities[-1]
    path.write_bytes(ndbytes.array_to_bytes(long)[:5000])
    with pytest.raises(ndbytes.IncompleteError):
        ndbytes.inspect(path)
    path.write_bytes(ndbytes.array_to_bytes(np.arange(5000), format="pickle"))
    assert ndbytes.inspect(path).entries[0].shape == (5000,)
    path.write_bytes(b"")
    with pytest.raises(ndbytes.DecodeError, match="there are no bytes"):
        ndbytes.inspect(path)
    with pytest.raises(FileNotFoundError) as missing:
        ndbytes.inspect(tmp_path / "no")
    assert missing.value.filename == str(tmp_path / "no")


def test_repr_and_html_of_archives() -> None:
    data = ndbytes.arrays_to_bytes(
        {"x": np.zeros((2, 3), "f4"), "y": np.arange(1000)}, compression="deflate"
    )
    summary = ndbytes.inspect(data)
    lines = repr(summary).splitlines()
    assert lines[0] == f"<npz, {len(data)} bytes"
    assert lines[1] == "  x: float32 (2, 3) in C order, npy 1.0, deflate"
    html = summary._repr_html_()
    assert html.startswith(f"<div><strong>npz, {len(data)} bytes</strong></div><table>")
    assert html.count("<tr>") == 3
    assert '<td style="text-align:left">float32</td>' in html
    assert '<td style="text-align:left">1.0</td>' in html
    assert '<td style="text-align:right">64</td>' in html
    many = ndbytes.inspect(ndbytes.arrays_to_bytes({f"a{i}": np.arange(3) for i in range(60)}))
    assert "  ... 10 more entries" in repr(many)
    assert many._repr_html_().count("<tr>") == 51
    wide = np.zeros(2, [(f"field{i}", "f4") for i in range(100)])
    summary = ndbytes.inspect(ndbytes.array_to_bytes(wide))
    assert "structure of 100 fields (2,) in C order" in repr(summary)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_arrays_of_archives_are_told_as_they_are_alone(method: int) -> None:
    """Version, alignment, oddities and names: of each, without the others'."""
    python2 = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<i4', 'fortran_order': False, 'shape': (3L,)}"
    evil = io.BytesIO()
    np.save(evil, np.array([print], object), allow_pickle=True)
    wide = np.zeros(2, [(f"{index:0>100}", "u1") for index in range(700)])
    alone = {
        "python2": python2.ljust(79) + b"\n" + bytes(12),
        "evil": evil.getvalue(),
        "wide": ndbytes.array_to_bytes(wide),
        "greek": ndbytes.array_to_bytes(np.zeros(2, [("\u03b1", "u1")])),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, data in alone.items():
            file.writestr(f"{name}.npy", data)
    whole = archive.getvalue()
    summary = ndbytes.inspect(whole)
    assert summary.version is None
    for entry, (name, data) in zip(summary.entries, alone.items(), strict=True):
        same = ndbytes.inspect(data)
        assert (entry.name, entry.dtype) == (name, same.entries[0].dtype)
        assert (entry.version, entry.names) == (same.version, same.names)
        assert entry.oddities == same.oddities
        assert {f'"{name}.npy": {oddity}' for oddity in same.oddities} <= {*summary.oddities}
        start = same.entries[0].offset
        assert start is not None
        if method == zipfile.ZIP_STORED:
            assert entry.offset_inside is None
            assert entry.offset is not None
            assert whole[entry.offset - start :].startswith(data)
        else:
            assert (entry.offset, entry.offset_inside) == (None, start)
            assert entry.alignment == same.entries[0].alignment
    assert [entry.version for entry in summary.entries] == ["1.0", "1.0", "2.0", "3.0"]
    assert "builtins.print" in summary.names
    assert any("3L" in oddity for oddity in summary.entries[0].oddities)


def test_repr_and_html_of_pickles() -> None:
    summary = ndbytes.inspect(b"\x80\x04cos\nsystem\n.")
    assert "  asks for: os.system\n" in repr(summary)
    assert "<br>odd: " in summary._repr_html_()


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "a&b", "\"'><img src=x onerror=y>", "a\nb\x1b[2J\u202e"],
)
def test_names_are_text_in_html_and_no_orders_to_terminals(hostile: str) -> None:
    field = np.zeros(1, [(hostile, "i4")])
    other = np.ones(1, [(hostile, "i4")])
    summaries = [
        ndbytes.inspect(ndbytes.arrays_to_bytes({hostile: np.arange(3)})),
        ndbytes.inspect(ndbytes.array_to_bytes(field)),
        ndbytes.inspect(pickle.dumps({hostile: np.arange(3)}, 4)),
        ndbytes.inspect(b"\x80\x02c" + hostile.replace("\n", "").encode() + b"\nx\n."),
    ]
    difference = ndbytes.diff(field, other)
    for shown in (*summaries, difference):
        html = shown._repr_html_()
        plain = re.sub(
            r"</?(div|strong|br|table|thead|tbody|tr|t[hd])( style=\"[a-z0-9:;,().-]*\")?>",
            "",
            html,
        )
        assert not set("<>\"'") & set(plain)
        assert not re.search("&(?!amp;|lt;|gt;|quot;|#39;)", plain)
        for text in (html, repr(shown), str(shown)):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_the_start_is_enough() -> None:
    """Of npy the header, of npz the members that are there, of a pickle what it asks for."""
    x = np.arange(1000.0)
    assert ndbytes.inspect(ndbytes.array_to_bytes(x)[:200]).entries[0].shape == (1000,)
    data = ndbytes.arrays_to_bytes({"x": x, "y": x > 3})
    start = ndbytes.inspect(data[:400])
    assert [(entry.name, entry.dtype, entry.offset) for entry in start.entries] == [
        ("x", x.dtype, ndbytes.inspect(data).entries[0].offset)
    ]
    assert "cut short" in start.oddities[-1]
    start = ndbytes.inspect(pickle.dumps(x, 4)[:150])
    assert "numpy.ndarray" in start.names
    assert "cut short" in start.oddities[-1]
    with pytest.raises(ndbytes.IncompleteError):
        ndbytes.inspect(data[:20])


class Stream(io.RawIOBase):
    """A stream that cannot seek, and counts."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self.data.read(size)
        self.count += len(part)
        return part


def test_file_objects(tmp_path: Path) -> None:
    x = np.zeros((1000, 1000))
    for data in (
        ndbytes.array_to_bytes(x),
        ndbytes.arrays_to_bytes({"x": x}),
        pickle.dumps(x, 4),
        pickle.dumps([x[0]], 0),
    ):
        whole = ndbytes.inspect(data)
        path = tmp_path / "x"
        path.write_bytes(data)
        with path.open("rb") as file:
            assert repr(ndbytes.inspect(file)) == repr(whole)
            assert file.tell() == 0
        memory = io.BytesIO(b"before" + data)
        memory.seek(6)
        (entry,) = ndbytes.inspect(memory).entries
        assert (entry.shape, memory.tell()) == (whole.entries[0].shape, 6)
        stream = Stream(data)
        summary = ndbytes.inspect(stream)
        assert summary.entries[0].dtype == whole.entries[0].dtype
        if whole.format == "npy":
            assert (summary.nbytes, stream.count) == (None, 65536)
            assert repr(summary).startswith("<npy 1.0\n  float64 (1000, 1000)")

    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError(f"no {size}")

    with pytest.raises(OSError, match="no 32"):
        ndbytes.inspect(Broken())


def test_what_python_2_wrote() -> None:
    data = b"\x80\x02U\x03gr\xf6."
    assert "encoding='latin1'" in ndbytes.inspect(data).oddities[0]
