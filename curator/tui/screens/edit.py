"""Changing or removing one element: what it is, what it will be, and what the service is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from curator.dicom import Json
from curator.imageset import ElementPath, ImageSetMetadata, same
from curator.printable import printable
from curator.tui.edit import MOST_BYTES, needs_force, parsed, problem, removable, updatable
from curator.tui.elements import name_of, people_path, tag_text, typed_text, value_text


@dataclass(frozen=True, slots=True)
class Wanted:
    """One UpdateImageSetMetadata call that was confirmed; ``what`` says it without values."""

    path: ElementPath
    what: str
    updatable: bytes | None = field(default=None, repr=False)
    removable: bytes | None = field(default=None, repr=False)
    force: bool = False


class _OneElement(ModalScreen["Wanted | None"]):
    """What both dialogs show: the element, before and after, the call."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]
    DO: ClassVar[str]
    HEADING: ClassVar[str]

    def __init__(self, document: ImageSetMetadata, path: ElementPath, value: Json) -> None:
        super().__init__()
        self.document = document
        self.path = path
        self.before = value
        self.vr = path.vr(document)
        self.element = name_of(path.key, document.attributes(path) or {})
        self.call: Wanted | None = None

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            title = Text(f"{self.HEADING} {printable(self.element)}", style="bold")
            title.append(f"  {tag_text(self.path.key)} {self.vr}", style="not bold dim")
            yield Static(title, markup=False, classes="heading")
            yield Static(Text(printable(people_path(self.path, self.document)), style="dim"), markup=False)
            if self.HEADING == "Edit":
                yield Input(typed_text(self.before), id="value", select_on_focus=False)
            yield Static(id="preview", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self.DO, id="do", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Show what would happen; nothing dangerous has the focus."""
        self.query_one("#value" if self.HEADING == "Edit" else "#cancel").focus()
        self.show_preview()

    def show_preview(self) -> None:
        """Show before, after, and the call; only what can be done can be confirmed."""
        raise NotImplementedError

    def preview(self, after: Text, notes: list[tuple[str, str]], call: Wanted | None) -> None:
        """Show ``after`` below before, the notes, and enable the button when there is a ``call``."""
        text = Text()
        text.append("- ", "red")
        text.append(printable(value_text(self.before, self.vr)), "red")
        text.append("\n+ ", "green")
        text.append_text(after)
        for note, style in notes:
            text.append(f"\n{note}", style)
        self.query_one("#preview", Static).update(text)
        self.query_one("#do", Button).disabled = call is None
        self.call = call

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#do")
    def _done(self) -> None:
        if self.call is not None:
            self.dismiss(self.call)


def _size_note(size: int) -> tuple[str, str]:
    if size > MOST_BYTES:
        return f"The call would have {size:,} bytes, and the service takes {MOST_BYTES:,}.", "bold red"
    return f"One UpdateImageSetMetadata call of {size:,} bytes; undone by reverting to this version.", "dim"


class EditScreen(_OneElement):
    """Type a value, see before and after, confirm."""

    HEADING = "Edit"
    DO = "Change"

    def show_preview(self) -> None:
        """Show what the typed value does."""
        text = self.query_one("#value", Input).value
        notes: list[tuple[str, str]] = []
        try:
            after = parsed(text, self.path, self.vr, self.before)
        except ValueError:
            self.preview(Text("a number is expected", "bold red"), notes, None)
            return
        shown = Text(printable(value_text(after, self.vr)), "green")
        if same(after, self.before):
            self.preview(shown, [("The value is the same as before.", "dim")], None)
            return
        wrong = problem(after, self.vr, self.path)
        if wrong:
            notes.append((f"Not valid for {self.vr}: {wrong}.", "bold yellow"))
        force = needs_force(self.path, self.vr, after, self.before)
        if force:
            notes.append((f"Sent with force: {force}.", "yellow"))
        blob = updatable(self.document, self.path, after)
        notes.append(_size_note(len(blob)))
        fits = len(blob) <= MOST_BYTES
        call = (
            Wanted(self.path, f"change {self.element}", updatable=blob, force=bool(force)) if fits else None
        )
        self.preview(shown, notes, call)

    @on(Input.Changed, "#value")
    def _typed(self) -> None:
        self.show_preview()

    @on(Input.Submitted, "#value")
    def _submitted(self) -> None:
        """Enter goes to the button, so that a change takes two deliberate keys."""
        button = self.query_one("#do", Button)
        if not button.disabled:
            button.focus()


class RemoveScreen(_OneElement):
    """Confirm the removal of one element."""

    HEADING = "Remove"
    DO = "Remove"

    def show_preview(self) -> None:
        """Show what removing does; elements inside sequences are removed by rewriting the sequence."""
        gone = Text("(no such element)", "dim")
        if self.before is None or self.before == "":
            note = "The service removes by repeating the value, and this one is empty: it cannot be matched."
            self.preview(gone, [(note, "bold red")], None)
            return
        if len(self.path.steps) > 1:
            self.preview(gone, [("It stands in a sequence: that needs a rule.", "bold red")], None)
            return
        blob = removable(self.document, self.path)
        force = needs_force(self.path, self.vr, self.before, self.before)
        notes = [(f"Sent with force: {force}.", "yellow")] if force else []
        notes.append(_size_note(len(blob)))
        fits = len(blob) <= MOST_BYTES
        call = (
            Wanted(self.path, f"remove {self.element}", removable=blob, force=bool(force)) if fits else None
        )
        self.preview(gone, notes, call)
