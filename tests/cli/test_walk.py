"""plan → apply → verify → report → undo on the command line, on real DICOM in a store of its own."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.campaign.ground import Ground, document, ground
from tests.cli.conftest import Curator, Ran

RULES = """
version: 1
name: shouting
why: descriptions are shouted
rules:
  - id: calm-description
    why: a calm description reads better
    select: StudyDescription
    do: {literal: calm head}
    safety: safe
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.delenv("CURATOR_STORE", raising=False)
    monkeypatch.delenv("CURATOR_KEY_FILE", raising=False)
    with ground() as made:
        yield made


@pytest.fixture
def at(place: Ground, curator: Curator) -> Callable[..., Ran]:
    def call(*words: object) -> Ran:
        return curator("--store", place.spec, "--project", place.project.root, *words)

    return call


@pytest.fixture
def rules(place: Ground) -> Path:
    path = place.folder / "calm.yaml"
    path.write_text(RULES)
    return path


def test_the_walk(place: Ground, at: Callable[..., Ran], rules: Path) -> None:
    sets = [place.add(document(2)) for _ in range(3)]
    plan = place.folder / "calm.plan"
    made = at("plan", rules, "-o", plan)
    assert made.code == 0, made.err
    assert "3 in 3 image sets" in made.out
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    assert place.imaging.image_set(sets[0]).version == "1"
    applied = at("apply", plan, "--json")
    assert (applied.code, applied.json["units"], applied.json["open"]) == (0, {"done": 3}, [])
    assert at("verify", "latest").code == 0
    report = at("report", "latest")
    assert "calm-description" in report.out
    assert "holds for 3 units" in report.out
    assert "calm head" not in report.out
    assert "calm head" in at("report", "latest", "--with-phi").out
    assert json.loads(at("report", "latest", "--format", "json").out)["statuses"] == {"done": 3}
    assert at("report", "latest", "--format", "csv").out.count("calm-description") == 3
    assert at("campaigns", "--json").json[0]["states"] == "3 done"
    whole = at("audit", "verify", "--values")
    assert (whole.code, whole.out) == (0, "")
    assert "1 ledger is whole" in whole.err or "ledgers are whole" in whole.err
    undone = at("undo", "latest")
    assert undone.code == 0, undone.err
    assert {place.imaging.document(each).study["StudyDescription"] for each in sets} == {"Head"}


def test_what_a_reviewer_excludes_makes_another_plan(
    place: Ground, at: Callable[..., Ran], rules: Path
) -> None:
    sets = [place.add(document(2)) for _ in range(3)]
    plan, less = place.folder / "calm.plan", place.folder / "less.plan"
    at("plan", rules, "-o", plan)
    made = at("plan", "--amend", plan, "--exclude", f"set={sets[0]}", "-o", less)
    assert made.code == 0, made.err
    assert f"image set {sets[0]} (1 change)" in made.err
    assert "2 in 2 image sets" in made.out
    again = at("plan", rules, "--exclude", f"set={sets[0]}", "-o", place.folder / "same.plan")
    assert "2 in 2 image sets" in again.out
    assert at("plan", "--amend", plan, "--exclude", "rule=nonsense", "-o", less).code == 3
    assert at("plan", "--amend", plan, "--exclude", "nonsense", "-o", less).code == 2
    assert at("plan", "--amend", plan, rules, "--exclude", "rule=x", "-o", less).code == 2
    assert at("apply", less).code == 0
    assert [place.imaging.image_set(each).version for each in sets] == ["1", "2", "2"]
    assert "Taken out of the plan by its reviewer" in at("report", "latest").out


def test_one_rule_is_undone_by_a_campaign_of_its_own(
    place: Ground, at: Callable[..., Ran], rules: Path
) -> None:
    image_set = place.add(document(2))
    plan = place.folder / "calm.plan"
    at("plan", rules, "-o", plan)
    at("apply", plan)
    campaign = at("campaigns", "--json").json[0]["campaign"]
    undone = at("undo", campaign, "--rule", "calm-description")
    assert undone.code == 0, undone.err
    assert place.imaging.document(image_set).study["StudyDescription"] == "Head"
    assert place.imaging.image_set(image_set).version == "3"
    assert at("undo", campaign, "--rule", "no-such-rule").code == 2


def test_batch_in_one(place: Ground, at: Callable[..., Ran], rules: Path) -> None:
    sets = [place.add(document(2)) for _ in range(2)]
    dry = at("batch", rules, "--dry-run", "--json")
    assert dry.json[0]["applied"] == "no: a dry run"
    assert at("batch", rules, "--max-image-sets", "1").code == 3
    assert {place.imaging.image_set(each).version for each in sets} == {"1"}
    done = at("batch", rules, "--json", "--report", place.folder / "calm.csv")
    assert (done.code, done.json[0]["verified"]) == (0, "as planned"), done.err
    assert (place.folder / "calm.csv").read_text().count("calm-description") == 2
    again = at("batch", rules, "--json")
    assert again.json[0]["applied"] == "nothing to do"


