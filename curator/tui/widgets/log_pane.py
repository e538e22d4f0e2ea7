"""What was done and what is running, newest last."""

from __future__ import annotations

import time
from collections.abc import Sequence

from curator.tui.rows import Cell, Column
from curator.tui.widgets.row_view import RowView
from curator.tui.work import State, Ticket, Work

_COLUMNS = (
    Column("time", "Time", 8),
    Column("state", "State", 9),
    Column("took", "Took", 7, right=True),
    Column("title", "What", 30, grow=2),
    Column("outcome", "Outcome", 10, grow=3),
)
_ROLES = {State.RUNNING: "accent", State.DONE: "good", State.FAILED: "bad", State.CANCELLED: "warn"}


class _Tickets:
    def __init__(self, tickets: list[Ticket]) -> None:
        self._tickets = tickets

    def __len__(self) -> int:
        return len(self._tickets)

    def key(self, index: int) -> str:
        return str(self._tickets[index].request)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        ticket = self._tickets[index]
        took = (ticket.ended or time.time()) - ticket.begun
        return (
            (time.strftime("%H:%M:%S", time.localtime(ticket.begun)), "dim"),
            (str(ticket.state), _ROLES[ticket.state]),
            (f"{took:.1f} s", "dim"),
            ticket.title,
            (ticket.outcome, _ROLES[ticket.state]),
        )


class LogPane(RowView):
    """The log of this session's work, shown below any screen."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS)
        self.display = False

    def show_work(self, work: Work) -> None:
        """Show what `Work` knows, following its end unless the user looks further up."""
        follow = self.cursor >= len(self.rows) - 1
        tickets = list(work.history)
        self.show(_Tickets(tickets), cursor=len(tickets) - 1 if follow else self.cursor)
