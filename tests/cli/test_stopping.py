"""Ctrl-C in the middle of a campaign: exit 130, what was done is recorded, and the same command finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.campaign.ground import change, document, ground
from tests.tools import ROOT


def test_interrupted_and_gone_on() -> None:
    with ground(delay=0.3) as place:
        units = [
            place.update(number, place.add(document(1)), change("Patient/PatientName", "Doe^Jane", "X", "PN"))
            for number in range(40)
        ]
        plan = place.plan(units)
        words = [sys.executable, "-m", "curator", "--store", place.spec, "--project", str(place.project.root)]
        process = subprocess.Popen(
            [*words, "apply", str(plan.path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ledger = place.project.campaign(plan.digest) / "ledger.jsonl"
        wait_for(ledger)
        os.kill(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=90)
        assert process.returncode == 130, told
        assert "goes on from here" in told
        assert "Traceback" not in told
        done = subprocess.run(
            [*words, "apply", str(plan.path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert {place.imaging.wait(each).version for each in place.sets} == {"2"}


def wait_for(ledger: Path) -> None:
    deadline = time.monotonic() + 90
    while not ledger.exists() or b'"intent"' not in ledger.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.02)
