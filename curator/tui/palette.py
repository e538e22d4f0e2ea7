"""The command palette's entries: the action table, each with its key, or with the reason why not now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Hits, Provider

from curator.tui.actions import Action, key_name
from curator.tui.screens.place import Place


class ActionProvider(Provider):
    """Offers what can be done on the screen below the palette."""

    def _choices(self) -> Iterator[tuple[Action, str, Callable[[], None]]]:
        place = self.screen
        if not isinstance(place, Place):
            return
        held = place.held()
        known = [(action, action.why_not(held)) for action in place.actions() if action.id != "app.palette"]
        for action, why in sorted(
            known, key=lambda pair: bool(pair[1])
        ):  # what cannot be done now comes last
            keys = " or ".join(key_name(key) for key in place.bench.keys[action.id].split(","))
            help_text = f"{action.says}  [{keys}]" if not why else f"not now: {why}"
            yield action, help_text, partial(place.perform, action.id)

    async def discover(self) -> Hits:
        """Yield everything, before anything is typed."""
        for action, help_text, run in self._choices():
            yield DiscoveryHit(Text(action.label), run, text=action.label, help=_plain(help_text))

    async def search(self, query: str) -> Hits:
        """Yield what matches ``query``, in the label or in the explanation."""
        matcher = self.matcher(query)
        for action, help_text, run in self._choices():
            score = max(matcher.match(action.label), matcher.match(action.says) * 0.8)
            if score > 0:
                yield Hit(score, Text(action.label), run, text=action.label, help=_plain(help_text))


def _plain(text: str) -> str:
    """Return text that the palette's own markup leaves alone."""
    return text.replace("[", "\\[")
