"""`array_equal`: NumPy's meaning for all pairs, and a meaning where NumPy has none."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMPY, filled, layouts, plain_dtypes, structured_dtypes

Array = np.ndarray[Any, np.dtype[Any]]
NAN, INF = float("nan"), float("inf")


def by_numpy(a: Any, b: Any, equal_nan: bool = False) -> bool | type[Exception]:
    """What NumPy says, or how it fails. Old releases warn of comparing text with numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(np.array_equal(a, b, equal_nan=equal_nan))
        except Exception as error:
            return type(error)


def here(a: Any, b: Any, equal_nan: bool = False) -> bool | type[Exception]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = ndbytes.array_equal(a, b, equal_nan)
        except Exception as error:
            return type(error)
    assert type(found) is bool
    return found


def family() -> list[Array]:
    """Small numbers in every dtype, so that many pairs are equal across dtypes."""
    arrays: list[Any] = []
    for dtype in plain_dtypes():
        if dtype.kind in "mM":
            # NumPy takes big-endian generic times for native ones.
            if np.datetime_data(dtype)[0] != "generic" or dtype.isnative:
                arrays.append(np.array([0, 1, 3], dtype.str[0] + "i8").view(dtype))
        elif dtype.kind == "V":
            arrays.append(filled(dtype, (3,)))
        else:
            arrays.append(np.array([0, 1, 3]).astype("S1" if dtype.kind == "S" else dtype))
            arrays[-1] = arrays[-1].astype(dtype)
    arrays += [np.array(value) for value in (0, 1, 1.0, True, "0", b"0", 1j)]
    arrays += [np.zeros(shape, code) for shape in ((0,), (0, 2), (1,), (3, 1)) for code in "if?"]
    arrays += [np.array([0, 1, 3.5]), np.array([0, 1, NAN]), np.array([0, -1, 3], "i1")]
    arrays += [np.array([0, 1, 3], object), np.array([0, 1, "3"], object), np.array(None)]
    arrays += [np.array([(0, 0), (1, 1), (3, 3)], code) for code in ("i2,f4", ">i2,f8", "i2,i2")]
    return arrays


def test_all_pairs_of_a_family() -> None:
    arrays = family()
    assert len(arrays) > 70
    equal = 0
    for a, b in itertools.product(arrays, arrays):
        expected = by_numpy(a, b)
        assert here(a, b) == expected, (a, b)
        equal += expected is True
        with_nan = by_numpy(a, b, True)
        if isinstance(with_nan, bool):
            assert here(a, b, True) == with_nan, (a, b)
    assert equal > 500


VALUES: list[Any] = [
    1,
    True,
    1.5,
    "a",
    b"a",
    None,
    [1, 2, 3],
    (1, 2, 3),
    [1.0, 2.0, 3.0],
    range(1, 4),
    [[1, 2, 3]],
    [],
    [[]],
    [1, [2, 3]],
    ["1", "2", "3"],
    {"a": 1},
    {1, 2},
    object,
    [NAN],
    NAN,
    np.float32(1.5),
    np.array([1, 2, 3], ">u2"),
    np.array([1, 2, 3]).reshape(1, 3),
    np.array(["a"]),
    np.datetime64("NaT", "s"),
    [np.timedelta64("NaT", "s")],
    memoryview(b"\1\2\3"),
    np.array([[1, 2, 3]]).view(np.matrix),
]


def test_all_pairs_of_what_may_be_no_array() -> None:
    for a, b in itertools.product(VALUES, VALUES):
        for equal_nan in (False, True):
            expected = by_numpy(a, b, equal_nan)
            if isinstance(expected, bool):
                assert here(a, b, equal_nan) == expected, (a, b, equal_nan)
            else:
                assert here(a, b, equal_nan) in (True, False, expected), (a, b, equal_nan)


def test_equal_nan_makes_a_difference_only_where_there_is_a_nan() -> None:
    """So what NumPy has no `isnan` for is compared as without it."""
    arrays = [a for a in family() if a.dtype.kind not in "fc" or not np.isnan(a).any()]
    for a, b in itertools.product(arrays, arrays):
        assert here(a, b, True) == here(a, b), (a, b)
    plain = [value for value in VALUES if "nan" not in str(value) and "NaT" not in str(value)]
    for c, d in itertools.product(plain, plain):
        if isinstance(by_numpy(c, d), bool):
            assert here(c, d, True) == here(c, d), (c, d)


