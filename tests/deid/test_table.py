"""Every row of Table E.1-1 under every option, at the top and at two depths, held to the table as the standard prints it.

What is expected is read from ``../shared/standard/ps315_e1.json`` (the project's own copy of the facts serves where
that is absent) and from PS3.15 E.1's words; nothing of `curator.deid` is used but `deidentified`, the one door at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from curator.dicom import Json
from curator.dicom.confidentiality import Option, table
from curator.dicom.dictionary import attribute, is_private, key_of_tag, multi_valued, tag_of_key, vrs
from curator.dicom.iods import Type, iod_of, type_of
from tests.verify.publication import keyed_with

SHARED = Path("../shared/standard/ps315_e1.json")
CT, UNKNOWN = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.5.6.7"
COLUMNS = {
    "rtnSafePriv": "113111",
    "rtnUIDs": "113110",
    "rtnDevId": "113109",
    "rtnInstId": "113112",
    "rtnPatChars": "113108",
    "rtnLongFull": "113106",
    "rtnLongModif": "113107",
    "cleanDesc": "113105",
    "cleanStructCont": "113104",
    "cleanGraph": "113103",
}
SETTINGS = ("", *(str(option) for option in Option))
BENEATH = ((), (0x00082218,), (0x00082218, 0x00082220))
"""Sequences that no row names: AnatomicRegionSequence, and its modifiers."""

SAMPLES: dict[str, Json] = {
    "AE": "XYZZYQ", "AS": "042Y", "AT": "00280010", "CS": "XYZZYQ", "DA": "20110513", "DS": "17.5",
    "DT": "20110513101112.5", "FD": 17.5, "FL": 17.5, "IS": "17", "LO": "chest xyzzyq", "LT": "chest xyzzyq",
    "OB": "GxwbHA==", "OD": "GxwbHBscGxw=", "OF": "GxwbHA==", "OL": "GxwbHA==", "OV": "GxwbHBscGxw=",
    "OW": "GxwbHA==", "PN": "Xyzzyq", "SH": "xyzzyq", "SL": 17, "SS": 17, "ST": "chest xyzzyq", "SV": 17,
    "TM": "101112", "UC": "chest xyzzyq", "UI": "1.2.3.4.98.76", "UL": 17, "UN": "GxwbHA==", "UR": "urn:xyzzyq",
    "US": 17, "UT": "chest xyzzyq", "UV": 17,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    tag: int
    basic: str
    options: Mapping[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """Return the table with one tag for each mask; the row of private attributes has its own test."""
    if SHARED.is_file():
        printed = json.loads(SHARED.read_text())["rows"]
        found = [
            (each["tag"], each["basic"], {COLUMNS[name]: code for name, code in each["options"].items()})
            for each in printed
        ]
    else:
        found = [
            (row.tag, row.basic, {str(option): code for option, code in row.options.items()})
            for row in table().rows
        ]
    return tuple(
        Row(int(tag.lower().replace("xx", "02", 1).replace("x", "0"), 16), basic, options)
        for tag, basic, options in found
        if all(each in "0123456789abcdefx" for each in tag.lower())
    )


def expected(row: Row, setting: str, kind: Type | None, *, known: bool) -> str:
    """Return the letter of PS3.15 E.1 for the row: its option's, else the Basic Profile's, decided by the Type."""
    if row.tag >> 16 == 0x0004:
        return "X"  # E.1.1: the directory goes, whatever the table says of its UID
    code = row.options.get(setting, row.basic)
    letters = code.replace("U*", "U").split("/")
    if len(letters) == 1 and code != "Z":
        return code
    if code == "Z":
        return "D" if known and kind in (Type.REQUIRED, Type.REQUIRED_IF) else "Z"
    if not known or kind in (Type.REQUIRED, Type.REQUIRED_IF):
        return "U" if "U" in letters else "D" if "D" in letters else "D" if known else "Z"
    if kind in (Type.MAY_BE_EMPTY, Type.MAY_BE_EMPTY_IF):
        return "Z" if "Z" in letters else "D"
    return "X" if "X" in letters else "Z"


def sample(tag: int) -> Json:
    vr = (vrs(tag) or ("UN",))[0]
    if vr == "SQ":
        return [{"CodeMeaning": "chest", "ReferencedSOPInstanceUID": "1.2.3.4.98.77"}]
    value = SAMPLES[vr]
    least = (attribute(tag).vm if attribute(tag) else "1").split("-")[0]  # type: ignore[union-attr]
    return [value] * int(least) if multi_valued(tag) else value


def holds(action: str, tag: int, setting: str, before: Json, after: object) -> bool:
    """Say whether ``after`` is what the action makes of ``before``."""
    vr = (vrs(tag) or ("UN",))[0]
    if action == "X":
        return after is GONE
    if action == "C":
        return cleaned(vr, setting, before, after)
    if after is GONE:
        return False
    if action == "Z":
        return after is None or after != before
    if action == "K":
        return after == before or (vr == "SQ" and isinstance(after, list) and "chest" in str(after))
    if vr == "SQ" and action == "U":
        return isinstance(after, list) and "chest" in str(after) and "1.2.3.4.98.77" not in str(after)
    if vr == "SQ":
        return after is None or (isinstance(after, list) and len(after) == 1 and "chest" not in str(after))
    if action == "U" or vr == "UI":
        return "1.2.3.4.98.76" not in str(after) and "2.25." in str(after)
    return after not in (None, "", []) and after != before


def cleaned(vr: str, setting: str, before: Json, after: object) -> bool:
    if vr in ("DA", "DT") and setting == "113107":
        return after is not GONE and after != before and "20110503" in str(after)
    if vr == "TM":
        return after == before
    if vr == "SQ":
        return after is GONE or "chest" in str(after)
    if isinstance(before, str) and before.startswith("chest"):
        return after == "chest"
    return after is GONE or ("yzzyq" not in str(after).lower() and "GxwbHA" not in str(after))


GONE = object()
MET = {0x00020001: "K", 0x00020002: "K", 0x00020010: "K", 0x00020012: "D", 0x00020013: "D"}


def judged(setting: str, sop_class: str, above: tuple[int, ...]) -> Iterator[str]:
    """Yield what does not come out as the table says, for all rows at once."""
    node = {key_of_tag(row.tag): sample(row.tag) for row in rows()}
    if not above:
        node["SOPClassUID"] = sop_class
    out = deidentified(node, setting, sop_class, above)
    known = iod_of(sop_class) is not None
    for row in rows():
        kind = type_of(sop_class, (*above, row.tag)) if known else None
        action = MET.get(row.tag) or expected(row, setting, kind, known=known)
        key = key_of_tag(row.tag)
        if not holds(action, row.tag, setting, node[key], out.get(key, GONE)):
            yield f"{key} ({row.basic}, {dict(row.options)}): {action} gave {out.get(key, 'nothing')!r:.80}"


def test_the_table_has_657_rows_and_the_projects_copy_is_the_standards() -> None:
    own = {row.tag.lower(): (row.basic, {str(o): c for o, c in row.options.items()}) for row in table().rows}
    assert len(own) == 657
    if SHARED.is_file():
        printed = json.loads(SHARED.read_text())["rows"]
        standard = {
            each["tag"].lower(): (
                each["basic"],
                {COLUMNS[name]: code for name, code in each["options"].items()},
            )
            for each in printed
        }
        assert {tag: row for tag, row in own.items() if tag != "private"} == {
            tag: row for tag, row in standard.items() if tag in own and tag != "private"
        }


@pytest.mark.parametrize("above", BENEATH, ids=["top", "depth 1", "depth 2"])
@pytest.mark.parametrize("setting", SETTINGS, ids=lambda code: code or "basic")
def test_every_row_comes_out_as_the_table_says(setting: str, above: tuple[int, ...]) -> None:
    assert len(rows()) >= 650
    assert list(judged(setting, CT, above)) == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda code: code or "basic")
def test_an_unknown_iod_gets_the_safest_that_keeps_the_object_valid(setting: str) -> None:
    assert list(judged(setting, UNKNOWN, ())) == []


# Compound codes, from PS3.3 by hand: what the Type in the IOD makes of them. R: references stay, remapped. Where the
# table's plain X meets what no instance of the class may lack, a dummy holds to both.
ROOT = "1.2.840.10008.5.1.4.1.1."
BY_HAND: dict[str, tuple[str, str]] = {
    "CT Image": ("2", "SeriesDate X, AcquisitionDate X, ContentDate Z, AcquisitionDateTime X, OperatorsName X, "
                 "ContrastBolusAgent Z, ReferencedImageSequence X, PatientID P, DeviceSerialNumber X"),
    "MR Image": ("4", "ContentTime Z, ProtocolName X, StationName X, SeriesTime X, InstanceCreationDate X"),
    "Enhanced CT Image": ("2.1", "AcquisitionDateTime D, ContentDate D, ContentTime D, DeviceSerialNumber D, "
                          "AcquisitionContextSequence Z"),
    "PET Image": ("128", "SeriesDate D, SeriesTime D, AcquisitionDate Z, AcquisitionTime Z, AcquisitionDateTime X"),
    "Comprehensive SR": ("88.33", "ContentDate D, ContentTime D, ReferencedPerformedProcedureStepSequence Z, "
                         "SeriesDate X"),
    "RT Structure Set": ("481.3", "OperatorsName Z, ReviewerName Z, SeriesDate X, StationName X"),
    "RT Plan": ("481.5", "RTPlanDate D, RTPlanTime D, OperatorsName Z, TreatmentSite X"),
    "Segmentation": ("66.4", "ContentDate D, DeviceSerialNumber D, SeriesDate X"),
    "US Image": ("6.1", "AcquisitionDateTime D, ContentDate Z, SourceImageSequence X, ContrastBolusAgent Z"),
    "12-lead ECG": ("9.1.1", "AcquisitionDateTime D, ContentDate D, WaveformAnnotationSequence D, "
                    "AcquisitionContextSequence Z"),
    "VL Whole Slide Microscopy": ("77.1.6", "AcquisitionDateTime D, BarcodeValue Z, LabelText Z, "
                                  "DeviceSerialNumber D"),
    "Encapsulated PDF": ("104.1", "ContentDate Z, AcquisitionDateTime Z, SeriesDate X"),
    "X-Ray Angiographic Image": ("12.1", "ReferencedImageSequence R, ContentDate Z, DetectorID X"),
    "Grayscale Presentation State": ("11.1", "PresentationCreationDate D, PresentationCreationTime D, SeriesDate X, "
                                     "SeriesTime X"),
    "Key Object Selection": ("88.59", "ContentDate D, ReferencedPerformedProcedureStepSequence Z"),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_compound_codes_are_decided_by_the_type_in_the_iod(name: str) -> None:
    suffix, outcomes = BY_HAND[name]
    wanted = dict(each.split() for each in outcomes.split(", "))
    node: dict[str, Json] = {key: sample(tag_of_key(key) or 0) for key in wanted}
    out = deidentified(node, "", ROOT + suffix, ())
    for key, action in wanted.items():
        tag = tag_of_key(key) or 0
        after = out.get(key, GONE)
        if action == "P":
            assert after == PSEUDONYM
        elif action == "Z":
            assert after is None, key
        else:
            assert holds({"R": "U"}.get(action, action), tag, "", node[key], after), key


def test_private_rows_hold_at_every_depth_but_for_what_the_standard_calls_safe() -> None:
    private: dict[str, Json] = {"70530010": "Philips PET Private Group", "70531009": "1", "70531077": "y"}
    private |= {"00090010": "SOMEBODY", "00091001": "z", "00090000": 12}
    for above in BENEATH:
        assert deidentified(private, "", CT, above) == {}
        kept = deidentified(private, "113111", CT, above)
        assert kept.keys() == {"70530010", "70531009"}


def test_file_meta_keeps_what_e_1_1_names_whatever_the_options() -> None:
    meta: dict[str, Json] = {
        "FileMetaInformationVersion": "AAE=",
        "MediaStorageSOPClassUID": CT,
        "MediaStorageSOPInstanceUID": "1.2.3.4.98.76",
        "TransferSyntaxUID": "1.2.840.10008.1.2.1",
        "ImplementationClassUID": "1.2.3.4.98.76",
        "ImplementationVersionName": "XYZZYQ",
        "SourceApplicationEntityTitle": "XYZZYQ",
        "PrivateInformationCreatorUID": "1.2.3.4.98.76",
        "PrivateInformation": "GxwbHA==",
    }
    for setting in SETTINGS:
        out = deidentified(meta, setting, CT, ())
        assert len(out) == 6
        assert out["MediaStorageSOPClassUID"] == CT
        assert out["TransferSyntaxUID"] == meta["TransferSyntaxUID"]
        assert out["ImplementationClassUID"] != meta["ImplementationClassUID"]
        assert "XYZZYQ" not in str(out)


@pytest.mark.parametrize(
    ("vr", "keyword"), [("PN", "PersonName"), ("DA", "PlacerOrderDate"), ("UI", "GeneralPurposeUID")]
)
def test_elements_that_no_row_names_act_by_their_vr(vr: str, keyword: str) -> None:
    newer = {"PN": "00189FE0", "DA": "00189FE1", "UI": "00189FE2"}[vr]  # tags no edition knows yet
    out = deidentified({newer: SAMPLES[vr]}, "", CT, (), private_vrs={newer: vr})
    assert out.get(newer) != SAMPLES[vr], keyword


def test_uids_of_classes_stay_registered_or_private() -> None:
    node: dict[str, Json] = {"SOPClassUID": "1.3.12.2.1107.5.9.1", "ReferencedSOPClassUID": "1.2.3.4.5"}
    assert deidentified(node, "", CT, ()) == node


# ── the one door ─────────────────────────────────────────────────────────────────────────────────────

PSEUDONYM = "PSEUDO"


@cache
def _engine(setting: str) -> Callable[..., dict[str, Any]]:
    from curator.deid import Engine, Profile, Subject

    options = frozenset({Option(setting)}) if setting else frozenset[Option]()
    engine = Engine(Profile("table", options), keyed_with(b"table"))
    return lambda node, **about: engine.apply(node, Subject("somebody", PSEUDONYM, -10), **about)


def deidentified(
    node: Mapping[str, Json],
    setting: str,
    sop_class: str,
    above: tuple[int, ...],
    private_vrs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the Basic Profile, with the option of this code, makes of attributes beneath ``above``."""
    vrs_of = private_vrs or {key: "LO" for key in node if is_private(tag_of_key(key) or 0)}
    return _engine(setting)(node, sop_class=sop_class, above=above, private_vrs={} if above else vrs_of)
