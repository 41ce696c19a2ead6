"""How long `import ndbytes` takes beyond `import numpy`, each in an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from measure import quartiles

KEY = "import/package"
PACKAGES = {"ndbytes": "import ndbytes", "`import numpy`": ""}


# What the package takes itself is timed inside, where starting the interpreter is no noise.
PROGRAM = """
import time, numpy
start = time.perf_counter()
{package}
print(time.perf_counter() - start)
"""


def measure(quick: bool) -> dict[str, Any]:
    for package in PACKAGES.values():
        seconds(package)
    rounds = [
        {name: seconds(package) for name, package in PACKAGES.items()}
        for _ in range(5 if quick else 31)
    ]
    contestants = []
    for name in PACKAGES:
        kind = "ours" if name == "ndbytes" else "reference"
        times = quartiles([one[name][0] for one in rounds])
        ratio = quartiles([one[name][0] / one["ndbytes"][0] for one in rounds])
        contestants.append({"name": name, "kind": kind, "seconds": times[1], "ratio": ratio})
    return {
        "key": KEY,
        "title": "`import numpy, ndbytes`",
        "nbytes": 0,
        "rounds": len(rounds),
        "contestants": contestants,
        "beyond": quartiles([one["ndbytes"][1] for one in rounds]),
    }


def seconds(package: str) -> tuple[float, float]:
    """Of the whole process, and of importing the package once NumPy is there."""
    program = PROGRAM.format(package=package)
    start = time.perf_counter()
    said = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - start, float(said.stdout)
