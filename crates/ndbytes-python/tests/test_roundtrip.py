"""Arrays without fields: the bytes are those of `numpy.save`, and come back exactly."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import (
    NUMPY,
    UNITS,
    assert_same,
    filled,
    layouts,
    nothing,
    numpy_load,
    numpy_save,
    parts,
    plain_dtypes,
)

Array = np.ndarray[Any, np.dtype[Any]]
PLAIN = pytest.mark.parametrize("dtype", plain_dtypes(), ids=lambda dtype: dtype.str)


def check(x: Array) -> Array:
    """Bytes as NumPy's, and NumPy and ndbytes both read them as `x`."""
    written = ndbytes.array_to_bytes(x)
    assert type(written) is bytes
    assert written == numpy_save(x)
    found = ndbytes.bytes_to_array(written)
    assert parts(found) == parts(np.asarray(x))
    by_numpy = numpy_load(written)
    assert parts(found) == parts(by_numpy)
    assert found.dtype.num == by_numpy.dtype.num
    assert found.flags.c_contiguous == by_numpy.flags.c_contiguous
    assert found.flags.f_contiguous == by_numpy.flags.f_contiguous
    assert not x.size or found.strides == by_numpy.strides
    return found


@PLAIN
def test_every_dtype_in_every_layout(dtype: np.dtype[Any]) -> None:
    for _, view in layouts(filled(dtype, (4, 3, 5), seed=dtype.itemsize)):
        check(view)


@PLAIN
def test_every_dtype_in_one_dimension(dtype: np.dtype[Any]) -> None:
    x = filled(dtype, (37,), seed=1)
    for view in (x, x[::-1], x[::3], x[5:6], x[:0], x[7:6:-1]):
        check(view)


@pytest.mark.parametrize(
    "shape",
    [(), (0,), (1,), (5,), (0, 0), (0, 3), (3, 0), (1, 1), (1, 5), (5, 1), (2, 0, 3), (2, 1, 1, 4)],
)
@pytest.mark.parametrize("dtype", ["<i2", ">f8", "b1", "U3"])
def test_shapes(shape: tuple[int, ...], dtype: str) -> None:
    for order in "CF":
        check(filled(dtype, shape, order=order))


@pytest.mark.parametrize("dims", [31, 32, 33, 63, 64])
def test_many_dimensions(dims: int) -> None:
    if dims > 32 and NUMPY < (2, 0):
        pytest.skip("NumPy 1 has at most 32 dimensions")
    x = filled("<i4", (2, *(1,) * (dims - 3), 3, 2))
    for view in (x, x.T, x[..., ::-1], x[:0], np.swapaxes(x, 0, -2)):
        check(view)


def test_strings_without_bytes() -> None:
    for dtype in ("S0", "<U0", ">U0", "V0"):
        for shape in ((3,), (), (0,), (2, 2)):
            x = nothing(dtype, shape)
            written = ndbytes.array_to_bytes(x)
            assert written == numpy_save(x)
            # NumPy itself reads these as elements of one byte.
            assert parts(ndbytes.bytes_to_array(written)) == parts(x)
            assert parts(ndbytes.bytes_to_array(written, copy=True)) == parts(x)


@pytest.mark.parametrize("kind", ["M8", "m8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_time_unit(kind: str, order: str) -> None:
    counts = [1, 2, 3, 7, 10, 25, 100, 1000, 86400, 2**31 - 1]
    codes = [f"{order}{kind}[{count}{unit}]" for unit in UNITS for count in counts]
    for code in [*codes, f"{order}{kind}"]:
        x = np.array([0, 1, -1, 2**63 - 1, -(2**63)], order + "i8").view(code)
        found = check(x)
        assert np.datetime_data(found.dtype) == np.datetime_data(np.dtype(code))
        # NumPy takes big-endian generic times for native ones in isnat.
        if found.dtype.isnative:
            assert np.isnat(found).tolist() == [False, False, False, False, True]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@PLAIN
def test_every_version_that_numpy_writes(dtype: np.dtype[Any], version: tuple[int, int]) -> None:
    x = filled(dtype, (3, 4))
    for view in (x, x.T, x[0, 0, ...], x[:0]):
        found = ndbytes.bytes_to_array(numpy_save(view, version))
        assert parts(found) == parts(view)
        assert found.flags.f_contiguous == view.flags.f_contiguous


@pytest.mark.parametrize(
    "code", ["l", "q", "L", "Q", "i", "p", "P", "intc", "longlong", "ulonglong"]
)
def test_c_types_of_one_size(code: str) -> None:
    check(filled(code, (3, 2)))


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        2 + 3j,
        True,
        "text",
        b"bytes",
        np.float32(2.5),
        np.datetime64("2024-02-29"),
        [1, 2, 3],
        [[1.5], [2.5]],
        ((True, False), (False, True)),
        [],
        range(5),
        memoryview(b"abc"),
        np.array([(1, 2.5)], "i2,f4")[0],
    ],
    ids=repr,
)
def test_what_numpy_makes_arrays_of(value: Any) -> None:
    assert ndbytes.array_to_bytes(value) == numpy_save(value)
    assert parts(ndbytes.bytes_to_array(ndbytes.array_to_bytes(value))) == parts(np.asarray(value))


