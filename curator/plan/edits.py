"""Edits made by hand and not planned yet: changes by image set and element, which can be taken back one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import Json
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.leftout import Reason
from curator.plan.settling import settle
from curator.plan.values import same_value

RULE: Final = "edit"
"""What edits made by hand are called where rules are named."""
_BY_HAND: Final = Why(RULE, "edited by hand")
_NO_EDITS: Final[Mapping[ElementPath, Change]] = {}


def edit(document: ImageSetMetadata, path: ElementPath, after: Json | Absent, vr: str = "") -> Change:
    """Return the change of one element of a document to ``after``; ``vr`` where the document does not tell it."""
    return Change(path, value_in(document, path), after, vr or document.vr_of(path), _BY_HAND, Safety.REVIEW)


def value_in(document: ImageSetMetadata, path: ElementPath) -> Json | Absent:
    """Return the value at ``path``, ABSENT where there is none."""
    return document.get(path) if document.has(path) else ABSENT


def refusal(document: ImageSetMetadata, change: Change) -> Reason | None:
    """Return why a change cannot be planned, None if it can."""
    left = settle(document, [change]).left
    return left[0].reason if left else None


@dataclass(slots=True)
class Edits:
    """Edits of any number of image sets. What was made together is taken back together."""

    _sets: dict[str, dict[ElementPath, Change]] = field(default_factory=dict)
    _made: list[tuple[tuple[str, ElementPath], ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self._sets.values()))

    @property
    def image_sets(self) -> tuple[str, ...]:
        """The image sets that are edited."""
        return tuple(self._sets)

    def of(self, image_set: str) -> Mapping[ElementPath, Change]:
        """Return the edits of an image set by path."""
        return self._sets.get(image_set, _NO_EDITS)

    def items(self) -> Iterator[tuple[str, Sequence[Change]]]:
        """Yield each image set with its edits, in the order of ids."""
        for image_set in sorted(self._sets):
            yield image_set, tuple(self._sets[image_set].values())

    def put(self, changes: Iterable[tuple[str, Change]]) -> int:
        """Take in changes made together, each over what was edited at or below its element; return how many."""
        made = []
        for image_set, change in changes:
            here = self._sets.setdefault(image_set, {})
            before = here[change.path].before if change.path in here else change.before
            for path in [each for each in here if _at_or_below(each, change.path)]:
                del here[path]
            if not same_value(before, change.after):
                here[change.path] = Change(
                    change.path, before, change.after, change.vr, change.why, change.safety
                )
                made.append((image_set, change.path))
            self._forget_empty(image_set)
        if made:
            self._made.append(tuple(made))
        return len(made)

    def take_back(self, image_set: str, path: ElementPath) -> bool:
        """Take one edit back; False where there is none."""
        here = self._sets.get(image_set, {})
        found = here.pop(path, None) is not None
        self._forget_empty(image_set)
        return found

    def take_back_last(self) -> int:
        """Take back what was made together last; return how many edits that were."""
        while self._made:
            count = sum(self.take_back(image_set, path) for image_set, path in self._made.pop())
            if count:
                return count
        return 0

    def clear(self) -> None:
        """Take everything back."""
        self._sets.clear()
        self._made.clear()

    def hold_against(self, image_set: str, document: ImageSetMetadata) -> int:
        """Drop the edits that the document has already, and those whose element others changed; return how many of these."""
        lost = 0
        for path, change in list(self._sets.get(image_set, {}).items()):
            now = value_in(document, path)
            if not same_value(now, change.before):
                lost += not same_value(now, change.after)
                self.take_back(image_set, path)
        return lost

    def _forget_empty(self, image_set: str) -> None:
        if not self._sets.get(image_set, True):
            del self._sets[image_set]


def _at_or_below(path: ElementPath, top: ElementPath) -> bool:
    return path.at_level() == top.at_level() and path.steps[: len(top.steps)] == top.steps
