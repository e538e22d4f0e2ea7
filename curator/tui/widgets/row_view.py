"""A table that renders only what is visible, for lists of any length.

Textual's DataTable measures every cell (22 s for 100,000 image sets); this one asks its `Rows` for the few
dozen rows on screen and keeps their strips. Everything that looks like a table in the workbench is one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from curator.printable import printable
from curator.tui.actions import bindings
from curator.tui.rows import GAP, Column, NoRows, Rows, fit

_AHEAD = 0.015  # seconds after a scroll until the next screen is drawn
_GUTTERS = ("", "● ", "◐ ")  # by what `RowView.marks_at` says


@dataclass
class _OfView(Message):
    """Something that happened to a view, which ``@on`` selectors know it by."""

    view: RowView

    @property
    def control(self) -> RowView:
        """Return the view."""
        return self.view


class RowView(ScrollView, can_focus=True):
    """Rows under a fixed header, with a cursor, marks, mouse and vim keys; only visible rows are rendered.

    Values pass `printable` here, so no caller can forget it.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    RowView { overflow-y: scroll; }  /* a bar that comes and goes would move the columns */
    """
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("rows"))
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-view--row",
        "row-view--header",
        "row-view--sorted",
        "row-view--cursor",
        "row-view--cursor-blurred",
        "row-view--mark",
        "row-view--match",
        *(
            f"row-view--{role}"
            for role in ("dim", "good", "warn", "bad", "accent", "title", "added", "removed", "changed")
        ),
    }

    @dataclass
    class Moved(_OfView):
        """The cursor is on another row (``-1``: there is none)."""

        index: int

    @dataclass
    class Opened(_OfView):
        """Enter or a double click on a row."""

        index: int

    @dataclass
    class Marked(_OfView):
        """The set of marked rows changed."""

    @dataclass
    class HeaderPressed(_OfView):
        """A column's title was clicked."""

        column: str

    def __init__(
        self,
        columns: Sequence[Column] = (),
        rows: Rows | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
        markable: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns: tuple[Column, ...] = tuple(columns)
        self._rows: Rows = rows if rows is not None else NoRows()
        self._markable = markable
        self._widths: tuple[int, ...] = ()
        self._strips: LRUCache[tuple[int, bool, int], Strip] = LRUCache(2048)
        self._styles_of: dict[str, Style] = {}
        self._mixtures: dict[tuple[str, tuple[str, ...]], Style] = {}
        self._at = Offset()
        self._across = 0
        self._anchor = -1
        self._needle = ""
        self._down = True
        self._ahead: Timer | None = None
        self.cursor = -1 if not len(self._rows) else 0
        self.marks: set[str] = set()
        self.sorted_by = ""
        self.descending = False

    # --- what is shown

    @property
    def rows(self) -> Rows:
        """Return what is shown."""
        return self._rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns shown, in order."""
        return self._columns

    @property
    def current(self) -> str:
        """Return the key of the row under the cursor, or ``""``."""
        return self._rows.key(self.cursor) if 0 <= self.cursor < len(self._rows) else ""

    def show(
        self, rows: Rows | None = None, columns: Sequence[Column] | None = None, *, cursor: int = -1
    ) -> None:
        """Show other rows or columns; ``cursor`` is where it goes (default: as near as it can stay)."""
        if rows is not None:
            self._rows = rows
        if columns is not None:
            self._columns = tuple(columns)
        count = len(self._rows)
        wanted = cursor if cursor >= 0 else self.cursor
        self._anchor = -1
        self.cursor = min(max(wanted, 0), count - 1) if self.can_focus else -1
        self.redraw(layout=True)
        if self.size.height:
            self._reveal(self.cursor)
        self.post_message(self.Moved(self, self.cursor))

    def not_focusable(self) -> Self:
        """Make it a view that keys pass by, and return it; it has no cursor."""
        self.can_focus = False
        self.cursor = -1
        return self

    def redraw(self, *, layout: bool = False) -> None:
        """Draw again, because the rows' content changed under the view (``layout``: also their number)."""
        self._strips.clear()
        if layout:
            self._lay_out()
        self.refresh()

    def highlight(self, needle: str) -> None:
        """Show every occurrence of ``needle`` (any case) in the match style; ``""`` shows none."""
        if needle != self._needle:
            self._needle = needle.lower()
            self.redraw()

    def sort_shown(self, column: str, *, descending: bool) -> None:
        """Say in the header what the rows are sorted by."""
        self.sorted_by, self.descending = column, descending
        self.refresh()

    # --- geometry

    @property
    def gutter_width(self) -> int:
        """Return the cells before the first column: where marks are, if rows can be marked."""
        return 2 if self._markable else 1

    @property
    def visible_rows(self) -> int:
        """Return how many rows fit below the header."""
        return max(1, self.scrollable_content_region.height - 1)

    def _lay_out(self) -> None:
        least = self._set_widths()
        self.virtual_size = Size(max(self.room, least), len(self._rows) + 1)

    def _set_widths(self) -> int:
        """Share out the room there is, and return the width below which columns scroll."""
        self._widths = self.shared(self._columns)
        return self.gutter_width + sum(column.width + GAP for column in self._columns)

    def shared(self, columns: Sequence[Column]) -> tuple[int, ...]:
        """Return the widths of columns that share the room there is."""
        left = max(0, self.room - self.gutter_width - sum(column.width + GAP for column in columns))
        shares = sum(column.grow for column in columns)
        widths = []
        for column in columns:  # each takes its share of what is left, so that the last leaves nothing
            extra = left * column.grow // shares if shares else 0
            left, shares = left - extra, shares - column.grow
            widths.append(column.width + extra)
        return tuple(widths)

    @property
    def room(self) -> int:
        """Return the cells there are for gutter and columns."""
        return self.scrollable_content_region.width or self.size.width

    def on_resize(self) -> None:
        """Lay out for the new size, and keep the cursor in sight."""
        self.redraw(layout=True)
        self._reveal(self.cursor)

    def notify_style_update(self) -> None:
        """Forget strips drawn with other colours."""
        super().notify_style_update()
        self._strips.clear()
        self._styles_of.clear()
        self._mixtures.clear()

    def watch_has_focus(self, value: bool) -> None:
        """The cursor is drawn stronger with the focus."""
        super().watch_has_focus(value)
        self._strips.clear()
        self.refresh()

    # --- drawing

    def _style(self, name: str) -> Style:
        style = self._styles_of.get(name)
        if style is None:
            whole = name in ("row", "header")
            style = self.get_component_rich_style(f"row-view--{name}", partial=not whole)
            self._styles_of[name] = style
        return style

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the strips of ``crop``; what is the same for all lines is asked once.

        Our strips are cached with all that Textual makes of a strip until it is sent; a strip of Textual's own
        cache of styled lines is a new one for each line that scrolled, which costs most of a page. There is nothing
        to style where a widget has neither border nor padding.
        """
        self._at, self._across = self.scroll_offset, self.scrollable_content_region.width
        if self.styles.gutter or self.opacity != 1.0 or self.styles.outline:
            return super().render_lines(crop)
        strips = self._filtered([self.render_line(y) for y in crop.line_range])
        left, right = crop.column_span
        if left <= 0 and right >= self._across:  # the scrollbar draws what is left
            return strips
        return [strip.crop(left, right) for strip in strips]

    def _filtered(self, strips: list[Strip]) -> list[Strip]:
        """Return the strips as the terminal's colours allow."""
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def _draw_ahead(self) -> None:
        """Draw the rows of the next screen in the direction of travel, while nobody waits."""
        first = self.scroll_offset.y + (self.visible_rows if self._down else -self.visible_rows)
        ahead = range(max(0, first), min(first + self.visible_rows, len(self._rows)))
        console = self.app.console
        for strip in self._filtered([self._row(index) for index in ahead]):
            strip.render(console)

    def render_line(self, y: int) -> Strip:
        """Return the strip at viewport line ``y``: the header, a row, or blank."""
        scroll_x, scroll_y = self._at
        width = self._across
        if len(self._widths) != len(self._columns):
            self._set_widths()
        if y == 0:
            return self._header().crop_extend(scroll_x, scroll_x + width, self._style("header"))
        index = scroll_y + y - 1
        if index >= len(self._rows):
            return Strip.blank(width, self._style("row"))
        strip = self._row(index)
        if not scroll_x and strip.cell_length == width:
            return strip
        return strip.crop_extend(scroll_x, scroll_x + width, self._style("row"))

    def _header(self) -> Strip:
        return self._heads(self._columns, self._widths)

    def _heads(self, columns: Sequence[Column], widths: Sequence[int]) -> Strip:
        plain = self._style("header")
        segments = [Segment(" " * self.gutter_width, plain)]
        for column, width in zip(columns, widths, strict=True):
            title, style = column.title, plain
            if column.key == self.sorted_by:
                arrow = "▼" if self.descending else "▲"
                title = fit(title, min(len(title), width - 1)) + arrow
                style = plain + self._style("sorted")
            segments.append(Segment(fit(title, width, right=column.right) + " " * GAP, style))
        return Strip(segments)

    def _row(self, index: int) -> Strip:
        marked = self.marks_at(index) if self.marks else 0
        state = (index, index == self.cursor, marked)
        strip = self._strips.get(state)
        if strip is None:
            strip = self._strips[state] = self._draw(index, marked)
        return strip

    def _draw(self, index: int, marked: int) -> Strip:
        return self._drawn(index, marked, self._columns, self._widths)

    def _drawn(self, index: int, marked: int, columns: Sequence[Column], widths: Sequence[int]) -> Strip:
        """Draw one row, cells of one style in one segment: segments are what painting costs."""
        state = ("mark",) if marked else ()
        if index == self.cursor:
            state = (*state, "cursor" if self.has_focus else "cursor-blurred")
        plain = self._mixed("", state)
        text, style = _GUTTERS[marked] if marked else " " * self.gutter_width, plain
        segments: list[Segment] = []
        cells = self._rows.cells(index, columns)
        for column, width, cell in zip(columns, widths, cells, strict=True):
            shown, role = cell if isinstance(cell, tuple) else (cell, "")
            if not shown:
                text += " " * (width + GAP)
                continue
            shown = fit(printable(shown[: 4 * width]), width, right=column.right) + " " * GAP
            own = self._mixed(role, state) if role else plain
            if own is style and not self._needle:
                text += shown
                continue
            segments.append(Segment(text, style))
            text, style = shown, own
            if self._needle:
                *before, (text, style) = self._matches(shown, own)
                segments.extend(Segment(*part) for part in before)
        segments.append(Segment(text, style))
        length = self.gutter_width + sum(widths) + GAP * len(widths)
        if length < self.room:
            segments.append(Segment(" " * (self.room - length), plain))
            length = self.room
        return Strip(segments, length)

    def _mixed(self, role: str, state: tuple[str, ...]) -> Style:
        """Return the style of a role in a row of a state, one object for each mixture."""
        style = self._mixtures.get((role, state))
        if style is None:
            style = self._style("row")
            for name in (*state[:-1], role, *state[-1:]):  # the cursor's background lies over everything
                style = style + self._style(name) if name else style
            self._mixtures[role, state] = style
        return style

    def _matches(self, text: str, style: Style) -> list[tuple[str, Style]]:
        """Return ``text`` in parts, those that are searched for in the match style."""
        lowered = text.lower()
        if len(lowered) != len(text):
            return [(text, style)]
        parts: list[tuple[str, Style]] = []
        at, found = 0, lowered.find(self._needle)
        while found >= 0:
            end = found + len(self._needle)
            parts += [(text[at:found], style), (text[found:end], style + self._style("match"))]
            at, found = end, lowered.find(self._needle, end)
        return [*parts, (text[at:], style)]

    # --- moving

    def move(self, index: int, *, centre: bool = False) -> None:
        """Put the cursor on the row at ``index`` (or the nearest there is) and bring it into sight."""
        count = len(self._rows)
        index = min(max(index, 0), count - 1)
        if index == self.cursor or not count:
            self._reveal(index, centre=centre)
            return
        before, self.cursor = self.cursor, index
        self.refresh_lines(before + 1)
        self.refresh_lines(index + 1)
        self._down = index > before
        self._reveal(index, centre=centre)
        self.post_message(self.Moved(self, index))

    def _reveal(self, index: int, *, centre: bool = False) -> None:
        if index < 0:
            return
        top, height = self.scroll_offset.y, self.visible_rows
        if top <= index < top + height:
            return
        if centre:
            to = index - height // 2
        else:
            to = index if index < top else index - height + 1
        self.scroll_to(y=max(0, to), animate=False)
        if self._ahead is not None:
            self._ahead.stop()
        self._ahead = self.set_timer(_AHEAD, self._draw_ahead)

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.move(self.cursor + by)

    def action_page(self, by: float) -> None:
        """Move the cursor by screens."""
        self.move(self.cursor + int(by * self.visible_rows))

    def action_edge(self, which: str) -> None:
        """Move to the first or the last row."""
        self.move(0 if which == "first" else len(self._rows) - 1)

    def action_sideways(self, by: int) -> None:
        """Scroll columns that do not fit."""
        self.scroll_to(x=self.scroll_offset.x + by * 8, animate=False)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if 0 <= self.cursor < len(self._rows):
            self.post_message(self.Opened(self, self.cursor))

    # --- marks

    def keys_at(self, index: int) -> Sequence[str]:
        """Return the keys that a mark at ``index`` is about."""
        return (self._rows.key(index),)

    def marks_at(self, index: int) -> int:
        """Return 1 where the line at ``index`` is marked, 2 where a part of what it stands for is, else 0."""
        return int(self._rows.key(index) in self.marks)

    def mark(self, keys: Collection[str], *, on: bool = True) -> None:
        """Mark rows by key, or take their marks away."""
        if not self._markable:
            return
        (self.marks.update if on else self.marks.difference_update)(keys)
        self.refresh()
        self.post_message(self.Marked(self))

    def action_mark(self, by: int) -> None:
        """Toggle the mark of the row under the cursor, and go on to the next."""
        if self._markable and self.current:
            self._anchor = self.cursor
            self.mark(self.keys_at(self.cursor), on=self.marks_at(self.cursor) != 1)
            self.move(self.cursor + by)

    def action_mark_range(self) -> None:
        """Mark every row from the last one marked to the cursor."""
        if self._markable and self.current:
            first = self._anchor if self._anchor >= 0 else self.cursor
            low, high = sorted((first, self.cursor))
            self.mark({key for index in range(low, high + 1) for key in self.keys_at(index)})
            self._anchor = self.cursor

    def action_mark_all(self) -> None:
        """Mark every row shown, or unmark them when all are marked."""
        keys = {key for index in range(len(self._rows)) for key in self.keys_at(index)}
        self.mark(keys, on=not self.marks.issuperset(keys))

    # --- mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; twice opens; with ctrl, or before the columns, marks; the header sorts."""
        event.stop()
        if event.y == 0:
            column = self._column_at(event.x + self.scroll_offset.x)
            if column:
                self.post_message(self.HeaderPressed(self, column))
            return
        index = self.scroll_offset.y + event.y - 1
        if index >= len(self._rows):
            return
        self.move(index)
        if event.ctrl or (self._markable and event.x < self.gutter_width and not event.shift):
            self.action_mark(0)
        elif event.shift:
            self.action_mark_range()
        elif event.chain == 2:
            self.action_open()

    def _column_at(self, x: int) -> str:
        at = self.gutter_width
        for column, width in zip(self._columns, self._widths, strict=True):
            if at <= x < at + width + GAP:
                return column.key
            at += width + GAP
        return ""
