"""What can go wrong, as exceptions that say what was found, where, and what to try."""

from __future__ import annotations

from pickle import PicklingError, UnpicklingError

__all__ = ["DecodeError", "EncodeError", "IncompleteError", "UnsafeError"]


# Code that was written for Python's `pickle`, or for `numpy.load`, catches its exceptions.
class DecodeError(UnpicklingError, ValueError):
    """The bytes do not hold what was asked of them.

    Attributes
    ----------
    kind : str
        ``"malformed"``, ``"incomplete"``, ``"unrecognized"``, ``"unsupported"``, ``"unsafe"``,
        ``"mismatch"``, ``"limit"`` or, in what `ndbytes.verify` finds, ``"io"``.
    format : str or None
        The format that was being read, such as ``"npy"``.
    offset : int or None
        The byte, from the start of the input, where the trouble is.
    entry : str or None
        The entry that was being read, in a format that holds several.
    hint : str or None
        What to try.
    """

    def __init__(
        self,
        message: str = "",
        *,
        kind: str = "malformed",
        format: str | None = None,
        offset: int | None = None,
        entry: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.format = format
        self.offset = offset
        self.entry = entry
        self.hint = hint

    # Exceptions made with keywords have to say how they cross to another process.
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class IncompleteError(DecodeError):
    """The bytes end too early.

    Attributes
    ----------
    needed : int
        How many bytes there must be in all, at least.
    """

    def __init__(self, message: str = "", *, needed: int = 0, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.needed = needed


class UnsafeError(DecodeError):
    """The bytes ask for code to be run; nothing was imported and nothing ran.

    Attributes
    ----------
    names : list of str
        What they would have imported.
    """

    def __init__(
        self, message: str = "", *, names: list[str] | None = None, **details: object
    ) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.names = names or []


class TextError(DecodeError, UnicodeError):
    """A string of Python 2 is not in the encoding that was asked for; what ``load`` raises."""


def of_zip(error: DecodeError) -> DecodeError:
    """An error about npz as one of `zipfile`'s, too, which code expects that was written for
    ``numpy.load``; any other as it is."""
    if error.format != "npz" or error.kind not in ("malformed", "incomplete"):
        return error
    kind = __getattr__("CutNpzError" if isinstance(error, IncompleteError) else "BadNpzError")
    found: DecodeError = kind(*error.args)
    found.__dict__.update(error.__dict__)
    return found.with_traceback(error.__traceback__)


def __getattr__(name: str) -> type[DecodeError]:
    # Made when first asked for: `zipfile` takes long to import.
    bases = {"BadNpzError": DecodeError, "CutNpzError": IncompleteError}
    if name not in bases:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from zipfile import BadZipFile

    kind: type[DecodeError] = type(name, (bases[name], BadZipFile), {"__module__": __name__})
    globals()[name] = kind
    return kind


class EncodeError(PicklingError, TypeError, ValueError):
    """The format cannot hold the array exactly, so it was not written.

    Attributes
    ----------
    hint : str or None
        What to try.
    """

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    cls: type[BaseException], args: tuple[object, ...], state: dict[str, object]
) -> BaseException:
    error = cls(*args)
    error.__dict__.update(state)
    return error
