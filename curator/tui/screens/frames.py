"""Frames looked at: the picture, what may be at risk in it, and the reviewer's word on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from curator.tui.actions import Need, bindings
from curator.tui.frame_reader import FrameCame, FrameReader, Wanted
from curator.tui.frame_words import aside, facts, position
from curator.tui.graphics import Terminal, ask
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.place import Place
from curator.tui.stack import InstanceSeen, Stack, next_at_risk, said_of, stack_of
from curator.tui.viewport import Piece, Viewport, border
from curator.tui.widgets.picture_view import PictureView, with_overlay
from curator.tui.widgets.scrubber import Scrubber
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.deid.pixelreview import PixelDecision, PixelDecisions, Verdict
    from curator.pictures import Picture
    from curator.pictures.greyscale import Voi, Window

_PAGE = 10
_NEAR = 1.5
_STEP = 0.25  # of what is seen, a step of panning


@dataclass
class StackRead(Message):
    """The frames of an image set, and what was decided of them."""

    request: int
    stack: Stack
    decided: PixelDecisions = field(repr=False)
    place: int = 0


@dataclass
class NothingAtRisk(Message):
    """No instance waits for a decision."""

    request: int


@dataclass
class PixelsDecided(Message):
    """Decisions were kept; what holds now, and what to tell."""

    request: int
    decided: PixelDecisions = field(repr=False)
    told: str


@dataclass
class TerminalKnown(Message):
    """What the terminal draws pictures with."""

    request: int
    terminal: Terminal


class FramesScreen(Place):
    """One frame at a time; ``image_sets`` are those to review, in order."""

    PLACE = "frames"
    ROWS = False
    TITLE_TEXT = "Frames"
    EXPLAINED = (
        "Look at frames, and decide about those whose pixels may show who the patient is: n finds the next one at risk, "
        "c says that you looked and it may be published, x that it never is. Plans follow that. "
        "A number goes to that instance; dragging changes the window, or pans; the wheel goes on, with ctrl it zooms."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("frames"))

    def __init__(self, image_set: str, image_sets: Sequence[str] = ()) -> None:
        super().__init__()
        from curator.deid.pixelreview import PixelDecisions

        self.image_set = image_set
        self.image_sets = tuple(image_sets) or (image_set,)
        self.stack: Stack | None = None
        self.place = 0
        self.decided = PixelDecisions()
        self._said: list[PixelDecision | None] = []  # of each instance: what was decided
        self._open: frozenset[int] = frozenset()  # places of instances at risk that nobody decided
        self._risky = 0
        self.picture: Picture | None = None
        self.viewport = Viewport()
        self.corner: Piece | None = None
        self.stretched = self.inverted = False
        self.overlaid = True
        self._own: Window | None = None
        self._preset = 0
        self._reader: FrameReader | None = None
        self._request = self._deciding = self._asking = 0
        self._film: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Yield the picture, what is said of it, and where one is."""
        with Horizontal(id="stage"):
            yield PictureView(id="frame")
            with VerticalScroll(id="aside", can_focus=False):
                yield Static(id="said", markup=False)
        yield Input(placeholder="instance, or instance.frame", id="goto", select_on_focus=False)
        yield Scrubber(id="scrubber")
        yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        """Read the frames; ask the terminal what it can show, once."""
        self.query_one("#goto").display = False
        self.view.focus()
        self.view.say("Reading the frames …")
        known = self.bench.terminal
        if known is not None:
            self.view.use(known)
        else:
            driver, wanted = self.app._driver, self.bench.config.pictures
            self._asking = self.bench.work.begin(
                "ask the terminal",
                self,
                lambda ticket: TerminalKnown(ticket.request, ask(driver, wanted)),
                quiet=True,
            )
        self.do_refresh()

    def on_unmount(self) -> None:
        """Let the reading threads end."""
        if self._reader is not None:
            self._reader.close()

    def on_terminal_known(self, message: TerminalKnown) -> None:
        """Draw by the terminal's own graphics, where it has any."""
        self.bench.terminal = message.terminal
        self.view.use(message.terminal)

    @property
    def view(self) -> PictureView:
        """The picture."""
        return self.query_one("#frame", PictureView)

    # --- reading

    def store_opened(self) -> None:
        """Read from the store opened anew."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read the stack again, and the frame that is looked at."""
        from curator.campaign.reviewing import pixel_decisions_of

        session, image_set = self.bench.session, self.image_set
        place = self.place if self.stack is not None else 0
        if session is None:
            return

        def read(ticket: Ticket) -> StackRead:
            decided = pixel_decisions_of(session.project)
            return StackRead(ticket.request, stack_of(session, image_set), decided, place)

        self._request = self.bench.work.begin(f"read the frames of {image_set[:8]}…", self, read)

    def on_stack_read(self, message: StackRead) -> None:
        """Show the frames."""
        if message.request != self._request:
            return
        same = self.stack is message.stack
        self.stack, self.image_set = message.stack, message.stack.image_set
        self._review(message.decided)
        if not len(self.stack):
            self.picture = None
            self.view.say("This image set has no frames.")
            self._tell_aside()
            self.tell()
            return
        if not same:
            self._forget_views()
        self._go(message.place, anew=not same)

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
        self.picture = self._reader.picture(stack.frames[self.place].id)
        if self.picture is not None or anew:
            self._show()
        self._tell_aside()
        self.tell()

    def on_frame_came(self, message: FrameCame) -> None:
        """Show the frame, if it is the one that is looked at."""
        stack = self.stack
        if stack is None or not len(stack) or message.frame_id != stack.frames[self.place].id:
            return
        self.picture = message.picture
        if self.picture is not None and self.place == 0:
            self.bench.thumbnails.keep(stack.image_set, self.picture)
        self._show(message.why)
        self._tell_aside()
        self.tell()

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

    def on_resize(self) -> None:
        """The side gets what the picture can spare."""
        self.query_one("#aside").styles.width = min(max(self.app.size.width * 2 // 5, 30), 48)

    def _tell_aside(self) -> None:
        stack = self.stack
        if stack is None or not len(stack):
            self.query_one("#said", Static).update("")
            self.query_one("#about", Static).update("")
            return
        one, frame = stack.at(self.place), stack.frames[self.place]
        seen = f"magnified: {self.corner.name}" if self.corner is not None else ""
        seen = "\n".join(filter(None, (seen, "contrast stretched" if self.stretched else "")))
        self.query_one("#said", Static).update(
            aside(one, self.said, self.picture, (self._risky, len(self._open)), seen)
        )
        line = f"{position(stack, self.place)}\n{facts(frame, self.picture, self.voi)}"
        self.query_one("#about", Static).update(line, layout=False)
        self.query_one("#scrubber", Scrubber).tell(self.place, len(stack), self._open)

    def title_text(self) -> str:
        """Return which image set."""
        return f"Frames  {self.image_set[:8]}…"

    def count_text(self) -> str:
        """Return how many, and whether they play."""
        count = len(self.stack) if self.stack is not None else 0
        if not count:
            return ""
        playing = "  ▶" if self._film is not None else ""
        return f"{self.place + 1:,} of {count:,}{playing}"

    def held(self) -> set[Need]:
        """Return what is at hand for the frame that is looked at."""
        held = super().held()
        if self.stack is not None and len(self.stack):
            held.add(Need.FRAME)
            if self.said is not None:
                held.add(Need.DECIDED)
        if self.picture is not None and self.picture.grey is not None:
            held.add(Need.GREY)
        if self.picture is not None and self.picture.overlay is not None:
            held.add(Need.OVERLAY)
        return held

    # --- going through

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

    @on(Scrubber.Chosen)
    def _scrubbed(self, event: Scrubber.Chosen) -> None:
        self._go(round(event.place * (len(self.stack or ()) - 1)))

    @on(PictureView.Turned)
    def _turned(self, event: PictureView.Turned) -> None:
        if event.near:
            self._look(self.viewport.zoomed(_NEAR if event.step < 0 else 1 / _NEAR))
        else:
            self._go(self.place + event.step)

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

    # --- deciding

    def do_clear(self) -> None:
        """Clear this instance."""
        self._decide("clear")

    def do_exclude(self) -> None:
        """Exclude it."""
        self._decide("exclude")

    def do_undecide(self) -> None:
        """Take the decision back."""
        self._decide("withdraw")

    def do_note(self) -> None:
        """Ask why, and keep the decision with it."""
        stack, said = self.stack, self.said
        if stack is None or said is None:
            return
        one, word = stack.at(self.place), str(said.verdict)

        def typed(why: str | None) -> None:
            if why:
                self._keep(word, [one], why)

        text = "It is kept with the decision, in the project; the report does not show it."
        self.app.push_screen(AskScreen("Why?", text, "Keep", value=said.why), typed)

    def do_clear_series(self) -> None:
        """Clear the series, once confirmed."""
        self._decide_series("clear", "Clear")

    def do_exclude_series(self) -> None:
        """Exclude the series, once confirmed."""
        self._decide_series("exclude", "Exclude")

    def _decide_series(self, word: str, label: str) -> None:
        if self.stack is None:
            return
        series = self.stack.at(self.place).series
        chosen = [each for each in self.stack.instances if each.series == series]
        meant = "their pixels may be published" if word == "clear" else "none of them is ever published"
        text = f"{len(chosen):,} instances with frames: {meant}."
        if word == "clear":
            text += "\nYou answer for all of them, also for those that you did not look at."

        def confirmed(wanted: bool | None) -> None:
            if wanted:
                self._keep(word, chosen)

        self.app.push_screen(ConfirmScreen(f"{label} the whole series?", text, label), confirmed)

    def _decide(self, word: str) -> None:
        if self.stack is not None:
            self._keep(word, [self.stack.at(self.place)])

    def _keep(self, word: str, chosen: Sequence[InstanceSeen], why: str = "") -> None:
        from curator.campaign.reviewing import review
        from curator.deid.pixelreview import PixelDecision, Verdict, pixels_of

        session, verdict = self.bench.session, Verdict(word)
        if session is None:
            return
        told = _told(verdict, chosen)

        def keep(ticket: Ticket) -> PixelsDecided:
            new = [
                PixelDecision(each.sop, verdict, pixels_of(each.instance.frames), why=why) for each in chosen
            ]
            return PixelsDecided(ticket.request, review(session.project, new), told)

        self._deciding = self.bench.work.begin("keep a decision about pixels", self, keep)

    def on_pixels_decided(self, message: PixelsDecided) -> None:
        """Show what holds."""
        self._review(message.decided)
        self.bench.say(message.told)
        self._tell_aside()
        self.tell()

    def _review(self, decided: PixelDecisions) -> None:
        """Hold what was decided against the instances, once for all keys that follow."""
        instances = self.stack.instances if self.stack is not None else []
        self.decided = decided
        self._said = [said_of(each, decided) for each in instances]
        risky = [(each.first, said) for each, said in zip(instances, self._said, strict=True) if each.risks]
        self._risky = len(risky)
        self._open = frozenset(first for first, said in risky if said is None)

    @property
    def said(self) -> PixelDecision | None:
        """What was decided of the instance that is looked at."""
        return self._said[self.stack.number_at(self.place)] if self.stack is not None and self._said else None

    def do_next_risk(self) -> None:
        """The next instance at risk."""
        self._find(1)

    def do_previous_risk(self) -> None:
        """The one before."""
        self._find(-1)

    def _find(self, step: int) -> None:
        """Look further in this image set, then in the others, then in the rest of this one."""
        session, stack, decided = self.bench.session, self.stack, self.decided
        if session is None or stack is None:
            return
        place, others = self.place, _around(self.image_sets, stack.image_set, step)

        def find(ticket: Ticket) -> Message:
            found = next_at_risk(session, decided, stack, place, others, ticket, step)
            if found is None:
                return NothingAtRisk(ticket.request)
            return StackRead(ticket.request, found[0], decided, found[1])

        self._request = self.bench.work.begin("look for pixels at risk", self, find)

    def on_nothing_at_risk(self, message: NothingAtRisk) -> None:
        """Say that the review is done."""
        if message.request == self._request:
            count = len(self.image_sets)
            where = "this image set" if count == 1 else f"these {count:,} image sets"
            self.bench.say(f"Nothing at risk is left to decide in {where}.")

    def failed(self, message: Failed) -> None:
        """Say what failed; a stack that cannot be read shows why in its place."""
        if message.request == self._asking:
            self.bench.terminal = Terminal()
            return
        super().failed(message)
        if message.request == self._request and self.stack is None:
            self.view.say(message.error.message)

    # --- how it is seen

    def _look(self, viewport: Viewport) -> None:
        self.viewport, self.corner = viewport, None
        self._show()
        self._tell_aside()

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
        self._tell_aside()

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

    @on(PictureView.Dragged)
    def _dragged(self, event: PictureView.Dragged) -> None:
        """Pan what is zoomed; otherwise the window: across for contrast, down for brightness."""
        width, height = self.view.size
        if self.viewport.zoom > 1:
            self._look(self.viewport.moved(-event.across / max(width, 1), -event.down / max(height, 1)))
        elif Need.GREY in self.held():
            self._shift(0.02 * event.down, 1.03**event.across)

    def _seen_otherwise(self) -> None:
        self._show()
        self._tell_aside()
        self.tell()

    # --- elsewhere

    def do_metadata(self) -> None:
        """Read the metadata."""
        from curator.tui.screens.metadata import MetadataScreen

        self._stop()
        self.app.push_screen(MetadataScreen(self.image_set))

    def do_back(self) -> None:
        """Leave the number, the film, the magnified part; then the screen."""
        if self.query_one("#goto").display:
            self._close_goto()
        elif self._film is not None:
            self._stop()
        elif self.viewport != Viewport():
            self.do_whole()
        else:
            self.dismiss()


def _told(verdict: Verdict, chosen: Sequence[InstanceSeen]) -> str:
    what = f"Instance {chosen[0].number:,}" if len(chosen) == 1 else f"{len(chosen):,} instances"
    be = "is" if len(chosen) == 1 else "are"
    return {
        "clear": f"{what} {be} cleared: pixels may be published.",
        "exclude": f"{what} {be} excluded: never published.",
        "withdraw": f"{what}: the decision is taken back.",
    }[verdict]


def _around(image_sets: Sequence[str], now: str, step: int) -> list[str]:
    """Return the other image sets in the order in which they are looked through."""
    place = image_sets.index(now) if now in image_sets else -1
    order = [*image_sets[place + 1 :], *(image_sets[:place] if place > 0 else ())]
    if step < 0:
        order.reverse()
    return order
