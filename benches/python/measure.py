"""Times several ways of doing one thing against each other.

The contestants of a case take turns, in an order that is shuffled anew each round, so that drift of
the machine and what the one before left in the caches fall on all of them alike. What counts is
the ratio of two contestants within one round; over the rounds, its median.

A statement's result is dropped as soon as it is there, inside the timing, for every contestant:
giving memory back is part of what an array costs.

Before a sample of a large case, several times as much memory is touched and given back, outside the
timing. A virtual machine may return free memory to its host after a second or two, and fetching it
again takes ten times as long as what is measured here; so each contestant finds it there. It is
touched again until that goes as fast as it ever went, since what takes long to fetch is on its way
back as soon as it is free.
"""

from __future__ import annotations

import gc
import itertools
import mmap
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Sample = Callable[[int], float]

LARGE = 4 * 2**20
MOST_TOUCHED = 2**29
"""Beyond the size of the array."""
MOST_SMALL = 2**27

# All names are parameters, and so as fast as locals; `timeit` does the same.
_SOURCE = """
def run(_loops, {parameters}):
    _start = _timer()
    for _ in _repeat(None, _loops):
        {statement}
    return _timer() - _start
"""


@dataclass(frozen=True)
class Contestant:
    """One way of doing it. The first of a case is ours, which all ratios refer to."""

    name: str
    statement: str
    kind: str = "peer"
    """ours; peer: what a user would pick instead; limit: what the machine allows; reference: ours,
    on other data."""
    exact: Callable[[dict[str, Any]], str | None] | None = None
    """Says why its result is not the array, in a few words; None when it is."""


@dataclass(frozen=True)
class Case:
    key: str
    title: str
    nbytes: int
    names: Callable[[], dict[str, Any]]
    """What the statements use, made just before they run and dropped after it."""
    contestants: list[Contestant] = field(default_factory=list)
    about: Callable[[dict[str, Any]], str] | None = None
    """What is to be added to the title, once the names are known."""
    size: Callable[[dict[str, Any]], float] | None = None
    """How many bytes ours makes, as a multiple of the peer's."""
    before: Callable[[dict[str, Any]], None] | None = None
    """What is done before each run, outside the timing."""
    beyond: str | None = None
    """The contestant whose time is no part of ours: that of opening, for what needs it."""

    @property
    def group(self) -> str:
        return self.key.partition("/")[0]


@dataclass(frozen=True)
class Effort:
    """How long a case is measured."""

    sample: float
    """Seconds that one sample of a fast statement takes, by repeating it."""
    budget: float
    rounds: tuple[int, int]
    """The fewest and the most."""
    slow: float = 1.5
    """A round that takes longer than this many seconds is repeated `slow_rounds` times."""
    slow_rounds: int = 3


FULL = Effort(sample=2e-3, budget=1.5, rounds=(9, 151))
QUICK = Effort(sample=5e-4, budget=0.1, rounds=(3, 25), slow=0.3, slow_rounds=2)


def measure(case: Case, effort: Effort) -> dict[str, Any]:
    """The case as one record: per contestant, seconds, and time as a ratio to ours."""
    names = case.names()
    samples: dict[str, tuple[Sample, int]] = {}
    failures: dict[str, str] = {}
    gc.collect()
    gc.disable()
    try:
        for contestant in case.contestants:
            try:
                why = contestant.exact(names) if contestant.exact else None
                if why is None:
                    run = _compiled(contestant.statement, names)
                    if case.before is not None:
                        run = _one_by_one(run, case.before, names)
                    samples[contestant.name] = run, _loops(run, effort)
            except Exception as error:  # Which one says how the peer refuses the array.
                why = f"refused: {type(error).__name__}"
            if why is not None:
                failures[contestant.name] = why
        rounds = list(_rounds(samples, effort, case.nbytes))
    finally:
        gc.enable()
    said = {
        "key": case.key,
        "title": case.title + (case.about(names) if case.about else ""),
        "nbytes": case.nbytes,
        "rounds": len(rounds),
        "contestants": [_result(case, one, rounds, failures) for one in case.contestants],
    }
    if case.size is not None:
        said["size"] = rounded(case.size(names))
    ours = case.contestants[0].name
    if case.beyond is not None and rounds and {ours, case.beyond} <= rounds[0].keys():
        said["beyond"] = quartiles([one[ours] - one[case.beyond] for one in rounds])
    return said


