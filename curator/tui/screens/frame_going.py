"""Going through frames: reading them ahead, by keys, by number, with the mouse, as a film."""

from __future__ import annotations

from textual import events, on
from textual.timer import Timer
from textual.widgets import Input

from curator.tui.frame_reader import FrameCame, FrameReader, Wanted
from curator.tui.screens.frame_looking import FrameLooking
from curator.tui.widgets.picture_view import PictureView
from curator.tui.widgets.scrubber import Scrubber

_PAGE = 10
_LATE = 0.15  # seconds after which the frame before is no longer shown in place of one that has not come
_NEAR = 1.5


_GOING = frozenset(
    f"frames.{name}"
    for name in (
        "next", "previous", "next-instance", "previous-instance", "page-down", "page-up", "first", "last"
    )
)  # fmt: skip


class FrameGoing(FrameLooking):
    """One frame of a stack at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._reader: FrameReader | None = None
        self._film: Timer | None = None
        self._late: Timer | None = None
        self._typed_ahead: list[str] = []  # where to go once the frames are listed
        self.looked_at: set[str] = set()
        """Ids of the frames that were shown."""

    def perform(self, action_id: str) -> None:
        """Do an action; one that goes elsewhere waits for the frames. What decides does not: nobody saw any."""
        if self.stack is None and action_id in _GOING:
            self._typed_ahead.append(action_id)
        else:
            super().perform(action_id)

    def _go_as_typed(self) -> None:
        typed, self._typed_ahead = self._typed_ahead, []
        for action_id in typed:
            self.perform(action_id)

    def on_unmount(self) -> None:
        """Let the reading threads end."""
        self._let_go()

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _go(self, place: int, *, anew: bool = False) -> None:
        """Look at another frame."""
        stack, session = self.stack, self.bench.session
        if stack is None or session is None or not len(stack):
            return
        before = stack.at(min(self.place, len(stack) - 1)).series
        self.place = min(max(place, 0), len(stack) - 1)
        if stack.at(self.place).series != before:
            self._forget_views()
        if self._reader is None:
            self._reader = FrameReader(session.imaging, self)
        ahead = (1, 2, 3, 4) if self._film is not None else (1, -1, 2)
        places = [self.place, *(self.place + step for step in ahead)]
        wanted = [
            Wanted(stack.image_set, stack.frames[each], stack.at(each).modality)
            for each in places
            if 0 <= each < len(stack)
        ]
        self._reader.want(wanted)
        self.picture = self._reader.picture(stack.image_set, stack.frames[self.place].id)
        if self._late is not None:
            self._late.stop()
        if self.picture is not None or anew:
            self._look_at()
        else:
            self._late = self.set_timer(_LATE, self._look_at)
        self.tell_about()
        self.tell()

    def _look_at(self, why: str = "") -> None:
        """Show the frame that is looked at, or that it has not come: never another one in its place."""
        if self.picture is not None and self.stack is not None:
            self.looked_at.add(self.stack.frames[self.place].id)
        self._show(why)

    def on_frame_came(self, message: FrameCame) -> None:
        """Show the frame, if it is the one that is looked at."""
        stack = self.stack
        if stack is None or not len(stack):
            return
        if (message.image_set, message.frame_id) != (stack.image_set, stack.frames[self.place].id):
            return
        self.picture = message.picture
        if self.picture is not None and self.place == 0:
            self.bench.thumbnails.keep(stack.image_set, int(stack.version), self.picture)
        self._look_at(message.why)
        self.tell_about()
        self.tell()

    def count_text(self) -> str:
        """Return how many, and whether they play."""
        count = len(self.stack) if self.stack is not None else 0
        if not count:
            return ""
        playing = "  ▶" if self._film is not None else ""
        return f"{self.place + 1:,} of {count:,}{playing}"

    # --- by keys

    def do_next(self) -> None:
        """One on."""
        self._go(self.place + 1)

    def do_previous(self) -> None:
        """One back."""
        self._go(self.place - 1)

    def do_page_down(self) -> None:
        """Ten on."""
        self._go(self.place + _PAGE)

    def do_page_up(self) -> None:
        """Ten back."""
        self._go(self.place - _PAGE)

    def do_first(self) -> None:
        """The first."""
        self._go(0)

    def do_last(self) -> None:
        """The last."""
        self._go(len(self.stack or ()) - 1)

    def do_next_instance(self) -> None:
        """The next instance."""
        if self.stack is not None:
            self._go(self.stack.beside(self.place, 1))

    def do_previous_instance(self) -> None:
        """The instance before."""
        if self.stack is not None:
            self._go(self.stack.beside(self.place, -1))

    # --- by number

    def on_key(self, event: events.Key) -> None:
        """A number goes to an instance; zero shows the whole image."""
        if event.character in tuple("123456789") and not isinstance(self.focused, Input):
            event.stop()
            self._open_goto(event.character)

    def do_goto(self) -> None:
        """Ask where to."""
        self._open_goto("")

    def _open_goto(self, begun: str) -> None:
        field = self.query_one("#goto", Input)
        field.display = True
        field.value = begun
        field.cursor_position = len(begun)
        self.set_focus(field)  # at once: the next digits may be here already

    @on(Input.Submitted, "#goto")
    def _goto(self, event: Input.Submitted) -> None:
        place = self.stack.found(event.value) if self.stack is not None else None
        self._close_goto()
        if place is None:
            self.bench.say("There is no such instance with frames.", severity="warning")
        else:
            self._go(place)

    def _close_goto(self) -> None:
        self.query_one("#goto").display = False
        self.view.focus()

    # --- with the mouse

    @on(Scrubber.Chosen)
    def _scrubbed(self, event: Scrubber.Chosen) -> None:
        self._go(round(event.place * (len(self.stack or ()) - 1)))

    @on(PictureView.Turned)
    def _turned(self, event: PictureView.Turned) -> None:
        if event.near:
            self._look(self.viewport.zoomed(_NEAR if event.step < 0 else 1 / _NEAR))
        else:
            self._go(self.place + event.step)

    # --- as a film

    def do_play(self) -> None:
        """Play, or stop."""
        if self._film is not None:
            self._stop()
        elif self.stack is not None and len(self.stack) > 1:
            from curator.pictures.frame import frames_a_second

            rate = frames_a_second(self.stack.frames[self.place].attributes)
            self._film = self.set_interval(1 / min(max(rate, 1.0), 15.0), self._play_on)

    def _play_on(self) -> None:
        stack = self.stack
        if stack is None or self._reader is None or self.app.screen is not self:
            self._stop()
            return
        place = (self.place + 1) % len(stack)
        # A film waits for a frame rather than run ahead of it.
        if self.picture is not None:
            self._go(place)

    def _stop(self) -> None:
        if self._film is not None:
            self._film.stop()
            self._film = None
            self.tell()
