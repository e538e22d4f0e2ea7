"""Other tools' rules become rule files that load; what has no counterpart is listed by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.deid.keyed import Keyed
from curator.deid.ruled import Deidentification, load_profile
from curator.deid.subject import subject
from curator.deid.words import VOCABULARY
from curator.dicom.confidentiality import Option
from curator.errors import UsageError
from curator.findings import Absent, Change
from curator.imageset import ImageSetMetadata
from curator.rulefile import read
from curator.rulefile.convert import FORMATS, Converted, convert, recognize
from tests.deid.conftest import keyed_with
from tests.deid.documents import document

CTP = r"""<script>
  <p t="DATEINC">-3210</p>
  <p t="SITEID">7</p>
  <e en="T" t="00080020" n="StudyDate">@incrementdate(this,@DATEINC)</e>
  <e en="T" t="00080050" n="AccessionNumber">@hash(this,12)</e>
  <e en="T" t="00080080" n="InstitutionName">Site @SITEID</e>
  <e en="T" t="00081030" n="StudyDescription">@if(this,contains,"secret"){@remove()}{@keep()}</e>
  <e en="F" t="00081040" n="InstitutionalDepartmentName">@keep()</e>
  <e en="T" t="00100010" n="PatientName">@hashptid(@SITEID,PatientID)</e>
  <e en="T" t="00100040" n="PatientSex">@keep()</e>
  <e en="T" t="00101010" n="PatientAge">@round(this,10)</e>
  <e en="T" t="00100030" n="PatientBirthDate">@modifydate(this,*,1,1)</e>
  <e en="T" t="0020000d" n="StudyInstanceUID">@hashuid(@UIDROOT,this)</e>
  <e en="T" t="00120064" n="DeIdentificationMethodCodeSeq">113100/113105/113107</e>
  <e en="T" t="00120063" n="DeIdentificationMethod">Trial 7</e>
  <e en="T" t="00324000" n="StudyComments"></e>
  <e en="T" t="0008103e" n="SeriesDescription">@contents(Modality) of @contents(BodyPartExamined)</e>
  <e en="T" t="00201040" n="PositionReferenceIndicator">@lookup(this,pos)</e>
  <e en="T" t="00189074" n="FrameAcquisitionDateTime">@always()@date()</e>
  <e en="T" t="0019[ACME]02" n="">@keep()</e>
  <e en="T" t="00080022" n="AcquisitionDate">@hashuid(@UIDROOT,this)</e>
  <k en="T" t="0018">Keep group 0018</k>
  <k en="T" t="safeprivateelements">Keep safe private elements</k>
  <r en="T" t="privategroups">Remove private groups</r>
  <r en="T" t="unspecifiedelements">Remove unchecked elements</r>
  <r en="T" t="overlays">Remove overlays</r>
</script>
"""

DEID = """FORMAT dicom

%filter dangerouscookie
LABEL Criteria for a dangerous cookie
  contains PatientSex M

%fields patient_info
FIELD PatientComments
FIELD endswith:Allergies

%header
ADD PatientIdentityRemoved YES   # a comment
REPLACE PatientID var:id
REPLACE InstitutionName Site 7
REMOVE contains:Telephone
BLANK fields:patient_info
JITTER StudyDate 31
REPLACE SOPInstanceUID deid_func:dicom_uuid
KEEP PatientSex
REMOVE select:VR:AE
KEEP startswith:PatientSiz
REPLACE SeriesDescription func:make_it_up
REMOVE NoSuchField
REMOVE allexcept:Patient|Rows
BLANK

