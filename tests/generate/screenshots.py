"""Pictures of the terminal interface for the manual, taken of the demo's files: `.github/screenshots`.

Textual's SVG names web fonts; here it names the reader's own, and nothing outside. What is seen is pydicom's sample data
and what the demo plants in copies of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from textual.pilot import Pilot

from curator.demo_data import seed
from curator.tui.app import Workbench
from tests.tui.seen import press, see, until

TARGET = ".github/screenshots"
SIZE = (130, 32)
STORE = "local:hour/store"
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

_FACES = re.compile(r"\s*@font-face\s*\{.*?\}", re.DOTALL)
_FAMILY = re.compile(r"font-family:\s*[^;}]*")

Shot = Callable[[Pilot[None]], Awaitable[None]]


def clean(svg: str) -> str:
    """Return a picture that names nothing outside itself."""
    svg = _FAMILY.sub(f"font-family: {FONTS}", _FACES.sub("", svg))
    outside = set(re.findall(r"https?://[^\s\"'<)]+", svg)) - {"http://www.w3.org/2000/svg"}
    # A comment names the library that made it.
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    left = [each for each in outside if each in svg]
    assert not left, left
    return svg


def generate() -> Mapping[str, bytes]:
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _import(Path(folder))
        for name, shot in SHOTS.items():
            made[f"{name}.svg"] = asyncio.run(_taken(shot)).encode()
    return made


def _import(folder: Path) -> None:
    """Import the demo's files into the store that the pictures are of."""
    files = folder / "files"
    files.mkdir()
    seed(files)
    os.environ |= {"CURATOR_HOME": str(folder / "hour"), "COLORTERM": "truecolor", "TZ": "UTC"}
    words = [sys.executable, "-m", "curator", "--quiet", "--store", STORE, "import", str(files)]
    root = str(Path(__file__).parents[2])
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": root})


async def _taken(shot: Shot) -> str:
    app = Workbench(STORE)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await shot(pilot)
        await until(pilot, lambda: not app.work.running, "the end of work")
        await pilot.pause(0.3)
        return clean(app.export_screenshot(title="curator"))


async def image_sets(pilot: Pilot[None]) -> None:
    """The list, its facets and preview."""
    await press(pilot, "j", "j", "space")
    await press(pilot, "G")
    await see(pilot, "1 marked", "▀")


async def findings(pilot: Pilot[None]) -> None:
    """What is wrong, with the evidence."""
    await press(pilot, "f")
    await see(pilot, "CUR101")


async def conflicts(pilot: Pilot[None]) -> None:
    """Disagreeing values side by side, one of them decided."""
    await press(pilot, "X")
    await see(pilot, "AccessionNumber")
    await press(pilot, "j", "m")
    await see(pilot, "majority")


async def plan(pilot: Pilot[None]) -> None:
    """The plan of a publication under review."""
    await press(pilot, "D")
    await see(pilot, "research", "The Basic Application")
    await press(pilot, "j", "j", "enter")
    await see(pilot, "What this publication costs")
    await press(pilot, "enter")
    await see(pilot, "published by research", "waiting", "Before")


async def metadata(pilot: Pilot[None]) -> None:
    """The tree, and an edit in a form for its VR."""
    await press(pilot, "slash", "=patientid:4MR1", "enter", "m")
    await see(pilot, "▾ Patient")
    await press(pilot, "j", "e")
    await see(pilot, "Edit PatientName", "Family")


async def values(pilot: Pilot[None]) -> None:
    """Every distinct value, and what the profile does to it."""
    await press(pilot, "D")
    await see(pilot, "research")
    await press(pilot, "j", "j", "w")
    await see(pilot, "Values")
    await press(pilot, "slash", "=description", "enter")
    await see(pilot, "Description", "of 1,300")


async def frames(pilot: Pilot[None]) -> None:
    """An image in the terminal, with the warning about its pixels."""
    await press(pilot, "slash", "=patientid:204", "enter", "P")
    await see(pilot, "Frames")


SHOTS: dict[str, Shot] = {
    "image-sets": image_sets,
    "findings": findings,
    "conflicts": conflicts,
    "plan": plan,
    "metadata": metadata,
    "values": values,
    "frames": frames,
}
