"""Other programs in the workbench's terminal: the user's own editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from curator.tui.app import Workbench

_USUAL = ("sensible-editor", "nano", "vi")


def editor() -> list[str]:
    """Return the command of ``$VISUAL``, ``$EDITOR``, or of an editor that is usually there; [] if there is none."""
    for name in (os.environ.get("VISUAL"), os.environ.get("EDITOR"), *_USUAL):
        try:
            words = shlex.split(name or "")
        except ValueError:  # a quotation that does not end
            continue
        if words and shutil.which(words[0]):
            return words
    return []


def in_editor(bench: Workbench, path: Path) -> bool:
    """Give the terminal to the editor until it ends, and return whether it was opened; say why where it was not."""
    words = editor()
    if not words:
        bench.say("There is no editor: set EDITOR to the command of yours.", severity="warning")
        return False
    try:
        with bench.suspend():
            done = subprocess.run([*words, str(path)], check=False)
    except SuspendNotSupported:
        bench.say("An editor cannot be opened in this terminal.", severity="warning")
        return False
    except OSError as error:
        bench.say(f"{words[0]} cannot be started: {error.strerror}.", severity="error")
        return False
    if done.returncode:
        bench.say(f"{words[0]} ended with {done.returncode}.", severity="warning")
    return True
