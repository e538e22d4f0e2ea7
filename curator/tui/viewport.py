"""Which part of a picture is seen, and how large: pure geometry, for any screen's pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

NEAREST_BORDER, WIDEST_BORDER = 3.0, 5.0
"""How much a piece of the border is magnified: enough to be read, few enough to be gone through."""
LARGEST: Final = 64.0
_OVERLAP: Final = 1.1  # neighbouring pieces share some pixels: no letter falls between them


@dataclass(frozen=True, slots=True)
class Part:
    """Rows and columns of the picture that are seen, and the pixels they are drawn on (width, height)."""

    top: int
    bottom: int
    left: int
    right: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The part, to index an array by."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, slots=True)
class Viewport:
    """``zoom`` 1 shows the whole picture; ``across`` and ``down`` (0 to 1) say which point is in the middle."""

    zoom: float = 1.0
    across: float = 0.5
    down: float = 0.5

    def part(self, rows: int, columns: int, width: int, height: int, aspect: float = 1.0) -> Part:
        """Return what is seen of rows × columns on a screen of width × height pixels.

        ``aspect`` is how much taller than wide a pixel of the picture is drawn.
        """
        scale = min(width / columns, height / (rows * aspect)) * self.zoom
        seen_columns = min(columns, max(1, round(width / scale)))
        seen_rows = min(rows, max(1, round(height / (scale * aspect))))
        left = _begin(self.across, columns, seen_columns)
        top = _begin(self.down, rows, seen_rows)
        return Part(
            top,
            top + seen_rows,
            left,
            left + seen_columns,
            max(1, min(width, round(seen_columns * scale))),
            max(1, min(height, round(seen_rows * scale * aspect))),
        )

    def zoomed(self, factor: float) -> Viewport:
        """Return a nearer or wider view of the same point."""
        zoom = min(max(self.zoom * factor, 1.0), LARGEST)
        return replace(self, zoom=zoom) if zoom > 1.0 else Viewport()

    def moved(self, across: float, down: float) -> Viewport:
        """Return a view of another point; a whole picture stays where it is. Steps are parts of what is seen."""
        if self.zoom <= 1.0:
            return self
        return replace(
            self,
            across=min(max(self.across + across / self.zoom, 0.0), 1.0),
            down=min(max(self.down + down / self.zoom, 0.0), 1.0),
        )

    def one_to_one(self, rows: int, columns: int, width: int, height: int) -> Viewport:
        """Return a view in which a pixel of the picture is one of the screen's."""
        fit = min(width / columns, height / rows)
        return replace(self, zoom=min(max(1.0 / fit, 1.0), LARGEST))


def _begin(point: float, length: int, seen: int) -> int:
    return min(max(round(point * length - seen / 2), 0), length - seen)


@dataclass(frozen=True, slots=True)
class Piece:
    """A magnified piece of an image's border, where writing is burned in."""

    name: str
    viewport: Viewport


def border(zoom: float) -> tuple[Piece, ...]:
    """Return the pieces that cover the border at a magnification, clockwise from the upper left corner."""
    zoom = min(max(zoom, NEAREST_BORDER), WIDEST_BORDER)
    count = ceil(zoom)
    points = [(number + 0.5) / count for number in range(count)]
    first, last = points[0], points[-1]
    path = [(x, first) for x in points] + [(last, y) for y in points[1:]]
    path += [(x, last) for x in points[-2::-1]] + [(first, y) for y in points[-2:0:-1]]
    return tuple(Piece(_name(x, y, first, last), Viewport(zoom / _OVERLAP, x, y)) for x, y in path)


def _name(across: float, down: float, first: float, last: float) -> str:
    row = {first: "upper", last: "lower"}.get(down, "")
    column = {first: "left", last: "right"}.get(across, "")
    return f"{row} {column}" if row and column else f"{row or column} edge"
