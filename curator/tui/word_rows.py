"""Rows that words narrow: what lists have in common that are read whole. No Textual widgets in here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Generic, TypeVar

from curator.tui.rows import Cell, Column

T = TypeVar("T")


class WordRows(Generic[T]):
    """`Rows` over things, as many as hold the words of the filter.

    A row's key is the thing's number among all: patients, UIDs and values are no names for rows.
    """

    def __init__(self, found: Iterable[T] = ()) -> None:
        self.all: Sequence[T] = list(found)
        self._haystacks = [self.haystack(each).casefold() for each in self.all]
        self._shown = list(range(len(self.all)))

    def haystack(self, one: T, /) -> str:
        """Return what the filter's words are looked for in, in any case."""
        raise NotImplementedError

    def cells_of(self, one: T, /) -> Sequence[Cell]:
        """Return the cells of a thing, as many as there are columns."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._shown)

    @property
    def total(self) -> int:
        """Return how many there are, whatever the filter."""
        return len(self.all)

    @property
    def shown(self) -> list[T]:
        """Return those that the filter leaves, in their order."""
        return [self.all[number] for number in self._shown]

    def key(self, index: int) -> str:
        """Return the number of what is shown at ``index``."""
        return str(self._shown[index])

    def at(self, index: int) -> T | None:
        """Return what is shown at ``index``."""
        return self.all[self._shown[index]] if 0 <= index < len(self._shown) else None

    def of(self, keys: Collection[str]) -> list[T]:
        """Return the things of these keys, in their order, shown or not."""
        return [self.all[number] for number in sorted(map(int, keys))]

    def filter(self, text: str) -> None:
        """Show those that hold every word."""
        words = text.casefold().split()
        self._shown = [
            number for number, hay in enumerate(self._haystacks) if all(word in hay for word in words)
        ]

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of what is shown at ``index``."""
        return self.cells_of(self.all[self._shown[index]])
