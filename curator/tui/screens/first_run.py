"""What stands in place of the list when the data store is empty: how to fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from curator.tui.app import Workbench


class FirstRun(Widget):
    """The welcome of an empty store."""

    def compose(self) -> ComposeResult:
        """Compose the card."""
        with Vertical(classes="card"):
            yield Static("This data store is empty.", markup=False, classes="heading")
            yield Static("", id="welcome-text", markup=False)

    def welcome(self, bench: Workbench) -> None:
        """Say how this store can be filled."""
        self.query_one("#welcome-text", Static).update("curator import PATH…")

    def ask_import(self, bench: Workbench) -> None:
        """Ask what to import."""
