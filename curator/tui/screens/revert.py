"""Asking before a revert, with all that it would change in sight."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from curator.imageset import describe
from curator.printable import plural, printable
from curator.tui.bench import bench_of
from curator.tui.changes import SIDE_BY_SIDE, STACKED, DiffRows, lines_of
from curator.tui.screens.difference import WIDE, Compared
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed, Ticket


class RevertScreen(ModalScreen[bool]):
    """True when the user wants it. Nothing can be confirmed before its effect has been shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, image_set: str, latest: str, to: str) -> None:
        super().__init__()
        self.image_set = image_set
        self.latest = latest
        self.to = to
        self._request = 0

    def compose(self) -> ComposeResult:
        """Compose the question, the preview and the buttons; Cancel has the focus."""
        with Vertical(classes="dialog wide"):
            yield Static(Text(f"Revert to version {self.to}?", style="bold"), markup=False, classes="heading")
            yield Static(
                f"A new version {int(self.latest) + 1} will have the content of version {self.to}. "
                f"Version {self.latest} and all others stay, so this can be reverted too.",
                markup=False,
            )
            yield Static("Reading what would change …", id="summary", markup=False)
            yield RowView(id="changes")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Revert", id="do", variant="primary", compact=True, disabled=True)

    def on_mount(self) -> None:
        """Read what would change."""
        self.query_one("#cancel").focus()
        self.query_one("#changes").display = False
        bench = bench_of(self)
        session, image_set, latest, to = bench.session, self.image_set, self.latest, self.to
        if session is None:
            return

        def read(ticket: Ticket) -> Compared:
            before, after = session.document(image_set, latest), session.document(image_set, to)
            return Compared(ticket.request, before, after, describe(before, after))

        self._request = bench.work.begin("preview the revert", self, read, quiet=True)

    def on_compared(self, message: Compared) -> None:
        """Show what would change, and let it be confirmed."""
        message.stop()
        if message.request != self._request:
            return
        count = len(message.changes)
        if not count:
            text = "Nothing would change: both versions have the same content."
        else:
            text = f"{plural(count, 'change')}:"
        self.query_one("#summary", Static).update(text)
        lines = lines_of(message.before, message.after, message.changes, everything=False)
        wide = self.app.size.width >= WIDE
        view = self.query_one("#changes", RowView)
        view.display = bool(count)
        view.show(
            DiffRows(message.before, message.after, lines, stacked=not wide),
            SIDE_BY_SIDE if wide else STACKED,
        )
        self.query_one("#do", Button).disabled = not count

    def on_failed(self, message: Failed) -> None:
        """Say why there is no preview; without one there is no confirming."""
        message.stop()
        self.query_one("#summary", Static).update(Text(printable(str(message.error), lines=True), "bold red"))

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(False)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(False)

    @on(Button.Pressed, "#do")
    def _confirmed(self) -> None:
        self.dismiss(True)
