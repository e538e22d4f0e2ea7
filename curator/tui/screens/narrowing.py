"""Ways to see less of the list: facets that write filter terms, and groups that fold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from textual import on
from textual.message import Message
from textual.timer import Timer

from curator.catalogue.facets import choosing
from curator.tui.actions import ACTIONS, Action, Need
from curator.tui.facet_rows import Counts
from curator.tui.grouping import GroupBy
from curator.tui.screens.reading import ReadingPlace
from curator.tui.widgets.facet_pane import FacetPane
from curator.tui.work import Ticket

_PAUSE = 0.06  # seconds without a key before facets are counted anew
_CHOOSES = "Show only rows of this value of the facet, or no longer"
_WIDE = 160  # columns from which the facets have room beside list and preview


@dataclass
class FacetsCounted(Message):
    """How the list falls apart."""

    request: int
    counts: Counts = field(repr=False)


class NarrowingPlace(ReadingPlace):
    """A listing with a `FacetPane` beside the list."""

    def __init__(self) -> None:
        super().__init__()
        self.facets_wanted: bool | None = None  # None: when there is room
        self._counting = 0
        self._count_soon: Timer | None = None

    @property
    def pane(self) -> FacetPane:
        """Return the facets."""
        return self.query_one("#facets", FacetPane)

    def held(self) -> set[Need]:
        """Return what is at hand: a facet's value, groups."""
        held = super().held()
        if self.here:
            held |= {Need.FACET} if self.pane.on_value else set()
            held |= {Need.GROUPS} if self.rows.group_by else set()
        return held

    # --- facets

    def on_resize(self) -> None:
        """The facets show themselves where there is room."""
        self.place_facets()

    def place_facets(self) -> None:
        """Show or hide the facets."""
        wanted = self.app.size.width >= _WIDE if self.facets_wanted is None else self.facets_wanted
        if wanted and not self.pane.display:
            self.pane.display = True
            self._count()
        elif not wanted and self.pane.display:
            self.pane.display = False
            if self.focused is self.pane:
                self.set_focus(self.view)

    def do_facets(self) -> None:
        """Show the facets and go there; from there, hide them."""
        self.facets_wanted = not (self.pane.display and self.focused is self.pane)
        self.place_facets()
        self.set_focus(self.pane if self.facets_wanted else self.view)

    def rows_changed(self) -> None:
        """Count anew, as soon as nothing more is typed."""
        super().rows_changed()
        if not self.pane.display:
            return
        self.pane.tell(None, self.rows.where)
        if self._count_soon is not None:
            self._count_soon.stop()
        self._count_soon = self.set_timer(_PAUSE, self._count)

    def _count(self) -> None:
        counting = self.rows.counting()

        def count(ticket: Ticket) -> FacetsCounted:
            return FacetsCounted(ticket.request, counting.counts())

        self._counting = self.bench.work.begin("count the facets", self, count, quiet=True)

    def on_facets_counted(self, message: FacetsCounted) -> None:
        """Show the counts."""
        if message.request == self._counting:
            self.pane.tell(message.counts, self.rows.where)
            self.tell()

    @on(FacetPane.Chosen)
    def _chosen(self, event: FacetPane.Chosen) -> None:
        choice = event.choice.toggled(event.value, leave_out=event.leave_out)
        self.set_filter(choosing(self.rows.where, event.facet, choice))
        self.tell()

    def actions(self) -> list[Action]:
        """Return the actions that work here; in the facets, enter chooses."""
        found = super().actions()
        if self.here and self.pane.on_value:
            found.insert(0, replace(ACTIONS["rows.open"], label="Choose", says=_CHOOSES, foot=True))
        return found

    def do_open(self) -> None:
        """Ask for the value under the cursor, or no longer."""
        self.pane.choose(self.pane.cursor)

    def do_exclude(self) -> None:
        """Leave the value under the cursor out, or no longer."""
        self.pane.choose(self.pane.cursor, leave_out=True)

    def do_back(self) -> None:
        """Leave the facets; else the filter."""
        if self.focused is self.pane:
            self.set_focus(self.view)
        else:
            super().do_back()

    # --- groups

    def do_group(self) -> None:
        """Gather by the next thing."""
        self.group(self.rows.group_by.next)

    def group(self, by: GroupBy) -> None:
        """Gather by something, the cursor staying with its image set."""
        view = self.view
        row = self.rows.at(view.cursor)
        first = next(iter(self.rows.rows_of_group(view.cursor)), None)
        self.rows.group(by)
        known = row or first
        view.show(cursor=max(0, self.rows.place(known.id)) if known is not None else 0)

    def do_unfold(self) -> None:
        """Show all members."""
        self._fold_all(unfold=True)

    def do_fold(self) -> None:
        """Show groups only."""
        self._fold_all(unfold=False)

    def _fold_all(self, *, unfold: bool) -> None:
        view = self.view
        current = view.current
        self.rows.fold_all(unfold=unfold)
        view.show(cursor=max(0, self.rows.place(current)))
