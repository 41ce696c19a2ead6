"""What npy cannot hold exactly is refused, and the message names the way out."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import parts

VERBS: list[Callable[[Any], Any]] = [ndbytes.array_to_bytes, ndbytes.array_to_buffers]
EVERY = pytest.mark.parametrize("verb", [*VERBS, ndbytes.tobytes])


class Quantity(np.ndarray[Any, np.dtype[Any]]):
    """As astropy's: the numbers mean nothing without their unit."""

    unit = "m"


def masked() -> Any:
    return np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])


def refused(verb: Callable[[Any], Any], array: Any, *words: str) -> str:
    """Checks the error, and gives back its hint."""
    with pytest.raises(ndbytes.EncodeError) as caught:
        verb(array)
    error = caught.value
    assert isinstance(error, TypeError)
    assert isinstance(error, ValueError)
    assert error.hint
    assert error.hint in str(error)
    assert len(str(error)) < 300
    for word in words:
        assert word in str(error), str(error)
    return str(error.hint)


def follow(hint: str, array: Any) -> Any:
    """The array that the code in a hint makes."""
    code = re.search(r"(numpy|x)\.\S+\)", hint)
    assert code, hint
    return eval(code.group(), {"x": array, "numpy": np})


@EVERY
def test_masked_arrays(verb: Callable[[Any], Any]) -> None:
    refused(verb, masked(), "mask", "MaskedArray", "x.filled(", "x.data")
    refused(verb, np.ma.masked_array([1, 2]), "x.filled(")
    refused(verb, np.ma.masked, "MaskedConstant", "mask")
    refused(verb, np.ma.masked_array(np.zeros(2, "i2,f4")).view(np.ma.MaskedArray), "mask")
    # The way out leads out.
    assert verb(masked().filled(0))
    assert verb(np.asarray(masked().data))
    assert verb(masked().mask)


@EVERY
def test_subclasses_of_numpy(verb: Callable[[Any], Any]) -> None:
    matrix = np.arange(4).reshape(2, 2).view(np.matrix)
    records = np.zeros(2, "i2,f4").view(np.recarray)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        characters = np.array(["a", "b"]).view(np.char.chararray)
    for array, name in ((matrix, "matrix"), (records, "recarray"), (characters, "chararray")):
        assert verb(follow(refused(verb, array, name, "numpy.asarray(x)"), array))


@EVERY
def test_subclasses_of_others(verb: Callable[[Any], Any]) -> None:
    x = np.arange(3.0).view(Quantity)
    refused(verb, x, "Quantity", "numpy.asarray(x)")
    assert verb(np.asarray(x)) == verb(np.arange(3.0)) or verb is ndbytes.array_to_buffers


@EVERY
def test_subclasses_of_memmap(verb: Callable[[Any], Any], tmp_path: Any) -> None:
    class Labelled(np.memmap[Any, np.dtype[Any]]):
        pass

    x = np.memmap(tmp_path / "x", "u1", "w+", shape=(3,))
    assert verb(x)
    refused(verb, x.view(Labelled), "Labelled")


@pytest.mark.parametrize("verb", VERBS)
def test_objects_that_are_not_plain_data(verb: Callable[[Any], Any]) -> None:
    class Own:
        pass

    nested = np.zeros(1, [("a", [("o", "O")]), ("b", "i2")])
    nested["a"]["o"] = Own
    for array in ([None, Own()], Own(), [Own], np.array([[Own()]]), nested):
        refused(verb, array, "neither plain data nor", "numbers, text, lists")
    refused(verb, [Own()], "test_refused", "Own")
    inside = np.array([None, None])
    inside[0] = np.arange(2).view(Quantity)
    refused(verb, inside, "Quantity", "numpy.asarray(x)")


def test_objects_have_no_raw_bytes() -> None:
    for array in (np.array([None]), np.zeros(2, [("a", "O")]), [None]):
        refused(ndbytes.tobytes, array, "addresses", "array_to_bytes(x)")
        with pytest.raises(ndbytes.DecodeError, match="addresses"):
            ndbytes.frombuffer(bytes(16), np.asarray(array).dtype)


