"""NumPy's own tests of save, load, savez and open_memmap, with our functions in its place.

They are taken from the installed NumPy, as it ships them. Those in `OTHERWISE` fail, each for
the reason given, and are held to failing: none is on the list that passes.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import types
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import NUMPY

# What is replaced, where it is looked up; names that this package does not have are left alone.
REPLACED = {
    "numpy": ["save", "load", "savez", "savez_compressed"],
    "numpy.lib.format": ["open_memmap", "read_array", "write_array"],
}
# Which tests of a module are about these.
TAKEN: dict[str, Any] = {
    "numpy.lib.tests.test_io": [
        "TestSaveLoad",
        "TestSavezLoad",
        "TestPathUsage.test_save_load",
        "TestPathUsage.test_save_load_memmap",
        "TestPathUsage.test_save_load_memmap_readwrite",
        "TestPathUsage.test_savez_load",
        "TestPathUsage.test_savez_compressed_load",
        "test_gzip_load",
        "test_ducktyping",
        "test_npzfile_dict",
        "test_load_refcount",
        "test_load_multiple_arrays_until_eof",
        "test_savez_nopickle",
    ],
    "numpy.lib.tests.test_format": "all",
}
LONG_HEADER = "a long header is no danger to our parser: it is read unless a limit is given"
A_CLASS = "an element is the class `range`, which only importing what a pickle names can yield"
WORDS = "other words for a file that is cut short; it is a ValueError, too"
NOTHING_LOST = "metadata that are empty say nothing, so there is nothing to warn of"
OTHERWISE = {
    "test_huge_header[r]": LONG_HEADER,
    "test_huge_header[None]": LONG_HEADER,
    "test_huge_header_npz": LONG_HEADER,
    "test_pickle_python2_python3": A_CLASS,
    "test_file_truncated": WORDS,
    "test_metadata_dtype[dt3]": NOTHING_LOST,
    "test_metadata_dtype[dt3-False]": NOTHING_LOST,
    "test_metadata_dtype[dt0-True]": "this NumPy cannot load what it saves, and tests that",
}
ABOUT_NPZ = [
    *("TestSavezLoad", "savez", "npz", "test_load_refcount", "compressed"),
    *("test_load_padded_dtype", "test_large_archive", "test_pickle_disallow"),
]


def read_array(fp: Any, allow_pickle: bool = False, *args: Any, **kwargs: Any) -> Any:
    """NumPy's inner function, to which the end of a file is no different from other faults."""
    try:
        return ndbytes.load(fp, allow_pickle=allow_pickle)
    except EOFError as error:
        raise ValueError(error) from error


def write_array(
    fp: Any, array: Any, version: Any = None, allow_pickle: bool = True, *args: Any
) -> None:
    if version is None:
        ndbytes.save(fp, array, allow_pickle=allow_pickle)
    else:
        NUMPYS_WRITE_ARRAY(fp, array, version, allow_pickle)


NUMPYS_WRITE_ARRAY = np.lib.format.write_array
OURS = {**vars(ndbytes), "read_array": read_array, "write_array": write_array}


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    reason = OTHERWISE.get(request.node.name)
    if reason is not None:
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    for module, names in REPLACED.items():
        for name in names:
            if name in OURS:
                monkeypatch.setattr(importlib.import_module(module), name, OURS[name])


def take(module: types.ModuleType, names: Any) -> dict[str, Any]:
    """The tests of a module by their names: functions, whole classes, or some of their methods."""
    if names == "all":
        names = [name for name in vars(module) if name.startswith(("test_", "Test"))]
    taken: dict[str, Any] = {}
    for name in names:
        head, _, method = name.partition(".")
        thing = getattr(module, head, None)
        if not method:
            taken[head] = thing
            continue
        ours = taken.setdefault(head, type(head, (), {}))
        setattr(ours, method, vars(thing)[method])
    return {name: thing for name, thing in taken.items() if thing is not None}


def is_about_npz(name: str) -> bool:
    return any(part in name for part in ABOUT_NPZ)


def listed(name: str, test: Any) -> Any:
    """A copy of a test, skipped if what it is about is not there."""
    if inspect.isclass(test):
        members: dict[str, Any] = {}
        for method in dir(test):
            if method.startswith("test"):
                members[method] = listed(f"{name}.{method}", inspect.getattr_static(test, method))
        return type(name, (test,), members)
    copy = types.FunctionType(
        test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__
    )
    copy.__kwdefaults__ = test.__kwdefaults__
    copy.__dict__.update(test.__dict__)
    copy.pytestmark = list(getattr(test, "pytestmark", []))  # type: ignore[attr-defined]
    if is_about_npz(name) and not hasattr(ndbytes, "savez"):
        return pytest.mark.skip(reason="there is no npz yet")(copy)
    return copy


FOUND: dict[str, Any] = {}
for _module, _names in TAKEN.items():
    _tests = take(importlib.import_module(_module), _names)
    FOUND.update({name: listed(name, test) for name, test in _tests.items()})
globals().update(FOUND)

# NumPy says for itself which warnings are errors.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_they_are_all_here() -> None:
    methods = [name for name in dir(FOUND["TestSaveLoad"]) if name.startswith("test")]
    assert len(methods) >= 6
    assert len(FOUND) >= 35
    if NUMPY >= (2, 4):
        assert {name.partition("[")[0] for name in OTHERWISE} <= set(FOUND)
    assert sys.modules["numpy.lib.tests.test_io"].np.load is ndbytes.load
