"""The examples in docstrings, stubs and Markdown pages do what they say.

Collected by `cargo xtask test` beside the tests of the package. Examples with a prompt
(`>>>`) are doctests. A Markdown block marked `python` without a prompt is run as it stands,
after the blocks above it on the same page; `python no-run` says that it cannot be.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import ndbytes
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "crates/ndbytes-python/python/ndbytes"
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("crates/ndbytes-python/*.md"),
]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL

# NumPy 2 prints its scalars in another way, and the examples show that way.
pytestmark = [
    pytest.mark.skipif(int(np.__version__.split(".")[0]) < 2, reason="shows what NumPy 2 prints"),
    pytest.mark.usefixtures("empty_folder"),
]


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples may write files by their bare names."""
    monkeypatch.chdir(tmp_path)


def modules() -> Iterator[ModuleType]:
    yield ndbytes
    for module in pkgutil.walk_packages(ndbytes.__path__, "ndbytes."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def docstrings() -> Iterator[tuple[str, str]]:
    """Every docstring of the package, native or not, by the first name it goes by."""
    seen: set[int] = set()

    def visit(name: str, thing: object) -> Iterator[tuple[str, str]]:
        if id(thing) in seen:
            return
        seen.add(id(thing))
        own = getattr(thing, "__doc__", None)
        if isinstance(own, str) and ">>>" in own:
            yield name, own
        if inspect.ismodule(thing) or inspect.isclass(thing):
            for member, value in vars(thing).items():
                if documented(value, thing):
                    yield from visit(f"{name}.{member}", value)

    for module in modules():
        yield from visit(module.__name__, module)


def documented(value: object, owner: object) -> bool:
    """Whether the docstring of a member is this package's own."""
    if inspect.isclass(owner):
        return callable(value) or hasattr(value, "__get__")
    if inspect.isclass(value) or inspect.isroutine(value):
        return (getattr(value, "__module__", None) or "").split(".")[0] == "ndbytes"
    return False


def stub_docstrings() -> Iterator[tuple[str, str]]:
    documented_nodes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for path in sorted(STUBS.rglob("*.pyi")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, documented_nodes) else None
            if text and ">>>" in text:
                name = getattr(node, "name", "the module")
                yield f"{path.relative_to(STUBS).as_posix()}:{name}", text


def page_blocks() -> Iterator[tuple[str, list[str]]]:
    """Each page with its Python blocks."""
    for page in sorted(PAGES):
        text = page.read_text("utf-8")
        blocks = re.findall(r"^```python *\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if blocks:
            yield page.relative_to(ROOT).as_posix(), blocks


def by_name(cases: Iterator[tuple[str, object]]) -> pytest.MarkDecorator:
    found = list(cases)
    return pytest.mark.parametrize(
        "case", [text for _, text in found], ids=[name for name, _ in found]
    )


@by_name(docstrings())
def test_docstring(case: str) -> None:
    run_prompts(case, {"ndbytes": ndbytes, "np": np})


@by_name(stub_docstrings())
def test_stub(case: str) -> None:
    run_prompts(case, {"ndbytes": ndbytes, "np": np})


@by_name(page_blocks())
def test_page(case: list[str]) -> None:
    names: dict[str, object] = {"__name__": "__page__"}
    for block in case:
        if ">>>" in block:
            run_prompts(block, names)
        else:
            exec(compile(block, "<page>", "exec"), names)


def run_prompts(text: str, names: dict[str, object]) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, "example", None, None)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    with warnings.catch_warnings():
        # An example that warns shows it to no one, so a warning is a failure here too.
        warnings.simplefilter("error")
        runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert runner.failures == 0, "".join(said)
