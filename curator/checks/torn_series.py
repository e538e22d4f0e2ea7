"""A series lies in several image sets.

## What it does
Finds every SeriesInstanceUID that more than one image set of the same study and patient holds. An image set whose
instances were all merged into another one, and that waits for `curator finish`, does not count.

## Why is this bad?
Viewers, exports and algorithms take an image set for a series: they see a part of it and do not know. The service
tears a series where a grouping element differs (StudyDate, AccessionNumber, PatientID, StudyInstanceUID, StudyID,
SeriesNumber), or where it came in several import jobs.

## Example
Two import jobs bring slices 1–60 and 61–120 of one CT series: two image sets, each half a volume.

## Fix safety
Review. Sets that agree on every Patient, Study and Series element can be merged by CopyImageSet as they are; others
must be aligned first (series-disagrees). The sources stay until the campaign is finished.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from curator.checks.cases import ROOT, Sample, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.view import Member, View
from curator.findings import Finding, Safety, Severity
from curator.printable import plural

CODE = "CUR101"


def torn(view: View) -> Iterator[tuple[Member, ...]]:
    """Yield the series in several sets of one study and patient."""
    for group in view.torn():
        placed: dict[tuple[str, str], list[Member]] = defaultdict(list)
        for member in group:
            placed[member.study_uid, member.patient_id].append(member)
        yield from (tuple(members) for members in placed.values() if len(members) > 1)


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a torn series whose sets are all primary, or all not."""
    for members in torn(view):
        if len({member.set.primary is True for member in members}) > 1:
            continue  # primary-split says more
        largest = max(members, key=lambda member: (member.instances, member.set.updated_at))
        alike = len({tuple(member.hashes.items()) for member in members}) == 1
        rest = [member for member in members if member is not largest]
        yield Finding(
            CODE,
            Severity.WARNING,
            f"a series lies in {plural(len(members), 'image set')}"
            f" ({', '.join(str(member.instances) for member in members)} instances)"
            + ("" if alike else ", which disagree on Patient, Study or Series elements"),
            tuple(member.set.ref for member in (largest, *rest)),
            safety=Safety.REVIEW,
            proposal=("" if alike else "align, then ")
            + f"merge {plural(len(rest), 'image set')} into {largest.set.id}",
        )


_HALF = document(instance(2))
_OTHER_SERIES = document(instance(2), series={"SeriesInstanceUID": f"{ROOT}.3.2", "SeriesNumber": "2"})

CHECK = StoreCheck(
    CODE,
    "torn-series",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("two halves of a series", document(instance(1)), _HALF),
        case(
            "halves that disagree", document(instance(1)), document(instance(2), series={"StationName": "A"})
        ),
        case(
            "a merge that left an instance out",
            document(instance(1)),
            Sample(_HALF, tags={"curator:merged-into": f"{1:032d}"}),
        ),
        case(
            "a merge into a set that is gone",
            document(instance(1)),
            Sample(_HALF, tags={"curator:merged-into": f"{9:032d}"}),
        ),
        case(
            "two sets said to be merged into each other",
            Sample(_HALF, tags={"curator:merged-into": f"{2:032d}"}),
            Sample(_HALF, tags={"curator:merged-into": f"{1:032d}"}),
        ),
    ),
    good=(
        case("two series of a study", document(instance(1)), _OTHER_SERIES),
        case(
            "a half that was merged away",
            document(instance(1), instance(2)),
            Sample(_HALF, tags={"curator:merged-into": f"{1:032d}"}),
        ),
        case("a deleted half", document(instance(1)), Sample(_HALF, state="DELETED", status="DELETED")),
    ),
)
