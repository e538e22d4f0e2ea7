"""The list of 100,000 image sets in a real terminal: opening it and scrolling it, beside textual-fastdatatable and beside
a `ScrollView` of blank lines, which is what any widget costs at least.

The peer is no dependency: it is taken where it is installed, else by pip into a folder of its own below the
temporary folder; where that fails its rows are left out, and why is printed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from curator.tui import PICTURES_PER_SECOND
from tests.benchmarks import Row
from tests.tools import ROOT
from tests.tui.latency import fill, fill_home

COUNT = 100_000
KEYS = 40
SETTLED = 3.0  # seconds after the last row came until keys are pressed: what is counted then is counted
ROUNDS = 3  # of ours and of the empty view in turn: what else the machine does falls on both
PEER = ("textual-fastdatatable==0.19.5", "pyarrow")
PEERS = Path(tempfile.gettempdir()) / "curator-benchmark-peers"


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds, of one run or of several."""

    opened: list[float]
    whole: list[float]
    keys: list[float]
    busy: list[float]

    def __add__(self, other: _Measured) -> _Measured:
        return _Measured(
            self.opened + other.opened,
            self.whole + other.whole,
            self.keys + other.keys,
            self.busy + other.busy,
        )


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder)
        begun = time.perf_counter()
        fill(catalogue, COUNT)
        print(
            f"tui: filling a catalogue of {COUNT:,} rows: {time.perf_counter() - begun:.1f} s",
            file=sys.stderr,
        )
        ours, empty = _measure("rows", catalogue), _measure("empty", catalogue)
        for _ in range(ROUNDS - 1):
            ours, empty = ours + _measure("rows", catalogue), empty + _measure("empty", catalogue)
        fill_home(catalogue, COUNT)
        screen = _measure("workbench", catalogue) + _measure("workbench", catalogue)
        rows = _beside_the_peer(ours, screen, catalogue)
    name = "empty ScrollView"
    median, p95 = statistics.median, _p95
    return [
        *rows,
        _row(
            "page down, key to paint (median)", median(ours.keys), median(empty.keys), name, "≤ 1.5 × it", 1.5
        ),
        _row("page down, key to paint (p95)", p95(ours.keys), p95(empty.keys), name, "≤ 1.5 × it", 1.5),
        _row(
            "page down, processor time (median)",
            median(ours.busy),
            median(empty.busy),
            name,
            "≤ 1.5 × it",
            1.5,
        ),
        _row("page down, processor time (p95)", p95(ours.busy), p95(empty.busy), name, "≤ 1.5 × it", 1.5),
        _row(
            "page down in the workbench (median)",
            median(screen.keys),
            median(empty.keys),
            name,
            "≤ 3 × it",
            3.0,
        ),
        _row("page down, key to paint (p95)", p95(ours.keys), 0.016, "16 ms", "≤ 16 ms, quiet machine", 1.0),
    ]


def _beside_the_peer(ours: _Measured, screen: _Measured, catalogue: Path) -> list[Row]:
    why_not = _peer_missing()
    if why_not:
        print(f"tui: rows beside textual-fastdatatable are left out: {why_not}", file=sys.stderr)
        return []
    peer, name, median = _measure("peer", catalogue), "textual-fastdatatable", statistics.median
    return [
        _row("first rows of the whole workbench", median(screen.opened), peer.opened[0], name, "≤ it", 1.0),
        _row(
            "first paint from a filled catalogue",
            median(ours.opened),
            peer.opened[0],
            name,
            "≤ 1/3 of it",
            1 / 3,
        ),
        _row("all rows of a catalogue there", median(ours.whole), peer.whole[0], name, "≤ it", 1.0),
        _row("page down, key to paint (median)", median(ours.keys), median(peer.keys), name, "≤ it", 1.0),
    ]


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _row(work: str, ours: float, peer: float, name: str, reach: str, most: float) -> Row:
    return Row(work, ours * 1000, peer * 1000, "ms", name, reach, ours <= most * peer)


def _peer_missing() -> str:
    """Return why the peer cannot be measured, or ``""``."""
    if _imports():
        return ""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(PEERS), *PEER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if _imports() else f"pip could not install it: {done.stderr.strip().splitlines()[-1:]}"


def _imports() -> bool:
    command = [sys.executable, "-c", "import textual_fastdatatable"]
    return subprocess.run(command, capture_output=True, check=False, env=_environment()).returncode == 0


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return {
        **kept,
        "PYTHONPATH": f"{ROOT}:{PEERS}",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_FPS": PICTURES_PER_SECOND,
    }


def _measure(kind: str, catalogue: Path) -> _Measured:
    """Run one widget in a pseudo-terminal, press the keys one after the other, and read what it measured."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        command = [sys.executable, "-m", "tests.tui.latency", kind, str(result), str(catalogue)]
        process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=_environment(),
            start_new_session=True,
        )
        os.close(slave)
        try:
            _drain(master, until=result.with_suffix(".ready"), process=process)
            _drain(master, seconds=SETTLED)
            for _ in range(KEYS):
                os.write(master, b"\x1b[6~")
                _drain(master, seconds=0.05)
            os.write(master, b"q")
            _drain(master, until=result, process=process)
            measured = json.loads(result.read_text())
        finally:
            process.kill()
            process.wait()
            os.close(master)
    return _Measured([measured["opened"]], [measured["whole"]], measured["keys"], measured["busy"])


def _drain(
    master: int,
    *,
    seconds: float = 120.0,
    until: Path | None = None,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Read what the program draws, as a terminal would, for a time or until a file is there."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([master], [], [], min(left, 0.02))
        if ready:
            with contextlib.suppress(OSError):
                os.read(master, 1 << 16)
        if until is not None and until.exists() and until.stat().st_size >= (until.suffix == ".json"):
            return
        if process is not None and process.poll() is not None and not (until and until.exists()):
            raise RuntimeError(f"the measured program ended with {process.returncode}")