def test_objects_that_make_arrays_of_themselves() -> None:
    class ArrayLike:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
            return np.arange(4, dtype=">u2")

    assert ndbytes.array_to_bytes(ArrayLike()) == numpy_save(np.arange(4, dtype=">u2"))


def test_read_only_arrays() -> None:
    x = filled("<f8", (3, 4))
    x.flags.writeable = False
    check(x)
    check(x[:, ::-2])


@pytest.mark.parametrize("order", ["C", "F"])
def test_memmap(tmp_path: Path, order: Any) -> None:
    path = tmp_path / "x.npy"
    x = np.lib.format.open_memmap(
        path, mode="w+", dtype=">i4", shape=(5, 7), fortran_order=order == "F"
    )
    x[:] = np.arange(35).reshape(5, 7)
    x.flush()
    assert ndbytes.array_to_bytes(x) == path.read_bytes()
    assert ndbytes.array_to_bytes(x[::2]) == numpy_save(np.asarray(x)[::2])
    assert_same(ndbytes.bytes_to_array(path.read_bytes()), np.asarray(x))
    del x


def test_sizes_around_the_steps_of_the_copy() -> None:
    """Where blocks, threads and huge pages begin, and one element to each side of it."""
    for size in (1 << 10, 64 << 10, 128 << 10, 1 << 20, 4 << 20, 8 << 20):
        for step in (-1, 0, 1):
            x = np.arange(size + step, dtype=np.uint8) * np.uint8(3)
            assert ndbytes.array_to_bytes(x) == numpy_save(x)
            assert parts(ndbytes.bytes_to_array(ndbytes.array_to_bytes(x), copy=True)) == parts(x)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u4", "<f8", "<c16", "V3"])
def test_large_gathers(dtype: str) -> None:
    x = filled(dtype, (257, 129, 31), seed=3)
    for view in (x.transpose(2, 0, 1), x.transpose(1, 0, 2), x[::-1, ::2, ::-3], x.T[::2]):
        assert ndbytes.array_to_bytes(view) == numpy_save(view)


def test_length_of_the_header_is_that_of_numpy_for_every_shape() -> None:
    """The padding depends on the digits of the shape."""
    for exponent in range(19):
        for shape in ((10**exponent, 0), (0, 10**exponent), (0,), (1,) * min(exponent, 32)):
            x = np.zeros(shape, "u1")
            assert ndbytes.array_to_bytes(x) == numpy_save(x)
            assert ndbytes.array_to_bytes(x.T) == numpy_save(x.T)


def test_what_follows_the_array_is_left_alone() -> None:
    x = filled("<i2", (3, 2))
    written = ndbytes.array_to_bytes(x)
    for more in (b"\0", b"\n", written):
        assert parts(ndbytes.bytes_to_array(written + more)) == parts(x)


def test_format_is_npy_or_told_from_the_bytes() -> None:
    x = filled("<i2", (3, 2))
    written = ndbytes.array_to_bytes(x, format="npy")
    assert written == ndbytes.array_to_bytes(x)
    assert parts(ndbytes.bytes_to_array(written, format="npy")) == parts(x)
    for unknown in ("nyp", "", "NPY", "raw"):
        with pytest.raises(ValueError, match=r"tobytes|not one of") as caught:
            ndbytes.array_to_bytes(x, format=unknown)
        assert type(caught.value) is ValueError
    with pytest.raises(ValueError, match=r'"nyp" is not one of .*"npy"'):
        ndbytes.bytes_to_array(written, format="nyp")


@pytest.mark.parametrize("threads", [None, 1, 2, 3, 8, 1000])
def test_any_number_of_threads(threads: int | None) -> None:
    x = filled("<f4", (1500, 1400), seed=5)
    for view in (x, x.T, x[:, ::-1], x[::2, ::3]):
        assert ndbytes.array_to_bytes(view, threads=threads) == numpy_save(view)


def test_writing_to_a_file_is_numpys_file(tmp_path: Path) -> None:
    x = filled(">c8", (4, 4), order="F")
    (tmp_path / "x.npy").write_bytes(ndbytes.array_to_bytes(x))
    found = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert found.flags.f_contiguous
    assert_same(np.asarray(found), x)
    with io.BytesIO(ndbytes.array_to_bytes(x) * 2) as file:
        assert parts(np.load(file)) == parts(np.load(file)) == parts(x)
