"""Values in documents and what changes make of them: inside sequences, and as the service writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from curator.dicom import Json
from curator.findings import ABSENT, Absent
from curator.imageset import Step
from curator.imageset.equality import equal


class NoPlace:
    """The sequence or item that a path leads through is not there."""


def value_at(node: Mapping[str, Json], steps: tuple[Step, ...]) -> Json | Absent | NoPlace:
    """Return the value that ``steps`` lead to; ABSENT when only the last step fails."""
    found: object = node
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(step, str) and isinstance(found, dict):
            if step not in found:
                return ABSENT if last else NoPlace()
            found = found[step]
        elif isinstance(step, int) and isinstance(found, list):
            if step >= len(found):
                return ABSENT if last and step == len(found) else NoPlace()
            found = found[step]
        else:
            return NoPlace()
    return cast("Json", found)


def same_value(a: Json | Absent | NoPlace, b: Json | Absent) -> bool:
    """Say whether both are the same, or both absent."""
    if isinstance(a, NoPlace):
        return False
    if isinstance(a, Absent) or isinstance(b, Absent):
        return a is b
    return equal(a, b)
