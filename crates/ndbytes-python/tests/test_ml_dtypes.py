"""The dtypes of `ml_dtypes`: written by name, read back as themselves."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import FIXTURES, assert_same, filled, layouts, numpy_load, parts

ml_dtypes = pytest.importorskip("ml_dtypes")


def scalars() -> list[str]:
    """The names of all scalar types that the installed release has."""
    names = []
    for name, value in sorted(vars(ml_dtypes).items()):
        if isinstance(value, type) and issubclass(value, np.generic):
            names.append(name)
    return names


SCALARS = scalars()
EACH = pytest.mark.parametrize("name", SCALARS)


def array(name: str, shape: tuple[int, ...] = (4, 3, 5)) -> np.ndarray[Any, np.dtype[Any]]:
    """Random bits, within what types of fewer bits than a byte can hold."""
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = filled("u1", (*shape, dtype.itemsize), seed=len(name))
    if "int" in name:
        return (bits[..., 0] % 2).astype(dtype)
    if name.startswith(("float4", "float6")):
        return (bits[..., 0] % 16).view(dtype)
    return np.ascontiguousarray(bits).view(dtype).reshape(shape)


def test_there_are_some() -> None:
    assert {"bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"} <= set(SCALARS)


@EACH
def test_written_by_name(name: str) -> None:
    written = ndbytes.array_to_bytes(array(name))
    assert written.startswith(b"\x93NUMPY\1\0v\0{'descr': '" + name.encode() + b"', 'fortran")
    assert len(written) == 128 + array(name).nbytes


@EACH
def test_round_trip_in_every_layout(name: str) -> None:
    for _, view in layouts(array(name)):
        written = ndbytes.array_to_bytes(view)
        for copy in (None, True):
            found = ndbytes.bytes_to_array(written, copy=copy)
            assert found.dtype.type is getattr(ml_dtypes, name)
            assert parts(found) == parts(view)
        assert ndbytes.identical(found, view)


@EACH
def test_numpy_reads_it_once_ml_dtypes_is_imported(name: str) -> None:
    x = array(name)
    try:
        known = np.dtype(name)
    except TypeError:
        pytest.skip("this ml_dtypes does not tell NumPy the name")
    assert known.type is getattr(ml_dtypes, name)
    for view in (x, x.T):
        assert parts(numpy_load(ndbytes.array_to_bytes(view))) == parts(view)


@EACH
def test_every_bit_pattern(name: str) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = np.arange(256, dtype=np.uint8)
    if dtype.itemsize == 2:
        bits = np.arange(65536, dtype="<u2").view(np.uint8)
    elif dtype.itemsize > 2:
        bits = filled("u1", (4096 * dtype.itemsize,))
    x = bits.view(dtype)
    found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(x))
    assert found.view(np.uint8).tobytes() == bits.tobytes()
    assert ndbytes.tobytes(x) == bits.tobytes()
    assert parts(ndbytes.frombuffer(bits.tobytes(), dtype)) == parts(x)


@EACH
def test_as_fields(name: str) -> None:
    dtype = np.dtype([("a", getattr(ml_dtypes, name)), ("b", "<i2"), ("c", "u1", (2,))])
    x = np.zeros(3, dtype)
    x["a"] = array(name, (3,))
    written = ndbytes.array_to_bytes(x)
    assert f"('a', '{name}')".encode() in written
    assert_same(ndbytes.bytes_to_array(written), x)


@EACH
def test_comparing(name: str) -> None:
    x = array(name)
    y = x.copy()
    assert ndbytes.identical(x, y)
    assert ndbytes.array_equal(x, y) == np.array_equal(x, y)
    y.view(np.uint8)[0, 0, 0] ^= 1
    assert not ndbytes.identical(x, y)
    assert ndbytes.array_equal(x, y) == np.array_equal(x, y)
    assert not ndbytes.identical(x, x.view(f"V{x.dtype.itemsize}"))


def test_what_stock_numpy_wrote_of_it_stays_void() -> None:
    """`numpy.save` writes `V2` for bfloat16: nothing says that it was one."""
    x = array("bfloat16", (4,))
    found = ndbytes.bytes_to_array(ndbytes.array_to_bytes(x.view("V2")))
    assert found.dtype == np.dtype("V2")
    assert ndbytes.identical(found.view(ml_dtypes.bfloat16), x)


IMPORT_BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "ml_dtypes":
            raise ModuleNotFoundError("No module named 'ml_dtypes'", name="ml_dtypes")
sys.meta_path.insert(0, Blocker())
import ndbytes
data = sys.stdin.buffer.read()
for copy in (None, True):
    try:
        ndbytes.bytes_to_array(data, copy=copy)
    except ndbytes.DecodeError as error:
        assert type(error) is ndbytes.DecodeError
        assert error.kind == "unsupported", error.kind
        assert "bfloat16" in str(error) and "ml_dtypes" in str(error), error
        assert error.hint == "pip install ml_dtypes", error.hint
    else:
        raise SystemExit("it was read")
assert "ml_dtypes" not in sys.modules
print("refused")
"""


@pytest.mark.parametrize("dtype", ["bfloat16", "field"])
def test_without_ml_dtypes_the_error_names_it(dtype: str) -> None:
    x = array("bfloat16", (4,))
    if dtype == "field":
        x = x.view([("a", ml_dtypes.bfloat16)])
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_BLOCKED],
        input=ndbytes.array_to_bytes(x),
        capture_output=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (b"refused\n", b"")


def test_ml_dtypes_is_imported_only_when_it_is_needed() -> None:
    code = (
        "import sys, ndbytes, numpy as np\n"
        "x = ndbytes.bytes_to_array(ndbytes.array_to_bytes(np.arange(3)))\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "y = ndbytes.bytes_to_array(sys.stdin.buffer.read())\n"
        "assert 'ml_dtypes' in sys.modules and y.dtype.name == 'int4', y.dtype\n"
    )
    data = ndbytes.array_to_bytes(array("int4"))
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_fixtures_hold_what_ndbytes_reads_as_void() -> None:
    folder = FIXTURES / "golden/npy/py313-numpy2.5-ml_dtypes"
    data = (folder / "bfloat16_c.npy").read_bytes()
    assert ndbytes.bytes_to_array(data).dtype == np.dtype("V2")
