"""Reviewers' decisions about pixels: which instances are at risk, what was said of them, and keeping it.

The project's file is appended to and never rewritten: who said what, and when, stays after it was taken back, and two
people who decide at once lose nothing.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from curator.campaign.beside_pixels import KEPT
from curator.deid.pixelreview import PixelDecision, PixelDecisions, lines_of, read_pixel_decisions
from curator.dicom.pixelrisk import pixel_risks
from curator.dicom.uids import sop_class_name
from curator.errors import StoreError
from curator.pictures.codestream import texts_beside
from curator.plan.leftout import Reason

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging
    from curator.imageset import ImageSetMetadata, Instance
    from curator.plan.units import Unit
    from curator.project import Project


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An instance whose pixels may identify: its number in the image set, from 1, and why."""

    number: int
    series: str = field(repr=False)
    sop: str = field(repr=False)
    instance: Instance = field(repr=False)
    risks: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its SOP class, in words."""
        uid = str(self.instance.dicom.get("SOPClassUID") or "")
        return (sop_class_name(uid) or "unknown SOP class") if uid else "no SOP class"


def at_risk(
    document: ImageSetMetadata,
    decided: PixelDecisions | None = None,
    beside: Callable[[Instance], bool] = lambda instance: False,
) -> Iterator[AtRisk]:
    """Yield the instances that a publication leaves out for their pixels unless somebody clears them.

    With ``decided`` also those without a sign of risk about which somebody decided. ``beside`` says of an instance
    without a sign in its attributes whether text stands in its frames' headers (`text_beside` reads them).
    """
    for number, (series, sop, instance) in enumerate(document.instances(), 1):
        risks = pixel_risks({**document.series[series].dicom, **instance.dicom}, instance.frames)
        if not risks and beside(instance):
            risks = (str(Reason.BESIDE_PIXELS),)
        if risks or (decided and decided.of(sop, instance.frames) is not None):
            yield AtRisk(number, series, sop, instance, risks)


def text_beside(imaging: HealthImaging, image_set: str, instance: Instance) -> bool:
    """Say whether text stands in the header of a frame that is kept as received. A call (GetImageFrame) a frame."""
    if instance.node.get("StoredTransferSyntaxUID") not in KEPT:
        return False
    return any(texts_beside(imaging.frame(image_set, frame)[0]) for frame in instance.frame_ids)


def cleared_in(units: Iterable[Unit]) -> dict[str, int]:
    """Return how many instances at risk are published by a plan, by who cleared them and when, in words."""
    counts: dict[str, int] = {}
    for unit in units:
        for by, when, count in unit.cleared:
            said = f"{by} on {when}" if when else by
            counts[said] = counts.get(said, 0) + count
    return dict(sorted(counts.items()))


def pixel_decisions_of(project: Project) -> PixelDecisions:
    """Return what holds of all that was said in a project."""
    return PixelDecisions(told_of_pixels(project))


def told_of_pixels(project: Project) -> list[PixelDecision]:
    """Return all that was ever said, oldest first."""
    path = project.pixel_decisions
    if not path.exists():
        return []
    return read_pixel_decisions(path.read_text(encoding="utf-8"), path.name)


def unheard(told: Iterable[PixelDecision], brought: Iterable[PixelDecision]) -> list[PixelDecision]:
    """Return those of ``brought`` about instances of which nothing was ever said, ``told`` being all that was.

    What was said elsewhere and before does not overrule the project's own reviewers, nor bring back what they withdrew.
    """
    heard = {each.sop for each in told}
    return [each for each in brought if each.sop not in heard]


def review(project: Project, new: Sequence[PixelDecision]) -> PixelDecisions:
    """Keep decisions, signed with the user and the moment where they are not; return what holds now."""
    by, now = getpass.getuser(), datetime.now(UTC).isoformat(timespec="seconds")
    signed = [replace(each, by=each.by or by, when=each.when or now) for each in new]
    path = project.pixel_decisions
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            # One write at the end of the file: what two programs say at once stands there, both.
            file.write((b"\n" if torn else b"") + lines_of(signed, heading=size == 0).encode())
            os.fsync(descriptor)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
    return pixel_decisions_of(project)
