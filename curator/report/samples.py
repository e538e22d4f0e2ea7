"""Changes shown one by one: where, what was done, and the shape of the value before and after.

A shape says what kind of text it was, letter for letter, and not which: ``Doe^Jane`` is ``Aaa^Aaaa``. The hash beside
it is an HMAC under the project's key: equal values have equal hashes within a project, and nobody without the key can
try out what a value may have been. The values themselves are taken along only where the user asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from curator.dicom.dictionary import is_private, tag_of_key
from curator.findings import Absent, Change
from curator.imageset.equality import canonical
from curator.printable import plural

DOMAIN: Final = "report"
"""The key's domain for these hashes: they say nothing about those of the ledger."""

SAMPLES: Final = 30
"""Changes shown; each is the first of its element, action and rule."""

LONGEST: Final = 24
"""Characters of which a shape is drawn; of longer ones the length says enough."""

_PLAIN: Final = frozenset(" ^-./:,_()=+")


class Side(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value before or after: its shape, its keyed hash ("" for nothing), and, if asked for, itself as JSON."""

    shape: str
    hash: str = ""
    value: str | None = None

    def __repr__(self) -> str:
        # The value stays out of tracebacks.
        return f"Side(shape={self.shape!r}, hash={self.hash!r})"


class Sample(msgspec.Struct, frozen=True):
    """One change; ``element`` is a generic path."""

    image_set: str
    element: str
    vr: str
    action: str
    rule: str
    before: Side
    after: Side


class Sampling:
    """Takes the first change of each kind; `samples` returns those of public elements before private ones."""

    def __init__(self, keyed: Callable[[bytes], bytes], *, with_values: bool) -> None:
        self._keyed = keyed
        self._with_values = with_values
        self._found: dict[tuple[str, str, str], Sample] = {}

    def take(self, image_set: str, element: str, action: str, change: Change) -> None:
        """Take a change, if it is the first of its kind and there is room for it."""
        key = element, action, change.why.rule
        if not change.path.steps or key in self._found:
            return
        before, after = self._side(change.before), self._side(change.after)
        self._found[key] = Sample(image_set, element, change.vr, action, change.why.rule, before, after)

    def samples(self) -> list[Sample]:
        """Return what is shown."""
        ordered = sorted(self._found.values(), key=lambda each: _is_private(each.element))
        return ordered[:SAMPLES]

    def _side(self, value: object) -> Side:
        if isinstance(value, Absent):
            return Side("absent")
        told = canonical(value).decode()[:200] if self._with_values else None
        if value in (None, "", []):
            return Side("empty", value=told)
        return Side(shape(value), self._keyed(canonical(value)).hex()[:12], told)


def _is_private(element: str) -> bool:
    return is_private(tag_of_key(element.rpartition("/")[2]) or 0)


def shape(value: object) -> str:
    """Return what kind of value it is, without the value."""
    match value:
        case str():
            return _drawn(value) if len(value) <= LONGEST else f"text of {len(value):,} characters"
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case [dict(), *_]:
            return plural(len(value), "item")
        case [first, *rest]:
            return f"{plural(len(value), 'value')}, first {shape(first)}" if rest else shape(first)
        case _:
            return "binary data"


def _drawn(text: str) -> str:
    return "".join(map(_kind, text))


def _kind(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character in _PLAIN else "?"
