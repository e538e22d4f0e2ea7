"""The shelf: rule files and profiles, what each is for, whether it holds, and what it would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from curator.printable import plural, printable
from curator.tui.actions import Need, bindings
from curator.tui.outside import in_editor
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen, TellScreen
from curator.tui.screens.dry_run import DryRunScreen
from curator.tui.screens.place import Place
from curator.tui.screens.rule_source import SourceScreen, cases_told
from curator.tui.shelf import Book, DryRun, books, case_results, dry_run
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Ticket

if TYPE_CHECKING:
    from curator.project import Project
    from curator.rulefile import CaseResult

COLUMNS = (
    Column("name", "Rule file", 22, grow=3),
    Column("whose", "Whose", 7),
    Column("holds", "Holds", 10),
    Column("rules", "Rules", 5, right=True),
    Column("cases", "Cases", 5, right=True),
    Column("profile", "Profile", 12, grow=2),
)
_WIDE = 120


@dataclass
class BooksRead(Message):
    """The shelf was read; ``shown`` is the path of the file to go to."""

    request: int
    found: Sequence[Book] = field(repr=False)
    shown: str = ""


@dataclass
class CasesRun(Message):
    """A file's cases were run."""

    request: int
    book: Book = field(repr=False)
    results: Sequence[CaseResult] = field(repr=False)
    bare: Sequence[str]


@dataclass
class DryRunMade(Message):
    """What a file would change."""

    request: int
    dry: DryRun = field(repr=False)


