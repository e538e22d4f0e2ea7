"""How a terminal is asked what it can draw, on real pseudo-terminals that answer as terminals do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from curator.tui.app import Workbench
from curator.tui.graphics import Graphics, Heard, Terminal, ask, understood
from tests.tools import ROOT
from tests.tui.seen import press, see

PATIENCE = 60.0
SIXEL = "\x1b[6;18;9t\x1b[?62;4;22c"
KITTY = "\x1b_Gi=31;OK\x1b\\\x1b[6;24;12t\x1b[?62;22c"


@pytest.mark.parametrize(
    ("answer", "terminal"),
    [
        (SIXEL, Terminal(Graphics.SIXEL, (9, 18))),
        (KITTY, Terminal(Graphics.KITTY, (12, 24))),
        ("\x1b_Gi=31;OK\x1b\\" + SIXEL, Terminal(Graphics.SIXEL, (9, 18))),  # wezterm, Konsole
        ("\x1b_Gi=31;ENOSYS\x1b\\\x1b[?1;2c", Terminal()),
        ("\x1b[?64;1;2;14c", Terminal()),  # 4 is a part of other numbers
        ("\x1b[?4c", Terminal()),  # the first number is the terminal's kind
        ("\x1b[6;0;0t\x1b[?62;4c", Terminal(Graphics.SIXEL)),
        ("", Terminal()),
        ("typed", Terminal()),
    ],
)
def test_answers_are_understood(answer: str, terminal: Terminal) -> None:
    assert understood(answer) == terminal


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    "typed", ["j", "\x1b[C", "\x1b", "é", "\x1bOP", "\x1b[<0;10;5M", "\x1b[1;2D", "\x1b_"]
)
def test_what_is_typed_meanwhile_is_told_from_the_answers_however_it_is_cut(typed: str, step: int) -> None:
    for stream in (typed + KITTY, KITTY + typed, KITTY[:7] + KITTY[7:].replace("\x1b[?", typed + "\x1b[?")):
        sent, heard, given = stream.encode(), Heard(), ""
        for begin in range(0, len(sent), step):
            given += heard.take(sent[begin : begin + step])
        given += heard.rest()
        assert given == typed
        assert understood(heard.answers) == Terminal(Graphics.KITTY, (12, 24))
        assert heard.all


async def test_without_a_terminal_nobody_is_asked(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    app = Workbench(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "Image sets  5")
        assert ask(app._driver) == Terminal()
        assert ask(app._driver, "sixel").graphics is Graphics.SIXEL
        await press(pilot, "P")
        await see(pilot, "Frames")


@dataclass
class Emulated:
    """A pseudo-terminal that answers questions, and what was written to it."""

    number: int
    answer: bytes
    typed_meanwhile: bytes = b""
    seen: bytearray = field(default_factory=bytearray)
    asked: int = 0
    child: int = 0

    def ended(self) -> int:
        """Wait until the program has ended; return its exit code."""
        until = time.monotonic() + PATIENCE
        while True:
            number, status = os.waitpid(self.child, os.WNOHANG)
            if number:
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < until
            with contextlib.suppress(OSError):  # the terminal may be gone already
                if select.select([self.number], [], [], 0.1)[0]:
                    self.seen += os.read(self.number, 65536)

    def see(self, *wanted: bytes) -> None:
        """Wait until all of ``wanted`` were written."""
        until = time.monotonic() + PATIENCE
        while not all(each in self.seen for each in wanted):
            assert time.monotonic() < until, (wanted, _plain(self.seen)[-1500:])
            if select.select([self.number], [], [], 0.2)[0]:
                self.seen += os.read(self.number, 65536)
            if self.seen.count(b"\x1b[c") > self.asked:
                self.asked += 1
                os.write(self.number, self.typed_meanwhile + self.answer)

    def press(self, keys: bytes) -> None:
        os.write(self.number, keys)


def _plain(written: bytes | bytearray) -> str:
    return re.sub(r"\x1b\[[0-9;?<>=]*[a-zA-Z]", "", bytes(written).decode("utf-8", "replace"))


@contextmanager
def workbench(store: str, answer: str, typed_meanwhile: bytes = b"") -> Iterator[Emulated]:
    """Run the workbench on a terminal that answers so."""
    child, number = pty.fork()
    if child == 0:
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for name in ("TMUX", "COLUMNS", "LINES"):
            environment.pop(name, None)
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-m", "curator", "--store", store], environment)
    fcntl.ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        yield Emulated(number, answer.encode(), typed_meanwhile, child=child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
        os.close(number)


@pytest.mark.parametrize(
    ("answer", "drawn"),
    [(SIXEL, b"\x1bP0;0;0q"), (KITTY, b"\x1b_G"), ("\x1b[?1;2c", "▀".encode()), ("", "▀".encode())],
    ids=["sixel", "kitty", "blocks", "silent"],
)
def test_pictures_are_drawn_by_what_the_terminal_has(store: str, answer: str, drawn: bytes) -> None:
    with workbench(store, answer, typed_meanwhile=b"\x1b[C") as terminal:
        terminal.see(b"Three^Slices", b"1CT1")
        terminal.press(b"/patientid:three\r")
        terminal.see(b"1 of 5")
        assert terminal.asked == 0  # nobody is asked before a picture is wanted
        terminal.seen.clear()
        terminal.press(b"P")
        terminal.see(b"\x1b[c", drawn)
        terminal.see(b"instance 2 of 3")  # by the key that was typed while the terminal was asked
        terminal.press(b"q")
        terminal.see(b"Patient ID")
        terminal.press(b"P")
        terminal.press(b"\x1b[C")
        terminal.see(b"2 of 3")
        assert terminal.asked == 1


@pytest.mark.parametrize("typed", [b"\x1b", b"q"], ids=["escape", "q"])
def test_who_goes_back_while_the_terminal_is_asked_goes_back(store: str, typed: bytes) -> None:
    with workbench(store, KITTY, typed_meanwhile=typed) as terminal:
        terminal.see(b"Three^Slices", b"1CT1")
        terminal.press(b"P")
        terminal.see(b"\x1b[c")
        terminal.seen.clear()
        terminal.see(b"Patient ID")


def test_who_leaves_while_the_terminal_is_asked_leaves(store: str) -> None:
    with workbench(store, "", typed_meanwhile=b"\x11") as terminal:
        terminal.see(b"Three^Slices", b"1CT1")
        terminal.press(b"P")
        terminal.see(b"\x1b[c")
        assert terminal.ended() == 0
        assert b"\x1b[?1049l" in terminal.seen  # the screen is as it was
