"""Programs that run in an interpreter of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


def run(
    program: str, *args: object, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The program, in which warnings are errors; it gets two minutes."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, args)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
