"""What came of an import: each file that did not get in, or got in otherwise than it says, with the whole reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from curator.printable import printable
from curator.tui.importing import Imported
from curator.tui.rows import Cell, Column
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView

COLUMNS = (
    Column("what", "", 7),
    Column("name", "File", 22, grow=1),
    Column("value", "Why", 30, grow=2),
)


class ImportedRows:
    """`Rows` over failures, then warnings; ``all`` holds for each what it is, its role, the file and the reason."""

    def __init__(self, came: Imported) -> None:
        failed = [("failed", "bad", *each) for each in came.failures]
        self.all = [*failed, *(("warning", "warn", *each) for each in came.warnings)]

    def __len__(self) -> int:
        return len(self.all)

    def key(self, index: int) -> str:
        """Return the row's number: a file may have several."""
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return what it is, the file's name and the reason."""
        what, role, file, why = self.all[index]
        return (what, role), Path(file).name, why


class ImportedScreen(ModalScreen[None]):
    """The files of an import that a person should know of; below, the one under the cursor, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Close")]

    def __init__(self, came: Imported) -> None:
        super().__init__()
        self._came = came
        self._rows = ImportedRows(came)

    def compose(self) -> ComposeResult:
        """Compose the summary, the list and the whole of one row."""
        with Vertical(classes="dialog wide tall"):
            yield Static(Text(printable(self._came.summary)), markup=False, classes="heading")
            yield RowView(COLUMNS, self._rows, id="failures")
            yield Detail(id="reason", lines=5)
            yield Static("each is whole below; esc closes, I shows this again", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Let the list scroll."""
        self.query_one("#failures").focus()
        self._tell(0)

    @on(RowView.Moved, "#failures")
    def _moved(self, event: RowView.Moved) -> None:
        self._tell(event.index)

    def _tell(self, index: int) -> None:
        """Show a row whole."""
        if 0 <= index < len(self._rows):
            _, _, file, why = self._rows.all[index]
            self.query_one("#reason", Detail).tell(Path(file).name, f"{why}\n{file}")

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)
