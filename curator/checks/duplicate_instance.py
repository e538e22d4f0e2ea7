"""One instance lies in several image sets.

## What it does
Finds SOP Instance UIDs that several image sets hold with the same elements (the file's own group 0002 aside) and
the same pixels, by the checksums of their frames. Copies that curator itself works on are left out, and what was
merged away and waits for `curator finish`.

## Why is this bad?
It is counted, stored and billed twice; a data set split by image set puts the same image into training and test.

## Example
The same study was imported twice, by two jobs: every job makes new image sets.

## Fix safety
Report only: deleting the spare set cannot be undone. A merge leaves duplicates out after comparing checksums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from curator.checks.cases import ROOT, Sample, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.tags import is_ours
from curator.checks.view import SetFacts, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR201"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding for each group of sets that share instances."""
    shared: Counter[tuple[tuple[str, str], ...]] = Counter()
    known: dict[tuple[tuple[str, str], ...], tuple[SetFacts, ...]] = {}
    for repeated in view.repeated():
        holders = [holder for holder in repeated.holders if not is_ours(holder[0])]
        if len(holders) > 1 and len({(content, pixels) for _, content, pixels in holders}) == 1:
            sets = tuple(facts for facts, _, _ in holders)
            refs = tuple(facts.ref for facts in sets)
            known.setdefault(refs, sets)
            shared[refs] += 1
    for refs, number in shared.items():
        sets = known[refs]
        whole = all(facts.instances == number for facts in sets)
        yield Finding(
            CODE,
            Severity.WARNING,
            f"{plural(number, 'instance')} in each of {len(sets)} image sets, equal in elements and pixels"
            + ("; the sets hold nothing else" if whole else ""),
            tuple(facts.ref for facts in sets),
            proposal="delete the spare set" if whole else "merge, leaving duplicates out",
        )


_TWICE = (document(instance(1), instance(2)), document(instance(1), instance(2)))

CHECK = StoreCheck(
    CODE,
    "duplicate-instance",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("imported twice", *_TWICE),
        case(
            "sent once more, by other software",
            document(instance(1)),
            document(instance(1, ImplementationVersionName="OTHER", TransferSyntaxUID="1.2.840.10008.1.2")),
        ),
        case(
            "one slice in both halves", document(instance(1), instance(2)), document(instance(2), instance(3))
        ),
    ),
    good=(
        case("two halves", document(instance(1)), document(instance(2))),
        case(
            "a working copy of ours", _TWICE[0], Sample(_TWICE[1], tags={"curator:working-copy": "campaign"})
        ),
        case("merged away", _TWICE[0], Sample(_TWICE[1], tags={"curator:merged-into": f"{1:032d}"})),
        case(
            "two series",
            document(instance(1)),
            document(instance(2), series={"SeriesInstanceUID": f"{ROOT}.3.2"}),
        ),
    ),
)