def _compiled(statement: str, names: dict[str, Any]) -> Sample:
    space = {**names, "_timer": time.perf_counter, "_repeat": itertools.repeat}
    parameters = ", ".join(f"{name}={name}" for name in space)
    source = _SOURCE.format(parameters=parameters, statement=statement)
    exec(compile(source, "<contestant>", "exec"), space)
    run: Sample = space["run"]
    return run


def _one_by_one(
    run: Sample, before: Callable[[dict[str, Any]], None], names: dict[str, Any]
) -> Sample:
    def sample(loops: int) -> float:
        taken = 0.0
        for _ in range(loops):
            before(names)
            taken += run(1)
        return taken

    return sample


def _loops(run: Sample, effort: Effort) -> int:
    """Repetitions that make a sample long enough for the clock; also the warm-up."""
    loops = 1
    run(loops)
    while (taken := run(loops)) < effort.sample:
        loops = min(loops * 10, max(loops + 1, round(loops * 1.2 * effort.sample / taken)))
    return loops


def _rounds(
    samples: dict[str, tuple[Sample, int]], effort: Effort, nbytes: int
) -> Iterator[dict[str, float]]:
    order = list(samples)
    shuffle = random.Random(0).shuffle
    memory = _Memory(nbytes + min(4 * nbytes, MOST_TOUCHED)) if nbytes >= LARGE else None
    fewest, most = effort.rounds
    taken = 0.0
    for number in range(most):
        if number and taken / number > effort.slow:
            fewest = effort.slow_rounds
        if number >= fewest and taken > effort.budget:
            return
        shuffle(order)
        one_round = {}
        for name in order:
            run, loops = samples[name]
            if memory is not None:
                memory.touch()
            sample = run(loops)
            taken += sample
            one_round[name] = sample / loops
        yield one_round


class _Memory:
    """What is touched before a sample: as large pages and as small ones, which the system keeps
    apart."""

    MOST = 8
    """Times, on a machine that does other things, too."""

    def __init__(self, nbytes: int) -> None:
        self.ways = [(self.large, nbytes), (self.small, min(nbytes, MOST_SMALL))]
        self.fastest = [0.0, 0.0]

    @staticmethod
    def large(nbytes: int) -> None:
        np.ones(nbytes, "u1")

    @staticmethod
    def small(nbytes: int) -> None:
        with mmap.mmap(-1, nbytes) as memory:
            np.frombuffer(memory, "u1")[:: mmap.PAGESIZE] = 1

    def touch(self) -> None:
        for at, (way, nbytes) in enumerate(self.ways):
            for _ in range(self.MOST):
                start = time.perf_counter()
                way(nbytes)
                taken = time.perf_counter() - start
                was_there = taken < 1.3 * self.fastest[at]
                self.fastest[at] = min(taken, self.fastest[at] or taken)
                if was_there:
                    break


def _result(
    case: Case, contestant: Contestant, rounds: list[dict[str, float]], failures: dict[str, str]
) -> dict[str, Any]:
    said: dict[str, Any] = {"name": contestant.name, "kind": contestant.kind}
    ours = case.contestants[0].name
    if contestant.name in failures or ours in failures:
        return said | {"failed": failures.get(contestant.name, "ours failed")}
    times = [one_round[contestant.name] for one_round in rounds]
    ratios = [one_round[contestant.name] / one_round[ours] for one_round in rounds]
    return said | {
        "seconds": rounded(statistics.median(times)),
        "ratio": quartiles(ratios),
    }


def quartiles(values: list[float]) -> list[float]:
    """The first quartile, the median and the third."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [rounded(value) for value in (low, statistics.median(values), high)]


def rounded(value: float) -> float:
    """To as many digits as mean anything."""
    return float(f"{value:.4g}")
