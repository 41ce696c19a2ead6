"""Columns of SQLite that hold arrays.

>>> import ndbytes.sqlite
>>> db = ndbytes.sqlite.connect(":memory:")
>>> _ = db.execute("create table samples (name text, values_ array)")
>>> _ = db.execute("insert into samples values (?, ?)", ("ramp", np.arange(3)))
>>> db.execute("select values_ from samples").fetchone()
(array([0, 1, 2]),)
>>> db.close()

What is stored is npy, which every NumPy reads. Only columns that are declared with the type
``array`` hold arrays, and expressions that are given it by name: ``select max(x) as "x [array]"``.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ndbytes._errors import DecodeError
from ndbytes._native import array_to_bytes, bytes_to_array

__all__ = ["connect", "register"]

# In which threads a cursor of ours is reading rows.
_reading = threading.local()


def connect(database: Any, *args: Any, **kwargs: Any) -> sqlite3.Connection:
    """Open a database whose columns of the type ``array`` hold arrays.

    Parameters
    ----------
    database, *args, **kwargs
        As for `sqlite3.connect`.

    Returns
    -------
    sqlite3.Connection
        Blobs that are no array raise a `DecodeError` when their row is read, whose ``entry`` is the
        name of the column.
    """
    register()
    kwargs.setdefault("detect_types", sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)
    kwargs.setdefault("factory", _Connection)
    opened: sqlite3.Connection = sqlite3.connect(database, *args, **kwargs)
    return opened


def register(type_name: str = "array") -> None:
    """Teach `sqlite3` to store arrays, for all of this process.

    Parameters
    ----------
    type_name : str
        The declared type of columns that are read as arrays, in connections that are opened with
        ``detect_types=sqlite3.PARSE_DECLTYPES``.

    Notes
    -----
    `sqlite3` asks for the exact class: of NumPy's scalars and of arrays of classes of your own it
    stores the bare bytes, as without this. Give it ``numpy.asarray(x)``.
    """
    # Of NumPy's other kinds of arrays, too: these are refused with a word.
    for kind in (np.ndarray, np.memmap, np.ma.MaskedArray, np.matrix, np.recarray):
        sqlite3.register_adapter(kind, array_to_bytes)
    sqlite3.register_converter(type_name, _converted)


class _Unreadable:
    """What stands in a row for a blob that is no array, until the row knows its columns."""

    def __init__(self, error: DecodeError) -> None:
        self.error = error


def _converted(blob: bytes) -> Any:
    try:
        return bytes_to_array(blob, format="npy", copy=True)
    except DecodeError as error:
        if getattr(_reading, "depth", 0) > 0:
            return _Unreadable(error)
        raise


class _Cursor(sqlite3.Cursor):
    def _checked(self, row: tuple[Any, ...]) -> None:
        for column, value in zip(self.description, row, strict=True):
            if type(value) is _Unreadable:
                error = value.error
                error.entry = column[0]
                error.args = (f"{error} (in column {column[0]!r})",)
                raise error

    def _read(self, read: Callable[[], Any]) -> Any:
        factory = self.row_factory

        def check(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Any:
            self._checked(row)
            return row if factory is None else factory(cursor, row)

        _reading.depth = getattr(_reading, "depth", 0) + 1
        self.row_factory = check
        try:
            return read()
        finally:
            self.row_factory = factory
            _reading.depth -= 1

    def __next__(self) -> Any:
        return self._read(super().__next__)

    def fetchone(self) -> Any:
        return self._read(super().fetchone)

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        found: list[Any] = self._read(lambda: super(_Cursor, self).fetchmany(size))
        return found

    def fetchall(self) -> list[Any]:
        found: list[Any] = self._read(super().fetchall)
        return found


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    # Those of `sqlite3` make cursors of their own class.
    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Any:
        return self.cursor().executescript(sql_script)
