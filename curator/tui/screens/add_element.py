"""Choosing an attribute of the dictionary to add: by keyword, name or tag, as you type."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from curator.dicom.dictionary import Attribute, attribute, attributes
from curator.dicom.levels import level_of
from curator.tui.elements import tag_text
from curator.tui.rows import Cell, Column
from curator.tui.widgets.row_view import RowView

_COLUMNS = (
    Column("keyword", "Keyword", 24, grow=2),
    Column("tag", "Tag", 11),
    Column("vr", "VR", 2),
    Column("vm", "VM", 3),
    Column("level", "Level", 9),
    Column("name", "Name", 10, grow=2),
)
_MOST = 500
_NOT_TYPED = frozenset(("SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN"))


class AttributeRows:
    """`Rows` over the attributes that hold every word, those that begin with it first."""

    def __init__(self, text: str = "") -> None:
        words = text.casefold().replace("(", "").replace(")", "").replace(",", "").split()
        found: list[tuple[bool, Attribute]] = []
        for tag in attributes():
            one = attribute(tag)
            if one is None or one.retired or one.vr in _NOT_TYPED or " or " in one.vr or tag >> 16 in (0, 2):
                continue
            hay = f"{one.keyword} {one.name} {tag:08X}".casefold()
            if all(word in hay for word in words):
                found.append((not one.keyword.casefold().startswith("".join(words)), one))
        self.shown = [one for _, one in sorted(found, key=lambda each: each[0])[:_MOST]]

    def __len__(self) -> int:
        return len(self.shown)

    def key(self, index: int) -> str:
        """Return the tag."""
        return f"{self.shown[index].tag:08X}"

    def cells(self, index: int, columns: object) -> tuple[Cell, ...]:
        """Return what the dictionary says of the attribute."""
        one = self.shown[index]
        tag = (tag_text(f"{one.tag:08X}"), "dim")
        return (
            one.keyword,
            tag,
            (one.vr, "accent"),
            (one.vm, "dim"),
            (str(level_of(one.tag)), "dim"),
            one.name,
        )


class AddScreen(ModalScreen["int | None"]):
    """The tag of the attribute that is chosen; None when the user leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def compose(self) -> ComposeResult:
        """Compose the field and the attributes."""
        with Vertical(classes="dialog wide tall"):
            yield Static("Add an element", classes="heading")
            yield Input(placeholder="keyword, words of the name, or tag", id="wanted", select_on_focus=False)
            yield RowView(_COLUMNS, AttributeRows(), id="attributes")
            yield Static("⏎ chooses, ↓ goes to the list", classes="hint")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#wanted").focus()

    @on(Input.Changed, "#wanted")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#attributes", RowView).show(AttributeRows(event.value), cursor=0)

    @on(Input.Submitted, "#wanted")
    @on(RowView.Opened, "#attributes")
    def _chosen(self) -> None:
        current = self.query_one("#attributes", RowView).current
        if current:
            self.dismiss(int(current, 16))

    def key_down(self) -> None:
        """From the field to the list."""
        self.query_one("#attributes").focus()

    def action_cancel(self) -> None:
        """Add nothing."""
        self.dismiss(None)
