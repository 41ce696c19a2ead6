"""What is measured from Python. The keys are stable: targets and notes refer to them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import archives
import files
import ndbytes
import numpy as np
from measure import Case, Contestant
from peers import (
    COMMON,
    KEEPING,
    NUMPY,
    OURS,
    PICKLE,
    SPDL,
    Way,
    decoders,
    difference,
    encoders,
    names,
    written,
)

MEMCPY = Contestant("a warm memcpy", "np.copyto(warm, x)", "limit")
FRESH = Contestant("a copy into fresh memory, `x.copy()`", "x.copy()", "limit")
TOBYTES = Contestant("`x.tobytes()`", "x.tobytes()")
FROMBUFFER = Contestant("`np.frombuffer`", "np.frombuffer(raw, dtype).reshape(shape)")

RAW = "`x.tobytes()`, `np.frombuffer`"

SMALL = (28, 28)
LARGE = (5000, 5000)
MEDIUM = (1000, 1000)

# Of the arrays in fixtures/real: a photograph, a scan in big-endian Fortran order, heights, dates,
# prices with their dates, text.
REAL = [
    "camera_crop",
    "mri_anatomical_be_f",
    "dem_elevation",
    "co2_weeks",
    "goog_price_data",
    "iris_names",
]


def all_cases(quick: bool, fixtures: Path, data: Path | None) -> Iterator[Case]:
    yield from encode()
    yield from decode()
    yield from strided()
    yield from equal()
    yield from diff()
    yield from many(5_000 if quick else 100_000)
    yield from dtypes()
    yield from pickles()
    yield from archives.all_cases(quick, fixtures, data)
    yield from files.all_cases(quick)
    yield from real(fixtures, REAL, "real")
    if data is not None:
        yield from real(data, None, "data")


def random(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def encode() -> Iterator[Case]:
    ways = [OURS, *KEEPING]
    ours, *peers = encoders(ways)

    def prepared(shape: tuple[int, ...]) -> dict[str, Any]:
        x = random(shape)
        return names(x=x, warm=np.ones_like(x))

    for key, title, shape in (
        ("encode/28x28", "28x28 float64", SMALL),
        ("encode/200MB", "200 MB float64", LARGE),
    ):
        limits = [MEMCPY, FRESH] if shape == LARGE else [FRESH]
        contestants = [ours, TOBYTES, *peers, *limits]
        nbytes = int(np.prod(shape)) * 8
        yield Case(key, title, nbytes, lambda shape=shape: prepared(shape), contestants)


def decode() -> Iterator[Case]:
    ways = [OURS, *KEEPING, SPDL]
    ours, *peers = decoders(ways)

    def prepared(shape: tuple[int, ...]) -> dict[str, Any]:
        x = random(shape)
        more = {"raw": x.tobytes(), "dtype": x.dtype, "shape": shape, "warm": np.ones_like(x)}
        return written(ways, x, **more)

    for key, title, shape in (
        ("decode/28x28", "28x28 float64", SMALL),
        ("decode/200MB", "200 MB float64", LARGE),
    ):
        nbytes = int(np.prod(shape)) * 8
        contestants = [ours, FROMBUFFER, *peers]
        yield Case(key, title, nbytes, lambda shape=shape: prepared(shape), contestants)
    yield Case(
        "decode/200MB-copy",
        "200 MB float64, `copy=True`",
        200_000_000,
        lambda: prepared(LARGE),
        [
            Contestant("ndbytes", "bytes_to_array(b_0, copy=True)", "ours"),
            Contestant("`np.frombuffer`", "np.frombuffer(raw, dtype).reshape(shape).copy()"),
            *map(copying, peers),
            MEMCPY,
            FRESH,
        ],
    )


def copying(decoder: Contestant) -> Contestant:
    """The same, where it would be a view, into memory of its own."""
    more = {
        "pyarrow": decoder.statement + ".copy()",
        "spdl": decoder.statement.replace(")", ", copy=True)"),
    }
    return replace(decoder, statement=more.get(decoder.name, decoder.statement))


def strided() -> Iterator[Case]:
    """Arrays whose elements do not lie side by side, and numbers of the other byte order."""
    ours = Contestant("ndbytes", "array_to_bytes(x)", "ours")
    save = Contestant(NUMPY.encode_name, "np_save(x)")

    def square() -> np.ndarray:
        return random((4096, 4096))

    def case(key: str, title: str, make: Any, contestants: list[Contestant]) -> Case:
        def prepared() -> dict[str, Any]:
            x = make()
            side_by_side = np.ones(x.shape, x.dtype)
            more = {"y": np.ascontiguousarray(x), "warm": side_by_side}
            return names(x=x, tobytes=ndbytes.tobytes, **more)

        nbytes = 30_105_600 if "NHWC" in key else 2**27
        # The limits are of plain memory of the same size.
        limits = [
            Contestant(MEMCPY.name, "np.copyto(warm, y)", "limit"),
            Contestant("a copy into fresh memory", "y.copy()", "limit"),
        ]
        return Case(f"strided/{key}", title, nbytes, prepared, [*contestants, *limits])

    yield case(
        "reversed", "encode 128 MB `x[:, ::-1]`", lambda: square()[:, ::-1], [ours, TOBYTES, save]
    )
    yield case(
        "rotation",
        "encode 128 MB, 256³ float64 `.transpose(2, 0, 1)`",
        lambda: random((256, 256, 256)).transpose(2, 0, 1),
        [ours, TOBYTES, save],
    )
    yield case(
        "NHWC-NCHW",
        "encode 30 MB uint8 NHWC as NCHW",
        lambda: (
            np.random.default_rng(0)
            .integers(0, 256, (200, 224, 224, 3), "u1")
            .transpose(0, 3, 1, 2)
        ),
        [ours, TOBYTES, save],
    )
    raw = Contestant("ndbytes", "tobytes(x)", "ours")
    yield case("transpose", "`tobytes` of a 128 MB transpose", lambda: square().T, [raw, TOBYTES])
    yield case(
        "byteswap",
        "`tobytes`, 128 MB to the other byte order",
        square,
        [
            Contestant("ndbytes", 'tobytes(x, byteorder="big")', "ours"),
            Contestant('`.astype(">f8").tobytes()`', 'x.astype(">f8").tobytes()'),
            Contestant("`.byteswap().tobytes()`", "x.byteswap().tobytes()"),
        ],
    )


def equal() -> Iterator[Case]:
    def prepared() -> dict[str, Any]:
        x = random((4096, 4096))
        return {"x": x, "y": x.copy(), "np": np, "array_equal": ndbytes.array_equal}

    for key, title, more in (
        ("equal/128MB", "128 MB float64", ""),
        ("equal/128MB-nan", "128 MB float64, `equal_nan=True`", ", equal_nan=True"),
    ):
        contestants = [
            Contestant("ndbytes", f"array_equal(x, y{more})", "ours"),
            Contestant("`np.array_equal`", f"np.array_equal(x, y{more})"),
        ]
        yield Case(key, title, 2**27, prepared, contestants)


def diff() -> Iterator[Case]:
    """Where two arrays differ, against one question of many: NumPy's greatest distance, say."""
    farthest = Contestant("`np.abs(a - b).max()`, distances only", "np.abs(a - b).max()")
    copy = Contestant("a warm copy of one of them", "np.copyto(warm, a)", "limit")

    def case(key: str, title: str, make: Any, peer: Contestant, more: str = "") -> Case:
        def prepared() -> dict[str, Any]:
            a, b = make()
            return {"a": a, "b": b, "warm": a.copy(), "np": np, "diff": ndbytes.diff}

        ours = Contestant("ndbytes", f"diff(a, b{more})", "ours")
        return Case(f"diff/{key}", title, 2**27, prepared, [ours, peer, copy])

    def apart(dtype: str) -> tuple[np.ndarray, np.ndarray]:
        size = 2**26 // np.dtype(dtype).itemsize
        a = np.random.default_rng(0).standard_normal(size) * 50
        if dtype.startswith("complex"):
            a = a + 1j * a[::-1]
        a = a.astype(dtype)
        return a, (a * 1.001 if a.dtype.kind in "fc" else a + 1).astype(dtype)

    def missing() -> tuple[np.ndarray, np.ndarray]:
        a, b = apart("float64")
        a[::97] = b[::97] = np.nan
        return a, b

    def other() -> tuple[np.ndarray, np.ndarray]:
        a, b = apart("float64")
        return a.astype("f4"), b

    yield case(
        "same",
        "2x 64 MB float64, all the same",
        lambda: (apart("float64")[0], apart("float64")[0]),
        Contestant("`np.array_equal`, yes or no", "np.array_equal(a, b)"),
    )
    for dtype in ("float64", "float32", "uint8", "int32", "complex128"):
        title = f"2x 64 MB {dtype}, no two the same"
        yield case(dtype, title, lambda dtype=dtype: apart(dtype), farthest)
    yield case("nan", "the same of float64, one of 97 NaN in both", missing, farthest)
    yield case("dtypes", "32 MB float32 and 64 MB float64, no two the same", other, farthest)
    close = Contestant("`np.allclose`, yes or no", "np.allclose(a, b, rtol=1e-5)")
    more = ", rtol=1e-5, atol=1e-8"
    title = "2x 64 MB float64, `rtol=1e-5`, most farther apart"
    yield case("tolerance", title, lambda: apart("float64"), close, more)


