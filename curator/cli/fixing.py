"""From findings to a plan file: the changes that no person needs to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curator.findings import Finding, Safety
from curator.printable import plural

if TYPE_CHECKING:
    from curator.catalogue import Catalogue
    from curator.cli.workbench import Workbench


def write_fix_plan(workbench: Workbench, index: Catalogue, findings: Sequence[Finding], path: Path) -> None:
    """Write the plan of the safe changes among the findings' (0600), one unit an image set."""
    from curator.campaign.mending import mending_units, safe_changes
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import header

    changes = safe_changes(findings)
    first = header(
        title="safe changes of checks",
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(workbench.project().root),
        rules=sorted({finding.code for finding in findings if finding.safety is Safety.SAFE}),
        options={},
    )
    plan = write_plan(path, first, mending_units(index, changes))
    total = sum(map(len, changes.values()))
    workbench.say(
        f"{path}: {plural(total, 'safe change')} to {plural(len(changes), 'image set')}; plan {plan.digest[:12]}"
    )
