"""Editing one element in a form for its VR. What is typed becomes a pending edit: nothing is written from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from curator.dicom import Json
from curator.errors import UsageError
from curator.findings import Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata, same
from curator.plan.edits import edit, refusal
from curator.plan.typed import typed
from curator.printable import printable
from curator.tui.elements import name_of, people_path, scalar_text, tag_text, typed_text, value_text
from curator.tui.forms import (
    COMPONENTS,
    GROUPS,
    Form,
    form_of,
    in_words,
    name_of_parts,
    new_uid,
    paragraphs,
    parts_of_name,
    plain,
    terms_of,
)
from curator.tui.rows import Cell, Column
from curator.tui.widgets.row_view import RowView
from curator.tui.widgets.tick import Tick

_WORDED = 2  # values of several that are said in words


@dataclass(frozen=True, slots=True)
class Edited:
    """One element as it is to be; ``wide``: also where the form offered it."""

    change: Change = field(repr=False)
    wide: bool = False


class _Terms:
    """`Rows` over the terms of a code string that begin with, or hold, what is typed."""

    def __init__(self, terms: tuple[str, ...], typed_so_far: str) -> None:
        wanted = typed_so_far.strip().upper()
        first = [term for term in terms if term.startswith(wanted)]
        self.shown = first + [term for term in terms if wanted in term and term not in first]
        if wanted in terms or not self.shown:
            self.shown = list(terms)

    def __len__(self) -> int:
        return len(self.shown)

    def key(self, index: int) -> str:
        """Return the term."""
        return self.shown[index]

    def cells(self, index: int, columns: object) -> tuple[Cell, ...]:
        """Return the term."""
        return (self.shown[index],)


class _Line(Input):
    """One of several values. Deleting in an empty one takes the line away."""

    def __init__(self, text: str) -> None:
        super().__init__(text, select_on_focus=False)

    def action_delete_left(self) -> None:
        """Delete a character, or the line."""
        screen = self.screen
        if self.value or not isinstance(screen, EditScreen):
            super().action_delete_left()
        else:
            screen.drop(self)


class EditScreen(ModalScreen["Edited | None"]):
    """Type a value, see before and after, and why it cannot be taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+s", "done", "Take it"),
    ]

    def __init__(
        self,
        document: ImageSetMetadata,
        path: ElementPath,
        value: Json | Absent,
        vr: str,
        *,
        original: Json | Absent,
        wide: str = "",
    ) -> None:
        """``value`` is what the field begins with, ``original`` what the document holds, ``wide`` what else is offered."""
        super().__init__()
        self.document = document
        self.path = path
        self.vr = vr.partition(" or ")[0]
        self._value = None if isinstance(value, Absent) else value
        self._original = original
        self._wide = wide
        self._form = form_of(path, self.vr, self._value)
        self._terms, self._enumerated = terms_of(path.key, self.vr)
        self._line = 0
        self._begun_with: list[str] = []
        self.change: Change | None = None

    # --- the form

    def compose(self) -> ComposeResult:
        """Compose the element, its form, what it will be, and the buttons."""
        with Vertical(classes="dialog"):
            beside = self.document.attributes(self.path) or {}
            verb, do = ("Add", "Add") if isinstance(self._original, Absent) else ("Edit", "Change")
            title = Text(f"{verb} {printable(name_of(self.path.key, beside))}", style="bold")
            title.append(f"  {tag_text(self.path.key)} {self.vr}", style="not bold dim")
            if self._form in (Form.TEXT, Form.LINES):
                title.append("  ctrl+s takes it", style="not bold dim")
            yield Static(title, markup=False, classes="heading")
            yield Static(Text(printable(people_path(self.path, self.document))), classes="path", markup=False)
            yield from self._fields()
            if self._terms:
                terms = RowView((Column("term", self._terms_title(), 20, grow=1),), id="terms")
                yield terms
            yield Static(id="preview", markup=False)
            if self._wide:
                yield Tick(self._wide, id="wide", compact=True)
            with Horizontal(classes="buttons"):
                if self.vr == "UI":
                    yield Button("Generate", id="generate", compact=True)
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(do, id="do", variant="primary", compact=True)

    def _terms_title(self) -> str:
        kind = "Enumerated values" if self._enumerated else "Defined terms"
        return f"{kind} (PS3.3); ↓ and ⏎ take one"

    def _fields(self) -> Iterator[Widget]:
        match self._form:
            case Form.PERSON:
                parts = parts_of_name(plain(scalar_text(self._value)))
                yield Horizontal(
                    Static("", classes="label"), *(Static(each) for each in GROUPS), classes="name"
                )
                for row, component in enumerate(COMPONENTS):
                    fields = [
                        Input(group[row], id=f"part-{column}-{row}", select_on_focus=False)
                        for column, group in enumerate(parts)
                    ]
                    yield Horizontal(Static(component, classes="label"), *fields, classes="name")
            case Form.LINES:
                values = self._value if isinstance(self._value, list) else [self._value]
                lines = [plain(scalar_text(each)) for each in values if each is not None]
                self._begun_with = lines
                yield VerticalScroll(*(_Line(text) for text in (*lines, "")), id="lines")
            case Form.TEXT:
                yield TextArea(plain(scalar_text(self._value), breaks=True), id="text", tab_behavior="focus")
            case Form.LINE:
                yield Input(plain(typed_text(self._value)), id="value", select_on_focus=False)

    def on_mount(self) -> None:
        """Type at once; before the first key it is said what the value is."""
        first = {
            Form.PERSON: "#part-0-0",
            Form.TEXT: "#text",
            Form.LINE: "#value",
            Form.LINES: "#lines Input",
        }
        self.query(first[self._form]).first().focus()
        self.show_preview()

    def _typed(self) -> str:
        """Return what is in the fields, as `typed` reads it."""
        match self._form:
            case Form.PERSON:
                return name_of_parts(
                    [
                        [
                            self.query_one(f"#part-{column}-{row}", Input).value
                            for row in range(len(COMPONENTS))
                        ]
                        for column in range(len(GROUPS))
                    ]
                )
            case Form.LINES:
                lines = [field.value for field in self._lines()[:-1]]
                # Empty values at the end are not parted from the empty line: what was not touched stays.
                if lines == self._begun_with:
                    return typed_text(self._value)
                return "\\".join(lines).rstrip("\\")
            case Form.TEXT:
                return paragraphs(self.query_one("#text", TextArea).text)
            case Form.LINE:
                return self.query_one("#value", Input).value

    def _lines(self) -> list[Input]:
        return list(self.query("#lines Input").results(Input))

    def drop(self, line: Input) -> None:
        """Take an empty line away; the last one stays, to type another value into."""
        lines = self._lines()
        at = lines.index(line)
        if line is not lines[-1]:
            lines[at - 1 if at else 1].focus()
            self.call_later(self._dropped, line)

    async def _dropped(self, line: Input) -> None:
        await line.remove()
        self.show_preview()

    # --- what it will be

    def show_preview(self) -> None:
        """Show before and after, what the value says, and what stands against it."""
        text = self._typed()
        notes: list[tuple[str, str]] = []
        self.change = None
        try:
            after = typed(text, self.vr, self.path)
        except UsageError as error:
            self._show(None, [(error.message.partition(": ")[2] or error.message, "bold red")])
            return
        words = [said for part in text.split("\\")[:_WORDED] if (said := in_words(self.vr, part))]
        notes += [(said, "cyan") for said in words]
        if not isinstance(self._original, Absent) and same(after, self._original):
            notes.append(("The value is the same as before.", "dim"))
            self.change = edit(self.document, self.path, after, self.vr) if self._is_edited else None
        else:
            notes += self._against(edit(self.document, self.path, after, self.vr), after)
        self._show(after, notes)

    @property
    def _is_edited(self) -> bool:
        """Whether the element has a pending edit, which the same value as before takes back."""
        return not same(self._value, None if isinstance(self._original, Absent) else self._original)

    def _against(self, change: Change, after: Json) -> list[tuple[str, str]]:
        """Return what stands against a change; what nothing stands against can be taken."""
        from curator.dicom.terms import unknown_term
        from curator.dicom.vr import problem

        wrong = problem(self.vr, after) if after is not None else None
        if wrong:
            return [(f"Not valid for {self.vr}: {wrong}.", "bold red")]
        reason = refusal(self.document, change)
        if reason is not None:
            return [(f"It cannot be changed: {reason}.", "bold red")]
        self.change = change
        unknown = unknown_term(self.path.key, after)
        return [(f"It is {unknown[1]} of PS3.3.", "yellow")] if unknown is not None else []

    def _show(self, after: Json, notes: list[tuple[str, str]]) -> None:
        text = Text()
        if isinstance(self._original, Absent):
            text.append("- (no such element)", "dim")
        else:
            text.append(f"- {printable(value_text(self._original, self.vr))}", "red")
        text.append(f"\n+ {printable(value_text(after, self.vr))}", "green")
        for note, style in notes:
            text.append(f"\n{printable(note)}", style)
        self.query_one("#preview", Static).update(text)
        self.query_one("#do", Button).disabled = self.change is None
        if self._terms:
            here = self._lines()[self._line].value if self._form is Form.LINES else self._typed()
            self.query_one("#terms", RowView).show(_Terms(self._terms, here), cursor=0)

    # --- keys and buttons

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self) -> None:
        if self._form is Form.LINES and self._lines()[-1].value:
            self.query_one("#lines").mount(_Line(""))
        self.show_preview()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the line that a term goes to."""
        lines = self._lines() if self._form is Form.LINES else []
        if isinstance(event.widget, Input) and event.widget in lines:
            self._line = lines.index(event.widget)

    def on_key(self, event: events.Key) -> None:
        """Go from a field to the terms, and from line to line."""
        if not isinstance(self.focused, Input) or event.key not in ("down", "up"):
            return
        event.stop()
        if self._form is Form.LINES and not self._terms:
            lines = self._lines()
            at = self._line + (1 if event.key == "down" else -1)
            lines[min(max(at, 0), len(lines) - 1)].focus()
        elif event.key == "down" and self._terms:
            self.query_one("#terms").focus()
        else:
            (self.focus_next if event.key == "down" else self.focus_previous)()

    @on(RowView.Opened, "#terms")
    def _term_taken(self, event: RowView.Opened) -> None:
        field = self._lines()[self._line] if self._form is Form.LINES else self.query_one("#value", Input)
        field.value = event.view.rows.key(event.index)
        field.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter takes the value; in several lines it goes on to the next, and takes them after the last."""
        lines = self._lines() if self._form is Form.LINES else []
        if event.input in lines[:-1]:
            lines[lines.index(event.input) + 1].focus()
        else:
            self.action_done()

    @on(Button.Pressed, "#generate")
    def _generated(self) -> None:
        field = self._lines()[self._line] if self._form is Form.LINES else self.query_one("#value", Input)
        field.value = new_uid()
        field.focus()

    @on(Button.Pressed, "#do")
    def action_done(self) -> None:
        """Take the value, if it can be taken."""
        if self.change is not None:
            wide = bool(self._wide) and self.query_one("#wide", Tick).value
            self.dismiss(Edited(self.change, wide))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
