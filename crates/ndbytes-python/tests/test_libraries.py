"""Arrays of other libraries, encoded without a copy. Those that are not installed are skipped;
`cargo xtask test libraries` installs them and runs these tests."""

from __future__ import annotations

import array
import ctypes
import gc
import io
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMBERS, NUMPY, assert_same, filled, layouts

X = np.arange(24, dtype="f4").reshape(2, 3, 4)


def is_encoded_as(found: Any, expected: np.ndarray[Any, Any]) -> None:
    """By every verb that takes an array-like."""
    data = ndbytes.array_to_bytes(found)
    assert_same(ndbytes.bytes_to_array(data), expected)
    stream = io.BytesIO()
    ndbytes.write_array(stream, found)
    ndbytes.save(stream, found)
    assert stream.getvalue() == data + data
    assert ndbytes.tobytes(found) == expected.tobytes()
    assert ndbytes.identical(found, expected)
    packed = io.BytesIO()
    ndbytes.savez(packed, found, named=found)
    arrays = ndbytes.bytes_to_arrays(packed.getvalue())
    assert arrays.keys() == {"arr_0", "named"}
    for x in arrays.values():
        assert_same(x, expected)
    if os.name == "posix":
        with ndbytes.shared.create(found) as shared:
            assert_same(shared.array, expected)


def shares(found: Any, address: int) -> bool:
    """Whether the pieces to send are the array's own memory."""
    _, data = ndbytes.array_to_buffers(found)
    return np.frombuffer(data, np.uint8).ctypes.data == address


class OnlyDlpack:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, base: Any, device: tuple[int, int] | None = None) -> None:
        self._base = base
        self._device = device or base.__dlpack_device__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device

    def __dlpack__(self, **options: Any) -> Any:
        return self._base.__dlpack__(**options)


@pytest.mark.parametrize("code", NUMBERS)
def test_dlpack(code: str) -> None:
    if code == "b1" and NUMPY < (1, 25):
        pytest.skip("this NumPy exports no booleans")
    for layout, x in layouts(filled(code, (4, 3, 5))):
        if not x.flags.writeable or not x.flags.aligned or layout == "windows":
            # NumPy exports no such arrays, or only from a late version on.
            continue
        is_encoded_as(OnlyDlpack(x), x)
        if x.nbytes and x.flags.c_contiguous:
            assert shares(OnlyDlpack(x), x.ctypes.data)


def test_dlpack_keeps_what_it_shows() -> None:
    x = X.copy()
    gone = weakref.ref(x)
    pieces = ndbytes.array_to_buffers(OnlyDlpack(x))
    expected = x.tobytes()
    del x
    gc.collect()
    assert gone() is not None
    assert bytes(pieces[1]) == expected
    del pieces
    gc.collect()
    assert gone() is None


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


class Made:
    """A tensor that is written field by field."""

    def __init__(self, shape: tuple[int, ...] = (2, 3), **fields: Any) -> None:
        self._memory = (ctypes.c_uint8 * 64)(*range(64))
        strides = fields.pop("strides", None)
        self._shape = (ctypes.c_int64 * 8)(*shape)
        self._strides = None if strides is None else (ctypes.c_int64 * 8)(*strides)
        self._tensor = Tensor(
            data=ctypes.addressof(self._memory),
            device=(1, 0),
            ndim=len(shape),
            code=1,
            bits=8,
            lanes=1,
            shape=self._shape,
            strides=self._strides,
        )
        for name, value in fields.items():
            setattr(self._tensor, name, value)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self) -> Any:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
        )
        return new(ctypes.addressof(self._tensor), b"dltensor", None)


def test_every_way_to_describe_a_tensor() -> None:
    u1 = np.arange(64, dtype="u1")
    cases: list[tuple[Made, np.ndarray[Any, Any]]] = [
        (Made(), u1[:6].reshape(2, 3)),
        (Made(offset=5), u1[5:11].reshape(2, 3)),
        (Made(strides=(1, 2)), u1[:6].reshape(3, 2).T),
        (Made(strides=(-3, -1), offset=5), u1[5::-1].reshape(2, 3)),
        (Made((3,), strides=(0,)), np.broadcast_to(u1[:1], 3)),
        (Made(()), u1[0]),
        (Made((0, 3), data=None), u1[:0].reshape(0, 3)),
        (Made((3,), code=0, bits=16), u1[:6].view("i2")),
        (Made((2,), code=5, bits=64), u1[:16].view("c8")),
        (Made((2,), code=2, bits=16), u1[:4].view("f2")),
    ]
    for made, expected in cases:
        assert_same(ndbytes.bytes_to_array(ndbytes.array_to_bytes(made)), np.asarray(expected))


