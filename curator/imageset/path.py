"""Where an element stands in the metadata document: `ElementPath`.

A path names a level, the series and instance it is in, and the steps from the level's attributes to the
element: keys and item indices in turn. `*` as series, instance or index makes it a pattern. It has three
texts: the one people write (`str(path)`, read by `parse_path`), the RFC 6901 pointer into the document
(`pointer`), and the one for logs, which holds no UID (the document's `anonymous`).
"""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering
from typing import Final, TypeAlias

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import is_private, tag_of_key
from curator.dicom.levels import Level

__all__ = ["ANY", "ElementPath", "PrivateStep", "Step", "escape", "steps_text", "unescape"]

ANY: Final = "*"
"""Any series, any instance, any item."""

Step: TypeAlias = str | int
"""A key of a level or item, or the index of an item (`ANY` matches each)."""

_RANK: Final = {level: rank for rank, level in enumerate(Level)}
_PRIVATE_STEP = re.compile(r'\(([0-9A-F]{4}),"((?:[^"\\]|\\.)*)",10([0-9A-F]{2})\)')


def escape(token: str) -> str:
    """Return ``token`` as RFC 6901 writes it in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Return what an RFC 6901 token stands for."""
    return token.replace("~1", "/").replace("~0", "~")


class PrivateStep(msgspec.Struct, frozen=True):
    """A private element as people name it: by group, creator and offset, in whichever block it stands.

    As a step of a path it is its text, ``(0019,"GEMS_ACQU_01",10F9)``; block 10 stands for any block.
    """

    group: int
    creator: str
    offset: int

    def __str__(self) -> str:
        creator = self.creator.replace("\\", "\\\\").replace('"', '\\"')
        return f'({self.group:04X},"{creator}",10{self.offset:02X})'

    @classmethod
    @lru_cache(maxsize=4096)
    def of(cls, step: str) -> PrivateStep | None:
        """Return the private step that a path's step spells, None when it is an ordinary key."""
        match = _PRIVATE_STEP.fullmatch(step)
        if match is None:
            return None
        return cls(int(match[1], 16), re.sub(r"\\(.)", r"\1", match[2]), int(match[3], 16))

    def key_in(self, node: dict[str, Json]) -> str | None:
        """Return the element's key among the attributes or item ``node``, by the creators present there."""
        prefix = f"{self.group:04X}00"
        for key, value in node.items():
            if len(key) == 8 and key.startswith(prefix) and _creator(value) == self.creator:
                return f"{self.group:04X}{key[6:]}{self.offset:02X}"
        return None


def _creator(value: Json) -> str | None:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return value.strip() if isinstance(value, str) else None


@total_ordering
class ElementPath(msgspec.Struct, frozen=True, cache_hash=True):
    """The place of one element, or a pattern of places; ordered as the document is (Patient first).

    Without ``steps`` it names the level itself: an instance to be removed, say.
    """

    level: Level
    series: str = ""
    instance: str = ""
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return "/".join(filter(None, (self._place(), steps_text(self.steps))))

    def __lt__(self, other: ElementPath) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, str, str, tuple[tuple[bool, Step], ...]]:
        steps = tuple((isinstance(step, str), step) for step in self.steps)
        return _RANK[self.level], self.series, self.instance, steps

    def _place(self) -> str:
        if self.level is Level.SERIES:
            return f"Series[{self.series}]"
        if self.level is not Level.INSTANCE:
            return str(self.level)
        if self.series == ANY:
            return f"Instances[{self.instance}]"
        return f"Series[{self.series}]/Instances[{self.instance}]"

    # ------------------------------------------------------------------ what the path says of the element

    @property
    def key(self) -> str:
        """The last key: that of the element itself, or of the sequence whose item it is; "" without steps."""
        return next((step for step in reversed(self.steps) if isinstance(step, str) and step != ANY), "")

    @property
    def top(self) -> str:
        """The key on the level itself: the unit that an update replaces whole; "" without steps."""
        step = self.steps[0] if self.steps else ""
        return step if isinstance(step, str) else ""

    @property
    def tag(self) -> int | None:
        """The tag of `key`; None for what no tag can be told of (unknown key, private by creator)."""
        return tag_of_key(self.key)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys alone, without item indices."""
        return tuple(step for step in self.steps if isinstance(step, str) and step != ANY)

    @property
    def depth(self) -> int:
        """How many sequences stand above the element."""
        return len(self.keys) - 1 if self.steps else 0

    @property
    def is_private(self) -> bool:
        """Whether the element's group is odd."""
        private = PrivateStep.of(self.key)
        tag = self.tag
        return private is not None or (tag is not None and is_private(tag))

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several elements, or must be resolved first (private by creator)."""
        return (
            ANY in (self.series, self.instance)
            or ANY in self.steps
            or any(isinstance(step, str) and step[:1] == "(" for step in self.steps)
        )

    # --------------------------------------------------------------------------------------- other places

    def child(self, *steps: Step) -> ElementPath:
        """Return the path ``steps`` further down."""
        return ElementPath(self.level, self.series, self.instance, (*self.steps, *steps))

    def at_level(self) -> ElementPath:
        """Return the path of the level (the series, the instance …) that the element stands on."""
        return ElementPath(self.level, self.series, self.instance)

    def generic(self) -> ElementPath:
        """Return the path with ``*`` for every UID and index: what a value decision is keyed by."""
        return ElementPath(
            self.level,
            ANY if self.series else "",
            ANY if self.instance else "",
            tuple(ANY if isinstance(step, int) else step for step in self.steps),
        )

    # --------------------------------------------------------------------------------------- RFC 6901

    def pointer(self) -> str:
        """Return the RFC 6901 pointer of the element in the document. A pattern has none: ValueError."""
        if self.is_pattern:
            raise ValueError("a pattern has no pointer: resolve it in a document first")
        steps = "".join(f"/{escape(step) if isinstance(step, str) else step}" for step in self.steps)
        return self.base_pointer() + (f"/DICOM{steps}" if steps else "")

    def base_pointer(self) -> str:
        """Return the pointer of the level the element stands on, without ``/DICOM``."""
        if self.level is Level.PATIENT:
            return "/Patient"
        if self.level is Level.STUDY:
            return "/Study"
        series = f"/Study/Series/{escape(self.series)}"
        return series if self.level is Level.SERIES else f"{series}/Instances/{escape(self.instance)}"

    @classmethod
    def from_pointer(cls, pointer: str) -> ElementPath:
        """Return the path of an RFC 6901 pointer to an element or a level.

        Raises ValueError for a pointer to anything else (``/SchemaVersion``, an instance's ``ImageFrames``).
        """
        tokens = [unescape(token) for token in pointer.split("/")[1:]]
        match tokens:
            case ["Patient", *rest]:
                place, tokens = cls(Level.PATIENT), rest
            case ["Study", "Series", series, "Instances", instance, *rest]:
                place, tokens = cls(Level.INSTANCE, series, instance), rest
            case ["Study", "Series", series, *rest]:
                place, tokens = cls(Level.SERIES, series), rest
            case ["Study", *rest]:
                place, tokens = cls(Level.STUDY), rest
            case _:
                raise ValueError("the pointer leads to no level of an image set")
        if not tokens:
            return place
        if tokens[0] != "DICOM" or len(tokens) == 1:
            raise ValueError("the pointer leads to no DICOM element")
        steps: list[Step] = []
        for number, token in enumerate(tokens[1:]):
            if number % 2 and not token.isdigit():
                raise ValueError("the pointer has a key where an item index belongs")
            steps.append(int(token) if number % 2 else token)
        return place.child(*steps)


def steps_text(steps: tuple[Step, ...]) -> str:
    """Return the steps as people write them: ``ReferencedImageSequence[0]/ReferencedSOPInstanceUID``."""
    text: list[str] = []
    for number, step in enumerate(steps):
        if number % 2:
            text.append(f"[{step}]")
        else:
            text.append(f"/{step}" if number else str(step))
    return "".join(text)
