"""Asking before something is done, with its size in sight."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from curator.printable import printable


class ConfirmScreen(ModalScreen[bool]):
    """True when the user wants it; Cancel has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, question: str, text: str, do: str) -> None:
        super().__init__()
        self._question, self._text, self._do = question, text, do

    def compose(self) -> ComposeResult:
        """Compose the question and the buttons."""
        with Vertical(classes="dialog"):
            yield Static(Text(printable(self._question)), markup=False, classes="heading")
            yield Static(Text(printable(self._text, lines=True)), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._do, id="do", compact=True)

    def on_mount(self) -> None:
        """Cancel has the focus."""
        self.query_one("#cancel").focus()

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "do")
