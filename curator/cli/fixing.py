"""From findings to a plan: the changes that no person needs to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from curator.findings import Change, Finding, Safety

if TYPE_CHECKING:
    from curator.catalogue import Catalogue
    from curator.cli.workbench import Workbench
    from curator.plan.units import Unit


def write_fix_plan(workbench: Workbench, index: Catalogue, findings: Sequence[Finding], path: Path) -> None:
    """Write the plan of the safe changes among the findings' (0600), one unit an image set."""
    from curator import __version__
    from curator.campaign.planfile import write_plan
    from curator.plan.lines import Header

    changes = safe_changes(findings)
    header = Header(
        tool=f"curator {__version__}",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        project=str(workbench.project().root),
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        title="safe changes of checks",
        rules=tuple(sorted({finding.code for finding in findings if finding.safety is Safety.SAFE})),
    )
    plan = write_plan(path, header, _units(index, changes))
    total = sum(map(len, changes.values()))
    workbench.say(f"{path}: {total:,} safe changes to {len(changes):,} image sets; plan {plan.digest[:12]}")


def safe_changes(findings: Sequence[Finding]) -> dict[str, list[Change]]:
    """Return the safe changes by image set; where two checks would change one element, the first one's."""
    found: dict[str, dict[str, Change]] = defaultdict(dict)
    for finding in findings:
        for identifier, change in finding.changes:
            if change.safety is Safety.SAFE:
                found[identifier].setdefault(str(change.path), change)
    return {identifier: list(changes.values()) for identifier, changes in found.items()}


def _units(index: Catalogue, changes: Mapping[str, Sequence[Change]]) -> Iterator[Unit]:
    from curator.plan.merging import Party
    from curator.plan.publishing import plan_in_place

    number = 0
    for identifier, wanted in sorted(changes.items()):
        row, doc = index.row(identifier), index.document(identifier)
        if row is None or doc is None or not row.read:
            continue
        party = Party(identifier, str(row.version), doc, bool(row.primary), row.updated_at)
        yield plan_in_place(party, wanted, number=number, allow=frozenset({Safety.SAFE}))
        number += 1
