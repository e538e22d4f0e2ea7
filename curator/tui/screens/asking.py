"""Small dialogs with one line to type: the id that confirms what cannot be taken back, and where a file goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from curator.printable import printable
from curator.tui.rows import Cell, Column
from curator.tui.widgets.pairs import PairRows
from curator.tui.widgets.row_view import RowView


class AskScreen(ModalScreen["str | None"]):
    """A line of text that ``right`` accepts; None when the user leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(
        self, question: str, text: str, do: str, *, value: str = "", right: Callable[[str], bool] = bool
    ) -> None:
        super().__init__()
        self._question, self._text, self._do = question, text, do
        self._value, self._right = value, right

    def compose(self) -> ComposeResult:
        """Compose the question, the line and the buttons."""
        with Vertical(classes="dialog"):
            yield Static(Text(printable(self._question)), markup=False, classes="heading")
            yield Static(Text(printable(self._text, lines=True)), markup=False)
            yield Input(self._value, id="value", select_on_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._do, id="do", compact=True, disabled=not self._right(self._value))

    def on_mount(self) -> None:
        """Type at once, at the end: a path's end tells more than its beginning."""
        field = self.query_one("#value", Input)
        field.focus()
        # Only a field with a width knows how far that is.
        self.call_after_refresh(lambda: field.scroll_to(field.max_scroll_x, animate=False, force=True))

    @on(Input.Changed, "#value")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#do", Button).disabled = not self._right(event.value.strip())

    @on(Input.Submitted, "#value")
    @on(Button.Pressed, "#do")
    def _done(self) -> None:
        value = self.query_one("#value", Input).value.strip()
        if self._right(value):
            self.dismiss(value)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)


def is_new_file(value: str) -> bool:
    """Say whether a path can be written: its folder is there, and it is no folder itself."""
    path = Path(value).expanduser()
    return bool(value) and path.parent.is_dir() and not path.is_dir()


_AROUND = 7
"""Lines of a `TellScreen` that are not told."""


class TellScreen(ModalScreen[None]):
    """Names and what belongs to them, to be read and closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "close", "Close")]

    def __init__(self, heading: str, pairs: Sequence[tuple[str, Cell]]) -> None:
        super().__init__()
        self._heading, self._pairs = heading, pairs

    def compose(self) -> ComposeResult:
        """Compose the heading and the list."""
        columns = (Column("name", "", 23), Column("value", "", 30, grow=1))
        lines = list(_wrapped(self._pairs, self.app.size.width))
        with Vertical(classes="dialog wide tall") as dialog:
            # its border, heading and hint with a line between each, and the list's own heading
            dialog.styles.max_height = min(len(lines) + _AROUND, self.app.size.height * 96 // 100)
            yield Static(Text(printable(self._heading)), markup=False, classes="heading")
            yield RowView(columns, PairRows(lines), id="told")
            yield Static("⏎ closes", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Let the list scroll."""
        self.query_one("#told").focus()

    def on_row_view_opened(self) -> None:
        """Enter closes, too."""
        self.dismiss(None)

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)


def _wrapped(pairs: Sequence[tuple[str, Cell]], screen: int) -> Iterator[tuple[str, Cell]]:
    """Yield pairs with long values broken into lines that the dialog shows whole, at blanks where there are any."""
    width = max(20, min(140, screen * 96 // 100) - 36)
    for name, value in pairs:
        text, *role = (value,) if isinstance(value, str) else value
        lines = wrap(printable(text), width, replace_whitespace=False) or [""]
        for number, line in enumerate(lines):
            yield ("" if number else name), (line, role[0]) if role else line
