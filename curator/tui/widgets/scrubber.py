"""Where one is in a stack of frames: a line to be read, and clicked."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget


class Scrubber(Widget):
    """A bar from the first frame to the last; marks say where pixels are at risk."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"scrubber--here", "scrubber--risk", "scrubber--line"}

    class Chosen(Message):
        """A place was clicked: a part of the whole, 0 to 1."""

        def __init__(self, place: float) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = 0
        self._count = 0
        self._risky: frozenset[int] = frozenset()
        self._dragging = False

    def tell(self, now: int, count: int, risky: frozenset[int]) -> None:
        """Show place ``now`` (from 0) of ``count``; ``risky`` places are marked."""
        if (now, count, risky) != (self._now, self._count, self._risky):
            self._now, self._count, self._risky = now, count, risky
            self.refresh()

    def render(self) -> Text:
        """Return the bar."""
        width = self.size.width
        text = Text(no_wrap=True)
        if self._count <= 0 or width < 3:
            return text
        line, risk, here = (
            self.get_component_rich_style(f"scrubber--{name}", partial=True)
            for name in ("line", "risk", "here")
        )
        risky = {self._cell(each) for each in self._risky}
        now = self._cell(self._now)
        for cell in range(width):
            if cell == now:
                text.append("●", here)
            elif cell in risky:
                text.append("▲", risk)
            else:
                text.append("─", line)
        return text

    def _cell(self, place: int) -> int:
        return 0 if self._count < 2 else round(place * (self.size.width - 1) / (self._count - 1))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go where the bar is pressed, and follow the pointer."""
        self._dragging = True
        self.capture_mouse()
        self._choose(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer."""
        if self._dragging:
            self._choose(event.x)

    def on_mouse_up(self) -> None:
        """Stop following."""
        self._dragging = False
        self.release_mouse()

    def _choose(self, x: int) -> None:
        self.post_message(self.Chosen(min(max(x / max(self.size.width - 1, 1), 0.0), 1.0)))
