"""`ndbytes.diff`: where two arrays differ, held against NumPy."""

from __future__ import annotations

import ndbytes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

NUMBERS = ["?", "i1", "u1", "<i2", ">i4", "i8", "u8", "f2", ">f4", "f8", "c8", ">c16"]


@given(st.data())
def test_counts_and_distances_are_numpys(data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(NUMBERS)))
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=6))
    a = data.draw(hnp.arrays(dtype, shape))
    b = a.copy()
    flat = b.reshape(-1)
    for at in data.draw(st.lists(st.integers(0, flat.size - 1), max_size=5)):
        flat[at] = data.draw(hnp.from_dtype(dtype))
    if data.draw(st.booleans()):
        a, b = np.asfortranarray(a), np.asfortranarray(b)
    d = ndbytes.diff(a, b)
    bits = np.array([x.tobytes() != y.tobytes() for x, y in zip(a.ravel(), b.ravel(), strict=True)])
    differs = bits.reshape(a.shape)
    assert d.size == a.size
    assert d.count == differs.sum()
    assert d.equal == ndbytes.identical(a, b)
    if not d.count:
        assert d.first is None
        assert str(d) == "the same"
        return
    assert d.first is not None
    assert differs[d.first]
    order = "F" if a.ndim > 1 and a.flags.f_contiguous and not a.flags.c_contiguous else "C"
    first = np.flatnonzero(differs.ravel(order))[0]
    assert d.first == tuple(int(i) for i in np.unravel_index(first, a.shape, order=order))
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    expected = (nan_a & ~nan_b, nan_b & ~nan_a, nan_a & nan_b & differs)
    assert d.nan == tuple(int(mask.sum()) for mask in expected)
    numbers = differs & ~nan_a & ~nan_b
    with np.errstate(all="ignore"):
        wide = "c16" if dtype.kind == "c" else "f8"
        apart = np.abs(a.astype(wide) - b.astype(wide))[numbers]
    if dtype.kind in "?iub" and numbers.any():
        exact = max(abs(int(x) - int(y)) for x, y in zip(a[numbers], b[numbers], strict=True))
        assert d.max_abs == float(exact)
    elif numbers.any() and np.isfinite(apart).all() and d.max_abs is not None:
        assert d.max_abs == pytest.approx(apart.max(), rel=1e-12)


