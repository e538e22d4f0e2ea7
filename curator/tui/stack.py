"""The frames of one image set as a stack to go through, with what may be at risk in its pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


class Stack:
    """All instances with frames of an image set at a version. Building it parses every instance: do it in a thread."""

    def __init__(self, image_set: str, version: str, document: ImageSetMetadata) -> None:
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
            self.instances.append(InstanceSeen(number, series, sop, instance, modality, first, count, risks))

    def __len__(self) -> int:
        return len(self.frames)

    def at(self, place: int) -> InstanceSeen:
        """Return the instance of a frame's place."""
        return self.instances[self._by_frame[place]]

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

    def risky(self) -> Iterator[InstanceSeen]:
        """Yield the instances whose attributes say that pixels may identify."""
        return (each for each in self.instances if each.risks)

    def undecided(self, decided: PixelDecisions, places: Sequence[int]) -> int | None:
        """Return which of the instances at these places (in this order) is the first at risk without a decision."""
        for place in places:
            each = self.instances[place]
            if each.risks and said_of(each, decided) is None:
                return place
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


def next_at_risk(
    session: Session, decided: PixelDecisions, others: Sequence[str], ticket: Ticket, step: int
) -> tuple[Stack, int] | None:
    """Return the first instance at risk without a decision in ``others``, image sets in this order.

    Published ones are passed over; outside an embedded store also those that were never read, since reading touches.
    """
    for number, image_set in enumerate(others):
        ticket.report(number, len(others))
        row = session.catalogue.row(image_set)
        if row is None or row.deidentified or not (row.read or session.embedded):
            continue
        stack = stack_of(session, image_set, str(row.version))
        places = range(len(stack.instances))
        found = stack.undecided(decided, places if step > 0 else places[::-1])
        if found is not None:
            return stack, stack.instances[found].first
    return None
