"""Ways that many tests of the terminal interface go before their own begins."""

from __future__ import annotations

from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.seen import press, see, until

S = TypeVar("S", bound=Screen[Any])


async def at(pilot: Pilot[Any], widget: str) -> None:
    """Wait until keys go to this widget: a screen that is seen may not have the focus yet."""
    await until(pilot, lambda: getattr(pilot.app.focused, "id", "") == widget, f"the focus on {widget}")


async def on_top(pilot: Pilot[Any], kind: type[S]) -> S:
    """Wait until a screen of this kind is on top, and return it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), f"a {kind.__name__} on top")
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    return screen


async def reach(pilot: Pilot[Any], kind: type[S], *keys: str, sets: int, shown: tuple[str, ...] = ()) -> S:
    """Press ``keys`` at the list of so many image sets, see what is ``shown``, and return the screen."""
    await see(pilot, f"Image sets  {sets}")
    await press(pilot, *keys)
    await see(pilot, *shown)
    return await on_top(pilot, kind)


async def to_a_publication(pilot: Pilot[Any]) -> None:
    """Plan the publication of one image set, and go to its plan."""
    await see(pilot, "Image sets  5")
    await press(pilot, "slash", "=patientid:three", "enter", "space", "D")
    await see(pilot, "1 marked image set", "basic")
    await at(pilot, "profiles")
    await press(pilot, "enter")
    await see(pilot, "What this publication costs")
    await at(pilot, "told")
    await press(pilot, "escape")
    await see(pilot, "published by basic")


async def apply_plan(pilot: Pilot[Any], *asked: str, done: str = "done") -> None:
    """Apply the plan that is shown: read what is ``asked``, say yes, and wait until it is ``done``."""
    await press(pilot, "A")
    await see(pilot, "Apply this plan?", *asked)
    await at(pilot, "cancel")
    await press(pilot, "tab", "enter")
    await see(pilot, "apply the plan:", done)
