"""The list of image sets: a `RowView` whose lines may be groups that fold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual import events
from textual.strip import Strip

from curator.tui.grouping import columns_for
from curator.tui.image_set_rows import ImageSetRows
from curator.tui.rows import Column
from curator.tui.widgets.row_view import RowView

_ARROW = 2  # cells of a group's line that fold it: the arrow and the gap after it


class SetList(RowView):
    """Image sets, or groups of them: a group's mark is about its members, left and right fold it."""

    def __init__(self, columns: Sequence[Column], rows: ImageSetRows) -> None:
        super().__init__(columns, rows, id="list", markable=True)
        self.sets = rows
        self._whole: dict[int, int] = {}  # what the marks say of groups
        self._hidden: int | None = None

    # --- groups

    def fold(self, index: int, *, unfold: bool) -> None:
        """Fold or unfold the group at ``index``, the cursor on it."""
        self.sets.fold(index, unfold=unfold)
        self.show(cursor=index)

    def toggle(self, index: int) -> None:
        """Fold the group at ``index`` if it is unfolded, and the other way round."""
        self.fold(index, unfold=not self.sets.is_unfolded(index))

    def action_sideways(self, by: int) -> None:
        """In a group fold or unfold; else scroll columns that do not fit."""
        if not self.sets.group_by or self.cursor < 0:
            super().action_sideways(by)
        elif self.sets.at(self.cursor) is not None:
            if by < 0 and not self.scroll_offset.x:
                self.move(self.sets.head(self.cursor))
            else:
                super().action_sideways(by)
        elif self.sets.is_unfolded(self.cursor) is (by < 0):
            self.fold(self.cursor, unfold=by > 0)
        elif by > 0:
            self.move(self.cursor + 1)

    def on_click(self, event: events.Click) -> None:
        """A group's arrow folds it with one click."""
        index = self.scroll_offset.y + event.y - 1
        at = event.x + self.scroll_offset.x - self.gutter_width
        if event.y and index < len(self.sets) and self.sets.at(index) is None and 0 <= at < _ARROW:
            event.stop()
            event.prevent_default()
            self.toggle(index)

    # --- marks

    def keys_at(self, index: int) -> Sequence[str]:
        """Return the image set's id, or those of a group's members."""
        members = self.sets.members(index)
        return super().keys_at(index) if members is None else members

    def marks_at(self, index: int) -> int:
        """Return 1 where all of a group are marked, 2 where some are."""
        if self.sets.at(index) is not None:
            return super().marks_at(index)
        known = self._whole.get(index)
        if known is None:
            members = self.keys_at(index)
            count = sum(key in self.marks for key in members)
            known = self._whole[index] = 0 if not count else 1 if count == len(members) else 2
        return known

    def mark(self, keys: Collection[str], *, on: bool = True) -> None:
        """Mark image sets, or take their marks away."""
        self._forget()
        super().mark(keys, on=on)

    @property
    def hidden(self) -> int:
        """Return how many of the marked image sets the filter does not show."""
        if self._hidden is None:
            self._hidden = self.sets.hidden(self.marks)
        return self._hidden

    def _forget(self) -> None:
        self._whole.clear()
        self._hidden = None

    def keep_marks(self) -> None:
        """Take the marks of image sets away that are no more."""
        self.marks = {key for key in self.marks if self.sets.of(key) is not None}
        self._forget()

    def redraw(self, *, layout: bool = False) -> None:
        """Draw again, because the rows changed."""
        self._forget()
        super().redraw(layout=layout)

    # --- drawing

    @property
    def _all_folded(self) -> bool:
        return bool(self.sets.group_by) and len(self.sets) == self.sets.groups

    def _header(self) -> Strip:
        """The heads are those of groups as long as nothing else is shown; unfolded, a group's line says what is what."""
        if not self._all_folded:
            return super()._header()
        columns = columns_for(self.room - self.gutter_width, self.sets.group_by)
        return self._heads(columns, self.shared(columns))

    def _column_at(self, x: int) -> str:
        return "" if self._all_folded else super()._column_at(x)

    def _draw(self, index: int, marked: int) -> Strip:
        if self.sets.at(index) is not None:
            return super()._draw(index, marked)
        columns = columns_for(self.room - self.gutter_width)
        return self._drawn(index, marked, columns, self.shared(columns))
