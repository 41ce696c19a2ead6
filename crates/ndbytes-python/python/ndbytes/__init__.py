"""Any n-dimensional array to bytes, and any such bytes back to the array.

Exact, safe, at the speed of memory.

>>> x = np.arange(6, dtype=">i2").reshape(2, 3)
>>> data = ndbytes.array_to_bytes(x)      # self-describing: the bytes that numpy.save writes
>>> y = ndbytes.bytes_to_array(data)      # a view: no copy, nothing runs
>>> ndbytes.identical(x, y)               # dtype, byte order, shape and every bit
True
"""

import typing as _typing

from ndbytes import aio, pickle, shared
from ndbytes._errors import DecodeError, EncodeError, IncompleteError, UnsafeError
from ndbytes._files import load, open_memmap, save
from ndbytes._native import (
    Difference,
    Entry,
    Guess,
    Limits,
    Summary,
    Verified,
    array_equal,
    array_to_buffers,
    array_to_bytes,
    arrays_to_bytes,
    bytes_to_array,
    bytes_to_arrays,
    diff,
    frombuffer,
    guess,
    identical,
    inspect,
    read_array,
    read_arrays,
    tobytes,
    verify,
    write_array,
)
from ndbytes._npz import NpzFile, savez, savez_compressed, update_npz

__version__ = "0.1.0"

__all__ = [
    "DecodeError",
    "Difference",
    "EncodeError",
    "Entry",
    "Guess",
    "IncompleteError",
    "Limits",
    "NpzFile",
    "Summary",
    "UnsafeError",
    "Verified",
    "aio",
    "array_equal",
    "array_to_buffers",
    "array_to_bytes",
    "arrays_to_bytes",
    "bytes_to_array",
    "bytes_to_arrays",
    "diff",
    "frombuffer",
    "guess",
    "identical",
    "inspect",
    "load",
    "open_memmap",
    "pickle",
    "read_array",
    "read_arrays",
    "save",
    "savez",
    "savez_compressed",
    "shared",
    "tobytes",
    "update_npz",
    "verify",
    "write_array",
]

if _typing.TYPE_CHECKING:
    from ndbytes import sqlite as sqlite
else:

    def __getattr__(name: str) -> object:
        # Imported when it is first asked for: `sqlite3` takes long, and not every Python has it.
        if name != "sqlite":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return import_module("ndbytes.sqlite")
