"""The walk of a campaign on a real store: apply, verify, finish, undo, and what is said when it cannot go on."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from curator.audit import check, entries
from curator.campaign.applying import Progress, apply
from curator.campaign.finishing import finish
from curator.campaign.journal import Campaign, Status
from curator.campaign.limits import RateLimiter
from curator.campaign.planfile import PlanFile
from curator.campaign.sealing import broken_seals
from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.checks.tags import MERGED_INTO
from curator.errors import Cancelled, ConfirmationMissing, LimitExceeded, ReadOnly, Refused, UsageError
from curator.healthimaging import HealthImaging
from curator.imageset import parse_path, same
from curator.plan import Payload
from curator.plan.merging import plan_merge
from curator.plan.publishing import plan_publication
from curator.plan.splitting import groups_by, plan_split
from curator.plan.units import Copy, Step, Unit
from curator.project import Project
from tests.campaign.ground import ABSENT, WHO, Ground, change, document, ground, instance


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def rename(place: Ground, number: int = 0, to: str = "Roe^Jane") -> Unit:
    image_set = place.add(document())
    return place.update(number, image_set, change("Patient/PatientName", "Doe^Jane", to, "PN"))


def holds(campaign: Campaign, place: Ground) -> bool:
    return all(proof.holds and proof.checked for proof in verify(campaign, place.imaging, WHO))


# ── plan files ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_is_private_and_refused_once_it_was_touched(place: Ground) -> None:
    plan = place.plan([rename(place)])
    assert stat.S_IMODE(plan.path.stat().st_mode) == 0o600
    content = plan.path.read_bytes()
    for spoiled in (content.replace(b"Roe^Jane", b"Poe^Jane"), content[: content.rfind(b'{"end"')]):
        plan.path.write_bytes(spoiled)
        with pytest.raises(Refused):
            PlanFile.open(plan.path)
    plan.path.write_bytes(b"{}")
    with pytest.raises(UsageError):
        PlanFile.open(plan.path)


def test_a_plan_comes_back_as_it_was_written(place: Ground) -> None:
    units = [rename(place, number) for number in range(3)]
    plan = place.plan(units)
    assert list(plan.units()) == units
    assert (plan.cost.units, plan.cost.changes, plan.cost.calls) == (3, 3, {"UpdateImageSetMetadata": 3})
    assert [each.after for unit in plan.units() for each in unit.patches[0].changes()] == ["Roe^Jane"] * 3


# ── apply and verify ─────────────────────────────────────────────────────────────────────────────────────


def test_apply_verify_undo(place: Ground) -> None:
    units = [rename(place, number) for number in range(4)]
    before = {each: place.imaging.document(each) for each in place.sets}
    campaign = place.campaign(units)
    applied = place.apply(campaign)
    assert (applied.complete, applied.statuses) == (True, {Status.DONE: 4})
    assert all(place.imaging.document(each).patient["PatientName"] == "Roe^Jane" for each in place.sets)
    assert holds(campaign, place)
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert all(same(place.imaging.document(each), before[each]) for each in place.sets)
    head = campaign.head
    assert head is not None
    assert check(campaign.ledger_path, [(head.n, head.chain)]) == []


def test_the_ledger_says_who_did_what_and_holds_no_values(place: Ground) -> None:
    campaign = place.campaign([rename(place)])
    place.apply(campaign)
    text = campaign.ledger_path.read_text()
    assert "Doe^Jane" not in text
    assert "Roe^Jane" not in text
    assert "1.2.3.4" not in text
    events = [(entry["event"], entry.get("version") or entry.get("state")) for entry in campaign.entries()]
    assert events == [
        ("apply", "begun"),
        ("unit", "begun"),
        ("intent", "1"),
        ("outcome", "2"),
        ("unit", "done"),
        ("apply", "ended"),
    ]
    begun = list(campaign.entries())[1]
    assert (begun["rules"], begun["changes"], begun["sets"]) == ({"R": 1}, 1, [[place.sets[0], "1"]])
    assert all(entry["user"] == "ada" for entry in campaign.entries())
    project = list(entries(place.project.root / "ledger.jsonl"))
    assert project[-1]["head"] == str(campaign.head)


def test_the_ledger_is_bound_to_the_plan_by_keyed_hashes(place: Ground) -> None:
    campaign = place.campaign([rename(place, number, f"Roe^{number}") for number in range(2)])
    place.apply(campaign)
    assert list(broken_seals(campaign)) == []
    lines = campaign.ledger_path.read_text().splitlines(keepends=True)
    (line,) = [each for each in lines if '"intent"' in each and '"unit":1' in each]
    payload = json.loads(line)["payload"]
    campaign.ledger_path.write_text("".join(lines).replace(payload, "0" * 32))
    ((number, what),) = broken_seals(campaign)
    assert (number, "what this call sent" in what) == (json.loads(line)["n"], True)
    campaign.project.key_file.unlink()
    assert (
        len(list(broken_seals(Campaign(Project.open(place.project.root), campaign.plan, campaign.folder))))
        == 4
    )


def test_applying_again_does_nothing_twice(place: Ground) -> None:
    campaign = place.campaign([rename(place)])
    place.apply(campaign)
    assert place.apply(campaign).complete
    assert place.imaging.image_set(place.sets[0]).version == "2"


def test_an_image_set_that_moved_on_is_left_alone(place: Ground) -> None:
    units = [rename(place, number) for number in range(2)]
    campaign = place.campaign(units)
    other = place.update(0, place.sets[0], change("Patient/PatientID", "P1", "P2"))
    place.apply(place.campaign([other]))
    applied = place.apply(campaign)
    assert [(number, status) for number, _, status, _ in applied.open] == [(0, Status.MOVED)]
    assert place.imaging.document(place.sets[0]).patient["PatientName"] == "Doe^Jane"
    assert place.imaging.document(place.sets[1]).patient["PatientName"] == "Roe^Jane"


def test_a_set_that_is_gone_is_said(place: Ground) -> None:
    campaign = place.campaign([rename(place)])
    place.imaging.delete(place.sets[0])
    ((_, _, status, reason),) = place.apply(campaign).open
    assert status is Status.MOVED
    assert "not there" in reason


def test_a_refusal_by_the_service_is_a_state(place: Ground) -> None:
    image_set = place.add(document())
    unit = place.update(0, image_set, change("Patient/PatientName", "Doe^Jane", "Roe", "PN"))
    stranger = place.update(0, image_set, change(instance(1, "InstanceNumber"), "1", "2", "IS"))
    # The call names an instance that the image set lacks: the plan was made of another document.
    wrong = place.update(
        0, place.add(document(1, first=9)), change("Patient/PatientName", "Doe^Jane", "Roe", "PN")
    )
    campaign = place.campaign([Unit(0, unit.kind, "wrong", wrong.members, _aimed_at(stranger, wrong))])
    ((_, _, status, reason),) = place.apply(campaign).open
    assert status is Status.FAILED
    assert "1.2.3.4" not in reason


def _aimed_at(unit: Unit, other: Unit) -> tuple[Step, ...]:
    return tuple(msgspec.structs.replace(step, set=other.members[0].id) for step in unit.steps)


def test_a_ledger_that_lost_lines_is_not_written_to(place: Ground) -> None:
    place.add(document())
    campaign = place.campaign([rename(place)])
    place.apply(campaign)
    ledger = campaign.ledger_path
    whole = ledger.read_bytes()
    for cut in (whole[: whole.rindex(b"\n", 0, -1) + 1], whole[: whole.rindex(b"\n", 0, -1) + 9], b""):
        ledger.write_bytes(cut)
        for _ in range(2):
            with pytest.raises(Refused, match="cut off"):
                undo(campaign, place.imaging, WHO)
    ledger.write_bytes(whole + b'{"n":')
    assert [each.status for each in undo(campaign, place.imaging, WHO)] == [Status.UNDONE], "torn by a crash"


def test_no_verb_takes_a_campaign_to_another_data_store(place: Ground) -> None:
    place.add(document())
    campaign = place.campaign([rename(place)])
    place.apply(campaign)
    place.imaging.datastore_id = "0" * 32
    for verb in (
        place.apply,
        lambda known: verify(known, place.imaging, WHO),
        lambda known: undo(known, place.imaging, WHO),
        lambda known: finish(known, place.imaging, WHO, confirmed=True),
    ):
        with pytest.raises(Refused, match="The plan is for data store"):
            verb(campaign)


def test_limits_are_checked_before_anything_is_done(place: Ground) -> None:
    campaign = place.campaign([rename(place, number) for number in range(2)])
    with pytest.raises(LimitExceeded):
        apply(campaign, place.imaging, WHO, max_image_sets=1)
    reader = HealthImaging(place.imaging.client, place.imaging.datastore_id, read_only=True)
    with pytest.raises(ReadOnly):
        apply(campaign, reader, WHO)
    with pytest.raises(Refused, match="data store"):
        apply(campaign, HealthImaging(place.imaging.client, "0" * 32), WHO)
    assert list(campaign.entries()) == []


def test_stopping_keeps_what_was_done_and_goes_on_later(place: Ground) -> None:
    campaign = place.campaign([rename(place, number) for number in range(6)])
    stopped = threading.Event()
    seen: list[Progress] = []

    def listen(progress: Progress) -> None:
        seen.append(progress)
        if progress.calls_done >= 2:
            stopped.set()

    with pytest.raises(Cancelled):
        apply(campaign, place.imaging, WHO, stopped=stopped, progress=listen, workers=1)
    done = sum(state.status is Status.DONE for state in campaign.state().values())
    assert 2 <= done < 6
    assert place.apply(campaign).complete
    assert holds(campaign, place)
    assert [place.imaging.image_set(each).version for each in place.sets] == ["2"] * 6
    assert seen[-1].calls == 6


def test_one_process_at_a_time(place: Ground) -> None:
    campaign = place.campaign([rename(place)])
    with campaign.open_ledger(WHO), pytest.raises(Refused, match="Another process"):
        place.apply(campaign)


def test_locks_are_waited_for() -> None:
    with ground(delay=0.15) as place:
        campaign = place.campaign([rename(place)])
        place.imaging.tag(place.imaging.image_set(place.sets[0]).arn, {"a": "b"})
        copied = place.imaging.copy(place.sets[0], "1")  # locks the source for a while
        assert place.apply(campaign).complete
        assert copied.destination_id != place.sets[0]
        assert holds(campaign, place)


def test_verify_names_what_is_not_as_planned_without_values(place: Ground) -> None:
    image_set = place.add(document())
    reviewed = place.update(0, image_set, change("Patient/PatientName", "Doe^Jane", ABSENT, "PN"))
    other = place.update(0, image_set, change("Patient/PatientName", "Doe^Jane", "Roe^Jane", "PN"))
    campaign = place.campaign([msgspec.structs.replace(reviewed, steps=other.steps)])
    place.apply(campaign)
    (proof,) = verify(campaign, place.imaging, WHO)
    assert proof.problems == (
        f"image set {image_set}: Patient/PatientName is not as planned",
        f"image set {image_set}: Patient/PatientName was to be removed and is still there",
    )


# ── undo ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_undo_does_not_overwrite_what_others_did_since(place: Ground) -> None:
    campaign = place.campaign([rename(place, number) for number in range(2)])
    place.apply(campaign)
    place.apply(place.campaign([place.update(0, place.sets[0], change("Patient/PatientID", "P1", "P2"))]))
    first, second = undo(campaign, place.imaging, WHO)
    assert (first.status, second.status) == (Status.MOVED, Status.UNDONE)
    assert "others made version 3" in first.reason
    assert place.imaging.document(place.sets[0]).patient["PatientID"] == "P2"
    (proof, _) = verify(campaign, place.imaging, WHO)
    assert "others made version 3" in proof.notes[0]


def test_campaigns_on_one_image_set_are_undone_one_after_the_other(place: Ground) -> None:
    before = place.imaging.document(place.add(document()))
    one = place.campaign([place.update(0, place.sets[0], change("Patient/PatientName", "Doe^Jane", "Roe^J"))])
    place.apply(one)
    two = place.campaign([place.update(0, place.sets[0], change("Patient/PatientID", "P1", "P2"))])
    place.apply(two)
    assert [each.status for each in undo(one, place.imaging, WHO)] == [Status.MOVED]
    assert [each.status for each in undo(two, place.imaging, WHO)] == [Status.UNDONE]
    assert [each.status for each in undo(one, place.imaging, WHO)] == [Status.UNDONE]
    assert same(place.imaging.document(place.sets[0]), before)


def test_undo_of_one_image_set(place: Ground) -> None:
    campaign = place.campaign([rename(place, number) for number in range(3)])
    place.apply(campaign)
    assert len(undo(campaign, place.imaging, WHO, image_set=place.sets[1])) == 1
    names = [place.imaging.document(each).patient["PatientName"] for each in place.sets]
    assert names == ["Roe^Jane", "Doe^Jane", "Roe^Jane"]


# ── merges, splits, publications ─────────────────────────────────────────────────────────────────────────


def torn_series(place: Ground) -> list[str]:
    return [
        place.add(document(3), frames=2),
        place.add(document(2, first=4, patient={"PatientName": "DOE^JANE", "PatientSex": "F"}), frames=2),
        place.add(document(1, first=6, series={"SeriesDescription": "axial"}), frames=2),
    ]


def test_a_torn_series_is_aligned_and_merged(place: Ground) -> None:
    torn = torn_series(place)
    before = [place.imaging.document(each) for each in torn]
    unit = plan_merge([place.party(each) for each in torn])
    assert unit.losses == ()
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert holds(campaign, place)
    merged = place.imaging.document(torn[0])
    assert merged.instance_count == 6
    assert (merged.patient["PatientName"], merged.patient["PatientSex"]) == ("Doe^Jane", "F")
    assert place.imaging.tags(place.imaging.image_set(torn[1]).arn) == {MERGED_INTO: torn[0]}
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert all(same(place.imaging.document(each), doc) for each, doc in zip(torn, before, strict=True))
    assert place.imaging.tags(place.imaging.image_set(torn[1]).arn) == {}


def test_forcing_a_merge_lists_what_is_lost(place: Ground) -> None:
    torn = torn_series(place)
    unit = plan_merge([place.party(each) for each in torn], align=False)
    assert any("Patient/PatientName" in loss for loss in unit.losses)
    assert all(step.because for step in unit.steps if isinstance(step, Copy))
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert holds(campaign, place)


def test_duplicates_stay_out_and_different_pixels_stay_where_they_are(place: Ground) -> None:
    first = place.add(document(3), frames=1)
    twin = place.add(document(4), frames=1)  # 1 to 3 are there already
    unit = plan_merge([place.party(first), place.party(twin)])
    (copy,) = (step for step in unit.steps if isinstance(step, Copy))
    assert copy.chosen == {"1.2.3.4": ["1.2.3.4.4"]}
    assert [(each.reason.name, each.count) for each in unit.left_out] == [("DUPLICATE", 3)]
    assert unit.emptied == (twin,)
    assert unit.frame_bytes == len("1.2.3.4.4 0"), "duplicates are stored once"
    other = place.add(document(1), frames=3)
    unit = plan_merge([place.party(first), place.party(other)])
    assert [each.reason.name for each in unit.left_out] == ["SAME_SOP"]
    assert unit.emptied == ()


def test_many_frames_go_in_parts(place: Ground) -> None:
    small, large = place.add(document(1), frames=1), place.add(document(5, first=2), frames=450)
    unit = plan_merge([place.party(small), place.party(large)])
    assert [step.frames for step in unit.steps if isinstance(step, Copy)] == [900, 900, 450]
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert holds(campaign, place)


def test_finish_deletes_and_undo_then_rebuilds(place: Ground) -> None:
    torn = torn_series(place)
    before = [place.imaging.document(each) for each in torn]
    campaign = place.campaign([plan_merge([place.party(each) for each in torn])])
    place.apply(campaign)
    with pytest.raises(ConfirmationMissing, match="2 image sets"):
        finish(campaign, place.imaging, WHO, confirmed=False)
    (done,) = finish(campaign, place.imaging, WHO, confirmed=True)
    assert done.deleted == (torn[1], torn[2])
    assert {each.id for each in place.imaging.search()} == {torn[0]}
    assert holds(campaign, place)
    (undone,) = undo(campaign, place.imaging, WHO)
    assert undone.status is Status.REBUILT
    assert "equal except ids and history" in undone.reason
    assert same(place.imaging.document(torn[0]), before[0])
    state = campaign.state()[0]
    for name, original in (("$r1", before[1]), ("$r2", before[2])):
        rebuilt = place.imaging.document(state.names[name])
        assert rebuilt.patient == original.patient
        assert {sop for _, sop, _ in rebuilt.instances()} == {sop for _, sop, _ in original.instances()}


def test_finish_after_a_later_campaign_changed_what_was_merged(place: Ground) -> None:
    torn = torn_series(place)
    before = place.imaging.document(torn[0])
    merging = place.campaign([plan_merge([place.party(each) for each in torn])])
    place.apply(merging)
    later = place.campaign([place.update(0, torn[0], change("Patient/PatientID", "P1", "P2"))])
    place.apply(later)
    (done,) = finish(merging, place.imaging, WHO, confirmed=True)
    assert done.deleted == (torn[1], torn[2])
    assert [each.status for each in undo(merging, place.imaging, WHO)] == [Status.MOVED]
    assert {each.id for each in place.imaging.search()} == {torn[0]}, "nothing is rebuilt before it can be"
    assert [each.status for each in undo(later, place.imaging, WHO)] == [Status.UNDONE]
    assert [each.status for each in undo(merging, place.imaging, WHO)] == [Status.REBUILT]
    assert same(place.imaging.document(torn[0]), before)


def test_finish_deletes_nothing_that_others_changed_or_that_is_nowhere_else(place: Ground) -> None:
    torn = torn_series(place)
    campaign = place.campaign([plan_merge([place.party(each) for each in torn[:2]])])
    place.apply(campaign)
    place.apply(place.campaign([place.update(0, torn[1], change("Patient/PatientID", "P1", "P2"))]))
    (changed,) = finish(campaign, place.imaging, WHO, confirmed=True)
    assert (changed.deleted, changed.reason[-39:]) == (
        (),
        "others made version 3 after this campaign's 2"[-39:],
    )
    gone = change("Series[1.2.3.4]/Instances[1.2.3.4.5]", {}, ABSENT, "")
    place.apply(place.campaign([place.update(0, torn[0], gone)]))
    place.imaging.wait(torn[1], place.imaging.revert(torn[1], "3", "2"))
    (lost,) = finish(campaign, place.imaging, WHO, confirmed=True)
    assert lost.deleted == ()
    assert "no longer holds every instance" in lost.reason


def test_split_by_value(place: Ground) -> None:
    tree = document(6)
    image_set = place.add(tree)
    kinds = [change(instance(number, "ImageComments"), ABSENT, "scout", "LT") for number in (1, 2)]
    place.apply(place.campaign([place.update(0, image_set, *kinds)]))
    party = place.party(image_set)
    groups = groups_by(party.doc, parse_path("Instances[*]/ImageComments"))
    assert [len(group) for group in groups] == [4, 2]
    campaign = place.campaign([plan_split(party, groups)])
    assert place.apply(campaign).complete
    assert holds(campaign, place)
    made = campaign.state()[0].names["$1"]
    assert [place.imaging.document(each).instance_count for each in (image_set, made)] == [4, 2]
    undo(campaign, place.imaging, WHO)
    assert same(place.imaging.document(image_set), party.doc)
    assert {each.id for each in place.imaging.search()} == {image_set}


def test_a_publication_has_no_history_and_leaves_the_original(place: Ground) -> None:
    image_set = place.add(document(3), frames=1)
    party = place.party(image_set)
    changes = [
        change("Patient/PatientName", "Doe^Jane", ABSENT, "PN"),
        change("Study/StudyInstanceUID", "1.2.3", "9.9", "UI"),
        change("Series[1.2.3.4]/SeriesInstanceUID", "1.2.3.4", "9.9.1", "UI"),
    ]
    unit = plan_publication(party, changes, replaces=True)
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert holds(campaign, place)
    made = campaign.state()[0].names["$2"]
    assert [version.version for version in place.imaging.versions(made)] == ["1"]
    assert "PatientName" not in place.imaging.document(made).patient
    assert same(place.imaging.document(image_set), party.doc)
    assert {each.id for each in place.imaging.search()} == {image_set, made}
    finish(campaign, place.imaging, WHO, confirmed=True)
    assert {each.id for each in place.imaging.search()} == {made}
    (undone,) = undo(campaign, place.imaging, WHO)
    assert undone.status is Status.REBUILT
    (left,) = place.imaging.search()
    assert place.imaging.document(left.id).patient == party.doc.patient
    assert list(place.imaging.document(left.id).series) == ["1.2.3.4"]


# ── pace ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_limiter_keeps_the_rate_and_slows_down_when_told() -> None:
    now = [0.0]
    limiter = RateLimiter({"UpdateImageSetMetadata": (0.25, 1)}, clock=lambda: now[0])
    limiter.acquire("UpdateImageSetMetadata")
    limiter.acquire("SomethingElse")
    bucket = limiter._buckets["UpdateImageSetMetadata"]
    assert [bucket.reserve(0.0), bucket.reserve(0.0)] == [4.0, 8.0]
    now[0] = 8.0
    limiter.throttled("UpdateImageSetMetadata")
    assert limiter.rate("UpdateImageSetMetadata") == 0.25  # once may be jitter on the way
    now[0] = 16.0
    limiter.throttled("UpdateImageSetMetadata")
    assert limiter.rate("UpdateImageSetMetadata") == 0.125
    now[0] = 100.0
    bucket.reserve(100.0)
    assert limiter.rate("UpdateImageSetMetadata") == 0.25


def test_payload_is_never_exceeded_by_the_service_own_measure(place: Ground) -> None:
    image_set = place.add(document(600))
    changes = [change(instance(number, "ImageComments"), ABSENT, "c" * 300, "LT") for number in range(1, 601)]
    unit = place.update(0, image_set, *changes)
    assert len(unit.steps) < 600 / 15
    assert len(unit.steps) <= 1.1 * -(-unit.least_bytes // Payload().limit)
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert holds(campaign, place)
    assert Path(campaign.folder).stat().st_mode & 0o077 == 0