@pytest.mark.parametrize("verb", VERBS)
def test_metadata(verb: Callable[[Any], Any]) -> None:
    plain = np.dtype("<f4", metadata={"unit": "m"})
    values = [1, -(2**70), 1.5, None, True, "x", b"y", (1, [2]), {"k": {}}]
    dtypes: list[Any] = [
        plain,
        np.dtype([("a", plain)]),
        np.dtype([("a", "i2", (2,)), ("b", [("c", plain)])]),
        np.dtype([("a", "i2")], metadata={"k": 1}),
        np.dtype("S3", metadata={"k": 1}),
        *(np.dtype("i8", metadata={"k": value}) for value in values),
    ]
    for dtype in dtypes:
        refused(verb, np.zeros(2, dtype), "metadata", "astype(")
    x = np.zeros(2, plain)
    assert verb(follow(refused(verb, x), x))
    # To NumPy, empty metadata are none.
    assert verb(np.zeros(2, np.dtype("<f4", metadata={}))) == verb(np.zeros(2, "<f4"))
    # Raw bytes never had a place for it, nor for anything else.
    assert ndbytes.tobytes(np.zeros(2, plain)) == bytes(8)


def test_metadata_that_are_not_plain_data() -> None:
    for value in (object(), lambda: None):
        x = np.zeros(2, np.dtype("f4", metadata={"k": value}))
        refused(ndbytes.array_to_bytes, x, "neither plain data nor")


def test_titles_that_are_no_strings() -> None:
    x = np.zeros(2, np.dtype({"names": ["a"], "formats": ["i2"], "titles": [7]}))
    refused(ndbytes.array_to_bytes, x, "title")


def test_dtypes_of_strangers() -> None:
    rational = pytest.importorskip("numpy._core._rational_tests")
    x = np.zeros(3, rational.rational)
    refused(ndbytes.array_to_bytes, x, "rational", "convert")
    refused(ndbytes.array_to_bytes, np.zeros(3, [("a", rational.rational)]), "rational")


def test_what_numpy_cannot_make_an_array_of_is_its_own_error() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            raise RuntimeError("no array today")

    for verb in (*VERBS, ndbytes.tobytes):
        with pytest.raises(RuntimeError, match="no array today"):
            verb(Broken())
        with pytest.raises(ValueError, match="inhomogeneous"):
            verb([[1], [2, 3]])


def test_structures_nested_too_deep() -> None:
    dtype = np.dtype("i2")
    for _ in range(300):
        dtype = np.dtype([("a", dtype)])
    with pytest.raises(ndbytes.EncodeError, match="deep"):
        ndbytes.array_to_bytes(np.zeros(2, dtype))


def test_more_bytes_than_there_can_be() -> None:
    """Of arrays that take no memory: what a machine cannot hold is an ordinary error."""
    for size in (1 << 57, (1 << 60) - 1):
        x = np.broadcast_to(np.zeros((), "f8"), (size,))
        for verb in (ndbytes.array_to_bytes, ndbytes.tobytes, ndbytes.array_to_buffers):
            with pytest.raises((MemoryError, OverflowError, ValueError)):
                verb(x)


def test_an_array_is_not_changed_by_being_refused() -> None:
    x = masked()
    before = parts(np.asarray(x.data)), x.mask.tolist()
    with pytest.raises(ndbytes.EncodeError):
        ndbytes.array_to_bytes(x)
    assert before == (parts(np.asarray(x.data)), x.mask.tolist())


def test_the_masked_constant_is_not_pickled_as_the_number_that_it_hides() -> None:
    """`list` of a masked array holds it."""
    for value in (np.ma.masked, list(masked()), np.array([np.ma.masked, 1], object)):
        with pytest.raises(ndbytes.EncodeError, match="no value") as raised:
            ndbytes.pickle.dumps(value)
        assert "the masked array that it is of" in str(raised.value)
    whole = ndbytes.pickle.loads(ndbytes.pickle.dumps([masked()]))[0]
    assert ndbytes.identical(whole, masked())
    with pytest.raises(ndbytes.UnsafeError, match="MaskedConstant"):
        ndbytes.pickle.loads(pickle.dumps(np.ma.masked))
