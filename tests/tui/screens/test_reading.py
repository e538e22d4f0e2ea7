"""A store where reading costs: nothing is read unasked, the price is said first, and marks say what to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.errors import Cancelled
from curator.tui.app import Workbench
from curator.tui.session import Session
from curator.tui.work import Ticket
from tests.served import Served, serving
from tests.tui.seen import press, see, until

SIZE = (80, 24)


@pytest.fixture
def served(store: str, tmp_path: Path) -> Iterator[Served]:
    with serving(Path(store.removeprefix("local:")), tmp_path / "ready.json") as each:
        yield each


def read(app: Workbench) -> int:
    assert app.session is not None
    return sum(row.read for row in app.session.catalogue.rows())


async def test_marked_documents_then_all_are_read_after_a_question(served: Served) -> None:
    app = Workbench(served.spec)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await until(pilot, lambda: not app.work.running)
        assert read(app) == 0
        await press(pilot, "space", "space", "T")
        await see(pilot, "Read 2 metadata documents?", "dearer", "Cancel")
        await press(pilot, "enter")  # Cancel has the focus
        assert read(app) == 0
        await press(pilot, "T")
        await see(pilot, "Read 2 metadata documents?")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: read(app) == 2)
        await press(pilot, "T")
        await see(pilot, "What is marked was read already.")
        await press(pilot, "u", "T")
        await see(pilot, "Read 3 metadata documents?", "at least 1 s at the service's rates")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: read(app) == 5)
        await press(pilot, "T")
        await see(pilot, "all in the catalogue: nothing to read")
        told = [ticket.title for ticket in app.work.history]
        assert "read metadata documents" in told


async def test_an_embedded_store_is_read_already(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "T")
        await see(pilot, "Read documents: of an embedded store")


def test_stopping_leaves_the_rest_unread(store: str) -> None:
    session = Session.open(store, project=None, read_only=False)
    try:
        session.catalogue.plan_refresh(session.imaging)
        ids = [row.id for row in session.catalogue.rows()]
        ticket = Ticket(1, "read", 0.0)
        ticket.changed = ticket.stop.set  # as soon as one is told of
        with pytest.raises(Cancelled):
            session.read_these(ticket, ids)
        assert session.read_cost().touches <= len(ids) - 1
        session.read_these(Ticket(2, "read", 0.0), ids)
        assert session.read_cost().touches == 0
    finally:
        session.close()
