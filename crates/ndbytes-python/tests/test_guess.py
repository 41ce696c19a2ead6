"""`ndbytes.guess`: what bytes that say nothing may be."""

from __future__ import annotations

import base64
import gzip
import io
import pickle
import re
import time
import zlib

import ndbytes
import numpy as np
import pytest


def picture(rows: int, columns: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1.5, (rows, columns))
    return (120 + 60 * np.sin(y / 9) * np.cos(x / 13 + y / 40) + noise).astype("u1")


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i2", ">i2"])
def test_dtypes_of_smooth_numbers(dtype: str) -> None:
    x = (3000 * np.sin(np.linspace(0.3, 30, 4000))).astype(dtype)
    best = ndbytes.guess(x.tobytes())[0]
    assert best.dtype == x.dtype
    assert best.dtype is not None
    assert best.dtype.byteorder == x.dtype.byteorder
    assert 0.5 < best.probability <= 1
    assert best.reasons
    assert best.call is not None
    assert ndbytes.identical(eval(best.call, {"ndbytes": ndbytes, "data": x.tobytes()}).ravel(), x)


def test_what_is_known_is_said() -> None:
    x = picture(90, 70)
    data = b"\0" * 7 + x.tobytes()
    best = ndbytes.guess(data, shape=(90, 70))[0]
    assert (best.dtype, best.shape, best.offset, best.order) == ("u1", (90, 70), 7, "C")
    best = ndbytes.guess(x.tobytes(order="F"), shape=x.shape, dtype="u1")[0]
    assert best.order == "F"
    assert best.call == 'ndbytes.frombuffer(data, "|u1", (90, 70), order="F")'
    assert {guess.offset for guess in ndbytes.guess(data, offset=7)} == {7}
    assert ndbytes.guess(x.tobytes(), shape=(-1, 70))[0].shape == (90, 70)
    assert ndbytes.guess(b"abc", shape=(3,), dtype="f8") == []


def test_rows_of_pictures() -> None:
    x = picture(90, 70)
    assert ndbytes.guess(x.tobytes())[0].shape == (90, 70)
    best = ndbytes.guess(bytearray((x / 255).astype("<f4").tobytes()))[0]
    assert (best.dtype, best.shape) == ("<f4", (90, 70))
    text = b"camera 3\nwidth 70 height 90\n" + x.tobytes()
    best = ndbytes.guess(memoryview(text))[0]
    assert (best.shape, best.offset) == ((90, 70), 28)


def test_what_is_no_array_is_named() -> None:
    npy = ndbytes.array_to_bytes(np.arange(9.0))
    compressed = io.BytesIO()
    np.savez_compressed(compressed, x=np.arange(3))
    for data, what, call in [
        (b"", "nothing", None),
        (npy, "npy", "ndbytes.bytes_to_array(data)"),
        (
            gzip.compress(npy),
            "gzip around an npy of float64 (9,)",
            "ndbytes.bytes_to_array(gzip.decompress(data))",
        ),
        (
            zlib.compress(npy),
            "zlib around an npy of float64 (9,)",
            "ndbytes.bytes_to_array(zlib.decompress(data))",
        ),
        (gzip.compress(bytes(900)), "gzip", "gzip.decompress(data)"),
        (compressed.getvalue(), "zip, or npz", "ndbytes.bytes_to_arrays(data)"),
        (bytes(4) + npy, "npy from byte 4 on", "ndbytes.bytes_to_array(data[4:])"),
        (b"data/x.npy", "path", "ndbytes.load(os.fsdecode(data))"),
        (base64.b64encode(npy), "base64 of an npy", None),
        (npy.hex().encode(), "hex of an npy", None),
        (pickle.dumps({"a": 1}), "pickle", "ndbytes.pickle.loads(data)"),
        (b"<!doctype html><html><h1>404 Not Found</h1></html>", "HTML page", None),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs pointer", None),
        (b'{"x": [1, 2, 3]}', "JSON", "json.loads(data)"),
        (b"1.5,2\n3,4\n5,6\n", "CSV or a table in text", None),
    ]:
        best = ndbytes.guess(data)[0]
        assert (best.what, best.dtype, best.shape) == (what, None, ()), data[:20]
        assert call is None or best.call == call
    assert ndbytes.guess(np.random.default_rng(3).bytes(9000))[0].what.startswith("random")


def test_texts_and_times() -> None:
    names = np.array(["Ada", "Grace", "Emmy", "Sofia"] * 40)
    assert ndbytes.guess(names.tobytes())[0].dtype == names.dtype
    days = np.arange("2001-01-01", "2004-01-01", 1, "M8[D]").astype("M8[ns]")
    assert ndbytes.guess(days.tobytes())[0].dtype == days.dtype


