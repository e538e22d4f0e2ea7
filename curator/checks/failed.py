"""The last operation on an image set failed.

## What it does
Finds image sets whose workflow status is UPDATE_FAILED, COPY_FAILED or IMPORT_FAILED.

## Why is this bad?
Whoever asked for the operation may think that it was done. A failed operation uses up a version, but changes nothing.

## Example
COPY_FAILED: "Series of SourceImageSet and DestinationImageSet don't match."

## Fix safety
Report only: plan the change again; an emptied destination of a failed copy can be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import Sample, case, document
from curator.checks.check import StoreCheck
from curator.checks.view import View
from curator.findings import Finding, Severity

CODE = "CUR403"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a set."""
    for facts in view.image_sets():
        if facts.status.endswith("_FAILED"):
            # The service's message may repeat values: evidence, not message.
            evidence = (("the service says", facts.message),) if facts.message else ()
            yield Finding(CODE, Severity.WARNING, facts.status, (facts.ref,), evidence=evidence)


CHECK = StoreCheck(
    CODE,
    "failed",
    Severity.WARNING,
    __doc__,
    run,
    bad=(case("a failed copy", Sample(document(), status="COPY_FAILED")),),
    good=(case("an updated set", Sample(document(), status="UPDATED")),),
)
