"""What stands in place of the list when the data store is empty: how to fill it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Static


class FirstRun(Widget):
    """The welcome of an empty store. Its buttons are pressed to the screen: ``#demo`` and ``#import``."""

    def compose(self) -> ComposeResult:
        """Compose the card."""
        with Vertical(classes="card"):
            yield Static("This data store is empty.", markup=False, classes="heading")
            yield Static("", id="welcome-text", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Demo data", id="demo", compact=True)
                yield Button("Import files…", id="import", compact=True)

    def welcome(self, *, embedded: bool, read_only: bool) -> None:
        """Say how this store can be filled, and offer what can be done here."""
        if read_only:
            text = "It is open read-only, so nothing can be imported now. Start without --read-only."
        elif embedded:
            text = (
                "Import DICOM files of yours, or look around with the demo's: real files that ship with "
                "pydicom, and copies of them with faults and identifiers planted for you to find."
            )
        else:
            text = "Import with: curator --store … import PATH --bucket NAME --role ARN"
        self.query_one("#welcome-text", Static).update(text)
        self.query_one(".buttons").display = embedded and not read_only
        if embedded and not read_only:
            self.query_one("#demo").focus()
