"""The way in: what it loads, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curator.errors import UsageError
from curator.tui import run
from tests.tools import ROOT


def test_importing_the_room_loads_no_textual() -> None:
    code = "import sys, curator.tui; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "rooms",
    [
        "curator.imageset, curator.plan, curator.checks, curator.catalogue, curator.healthimaging, curator.stores, curator.cli"
    ],
)
def test_the_core_and_the_command_line_load_no_textual(rooms: str) -> None:
    code = f"import sys, {rooms}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_first_screen_loads_no_screen_behind_it_nor_what_plans() -> None:
    """What a screen needs is loaded when it is opened: the first paint waits for none of it."""
    rooms = ("plan", "campaign", "rulefile", "deid", "report", "verify")
    code = (
        "import sys, curator.tui.app; "
        f"print(*sorted(name for name in {rooms!r} if f'curator.{{name}}' in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ran.stdout.split() == []


def test_without_a_terminal_it_says_so() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run("local")
