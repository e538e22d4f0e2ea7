"""An image set has been LOCKED for long.

## What it does
Finds image sets that have been LOCKED for more than an hour.

## Why is this bad?
Nothing can be written to it; an update takes seconds. The operation was lost, or something locks it over and over.

## Example
LOCKED / COPYING since yesterday.

## Fix safety
Report only: the service must release it (AWS Support), or its operation end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import NOW, Sample, case, document
from curator.checks.check import StoreCheck
from curator.checks.view import View
from curator.findings import Finding, Severity

CODE = "CUR402"
_LONG: Final = 3600.0


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a set."""
    for facts in view.image_sets():
        since = view.now - facts.updated_at
        if facts.state == "LOCKED" and facts.updated_at and since > _LONG:
            hours = since / 3600
            lasting = f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
            yield Finding(CODE, Severity.ERROR, f"LOCKED ({facts.status}) for {lasting}", (facts.ref,))


CHECK = StoreCheck(
    CODE,
    "stuck",
    Severity.ERROR,
    __doc__,
    run,
    bad=(case("since yesterday", Sample(document(), state="LOCKED", status="COPYING")),),
    good=(
        case("a minute ago", Sample(document(), state="LOCKED", status="UPDATING", updated_at=NOW - 60)),
        case("active", document()),
    ),
)
