"""From wrong values to findings: what the checks of values share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from curator.checks.check import Tally
from curator.checks.disagreement import shown
from curator.checks.subject import Fault, Kind, Subject
from curator.dicom.terms import respelled
from curator.dicom.vr import problem
from curator.findings import Change, Finding, Safety, Severity, Why

_OLD_DATE: Final = re.compile(r"(\d{4})\.(\d\d)\.(\d\d)", re.ASCII)


def told(subject: Subject, code: str, severity: Severity, *kinds: Kind) -> Iterator[Finding]:
    """Yield a finding for each element and reason among the faults of these kinds."""
    tally = Tally(code, severity, subject)
    for fault in subject.faults:
        if fault.kind in kinds:
            tally.add(fault.path, fault.reason, shown(fault.value), _repair(code, fault))
    yield from tally.findings()


def _repair(code: str, fault: Fault) -> Change | None:
    """Return the change that says the same validly, where there is one; only for elements that stand on a level."""
    if not isinstance(fault.value, str) or len(fault.path.steps) != 1:
        return None
    after: str | None = None
    safety = Safety.SAFE
    if fault.vr == "DA" and (match := _OLD_DATE.fullmatch(fault.value.strip())):
        after, text = "".join(match.groups()), "the ACR-NEMA form of a date, in the form of today (PS3.5 6.2)"
    elif fault.vr == "CS" and (term := respelled(fault.path.key, fault.value)) is not None:
        after, text = term, "the same term as the standard spells it"
    elif fault.vr == "CS" and fault.value.upper() != fault.value:
        after, text, safety = fault.value.upper(), "code strings are upper case (PS3.5 6.2)", Safety.REVIEW
    if after is None or after == fault.value or problem(fault.vr, after) is not None:
        return None
    return Change(fault.path, fault.value, after, fault.vr, Why(code, text), safety)
