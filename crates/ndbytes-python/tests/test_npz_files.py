"""npz in files: NumPy's functions and their mapping, and changes that survive being killed."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES, NUMPY, parts
from programs import run

SAVES = pytest.mark.parametrize("name", ["savez", "savez_compressed"])


def arrays() -> dict[str, Any]:
    return {
        "x": np.arange(6).reshape(2, 3),
        "y": np.cumsum(np.random.default_rng(0).normal(size=100_000)).astype("f4"),
        "größe": np.array(["a", "bc"]),
    }


@SAVES
def test_paths_and_file_objects(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, given = getattr(ndbytes, name), arrays()
    monkeypatch.chdir(tmp_path)
    save("relative", **given)
    save(tmp_path / "path.npz", **given)
    with open("file", "wb") as file:
        save(file, **given)
    buffer = io.BytesIO(b"before")
    buffer.seek(6)
    save(buffer, **given)
    (tmp_path / "buffer.npz").write_bytes(buffer.getvalue())
    for path in ("relative.npz", "path.npz", "file", "buffer.npz"):
        with np.load(path) if path != "buffer.npz" else np.load(buffer_of(path)) as found:
            assert found.files == list(given)
            assert all(parts(found[key]) == parts(given[key]) for key in given)
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    assert sorted(os.listdir()) == ["buffer.npz", "file", "path.npz", "relative.npz"]


def buffer_of(path: str) -> io.BytesIO:
    """Past what comes before, as `numpy.load` looks at the first bytes."""
    buffer = io.BytesIO(Path(path).read_bytes())
    buffer.seek(6)
    return buffer


@SAVES
def test_as_numpy_does(name: str, tmp_path: Path) -> None:
    ours, theirs = getattr(ndbytes, name), getattr(np, name)
    x = np.arange(3)
    for save in (ours, theirs):
        save(tmp_path / "x", x, x + 1, z=x + 2)
        with np.load(tmp_path / "x.npz") as found:
            assert found.files == ["z", "arr_0", "arr_1"]
        save(tmp_path / "none")
        with pytest.raises(ValueError, match="Cannot use un-named variables and keyword arr_0"):
            save(tmp_path / "x", x, arr_0=x)
        # To NumPy before 2.1 this is an array of that name.
        if save is ours or NUMPY >= (2, 1):
            with pytest.raises(ValueError, match="allow_pickle=False"):
                save(tmp_path / "x", np.array([None], object), allow_pickle=False)
        with pytest.raises((TypeError, AttributeError)):
            save(3, x)
        with pytest.raises(FileNotFoundError) as caught:
            save(tmp_path / "nowhere" / "x", x)
        assert caught.value.filename == str(tmp_path / "nowhere" / "x.npz") or save is ours


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    masked = np.ma.masked_equal([1, 2], 2)
    with pytest.warns(UserWarning, match="mask"):
        ndbytes.savez(tmp_path / "x", masked)
    with pytest.warns(UserWarning, match="recarray") as caught:
        ndbytes.savez(tmp_path / "x", np.rec.array([(1, 2)]))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="metadata") as caught:
        ndbytes.savez(tmp_path / "x", np.zeros(2, np.dtype("f8", metadata={"unit": "m"})))
    assert caught[0].filename == __file__
    with np.load(tmp_path / "x.npz") as found:
        assert found["arr_0"].tolist() == [0, 0]


def test_the_mapping_is_that_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.txt", "taken on a Monday")
    with np.load(path) as theirs, ndbytes.load(path) as ours:
        assert isinstance(ours, ndbytes.NpzFile)
        assert ours.files == theirs.files
        assert list(ours) == list(theirs)
        assert len(ours) == len(theirs)
        if NUMPY >= (1, 25):
            assert repr(ours) == repr(theirs)
        assert list(ours.keys()) == list(theirs.keys())
        assert dir(ours.f) == dir(theirs.f)
        for key in ("x", "x.npy", "größe", "notes.txt", "missing"):
            assert (key in ours) == (key in theirs)
        assert ours["notes.txt"] == theirs["notes.txt"] == b"taken on a Monday"
        for key in ("x", "x.npy", "y", "größe.npy"):
            assert parts(ours[key]) == parts(theirs[key])
            assert ours[key].flags.writeable
            assert ours[key] is not ours[key]
        assert parts(ours.f.x) == parts(theirs.f.x)
        assert ours.get("missing", 7) == 7
        assert parts(ours.get("x")) == parts(theirs["x"])
        for (key, value), wanted in zip(ours.items(), theirs, strict=True):
            assert key == wanted
            assert isinstance(value, bytes) or parts(value) == parts(theirs[wanted])
        assert len(ours.items()) == len(ours.values()) == 4
        assert [type(value) for value in ours.values()] == [np.ndarray] * 3 + [bytes]
        for npz in (ours, theirs):
            with pytest.raises(KeyError, match="missing is not a file in the archive"):
                npz["missing"]
            with pytest.raises(AttributeError):
                _ = npz.f.missing
    for npz in (ours, theirs):
        with pytest.raises((ValueError, AttributeError)):
            npz["x"]
        assert npz.f is None
        npz.close()


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    ndbytes.savez_compressed(path, **arrays())
    data = path.read_bytes()

    class Slow(io.RawIOBase):
        """Brings a few bytes at a time."""

        def __init__(self) -> None:
            self.file = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, to: int, whence: int = 0) -> int:
            return self.file.seek(to, whence)

        def tell(self) -> int:
            return self.file.tell()

        def readinto(self, to: Any) -> int:
            return self.file.readinto(memoryview(to)[:1000])

    with open(path, "rb") as file:
        for source in (path, str(path), file, io.BytesIO(data), Slow()):
            with ndbytes.load(source) as found:
                assert all(parts(found[key]) == parts(value) for key, value in arrays().items())
            file.seek(0)
    assert not path.unlink()


def test_paths_of_bytes(tmp_path: Path) -> None:
    """Which `numpy.load` takes, and which are not the bytes of an archive."""
    path = os.fsencode(tmp_path / "größe.npz")
    ndbytes.savez(os.fsdecode(path), **arrays())
    ndbytes.update_npz(path, {"new": np.arange(2)})
    for mode in (None, "r"):
        with ndbytes.load(path, mmap_mode=mode) as found, np.load(path) as theirs:
            assert found.files == theirs.files == [*arrays(), "new"]
            assert all(parts(found[key]) == parts(theirs[key]) for key in found)


@pytest.mark.parametrize("method", ["bzip2", "lzma"])
def test_methods_that_are_not_read_are_named(method: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    number = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}[method]
    for x in (np.arange(3), np.zeros(100_000)):
        npy = ndbytes.array_to_bytes(x)
        with zipfile.ZipFile(path, "w", number) as archive:
            archive.writestr("x.npy", npy)
        words = rf"method {number} \({method}\)"
        with pytest.raises(ndbytes.DecodeError, match=words) as caught:
            ndbytes.bytes_to_arrays(path.read_bytes())
        assert caught.value.kind == "unsupported"
        with ndbytes.load(path) as found, pytest.raises(ndbytes.DecodeError, match=words):
            found["x"]
        assert any(method in str(fault) for fault in ndbytes.verify(path).faults)


def test_errors_of_file_objects_are_theirs() -> None:
    data = ndbytes.arrays_to_bytes(arrays())

    class Broken(io.BytesIO):
        broken = False

        def read(self, size: int | None = -1) -> bytes:
            if self.broken:
                raise RuntimeError("the tape is torn")
            return super().read(size)

        def write(self, data: Any) -> int:
            raise RuntimeError("the tape is full")

    file = Broken(data + bytes(0))
    found = ndbytes.load(file)
    file.broken = True
    with pytest.raises(RuntimeError, match="torn"):
        found["y"]
    with pytest.raises(RuntimeError, match="full"):
        ndbytes.savez(Broken(), x=np.zeros(3))


@SAVES
def test_maps(name: str, tmp_path: Path) -> None:
    path, given = tmp_path / "x.npz", arrays()
    getattr(ndbytes, name)(path, **given)
    before = path.read_bytes()
    with ndbytes.load(path, mmap_mode="r") as found:
        stored = found["größe"]
        assert all(parts(found[key]) == parts(value) for key, value in given.items())
        assert stored.flags.writeable == (name != "savez")
        large = found["y"]
    assert large.flags.aligned
    assert isinstance(large.base, memoryview) == (name == "savez")
    with ndbytes.load(path, mmap_mode="c") as found:
        x = found["y"]
        x[0] = -1
        assert (found["y"][0] == -1) == (name == "savez")
    assert path.read_bytes() == before
    for mode in ("r+", "w+", "nonsense"):
        with pytest.raises(ValueError, match="mmap_mode"):
            ndbytes.load(path, mmap_mode=mode)


def test_maps_are_not_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    ndbytes.savez(path, x=np.arange(1000))
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with ndbytes.load(path, mmap_mode="r") as found:
        assert found["x"].shape == (1000,)
    with ndbytes.load(path) as found, pytest.raises(ndbytes.DecodeError, match="CRC-32"):
        found["x"]


def test_objects_in_files(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    ndbytes.savez(path, o=np.array([1, "two"], object), n=np.arange(2))
    assert ndbytes.load(path)["o"].tolist() == [1, "two"]
    with ndbytes.load(path, allow_pickle=False) as found:
        assert found["n"].tolist() == [0, 1]
        with pytest.raises(ValueError, match="allow_pickle=False"):
            found["o"]
    hostile = FIXTURES / "hostile" / "npz" / "object_os_system.npz"
    with ndbytes.load(hostile) as found, pytest.raises(ndbytes.UnsafeError) as caught:
        found["x"]
    assert caught.value.names == ["os.system"]


def test_strings_of_python_2(tmp_path: Path) -> None:
    # A pickle of ['gr\xf6\xdfe'] by Python 2.
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    pickled = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I1\ntcnumpy\n"
        b"dtype\n(S'O8'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntbI00\n(lS'gr\\xf6\\xdfe'\natb."
    )
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + pickled
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", member)
    assert ndbytes.load(path, encoding="latin1")["x"].tolist() == ["größe"]
    assert ndbytes.load(path, encoding="bytes")["x"].tolist() == [b"gr\xf6\xdfe"]
    with pytest.raises(ValueError, match=r"ASCII|ascii"):
        ndbytes.load(path)["x"]


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    ndbytes.savez(path, x=np.arange(1000))
    mapped = ndbytes.load(path, mmap_mode="r")["x"]
    ndbytes.savez(path, x=np.zeros(1000))
    assert mapped.tolist() == list(range(1000))
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.savez(path, y=np.array([object()], object))
    assert ndbytes.load(path).files == ["x"]
    assert os.listdir(tmp_path) == ["x.npz"]


@pytest.mark.parametrize("compression", [None, "deflate", "zstd"])
def test_update(compression: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    given = arrays()
    np.savez_compressed(path, **given)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.txt", "taken on a Monday")
        archive.comment = b"of mine"
    with zipfile.ZipFile(path) as archive:
        packed = {info.filename: info.compress_size for info in archive.infolist()}
    ndbytes.update_npz(
        path,
        {"x": np.eye(3), "new": given["y"]},
        remove=["größe"],
        rename={"y": "a longer name ✓"},
        compression=compression,
    )
    found = dict(ndbytes.load(path))
    assert list(found) == ["a longer name ✓", "notes.txt", "x", "new"]
    assert parts(found["a longer name ✓"]) == parts(found["new"]) == parts(given["y"])
    assert found["notes.txt"] == b"taken on a Monday"
    assert parts(found["x"]) == parts(np.eye(3))
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"of mine"
        assert archive.getinfo("a longer name ✓.npy").compress_size == packed["y.npy"]
        if compression != "zstd":
            assert archive.testzip() is None
    before = path.read_bytes()
    for wrong in (
        {"remove": ["missing"]},
        {"rename": {"missing": "z"}},
        {"rename": {"x": "new"}},
    ):
        with pytest.raises(ndbytes.DecodeError):
            ndbytes.update_npz(path, **wrong)
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.update_npz(path, {"o": np.array([object()], object)})
    with pytest.raises(FileNotFoundError):
        ndbytes.update_npz(tmp_path / "missing.npz", {"x": np.eye(3)})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.npz"]


WRITER = """
import sys, numpy as np, ndbytes
path, number = sys.argv[1], 0
print("ready", flush=True)
while True:
    number += 1
    old = [name for name in ndbytes.load(path).files if name in "bc"]
    new = {"b": np.full(300_000, number), "a": np.full(50_000, number)}
    ndbytes.update_npz(path, new, remove=old, compression="deflate")
    ndbytes.update_npz(path, rename={"b": "c"})
