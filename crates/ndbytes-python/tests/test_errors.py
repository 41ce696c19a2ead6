"""Errors say what, where and what to try; cut messages say how much more is needed."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import filled, numpy_save, parts

X = np.arange(6, dtype="<i4").reshape(2, 3)
DATA = ndbytes.array_to_bytes(X)


def header(text: str | bytes, version: int = 1) -> bytes:
    """An npy header of any text."""
    text = text.encode("latin-1") if isinstance(text, str) else text
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + len(text).to_bytes(2 * min(version, 2), "little")
        + text
    )


def error_of(data: Any, **options: Any) -> ndbytes.DecodeError:
    with pytest.raises(ndbytes.DecodeError) as caught:
        ndbytes.bytes_to_array(data, **options)
    return caught.value


def test_hierarchy() -> None:
    assert ndbytes.DecodeError.__bases__ == (pickle.UnpicklingError, ValueError)
    assert ndbytes.IncompleteError.__bases__ == (ndbytes.DecodeError,)
    assert ndbytes.UnsafeError.__bases__ == (ndbytes.DecodeError,)
    assert ndbytes.EncodeError.__bases__ == (pickle.PicklingError, TypeError, ValueError)
    assert ndbytes.pickle.PickleError is pickle.PickleError
    assert not issubclass(ndbytes.EncodeError, ndbytes.DecodeError)


def examples() -> list[Exception]:
    def caught(call: Any, *args: Any, **options: Any) -> Exception:
        try:
            call(*args, **options)
        except (ndbytes.DecodeError, ndbytes.EncodeError) as error:
            return error
        raise AssertionError("nothing was raised")

    return [
        caught(ndbytes.bytes_to_array, DATA[:-1]),
        caught(ndbytes.bytes_to_array, b"rubbish"),
        caught(ndbytes.bytes_to_array, header("{'descr': 1}")),
        caught(ndbytes.bytes_to_array, DATA, limits=ndbytes.Limits(max_bytes=1), copy=True),
        caught(ndbytes.frombuffer, b"abc", "i2"),
        caught(ndbytes.array_to_bytes, [object()]),
        ndbytes.DecodeError("plain"),
        ndbytes.IncompleteError("short", needed=7, kind="incomplete", offset=3, entry="x"),
        ndbytes.UnsafeError("code", names=["posix.system"], kind="unsafe", hint="do not"),
        ndbytes.EncodeError("no", hint="yes"),
        ndbytes.DecodeError(),
    ]


@pytest.mark.parametrize("error", examples(), ids=lambda error: f"{type(error).__name__}")
def test_errors_cross_to_other_processes(error: Exception) -> None:
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    for found in copies:
        assert type(found) is type(error)
        assert str(found) == str(error)
        assert found.args == error.args
        assert vars(found) == vars(error)
        assert repr(found) == repr(error)


def test_notes_and_causes_are_kept() -> None:
    error = error_of(DATA[:-1])
    error.add_note("while reading the cache")
    assert vars(copy.copy(error))["__notes__"] == ["while reading the cache"]
    assert "while reading the cache" in "".join(traceback.format_exception(error))


def test_attributes_of_an_incomplete_message() -> None:
    error = error_of(DATA[:-1])
    assert type(error) is ndbytes.IncompleteError
    assert error.kind == "incomplete"
    assert error.format == "npy"
    assert error.offset == len(DATA) - 1
    assert error.entry is None
    assert error.needed == len(DATA)
    assert error.hint is not None
    assert error.hint in str(error)
    for word in ("npy", str(len(DATA) - 1), str(len(DATA)), "int32", "(2, 3)"):
        assert word in str(error)


def test_attributes_of_a_malformed_header() -> None:
    text = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, -3), }\n"
    error = error_of(header(text) + bytes(24))
    assert type(error) is ndbytes.DecodeError
    assert (error.kind, error.format, error.entry) == ("malformed", "npy", None)
    assert error.offset == 10 + text.index("-3")
    assert f"at byte {error.offset}" in str(error)
    assert "-3" in str(error)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"rubbish rubbish", "unrecognized"),
        (b"\x00" * 80, "unrecognized"),
        (header("{}"), "malformed"),
        (header("{'descr': '<i4', 'fortran_order': 0, 'shape': ()}"), "malformed"),
        (header("{'descr': '<i3', 'fortran_order': True, 'shape': ()}"), None),
        (header("x" * 100), "malformed"),
        (b"\x93NUMPY\x04\x00\x00\x00\x00\x00", "unsupported"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': ()}") + b"N.", "mismatch"),
    ],
)
def test_kinds(data: bytes, kind: str | None) -> None:
    error = error_of(data)
    if kind is None:
        assert error.kind in {"malformed", "unsupported"}
    else:
        assert error.kind == kind
    assert len(str(error)) < 500


def test_bytes_that_describe_nothing_are_told_the_way() -> None:
    error = error_of(np.arange(10.0).tobytes())
    assert error.kind == "unrecognized"
    assert error.offset == 0
    assert error.hint is not None
    assert "frombuffer(" in error.hint
    with pytest.raises(ndbytes.DecodeError, match="npy"):
        ndbytes.bytes_to_array(np.arange(10.0).tobytes(), format="npy")


MESSAGES = {
    "plain": X,
    "0-d": np.array(1.5),
    "Fortran": np.asfortranarray(np.ones((3, 2), ">f8")),
    "empty": np.empty((0, 3)),
    "structure": np.zeros(3, [("a", "<i2"), ("b", "S3", (2,))]),
    "long header": np.zeros(1, [(f"field_{i}", "u1") for i in range(60)]),
    "unicode": np.zeros(2, [("\u65e5", "u1")]),
}


@pytest.mark.parametrize("make", [bytes, bytearray])
@pytest.mark.parametrize("name", MESSAGES)
def test_cut_at_every_length(name: str, make: Any) -> None:
    data = ndbytes.array_to_bytes(MESSAGES[name])
    for length in range(len(data)):
        error = error_of(make(data[:length]))
        if length == 0:
            continue
        assert type(error) is ndbytes.IncompleteError, (length, str(error))
        assert length < error.needed <= len(data)
        assert error.offset is not None
        assert error.offset <= length


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("name", MESSAGES)
def test_asking_for_what_is_needed_leads_to_the_array(name: str, version: tuple[int, int]) -> None:
    """As one who reads from a socket would do it."""
    x = MESSAGES[name]
    try:
        data = numpy_save(x, version)
    except UnicodeEncodeError:
        return
    for start in (1, 3, 9, 11, 50):
        have = start
        for _ in range(10):
            try:
                found = ndbytes.bytes_to_array(memoryview(data)[:have])
            except ndbytes.IncompleteError as error:
                have = error.needed
            else:
                break
        assert have == max(len(data), start)
        assert parts(found) == parts(np.asarray(x, order="K")) or x.dtype.names
        assert found.tobytes() == x.tobytes()


def test_a_declared_size_is_not_believed() -> None:
    for shape in ((1 << 40,), (1 << 62,), (1 << 20, 1 << 20, 1 << 20)):
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n"
        for make in (bytes, bytearray):
            for copied in (None, True):
                error = error_of(make(header(text) + bytes(64)), copy=copied)
                assert error.kind in {"incomplete", "malformed", "unsupported", "limit"}
    error = error_of(
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }")
    )
    assert isinstance(error, ndbytes.IncompleteError)
    assert error.needed > 1 << 43


def test_every_flipped_byte_of_a_header() -> None:
    """An array or a DecodeError, and nothing else."""
    data = ndbytes.array_to_bytes(filled("<i4", (2, 3)))
    read = 0
    for place in range(128):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            flipped = bytearray(data)
            flipped[place] ^= mask
            for candidate in (flipped, bytes(flipped)):
                try:
                    found = ndbytes.bytes_to_array(candidate)
                except ndbytes.DecodeError:
                    continue
                read += 1
                assert found.nbytes <= len(data)
    assert read > 0


def test_deep_nesting_is_no_recursion() -> None:
    for depth in (100, 1_000, 30_000):
        for opening, closing in ("()", "[]", "{}"):
            descr = opening * depth + closing * depth
            text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ()}}"
            if len(text) < 65536:
                assert error_of(header(text)).kind in {"malformed", "unsupported", "limit"}


def test_limit_of_the_header() -> None:
    data = numpy_save(X, (2, 0))
    length = len(data) - X.nbytes - 12
    assert ndbytes.bytes_to_array(data, limits=ndbytes.Limits(max_header=length)).shape == (2, 3)
    error = error_of(data, limits=ndbytes.Limits(max_header=length - 1))
    assert error.kind == "limit"
    assert "max_header" in str(error)
    lies = b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(100)
    assert error_of(lies).kind == "limit"


def test_limit_of_the_header_holds_for_every_spelling() -> None:
    """Also for the one that is known by heart."""
    error = error_of(DATA, limits=ndbytes.Limits(max_header=10))
    assert error.kind == "limit"


def test_limit_of_copies() -> None:
    for limit, fits in ((X.nbytes, True), (X.nbytes - 1, False), (0, False)):
        limits = ndbytes.Limits(max_bytes=limit)
        assert ndbytes.bytes_to_array(DATA, limits=limits).base is DATA
        if fits:
            assert parts(ndbytes.bytes_to_array(DATA, copy=True, limits=limits)) == parts(X)
        else:
            error = error_of(DATA, copy=True, limits=limits)
            assert error.kind == "limit"
            assert error.hint is not None
            assert "Limits(max_bytes=" in error.hint


def test_limits_are_values() -> None:
    limits = ndbytes.Limits(max_bytes=5, max_depth=6, max_entries=7, max_header=8)
    assert (limits.max_bytes, limits.max_depth) == (5, 6)
    assert (limits.max_entries, limits.max_header) == (7, 8)
    assert repr(limits) == "Limits(max_bytes=5, max_depth=6, max_entries=7, max_header=8)"
    assert eval(repr(limits), {"Limits": ndbytes.Limits}) == limits
    assert limits == ndbytes.Limits(5, 6, 7, 8)
    assert hash(limits) == hash(ndbytes.Limits(5, 6, 7, 8))
    assert limits != ndbytes.Limits()
    assert limits != "Limits"
    for change in ({"max_bytes": 6}, {"max_depth": 7}, {"max_entries": 8}, {"max_header": 9}):
        values = {"max_bytes": 5, "max_depth": 6, "max_entries": 7, "max_header": 8} | change
        assert ndbytes.Limits(**values) != limits
    for copied in (copy.copy(limits), copy.deepcopy(limits), pickle.loads(pickle.dumps(limits))):
        assert copied == limits
        assert type(copied) is ndbytes.Limits
    assert {limits: 1}[ndbytes.Limits(5, 6, 7, 8)] == 1
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(ndbytes.Limits(), protocol)) == ndbytes.Limits()


def test_default_limits() -> None:
    limits = ndbytes.Limits()
    assert limits.max_bytes is None
    assert (limits.max_depth, limits.max_header) == (1_000, 16 << 20)
    assert limits == ndbytes.Limits(None)


def test_limits_cannot_be_changed_or_misspelled() -> None:
    limits = ndbytes.Limits()
    with pytest.raises(AttributeError):
        limits.max_bytes = 5
    with pytest.raises(TypeError):
        ndbytes.Limits(max_byte=5)
    for wrong in (-1, 2**64):
        with pytest.raises((OverflowError, ValueError)):
            ndbytes.Limits(max_bytes=wrong)
    with pytest.raises(TypeError):
        ndbytes.Limits(max_bytes="1")
    with pytest.raises(TypeError):
        ndbytes.bytes_to_array(DATA, limits=5)


def test_negative_and_endless_numbers_are_told_by_name(tmp_path: Path) -> None:
    x = np.arange(5)
    path = tmp_path / "x.npy"
    ndbytes.save(path, x)
    calls: dict[str, Callable[[int], object]] = {
        "max_bytes": lambda n: ndbytes.Limits(max_bytes=n),
        "max_depth": lambda n: ndbytes.Limits(max_depth=n),
        "max_entries": lambda n: ndbytes.Limits(max_entries=n),
        "max_header": lambda n: ndbytes.Limits(max_header=n),
        "max_header_size": lambda n: ndbytes.load(path, max_header_size=n),
    }
    threads: list[Callable[[int], object]] = [
        lambda n: ndbytes.array_to_bytes(x, threads=n),
        lambda n: ndbytes.tobytes(x, threads=n),
        lambda n: ndbytes.arrays_to_bytes({"x": x}, threads=n),
        lambda n: ndbytes.update_npz(tmp_path / "x.npz", {"x": x}, threads=n),
    ]
    for name, call in [*calls.items(), *(("threads", call) for call in threads)]:
        for number, expected in [(-1, "at least 0"), (1 << 70, "at most")]:
            with pytest.raises(ValueError, match=f"^{name} is {number}, it is {expected}"):
                call(number)
        with pytest.raises(ValueError, match=f"^{name} is too large, it is at most"):
            call(10**5000)
        with pytest.raises(TypeError, match="integer"):
            call("1")  # type: ignore[arg-type]
