"""Programs and data that tests need from outside the project."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def need(program: str) -> str:
    """Return the program's path; skip where it is missing, fail under CI, where it must not be."""
    import sys

    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not installed, and CI must have it")
    pytest.skip(f"{program} is not installed")


def need_module(name: str) -> None:
    """Skip where a dependency is not installed yet; fail under CI, whose environment is new."""
    from importlib.util import find_spec

    if find_spec(name) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and CI must have it")
        pytest.skip(f"{name} is not installed: pip install -e '.[dev]' again")


def shared(*parts: str) -> Path:
    """Return a path below ``../shared``, or skip: the folder is not part of the project."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is not here")
    return path
