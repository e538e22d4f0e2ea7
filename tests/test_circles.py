"""No file of the house needs itself: imports run one way, those for types and those inside functions too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.tools import ROOT


def _modules() -> dict[str, Path]:
    """Return every module of the package by its name, packages by that of their folder."""
    named = {}
    for path in sorted((ROOT / "curator").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def _imports(tree: ast.Module, modules: dict[str, Path]) -> Iterator[str]:
    """Yield the modules that a file names in its import statements, wherever in the file they stand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inside & modules.keys()
            if inside - modules.keys():
                yield node.module


def test_no_imports_run_in_a_circle() -> None:
    modules = _modules()
    needs = {
        name: set(_imports(ast.parse(path.read_text()), modules)) - {name} for name, path in modules.items()
    }
    circle: list[str] = []
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []
