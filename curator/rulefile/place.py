"""Where a rule stands while it looks at one element, and how it names other elements from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from curator.dicom import Json
from curator.dicom.dictionary import by_keyword, is_private, key_of_tag, tag_of_key
from curator.dicom.levels import Level, level_of
from curator.findings import ABSENT, Absent
from curator.imageset import ElementPath, ImageSetMetadata, PrivateStep
from curator.rulefile.values import KNOWN, Value, joined, static_vr

G = TypeVar("G")
_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Scope:
    """One level of a document while it is evaluated. ``above`` are the scopes of the levels above it."""

    document: ImageSetMetadata
    path: ElementPath
    elements: Mapping[str, Json]
    vrs: Mapping[str, str]
    above: Mapping[Level, Scope]
    given: Mapping[type, object]


@dataclass(frozen=True, slots=True)
class Place:
    """One element, present or not, at any depth. ``nodes`` are the attributes around it, the innermost last."""

    scope: Scope
    steps: tuple[str | int, ...]
    nodes: tuple[Mapping[str, Json], ...] = field(repr=False)

    @property
    def key(self) -> str:
        """The element's document key."""
        return str(self.steps[-1])

    @property
    def value(self) -> Value:
        """The element's value now."""
        return self.nodes[-1].get(self.key, ABSENT)

    @property
    def path(self) -> ElementPath:
        """The element's concrete path."""
        return self.scope.path.child(*self.steps)

    @property
    def vr(self) -> str:
        """The element's VR: the dictionary's, or the instance's ``DICOMVRs`` for private elements; UN if unknown."""
        return vr_at(self.scope, self.steps)

    def given(self, kind: type[G]) -> G:
        """Return what the caller of the evaluation handed in of this type (a subject, a key).

        LookupError if it handed in none: the caller uses a vocabulary that it does not serve.
        """
        found = self.scope.given.get(kind)
        if not isinstance(found, kind):
            raise LookupError(f"the rule needs a {kind.__name__}, and the evaluation was given none")
        return found


@lru_cache(maxsize=8192)
def _private(key: str) -> bool:
    tag = tag_of_key(key)
    return tag is not None and is_private(tag)


def vr_at(scope: Scope, steps: tuple[str | int, ...]) -> str:
    """Return the VR of the element at ``steps``."""
    key = str(steps[-1])
    if known := static_vr(key):
        return known
    if len(steps) == 1:
        said: object = scope.vrs.get(key)
        if isinstance(said, dict):
            return "SQ"  # a private sequence's entry is an object: the VRs of what its items hold
        if scope.path.level is Level.INSTANCE and _private(key):
            return scope.vrs.get(key, "UN")
        if isinstance(said, str) and said in KNOWN:
            return said
    return scope.document.vr_of(scope.path.child(*steps))


@dataclass(frozen=True, slots=True)
class Ref:
    """An element named from a place: by keyword, tag, or private group, creator and offset.

    It is looked for next to the place's element, then in the items and levels around it; a name of a lower
    level stands for all elements of that name below.
    """

    name: str
    private: PrivateStep | None = None

    @classmethod
    def of(cls, text: str) -> Ref:
        """Return the reference; ValueError with what was expected if it names no element."""
        key = key_of(text)
        return cls(key, PrivateStep.of(key) if key[:1] == "(" else None)

    def _in(self, node: Mapping[str, Json]) -> Value:
        key = self.name if self.private is None else self.private.key_in(dict(node))
        return ABSENT if key is None else node.get(key, ABSENT)

    def values(self, place: Place) -> Iterator[Json]:
        """Yield the value of every element it stands for, empty ones too; nothing where there is none."""
        for node in reversed(place.nodes):
            found = self._in(node)
            if not isinstance(found, Absent):
                yield found
                return
        tag = tag_of_key(self.name)
        home = Level.INSTANCE if tag is None else level_of(tag)
        here = place.scope.path.level
        if _ORDER.index(home) < _ORDER.index(here):
            found = self._in(place.scope.above[home].elements)
            if not isinstance(found, Absent):
                yield found
        elif home is not here:
            yield from self._below(place.scope, home)

    def _below(self, scope: Scope, home: Level) -> Iterator[Json]:
        series = scope.document.series
        chosen = [series[scope.path.series]] if scope.path.series else list(series.values())
        if home is Level.STUDY:
            found = self._in(scope.document.study)
            if not isinstance(found, Absent):
                yield found
            return
        for node in chosen:
            nodes = [node.dicom] if home is Level.SERIES else (one.dicom for one in node.instances.values())
            for attributes in nodes:
                found = self._in(attributes)
                if not isinstance(found, Absent):
                    yield found

    def one(self, place: Place) -> Value:
        """Return the one value it stands for, ``ABSENT`` if there is none; ValueError if they differ."""
        distinct: dict[str, Json] = {}
        for value in self.values(place):
            distinct.setdefault(repr(value) if isinstance(value, list | dict) else joined(value), value)
            if len(distinct) > 1:
                raise ValueError(f"{self.name} has different values here")
        return next(iter(distinct.values()), ABSENT)


def key_of(text: str) -> str:
    """Return the document key that a keyword, a tag or a private element's text names.

    ValueError with what was expected otherwise.
    """
    from curator.errors import UsageError
    from curator.imageset import parse_path

    text = text.strip()
    attribute = by_keyword(text)
    if attribute is not None:
        return key_of_tag(attribute.tag)
    if text[:1].isalpha() and text.isalnum() and not (len(text) == 8 and tag_of_key(text) is not None):
        raise ValueError(f'a keyword of PS3.6, a tag, or (gggg,"creator",xxee){near_keyword(text)}')
    try:
        path = parse_path(text)
    except UsageError as error:
        raise ValueError(error.message.replace("element path, ", "an element's name: ")) from None
    if len(path.steps) != 1:
        raise ValueError("one element, without level or item")
    return path.key


def near_keyword(word: str) -> str:
    """Return ``"; did you mean X?"`` where a keyword of the dictionary is near."""
    from curator.rulefile.problems import did_you_mean

    return did_you_mean(word, _keywords())


def _keywords() -> frozenset[str]:
    from curator.dicom.dictionary import attribute, attributes

    found = (attribute(tag) for tag in attributes())
    return frozenset(one.keyword for one in found if one is not None and one.keyword)
