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

from tests.benchmarks import Row
from tests.tools import ROOT

COUNT = 100_000
KEYS = 60
PEER = ("textual-fastdatatable==0.19.5", "pyarrow")
PEERS = Path(tempfile.gettempdir()) / "curator-benchmark-peers"


@dataclass(frozen=True, slots=True)
class _Measured:
    opened: float
    keys: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.keys)

    @property
    def p95(self) -> float:
        return sorted(self.keys)[int(len(self.keys) * 0.95)]


def run() -> list[Row]:
    ours, empty = _measure("rows"), _measure("empty")
    rows = []
    why_not = _peer_missing()
    if why_not:
        print(f"tui: rows beside textual-fastdatatable are left out: {why_not}", file=sys.stderr)
    else:
        peer = _measure("peer")
        name = "textual-fastdatatable"
        rows.append(_row("first paint of 100,000 rows", ours.opened, peer.opened, name, "≤ 1/3 of it", 1 / 3))
        rows.append(_row("page down, key to paint (median)", ours.median, peer.median, name, "≤ it", 1.0))
    name = "empty ScrollView"
    rows.append(_row("page down, key to paint (median)", ours.median, empty.median, name, "≤ 1.5 × it", 1.5))
    rows.append(
        _row("page down, key to paint (p95)", ours.p95, 0.016, "16 ms", "≤ 16 ms, quiet machine", 1.0)
    )
    return rows


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
    }


def _measure(kind: str) -> _Measured:
    """Run one widget in a pseudo-terminal, press the keys one after the other, and read what it measured."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        command = [sys.executable, "-m", "tests.tui.latency", kind, str(result), str(COUNT)]
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
            _drain(master, seconds=0.5)
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
    return _Measured(measured["opened"], measured["keys"])


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
