"""One image set's metadata at one version: the tree, search in it, and the way to change one element."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from curator.errors import CuratorError
from curator.healthimaging import ImageSetProperties
from curator.imageset import ElementPath, ImageSetMetadata, parse_path
from curator.tui.actions import Need, bindings
from curator.tui.edit import editable
from curator.tui.elements import name_of, people_path, tag_text, typed_text, value_text
from curator.tui.messages import DocumentRead, Written
from curator.tui.outline import Line, Outline
from curator.tui.screens.edit import EditScreen, RemoveScreen, Wanted
from curator.tui.screens.place import Place
from curator.tui.screens.versions import VersionsScreen
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.outline_view import OutlineView
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed, Ticket

_MOST_MATCHES = 5000
_PAUSE = 0.2  # seconds without a key before a search begins


@dataclass
class MatchesFound(Message):
    """Where the text searched for was found, in document order."""

    request: int
    needle: str = field(repr=False)
    paths: tuple[ElementPath, ...] = field(repr=False)


class MetadataScreen(Place):
    """The tree of one document."""

    PLACE = "metadata"
    TITLE_TEXT = "Metadata"
    EXPLAINED = (
        "The metadata of one image set at one version, by level. Instances are opened when you open them. "
        "/ searches keywords, tags and values everywhere, P goes to a path such as "
        "Patient/PatientName. e changes one element by one call, after showing what it does."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("metadata"))

    def __init__(self, image_set: str, version: str | None = None, *, at: ElementPath | None = None) -> None:
        super().__init__()
        self.image_set = image_set
        self.version = version
        self.state: ImageSetProperties | None = None
        self.document: ImageSetMetadata | None = None
        self._latest = False
        self._request = 0
        self._search_request = 0
        self._writing = 0
        self._matches: tuple[ElementPath, ...] = ()
        self._match = -1
        self._needle = ""
        self._rest: Timer | None = None
        self._return_to = at

    def body(self) -> Iterable[Widget]:
        """Yield the search field, the path field, the tree, and the detail of its current line."""
        yield Input(placeholder="search keywords, tags, values", id="search", select_on_focus=False)
        yield Input(placeholder="path: Patient/PatientName", id="path", select_on_focus=False)
        yield OutlineView(id="tree")
        yield Detail(id="detail")

    def on_mount(self) -> None:
        """Read the document."""
        self.query_one("#search").display = self.query_one("#path").display = False
        self.query_one("#tree").focus()
        self.do_refresh()

    def store_opened(self) -> None:
        """Read the document from the store opened anew."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read the document."""
        session, image_set, version = self.bench.session, self.image_set, self.version
        if session is None:
            return

        def read(ticket: Ticket) -> DocumentRead:
            latest = session.state(image_set)
            if version is None or version == latest.version:
                state = latest
            else:
                state = session.state(image_set, version)
            document = session.document(image_set, state.version)
            return DocumentRead(ticket.request, state, document, latest.version == state.version)

        self._request = self.bench.work.begin(f"read the metadata of {image_set[:8]}…", self, read)

    def on_document_read(self, message: DocumentRead) -> None:
        """Show the tree, the cursor where it was."""
        if message.request != self._request:
            return
        view = self.query_one("#tree", OutlineView)
        line = view.outline.at(view.cursor) if view.outline else None
        here = self._return_to or (line.path if line else None)
        self._return_to = None
        self.state, self.document, self._latest = message.state, message.document, message.latest
        outline = Outline(message.document)
        place = outline.reveal(here) if here is not None else 0
        view.show(outline, cursor=max(0, place))
        self._search()

    def written(self, message: Written) -> None:
        """Follow the latest version, if that is what is shown."""
        if message.image_set == self.image_set and self._latest:
            self.version = None
            self.do_refresh()

    # --- what is shown

    def title_text(self) -> str:
        """Return which image set, at which version."""
        version = self.state.version if self.state else self.version or ""
        return (
            f"Metadata  {self.image_set[:8]}… v{version}" if version else f"Metadata  {self.image_set[:8]}…"
        )

    def count_text(self) -> str:
        """Return how many instances, where in the matches, and whether it is an old version."""
        if self.document is None:
            return ""
        count = self.document.instance_count
        text = "1 instance" if count == 1 else f"{count:,} instances"
        if not self._latest:
            text += "  old version"
        if self._needle:
            if self._matches:
                text += f"  match {self._match + 1} of {len(self._matches):,}"
            elif not self._search_request:
                text += "  no match"
        return text

    def held(self) -> set[Need]:
        """Return what is at hand for the line under the cursor."""
        held = super().held()
        line = self._line()
        if line is not None:
            held.add(Need.ROW)
        if line is not None and line.path is not None and self.document is not None and line.is_element:
            held.add(Need.ELEMENT)
            if editable(self.document, line.path, line.value):
                held.add(Need.VALUE)
        if self._latest:
            held.add(Need.LATEST)
        if self.state is not None and not self.state.locked and not self._writing:
            held.add(Need.UNLOCKED)
        if self._matches:
            held.add(Need.MATCH)
        return held

    def _line(self) -> Line | None:
        if not self.here:
            return None
        view = self.query_one("#tree", OutlineView)
        return view.outline.at(view.cursor) if view.outline else None

    @on(RowView.Moved, "#tree")
    def _moved(self) -> None:
        line, detail = self._line(), self.query_one("#detail", Detail)
        if line is None or self.document is None:
            detail.tell("", "")
        elif line.path is None:
            detail.tell(line.key.rpartition("/")[2], value_text(line.value))
        elif not line.path.steps:
            count = len(self.document.attributes(line.path) or ())
            detail.tell(
                people_path(line.path, self.document), "1 element" if count == 1 else f"{count:,} elements"
            )
        else:
            detail.tell(
                people_path(line.path, self.document),
                typed_text(line.value) if self._is_text(line) else value_text(line.value, self._vr(line)),
            )
        self.tell()

    def _vr(self, line: Line) -> str:
        if line.path is None or self.document is None or not line.is_element:
            return ""
        return line.path.vr(self.document)

    def _is_text(self, line: Line) -> bool:
        vr = self._vr(line)
        return line.is_element and value_text(line.value, vr) == value_text(line.value, "")

    @on(RowView.Opened, "#tree")
    def _opened(self) -> None:
        self.perform("metadata.edit")

    # --- search

    def do_search(self) -> None:
        """Open the search field."""
        field = self.query_one("#search", Input)
        field.display = True
        self.set_focus(field)  # at once: the next keys may be here already

    @on(Input.Changed, "#search")
    def _search_typed(self, event: Input.Changed) -> None:
        self._needle = event.value.strip()
        self.query_one("#tree", OutlineView).highlight(self._needle)
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_PAUSE, self._search)

    def _search(self) -> None:
        document, needle = self.document, self._needle
        self._matches, self._match = (), -1
        if document is None or not needle:
            self._search_request = 0
            self.tell()
            return

        def find(ticket: Ticket) -> MatchesFound:
            return MatchesFound(ticket.request, needle, tuple(_found(document, needle.casefold(), ticket)))

        self._search_request = self.bench.work.begin("search the metadata", self, find, quiet=True)

    def on_matches_found(self, message: MatchesFound) -> None:
        """Go to the first match."""
        if message.request != self._search_request:
            return
        self._search_request = 0
        self._matches, self._match = message.paths, -1
        if message.paths:
            view = self.query_one("#tree", OutlineView)
            line = view.outline.at(view.cursor) if view.outline else None
            here = line.path if line is not None else None
            self._go(message.paths.index(here) if here in message.paths else 0)
        self.tell()

    @on(Input.Submitted, "#search")
    def _search_done(self, event: Input.Submitted) -> None:
        event.input.display = False
        self.query_one("#tree").focus()

    def do_next(self) -> None:
        """To the next match."""
        self._go(self._match + 1)

    def do_previous(self) -> None:
        """To the match before."""
        self._go(self._match - 1)

    def _go(self, match: int) -> None:
        self._match = match % len(self._matches)
        self._show_path(self._matches[self._match])

    def _show_path(self, path: ElementPath) -> bool:
        view = self.query_one("#tree", OutlineView)
        if view.outline is None:
            return False
        place = view.outline.reveal(path)
        view.redraw(layout=True)
        if place >= 0:
            view.cursor = -1  # the line may stand elsewhere now: move even when the number is the same
            view.move(place, centre=True)
        return place >= 0

    # --- going to a path

    def do_goto(self) -> None:
        """Open the path field."""
        field = self.query_one("#path", Input)
        field.display = True
        self.set_focus(field)  # at once: the next keys may be here already

    @on(Input.Submitted, "#path")
    def _goto_done(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text and self.document is not None:
            try:
                pattern = parse_path(text)
            except (CuratorError, ValueError) as error:
                message = error.message if isinstance(error, CuratorError) else str(error)
                self.bench.say(f"Go to path: {message}", severity="warning")
                return
            found = next(self.document.find(pattern), None)
            if found is None or not self._show_path(found[0]):
                self.bench.say("Go to path: there is no such element here.", severity="warning")
                return
        event.input.display = False
        self.query_one("#tree").focus()

    # --- opening and closing

    def do_expand(self) -> None:
        """Open everything below."""
        view = self.query_one("#tree", OutlineView)
        if view.outline and view.cursor >= 0:
            whole = view.outline.open_all(view.cursor)
            view.redraw(layout=True)
            if not whole:
                self.bench.say("Expand: the first 5,000 lines are open; open further ones one by one.")

    def do_collapse(self) -> None:
        """Close everything below."""
        view = self.query_one("#tree", OutlineView)
        if view.outline and view.cursor >= 0:
            view.outline.close_all(view.cursor)
            view.redraw(layout=True)

    # --- copying

    def do_copy(self) -> None:
        """Copy the value."""
        line = self._line()
        if line is not None:
            is_level = line.path is not None and not line.path.steps
            uid = (line.path.instance or line.path.series) if line.path is not None and is_level else ""
            text = uid or (typed_text(line.value) if self._is_text(line) else value_text(line.value))
            self.app.copy_to_clipboard(text)
            self.bench.say("The value is on the clipboard.")

    def do_copy_path(self) -> None:
        """Copy the path."""
        line = self._line()
        if line is not None and line.path is not None and self.document is not None:
            self.app.copy_to_clipboard(people_path(line.path, self.document))
            self.bench.say("The path is on the clipboard.")

    # --- changing

    def do_edit(self) -> None:
        """Change one value, after a preview."""
        line = self._line()
        if line is not None and line.path is not None and self.document is not None:
            self.app.push_screen(EditScreen(self.document, line.path, line.value), self._write)

    def do_remove(self) -> None:
        """Remove one element, after a preview."""
        line = self._line()
        if line is not None and line.path is not None and self.document is not None:
            self.app.push_screen(RemoveScreen(self.document, line.path, line.value), self._write)

    def _write(self, wanted: Wanted | None) -> None:
        session, state = self.bench.session, self.state
        if wanted is None or session is None or state is None:
            return
        image_set, version = self.image_set, state.version

        def write(ticket: Ticket) -> Written:
            new = session.update(
                image_set, version, updatable=wanted.updatable, removable=wanted.removable, force=wanted.force
            )
            return Written(ticket.request, image_set, new, wanted.what)

        self._return_to = wanted.path
        self._writing = self.bench.work.begin(f"{wanted.what} in {image_set[:8]}…", self, write, writes=True)
        self.tell()

    def on_written(self, message: Written) -> None:
        """Show the new version, and tell the list."""
        if message.request != self._writing:
            return
        self._writing = 0
        self.version = None
        self.bench.wrote(message)
        self.bench.say(
            f"Done: {message.what}. This is version {message.version} now; v shows all, R reverts."
        )
        self.do_refresh()

    def failed(self, message: Failed) -> None:
        """Say what failed; after a failed write the state is read again, because a version was used up."""
        if message.request == self._search_request:
            self._search_request = 0
            return
        super().failed(message)
        if message.request == self._writing:
            self._writing = 0
            self.do_refresh()

    def do_versions(self) -> None:
        """See the versions."""
        self.app.push_screen(VersionsScreen(self.image_set))

    def do_back(self) -> None:
        """Close the open field, then end the search, then leave."""
        for name in ("#search", "#path"):
            field = self.query_one(name, Input)
            if field.display:
                field.display = False
                if name == "#search":
                    field.value = ""
                self.query_one("#tree").focus()
                return
        if self._needle:
            self.query_one("#search", Input).value = ""
            return
        self.dismiss()


def _found(document: ImageSetMetadata, needle: str, ticket: Ticket) -> Iterable[ElementPath]:
    """Yield the elements whose keyword, tag or value holds ``needle`` (casefolded)."""
    count = 0
    for number, (path, value) in enumerate(document.elements()):
        if number % 1000 == 0:
            ticket.check()
        if not (path.steps and isinstance(path.steps[-1], str)):
            continue
        beside = document.attributes(path) if len(path.steps) == 1 else None
        name = name_of(path.key, beside or {})
        text = f"{name} {path.key} {tag_text(path.key)} {value_text(value)}"
        if needle in text.casefold():
            yield path
            count += 1
            if count >= _MOST_MATCHES:
                return
