"""Work that may take time: it runs in a thread, and its outcome comes back as a message.

Threads are daemons of our own rather than Textual's thread workers: asyncio waits for its executor when the
program ends, and a call to a dead endpoint must not keep a terminal. A thread never touches a widget; it
returns the message that its asker gets, and the asker drops it when it has asked anew since (`request`).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from textual.message import Message
from textual.message_pump import MessagePump

from curator.errors import Cancelled, CuratorError

_REPORTS_PER_SECOND = 10


class State(StrEnum):
    """What became of a piece of work."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Ticket:
    """One piece of work. ``title`` and ``outcome`` are shown in the log: they hold no element values."""

    request: int
    title: str
    begun: float
    writes: bool = False
    state: State = State.RUNNING
    outcome: str = ""
    ended: float = 0.0
    done: int = 0
    total: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    going: threading.Event = field(default_factory=threading.Event)  # cleared: begin nothing new (campaigns)
    changed: Callable[[], None] = field(default=lambda: None, repr=False)

    def __post_init__(self) -> None:
        """Let it go from the start."""
        self.going.set()

    @property
    def cancelled(self) -> bool:
        """Tell whether the user asked to stop."""
        return self.stop.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""
        if self.stop.is_set():
            raise Cancelled(f"{self.title}: cancelled")

    def report(self, done: int, total: int = 0) -> None:
        """Say how far the work is (``total`` 0: not known), and stop when asked to."""
        self.check()
        self.done, self.total = done, total
        self.changed()


@dataclass
class Failed(Message):
    """The work asked for did not succeed."""

    request: int
    title: str
    error: CuratorError


@dataclass
class WorkChanged(Message):
    """Something began, went on or ended; what, is in `Work`."""


class Work:
    """All work of one application: what runs, and what ran."""

    def __init__(self, app: MessagePump) -> None:
        self._app = app
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._told = 0.0
        self._turns: dict[str, threading.Thread] = {}  # the last thread of each
        self.history: deque[Ticket] = deque(maxlen=1000)

    @property
    def running(self) -> list[Ticket]:
        """Return what is under way, oldest first."""
        with self._lock:
            return [ticket for ticket in self.history if ticket.state is State.RUNNING]

    def begin(
        self,
        title: str,
        asker: MessagePump,
        task: Callable[[Ticket], Message | None],
        *,
        writes: bool = False,
        quiet: bool = False,
        turn: str = "",
    ) -> int:
        """Run ``task`` in a thread; post what it returns, or `Failed`, to ``asker``. Return the request id.

        ``quiet`` work is not logged: the user did not ask for it. Works of one ``turn`` are done, and answered, one
        after another in the order in which they were asked for.
        """
        ticket = Ticket(next(self._numbers), title, time.time(), writes=writes, changed=self._report)
        if not quiet:
            with self._lock:
                self.history.append(ticket)
        before = self._turns.get(turn)
        thread = threading.Thread(
            target=self._run, args=(ticket, asker, task, before), daemon=True, name=title
        )
        if turn:
            self._turns[turn] = thread
        self._app.post_message(WorkChanged())
        thread.start()
        return ticket.request

    def note(self, text: str) -> None:
        """Write a line into the log that no work stands behind."""
        now = time.time()
        with self._lock:
            self.history.append(Ticket(next(self._numbers), text, now, state=State.DONE, ended=now))
        self._app.post_message(WorkChanged())

    def cancel(self) -> int:
        """Ask everything that runs to stop, and return how many that are."""
        tickets = self.running
        for ticket in tickets:
            ticket.stop.set()
        return len(tickets)

    def _run(
        self,
        ticket: Ticket,
        asker: MessagePump,
        task: Callable[[Ticket], Message | None],
        before: threading.Thread | None,
    ) -> None:
        state, outcome, answer = State.DONE, "", None
        if before is not None:
            before.join()
        try:
            answer = task(ticket)
        except Cancelled:
            state = State.CANCELLED
            answer = Failed(ticket.request, ticket.title, Cancelled(f"{ticket.title}: cancelled"))
        except CuratorError as error:
            state, outcome = State.FAILED, error.message
            answer = Failed(ticket.request, ticket.title, error)
        except Exception as error:
            # Its text may quote an element's value, so only the kind is told.
            state, outcome = State.FAILED, f"unexpected {type(error).__name__}"
            answer = Failed(ticket.request, ticket.title, CuratorError(f"{ticket.title}: {outcome}"))
        with self._lock:
            ticket.state, ticket.ended = state, time.time()
            ticket.outcome = outcome or ticket.outcome
        if answer is not None:
            asker.post_message(answer)
        self._app.post_message(WorkChanged())

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._told >= 1 / _REPORTS_PER_SECOND:
            self._told = now
            self._app.post_message(WorkChanged())
