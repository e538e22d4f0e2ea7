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
from textual.widgets import Static

from curator.printable import plural, printable
from curator.tui.actions import Need, bindings
from curator.tui.outside import in_editor
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen, TellScreen
from curator.tui.screens.dry_run import DryRunScreen
from curator.tui.screens.filtered import WordsPlace
from curator.tui.screens.rule_source import CasesRun, SourceScreen, cases_told
from curator.tui.shelf import Book, DryRun, books, case_results, dry_run
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.word_rows import WordRows
from curator.tui.work import Ticket

if TYPE_CHECKING:
    from curator.project import Project

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
class DryRunMade(Message):
    """What a file would change."""

    request: int
    dry: DryRun = field(repr=False)


class BookRows(WordRows[Book]):
    """`Rows` over the shelf."""

    def haystack(self, book: Book, /) -> str:
        """Return a file's name, reason, rules' ids and profile."""
        file = book.file
        said = [file.why, *(rule.id for rule in file.rules)] if file is not None else []
        return " ".join([book.shelved.name, book.profile, *said])

    def place(self, path: str) -> int:
        """Return the row of the file at ``path``, -1 where it is not shown."""
        return next((n for n, book in enumerate(self.shown) if str(book.shelved.path) == path), -1)

    def cells_of(self, book: Book, /) -> Sequence[Cell]:
        """Return the cells of a file."""
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


class RulesScreen(WordsPlace[Book]):
    """Rule files above, or on the left; the page of the one under the cursor beside them."""

    PLACE = "rules"
    LIST = "#books"
    TITLE_TEXT = "Rules"
    EXPLAINED = (
        "The project's own rule files and profiles, and those that come with curator; beside them what the one under "
        "the cursor is for, what it selects and does (tab goes there to scroll). A bundled one is copied (c) before it "
        "is changed. d shows what it would change, with counts and samples, and writes nothing; from there it can be "
        "made a plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("rules"))
    rows: BookRows

    def __init__(self, marked: Sequence[str] = (), shown: Sequence[str] | None = None) -> None:
        super().__init__(BookRows())
        self.scopes: list[tuple[str, tuple[str, ...]]] = []
        if marked:
            self.scopes.append((_sets(len(marked), "marked"), tuple(marked)))
        if shown is not None:
            self.scopes.append((_sets(len(shown), "filtered"), tuple(shown)))
        self.scopes.append(("all image sets", ()))
        self._scope = 0
        self._request = 0
        self._asked = 0

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the shelf, and the page."""
        yield FilterField("filter: words")
        with Container(id="shelf"):
            yield RowView(COLUMNS, self.rows, id="books")
            with VerticalScroll(id="page"):
                yield Static("", id="words", markup=False)

    def on_mount(self) -> None:
        """Read the shelf."""
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
            current = self.current
            kept = message.shown or (str(current.shelved.path) if current is not None else "")
            self.rows = BookRows(message.found)
            self.rows.filter(self.filter_text)
            self.view.show(self.rows, cursor=max(0, self.rows.place(kept)))
            self._explain()
            self.tell()

    @on(RowView.Moved, "#books")
    def _moved(self) -> None:
        self._explain()
        self.tell()

    def _explain(self) -> None:
        book = self.current
        if book is None:
            return
        problems = "\n".join(problem.text(book.shelved.path.name) for problem in book.problems)
        text = "\n\n\n".join(part for part in (problems, book.page) if part)
        self.query_one("#words", Static).update(Text(printable(text, lines=True)))
        self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    # --- what is shown

    def count_text(self) -> str:
        """Return how many, and what a dry run would look at."""
        return f"{len(self.rows):,}  dry run: {self.scopes[self._scope][0]}" if len(self.rows) else ""

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        book = self.current
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
        book = self.current
        if book is not None:
            path = str(book.shelved.path)
            self.app.push_screen(SourceScreen(book), lambda _: self._read(path))

    def do_editor(self) -> None:
        """Change it outside, and check it afterwards."""
        book = self.current
        if book is not None and in_editor(self.bench, book.shelved.path):
            self._read(str(book.shelved.path))

    def do_new(self) -> None:
        """Ask for a name, and make it."""
        from curator.ruleshelf.own import new_own

        self._named("New rule file", "ours", new_own)

    def do_copy(self) -> None:
        """Ask for a name, and copy."""
        from curator.ruleshelf.own import copy_to_own

        book = self.current
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
        book = self.current
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
        session, spec, book = self.bench.session, self.bench.store_spec, self.current
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

    def filter_rows(self, text: str) -> None:
        """Show the files that hold every word."""
        super().filter_rows(text)
        self._explain()


def _sets(count: int, how: str) -> str:
    return plural(count, f"{how} image set")
