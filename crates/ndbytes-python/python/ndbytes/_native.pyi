"""Native verbs of ndbytes; import them from ``ndbytes``.

What they do is in their docstrings: ``help(ndbytes.array_to_bytes)``.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pickle import PickleBuffer
from typing import (
    Any,
    Literal,
    Protocol,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    final,
    overload,
    type_check_only,
)

import numpy as np
import numpy.typing as npt

from ndbytes._errors import DecodeError

__all__ = [
    "Arrays",
    "Difference",
    "Entry",
    "Guess",
    "Incoming",
    "Limits",
    "NpzReader",
    "Summary",
    "Verified",
    "array_equal",
    "array_in",
    "array_to_buffers",
    "array_to_bytes",
    "arrays_to_bytes",
    "bytes_to_array",
    "bytes_to_arrays",
    "change_npz",
    "create_file",
    "diff",
    "dump",
    "dumps",
    "frombuffer",
    "guess",
    "identical",
    "inspect",
    "load",
    "load_array",
    "loads",
    "open_shared",
    "peek_file",
    "read_array",
    "read_arrays",
    "save_file",
    "save_npz",
    "save_stream",
    "tobytes",
    "verify",
    "write_array",
]

_Scalar = TypeVar("_Scalar", bound=np.generic)

# `collections.abc.Buffer` where it exists (from 3.12 on), and what type checkers take for it.
@type_check_only
class _SupportsBuffer(Protocol):
    def __buffer__(self, flags: int, /) -> memoryview: ...

@type_check_only
class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

@type_check_only
class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...

@type_check_only
class _Receiver(Protocol):
    def recv(self, size: int, /) -> bytes: ...

@type_check_only
class _Sender(Protocol):
    def sendall(self, data: bytes, /) -> object: ...

# NumPy's stubs give arrays their `__buffer__` only from 3.12 on.
_BytesLike: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[Any] | _SupportsBuffer
_Shape: TypeAlias = SupportsIndex | Iterable[SupportsIndex]

def array_to_bytes(
    array: npt.ArrayLike,
    /,
    *,
    format: Literal["npy", "npz", "pickle"] = "npy",
    threads: int | None = None,
) -> bytes: ...
def bytes_to_array(
    data: _BytesLike,
    /,
    *,
    format: Literal["npy", "npz", "pickle"] | None = None,
    copy: bool | None = None,
    limits: Limits | None = None,
) -> npt.NDArray[Any]: ...
def arrays_to_bytes(
    arrays: Mapping[str, npt.ArrayLike],
    /,
    *,
    format: Literal["npz"] = "npz",
    compression: Literal["deflate", "zstd"] | None = None,
    level: int | None = None,
    threads: int | None = None,
) -> bytes: ...
def bytes_to_arrays(
    data: _BytesLike,
    /,
    *,
    format: Literal["npz"] | None = None,
    copy: bool | None = None,
    limits: Limits | None = None,
) -> dict[str, npt.NDArray[Any]]: ...
def save_npz(
    file: str | _Writable,
    arrays: Mapping[str, npt.ArrayLike],
    /,
    *,
    allow_pickle: bool = True,
    compression: Literal["deflate", "zstd"] | None = None,
    level: int | None = None,
    threads: int | None = None,
    durable: bool = False,
) -> None: ...
def change_npz(
    path: str,
    arrays: Mapping[str, npt.ArrayLike],
    remove: list[str],
    rename: list[tuple[str, str]],
    /,
    *,
    compression: Literal["deflate", "zstd"] | None = None,
    level: int | None = None,
    threads: int | None = None,
    durable: bool = False,
) -> None: ...
def tobytes(
    array: npt.ArrayLike,
    /,
    order: Literal["C", "F", "A"] | None = "C",
    *,
    byteorder: Literal["little", "big", "native", "<", ">", "="] | None = None,
    threads: int | None = None,
) -> bytes: ...
@overload
def frombuffer(
    data: _BytesLike,
    /,
    dtype: type[_Scalar] | np.dtype[_Scalar],
    shape: _Shape | None = None,
    *,
    offset: SupportsIndex = 0,
    count: SupportsIndex = -1,
    order: Literal["C", "F"] = "C",
    copy: bool | None = None,
) -> npt.NDArray[_Scalar]: ...
@overload
def frombuffer(
    data: _BytesLike,
    /,
    dtype: npt.DTypeLike,
    shape: _Shape | None = None,
    *,
    offset: SupportsIndex = 0,
    count: SupportsIndex = -1,
    order: Literal["C", "F"] = "C",
    copy: bool | None = None,
) -> npt.NDArray[Any]: ...
def array_in(value: npt.ArrayLike, /) -> npt.NDArray[Any]: ...
def array_to_buffers(array: npt.ArrayLike, /) -> list[bytes | memoryview]: ...
def array_equal(a1: object, a2: object, equal_nan: bool = False) -> bool: ...
def diff(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    /,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    ulp: SupportsIndex | None = None,
    equal_nan: bool = False,
    values: bool = False,
) -> Difference: ...
def identical(a: npt.ArrayLike, b: npt.ArrayLike, /) -> bool: ...
def inspect(data: _BytesLike | str | os.PathLike[str] | _Readable, /) -> Summary: ...
def verify(
    data: _BytesLike | str | os.PathLike[str] | _Readable,
    /,
    *,
    limits: Limits | None = None,
) -> Verified: ...
def guess(
    data: _BytesLike,
    /,
    *,
    shape: _Shape | None = None,
    dtype: npt.DTypeLike | None = None,
    offset: SupportsIndex | None = None,
) -> list[Guess]: ...
def loads(
    data: _BytesLike,
    /,
    *,
    buffers: Iterable[_BytesLike | PickleBuffer] | None = None,
    encoding: str = "latin1",
    fix_imports: bool = True,
    copy: bool | None = True,
    limits: Limits | None = None,
) -> Any: ...
def dumps(
    obj: object,
    protocol: SupportsIndex | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[PickleBuffer], object] | None = None,
) -> bytes: ...
def load(
    file: _Readable,
    /,
    *,
    buffers: Iterable[_BytesLike | PickleBuffer] | None = None,
    encoding: str = "latin1",
    fix_imports: bool = True,
    limits: Limits | None = None,
) -> Any: ...
def dump(
    obj: object,
    file: _Writable,
    protocol: SupportsIndex | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: Callable[[PickleBuffer], object] | None = None,
) -> None: ...
def write_array(stream: _Writable | _Sender, array: npt.ArrayLike, /) -> None: ...
def read_array(
    stream: _Readable | _Receiver, /, *, limits: Limits | None = None
) -> npt.NDArray[Any]: ...
def read_arrays(stream: _Readable | _Receiver, /, *, limits: Limits | None = None) -> Arrays: ...

@final
class Arrays:
    def __iter__(self) -> Arrays: ...
    def __next__(self) -> npt.NDArray[Any]: ...

# What `ndbytes.aio` is made of.
@final
class Incoming:
    def __new__(cls, limits: Limits | None = None) -> Incoming: ...
    @property
    def wanted(self) -> int: ...
    def feed(self, piece: bytes, /) -> None: ...
    def cut(self) -> Exception: ...
    def array(self) -> npt.NDArray[Any]: ...

# What `ndbytes.shared` is made of.
def open_shared(name: str, /, *, writable: bool) -> int: ...

# What `ndbytes._files` is made of.
def save_file(
    path: str,
    array: npt.ArrayLike,
    /,
    *,
    allow_pickle: bool,
    durable: bool,
    progress: Callable[[int, int], object] | None = None,
) -> None: ...
def save_stream(
    file: Any, array: npt.ArrayLike, /, *, allow_pickle: bool, real_file: bool
) -> None: ...
def load_array(
    file: Any,
    start: bytes,
    /,
    *,
    allow_pickle: bool,
    encoding: str,
    max_header: int,
    limits: Limits | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> npt.NDArray[Any]: ...
def peek_file(
    file: Any, start: bytes, size: int, /, *, max_header: int
) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]: ...
def create_file(
    path: str,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    /,
    *,
    fortran_order: bool,
    version: int | None = None,
) -> int: ...

@final
class Limits:
    def __new__(
        cls,
        max_bytes: int | None = None,
        max_depth: int = 1_000,
        max_entries: int = 1_048_576,
        max_header: int = 16_777_216,
    ) -> Limits: ...
    @property
    def max_bytes(self) -> int | None: ...
    @property
    def max_depth(self) -> int: ...
    @property
    def max_entries(self) -> int: ...
    @property
    def max_header(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Limits], tuple[int | None, int, int, int]]: ...

@final
class NpzReader:
    def __new__(
        cls,
        source: Any,
        /,
        *,
        check_crc: bool = True,
        allow_pickle: bool = True,
        encoding: str = "latin1",
        limits: Limits | None = None,
    ) -> NpzReader: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def sizes(self) -> list[int]: ...
    def read(self, index: int, copy: bool | None = None, /) -> Any: ...
    def read_all(self, indices: list[int], copy: bool | None = None, /) -> list[Any]: ...
    def close(self) -> None: ...

@final
class Summary:
    @property
    def format(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def nbytes(self) -> int | None: ...
    @property
    def entries(self) -> list[Entry]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def oddities(self) -> list[str]: ...
    def _repr_html_(self) -> str: ...

@final
class Entry:
    @property
    def name(self) -> str | None: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def order(self) -> Literal["C", "F"]: ...
    @property
    def offset(self) -> int | None: ...
    @property
    def offset_inside(self) -> int | None: ...
    @property
    def alignment(self) -> int | None: ...
    @property
    def nbytes(self) -> int | None: ...
    @property
    def compression(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def oddities(self) -> list[str]: ...

@final
class Verified:
    @property
    def ok(self) -> bool: ...
    @property
    def format(self) -> str | None: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def arrays(self) -> int: ...
    @property
    def faults(self) -> list[DecodeError]: ...
    @property
    def notes(self) -> list[str]: ...

@final
class Guess:
    @property
    def what(self) -> str: ...
    @property
    def dtype(self) -> np.dtype[Any] | None: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def offset(self) -> int: ...
    @property
    def order(self) -> Literal["C", "F"]: ...
    @property
    def probability(self) -> float: ...
    @property
    def reasons(self) -> list[str]: ...
    @property
    def call(self) -> str | None: ...

@final
class Difference:
    @property
    def equal(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def first(self) -> tuple[int, ...] | None: ...
    @property
    def worst(self) -> tuple[int, ...] | None: ...
    @property
    def max_abs(self) -> float | None: ...
    @property
    def max_rel(self) -> float | None: ...
    @property
    def max_ulp(self) -> int | None: ...
    @property
    def nan(self) -> tuple[int, int, int]: ...
    @property
    def zero_signs(self) -> int: ...
    @property
    def fields(self) -> dict[str, Difference]: ...
    @property
    def why(self) -> list[str]: ...
    def _repr_html_(self) -> str: ...
