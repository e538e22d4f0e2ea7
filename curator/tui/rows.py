"""What lists show: columns, rows, and their cells. No Textual widgets in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from rich.cells import cell_len, set_cell_size

Cell: TypeAlias = "str | tuple[str, str]"
"""A cell's text, or its text and the role (a component class after ``row-view--``) it is drawn in."""

GAP = 1  # between columns


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``width`` in cells is its least, ``grow`` its share of the space that is left."""

    key: str
    title: str
    width: int
    grow: int = 0
    right: bool = False


class Rows(Protocol):
    """What a `RowView` shows. ``key`` names a row for good, whatever its place after a sort or filter."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """Return what identifies the row at ``index``."""
        ...

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the row's cells, one for each of ``columns``."""
        ...


class NoRows:
    """The `Rows` of nothing."""

    def __len__(self) -> int:
        return 0

    def key(self, index: int) -> str:
        """There is none."""
        raise IndexError(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """There are none."""
        raise IndexError(index)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` made exactly ``width`` cells wide, an ellipsis where something was cut."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    pad = " " * (width - length)
    return pad + text if right else text + pad
