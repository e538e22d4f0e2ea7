"""What screens know of the application: the open store, what is done with it, and how to tell the user.

`curator.tui.app` puts the screens on it; a screen reaches it as `Place.bench`, other widgets by `bench_of`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from textual.app import App
from textual.dom import DOMNode

from curator.known_stores import Known
from curator.printable import printable
from curator.tui.actions import Need, with_keys
from curator.tui.config import Config
from curator.tui.graphics import Terminal
from curator.tui.messages import Written
from curator.tui.session import Session
from curator.tui.thumbnails import Thumbnails
from curator.tui.work import Work

if TYPE_CHECKING:
    from curator.imageset import ElementPath
    from curator.plan.edits import Edits
    from curator.tui.importing import Imported


_READ = 2.0
"""Seconds after which a notice was seen by whoever goes elsewhere."""


class Bench(App[None]):
    """One data store, the work under way with it, and the edits that nobody committed yet."""

    def __init__(
        self,
        store_spec: str,
        *,
        project: str | Path | None = None,
        read_only: bool = False,
        config: Config | None = None,
    ) -> None:
        super().__init__()
        self.config = config or Config()
        self.store_spec = store_spec
        self.project = project
        self.read_only = read_only
        self.keys = with_keys(self.config.keys)
        self.work = Work(self)
        self.session: Session | None = None
        self._edits: Edits | None = None
        self.thumbnails = Thumbnails()
        self.terminal: Terminal | None = None  # what draws pictures; asked when the first one is shown
        self.log_shown = False
        self.imported: Imported | None = None  # the last import of this session

    @property
    def store_label(self) -> str:
        """Return what the top bar calls the store."""
        return self.store_spec

    @property
    def edits(self) -> Edits:
        """Return the edits that nobody committed yet, of all image sets."""
        if self._edits is None:
            from curator.plan.edits import Edits

            self._edits = Edits()
        return self._edits

    @property
    def pending(self) -> int:
        """Return how many edits nobody committed yet."""
        return len(self._edits) if self._edits is not None else 0

    @property
    def current(self) -> Known | None:
        """Return the open store, as the list of known ones has it."""
        return self.session.known if self.session is not None else None

    def held(self) -> set[Need]:
        """Return what is at hand for any action."""
        held = set()
        if self.session is not None:
            held.add(Need.STORE)
            if self.session.embedded:
                held.add(Need.FILES)
        if not self.read_only:
            held.add(Need.WRITABLE)
        if self.imported is not None:
            held.add(Need.IMPORTED)
        running = self.work.running
        if running:
            held.add(Need.WORK)
        if not any(ticket.writes for ticket in running):
            held.add(Need.IDLE)
        return held

    # --- what the application does for screens

    def open_store(self) -> None:
        """Open the store in a thread; the screens hear of it by `Place.store_opened`."""
        raise NotImplementedError

    def switch(self, spec: str, *, project: str | Path | None, read_only: bool = False) -> None:
        """Go to another data store or project: everything that showed the old one is left."""
        raise NotImplementedError

    def wrote(self, message: Written) -> None:
        """Let every screen below the one that wrote know of it."""
        raise NotImplementedError

    def show_metadata(
        self, image_set: str, version: str | None = None, *, at: ElementPath | None = None
    ) -> None:
        """Read an image set's metadata: its latest version, unless another is named; ``at`` an element."""
        raise NotImplementedError

    def say(self, text: str, *, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Tell the user something; markup and control characters in it show as text."""
        self.notify(
            printable(text, lines=True),
            severity=severity,
            markup=False,
            timeout=8 if severity == "error" else 4,
        )

    def forget_notices(self) -> None:
        """Take away notices that were there to be read: they would cover what comes. What failed stays its time."""
        for notice in list(self._notifications):
            if notice.severity == "information" and time.time() - notice.raised_at > _READ:
                self._unnotify(notice)


def bench_of(node: DOMNode) -> Bench:
    """Return the application that a widget or screen is in, by its own type."""
    return cast("Bench", node.app)