def many(count: int) -> Iterator[Case]:
    def prepared() -> dict[str, Any]:
        return names(xs=[x.copy() for x in random((count, *SMALL))])

    def contestants(statement: str) -> list[Contestant]:
        found = []
        for way in [OURS, *KEEPING]:
            parts = {"encode": way.encode, "decode": way.decode}
            both = way.decoding(str(way.encode))
            found.append(Contestant(way.name, statement.format(both=both, **parts), way.kind))
        return found

    raw = "np.frombuffer({raw}, 'f8').reshape(28, 28)"
    title = f"{count:,} arrays of 28x28 float64"
    yield Case(
        "many/in-turn",
        f"{title}, each encoded, then decoded",
        count * 6272,
        prepared,
        [
            *contestants("for x in xs: {both}"),
            Contestant(RAW, f"for x in xs: {raw.format(raw='x.tobytes()')}", "limit"),
        ],
    )
    yield Case(
        "many/kept",
        f"{title}, all encoded, then all decoded, all kept",
        count * 6272,
        prepared,
        [
            *contestants("bs = [{encode} for x in xs]; ys = [{decode} for b in bs]; del bs, ys"),
            Contestant(
                RAW,
                "bs = [x.tobytes() for x in xs]; "
                f"ys = [{raw.format(raw='b')} for b in bs]; del bs, ys",
                "limit",
            ),
        ],
    )


