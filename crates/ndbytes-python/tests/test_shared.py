"""Arrays in shared memory: who sees what, and what is left when somebody dies."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from arrays import DTYPES, assert_same, filled, layouts
from ndbytes import shared
from programs import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the shared memory of POSIX")
X = np.arange(24, dtype=">i2").reshape(4, 6)
SEGMENTS = Path("/dev/shm")


def is_there(name: str) -> bool:
    try:
        shared.attach(name)
    except FileNotFoundError:
        return False
    return True


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_and_layout(name: str) -> None:
    for layout, x in layouts(filled(DTYPES[name], (4, 3, 5))):
        with shared.create(x) as made:
            assert_same(made.array, x)
            other = shared.attach(made.name)
            assert_same(other, x)
            assert other.flags.writeable, layout
            assert other.flags.aligned, layout
            assert not other.nbytes or not np.shares_memory(other, x)


def test_what_one_writes_the_other_sees() -> None:
    with shared.create(X) as made:
        other, reader = shared.attach(made.name), shared.attach(made.name, readonly=True)
        made.array[1, 2] = 77
        other[0, 0] = 88
        assert made.array[0, 0] == reader[0, 0] == 88
        assert other[1, 2] == reader[1, 2] == 77
        assert X[0, 0] == 0
        with pytest.raises(ValueError, match="read-only"):
            reader[0, 0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            reader.flags.writeable = True


def test_another_process() -> None:
    program = """
        import sys
        from ndbytes import shared
        x = shared.attach(sys.argv[1])
        print(x.dtype.str, x.shape, x.sum())
        x *= 2
    """
    with shared.create(X) as made:
        done = run(program, made.name)
        assert (done.stdout, done.stderr) == (f">i2 (4, 6) {X.sum()}\n", "")
        assert_same(made.array, (X * 2).astype(">i2"))
        # The end of a process that has attached takes nothing from the others.
        assert is_there(made.name)


def test_names() -> None:
    name = f"ndbytes-test-{os.getpid()}"
    with shared.create(X, name) as made:
        assert made.name == name
        assert repr(made) == f"<SharedArray {name!r}: >i2 (4, 6)>"
        with pytest.raises(FileExistsError):
            shared.create(X, name)
        # It is memory like any other of Python's.
        memory = SharedMemory(name)
        assert_same(ndbytes.bytes_to_array(bytes(memory.buf)), X)
        memory.close()
        if sys.version_info < (3, 13):
            # Which takes it for its own.
            from multiprocessing import resource_tracker

            resource_tracker.register(f"/{name}", "shared_memory")
    with pytest.raises(FileNotFoundError) as missing:
        shared.attach(name)
    assert name in str(missing.value)
    with pytest.raises(FileNotFoundError):
        shared.attach("no-such-memory")


def test_memory_outlives_its_name_and_what_made_it() -> None:
    made = shared.create(X)
    array, other, name = made.array, shared.attach(made.name), made.name
    del made
    gc.collect()
    assert not is_there(name)
    array[0, 0] = 5
    assert other[0, 0] == 5
    del array
    gc.collect()
    assert_same(other[1:], X[1:])
    part = other[2:, ::2]
    del other
    gc.collect()
    assert_same(part, X[2:, ::2])
    made = shared.create(X)
    made.unlink()
    made.unlink()
    assert_same(made.array, X)


def test_the_memory_is_given_back() -> None:
    if not Path("/proc/self/maps").exists():
        pytest.skip("no maps to look at")

    def maps() -> int:
        return Path("/proc/self/maps").read_text().count("psm_")

    before, files = maps(), len(os.listdir("/proc/self/fd"))
    made = [shared.create(X) for _ in range(5)]
    arrays = [shared.attach(each.name) for each in made]
    assert maps() > before
    del made, arrays
    gc.collect()
    assert maps() == before
    assert len(os.listdir("/proc/self/fd")) <= files + 2


MAKER = """
    import os, sys, time
    import numpy as np
    from ndbytes import shared
    made = shared.create(np.arange(1000), sys.argv[1])
    print("ready", flush=True)
    {end}
"""


@pytest.mark.parametrize(
    "end", ["os.kill(os.getpid(), 9)", "os._exit(1)", "raise SystemExit", "pass"]
)
def test_the_end_of_the_process_that_made_it(end: str) -> None:
    name = f"ndbytes-end-{os.getpid()}"
    done = run(MAKER.format(end=end), name)
    assert done.stdout == "ready\n"
    if "os" not in end:
        assert done.stderr == ""
    until = time.monotonic() + 20
    while is_there(name) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(name)


def test_those_who_have_attached_keep_it_when_its_maker_is_killed() -> None:
    name = f"ndbytes-kill-{os.getpid()}"
    program = textwrap.dedent(MAKER.format(end="time.sleep(60)"))
    maker = subprocess.Popen(
        [sys.executable, "-c", program, name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert maker.stdout is not None
    assert maker.stdout.readline() == b"ready\n"
    x = shared.attach(name)
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    maker.stdout.close()
    until = time.monotonic() + 20
    while is_there(name) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(name)
    x += 1
    assert_same(x, np.arange(1000) + 1)


def test_a_forked_child_leaves_it_alone() -> None:
    program = """
        import os, sys, warnings
        import numpy as np
        from ndbytes import shared
        made = shared.create(np.arange(10))
        child = os.fork()
        if child == 0:
            made.array[0] = 5
            sys.exit(0)
        os.waitpid(child, 0)
        print(shared.attach(made.name)[0])
    """
    done = run(program)
    assert (done.stdout, done.stderr) == ("5\n", "")


def test_what_is_refused() -> None:
    before = set(os.listdir(SEGMENTS)) if SEGMENTS.exists() else set()
    refused: list[Any] = [
        np.array([None]),
        np.zeros(2, [("a", object)]),
        np.ma.array([1]),
        np.zeros(2, np.dtype("i4", metadata={"a": 1})),
    ]
    for x in refused:
        with pytest.raises(ndbytes.EncodeError):
            shared.create(x)
    memory = SharedMemory(create=True, size=100)
    try:
        for content in (b"", b"rubbish", b"\x93NUMPY\x01\x00"):
            memory.buf[: len(content)] = content
            with pytest.raises(ndbytes.DecodeError):
                shared.attach(memory.name)
    finally:
        memory.close()
        memory.unlink()
    assert not SEGMENTS.exists() or set(os.listdir(SEGMENTS)) == before


def test_memory_that_is_not_there_yet() -> None:
    if not SEGMENTS.exists():
        pytest.skip("nothing shows the memory as files")
    name = f"ndbytes-empty-{os.getpid()}"
    (SEGMENTS / name).touch()
    try:
        with pytest.raises(ndbytes.IncompleteError):
            shared.attach(name)
    finally:
        (SEGMENTS / name).unlink()


def test_what_is_sent_is_the_name() -> None:
    with shared.create(X) as made:
        with pytest.raises(TypeError, match=r"send shared\.name"):
            pickle.dumps(made)
        with pytest.raises(TypeError, match=r"a str, not SharedArray\. Hint: shared\.name"):
            shared.attach(made)  # type: ignore[arg-type]
