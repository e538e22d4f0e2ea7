"""The line on top keeps where you are, what is counted and which store it is, however long the names."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from curator.tui.widgets.bars import TopBar
from tests.tui.seen import screen_text


class Bar(App[None]):
    CSS = "TopBar { height: 1; }"

    def compose(self) -> ComposeResult:
        yield TopBar()


@pytest.mark.parametrize("width", [80, 100])
async def test_a_long_title_leaves_room_for_the_store(width: int) -> None:
    app = Bar()
    async with app.run_test(size=(width, 4)) as pilot:
        title = f"Plan  {'edits of many image sets ' * 5}  0123abcd"
        app.query_one(TopBar).say(place=title, count="1 waiting  1 edit pending", store="local:/data/store")
        await pilot.pause()
        line = screen_text(app).splitlines()[0]
        assert "Plan  edits of" in line
        assert "…0123abcd  1 waiting  1 edit pending" in line
        assert "local:" in line


async def test_a_title_that_fits_is_whole() -> None:
    app = Bar()
    async with app.run_test(size=(80, 4)) as pilot:
        app.query_one(TopBar).say(
            place="Plan  resolve conflicts  0123abcd", count="3 waiting", store="local:x"
        )
        await pilot.pause()
        assert "Plan  resolve conflicts  0123abcd  3 waiting" in screen_text(app)
