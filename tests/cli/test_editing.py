"""``set``, ``remove``, ``revert``, ``copy``, ``delete``: one call, or a refusal that changes nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Curator


@pytest.fixture
def one(image_sets: dict[str, str]) -> str:
    """An image set with one instance (the MR)."""
    return image_sets["MR"]


@pytest.fixture
def document(on_demo: Curator, one: str) -> Any:
    """Return a function that reads the latest document."""
    return lambda: on_demo("show", one, "--json").json


def test_set_makes_one_version(on_demo: Curator, one: str, document: Any) -> None:
    ran = on_demo("set", one, "Patient/PatientName=Doe^Jane", "Series[*]/BodyPartExamined=CHEST")
    assert (ran.code, ran.out) == (0, "2\n")
    after = document()
    assert after["Patient"]["DICOM"]["PatientName"] == "Doe^Jane"
    assert {s["DICOM"]["BodyPartExamined"] for s in after["Study"]["Series"].values()} == {"CHEST"}


def test_the_value_may_stay_off_the_command_line(
    on_demo: Curator, one: str, document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "name").write_text("Doe^File\n")
    assert on_demo("set", one, f"PatientName=@{tmp_path / 'name'}").code == 0
    assert document()["Patient"]["DICOM"]["PatientName"] == "Doe^File"
    monkeypatch.setattr("sys.stdin", io.StringIO("Doe^Stdin\n"))
    assert on_demo("set", one, "PatientName=@-").code == 0
    assert document()["Patient"]["DICOM"]["PatientName"] == "Doe^Stdin"
    assert on_demo("set", one, "PatientName=@@home").code == 0
    assert document()["Patient"]["DICOM"]["PatientName"] == "@home"


def test_values_are_typed_by_their_vr(on_demo: Curator, one: str, document: Any) -> None:
    ran = on_demo(
        "set",
        "--force",
        one,
        "Instances[*]/EchoTrainLength=3",
        "Instances[*]/Rows=64",
        "Instances[*]/ImageType=DERIVED\\SECONDARY",
        'Instances[*]/ReferencedImageSequence=[{"ReferencedSOPInstanceUID": "1.2.3"}]',
        "Instances[*]/00191001:DS=1.5",
        "Instances[*]/00190010:LO=ACME",
        "Patient/PatientComments=",
    )
    assert ran.code == 0, ran.err
    series = next(iter(document()["Study"]["Series"].values()))
    instance = next(iter(series["Instances"].values()))
    dicom = instance["DICOM"]
    assert dicom["ImageType"] == ["DERIVED", "SECONDARY"]
    assert dicom["ReferencedImageSequence"] == [{"ReferencedSOPInstanceUID": "1.2.3"}]
    assert dicom["00191001"] == "1.5"
    assert instance["DICOMVRs"]["00191001"] == "DS"
    assert document()["Patient"]["DICOM"].get("PatientComments") is None


@pytest.mark.parametrize(
    "word",
    ["PatientName", "Patient/Nonsense=1", "Instances[*]/Rows=many", "Study/StudyDate=yesterday", "Patient=x"],
)
def test_what_cannot_be_meant_is_a_usage_error_without_the_value(
    on_demo: Curator, one: str, word: str
) -> None:
    ran = on_demo("set", one, word)
    assert ran.code == 2
    assert word.partition("=")[2] not in ran.err or "=" not in word
    assert [row["version"] for row in on_demo("versions", one, "--json").json] == ["1"]


def test_what_needs_force_is_refused_without_it(on_demo: Curator, one: str) -> None:
    assert on_demo("set", one, "Study/StudyInstanceUID=1.2.3.4").code == 4
    assert on_demo("set", "--force", one, "Study/StudyInstanceUID=1.2.3.4").code == 0


def test_a_value_against_its_vr_needs_force(on_demo: Curator, one: str, document: Any) -> None:
    assert on_demo("set", one, "Patient/PatientBirthDate=unknown").code == 2
    assert on_demo("set", "--force", one, "Patient/PatientBirthDate=unknown").code == 0
    assert document()["Patient"]["DICOM"]["PatientBirthDate"] == "unknown"


def test_nothing_to_change_is_refused(on_demo: Curator, one: str) -> None:
    assert on_demo("set", one, "Patient/PatientID=4MR1").code == 3
    assert [row["version"] for row in on_demo("versions", one, "--json").json] == ["1"]


def test_more_than_one_call_holds_is_refused(on_demo: Curator, one: str, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("x" * 10_001)
    ran = on_demo("set", one, f"Instances[*]/ImageComments=@{tmp_path / 'long'}")
    assert ran.code == 3 or "ImageComments" in ran.err
    (tmp_path / "items").write_text(json.dumps([{"PatientComments": "x" * 9_000}] * 2))
    ran = on_demo("set", "--force", one, f"Instances[*]/RequestAttributesSequence=@{tmp_path / 'items'}")
    assert ran.code == 3
    assert "nothing was changed" in ran.err
    assert [row["version"] for row in on_demo("versions", one, "--json").json] == ["1"]


def test_a_nested_element_is_set_and_removed_in_its_sequence(
    on_demo: Curator, one: str, document: Any
) -> None:
    items = '[{"CodeValue": "1", "CodeMeaning": "a"}, {"CodeValue": "2"}]'
    assert on_demo("set", "--force", one, f"Study/ProcedureCodeSequence={items}").code == 0
    assert on_demo("set", "--force", one, "Study/ProcedureCodeSequence[1]/CodeMeaning=b").code == 0
    assert document()["Study"]["DICOM"]["ProcedureCodeSequence"] == [
        {"CodeValue": "1", "CodeMeaning": "a"},
        {"CodeValue": "2", "CodeMeaning": "b"},
    ]
    assert on_demo("remove", "--force", one, "Study/ProcedureCodeSequence[*]/CodeMeaning").code == 0
    assert document()["Study"]["DICOM"]["ProcedureCodeSequence"] == [{"CodeValue": "1"}, {"CodeValue": "2"}]
    assert on_demo("remove", "--force", one, "Study/ProcedureCodeSequence[0]").code == 0
    assert document()["Study"]["DICOM"]["ProcedureCodeSequence"] == [{"CodeValue": "2"}]


def test_remove_takes_away_by_the_exact_value(on_demo: Curator, one: str, document: Any) -> None:
    assert "PatientName" in document()["Patient"]["DICOM"]
    assert on_demo("remove", one, "Patient/PatientName").code == 0
    assert "PatientName" not in document()["Patient"]["DICOM"]
    assert on_demo("remove", one, "Patient/PatientName").code == 4


def test_an_instance_can_be_removed_as_a_whole(on_demo: Curator) -> None:
    found = on_demo("list", "--json").json
    several = next(row["imageSetId"] for row in found if row["DICOMNumberOfStudyRelatedInstances"] > 1)
    before = _instances(on_demo, several)
    assert on_demo("remove", "--force", several, f"Instances[{before[0]}]").code == 0
    assert _instances(on_demo, several) == before[1:]


def _instances(curator: Curator, image_set: str) -> list[str]:
    series = curator("show", image_set, "--json").json["Study"]["Series"]
    return [uid for one in series.values() for uid in one["Instances"]]


def test_revert_brings_the_old_content_back(on_demo: Curator, one: str) -> None:
    on_demo("set", one, "Patient/PatientName=Doe^Jane")
    ran = on_demo("revert", one, "--to", "1", "--json")
    assert ran.json == {"imageSetId": one, "version": "3", "before": "2"}
    assert on_demo("diff", one, "1", "3").out == ""
    assert on_demo("revert", one, "--to", "9").code == 2


def test_copy_whole_in_part_and_into_another(on_demo: Curator, one: str, tmp_path: Path) -> None:
    copied = on_demo("copy", one).out.strip()
    assert on_demo("diff", one, "--to", copied).out == ""
    found = on_demo("list", "--json").json
    several = next(row["imageSetId"] for row in found if row["DICOMNumberOfStudyRelatedInstances"] > 1)
    uids = _instances(on_demo, several)
    (tmp_path / "uids").write_text(uids[0])
    part = on_demo("copy", several, "--instances", tmp_path / "uids", "--json").json["imageSetId"]
    assert _instances(on_demo, part) == uids[:1]
    (tmp_path / "uids").write_text("\n".join(uids[1:]))
    assert on_demo("copy", several, "--to", part, "--instances", tmp_path / "uids").out.strip() == part
    assert sorted(_instances(on_demo, part)) == sorted(uids)
    assert on_demo("copy", several, "--to", part).code == 4  # the instances are there already
    (tmp_path / "uids").write_text("1.2.3")
    assert on_demo("copy", several, "--instances", tmp_path / "uids").code == 2


def test_delete_wants_a_confirmation(on_demo: Curator, one: str) -> None:
    assert on_demo("delete", one).code == 3
    assert on_demo("versions", one).code == 0
    assert on_demo("delete", one, "--yes").code == 0
    assert one not in {row["imageSetId"] for row in on_demo("list", "--json").json}


def test_delete_goes_on_when_the_id_is_typed(
    on_demo: Curator, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("something else\n"))
    assert on_demo("delete", one).code == 3
    monkeypatch.setattr("sys.stdin", Terminal(f"{one}\n"))
    assert on_demo("delete", one).code == 0
