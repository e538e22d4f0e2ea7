"""Data stores and projects: which there are, and going to another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.known_stores import Known, forget, in_account, known_stores, pinned
from curator.tui.actions import Need, bindings
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.place import Place
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Ticket

COLUMNS = (
    Column("kind", "Kind", 8),
    Column("name", "Name", 12, grow=1),
    Column("id", "Id", 8),
    Column("where", "Where", 20, grow=2),
    Column("project", "Project", 14, grow=2),
    Column("opened", "Last opened", 16),
)
_FIXED = 86
"""Cells of a screen that the columns need without growing."""

LOOKING = "Looking for data stores …"


@dataclass
class StoresRead(Message):
    """The data stores that can be opened; ``account`` are those of AWS."""

    request: int
    found: Sequence[Known] = field(repr=False)
    account: bool = False


@dataclass
class StoreMade(Message):
    """A new data store is there."""

    request: int
    store: Known


class StoreRows:
    """`Rows` over data stores; ``open`` is the spec of the open one."""

    def __init__(
        self, found: Sequence[Known] = (), current: Known | None = None, width: int = _FIXED
    ) -> None:
        self.found = found
        self._more = max(0, width - _FIXED) * 2 // 5  # cells by which a path's column grows
        self._current = current

    def __len__(self) -> int:
        return len(self.found)

    def key(self, index: int) -> str:
        """Return what tells the store, with its project, from all others."""
        return self.found[index].key

    def of(self, key: str) -> Known | None:
        """Return the store of a key."""
        return next((each for each in self.found if each.key == key), None)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a store."""
        one = self.found[index]
        here = self._current is not None and one.key == self._current.key
        when = "open" if here else "gone" if one.gone else _moment(one.opened)
        return (
            (one.kind, "accent"),
            (one.name, "title"),
            (one.datastore_id[:8], "dim"),
            _home(one.where, 20 + self._more),
            (_home(one.project, 14 + self._more), "dim"),
            (when, "good" if here else "bad" if one.gone else "dim"),
        )


def _home(path: str, longest: int) -> str:
    """Return a path without what tells least: the home folder, then its middle, for its end tells most."""
    home = str(Path.home())
    short = f"~{path[len(home) :]}" if path == home or path.startswith(f"{home}/") else path
    head = longest // 3
    return short if len(short) <= longest else f"{short[:head]}…{short[1 + head - longest :]}"


def _moment(iso: str) -> str:
    return iso[:16].replace("T", " ")


