"""While other programs write into an embedded store, the list shows what they did, without being asked to."""

from __future__ import annotations

import time

import pytest

from curator.healthimaging import HealthImaging
from curator.tui import app as workbench
from curator.tui.app import Workbench
from curator.tui.session import Session
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Ticket
from tests.tui.seen import press, screen_text, see, until

SIZE = (200, 50)
CHANGED = b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"Written elsewhere"}}}'


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench, "_LOOK", 0.2)


def listed(app: Workbench) -> RowView:
    return app.screen_stack[1].query_one("#list", RowView)


async def test_what_another_program_wrote_is_shown(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "version 1")
        await press(pilot, "j", "j", "space")
        view = listed(app)
        current, logged = view.current, len(app.work.history)
        imaging.wait(current, imaging.update(current, "1", updatable=CHANGED))
        await see(pilot, "Written elsewhere", "version 2", "● 1 marked")
        assert view.current == current
        assert len(app.work.history) == logged, "nobody asked for it, so the log does not tell of it"


async def test_what_another_program_deleted_goes(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        imaging.delete(listed(app).current)
        await see(pilot, "Image sets  4")


async def test_it_is_seen_below_other_screens_too(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        current = listed(app).current
        await press(pilot, "question_mark")
        await see(pilot, "Show only rows that match")
        imaging.wait(current, imaging.update(current, "1", updatable=CHANGED))
        await until(pilot, lambda: _version(app, current) == 2)
        await press(pilot, "escape")
        await see(pilot, "Written elsewhere")


def test_reading_what_changed_leaves_most_of_the_time_to_the_user(store: str, imaging: HealthImaging) -> None:
    session = Session.open(store, project=None, read_only=False)
    ticket = Ticket(1, "read what changed", 0)
    session.rows(ticket, lambda _: None, lambda _: None)
    assert not session.behind()
    first = next(imaging.search()).id
    imaging.wait(first, imaging.update(first, "1", updatable=CHANGED))
    assert session.behind()
    begun = time.monotonic()
    rows = session.rows_now(ticket)
    ended = time.monotonic()
    assert next(row for row in rows if row.id == first).version == 2
    assert not session.behind()
    assert ended < session.rest_until <= ended + 9 * (ended - begun)
    session.close()


async def test_a_store_that_is_gone_does_not_nag(store: str) -> None:
    from pathlib import Path

    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        folder = Path(store.partition(":")[2])
        folder.rename(folder.with_name("elsewhere"))
        folder.mkdir()
        for _ in range(5):
            await pilot.pause(0.1)
        seen = screen_text(app)
        assert "Image sets  5" in seen
        assert "r tries again" not in seen


def _version(app: Workbench, image_set: str) -> int:
    row = app.screen_stack[1].rows.of(image_set)  # type: ignore[attr-defined]  # the list's rows
    return int(row.version)
