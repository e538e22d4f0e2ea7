"""What the project's people decided: of values, and of private elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curator.cli.workbench import Workbench

if TYPE_CHECKING:
    from curator.deid.decisions import Decisions
    from curator.deid.taglist import PrivateList

VERDICTS = "private-verdicts.csv"
"""The project's file of verdicts on private elements."""


def decisions_of(workbench: Workbench) -> Decisions | None:
    """Return the project's value decisions, None if there are none."""
    from curator.catalogue.values import read_decisions
    from curator.deid.decisions import Decisions

    path = workbench.project().decisions
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as sheet:
        return Decisions(read_decisions(sheet, path.name))


def verdicts_of(workbench: Workbench) -> list[PrivateList]:
    """Return the project's verdicts on private elements."""
    from curator.deid.taglist import read_private_list

    path = workbench.project().root / VERDICTS
    return [read_private_list(path.read_text(encoding="utf-8-sig"), path.name)] if path.exists() else []
