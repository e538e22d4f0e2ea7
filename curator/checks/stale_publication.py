"""A published image set is older than its source.

## What it does
Compares the version that a published set was made from (its tag) with the source's latest version.

## Why is this bad?
What was corrected in the source since is not in the published set, and nobody who reads that set can know.

## Example
Published from version 3; the source is at version 5, with its laterality corrected.

## Fix safety
Report only: publish again.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import Sample, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.tags import PUBLISHED_FROM
from curator.checks.view import View
from curator.findings import Finding, Severity

CODE = "CUR406"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a published set."""
    sets = {facts.id: facts for facts in view.image_sets()}
    for facts in sets.values():
        source_id, _, version = (facts.tags or {}).get(PUBLISHED_FROM, "").partition("/")
        source = sets.get(source_id)
        if source is not None and version.isdigit() and int(source.version) > int(version):
            yield Finding(
                CODE,
                Severity.WARNING,
                f"published from version {version} of a set that is at version {source.version}",
                (facts.ref, source.ref),
                proposal="publish again",
            )


_FIRST = f"{1:032d}"

CHECK = StoreCheck(
    CODE,
    "stale-publication",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "the source moved on",
            document(),
            Sample(document(instance(2)), tags={PUBLISHED_FROM: f"{_FIRST}/0"}),
        ),
    ),
    good=(
        case("up to date", document(), Sample(document(instance(2)), tags={PUBLISHED_FROM: f"{_FIRST}/1"})),
        case("the source is gone", Sample(document(instance(2)), tags={PUBLISHED_FROM: f"{'9' * 32}/1"})),
    ),
)