%labels
Maintainer @somebody
"""

DICOMEDIT = """version "6.3"
// a comment
siteName := "Site 7"
(0008,0080) := siteName
- (0008,1030)
-(0010,1xxx)
- */(0010,0010)
(0008,0020) := shiftDateByIncrement[(0008,0020), "14"]
(0020,000D) := hashUID[(0020,000D)]
(0008,103E) := concatenate[(0008,0060), " of ", (0018,0015)]
(0010,0020) := subject
(0012,0062) := "YES"
(0008,0060) = "US" ? -(0008,1090) : (0008,1090) := "scanner"
(0008,1140)/(0008,1155) := hashUID[(0008,1140)/(0008,1155)]
-(0019,{ACME MR}02)
removeAllPrivateTags
alterPixels["rectangle", "l=0", "solid", "v=0"]
(0040,0275)[0]/(0040,1001) := "1"
(0010,0030) := getURL["http://example"]
-(50x@,xxxx)
nonsense here
"""

KARNAK = """name: "Research"
version: "1.0"
minimumKarnakVersion: "0.9.2"
defaultIssuerOfPatientID:
profileElements:
  - name: "Keep the sex"
    codename: "action.on.specific.tags"
    action: "K"
    tags:
      - "(0010,0040)"
  - name: "Remove the rest of the group"
    codename: "action.on.specific.tags"
    action: "X"
    tags: ["(0010,xxxx)"]
    excludedTags: ["(0010,0020)", "(0010,0010)"]
  - name: "Dates"
    codename: "action.on.dates"
    option: "shift"
    arguments: {days: 30}
    tags: ["(0008,0020)"]
  - name: "Birth"
    codename: "action.on.dates"
    option: "date_format"
    arguments: {remove: "month_day"}
    tags: ["(0010,0030)"]
  - name: "Say"
    codename: "expression.on.tags"
    arguments: {expr: "Replace('Site 7')"}
    tags: ["(0008,0080)"]
  - name: "Program"
    codename: "expression.on.tags"
    arguments: {expr: "stringValue == null ? Keep() : Remove()"}
    tags: ["(0008,0081)"]
  - name: "Conditional"
    codename: "action.on.specific.tags"
    condition: "tagValueContains(#Tag.Modality, 'CT')"
    action: "X"
    tags: ["(0008,1090)"]
  - name: "Private"
    codename: "action.on.privatetags"
    action: "X"
  - name: "Pixels"
    codename: "clean.pixel.data"
  - name: "Odd"
    codename: "invented"
  - name: "Base"
    codename: "basic.dicom.profile"
masks:
  - stationName: "*"
    color: "ffff00"
