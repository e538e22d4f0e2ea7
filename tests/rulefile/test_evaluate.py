"""What a rule file makes of a document: concrete paths, valid values, one change an element, or a finding."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dicom import Json
from curator.dicom.vr import problem
from curator.errors import RuleFileError
from curator.findings import ABSENT, Absent, Safety, Severity
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch
from curator.rulefile import BASE, CONFLICT, Action, Because, Place, load, together
from curator.rulefile.actions import Result
from curator.rulefile.docs import example_file
from curator.rulefile.values import Value
from curator.ruleshelf import bundled, open_rule_file
from tests.rulefile.support import TABLES, changes, document, file_text, rules
from tests.tools import shared

INSTANCE = "Series[1.1]/Instances[1.2.1]"


def test_a_change_says_where_what_before_after_vr_why_and_how_safe() -> None:
    file = rules("{select: StationName, do: {case: upper}, safety: safe}")
    change = next(file.evaluate(document(series={"StationName": "ct1"})))
    assert str(change.path) == "Series[1.1]/StationName"
    assert (change.before, change.after, change.vr, change.safety) == ("ct1", "CT1", "SH", Safety.SAFE)
    assert (change.why.rule, change.why.text) == ("r1", "To test.")
    assert dict(change.why.detail) == {"rule file": "tested.yaml:5", "action": "case"}


def test_what_is_as_it_should_be_yields_nothing() -> None:
    file = rules("{select: StationName, do: {case: upper}}", "{select: PatientComments, do: empty}")
    assert changes(file, document({"PatientComments": None}, series={"StationName": "CT1"})) == {}


def test_steps_are_applied_in_turn() -> None:
    file = rules("{select: StationName, do: [{whitespace: tidy}, {case: upper}, {truncate: 3}]}")
    assert changes(file, document(series={"StationName": " a  bcd"})) == {"Series[1.1]/StationName": "A B"}


@pytest.mark.parametrize(
    ("rule", "element", "after"),
    [
        ("{select: Rows, do: {literal: '12'}}", {"Rows": 5}, 12),
        ("{select: SliceThickness, do: {round: '0.5'}}", {"SliceThickness": "1.7"}, "1.5"),
        (
            "{select: AcquisitionMatrix, do: {literal: ['1', '2', '3', '4']}}",
            {"AcquisitionMatrix": [0]},
            [1, 2, 3, 4],
        ),
        (
            "{select: ImageType, do: {case: upper}}",
            {"ImageType": ["original", "PRIMARY"]},
            ["ORIGINAL", "PRIMARY"],
        ),
        ("{select: PixelSpacing, do: {round: '0.1'}}", {"PixelSpacing": ["0.52", "0.48"]}, ["0.5", "0.5"]),
        ("{select: SliceThickness, do: {round: '10'}}", {"SliceThickness": "1e15"}, "1000000000000000"),
        ("{select: RescaleSlope, do: dummy}", {"RescaleSlope": "2"}, "0"),
        ("{select: ImageOrientationPatient, do: dummy}", {"ImageOrientationPatient": ["1"] * 6}, ["0"] * 6),
        ("{select: EchoTime, do: {format: number}}", {"EchoTime": "1,5"}, "1.5"),
        ("{select: SmallestImagePixelValue, do: {literal: '-3'}}", {"SmallestImagePixelValue": -5}, -3),
    ],
)
def test_values_are_typed_by_the_vr(rule: str, element: dict[str, Json], after: Json) -> None:
    found = changes(rules(rule), document(None, None, None, element))
    assert json.dumps(list(found.values())) == json.dumps([after])


@pytest.mark.parametrize(
    ("before", "after"), [([1.0, 2, 0, 0], [1, 2, 0, 0]), ([True, 2, 0, 0], [1, 2, 0, 0]), (1.0, 1)]
)
def test_numbers_of_another_kind_are_written_in_lists_too(before: Json, after: Json) -> None:
    """The service keeps JSON: 1.0 and true are no US, though Python calls them equal to 1."""
    words = [str(each) for each in after] if isinstance(after, list) else str(after)
    name = "AcquisitionMatrix" if isinstance(after, list) else "Rows"
    file = rules(f"{{select: {name}, do: {{literal: {json.dumps(words)}}}}}")
    found = changes(file, document(None, None, None, {name: before}))
    assert json.dumps(list(found.values())) == json.dumps([after])
    assert changes(file, document(None, None, None, {name: after})) == {}


def test_a_result_that_is_not_valid_for_the_vr_is_the_rules_fault_and_no_change() -> None:
    file = rules("{select: StationName, do: {template: '{StationName}-of-{Manufacturer}'}}")
    outcome = file.outcome(
        document(series={"StationName": "CT1", "Manufacturer": "Somebody & Sons"}), version="3"
    )
    finding = outcome.findings[0]
    assert outcome.changes == ()
    assert (finding.code, finding.severity, finding.image_sets) == ("r1", Severity.ERROR, (("a" * 32, "3"),))
    assert "not valid" in finding.message
    assert "tested.yaml:5" in finding.message
    assert "Somebody" not in finding.message
    assert "1.1" not in finding.message


def test_numbers_of_any_size_are_rounded_or_the_rules_fault() -> None:
    file = rules("{select: {vr: [DS, FD]}, do: {round: '0.000000000000001'}}")
    for size in (30, 99, 200):
        outcome = file.outcome(
            document(None, None, {"SliceThickness": f"1e{size}"}, {"FlipAngle": f"-1e{size}"})
        )
        assert [finding.severity for finding in outcome.findings] == [Severity.ERROR] * 2


def test_nested_elements_are_reached_by_path_and_by_nested() -> None:
    items: list[Json] = [{"PatientID": "1", "IssuerOfPatientID": "x"}, {"PatientID": "2"}]
    doc = document({"PatientID": "0", "OtherPatientIDsSequence": items})
    key = "OtherPatientIDsSequence"
    home = {str(path).split("/")[0] for path, _ in doc.elements() if path.key == key}.pop()
    by_path = rules(f"{{select: '{home}/OtherPatientIDsSequence[*]/PatientID', do: remove}}")
    assert changes(by_path, doc) == {
        f"{home}/{key}[0]/PatientID": "ABSENT",
        f"{home}/{key}[1]/PatientID": "ABSENT",
    }
    second = rules(f"{{select: '{home}/OtherPatientIDsSequence[1]/PatientID', do: remove}}")
    assert list(changes(second, doc)) == [f"{home}/{key}[1]/PatientID"]
    everywhere = rules("{select: {keyword: PatientID, nested: true}, do: empty}")
    assert list(changes(everywhere, doc)) == [
        "Patient/PatientID",
        f"{home}/{key}[0]/PatientID",
        f"{home}/{key}[1]/PatientID",
    ]
    assert list(changes(rules("{select: PatientID, do: empty}"), doc)) == ["Patient/PatientID"]
    lower = document(None, None, None, {"ReferencedImageSequence": [{"PatientID": "1"}]})
    assert list(changes(everywhere, lower)) == [f"{INSTANCE}/ReferencedImageSequence[0]/PatientID"]


def test_private_elements_are_found_in_any_block_and_typed_by_the_instance() -> None:
    instance: dict[str, Json] = {
        "00090011": "ACME 1",
        "00091102": "7",
        "00090010": "OTHER",
        "00091002": "keep",
    }
    vrs: dict[str, Json] = {"00091102": "IS", "00091002": "LO", "00090011": "LO", "00090010": "LO"}
    doc = document(None, None, None, instance, vrs=vrs)
    path = rules("""{select: '(0009,"ACME 1",xx02)', do: {literal: '8'}}""")
    assert [(str(c.path), c.after, c.vr) for c in path.evaluate(doc)] == [(f"{INSTANCE}/00091102", "8", "IS")]
    creator = rules("{select: {creator: ACME 1}, do: remove}")
    assert set(changes(creator, doc)) == {f"{INSTANCE}/00090011", f"{INSTANCE}/00091102"}
    assert changes(rules("{select: {mask: '0009,xx02'}, do: remove}"), doc).keys() == {
        f"{INSTANCE}/00091102",
        f"{INSTANCE}/00091002",
    }


def test_create_makes_what_is_missing_on_its_level_and_in_items() -> None:
    file = rules("{select: {keyword: PatientSpeciesDescription, create: true}, do: {literal: Homo sapiens}}")
    found = [(c.before, c.after, c.path.level.value) for c in file.evaluate(document())]
    assert found == [(ABSENT, "Homo sapiens", "Patient")] or found[0][:2] == (ABSENT, "Homo sapiens")
    inside = rules(
        "{select: {path: 'Instances[*]/ReferencedImageSequence[*]/PurposeOfReferenceCodeSequence', create: true},"
        " do: {add-item: {CodeValue: '121311'}}}"
    )
    doc = document(None, None, None, {"ReferencedImageSequence": [{"ReferencedSOPInstanceUID": "1.2"}]})
    path = f"{INSTANCE}/ReferencedImageSequence[0]/PurposeOfReferenceCodeSequence"
    assert changes(inside, doc) == {path: [{"CodeValue": "121311"}]}


def test_a_condition_asks_around_the_element_above_and_below_it() -> None:
    doc = document(
        {"PatientID": "1"}, {"StudyDescription": "x"}, {"Modality": "CT"}, {"Rows": 5}, {"Rows": 6}
    )
    held = {
        "{modality: CT}": 1,
        "{element: Rows, equals: '6'}": 1,
        "{element: Rows, equals: '7'}": 0,
        "{not: {element: Rows, equals: '6'}}": 0,
        "{element: PatientID, exists: false}": 0,
        "{element: PatientName, exists: false}": 1,
        "{element: Columns, exists: true}": 0,
        "{any: [{modality: MR}, {element: Rows, compare: '> 5'}]}": 1,
    }
    for when, expected in held.items():
        file = rules(f"{{select: StudyDescription, when: {when}, do: remove}}")
        assert len(changes(file, doc)) == expected, when
    instance = rules(
        "{select: Rows, when: [{element: Rows, compare: '>= 6'}, {element: PatientID, equals: '1'}], do: remove}"
    )
    assert list(changes(instance, doc)) == ["Series[1.1]/Instances[1.2.2]/Rows"]


def test_in_an_item_the_items_own_elements_come_first() -> None:
    doc = document(
        {"PatientID": "outer", "OtherPatientIDsSequence": [{"PatientID": "INNER", "TypeOfPatientID": ""}]}
    )
    file = rules("{select: {keyword: TypeOfPatientID, nested: true}, do: {copy: PatientID}}")
    assert list(changes(file, doc).values()) == ["INNER"]


def test_a_value_from_below_must_be_one_value() -> None:
    file = rules("{select: StudyDescription, do: {template: '{Rows} rows'}}")
    one = document(None, {"StudyDescription": "x"}, None, {"Rows": 5}, {"Rows": 5})
    two = document(None, {"StudyDescription": "x"}, None, {"Rows": 5}, {"Rows": 6})
    assert changes(file, one) == {"Study/StudyDescription": "5 rows"}
    outcome = file.outcome(two)
    assert outcome.changes == ()
    assert "Rows has different values here" in outcome.findings[0].message


# ---------------------------------------------------------------------------------------------- priority

TWO = (
    "{select: StationName, do: {case: upper}%s}",
    "{select: {level: Series}, when: {matches: '^ct'}, do: remove%s}",
)


def test_two_rules_that_write_one_element_are_a_conflict_that_names_both() -> None:
    doc = document(series={"StationName": "ct1", "Manufacturer": "x"})
    outcome = rules(TWO[0] % "", TWO[1] % "").outcome(doc)
    assert outcome.changes == ()
    assert [finding.code for finding in outcome.findings] == [CONFLICT]
    assert "r1 (tested.yaml:5) and r2 (tested.yaml:6)" in outcome.findings[0].message
    assert "ct1" not in outcome.findings[0].message


def test_priority_decides_and_explain_says_so() -> None:
    doc = document(series={"StationName": "ct1"})
    file = rules(TWO[0] % ", priority: 1", TWO[1] % "")
    assert changes(file, doc) == {"Series[1.1]/StationName": "CT1"}
    steps = {(step.rule, step.outcome) for step in file.explain(doc)}
    assert steps == {("r1", "changed"), ("r2", "overruled")}
    assert changes(rules(TWO[0] % "", TWO[1] % ", priority: 1"), doc) == {"Series[1.1]/StationName": "ABSENT"}


def test_files_used_together_share_priorities_and_have_ids_of_their_own() -> None:
    one = load(file_text("{id: a, select: StationName, do: {case: upper}}"), "one.yaml")
    two = load(file_text("{id: b, select: StationName, do: remove, priority: 1}"), "two.yaml")
    doc = document(series={"StationName": "ct1"})
    assert changes(together([one, two]), doc) == {"Series[1.1]/StationName": "ABSENT"}
    three = load(file_text("{id: a, select: StationName, do: {case: lower}}"), "three.yaml")
    with pytest.raises(RuleFileError, match=r"three\.yaml:5: rule a: found its id in one\.yaml:5 too"):
        together([one, three])
    four = load(file_text("{id: d, select: StationName, do: empty}"), "four.yaml")
    conflict = together([one, four]).outcome(doc).findings[0]
    assert "a (one.yaml:5) and d (four.yaml:5)" in conflict.message


def test_bundled_files_can_all_be_used_together() -> None:
    assert len(together(FILES).rules) == sum(len(file.rules) for file in FILES)


def test_keep_protects_from_lower_priorities() -> None:
    doc = document(series={"StationName": "ct1", "SeriesDescription": "x"})
    file = rules("{select: {level: Series}, do: remove}", "{select: StationName, do: keep, priority: 1}")
    assert changes(file, doc) == {"Series[1.1]/SeriesDescription": "ABSENT"}


def test_a_sequence_and_what_is_in_it_are_one_element_to_priority() -> None:
    doc = document(None, None, None, {"ReferencedImageSequence": [{"ReferencedSOPClassUID": "1.2"}]})
    outer = "{select: ReferencedImageSequence, do: remove%s}"
    inner = (
        "{select: 'Instances[*]/ReferencedImageSequence[*]/ReferencedSOPClassUID', do: {literal: '1.3'}%s}"
    )
    path = f"{INSTANCE}/ReferencedImageSequence"
    assert [f.code for f in rules(outer % "", inner % "").outcome(doc).findings] == [CONFLICT]
    assert list(changes(rules(outer % ", priority: 1", inner % ""), doc)) == [path]
    assert list(changes(rules(outer % "", inner % ", priority: 1"), doc)) == [
        f"{path}[0]/ReferencedSOPClassUID"
    ]
    whole = rules("{select: {level: Instance, nested: true}, do: remove}")
    assert list(changes(whole, doc)) == [path]


# ---------------------------------------------------------------------------------------------- judgements


def test_quarantine_names_the_level_and_leaves_other_changes_alone() -> None:
    file = rules(
        "{select: BurnedInAnnotation, when: {equals: 'YES'}, do: {quarantine: pixels}}",
        "{select: Rows, do: {literal: '1'}}",
    )
    doc = document(None, None, None, {"BurnedInAnnotation": "YES"}, {"BurnedInAnnotation": "NO", "Rows": 5})
    outcome = file.outcome(doc)
    assert {str(path) for path in outcome.quarantined} == {INSTANCE}
    assert "instance 1 of 2/BurnedInAnnotation: pixels" in outcome.findings[0].message
    assert len(outcome.changes) == 1


def test_review_carries_the_value_only_as_evidence() -> None:
    outcome = rules("{select: StudyDescription, do: {review: who?}}").outcome(
        document(None, {"StudyDescription": "Roe"})
    )
    finding = outcome.findings[0]
    assert (finding.severity, finding.safety) == (Severity.WARNING, Safety.REVIEW)
    assert dict(finding.evidence) == {"verdict": "review", "value": "Roe"}
    assert "Roe" not in finding.message + repr(finding)


def test_explain_tells_unmet_conditions_too() -> None:
    file = rules("{select: StationName, when: [{exists: true}, {modality: MR}], do: remove}")
    steps = list(file.explain(document(series={"StationName": "x", "Modality": "CT"})))
    assert [(step.outcome, step.detail) for step in steps] == [
        ("condition", "condition 2 of 2 does not hold")
    ]


# ---------------------------------------------------------------------------------------------- added actions


@dataclass(frozen=True, slots=True)
class Subject:
    pseudonym: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonym(Action):
    """Stands for what de-identification adds."""

    name: ClassVar[str] = "pseudonym"

    def act(self, place: Place, value: Value) -> Result:
        return Because(place.given(Subject).pseudonym, (("key", "current"),))


def test_added_actions_get_what_the_caller_hands_in_and_give_their_reasons() -> None:
    file = rules("{select: PatientID, do: pseudonym}", vocabulary=BASE.with_actions([Pseudonym]))
    change = next(file.evaluate(document({"PatientID": "1"}), Subject("S7")))
    assert change.after == "S7"
    assert change.why.detail[-1] == ("key", "current")
    with pytest.raises(LookupError, match="needs a Subject"):
        list(file.evaluate(document({"PatientID": "1"})))


# ---------------------------------------------------------------------------------------------- laws

VALUES: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "UNKNOWN", "ct 1 ", "Left", "20200101", "2020-01-01", "CHEST_ABD", "45", "Roe, Jane", "a\\b"]
    ),
    st.text(max_size=12),
    st.lists(st.sampled_from(["", "A", "b ", "UNKNOWN"]), max_size=4).map(lambda texts: list(texts)),
    st.integers(-5, 70_000),
    st.floats(allow_nan=False, allow_infinity=False),
)
KEYS = [
    "PatientID",
    "PatientName",
    "PatientSex",
    "PatientBirthDate",
    "PatientAge",
    "PatientComments",
    "IssuerOfPatientID",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "Modality",
    "StationName",
    "InstitutionName",
    "Manufacturer",
    "ImageType",
    "Rows",
    "SliceThickness",
    "OtherPatientNames",
    "ReferringPhysicianName",
]
ITEMS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3), max_size=2)
LEVEL: st.SearchStrategy[dict[str, Json]] = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> ImageSetMetadata:
    instances = [dict(draw(LEVEL)) for _ in range(draw(st.integers(1, 3)))]
    instances[0]["ReferencedImageSequence"] = [dict(item) for item in draw(ITEMS)]
    return document(draw(LEVEL), draw(LEVEL), draw(LEVEL), *instances)


FILES = [open_rule_file(name) for name in bundled()]
SOME = [
    rules("{select: {level: [Patient, Study, Series, Instance], nested: true}, do: remove}"),
    rules("{select: {vr: [LO, SH, PN, CS, DS, US], nested: true}, do: [{case: upper}, {truncate: 3}]}"),
    rules("{select: {vr: [LO, SH, PN, CS], nested: true}, do: dummy}", "{select: {vr: [PN, DS]}, do: empty}"),
    rules("{select: {keyword: SliceThickness, create: true}, do: {template: '{Rows|0}'}}"),
    rules("{select: {vr: [DS, US, IS, AS], nested: true}, do: {round: '10'}}"),
    rules("{select: {level: Series, value: {valid: false}}, do: {extract: '[A-Z]+'}}"),
]
EXAMPLES = [
    load(example_file(word), name, files=TABLES.__getitem__) for name, (_, word) in BASE.words().items()
]
ACTIONS = r"""
dummy
empty
remove
keep
drop-empty
{literal: '5'}
{template: '{Rows}{PatientID|x}'}
{copy: StudyDate}
{format: date}
{format: time}
{format: name}
{format: code}
{format: number}
{case: title}
{pad: 9}
{whitespace: tidy}
{truncate: 2}
{truncate: year}
{round: '0.3'}
{bin: {edges: [0, 18]}}
{interval: {since: StudyDate}}
{interval: {of: StudyDate, since: '20200101', unit: years}}
{replace: {pattern: '(.)', with: '\1\1'}}
{extract: 'a*'}
{map: {a: b}}
{add-item: {CodeValue: x}}
{delete-item: {element: PatientID, exists: true}}
{lookup: {table: examples.csv, by: old_id, take: new_id}}
{assert: {that: {valid: true}, else: x}}
"""
EVERYWHERE = [
    rules(f"{{select: {{vr: [LO, SH, PN, CS, DS, IS, US, DA, TM, SQ, AS, FD], nested: true}}, do: {action}}}")
    for action in ACTIONS.split("\n")
    if action
]


@given(documents(), st.sampled_from(FILES + SOME + EXAMPLES + EVERYWHERE))
def test_changes_are_one_an_element_valid_true_to_the_document_and_fit_a_patch(
    doc: ImageSetMetadata, file: object
) -> None:
    from curator.rulefile import RuleFile

    assert isinstance(file, RuleFile)
    found = list(file.evaluate(doc))
    paths = [change.path for change in found]
    assert len(set(paths)) == len(paths)
    operations: list[dict[str, Json]] = []
    for change in found:
        present = doc.has(change.path)
        assert present != isinstance(change.before, Absent)
        assert not present or doc.get(change.path) == change.before
        pointer = change.path.pointer()
        if isinstance(change.after, Absent):
            operations.append({"op": "remove", "path": pointer})
        else:
            assert problem(change.vr, change.after) is None
            operations.append({"op": "add", "path": pointer, "value": change.after})
    after = apply_patch(doc, operations)
    for change in found:
        expected = None if isinstance(change.after, Absent) else change.after
        assert after.get(change.path) == expected
    assert list(file.evaluate(doc)) == found


@given(documents(), st.sampled_from([*FILES, together(FILES)]))
def test_bundled_rules_alone_and_together_never_conflict_and_settle(
    doc: ImageSetMetadata, file: object
) -> None:
    from curator.rulefile import RuleFile

    assert isinstance(file, RuleFile)
    outcome = file.outcome(doc)
    assert not [finding for finding in outcome.findings if finding.code == CONFLICT]
    operations: list[dict[str, Json]] = [
        {"op": "remove", "path": change.path.pointer()}
        if isinstance(change.after, Absent)
        else {"op": "add", "path": change.path.pointer(), "value": change.after}
        for change in outcome.changes
    ]
    for _ in range(3):  # a rule may give way to another once
        doc = apply_patch(doc, operations)
        operations = [
            {"op": "remove", "path": change.path.pointer()}
            if isinstance(change.after, Absent)
            else {"op": "add", "path": change.path.pointer(), "value": change.after}
            for change in file.evaluate(doc)
        ]
    assert operations == []


def test_instances_are_not_parsed_when_no_rule_is_about_them() -> None:
    blob = document({"PatientComments": "x"}, None, None, {"Rows": 5}, {"Rows": 6}).encode()
    doc = ImageSetMetadata.parse(blob)
    assert len(list(rules("{select: PatientComments, do: remove}").evaluate(doc))) == 1
    assert not any(instance.has_node for _, _, instance in doc.instances())
    assert len(list(rules("{select: Rows, do: remove}").evaluate(doc))) == 2


def test_a_real_document_of_the_service_can_be_evaluated() -> None:
    blob = shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_bytes()
    doc = ImageSetMetadata.parse(blob)
    for file in (*FILES, *SOME):
        outcome = file.outcome(doc)
        assert all(isinstance(change.path, ElementPath) for change in outcome.changes)
    assert list(rules("{select: {level: Patient}, do: remove}").evaluate(doc))
