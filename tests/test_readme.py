"""The manual is true: its tables are what the code says, its examples run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.generate import readme
from tests.tools import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_CONSOLE = re.compile(r"<!-- example -->\n```console\n(.*?)```", re.DOTALL)
_PYTHON = re.compile(r"<!-- example python -->\n```python\n(.*?)```", re.DOTALL)


def test_its_tables_are_what_the_code_says() -> None:
    assert readme.generate() == README, "python -m tests.generate readme makes them anew"


def test_every_example_runs_in_order(tmp_path: Path) -> None:
    commands = [
        line[2:] for block in _CONSOLE.findall(README) for line in block.splitlines() if line.startswith("$ ")
    ]
    assert len(commands) > 10
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CURATOR_", "AWS_"))
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)
    script = "\n".join(["set -e", f'curator() {{ "{sys.executable}" -m curator "$@"; }}', *commands])
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    (python,) = _PYTHON.findall(README)
    counted = subprocess.run(
        [sys.executable, "-c", python],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert counted.returncode == 0, counted.stderr[-2000:]
    assert int(counted.stdout) > 10