class StoresScreen(Place):
    """The list of data stores, each with the project that it was last used with."""

    PLACE = "stores"
    TITLE_TEXT = "Stores"
    EXPLAINED = (
        "The open data store, those opened lately, and what else is on this machine. A project holds the key, "
        "the decisions and the campaigns: open the same store with another project to keep two jobs apart. "
        "Only R opens read-only, and what was started with --read-only stays so. / takes any --store: local:PATH, aws:DATASTORE_ID, http://127.0.0.1:PORT/ID; a new PATH is made."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("stores"))

    def __init__(self) -> None:
        super().__init__()
        self.rows = StoreRows()
        self._account: Sequence[Known] = ()
        self._request = 0
        self._made = 0

    def body(self) -> Iterable[Widget]:
        """Yield the list, or the sentence in its place."""
        yield RowView(COLUMNS, self.rows, id="stores")
        yield Static(LOOKING, id="nothing", markup=False)
        yield Detail(id="detail", lines=4, grows=10)

    def on_mount(self) -> None:
        """Look which there are."""
        self.query_one("#stores").display = False
        self.do_refresh()

    def do_refresh(self) -> None:
        """Look which there are."""
        self._request = self.bench.work.begin(
            "look for data stores",
            self,
            lambda ticket: StoresRead(ticket.request, known_stores()),
            quiet=True,
        )

    def do_account(self) -> None:
        """Ask AWS which data stores the account has."""
        self._request = self.bench.work.begin(
            "list the data stores in AWS",
            self,
            lambda ticket: StoresRead(ticket.request, in_account(), account=True),
        )

    def on_stores_read(self, message: StoresRead) -> None:
        """Show them, the open one first."""
        if message.request != self._request:
            return
        current = self.bench.current
        if message.account:
            self._account = message.found
            found = [each for each in self.rows.found if each.kind != "AWS" or each.opened]
            self.bench.say(f"{len(message.found)} in the AWS account" if message.found else "AWS has none")
        else:
            found = [each for each in message.found if current is None or each.key != current.key]
            found = found if current is None else [current, *found]
        specs = {each.spec for each in found}
        elsewhere = [each for each in self._account if each.spec not in specs]
        self.rows = StoreRows([*found, *elsewhere], current, self.app.size.width)
        view, nothing = self.query_one("#stores", RowView), self.query_one("#nothing", Static)
        view.show(self.rows)
        view.display, nothing.display = bool(self.rows.found), not self.rows.found
        nothing.update("" if self.rows.found else "No data store is known yet: / opens one, or makes it.")
        if not self.focused:
            view.focus()
        self._tell_whole()
        self.tell()

    def _tell_whole(self) -> None:
        """Show where the store under the cursor lies: columns cut paths."""
        one = self.chosen
        detail = self.query_one("#detail", Detail)
        if one is None:
            detail.tell("", "")
        else:
            where = [part for part in (one.where, f"project {one.project}" if one.project else "") if part]
            detail.tell(f"{one.name}  {one.datastore_id}", "\n".join(where))

    # --- what is at hand

    @property
    def chosen(self) -> Known | None:
        """Return the store under the cursor."""
        return self.rows.of(self.query_one("#stores", RowView).current)

    def held(self) -> set[Need]:
        """Return what is at hand: a store, and what kind."""
        held = super().held()
        chosen = self.chosen if self.here else None
        if chosen is not None:
            held.add(Need.ROW)
            if chosen.kind == "embedded" and not chosen.gone:
                held.add(Need.LOCAL)
            if chosen.opened:
                held.add(Need.RECENT)
        return held

    def count_text(self) -> str:
        """Return how many."""
        return f"{len(self.rows):,}" if len(self.rows) else ""

    @on(RowView.Moved, "#stores")
    def _moved(self) -> None:
        self._tell_whole()
        self.tell()

    # --- going there

    @on(RowView.Opened, "#stores")
    def _opened(self) -> None:
        self.perform("stores.open")

    def do_open(self) -> None:
        """Open it with the project that it was last used with, or the one at hand."""
        self._go(self.chosen)

    def do_read_only(self) -> None:
        """Open it so that nothing can be changed."""
        self._go(self.chosen, read_only=True)

    def do_other(self) -> None:
        """Open any store by its name."""

        def answered(spec: str | None) -> None:
            if spec:
                self._go(Known(spec))

        self.app.push_screen(
            AskScreen(
                "Open which data store?",
                "local:PATH (a new PATH is made), aws:DATASTORE_ID, or http://127.0.0.1:PORT/DATASTORE_ID",
                "Open",
                value="local:",
                right=_names_a_store,
            ),
            answered,
        )

    def do_project(self) -> None:
        """Open it with another project."""
        chosen = self.chosen
        if chosen is None:
            return

        def answered(folder: str | None) -> None:
            if folder:
                self._go(msgspec.structs.replace(chosen, project=str(Path(folder).expanduser().absolute())))

        self.app.push_screen(
            AskScreen(
                "With which project?",
                "A folder with a key, decisions and campaigns of its own; a new one is made, for its owner alone.",
                "Open",
                value=self.chosen.project if self.chosen else "",
                right=_is_folder_or_new,
            ),
            answered,
        )

    def _go(self, store: Known | None, *, read_only: bool = False) -> None:
        if store is not None:
            project = store.project or self.bench.project
            self.bench.switch(store.spec, project=project, read_only=read_only)

    # --- the list

    def do_create(self) -> None:
        """Make a data store in the same folder."""
        chosen = self.chosen
        if chosen is None:
            return

        def make(name: str, ticket: Ticket) -> StoreMade:
            from curator.stores import open_store

            opened = open_store(chosen.spec)
            try:
                made = opened.imaging.create_datastore(name)
            finally:
                opened.close()
            spec = pinned(chosen.spec, made)
            return StoreMade(ticket.request, Known(spec, project=chosen.project, name=name))

        def answered(name: str | None) -> None:
            if name:
                self._made = self.bench.work.begin(
                    "make a data store", self, lambda ticket: make(name, ticket), writes=True
                )

        self.app.push_screen(
            AskScreen("What shall the new data store be called?", "It lies beside the selected one.", "Make"),
            answered,
        )

    def on_store_made(self, message: StoreMade) -> None:
        """Go there."""
        if message.request == self._made:
            self._go(message.store)

    def do_forget(self) -> None:
        """Take it off the list."""
        chosen = self.chosen
        if chosen is not None:
            forget(chosen.key)
            self.do_refresh()

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()


def _names_a_store(spec: str) -> bool:
    scheme, _, rest = spec.partition(":")
    return spec == "local" or (scheme in {"local", "aws", "http", "https"} and len(rest) > 1)


def _is_folder_or_new(path: str) -> bool:
    return bool(path) and not Path(path).expanduser().is_file()
