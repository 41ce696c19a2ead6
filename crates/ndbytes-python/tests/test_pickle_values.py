"""Plain data and NumPy's values through `ndbytes.pickle`, against Python's own pickle."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pickle as python_pickle
import uuid
import warnings
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMPY
from hypothesis import given
from hypothesis import strategies as st
from ndbytes import pickle

# From `fixtures/make`, which `arrays` puts on the path.
import golden_pickle  # isort: skip

PROTOCOLS = range(6)
DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, 6)
ZONE = datetime.timezone(datetime.timedelta(hours=2), "x")
OBJECTS = np.dtype([("a", "i4"), ("o", object), ("p", object)])
INNER = np.dtype([("a", "i4"), ("s", [("b", "i4"), ("o", "O")], (2,))])

PLAIN: list[Any] = [
    *(None, True, False, 0, -5, 255, 256, 65536, 2**31, -(2**31), 2**40, 2**70, -(2**70), 2**3000),
    *(1.5, -0.0, float("inf"), 1 + 2j, "", "abc", "é€😀", "\ud800 alone", "x" * 300),
    *(b"", b"xyz", bytes(range(256)), bytearray(), bytearray(b"q\xff")),
    *((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),), [], [1, [2]], list(range(2500))),
    *({}, {"a": 1, 2: (3,)}, {n: str(n) for n in range(1200)}, set(), {1, 2}, {(1, (2,)), "x"}),
    *(frozenset(), frozenset([1, (2, 3), frozenset([4])])),
    *(range(3), range(5, -5, -2), range(2**70), slice(1, None), slice(None, 2, 3), ...),
    *(
        DAY,
        DAY.replace(fold=1),
        DAY.replace(tzinfo=datetime.UTC),
        DAY.replace(tzinfo=ZONE),
    ),
    *(DAY.date(), DAY.time(), DAY.time().replace(tzinfo=ZONE, fold=1), ZONE),
    *(datetime.timedelta(1, 2, 3), datetime.timedelta(-1), datetime.UTC),
    *(decimal.Decimal("1.50"), decimal.Decimal("-1E+300"), decimal.Decimal("-Infinity")),
    *(fractions.Fraction(3, 4), fractions.Fraction(-(2**80), 3**50), uuid.UUID(int=7)),
    *(collections.OrderedDict([(2, 1), (1, 2)]), {uuid.UUID(int=2**127): decimal.Decimal("0E-9")}),
]
NUMPYS: list[Any] = [
    *(np.float64(1.5), np.int8(3), np.str_("xé"), np.bytes_(b"ab\xff"), np.bool_(True)),
    *(np.datetime64("2020-01-01", "ns"), np.timedelta64(7, "25s"), np.void(b"abc")),
    *(np.complex64(1 - 2j), np.float16(0.1)),
    *(np.dtype("i4"), np.dtype(">f8"), np.dtype([("a", "i4"), ("b", "S3")]), np.dtype("O")),
    *(np.dtype(("i4", (2, 3))), np.dtype("M8[25s]"), np.dtype("i4", metadata={"a": (1, [2])})),
    *(np.dtype([(("title", "a"), ">i4"), ("b", "f4", (2,))]), np.dtype("i1,f8", align=True)),
    *(np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(5)),
    *(np.arange(10, dtype=">u2")[::-3], np.zeros((0, 3)), np.zeros(3, "V0"), np.array("", "U0")),
    *(np.array(["a", "bc"]), np.array([b"a\0b", b""]), np.array(["NaT", "2020"], "M8[Y]")),
    np.array([(1,)], np.dtype([(("title", "a"), "i4")], metadata={"x": "y"})),
    *(np.array([1, "a", None, [1, 2]], object), np.array(None, object), np.empty(0, object)),
    np.array([["a", (1,)], [None, np.arange(2)]], object, order="F"),
    *(np.array([[1, 2]]).view(np.matrix), np.zeros(3, (np.record, [("a", "i4")]))),
    *(np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.zeros(2, "i4,O")),
    np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0],
    *(np.ma.array([1, 2, 3], mask=[0, 1, 0]), np.ma.array([1.0, 2], mask=[0, 1], fill_value=7)),
    *(np.ma.array([[1, 2], [3, 4]], order="F"), np.ma.array(5, mask=True)),
    np.ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (1, 0)], dtype="i4,f8"),
    np.ma.array([1, "x"], mask=[0, 1], dtype=object),
    *(np.array([(1, "x", [3])], OBJECTS), np.array([(1, "x", [3])], OBJECTS)[0]),
    *(np.array([(1, [(2, "x"), (3, None)])], INNER), np.array((1, [(2, "x"), (3, None)]), INNER)),
]
if NUMPY >= (2, 0):
    STRING = np.dtypes.StringDType
    NUMPYS += [
        np.array(["a", "bc", "", "long" * 9], STRING()),
        np.array([["a", None]], STRING(na_object=None)),
        np.array(["a", np.nan], STRING(na_object=np.nan, coerce=False)),
        STRING(na_object="missing"),
    ]


def without_fold(value: Any) -> Any:
    """Python forgets `fold` below protocol 4; what is written here does not."""
    if isinstance(value, (datetime.datetime, datetime.time)):
        return value.replace(fold=0)
    return value


def told(value: Any) -> Any:
    return type(value), golden_pickle.describe(value), getattr(value, "flags", None) is None


def same(found: Any, expected: Any) -> None:
    assert told(found) == told(expected)
    if isinstance(expected, np.ndarray):
        assert found.flags.writeable
        assert found.flags.f_contiguous == expected.copy("K").flags.f_contiguous


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN + NUMPYS, ids=lambda value: type(value).__name__)
def test_both_ways(value: Any, protocol: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = python_pickle.dumps(value, protocol)
        ours = pickle.dumps(value, protocol)
        # NumPy loads some of its own otherwise than they were: big-endian numbers, for one, which
        # are written here so that with protocol 5 they stay.
        expected = python_pickle.loads(theirs)
        if protocol == 5 and isinstance(value, np.ndarray) and value.dtype.byteorder == ">":
            expected = value
        again = python_pickle.loads(ours)
        same(without_fold(again) if protocol < 4 else again, expected)
    for data in (theirs, ours, bytearray(ours), memoryview(theirs)):
        found = pickle.loads(data)
        try:
            same(found, value)
        except AssertionError:
            same(found, expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_integers_that_readers_of_decimals_refuse(protocol: int) -> None:
    largest = 10**4300 - 1
    for n in (largest, -largest):
        for value in (n, [n], {n: n}):
            data = pickle.dumps(value, protocol)
            assert pickle.loads(data) == python_pickle.loads(data) == value
        beyond = n + (1 if n > 0 else -1)
        if protocol >= 2:
            assert python_pickle.loads(pickle.dumps(beyond, protocol)) == beyond
            continue
        for value in (beyond, [beyond], beyond << 100_000_000):
            with pytest.raises(ndbytes.EncodeError, match="4300 decimal digits"):
                pickle.dumps(value, protocol)


def test_floats_keep_every_bit() -> None:
    quiet, loud = 0x7FF8_0000_0000_0001, 0xFFF8_0000_0000_ABCD
    for bits in (quiet, loud, 1, 1 << 63):
        number = np.array([bits], "u8").view("f8")[0].item()
        for protocol in range(1, 6):
            found = pickle.loads(pickle.dumps([number], protocol))[0]
            assert np.float64(found).view("u8") == bits


def test_what_is_shared_stays_shared() -> None:
    x, text, key = np.arange(3), "some text", (1, (2, 3))
    value = [x, x, {"k": x, key: key}, text, text, (x, [text]), np.array([x, None], object)]
    for protocol in PROTOCOLS:
        for data in (pickle.dumps(value, protocol), python_pickle.dumps(value, protocol)):
            found = pickle.loads(data)
            assert found[0] is found[1] is found[2]["k"] is found[5][0] is found[6][0]
            assert found[3] is found[4] is found[5][1][0]
            assert next(k for k in found[2] if k == key) is found[2][key]
        again = python_pickle.loads(pickle.dumps(value, protocol))
        assert again[0] is again[1] is again[2]["k"] is again[6][0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_contains_itself(protocol: int) -> None:
    values: list[Any] = []
    as_list: list[Any] = [1]
    as_list.append(as_list)
    as_dict: dict[str, Any] = {}
    as_dict["me"] = ([as_dict],)
    in_tuple: tuple[list[Any]] = ([],)
    in_tuple[0].append(in_tuple)
    objects = np.empty(2, object)
    objects[0] = objects
    objects[1] = (objects, [objects])
    fields = np.zeros(2, OBJECTS)
    fields["o"][0] = fields
    fields["p"][1] = [fields]
    values = [as_list, as_dict, in_tuple, objects, fields]
    for dumps in (pickle.dumps, python_pickle.dumps):
        for loads in (pickle.loads, python_pickle.loads):
            a, b, c, d, e = (loads(dumps(value, protocol)) for value in values)
            assert a[1] is a
            assert b["me"][0][0] is b
            assert c[0][0] is c
            assert d[0] is d
            assert d[1][0] is d
            assert d[1][1][0] is d
            assert e["o"][0] is e
            assert e["p"][1][0] is e
    whole = pickle.loads(pickle.dumps([*values, values], protocol))
    assert whole[5][3] is whole[3]


def test_nesting() -> None:
    deep: Any = None
    for _ in range(490):
        deep = [(deep,)]
    found = pickle.loads(pickle.dumps(deep))
    for _ in range(490):
        found = found[0][0]
    assert found is None
    for _ in range(200_000):
        deep = [deep]
    data = pickle.dumps(deep)
    with pytest.raises(ndbytes.DecodeError, match="nests deeper") as caught:
        pickle.loads(data)
    assert caught.value.kind == "limit"
    found = pickle.loads(data, limits=ndbytes.Limits(max_depth=1 << 20))
    depth = 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert depth >= 200_000
    while isinstance(deep, list):
        deep = deep[0]


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.complex_numbers() | st.datetimes().map(without_fold) | st.timedeltas() | st.fractions()
    | st.decimals(allow_nan=False) | st.uuids() | st.dates() | st.times().map(without_fold)
)  # fmt: skip
HASHABLE = st.recursive(
    LEAVES.filter(lambda value: value == value),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
VALUES = st.recursive(
    LEAVES | st.sampled_from([value for value in NUMPYS if isinstance(value, np.ndarray)]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.lists(inner, max_size=3).map(lambda items: items + items)
    ),
    max_leaves=12,
)


@given(VALUES, st.sampled_from(PROTOCOLS))
def test_drawn_values(value: Any, protocol: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = python_pickle.dumps(value, protocol), pickle.dumps(value, protocol)
        expected = golden_pickle.describe(python_pickle.loads(theirs))
        assert golden_pickle.describe(python_pickle.loads(ours)) == expected
    # Python brings big-endian arrays back in native order.
    found = [golden_pickle.describe(pickle.loads(data)) for data in (theirs, ours)]
    assert found[0] in (expected, golden_pickle.describe(value))
    assert found[0] == found[1]


def test_wider_python2_strings() -> None:
    data = b"\x80\x02(U\x03abcU\x02\xe9\xfft."
    assert pickle.loads(data) == ("abc", "éÿ")
    assert pickle.loads(data, encoding="bytes") == (b"abc", b"\xe9\xff")
    with pytest.raises(ndbytes.DecodeError):
        pickle.loads(data, encoding="ascii")
    with pytest.raises(ndbytes.DecodeError):
        pickle.loads(data, encoding="utf-8")
    assert pickle.loads(b"\x80\x02U\x02\xc3\xa9.", encoding="UTF-8") == "é"
    with pytest.raises(ValueError, match="latin1"):
        pickle.loads(data, encoding="cp1252")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_many_small_arrays_share_memory_but_no_element(protocol: int) -> None:
    """As after Python's own `pickle`, they do not own it; one that is kept keeps little else."""
    shapes = [(28, 28), (400,), (3, 0), (1000,), (5, 5, 11), (129,), (2000,)]
    codes = ["f8", ">i4", "i8", "c8", "f4", "f8", "f8"]
    value = []
    for number in range(30):
        for shape, code, order in zip(shapes, codes, "CFCCFCC", strict=True):
            value.append(np.empty(shape, code, order))
            value[-1][...] = number + np.arange(np.prod(shape)).reshape(shape)
    data = python_pickle.dumps(value, protocol)
    read = pickle.loads(data)
    for array in read:
        assert array.flags.writeable
        assert array.flags.aligned
        if array.base is not None:
            assert array.base.nbytes <= 65536 + 64
            assert array.ctypes.data % 64 == 0
    if protocol > 2:
        sharing = [array for array in read if array.base is not None]
        assert {array.nbytes for array in sharing} == {6272, 1600, 8000, 1100, 1032}
        assert len({id(array.base) for array in sharing}) < 12
    for number, (array, expected) in enumerate(zip(read, value, strict=False)):
        assert ndbytes.identical(array, expected)
        array[...] = number
    for number, array in enumerate(read):
        assert (array == number).all()
