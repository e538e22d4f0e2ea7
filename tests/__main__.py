"""``python -m tests``: everything that must hold: format, lint, types, contracts, tests.

``quick`` runs the tests of the usual loop, ``soak`` the long runs at full size. Under CI the long runs are made at a
fiftieth of their size, and what is installed is held against known vulnerabilities (`tests.audit`): where no advisory
service answers that is no failure, and the last line says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.audit import NOT_AUDITED

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

CHECKS = [
    [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    [str(BIN / "ruff"), "check", "--quiet", "."],
    [sys.executable, "-m", "mypy"],
    [str(BIN / "lint-imports")],
]
# Screens wait for themselves half of the time: one worker more than processors lets another test have it.
TESTS = [sys.executable, "-m", "pytest", "-q", "-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal"]
QUICK = [*TESTS, "--hypothesis-profile", "quick", "-m", "not soak and not slow"]


AUDIT = [sys.executable, "-m", "tests.audit"]


def main(words: list[str]) -> int:
    if words[:1] == ["soak"]:
        return subprocess.call([*TESTS[:3], "-m", "soak", "-s", *words[1:]], cwd=ROOT)
    if words[:1] == ["quick"]:
        return subprocess.call([*QUICK, *words[1:]], cwd=ROOT)
    commands = [*CHECKS, [*TESTS, *words]]
    if os.environ.get("CI"):
        commands.append([*TESTS, "-m", "soak", "-rP"])  # what they print, seeds among it, is shown at the end
        commands.append(AUDIT)
    return run(commands, AUDIT)


def run(commands: list[list[str]], audit: list[str]) -> int:
    """Run commands up to the first that fails, and return its code; ``audit`` may stay without an answer."""
    audited = True
    for command in commands:
        print("$", " ".join([Path(command[0]).name, *command[1:]]), flush=True)
        code = subprocess.call(command, cwd=ROOT)
        if code == NOT_AUDITED and command == audit:
            audited = False
        elif code:
            return code
    if not audited:
        print(
            "All checks hold, but what is installed was NOT AUDITED: no advisory service answered for all of it."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