x, t = picture(90, 70), np.linspace(0, 60, 3000)
waves = np.sin(t)
table = "\n".join(";".join(f"{v:.3f}" for v in row) for row in waves.reshape(-1, 5)).encode()
GUESSED: dict[str, tuple[bytes, dict[str, object]]] = {
    "picture": (x.tobytes(), {}),
    "picture behind a header": (b"CAMERA 3" + bytes(56) + x.tobytes(), {}),
    "picture, shape said": (x.tobytes(order="F"), {"shape": x.shape}),
    "picture, rows said": (x.tobytes(), {"shape": (-1, 7)}),
    "picture, end said": (x.tobytes(), {"shape": (10, 10)}),
    "picture, offset said": (bytes(3) + x.tobytes(), {"offset": 3}),
    "colours": (np.stack([x, x // 2, 255 - x], -1).tobytes(), {}),
    "float32": (waves.astype("<f4").tobytes(), {}),
    "big-endian": (waves.astype(">f8").tobytes(), {}),
    "more behind": (waves.tobytes() + b"end", {"offset": 0}),
    "more behind, all said": (waves.tobytes() + b"end", {"offset": 0, "dtype": "<f8"}),
    "more behind rows": (waves.tobytes() + b"end", {"offset": 8000, "shape": (-1, 50)}),
    "more before": (b"abc" + waves.tobytes(), {}),
    "complex": (np.exp(1j * t).astype("<c8").tobytes(), {}),
    "bfloat16": (waves.astype("<f4").view("<u2")[1::2].tobytes(), {}),
    "words": (np.array(["Ada", "Grace", "Emmy", "Sofia"] * 40).tobytes(), {}),
    "bytes": (np.array([b"Ada", b"Grace", b"Emmy", b"Sofia"] * 40).tobytes(), {}),
    "times": (np.arange("2001-01-01", "2004-01-01", 1, "M8[D]").astype("M8[ns]").tobytes(), {}),
    "zeros": (bytes(1000), {}),
    "one byte": (b"\7", {}),
    "noise": (np.random.default_rng(0).bytes(5000), {}),
    "structures": (np.array([(i, i / 10) for i in range(500)], "<i4,<f8").tobytes(), {}),
    "durations, said": (np.arange(500).tobytes(), {"dtype": "m8[s]"}),
    "structures, said": (np.arange(600).tobytes(), {"dtype": np.dtype("<i4,<f8")}),
    "bytes of a length, said": (bytes(4) + b"abc\0de" * 50, {"dtype": "S6"}),
    "IDX": (bytes([0, 0, 8, 2, 0, 0, 0, 90, 0, 0, 0, 70]) + x.tobytes(), {}),
    "pgm": (b"P5\n70 90\n255\n" + x.tobytes(), {}),
    "npy": (ndbytes.array_to_bytes(x), {}),
    "npy from another byte on": (bytes(9) + ndbytes.array_to_bytes(x), {}),
    "gzip": (gzip.compress(ndbytes.array_to_bytes(x)), {}),
    "base64": (base64.b64encode(ndbytes.array_to_bytes(x)), {}),
    "hex": (waves.tobytes().hex().encode(), {}),
    "pickle": (pickle.dumps(x), {}),
    "pickle of protocol 0": (pickle.dumps(x, 0), {}),
    "JSON": (b"[[1, 2], [3, 4]]", {}),
    "table": (b"a;b;c;d;e\n" + table, {}),
}


@pytest.mark.parametrize("name", GUESSED)
def test_every_call_runs_as_pasted(name: str) -> None:
    data, known = GUESSED[name]
    guesses = ndbytes.guess(data, **known)  # type: ignore[arg-type]
    assert guesses
    for guess in guesses:
        if guess.call is None:
            assert name == "structures, said"
            continue
        if "ml_dtypes" in guess.call:
            pytest.importorskip("ml_dtypes")
        modules = set(re.findall(r"(\w+)\.", guess.call)) - {"bytes", "data"}
        read = eval(guess.call, {name: __import__(name) for name in modules} | {"data": data})
        if guess.dtype is not None:
            assert (read.dtype, read.shape) == (guess.dtype, guess.shape), guess.call
            assert read.dtype.byteorder == guess.dtype.byteorder
            assert read.flags.f_contiguous or guess.order == "C"
            start = np.frombuffer(data, "u1")[guess.offset :].ctypes.data
            assert read.nbytes == 0 or read.ctypes.data == start
        elif isinstance(read, np.ndarray):
            assert read.size
            assert read.dtype != float or not np.isnan(read).any()


@pytest.mark.parametrize(
    ("name", "dtype", "options"),
    [
        ("float32", "<f8", {"shape": (3000,)}),
        ("float32", ">f4", {"shape": (7, 3)}),
        ("big-endian", "<f8", {"shape": (7, 3)}),
        ("picture behind a header", "<f8", {"shape": (90, 70)}),
        ("more before", "<f8", {}),
        ("times", "<i4", {"shape": (7, 3)}),
        ("IDX", "<f8", {"shape": 3}),
        ("npy", "<f8", {"shape": 3}),
        ("gzip", "<f8", {"shape": 3}),
    ],
)
def test_every_call_of_a_hint_runs_as_pasted(
    name: str, dtype: str, options: dict[str, object]
) -> None:
    data, _ = GUESSED[name]
    with pytest.raises(ndbytes.DecodeError) as caught:
        ndbytes.frombuffer(data, dtype, **options)  # type: ignore[call-overload]
    calls = re.findall(r"ndbytes\.\w+\((?:[^()]|\([^()]*\))*\)", caught.value.hint or "")
    assert calls
    for call in calls:
        assert eval(call, {"ndbytes": ndbytes, "data": data, "gzip": gzip}).size


def test_errors() -> None:
    with pytest.raises(ndbytes.DecodeError, match="beyond the 4 bytes"):
        ndbytes.guess(b"abcd", offset=5)
    with pytest.raises(ndbytes.DecodeError, match="more elements than there are bytes"):
        ndbytes.guess(b"abcd", shape=(5,))
    with pytest.raises(ValueError, match="offset is -1, it is at least 0"):
        ndbytes.guess(b"abcd", offset=-1)
    with pytest.raises(TypeError):
        ndbytes.guess("abcd")  # type: ignore[arg-type]


def test_large_input_takes_no_longer() -> None:
    x = np.tile(picture(512, 1024), (128, 1))
    start = time.process_time()
    best = ndbytes.guess(x)[0]
    # A few dozen milliseconds, on machines that have nothing else to do.
    assert time.process_time() - start < 3
    assert best.probability > 0


def test_repr() -> None:
    shown = repr(ndbytes.guess(picture(90, 70))[0])
    assert "uint8 array (90, 70)" in shown
    assert "ndbytes.frombuffer(" in shown
