"""The versions of one image set, the newest first, with what each changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from curator.healthimaging import ImageSetProperties
from curator.imageset import describe
from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.changes import SIDE_BY_SIDE, STACKED, DiffRows, counts_text, lines_of
from curator.tui.image_set_columns import moment_text
from curator.tui.messages import Planned, VersionsRead, Written
from curator.tui.rows import Cell, Column, NoRows
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.difference import WIDE, Compared, DifferenceScreen
from curator.tui.screens.place import Place
from curator.tui.screens.revert import RevertScreen
from curator.tui.versioning import alike, open_campaign, origins_of, revert
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.campaign.history import Origin

COLUMNS = (
    Column("line", "", 2),
    Column("version", "Version", 8),
    Column("when", "When", 16),
    Column("origin", "Who made it, by what", 19, grow=3),
    Column("what", "What it changed", 22, grow=3),
)
_PAUSE = 0.1  # seconds the cursor rests before changes are shown
_MOST_COUNTED = 50  # versions whose changes are counted; each costs reading a document


@dataclass
class WentBack(Message):
    """A version has the content of an older one."""

    request: int
    version: str
    to: str


@dataclass
class ChangesCounted(Message):
    """What one version changed, in words."""

    request: int
    version: str
    text: str


class VersionRows:
    """`Rows` over versions, newest first."""

    def __init__(
        self, versions: Sequence[ImageSetProperties] = (), origins: Mapping[str, Origin] | None = None
    ) -> None:
        self.versions = list(versions)
        self.origins = origins or {}
        self.changes: dict[str, str] = {}
        self.back: dict[str, str] = {}  # version → older version of the same content

    def __len__(self) -> int:
        return len(self.versions)

    def key(self, index: int) -> str:
        """Return the version."""
        return self.versions[index].version

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of one version."""
        state = self.versions[index]
        last = index == len(self.versions) - 1
        role = "bad" if state.failed else "accent" if state.locked else "good"
        sign = "◆" if index == 0 else "○" if last else "●"
        moment = state.updated_at or state.created_at
        what = state.message or self.changes.get(state.version, "")
        origin = self.origins.get(state.version)
        return (
            (sign, role),
            (state.version + (" latest" if index == 0 else ""), "title" if index == 0 else ""),
            (moment_text(moment.timestamp()) if moment else "", "dim"),
            self._made_by(state, origin, first=last),
            (what, "bad" if state.failed else ""),
        )

    def _made_by(self, state: ImageSetProperties, origin: Origin | None, *, first: bool) -> Cell:
        """Return what made a version: our own campaigns and calls, and apart from them what others did."""
        if state.failed or state.locked:
            return state.workflow, "bad" if state.failed else "accent"
        forced = ", forced" if state.forced else ""
        if origin is not None:
            who = origin.user.rpartition("/")[2]
            campaign = f"  {origin.campaign[:8]}" if origin.campaign else ""
            return f"{who}: {origin.words}{forced}{campaign}", "accent" if origin.campaign else ""
        if first:
            return "the first version", "dim"
        back = self.back.get(state.version)
        told = f"somebody else, back to version {back}" if back else "somebody else"
        return f"{told}{forced}", "warn"

    def of(self, version: str) -> ImageSetProperties:
        """Return a version's state."""
        return next(state for state in self.versions if state.version == version)

    def before(self, version: str) -> str:
        """Return the version before that holds other content: failed ones changed nothing."""
        older = [
            state.version for state in self.versions if int(state.version) < int(version) and not state.failed
        ]
        return older[0] if older else ""


