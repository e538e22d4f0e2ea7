"""Everything a key, a click or the palette can do: one table, from which all four are drawn.

An action names what it needs; a screen says what it has (`Need`); the difference is why a key does nothing
right now, and is told in the footer, in help and when the key is pressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from textual.binding import Binding

from curator.tui.actions import (
    campaigns,
    conflicts,
    deidentify,
    difference,
    everywhere,
    findings,
    frames,
    image_sets,
    metadata,
    rules,
    stores,
    values,
    versions,
)
from curator.tui.actions.action import Action, Need

__all__ = ["ACTIONS", "Action", "Need", "bindings", "key_name", "of", "unknown", "with_keys"]

_PLACES = (
    everywhere,
    image_sets,
    deidentify,
    values,
    findings,
    conflicts,
    rules,
    campaigns,
    metadata,
    versions,
    difference,
    frames,
    stores,
)

ACTIONS: dict[str, Action] = {action.id: action for place in _PLACES for action in place.ACTIONS}

_ROWS = {
    "up": "move(-1)",
    "down": "move(1)",
    "page-up": "page(-1)",
    "page-down": "page(1)",
    "half-up": "page(-0.5)",
    "half-down": "page(0.5)",
    "first": "edge('first')",
    "last": "edge('last')",
    "left": "sideways(-1)",
    "right": "sideways(1)",
    "open": "open",
    "mark": "mark(1)",
    "mark-down": "mark(1)",
    "mark-up": "mark(-1)",
    "mark-range": "mark_range",
    "mark-all": "mark_all",
}
"""What a row view itself does for an action of ``rows``, in Textual's words."""


def of(place: str) -> Iterator[Action]:
    """Yield the actions of a place, in the table's order."""
    return (action for action in ACTIONS.values() if action.place == place)


def bindings(place: str) -> Iterator[Binding]:
    """Yield Textual's bindings of a place; their ids are the actions' ids, which a keymap speaks of."""
    for action in of(place):
        call = _ROWS[action.name] if place == "rows" else f"do('{action.id}')"
        yield Binding(action.keys, call, action.label, id=action.id, show=action.foot)


def with_keys(changed: Mapping[str, str]) -> dict[str, str]:
    """Return every action's keys, those of ``changed`` (action id → keys) in place of the table's."""
    return {action.id: changed.get(action.id, action.keys) for action in ACTIONS.values()}


def unknown(ids: Iterable[str]) -> list[str]:
    """Return which of ``ids`` are no actions."""
    return [name for name in ids if name not in ACTIONS]


_KEY_NAMES = {
    "slash": "/",
    "vertical_line": "|",
    "question_mark": "?",
    "colon": ":",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
    "escape": "esc",
    "enter": "⏎",
    "space": "␣",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "delete": "del",
    "number_sign": "#",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}


def key_name(key: str) -> str:
    """Return a key as people write it: ``ctrl+p`` is ``^p``, ``slash`` is ``/``."""
    *modifiers, last = key.split("+")
    name = _KEY_NAMES.get(last, last)
    for modifier in reversed(modifiers):
        name = f"^{name}" if modifier == "ctrl" else f"{modifier}+{name}"
    return name
