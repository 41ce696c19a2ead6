"""Arrays through the streams of asyncio: the twins of `read_array` and `write_array`.

>>> import asyncio
>>> async def serve(reader, writer):
...     async for x in ndbytes.aio.read_arrays(reader):
...         await ndbytes.aio.write_array(writer, x * 2)
...     writer.close()
...     await writer.wait_closed()
>>> async def main():
...     async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
...         address = server.sockets[0].getsockname()
...         reader, writer = await asyncio.open_connection(*address)
...         await ndbytes.aio.write_array(writer, np.arange(3))
...         writer.write_eof()
...         answers = [x async for x in ndbytes.aio.read_arrays(reader)]
...         writer.close()
...         await writer.wait_closed()
...     return answers
>>> asyncio.run(main())
[array([0, 2, 4])]
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from ndbytes._native import Incoming, Limits, array_to_buffers

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["read_array", "read_arrays", "write_array"]

# What is handed over at a time: little enough to hold twice.
_PIECE = 256 << 10


class _Reader(Protocol):
    """An `asyncio.StreamReader`, or what is like it."""

    async def read(self, n: int, /) -> bytes: ...


class _Writer(Protocol):
    """An `asyncio.StreamWriter`, or what is like it."""

    def write(self, data: bytes, /) -> object: ...

    async def drain(self) -> None: ...


async def read_array(reader: _Reader, /, *, limits: Limits | None = None) -> npt.NDArray[Any]:
    """Read the next array of a stream, and not a byte more.

    Parameters
    ----------
    reader : asyncio.StreamReader
        Or anything with such a ``read``.
    limits : Limits, optional
        As in `ndbytes.read_array`.

    Returns
    -------
    numpy.ndarray
        Writable, in memory of its own.

    Raises
    ------
    EOFError
        When the stream has ended, and no message has begun.
    IncompleteError
        When it ends inside a message.
    DecodeError
        When the message is damaged, or breaks the limits.
    """
    incoming = Incoming(limits)
    while wanted := incoming.wanted:
        piece = await reader.read(min(wanted, _PIECE))
        if not piece:
            raise incoming.cut()
        incoming.feed(piece)
    return incoming.array()


async def read_arrays(
    reader: _Reader, /, *, limits: Limits | None = None
) -> AsyncIterator[npt.NDArray[Any]]:
    """Read the arrays of a stream one after another, until it ends; see `read_array`."""
    while True:
        try:
            array = await read_array(reader, limits=limits)
        except EOFError:
            return
        yield array


async def write_array(writer: _Writer, array: npt.ArrayLike, /) -> None:
    """Write one array to a stream, as an npy message that tells where it ends.

    What is handed to the stream is a copy, a piece at a time: the array may change as soon as this
    returns, though the last pieces may not be on their way yet.

    Parameters
    ----------
    writer : asyncio.StreamWriter
        Or anything with such a ``write`` and ``drain``.
    array : array_like
        As in `ndbytes.array_to_bytes`.

    Raises
    ------
    EncodeError
        When npy cannot hold the array exactly. Nothing is written then.
    """
    header, data = array_to_buffers(array)
    writer.write(bytes(header) + bytes(data[:_PIECE]))
    await writer.drain()
    for start in range(_PIECE, len(data), _PIECE):
        writer.write(bytes(data[start : start + _PIECE]))
        await writer.drain()