class BookRows:
    """`Rows` over the shelf, as many as hold the words of the filter."""

    def __init__(self, found: Sequence[Book] = ()) -> None:
        self.found = found
        self._shown = list(found)

    def __len__(self) -> int:
        return len(self._shown)

    def filter(self, text: str) -> None:
        """Show only those that hold every word in their name, reason, rules' ids or profile."""
        words = text.casefold().split()
        self._shown = [book for book in self.found if all(word in _haystack(book) for word in words)]

    def at(self, index: int) -> Book | None:
        """Return the file at a row."""
        return self._shown[index] if 0 <= index < len(self._shown) else None

    def place(self, path: str) -> int:
        """Return the row of the file at ``path``, -1 where it is not shown."""
        return next((n for n, book in enumerate(self._shown) if str(book.shelved.path) == path), -1)

    def key(self, index: int) -> str:
        """Return the file's path."""
        return str(self._shown[index].shelved.path)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a file."""
        book = self._shown[index]
        count = len(book.problems)
        holds = (plural(count, "problem"), "bad") if count else ("yes", "good")
        return (
            (book.shelved.name, "title"),
            ("ours", "accent") if book.shelved.own else ("bundled", "dim"),
            holds,
            f"{len(book.file.rules):,}" if book.file is not None and book.file.rules else "",
            f"{book.cases:,}" if book.cases else "",
            book.profile or ("", "dim"),
        )


def _haystack(book: Book) -> str:
    file = book.file
    said = [file.why, *(rule.id for rule in file.rules)] if file is not None else []
    return " ".join([book.shelved.name, book.profile, *said]).casefold()


class RulesScreen(Place):
    """Rule files above, or on the left; the page of the one under the cursor beside them."""

    PLACE = "rules"
    TITLE_TEXT = "Rules"
    EXPLAINED = (
        "The project's own rule files and profiles, and those that come with curator; beside them what the one under "
        "the cursor is for, what it selects and does (tab goes there to scroll). A bundled one is copied (c) before it "
        "is changed. d shows what it would change, with counts and samples, and writes nothing; from there it can be "
        "made a plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("rules"))

    def __init__(self, marked: Sequence[str] = (), shown: Sequence[str] | None = None) -> None:
        super().__init__()
        self.scopes: list[tuple[str, tuple[str, ...]]] = []
        if marked:
            self.scopes.append((_sets(len(marked), "marked"), tuple(marked)))
        if shown is not None:
            self.scopes.append((_sets(len(shown), "filtered"), tuple(shown)))
        self.scopes.append(("all image sets", ()))
        self._scope = 0
        self.rows = BookRows()
        self._request = 0
        self._asked = 0

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the shelf, and the page."""
        yield Input(placeholder="filter: words", id="filter", select_on_focus=False)
        with Container(id="shelf"):
            yield RowView(COLUMNS, self.rows, id="books")
            with VerticalScroll(id="page"):
                yield Static("", id="words", markup=False)

    def on_mount(self) -> None:
        """Read the shelf."""
        self.query_one("#filter").display = False
        self.query_one("#books").focus()
        self._arrange()
        self._read()

    def on_resize(self) -> None:
        """Put the page beside the list where there is room."""
        self._arrange()

    def _arrange(self) -> None:
        self.query_one("#shelf").set_class(self.app.size.width < _WIDE, "narrow")

    def _read(self, shown: str = "") -> None:
        session = self.bench.session
        if session is not None:
            self._request = self.bench.work.begin(
                "read the rule files",
                self,
                lambda ticket: BooksRead(ticket.request, books(session, ticket), shown),
                quiet=True,
            )

    def store_opened(self) -> None:
        """The project is known now."""
        self._read()

    def on_books_read(self, message: BooksRead) -> None:
        """Show them, the cursor where it was or on the file that was just made."""
        if message.request == self._request:
            view = self.query_one("#books", RowView)
            kept = message.shown or view.current
            self.rows = BookRows(message.found)
            self.rows.filter(self.query_one("#filter", Input).value)
            view.show(self.rows, cursor=max(0, self.rows.place(kept)))
            self._explain()
            self.tell()

    @on(RowView.Moved, "#books")
    def _moved(self) -> None:
        self._explain()
        self.tell()

    def _explain(self) -> None:
        book = self._book()
        if book is None:
            return
        problems = "\n".join(problem.text(book.shelved.path.name) for problem in book.problems)
        text = "\n\n\n".join(part for part in (problems, book.page) if part)
        self.query_one("#words", Static).update(Text(printable(text, lines=True)))
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    def _book(self) -> Book | None:
        return self.rows.at(self.query_one("#books", RowView).cursor) if self.here else None

    # --- what is shown

    def count_text(self) -> str:
        """Return how many, and what a dry run would look at."""
        return f"{len(self.rows):,}  dry run: {self.scopes[self._scope][0]}" if len(self.rows) else ""

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        book = self._book()
        if book is not None:
            held.add(Need.ROW)
            if book.shelved.own:
                held.add(Need.OWN)
            if book.file is not None and not book.problems:
                held.add(Need.SOUND)
        return held

    # --- actions

    @on(RowView.Opened, "#books")
    def _opened(self) -> None:
        self.perform("rules.source")

    def do_source(self) -> None:
        """Read or change the source; what was saved is read again."""
        book = self._book()
        if book is not None:
            path = str(book.shelved.path)
            self.app.push_screen(SourceScreen(book), lambda _: self._read(path))

    def do_editor(self) -> None:
        """Change it outside, and check it afterwards."""
        book = self._book()
        if book is not None and in_editor(self.bench, book.shelved.path):
            self._read(str(book.shelved.path))

    def do_new(self) -> None:
        """Ask for a name, and make it."""
        from curator.ruleshelf.own import new_own

        self._named("New rule file", "ours", new_own)

    def do_copy(self) -> None:
        """Ask for a name, and copy."""
        from curator.ruleshelf.own import copy_to_own

        book = self._book()
        if book is not None:
            spec, name = book.shelved.spec, f"our-{book.shelved.name}"
            self._named("Copy the rule file", name, lambda project, new: copy_to_own(project, spec, new))

    def _named(self, question: str, suggested: str, make: Callable[[Project, str], Path]) -> None:
        session = self.bench.session

        def named(name: str | None) -> None:
            if name is not None and session is not None:
                project = session.project

                def made(ticket: Ticket) -> BooksRead:
                    path = make(project, name)
                    return BooksRead(ticket.request, books(session, ticket), str(path))

                self._request = self.bench.work.begin("make a rule file", self, made)

        text = "Its name: lower-case letters, digits and hyphens. It lies in the project's folder, for you alone."
        self.app.push_screen(AskScreen(question, text, "Make", value=suggested), named)

    def do_test(self) -> None:
        """Run the cases."""
        book = self._book()
        if book is not None:
            self._asked = self.bench.work.begin(
                "run the cases", self, lambda ticket: CasesRun(ticket.request, book, *case_results(book))
            )

    def on_cases_run(self, message: CasesRun) -> None:
        """Show how each came out."""
        if message.request == self._asked:
            self.app.push_screen(TellScreen(*cases_told(message.book, message.results, message.bare)))

    def do_scope(self) -> None:
        """Take the next scope."""
        self._scope = (self._scope + 1) % len(self.scopes)

    def do_dry_run(self) -> None:
        """Plan it aside."""
        session, spec, book = self.bench.session, self.bench.store_spec, self._book()
        ids = self.scopes[self._scope][1]
        if session is not None and book is not None:
            self._asked = self.bench.work.begin(
                "dry run",
                self,
                lambda ticket: DryRunMade(ticket.request, dry_run(session, spec, book, ids, ticket)),
            )

    def on_dry_run_made(self, message: DryRunMade) -> None:
        """Show it."""
        if message.request == self._asked:
            self.app.push_screen(DryRunScreen(message.dry, self.scopes[self._scope][0]))
        else:
            message.dry.forget()

    def do_refresh(self) -> None:
        """Read the files again."""
        self._read()

    # --- the filter

    def do_filter(self) -> None:
        """Open the filter."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.set_focus(line)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.rows.filter(event.value)
        self.query_one("#books", RowView).show(self.rows, cursor=0)
        self._explain()
        self.tell()

    @on(Input.Submitted, "#filter")
    def _done(self, event: Input.Submitted) -> None:
        event.input.display = bool(event.value)
        self.query_one("#books").focus()

    def do_back(self) -> None:
        """Leave the filter, then the screen."""
        line = self.query_one("#filter", Input)
        if line.display:
            line.value = ""
            line.display = False
            self.query_one("#books").focus()
        else:
            self.dismiss()


def _sets(count: int, how: str) -> str:
    return plural(count, f"{how} image set")
