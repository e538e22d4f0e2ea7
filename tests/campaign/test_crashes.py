"""SIGKILL after every call and after every record: applying again ends as if nothing had happened."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from curator.plan import Payload
from curator.plan.merging import Choice, plan_merge
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.splitting import groups_of, plan_split
from curator.plan.units import Unit
from tests.campaign.ground import ABSENT, Ground, change, document, ground, instance
from tests.tools import ROOT


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def updates(place: Ground) -> list[Unit]:
    units = []
    for number in range(2):
        party = place.party(place.add(document(3)))
        changes = [change(instance(each, "ImageComments"), ABSENT, "c" * 150, "LT") for each in range(1, 4)]
        changes.append(change("Patient/PatientName", "Doe^Jane", ABSENT, "PN"))
        changes.append(change("Study/StudyInstanceUID", "1.2.3", "9.9", "UI"))
        units.append(plan_in_place(party, changes, number=number, payload=Payload(limit=500)))
    return units


def merge(place: Ground) -> list[Unit]:
    torn = [
        place.add(document(2), frames=1),
        place.add(document(2, first=3, patient={"PatientName": "DOE"}), frames=1),
    ]
    return [plan_merge([place.party(each) for each in torn], how=Choice.DESTINATION)]


def split(place: Ground) -> list[Unit]:
    # Two sets of one series with equal content: each copy must find its own result, not the other's.
    units = []
    for number in range(2):
        party = place.party(place.add(document(3), frames=1))
        units.append(plan_split(party, groups_of(party.doc, ["1.2.3.4.1"]), number=number))
    return units


def publication(place: Ground) -> list[Unit]:
    party = place.party(place.add(document(2), frames=1))
    return [plan_publication(party, [change("Patient/PatientName", "Doe^Jane", ABSENT, "PN")])]


def publication_of_two_series(place: Ground) -> list[Unit]:
    """Return a publication in which one of two series gets a new UID; a search finds a set by one of them only."""
    from tests.campaign.test_publishing_series import add_series

    party = place.party(add_series(place, (2, 1), (1, 1)))
    uid = change("Series[1.2.3.5.1]/SeriesInstanceUID", "1.2.3.5.1", "1.2.3.9", "UI")
    return [plan_publication(party, [uid, change("Patient/PatientName", "Roe^Richard", ABSENT, "PN")])]


def imports(place: Ground) -> list[Unit]:
    """Return a publication of two instances, one of which only an import can carry."""
    from tests.campaign.test_reimport import heavy, planned, slices

    files = slices(2)
    place.bring(files[0], heavy(files[1], "y" * 900))
    units, _ = planned(place, payload=1_000)
    assert units[0].reimported == 1
    return units


def import_alone(place: Ground) -> list[Unit]:
    from curator.plan.reimport import Route
    from tests.campaign.test_reimport import planned, slices

    place.bring(*slices(1))
    return planned(place, route=Route.REIMPORT)[0]


@pytest.mark.parametrize(
    ("make", "mode"),
    [
        (updates, "calls"),
        (merge, "records"),
        (split, "calls"),
        (import_alone, "files"),
        pytest.param(updates, "records", marks=pytest.mark.soak),
        pytest.param(merge, "calls", marks=pytest.mark.soak),
        pytest.param(split, "records", marks=pytest.mark.soak),
        pytest.param(publication, "calls", marks=pytest.mark.soak),
        pytest.param(publication, "records", marks=pytest.mark.soak),
        pytest.param(publication_of_two_series, "calls", marks=pytest.mark.soak),
        pytest.param(import_alone, "records", marks=pytest.mark.soak),
        pytest.param(imports, "files", marks=pytest.mark.soak),
        pytest.param(imports, "calls", marks=pytest.mark.soak),
        pytest.param(imports, "records", marks=pytest.mark.soak),
    ],
)
def test_killed_and_applied_again(place: Ground, make: Callable[[Ground], list[Unit]], mode: str) -> None:
    rounds, calls = run(place, make, mode)
    assert len(rounds) >= {"calls": calls, "records": 2 * calls, "files": 4}[mode] + 1


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["calls", "records"])
@pytest.mark.parametrize("make", [updates, merge, split, publication, imports])
def test_undo_killed_and_gone_on(place: Ground, make: Callable[[Ground], list[Unit]], mode: str) -> None:
    run(place, make, mode, "undo")


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["calls", "records"])
@pytest.mark.parametrize("verb", ["finish", "rebuild"])
def test_finish_and_rebuilding_killed_and_gone_on(place: Ground, verb: str, mode: str) -> None:
    run(place, merge, mode, verb)


def run(
    place: Ground, make: Callable[[Ground], list[Unit]], mode: str, verb: str = "apply"
) -> tuple[list[dict[str, object]], int]:
    """Kill ``verb`` everywhere; require each round to end as the undisturbed one. Return the rounds, and the calls."""
    plan = place.plan(make(place))
    place.store.close()
    template = place.folder / "rounds" / "template"
    template.mkdir(parents=True)
    shutil.copytree(place.folder / "store", template / "store")
    shutil.copy(plan.path, template / "plan.jsonl")
    command = [sys.executable, "-m", "tests.campaign.killing", str(template), mode, verb]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert rounds[0]["problems"] == []
    for each in rounds[1:]:
        assert each["problems"] == []
        assert each["staged"] == []
        assert each["sets"] == rounds[0]["sets"], f"killed at {each['round']}"
        assert each["ledger"] == rounds[0]["ledger"], f"killed at {each['round']}"
    return rounds, sum(plan.cost.calls.values())
