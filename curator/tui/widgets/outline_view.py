"""The tree of a document's elements, drawn by the row view: one line API for lists and trees."""

from __future__ import annotations

from textual import events

from curator.tui.outline import COLUMNS, Outline
from curator.tui.widgets.row_view import RowView


class OutlineView(RowView):
    """A `RowView` over an `Outline`: left and right close and open, enter does either."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, id=id)

    @property
    def outline(self) -> Outline | None:
        """Return what is shown, if anything is."""
        return self.rows if isinstance(self.rows, Outline) else None

    def action_sideways(self, by: int) -> None:
        """Open or go in to the right; close or go to the parent to the left."""
        outline = self.outline
        line = outline.at(self.cursor) if outline else None
        if outline is None or line is None:
            return
        if by > 0:
            if line.load and not line.open:
                outline.open(self.cursor)
                self.redraw(layout=True)
            elif line.open:
                self.move(self.cursor + 1)
        elif line.open:
            outline.close(self.cursor)
            self.redraw(layout=True)
        else:
            self.move(outline.parent(self.cursor))

    def action_open(self) -> None:
        """Open or close what has something below; anything else is for the screen to open."""
        outline = self.outline
        line = outline.at(self.cursor) if outline else None
        if outline is not None and line is not None and line.load:
            outline.toggle(self.cursor)
            self.redraw(layout=True)
        else:
            super().action_open()

    def on_click(self, event: events.Click) -> None:
        """A click on the sign opens or closes at once."""
        index = self.scroll_offset.y + event.y - 1
        outline = self.outline
        line = outline.at(index) if outline and event.y > 0 else None
        if line is not None and line.load:
            sign = self.gutter_width + 2 * line.depth
            if sign <= event.x + self.scroll_offset.x < sign + 2 and event.chain == 1:
                event.stop()
                event.prevent_default()
                self.move(index)
                self.action_open()
