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
from curator.findings import Absent
from curator.healthimaging import ImageSetProperties
from curator.imageset import ElementPath, parse_path
from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.editing import latest_of, others_of
from curator.tui.elements import people_path, typed_text, value_text
from curator.tui.forms import editable
from curator.tui.messages import DocumentRead, Written
from curator.tui.outline import Line, Outline
from curator.tui.outside import in_pager
from curator.tui.paging import document_lines
from curator.tui.screens.metadata_edits import EditedPlace
from curator.tui.screens.versions import VersionsScreen
from curator.tui.searching import matches
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.outline_view import OutlineView
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed, Ticket

_ABOUT_LINE = frozenset(("metadata.edit", "metadata.remove", "metadata.copy", "metadata.copy-path"))
_PAUSE = 0.2  # seconds without a key before a search begins


@dataclass
class MatchesFound(Message):
    """Where the text searched for was found, in document order."""

    request: int
    needle: str = field(repr=False)
    paths: tuple[ElementPath, ...] = field(repr=False)


class MetadataScreen(EditedPlace):
    """The tree of one document."""

    PLACE = "metadata"
    TITLE_TEXT = "Metadata"
    EXPLAINED = (
        "The metadata of one image set at one version, by level. Instances are opened when you open them. "
        "/ searches keywords, tags and values everywhere, P goes to a path such as "
        "Patient/PatientName. e edits an element in a form, a adds one, D marks one for removal; edits show as "
        "before → after, here only, until w makes one plan of all of them, over all image sets. u takes one back."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("metadata"))

    def __init__(self, image_set: str, version: str | None = None, *, at: ElementPath | None = None) -> None:
        super().__init__(image_set)
        self.version = version
        self.state: ImageSetProperties | None = None
        self._request = 0
        self._search_request = 0
        self._matches: tuple[ElementPath, ...] = ()
        self._match = -1
        self._needle = ""
        self._rest: Timer | None = None
        self._then = ""  # what was asked for while a search was under way
        self.return_to = at

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
        edited = self.bench.edits.image_sets
        if session is None:
            return

        def read(ticket: Ticket) -> DocumentRead:
            latest = session.state(image_set)
            if version is None or version == latest.version:
                state = latest
            else:
                state = session.state(image_set, version)
            document = session.document(image_set, state.version)
            return DocumentRead(
                ticket.request,
                state,
                document,
                latest.version == state.version,
                others_of(session, image_set),
                latest_of(session, edited),
            )

        self._request = self.bench.work.begin(f"read the metadata of {image_set[:8]}…", self, read)

    def on_document_read(self, message: DocumentRead) -> None:
        """Show the tree, the cursor where it was."""
        if message.request != self._request:
            return
        view = self.query_one("#tree", OutlineView)
        line = view.outline.at(view.cursor) if view.outline else None
        here = self.return_to or (line.path if line else None)
        self.return_to = None
        self.state, self.document, self.latest = message.state, message.document, message.latest
        self.others = message.others
        self.hold_against(message.edited)
        outline = Outline(message.document, self.edits, like=view.outline)
        place = outline.reveal(here) if here is not None else 0
        view.show(outline, cursor=max(0, place))
        self._search()

    def written(self, message: Written) -> None:
        """Follow the latest version, if that is what is shown."""
        if message.image_set in ("", self.image_set) and self.latest:
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
        text = plural(count, "instance")
        if not self.latest:
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
        line = self.line()
        if line is not None:
            held.add(Need.ROW)
        if line is not None and line.path is not None and line.path.steps and not self.is_gone(line.path):
            held.add(Need.ELEMENT)
            if editable(line.path, self._vr(line), line.value):
                held.add(Need.VALUE)
        if self.latest:
            held.add(Need.LATEST)
        if len(self.bench.edits):
            held.add(Need.EDITS)
        if self._matches:
            held.add(Need.MATCH)
        return held

    @on(RowView.Moved, "#tree")
    def _moved(self) -> None:
        line, detail = self.line(), self.query_one("#detail", Detail)
        if line is None or self.document is None:
            detail.tell("", "")
        elif line.path is None:
            detail.tell(line.key.rpartition("/")[2], value_text(line.value))
        elif not line.path.steps:
            count = len(self.document.attributes(line.path) or ())
            detail.tell(people_path(line.path, self.document), plural(count, "element"))
        elif (change := self.edits.get(line.path)) is not None:
            before, after = (
                "" if isinstance(each, Absent) else value_text(each, change.vr)
                for each in (change.before, change.after)
            )
            detail.tell(people_path(line.path, self.document), f"- {before}\n+ {after}", "edited")
        else:
            detail.tell(
                people_path(line.path, self.document),
                typed_text(line.value) if self._is_text(line) else value_text(line.value, self._vr(line)),
            )
        self.tell()

    def _vr(self, line: Line) -> str:
        if line.path is None or self.document is None or not line.is_element:
            return ""
        change = self.edits.get(line.path)
        return change.vr if change is not None else self.document.vr_of(line.path)

    def _is_text(self, line: Line) -> bool:
        vr = self._vr(line)
        return line.is_element and value_text(line.value, vr) == value_text(line.value, "")

    @on(RowView.Opened, "#tree")
    def _opened(self) -> None:
        self.perform("metadata.edit")

    # --- search

    def perform(self, action_id: str) -> None:
        """Do an action; one about the line under the cursor waits until a search has put it there."""
        if action_id in _ABOUT_LINE and (self._rest is not None or self._search_request):
            self._then = action_id
        else:
            super().perform(action_id)

    def do_search(self) -> None:
        """Open the search field, for a new search."""
        self._type_into(self.query_one("#search", Input))

    def _type_into(self, field: Input) -> None:
        field.display = True
        field.value = ""
        self.set_focus(field)  # at once: the next keys may be here already

    @on(Input.Changed, "#search")
    def _search_typed(self, event: Input.Changed) -> None:
        self._needle = event.value.strip()
        self.query_one("#tree", OutlineView).highlight(self._needle)
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_PAUSE, self._search)

    def _search(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        document, needle = self.document, self._needle
        self._matches, self._match = (), -1
        if document is None or not needle:
            self._search_request = 0
            self._go_on()
            return

        def find(ticket: Ticket) -> MatchesFound:
            return MatchesFound(ticket.request, needle, tuple(matches(document, needle.casefold(), ticket)))

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
        self._go_on()

    def _go_on(self) -> None:
        """Do what waited for the search."""
        self.tell()
        wanted, self._then = self._then, ""
        if wanted:
            self.perform(wanted)

    @on(Input.Submitted, "#search")
    def _search_done(self, event: Input.Submitted) -> None:
        event.input.display = False
        self.query_one("#tree").focus()
        if self._rest is not None:
            self._search()

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
        self._type_into(self.query_one("#path", Input))

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

    def do_pager(self) -> None:
        """Read the document in the pager."""
        if self.document is not None:
            in_pager(self.bench, document_lines(self.document))

    # --- copying

    def do_copy(self) -> None:
        """Copy the value."""
        line = self.line()
        if line is not None:
            is_level = line.path is not None and not line.path.steps
            uid = (line.path.instance or line.path.series) if line.path is not None and is_level else ""
            text = uid or (typed_text(line.value) if self._is_text(line) else value_text(line.value))
            self.app.copy_to_clipboard(text)
            self.bench.say("The value is on the clipboard.")

    def do_copy_path(self) -> None:
        """Copy the path."""
        line = self.line()
        if line is not None and line.path is not None and self.document is not None:
            self.app.copy_to_clipboard(people_path(line.path, self.document))
            self.bench.say("The path is on the clipboard.")

    def failed(self, message: Failed) -> None:
        """Say what failed."""
        if message.request == self._search_request:
            self._search_request = 0
            self._then = ""
            return
        super().failed(message)

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
