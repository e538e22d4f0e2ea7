"""A picture in cells: two pixels in each by half blocks, or by the terminal's own graphics through textual-image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from curator.printable import printable
from curator.tui.graphics import Graphics, Terminal, widget_for
from curator.tui.half_blocks import scaled, strips_of
from curator.tui.rows import fit
from curator.tui.viewport import Part, Viewport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class PictureView(Widget, can_focus=True):
    """Shows 8-bit samples, rows × columns (× 3), or a sentence where there are none."""

    class Dragged(Message):
        """The pointer went so many cells with a button down."""

        def __init__(self, across: int, down: int) -> None:
            super().__init__()
            self.across, self.down = across, down

    class Turned(Message):
        """The wheel was turned; ``near`` with the control key down."""

        def __init__(self, step: int, *, near: bool) -> None:
            super().__init__()
            self.step, self.near = step, near

    class Resized(Message):
        """There is another number of pixels to draw on."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.terminal = Terminal()
        self._text = ""
        self._image: Array | None = None
        self._strips: list[Strip] | None = None
        self._last: tuple[int, int] | None = None

    # --- what there is to draw on

    @property
    def pixels(self) -> tuple[int, int]:
        """How many pixels there are: width, height."""
        width, height = max(self.size.width, 1), max(self.size.height, 1)
        if self.terminal.graphics is Graphics.BLOCKS:
            return width, 2 * height
        return width * self.terminal.cell[0], height * self.terminal.cell[1]

    @property
    def squareness(self) -> float:
        """How much wider than tall a pixel is that we draw: half a cell is rarely a square."""
        if self.terminal.graphics is Graphics.BLOCKS:
            return self.terminal.cell[0] / (self.terminal.cell[1] / 2)
        return 1.0

    def part(self, viewport: Viewport, rows: int, columns: int, aspect: float = 1.0) -> Part:
        """Return what a viewport shows of a picture here."""
        return viewport.part(rows, columns, *self.pixels, aspect=aspect * self.squareness)

    def use(self, terminal: Terminal) -> None:
        """Draw by what the terminal has, from now on."""
        self.terminal = terminal
        self.post_message(self.Resized())

    # --- what is drawn

    def say(self, text: str) -> None:
        """Show a sentence instead of a picture."""
        self._text, self._image, self._strips = printable(text), None, None
        self._draw()

    def show(self, image: Array, part: Part) -> None:
        """Draw a part of a picture, scaled to the pixels that the part says."""
        self._text, self._strips = "", None
        self._image = scaled(image[part.slices], part.width, part.height)
        self._draw()

    @property
    def drawn(self) -> Array | None:
        """What is drawn, in pixels of the screen."""
        return self._image

    def _draw(self) -> None:
        if self.terminal.graphics is not Graphics.BLOCKS:
            self._draw_by_terminal()
        self.refresh()

    def _draw_by_terminal(self) -> None:
        kind = widget_for(self.terminal)
        held = self.query(kind)
        if self._image is None:
            held.remove()
            return
        from PIL import Image

        picture = held.first() if held else kind()
        height, width = self._image.shape[:2]
        picture.image = Image.fromarray(self._image)  # type: ignore[attr-defined]
        cell_width, cell_height = self.terminal.cell
        picture.styles.width, picture.styles.height = (
            max(width // cell_width, 1),
            max(height // cell_height, 1),
        )
        if not held:
            self.mount(picture)

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        width, height = self.size
        background = self.rich_style
        if self._text:
            line = fit(self._text, min(width, max(len(self._text), 1))).strip() if y == height // 2 else ""
            left = max((width - len(line)) // 2, 0)
            return Strip([Segment(" " * left + line, background)]).adjust_cell_length(width, background)
        if self._image is None or self.terminal.graphics is not Graphics.BLOCKS:
            return Strip.blank(width, background)
        if self._strips is None:
            self._strips = strips_of(self._image)
        above = (height - len(self._strips)) // 2
        if not 0 <= y - above < len(self._strips):
            return Strip.blank(width, background)
        line_of_cells = self._strips[y - above]
        left = max((width - line_of_cells.cell_length) // 2, 0)
        return Strip([Segment(" " * left, background), *line_of_cells]).adjust_cell_length(width, background)

    # --- the mouse

    def on_resize(self) -> None:
        """Say that there is another number of pixels."""
        self.post_message(self.Resized())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._last = (event.screen_x, event.screen_y)
        self.capture_mouse()

    def on_mouse_up(self) -> None:
        """End it."""
        self._last = None
        self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say how far the pointer went."""
        if self._last is not None:
            across, down = event.screen_x - self._last[0], event.screen_y - self._last[1]
            self._last = (event.screen_x, event.screen_y)
            if across or down:
                self.post_message(self.Dragged(across, down))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """To the next picture."""
        event.stop()
        self.post_message(self.Turned(1, near=event.ctrl))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """To the picture before."""
        event.stop()
        self.post_message(self.Turned(-1, near=event.ctrl))
