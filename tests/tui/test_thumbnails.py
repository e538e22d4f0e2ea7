"""The preview's picture: an image set's first frame, read in passing only where that costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from curator.pictures import frames_of, picture_of
from curator.tui.app import Workbench
from curator.tui.session import Session
from curator.tui.thumbnails import LONGEST_SIDE, HalfBlocks, Thumbnails
from curator.tui.work import Ticket
from tests.served import serving
from tests.tui.seen import gone, press, see, until

BLOCK = "▀▀▀"


async def test_the_preview_shows_the_first_frame_once_the_cursor_rests(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=patientid:three", "enter")
        await see(pilot, "1 of 5", BLOCK, "Three^Slices")
        await press(pilot, "slash", "=x", "escape")
        await press(pilot, "slash", "=modality:RTPLAN", "enter")
        await gone(pilot, BLOCK)


async def test_where_there_is_no_room_no_frame_is_read(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=patientid:three", "enter", "p")
        await see(pilot, "Preview", "Three^Slices")
        await until(pilot, lambda: not app.work.running)
        assert not app.thumbnails._kept


def test_outside_an_embedded_store_only_what_was_looked_at_is_shown(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Path(store.removeprefix("local:")), tmp_path / "ready.json") as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        session = Session.open(served.spec, project=None, read_only=True)
        try:
            assert not session.embedded
            (one,) = session.imaging.search([{"values": [{"DICOMPatientId": "three"}], "operator": "EQUAL"}])
            thumbnails, ticket = Thumbnails(), Ticket(7, "preview", 0.0)
            assert thumbnails.make(session, one.id, 1, ticket).image is None
            first = next(frames_of(session.document(one.id, "1")))
            data, kind = session.imaging.frame(one.id, first.id)
            kept = thumbnails.keep(one.id, 1, picture_of(data, kind, first.attributes))
            assert thumbnails.make(session, one.id, 1, ticket).image is kept
            assert thumbnails.make(session, one.id, 2, ticket).image is None  # it may be seen otherwise
        finally:
            session.close()


def test_a_picture_keeps_its_shape_in_cells_twice_as_tall_as_wide() -> None:
    wide = HalfBlocks.of(np.zeros((50, 100), np.uint8), 40, 30)
    assert [strip.cell_length for strip in wide.strips] == [40] * 10
    tall = HalfBlocks.of(np.zeros((100, 50), np.uint8), 40, 10)
    assert [strip.cell_length for strip in tall.strips] == [10] * 10
    lines = Console(width=60).render_lines(wide)
    assert len([line for line in lines if any("▀" in segment.text for segment in line)]) == 10


def test_thumbnails_are_small() -> None:
    from curator.pictures.picture import Picture

    large = Picture(None, np.zeros((2000, 1000, 3), np.uint8), None)
    assert Thumbnails().keep("x", 1, large).shape == (LONGEST_SIDE, LONGEST_SIDE // 2, 3)
