"""A plan without what was excluded is the plan that would have been made without it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import Refused, UsageError
from curator.findings import ABSENT, Change, Why
from curator.imageset import ImageSetMetadata, apply_patch, parse_path
from curator.plan.excluding import Excluded, Exclusion, counted, without
from curator.plan.leftout import Reason
from curator.plan.merging import Choice, Party, plan_merge
from curator.plan.publishing import plan_in_place, plan_publication
from tests.plan.documents import changes_to, samples

DOC = ImageSetMetadata.from_json(
    {
        "SchemaVersion": "1.1",
        "DatastoreID": "d" * 32,
        "ImageSetID": "i" * 32,
        "Patient": {"DICOM": {"PatientID": "P1", "PatientName": "Roe^Jane"}},
        "Study": {
            "DICOM": {"StudyInstanceUID": "1.2", "StudyDescription": "Head"},
            "Series": {
                "1.2.3": {
                    "DICOM": {"SeriesInstanceUID": "1.2.3", "Modality": "CT"},
                    "Instances": {
                        "1.2.3.4": {
                            "DICOM": {
                                "SOPInstanceUID": "1.2.3.4",
                                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
                            },
                            "DICOMVRs": {},
                            "ImageFrames": [],
                        }
                    },
                }
            },
        },
    }
)
PARTY = Party("i" * 32, "1", DOC)


def change(path: str, before: str, after: object, rule: str = "one") -> Change:
    return Change(parse_path(path), before, after, "LO", Why(rule, "a test"))  # type: ignore[arg-type]


NAME = change("Patient/PatientName", "Roe^Jane", "X")
TEXT = change("Study/StudyDescription", "Head", ABSENT, "two")


def document(image_set: str, version: str) -> ImageSetMetadata:
    assert (image_set, version) == (PARTY.id, "1")
    return DOC


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_it_is_as_if_what_is_excluded_had_never_been_proposed(data: st.DataObject) -> None:
    doc = data.draw(samples()).doc
    changes = data.draw(changes_to(doc))
    party = Party("i" * 32, "1", doc)
    whole = plan_in_place(party, changes, number=7)
    paths = {str(each.path) for patch in whole.patches for each in patch.changes()}
    out = data.draw(st.sets(st.sampled_from(sorted(paths)))) if paths else set()
    left = without(whole, [Exclusion(change=each) for each in sorted(out)], lambda *_: doc)
    # What was left out for its sake stays left out: a plan does not hold it.
    wanted = plan_in_place(party, [each for each in changes if str(each.path) in paths - out], number=7)
    if not out:
        assert left is whole
    elif out == paths:
        assert left is None
    else:
        assert left is not None
        assert (left.steps, left.patches, left.members) == (wanted.steps, wanted.patches, wanted.members)
        excluded = sum(each.count for each in left.left_out if each.reason is Reason.NOT_APPROVED)
        assert excluded == len(out)


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ("rule=one", "StudyDescription"),
        ("element=Study/StudyDescription", "PatientName"),
        (f"set={'i' * 32},rule=two", "PatientName"),
        ("change=Patient/PatientName", "StudyDescription"),
    ],
)
def test_by_rule_element_set_or_path(what: str, kept: str) -> None:
    exclusion = Exclusion.parse(what)
    for unit in (plan_in_place(PARTY, [NAME, TEXT]), plan_publication(PARTY, [NAME, TEXT])):
        left = without(unit, [exclusion], document)
        assert left is not None
        assert [each.path.key for patch in left.patches for each in patch.changes()] == [kept]
        assert left.kind is unit.kind
        (found,) = counted([unit], [Excluded(exclusion)])
        assert found.changes == 1


def test_an_image_set_takes_its_unit_with_it() -> None:
    unit = plan_in_place(PARTY, [NAME])
    assert without(unit, [Exclusion(set=PARTY.id)], document) is None
    (found,) = counted([unit], [Excluded(Exclusion(set=PARTY.id))])
    assert (found.changes, found.units) == (1, 1)


def test_what_belongs_together_goes_as_a_whole_or_not_at_all() -> None:
    other = Party(
        "j" * 32,
        "1",
        apply_patch(DOC, [{"op": "replace", "path": "/Study/DICOM/StudyDescription", "value": "B"}]),
    )
    merge = plan_merge([PARTY, other], how=Choice.DESTINATION)
    assert merge.changes == 1
    assert without(merge, [Exclusion(set=other.id)], document) is None
    publication = plan_publication(PARTY, [NAME, TEXT])
    with pytest.raises(Refused, match="belong together"):
        without(publication, [Exclusion(rule="one")], document, whole=True)


def test_what_fits_nothing_is_refused() -> None:
    unit = plan_in_place(PARTY, [NAME])
    for what in (Exclusion(rule="three"), Exclusion(set="k" * 32), Exclusion()):
        with pytest.raises(Refused):
            counted([unit], [Excluded(what)])


@pytest.mark.parametrize("text", ["", "rule", "rule=", "colour=red", "rule=a,rule=b", "rule=a, set=b,"])
def test_what_says_nothing_is_a_usage_error(text: str) -> None:
    if text == "rule=a, set=b,":
        assert Exclusion.parse(text) == Exclusion(
            rule="a, set=b,"
        )  # a comma alone parts nothing: paths hold some
    else:
        with pytest.raises(UsageError):
            Exclusion.parse(text)


def test_it_is_said_without_uids() -> None:
    assert str(Exclusion(change="Series[1.2.3]/Modality", rule="one")) == "one change, rule one"
