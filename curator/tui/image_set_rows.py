"""The rows of the image-set list: which match, in which order, and in which groups.

No Textual in here. Rows are the catalogue's `Row`, wherever they come from; a filter narrows the hits of the
filter before it while somebody types, so that a key costs milliseconds among 100,000 image sets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from operator import attrgetter

from curator.catalogue.rows import Row
from curator.catalogue.where import Where
from curator.errors import UsageError
from curator.tui.facet_rows import Counting
from curator.tui.grouping import Group, GroupBy, group_cells, grouped, key_of
from curator.tui.image_set_columns import cells_of
from curator.tui.row_filter import RowFilter
from curator.tui.rows import Cell, Column


class ImageSetRows:
    """All rows known, and the hits among them; what the list shows are lines: hits, or groups and their members."""

    def __init__(self) -> None:
        self._all: list[Row] = []
        self._haystacks: list[str] = []
        self._places: dict[str, int] = {}
        self._order: list[int] = []
        self._hits: list[int] = []
        self._lines: list[int] = []  # a row's number, or ``~`` the number of a group
        self._groups: list[Group] = []
        self._group_cells: dict[int, dict[str, Cell]] = {}
        self._filter = RowFilter()
        self._texts: dict[str, Mapping[str, str]] = {}  # element keyword → image set id → text
        self._stale: set[str] = set()
        self._hit_ids: frozenset[str] | None = None
        self.sorted_by = ""
        self.descending = False
        self.group_by = GroupBy.NOTHING
        self.unfolded: set[str] = set()  # keys of groups
        self.problem = ""  # why the filter typed last does not parse

    # --- Rows

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> str:
        """Return the image set's id, or the group's key."""
        number = self._lines[index]
        return self._all[number].id if number >= 0 else self._groups[~number].key

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of the line at ``index``: of a row those of ``columns``, of a group its own."""
        number = self._lines[index]
        if number >= 0:
            own = cells_of(self._all[number], columns)
            return [_indented(own[0]), *own[1:]] if self.group_by and own else own
        cells = self._group_cells.get(number)
        if cells is None:
            group = self._groups[~number]
            members = [self._all[member] for member in group.members]
            cells = group_cells(self.group_by, members, unfolded=group.key in self.unfolded)
            self._group_cells[number] = cells
        return [cells[column.key] for column in columns]

    # --- what else is asked

    @property
    def total(self) -> int:
        """Return how many rows there are, whatever the filter."""
        return len(self._all)

    @property
    def found(self) -> int:
        """Return how many rows match the filter, shown or folded away."""
        return len(self._hits)

    @property
    def found_ids(self) -> list[str]:
        """Return the ids of the image sets that match the filter, shown or folded away."""
        return [self._all[number].id for number in self._hits]

    @property
    def groups(self) -> int:
        """Return how many groups there are."""
        return len(self._groups)

    def at(self, index: int) -> Row | None:
        """Return the row shown at ``index``; of a group, or outside, None."""
        number = self._lines[index] if 0 <= index < len(self._lines) else -1
        return self._all[number] if number >= 0 else None

    def of(self, image_set: str) -> Row | None:
        """Return the row of an image set, shown or not."""
        place = self._places.get(image_set)
        return None if place is None else self._all[place]

    def has(self, column: str) -> bool:
        """Tell whether any row says something in a column."""
        value = attrgetter(column)
        return any(value(row) for row in self._all)

    def place(self, key: str) -> int:
        """Return where an image set (or its folded group) or a group is shown, or ``-1``."""
        number = self._places.get(key)
        if self.group_by:
            wanted = key if number is None else self.group_key(number)
            if number is None or wanted not in self.unfolded:
                number = next(
                    (~place for place, group in enumerate(self._groups) if group.key == wanted), None
                )
        try:
            return -1 if number is None else self._lines.index(number)
        except ValueError:
            return -1

    def group_key(self, number: int) -> str:
        """Return the key of the group that a row belongs to."""
        return key_of(self.group_by, self._all[number])

    def hidden(self, ids: Set[str]) -> int:
        """Return how many of these image sets the filter does not show."""
        if not self._filter.text or not ids:
            return 0
        if self._hit_ids is None:
            self._hit_ids = frozenset(self.found_ids)
        return len(ids - self._hit_ids)

    # --- groups

    def members(self, index: int) -> list[str] | None:
        """Return the ids of the image sets of the group at ``index``; None where a row is."""
        number = self._lines[index]
        return None if number >= 0 else [self._all[member].id for member in self._groups[~number].members]

    def rows_of_group(self, index: int) -> list[Row]:
        """Return the rows of the group at ``index``; none where a row is, or outside."""
        number = self._lines[index] if 0 <= index < len(self._lines) else 0
        return [self._all[member] for member in self._groups[~number].members] if number < 0 else []

    def head(self, index: int) -> int:
        """Return where the line of the group is to which the row at ``index`` belongs."""
        while index > 0 and self._lines[index] >= 0:
            index -= 1
        return index

    def is_unfolded(self, index: int) -> bool:
        """Tell whether a group stands at ``index`` and shows its members."""
        number = self._lines[index] if 0 <= index < len(self._lines) else 0
        return number < 0 and self._groups[~number].key in self.unfolded

    def fold(self, index: int, *, unfold: bool) -> None:
        """Show or hide the members of the group at ``index``."""
        number = self._lines[index]
        if number >= 0 or self.is_unfolded(index) is unfold:
            return
        group = self._groups[~number]
        self._group_cells.pop(number, None)
        if unfold:
            self.unfolded.add(group.key)
            self._lines[index + 1 : index + 1] = group.members
        else:
            self.unfolded.discard(group.key)
            del self._lines[index + 1 : index + 1 + len(group.members)]

    def fold_all(self, *, unfold: bool) -> None:
        """Show or hide the members of every group."""
        self.unfolded = {group.key for group in self._groups} if unfold else set()
        self._arrange()

    def group(self, by: GroupBy) -> None:
        """Gather the rows by something, all groups folded; or by nothing."""
        self.group_by = by
        self.unfolded = set()
        self._arrange()

    def _arrange(self) -> None:
        """Make the lines of the hits."""
        self._hit_ids = None
        self._group_cells = {}
        if not self.group_by:
            self._groups, self._lines = [], self._hits
            return
        self._groups = grouped(self._all, self._hits, self.group_by)
        lines: list[int] = []
        for place, group in enumerate(self._groups):
            lines.append(~place)
            if group.key in self.unfolded:
                lines.extend(group.members)
        self._lines = lines

    # --- changes

    def replace(self, rows: Sequence[Row], haystacks: Sequence[str] | None = None) -> None:
        """Show these rows and no others, by the same filter and in the same order."""
        self._all = list(rows)
        self._haystacks = list(haystacks or ())
        self._stale = set(self._texts)
        self._places = {row.id: index for index, row in enumerate(self._all)}
        self._order = list(range(len(self._all)))
        self._sort()

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, or replace those of the same id, and show those that match."""
        fresh: list[int] = []
        for row in rows:
            known = self._places.get(row.id)
            if known is None:
                self._places[row.id] = len(self._all)
                fresh.append(len(self._all))
                self._all.append(row)
            else:
                self._all[known] = row
                if known < len(self._haystacks):
                    self._haystacks[known] = row.haystack
        self._order.extend(fresh)
        if len(fresh) < len(rows) or self.sorted_by:
            self._sort()
        else:
            self._hits.extend(self._matching(self._filter, fresh))
            self._arrange()

    def _matching(self, wanted: RowFilter, among: Sequence[int]) -> list[int]:
        """Return which of ``among`` match; haystacks nobody brought are made on the first need."""
        if wanted.needs_haystacks:
            self._haystacks.extend(row.haystack for row in self._all[len(self._haystacks) :])
        return wanted.hits(self._all, self._haystacks, among, self._lookup)

    def _lookup(self, row: Row, keyword: str) -> str:
        return self._texts.get(keyword, {}).get(row.id, "")

    @property
    def unknown(self) -> list[str]:
        """Return the keywords of elements that the filter asks for and nobody looked up since the rows changed."""
        return [
            each for each in self._filter.where.keywords if each not in self._texts or each in self._stale
        ]

    def know(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        """Take elements' texts (keyword → image set id → text), and filter by them."""
        self._texts.update(texts)
        self._stale.difference_update(texts)
        self._hits = self._matching(self._filter, self._order)
        self._arrange()

    def filter(self, text: str) -> None:
        """Show what matches ``text``.

        Of one that does not parse (yet) the terms before the wrong one count, and `problem` says what is wrong.
        """
        wanted, self.problem = None, ""
        while wanted is None:
            try:
                wanted = RowFilter(text)
            except UsageError as error:
                self.problem = self.problem or _short(error.message)
                text = text.rstrip().rpartition(" ")[0]
        among = self._hits if wanted.narrows(self._filter) else self._order
        self._hits = self._matching(wanted, among)
        self._filter = wanted
        self._arrange()

    @property
    def filtered(self) -> str:
        """Return the filter that is applied."""
        return self._filter.text

    @property
    def where(self) -> Where:
        """Return the filter that is applied, parsed."""
        return self._filter.where

    def counting(self) -> Counting:
        """Return what facets are counted in, for a thread."""
        if self._filter.needs_haystacks:
            self._matching(self._filter, ())
        return Counting(self._all, self._haystacks, self._hits, self._filter, self._lookup)

    def sort(self, by: str, *, descending: bool = False) -> None:
        """Sort by a column; ``""`` is the order in which the rows came."""
        self.sorted_by, self.descending = by, descending
        self._sort()

    def _sort(self) -> None:
        if self.sorted_by:
            value = attrgetter(self.sorted_by)
            keys = [value(row) for row in self._all]
            if self.sorted_by == "primary":
                keys = [-1 if key is None else int(key) for key in keys]
            elif keys and isinstance(keys[0], str):
                keys = [key.casefold() for key in keys]
            self._order.sort(key=keys.__getitem__, reverse=self.descending)
        else:
            self._order.sort()
        self._hits = self._matching(self._filter, self._order)
        self._arrange()


def _indented(cell: Cell) -> Cell:
    return (f"  {cell[0]}", cell[1]) if isinstance(cell, tuple) else f"  {cell}"


def _short(message: str) -> str:
    """Return what is wrong with a filter in as much as there is room for on top; help lists what there is."""
    wrong, more, _ = message.removeprefix("The filter is wrong at ").partition("; there are ")
    return f"{wrong} (F1 lists all)" if more else wrong
