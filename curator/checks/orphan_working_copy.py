"""A working copy was left behind.

## What it does
Finds image sets tagged as working copies of a campaign that have not been touched for a day.

## Why is this bad?
A working copy holds identified data, in its versions if not in its latest one, and SearchImageSets finds it.
It goes when its campaign ends; one that stays shows that a campaign was abandoned.

## Example
`deidentify` was killed after the first copy, and never continued.

## Fix safety
Report only: continue the campaign (`curator apply`), or undo it; deleting cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import NOW, Sample, case, document
from curator.checks.check import StoreCheck
from curator.checks.tags import WORKING_COPY
from curator.checks.view import View
from curator.findings import Finding, Severity

CODE = "CUR405"
_LONG: Final = 86_400.0


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a set."""
    for facts in view.image_sets():
        source = (facts.tags or {}).get(WORKING_COPY)
        if source is not None and view.now - facts.updated_at >= _LONG:
            days = (view.now - facts.updated_at) / 86_400
            yield Finding(
                CODE,
                Severity.ERROR,
                f"a working copy, untouched for {days:.0f} days",
                (facts.ref,),
                evidence=(("copied from", source),),
                proposal="continue or undo its campaign",
            )


CHECK = StoreCheck(
    CODE,
    "orphan-working-copy",
    Severity.ERROR,
    __doc__,
    run,
    bad=(case("since yesterday", Sample(document(), tags={WORKING_COPY: "c"})),),
    good=(
        case("at work", Sample(document(), tags={WORKING_COPY: "c"}, updated_at=NOW - 600)),
        case("another tag", Sample(document(), tags={"owner": "c"})),
    ),
)
