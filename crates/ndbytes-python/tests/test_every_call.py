"""Killed before each call of the system that writing a file makes, and with each of them failing: a
path holds the old file or the new one, and a failure leaves nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("strace") is None, reason="strace steps in between"
)

# The calls that change files, and those that look at them first.
CHANGES = "write,pwrite64,?copy_file_range,linkat,?link,?rename,?renameat,?renameat2,fallocate"
CALLS = f"{CHANGES},ftruncate,fchmod,?fchown,fsync,statx"

# Each way to write a file is tried in a process of its own, in which strace counts anew.
PROGRAM = """
    import json, os, sys
    import ndbytes, numpy as np

    small, large = np.arange(10), np.arange(300_000)
    ways = {
        "new": (None, lambda path: ndbytes.save(path, small)),
        "over": (large, lambda path: ndbytes.save(path, small)),
        "large": (None, lambda path: ndbytes.save(path, large)),
        "large over": (small, lambda path: ndbytes.save(path, large)),
        "durable": (small, lambda path: ndbytes.save(path, large, durable=True)),
        "strided": (small, lambda path: ndbytes.save(path, large[::2])),
        "objects": (small, lambda path: ndbytes.save(path, np.array([1, "two", None]))),
        "map": (large, lambda path: ndbytes.open_memmap(path, "w+", "u1", (5000,))),
        "npz": (None, lambda path: ndbytes.savez(path, a=small, b=large)),
        "npz over": ({"b": small}, lambda path: ndbytes.savez(path, a=small, b=large)),
        "npz changed": ({"b": small}, lambda path: ndbytes.update_npz(path, {"c": large})),
    }

    def in_a_child(work):
        child = os.fork()
        if child == 0:
            try:
                work()
            except OSError:
                os._exit(5)
            except BaseException:
                os._exit(6)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def whole(path):
        with open(path, "rb") as file:
            return file.read()

    found = {}
    for way, (old, write) in ways.items():
        name = "x.npz" if "npz" in way else "x.npy"
        for turn in ("undisturbed", "disturbed"):
            folder = f"{turn}-{way}"
            path = os.path.join(folder, name)
            if turn == "undisturbed":
                # Made before strace is here.
                new = whole(path) if os.path.exists(path) else None
                continue
            before = whole(path) if os.path.exists(path) else None
            ended = in_a_child(lambda: write(path))
            after = whole(path) if os.path.exists(path) else None
            found[way] = {
                "ended": ended,
                "is": "new" if after == new else "old" if after == before else "broken",
                "others": sorted(set(os.listdir(folder)) - {name}),
            }
    # By a call that is not stepped into.
    os.writev(1, [json.dumps(found).encode()])
"""

# What has to be there beforehand.
PREPARE = """
    for way, (old, write) in ways.items():
        name = "x.npz" if "npz" in way else "x.npy"
        for turn in ("undisturbed", "disturbed"):
            folder = f"{turn}-{way}"
            os.mkdir(folder)
            path = os.path.join(folder, name)
            if isinstance(old, dict):
                np.savez(path, **old)
            elif old is not None:
                np.save(path, old)
            if turn == "undisturbed":
                write(path)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    start = PROGRAM[: PROGRAM.index("    def in_a_child")]
    program = textwrap.dedent(start) + textwrap.dedent(PREPARE)
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, timeout=60)
    return folder


def disturbed(folder: Path, what: str) -> dict[str, Any]:
    """How each way ended, while strace does something with some call of each process."""
    strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={CALLS}", "-e", what]
    done = subprocess.run(
        [*strace, sys.executable, "-c", textwrap.dedent(PROGRAM)],
        cwd=folder,
        env={**os.environ, "NDBYTES_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0 and b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not step in here")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_killed_before_each_call(prepared: Path, tmp_path: Path) -> None:
    killed, undone = 0, {"there is something"}
    for number in range(1, 40):
        if not undone:
            break
        folder = shutil.copytree(prepared, tmp_path / str(number))
        found = disturbed(folder, f"inject={CALLS}:signal=KILL:when={number}")
        undone = {way for way, said in found.items() if said["ended"] != 0}
        for way, said in found.items():
            assert said["is"] in ("old", "new"), (way, number, said)
            assert len(said["others"]) <= 1, (way, number, said)
            assert all(name.startswith(".ndbytes-") for name in said["others"]), (way, number)
            if said["ended"] == 0:
                assert said["is"] == "new", (way, number)
                assert said["others"] == [], (way, number)
            else:
                assert said["ended"] == -9, (way, number, said)
                killed += 1
    assert not undone
    assert killed > 40


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_each_call_fails(error: str, prepared: Path, tmp_path: Path) -> None:
    failed = 0
    for call in (CHANGES if error == "ENOSPC" else CALLS).replace("?", "").split(","):
        folder = shutil.copytree(prepared, tmp_path / call)
        found = disturbed(folder, f"inject=?{call}:error={error}:when=1")
        for way, said in found.items():
            where = (call, way, said)
            assert said["ended"] in (0, 5), where
            assert said["others"] == [], where
            # The folder may fail to be synced when the new file has its name.
            allowed = ("old", "new") if call == "fsync" else ("old",)
            assert said["is"] in (("new",) if said["ended"] == 0 else allowed), where
            failed += said["ended"] != 0
    assert failed > 20
