"""Native verbs of ndbytes; import them from ``ndbytes``.

What they do is in their docstrings: ``help(ndbytes.array_to_bytes)``.
"""

from collections.abc import Callable, Iterable
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

__all__ = [
    "Difference",
    "Entry",
    "Guess",
    "Limits",
    "Summary",
    "array_equal",
    "array_to_buffers",
    "array_to_bytes",
    "bytes_to_array",
    "diff",
    "dump",
    "dumps",
    "frombuffer",
    "guess",
    "identical",
    "inspect",
    "load",
    "loads",
    "tobytes",
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

# NumPy's stubs give arrays their `__buffer__` only from 3.12 on.
_BytesLike: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[Any] | _SupportsBuffer
_Shape: TypeAlias = SupportsIndex | Iterable[SupportsIndex]

def array_to_bytes(
    array: npt.ArrayLike,
    /,
    *,
    format: Literal["npy", "pickle"] = "npy",
    threads: int | None = None,
) -> bytes: ...
def bytes_to_array(
    data: _BytesLike,
    /,
    *,
    format: Literal["npy", "pickle"] | None = None,
    copy: bool | None = None,
    limits: Limits | None = None,
) -> npt.NDArray[Any]: ...
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
def array_to_buffers(array: npt.ArrayLike, /) -> list[bytes | memoryview]: ...
def array_equal(a1: object, a2: object, equal_nan: bool = False) -> bool: ...
def diff(a: npt.ArrayLike, b: npt.ArrayLike, /) -> Difference: ...
def identical(a: npt.ArrayLike, b: npt.ArrayLike, /) -> bool: ...
def inspect(data: _BytesLike, /) -> Summary: ...
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
class Summary:
    @property
    def format(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def entries(self) -> list[Entry]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def oddities(self) -> list[str]: ...

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
    def nbytes(self) -> int | None: ...
    @property
    def compression(self) -> str | None: ...

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
