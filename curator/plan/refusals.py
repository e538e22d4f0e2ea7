"""Why a change cannot be made, whatever else is planned: by its key, by the document, by the value it writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, tag_of_key
from curator.dicom.levels import Level, level_of
from curator.dicom.vr import element_problem
from curator.findings import ABSENT, Absent
from curator.imageset import Step
from curator.plan.leftout import Reason
from curator.plan.model import UID_OF
from curator.plan.values import NoPlace, same_value, value_at
from curator.treatments import Part

NEVER: Final = frozenset(
    {
        "SchemaVersion", "DatastoreID", "ImageSetID", "PixelData", "Checksum", "Width", "Height",
        "MinPixelValue", "MaxPixelValue", "FrameSizeInBytes",
    }
)  # fmt: skip
"""Keys the service never lets anybody edit (guide, "DICOM metadata constraints"); PixelData with force neither."""

KEYS: Final = {level: (key,) for level, key in UID_OF.items()}
"""Steps to the UID by which the document keys a level."""


class Refusals:
    """Says why changes cannot be made; what one key or value decides is found once."""

    def __init__(self) -> None:
        self._invalid: dict[tuple[Step, str, str | None], bool] = {}

    def of(self, level: Level, node: Mapping[str, Json], part: Part) -> Reason | None:
        """Return why a change cannot be made to the attributes ``node``, None where it can."""
        after, steps = part.after, part.steps
        top = steps[0]
        assert isinstance(top, str)
        reason = _by_key(level, top)
        if reason is not None:
            return reason
        present = node.get(top, ABSENT) if len(steps) == 1 else value_at(node, steps)
        if isinstance(present, NoPlace):
            return Reason.NO_PLACE
        if present is not part.before and not same_value(present, part.before):
            return Reason.STALE
        if isinstance(after, Absent):
            if present is ABSENT:
                return Reason.NOTHING
            return Reason.KEYS if steps == KEYS.get(level) else None
        if same_value(present, after):
            return Reason.NOTHING
        return Reason.VALUE if self._is_invalid(steps[-1], part, after) else None

    def _is_invalid(self, last: Step, part: Part, after: Json) -> bool:
        if not (isinstance(after, str) or after is None) or isinstance(last, int):
            return _invalid(part.steps, part.vr, after)
        known = last, part.vr, after
        found = self._invalid.get(known)
        if found is None:
            found = self._invalid[known] = _invalid(part.steps, part.vr, after)
        return found


@lru_cache(maxsize=4096)
def _by_key(level: Level, top: str) -> Reason | None:
    """Return why no change of this key, or inside it, can be made on this level."""
    tag = tag_of_key(top)
    if top in NEVER or tag is None:
        return Reason.NEVER
    if is_private(tag):
        return Reason.PRIVATE_LEVEL if level is not Level.INSTANCE else None
    return Reason.LEVEL if attribute(tag) is not None and level_of(tag) is not level else None


def _invalid(steps: tuple[Step, ...], vr: str, value: Json) -> bool:
    """Say whether ``value`` does not fit its VR and VM; sequences are looked into. ``force`` makes the service blind."""
    last = steps[-1]
    if isinstance(last, int):
        members = value.items() if isinstance(value, dict) else [("", None)]
        tags = [(tag_of_key(key), inner) for key, inner in members]
        return any(tag is None or element_problem(tag, inner) is not None for tag, inner in tags)
    tag = tag_of_key(last)
    return tag is None or element_problem(tag, value, vr=vr or None) is not None
