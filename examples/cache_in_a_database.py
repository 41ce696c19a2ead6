"""Keep arrays in a database column, with all that they are."""

import sqlite3
from contextlib import closing
from typing import Any

import ndbytes
import numpy as np
import numpy.typing as npt


class Cache:
    """Arrays by name. What cannot be kept exactly is refused when it is put in."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.database.execute("CREATE TABLE IF NOT EXISTS arrays (name TEXT PRIMARY KEY, npy BLOB)")

    def __setitem__(self, name: str, array: npt.NDArray[Any]) -> None:
        data = ndbytes.array_to_bytes(array)
        self.database.execute("INSERT OR REPLACE INTO arrays VALUES (?, ?)", (name, data))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        row = self.database.execute("SELECT npy FROM arrays WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        # A read-only view of the row: nothing is copied, and nothing in it can run.
        return ndbytes.bytes_to_array(row[0])


def main() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        fill(Cache(database))


def fill(cache: Cache) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {
        "big-endian": np.arange(6, dtype=">i2").reshape(2, 3),
        "by columns": np.asfortranarray(np.eye(3)),
        "people": np.array([("Ada", 1815)], dtype=[("name", "U10"), ("born", "i4")]),
    }
    for name, array in arrays.items():
        cache[name] = array
    for name, array in arrays.items():
        assert ndbytes.identical(cache[name], array)
        print(f"{name}: {cache[name].dtype}, {cache[name].shape}")
    try:
        cache["masked"] = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    except ndbytes.EncodeError as error:
        print("refused:", error)


if __name__ == "__main__":
    main()
