"""Quick typing: every key reaches what it was meant for, though a key before it moves the focus."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.pilot import Pilot

from curator.tui.app import Workbench
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from tests.tui.reaching import at
from tests.tui.seen import press, see, until

SIZE = (80, 24)
_NAMES = {
    "/": "slash",
    "\r": "enter",
    "\x1b": "escape",
    " ": "space",
    "!": "exclamation_mark",
    ":": "colon",
    "?": "question_mark",
}


async def burst(pilot: Pilot[None], text: str) -> None:
    """Hand all keys to the application at once, as a terminal does with what was typed meanwhile."""
    for character in text:
        name = _NAMES.get(character, character)
        pilot.app.post_message(events.Key(name, None if name == "escape" else character))
    await pilot.pause()


def filter_text(app: Workbench) -> str:
    return app.screen.query_one(FilterField).value


@pytest.mark.parametrize("rest", ["", "/three"])
async def test_a_key_after_enter_is_a_command_on_the_row_the_filter_found(store: str, rest: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        if not rest:
            await press(pilot, "slash")
        await burst(pilot, (rest or "three") + "\rm")
        await see(pilot, "Metadata", "Three^Slices")
        await press(pilot, "q")
        await see(pilot, "1 of 5")
        assert filter_text(app) == "three"


@pytest.mark.parametrize("turns", range(0, 16, 3))
async def test_what_is_typed_while_the_filter_opens_is_its_text_in_order(store: str, turns: int) -> None:
    """Keys come while ``/`` is anywhere on its way: between the list, what is around it, and the application."""
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        for character in "/mrdvq":  # all of them are commands of the list
            app.post_message(events.Key(_NAMES.get(character, character), character))
            for _ in range(turns):
                await asyncio.sleep(0)
        await until(pilot, lambda: len(filter_text(app)) == 5)
        assert filter_text(app) == "mrdvq"
        await see(pilot, "Image sets", "0 of 5")


async def test_a_key_whose_widget_goes_holds_nobody_up(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        for _ in range(3):
            await burst(pilot, "mq?qfqCq")  # screens come and go under the keys
        await burst(pilot, "/three\r")
        await see(pilot, "1 of 5  filtered")


async def test_several_filters_typed_in_one_go(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await burst(pilot, "/th\r \x1b/mod\r  ")
        await until(pilot, lambda: filter_text(app) == "mod")
        await see(pilot, "● 1 marked")
        assert app.focused is app.screen.query_one("#list")


async def test_a_key_after_escape_is_a_command(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash")
        await burst(pilot, "zzz\x1bjj")
        await see(pilot, "Image sets  5")
        assert filter_text(app) == ""
        await until(pilot, lambda: app.screen.query_one("#list", RowView).cursor == 2)


async def test_the_findings_and_the_values_hear_it_too(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "f")
        await see(pilot, "CUR310")
        await burst(pilot, "/cur310\r ")
        await see(pilot, "● 1 marked")
        assert filter_text(app) == "cur310"
        await burst(pilot, "\x1b\x1bD")
        await see(pilot, "basic")
        await at(pilot, "profiles")
        await burst(pilot, "w")
        await see(pilot, "Decided", "0 decided")
        await at(pilot, "values")
        await burst(pilot, "/patient\rj")
        await until(pilot, lambda: app.screen.query_one("#values", RowView).cursor == 1)
        assert filter_text(app) == "patient"


async def test_opening_the_filter_again_begins_another_term(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await burst(pilot, "/modality:CT\r/three\r")
        await until(pilot, lambda: filter_text(app) == "modality:CT three")
        await see(pilot, "1 of 5")
        await burst(pilot, "/\r")
        await until(pilot, lambda: app.focused is app.screen.query_one("#list"))
        assert filter_text(app) == "modality:CT three"
