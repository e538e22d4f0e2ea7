"""A plan's changes counted by rule, by element, and by both: how people review more changes than they can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from curator.dicom.confidentiality import Option
from curator.findings import Change, Why
from curator.imageset import ElementPath
from curator.plan.units import Unit

SAMPLES: Final = 100
"""Changes that a group keeps to be shown; all of them are in the plan."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One change of a group, and where it is made."""

    unit: int
    image_set: str
    change: Change = field(repr=False)


@dataclass(slots=True)
class Group:
    """The changes that one rule makes, or that are made to one element (or both): counts, a reason, some of them.

    ``rule`` or ``element`` (a generic path) is empty where the group is not by it. ``decided`` is what in a
    confidentiality profile decided (`decided_by`): all that a publication does is one rule's.
    """

    rule: str
    element: str
    why: Why
    changes: int = 0
    image_sets: int = 0
    samples: list[Sample] = field(default_factory=list, repr=False)
    decided: str = ""
    elements: set[str] = field(default_factory=set, repr=False)

    def distinct(self, most: int) -> list[Sample]:
        """Return the samples whose values before and after differ from each other's, at most so many."""
        seen: dict[str, Sample] = {}
        for each in self.samples:
            seen.setdefault(repr((each.change.path.key, each.change.before, each.change.after)), each)
        return list(seen.values())[:most]


@dataclass(slots=True)
class Groups:
    """All changes of a plan, grouped."""

    by_rule: dict[tuple[str, str], Group] = field(default_factory=dict)
    by_element: dict[str, Group] = field(default_factory=dict)
    by_both: dict[tuple[str, str], Group] = field(default_factory=dict)
    _decided: dict[Why, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, units: Iterable[Unit], samples: int = SAMPLES) -> Groups:
        """Group the changes of ``units``, read once, as a stream."""
        groups = cls()
        for unit in units:
            groups.add(unit, samples)
        return groups

    def add(self, unit: Unit, samples: int = SAMPLES) -> None:
        """Count one unit."""
        generic: dict[ElementPath, str] = {}
        for patch in unit.patches:
            touched: dict[int, Group] = {}
            for change in patch.changes():
                element = generic.get(change.path)
                if element is None:
                    element = generic[change.path] = str(change.path.generic())
                for group in self._groups_of(change.why, element):
                    touched[id(group)] = group
                    group.changes += 1
                    if len(group.samples) < samples:
                        group.samples.append(Sample(unit.number, patch.set, change))
            for group in touched.values():
                group.image_sets += 1

    def _groups_of(self, why: Why, element: str) -> tuple[Group, Group, Group]:
        decided = self._decided.get(why)
        if decided is None:
            decided = self._decided[why] = decided_by(why)
        rule = self.by_rule.get((why.rule, decided))
        if rule is None:
            rule = self.by_rule[why.rule, decided] = Group(why.rule, "", why, decided=decided)
        rule.elements.add(element)
        both = self.by_both.get((why.rule, element))
        if both is None:
            both = self.by_both[why.rule, element] = Group(why.rule, element, why)
        one = self.by_element.get(element)
        if one is None:
            one = self.by_element[element] = Group("", element, why)
        return rule, one, both

    def rules(self) -> list[Group]:
        """Return the groups by rule, and by what decided in a profile, the largest first."""
        return sorted(self.by_rule.values(), key=_largest)

    def elements(self) -> list[Group]:
        """Return the groups by element, the largest first."""
        return sorted(self.by_element.values(), key=_largest)

    def rules_with_elements(self) -> list[Group]:
        """Return the groups by rule and element, rules in the order of `rules`."""
        place: dict[str, int] = {}
        for index, group in enumerate(self.rules()):
            place.setdefault(group.rule, index)
        return sorted(self.by_both.values(), key=lambda group: (place[group.rule], *_largest(group)))


_DONE: Final = {
    "remove": "removed",
    "empty": "emptied",
    "dummy": "a dummy instead",
    "uid": "UIDs remapped",
    "clean": "cleaned",
    "keep": "kept but for identifiers",
}
_BY: Final = {
    "value decision": "a person's decision on the value",
    "override": "the profile's own word",
    "goes with": "goes with what it describes",
}
_OF_OPTION: Final = {
    Option.RETAIN_MODIFIED_DATES: "dates shifted",
    Option.CLEAN_DESCRIPTORS: "descriptions cleaned",
    Option.CLEAN_STRUCTURED_CONTENT: "content cleaned",
    Option.CLEAN_GRAPHICS: "graphics cleaned",
}
"""What cleaning is, by an option's own kind of element."""


def decided_by(why: Why) -> str:
    """Return in words what in a profile decided, and what was done; nothing for a reason that is a rule's own."""
    detail = dict(why.detail)
    if "row" not in detail or "rule" in detail:
        return ""
    if "code" not in detail:
        return "what was done is said (PS3.15 E.1.1)"
    action = detail.get("action", "")
    done = _DONE.get(action, action)
    if "private" in detail:
        return f"private elements {done} ({detail['private']})"
    for part, words in _BY.items():
        if part in detail:
            return f"{done} ({words})"
    option = next((each for each in Option if each.value == detail.get("option")), None)
    if option is None:
        return f"{done} (basic profile)"
    done = _OF_OPTION.get(option, done) if action == "clean" else done
    return f"{done} ({option.name.lower().replace('_', '-')}, {option})"


def _largest(group: Group) -> tuple[int, str, str]:
    return -group.changes, group.rule, group.decided or group.element
