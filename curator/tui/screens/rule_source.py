"""A rule file's source: read, or changed and checked while it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import TextArea

from curator.printable import plural, printable
from curator.rulefile import Problem
from curator.tui.actions import Need, bindings
from curator.tui.outside import in_editor
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import TellScreen
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.place import Place
from curator.tui.shelf import Book, book_of, case_results
from curator.tui.widgets.row_view import RowView
from curator.tui.widgets.yaml_area import YamlArea
from curator.tui.work import Ticket

if TYPE_CHECKING:
    from curator.rulefile import CaseResult

_FREE = re.compile(r"f\d+|escape")
_PAUSE = 0.25  # seconds without a key before the text is checked
COLUMNS = (Column("line", "Line", 5, right=True), Column("problem", "Problem", 30, grow=1))


@dataclass
class Linted(Message):
    """The text was checked."""

    request: int
    book: Book = field(repr=False)


@dataclass
class CasesRun(Message):
    """The cases of a file, or of its text as it stands, were run."""

    request: int
    book: Book = field(repr=False)
    results: Sequence[CaseResult] = field(repr=False)
    bare: Sequence[str]


@dataclass
class Saved(Message):
    """The text is in its file."""

    request: int
    text: str = field(repr=False)


class ProblemRows:
    """`Rows` over what is wrong, each problem over as many lines of ``width`` cells as it needs."""

    def __init__(self, problems: Sequence[Problem] = (), width: int = 80) -> None:
        self._lines: list[tuple[str, str, str]] = []
        for one in problems:
            rule = f"{one.rule}: " if one.rule else ""
            text = printable(f"{rule}found {one.found}; expected {one.expected}")
            for number, line in enumerate(wrap(text, width)):
                self._lines.append(("" if number else f"{one.line:,}", line, "" if number else "bad"))

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> str:
        """Return the line's number."""
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a line of a problem."""
        line, text, role = self._lines[index]
        return (line, "bad"), (text, role)


def cases_told(
    book: Book, results: Sequence[CaseResult], bare: Sequence[str]
) -> tuple[str, list[tuple[str, Cell]]]:
    """Return a heading and lines that say how cases came out, those that did not as expected first."""
    failed = [each for each in results if not each.passed]
    heading = f"{book.shelved.name}: {plural(len(results), 'case')}, {len(failed):,} came out differently"
    told: list[tuple[str, Cell]] = []
    for each in failed:
        told.append((each.rule or "profile", (f"line {each.line}: {each.name or 'a case'}", "bad")))
        told += [("", text) for text in each.differences]
    told += [(rule, ("has no cases", "warn")) for rule in bare]
    told += [
        (each.rule or "profile", (f"line {each.line}: {each.name or 'as expected'}", "good"))
        for each in results
        if each.passed
    ]
    return heading, told


class SourceScreen(Place):
    """The text, and below it what is wrong with it."""

    PLACE = "source"
    TITLE_TEXT = "Source"
    EXPLAINED = (
        "The rule file as it stands, checked while you type; below it every problem with its line, and f4 goes from one "
        "to the next. Nothing is saved before ctrl+s. A bundled file can only be read: copy it on the shelf to change it."
    )
    # Before the text area: it would take escape for itself, and be ahead of a key that comes by way of the screen.
    BINDINGS: ClassVar[list[BindingType]] = [replace(each, priority=True) for each in bindings("source")]

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book
        self.saved = ""
        self._waiting: Timer | None = None
        self._checked = False
        self._foreign = False
        self._lint = 0
        self._asked = 0
        self._saving = 0

    def body(self) -> Iterable[Widget]:
        """Yield the text, and the problems."""
        yield YamlArea(id="text")
        yield RowView(COLUMNS, ProblemRows(), id="problems").not_focusable()

    def on_mount(self) -> None:
        """Show the file as it is on disk."""
        self._problems(self.book)
        self._load()
        self.query_one("#text", YamlArea).focus()

    def _load(self) -> None:
        """Show what is on disk; what is no UTF-8 can be read only: saved from here, its bytes would be lost."""
        from curator.ruleshelf import foreign_bytes

        path, area = self.book.shelved.path, self.query_one("#text", YamlArea)
        try:
            data = path.read_bytes()
        except OSError as error:
            self.bench.say(f"{path.name} cannot be read: {error.strerror}.", severity="error")
        else:
            self._foreign = foreign_bytes(data) is not None
            text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
            self.saved = text.replace("\r\n", "\n").replace("\r", "\n")
        area.read_only = self._foreign or not self.book.shelved.own
        area.load_text(self.saved)
        self._check()

    def _text(self) -> str | None:
        """Return what is typed; None where only the file itself says what is in it."""
        return None if self._foreign else self.query_one("#text", YamlArea).text

    def on_resize(self) -> None:
        """Break the problems' lines anew."""
        self._problems(self.book)

    # --- checking

    @on(TextArea.Changed, "#text")
    def _typed(self) -> None:
        self._checked = False
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(_PAUSE, self._check)
        self.tell()

    def _check(self) -> None:
        shelved, text = self.book.shelved, self._text()
        self._lint = self.bench.work.begin(
            "check the rule file",
            self,
            lambda ticket: Linted(ticket.request, book_of(shelved, text)),
            quiet=True,
        )

    def on_linted(self, message: Linted) -> None:
        """Show what is wrong."""
        if message.request == self._lint:
            self.book = message.book
            self._checked = True
            self._problems(message.book)
            self.tell()

    def _problems(self, book: Book) -> None:
        view = self.query_one("#problems", RowView)
        rows = ProblemRows(book.problems, max(30, self.app.size.width - 10))
        view.show(rows)
        view.display = bool(len(rows))
        view.styles.height = min(len(rows), 6) + 2  # below its border and its heading
        self.query_one("#text", YamlArea).point_at([problem.line for problem in book.problems])

    # --- what is shown

    def keys_here(self, keys: str) -> str:
        """Return the keys that the text does not take as letters, where there are others."""
        free = [key for key in keys.split(",") if "+" in key or _FREE.fullmatch(key)]
        return ",".join(free) or keys

    def title_text(self) -> str:
        """Return the file's name, and whether it can be changed."""
        how = "" if self.book.shelved.own else "  (bundled: c on the shelf copies it)"
        if self._foreign:
            how = "  (read-only: not UTF-8; f3 to convert it)"
        return f"Source  {self.book.shelved.name}{how}"

    def count_text(self) -> str:
        """Return what is wrong, and whether something is not saved."""
        count = len(self.book.problems)
        holds = "…" if not self._checked else plural(count, "problem") if count else "holds"
        return f"{holds}  not saved" if self._changed() else holds

    def _changed(self) -> bool:
        return self.here and self.query_one("#text", YamlArea).text != self.saved

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if self.book.shelved.own:
            held.add(Need.OWN)
        if not self._foreign:
            held.add(Need.UTF8)
        if self._changed():
            held.add(Need.CHANGE)
        if self.book.problems:
            held.add(Need.PROBLEM)
        elif self.book.file is not None and self._checked:
            held.add(Need.SOUND)
        return held

    # --- actions

    def do_save(self) -> None:
        """Save."""
        from curator.ruleshelf.own import save_own

        path, text = self.book.shelved.path, self.query_one("#text", YamlArea).text

        def save(ticket: Ticket) -> Saved:
            save_own(path, text)
            return Saved(ticket.request, text)

        self._saving = self.bench.work.begin("save the rule file", self, save)

    def on_saved(self, message: Saved) -> None:
        """Say so, and what is still wrong."""
        if message.request == self._saving:
            self.saved = message.text
            count = len(self.book.problems)
            wrong = f" It has {plural(count, 'problem')}, and cannot be used before they are mended."
            self.bench.say(f"Saved.{wrong if count else ''}", severity="warning" if count else "information")
            self.tell()

    def do_editor(self) -> None:
        """Go on outside; what is not saved would be lost, so it is saved first."""
        from curator.errors import CuratorError
        from curator.ruleshelf.own import save_own

        try:
            if self._changed():
                save_own(self.book.shelved.path, self.query_one("#text", YamlArea).text)
        except CuratorError as error:
            self.bench.say(error.message, severity="error")
            return
        if in_editor(self.bench, self.book.shelved.path):
            self._load()

    def do_problem(self) -> None:
        """To the next line with a problem."""
        area = self.query_one("#text", YamlArea)
        here = area.cursor_location[0] + 1
        lines = [problem.line for problem in self.book.problems]
        after = next((line for line in lines if line > here), lines[0])
        area.move_cursor((min(after, area.document.line_count) - 1, 0), center=True)

    def do_test(self) -> None:
        """Run the cases of the text."""
        shelved, text = self.book.shelved, self._text()

        def run(ticket: Ticket) -> CasesRun:
            book = book_of(shelved, text)
            sound = book.file is not None and not book.problems
            return CasesRun(ticket.request, book, *(case_results(book) if sound else ([], [])))

        self._asked = self.bench.work.begin("run the cases", self, run)

    def on_cases_run(self, message: CasesRun) -> None:
        """Show how each came out."""
        if message.request != self._asked:
            return
        if message.book.problems:
            self.bench.say(f"Test: {Need.SOUND}", severity="warning")
            return
        self.app.push_screen(TellScreen(*cases_told(message.book, message.results, message.bare)))

    def do_explain(self) -> None:
        """Say what it is for, as far as it could be read."""
        pairs: list[tuple[str, Cell]] = [("", line) for line in self.book.page.splitlines()]
        self.app.push_screen(TellScreen(self.book.shelved.name, pairs))

    def do_back(self) -> None:
        """Leave; what is not saved is asked about."""

        def left(wanted: bool | None) -> None:
            if wanted:
                self.dismiss()

        if not self._changed():
            self.dismiss()
            return
        text = "What you changed since is lost."
        self.app.push_screen(ConfirmScreen("Leave without saving?", text, "Leave"), left)
