"""Where rules have no say the table's shared treatments stay, and all comes out as rule over table, change by change."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from curator.deid.ruled import Over, load_profile
from curator.deid.subject import subject
from curator.dicom import Json
from curator.errors import RuleFileError
from curator.findings import Change
from curator.imageset import ImageSetMetadata
from curator.plan import Payload, plan_update
from curator.plan.settling import Conflict
from curator.rulefile import Outcome
from curator.treatments import Treated
from tests.deid.conftest import keyed_with
from tests.plan.documents import Sample, samples
from tests.plan.test_treated import told

KEYED = keyed_with(b"k" * 32)
HEAD = "version: 1\nname: mine\nwhy: It is mine.\nprofile: {%s}\nrules:\n"
SELECTED = st.sampled_from(
    [
        "PatientID", "PatientName", "PatientComments", "OtherPatientIDs", "StudyDescription", "StudyID", "StudyDate",
        "SeriesDescription", "SoftwareVersions", "InstanceNumber", "ImageComments", "ImageType", "Rows",
        "RealWorldValueSlope", "ReferencedImageSequence", "SOPInstanceUID", "StudyInstanceUID", "InstitutionName",
        "{keyword: ReferencedSOPInstanceUID, nested: true}", "{keyword: CodeValue, nested: true}",
        "{vr: [LO, LT, SH], nested: true}", "{vr: SQ, nested: true}", "{mask: '0009,xx01'}", "{mask: '0009,xx03'}",
    ]
)  # fmt: skip
DONE = st.sampled_from(
    [
        "keep", "remove", "empty", "{literal: Seen}", "{literal: '7'}", "{truncate: 3}", "clean-text", "{hash: 8}",
        "remap-uid", "pseudonym", "{keep-private: {creators: [ACME]}}", "{add-item: {CodeValue: T-9}}",
        "{quarantine: a look}",
    ]
)  # fmt: skip
OPTIONS = st.sampled_from(["", "options: [clean-descriptors, '113107']", "options: ['113111', '113106']"])


@st.composite
def profiles(draw: st.DrawFn) -> str:
    rules = "".join(
        f"  - {{id: r{number}, why: a, select: {draw(SELECTED)}, do: {draw(DONE)}, priority: {number}}}\n"
        for number in range(draw(st.integers(1, 3)))
    )
    text = HEAD % draw(OPTIONS) + rules
    try:
        load_profile(text)
    except RuleFileError:  # not every action suits every element
        reject()
    return text


def both(text: str, doc: ImageSetMetadata) -> tuple[Outcome, Outcome]:
    """Return what comes out, and what the rules laid over each single change of the table would make of it."""
    asked = load_profile(text)
    engine = asked.engine(KEYED)
    about = subject([doc], asked.profile, KEYED)
    said = asked.rules.outcome(doc, about, engine)
    apart = Over(asked, engine, doc, about, engine.changes(doc, about), said).outcome()
    return asked.outcome(engine, doc, about), apart


def planned(doc: ImageSetMetadata, changes: Collection[Change], payload: Payload) -> tuple[object, ...]:
    try:
        return told(plan_update(doc, changes, payload=payload))
    except Conflict as conflict:
        return conflict.problems


def in_order(changes: Collection[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: change.path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(
    text=profiles(),
    sample=samples(),
    payload=st.sampled_from([Payload(), Payload(400)]),
)
def test_rules_laid_over_treatments_are_rules_laid_over_changes(
    text: str, sample: Sample, payload: Payload
) -> None:
    doc = sample.doc
    together, apart = both(text, doc)
    assert in_order(together.changes) == in_order(apart.changes)
    assert together.findings == apart.findings
    assert (together.quarantined, together.held) == (apart.quarantined, apart.held)
    assert planned(doc, together.changes, payload) == planned(doc, apart.changes, payload)


def test_what_no_rule_touches_is_the_object_that_it_was() -> None:
    """Also where a rule writes on every instance: the groups of what they have in common stay one object for all."""
    instances: dict[str, Json] = {
        f"1.2.{number}": {
            "DICOM": {
                "SOPInstanceUID": f"1.2.{number}",
                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
                "StationName": "CT1",
                "OperatorsName": ["Poe^Edgar"],
                "ImageComments": "x",
            },
            "DICOMVRs": {},
            "ImageFrames": [],
        }
        for number in range(1, 5)
    }
    series: Json = {"1.2.9": {"DICOM": {"SeriesInstanceUID": "1.2.9"}, "Instances": instances}}
    doc = ImageSetMetadata.from_json(
        {"Patient": {"DICOM": {"PatientID": "7"}}, "Study": {"DICOM": {}, "Series": series}}
    )
    rules = "  - {id: said, why: a, select: ImageComments, do: {literal: Seen}}\n"
    together, apart = both(HEAD % "" + rules, doc)
    assert isinstance(together.changes, Treated)
    last = [level for level in together.changes.levels if level.place.instance][1:]
    assert len({id(level.group) for level in last}) == 1
    assert {each.key for each in last[0].group.treatments} >= {"StationName", "OperatorsName"}
    written = [each for level in last for each in level.own if each.key == "ImageComments"]
    assert len({id(each) for each in written}) == 1
    assert in_order(together.changes) == in_order(apart.changes)


@pytest.mark.parametrize("rule", ["ReferencedImageSequence", "{keyword: CodeValue, nested: true}"])
def test_a_rule_on_a_level_that_the_table_leaves_alone(rule: str) -> None:
    tree: dict[str, Json] = {
        "Patient": {"DICOM": {"PatientID": "7"}},
        "Study": {"DICOM": {}, "Series": {}},
    }
    study = tree["Study"]
    assert isinstance(study, dict)
    study["DICOM"] = {"StudyID": None, "ReferencedImageSequence": [{"CodeValue": "T-1"}]}
    doc = ImageSetMetadata.from_json(tree)
    text = HEAD % "" + f"  - {{id: r, why: a, select: {rule}, do: remove}}\n"
    together, apart = both(text, doc)
    assert in_order(together.changes) == in_order(apart.changes)
