"""Choosing which columns the list shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from curator.tui.image_set_columns import BY_KEY, COLUMNS
from curator.tui.rows import Cell, Column
from curator.tui.widgets.row_view import RowView


class _Choices:
    def __init__(self, keys: list[str]) -> None:
        self.keys = keys

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        return self.keys[index]

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        return (BY_KEY[self.keys[index]].title,)


class ColumnsScreen(ModalScreen["tuple[str, ...] | None"]):
    """The keys of the columns chosen, in order; None when nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("J,ctrl+down", "shift(1)", "Move down"),
        Binding("K,ctrl+up", "shift(-1)", "Move up"),
    ]

    def __init__(self, shown: tuple[str, ...]) -> None:
        super().__init__()
        rest = [column.key for column in COLUMNS if column.key not in shown]
        self._choices = _Choices([*shown, *rest])
        self._shown = shown

    def compose(self) -> ComposeResult:
        """Compose the list of columns, those shown marked."""
        with Vertical(classes="dialog narrow"):
            yield Static("Columns", markup=False, classes="heading")
            yield RowView((Column("title", "", 20, grow=1),), self._choices, id="choices", markable=True)
            yield Static("␣ show or hide · J K move · ⏎ done · esc cancel", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Mark what is shown."""
        view = self.query_one("#choices", RowView)
        view.mark(self._shown)
        view.focus()

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor up or down."""
        view = self.query_one("#choices", RowView)
        here, there = view.cursor, view.cursor + by
        if 0 <= there < len(self._choices):
            keys = self._choices.keys
            keys[here], keys[there] = keys[there], keys[here]
            view.redraw()
            view.move(there)

    def on_row_view_opened(self) -> None:
        """Take what is marked."""
        marks = self.query_one("#choices", RowView).marks
        self.dismiss(tuple(key for key in self._choices.keys if key in marks) or None)

    def action_cancel(self) -> None:
        """Leave the columns as they are."""
        self.dismiss(None)
