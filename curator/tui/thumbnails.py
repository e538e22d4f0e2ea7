"""Small pictures of image sets for the preview: their first frame, read where reading costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip

from curator.tui.half_blocks import scaled, strips_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curator.pictures import Picture
    from curator.tui.session import Session
    from curator.tui.work import Ticket

    Array = NDArray[Any]

LONGEST_SIDE: Final = 160
"""Pixels; a preview has no room for more."""
_KEPT: Final = 200


@dataclass
class ThumbnailMade(Message):
    """The picture of an image set; None where it has none, or it may not be read in passing."""

    request: int
    image_set: str
    image: Array | None = field(repr=False)


class Thumbnails:
    """Pictures that were made, by image set and version: a frame never changes, but how it is to be seen may."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], Array] = OrderedDict()

    def keep(self, image_set: str, version: int, picture: Picture) -> Array:
        """Make a picture small and keep it."""
        image = picture.shown()
        height, width = image.shape[:2]
        shrink = min(LONGEST_SIDE / max(height, width), 1.0)
        small = scaled(image, max(1, round(width * shrink)), max(1, round(height * shrink)))
        self._kept[image_set, version] = small
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return small

    def make(self, session: Session, image_set: str, version: int, ticket: Ticket) -> ThumbnailMade:
        """Return an image set's picture. Outside an embedded store only a kept one: to read a frame is a touch."""
        from curator.pictures import NoPicture, frames_of, picture_of

        kept = self._kept.get((image_set, version))
        if kept is not None or not session.embedded:
            return ThumbnailMade(ticket.request, image_set, kept)
        first = next(frames_of(session.document(image_set, str(version))), None)
        if first is None:
            return ThumbnailMade(ticket.request, image_set, None)
        ticket.check()
        data, kind = session.imaging.frame(image_set, first.id)
        try:
            picture = picture_of(data, kind, first.attributes)
        except NoPicture:
            return ThumbnailMade(ticket.request, image_set, None)
        return ThumbnailMade(ticket.request, image_set, self.keep(image_set, version, picture))


@dataclass(frozen=True, slots=True)
class HalfBlocks:
    """A picture as Rich draws it: lines of half blocks."""

    strips: tuple[Strip, ...]

    @classmethod
    def of(cls, image: Array, width: int, lines: int) -> HalfBlocks:
        """Return a picture that fits into so many cells and lines, its shape kept."""
        rows, columns = image.shape[:2]
        scale = min(width / columns, 2 * lines / rows)
        fitted = scaled(image, max(1, round(columns * scale)), max(1, round(rows * scale)))
        return cls(tuple(strips_of(fitted)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for strip in self.strips:
            yield from strip
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = max((strip.cell_length for strip in self.strips), default=1)
        return Measurement(width, width)
