"""More than 4 GiB, and more than 2^31 elements."""

from __future__ import annotations

import io
import mmap
import os
import zipfile
from typing import Any

import ndbytes
import numpy as np
import pytest

GIB = 1 << 30


def free_memory() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":") for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return int(os.environ.get("NDBYTES_TEST_MEMORY", "0"))


def header(shape: tuple[int, ...], descr: str) -> bytes:
    """As NumPy writes it."""
    stream = io.BytesIO()
    description = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, description)
    return stream.getvalue()


pytestmark = pytest.mark.skipif(free_memory() < 12 * GIB, reason="needs 12 GiB of free memory")


def test_more_than_2_to_the_31_elements_and_4_gib() -> None:
    """Of a broadcast array, so that only the bytes are large."""
    row = np.arange(251, dtype=np.uint8)
    shape = (4 * GIB // 251 + 2, 251)
    x = np.broadcast_to(row, shape)
    assert x.size > 1 << 32
    data = ndbytes.array_to_bytes(x)
    assert len(data) == 128 + x.size
    assert data[:128] == header(shape, "|u1")
    found = ndbytes.bytes_to_array(data)
    assert found.shape == shape
    for at in (0, 1, 2**31 // 251, 2**32 // 251, -1):
        assert found[at].tobytes() == row.tobytes()
    assert ndbytes.array_equal(found, x)
    back = ndbytes.frombuffer(data, "u1", (-1, 251), offset=128)
    assert back.shape == shape
    last = ndbytes.frombuffer(data, "u1", count=251, offset=128 + x.size - 251)
    assert last.tolist() == row.tolist()
    with pytest.raises(ndbytes.IncompleteError) as caught:
        ndbytes.bytes_to_array(memoryview(data)[:-1])
    assert caught.value.needed == len(data)


def test_views_of_zeros_that_are_never_touched() -> None:
    """Ten times the memory of the machine could be mapped; only headers are read."""
    size = 20 * GIB
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    with mmap.mmap(-1, size, flags=flags) as mapped:
        mapped[:128] = header((size // 8 - 16,), ">f8")
        view = ndbytes.bytes_to_array(mapped)
        assert view.shape == (size // 8 - 16,)
        view[-1] = 1.5
        assert view.nbytes == size - 128
        _, data = ndbytes.array_to_buffers(view)
        assert data.nbytes == size - 128
        assert bytes(data[-8:]) == np.array(1.5, ">f8").tobytes()
        del view, data


def test_offsets_beyond_4_gib(tmp_path: Any) -> None:
    """In a file that is nearly all hole."""
    path = tmp_path / "sparse"
    place = 5 * GIB + 3
    x = np.arange(10, dtype="<u4")
    with path.open("wb") as file:
        file.seek(place)
        file.write(x.tobytes())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        found = ndbytes.frombuffer(mapped, "<u4", offset=place)
        assert found.tolist() == x.tolist()
        with pytest.raises(ndbytes.DecodeError, match="39 bytes"):
            ndbytes.frombuffer(mapped, "<u4", offset=place + 1)
        del found


class Holes(io.RawIOBase):
    """A file of zeros that take no room on the disk."""

    def __init__(self, path: Any) -> None:
        self.file = open(path, "wb")  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if len(data) < 65536 or np.frombuffer(data, "u1").any():
            return self.file.write(data)
        self.file.seek(len(data), os.SEEK_CUR)
        return len(data)

    def close(self) -> None:
        self.file.close()
        super().close()


def test_members_of_more_than_4_gib_and_members_behind_them(tmp_path: Any) -> None:
    path = tmp_path / "x.npz"
    zeros = np.broadcast_to(np.zeros(1, "u1"), (4 * GIB + 3,))
    with Holes(path) as sink:
        ndbytes.savez(sink, small=np.arange(5), large=zeros, last=np.arange(3))
    for names in (["small", "large", "last"], ["large", "last", "new"]):
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            places = [info.header_offset for info in archive.infolist()]
        assert list(sizes) == [f"{name}.npy" for name in names]
        assert sizes["large.npy"] > 4 * GIB
        assert places[-1] > 4 * GIB
        with np.load(path) as by_numpy, ndbytes.load(path, mmap_mode="r") as found:
            assert by_numpy["last"].tolist() == found["last"].tolist() == [0, 1, 2]
            assert found["large"].shape == zeros.shape
            assert not found["large"][-9:].any()
        assert ndbytes.inspect(path).entries[names.index("last")].offset > 4 * GIB
        # Where the large one lies, and all behind it, moves.
        if "new" not in names:
            ndbytes.update_npz(path, {"new": np.eye(2)}, remove=["small"])
