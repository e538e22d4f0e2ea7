"""Values are decided with one key, for all image sets, and stay decided in the project."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from curator.campaign.deciding import kept_decisions
from curator.project import Project
from curator.tui.app import Workbench
from curator.tui.screens.values import ValuesRead, ValuesScreen
from tests.tui.reaching import at, on_top
from tests.tui.seen import press, see, until
from tests.tui.test_hostile import clean

WIDE = (200, 50)


def decided() -> list[tuple[str, str, str, str]]:
    return [
        (each.element, each.value, each.decision, each.replacement) for each in kept_decisions(Project.open())
    ]


async def values(pilot: Pilot[None], count: int) -> ValuesScreen:
    """Open the values under the first profile."""
    await see(pilot, f"Image sets  {count}")
    await press(pilot, "D")
    await see(pilot, "research")
    await at(pilot, "profiles")
    await press(pilot, "w")
    await see(pilot, "The profile would", "0 decided")
    return await on_top(pilot, ValuesScreen)


async def test_one_key_decides_and_another_takes_it_back(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await values(pilot, 18)
        await press(pilot, "slash", "=manufacturer ge", "enter")
        await see(pilot, "GE MEDICAL SYSTEMS", " of ")
        await press(pilot, "y")
        await see(pilot, "1 decided", "keep")
        assert [each[2] for each in decided()] == ["keep"]
        await press(pilot, "home", "u")
        await see(pilot, "0 decided")
        assert decided() == []


async def test_marked_values_are_replaced_together_and_the_plan_follows(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await values(pilot, 18)
        await press(pilot, "slash", "=patient/patientsex", "enter", "ctrl+a")
        await press(pilot, "r")
        await at(pilot, "value")
        await press(pilot, "=O", "enter")
        await until(pilot, lambda: len(decided()) > 1)
        assert {each[2:] for each in decided()} == {("replace", "O")}
        assert all("PatientSex" in each[0] for each in decided())


async def test_what_is_not_decided_value_by_value_says_why(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await values(pilot, 18)
        await press(pilot, "slash", "=patient/patientname", "enter", "y")
        await see(pilot, "This cannot be decided")
        assert decided() == []


async def test_hostile_values_show_as_text_and_are_decided_exactly(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await values(pilot, 5)
        await press(pilot, "slash", "=studydescription [31m", "enter")
        await see(pilot, "␛[31mred")
        clean(app)
        await press(pilot, "x")
        await see(pilot, "1 decided", "remove")
        clean(app)
        assert decided()[0][1].startswith("\x1b[31m")
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert "red" not in told


async def test_a_filter_that_was_typed_before_they_came_holds(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await values(pilot, 18)
        came = ValuesRead(screen._request, screen.rows.all, ())
        await press(pilot, "slash", "=stationname", "enter")
        await see(pilot, " of ", "StationName")
        screen.post_message(came)
        await pilot.pause()
        assert 0 < len(screen.rows) < screen.rows.total
