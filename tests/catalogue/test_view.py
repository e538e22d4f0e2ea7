"""What the hashes say is what comparing every document says; and several may work at one catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.catalogue import Catalogue
from curator.checks.cases import Sample, document, instance
from curator.checks.tags import MERGED_INTO
from curator.checks.view import Scope
from curator.stores import OpenStore
from tests.catalogue.stores import filled

Place = tuple[int, int, int, str, str, str]

_places = st.lists(
    st.tuples(
        st.integers(0, 1),  # patient
        st.integers(0, 1),  # study
        st.integers(0, 1),  # series
        st.sampled_from(["", "A", "B"]),  # a Patient element
        st.sampled_from(["", "A", "B"]),  # a Study element
        st.sampled_from(["", "A", "B"]),  # a Series element
    ),
    max_size=7,
)


def _document(number: int, place: Place) -> dict[str, object]:
    patient, study, series, *said = place
    return {
        **document(
            instance(number),
            patient={"PatientID": f"P{patient}", "PatientComments": said[0]},
            study={"StudyInstanceUID": f"1.2.{study}", "StudyDescription": said[1]},
            series={"SeriesInstanceUID": f"1.2.3.{series}", "SeriesDescription": said[2]},
        )
    }


@given(places=_places)
@settings(deadline=None, max_examples=60)
def test_groups_that_disagree_are_those_that_comparing_finds(
    tmp_path_factory: pytest.TempPathFactory, places: list[Place]
) -> None:
    keys: dict[Scope, Callable[[Place], tuple[object, object]]] = {
        Scope.SERIES: lambda place: (place[2], (place[:2], place[3:])),
        Scope.STUDY: lambda place: (place[1], (place[0], place[3:5])),
        Scope.PATIENT: lambda place: (place[0], place[3]),
    }
    folder = tmp_path_factory.mktemp("view")
    with filled(folder, [_document(n, place) for n, place in enumerate(places)]) as catalogue:  # type: ignore[misc]
        view = catalogue.view()
        for scope, key in keys.items():
            said: dict[object, set[object]] = defaultdict(set)
            for place in places:
                said[key(place)[0]].add(key(place)[1])
            expected = {group for group, values in said.items() if len(values) > 1}
            name = {Scope.SERIES: "series_uid", Scope.STUDY: "study_uid", Scope.PATIENT: "patient_id"}[scope]
            found = {int(getattr(members[0], name)[-1]) for members in view.disagreeing(scope)}
            assert found == expected, scope
        torn = {group for group in {place[2] for place in places} if sum(p[2] == group for p in places) > 1}
        assert {int(members[0].series_uid[-1]) for members in view.torn()} == torn


@given(holders=st.lists(st.sets(st.integers(1, 4), min_size=1), max_size=5))
@settings(deadline=None, max_examples=40)
def test_repeated_instances_are_those_that_counting_finds(
    tmp_path_factory: pytest.TempPathFactory, holders: list[set[int]]
) -> None:
    samples = [
        document(*(instance(number) for number in numbers), series={"SeriesInstanceUID": f"1.2.{at}"})
        for at, numbers in enumerate(holders)
    ]
    with filled(tmp_path_factory.mktemp("view"), samples) as catalogue:
        found = sorted(len(repeated.holders) for repeated in catalogue.view().repeated())
    counts = [sum(number in numbers for numbers in holders) for number in range(1, 5)]
    assert found == sorted(count for count in counts if count > 1)


@given(
    sets=st.lists(
        st.tuples(st.sets(st.integers(1, 3), min_size=1), st.none() | st.integers(1, 5), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, max_examples=60)
def test_merged_away_is_what_is_tagged_so_and_whole_in_another_set_by_pixels_too(
    tmp_path_factory: pytest.TempPathFactory, sets: list[tuple[set[int], int | None, bool]]
) -> None:
    samples = [
        Sample(
            document(*(instance(number, frames=1 + other) for number in sorted(numbers))),
            tags={} if into is None else {MERGED_INTO: f"{into:032d}"},
        )
        for numbers, into, other in sets
    ]
    held = {at: {(number, other) for number in numbers} for at, (numbers, _, other) in enumerate(sets, 1)}
    into = {
        at: target for at, (_, target, _) in enumerate(sets, 1) if target in held and held[at] <= held[target]
    }

    def comes_back(at: int) -> bool:
        seen, found = [at], into.get(at)
        while found is not None and found not in seen:
            seen.append(found)
            found = into.get(found)
        return found == at

    expected = [at for at in into if not comes_back(at)]
    with filled(tmp_path_factory.mktemp("view"), samples) as catalogue:
        assert [int(identifier) for identifier in catalogue.merged_away()] == sorted(expected)
        left = [int(member.set.id) for members in catalogue.view().torn() for member in members]
        assert set(left) == (held.keys() - set(expected) if len(held) - len(expected) > 1 else set())


def test_two_may_refresh_one_catalogue_at_once(demo_store: OpenStore, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    folder = tmp_path / "index"
    with (
        Catalogue.open(folder, imaging.datastore_id) as first,
        Catalogue.open(folder, imaging.datastore_id) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        for done in [pool.submit(each.refresh, imaging) for each in (first, second)]:
            assert done.result().problems == ()
        held = sum(1 for _ in imaging.search())
        assert sum(row.read for row in first.rows()) == held
        assert first.versions_held == held
        assert second.shelf.one("PRAGMA integrity_check") == "ok"