def test_tensors_that_are_refused() -> None:
    refused = [
        Made(lanes=2),
        Made(code=3),
        Made(bits=4),
        Made(code=2, bits=8),
        Made(code=4, bits=32),
        Made(ndim=-1),
        Made(ndim=65),
        Made((-1, 2)),
        Made(data=None),
        Made((1 << 40, 1 << 40)),
        Made(strides=((1 << 63) - 1, 1)),
        Made(device=(2, 0)),
    ]
    for made in refused:
        with pytest.raises((TypeError, ndbytes.DecodeError)):
            ndbytes.array_to_bytes(made)


class OnDevice(OnlyDlpack):
    """An array on a graphics card, as CuPy and PyTorch have them: NumPy is refused."""

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __dlpack__(self, **options: Any) -> Any:
        raise AssertionError("its memory is not to be looked at")


@pytest.mark.parametrize("kind", [OnlyDlpack, OnDevice])
def test_arrays_on_other_devices_are_refused(kind: Any) -> None:
    far = kind(X, (2, 0))
    hint = r"x\.cpu\(\) of PyTorch, cupy\.asnumpy\(x\) of CuPy"
    writes: list[Any] = [
        ndbytes.array_to_bytes,
        ndbytes.array_to_buffers,
        ndbytes.tobytes,
        lambda x: ndbytes.save(io.BytesIO(), x),
        lambda x: ndbytes.savez(io.BytesIO(), x),
        lambda x: ndbytes.write_array(io.BytesIO(), x),
        lambda x: ndbytes.diff(x, X),
    ]
    for write in writes:
        with pytest.raises(ndbytes.EncodeError, match=hint):
            write(far)


@pytest.mark.parametrize(
    ("name", "code"), [("bfloat16", 4), ("float8_e4m3fn", 10), ("float8_e5m2", 12)]
)
def test_numbers_that_numpy_does_not_know(name: str, code: int) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, name))
    expected = np.arange(64, dtype="u1")[: 6 * dtype.itemsize].view(dtype).reshape(2, 3)
    is_encoded_as(Made(code=code, bits=8 * dtype.itemsize), expected)


def test_buffers_and_interfaces() -> None:
    class Interface:
        __array_interface__ = X.__array_interface__

    class Array:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return X

    numbers = array.array("d", [1.5, 2.5])
    is_encoded_as(numbers, np.array([1.5, 2.5]))
    assert shares(numbers, numbers.buffer_info()[0])
    is_encoded_as(memoryview(X), X)
    is_encoded_as((ctypes.c_int16 * 3)(1, 2, 3), np.array([1, 2, 3], "i2"))
    for kind in (Interface, Array):
        is_encoded_as(kind(), X)
        assert shares(kind(), X.ctypes.data)


def test_torch() -> None:
    torch = pytest.importorskip("torch")
    for name in ("float32", "float64", "float16", "int64", "int8", "uint8", "bool", "complex64"):
        tensor = torch.ones((2, 3)).to(getattr(torch, name))
        is_encoded_as(tensor, tensor.numpy())
        assert shares(tensor, tensor.data_ptr())
        is_encoded_as(tensor.T, tensor.numpy().T)
    # And back, over the same bytes.
    found = ndbytes.bytes_to_array(bytearray(ndbytes.array_to_bytes(torch.ones(3))))
    assert torch.from_numpy(found).tolist() == [1, 1, 1]


def test_numbers_of_torch_that_numpy_does_not_know() -> None:
    torch, ml_dtypes = pytest.importorskip("torch"), pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        tensor = torch.arange(6.0).reshape(2, 3).to(getattr(torch, name))
        expected = np.arange(6).reshape(2, 3).astype(getattr(ml_dtypes, name))
        is_encoded_as(tensor, expected)
        assert shares(tensor, tensor.data_ptr())
        is_encoded_as(tensor[:, 1:], expected[:, 1:])
        is_encoded_as(tensor.T, expected.T)
        is_encoded_as(tensor[:0], expected[:0])
        is_encoded_as(tensor[1, 2], expected[1, 2])
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    assert ndbytes.tobytes(every) == every.view(torch.int16).numpy().tobytes()


def test_layouts_of_torch() -> None:
    torch = pytest.importorskip("torch")
    x = torch.arange(24).reshape(2, 3, 4)
    for view in (x.permute(2, 0, 1), x[:, ::2], x[0, 1, 2], x[:, :0], x.flip(0), x[1:, 1:, 1:]):
        is_encoded_as(view, view.numpy())
    expanded = torch.arange(3).expand(4, 3)
    is_encoded_as(expanded, expanded.numpy())
    channels_last = torch.rand(2, 3, 5, 7).to(memory_format=torch.channels_last)
    is_encoded_as(channels_last, channels_last.numpy())