class VersionsScreen(Place):
    """The timeline of one image set."""

    PLACE = "versions"
    TITLE_TEXT = "Versions"
    EXPLAINED = (
        "Every version stays readable. d compares a version with the one before, or two marked ones; "
        "R makes a new version with the content of the one under the cursor. What made a version is told by this "
        "project's ledgers; what they do not know was done by somebody else. o opens the campaign."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("versions"))

    def __init__(self, image_set: str) -> None:
        super().__init__()
        self.image_set = image_set
        self.rows = VersionRows()
        self._request = 0
        self._count_request = 0
        self._compare_request = 0
        self._open_request = 0
        self._rest: Timer | None = None
        self._writing = 0

    def body(self) -> Iterable[Widget]:
        """Yield the timeline, and below it what the version under the cursor changed."""
        yield RowView(COLUMNS, self.rows, id="versions", markable=True)
        yield RowView(STACKED, id="changed").not_focusable()

    def on_mount(self) -> None:
        """Read the versions."""
        self.query_one("#versions").focus()
        self.do_refresh()

    def store_opened(self) -> None:
        """Read from the store opened anew."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read the versions."""
        session, image_set = self.bench.session, self.image_set
        if session is None:
            return

        def read(ticket: Ticket) -> VersionsRead:
            versions = session.versions(image_set)
            return VersionsRead(ticket.request, image_set, versions, origins_of(session, image_set))

        self._request = self.bench.work.begin(f"read the versions of {image_set[:8]}…", self, read)

    def on_versions_read(self, message: VersionsRead) -> None:
        """Show them, and have their changes counted where reading costs nothing."""
        if message.request != self._request:
            return
        known = self.rows
        self.rows = VersionRows(message.versions, message.origins)
        self.rows.changes, self.rows.back = known.changes, known.back
        self.query_one("#versions", RowView).show(self.rows)
        self.tell()
        self._count()

    def _count(self) -> None:
        """Count what each version changed. Only in an embedded store: elsewhere reading is paid for."""
        session, image_set, rows = self.bench.session, self.image_set, self.rows
        if session is None or not session.embedded:
            return

        def count(ticket: Ticket) -> None:
            for state in rows.versions[:_MOST_COUNTED]:
                ticket.check()
                before = rows.before(state.version)
                if before and not state.failed and not state.locked and state.version not in rows.changes:
                    text = counts_text(
                        session.document(image_set, before), session.document(image_set, state.version)
                    )
                    self.post_message(ChangesCounted(ticket.request, state.version, text))
            foreign = any(state.version not in rows.origins for state in rows.versions[:-1])
            for version, to in (
                alike(session, image_set, rows.versions[:_MOST_COUNTED], ticket) if foreign else ()
            ):
                self.post_message(WentBack(ticket.request, version, to))

        self._count_request = self.bench.work.begin("count changes", self, count, quiet=True)

    def on_changes_counted(self, message: ChangesCounted) -> None:
        """Show what a version changed."""
        if message.request == self._count_request:
            self.rows.changes[message.version] = message.text
            self.query_one("#versions", RowView).redraw()

    def on_went_back(self, message: WentBack) -> None:
        """Show that a version went back to an older one."""
        if message.request == self._count_request:
            self.rows.back[message.version] = message.to
            self.query_one("#versions", RowView).redraw()

    # --- what is shown

    def title_text(self) -> str:
        """Return which image set."""
        return f"Versions  {self.image_set[:8]}…"

    def count_text(self) -> str:
        """Return how many."""
        count = len(self.rows)
        return "" if not count else plural(count, "version")

    def held(self) -> set[Need]:
        """Return what is at hand for the version under the cursor."""
        held = super().held()
        if not self.here or not len(self.rows):
            return held
        view = self.query_one("#versions", RowView)
        if view.current:
            held.add(Need.ROW)
            if view.cursor > 0:
                held.add(Need.OLDER)
            if len(view.marks) == 2 or self.rows.before(view.current):
                held.add(Need.EARLIER)
            origin = self.rows.origins.get(view.current)
            if origin is not None and origin.campaign:
                held.add(Need.CAMPAIGN)
        if not self.rows.versions[0].locked and not self._writing:
            held.add(Need.UNLOCKED)
        return held

    @on(RowView.Marked, "#versions")
    def _marked(self) -> None:
        self.tell()

    @on(RowView.Moved, "#versions")
    def _moved(self) -> None:
        """Show what this version changed, once the cursor rests and where reading costs nothing."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_PAUSE, self._ask_changes)
        self.tell()

    def _ask_changes(self) -> None:
        session, image_set = self.bench.session, self.image_set
        version = self.query_one("#versions", RowView).current
        before = self.rows.before(version) if version else ""
        if session is None or not session.embedded or not before or self.rows.of(version).failed:
            self._compare_request = 0
            self.query_one("#changed", RowView).show(NoRows())
            return

        def read(ticket: Ticket) -> Compared:
            first, second = session.document(image_set, before), session.document(image_set, version)
            return Compared(ticket.request, first, second, describe(first, second))

        self._compare_request = self.bench.work.begin("preview a version", self, read, quiet=True)

    def on_compared(self, message: Compared) -> None:
        """Show what the version under the cursor changed."""
        if message.request == self._compare_request:
            lines = lines_of(message.before, message.after, message.changes, everything=False)
            side = self.app.size.width >= WIDE
            rows = DiffRows(message.before, message.after, lines, stacked=not side)
            self.query_one("#changed", RowView).show(rows, SIDE_BY_SIDE if side else STACKED)

    @on(RowView.Opened, "#versions")
    def _opened(self) -> None:
        self.perform("versions.diff" if Need.EARLIER in self.held() else "versions.metadata")

    # --- actions

    def do_diff(self) -> None:
        """Compare two marked versions, or this one with the one before."""
        view = self.query_one("#versions", RowView)
        marked = sorted(view.marks, key=int)
        if len(marked) > 2:
            self.bench.say("Diff: mark two versions, no more.", severity="warning")
            return
        before, after = marked if len(marked) == 2 else (self.rows.before(view.current), view.current)
        self.app.push_screen(DifferenceScreen((self.image_set, before), (self.image_set, after)))

    def do_metadata(self) -> None:
        """Read this version's metadata."""
        self.bench.show_metadata(self.image_set, self.query_one("#versions", RowView).current)

    def do_campaign(self) -> None:
        """Open the campaign that made this version."""
        session = self.bench.session
        origin = self.rows.origins.get(self.query_one("#versions", RowView).current)
        if session is not None and origin is not None:
            self._open_request = self.bench.work.begin(
                "open the campaign",
                self,
                lambda ticket: Planned(ticket.request, open_campaign(session, origin.campaign)),
                quiet=True,
            )

    def on_planned(self, message: Planned) -> None:
        """Show the campaign."""
        if message.request == self._open_request:
            self.app.push_screen(CampaignScreen(message.campaign))

    def written(self, message: Written) -> None:
        """Read again what another screen changed."""
        self.do_refresh()

    def do_revert(self) -> None:
        """Show what reverting would change, and ask."""
        to = self.query_one("#versions", RowView).current
        latest = self.rows.versions[0].version

        def confirmed(wanted: bool | None) -> None:
            if wanted:
                self._revert(latest, to)

        self.app.push_screen(RevertScreen(self.image_set, latest, to), confirmed)

    def _revert(self, latest: str, to: str) -> None:
        session, image_set, spec = self.bench.session, self.image_set, self.bench.store_spec
        if session is None:
            return

        def write(ticket: Ticket) -> Written:
            new = revert(session, spec, image_set, latest, to)
            return Written(ticket.request, image_set, new, f"revert to version {to}")

        title = f"revert {image_set[:8]}… to version {to}"
        self._writing = self.bench.work.begin(title, self, write, writes=True)
        self.tell()

    def on_written(self, message: Written) -> None:
        """Show the new version."""
        if message.request == self._writing:
            self._writing = 0
            self.bench.wrote(message)
            self.bench.say(f"Done: {message.what}. It is version {message.version} now.")
            self.query_one("#versions", RowView).cursor = 0
            self.do_refresh()

    def failed(self, message: Failed) -> None:
        """Say what failed; a failed revert may have used up a version."""
        if message.request in (self._count_request, self._compare_request):
            return
        super().failed(message)
        if message.request == self._writing:
            self._writing = 0
            self.do_refresh()

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()
