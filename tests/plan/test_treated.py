"""What an engine yields as treatments is planned as the same changes are one by one: call for call, byte for byte."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.deid.decisions import Decision, Decisions
from curator.deid.engine import Engine
from curator.deid.profile import Profile
from curator.deid.subject import subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.findings import ABSENT, Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch, same
from curator.plan import ImageSetUpdate, Payload, plan_update
from curator.plan.merging import Party
from curator.plan.publishing import plan_publication
from curator.plan.units import Copy
from curator.treatments import (
    Group,
    Part,
    Treated,
    TreatedLevel,
    Treatment,
    made_by,
    nested,
    without_instances,
)
from tests.plan.documents import changes_to, samples

OPTIONS = st.frozensets(
    st.sampled_from(
        [
            Option.RETAIN_MODIFIED_DATES,
            Option.CLEAN_DESCRIPTORS,
            Option.RETAIN_SAFE_PRIVATE,
            Option.RETAIN_UIDS,
            Option.RETAIN_PATIENT_CHARACTERISTICS,
        ]
    )
)
PAYLOADS = st.sampled_from(
    [Payload(), Payload(limit=1_400), Payload(limit=450), Payload(limit=800, blob=600)]
)
DECISIONS = Decisions(
    [
        Decision("Instances/InstanceNumber", "IS", "7", "remove"),
        Decision("Study/StudyDescription", "LO", "ABC.", "replace", "chest"),
    ]
)
laws = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def keyed(domain: str) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(domain.encode(), data, "sha256")


def told(update: ImageSetUpdate) -> tuple[object, ...]:
    """Return all that an update says, as far as anybody sees or sends it."""
    return (
        [(call.updatable, call.removable, call.because) for call in update.calls],
        update.changes,
        update.least_bytes,
        update.left_out,
        msgspec.json.encode(update.operations.patch),
        update.operations.whys,
        update.predicted.encode(),
    )


def treated_by(changes: Iterable[Change], doc: ImageSetMetadata) -> Treated:
    """Return changes as treatments: what is alike is one object, and removals stand in groups."""
    alike: dict[tuple[object, ...], Treatment] = {}
    groups: dict[tuple[Treatment, ...], Group] = {}
    levels = []
    ordered = sorted(changes, key=lambda change: change.path)
    for place, here in groupby(ordered, lambda change: change.path.at_level()):
        node = doc.attributes(place)
        assert node is not None
        made = []
        for top, inside in groupby(here, lambda change: change.path.top):
            parts = tuple(
                Part(one.path.steps, one.before, one.after, one.vr, one.why, one.safety) for one in inside
            )
            made.append(
                alike.setdefault(
                    (top, _mark(node.get(top, ABSENT)), *map(_mark, parts)),
                    _treatment(node.get(top, ABSENT), parts),
                )
            )
        gone = tuple(each for each in made if each.after is ABSENT)
        own = [each for each in made if each.after is not ABSENT]
        levels.append(TreatedLevel(place, node, own, groups.setdefault(gone, Group(gone))))
    return Treated(tuple(levels))


def _treatment(before: Json | Absent, parts: tuple[Part, ...]) -> Treatment:
    first = parts[0]
    if len(first.steps) == 1:
        return Treatment(str(first.steps[0]), before, first.after, parts)
    assert not isinstance(before, Absent)
    return Treatment(str(first.steps[0]), before, nested(before, parts), parts)


def _mark(value: object) -> bytes:
    if isinstance(value, Part):
        return b"|".join(
            (repr(value.steps).encode(), _mark(value.before), _mark(value.after), value.vr.encode())
        )
    return b"-" if value is ABSENT else msgspec.json.encode(value)


@laws
@given(st.data(), PAYLOADS, st.booleans())
def test_treatments_are_planned_as_their_changes_are(
    data: st.DataObject, payload: Payload, primary: bool
) -> None:
    doc = data.draw(samples()).doc
    drawn: Sequence[Change] = data.draw(changes_to(doc))
    treated = treated_by((change for change in drawn if change.path.steps), doc)
    assert treated.concerns(doc)
    together = plan_update(doc, treated, payload=payload, primary=primary)
    apart = plan_update(doc, list(treated), payload=payload, primary=primary)
    assert told(together) == told(apart)


@laws
@given(st.data(), OPTIONS, PAYLOADS, st.booleans())
def test_a_deidentification_is_planned_as_its_changes_are(
    data: st.DataObject, options: frozenset[Option], payload: Payload, decided: bool
) -> None:
    doc = data.draw(samples(most_instances=6)).doc
    profile = Profile("test", options)
    engine = Engine(profile, keyed, decisions=DECISIONS if decided else None)
    treated = engine.changes(doc, subject([doc], profile, keyed))
    assert treated.concerns(doc)
    together = plan_update(doc, treated, payload=payload)
    apart = plan_update(doc, list(treated), payload=payload)
    assert told(together) == told(apart)
    assert same(made_by(treated, doc), made_by(list(treated), doc))


@laws
@given(st.data(), OPTIONS, st.booleans())
def test_treatments_lead_to_what_the_engine_makes_of_each_level(
    data: st.DataObject, options: frozenset[Option], decided: bool
) -> None:
    doc = data.draw(samples()).doc
    profile = Profile("test", options)
    engine = Engine(profile, keyed, decisions=DECISIONS if decided else None)
    about = subject([doc], profile, keyed)
    treated = {level.place: level for level in engine.changes(doc, about).levels}
    for level in engine.levels(doc, about):
        if level.place in treated:
            assert treated[level.place].after() == level.after
        else:
            assert level.after == level.before


@cache
def _three_instances() -> tuple[ImageSetMetadata, Treated]:
    instances: Json = {
        sop: {
            "DICOM": {
                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
                "SOPInstanceUID": sop,
                "StationName": "CT1",
                "InstanceNumber": str(number),
            },
            "DICOMVRs": {},
            "ImageFrames": [{"ID": f"{number}-{frame}"} for frame in range(600)],
        }
        for number, sop in enumerate(("1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3"))
    }
    series: Json = {"1.2.1.1": {"DICOM": {"SeriesInstanceUID": "1.2.1.1"}, "Instances": instances}}
    doc = ImageSetMetadata.from_json(
        {
            "Patient": {"DICOM": {"PatientID": "7"}},
            "Study": {"DICOM": {"StudyInstanceUID": "1.2.1"}, "Series": series},
        }
    )
    profile = Profile("test")
    return doc, Engine(profile, keyed).changes(doc, subject([doc], profile, keyed))


def test_what_instances_have_in_common_is_one_object() -> None:
    _, treated = _three_instances()
    second, third = (level for level in treated.levels if level.place.instance in ("1.2.1.1.2", "1.2.1.1.3"))
    assert [each.key for each in second.group.treatments] == ["StationName"]
    assert second.group is third.group


def test_treatments_of_another_document_are_looked_at_change_by_change() -> None:
    """An element that is not as it was is left out, wherever the change came from."""
    doc, treated = _three_instances()
    path = ElementPath.from_pointer("/Study/Series/1.2.1.1/Instances/1.2.1.1.2/DICOM/StationName")
    other = apply_patch(doc, [{"op": "replace", "path": path.pointer(), "value": "MR2"}])
    assert not treated.concerns(other)
    assert [each.element for each in plan_update(other, treated).left_out] == [str(path.generic())]


def test_treatments_count_and_hold_the_changes_that_they_are() -> None:
    _, treated = _three_instances()
    changes = list(treated)
    assert len(treated) == len(changes)
    assert all(change in treated for change in changes)
    assert [each.path for each in changes] == sorted(each.path for each in changes)
    fewer = without_instances(treated, {"1.2.1.1.2"})
    assert list(fewer) == list(without_instances(changes, {"1.2.1.1.2"}))
    assert len(fewer) < len(treated)


def test_a_publication_is_the_same_with_its_update_planned_before() -> None:
    doc, treated = _three_instances()
    party = Party("i" * 32, "1", doc)
    unit = plan_publication(party, treated, planned=plan_update(doc, treated))
    assert sum(isinstance(step, Copy) for step in unit.steps) == 6  # of 600 frames each, there and back
    assert unit == plan_publication(party, list(treated))