"""


def test_what_a_file_holds_is_no_path(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    for save in (ndbytes.savez, ndbytes.savez_compressed):
        save(os.fsencode(tmp_path / "x"), x=np.arange(3))
        with ndbytes.load(os.fsencode(path)) as npz:
            assert npz["x"].tolist() == [0, 1, 2]
        for content in (path.read_bytes(), ndbytes.array_to_bytes([1])):
            with pytest.raises(ValueError, match="Hint: ndbytes"):
                ndbytes.load(content)


def test_one_name_is_no_list_of_names(tmp_path: Path) -> None:
    ndbytes.savez(tmp_path / "x.npz", a=np.arange(3), b=np.arange(4))
    with pytest.raises(TypeError, match=r"remove=\['ab'\]"):
        ndbytes.update_npz(tmp_path / "x.npz", remove="ab")
    assert np.load(tmp_path / "x.npz").files == ["a", "b"]


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by signals here")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    ndbytes.savez(path, a=np.full(50_000, 0), b=np.full(300_000, 0), kept=np.arange(100_000))
    chance = random.Random(0)
    seen = set()
    for _ in range(25):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.06)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found = dict(ndbytes.load(path))
        assert set(found) in ({"a", "b", "kept"}, {"a", "c", "kept"})
        assert found["kept"].tolist() == list(range(100_000))
        for value in found.values():
            assert value.shape in ((50_000,), (300_000,), (100_000,))
        numbers = {number for name in ("a", "b", "c") for number in found.get(name, ())}
        assert len(numbers) == 1
        seen.add(tuple(found))
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    # Files without a name leave nothing; between two names one may be left.
    litter = [name for name in os.listdir(tmp_path) if name != "x.npz"]
    assert all(name.startswith(".ndbytes-") for name in litter)
    assert len(litter) <= 2


def test_what_is_written_over_a_pipe(tmp_path: Path) -> None:
    read, write = os.pipe()
    given = {"x": np.arange(10)}
    with os.fdopen(read, "rb") as source:
        with os.fdopen(write, "wb") as sink:
            ndbytes.savez(sink, **given)
        data = source.read()
    assert data == ndbytes.arrays_to_bytes(given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ndbytes.bytes_to_arrays(data)["x"].tolist() == list(range(10))


def error_of(load: Any, data: bytes) -> Exception | None:
    try:
        with load(io.BytesIO(data)) as npz:
            for name in npz.files:
                npz[name]
    except Exception as error:  # Whatever it is.
        return error
    return None


@pytest.mark.parametrize("compressed", [False, True])
def test_damage_is_what_numpy_says_it_is(compressed: bool) -> None:
    """Code that was written for NumPy catches `BadZipFile`."""
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, x=np.arange(30), y=np.eye(2))
    whole = stream.getvalue()
    seen = 0
    for cut in range(4, len(whole), 3):
        theirs, ours = error_of(np.load, whole[:cut]), error_of(ndbytes.load, whole[:cut])
        assert isinstance(ours, ndbytes.IncompleteError), cut
        assert isinstance(ours, zipfile.BadZipFile), cut
        assert isinstance(theirs, zipfile.BadZipFile), cut
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        theirs, ours = error_of(np.load, flipped), error_of(ndbytes.load, flipped)
        if isinstance(theirs, zipfile.BadZipFile):
            # What is wrong with a member is an error of its format.
            is_ours = isinstance(ours, ndbytes.DecodeError) and ours.format != "npz"
            assert isinstance(ours, zipfile.BadZipFile) or is_ours, (at, ours)
            seen += 1
    assert seen > 50
    error = error_of(ndbytes.load, whole[:-1])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    # Other verbs do not promise what NumPy does.
    with pytest.raises(ndbytes.IncompleteError) as caught:
        ndbytes.bytes_to_arrays(whole[:-1])
    assert type(caught.value) is ndbytes.IncompleteError


LOADS = {
    "load": "ndbytes.load(path)['x']",
    "bytes_to_array": "ndbytes.bytes_to_array(data)",
    "bytes_to_arrays": "ndbytes.bytes_to_arrays(bytearray(data))['x']",
    "a copy would be seen": "ndbytes.load(path)['x'].copy()",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("way", LOADS)
def test_what_is_inflated_goes_straight_to_where_its_array_is(way: str, tmp_path: Path) -> None:
    """The peak of a process's memory grows by the array alone: 200 MB, of 2 MB."""
    path = tmp_path / "x.npz"
    x = np.tile(np.arange(1000.0), 25_000)
    ndbytes.savez_compressed(path, x=x)
    assert path.stat().st_size * 20 < x.nbytes
    program = f"""
        import sys
        import ndbytes

        def peak():
            # That of getrusage may be what the parent had.
            with open("/proc/self/status") as status:
                line = next(line for line in status if line.startswith("VmHWM:"))
            return int(line.split()[1]) * 1024

        path = sys.argv[1]
        with open(path, "rb") as file:
            data = file.read()
        before = peak()
        x = {LOADS[way]}
        print((peak() - before) / x.nbytes)
        assert x[-1] == 999.0
    """
    done = run(program, path)
    assert not done.stderr
    share = float(done.stdout)
    if way.startswith("a copy"):
        assert share > 1.9
    else:
        assert 0.9 < share < 1.2
