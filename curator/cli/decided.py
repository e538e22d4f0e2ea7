"""What the project's people decided: of values, and of private elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curator.cli.workbench import Workbench

if TYPE_CHECKING:
    from curator.deid.decisions import Decisions
    from curator.deid.taglist import PrivateList


def decisions_of(workbench: Workbench) -> Decisions | None:
    """Return the project's value decisions, None if there are none."""
    from curator.campaign import deidentifying

    return deidentifying.decisions_of(workbench.project())


def verdicts_of(workbench: Workbench) -> list[PrivateList]:
    """Return the project's verdicts on private elements."""
    from curator.campaign import deidentifying

    return deidentifying.verdicts_of(workbench.project())
