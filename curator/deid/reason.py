"""Why one element is treated as it is: what the engine decided of a set of keys, as changes carry it."""

from __future__ import annotations

from dataclasses import dataclass

from curator.deid.action import Action
from curator.deid.decisions import Decision
from curator.deid.profile import Profile, Verdict, describe
from curator.dicom.iods import Type
from curator.findings import Why


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one element is treated as it is: the table's row and option, the Type, the action that follows."""

    tag: int
    verdict: Verdict
    type: Type | None
    action: Action
    private: str = ""
    goes_with: str = ""
    """What the element describes: it is of no use, and not valid, where that goes."""

    def why(self, profile: Profile, decision: Decision | None = None) -> Why:
        """Return the reason as changes carry it, with the value decision that had the last word; no values."""
        row = self.verdict.row
        detail = [("row", f"PS3.15 E.1-1 {row.tag} {row.name}".strip()), ("edition", profile.table.edition)]
        if self.verdict.option is not None:
            detail.append(("option", str(self.verdict.option)))
        if self.verdict.override:
            detail.append(("override", self.verdict.override))
        detail.append(("code", self.verdict.code))
        detail.append(("Type", str(self.type) if self.type is not None else "not in the IOD"))
        if self.private:
            detail.append(("private", self.private))
        if self.goes_with:
            detail.append(("goes with", self.goes_with))
        done = self.action.name.lower()
        if self.tag in (0x00100010, 0x00100020) and self.action is not Action.KEEP:
            done = "the subject's pseudonym"
        detail.append(("action", done))
        if decision is not None:
            detail.append(("value decision", decision.told))
            done = f"{decision.decision} (value decision)"
        return Why(profile.name, f"{describe(self.tag)}: {done}", tuple(detail))
