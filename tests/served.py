"""A `curator serve` in a process of its own, as other programs meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools import ROOT


@dataclass(frozen=True, slots=True)
class Served:
    """A served store: what its ready file tells, and the environment that its three lines make."""

    process: subprocess.Popen[str]
    endpoint: str
    datastore_id: str
    environment: Mapping[str, str]
    ready: Mapping[str, object]

    @property
    def spec(self) -> str:
        """The ``--store`` by which curator itself reaches it."""
        return f"{self.endpoint}/{self.datastore_id}"


@contextmanager
def serving(folder: Path, ready_file: Path, *options: str) -> Iterator[Served]:
    """Serve the store in ``folder`` on a free port; ends it with SIGTERM and expects exit code 0."""
    words = ["--store", f"local:{folder}", "serve", "--port", "0", "--ready-file", str(ready_file), *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "curator", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _ready(process, ready_file)
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, f"{out}\n{err}"
    assert not ready_file.exists()


def _ready(process: subprocess.Popen[str], ready_file: Path) -> Served:
    deadline = time.monotonic() + 90
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"curator serve did not start: {process.communicate()[1]}")
        time.sleep(0.05)
    ready = json.loads(ready_file.read_text())
    assert process.stdout is not None
    lines = [process.stdout.readline().strip().removeprefix("export ") for _ in range(3)]
    exported = dict(line.split("=", 1) for line in lines)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return Served(process, ready["endpoint_url"], ready["datastore_id"], {**kept, **exported}, ready)
