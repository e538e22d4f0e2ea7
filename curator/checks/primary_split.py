"""A series is split over primary and non-primary image sets.

## What it does
Finds every series of which some image sets are primary and others are not.

## Why is this bad?
DICOMweb reads without an image set id answer from primary sets only: the instances in the others are there, and
nobody finds them. The service makes non-primary sets of what conflicts with the primary one (newer imports).

## Example
An import brings slice 61 with another PatientName: slices 1–60 are primary, slice 61 is a set of its own.

## Fix safety
Review: align the non-primary set with the primary one, then merge it, or promote a corrected copy.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import Sample, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.torn_series import torn
from curator.checks.view import View
from curator.findings import Finding, Safety, Severity
from curator.printable import plural

CODE = "CUR107"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a split series."""
    for members in torn(view):
        primary = [member for member in members if member.set.primary is True]
        others = [member for member in members if member.set.primary is not True]
        if primary and others:
            hidden = sum(member.instances for member in others)
            yield Finding(
                CODE,
                Severity.WARNING,
                f"a series is split: {plural(hidden, 'instance')} in {plural(len(others), 'non-primary image set')},"
                f" beside {plural(len(primary), 'primary one')}",
                tuple(member.set.ref for member in (*others, *primary)),
                safety=Safety.REVIEW,
                proposal=f"align with {primary[0].set.id}, then merge",
            )


CHECK = StoreCheck(
    CODE,
    "primary-split",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "an instance outside the primary set",
            Sample(document(instance(1)), primary=True),
            Sample(document(instance(2)), primary=False),
        ),
    ),
    good=(
        case("one primary set", Sample(document(instance(1), instance(2)), primary=True)),
        case("an edition without primary sets", document(instance(1)), document(instance(2))),
    ),
)
