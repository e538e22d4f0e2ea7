"""The frames of one image set as a stack to go through, with what may be at risk in its pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.pictures import Frame, frames_of

if TYPE_CHECKING:
    from curator.deid.pixelreview import PixelDecision, PixelDecisions
    from curator.imageset import ImageSetMetadata, Instance
    from curator.tui.session import Session
    from curator.tui.work import Ticket


@dataclass(frozen=True, slots=True)
class InstanceSeen:
    """One instance: its number in the image set, from 1, where its frames begin and how many they are."""

    number: int
    series: str = field(repr=False)
    sop: str = field(repr=False)
    instance: Instance = field(repr=False)
    modality: str
    first: int
    count: int
    risks: tuple[str, ...]
    kept: bool = False
    """Whether its frames are kept as received, with whatever stands in their headers."""


class Stack:
    """All instances with frames of an image set at a version. Building it parses every instance: do it in a thread."""

    def __init__(self, image_set: str, version: str, document: ImageSetMetadata) -> None:
        from curator.campaign.beside_pixels import KEPT
        from curator.dicom.pixelrisk import pixel_risks

        self.image_set = image_set
        self.version = version
        self.frames: Sequence[Frame] = list(frames_of(document))
        self.instances: list[InstanceSeen] = []
        self.total = document.instance_count
        self._by_frame: list[int] = []
        for number, (series, sop, instance) in enumerate(document.instances(), 1):
            around = document.series[series].dicom
            count = len(instance.frames)
            if not count:
                continue
            risks = pixel_risks({**around, **instance.dicom}, instance.frames)
            modality = str(around.get("Modality") or "")
            first = len(self._by_frame)
            self._by_frame += [len(self.instances)] * count
            kept = instance.node.get("StoredTransferSyntaxUID") in KEPT
            self.instances.append(
                InstanceSeen(number, series, sop, instance, modality, first, count, risks, kept)
            )

    def __len__(self) -> int:
        return len(self.frames)

    def at(self, place: int) -> InstanceSeen:
        """Return the instance of a frame's place."""
        return self.instances[self._by_frame[place]]

    def frames_of(self, one: InstanceSeen) -> Sequence[Frame]:
        """Return an instance's frames."""
        return self.frames[one.first : one.first + one.count]

    def number_at(self, place: int) -> int:
        """Return which of `instances` a frame's place is in."""
        return self._by_frame[place]

    def beside(self, place: int, step: int) -> int:
        """Return the first frame of the instance so many further, or as far as there are any."""
        wanted = min(max(self._by_frame[place] + step, 0), len(self.instances) - 1)
        return self.instances[wanted].first

    def found(self, text: str) -> int | None:
        """Return the place of ``17`` (the instance's number) or ``17.3`` (its third frame); None where none is."""
        number, _, frame = text.strip().partition(".")
        if (
            not number.isascii()
            or not number.isdigit()
            or (frame and not (frame.isascii() and frame.isdigit()))
        ):
            return None
        for each in self.instances:
            if each.number == int(number):
                return each.first + min(max(int(frame or 1), 1), each.count) - 1
        return None

    def order_from(self, place: int, step: int) -> tuple[list[int], list[int]]:
        """Return the instances beyond a frame's place, and those before it, both in the direction of ``step``."""
        now = self._by_frame[place]
        after = list(range(now + 1, len(self.instances)))
        before = list(range(now))
        return (after, [*before, now]) if step > 0 else (before[::-1], [*after[::-1], now])


def said_of(one: InstanceSeen, decided: PixelDecisions) -> PixelDecision | None:
    """Return what a reviewer decided of an instance."""
    return decided.of(one.sop, one.instance.frames)


def stack_of(session: Session, image_set: str, version: str = "") -> Stack:
    """Return an image set's stack at a version, the latest by default. Takes time: a touch, where it is not kept."""
    at = version or session.state(image_set).version
    return Stack(image_set, at, session.document(image_set, at))


def waits(session: Session, stack: Stack, one: InstanceSeen, decided: PixelDecisions) -> bool:
    """Say whether an instance is left out of publications until somebody decides.

    Of an embedded store also frames kept as received are read, for text in their headers: elsewhere that is paid for,
    and done when a publication is planned.
    """
    from curator.campaign.reviewing import text_beside

    if said_of(one, decided) is not None:
        return False
    if one.risks or not (one.kept and session.embedded):
        return bool(one.risks)
    return text_beside(session.imaging, stack.image_set, one.instance)


def next_at_risk(
    session: Session,
    decided: PixelDecisions,
    stack: Stack,
    place: int,
    others: Sequence[str],
    ticket: Ticket,
    step: int,
) -> tuple[Stack, int] | None:
    """Return the next instance that waits for a decision: beyond a place, in ``others``, then in the rest of the stack.

    Published image sets are passed over; outside an embedded store also those that were never read, since reading
    touches.
    """

    def first(of: Stack, numbers: Iterable[int]) -> tuple[Stack, int] | None:
        for number in numbers:
            ticket.check()
            if waits(session, of, of.instances[number], decided):
                return of, of.instances[number].first
        return None

    beyond, before = stack.order_from(place, step) if len(stack) else ([], [])
    if (found := first(stack, beyond)) is not None:
        return found
    for number, image_set in enumerate(others):
        ticket.report(number, len(others))
        row = session.catalogue.row(image_set)
        if row is None or row.deidentified or not (row.read or session.embedded):
            continue
        other = stack_of(session, image_set, str(row.version))
        numbers = range(len(other.instances))
        if (found := first(other, numbers if step > 0 else reversed(numbers))) is not None:
            return found
    return first(stack, before)
