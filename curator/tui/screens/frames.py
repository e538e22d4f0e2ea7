"""Frames looked at: the picture, what may be at risk in it, and the reviewer's word on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.frame_words import aside, facts, position
from curator.tui.graphics import Terminal
from curator.tui.messages import Written
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.frame_going import FrameGoing
from curator.tui.stack import InstanceSeen, Stack, next_at_risk, said_of, stack_of
from curator.tui.viewport import Viewport
from curator.tui.widgets.picture_view import PictureView
from curator.tui.widgets.scrubber import Scrubber
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.deid.pixelreview import PixelDecision, PixelDecisions, Verdict


_DECISIONS = "decisions about pixels"
"""The turn in which decisions are kept, and read for what is shown next."""


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


class FramesScreen(FrameGoing):
    """One frame at a time; ``image_sets`` are those to review, in order."""

    PLACE = "frames"
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
        self.decided = PixelDecisions()
        self._said: list[PixelDecision | None] = []  # of each instance: what was decided
        self._open: frozenset[int] = frozenset()  # places of instances at risk that nobody decided
        self._risky = 0
        self._request = 0

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
        """Read the frames."""
        self.query_one("#goto").display = False
        self.view.focus()
        self.view.say("Reading the frames …")
        self.ask_terminal()
        self.do_refresh()

    def store_opened(self) -> None:
        """Read from the store opened anew."""
        self.do_refresh()

    # --- reading

    def written(self, message: Written) -> None:
        """Another screen changed the image set: how its frames are seen may be another."""
        if message.image_set == self.image_set:
            self.do_refresh()

    def do_refresh(self) -> None:
        """Read the stack again, and the frame that is looked at."""
        self._let_go()
        from curator.campaign.reviewing import pixel_decisions_of

        session, image_set = self.bench.session, self.image_set
        place = self.place if self.stack is not None else 0
        if session is None:
            return

        def read(ticket: Ticket) -> StackRead:
            decided = pixel_decisions_of(session.project)
            return StackRead(ticket.request, stack_of(session, image_set), decided, place)

        self._request = self.bench.work.begin(
            f"read the frames of {image_set[:8]}…", self, read, turn=_DECISIONS
        )

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
            self._go_as_typed()
            self.tell_about()
            self.tell()
            return
        if not same:
            self._forget_views()
        self._go(message.place, anew=not same)
        self._go_as_typed()

    # --- what is said

    def on_resize(self) -> None:
        """The side gets what the picture can spare."""
        self.query_one("#aside").styles.width = min(max(self.app.size.width * 2 // 5, 30), 48)

    def tell_about(self) -> None:
        """Say where one is, what the frame is, why its pixels may identify, and what was decided."""
        stack = self.stack
        if stack is None or not len(stack):
            self.query_one("#said", Static).update("")
            self.query_one("#about", Static).update("")
            return
        one, frame = stack.at(self.place), stack.frames[self.place]
        seen = f"magnified: {self.corner.name}" if self.corner is not None else ""
        looked = one.count - self._unseen([one])
        if one.count > 1:
            seen = f"looked at {looked:,} of its {plural(one.count, 'frame')}\n{seen}"
        seen = "\n".join(filter(None, (seen, "contrast stretched" if self.stretched else "")))
        self.query_one("#said", Static).update(
            aside(
                one, self.said, self.picture, (self._risky, len(self._open)), seen, self.app.theme_variables
            )
        )
        line = f"{position(stack, self.place)}\n{facts(frame, self.picture, self.voi)}"
        self.query_one("#about", Static).update(Text(line, no_wrap=True, overflow="ellipsis"), layout=False)
        self.query_one("#scrubber", Scrubber).tell(self.place, len(stack), self._open)

    def title_text(self) -> str:
        """Return which image set."""
        return f"Frames  {self.image_set[:8]}…"

    def held(self) -> set[Need]:
        """Return what is at hand: also a decision that can be taken back."""
        held = super().held()
        return held | {Need.DECIDED} if self.said is not None else held

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

    def _unseen(self, chosen: Sequence[InstanceSeen]) -> int:
        """Return how many frames of these instances were never shown."""
        stack = self.stack
        if stack is None:
            return 0
        return sum(frame.id not in self.looked_at for one in chosen for frame in stack.frames_of(one))

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
        text = f"{plural(len(chosen), 'instance')} with frames: {meant}."
        if word == "clear":
            unseen = self._unseen(chosen)
            text += (
                f"\n{unseen:,} of their frames were not looked at: you answer for them, too."
                if unseen
                else ""
            )

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
        told = _told(verdict, chosen, self._unseen(chosen))

        def keep(ticket: Ticket) -> PixelsDecided:
            new = [
                PixelDecision(each.sop, verdict, pixels_of(each.instance.frames), why=why) for each in chosen
            ]
            return PixelsDecided(ticket.request, review(session.project, new), told)

        self.bench.work.begin("keep a decision about pixels", self, keep, turn=_DECISIONS)

    def on_pixels_decided(self, message: PixelsDecided) -> None:
        """Show what holds: answers come in the order of the decisions."""
        self._review(message.decided)
        self.bench.say(message.told)
        self.tell_about()
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

    # --- from risk to risk

    def do_next_risk(self) -> None:
        """The next instance at risk."""
        self._find(1)

    def do_previous_risk(self) -> None:
        """The one before."""
        self._find(-1)

    def _find(self, step: int) -> None:
        """Look further in this image set, then in the others, then in the rest of this one."""
        from curator.campaign.reviewing import pixel_decisions_of

        session, stack = self.bench.session, self.stack
        if session is None or stack is None:
            return
        place, others = self.place, _around(self.image_sets, stack.image_set, step)

        def find(ticket: Ticket) -> Message:
            decided = pixel_decisions_of(session.project)  # with what was decided the moment before
            found = next_at_risk(session, decided, stack, place, others, ticket, step)
            if found is None:
                return NothingAtRisk(ticket.request)
            return StackRead(ticket.request, found[0], decided, found[1])

        self._request = self.bench.work.begin("look for pixels at risk", self, find, turn=_DECISIONS)

    def on_nothing_at_risk(self, message: NothingAtRisk) -> None:
        """Say that the review is done."""
        if message.request == self._request:
            count = len(self.image_sets)
            where = "this image set" if count == 1 else f"these {plural(count, 'image set')}"
            self.bench.say(f"Nothing at risk is left to decide in {where}.")

    def failed(self, message: Failed) -> None:
        """Say what failed; a stack that cannot be read shows why in its place."""
        if message.request == self._asking:
            self.bench.terminal = Terminal()
            return
        super().failed(message)
        if message.request == self._request and self.stack is None:
            self.view.say(message.error.message)

    # --- elsewhere

    def do_metadata(self) -> None:
        """Read the metadata."""
        self._stop()
        self.bench.show_metadata(self.image_set)

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


def _told(verdict: Verdict, chosen: Sequence[InstanceSeen], unseen: int) -> str:
    what = f"Instance {chosen[0].number:,}" if len(chosen) == 1 else plural(len(chosen), "instance")
    be = "is" if len(chosen) == 1 else "are"
    beside = f"\n{unseen:,} of the frames were not looked at." if unseen else ""
    return {
        "clear": f"{what} {be} cleared: pixels may be published.{beside}",
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
