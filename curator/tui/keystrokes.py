"""Keys in the order in which they were typed, across a change of the focus.

Textual hands a key to the widget that has the focus when the key comes in, and the widget answers later. What is
typed quickly after ``/`` would be taken for commands, and what is typed quickly after the Enter that ends a filter
for text of the filter. So a field gets the text that passed it by, and keys wait until the field has let go.
"""

from __future__ import annotations

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from curator.tui.widgets.filter_field import FilterField

_ENDS = ("enter", "escape")


class Keystrokes:
    """What waits for a `FilterField` to let go."""

    def __init__(self) -> None:
        self._ending: events.Key | None = None  # the key that ends the filter, on its way
        self._field: FilterField | None = None
        self._waiting: list[events.Key] = []

    def passed_by(self, key: events.Key, focused: Widget | None) -> bool:
        """Give text to the field that an earlier key opened; tell whether the key was such text.

        A field consumes its text, so text that comes back from a widget went past the field.
        """
        if key.is_forwarded and key.is_printable and key.character is not None and isinstance(focused, Input):
            focused.insert_text_at_cursor(key.character)
            return True
        return False

    def waits(self, key: events.Key, focused: Widget | None) -> bool:
        """Keep the key if a field has not let go yet; note the key that asks it to."""
        if self._field is not None and focused is self._field:
            if key is self._ending:
                return False
            self._waiting.append(key)
            return True
        if isinstance(focused, FilterField) and key.key in _ENDS:
            self._field, self._ending = focused, key
        return False

    def lets_go(self, key: events.Key) -> bool:
        """Tell whether a key makes its field let go as soon as it is dealt with: Enter does when its message is heard."""
        return key is self._ending and key.is_forwarded and key.key != "enter"

    def stale(self, focused: Widget | None) -> bool:
        """Tell whether keys wait for a field that has lost the focus otherwise."""
        return bool(self._waiting) and focused is not self._field

    def released(self) -> list[events.Key]:
        """Return the keys that waited, as they were typed, and wait for nothing more."""
        keys = sorted(self._waiting, key=lambda key: key.time)
        self._field, self._ending, self._waiting = None, None, []
        return [events.Key(key.key, key.character) for key in keys]
