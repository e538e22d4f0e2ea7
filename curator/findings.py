"""What checks and rules yield, and what plans are made of.

A **finding** says what is wrong and where, with evidence; it may carry **changes** that would mend it. A
**change** is one element of one image set, before and after, and why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from curator.dicom import Json
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch


class _Absent:
    """The one value that says: there is no such element (``None`` is an element that is empty)."""

    _instance: _Absent | None = None

    def __new__(cls) -> _Absent:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
Absent: TypeAlias = _Absent


class Safety(StrEnum):
    """May a change be made without a person looking at it?"""

    SAFE = "safe"
    REVIEW = "review"
    REPORT_ONLY = "report-only"


class Severity(StrEnum):
    """How bad a finding is; the words of SARIF 2.1.0's ``level``."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Why(msgspec.Struct, frozen=True, cache_hash=True):
    """The reason of a change: the rule, and what in the rule decided.

    ``detail`` pairs are shown in this order by ``explain`` (table row, option, Type, value decision …) and
    hold no element values.
    """

    rule: str
    text: str
    detail: tuple[tuple[str, str], ...] = ()


class Change(msgspec.Struct, frozen=True, gc=False):
    """One element before and after. ``after is ABSENT`` removes it, ``before is ABSENT`` adds it.

    ``path`` is concrete (no wildcards). ``vr`` is the element's VR (needed for private elements, whose VR
    the document keeps in ``DICOMVRs``). Values are PHI: they go to plans (0600), never to logs.
    """

    path: ElementPath
    before: Json | Absent
    after: Json | Absent
    vr: str
    why: Why
    safety: Safety = Safety.REVIEW

    def __repr__(self) -> str:
        # The values stay out of tracebacks.
        return f"Change(path={self.path!r}, vr={self.vr!r}, why={self.why!r}, safety={self.safety!r})"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check or a rule found in one or several image sets.

    ``code`` is the check's or rule's id (``CUR101``); ``message`` names things, never values; ``evidence``
    pairs may hold values and are shown only where the user asked for them.
    """

    code: str
    severity: Severity
    message: str
    image_sets: tuple[tuple[str, str], ...]  # (imageSetId, versionId), the first is where it is shown
    path: ElementPath | None = None
    evidence: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    safety: Safety = Safety.REPORT_ONLY
    changes: tuple[tuple[str, Change], ...] = field(default=(), repr=False)  # (imageSetId, change)
    proposal: str = ""  # what would mend it, in words: "merge 3 image sets into …"


def changed(document: ImageSetMetadata, changes: Iterable[Change]) -> ImageSetMetadata:
    """Return the document with the changes made to its elements; series and instances stay under their old UIDs."""
    operations: list[dict[str, Json]] = []
    for change in changes:
        where: Json = change.path.pointer()
        if isinstance(change.after, Absent):
            operations.append({"op": "remove", "path": where})
        else:
            operations.append({"op": "add", "path": where, "value": change.after})
    return apply_patch(document, operations)
