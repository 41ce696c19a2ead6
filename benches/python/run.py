"""Measures and writes one JSON line per case. `cargo xtask bench` runs this; it needs an
environment with ndbytes and the peers.

Each group of cases runs in a process of its own, so that none finds memory as another left it:
after gigabytes of small arrays, every larger one takes longer.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cases
import exchange
import imports
import measure
import sweep

PACKAGES = ["numpy", "ml_dtypes", "safetensors", "pyarrow", "msgpack", "msgpack-numpy", "spdl-io"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the file that the lines are added to")
    parser.add_argument("--fixtures", type=Path, required=True, help="a folder of npy files")
    parser.add_argument("--data", type=Path, help="another, of the user's own")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), help="keys, as a regex")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sweep", action="store_true", help="cost against size, and nothing else")
    parser.add_argument("--group", help="the cases of this group, and nothing else")
    asked = parser.parse_args()

    effort = measure.QUICK if asked.quick else measure.FULL
    with asked.out.open("a") as out:

        def say(record: dict[str, Any]) -> None:
            print(json.dumps(record), file=out, flush=True)
            if "key" in record:
                print(summary(record), flush=True)

        if asked.sweep:
            found = sweep.all_cases(asked.quick)
        else:
            found = cases.all_cases(asked.quick, asked.fixtures, asked.data)
        found = (case for case in found if asked.only.search(case.key))
        if asked.sweep or asked.group:
            for case in found:
                if asked.group in (None, case.group):
                    say(measure.measure(case, effort))
            return
        say({"facts": facts()})
        if asked.only.search(imports.KEY):
            say(imports.measure(asked.quick))
        for record in exchange.records(asked.quick, asked.only):
            say(record)
        for group in dict.fromkeys(case.group for case in found):
            subprocess.run([sys.executable, *sys.argv, "--group", group], check=True)


def facts() -> dict[str, str]:
    said = {"date": datetime.date.today().isoformat(), "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            said[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            said[package] = "not installed"
    return said


def summary(record: dict[str, Any]) -> str:
    cells = []
    for contestant in record["contestants"]:
        if "failed" in contestant:
            cells.append(f"{contestant['name']} {contestant['failed']}")
        elif contestant["kind"] == "ours":
            cells.append(f"{contestant['seconds']:.3g} s")
        else:
            cells.append(f"{contestant['name']} {contestant['ratio'][1]:.2f}x")
    return f"  {record['key']}: {', '.join(cells)}"


if __name__ == "__main__":
    main()
