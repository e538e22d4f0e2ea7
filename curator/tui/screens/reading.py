"""Reading documents of a store where that costs: what it costs is said first, and it can be stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from curator.catalogue import ReadCost
from curator.printable import plural
from curator.tui.actions import Need
from curator.tui.messages import RowsRead
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.listing import ListingPlace
from curator.tui.work import Failed, Ticket

_WHY = (
    "Each document read is a touch: the service counts it as access, and moves the image set back to the dearer "
    "storage tier for a while. What is read stays in the catalogue on this machine and is not read again until it "
    "changes. Stopping keeps what was read until then."
)


@dataclass
class ReadPlanned(Message):
    """What reading costs; of ``ids``, or of all that are not read."""

    request: int
    cost: ReadCost
    ids: Sequence[str]


class ReadingPlace(ListingPlace):
    """A listing whose rows may know less than their documents say."""

    def __init__(self) -> None:
        super().__init__()
        self._planning = 0
        self._reading = 0

    def held(self) -> set[Need]:
        """Return what is at hand: a store whose documents are not read unasked."""
        held = super().held()
        session = self.bench.session
        return held | {Need.REMOTE} if session is not None and not session.embedded else held

    def do_read(self) -> None:
        """Find out what reading costs: of the marked image sets, or of all."""
        session = self.bench.session
        if session is None:
            return
        marked = [row for each in self.view.marks if (row := self.rows.of(each)) is not None]
        ids = sorted(row.id for row in marked if not row.read)
        if marked and not ids:
            self.bench.say("What is marked was read already.")
            return

        def plan(ticket: Ticket) -> ReadPlanned:
            cost = ReadCost(len(ids), len(ids), 0, 0, 0) if ids else session.read_cost()
            return ReadPlanned(ticket.request, cost, ids)

        self._planning = self.bench.work.begin("find out what reading costs", self, plan)

    def on_read_planned(self, message: ReadPlanned) -> None:
        """Ask."""
        if message.request != self._planning:
            return
        cost = message.cost
        if cost.nothing:
            self.bench.say(f"{cost}.")
            return

        def answered(read: bool | None) -> None:
            if read:
                self._read_documents(cost, message.ids)

        reads = plural(cost.touches, "metadata document")
        self.app.push_screen(ConfirmScreen(f"Read {reads}?", f"{cost}.\n\n{_WHY}", "Read"), answered)

    def _read_documents(self, cost: ReadCost, ids: Sequence[str]) -> None:
        session = self.bench.session
        if session is None:
            return

        def read(ticket: Ticket) -> RowsRead:
            if ids:
                session.read_these(ticket, ids)
            else:
                session.read_documents(ticket, cost)
            rows = session.catalogue.rows()
            return RowsRead(ticket.request, rows, [row.haystack for row in rows], final=True)

        self._reading = self._request = self.bench.work.begin("read metadata documents", self, read)

    def failed(self, message: Failed) -> None:
        """What was read until it failed, or was stopped, is shown."""
        super().failed(message)
        if message.request == self._reading:
            self.show_known()
