"""The names and signatures that others rely on, and that all of them are documented."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import inspect
from typing import Any

import ndbytes
import numpy as np
import pytest

EMPTY, ONLY, BOTH, KEYWORD = (
    inspect.Parameter.empty,
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)
COPY = {"copy": (KEYWORD, None)}
SIGNATURES: dict[str, dict[str, tuple[Any, Any]]] = {
    "array_to_bytes": {
        "array": (ONLY, EMPTY),
        "format": (KEYWORD, "npy"),
        "threads": (KEYWORD, None),
    },
    "bytes_to_array": {
        "data": (ONLY, EMPTY),
        "format": (KEYWORD, None),
        **COPY,
        "limits": (KEYWORD, None),
    },
    "tobytes": {
        "array": (ONLY, EMPTY),
        "order": (BOTH, "C"),
        "byteorder": (KEYWORD, None),
        "threads": (KEYWORD, None),
    },
    "frombuffer": {
        "data": (ONLY, EMPTY),
        "dtype": (BOTH, EMPTY),
        "shape": (BOTH, None),
        "offset": (KEYWORD, 0),
        "count": (KEYWORD, -1),
        "order": (KEYWORD, "C"),
        **COPY,
    },
    "arrays_to_bytes": {
        "arrays": (ONLY, EMPTY),
        "format": (KEYWORD, "npz"),
        "compression": (KEYWORD, None),
        "level": (KEYWORD, None),
        "threads": (KEYWORD, None),
    },
    "bytes_to_arrays": {
        "data": (ONLY, EMPTY),
        "format": (KEYWORD, None),
        **COPY,
        "limits": (KEYWORD, None),
    },
    "array_to_buffers": {"array": (ONLY, EMPTY)},
    "array_equal": {"a1": (BOTH, EMPTY), "a2": (BOTH, EMPTY), "equal_nan": (BOTH, False)},
    "identical": {"a": (ONLY, EMPTY), "b": (ONLY, EMPTY)},
    "inspect": {"data": (ONLY, EMPTY)},
    "write_array": {"stream": (ONLY, EMPTY), "array": (ONLY, EMPTY)},
    "read_array": {"stream": (ONLY, EMPTY), "limits": (KEYWORD, None)},
    "read_arrays": {"stream": (ONLY, EMPTY), "limits": (KEYWORD, None)},
    # NumPy's arguments by NumPy's names, and then ours.
    "save": {
        "file": (BOTH, EMPTY),
        "arr": (BOTH, EMPTY),
        "allow_pickle": (BOTH, True),
        "fix_imports": (BOTH, True),
        "durable": (KEYWORD, False),
        "progress": (KEYWORD, None),
    },
    "load": {
        "file": (BOTH, EMPTY),
        "mmap_mode": (BOTH, None),
        "allow_pickle": (BOTH, True),
        "fix_imports": (BOTH, True),
        "encoding": (BOTH, "ASCII"),
        "max_header_size": (KEYWORD, 16 << 20),
        "limits": (KEYWORD, None),
        "progress": (KEYWORD, None),
    },
    "open_memmap": {
        "filename": (BOTH, EMPTY),
        "mode": (BOTH, "r+"),
        "dtype": (BOTH, None),
        "shape": (BOTH, None),
        "fortran_order": (BOTH, False),
        "version": (BOTH, None),
        "max_header_size": (KEYWORD, 16 << 20),
    },
}
CLASSES = [
    *("DecodeError", "EncodeError", "Entry", "IncompleteError"),
    *("Limits", "NpzFile", "Summary", "UnsafeError"),
]


def test_all_names() -> None:
    assert sorted(ndbytes.__all__) == ndbytes.__all__
    assert set(ndbytes.__all__) >= {*SIGNATURES, *CLASSES}
    for name in set(ndbytes.__all__) - {"aio", "pickle", "shared"}:
        assert getattr(ndbytes, name).__name__ == name
    names: dict[str, Any] = {}
    exec("from ndbytes import *", names)
    assert set(ndbytes.__all__) <= set(names)


def test_nothing_public_is_left_out() -> None:
    public = {
        name
        for name, value in vars(ndbytes).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(ndbytes.__all__) - {"aio", "pickle", "shared"}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(ndbytes, name))
    found = {p.name: (p.kind, p.default) for p in signature.parameters.values()}
    assert found == SIGNATURES[name]
    assert list(found) == list(SIGNATURES[name])


def test_signature_of_limits() -> None:
    signature = inspect.signature(ndbytes.Limits)
    found = {name: p.default for name, p in signature.parameters.items()}
    limits = ndbytes.Limits()
    assert found == {name: getattr(limits, name) for name in found}
    assert list(found) == ["max_bytes", "max_depth", "max_entries", "max_header"]


@pytest.mark.parametrize("name", SIGNATURES)
def test_docstrings(name: str) -> None:
    text = inspect.getdoc(getattr(ndbytes, name))
    assert text
    sections = ["Parameters", "Returns", "Examples"]
    places = [text.index(f"\n{section}\n{'-' * len(section)}\n") for section in sections]
    assert places == sorted(places)
    assert ">>> " in text[places[-1] :]
    # Each parameter is described, by its name.
    for parameter in SIGNATURES[name]:
        lines = [line for line in text.splitlines() if " : " in line]
        assert any(parameter in line.split(" : ")[0].split(", ") for line in lines), parameter


@pytest.mark.parametrize("name", CLASSES)
def test_docstrings_of_classes(name: str) -> None:
    cls = getattr(ndbytes, name)
    text = inspect.getdoc(cls)
    assert text
    assert text != inspect.getdoc(cls.__mro__[1])
    for attribute in ("needed", "names"):
        if attribute in inspect.signature(cls).parameters:
            assert attribute in text


def test_version_is_that_of_the_package() -> None:
    assert ndbytes.__version__ == importlib.metadata.version("ndbytes")


def test_the_package_is_typed() -> None:
    files = importlib.resources.files("ndbytes")
    assert files.joinpath("py.typed").is_file()
    assert files.joinpath("_native.pyi").is_file()


def test_wrong_calls_are_type_errors() -> None:
    for name in SIGNATURES:
        with pytest.raises(TypeError):
            getattr(ndbytes, name)()
    with pytest.raises(TypeError):
        ndbytes.array_to_bytes(array=[1])
    with pytest.raises(TypeError):
        ndbytes.array_to_bytes([1], "npy")
    with pytest.raises(TypeError):
        ndbytes.array_to_bytes([1], formats="npy")
    with pytest.raises(TypeError):
        ndbytes.identical([1], b=[1])


def test_numbers_of_threads() -> None:
    x = np.arange(5)
    for threads in (1, np.int64(2), None, True):
        assert ndbytes.array_to_bytes(x, threads=threads) == ndbytes.array_to_bytes(x)
    for wrong in (-1, 1.5, "2"):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            ndbytes.array_to_bytes(x, threads=wrong)


def test_modules_and_names_shown_to_users() -> None:
    for name in CLASSES:
        cls = getattr(ndbytes, name)
        assert cls.__qualname__ == name
        assert cls.__module__.split(".")[0] == "ndbytes"
    with pytest.raises(ndbytes.DecodeError) as caught:
        ndbytes.bytes_to_array(b"no array at all")
    assert repr(caught.value).startswith("DecodeError(")
