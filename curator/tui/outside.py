"""Other programs in the workbench's terminal: the user's own editor and pager, and a browser."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from curator.tui.bench import Bench

_PAGERS = ("less", "more")
_USUAL = ("sensible-editor", "nano", "vi")


def editor() -> list[str]:
    """Return the command of ``$VISUAL``, ``$EDITOR``, or of an editor that is usually there; [] if there is none."""
    return _command(os.environ.get("VISUAL"), os.environ.get("EDITOR"), *_USUAL)


def pager() -> list[str]:
    """Return the command of ``$PAGER``, or of a pager that is usually there; [] if there is none."""
    return _command(os.environ.get("PAGER"), *_PAGERS)


def _command(*named: str | None) -> list[str]:
    for name in named:
        try:
            words = shlex.split(name or "")
        except ValueError:  # a quotation that does not end
            continue
        if words and shutil.which(words[0]):
            return words
    return []


def in_editor(bench: Bench, path: Path) -> bool:
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


def in_pager(bench: Bench, lines: Iterable[str]) -> bool:
    """Give the terminal and ``lines`` to the pager until it ends, and return whether it was opened.

    The lines go through a pipe, as they are read: no value is written to a file, nor kept in less's history.
    """
    words = pager()
    if not words:
        bench.say("There is no pager: set PAGER to the command of yours.", severity="warning")
        return False
    environment = {"LESS": "i", **os.environ, "LESSHISTFILE": "-"}
    try:
        with bench.suspend():
            read = subprocess.Popen(
                words, stdin=subprocess.PIPE, text=True, errors="replace", env=environment
            )
            with contextlib.suppress(BrokenPipeError), read:
                assert read.stdin is not None
                with contextlib.suppress(KeyboardInterrupt):
                    read.stdin.writelines(f"{line}\n" for line in lines)
    except SuspendNotSupported:
        bench.say("A pager cannot be opened in this terminal.", severity="warning")
        return False
    except OSError as error:
        bench.say(f"{words[0]} cannot be started: {error.strerror}.", severity="error")
        return False
    return True


def in_browser(bench: Bench, path: Path) -> bool:
    """Show a file in the user's browser, and return whether there is one."""
    try:
        browser = webbrowser.get()
        with bench.suspend():  # a browser may be a program of the terminal, or talk to it
            shown = browser.open(path.as_uri())
    except (webbrowser.Error, SuspendNotSupported):
        shown = False
    if not shown:
        bench.say(f"There is no browser here. The file: {path}", severity="warning")
    return shown
