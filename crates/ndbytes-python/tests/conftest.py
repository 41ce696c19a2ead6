"""Settings of hypothesis: the gate repeats itself, `HYPOTHESIS_PROFILE=search` looks further."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "gate",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search",
    database=None,
    deadline=None,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


def pytest_configure(config: pytest.Config) -> None:
    """The marks of NumPy's own tests, which `test_numpys_own.py` runs."""
    for mark in ("slow", "slow_pypy", "thread_unsafe(reason)", "leaks_references(reason)"):
        config.addinivalue_line("markers", f"{mark}: as NumPy means it")
