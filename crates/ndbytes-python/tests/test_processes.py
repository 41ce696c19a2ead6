"""Forks, threads and processes."""

from __future__ import annotations

import ast
import os
import threading
import time
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import numpy_save
from programs import run

FORK = """
import os, signal, ndbytes, numpy as np
x = np.arange(3 << 20, dtype=">f8").reshape(3, 1 << 10, -1)
def encode():
    whole = ndbytes.array_to_bytes(x.T[::-1])
    assert ndbytes.identical(ndbytes.bytes_to_array(whole, copy=True), x.T[::-1])
    assert ndbytes.array_equal(x, x.copy())
    return whole
before = encode()
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if encode() == before else 1)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert encode() == before
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("threads", ["1", "4"])
def test_encode_fork_encode(threads: str) -> None:
    done = run(FORK, NDBYTES_NUM_THREADS=threads)
    assert (done.stdout, done.stderr) == ("done\n", "")


COUNT = """
import threading, time, os, ndbytes, numpy as np
x = np.ones((4096, 4096), "f8").T[::-1]
most, done = 0, False
def watch():
    global most
    while not done:
        most = max(most, len(os.listdir("/proc/self/task")))
watcher = threading.Thread(target=watch)
watcher.start()
time.sleep(0.05)
before = most
ndbytes.array_to_bytes(x, **{options})
done = True
watcher.join()
print(most - before)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("said", "options", "extra"),
    [("1", "{}", 0), ("3", "{}", 2), ("1", "{'threads': 3}", 2), ("3", "{'threads': 1}", 0)],
)
def test_number_of_threads(said: str, options: str, extra: int) -> None:
    done = run(COUNT.replace("{options}", options), NDBYTES_NUM_THREADS=said)
    assert (done.stdout, done.stderr) == (f"{extra}\n", "")


@pytest.mark.parametrize("said", ["", "0", "-1", "many", "99999999999999999999"])
def test_a_number_of_threads_that_makes_no_sense(said: str) -> None:
    code = "import ndbytes, numpy as np; x = np.ones((2000, 2000)).T; "
    code += "print(ndbytes.array_to_bytes(x[::-1])[128:] == x[::-1].tobytes())"
    done = run(code, NDBYTES_NUM_THREADS=said)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_several_python_threads_at_once() -> None:
    arrays = [np.arange(1 << 18, dtype="<f8").reshape(512, -1) + n for n in range(6)]
    expected = [numpy_save(x) for x in arrays]
    wrong: list[Any] = []

    def work(n: int) -> None:
        try:
            for _ in range(10):
                data = ndbytes.array_to_bytes(arrays[n])
                back = ndbytes.bytes_to_array(bytearray(data), copy=True)
                if data != expected[n] or not ndbytes.identical(back, arrays[n]):
                    wrong.append(n)
                if ndbytes.array_equal(back, arrays[n - 1]):
                    wrong.append(n)
                if ndbytes.tobytes(arrays[n].T, "F") != data[128:]:
                    wrong.append(n)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_other_threads_run_during_large_copies() -> None:
    """Between two steps of a counting thread there is no pause as long as the whole copy."""
    x = np.ones((5000, 4000)).T[::-1]
    longest, done = 0.0, False

    def count() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not done:
            time.sleep(0.0005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    for _ in range(5):
        longest, done = 0.0, False
        counter = threading.Thread(target=count)
        counter.start()
        start = time.perf_counter()
        ndbytes.array_to_bytes(x, threads=1)
        took = time.perf_counter() - start
        done = True
        counter.join()
        if longest < 0.7 * took:
            return
    pytest.fail(f"for {longest:.3f} s nothing else ran, in a copy of {took:.3f} s")


def test_arrays_that_change_while_they_are_read() -> None:
    """What comes out is unspecified; that it is whole and nothing crashes is not."""
    x = np.zeros(1 << 20, "u1")
    data = bytearray(ndbytes.array_to_bytes(x))
    header, done = bytes(data[:128]), False

    def scribble() -> None:
        view = np.frombuffer(data, "u1")[128:]
        while not done:
            view += 1
            x[:] += 1

    other = threading.Thread(target=scribble)
    other.start()
    try:
        for _ in range(30):
            whole = ndbytes.array_to_bytes(x)
            assert whole[:128] == header
            assert len(whole) == 128 + x.nbytes
            assert ndbytes.bytes_to_array(data, copy=True).shape == x.shape
            ndbytes.array_equal(x, ndbytes.bytes_to_array(data))
    finally:
        done = True
        other.join()


def test_a_header_that_changes_while_it_is_read() -> None:
    """The description in a writable buffer is copied before it is parsed."""
    good = ndbytes.array_to_bytes(np.zeros(3, [(f"field_{i}", "<i2") for i in range(200)]))
    data, done = bytearray(good), False

    def scribble() -> None:
        view = memoryview(data)
        while not done:
            for place in range(0, 2000, 7):
                view[place] ^= 0xFF
            for place in range(0, 2000, 7):
                view[place] ^= 0xFF

    other = threading.Thread(target=scribble)
    other.start()
    try:
        for _ in range(300):
            try:
                found = ndbytes.bytes_to_array(data)
            except ndbytes.DecodeError:
                continue
            assert found.nbytes <= len(data)
            del found
    finally:
        done = True
        other.join()


def test_views_outlive_the_interpreter() -> None:
    code = "import ndbytes, numpy as np, atexit\n"
    code += "x = ndbytes.bytes_to_array(bytearray(ndbytes.array_to_bytes(np.arange(5))))\n"
    code += "pieces = ndbytes.array_to_buffers(x)\n"
    code += "atexit.register(lambda: print(int(x.sum()), len(pieces)))\n"
    done = run(code)
    assert (done.stdout, done.stderr) == ("10 2\n", "")


def test_import_brings_only_what_is_needed() -> None:
    # NumPy 1.24 does without `typing` itself.
    fine = {"__future__", "typing", "_typing", "typing.io", "typing.re"}
    code = "import sys, numpy; before = set(sys.modules); import ndbytes\n"
    code += "print(sorted(m for m in set(sys.modules) - before if m.split('.')[0] != 'ndbytes'))"
    done = run(code)
    assert set(ast.literal_eval(done.stdout)) <= fine
    assert done.stderr == ""
