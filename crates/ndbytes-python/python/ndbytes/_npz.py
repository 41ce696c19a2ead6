"""npz files: the names and arguments of NumPy, and changes to a file that is there."""

from __future__ import annotations

import io
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

from ndbytes._errors import DecodeError, of_zip
from ndbytes._native import Limits, NpzReader, change_npz, save_npz

if TYPE_CHECKING:
    import zipfile

    import numpy.typing as npt

__all__ = ["NpzFile", "open_npz", "savez", "savez_compressed", "update_npz"]

_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_File: TypeAlias = _Path | IO[bytes] | Any
_Compression: TypeAlias = Literal["deflate", "zstd"] | None

# What is read ahead when all members are asked for: enough for all cores, little beside memory.
_AHEAD = 64 << 20
_ALL = (1 << 64) - 1
_MODES = {"readonly": "r", "copyonwrite": "c", "readwrite": "r+", "write": "w+"}


def savez(
    file: _File, *args: npt.ArrayLike, allow_pickle: bool = True, **kwds: npt.ArrayLike
) -> None:
    """Save several arrays in one npz file, as ``numpy.savez`` does.

    A path sees the whole file or nothing of it. The same arrays give the same bytes.

    Parameters
    ----------
    file : path or file object
        A ``str``, ``bytes`` or ``os.PathLike``, to which ``.npz`` is added unless it ends so; or
        anything with ``write``, from where it stands.
    *args : array_like
        Arrays without a name: they are called ``arr_0``, ``arr_1``, ...
    allow_pickle : bool
        Whether arrays of objects may be saved; they have to be plain data.
    **kwds : array_like
        Arrays by their names. What cannot be a keyword goes through `arrays_to_bytes`.

    Raises
    ------
    EncodeError
        When npz cannot hold one of the arrays.
    OSError
        When the file cannot be written. A file that was there is as it was before.

    Warns
    -----
    UserWarning
        Of what npz has no place for, which NumPy drops, too: a mask, metadata, a class.

    Examples
    --------
    >>> ndbytes.savez("two.npz", x=np.arange(3), y=np.eye(2))
    >>> np.load("two.npz")["x"]
    array([0, 1, 2])
    """
    _save(file, args, kwds, None, allow_pickle)


def savez_compressed(
    file: _File, *args: npt.ArrayLike, allow_pickle: bool = True, **kwds: npt.ArrayLike
) -> None:
    """Save several arrays in one npz file, compressed, as ``numpy.savez_compressed`` does.

    All cores work on it. Every NumPy reads it. An array that does not get shorter is left as it is.

    Parameters
    ----------
    file, *args, allow_pickle, **kwds
        As in `savez`.

    Examples
    --------
    >>> ndbytes.savez_compressed("zeros.npz", np.zeros((1000, 1000)))
    >>> np.load("zeros.npz")["arr_0"].shape
    (1000, 1000)
    """
    _save(file, args, kwds, "deflate", allow_pickle)


def update_npz(
    file: _Path,
    arrays: Mapping[str, npt.ArrayLike] | None = None,
    /,
    *,
    remove: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    compression: _Compression = None,
    level: int | None = None,
    threads: int | None = None,
    durable: bool = False,
) -> None:
    """Add arrays to an npz file, replace, rename and remove some, and leave the rest as it is.

    What stays is neither read nor compressed anew. The file is the old one or the new one at any
    moment, whatever happens; whoever has it open or mapped keeps the old one.

    Parameters
    ----------
    file : path
        A ``str``, ``bytes`` or ``os.PathLike``. The file has to be there.
    arrays : mapping of str to array_like, optional
        Arrays to add, in the place of those of the same names.
    remove : iterable of str
        Names of arrays, or of other members, that go.
    rename : mapping of str to str, optional
        New names by old ones.
    compression : {None, "deflate", "zstd"}
        How new arrays are kept; see `arrays_to_bytes`, also for `level` and `threads`.
    durable : bool
        Whether the file is forced onto the disk before this returns.

    Raises
    ------
    DecodeError
        When the file is damaged, or has no member of a name.
    EncodeError
        When npz cannot hold one of the arrays.
    OSError
        When the file cannot be written. It is then as it was before.

    Examples
    --------
    >>> ndbytes.savez("three.npz", x=np.arange(3), y=np.eye(2))
    >>> ndbytes.update_npz("three.npz", {"z": np.ones(2)}, remove=["y"], rename={"x": "w"})
    >>> np.load("three.npz").files
    ['w', 'z']
    """
    if isinstance(remove, str):
        # Its letters would be names, too.
        raise TypeError(f"remove is a list of names, not a str. Hint: remove=[{remove!r}]")
    change_npz(
        os.fsdecode(file),
        {} if arrays is None else arrays,
        list(remove),
        [] if rename is None else list(rename.items()),
        compression=compression,
        level=level,
        threads=threads,
        durable=durable,
    )