"""

GOOGLE = """{
  "config": {
    "dicomTagConfig": {
      "profileType": "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE",
      "options": {"primaryIds": "REGEN", "cleanDescriptors": {}},
      "actions": [
        {"queries": ["PatientSex", "00101010"], "keepTag": {}},
        {"queries": ["PN"], "resetTag": {}},
        {"queries": ["StudyDescription"], "cleanTextTag": {}},
        {"queries": ["InstitutionName"], "removeTag": {}},
        {"queries": ["InstitutionAddress"], "deleteTag": {}},
        {"queries": ["FrameOfReferenceUID"], "regenUidTag": {}},
        {"queries": ["SQ"], "recurseTag": {}},
        {"queries": ["PixelData"], "cleanImageTag": {}},
        {"queries": ["Patient*", "NoSuchTag"], "deleteTag": {}},
        {"queries": ["Modality"], "explodeTag": {}}
      ]
    },
    "text": {"transformations": [{"redactConfig": {}}]}
  }
}
"""
SAMPLES: Mapping[str, str] = {
    "ctp": CTP,
    "deid": DEID,
    "dicomedit": DICOMEDIT,
    "google": GOOGLE,
    "karnak": KARNAK,
}


def made(form: str) -> Converted:
    return convert(SAMPLES[form], "site", vocabulary=VOCABULARY)


def lost(found: Converted) -> list[int]:
    return sorted({left.line for left in found.left if not left.done})


@pytest.mark.parametrize("form", list(FORMATS))
def test_the_result_loads_without_a_problem_and_the_format_is_told(form: str) -> None:
    assert recognize(SAMPLES[form]) == form
    found = made(form)
    assert found.form == form
    assert read(found.text, "site.yaml", vocabulary=VOCABULARY)[1] == ()
    assert load_profile(found.text).name == "site"


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("ctp", [18, 19, 21, 22, 25]),
        ("deid", [4, 5, 13, 22, 23, 25]),
        ("dicomedit", [17, 19, 20, 21]),
        ("google", [15, 16, 19]),
        ("karnak", [30, 34, 44, 49]),
    ],
)
def test_every_line_without_a_counterpart_is_listed(form: str, lines: list[int]) -> None:
    found = made(form)
    assert lost(found) == lines
    assert all(left.why and f":{left.line}: " in left.told("x") for left in found.left)


@pytest.mark.parametrize(
    ("form", "lines"), [("ctp", [4]), ("deid", [17, 18]), ("dicomedit", [8, 11]), ("karnak", [16])]
)
def test_what_means_something_else_now_is_said(form: str, lines: list[int]) -> None:
    assert [left.line for left in made(form).left if left.done] == lines


def applied(form: str, doc: ImageSetMetadata, keyed: Keyed) -> tuple[dict[str, Any], Deidentification]:
    asked = load_profile(made(form).text)
    said = asked.outcome(asked.engine(keyed), doc, subject([doc], asked.profile, keyed))
    changes: dict[str, Change] = {str(change.path.generic()): change for change in said.changes}
    return {path: change.after for path, change in changes.items()}, asked


def test_a_ctp_script_does_what_it_did(keyed: Keyed) -> None:
    doc = document(
        {"00190010": "ACME", "00191002": "gain", "AcquisitionDate": "20200131"},
        patient={"PatientSex": "F", "PatientBirthDate": "19600623"},
        study={"StudyDescription": "chest", "AccessionNumber": "A-99", "PatientAge": "063Y"},
        series={"InstitutionName": "General", "SeriesDescription": "x", "BodyPartExamined": "HEAD"},
        vrs={"00190010": "LO", "00191002": "LO"},
    )
    after, asked = applied("ctp", doc, keyed)
    assert asked.profile.options == {
        Option.CLEAN_DESCRIPTORS,
        Option.RETAIN_MODIFIED_DATES,
        Option.RETAIN_SAFE_PRIVATE,
    }
    assert asked.profile.method == "Trial 7"
    assert after["Series[*]/InstitutionName"] == "Site 7"
    assert after["Series[*]/SeriesDescription"] == "CT of HEAD"
    assert len(after["Study/AccessionNumber"]) == 12
    assert after["Study/PatientAge"] == "060Y"
    assert after["Patient/PatientBirthDate"] == "19600101"
    assert "Patient/PatientSex" not in after
    assert "Study/StudyDescription" not in after
    assert "Instances[*]/00191002" not in after
    secret = document(study={"StudyDescription": "a SECRET chest"})
    assert isinstance(applied("ctp", secret, keyed)[0]["Study/StudyDescription"], Absent)


def test_a_deid_recipe_does_what_it_did_and_its_later_lines_win(keyed: Keyed) -> None:
    doc = document(
        patient={"PatientSex": "F", "PatientTelephoneNumbers": ["555"]},
        study={"PatientSize": "1.80"},
        series={"InstitutionName": "General"},
    )
    text = SAMPLES["deid"].replace("REMOVE allexcept:Patient|Rows\n", "")
    asked = load_profile(convert(text, "site", vocabulary=VOCABULARY).text)
    said = asked.outcome(asked.engine(keyed), doc, subject([doc], asked.profile, keyed))
    after = {change.path.key: change.after for change in said.changes}
    assert after["InstitutionName"] == "Site 7"
    assert after["PatientIdentityRemoved"] == "YES"
    assert isinstance(after["PatientTelephoneNumbers"], Absent)
    assert not {"PatientSex", "PatientSize"} & after.keys()
    assert after["StudyDate"] != "20200131"


def test_a_dicomedit_script_does_what_it_did(keyed: Keyed) -> None:
    doc = document(
        {"ReferencedImageSequence": [{"ReferencedSOPInstanceUID": "1.2.3.4.5"}]},
        study={"StudyDescription": "x"},
        series={
            "InstitutionName": "General",
            "SeriesDescription": "x",
            "BodyPartExamined": "HEAD",
            "ManufacturerModelName": "m",
        },
    )
    after, _ = applied("dicomedit", doc, keyed)
    assert after["Series[*]/InstitutionName"] == "Site 7"
    assert after["Series[*]/SeriesDescription"] == "CT of HEAD"
    assert after["Series[*]/ManufacturerModelName"] == "scanner"
    assert isinstance(after["Study/StudyDescription"], Absent)
    assert after["Patient/PatientIdentityRemoved"] == "YES"


def test_the_first_of_karnaks_elements_that_fits_decides(keyed: Keyed) -> None:
    doc = document(
        patient={"PatientSex": "F", "PatientBirthDate": "19600623", "PatientComments": "x"},
        series={"InstitutionName": "General"},
    )
    after, asked = applied("karnak", doc, keyed)
    assert "Patient/PatientSex" not in after
    assert isinstance(after["Patient/PatientComments"], Absent)
    assert isinstance(after["Patient/PatientBirthDate"], Absent)  # the group's line stands before its own
    assert after["Series[*]/InstitutionName"] == "Site 7"
    assert asked.profile.options == {Option.CLEAN_PIXEL_DATA}


def test_a_google_configuration_does_what_it_did(keyed: Keyed) -> None:
    doc = document(
        patient={"PatientSex": "F"},
        study={"StudyDescription": "chest Zaphod", "ReferringPhysicianName": "Roe"},
        series={"InstitutionName": "General", "InstitutionAddress": "here"},
    )
    after, asked = applied("google", doc, keyed)
    assert "Patient/PatientSex" not in after
    assert after["Study/StudyDescription"] == "chest"
    assert after["Series[*]/InstitutionName"] is None
    assert isinstance(after["Series[*]/InstitutionAddress"], Absent)
    assert asked.profile.options == {Option.CLEAN_DESCRIPTORS, Option.CLEAN_PIXEL_DATA}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("ctp", "<script>"),
        ("ctp", "plain"),
        ("ctp", '<!DOCTYPE s [<!ENTITY a "b">]><script>&a;</script>'),
        ("karnak", "a: b"),
        ("karnak", "- ["),
        ("google", "{}"),
        ("google", "["),
        ("", "what is this"),
        ("word", "x"),
    ],
)
def test_what_is_no_such_file_is_told(form: str, text: str) -> None:
    with pytest.raises(UsageError):
        convert(text, "site", vocabulary=VOCABULARY, form=form)


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from(list(FORMATS)),
    cut=st.tuples(st.integers(0, 1200), st.integers(0, 40)),
    junk=st.text(max_size=12)
    | st.sampled_from(["@if(", "){", "func:", " := ", "?", "[", "]", '"', "{", "xx"]),
)
def test_a_damaged_file_gives_a_valid_rule_file_or_an_error(
    form: str, cut: tuple[int, int], junk: str
) -> None:
    text = SAMPLES[form]
    at, length = cut
    damaged = text[:at] + junk + text[at + length :]
    try:
        found = convert(damaged, "site", vocabulary=VOCABULARY, form=form)
    except UsageError:
        return
    assert read(found.text, "site.yaml", vocabulary=VOCABULARY)[1] == ()
    lines = len(re.split("\r\n|\r|\n", damaged))
    assert all(1 <= left.line <= lines for left in found.left)


@pytest.mark.parametrize("form", ["deid", "dicomedit"])
def test_lines_are_counted_as_an_editor_counts_them(form: str) -> None:
    wrong = {
        "deid": "FORMAT dicom\n%header\n\x1e# a\x0b\u2028b\nWHATEVER x",
        "dicomedit": "// a\x1e\x0bb\u2028\n\nwhatever",
    }
    (left,) = convert(wrong[form], "site", vocabulary=VOCABULARY, form=form).left
    assert left.line == wrong[form].count("\n") + 1


def test_the_key_is_the_projects_and_two_runs_agree() -> None:
    doc = document(study={"AccessionNumber": "A-99"})
    one, two = (applied("ctp", doc, keyed_with(b"k" * 32))[0] for _ in range(2))
    assert one == two
    assert applied("ctp", doc, keyed_with(b"o" * 32))[0] != one


def test_dcm4ches_names_and_choices_between_root_and_items_are_understood() -> None:
    script = (
        '<script>\n<e en="T" t="00100020" n="PatientID">@hash(this,10)</e>\n'
        '<e en="T" t="00080060" n="Modality">@require()</e>\n'
        '<e en="T" t="0008002a" n="AcquisitionDatetime">@contents(AcquisitionDatetime)</e>\n'
        '<e en="T" t="00080090" n="x">@contents(OperatorName)</e>\n'
        '<e en="T" t="00200052" n="FrameOfReferenceUID">@select(){@keep()}{@hashuid(@UIDROOT,this)}</e>\n</script>'
    )
    found = convert(script, "site", vocabulary=VOCABULARY)
    assert [left.line for left in found.left] == [2, 3]
    assert all(left.done for left in found.left)
    assert found.translated == 5
    recipe = convert(
        "FORMAT dicom\n%header\nREMOVE RefImageSeq\nREMOVE StationAET\n", "r", vocabulary=VOCABULARY
    )
    assert "ReferencedImageSequence" in recipe.text
    assert "StationAETitle" in recipe.text
    assert [left.done for left in recipe.left] == [True, True]


def test_a_karnak_path_into_a_sequence_is_understood() -> None:
    text = (
        "profiles:\n  - name: a\n    codename: action.on.specific.tags\n    action: X\n"
        "    tags: ['(0040,0275).(0020,0010)', '(0028,xxxx)']\n    exceptedtags: ['0028,1199']\n"
    )
    found = convert(text, "site", vocabulary=VOCABULARY, form="karnak")
    assert found.left == ()
    assert "RequestAttributesSequence[*]/StudyID" in found.text
