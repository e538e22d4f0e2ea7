"""A reference leads to an instance that is not in the data store.

## What it does
Follows every ReferencedSOPInstanceUID of an image set, at any depth, and counts those that no image set holds. Kinds
of references that lead outside by nature (performed procedure steps, studies, patients, visits, results) are left out.

## Why is this bad?
A segmentation without its images, a report without its key images, a plan without its structure set are of no use;
and after de-identification a reference that was forgotten shows here.

## Example
An RTSTRUCT refers to 120 CT slices, of which 3 are not in the store.

## Fix safety
Report only: what is missing must be imported, or the reference be accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.view import Unresolved, View
from curator.dicom.levels import Level
from curator.findings import Finding, Severity
from curator.imageset import ANY, ElementPath
from curator.printable import plural

CODE = "CUR401"
_OUTSIDE: Final = frozenset(
    (
        "ReferencedPerformedProcedureStepSequence",
        "ReferencedStudySequence",
        "ReferencedPatientSequence",
        "ReferencedVisitSequence",
        "ReferencedResultsSequence",
        "ReferencedInterpretationSequence",
        "ReferencedPatientAliasSequence",
        "ReferencedPatientPhotoSequence",
        "ReferencedDefinedProtocolSequence",
        "ReferencedPerformedProtocolSequence",
        "ReferencedRequestSequence",
        "PredecessorDocumentsSequence",
        "IdenticalDocumentsSequence",
        "OriginalAttributesSequence",
        "RequestAttributesSequence",
    )
)
_PROVENANCE: Final = frozenset(
    ("SourceImageSequence", "DerivationImageSequence", "SourceInstanceSequence", "ReferencedImageSequence")
)
"""What an image was made from or lies beside (localizers): good to have, not needed to read it."""


def run(view: View) -> Iterator[Finding]:
    """Yield one finding for each image set and way of sequences."""
    for found in view.unresolved():
        way = found.via.split("/")
        if _OUTSIDE.isdisjoint(way):
            yield Finding(
                CODE,
                _severity(found, way),
                f"{found.via}: {found.missing:,} of {plural(found.of, 'instance')} referred to"
                f" {'is' if found.missing == 1 else 'are'} not in the data store"
                + (f" ({found.series_present:,} of a series that is)" if found.series_present else ""),
                (found.set.ref,),
                _path(way),
            )


def _severity(found: Unresolved, way: list[str]) -> Severity:
    if found.series_present:
        return Severity.WARNING  # a part of a series that is here
    return Severity.NOTE if found.missing == found.of or not _PROVENANCE.isdisjoint(way) else Severity.WARNING


def _path(way: list[str]) -> ElementPath:
    steps = [step for sequence in way for step in (sequence, ANY)]
    return ElementPath(Level.INSTANCE, ANY, ANY, (*steps, "ReferencedSOPInstanceUID"))


CHECK = StoreCheck(
    CODE,
    "unresolved-reference",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "an image that is not there",
            document(instance(1, ReferencedImageSequence=[{"ReferencedSOPInstanceUID": f"{ROOT}.9.7"}])),
        ),
        case(
            "nested",
            document(
                instance(
                    1,
                    RTReferencedStudySequence=[
                        {
                            "RTReferencedSeriesSequence": [
                                {"ContourImageSequence": [{"ReferencedSOPInstanceUID": f"{ROOT}.9.7"}]}
                            ]
                        }
                    ],
                )
            ),
        ),
    ),
    good=(
        case(
            "a sibling",
            document(
                instance(1, ReferencedImageSequence=[{"ReferencedSOPInstanceUID": f"{ROOT}.9.2"}]),
                instance(2),
            ),
        ),
        case(
            "an instance of another set",
            document(instance(1, ReferencedImageSequence=[{"ReferencedSOPInstanceUID": f"{ROOT}.9.2"}])),
            document(instance(2), series={"SeriesInstanceUID": f"{ROOT}.3.2"}),
        ),
        case(
            "a procedure step",
            document(
                instance(1),
                series={
                    "ReferencedPerformedProcedureStepSequence": [{"ReferencedSOPInstanceUID": f"{ROOT}.9.7"}]
                },
            ),
        ),
    ),
)