def _save(
    file: _File,
    args: tuple[npt.ArrayLike, ...],
    kwds: dict[str, npt.ArrayLike],
    compression: _Compression,
    allow_pickle: bool,
) -> None:
    target: Any = file
    if not hasattr(file, "write"):
        target = os.fsdecode(file)
        if not target.endswith(".npz"):
            target += ".npz"
    for number, array in enumerate(args):
        name = f"arr_{number}"
        if name in kwds:
            raise ValueError(f"Cannot use un-named variables and keyword {name}")
        kwds[name] = array
    save_npz(target, kwds, allow_pickle=allow_pickle, compression=compression)


class NpzFile(Mapping[str, Any]):
    """The arrays of an npz file, each read when it is asked for.

    Made by `ndbytes.load`. As in NumPy's, names are those of the arrays, with or without ``.npy``;
    members that are no arrays come as ``bytes``. `items` and `values` read ahead, by all cores.

    Attributes
    ----------
    files : list of str
        The names, without ``.npy``, in the order of the file.
    f : object
        Has the arrays as attributes: ``npz.f.x`` is ``npz["x"]``.
    zip : zipfile.ZipFile
        The same archive for Python's ``zipfile``, opened when it is asked for.

    Examples
    --------
    >>> ndbytes.savez("pair.npz", x=np.arange(3), y=np.eye(2))
    >>> with ndbytes.load("pair.npz") as npz:
    ...     npz.files, npz["x"], npz.f.y.shape
    (['x', 'y'], array([0, 1, 2]), (2, 2))
    """

    # What `close` needs, even if opening failed.
    _reader: NpzReader | None = None
    _source: Any = None
    _zip: zipfile.ZipFile | None = None
    # NumPy's name for a file object that is to be closed: here there is none.
    fid: None = None
    f: Any = None
    files: list[str]

    _MAX_REPR_ARRAY_COUNT = 5

    def __init__(
        self, source: Any, *, name: str, copy: bool | None, check_crc: bool, options: dict[str, Any]
    ) -> None:
        try:
            self._reader = NpzReader(source, check_crc=check_crc, **options)
        except DecodeError as error:
            raise of_zip(error) from None
        self._source = source
        self._name = name
        self._copy = copy
        members = self._reader.names
        self.files = [member.removesuffix(".npy") for member in members]
        self._sizes = self._reader.sizes
        # Of members of the same name the last one counts, as in zipfile.
        self._indices = dict(zip(self.files, range(len(members)), strict=True))
        self._indices.update(zip(members, range(len(members)), strict=True))
        self.f = _Attributes(self)

    def __enter__(self) -> NpzFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._zip is not None:
            self._zip.close()
            self._zip = None
        # A map lives as long as the arrays in it.
        self._source = self.f = None

    @property
    def zip(self) -> zipfile.ZipFile:
        self._opened()
        if self._zip is None:
            is_file = isinstance(self._source, str) or hasattr(self._source, "seek")
            import zipfile

            self._zip = zipfile.ZipFile(self._source if is_file else io.BytesIO(self._source))
        return self._zip

    def _opened(self) -> NpzReader:
        if self._reader is None:
            raise ValueError("the npz file is closed")
        return self._reader

    def __getitem__(self, name: str) -> Any:
        try:
            index = self._indices[name]
        except KeyError:
            raise KeyError(f"{name} is not a file in the archive") from None
        try:
            return self._opened().read(index, self._copy)
        except DecodeError as error:
            raise of_zip(error) from None

    def __contains__(self, name: object) -> bool:
        return name in self._indices

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def items(self) -> Any:
        """The names and what they stand for, read ahead as they are gone through."""
        return _Items(self)

    def values(self) -> Any:
        """The arrays, read ahead as they are gone through."""
        return _Values(self)

    def _all(self) -> Iterator[tuple[str, Any]]:
        indices = [self._indices[name] for name in self.files]
        start = 0
        while start < len(indices):
            end, size = start + 1, self._sizes[indices[start]]
            while end < len(indices) and size + self._sizes[indices[end]] <= _AHEAD:
                size += self._sizes[indices[end]]
                end += 1
            try:
                held = self._opened().read_all(indices[start:end], self._copy)
            except DecodeError as error:
                raise of_zip(error) from None
            yield from zip(self.files[start:end], held, strict=True)
            start = end

    def __repr__(self) -> str:
        names = ", ".join(self.files[: self._MAX_REPR_ARRAY_COUNT])
        more = "..." if len(self.files) > self._MAX_REPR_ARRAY_COUNT else ""
        return f"NpzFile {self._name!r} with keys: {names}{more}"


