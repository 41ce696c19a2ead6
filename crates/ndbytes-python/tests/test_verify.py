"""`ndbytes.verify`: whether every byte is as it should be."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES

X = np.arange(12.0).reshape(3, 4)


def npz(compressed: bool = False) -> bytes:
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, x=X, y=np.array(["a", None], dtype=object))
    return file.getvalue()


def test_what_numpy_writes_is_fine(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, X)
    np.save(file, X)
    for data, format, arrays in (
        (file.getvalue(), "npy", 2),
        (npz(), "npz", 2),
        (npz(compressed=True), "npz", 2),
        (pickle.dumps({"x": X}), "pickle", 1),
    ):
        path = tmp_path / f"x.{format}"
        path.write_bytes(data)
        opened = io.BytesIO(data)
        for source in (data, bytearray(data), memoryview(data), path, str(path), opened):
            found = ndbytes.verify(source)
            assert (found.ok, found.format, found.arrays) == (True, format, arrays), repr(found)
            assert (found.nbytes, found.faults) == (len(data), [])
    assert repr(ndbytes.verify(npz())).startswith("<fine: npz, ")


def test_faults_are_errors_that_are_not_raised(tmp_path: Path) -> None:
    data = bytearray(npz())
    at = bytes(data).index(X.tobytes())
    data[at] ^= 1
    (fault,) = ndbytes.verify(data).faults
    assert isinstance(fault, ndbytes.DecodeError)
    assert (fault.kind, fault.entry, fault.format) == ("malformed", "x.npy", "npz")
    assert "CRC-32" in str(fault)
    path = tmp_path / "x.npz"
    path.write_bytes(data)
    assert str(ndbytes.verify(path).faults[0]) == str(fault)
    path.write_bytes(data[:100])
    (fault,) = ndbytes.verify(path).faults
    assert isinstance(fault, ndbytes.IncompleteError)

    (fault,) = ndbytes.verify(ndbytes.array_to_bytes(X) + b"!").faults
    assert "1 byte follows" in str(fault)
    path.write_bytes(ndbytes.array_to_bytes(X)[:-1])
    assert ndbytes.verify(path).faults[0].kind == "incomplete"
    (fault,) = ndbytes.verify(b"cos\nsystem\n(S'true'\ntR.").faults
    assert isinstance(fault, ndbytes.UnsafeError)
    assert fault.names == ["os.system"]
    path.write_bytes(b"")
    assert ndbytes.verify(path).format is None
    with pytest.raises(FileNotFoundError):
        ndbytes.verify(tmp_path / "no")


def test_members_that_are_no_arrays_are_summed_up_as_zipfile_does() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README", "about these arrays")
    found = ndbytes.verify(file.getvalue())
    assert (found.ok, found.arrays) == (True, 0)
    assert found.notes == ['"README": no array, 18 bytes']


@pytest.mark.parametrize("name", ["flip_stored.npz", "both_crc.npz", "flip_deflated_5.npz"])
def test_what_zipfile_finds_is_found(name: str) -> None:
    path = FIXTURES / "hostile/npz" / name
    with pytest.raises((zipfile.BadZipFile, Exception)), zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    assert not ndbytes.verify(path).ok


def test_a_large_file_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    del_me = ndbytes.open_memmap(path, "w+", "<f4", (1 << 32, 2))
    del del_me
    assert ndbytes.verify(path).ok


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="makes a file with a hole")
def test_a_large_file_that_says_nothing_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"nothing")
    # More than any memory holds.
    os.truncate(path, 1 << 42)
    found = ndbytes.verify(path)
    assert (found.ok, found.format, found.nbytes) == (False, None, 1 << 42)
    # What has no magic is told by its end, wherever it is.
    path.write_bytes(pickle.dumps([np.arange(3)], 0))
    assert str(ndbytes.verify(path)) == str(ndbytes.verify(path.read_bytes()))
    assert ndbytes.verify(path).arrays == 1


def test_elements_that_are_none_of_their_dtype_are_noted() -> None:
    odd = np.array([0, 1, 2, 3], "u1").view("?")
    found = ndbytes.verify(ndbytes.array_to_bytes(odd))
    assert found.ok
    assert found.notes[0].startswith("2 booleans are neither 0 nor 1")
    text = np.array(["a"], "<U2").view(">U2")
    for data in (
        ndbytes.array_to_bytes(text),
        bytearray(ndbytes.arrays_to_bytes({"x": text}, compression="deflate")),
    ):
        assert "1 characters are beyond U+10FFFF" in ndbytes.verify(data).notes[0]
