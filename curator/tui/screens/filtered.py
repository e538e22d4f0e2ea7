"""What all screens share whose rows are narrowed while one types."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.widgets import Input

from curator.tui.screens.place import Place
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.word_rows import WordRows

T = TypeVar("T")


class FilteredPlace(Place):
    """A place with a `FilterField` over the rows in ``LIST``; ``x.filter`` opens it, ``x.back`` leaves it, then the place."""

    LIST: ClassVar[str]

    def filter_rows(self, text: str) -> None:
        """Show the rows that ``text`` asks for; called at every key."""
        raise NotImplementedError

    def leave(self) -> None:
        """Go back to where the user came from."""
        self.dismiss()

    @property
    def field(self) -> FilterField:
        """Return the field."""
        return self.query_one(FilterField)

    @property
    def filter_text(self) -> str:
        """Return what stands in the field."""
        return self.field.value

    def set_filter(self, text: str) -> None:
        """Filter by a text that nobody typed."""
        field = self.field
        with field.prevent(Input.Changed):
            field.value = text
        field.display = bool(text)
        self.filter_rows(text)

    def on_mount(self) -> None:
        """The field is out of the way until it is needed."""
        field = self.field
        field.display = bool(field.value)
        self.set_focus(self.query_one(self.LIST))

    def do_filter(self) -> None:
        """Open the field and type into it: another term, where there are some."""
        field = self.field
        field.display = True
        if field.value.strip() and field.value.count('"') % 2 == 0:
            with field.prevent(Input.Changed):
                field.value = f"{field.value.rstrip()} "
        field.cursor_position = len(field.value)
        self.set_focus(field)  # at once: the next keys may be here already

    def do_back(self) -> None:
        """Leave the filter, then the place."""
        if self.field.display:
            self.set_filter("")  # at once: the next keys may be here already
            self.set_focus(self.query_one(self.LIST))
        else:
            self.leave()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.filter_rows(event.input.value)  # which may be newer than the event
        self.tell()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        with event.input.prevent(Input.Changed):
            event.input.value = event.input.value.rstrip()
        event.input.display = bool(event.input.value)
        self.set_focus(self.query_one(self.LIST))


class WordsPlace(FilteredPlace, Generic[T]):
    """A filtered place whose list shows `WordRows`."""

    def __init__(self, rows: WordRows[T]) -> None:
        super().__init__()
        self.rows = rows

    @property
    def view(self) -> RowView:
        """Return the list."""
        return self.query_one(self.LIST, RowView)

    @property
    def current(self) -> T | None:
        """Return what is under the cursor; None before there is a list."""
        return self.rows.at(self.view.cursor) if self.here else None

    def filter_rows(self, text: str) -> None:
        """Show what holds every word."""
        self.rows.filter(text)
        self.view.show(self.rows, cursor=0)

    def counted(self) -> str:
        """Return how many are shown, and of how many where they are not all."""
        shown, total = len(self.rows), self.rows.total
        return f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
