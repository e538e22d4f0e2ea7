"""Values in documents and what changes make of them: inside sequences, and as the service writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from curator.dicom import Json
from curator.findings import ABSENT, Absent
from curator.imageset import Step
from curator.imageset.equality import equal
from curator.treatments import Part


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


def nested(value: Json, parts: Iterable[Part]) -> Json:
    """Return a top-level element's value after changes below it: values, then new items, then items that go."""
    result = _copied(value)
    for change in in_order(parts):
        steps = change.steps[1:]
        place: Json = result
        for step in steps[:-1]:
            place = place[step]  # type: ignore[index]  # settle() walked the same way
        last = steps[-1]
        if isinstance(place, dict) and isinstance(last, str):
            if isinstance(change.after, Absent):
                del place[last]
            else:
                place[last] = normal(change.after)
        elif isinstance(place, list) and isinstance(last, int):
            if isinstance(change.after, Absent):
                del place[last]
            elif last == len(place):
                place.append(normal(change.after))
            else:
                place[last] = normal(change.after)
    return result


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def in_order(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield nested changes in an order in which each path still leads to its element.

    Items that go are last, from the back: an index must not shift before it is used.
    """
    listed = list(parts)
    going = [each for each in listed if each.after is ABSENT and isinstance(each.steps[-1], int)]
    yield from (each for each in listed if not (each.after is ABSENT and isinstance(each.steps[-1], int)))
    yield from sorted(going, key=lambda each: steps_order(each.steps), reverse=True)


def normal(value: Json) -> Json:
    """Return the value as the service writes it: integral numbers without a fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    return value


def steps_order(steps: tuple[Step, ...]) -> tuple[tuple[bool, Step], ...]:
    """Return the sort key of steps: indices as numbers."""
    return tuple((isinstance(step, str), step) for step in steps)
