"""How a frame is seen: through which window, how near, on what kind of terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from curator.tui.actions import Need
from curator.tui.graphics import Terminal, ask
from curator.tui.half_blocks import with_overlay
from curator.tui.screens.place import Place
from curator.tui.stack import Stack
from curator.tui.viewport import Piece, Viewport, border
from curator.tui.widgets.picture_view import PictureView

if TYPE_CHECKING:
    from curator.pictures import Picture
    from curator.pictures.greyscale import Voi, Window

_NEAR = 1.5
_STEP = 0.25  # of what is seen, a step of panning


@dataclass
class TerminalKnown(Message):
    """What the terminal draws pictures with."""

    request: int
    terminal: Terminal


class FrameLooking(Place):
    """A picture, and the keys that change how it is seen; below it are `FrameGoing` and the review."""

    ROWS = False

    def __init__(self) -> None:
        super().__init__()
        self.stack: Stack | None = None
        self.place = 0
        self.picture: Picture | None = None
        self.viewport = Viewport()
        self.corner: Piece | None = None
        self.stretched = self.inverted = False
        self.overlaid = True
        self._own: Window | None = None
        self._preset = 0
        self._asking = 0

    @property
    def view(self) -> PictureView:
        """The picture."""
        return self.query_one("#frame", PictureView)

    def tell_about(self) -> None:
        """Say what the frame is, and what is to be known of it."""
        raise NotImplementedError

    # --- the terminal

    def ask_terminal(self) -> None:
        """Ask the terminal what it can show, once."""
        known = self.bench.terminal
        if known is not None:
            self.view.use(known)
            return
        driver, wanted = self.app._driver, self.bench.config.pictures
        self._asking = self.bench.work.begin(
            "ask the terminal",
            self,
            lambda ticket: TerminalKnown(ticket.request, ask(driver, wanted)),
            quiet=True,
        )

    def on_terminal_known(self, message: TerminalKnown) -> None:
        """Draw by the terminal's own graphics, where it has any."""
        self.bench.terminal = message.terminal
        self.view.use(message.terminal)

    # --- what is shown

    def _forget_views(self) -> None:
        self._own, self._preset = None, 0
        self.viewport, self.corner = Viewport(), None

    @property
    def voi(self) -> Voi | None:
        """The window or table that the frame is seen through; None for colour."""
        presets = self.picture.presets if self.picture is not None else ()
        if not presets:
            return None
        return self._own or presets[self._preset % len(presets)]

    def _show(self, why: str = "") -> None:
        from curator.pictures.frame import pixel_aspect
        from curator.pictures.greyscale import equalised, grey_of_colour

        if self.picture is None or self.stack is None:
            self.view.say(why or "Reading the frame …")
            return
        rows, columns = self.picture.size
        part = self.view.part(
            self.viewport, rows, columns, pixel_aspect(self.stack.frames[self.place].described)
        )
        shown = self.picture.shown(self.voi, inverted=self.inverted)
        if self.stretched:
            shown = equalised(grey_of_colour(shown), part.slices)
        if self.overlaid and self.picture.overlay is not None:
            shown = with_overlay(shown, self.picture.overlay)
        self.view.show(shown, part)

    @on(PictureView.Resized)
    def _resized(self) -> None:
        if self.picture is not None:
            self._show()

    def _seen_otherwise(self) -> None:
        self._show()
        self.tell_about()
        self.tell()

    def held(self) -> set[Need]:
        """Return what is at hand for the frame that is looked at."""
        held = super().held()
        if self.stack is not None and len(self.stack):
            held.add(Need.FRAME)
        if self.picture is not None:
            held.add(Need.SHOWN)
        if self.picture is not None and self.picture.grey is not None:
            held.add(Need.GREY)
        if self.picture is not None and self.picture.overlay is not None:
            held.add(Need.OVERLAY)
        return held

    # --- which part

    def _look(self, viewport: Viewport) -> None:
        self.viewport, self.corner = viewport, None
        self._show()
        self.tell_about()

    def do_zoom_in(self) -> None:
        """Nearer."""
        self._look(self.viewport.zoomed(_NEAR))

    def do_zoom_out(self) -> None:
        """Wider."""
        self._look(self.viewport.zoomed(1 / _NEAR))

    def do_one_to_one(self) -> None:
        """A pixel for a pixel."""
        if self.picture is not None:
            self._look(self.viewport.one_to_one(*self.picture.size, *self.view.pixels))

    def do_whole(self) -> None:
        """The whole image."""
        self._look(Viewport())

    def do_pan_left(self) -> None:
        """Further left."""
        self._look(self.viewport.moved(-_STEP, 0))

    def do_pan_right(self) -> None:
        """Further right."""
        self._look(self.viewport.moved(_STEP, 0))

    def do_pan_up(self) -> None:
        """Further up."""
        self._look(self.viewport.moved(0, -_STEP))

    def do_pan_down(self) -> None:
        """Further down."""
        self._look(self.viewport.moved(0, _STEP))

    def do_corner(self) -> None:
        """The next corner or edge."""
        self._magnify(1)

    def do_corner_back(self) -> None:
        """The one before."""
        self._magnify(-1)

    def _magnify(self, step: int) -> None:
        if self.picture is None:
            return
        pieces = border(Viewport().one_to_one(*self.picture.size, *self.view.pixels).zoom)
        begin = 0 if step > 0 else len(pieces) - 1
        place = pieces.index(self.corner) + step if self.corner in pieces else begin
        if not 0 <= place < len(pieces):
            self.do_whole()
            return
        self._look(pieces[place].viewport)
        self.corner = pieces[place]
        self.tell_about()

    @on(PictureView.Dragged)
    def _dragged(self, event: PictureView.Dragged) -> None:
        """Pan what is zoomed; otherwise the window: across for contrast, down for brightness."""
        width, height = self.view.size
        if self.viewport.zoom > 1:
            self._look(self.viewport.moved(-event.across / max(width, 1), -event.down / max(height, 1)))
        elif Need.GREY in self.held():
            self._shift(0.02 * event.down, 1.03**event.across)

    # --- through what

    def do_stretch(self) -> None:
        """Stretch the contrast, or leave it."""
        self.stretched = not self.stretched
        self._seen_otherwise()

    def do_invert(self) -> None:
        """Black for white."""
        self.inverted = not self.inverted
        self._seen_otherwise()

    def do_overlay(self) -> None:
        """Show or hide overlays."""
        self.overlaid = not self.overlaid
        self._seen_otherwise()

    def do_window(self) -> None:
        """The next window."""
        self._choose(1)

    def do_window_back(self) -> None:
        """The window before."""
        self._choose(-1)

    def _choose(self, step: int) -> None:
        self._own, self._preset = None, self._preset + step
        self._seen_otherwise()

    def do_brighter(self) -> None:
        """Move the window down."""
        self._shift(-0.05, 1.0)

    def do_darker(self) -> None:
        """Move it up."""
        self._shift(0.05, 1.0)

    def do_narrower(self) -> None:
        """More contrast."""
        self._shift(0.0, 1 / 1.15)

    def do_wider(self) -> None:
        """Less contrast."""
        self._shift(0.0, 1.15)

    def _shift(self, by: float, factor: float) -> None:
        """Move the centre by a part of the width, and change the width; a table becomes a window first."""
        from curator.pictures.greyscale import Window

        presets = self.picture.presets if self.picture is not None else ()
        if not presets:
            return
        now = self.voi if isinstance(self.voi, Window) else presets[-1]
        assert isinstance(now, Window)
        self._own = now.moved(now.centre + by * now.width, now.width * factor)
        self._seen_otherwise()
