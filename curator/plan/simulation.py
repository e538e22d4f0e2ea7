"""What a campaign would take before there is one: the real planner and the real token buckets against a virtual clock.

The planner plans made-up image sets of given shapes; their calls run through `Bucket` with as many workers as a
campaign has. After a sample the buckets are in their steady state, and time grows with the number of calls.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

import msgspec

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import ABSENT, Change, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.buckets import PACE, Bucket
from curator.plan.cost import RATES, spelled
from curator.plan.merging import Party, plan_merge
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.reimport import sketch_reimport
from curator.plan.units import OPERATIONS, Import, Step, Unit
from curator.printable import plural

WORKERS: Final = 16
"""Image sets in work at once, as a campaign has them."""
ANSWER_SECONDS: Final = 0.1
"""How long a call takes to be answered."""
LOCKED_SECONDS: Final = 0.5
"""assumption: how long an image set stays LOCKED after a write; the guide does not say. At the default rates
it costs nothing, for other image sets go on meanwhile."""
SAMPLE_CALLS: Final = 12_000
SAMPLE_UNITS: Final = 400
"""Calls that are simulated one by one, or those of so many units if they are more; what is beyond them is extrapolated
from the pace of the second half."""
PAGE: Final = 50
"""Image sets that one SearchImageSets lists."""

READING: Final = ("GetImageSet", "GetImageSetMetadata")
"""What the catalogue reads of an image set; verification reads the same of each result."""
_WRITES: Final = frozenset(
    {"UpdateImageSetMetadata", "CopyImageSet", "DeleteImageSet", "StartDICOMImportJob"}
)
_VERSIONS: Final = frozenset({"UpdateImageSetMetadata", "CopyImageSet", "StartDICOMImportJob"})
_TOUCHES: Final = frozenset({*_VERSIONS, "GetImageSetMetadata", "GetImageFrame", "GetDICOMInstance"})

Rates = Mapping[str, tuple[float, float]]


class Route(StrEnum):
    """A way from image sets as they are to image sets as they should be."""

    LEVELS = "patient, study and series only"
    UPDATE = "update"
    MERGE = "merge first"
    PUBLISH = "publish"
    REIMPORT = "reimport"


CLEAN: Final = (Route.PUBLISH, Route.REIMPORT)
"""The routes whose results have no version that holds what was there before."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What image sets look like: instances, frames and bytes of frames a set; ``torn``: sets a series.

    ``share`` is how much of the archive looks so, in any unit. The default is a CT series.
    """

    instances: int = 120
    frames: int = 120
    frame_bytes: int = 24_000_000
    torn: int = 1
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be changed: attributes of every instance, attributes of the levels above, bytes of each value.

    ``clean``: no version may be left that holds what was there before (de-identification).
    """

    instance_attributes: int = 12
    level_attributes: int = 8
    value_bytes: int = 24
    clean: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one route takes. ``calls`` by operation, reads included; ``storage`` is bytes of frames held twice until
    ``finish``.
    """

    route: Route
    sets: int
    calls: Mapping[str, int]
    seconds: float
    versions: int
    touches: int
    storage: int

    @property
    def writes(self) -> int:
        """Calls that the slow rates bound."""
        return sum(count for name, count in self.calls.items() if name in _WRITES)


def simulate(
    sets: int,
    shapes: Sequence[Shape] = (Shape(),),
    work: Work | None = None,
    *,
    rates: Rates | None = None,
    payload: Payload | None = None,
    workers: int = WORKERS,
) -> list[Estimate]:
    """Return what each route that leads to the goal takes for ``sets`` image sets, the recommended one first.

    Recommended is the fastest that keeps the image sets with their ids and history, or, where the work must be
    ``clean``, of those that do not; of equals the one with the least storage and touches. `Route.LEVELS` stands at
    the end, as what a plan without changes of instances would take.
    """
    work = work or Work()
    estimates = []
    for route in _routes(shapes, work):
        measured = [_unit(route, shape, work, payload) for shape in shapes]
        estimates.append(_estimate(route, sets, shapes, measured, rates, workers))
    estimates.sort(
        key=lambda each: (
            each.route is Route.LEVELS,
            each.route in CLEAN and not work.clean,
            each.seconds,
            each.storage,
            each.touches,
        )
    )
    if not work.instance_attributes:
        # Then an update is one of levels anyway.
        estimates = [each for each in estimates if each.route is not Route.LEVELS]
    return estimates


def _routes(shapes: Sequence[Shape], work: Work) -> Iterator[Route]:
    if not work.clean:
        yield Route.UPDATE
        yield Route.LEVELS
        if any(shape.torn > 1 for shape in shapes):
            yield Route.MERGE
    yield from CLEAN


# ── one unit of each shape, by the real planner ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Measured:
    """The calls that one unit makes, in order; of how many image sets it is, and what frames it holds twice."""

    calls: tuple[str, ...]
    sets: int
    storage: int


def _unit(route: Route, shape: Shape, work: Work, payload: Payload | None) -> _Measured:
    if route is Route.MERGE and shape.torn > 1:
        return _merged(shape, work, payload)
    party = Party("0" * 32, "1", _document(shape, 0))
    if route is Route.REIMPORT:
        unit = sketch_reimport(party, [sop for _, sop, _ in party.doc.instances()])
        return _Measured(calls_of(unit, results=1), 1, unit.frame_bytes)
    levels_only = route is Route.LEVELS
    changes = list(_changes(party.doc, work, instances=not levels_only))
    if route is Route.PUBLISH:
        unit = plan_publication(party, changes, payload=payload)
    else:
        unit = plan_in_place(party, changes, payload=payload)
    return _Measured(calls_of(unit, results=1), 1, unit.frame_bytes)


def _merged(shape: Shape, work: Work, payload: Payload | None) -> _Measured:
    """A merge of the sets of one torn series, and after it the update of the one that is left."""
    parties = [
        Party(f"{number:032d}", "1", _document(shape, number * shape.instances))
        for number in range(shape.torn)
    ]
    merge = plan_merge(parties, payload=payload)
    whole = _document(shape, 0, shape.instances * shape.torn)
    update = plan_in_place(Party("0" * 32, "2", whole), list(_changes(whole, work)), payload=payload)
    calls = (
        *calls_of(merge, results=1),
        *calls_of(update, results=1),
        *(["DeleteImageSet"] * (shape.torn - 1)),
    )
    return _Measured(calls, shape.torn, merge.frame_bytes)


def calls_of(unit: Unit, *, results: int = 0) -> tuple[str, ...]:
    """Return the calls of a unit in order: what is read before, each step and the look whether it is done, proof.

    ``results`` is how many image sets are read to verify; 0: as many as the unit pins.
    """
    pinned = max(1, len(unit.members))
    calls = list(READING) * pinned
    for step in unit.steps:
        calls += _calls(step)
    return (*calls, *(READING * (results or pinned)))


def _calls(step: Step) -> Iterator[str]:
    if isinstance(step, Import):
        yield from ["GetDICOMInstance"] * step.files
    name = OPERATIONS[type(step)]
    yield name
    if name in _WRITES:
        yield "GetDICOMImportJob" if isinstance(step, Import) else "GetImageSet"


def _document(shape: Shape, first: int, instances: int = 0) -> ImageSetMetadata:
    """Return a made-up image set of this shape: one series, frames spread over its instances."""
    count = instances or shape.instances
    size = shape.frame_bytes // max(1, shape.frames)
    each = -(-shape.frames // max(1, shape.instances))
    series = f"2.25.{'1' * 38}"
    made: dict[str, Json] = {}
    for number in range(first, first + count):
        sop = f"2.25.{number:038d}"
        left = max(0, min(each, shape.frames - (number - first) % shape.instances * each))
        frames: list[Json] = [{"ID": f"{number}-{frame}", "FrameSizeInBytes": size} for frame in range(left)]
        dicom: dict[str, Json] = {"SOPInstanceUID": sop, "InstanceNumber": str(number)}
        made[sop] = {"DICOM": dicom, "DICOMVRs": {}, "ImageFrames": frames}
    tree: dict[str, Json] = {
        "SchemaVersion": "1.1",
        "Patient": {"DICOM": {"PatientID": "1"}},
        "Study": {
            "DICOM": {"StudyInstanceUID": f"2.25.{'2' * 38}"},
            "Series": {series: {"DICOM": {"SeriesInstanceUID": series, "Modality": "CT"}, "Instances": made}},
        },
    }
    return ImageSetMetadata.parse(msgspec.json.encode(tree))


_ABOVE: Final = (
    (Level.PATIENT, ("PatientName", "PatientComments", "EthnicGroup", "Occupation")),
    (Level.STUDY, ("StudyDescription", "RequestingPhysician", "ReferringPhysicianName", "AdmittingDiagnosesDescription")),
    (Level.SERIES, ("SeriesDescription", "ProtocolName", "BodyPartExamined", "OperatorsName")),
)  # fmt: skip
_BELOW: Final = (
    "ImageComments", "InstitutionName", "StationName", "InstitutionAddress", "ContrastBolusAgent",
    "DerivationDescription", "DeviceSerialNumber", "AcquisitionComments", "SoftwareVersions",
    "InstitutionalDepartmentName", "FilterType", "ConvolutionKernel",
)  # fmt: skip


def _changes(doc: ImageSetMetadata, work: Work, *, instances: bool = True) -> Iterator[Change]:
    """Yield changes that fill as many attributes as the work says; private ones where the names run out."""
    why = Why("simulated", "a simulation")

    def change(place: ElementPath, key: str) -> Change:
        return Change(place.child(key), ABSENT, "x" * work.value_bytes, "LO", why, Safety.SAFE)

    (series,) = doc.series
    above = [(level, key) for level, keys in _ABOVE for key in keys]
    for level, key in islice(above, work.level_attributes):
        yield change(ElementPath(level, series if level is Level.SERIES else ""), key)
    if instances:
        more = [
            f"0009{0x1000 + number:04X}" for number in range(max(0, work.instance_attributes - len(_BELOW)))
        ]
        for _, sop, _ in doc.instances():
            place = ElementPath(Level.INSTANCE, series, sop)
            for key in [*_BELOW, *more][: work.instance_attributes]:
                yield change(place, key)


# ── the virtual clock ────────────────────────────────────────────────────────────────────────────────────


class Clock:
    """Calls of units run by workers under token buckets, in virtual seconds from 0."""

    def __init__(
        self, rates: Rates | None = None, *, workers: int = WORKERS, writes: frozenset[str] = _WRITES
    ):
        given = {**RATES, **(rates or {})}
        self.buckets = {name: Bucket(rate * PACE, burst, burst, 0.0) for name, (rate, burst) in given.items()}
        self.workers = workers
        self.writes = writes
        self.calls: Counter[str] = Counter()
        self.pace = 0.0
        """Seconds a call in the second half of a sample."""

    def run(self, units: Iterable[Sequence[str]], *, most: int | None = None) -> tuple[int, float]:
        """Run units, but begin none after ``most`` calls; return how many calls were made and when the last was done."""
        waiting = iter(units)
        free: list[tuple[float, int, Iterator[str]]] = [
            (0.0, number, iter(())) for number in range(self.workers)
        ]
        heapq.heapify(free)
        ended = half = 0.0
        made = 0
        while free:
            now, worker, calls = heapq.heappop(free)
            call = next(calls, None)
            if call is None:
                unit = next(waiting, None) if most is None or made < most else None
                if unit is not None:
                    heapq.heappush(free, (now, worker, iter(unit)))
                continue
            bucket = self.buckets.get(call)
            done = now + (bucket.reserve(now) if bucket else 0.0) + ANSWER_SECONDS
            done += LOCKED_SECONDS if call in self.writes else 0.0
            made += 1
            self.calls[call] += 1
            ended = max(ended, done)
            if most is not None and made == most // 2:
                half = now
            elif made == most:
                self.pace = (now - half) / (made - most // 2)
            heapq.heappush(free, (done, worker, calls))
        return made, ended


def seconds_of(
    units: Iterable[Sequence[str]],
    calls: int | None = None,
    *,
    sample: int = SAMPLE_CALLS,
    rates: Rates | None = None,
    workers: int = WORKERS,
) -> float:
    """Return the virtual seconds that units take; past a sample of calls by its steady pace.

    ``calls`` is how many they make in all, where that is known; otherwise they are counted.
    """
    clock = Clock(rates, workers=workers)
    waiting = iter(units)
    made, ended = clock.run(waiting, most=sample)
    left = sum(map(len, waiting)) if calls is None else calls - made
    return ended + left * clock.pace


def _estimate(
    route: Route, sets: int, shapes: Sequence[Shape], measured: Sequence[_Measured], rates: Rates | None, workers: int
) -> Estimate:  # fmt: skip
    counts = _spread(sets, shapes, measured)
    calls: Counter[str] = Counter()
    calls["SearchImageSets"] = -(-sets // PAGE)
    for count, each in zip(counts, measured, strict=True):
        for name, times in Counter(each.calls).items():
            calls[name] += times * count
    total = calls.total() - calls["SearchImageSets"]
    sample = max(SAMPLE_CALLS, SAMPLE_UNITS * total // sum(counts))
    seconds = seconds_of(_mixed(counts, measured), total, sample=sample, rates=rates, workers=workers)
    return Estimate(
        route,
        sets,
        dict(sorted(calls.items())),
        seconds,
        sum(calls[name] for name in _VERSIONS),
        sum(calls[name] for name in _TOUCHES),
        sum(count * each.storage for count, each in zip(counts, measured, strict=True)),
    )


def _spread(sets: int, shapes: Sequence[Shape], measured: Sequence[_Measured]) -> list[int]:
    """Return how many units of each shape make up ``sets`` image sets; at least one unit in all."""
    shares = sum(shape.share for shape in shapes) or 1.0
    counts = [
        round(sets * shape.share / shares / each.sets) for shape, each in zip(shapes, measured, strict=True)
    ]
    if not any(counts):
        counts[max(range(len(shapes)), key=lambda index: shapes[index].share)] = 1
    return counts


def _mixed(counts: Sequence[int], measured: Sequence[_Measured]) -> Iterator[Sequence[str]]:
    """Yield units so that any stretch of them has the shapes in proportion."""
    total = sum(counts)
    owed = [0.0] * len(counts)
    for _ in range(total):
        for index, count in enumerate(counts):
            owed[index] += count / total
        best = max(range(len(counts)), key=lambda index: owed[index])
        owed[best] -= 1
        yield measured[best].calls


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────


def recommendation(estimates: Sequence[Estimate]) -> str:
    """Return in words which route is best, and what others take."""
    best, *others = estimates
    text = f"{best.route}: {spelled(best.seconds)}, {plural(best.writes, 'writing call')}"
    for each in others:
        if each.route not in (Route.LEVELS, *CLEAN) or best.route in CLEAN:
            text += f"; {each.route} takes {spelled(each.seconds)}"
    for each in others:
        if each.route is Route.LEVELS and each.seconds < 0.8 * best.seconds:
            text += f"; changes of Patient, Study and Series alone take {spelled(each.seconds)}"
        elif each.route is Route.REIMPORT and each.seconds < best.seconds and best.route not in CLEAN:
            text += f"; reimport takes {spelled(each.seconds)}, but makes new image sets without a history"
    return text + "."


def spelled_bytes(size: float) -> str:
    """Return a size as people say it: ``24 MB``, ``2.4 TB``."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:,.0f} bytes" if size else "none"


def table(counts: Sequence[int] = (1, 1_000, 1_000_000)) -> str:
    """Return Markdown: what each route takes for so many image sets at the guide's rates."""
    shape, work = Shape(torn=2), Work()
    lines = [
        f"Image sets of {shape.instances} instances, two to a series; {work.instance_attributes} attributes of every"
        f" instance and {work.level_attributes} above change.",
        "",
        "| image sets | route | writing calls | time | new versions | touches | frames held twice |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for count in counts:
        for each in simulate(count, (shape,), work):
            lines.append(
                f"| {count:,} | {each.route} | {each.writes:,} | {spelled(each.seconds)} | {each.versions:,}"
                f" | {each.touches:,} | {spelled_bytes(each.storage)} |"
            )
    return "\n".join(lines)