def test_tensors_that_are_more_than_their_memory() -> None:
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.ones(3))
    c = torch.tensor([1 + 2j, 3 - 4j])
    refused = [
        (torch.ones(3, requires_grad=True), "detach"),
        (torch.ones(3, requires_grad=True, dtype=torch.bfloat16), "detach"),
        (parameter, "detach"),
        (c.conj(), "resolve_conj"),
        (c.conj().imag, "resolve_neg"),
        (torch.eye(3).to_sparse(), "layout"),
        (torch.empty(3, device="meta"), "meta"),
    ]
    for tensor, word in refused:
        stream = io.BytesIO()
        for write in (
            ndbytes.array_to_bytes,
            ndbytes.array_to_buffers,
            lambda x: ndbytes.save(stream, x),  # noqa: B023
            lambda x: ndbytes.write_array(stream, x),  # noqa: B023
        ):
            with pytest.raises((RuntimeError, BufferError, TypeError, ValueError), match=word):
                write(tensor)
        assert stream.getvalue() == b""
    is_encoded_as(parameter.detach(), np.ones(3, "f4"))
    is_encoded_as(c.conj().resolve_conj(), np.array([1 - 2j, 3 + 4j], "c8"))


LIBRARIES: dict[str, Any] = {
    "torch": lambda torch: torch.ones(1 << 26, dtype=torch.uint8),
    "torch, bfloat16": lambda torch: torch.ones(1 << 25, dtype=torch.bfloat16),
    "jax": lambda jax: jax.numpy.ones(1 << 26, "uint8").block_until_ready(),
    "jax, bfloat16": lambda jax: jax.numpy.ones(1 << 25, "bfloat16").block_until_ready(),
    "pyarrow": lambda pyarrow: pyarrow.array(np.ones(1 << 23)),
    "polars": lambda polars: polars.Series(np.ones(1 << 23)),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_no_memory_is_taken_for_a_copy(name: str) -> None:
    """As the system counts: 64 MB to a file leave the most that was in use where it was."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not tell")
    library = pytest.importorskip(name.partition(",")[0])
    pytest.importorskip("ml_dtypes")
    x = LIBRARIES[name](library)

    def most() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))

    with tempfile.TemporaryFile() as file:
        # Whatever is made but once.
        ndbytes.save(file, x[:10])
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            pytest.skip("the system does not forget")
        before = most()
        ndbytes.save(file, x)
        ndbytes.write_array(file, x)
        sum(len(piece) for piece in ndbytes.array_to_buffers(x))
        assert most() - before < 16 << 20
        bytes_too = ndbytes.array_to_bytes(x)
        # One copy, which is the result.
        assert most() - before < len(bytes_too) + (16 << 20)
        assert len(bytes_too) > 64 << 20


def test_jax() -> None:
    jax = pytest.importorskip("jax")
    pytest.importorskip("ml_dtypes")
    for name in ("float32", "int32", "bfloat16", "float8_e4m3fn"):
        x = jax.numpy.arange(6).reshape(2, 3).astype(name)
        is_encoded_as(x, np.asarray(x))
        is_encoded_as(OnlyDlpack(x), np.asarray(x))
    assert shares(x, x.unsafe_buffer_pointer())


def test_arrow() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    column = pyarrow.array([1.5, 2.5])
    is_encoded_as(column, np.array([1.5, 2.5]))
    assert shares(column, column.buffers()[1].address)
    is_encoded_as(pyarrow.Tensor.from_numpy(X), X)
    with pytest.raises(ndbytes.EncodeError, match="1 places have no value"):
        ndbytes.array_to_bytes(pyarrow.array([1, None]))


def test_polars() -> None:
    polars = pytest.importorskip("polars")
    column = polars.Series([1, 2, 3])
    is_encoded_as(column, np.array([1, 2, 3]))
    assert shares(column, column.to_numpy().ctypes.data)
    with pytest.raises(ndbytes.EncodeError, match="fill_null"):
        ndbytes.array_to_bytes(polars.Series([1, None]))


def test_cupy() -> None:
    cupy = pytest.importorskip("cupy")
    with pytest.raises(ndbytes.EncodeError, match=r"cupy\.asnumpy"):
        ndbytes.array_to_bytes(cupy.ones(3))
    is_encoded_as(cupy.asnumpy(cupy.ones(3)), np.ones(3))
