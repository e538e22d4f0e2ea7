"""A real terminal: tmux on a socket of its own, whose screen is polled."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tools import need

PATIENCE = 60.0


class Terminal:
    """One tmux session running one command."""

    def __init__(
        self, folder: Path, command: list[str], size: tuple[int, int], environment: Mapping[str, str]
    ) -> None:
        self._tmux = [need("tmux"), "-S", str(folder / "tmux"), "-f", os.devnull]
        self._code = folder / "code"
        script = folder / "run.sh"
        exports = "\n".join(f"export {name}='{value}'" for name, value in environment.items())
        words = " ".join(f"'{word}'" for word in command)
        # COLUMNS and LINES, which Textual's tests leave behind, would outweigh the terminal's own size.
        script.write_text(
            f"unset COLUMNS LINES\n{exports}\n{words}\necho $? >'{self._code}'\nexec sleep 600\n"
        )
        width, height = size
        self._do("new-session", "-d", "-x", str(width), "-y", str(height), f"sh '{script}'")

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Send keys, by tmux's names."""
        for key in keys:
            self._do("send-keys", key)
            if key == "Escape":
                time.sleep(0.15)  # followed at once, it would be Alt

    def type(self, text: str) -> None:
        """Send text."""
        self._do("send-keys", "-l", text)

    def record(self, path: Path) -> None:
        """Write all that is sent to the terminal from now on, byte for byte."""
        self._do("pipe-pane", "-o", f"cat >'{path}'")

    @property
    def screen(self) -> str:
        """Return what is on the screen."""
        return self._do("capture-pane", "-p")

    @property
    def coloured(self) -> str:
        """Return what is on the screen with its colours, as escape sequences."""
        return self._do("capture-pane", "-p", "-e")

    @property
    def modes(self) -> str:
        """Return whether the alternate screen and mouse reporting are on: ``0 0`` is a usable terminal."""
        return self._do("display-message", "-p", "#{alternate_on} #{mouse_any_flag}").strip()

    @property
    def title(self) -> str:
        """Return the terminal's title."""
        return self._do("display-message", "-p", "#{pane_title}").strip()

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._do("resize-window", "-x", str(width), "-y", str(height))

    def see(self, *texts: str) -> str:
        """Wait until all ``texts`` are on the screen, and return it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            screen = self.screen
            if all(text in screen for text in texts):
                return screen
            if time.monotonic() > deadline:
                pytest.fail(f"not seen in {PATIENCE:.0f} s: {texts}\n{screen}")
            time.sleep(0.05)

    def apply(self, done: str) -> None:
        """Apply the plan that is shown, and wait until it is ``done``."""
        self.press("A")
        self.see("Apply this plan?")
        self.press("Tab", "Enter")
        self.see(done)

    def insist(self, key: str, *texts: str, pause: float = 1.0) -> str:
        """Press a key again and again, as people do while work is going on, until all ``texts`` are on the screen.

        ``pause`` is how long (seconds) they wait before they press it again.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            self.press(key)
            for _ in range(int(pause * 20)):
                if all(text in (screen := self.screen) for text in texts):
                    return screen
                time.sleep(0.05)
            if time.monotonic() > deadline:
                pytest.fail(f"{key} did not show in {PATIENCE:.0f} s: {texts}\n{screen}")

    def settle(self) -> None:
        """Wait until no work is going on: the top line shows a turning sign while there is some."""
        deadline = time.monotonic() + PATIENCE
        while any(sign in self.screen.partition("\n")[0] for sign in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
            if time.monotonic() > deadline:
                pytest.fail(f"still at work after {PATIENCE:.0f} s\n{self.screen}")
            time.sleep(0.05)

    def process(self, needle: str) -> int:
        """Return the id of the process below this terminal whose command line holds ``needle``."""
        (shell,) = self._do("list-panes", "-F", "#{pane_pid}").split()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        for child in children:
            if needle in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        pytest.fail(f"no process {needle!r} below the terminal")

    def ended(self) -> int:
        """Wait until the command has ended, and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while not self._code.exists() or not self._code.read_text().strip():
            if time.monotonic() > deadline:
                pytest.fail(f"the command did not end\n{self.screen}")
            time.sleep(0.05)
        return int(self._code.read_text())

    def close(self) -> None:
        """End the session and what runs in it."""
        self._do("kill-server")