@pytest.mark.parametrize("dtype", plain_dtypes(), ids=lambda dtype: dtype.str)
def test_one_changed_element_in_any_layout(dtype: np.dtype[Any]) -> None:
    if dtype.kind == "V":
        x = np.ones((4, 3, 5, dtype.itemsize), "u1").view(dtype)[..., 0]
    elif dtype.kind in "mM":
        x = np.ones((4, 3, 5), np.dtype("i8").newbyteorder(dtype.byteorder)).view(dtype)
    else:
        x = np.ones((4, 3, 5)).astype(dtype)
    assert ndbytes.array_equal(x, x.byteswap().view(dtype.newbyteorder()))
    zero = np.ndarray((), dtype, bytes(dtype.itemsize))
    for name, a in layouts(x):
        b = a.copy("K")
        assert ndbytes.array_equal(a, b)
        assert ndbytes.array_equal(b, a.copy("F"))
        if not b.size:
            continue
        last = tuple(side - 1 for side in b.shape)
        for index in {(0,) * b.ndim, last, tuple(at // 2 for at in last)}:
            c = b.copy("K")
            c[index] = zero
            assert not ndbytes.array_equal(a, c), (name, index)
            assert not ndbytes.array_equal(c, a, True), (name, index)


@pytest.mark.parametrize("dtype", ["u1", "<f8", ">f4", "<c16", "M8[s]", "f2", "S5"])
def test_the_first_difference_anywhere_in_many_blocks(dtype: str) -> None:
    x = np.ones(300_000, "u1").view("u1").repeat(np.dtype(dtype).itemsize).view(dtype)
    y = x.copy()
    assert ndbytes.array_equal(x, y)
    assert not ndbytes.array_equal(x, y[:-1])
    places = [0, 1, 63, 64, 8191, 8192, 65535, 65536, 131_071, 131_072, 262_144, 299_998, 299_999]
    for place in places:
        kept, y[place] = y[place], np.zeros((), dtype)
        assert not ndbytes.array_equal(x, y), place
        assert not ndbytes.array_equal(y[::-1], x[::-1]), place
        y[place] = kept
    assert ndbytes.array_equal(x, y)


@pytest.mark.parametrize("code", ["f2", "f4", "f8", "g"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_zeros_and_nans(code: str, order: str) -> None:
    dtype = np.dtype(code).newbyteorder(order)
    zero, other = np.array([0.0, 1.0], dtype), np.array([-0.0, 1.0], dtype)
    nan = np.array([0.0, NAN], dtype)
    payload = np.copysign(nan, -1).astype(dtype)
    assert ndbytes.array_equal(zero, other)
    assert not ndbytes.array_equal(nan, nan)
    assert ndbytes.array_equal(nan, nan, equal_nan=True)
    assert ndbytes.array_equal(nan, payload, equal_nan=True)
    assert not ndbytes.array_equal(nan, zero, equal_nan=True)
    assert not ndbytes.array_equal(zero, nan, equal_nan=True)
    assert not ndbytes.array_equal(np.array([INF], dtype), np.array([-INF], dtype), True)
    assert ndbytes.array_equal(np.array([INF], dtype), np.array([INF], dtype))
    assert not ndbytes.array_equal(np.array([INF], dtype), np.array([NAN], dtype), True)


def test_every_float16() -> None:
    x = np.arange(65536, dtype="u2").view("f2")
    for shift in (0, 1, 0x8000, 0x7C00):
        y = np.roll(x, shift)
        same = np.equal(x, y)
        both = np.isnan(x) & np.isnan(y)
        for at in (*range(0, 65536, 311), 0, 0x8000, 0x7C00, 0xFC00, 0x7C01, 0xFC01):
            a, b = x[at : at + 1], y[at : at + 1]
            assert ndbytes.array_equal(a, b) == same[at]
            assert ndbytes.array_equal(a, b, True) == (same[at] or both[at])


@pytest.mark.parametrize("code", ["c8", "c16", "G"])
def test_complex_parts(code: str) -> None:
    parts = [0.0, -0.0, 1.0, INF, -INF, NAN]
    numbers = [np.array([complex(re, im)], code) for re, im in itertools.product(parts, parts)]
    for a, b in itertools.product(numbers, numbers):
        for equal_nan in (False, True):
            assert ndbytes.array_equal(a, b, equal_nan) == np.array_equal(a, b, equal_nan), (a, b)


def test_nat() -> None:
    for kind in ("M8[s]", "m8[D]", "m8", "M8", ">M8[ns]"):
        nat = np.array([1, -(2**63)], "i8").astype(
            np.dtype("i8").newbyteorder(np.dtype(kind).byteorder)
        )
        nat = nat.view(kind)
        assert not ndbytes.array_equal(nat, nat)
        assert ndbytes.array_equal(nat, nat.copy(), True)
        assert not ndbytes.array_equal(nat, nat[::-1], True)
    a, b = np.array(["NaT", "2020"], "M8[Y]"), np.array(["NaT", "2020-01-01"], "M8[D]")
    assert not ndbytes.array_equal(a, b)
    assert ndbytes.array_equal(a, b, True)


def test_padding_of_long_doubles_is_no_value() -> None:
    x = np.array([1, 2, 3], "g")
    y = x.copy()
    used = 10 if np.finfo("g").nmant == 63 else x.itemsize
    y.view("u1").reshape(3, -1)[:, used:] ^= 0xFF
    assert ndbytes.array_equal(x, y)
    assert ndbytes.identical(x, y)


def test_odd_bools() -> None:
    x = np.array([0, 1, 2, 255], "u1").view("?")
    assert ndbytes.array_equal(x, np.array([False, True, True, True]))
    assert not ndbytes.array_equal(x, np.array([False, True, True, False]))


@pytest.mark.parametrize("name", structured_dtypes())
def test_structures(name: str) -> None:
    dtype = structured_dtypes()[name]
    x = np.zeros((3, 2), dtype)
    assert ndbytes.array_equal(x, x.copy())
    assert ndbytes.array_equal(x, x.copy("F"), True)
    assert ndbytes.array_equal(x, x.astype(dtype.newbyteorder()))
    for field in dtype.names or ():
        if not x[field].nbytes:
            continue
        y = x.copy()
        leaf = y[field]
        while leaf.dtype.names:
            leaf = leaf[leaf.dtype.names[-1]]
        leaf[2, 1] = np.ndarray((), leaf.dtype, b"\1" * leaf.dtype.itemsize)
        assert not ndbytes.array_equal(x, y), field
        assert not ndbytes.array_equal(y, x, True), field


def test_equal_nan_in_structures_and_strings() -> None:
    """What NumPy raises TypeError for: NaN and NaT are equal wherever they are."""
    inner = np.dtype([("f", "<f4"), ("c", ">c8", (2,)), ("t", "M8[s]")])
    dtype = np.dtype([("a", inner), ("s", "S3"), ("u", "<U2")])
    x = np.zeros(3, dtype)
    x["a"]["f"][1] = NAN
    x["a"]["c"][2, 1] = complex(1, NAN)
    x["a"]["t"][0] = "NaT"
    x["s"], x["u"] = b"nan", "na"
    with pytest.raises(TypeError):
        np.array_equal(x, x.copy(), equal_nan=True)
    assert not ndbytes.array_equal(x, x.copy())
    assert ndbytes.array_equal(x, x.copy(), equal_nan=True)
    for field, value in (("f", 1), ("t", "2020")):
        y = x.copy()
        y["a"][field][1] = value
        assert not ndbytes.array_equal(x, y, equal_nan=True)
    y = x.copy()
    y["s"][1] = b"NaN"
    assert not ndbytes.array_equal(x, y, equal_nan=True)
    text = np.array(["nan", "NaT", ""])
    assert ndbytes.array_equal(text, text.copy(), equal_nan=True)
    assert not ndbytes.array_equal(text, text[::-1], equal_nan=True)
    assert ndbytes.array_equal(text, text.astype("U9"), equal_nan=True)


def test_structures_that_numpy_promotes() -> None:
    a = np.array([(1, 2.0)], [("x", "i2"), ("y", "f4")])
    b = np.array([(1, 2.0)], [("x", ">i8"), ("y", "f8")])
    c = np.array([(1, 2.0)], [("z", "i2"), ("y", "f4")])
    gaps = np.dtype({"names": ["x", "y"], "formats": ["i2", "f4"], "offsets": [2, 8]})
    for other in (b, c, a.astype(gaps)):
        assert here(a, other) == by_numpy(a, other), other.dtype
        assert here(other, a) == by_numpy(other, a), other.dtype
    assert ndbytes.array_equal(a, a.astype(gaps))
    assert ndbytes.array_equal(a, b, True)


def test_masked_arrays_compare_as_in_numpy() -> None:
    x = np.ma.masked_array([1.0, 2.0], mask=[0, 1])
    y = np.ma.masked_array([1.0, 3.0], mask=[0, 1])
    for a, b in itertools.product((x, y, x.data, y.data), repeat=2):
        assert ndbytes.array_equal(a, b) == by_numpy(a, b)


def test_string_dtype() -> None:
    if NUMPY < (2, 0):
        pytest.skip("NumPy 1 has no StringDType")
    string = np.dtypes.StringDType()
    x = np.array(["a", "longer than fifteen bytes"], string)
    assert ndbytes.array_equal(x, x.copy())
    assert not ndbytes.array_equal(x, x[::-1])
    assert ndbytes.array_equal(x, x.astype("U30"))
    assert ndbytes.array_equal(x, x.copy(), True)


def test_interrupts_are_not_taken_for_differences() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
            raise KeyboardInterrupt

    class Wrong:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
            raise RuntimeError

    with pytest.raises(KeyboardInterrupt):
        ndbytes.array_equal(Broken(), [1])
    assert ndbytes.array_equal(Wrong(), [1]) == by_numpy(Wrong(), [1])


def test_arguments_have_numpys_names() -> None:
    assert ndbytes.array_equal(a1=[1], a2=[1], equal_nan=True)
    assert ndbytes.array_equal([1], a2=[1])
