"""The line on top, which says where you are, and the line at the bottom, which says what you can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from curator.printable import printable
from curator.tui.actions import Action, Need, key_name
from curator.tui.rows import fit

_NAME = " curator "
_PLACE = 34  # cells that a place's name has at least: the store goes first, then the end of what is counted
_TAIL = 8  # characters of its end that stay
_STORE = 12  # cells that the name of a store has, where the place's leaves any


class TopBar(Widget):
    """Where you are, how much there is, what is running, and READ-ONLY when it is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "top-bar--name",
        "top-bar--place",
        "top-bar--work",
        "top-bar--read-only",
    }

    def __init__(self) -> None:
        super().__init__()
        self._place = ""
        self._count = ""
        self._work = ""
        self._store = ""
        self._read_only = False

    def say(
        self,
        *,
        place: str | None = None,
        count: str | None = None,
        work: str | None = None,
        store: str | None = None,
        read_only: bool | None = None,
    ) -> None:
        """Change what the line says; what is not given stays."""
        before = (self._place, self._count, self._work, self._store, self._read_only)
        self._place = self._place if place is None else printable(place)
        self._count = self._count if count is None else printable(count)
        self._work = self._work if work is None else printable(work)
        self._store = self._store if store is None else printable(store)
        self._read_only = self._read_only if read_only is None else read_only
        if before != (self._place, self._count, self._work, self._store, self._read_only):
            self.refresh()

    def render(self) -> Text:
        """Return the line, the least important parts left out when it is narrow."""
        style = self.get_component_rich_style
        right = Text(no_wrap=True)
        if self._work:
            right.append(f"{self._work} ", style("top-bar--work", partial=True))
        count = f"  {self._count}" if self._count else ""
        room = self.size.width - cell_len(count) - (12 if self._read_only else 0) - 3
        left = Text(no_wrap=True, overflow="ellipsis")
        # A long name of the place leaves room for what is counted and for the store: the program's own goes first. What
        # is running takes the store's room, so that nothing moves when it ends.
        if cell_len(_NAME) + 1 + cell_len(self._place) + _STORE <= room:
            left.append(_NAME, style("top-bar--name"))
        most = room - left.cell_len - 1
        place = _middle_cut(self._place, most - _STORE if most - _STORE >= _PLACE else max(most, _PLACE))
        left.append(f" {place}", style("top-bar--place", partial=True))
        room -= left.cell_len + right.cell_len
        left.append(count)
        if self._store and room >= 8:
            right.append(f" {fit(self._store, min(room, cell_len(self._store)))} ")
        if self._read_only:
            right.append(" READ-ONLY ", style("top-bar--read-only"))
        left.truncate(max(0, self.size.width - right.cell_len), overflow="ellipsis", pad=True)
        return left + right


def _middle_cut(text: str, most: int) -> str:
    """Return a text in so many cells, its beginning and its end: a plan's title ends with its id."""
    if cell_len(text) <= most:
        return text
    end = text[-_TAIL:]
    return fit(text, most - cell_len(end)) + end


class KeyBar(Widget):
    """The keys that matter here, those that do nothing now dimmed; each can be clicked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label", "key-bar--off"}

    class Pressed(Message):
        """An action was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__()
        self._actions: tuple[tuple[Action, str], ...] = ()
        self._held: frozenset[Need] = frozenset()
        self._spans: list[tuple[int, int, str]] = []

    def say(self, actions: Sequence[tuple[Action, str]], held: Collection[Need]) -> None:
        """Show ``actions`` with their keys, given what is at hand."""
        new = (tuple(actions), frozenset(held))
        if new != (self._actions, self._held):
            self._actions, self._held = new
            self.refresh()

    def render(self) -> Text:
        """Return as many actions as fit; help, one key away, has the rest and always fits."""
        key_style = self.get_component_rich_style("key-bar--key", partial=True)
        label_style = self.get_component_rich_style("key-bar--label", partial=True)
        off = self.get_component_rich_style("key-bar--off", partial=True)
        line, self._spans = Text(" ", no_wrap=True), []
        last = next((pair for pair in self._actions if pair[0].id == "app.help"), None)
        kept = _length(*last) if last else 0
        for action, keys in [
            *(pair for pair in self._actions if pair is not last),
            *([last] if last else []),
        ]:
            key = key_name(keys.split(",")[0])
            enabled = not action.why_not(self._held)
            room = self.size.width - (0 if action.id == "app.help" else kept)
            if line.cell_len + _length(action, keys) > room:
                continue
            start = line.cell_len
            line.append(key, key_style if enabled else off)
            line.append(f" {action.label}", label_style if enabled else off)
            self._spans.append((start, line.cell_len, action.id))
            line.append("  ")
        line.truncate(self.size.width)
        return line

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                self.post_message(self.Pressed(action))
                return


def _length(action: Action, keys: str) -> int:
    """Return the cells of an action in the bar, with the gap after it."""
    return cell_len(key_name(keys.split(",")[0])) + cell_len(action.label) + 3
