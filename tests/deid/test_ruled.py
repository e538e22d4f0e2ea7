"""A profile read from a rule file: options and overrides, rules over the table, reasons that name both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.explain import explain
from curator.deid.keyed import Keyed
from curator.deid.ruled import OVERRULED, Deidentification, load_profile, run_cases
from curator.deid.subject import subject
from curator.deid.words import VOCABULARY
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.errors import RuleFileError, UsageError
from curator.findings import Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch, parse_path
from curator.rulefile import Outcome, read
from curator.ruleshelf import bundled, open_rule_file
from tests.deid.conftest import keyed_with
from tests.deid.documents import document

HEAD = "version: 1\nname: mine\nwhy: It is mine.\n"
PLAIN = HEAD + "profile: {options: [clean-descriptors]}\n"


def outcome(text: str, doc: ImageSetMetadata, keyed: Keyed) -> Outcome:
    asked = load_profile(text)
    return asked.outcome(asked.engine(keyed), doc, subject([doc], asked.profile, keyed))


def by_key(found: Outcome) -> dict[str, Change]:
    return {change.path.key: change for change in found.changes}


def applied(found: Outcome, doc: ImageSetMetadata) -> ImageSetMetadata:
    operations: list[dict[str, Json]] = []
    for change in found.changes:
        pointer: Json = change.path.pointer()
        if isinstance(change.after, Absent):
            operations.append({"op": "remove", "path": pointer})
        else:
            operations.append({"op": "add", "path": pointer, "value": change.after})
    return apply_patch(doc, operations)


@pytest.mark.parametrize("name", list(bundled()))
def test_every_case_of_every_bundled_file_comes_out_as_it_says(name: str) -> None:
    assert [result.differences for result in run_cases(open_rule_file(name)) if not result.passed] == []


def test_there_is_a_bundled_profile_for_each_option_and_each_has_cases() -> None:
    files = {name: open_rule_file(name) for name in bundled()}
    profiles = {name: load_profile(file) for name, file in files.items() if "profile" in file.sections}
    assert {"basic", "research", "tcia", "limited-data-set"} <= profiles.keys()
    single = {
        option
        for name, asked in profiles.items()
        if name.startswith("basic-") and len(asked.profile.options) == 1
        for option in asked.profile.options
    }
    assert single == set(Option)
    assert all(asked.section is not None and asked.section.cases for asked in profiles.values())
    assert all(asked.profile.table.edition == "2026d" for asked in profiles.values())


def test_a_file_without_profile_does_not_de_identify() -> None:
    with pytest.raises(UsageError, match="no profile"):
        load_profile(open_rule_file("laterality"))


def test_all_that_a_profile_says_reaches_the_engine() -> None:
    asked = load_profile(
        HEAD
        + "profile:\n  edition: PS3.15 2026d\n  options: [113107, clean-descriptors]\n  keep-weekday: true\n"
        + "  retain-references: true\n  method: curated for trial 7\n"
        + "  overrides:\n    - {element: [PatientSex, '00101010'], code: K, why: compared}\n"
    )
    profile = asked.profile
    assert profile.options == {Option.RETAIN_MODIFIED_DATES, Option.CLEAN_DESCRIPTORS}
    assert (profile.keep_weekday, profile.retain_references) == (True, True)
    assert profile.method == "curated for trial 7"
    assert {tag: one.why for tag, one in profile.overrides.items()} == {
        0x00100040: "compared",
        0x00101010: "compared",
    }


@pytest.mark.parametrize(
    ("profile", "line", "said"),
    [
        ("{options: [clean-everything]}", 4, "clean-pixel-data"),
        ("{options: [clean-descriptor]}", 4, "did you mean clean-descriptors"),
        ("{options: ['113100']}", 4, "the profile itself"),
        ("{options: ['113106', '113107']}", 4, "not both"),
        ("{options: [clean-descriptors, '113105']}", 4, "each option once"),
        ("\n  edition: 2024b", 5, "2026d"),
        ("\n  colour: red", 5, "unknown key 'colour'"),
        ("{overrides: [{element: PatientSex, code: Q, why: x}]}", 4, "'Q'"),
        ("{overrides: [{element: PatientSex, code: K}]}", 4, "no why"),
        ("{overrides: [{element: PatientSexx, code: K, why: x}]}", 4, "PatientSex"),
        (
            "{overrides: [{element: PatientSex, code: K, why: x}, {element: PatientSex, code: X, why: y}]}",
            4,
            "one override",
        ),
        ("{private: list.csv}", 4, "beside the rule file"),
        ("{method: 'é'}", 4, "ASCII"),
        ("[a]", 4, "a mapping such as"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(profile: str, line: int, said: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        load_profile(HEAD + f"profile: {profile}\n", "mine.yaml")
    assert any(f"mine.yaml:{line}: " in problem and said in problem for problem in caught.value.problems)


def test_a_rule_writes_in_the_tables_place_and_the_reason_names_both(keyed: Keyed) -> None:
    text = (
        PLAIN
        + "rules:\n  - {id: site, why: One name for all sites., select: InstitutionName, do: {literal: SITE-1}}\n"
    )
    change = by_key(outcome(text, document(series={"InstitutionName": "General"}), keyed))["InstitutionName"]
    assert change.after == "SITE-1"
    assert change.why.rule == "site"
    detail = dict(change.why.detail)
    assert detail["row"].startswith("PS3.15 E.1-1 00080080")
    assert detail["edition"] == "2026d"
    assert detail["rule"] == "site"
    assert detail["rule file"].startswith("profile:")


def test_a_rule_that_keeps_keeps_what_does_not_identify(keyed: Keyed) -> None:
    text = HEAD + (
        "profile:\nrules:\n  - {id: keeps, why: It is wanted., "
        "select: [StudyDescription, SeriesDescription], do: keep}\n"
    )
    doc = document(
        study={"StudyDescription": "trial alpha"}, series={"SeriesDescription": "for Jane Doe, alpha"}
    )
    found = by_key(outcome(text, doc, keyed))
    assert "StudyDescription" not in found
    assert found["SeriesDescription"].after == "for alpha"


def test_what_a_rule_makes_of_an_original_is_searched_for_identifiers_and_its_own_words_are_not(
    keyed: Keyed,
) -> None:
    text = PLAIN + (
        "rules:\n"
        "  - {id: copied, why: a, select: SeriesDescription, do: {template: 'of {PatientName}: {StudyDescription}'}}\n"
        "  - {id: own, why: a, select: ProtocolName, do: {literal: Doe protocol}}\n"
    )
    doc = document(
        study={"StudyDescription": "chest"}, series={"SeriesDescription": "x", "ProtocolName": "y"}
    )
    found = by_key(outcome(text, doc, keyed))
    assert "Doe" not in str(found["SeriesDescription"].after)
    assert "chest" in str(found["SeriesDescription"].after)
    assert found["ProtocolName"].after == "Doe protocol"


def test_a_sequence_that_a_rule_keeps_is_cleaned_inside(keyed: Keyed) -> None:
    text = HEAD + "profile:\nrules:\n  - {id: keeps, why: a, select: RequestAttributesSequence, do: keep}\n"
    items = [{"RequestedProcedureDescription": "x", "ScheduledProcedureStepID": "7", "Rows": 3}]
    doc = document(series={"RequestAttributesSequence": items})
    after = applied(outcome(text, doc, keyed), doc)
    kept = after.series["1.2.3.9"].dicom["RequestAttributesSequence"]
    assert kept == [{"Rows": 3}]


def test_a_rule_inside_a_sequence_that_goes_says_that_it_had_nothing_to_write(keyed: Keyed) -> None:
    text = HEAD + (
        "profile:\nrules:\n  - {id: inner, why: a, "
        "select: {keyword: RequestedProcedureDescription, nested: true}, do: {literal: x}}\n"
    )
    doc = document(series={"RequestAttributesSequence": [{"RequestedProcedureDescription": "Doe"}]})
    found = outcome(text, doc, keyed)
    assert [finding.code for finding in found.findings] == [OVERRULED]
    assert "Doe" not in str(applied(found, doc).to_json())


def test_a_private_element_that_a_rule_keeps_keeps_its_creator(keyed: Keyed) -> None:
    text = HEAD + (
        "profile:\nrules:\n  - {id: keeps, why: a, select: {mask: '0019,xx02'}, "
        "do: {keep-private: {creators: [ACME]}}}\n"
    )
    doc = document(
        {"00190010": "ACME", "00191002": "gain 3", "00191003": "else"},
        vrs={"00190010": "LO", "00191002": "LO", "00191003": "LO"},
    )
    instance = applied(outcome(text, doc, keyed), doc).instance("1.2.3.4")
    assert instance is not None
    assert {key for key in instance.dicom if key.startswith("0019")} == {"00190010", "00191002"}


def test_quarantine_reaches_the_outcome(keyed: Keyed) -> None:
    text = PLAIN + (
        "rules:\n  - {id: burned, why: a, select: BurnedInAnnotation, when: {equals: 'YES'}, "
        "do: {quarantine: identity in the pixels}}\n"
    )
    found = outcome(text, document({"BurnedInAnnotation": "YES"}), keyed)
    assert [str(path) for path in found.quarantined] == ["Series[1.2.3.9]/Instances[1.2.3.4]"]


def explained(
    text: str, doc: ImageSetMetadata, path: ElementPath, keyed: Keyed
) -> list[tuple[str, list[str]]]:
    asked: Deidentification = load_profile(text)
    about = subject([doc], asked.profile, keyed)
    return [
        (one.done, [why.rule for why in one.whys])
        for one in explain(asked, asked.engine(keyed), doc, about, path)
    ]


def test_every_element_is_explained_kept_ones_and_added_ones_too(keyed: Keyed) -> None:
    text = PLAIN + (
        "rules:\n  - {id: site, why: a, select: InstitutionName, when: {empty: false}, do: {literal: S}}\n"
    )
    doc = document(
        series={"InstitutionName": "General", "RequestAttributesSequence": [{"RequestedProcedureID": "1"}]}
    )
    assert explained(text, doc, parse_path("InstitutionName"), keyed) == [("changed", ["mine", "site"])]
    assert explained(text, doc, parse_path("Modality"), keyed) == [("kept", ["mine"])]
    assert explained(text, doc, parse_path("PatientIdentityRemoved"), keyed) == [("added", ["mine"])]
    inner = parse_path("RequestAttributesSequence[*]/RequestedProcedureID")
    assert explained(HEAD + "profile:\n", doc, inner, keyed) == [
        ("gone with RequestAttributesSequence, which is removed", ["mine"])
    ]
    assert explained(text, doc, parse_path("PatientComments"), keyed) == []


PIECES = st.sampled_from(
    [
        "version: 1", "name: x", "why: y", "profile:", "  options:", "  options: [", "  - clean-descriptors",
        "113107]", "  edition: 2026d", "  overrides:", "    - element: PatientSex", "      code: K",
        "      why: z", "  cases:", "    - before: {PatientID: '1'}", "      after: {}", "  private: a.csv",
        "  method: &a b", "  keep-weekday: true", "rules:", "  - id: r", "    select: PatientID", "    do: hash",
        "    do: {shift-date: {}}", "    do: {jitter: x}", "{", "]", "'", "\t", ": :", "\u0000", "é",
    ]
)  # fmt: skip


@given(text=st.lists(PIECES, max_size=25).map("\n".join) | st.text(max_size=200))
def test_arbitrary_text_gives_a_profile_or_problems_with_lines(text: str) -> None:
    file, problems = read(text, "any.yaml", vocabulary=VOCABULARY)
    assert problems or file is not None
    lines = text.count("\n") + 1
    assert all(1 <= problem.line <= lines + 1 for problem in problems)
    if file is not None and not problems and "profile" in file.sections:
        list(run_cases(file))
        assert load_profile(file).profile.name == file.name


JUNK = st.sampled_from(["", "x", "Doe", "Jane Doe", "head", "2020-01-31", "MRN 4711", "1.2.3.4.5.6", "%"])


@given(
    values=st.lists(JUNK, min_size=4, max_size=4),
    do=st.sampled_from(["keep", "remove", "empty", "{case: lower}", "{truncate: 3}", "clean-text", "hash"]),
)
def test_no_rule_of_a_profile_lets_the_subject_through(values: list[str], do: str) -> None:
    keyed = keyed_with(b"k" * 32)
    text = PLAIN + f"rules:\n  - {{id: any, why: a, select: {{vr: [LO, LT], nested: true}}, do: {do}}}\n"
    doc = document(
        {"ImageComments": values[0]},
        study={"StudyDescription": values[1]},
        series={
            "SeriesDescription": values[2],
            "RequestAttributesSequence": [{"RequestedProcedureDescription": values[3]}],
        },
    )
    after = str(applied(outcome(text, doc, keyed), doc).to_json()).lower()
    assert "doe" not in after
    assert "4711" not in after


@pytest.mark.parametrize("do", ["remove", "{literal: SAME}", "{hash: 8}", "empty", "keep"])
def test_no_rule_joins_two_subjects_or_parts_what_references_link(do: str, keyed: Keyed) -> None:
    text = PLAIN + (
        f"rules:\n  - {{id: any, why: a, select: PatientID, do: {do}}}\n"
        "  - {id: uid, why: a, select: [StudyInstanceUID, SOPInstanceUID], do: remove}\n"
    )
    found = outcome(text, document(), keyed)
    plain = by_key(outcome(PLAIN, document(), keyed))
    assert by_key(found)["PatientID"].after == plain["PatientID"].after
    assert by_key(found)["StudyInstanceUID"].after == plain["StudyInstanceUID"].after
    assert [finding.code for finding in found.findings] == [OVERRULED] * 3


def test_a_rule_may_give_the_subjects_own_pseudonym_and_uids(keyed: Keyed) -> None:
    text = PLAIN + (
        "rules:\n  - {id: id, why: a, select: PatientID, do: pseudonym}\n"
        "  - {id: uid, why: a, select: StudyInstanceUID, do: remap-uid}\n"
    )
    found = outcome(text, document(), keyed)
    assert by_key(found)["PatientID"].why.rule == "id"
    assert found.findings == ()


def test_a_kept_element_of_a_sequence_that_goes_is_told(keyed: Keyed) -> None:
    text = HEAD + (
        "profile:\nrules:\n  - {id: inner, why: a, "
        "select: {keyword: RequestedProcedureDescription, nested: true}, do: keep}\n"
    )
    doc = document(series={"RequestAttributesSequence": [{"RequestedProcedureDescription": "knee"}]})
    found = outcome(text, doc, keyed)
    assert [each.code for each in found.findings] == [OVERRULED]
    assert "knee" not in str(applied(found, doc).to_json())
