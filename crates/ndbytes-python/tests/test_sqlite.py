"""Columns of SQLite that hold arrays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import ndbytes.sqlite
import numpy as np
import pytest
from arrays import DTYPES, assert_same, filled, layouts
from programs import run

X = np.arange(6, dtype=">i2").reshape(2, 3)


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    made = ndbytes.sqlite.connect(":memory:")
    made.execute("create table t (id integer primary key, x array, y ARRAY(3), z blob)")
    yield made
    made.close()


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_layout(db: sqlite3.Connection, name: str) -> None:
    arrays = [x for _, x in layouts(filled(DTYPES[name], (4, 3, 5)))]
    db.executemany("insert into t (x) values (?)", [(x,) for x in arrays])
    found = [row[0] for row in db.execute("select x from t order by id")]
    assert len(found) == len(arrays)
    for x, y in zip(arrays, found, strict=True):
        assert_same(y, x)
        assert y.flags.writeable


def test_it_is_there_when_it_is_asked_for() -> None:
    program = """
        import sys, ndbytes
        assert "sqlite3" not in sys.modules
        assert ndbytes.sqlite.connect is sys.modules["ndbytes.sqlite"].connect
        try:
            ndbytes.sqlite3
        except AttributeError as error:
            print(error)
    """
    done = run(program)
    assert (done.stdout, done.stderr) == ("module 'ndbytes' has no attribute 'sqlite3'\n", "")


def test_columns(db: sqlite3.Connection, tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "x", ">i2", "w+", shape=(2, 3))
    mapped[...] = X
    db.execute("insert into t (x, y, z) values (?, ?, ?)", (X, mapped, X))
    db.execute("insert into t (y) values (?)", (np.array([None, "text"]),))
    rows = db.execute("select id, x, y, z from t").fetchall()
    assert_same(rows[0][1], X)
    assert_same(rows[0][2], X)
    # Another type is left as it is: it is npy that NumPy reads.
    assert rows[0][3] == ndbytes.array_to_bytes(X)
    assert rows[1][1] is None
    assert rows[1][2].tolist() == [None, "text"]
    named = db.execute('select z as "z [array]" from t').fetchone()
    assert_same(named[0], X)
    with pytest.raises((sqlite3.InterfaceError, sqlite3.ProgrammingError)):
        db.execute("insert into t (x) values (?)", (object(),))
    tagged = np.zeros(2, np.dtype("i4", metadata={1: 2}))
    for refused in (np.ma.array([1]), np.rec.array([(1,)]), tagged):
        with pytest.raises(ndbytes.EncodeError):
            db.execute("insert into t (x) values (?)", (refused,))


def readings(cursor: Any) -> Iterator[Any]:
    yield lambda: cursor.fetchone()
    yield lambda: cursor.fetchmany(5)
    yield lambda: cursor.fetchall()
    yield lambda: next(cursor)
    yield lambda: list(cursor)


@pytest.mark.parametrize("way", range(5))
@pytest.mark.parametrize("blob", [b"\0", b"rubbish", ndbytes.array_to_bytes(X)[:-1]])
def test_a_bad_blob_is_told_of_with_its_column(
    db: sqlite3.Connection, blob: bytes, way: int
) -> None:
    db.execute("insert into t (x, y) values (?, ?)", (X, blob))
    for factory in (None, sqlite3.Row, lambda cursor, row: dict(enumerate(row))):
        db.row_factory = factory
        for column in ("y", "other"):
            cursor = db.execute(f"select id, x, y as {column} from t")
            with pytest.raises(ndbytes.DecodeError, match=f"in column '{column}'") as caught:
                list(readings(cursor))[way]()
            assert caught.value.entry == column
            assert cursor.row_factory is factory
    # What is not asked for is not read.
    db.row_factory = None
    assert_same(db.execute("select x from t").fetchone()[0], X)


def test_row_factories(db: sqlite3.Connection) -> None:
    db.execute("insert into t (x) values (?)", (X,))
    db.row_factory = sqlite3.Row
    row = db.execute("select id, x from t").fetchone()
    assert_same(row["x"], X)
    cursor = db.cursor()
    cursor.row_factory = lambda cursor, row: [len(row), *row]
    assert cursor.execute("select id from t").fetchall() == [[1, 1]]


def test_any_connection_after_register() -> None:
    ndbytes.sqlite.register("tensor")
    plain = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    plain.execute("create table t (x tensor)")
    plain.execute("insert into t values (?)", (X,))
    assert_same(plain.execute("select x from t").fetchone()[0], X)
    plain.execute("insert into t values (?)", (b"rubbish",))
    with pytest.raises(ndbytes.DecodeError):
        plain.execute("select x from t").fetchall()
    plain.close()


def test_files(tmp_path: Path) -> None:
    for turn in range(2):
        db = ndbytes.sqlite.connect(tmp_path / "x.db", timeout=5.0)
        with db:
            db.execute("create table if not exists t (x array)")
            assert len(db.execute("select x from t").fetchall()) == turn
            db.execute("insert into t values (?)", (X,))
        db.close()
