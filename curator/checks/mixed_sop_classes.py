"""A series mixes SOP classes.

## What it does
Finds series whose instances are of several SOP classes, beyond pairs that belong together (single-frame and
multi-frame ultrasound or photographs, images and their raw data).

## Why is this bad?
Readers take a series for one kind of thing: a secondary capture among CT slices becomes a slice.

## Example
119 CT images and one secondary capture (a dose sheet) in one series.

## Fix safety
Report only: `split --by SOPClassUID` parts the set, and the parts need series UIDs of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from curator.checks.cases import SC, case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Subject
from curator.dicom.levels import Level
from curator.dicom.uids import sop_class_name
from curator.findings import Finding, Severity
from curator.imageset import ElementPath
from curator.printable import plural

CODE = "CUR206"
_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_FAMILIES: Final = {
    f"{_ROOT}{member}": family
    for family, members in {
        "US": ("3.1", "6.1", "3", "6"),
        "endoscopy": ("77.1.1", "77.1.1.1"),
        "microscopy": ("77.1.2", "77.1.2.1"),
        "photography": ("77.1.4", "77.1.4.1"),
        "XA": ("12.1", "12.1.1"),
        "RF": ("12.2", "12.2.1"),
    }.items()
    for member in members
}
"""SOP classes that one series may hold together."""
_RAW_DATA: Final = f"{_ROOT}66"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding a series."""
    for uid, series in subject.doc.series.items():
        classes = Counter(str(found.dicom.get("SOPClassUID") or "") for found in series.instances.values())
        kinds = {_FAMILIES.get(sop_class, sop_class) for sop_class in classes if sop_class != _RAW_DATA}
        if len(kinds) > 1:
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{len(classes)} SOP classes in one series",
                (subject.facts.ref,),
                ElementPath(Level.SERIES, uid),
                tuple(
                    (sop_class_name(each) or "unknown", plural(n, "instance"))
                    for each, n in classes.most_common()
                ),
                proposal="split by SOPClassUID",
            )


CHECK = DocumentCheck(
    CODE,
    "mixed-sop-classes",
    Severity.WARNING,
    __doc__,
    run,
    bad=(case("a capture among slices", document(instance(1), instance(2, SOPClassUID=SC))),),
    good=(
        case("slices", document(instance(1), instance(2))),
        case(
            "ultrasound, single and multi-frame",
            document(instance(1, SOPClassUID=f"{_ROOT}6.1"), instance(2, SOPClassUID=f"{_ROOT}3.1")),
        ),
    ),
)
