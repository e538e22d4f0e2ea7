"""The line that narrows a list while it is typed."""

from __future__ import annotations

from textual.widgets import Input


class FilterField(Input):
    """One on a screen, hidden until it is opened; the application gives it its text in the order of typing."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, id="filter", select_on_focus=False)
