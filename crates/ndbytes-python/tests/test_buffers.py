"""What bytes may come in, whose memory the array is, and who keeps it alive."""

from __future__ import annotations

import array as array_module
import ctypes
import gc
import io
import mmap
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import assert_same, filled, parts

X = np.arange(24, dtype="<i4").reshape(2, 3, 4)
DATA = ndbytes.array_to_bytes(X)

Read = Callable[..., np.ndarray[Any, np.dtype[Any]]]


def raw(data: Any, **options: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """The same array by way of `frombuffer`."""
    return ndbytes.frombuffer(data, X.dtype, X.shape, offset=len(DATA) - X.nbytes, **options)


BOTH = pytest.mark.parametrize("read", [ndbytes.bytes_to_array, raw])


class Bytes(bytes):
    """A subclass may do anything with its buffer."""


def strided(data: bytes) -> memoryview:
    """A view on every third byte of something larger, from back to front."""
    wide = np.zeros(3 * len(data), np.uint8)
    wide[::-3] = np.frombuffer(data, np.uint8)
    return memoryview(wide)[::-3]


IMMUTABLE: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytes subclass": Bytes,
    "memoryview of bytes": memoryview,
    "read-only memoryview": lambda data: memoryview(bytearray(data)).toreadonly(),
    "part of bytes": lambda data: memoryview(b"before" + data)[6:],
    "read-only uint8 array": lambda data: np.frombuffer(data, np.uint8),
    "read-only two-dimensional": lambda data: memoryview(data).cast("B", (len(data) // 8, 8)),
}
WRITABLE: dict[str, Callable[[bytes], Any]] = {
    "bytearray": bytearray,
    "memoryview of bytearray": lambda data: memoryview(bytearray(data)),
    "part of bytearray": lambda data: memoryview(bytearray(b"abc" + data + b"d"))[3:-1],
    "array of B": lambda data: array_module.array("B", data),
    "array of b": lambda data: array_module.array("b", data),
    "array of i": lambda data: array_module.array("i", data),
    "array of d": lambda data: array_module.array("d", data),
    "uint8 array": lambda data: np.frombuffer(data, np.uint8).copy(),
    "int8 array": lambda data: np.frombuffer(data, np.int8).copy(),
    "bool array": lambda data: np.frombuffer(data, np.bool_).copy(),
    "void array": lambda data: np.frombuffer(data, "V8").copy(),
    "part of an array": lambda data: np.frombuffer(b"12345" + data, np.uint8).copy()[5:],
    "two-dimensional": lambda data: np.frombuffer(data, np.uint8).copy().reshape(-1, 8),
    "ctypes array": lambda data: (ctypes.c_ubyte * len(data)).from_buffer_copy(data),
    "ctypes chars": lambda data: ctypes.create_string_buffer(data, len(data)),
    "BytesIO": lambda data: io.BytesIO(data).getbuffer(),
}
SCATTERED: dict[str, Callable[[bytes], Any]] = {
    "strided memoryview": strided,
    "strided array": lambda data: np.asarray(strided(data)),
    "two-dimensional strided": lambda data: np.repeat(
        np.frombuffer(data, np.uint8).reshape(-1, 8), 2, axis=1
    )[:, ::2],
    "reversed bytes": lambda data: memoryview(data[::-1])[::-1],
    "Fortran": lambda data: np.asfortranarray(np.frombuffer(data, np.uint8).reshape(-1, 8)),
}


def shares(view: np.ndarray[Any, np.dtype[Any]], data: Any) -> bool:
    return np.shares_memory(view, np.frombuffer(data, np.uint8))


@BOTH
@pytest.mark.parametrize("kind", IMMUTABLE)
def test_views_of_what_cannot_change(kind: str, read: Read) -> None:
    data = IMMUTABLE[kind](DATA)
    for copy in (None, False):
        view = read(data, copy=copy)
        assert_same(view, X)
        assert not view.flags.writeable
        assert not view.flags.owndata
        assert shares(view, data)
        with pytest.raises(ValueError, match="WRITEABLE"):
            view.flags.writeable = True


@BOTH
@pytest.mark.parametrize("kind", WRITABLE)
def test_views_of_what_may_change(kind: str, read: Read) -> None:
    data = WRITABLE[kind](DATA)
    for copy in (None, False):
        view = read(data, copy=copy)
        assert_same(view, X)
        assert view.flags.writeable
        assert shares(view, data)
        view[1, 2, 3] = 77
        assert read(data)[1, 2, 3] == 77
        memoryview(data).cast("B")[-4:] = np.int32(23).tobytes()
        assert view[1, 2, 3] == 23
        view.flags.writeable = False
        view.flags.writeable = True


@BOTH
@pytest.mark.parametrize("kind", SCATTERED)
def test_bytes_that_do_not_lie_side_by_side(kind: str, read: Read) -> None:
    data = SCATTERED[kind](DATA)
    assert bytes(memoryview(data).tobytes()) == DATA
    found = read(data)
    assert_same(found, X)
    assert not np.shares_memory(found, np.asarray(data))
    copied = read(data, copy=True)
    assert_same(copied, X)
    assert copied.flags.writeable
    with pytest.raises(BufferError, match="side by side") as caught:
        read(data, copy=False)
    assert "copy=None" in str(caught.value)


@BOTH
@pytest.mark.parametrize("kind", [*IMMUTABLE, *WRITABLE])
def test_copies_are_fresh_and_writable(kind: str, read: Read) -> None:
    data = (IMMUTABLE | WRITABLE)[kind](DATA)
    copied = read(data, copy=True)
    assert_same(copied, X)
    assert copied.flags.writeable
    assert copied.flags.owndata
    assert copied.flags.aligned
    assert copied.base is None
    assert not shares(copied, data)
    copied[:] = 0
    assert_same(read(data), X)


@BOTH
@pytest.mark.parametrize("order", ["C", "F"])
def test_order_is_kept_in_views_and_copies(order: Any, read: Read) -> None:
    data = ndbytes.array_to_bytes(np.asarray(X, order=order))
    for copy in (None, True):
        if read is raw:
            found = ndbytes.frombuffer(data[-X.nbytes :], "<i4", X.shape, order=order, copy=copy)
        else:
            found = read(data, copy=copy)
        assert_same(found, X)
        assert found.flags.f_contiguous == (order == "F")
        assert found.flags.c_contiguous == (order == "C")


@BOTH
def test_unaligned_views(read: Read) -> None:
    base = np.zeros(len(DATA) + 16, np.uint8)
    address = base.ctypes.data
    for shift in range(8):
        base[shift : shift + len(DATA)] = np.frombuffer(DATA, np.uint8)
        view = read(memoryview(base.data)[shift : shift + len(DATA)], copy=False)
        assert_same(view, X)
        assert view.flags.aligned == ((address + shift) % 4 == 0)
        assert (view + 1).tolist() == (X + 1).tolist()


@BOTH
def test_the_base_is_the_bytes_themselves(read: Read) -> None:
    data = bytes(bytearray(DATA))
    before = sys.getrefcount(data)
    view = read(data)
    assert view.base is data
    assert sys.getrefcount(data) == before + 1
    view.sum()
    del view
    assert sys.getrefcount(data) == before
    for copy in (True, None):
        del copy
        read(data, copy=True)
    assert sys.getrefcount(data) == before


@BOTH
def test_the_base_of_other_exporters_is_a_memoryview(read: Read) -> None:
    for make in (*WRITABLE.values(), Bytes):
        base = read(make(DATA)).base
        assert type(base) is memoryview
        assert base.tobytes() == DATA


@BOTH
def test_the_view_keeps_the_bytes_alive(read: Read) -> None:
    views = [read(make(DATA)) for make in (*IMMUTABLE.values(), *WRITABLE.values())]
    gc.collect()
    rubbish = [b"\xff" * len(DATA) for _ in range(1000)]
    for view in views:
        assert_same(view, X)
    del rubbish


@BOTH
@pytest.mark.parametrize("kind", ["uint8 array", "array of B", "ctypes array"])
def test_the_bytes_go_when_the_last_view_does(kind: str, read: Read) -> None:
    data = (IMMUTABLE | WRITABLE)[kind](DATA)
    gone = weakref.ref(data)
    view = read(data)
    part = view[0, 1:]
    del data, view
    gc.collect()
    assert gone() is not None
    assert part.tolist() == X[0, 1:].tolist()
    del part
    gc.collect()
    assert gone() is None


@BOTH
def test_errors_leave_no_references(read: Read) -> None:
    data = bytearray(DATA)
    before = sys.getrefcount(data)
    for _ in range(10):
        with pytest.raises(ndbytes.DecodeError):
            read(memoryview(data)[:-1])
    gc.collect()
    assert sys.getrefcount(data) == before
    data.append(0)


@BOTH
def test_a_bytearray_cannot_be_resized_under_a_view(read: Read) -> None:
    data = bytearray(DATA)
    view = read(data)
    for resize in (data.clear, lambda: data.append(0), lambda: data.extend(b"x" * 100)):
        with pytest.raises(BufferError):
            resize()
    assert_same(view, X)
    del view
    data.append(0)
    copied = read(data[:-1], copy=True)
    data.clear()
    assert_same(copied, X)


@BOTH
@pytest.mark.parametrize("access", [mmap.ACCESS_READ, mmap.ACCESS_WRITE, mmap.ACCESS_COPY])
def test_mmap(tmp_path: Path, access: int, read: Read) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(DATA)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0, access=access) as mapped:
        view = read(mapped)
        assert_same(view, X)
        assert view.flags.writeable == (access != mmap.ACCESS_READ)
        with pytest.raises(BufferError):
            mapped.close()
        if access == mmap.ACCESS_WRITE:
            view[0, 0, 0] = 99
            mapped.flush()
            assert read(path.read_bytes())[0, 0, 0] == 99
        del view
        copied = read(mapped, copy=True)
    copied[:] = 0


@BOTH
def test_memoryview_cannot_be_released_into_nothing(read: Read) -> None:
    """The array has a memoryview of its own."""
    data = memoryview(bytearray(DATA))
    view = read(data)
    data.release()
    assert_same(view, X)
    with pytest.raises(ValueError, match="released"):
        read(data)


@BOTH
@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes export buffers from 3.12 on")
def test_classes_that_export_buffers(read: Read) -> None:
    class Exporter:
        def __init__(self) -> None:
            self.content = bytearray(DATA)
            self.released = 0

        def __buffer__(self, flags: int) -> memoryview:
            return memoryview(self.content)

        def __release_buffer__(self, view: memoryview) -> None:
            self.released += 1
            view.release()

    exporter = Exporter()
    view = read(exporter)
    assert_same(view, X)
    assert exporter.released == 0
    with pytest.raises(BufferError):
        exporter.content.clear()
    del view
    gc.collect()
    assert exporter.released == 1
    exporter.content.clear()


@BOTH
def test_what_is_not_bytes(read: Read) -> None:
    cases: list[tuple[Any, str]] = [
        ("text", "decode"),
        (None, "NoneType"),
        (1, "int"),
        ([1, 2], "list"),
        (io.BytesIO(DATA), "read"),
        (Path("x.npy"), "Path"),
        (np.float64, "type"),
        (np.array(["text"], object), ""),
    ]
    for data, word in cases:
        with pytest.raises((TypeError, ValueError, BufferError)) as caught:
            read(data)
        if word:
            assert caught.type is TypeError, data
            assert "data must be bytes-like, not" in str(caught.value)
            assert word in str(caught.value)


def test_an_open_file_is_told_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(DATA)
    for mode in ("rb", "r"):
        with path.open(mode) as file, pytest.raises(TypeError, match=r"data\.read\(\)"):
            ndbytes.bytes_to_array(file)


def test_exporters_of_nothing() -> None:
    for empty in (b"", bytearray(), memoryview(b""), array_module.array("B"), np.empty(0, "u1")):
        with pytest.raises(ndbytes.DecodeError, match="no bytes"):
            ndbytes.bytes_to_array(empty)
        for copy in (None, True, False):
            assert parts(ndbytes.frombuffer(empty, "<f8", copy=copy)) == parts(np.empty(0, "<f8"))
        assert ndbytes.frombuffer(empty, "<f8", (3, 0, 2)).shape == (3, 0, 2)


def test_exporters_of_other_items_count_bytes() -> None:
    words = array_module.array("i", np.arange(6, dtype="i4").tobytes())
    assert ndbytes.frombuffer(words, "i4").tolist() == [0, 1, 2, 3, 4, 5]
    assert ndbytes.frombuffer(np.arange(3.0), "u1").nbytes == 24
    assert ndbytes.frombuffer(np.float64(1.5), "f8").tolist() == [1.5]


def test_arrays_without_elements_keep_their_flags() -> None:
    for shape in ((0,), (2, 0)):
        data = ndbytes.array_to_bytes(np.empty(shape, "<f8"))
        assert not ndbytes.bytes_to_array(data).flags.writeable
        assert ndbytes.bytes_to_array(bytearray(data)).flags.writeable
        assert ndbytes.bytes_to_array(data, copy=True).flags.writeable


def test_arrays_are_not_leaked() -> None:
    """Memory of a thousand copies and views is given back."""
    resource = pytest.importorskip("resource")
    data = ndbytes.array_to_bytes(filled("f8", (1 << 17,)))

    def rounds(count: int) -> None:
        for _ in range(count):
            ndbytes.bytes_to_array(data, copy=True)
            ndbytes.bytes_to_array(bytearray(data))
            ndbytes.tobytes(ndbytes.bytes_to_array(data))
            ndbytes.array_to_buffers(ndbytes.bytes_to_array(data)[::2])

    rounds(5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(100)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 30 * len(data)


def test_copy_is_a_bool_or_none() -> None:
    for copy in ("yes", 2, b""):
        with pytest.raises(TypeError):
            ndbytes.bytes_to_array(DATA, copy=copy)