def dtypes() -> Iterator[Case]:
    """Ours on other dtypes against ours on float64 of as many bytes."""
    record = np.dtype([("id", "<i4"), ("weight", "<f4"), ("value", "<f8")])
    ways = [OURS, NUMPY, PICKLE]

    def make(kind: str, shape: tuple[int, int]) -> np.ndarray:
        x = random(shape)
        size = x.size
        if kind == "structured":
            y = np.zeros(size // 2, record)
            y["id"], y["value"] = np.arange(size // 2), x.ravel()[: size // 2]
            return y
        if kind == "datetime":
            return np.datetime64("2024-01-01", "ns") + np.arange(size)
        if kind == "unicode":
            return np.array([f"n{n % 1000:03}" for n in range(size // 2)])
        return np.asfortranarray(x) if kind == "Fortran" else x.astype(">f8")

    def prepared(kind: str, shape: tuple[int, int]) -> dict[str, Any]:
        plain = random(shape)
        x = make(kind, shape)
        assert x.nbytes == plain.nbytes
        return written(ways, x, plain=plain, b_plain=ndbytes.array_to_bytes(plain))

    for size, shape in (("6 kB", SMALL), ("8 MB", MEDIUM)):
        for verb in ("encode", "decode"):
            for kind in ("structured", "datetime", "unicode", "Fortran", "big-endian"):
                ours, *peers = encoders(ways) if verb == "encode" else decoders(ways)
                plain = "array_to_bytes(plain)" if verb == "encode" else "bytes_to_array(b_plain)"
                reference = Contestant("ndbytes, float64", plain, "reference")
                yield Case(
                    f"dtypes-{verb}/{kind}-{size.replace(' ', '')}",
                    f"{kind}, {size}",
                    int(np.prod(shape)) * 8,
                    lambda kind=kind, shape=shape: prepared(kind, shape),
                    [ours, reference, *peers],
                )


def pickles() -> Iterator[Case]:
    """`ndbytes.pickle` against Python's own: what each writes is the same, and either reads it."""

    def mixed() -> np.ndarray:
        draw = np.random.default_rng(0)
        numbers, parts = draw.integers(0, 10**6, 120_000).tolist(), draw.random(120_000).tolist()
        kinds = [
            lambda n, part: n,
            lambda n, part: part,
            lambda n, part: f"text {n % 10_000}",
            lambda n, part: None,
            lambda n, part: n % 2 == 0,
            lambda n, part: (n % 1000, part),
            lambda n, part: b"bytes",
            lambda n, part: n % 1000,
        ]
        x = np.empty(120_000, object)
        pairs = enumerate(zip(numbers, parts, strict=True))
        x[:] = [kinds[place % 8](n, part) for place, (n, part) in pairs]
        return x

    def prepared(make: Any, protocol: int) -> dict[str, Any]:
        value = make()
        data = pickle.dumps(value, protocol)
        return {
            **{"value": value, "b": data, "protocol": protocol, "pickle": pickle},
            **{"dumps": ndbytes.pickle.dumps, "loads": ndbytes.pickle.loads},
        }

    def case(key: str, title: str, nbytes: int, make: Any, protocol: int) -> Iterator[Case]:
        names = lambda: prepared(make, protocol)  # noqa: E731, one for both
        python = "Python's `pickle`"
        for verb, ours, theirs in (
            ("dumps", "dumps(value, protocol)", "pickle.dumps(value, protocol)"),
            ("loads", "loads(b)", "pickle.loads(b)"),
        ):
            contestants = [Contestant("ndbytes", ours, "ours"), Contestant(python, theirs)]
            if "8MB-5" in key:
                contestants.append(Contestant("one copy, `x.copy()`", "value.copy()", "limit"))
            if "list-5" in key and verb == "loads":
                copies = "a copy of each, `x.copy()`"
                contestants.append(Contestant(copies, "[x.copy() for x in value]", "limit"))
            yield Case(f"pickle-{verb}/{key}", title, nbytes, names, contestants)

    for protocol in (0, 2, 5):
        title = f"28x28 float64, protocol {protocol}"
        yield from case(f"28x28-{protocol}", title, 6272, lambda: random(SMALL), protocol)
    for protocol in (0, 5):
        title = f"8 MB float64, protocol {protocol}"
        yield from case(f"8MB-{protocol}", title, 8_000_000, lambda: random(MEDIUM), protocol)
    for protocol in (2, 4, 5):
        title = f"a list of 1,000 arrays of 28x28, protocol {protocol}"
        make = lambda: [x.copy() for x in random((1000, *SMALL))]  # noqa: E731
        yield from case(f"list-{protocol}", title, 6_272_000, make, protocol)
    title = "an array of 120,000 plain values, protocol 4"
    yield from case("objects", title, 960_000, mixed, 4)
    yield Case(
        "pickle-loads/8MB-view",
        "8 MB float64, protocol 5, `copy=False`",
        8_000_000,
        lambda: prepared(lambda: random(MEDIUM), 5),
        [
            Contestant("ndbytes", "loads(b, copy=False)", "ours"),
            Contestant("Python's `pickle`", "pickle.loads(b)"),
        ],
    )


def real(folder: Path, chosen: list[str] | None, group: str) -> Iterator[Case]:
    """Arrays that are not made up: each of those chosen, and all of the folder together."""
    arrays: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npy")):
        try:
            arrays[path.stem] = np.load(path)
        except ValueError:
            continue  # An object array: only a pickle holds it.
    ways = [OURS, *COMMON]
    for verb, contestants in (("encode", encoders(ways)), ("decode", decoders(ways))):
        for name in arrays if chosen is None else chosen:
            x = arrays[name]
            about = f"{name}: {described(x)}"
            key = f"{group}-{verb}/{name}"
            yield Case(key, about, x.nbytes, lambda x=x: written(ways, x), contestants)
        total = sum(x.nbytes for x in arrays.values())
        yield Case(
            f"{group}-{verb}/all",
            f"all {len(arrays)} of them",
            total,
            lambda: together(ways, arrays),
            [one_by_one(way, number, verb) for number, way in enumerate(ways)],
        )


def described(x: np.ndarray) -> str:
    dtype = f"structured, {len(x.dtype)} fields" if x.dtype.names else x.dtype.str
    return f"{dtype} {'x'.join(map(str, x.shape)) or '0-d'}"


def together(ways: list[Way], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    known = names(xs=list(arrays.values()))
    for number, way in enumerate(ways):
        try:
            known[f"bs_{number}"] = [eval(str(way.encode), known | {"x": x}) for x in known["xs"]]
        except Exception:
            known[f"bs_{number}"] = []  # Said when the contestant is held to be exact.
    return known


def one_by_one(way: Way, number: int, verb: str) -> Contestant:
    def exact(known: dict[str, Any]) -> str | None:
        lost = 0
        for x in known["xs"]:
            try:
                b = eval(str(way.encode), known | {"x": x})
                lost += difference(x, eval(str(way.decode), known | {"b": b})) is not None
            except Exception:
                lost += 1
        return f"not exact on {lost}" if lost else None

    if verb == "encode":
        return Contestant(way.encode_name, f"for x in xs: {way.encode}", way.kind, exact)
    statement = f"for b in bs_{number}: {way.decode}"
    return Contestant(way.decode_name, statement, way.kind, exact)
