"""Send arrays over a socket without copying them, and receive them without guessing."""

import socket
import threading
from typing import Any

import ndbytes
import numpy as np
import numpy.typing as npt


def send(stream: socket.socket, array: npt.NDArray[Any]) -> None:
    """Writes the header and the array's own memory: nothing is put together first."""
    for piece in ndbytes.array_to_buffers(array):
        stream.sendall(piece)


def receive(stream: socket.socket) -> npt.NDArray[Any]:
    """Reads as many bytes as the message turns out to need, and not one more."""
    message, needed = bytearray(), 1
    while True:
        while len(message) < needed:
            chunk = stream.recv(min(needed - len(message), 1 << 20))
            if not chunk:
                raise EOFError("the other side has hung up")
            message += chunk
        try:
            # A writable view of the message, which it keeps alive.
            return ndbytes.bytes_to_array(message)
        except ndbytes.IncompleteError as error:
            needed = error.needed


def main() -> None:
    readings = np.linspace(0, 1, 300_000, dtype=np.float32).reshape(-1, 3)
    times = np.array(["2024-02-29T12:00", "NaT"], dtype="M8[ms]")
    arrays: list[npt.NDArray[Any]] = [readings, times]
    ours, theirs = socket.socketpair()

    def send_all() -> None:
        for array in arrays:
            send(ours, array)

    with ours, theirs:
        sender = threading.Thread(target=send_all)
        sender.start()
        for sent in arrays:
            received = receive(theirs)
            assert ndbytes.identical(received, sent)
            print(received.dtype, received.shape, "as sent")
        sender.join()


if __name__ == "__main__":
    main()
