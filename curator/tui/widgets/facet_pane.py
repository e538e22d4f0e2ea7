"""The pane that shows how the list falls apart by modality, status and so on, and narrows it by a key or a click."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip

from curator.catalogue.facets import Choice, Facet
from curator.catalogue.where import Where
from curator.tui.facet_rows import COLUMNS, Counts, FacetRows
from curator.tui.widgets.row_view import RowView


class FacetPane(RowView):
    """Facets and their values; enter, space or a click chooses one, with ctrl it is left out."""

    @dataclass
    class Chosen(Message):
        """A value was chosen, or is to be left out, of a facet of which ``choice`` is asked so far."""

        facet: Facet
        choice: Choice
        value: str
        leave_out: bool

    def __init__(self) -> None:
        self.facets = FacetRows()
        super().__init__(COLUMNS, self.facets, id="facets")
        self.display = False

    def tell(self, counts: Counts | None, where: Where) -> None:
        """Show other counts (None: the same), and what the filter asks; the cursor stays on its line."""
        current = self.current
        self.facets.show(counts, where)
        self.show(cursor=self.facets.place(current))

    @property
    def on_value(self) -> bool:
        """Tell whether the cursor is on a value, and keys are for the pane."""
        line = self.facets.at(self.cursor)
        return self.has_focus and line is not None and line.value is not None

    def choose(self, index: int, *, leave_out: bool = False) -> None:
        """Choose the value at ``index``, or fold its facet, or show its other values."""
        line = self.facets.at(index)
        if line is None:
            return
        if line.value is not None:
            choice = self.facets.choice(line.facet)
            self.post_message(self.Chosen(line.facet, choice, line.value, leave_out))
            return
        if line.rest:
            self.facets.show_all(line.facet)
        else:
            self.facets.fold(line.facet, fold=line.facet.name not in self.facets.folded)
        self.show(cursor=index)

    def action_open(self) -> None:
        """Choose."""
        self.choose(self.cursor)

    def action_mark(self, by: int) -> None:
        """Choose, and go on to the next."""
        self.choose(self.cursor)
        self.move(self.cursor + by)

    def action_sideways(self, by: int) -> None:
        """Fold or unfold the facet."""
        line = self.facets.at(self.cursor)
        if line is not None:
            self.facets.fold(line.facet, fold=by < 0)
            self.show(cursor=self.facets.head(line.facet))

    def _draw(self, index: int, marked: int) -> Strip:
        line = self.facets.at(index)
        if line is None or line.value is not None:
            return super()._draw(index, marked)
        return self._drawn(index, marked, COLUMNS[:1], self.shared(COLUMNS[:1]))

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        event.stop()
        event.prevent_default()
        index = self.scroll_offset.y + event.y - 1
        if event.y and index < len(self.facets):
            self.move(index)
            self.choose(index, leave_out=event.ctrl)
