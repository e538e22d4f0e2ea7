"""The facets' lines: each facet with its values, counted in what the filter shows. No Textual in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from curator.catalogue.facets import FACETS, Choice, Facet, without
from curator.catalogue.rows import Row
from curator.catalogue.where import Lookup, Where
from curator.tui.row_filter import RowFilter
from curator.tui.rows import Cell, Column

COLUMNS: Final = (
    Column("value", "Facets", 9, grow=1),
    Column("count", "", 7, right=True),
    Column("share", "", 5),
)
_FIRST: Final = 6  # values of a facet that are shown unasked
_BLOCKS: Final = " ▏▎▍▌▋▊▉█"

Counts = Mapping[str, Sequence[tuple[str, int]]]
"""A facet's name → its values with their counts, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Counting:
    """What a list shows at a moment: enough to count its facets in a thread."""

    rows: Sequence[Row]
    haystacks: Sequence[str]
    hits: Sequence[int]
    filter: RowFilter
    lookup: Lookup

    def counts(self) -> Counts:
        """Count each facet in what the filter shows, without what the filter asks of that very facet."""
        shown = [self.rows[number] for number in self.hits]
        found: dict[str, Sequence[tuple[str, int]]] = {}
        for facet in FACETS:
            among = shown
            if Choice.of(facet, self.filter.where) != Choice():
                wider = RowFilter(without(self.filter.where, facet).text)
                among = [
                    self.rows[number]
                    for number in wider.hits(self.rows, self.haystacks, range(len(self.rows)), self.lookup)
                ]
            found[facet.name] = Counter(map(facet.text, among)).most_common()
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """A facet's name (``value`` None), one of its values, or (``rest``) how many more values there are.

    ``only``: the one value that all rows have; there is nothing to choose.
    """

    facet: Facet
    value: str | None = None
    count: int = 0
    most: int = 0
    rest: int = 0
    only: str = ""


class FacetRows:
    """`Rows` over facets and their values."""

    def __init__(self) -> None:
        self._counts: Counts = {}
        self._where = Where()
        self._lines: list[Line] = []
        self._choices: dict[str, Choice] = {}
        self.folded: set[str] = set()
        self._whole: set[str] = set()  # facets that show all their values

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> str:
        """Return a name of the line that stays while counts change."""
        line = self._lines[index]
        return f"{line.facet.name}{'…' if line.rest else ''}{'' if line.value is None else '=' + line.value}"

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a line: of a value three, of anything else one."""
        line = self._lines[index]
        if line.rest:
            return ((f"   … {line.rest:,} more", "dim"),)
        if line.only:
            return ((f"  {line.facet.title}: {line.only}", "dim"),)
        if line.value is None:
            arrow = "▸" if line.facet.name in self.folded else "▾"
            return ((f"{arrow} {line.facet.title}", "title"),)
        choice = self._choices[line.facet.name]
        sign, role = "  ", ""
        if line.value in choice.wanted:
            sign, role = "✓ ", "good"
        elif line.value in choice.unwanted:
            sign, role = "✗ ", "bad"
        elif choice.wanted:
            role = "dim"
        text = line.value or "(empty)"
        return (
            (f" {sign}{text}", role or ("" if line.value else "dim")),
            (f"{line.count:,}", role),
            (_bar(line.count, line.most), "accent"),
        )

    def at(self, index: int) -> Line | None:
        """Return the line at ``index``."""
        return self._lines[index] if 0 <= index < len(self._lines) else None

    def place(self, key: str) -> int:
        """Return where the line of this key stands, or ``-1``."""
        return next((index for index in range(len(self)) if self.key(index) == key), -1)

    def head(self, facet: Facet) -> int:
        """Return where a facet's lines begin."""
        return next(index for index, line in enumerate(self._lines) if line.facet is facet)

    def choice(self, facet: Facet) -> Choice:
        """Return what the filter asks of a facet."""
        return self._choices[facet.name]

    def show(self, counts: Counts | None, where: Where) -> None:
        """Show other counts (None: the same), and what a filter chooses among the values."""
        self._counts, self._where = self._counts if counts is None else counts, where
        self._choices = {
            facet.name: Choice.of(facet, where, [value for value, _ in self._counts.get(facet.name, ())])
            for facet in FACETS
        }
        self._lines = [line for facet in FACETS for line in self._lines_of(facet)]

    def fold(self, facet: Facet, *, fold: bool) -> None:
        """Hide or show the values of a facet."""
        (self.folded.add if fold else self.folded.discard)(facet.name)
        self.show(self._counts, self._where)

    def show_all(self, facet: Facet) -> None:
        """Show every value of a facet."""
        self._whole.add(facet.name)
        self.show(self._counts, self._where)

    def _lines_of(self, facet: Facet) -> list[Line]:
        choice = self._choices[facet.name]
        counts = dict(self._counts.get(facet.name, ()))
        if set(counts) <= {""} and choice == Choice():
            return []
        if len(counts) == 1 and choice == Choice():
            ((value, count),) = counts.items()
            return [Line(facet, count=count, only=value)]
        counts |= {value: 0 for value in choice.wanted | choice.unwanted if value not in counts}
        values = (
            sorted(counts.items(), key=lambda pair: pair[0], reverse=True)
            if facet.name == "date"
            else list(counts.items())
        )
        lines = [Line(facet)]
        if facet.name in self.folded:
            return lines
        most = max(counts.values(), default=0)
        limit = len(values) if facet.name in self._whole or len(values) <= _FIRST + 1 else _FIRST
        asked = choice.wanted | choice.unwanted
        shown = [pair for place, pair in enumerate(values) if place < limit or pair[0] in asked]
        lines += [Line(facet, value, count, most) for value, count in shown]
        if len(shown) < len(values):
            lines.append(Line(facet, rest=len(values) - len(shown)))
        return lines


def _bar(count: int, most: int, width: int = 5) -> str:
    """Return a bar of ``width`` cells at most; anything that is there can be seen."""
    eighths = max(1, round(8 * width * count / most)) if most and count else 0
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_BLOCKS[part] if part else "")
