"""Arrays in files: the names, arguments and exceptions of NumPy."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from math import prod
from operator import index
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

import numpy as np

from ndbytes import pickle
from ndbytes._errors import DecodeError, TextError, UnsafeError
from ndbytes._native import (
    Limits,
    create_file,
    load_array,
    peek_file,
    save_file,
    save_stream,
)
from ndbytes._npz import open_npz

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["load", "open_memmap", "save"]

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Progress: TypeAlias = bool | Callable[[int, int], object] | None
_MapMode: TypeAlias = (
    Literal["r", "r+", "w+", "c"] | Literal["readonly", "readwrite", "write", "copyonwrite"]
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


_NPY = b"\x93NUMPY"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# Headers are read by a parser that no text can hurt, so NumPy's 10,000 bytes are no limit here.
_MAX_HEADER = 16 << 20
_SAME_MODES = {"readonly": "r", "readwrite": "r+", "write": "w+", "copyonwrite": "c"}
_MODES = ["r", "c", "r+", "w+"]


def save(
    file: _Path | _Writable,
    arr: npt.ArrayLike,
    allow_pickle: bool = True,
    fix_imports: bool = True,
    *,
    durable: bool = False,
    progress: _Progress = None,
) -> None:
    """Save one array in npy, as ``numpy.save`` does.

    A path sees the whole file or nothing of it: an old file stays until the new one is complete,
    whatever happens. Its permissions are kept, and symbolic links are followed.

    Parameters
    ----------
    file : path or file object
        A ``str``, ``bytes`` or ``os.PathLike``, to which ``.npy`` is added unless it ends so; or
        anything with ``write``, from where it stands.
    arr : array_like
        Elements that are objects have to be plain data; see `ndbytes.pickle.dumps`.
    allow_pickle : bool
        Whether arrays of objects may be saved, as a pickle.
    fix_imports : bool
        Without effect.
    durable : bool
        Whether the file is forced onto the disk before this returns.
    progress : bool or callable, optional
        ``True`` shows a bar if ``tqdm`` is installed; a callable is given the number of bytes done
        and of all, and stops the work by raising. For paths only.

    Returns
    -------
    None

    Raises
    ------
    EncodeError
        When npy cannot hold the array.
    OSError
        When the file cannot be written. A file that was there is as it was before.

    Warns
    -----
    UserWarning
        Of what npy has no place for, which NumPy drops, too: a mask, metadata, a class.

    Examples
    --------
    >>> ndbytes.save("x.npy", np.arange(3))
    >>> np.load("x.npy")
    array([0, 1, 2])
    """
    if hasattr(file, "write"):
        real = isinstance(file, (io.FileIO, io.BufferedReader, io.BufferedWriter))
        save_stream(file, arr, allow_pickle=allow_pickle, real_file=real)
        if durable:
            opened = cast(IO[bytes], file)
            opened.flush()
            os.fsync(opened.fileno())
        return
    path = os.fsdecode(file)
    if not path.endswith(".npy"):
        path += ".npy"
    with _told(progress, f"saving {os.path.basename(path)}") as tell:
        save_file(path, arr, allow_pickle=allow_pickle, durable=durable, progress=tell)


def load(
    file: _Path | _Readable,
    mmap_mode: _MapMode | None = None,
    allow_pickle: bool = True,
    fix_imports: bool = True,
    encoding: Literal["ASCII", "latin1", "bytes"] = "ASCII",
    *,
    max_header_size: int = _MAX_HEADER,
    limits: Limits | None = None,
    progress: _Progress = None,
) -> Any:
    """Load what ``numpy.save``, ``numpy.savez`` or ``pickle.dump`` wrote, as ``numpy.load`` does.

    Nothing is run.

    Parameters
    ----------
    file : path or file object
        A ``str``, ``bytes`` or ``os.PathLike``, or anything with ``read``, which is left behind
        what was loaded: several arrays in one file are loaded one after another. It need not be
        able to go back.
    mmap_mode : {None, "r", "r+", "c"}
        Map an npy file at a path into memory instead, as `open_memmap` does. Of an npz file, arrays
        that are not compressed become views of the map (``"r"`` and ``"c"``).
    allow_pickle : bool
        Whether arrays of objects, and pickles, may be loaded. They are read without running
        anything; see `ndbytes.pickle.loads`.
    fix_imports : bool
        Without effect: the names of Python 2 and Python 3 are both known.
    encoding : {"ASCII", "latin1", "bytes"}
        What a ``str`` of Python 2 among objects becomes.
    max_header_size : int
        The longest header that is read, in bytes.
    limits : Limits, optional
        What reading objects may spend.
    progress : bool or callable, optional
        As in `save`, for large arrays in regular files.

    Returns
    -------
    numpy.ndarray, or what was pickled, or an `NpzFile` with the arrays by their names

    Raises
    ------
    EOFError
        When there is nothing left in the file.
    DecodeError
        When the bytes are damaged, or of no format that is known.
    UnsafeError
        When they ask for code to be run.

    Examples
    --------
    >>> with open("two.npy", "wb") as file:
    ...     ndbytes.save(file, np.arange(3))
    ...     ndbytes.save(file, np.eye(2))
    >>> with open("two.npy", "rb") as file:
    ...     ndbytes.load(file).shape, ndbytes.load(file).shape
    ((3,), (2, 2))
    """
    if encoding not in ("ASCII", "latin1", "bytes"):
        raise ValueError("encoding must be 'ASCII', 'latin1', or 'bytes'")
    if isinstance(file, bytes) and file.startswith((_NPY, *_ZIP)):
        raise ValueError(
            "file is what a file holds, not its path. "
            "Hint: ndbytes.bytes_to_array and ndbytes.bytes_to_arrays read it"
        )
    theirs, path = hasattr(file, "read"), cast(_Path, file)
    with contextlib.nullcontext(file) if theirs else open(os.fspath(path), "rb") as opened:
        source: Any = opened
        start = _first(source, len(_NPY))
        if not start:
            raise EOFError("No data left in file")
        if start == _NPY:
            if mmap_mode and (theirs or mmap_mode not in ("r", "c")):
                return open_memmap(path, mmap_mode, max_header_size=max_header_size)
            if mmap_mode:
                return _old_memmap(source, start, mmap_mode, path, max_header_size)
            with _told(progress, "loading") as tell, _explained(file):
                return load_array(
                    source,
                    start,
                    allow_pickle=allow_pickle,
                    encoding=encoding,
                    max_header=max_header_size,
                    limits=limits,
                    progress=tell,
                )
        if start.startswith(_ZIP):
            return open_npz(
                file if theirs else os.fsdecode(path),
                mmap_mode,
                allow_pickle=allow_pickle,
                encoding=encoding,
                max_header_size=max_header_size,
                limits=limits,
            )
        if not allow_pickle:
            raise DecodeError(
                "This file contains pickled (object) data. "
                "Hint: allow_pickle=True reads it; nothing that it names is run",
                kind="unsupported",
            )
        with _explained(file):
            return pickle.load(_Again(start, source), encoding=encoding, limits=limits)


def open_memmap(
    filename: _Path,
    mode: _MapMode = "r+",
    dtype: npt.DTypeLike | None = None,
    shape: int | tuple[int, ...] | None = None,
    fortran_order: bool = False,
    version: tuple[int, int] | None = None,
    *,
    max_header_size: int = _MAX_HEADER,
) -> np.memmap[Any, np.dtype[Any]]:
    """Map an npy file into memory, or make one, as ``numpy.lib.format.open_memmap`` does.

    It may be larger than the memory: only the parts that are used are loaded.

    Parameters
    ----------
    filename : path
        A ``str``, ``bytes`` or ``os.PathLike``.
    mode : {"r+", "r", "c", "w+"}
        Read and write, read only, copy what is written (the file stays as it is), or make a new
        file of zeros, which take no room on the disk. A file that is there is replaced, not written
        over, so maps of it stay what they are.
    dtype : dtype_like, optional
        Of a new file; float64 unless given.
    shape : int or tuple of int, optional
        Of a new file, which needs one.
    fortran_order : bool
        Whether a new file is in Fortran order.
    version : tuple of int, optional
        The version of npy of a new file: (1, 0), (2, 0) or (3, 0); the lowest that can hold it
        unless given.
    max_header_size : int
        The longest header that is read, in bytes.

    Returns
    -------
    numpy.memmap

    Raises
    ------
    IncompleteError
        When the file is shorter than its header says.
    ValueError
        When the mode or the dtype is none for a map.

    Examples
    --------
    >>> x = ndbytes.open_memmap("big.npy", "w+", dtype="<f4", shape=(1000, 1000))
    >>> x[500] = 1.5
    >>> x.flush()
    >>> ndbytes.open_memmap("big.npy", "r")[500, 999]
    np.float32(1.5)
    """
    if isinstance(filename, (io.FileIO, io.BufferedReader, io.BufferedWriter)):
        raise ValueError(
            "Filename must be a string or a path-like object. "
            "Hint: a file that is open is mapped by numpy.memmap"
        )
    kind = _SAME_MODES.get(mode, mode)
    if kind not in _MODES:
        raise ValueError(f"mode must be one of {[*_MODES, *_SAME_MODES]!r} (got {mode!r})")
    if kind == "w+":
        return _new_memmap(filename, np.dtype(dtype), shape, fortran_order, version)
    with open(os.fspath(filename), "r+b" if kind == "r+" else "rb") as file:
        return _old_memmap(file, b"", kind, filename, max_header_size)


def _old_memmap(
    file: IO[bytes], start: bytes, mode: str, filename: _Path, max_header_size: int
) -> np.memmap[Any, np.dtype[Any]]:
    size = os.fstat(file.fileno()).st_size
    dtype, dims, fortran, offset = peek_file(file, start, size, max_header=max_header_size)
    _refuse_objects(dtype)
    return _map(file, mode, dtype, dims, fortran, offset, filename)


def _new_memmap(
    filename: _Path,
    dtype: np.dtype[Any],
    shape: int | tuple[int, ...] | None,
    fortran_order: bool,
    version: tuple[int, int] | None,
) -> np.memmap[Any, np.dtype[Any]]:
    if version not in (None, (1, 0), (2, 0), (3, 0)):
        raise ValueError(f"we only support format version (1,0), (2,0), and (3,0), not {version}")
    _refuse_objects(dtype)
    if shape is None:
        raise ValueError("shape must be given if mode == 'w+'")
    dims = (
        tuple(index(dim) for dim in shape) if isinstance(shape, tuple | list) else (index(shape),)
    )
    if any(dim < 0 for dim in dims):
        raise ValueError(f"shape has a negative dimension: {dims}")
    offset = create_file(
        os.fsdecode(filename),
        dtype,
        dims,
        fortran_order=fortran_order,
        version=None if version is None else version[0],
    )
    with open(os.fspath(filename), "r+b") as file:
        return _map(file, "r+", dtype, dims, fortran_order, offset, filename)


def _refuse_objects(dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise ValueError("Array can't be memory-mapped: Python objects in dtype.")


def _map(
    file: IO[bytes],
    mode: str,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    fortran_order: bool,
    offset: int,
    filename: _Path,
) -> np.memmap[Any, np.dtype[Any]]:
    """What `numpy.memmap` makes, which would look again at all that is known here."""
    import mmap

    access = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY, "r+": mmap.ACCESS_WRITE}[mode]
    nbytes = offset + prod(shape) * dtype.itemsize
    memory = mmap.mmap(file.fileno(), nbytes, access=access)
    order: Literal["C", "F"] = "F" if fortran_order else "C"
    mapped: Any = np.ndarray.__new__(np.memmap, shape, dtype, memory, offset, None, order)
    mapped._mmap = memory
    mapped.offset = offset
    mapped.mode = mode
    # NumPy makes a string absolute, and keeps a path a path.
    if hasattr(filename, "resolve"):
        mapped.filename = _resolved(filename, file.fileno())
    elif isinstance(file.name, str):
        mapped.filename = os.path.abspath(file.name)
    return cast("np.memmap[Any, np.dtype[Any]]", mapped)


def _resolved(path: Any, number: int) -> Any:
    """`path.resolve()` of a file that is open, which asks for each folder on the way."""
    if sys.platform == "linux":
        try:
            real = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            return path.resolve()
        if real.startswith("/") and not real.endswith(" (deleted)"):
            return type(path)(real)
    return path.resolve()


def _first(source: Any, count: int) -> bytes:
    """The first bytes, of which a pipe may bring only some at a time."""
    start = b""
    while len(start) < count:
        piece = source.read(count - len(start))
        if not isinstance(piece, bytes):
            if piece is None:
                raise BlockingIOError("the stream has no bytes now. Hint: make it a blocking one")
            raise TypeError("file.read gave no bytes. Hint: open the file with mode 'rb'")
        if not piece:
            break
        start += piece
    return start


class _Again:
    """A file object some bytes of which have been read already."""

    def __init__(self, start: bytes, source: Any) -> None:
        self._start = start
        self._source = source

    def read(self, size: int, /) -> bytes:
        if self._start:
            piece, self._start = self._start[:size], self._start[size:]
            return piece
        piece = self._source.read(size)
        if not isinstance(piece, bytes):
            raise TypeError("file.read gave no bytes. Hint: open the file with mode 'rb'")
        return piece


@contextlib.contextmanager
def _explained(file: Any) -> Iterator[None]:
    """Errors of pickles as those that ``numpy.load`` raises, too."""
    try:
        yield
    except UnsafeError:
        raise
    except DecodeError as error:
        if error.hint is not None and "encoding=" in error.hint:
            raise TextError(
                f"Unpickling a python object failed: {error}\n"
                "You may need to pass the encoding= option to load",
                **{key: getattr(error, key) for key in ("kind", "format", "offset", "hint")},
            ) from error
        if error.format == "pickle":
            error.args = (f"Failed to interpret file {file!r} as a pickle: {error}",)
        raise
    except EOFError as error:
        raise DecodeError(f"Failed to interpret file {file!r} as a pickle: {error}") from error


@contextlib.contextmanager
def _told(progress: _Progress, what: str) -> Iterator[Callable[[int, int], object] | None]:
    """What is to be called with the bytes done and those of all."""
    if callable(progress):
        yield progress
        return
    try:
        if not progress:
            raise ImportError
        from tqdm.auto import tqdm
    except ImportError:
        yield None
        return
    with tqdm(desc=what, unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell
