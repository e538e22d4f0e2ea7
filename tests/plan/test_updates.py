"""Changes to one image set become calls; what they will make of it is known before the first one is sent."""

from __future__ import annotations

import json
from typing import cast

import jsonpatch
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.dicom import Json
from curator.dicom.dictionary import vrs
from curator.dicom.vr import element_problem
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.imageset import ImageSetMetadata, apply_patch, parse_path, same
from curator.plan import Conflict, Payload, plan_update
from curator.plan.leftout import Reason
from curator.plan.operations import changes_of
from tests.plan.documents import Sample, changes_to, samples

SERIES, SOP = "1.2.1.1", "1.2.1.1.1"


def document(instance: dict[str, Json] | None = None) -> ImageSetMetadata:
    dicom: dict[str, Json] = {"SOPInstanceUID": SOP, **(instance or {})}
    instances: Json = {SOP: {"DICOM": dicom, "DICOMVRs": {}, "ImageFrames": []}}
    series: Json = {SERIES: {"DICOM": {"SeriesInstanceUID": SERIES}, "Instances": instances}}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "Patient": {"DICOM": {"PatientName": "A^B", "PatientID": "7"}},
            "Study": {"DICOM": {"StudyInstanceUID": "1.2.1"}, "Series": series},
        }
    )


def change(
    path: str,
    before: Json | Absent,
    after: Json | Absent,
    vr: str = "LO",
    rule: str = "R",
    safety: Safety = Safety.SAFE,
) -> Change:
    return Change(parse_path(path), before, after, vr, Why(rule, ""), safety)


def instance(element: str) -> str:
    return f"Series[{SERIES}]/Instances[{SOP}]/{element}"


def reasons(plan: object) -> list[Reason]:
    return [each.reason for each in plan.left_out]  # type: ignore[attr-defined]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from([Payload(), Payload(limit=1_400), Payload(limit=400)]))
def test_calls_and_patch_agree_on_the_result(data: st.DataObject, payload: Payload) -> None:
    sample: Sample = data.draw(samples())
    doc = sample.doc
    changes = data.draw(changes_to(doc))
    plan = plan_update(doc, changes, payload=payload)
    assert same(apply_patch(doc, plan.operations.patch), plan.predicted)
    patched = jsonpatch.apply_patch(sample.tree, [dict(each) for each in plan.operations.patch])
    assert same(cast(Json, patched), plan.predicted.to_json())
    assert all(call.size <= payload.limit for call in plan.calls)
    assert plan.changes + sum(each.count for each in plan.left_out) == len(changes)
    assert len(list(changes_of(plan.operations.patch, plan.operations.whys))) == plan.changes


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_change_not_left_out_is_made(data: st.DataObject) -> None:
    doc = data.draw(samples()).doc
    drawn = data.draw(changes_to(doc))
    changes = [
        each for each in drawn if len(each.path.steps) == 1 and not each.path.key.endswith("InstanceUID")
    ]
    plan = plan_update(doc, changes)
    left = {each.element for each in plan.left_out}
    for each in changes:
        if str(each.path.generic()) in left:
            continue
        if each.after is ABSENT:
            assert not plan.predicted.has(each.path)
        else:
            assert same_number(plan.predicted.get(each.path), each.after)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_version_in_between_is_valid(data: st.DataObject) -> None:
    """No call leaves a value that its VR forbids, nor private elements without their creator or VR."""
    doc = data.draw(samples()).doc
    plan = plan_update(doc, data.draw(changes_to(doc)), payload=Payload(limit=450))
    known = {json.dumps(value) for _, value in doc.elements()}
    for count in range(1, len(plan.calls) + 1):
        between = plan.after(doc, count)
        for path, value in between.elements():
            told = path.tag is not None and (bool(vrs(path.tag)) or path.is_private)
            if told and path.tag and len(path.steps) == 1 and json.dumps(value) not in known:
                assert element_problem(path.tag, value, vr=between.vr_of(path)) is None
        for _, _, instance in between.instances():
            private = {key for key in instance.dicom if key.startswith("0009")}
            assert not private or "00090010" in private
            assert private <= instance.vrs.keys()


def same_number(a: Json, b: Json | Absent) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def test_a_small_change_is_one_call_without_force() -> None:
    plan = plan_update(document(), [change("Patient/PatientName", "A^B", "X^Y", "PN")])
    (call,) = plan.calls
    assert call.updatable == b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"X^Y"}}}'
    assert (call.removable, call.force) == (None, False)


@pytest.mark.parametrize(
    ("element", "before", "after", "vr", "because"),
    [
        ("ImageType", ["A", "B"], ["C", "D"], "CS", "multi-valued attributes"),
        ("ReferencedImageSequence", [{"CodeValue": "T"}], [{"CodeValue": "U"}], "SQ", "sequences"),
        ("00091001", "X", "Y", "LO", "private elements"),
        ("00187FFE", "X", "Y", "LO", "an attribute that the service does not know"),
    ],
)
def test_force_is_set_where_needed_and_says_why(
    element: str, before: Json, after: Json, vr: str, because: str
) -> None:
    plan = plan_update(document({element: before}), [change(instance(element), before, after, vr)])
    assert [call.because for call in plan.calls] == [(because,)]


def test_new_private_elements_bring_their_vr() -> None:
    plan = plan_update(document(), [change(instance("00091001"), ABSENT, "97", "DS")])
    assert b'"DICOMVRs":{"00091001":"DS"}' in (plan.calls[0].updatable or b"")


def test_a_short_value_is_removed_by_repeating_it() -> None:
    plan = plan_update(document(), [change("Patient/PatientName", "A^B", ABSENT, "PN")])
    assert [(call.updatable, call.removable) for call in plan.calls] == [
        (None, b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"A^B"}}}')
    ]


def test_long_values_are_overwritten_first_when_that_saves_calls() -> None:
    elements: dict[str, Json] = {f"0009{number:04X}": "L" * 3000 for number in range(0x1001, 0x1014)}
    doc = document(elements)
    plan = plan_update(doc, [change(instance(key), value, ABSENT, "LT") for key, value in elements.items()])
    assert len(plan.calls) == 2
    assert all(call.size < 1500 for call in plan.calls)


@pytest.mark.parametrize(("element", "empty", "vr"), [("ImageComments", None, "LT"), ("00091001", "", "UN")])
def test_empty_values_are_never_matched(element: str, empty: Json, vr: str) -> None:
    plan = plan_update(document({element: empty}), [change(instance(element), empty, ABSENT, vr)])
    first, second = plan.calls
    assert first.removable is None
    assert second.updatable is None
    assert msgspec.json.encode({element: empty}) not in (second.removable or b"")


def test_an_element_inside_a_sequence_rewrites_the_whole_sequence() -> None:
    items: Json = [{"CodeValue": "T"}, {"CodeValue": "U"}]
    path = instance("ReferencedImageSequence[1]/CodeValue")
    plan = plan_update(document({"ReferencedImageSequence": items}), [change(path, "U", "V", "SH")])
    assert b'"ReferencedImageSequence":[{"CodeValue":"T"},{"CodeValue":"V"}]' in (
        plan.calls[0].updatable or b""
    )


def test_what_no_call_can_carry_is_named() -> None:
    items: Json = [{"CodeMeaning": "x" * 60} for _ in range(200)]
    path = instance("ReferencedImageSequence[1]/CodeMeaning")
    plan = plan_update(document({"ReferencedImageSequence": items}), [change(path, "x" * 60, "y", "LO")])
    assert plan.calls == ()
    assert reasons(plan) == [Reason.TOO_LARGE]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (change("Patient/PatientName", "old", "X", "PN"), Reason.STALE),
        (change("Patient/PatientName", "A^B", "A^B", "PN"), Reason.NOTHING),
        (change("Patient/PatientBirthDate", ABSENT, "1970", "DA"), Reason.VALUE),
        (change("Patient/StudyDate", ABSENT, "20200101", "DA"), Reason.LEVEL),
        (change("Patient/00091001", ABSENT, "X", "LO"), Reason.PRIVATE_LEVEL),
        (change("Study/StudyInstanceUID", "1.2.1", ABSENT, "UI"), Reason.KEYS),
        (change(instance("PixelData"), ABSENT, None, "OW"), Reason.NEVER),
        (change("Series[9.9]/Modality", "CT", "MR", "CS"), Reason.NO_PLACE),
        (change(instance("ReferencedImageSequence[0]/CodeValue"), ABSENT, "T", "SH"), Reason.NO_PLACE),
        (change("Patient/PatientName", "A^B", "X", "PN", safety=Safety.REPORT_ONLY), Reason.REPORT_ONLY),
    ],
)
def test_what_cannot_be_done_is_left_out_with_its_reason(wanted: Change, reason: Reason) -> None:
    plan = plan_update(document(), [wanted])
    assert (plan.calls, reasons(plan)) == ((), [reason])


def test_two_rules_on_one_element_are_a_conflict() -> None:
    changes = [
        change("Patient/PatientName", "A^B", "X", "PN", "first"),
        change("Patient/PatientName", "A^B", "Y", "PN", "second"),
    ]
    with pytest.raises(Conflict, match="Patient/PatientName: first and second") as caught:
        plan_update(document(), changes)
    assert "A^B" not in str(caught.value)
    plan = plan_update(document(), changes, priority=lambda rule: rule == "second")
    assert plan.predicted.patient["PatientName"] == "Y"
    assert reasons(plan) == [Reason.OVERRULED]


def test_a_sequence_and_what_is_inside_it_are_a_conflict() -> None:
    items: Json = [{"CodeValue": "T"}]
    changes = [
        change(instance("ReferencedImageSequence[0]/CodeValue"), "T", "U", "SH", "inner"),
        change(instance("ReferencedImageSequence"), items, ABSENT, "SQ", "outer"),
    ]
    for order in (changes, changes[::-1]):
        with pytest.raises(Conflict):
            plan_update(document({"ReferencedImageSequence": items}), order)


def test_rules_that_agree_do_not_conflict() -> None:
    changes = [change("Patient/PatientName", "A^B", "X", "PN", rule) for rule in ("one", "two")]
    plan = plan_update(document(), changes)
    assert (len(plan.calls), reasons(plan)) == (1, [Reason.AGREED])


def test_new_uids_come_last_in_calls_of_their_own() -> None:
    plan = plan_update(
        document(),
        [
            change("Study/StudyInstanceUID", "1.2.1", "9.1", "UI"),
            change(f"Series[{SERIES}]/SeriesInstanceUID", SERIES, "9.2", "UI"),
            change(instance("SOPInstanceUID"), SOP, "9.3", "UI"),
            change("Patient/PatientName", "A^B", "X", "PN"),
        ],
    )
    assert [call.because for call in plan.calls] == [
        (),
        ("SOPInstanceUID",),
        ("SeriesInstanceUID", "StudyInstanceUID"),
    ]
    assert list(plan.predicted.series["9.2"].instances) == ["9.3"]


def test_primary_sets_keep_patient_and_series_elements_and_uids() -> None:
    changes = [
        change("Patient/PatientName", "A^B", "X", "PN"),
        change(instance("SOPInstanceUID"), SOP, "9.3", "UI"),
        change(instance("ImageComments"), ABSENT, "seen", "LT"),
    ]
    plan = plan_update(document(), changes, primary=True)
    assert (plan.changes, [(each.reason, each.count) for each in plan.left_out]) == (
        1,
        [(Reason.PRIMARY, 1), (Reason.PRIMARY, 1)],
    )
