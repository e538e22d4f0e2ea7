"""What all full screens share: the two bars, the log, and how an action is done or refused."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from curator.errors import Cancelled
from curator.printable import plural
from curator.tui.actions import ACTIONS, Action, Need, of
from curator.tui.bench import Bench, bench_of
from curator.tui.messages import Written
from curator.tui.widgets.bars import KeyBar, TopBar
from curator.tui.widgets.log_pane import LogPane
from curator.tui.work import Failed

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Place(Screen[None]):
    """A full screen with a name in the action table (``PLACE``); does ``x.some-thing`` by ``do_some_thing``."""

    PLACE: ClassVar[str]
    TITLE_TEXT: ClassVar[str] = ""
    EXPLAINED: ClassVar[str] = ""
    ROWS: ClassVar[bool] = True
    """Whether keys of lists of rows work here; a screen without lists gives them meanings of its own."""

    @property
    def bench(self) -> Bench:
        """Return the application, by its own type."""
        return bench_of(self)

    def compose(self) -> ComposeResult:
        """Put the screen's body between the bars."""
        yield TopBar()
        yield from self.body()
        yield LogPane()
        yield KeyBar()

    def body(self) -> Iterable[Widget]:
        """Yield what is between the bars."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        """Say again what may have changed while another screen was on top."""
        self.query_one(LogPane).display = self.bench.log_shown
        self.tell()

    def on_screen_suspend(self) -> None:
        """Take notices along that were about this screen."""
        self.bench.forget_notices()

    @property
    def here(self) -> bool:
        """Tell whether the screen has its widgets: not before it is composed, nor while it is taken down."""
        return self.is_mounted and bool(self.query(KeyBar)) and bool(self.query(TopBar))

    async def _on_message(self, message: Message) -> None:
        """Drop what a thread answers to a screen that is being taken down."""
        if hasattr(message, "request") and not self.here:
            message.stop()
            return
        await super()._on_message(message)

    # --- what can be done here

    def held(self) -> set[Need]:
        """Return what is at hand for actions here."""
        return self.bench.held()

    def actions(self) -> list[Action]:
        """Return the actions that work here, the screen's own first."""
        return [*of(self.PLACE), *of("app")]

    def tell(self) -> None:
        """Bring both bars up to date."""
        if not self.here:
            return
        keys, held = self.bench.keys, self.held()
        shown = [
            (action, self.keys_here(keys[action.id]))
            for action in self.actions()
            if action.foot and (action.only_with is None or action.only_with in held)
        ]
        self.query_one(KeyBar).say(shown, held)
        self.query_one(TopBar).say(
            place=self.title_text(),
            count=self.count_text() + self.pending_text(),
            work=self._work_text(),
            store=self.bench.store_label,
            read_only=self.bench.read_only,
        )
        if self.bench.log_shown:
            self.query_one(LogPane).show_work(self.bench.work)

    def keys_here(self, keys: str) -> str:
        """Return those of an action's keys that reach it here, the one to show first."""
        return keys

    def title_text(self) -> str:
        """Return what the top bar calls this screen; no element values."""
        return self.TITLE_TEXT

    def count_text(self) -> str:
        """Return how much is shown, for the top bar."""
        return ""

    def pending_text(self) -> str:
        """Return how many edits nobody committed yet: what is forgotten on other screens is lost."""
        count = self.bench.pending
        return f"  {plural(count, 'edit')} pending" if count else ""

    def _work_text(self) -> str:
        running = self.bench.work.running
        if not running:
            return ""
        ticket = running[-1]
        turn = _SPINNER[int(time.monotonic() * 8) % len(_SPINNER)]
        text = f"{turn} {ticket.title}"
        if ticket.total:
            text += f" {100 * ticket.done // ticket.total}%"
        elif ticket.done:
            text += f" {ticket.done:,}"
        return text

    def action_do(self, action_id: str) -> None:
        """Do an action, or say why it cannot be done now."""
        self.perform(action_id)

    def perform(self, action_id: str) -> None:
        """Do an action of this screen or of the application, or say why it cannot be done now."""
        action = ACTIONS[action_id]
        why = action.why_not(self.held())
        if why:
            self.bench.say(f"{action.label}: {why}", severity="warning")
            return
        target = self.bench if action.place == "app" else self
        getattr(target, "do_" + action.name.replace("-", "_"))()
        self.tell()

    @on(KeyBar.Pressed)
    def _pressed(self, event: KeyBar.Pressed) -> None:
        event.stop()
        self.perform(event.action)

    # --- what every screen does with failures

    def on_failed(self, message: Failed) -> None:
        """Hand a failure to the screen; Textual would call the handler of every class in turn."""
        message.stop()
        self.failed(message)
        self.tell()

    def failed(self, message: Failed) -> None:
        """Say what failed; the screen stays usable."""
        if isinstance(message.error, Cancelled):
            self.bench.say("Cancelled.", severity="warning")
        else:
            self.bench.say(str(message.error), severity="error")

    def written(self, message: Written) -> None:
        """Another screen changed an image set."""

    def store_opened(self) -> None:
        """The store was opened, or opened anew."""

    def store_moved(self) -> None:
        """Other programs changed image sets of an embedded store."""
