"""Keys in the order in which they were typed, each dealt with before the next one is looked at.

Textual hands a key to the widget that has the focus when the key comes in, and the widget answers later: a binding is
looked for only when the key has come up through all that is around the widget. What is typed quickly after ``/`` would
be taken for commands, or reach the field before what was typed earlier; what is typed quickly after the Enter that ends
a filter would be text of the filter. So a key waits while another one is on its way. A message follows each key, and
when that has come up to the application, so has the key, or somebody took it; the message is sent once more, since
whoever took the key may have sent a message of his own (``Input.Submitted``) that moves the focus.
"""

from __future__ import annotations

import time
from collections import deque

from textual import events
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

PATIENCE = 0.5
"""Seconds after which a key is given up that neither came up nor is still on a way to come up."""
_LONGEST = 5.0  # seconds after which it is given up in any case


class KeyFollowed(Message):
    """What goes the way of a key, behind it."""

    def __init__(self, key: events.Key, *, again: bool) -> None:
        super().__init__()
        self.key, self.again = key, again


class Keystrokes:
    """The key that is on its way, and those that wait for it."""

    def __init__(self) -> None:
        self._on_its_way: events.Key | None = None
        self._target: Widget | None = None
        self._since = 0.0
        self._waiting: deque[events.Key] = deque()

    @staticmethod
    def passed_by(key: events.Key, focused: Widget | None) -> bool:
        """Give text to the field that got the focus while the key was on its way; tell whether the key was such text.

        A field consumes its text, so text that comes back from a widget went past the field.
        """
        if key.is_printable and key.character is not None and isinstance(focused, Input):
            focused.insert_text_at_cursor(key.character)
            return True
        return False

    def waits(self, key: events.Key) -> bool:
        """Keep the key if another one is on its way."""
        if self._on_its_way is None:
            return False
        self._waiting.append(key)
        return True

    def sent(self, key: events.Key, target: Widget) -> None:
        """Follow a key that was handed to a widget."""
        self._on_its_way, self._target, self._since = key, target, time.monotonic()
        if not target.post_message(KeyFollowed(key, again=True)):
            self._on_its_way = None

    def arrived(self, message: KeyFollowed, screen: Screen[object]) -> bool:
        """Tell whether a key has been dealt with; a screen that is left is not waited for."""
        key, target = message.key, self._target
        if key is not self._on_its_way or target is None:
            return False
        stays = message.again and target.is_attached and target.screen is screen
        if stays and target.post_message(KeyFollowed(key, again=False)):
            return False
        self._on_its_way = self._target = None
        return True

    def came_back(self, key: events.Key, screen: Screen[object]) -> bool:
        """Tell whether a key that nobody took on its way has been dealt with: where it made its screen go."""
        target = self._target
        if key is not self._on_its_way or target is None:
            return False
        if target.is_attached and target.screen is screen:
            return False
        self._on_its_way = self._target = None
        return True

    def lost(self) -> bool:
        """Tell whether the key on its way is given up, so that those behind it can go on."""
        target = self._target
        if self._on_its_way is None or target is None:
            return False
        gone = time.monotonic() - self._since
        if gone >= _LONGEST or (gone >= PATIENCE and not (target.is_attached and target.is_running)):
            self._on_its_way = self._target = None
            return True
        return False

    @property
    def waiting(self) -> int:
        """Return how many keys wait."""
        return len(self._waiting)

    @property
    def next(self) -> events.Key | None:
        """Take the next key that waits, if none is on its way."""
        return self._waiting.popleft() if self._waiting and self._on_its_way is None else None
