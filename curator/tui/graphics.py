"""How the terminal shows pictures: its own graphics where it has them, half blocks of colour everywhere else.

Only a terminal itself can say, and Textual reads what it answers. So it is asked in a `Work` thread, once, when the
first picture is to be shown, while the thread that reads keys stands aside; what was typed meanwhile is given back.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from codecs import getincrementaldecoder
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver
    from textual.widget import Widget


class Graphics(StrEnum):
    """What draws a picture."""

    BLOCKS = "blocks"
    SIXEL = "sixel"
    KITTY = "kitty"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal draws pictures with, and the pixels of one of its cells (width, height)."""

    graphics: Graphics = Graphics.BLOCKS
    cell: tuple[int, int] = (10, 20)


PATIENCE: Final = (
    2.0  # seconds for an answer: far away, or busy, a terminal may take its time; keys do not wait
)
_TICK: Final = 0.1  # seconds after which an Escape is the key, as for Textual
# Kitty's protocol (a picture of one pixel, not to be shown), the size of a cell, and who the terminal is: the last
# one all terminals answer, so that nobody waits for those before it.
_QUESTION: Final = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
_KITTY: Final = re.compile(r"\x1b_Gi=31;([^\x1b]*)\x1b\\")
_CELL: Final = re.compile(r"\x1b\[6;(\d+);(\d+)t")
_IDENTITY: Final = re.compile(r"\x1b\[\?([\d;]*)c")
_CUT: Final = re.compile(r"\x1b(?:_[^\x1b]{0,200}\x1b?|\[[0-9;?<]*|O)?\Z")
"""The end of what came, where it may be the beginning of an answer or of a key."""
_WITHOUT: Final = ("tmux", "screen", "linux", "dumb", "vt")
"""Beginnings of TERM that have no graphics, or swallow them."""


def ask(driver: Driver | None, wanted: str = "auto") -> Terminal:
    """Return what the application's terminal draws with; ``wanted`` is the user's own word for it, or ``auto``.

    Takes up to `PATIENCE`: call it from a `Work` thread.
    """
    if wanted in tuple(Graphics):
        return Terminal(Graphics(wanted))
    term = os.environ.get("TERM", "")
    if os.environ.get("TMUX") or not term or term.startswith(_WITHOUT):
        return Terminal()
    try:
        from textual.drivers.linux_driver import LinuxDriver
    except ImportError:  # no terminal of POSIX
        return Terminal()
    if type(driver) is not LinuxDriver:
        return Terminal()  # headless, in a browser, within lines
    return understood(_answer(driver))


def understood(answer: str) -> Terminal:
    """Return what the answers to `_QUESTION` mean."""
    identity = _IDENTITY.search(answer)
    cell = _CELL.search(answer)
    size = (int(cell[2]), int(cell[1])) if cell else (0, 0)
    size = size if min(size) > 0 else (10, 20)
    kitty = _KITTY.search(answer)
    # Sixel first: some answer kitty's question without knowing the placeholders that pictures are put in.
    if identity and "4" in identity[1].split(";")[1:]:
        return Terminal(Graphics.SIXEL, size)
    if kitty and kitty[1] == "OK":
        return Terminal(Graphics.KITTY, size)
    return Terminal(Graphics.BLOCKS, size)


def _answer(driver: LinuxDriver) -> str:
    """Ask, with the key thread standing aside, and give back at once what is typed meanwhile."""
    keys = driver._key_thread
    if keys is None or not driver.input_tty:
        return ""
    driver.exit_event.set()
    keys.join()
    driver.exit_event.clear()
    heard = Heard()
    parser = _Typed(driver)
    try:
        driver.write(_QUESTION)
        driver.flush()
        until = time.monotonic() + PATIENCE
        while not (heard.all and heard.whole) and not driver._app._exit and time.monotonic() < until:
            if select.select([driver.fileno], [], [], _TICK)[0]:
                parser.give_back(heard.take(os.read(driver.fileno, 4096)))
            elif heard.all:
                break  # an Escape alone, not what a longer key begins with
        parser.give_back(heard.rest())
        parser.end()
    finally:
        if not driver._app._exit:  # who leaves meanwhile takes the terminal along
            driver._key_thread = Thread(target=driver._run_input_thread, name="textual-input", daemon=True)
            driver._key_thread.start()
    return heard.answers


class Heard:
    """Tells the answers to `_QUESTION` from what is typed between, before and behind them, however it is cut."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._kept = ""  # what may yet become an answer or a key
        self.answers = ""

    @property
    def all(self) -> bool:
        """Tell whether the last answer has come."""
        return bool(_IDENTITY.search(self.answers))

    @property
    def whole(self) -> bool:
        """Tell whether nothing has come in part."""
        return not self._kept

    def take(self, came: bytes) -> str:
        """Return what was typed, as far as that is certain."""
        text = self._kept + self._decode(came)
        for known in (_KITTY, _CELL, _IDENTITY):
            self.answers += "".join(found[0] for found in known.finditer(text))
            text = known.sub("", text)
        cut = _CUT.search(text)
        typed, self._kept = (text[: cut.start()], cut[0]) if cut else (text, "")
        return typed

    def rest(self) -> str:
        """Return what came in part: it was typed after all."""
        kept, self._kept = self._kept, ""
        return kept


class _Typed:
    """What turns characters into keys, and hands those to the application."""

    def __init__(self, driver: LinuxDriver) -> None:
        from textual._xterm_parser import XTermParser

        self._driver, self._parser = driver, XTermParser()

    def give_back(self, typed: str) -> None:
        if typed:
            for event in self._parser.feed(typed):
                self._driver.process_message(event)

    def end(self) -> None:
        """Give back what only an end tells from the beginning of something longer: the Escape key."""
        for event in self._parser.feed(""):
            self._driver.process_message(event)


def widget_for(terminal: Terminal) -> type[Widget]:
    """Return textual-image's widget for a terminal with graphics. It is imported here, and asks nobody anything.

    On import it would ask the terminal itself, from under Textual; without a standard output it does not.
    """
    os.environ["TEXTUAL_CELL_WIDTH"], os.environ["TEXTUAL_CELL_HEIGHT"] = map(str, terminal.cell)
    shown, sys.__stdout__ = sys.__stdout__, open(os.devnull, "w")  # type: ignore[misc]  # noqa: SIM115
    try:
        from textual_image.widget import SixelImage, TGPImage
    finally:
        sys.__stdout__.close()
        sys.__stdout__ = shown  # type: ignore[misc]
    found: type[Widget] = SixelImage if terminal.graphics is Graphics.SIXEL else TGPImage
    return found
