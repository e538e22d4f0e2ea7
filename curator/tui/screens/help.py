"""What this screen is, and every key that works on it, drawn from the action table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from curator.tui.actions import Action, key_name, of
from curator.tui.rows import Cell, Column
from curator.tui.screens.place import Place
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView

_COLUMNS = (
    Column("keys", "Keys", 13),
    Column("label", "Action", 16),
    Column("says", "What it does, or why not now", 30, grow=1),
    Column("id", "Id in the keymap", 22),
)
_GROUPS = {"rows": "In every list", "app": "Everywhere"}


class _Keys:
    """`Rows` over actions and group headings (a text instead of an action)."""

    def __init__(self, lines: list[tuple[Action | None, str, str]]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> str:
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        action, keys, why = self._lines[index]
        cells: list[Cell]
        if action is None:
            cells = [(keys, "title"), "", "", ""]
        else:
            says: Cell = (f"not now: {why}", "warn") if why else action.says
            cells = [(keys, "accent"), (action.label, "dim" if why else ""), says, (action.id, "dim")]
        return cells[: len(columns)]


class HelpScreen(ModalScreen[None]):
    """The help of one place."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "close", "Close")]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._shown = self._lines()

    def compose(self) -> ComposeResult:
        """Compose what the screen is, and its keys."""
        with Vertical(classes="dialog wide tall"):
            yield Static(self._place.TITLE_TEXT, markup=False, classes="heading")
            yield Static(self._place.EXPLAINED, markup=False)
            columns = _COLUMNS if self.app.size.width >= 110 else _COLUMNS[:3]
            yield RowView(columns, _Keys(self._shown), id="keys")
            yield Detail(id="whole", lines=1, grows=4)
            yield Static(
                "esc closes · config.toml can change keys, by their ids", markup=False, classes="hint"
            )

    def _lines(self) -> list[tuple[Action | None, str, str]]:
        held, keys = self._place.held(), self._place.bench.keys
        lines: list[tuple[Action | None, str, str]] = []
        rows = ("rows",) if self._place.ROWS else ()
        for group in (self._place.PLACE, *rows, "app"):
            if group in _GROUPS:
                lines += [(None, "", ""), (None, _GROUPS[group], "")]
            told = [(action, action.why_not(held)) for action in of(group)]
            for action, why in sorted(
                told, key=lambda pair: bool(pair[1])
            ):  # what cannot be done now comes last
                lines.append((action, " ".join(key_name(key) for key in keys[action.id].split(",")), why))
        return lines

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one("#keys").focus()
        self._tell()

    @on(RowView.Moved)
    def _tell(self) -> None:
        """Show the action under the cursor whole: columns cut it off."""
        view = self.query_one("#keys", RowView)
        action, keys, why = self._shown[max(0, view.cursor)]
        detail = self.query_one("#whole", Detail)
        if action is None:
            detail.tell(keys, "")
        else:
            not_now = f"\nNot now: {why}." if why else ""
            detail.tell(f"{keys}  {action.label}", f"{action.says}.{not_now}", f"id {action.id}")

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)
