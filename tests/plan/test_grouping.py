"""A plan's changes by rule and by element: every change is in one group of each kind, and samples stay few."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dicom.levels import Level
from curator.findings import Change, Why
from curator.imageset import ElementPath
from curator.plan.grouping import Groups, decided_by
from curator.plan.merging import Party
from curator.plan.publishing import plan_in_place
from curator.plan.units import Unit
from tests.plan.documents import changes_to, samples


@st.composite
def units(draw: st.DrawFn) -> list[Unit]:
    made = []
    for number in range(draw(st.integers(0, 3))):
        doc = draw(samples()).doc
        party = Party(f"{number:032d}", "1", doc)
        made.append(plan_in_place(party, draw(changes_to(doc)), number=number))
    return made


@settings(max_examples=25)
@given(units())
def test_each_change_is_counted_once_by_rule_by_element_and_by_both(planned: list[Unit]) -> None:
    changes = [change for unit in planned for patch in unit.patches for change in patch.changes()]
    groups = Groups.of(planned, samples=2)
    assert {name: group.changes for (name, _), group in groups.by_rule.items()} == Counter(
        change.why.rule for change in changes
    )
    assert {name: group.changes for name, group in groups.by_element.items()} == Counter(
        str(change.path.generic()) for change in changes
    )
    assert sum(group.changes for group in groups.by_both.values()) == len(changes)
    assert all(1 <= len(group.samples) <= 2 for group in groups.rules() + groups.elements())
    assert_image_sets_are_counted_once(planned)


def assert_image_sets_are_counted_once(planned: list[Unit]) -> None:
    """However often they are changed; on the same plans, which take most of the time to make."""
    wanted: dict[str, set[str]] = {}
    for unit in planned:
        for patch in unit.patches:
            for change in patch.changes():
                wanted.setdefault(str(change.path.generic()), set()).add(patch.set)
    found = {name: group.image_sets for name, group in Groups.of(planned).by_element.items()}
    assert found == {name: len(sets) for name, sets in wanted.items()}


def test_what_decided_in_a_profile_is_told_in_words() -> None:
    row, code = ("row", "PS3.15 E.1-1 00081010 Station Name"), ("code", "C")

    def decided(*detail: tuple[str, str]) -> str:
        return decided_by(Why("research", "because", detail))

    assert decided() == ""
    assert decided(row) == "what was done is said (PS3.15 E.1.1)"
    assert decided(row, ("code", "X/Z/D"), ("action", "remove")) == "removed (basic profile)"
    shifted = "dates shifted (retain-modified-dates, 113107)"
    assert decided(row, ("option", "113107"), code, ("action", "clean")) == shifted
    private = (("option", "113111"), code, ("private", "no list calls it safe"), ("action", "remove"))
    assert decided(row, *private) == "private elements removed (no list calls it safe)"
    assert decided(row, code, ("rule", "keep-this"), ("action", "clean")) == ""


def test_samples_with_equal_values_are_shown_once() -> None:
    from curator.plan.grouping import Group, Sample

    why = Why("r", "because")
    path = ElementPath(Level.STUDY, steps=("StudyDescription",))
    same = [Sample(n, f"{n}", Change(path, "a", "b", "LO", why)) for n in range(3)]
    other = Sample(3, "3", Change(path, "a", "c", "LO", why))
    assert Group("r", "", why, samples=[*same, other]).distinct(5) == [same[0], other]