class _Items:
    def __init__(self, npz: NpzFile) -> None:
        self._npz = npz

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._npz._all()

    def __len__(self) -> int:
        return len(self._npz)


class _Values(_Items):
    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._npz._all())


class _Attributes:
    """The arrays of an npz file as attributes."""

    def __init__(self, npz: NpzFile) -> None:
        self._npz = weakref.proxy(npz)

    def __getattribute__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_npz")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> list[str]:
        return list(object.__getattribute__(self, "_npz").keys())


def open_npz(
    file: _File,
    mmap_mode: str | None = None,
    *,
    allow_pickle: bool = True,
    encoding: str = "latin1",
    max_header_size: int = 16 << 20,
    limits: Limits | None = None,
) -> NpzFile:
    """Open npz in a path, a file object that can go back and forth, or bytes.

    What `ndbytes.load` does with an npz file.

    Parameters
    ----------
    file : path, file object or bytes-like
    mmap_mode : {None, "r", "c"}
        Map the file at a path into memory: arrays that are stored as they are are views of it, and
        only what is used of them is read. Checksums are then not checked; ``ndbytes verify`` does.
        ``"c"`` keeps what is written to them in memory. Others come as ever.
    allow_pickle : bool
        Whether arrays of objects may be loaded, which runs nothing.
    encoding : str
        What a ``str`` of Python 2 among objects becomes.
    max_header_size : int
        The longest npy header that is read, in bytes.
    limits : Limits, optional
        What reading may spend; without, as much as the file may hold.
    """
    if limits is None:
        limits = Limits(max_bytes=_ALL, max_entries=_ALL, max_header=max_header_size)
    options: dict[str, Any] = {
        "allow_pickle": allow_pickle,
        "encoding": encoding,
        "limits": limits,
    }
    if isinstance(file, (str, os.PathLike)):
        path = os.fsdecode(file)
        if mmap_mode is None:
            return NpzFile(path, name=path, copy=True, check_crc=True, options=options)
        mode = _MODES.get(mmap_mode, mmap_mode)
        import mmap

        access = {"r": mmap.ACCESS_READ, "c": mmap.ACCESS_COPY}.get(mode)
        if access is None:
            raise ValueError(
                f"an npz file cannot be mapped with mmap_mode={mmap_mode!r}: its checksums would "
                "no longer be true. Hint: mmap_mode='c' keeps changes in memory, "
                "ndbytes.update_npz writes them"
            )
        with open(path, "rb") as opened:
            mapped = mmap.mmap(opened.fileno(), 0, access=access)
        return NpzFile(mapped, name=path, copy=None, check_crc=False, options=options)
    if hasattr(file, "read"):
        name = getattr(file, "name", "object")
        source = file.getvalue() if type(file) is io.BytesIO else file
        name = name if isinstance(name, str) else "object"
        return NpzFile(source, name=name, copy=True, check_crc=True, options=options)
    return NpzFile(file, name="object", copy=True, check_crc=True, options=options)
