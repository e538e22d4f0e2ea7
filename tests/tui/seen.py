"""What a user sees: the screen as text, and waiting for it (never for time)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

PATIENCE = 30.0  # seconds; a slow machine, never a normal run


def screen_text(app: App[Any]) -> str:
    """Return the characters on the screen, one line a row, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys; ``=text`` goes into the focused input at once, which is how quick typing looks."""
    for key in keys:
        field = pilot.app.focused
        if key.startswith("=") and len(key) > 1 and isinstance(field, Input):
            field.insert_text_at_cursor(key[1:])
            await pilot.pause()
        else:
            await pilot.press(key)


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str = "") -> None:
    """Wait until ``condition`` holds, letting messages through."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not seen in {PATIENCE:.0f} s: {what or condition}\n{screen_text(pilot.app)}")
        await pilot.pause(0.03)
    await pilot.pause()


async def see(pilot: Pilot[Any], *texts: str) -> str:
    """Wait until all ``texts`` are on the screen, and return it."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), f"{texts}")
    return screen_text(pilot.app)


async def gone(pilot: Pilot[Any], text: str) -> None:
    """Wait until ``text`` is not on the screen."""
    await until(pilot, lambda: text not in screen_text(pilot.app), f"{text} to go")


class Golden:
    """One file of what a screen looked like when somebody last approved it."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._write = write

    def holds(self, text: str) -> None:
        """Compare; ``--regenerate-goldens`` writes instead."""
        if self._write:
            self._path.parent.mkdir(exist_ok=True)
            self._path.write_text(text + "\n", "utf-8")
        wanted = self._path.read_text("utf-8") if self._path.exists() else ""
        assert text + "\n" == wanted, "the screen differs from its golden (--regenerate-goldens approves it)"
