"""Arrays in shared memory, which other processes attach to without a copy.

The memory is that of `multiprocessing.shared_memory`, and begins with the npy header, so that its
name is all that another process needs. Needs the shared memory of POSIX.

>>> with ndbytes.shared.create(np.arange(6).reshape(2, 3)) as shared:
...     other = ndbytes.shared.attach(shared.name)      # in another process, as a rule
...     shared.array[0, 0] = 7
...     int(other[0, 0])
7

The memory lives as long as an array uses it, its name until `create`'s process is done with it:
when the ``with`` block ends, when the object is collected, or when the process ends, even if it is
killed. A process that has attached may end in any way without harm to the others.
"""

from __future__ import annotations

import os
import sys
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from ndbytes._errors import EncodeError
from ndbytes._native import array_in, array_to_buffers, bytes_to_array, open_shared

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory

    import numpy.typing as npt

__all__ = ["SharedArray", "attach", "create"]

# Magic and version: what an npy header is known by.
_START = 8


class SharedArray:
    """An array in shared memory, and its name; see `create`.

    Attributes
    ----------
    name : str
        What other processes attach by.
    array : numpy.ndarray
        The array itself. It may be used for longer than its name.
    """

    def __init__(self, name: str, array: npt.NDArray[Any], memory: SharedMemory) -> None:
        self.name = name
        self.array = array
        self._finish = weakref.finalize(self, _unlink, memory, os.getpid())

    def unlink(self) -> None:
        """Give up the name: no more processes can attach; those that have keep the memory."""
        self._finish()

    def __enter__(self) -> SharedArray:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unlink()

    # A copy of the elements would be another array than the one that is shared.
    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a SharedArray is not sent to other processes, its name is. "
            "Hint: send shared.name, and ndbytes.shared.attach(name) there"
        )

    def __repr__(self) -> str:
        array = self.array
        return f"<SharedArray {self.name!r}: {array.dtype} {array.shape}>"


def create(array: npt.ArrayLike, /, name: str | None = None) -> SharedArray:
    """Put a copy of an array in new shared memory.

    Parameters
    ----------
    array : array_like
        Of any dtype without objects.
    name : str, optional
        The name of the memory; one that is new unless given.

    Returns
    -------
    SharedArray
        Also a context manager, which gives up the name at its end.

    Raises
    ------
    EncodeError
        When the elements are objects, or npy cannot hold the array.
    FileExistsError
        When there is memory of this name.
    """
    from multiprocessing.shared_memory import SharedMemory

    array = array_in(array)
    header, data = array_to_buffers(array)
    if array.dtype.hasobject:
        raise EncodeError(
            "the elements are Python objects, which another process cannot see. "
            "Hint: ndbytes.write_array sends them"
        )
    size = len(header) + len(data)
    memory = SharedMemory(name, create=True, size=size)
    try:
        view = memory.buf
        assert view is not None, "it is open"
        # Whoever attaches too early finds no array rather than half of one.
        view[len(header) : size] = data
        view[_START : len(header)] = header[_START:]
        view[:_START] = header[:_START]
        del view
        shared = attach(memory.name)
        memory.close()
    except BaseException:
        memory.close()
        memory.unlink()
        raise
    return SharedArray(memory.name, shared, memory)


def attach(name: str, /, *, readonly: bool = False) -> npt.NDArray[Any]:
    """The array in the shared memory of this name.

    Parameters
    ----------
    name : str
        As `SharedArray.name` says in the process that made it.
    readonly : bool
        Whether the array cannot be written to from here.

    Returns
    -------
    numpy.ndarray
        Over the shared memory, which stays for as long as the array does. What one process writes,
        all see: they have to agree on who writes when.

    Raises
    ------
    FileNotFoundError
        When there is no memory of this name.
    DecodeError
        When it holds no array.
    """
    import mmap

    if not isinstance(name, str):
        kind = type(name).__name__
        raise TypeError(f"the name of shared memory is a str, not {kind}. Hint: shared.name")
    opened = open_shared(name if name.startswith("/") else f"/{name}", writable=not readonly)
    try:
        size = os.fstat(opened).st_size
        if size == 0:
            # Whoever makes it has not got further yet; what is empty cannot be mapped.
            return bytes_to_array(b"", format="npy")
        access = mmap.ACCESS_READ if readonly else mmap.ACCESS_WRITE
        mapped = mmap.mmap(opened, size, access=access)
    finally:
        os.close(opened)
    return bytes_to_array(mapped, format="npy", copy=False)


def _unlink(memory: SharedMemory, creator: int) -> None:
    # A forked child has this object, too, but not what it is responsible for.
    if os.getpid() == creator and not sys.is_finalizing():
        memory.unlink()
