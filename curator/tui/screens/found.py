"""What the screens share that look for something among image sets, list it, and make plans of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.widget import Widget
from textual.widgets import Static

from curator.printable import plural
from curator.tui.messages import Planned, Written
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.filtered import WordsPlace
from curator.tui.word_rows import WordRows

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.tui.session import Session

T = TypeVar("T")


class FoundPlace(WordsPlace[T]):
    """A place of what was found among ``ids``, or all image sets; a sentence stands where nothing was."""

    NOTHING: ClassVar[str]

    def __init__(self, rows: WordRows[T], ids: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.ids = tuple(ids)
        self._looked = False
        self._request = 0
        self._planning = 0

    def nothing(self) -> Widget:
        """Return what says that nothing was found."""
        widget = Static(self.NOTHING, id="nothing", markup=False)
        widget.display = False
        return widget

    def on_mount(self) -> None:
        """Look at once."""
        self.do_refresh()

    def store_opened(self) -> None:
        """Look in the store opened anew."""
        self.do_refresh()

    def written(self, message: Written) -> None:
        """Look again after a plan was applied or undone."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Look again."""
        raise NotImplementedError

    def show_found(self, rows: WordRows[T]) -> None:
        """Show what was found, as far as the filter goes, or that nothing was."""
        self._looked = True
        self.rows = rows
        rows.filter(self.filter_text)
        self.view.marks.clear()
        self.view.show(rows)
        self.view.display = bool(rows.total)
        self.query_one("#nothing").display = not rows.total

    def count_text(self) -> str:
        """Return how many, how many are marked, and among how many image sets, once they were looked for."""
        if not self._looked:
            return ""
        marks = f"  ● {len(self.view.marks):,} marked" if self.view.marks else ""
        return self.counted() + marks + (f"  in {plural(len(self.ids), 'image set')}" if self.ids else "")

    def plan(self, title: str, make: Callable[[Session, str], Campaign]) -> None:
        """Make a plan in a thread, from the session and the store's specification, and show it."""
        session, spec = self.bench.session, self.bench.store_spec
        if session is not None:
            self._planning = self.bench.work.begin(
                title, self, lambda ticket: Planned(ticket.request, make(session, spec))
            )

    def on_planned(self, message: Planned) -> None:
        """Show the plan."""
        if message.request == self._planning:
            self.app.push_screen(CampaignScreen(message.campaign))