@given(st.data())
def test_tolerances_are_those_of_isclose(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    # Halves: nothing is rounded, so that the order of NumPy's steps does not matter.
    halves = st.integers(-40, 40).map(lambda x: x / 2) | st.sampled_from([np.nan, -np.nan])
    lists = st.lists(halves, min_size=size, max_size=size)
    drawn = [np.array(data.draw(lists)) for _ in "ab"]
    if data.draw(st.booleans()):
        # Complex numbers along the real line: the lengths of others are rounded.
        a, b = (array.astype("c16") for array in drawn)
    else:
        dtypes = [data.draw(st.sampled_from(["i2", "<i8", "f4", ">f8"])) for _ in "ab"]
        a, b = (
            np.nan_to_num(x).astype(d) if "i" in d else x.astype(d)
            for x, d in zip(drawn, dtypes, strict=True)
        )
    rtol = data.draw(st.sampled_from([0.0, 0.25, 1.0, 8.0]))
    atol = data.draw(st.sampled_from([0.0, 0.5, 3.0]))
    equal_nan = data.draw(st.booleans())
    # NaNs of the same bits are always the same.
    both_nan = np.isnan(a) & np.isnan(b)
    same = np.isclose(a, b, rtol, atol) | both_nan & (
        equal_nan | (np.signbit(a.real) == np.signbit(b.real))
    )
    d = ndbytes.diff(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    assert (d.count, d.equal) == ((~same).sum(), same.all())
    if d.count:
        assert d.first == (np.flatnonzero(~same)[0],)
        apart = np.abs(a - b)[~same & ~np.isnan(a) & ~np.isnan(b)]
        assert d.max_abs == (apart.max() if apart.size else None)


def test_values_of_other_dtypes() -> None:
    rng = np.random.default_rng(6)
    numbers = rng.integers(0, 100, 3000)
    kinds = ["?", "i1", "u1", "<i2", ">u2", "i4", "u4", "i8", "u8", "f2", "f4", ">f8"]
    for kind in kinds:
        a = numbers.astype(kind)
        for other in kinds:
            b = (numbers + (numbers % 7 == 3)).astype(other)
            different = a != b
            d = ndbytes.diff(a, b, values=True)
            assert d.count == different.sum(), (kind, other)
            assert d.equal == (not different.any()), (kind, other)
            apart = np.abs(a.astype("f8") - b.astype("f8"))
            assert d.max_abs == (apart.max() if different.any() else None), (kind, other)
    large, small = np.array([2**64 - 1, 2**63, 5], "u8"), np.array([-1, -(2**63), 5], "i8")
    d = ndbytes.diff(large, small, values=True)
    assert (d.count, d.max_abs, d.worst) == (2, 2.0**64, (0,))


EXTREMES = [0, 1, 5, 127, 255, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -1, -128, -(2**63)]


@pytest.mark.parametrize("one", ["?", "i1", "u1", ">i2", "i4", ">i8", "u8", "f2", ">f4", "f8"])
def test_extreme_values_of_other_dtypes(one: str) -> None:
    rng = np.random.default_rng(7)

    def extremes(kind: str) -> np.ndarray:
        dtype = np.dtype(kind)
        if dtype.kind == "f":
            limits = np.finfo(dtype)
            values = [0.0, -0.0, 1.5, np.inf, -np.inf, float(limits.max), float(limits.tiny)]
            values += [2.0**15, -(2.0**15), float(limits.smallest_subnormal)]
        else:
            low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            values = [x for x in EXTREMES if low <= x <= high] + [low, high]
        # Strided, so that it is gathered first.
        return np.array(rng.choice(np.array(values, dtype), 3000))[::2]

    for other in ["?", "i1", "<u2", "u4", "i8", ">u8", "f2", "f4", ">f8"]:
        a, b = extremes(one), extremes(other)
        if a.dtype.kind == "f" or b.dtype.kind == "f":
            x, y = a.astype("f8").tolist(), b.astype("f8").tolist()
        else:
            x, y = [int(n) for n in a], [int(n) for n in b]
        for atol in [0.0, 2.0, 1e30]:
            pairs = list(zip(x, y, strict=True))
            apart = [0.0 if m == n else float(abs(m - n)) for m, n in pairs]
            differs = [d > atol or d == np.inf for d in apart]
            most = max(
                (d for d, counts in zip(apart, differs, strict=True) if counts), default=None
            )
            d = ndbytes.diff(a, b, values=True, atol=atol)
            assert (d.count, d.max_abs) == (sum(differs), most), (other, atol)
            if most is not None:
                assert d.first == (differs.index(True),)
                assert d.worst == (apart.index(most),)


def test_tolerances_that_are_none() -> None:
    for name in ["rtol", "atol"]:
        for value in [-1.0, np.nan]:
            with pytest.raises(ValueError, match=f"{name} is"):
                ndbytes.diff([1], [2], **{name: value})
    with pytest.raises(OverflowError):
        ndbytes.diff([1], [2], ulp=-1)
    a = np.array([1.0, 2.0])
    assert ndbytes.diff(a, np.nextafter(a, 9), ulp=1).equal
    assert ndbytes.diff(a, -a * 0 + a, values=True).equal
    assert not ndbytes.diff([0.0], [-0.0]).equal
    assert ndbytes.diff([0.0], [-0.0], values=True).equal


def test_ulps_are_numpys() -> None:
    rng = np.random.default_rng(5)
    for dtype, bits in [("f4", "i4"), ("f8", "i8"), ("f2", "i2")]:
        a = rng.normal(size=500).astype(dtype)
        b = (a.view(bits) + rng.integers(0, 50, 500).astype(bits)).view(dtype)
        assert ndbytes.diff(a, b).max_ulp == (b.view(bits) - a.view(bits)).max()


def test_signs_of_zeros() -> None:
    d = ndbytes.diff([0.0, 1.0], [-0.0, 1.0])
    assert (d.count, d.zero_signs, d.max_abs, d.first) == (1, 1, 0.0, (0,))
    assert "sign of a zero" in str(d)


def test_shapes_and_dtypes() -> None:
    x = np.arange(6)
    d = ndbytes.diff(x, x.reshape(2, 3))
    assert (d.equal, d.count, d.size) == (False, 0, 0)
    assert "shapes" in d.why[0]
    d = ndbytes.diff(x.astype("<i4"), x.astype(">i4"))
    assert (d.equal, d.count) == (False, 0)
    assert "byte orders" in d.why[0]
    d = ndbytes.diff(x, x + np.array([0, 0, 0, 0, 0, 0.25]))
    assert (d.count, d.max_abs) == (1, 0.25)
    assert "int64 and float64" in d.why[0]
    d = ndbytes.diff(x, x.astype("S4"))
    assert not d.equal
    assert d.size == 0


def test_structures_times_and_text() -> None:
    dtype = [("name", "U4"), ("at", "M8[s]"), ("xy", "f4", 2)]
    a = np.array([("ab", "2001-01-01", [1, 2]), ("cd", "NaT", [3, 4])], dtype)
    b = a.copy()
    b["name"][1] = "xy"
    b["at"][1] = "2002-02-02"
    b["xy"][0, 1] = 7
    d = ndbytes.diff(a, b)
    assert (d.count, d.first) == (2, (0,))
    assert sorted(d.fields) == ["at", "name", "xy"]
    assert d.fields["at"].nan == (1, 0, 0)
    assert (d.fields["xy"].first, d.fields["xy"].max_abs) == ((0, 1), 5.0)
    assert '"cd" and "xy"' in str(d)


def test_large_arrays_in_many_blocks() -> None:
    x = np.arange(3_000_000, dtype="f4").reshape(1000, 3000)
    y = x.copy()
    y[123, 456] += 1
    y[999, 2999] = np.nan
    for a, b in [(x, y), (x.T, y.T), (x[::-1], y[::-1]), (x, np.asfortranarray(y))]:
        d = ndbytes.diff(a, b)
        assert (d.count, d.max_abs, d.nan) == (2, 1.0, (0, 1, 0))
        assert d.worst is not None
        assert b[d.worst] == x[123, 456] + 1


def test_repr_and_html() -> None:
    d = ndbytes.diff(np.zeros((4, 4)), np.eye(4))
    assert repr(d).startswith("<Difference: 4 of 16 elements differ (25.000 %)")
    html = d._repr_html_()
    assert html.count("<tr>") == 4
    assert html.count("<td") == 16
    assert html.startswith(
        "<div><strong>4 of 16 elements differ (25.000 %)</strong></div><div>first at (0, 0)"
    )
    assert html.count('title="1 differ"') == 4
    assert (
        ndbytes.diff(np.eye(2), np.eye(2))._repr_html_() == "<div><strong>the same</strong></div>"
    )
    field = np.zeros(1, [("<b>", "i4")])
    other = field.copy()
    other["<b>"] = 1
    assert "<b>" not in ndbytes.diff(field, other)._repr_html_()


def test_objects_are_refused() -> None:
    with pytest.raises(ndbytes.DecodeError, match="only they know"):
        ndbytes.diff(np.array([None]), np.array([1], "O"))
