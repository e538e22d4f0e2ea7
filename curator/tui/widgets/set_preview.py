"""The pane beside the list: what is known of the image set under the cursor, and a place for its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import RenderableType
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from curator.catalogue.rows import Row
from curator.tui.bench import bench_of
from curator.tui.grouping import GroupBy
from curator.tui.preview import Seen, facts_of, group_pairs, look, seen_pairs
from curator.tui.thumbnails import HalfBlocks, ThumbnailMade
from curator.tui.widgets.pairs import Preview
from curator.tui.work import Failed, Ticket

_LEAST_LINES = 20  # of the pane, for a picture to have room above the facts
_PAUSE = 0.15  # seconds the cursor rests before more is read than the row says


@dataclass
class PreviewRead(Message):
    """What was read of the image set under the cursor."""

    request: int
    seen: Seen = field(repr=False)


class SetPreview(Vertical):
    """Tells at once what the row says; more when the cursor has come to rest. `show_picture` fills its upper part."""

    @dataclass
    class Rested(Message):
        """The cursor has come to rest on an image set: the moment to read what takes time, such as its picture."""

        image_set: str
        version: int

    def __init__(self) -> None:
        super().__init__(id="preview")
        self._row: Row | None = None
        self._request = 0
        self._picture_request = 0
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the picture, which is hidden while there is none, and the facts."""
        yield Static(id="picture", markup=False)
        yield Preview(id="known")

    def on_mount(self) -> None:
        """Begin without a picture."""
        self.query_one("#picture").display = False

    @property
    def image_set(self) -> str:
        """Return the id of the image set that is shown, or ``""``."""
        return self._row.id if self._row is not None else ""

    def show_picture(self, image_set: str, picture: RenderableType | None) -> None:
        """Show a picture of an image set above the facts, if that one is shown still; None takes it away."""
        if image_set == self.image_set:
            slot = self.query_one("#picture", Static)
            slot.update(picture if picture is not None else "")
            slot.display = picture is not None

    def look_at(self, row: Row | None) -> None:
        """Show an image set, or nothing."""
        if self._rest is not None:
            self._rest.stop()
        if row is None or row.id != self.image_set:
            self.query_one("#picture").display = False
        self._row, self._request = row, 0
        facts = self.query_one("#known", Preview)
        if row is None:
            facts.tell("", [])
            return
        facts.tell("Preview", facts_of(row))
        self._rest = self.set_timer(_PAUSE, self._ask)

    def look_at_group(self, by: GroupBy, rows: Sequence[Row]) -> None:
        """Show what a group's image sets say together."""
        self.look_at(None)
        self.query_one("#known", Preview).tell("Group", group_pairs(by, rows))

    def _ask(self) -> None:
        bench = bench_of(self)
        session, row = bench.session, self._row
        if session is None or row is None:
            return

        def read(ticket: Ticket) -> PreviewRead:
            return PreviewRead(ticket.request, look(session, row, ticket))

        self._request = bench.work.begin("preview an image set", self, read, quiet=True)
        self.post_message(self.Rested(row.id, row.version))

    @on(Rested)
    def _ask_picture(self, event: Rested) -> None:
        """Have the first frame read, where there is room for it and it costs nothing."""
        bench = bench_of(self)
        session, image_set, version = bench.session, event.image_set, event.version
        if session is not None and self.display and self.size.height >= _LEAST_LINES:
            self._picture_request = bench.work.begin(
                "preview a frame",
                self,
                lambda ticket: bench.thumbnails.make(session, image_set, version, ticket),
                quiet=True,
            )

    def on_thumbnail_made(self, message: ThumbnailMade) -> None:
        """Show it, if the cursor is there still."""
        message.stop()
        if message.request == self._picture_request and message.image is not None:
            lines = self.size.height * 2 // 5
            self.show_picture(message.image_set, HalfBlocks.of(message.image, self.size.width - 1, lines))

    def on_preview_read(self, message: PreviewRead) -> None:
        """Add what was read."""
        message.stop()
        if message.request == self._request and self._row is not None:
            facts = self.query_one("#known", Preview)
            facts.tell(
                "Preview", [*facts_of(self._row), *seen_pairs(self._row, message.seen, facts.value_width)]
            )

    def on_failed(self, message: Failed) -> None:
        """The row's own facts stay; what was asked for in passing needs no excuse."""
        message.stop()
