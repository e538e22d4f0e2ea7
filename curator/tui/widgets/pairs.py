"""Names and values one below the other: the preview pane, and what a confirmation shows."""

from __future__ import annotations

from collections.abc import Sequence

from curator.tui.rows import GAP, Cell, Column
from curator.tui.widgets.row_view import RowView

COLUMNS = (Column("name", "", 13), Column("value", "", 16, grow=1))


class PairRows:
    """`Rows` over (name, value) pairs; a pair with an empty name goes on with the one above."""

    def __init__(self, pairs: Sequence[tuple[str, Cell]]) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def key(self, index: int) -> str:
        """Return the pair's number: names need not be unique."""
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the two cells."""
        name, value = self._pairs[index]
        return (name, "dim"), value


class Preview(RowView):
    """What is known of the row under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, id=id)
        self.not_focusable()

    @property
    def value_width(self) -> int:
        """Return the cells there are for a value."""
        return self.room - self.gutter_width - COLUMNS[0].width - 2 * GAP

    def tell(self, title: str, pairs: Sequence[tuple[str, Cell]]) -> None:
        """Show ``pairs`` under ``title``."""
        name, value = COLUMNS
        self.show(PairRows(pairs), (Column(name.key, title, name.width), value))
