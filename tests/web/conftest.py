"""A `curator serve --web` in a process of its own, and a browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import curator
from tests.tools import ROOT, need_module

__all__ = ["Web", "curator", "web"]


@dataclass(frozen=True, slots=True)
class Web:
    """What was printed, and by which process."""

    url: str
    process: subprocess.Popen[str]
    ready_file: Path

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.url).query)["token"][0]

    def programs(self) -> list[int]:
        """Return the processes below the server: one for every open terminal."""
        task = Path(f"/proc/{self.process.pid}/task")
        found = [each for path in task.glob("*/children") for each in path.read_text().split()]
        return [int(each) for each in found]


@contextmanager
def web(spec: str, folder: Path, *options: str) -> Iterator[Web]:
    """Serve the terminal interface on a store; ends it by SIGTERM and expects exit code 0."""
    need_module("websockets")
    ready = folder / "ready.json"
    words = [*options, "serve", "--web", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [sys.executable, "-m", "curator", "--store", spec, *words],
        cwd=ROOT,
        env={**os.environ, "CURATOR_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 90
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("curator serve --web did not start")
            time.sleep(0.05)
        assert ready.stat().st_mode & 0o777 == 0o600
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert json.loads(ready.read_text()) == {"url": url, "pid": process.pid}
        yield Web(url, process, ready)
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, f"{out}\n{err}"
    assert not ready.exists()
    assert err.splitlines()[-1] == "stopped"
