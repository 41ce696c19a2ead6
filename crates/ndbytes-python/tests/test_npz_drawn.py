"""Drawn mappings of arrays, in every compression, against NumPy and `zipfile`."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import ndbytes
import numpy as np
from arrays import assert_same
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

# Python's zipfile cuts names at a NUL, and surrogates are no text.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
DTYPES = st.one_of(
    hn.boolean_dtypes(),
    hn.integer_dtypes(),
    hn.unsigned_integer_dtypes(),
    hn.floating_dtypes(),
    hn.complex_number_dtypes(),
    hn.datetime64_dtypes(),
    hn.byte_string_dtypes(min_len=1),
)
ARRAYS = hn.arrays(DTYPES, hn.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
MAPPINGS = st.dictionaries(NAMES, ARRAYS, max_size=6)
COMPRESSIONS = st.sampled_from([None, "deflate", "zstd"])


@given(MAPPINGS, COMPRESSIONS, st.integers(1, 4))
def test_any_mapping_comes_back(
    arrays: dict[str, np.ndarray[Any, np.dtype[Any]]], compression: Any, threads: int
) -> None:
    data = ndbytes.arrays_to_bytes(arrays, compression=compression, threads=threads)
    assert data == ndbytes.arrays_to_bytes(arrays, compression=compression)
    readers = [ndbytes.bytes_to_arrays(data), ndbytes.load(io.BytesIO(data))]
    if compression != "zstd":
        readers.append(np.load(io.BytesIO(data)))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
    for found in readers:
        assert list(found) == list(arrays)
        for name in arrays:
            assert_same(found[name], arrays[name])


@given(MAPPINGS, MAPPINGS, COMPRESSIONS, COMPRESSIONS, st.data())
def test_any_change_changes_nothing_else(
    old: dict[str, Any], new: dict[str, Any], before: Any, after: Any, data: st.DataObject
) -> None:
    import tempfile
    from pathlib import Path

    removed = data.draw(st.lists(st.sampled_from(sorted(old)), unique=True)) if old else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        path.write_bytes(ndbytes.arrays_to_bytes(old, compression=before))
        ndbytes.update_npz(path, new, remove=removed, compression=after)
        wanted = {name: x for name, x in old.items() if name not in removed and name not in new}
        wanted |= new
        with ndbytes.load(path) as found:
            assert list(found) == list(wanted)
            for name, array in wanted.items():
                assert_same(found[name], array)
