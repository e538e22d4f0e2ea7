"""A box that is ticked or empty: Textual's own always shows the tick, and tells by its colour alone."""

from __future__ import annotations

from textual.widgets import Checkbox


class Tick(Checkbox):
    """A check box whose tick is there only when it holds, with every theme and without colours."""

    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    def watch_value(self) -> None:
        """Show or take away the tick."""
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        super().watch_value()