def test_batch_resolves_conflicts_and_undo_takes_it_back(place: Ground, at: Callable[..., Ran]) -> None:
    first = place.add(document(3), frames=1)
    second = place.add(document(2, first=4, patient={"PatientName": "DOE^JANE"}), frames=1)
    other = document(1, first=9, patient={"PatientName": "Doe^Janet"})
    other_study = json.loads(json.dumps(other).replace("1.2.3", "7.7.7"))
    third = place.add(other_study)
    done = at("batch", "--resolve", "majority", "--json")
    assert done.code == 0, done.err
    assert done.json[0]["verified"] == "as planned"
    assert place.imaging.document(first).instance_count == 5
    assert {place.imaging.document(each).patient["PatientName"] for each in (first, second, third)} == {
        "Doe^Jane"
    }
    assert at("finish", "latest").code == 3
    assert at("undo", "latest").code == 0
    names = [place.imaging.document(each).patient["PatientName"] for each in (first, second, third)]
    assert names == ["Doe^Jane", "DOE^JANE", "Doe^Janet"]


def test_a_plan_says_what_a_merge_gives_up(place: Ground, at: Callable[..., Ran]) -> None:
    place.add(document(3), frames=1)
    place.add(document(2, ImageComments="else"), frames=1)
    made = at("plan", "--resolve", "majority", "-o", place.folder / "merge.plan")
    assert made.err.count("lost: ") == 2, made.err
    assert "else" not in made.err


def test_what_rules_changed_after_a_merge_keeps_nobody_from_finishing(
    place: Ground, at: Callable[..., Ran], rules: Path
) -> None:
    merged = place.add(document(3), frames=1)
    emptied = place.add(document(2, first=4, patient={"PatientName": "DOE^JANE"}), frames=1)
    done = at("batch", rules, "--resolve", "majority", "--json")
    assert (done.code, [each["image_sets"] for each in done.json]) == (0, [2, 1]), done.err
    resolving = done.json[0]["campaign"]
    assert at("finish", resolving, "--yes").code == 0
    assert [each.id for each in place.imaging.search()] == [merged]
    assert at("undo", resolving).code == 1, "the rules' campaign comes first"
    assert at("undo", done.json[1]["campaign"]).code == 0
    assert at("undo", resolving).code == 0
    assert place.imaging.document(merged).instance_count == 3
    assert emptied not in {each.id for each in place.imaging.search()}, "it came back under another id"


def test_a_tampered_plan_and_a_tampered_ledger_are_refused(
    place: Ground, at: Callable[..., Ran], rules: Path
) -> None:
    place.add(document(1))
    plan = place.folder / "calm.plan"
    at("plan", rules, "-o", plan)
    content = plan.read_bytes()
    plan.write_bytes(content.replace(b"calm head", b"late head"))
    refused = at("apply", plan)
    assert (refused.code, "digest" in refused.err) == (3, True)
    plan.write_bytes(content)
    assert at("apply", plan).code == 0
    ledger = place.project.campaign(at("campaigns", "--json").json[0]["campaign"]).parent
    (path,) = ledger.rglob("ledger.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    cut = at("audit", "verify", "--json")
    assert (cut.code, "cut off" in cut.json[0]["problem"]) == (5, True)


def test_merge_and_split(place: Ground, at: Callable[..., Ran]) -> None:
    first, second = place.add(document(2), frames=1), place.add(document(2, first=3), frames=1)
    merged = at("merge", first, second, "--json")
    assert merged.code == 0, merged.err
    assert merged.json["emptied"] == [second]
    assert place.imaging.document(first).instance_count == 4
    listed = place.folder / "moved.txt"
    listed.write_text("1.2.3.4.1\n1.2.3.4.2\n")
    parted = at("split", first, "--instances", listed, "--json")
    assert parted.code == 0, parted.err
    assert place.imaging.document(parted.json["made"][0]).instance_count == 2
    assert at("split", first, "--by", "SOPClassUID").code == 3


def test_estimate_writes_nothing(place: Ground, at: Callable[..., Ran], rules: Path) -> None:
    place.add(document(2))
    place.add(document(2, first=3))
    told = at("plan", rules, "--estimate", "--json").json
    assert (told["changes"], told["calls"]) == (2, {"UpdateImageSetMetadata": 2})
    assert (told["merging_first_saves_updates"], told["merging_first_costs_copies"]) == (1, 1)
    assert told["seconds"] == 4.0
    assert at("plan", rules).code == 2


def test_key_and_purge(place: Ground, at: Callable[..., Ran], rules: Path) -> None:
    assert at("key", "new").code == 0
    assert at("key", "new").code == 3
    place.add(document(1))
    at("batch", rules)
    assert at("purge").code == 3
    gone = at("purge", "--yes", "--json")
    assert (gone.code, {Path(each).name for each in gone.json}) == (0, {"catalogues", "campaigns", "plans"})
    assert (place.project.root / "key").exists()
    assert at("audit", "verify").code == 0
    assert at("campaigns").out == ""


@pytest.mark.parametrize("verb", ["verify", "finish", "undo", "report"])
def test_a_campaign_that_is_not_named_is_said_how_to_name(curator: Curator, verb: str) -> None:
    refused = curator(verb)
    assert refused.code == 2
    assert "Missing argument CAMPAIGN: the beginning of its id, its plan file, or `latest`" in refused.err
