"""A path sees the old file or the new one, whatever happens to whoever writes it."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ndbytes
import numpy as np
import pytest
from programs import run

posix = pytest.mark.skipif(os.name != "posix", reason="as POSIX has it")
SMALL = np.arange(1000.0)
OLD, NEW = 0x11, 0x22
# A few pieces of what is written between two calls of the progress.
COUNT = 100 << 20


def is_whole(path: Path) -> bool:
    x = np.load(path, mmap_mode="r")
    return x.shape == (COUNT,) and x[0] in (OLD, NEW) and bool((x == x[0]).all())


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_writer_that_is_killed_at_any_byte(there: bool, tmp_path: Path) -> None:
    program = f"""
        import os, signal, sys
        import ndbytes, numpy as np

        def die(done, total):
            if done >= int(sys.argv[1]):
                os.kill(os.getpid(), signal.SIGKILL)

        ndbytes.save("x", np.full({COUNT}, {NEW}, "u1"), progress=die)
    """
    path = tmp_path / "x.npy"
    if there:
        ndbytes.save(path, np.full(COUNT, OLD, "u1"))
    before = os.listdir(tmp_path)
    for at in (1, COUNT // 2, COUNT - 1, COUNT + 128):
        assert run(program, at, folder=tmp_path).returncode == -signal.SIGKILL
        if there:
            assert is_whole(path)
            assert np.load(path, mmap_mode="r")[0] == OLD
        if sys.platform == "linux":
            # Not even a file under another name.
            assert os.listdir(tmp_path) == before
    assert run(program, COUNT * 2, folder=tmp_path).returncode == 0
    assert is_whole(path)
    assert np.load(path, mmap_mode="r")[0] == NEW


@posix
def test_a_writer_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    program = f"""
        import ndbytes, numpy as np
        values = [np.full({COUNT}, value, "u1") for value in ({OLD}, {NEW})]
        print("ready", flush=True)
        while True:
            for x in values:
                ndbytes.save("x", x)
    """
    path = tmp_path / "x.npy"
    ndbytes.save(path, np.full(COUNT, OLD, "u1"))
    moments = random.Random(0)
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        # A reader never sees anything else, either.
        until = time.monotonic() + moments.uniform(0.02, 0.3)
        while time.monotonic() < until:
            assert is_whole(path)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        assert is_whole(path)
        # Killed between its two names, a file is there, and complete.
        for name in set(os.listdir(tmp_path)) - {"x.npy"}:
            assert is_whole(tmp_path / name)
            os.remove(tmp_path / name)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_file_that_may_not_grow(fresh: bool, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there is no such limit")
    program = """
        import resource, signal, sys
        import ndbytes, numpy as np
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        for x in (np.zeros(4 << 20, "u1"), np.zeros((1 << 11, 1 << 12), "u1")[:, ::2],
                  np.array([b"x" * (2 << 20)], object)):
            try:
                ndbytes.save("x", x)
            except OSError as error:
                print(type(error).__name__, error.errno, error.filename)
    """
    if not fresh:
        ndbytes.save(tmp_path / "x", SMALL)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(program, folder=tmp_path)
    assert done.stderr == ""
    assert done.stdout == "OSError 27 x.npy\n" * 3
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


FULL = """
    import os, subprocess
    import ndbytes, numpy as np

    small, large = np.arange(1000.0), np.ones(16 << 20, "u1")

    def refused(name, x, why):
        before = sorted(os.listdir())
        try:
            ndbytes.save(name, x)
        except OSError as error:
            assert error.strerror.endswith(why), error
            assert error.filename in (f"{name}.npy", "."), error
        else:
            raise AssertionError(name)
        assert sorted(os.listdir()) == before

    ndbytes.save("x", small)
    objects = np.array([b"x" * (16 << 20)], object)
    for x in (large, np.ones((1 << 12, 1 << 13), "u1")[:, ::2], objects):
        for name in ("x", "new"):
            refused(name, x, "No space left on device")
        assert (np.load("x.npy") == small).all()
    # Room for one is not room for two: the old one stays until the new one is complete.
    ndbytes.save("y", large[: 5 << 20])
    refused("y", large[: 5 << 20], "No space left on device")
    assert (np.load("y.npy") == 1).all()
    # No room for a single page.
    with open("rest", "wb", 0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    for name in ("x", "new"):
        refused(name, small[::-1], "No space left on device")
    assert (np.load("x.npy") == small).all()
    subprocess.run(["mount", "-o", "remount,ro", os.getcwd()], check=True)
    for name in ("x", "new"):
        refused(name, small, "Read-only file system")
    assert (ndbytes.load("x.npy") == small).all()
    print("all is well")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file system of Linux")
def test_disks_that_are_full_or_read_only(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    # In a namespace of its own, where anybody may mount if the system allows it, and root always.
    steps = 'mount -t tmpfs -o size=8m tmpfs "$0" || exit 77; cd "$0"; exec "$1" -c "$2"'
    program = [str(disk), sys.executable, textwrap.dedent(FULL)]
    for way in (["unshare", "--map-root-user", "--mount"], ["unshare", "--mount"]):
        try:
            done = subprocess.run(
                [*way, "sh", "-c", steps, *program],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except FileNotFoundError:
            continue
        if done.returncode != 77 and "unshare" not in done.stderr:
            assert (done.stdout, done.stderr) == ("all is well\n", "")
            return
    pytest.skip("nothing may be mounted here")


def test_targets_that_are_missing_or_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        ndbytes.save(tmp_path / "no" / "x.npy", SMALL)
    assert missing.value.filename == str(tmp_path / "no")
    assert "cannot write in this folder" in str(missing.value)
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(IsADirectoryError) as folder:
        ndbytes.save(tmp_path / "folder", SMALL)
    assert folder.value.filename == str(tmp_path / "folder.npy")
    with pytest.raises(FileNotFoundError):
        ndbytes.load(tmp_path / "no.npy")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        ndbytes.save(tmp_path / "file" / "x", SMALL)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.npy"]


AS_SOMEBODY = """
    import os, sys
    import ndbytes, numpy as np
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    for name in sys.argv[1:]:
        try:
            ndbytes.save(name, np.arange(3))
        except OSError as error:
            print(type(error).__name__, error.filename, sep=":")
        else:
            print("written")
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others can get to, as they cannot to those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@posix
def test_targets_that_may_not_be_written(open_folder: Path) -> None:
    folder = open_folder
    ndbytes.save(folder / "mine", SMALL)
    ndbytes.save(folder / "locked", SMALL)
    os.chmod(folder / "mine.npy", 0o666)
    os.chmod(folder / "locked.npy", 0o444)
    os.chmod(folder, 0o555)
    try:
        done = run(AS_SOMEBODY, "new", "mine", "locked", folder=folder)
        assert done.stderr == ""
        assert done.stdout.splitlines() == [
            "PermissionError:.",
            "PermissionError:.",
            "PermissionError:locked.npy",
        ]
        os.chmod(folder, 0o777)
        # A file that is not for them to write is not for them to replace.
        done = run(AS_SOMEBODY, "new", "mine", "locked", folder=folder)
        assert done.stderr == ""
        assert done.stdout.splitlines() == ["written", "written", "PermissionError:locked.npy"]
    finally:
        os.chmod(folder, 0o755)
    assert sorted(os.listdir(folder)) == ["locked.npy", "mine.npy", "new.npy"]
    assert (np.load(folder / "locked.npy") == SMALL).all()
    assert (np.load(folder / "mine.npy") == np.arange(3)).all()


@posix
def test_permissions(tmp_path: Path) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    old = os.umask(0o027)
    try:
        ndbytes.save(tmp_path / "new", SMALL)
        assert mode("new.npy") == 0o640
        ndbytes.open_memmap(tmp_path / "map.npy", "w+", shape=3)
        assert mode("map.npy") == 0o640
    finally:
        os.umask(old)
    for wanted in (0o600, 0o666, 0o755, 0o444 if os.geteuid() == 0 else 0o644):
        os.chmod(tmp_path / "new.npy", wanted)
        ndbytes.save(tmp_path / "new", SMALL)
        assert mode("new.npy") == wanted
        ndbytes.open_memmap(tmp_path / "new.npy", "w+", shape=3)
        assert mode("new.npy") == wanted


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_owners(tmp_path: Path) -> None:
    ndbytes.save(tmp_path / "x", SMALL)
    os.chown(tmp_path / "x.npy", 1234, 2345)
    ndbytes.save(tmp_path / "x", SMALL)
    found = (tmp_path / "x.npy").stat()
    assert (found.st_uid, found.st_gid) == (1234, 2345)


@posix
def test_links(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link.npy").symlink_to("elsewhere/real.npy")
    (tmp_path / "links.npy").symlink_to("link.npy")
    for name in ("link", "link", "links"):
        ndbytes.save(tmp_path / name, SMALL)
        assert (tmp_path / "link.npy").is_symlink()
        assert (tmp_path / "links.npy").is_symlink()
        assert os.listdir(elsewhere) == ["real.npy"]
        os.truncate(elsewhere / "real.npy", 5)
    # Another name of the old file keeps the old content.
    ndbytes.save(tmp_path / "one", SMALL)
    os.link(tmp_path / "one.npy", tmp_path / "two.npy")
    ndbytes.save(tmp_path / "one", SMALL + 1)
    assert (np.load(tmp_path / "two.npy") == SMALL).all()
    (tmp_path / "a.npy").symlink_to("b.npy")
    (tmp_path / "b.npy").symlink_to("a.npy")
    with pytest.raises(OSError, match="symbolic links"):
        ndbytes.save(tmp_path / "a", SMALL)


@posix
def test_pipes_and_devices_are_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    found: list[Any] = []
    reader = threading.Thread(target=lambda: found.append(ndbytes.load(tmp_path / "pipe.npy")))
    reader.start()
    ndbytes.save(tmp_path / "pipe", SMALL)
    reader.join()
    assert (found[0] == SMALL).all()
    assert stat.S_ISFIFO((tmp_path / "pipe.npy").stat().st_mode)
    if Path("/dev/stdout").exists():
        (tmp_path / "out.npy").symlink_to("/dev/stdout")
        program = "import ndbytes, numpy; ndbytes.save('out', numpy.arange(3))"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True
        )
        assert ndbytes.bytes_to_array(done.stdout).tolist() == [0, 1, 2]
        assert (tmp_path / "out.npy").is_symlink()
    if Path("/dev/full").exists():
        (tmp_path / "full.npy").symlink_to("/dev/full")
        with pytest.raises(OSError, match="No space left"):
            ndbytes.save(tmp_path / "full", np.arange(100_000))


def test_maps_of_what_is_replaced_stay(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("Windows does not replace a file that is mapped")
    path = tmp_path / "x.npy"
    x = np.arange(1 << 16)
    ndbytes.save(path, x)
    mapped, written = ndbytes.load(path, "r"), ndbytes.load(path, "r+")
    ndbytes.save(path, x[:3])
    ndbytes.open_memmap(path, "w+", "u1", (5,))
    assert (mapped == x).all()
    written[0] = 77
    written.flush()
    assert mapped[0] == 77
    # What is mapped can be saved in its own place.
    ndbytes.save(path, mapped)
    again = ndbytes.load(path, "r")
    ndbytes.save(path, again * 2)
    assert (ndbytes.load(path)[1:] == 2 * x[1:]).all()


def test_durable(tmp_path: Path) -> None:
    ndbytes.save(tmp_path / "x", SMALL, durable=True)
    ndbytes.save(tmp_path / "x", SMALL + 1, durable=True)
    assert (np.load(tmp_path / "x.npy") == SMALL + 1).all()
    with (tmp_path / "y").open("wb") as file:
        ndbytes.save(file, SMALL, durable=True)
        assert (tmp_path / "y").stat().st_size == 128 + SMALL.nbytes
    if sys.platform == "linux" and Path("/usr/bin/strace").exists():
        program = "import ndbytes, numpy; ndbytes.save('x', numpy.arange(3), durable=True)"
        done = subprocess.run(
            ["strace", "-f", "-e", "trace=fsync", sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            assert done.stderr.count("fsync(") == 2


@posix
def test_an_interrupt_stops_a_long_write(tmp_path: Path) -> None:
    x = np.zeros(COUNT, "u1")

    def interrupt(done: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ndbytes.save(tmp_path / "x", x, progress=interrupt)
    assert os.listdir(tmp_path) == []
