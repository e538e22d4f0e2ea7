"""The kinds of places an identifier can stand in; each plants one and says nothing of how to find it."""

from __future__ import annotations

import base64
import gzip
import io
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.deid.planter.person import Person

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep")


@dataclass(frozen=True)
class Plant:
    """A document's levels, ready to be planted in."""

    patient: dict[str, Any]
    study: dict[str, Any]
    series: dict[str, Any]
    instance: dict[str, Any]
    vrs: dict[str, str]
    holder: dict[str, Any]
    """The whole instance object: what stands beside its attributes."""

    @classmethod
    def of(cls, tree: dict[str, Any]) -> Plant:
        """Take the first instance of a document."""
        series = next(iter(tree["Study"]["Series"].values()))
        instance = next(iter(series["Instances"].values()))
        return cls(
            tree["Patient"]["DICOM"],
            tree["Study"]["DICOM"],
            series["DICOM"],
            instance["DICOM"],
            instance["DICOMVRs"],
            instance,
        )


def _b64(data: bytes) -> str:
    return base64.b64encode(data + b"\0" * (len(data) % 2)).decode()


def _private(at: Plant, element: str, vr: str, value: Any, creator: str = "PLANTER 1.0") -> None:
    at.instance["00350010"] = creator
    at.vrs["00350010"] = "LO"
    at.instance[f"003510{element}"] = value
    at.vrs[f"003510{element}"] = vr


def _safe(at: Plant, element: str, vr: str, value: Any) -> None:
    """Plant in a private element that PS3.15 E.3.10-1 calls safe."""
    at.instance["20010010"] = "Philips Imaging DD 001"
    at.vrs["20010010"] = "LO"
    at.instance[f"200110{element}"] = value
    at.vrs[f"200110{element}"] = vr


def _code(at: Plant, key: str, meaning: str, **more: Any) -> None:
    at.instance[key] = [
        {"CodeValue": "T-D1100", "CodingSchemeDesignator": "SRT", "CodeMeaning": meaning, **more}
    ]


def _day(day: str, form: str) -> str:
    return form.format(y=day[:4], m=day[4:6], d=day[6:], b=_MONTHS[int(day[4:6]) - 1])


def _plain(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


# The sources: elements by which the subject is known, as any study has them.
def alike(text: str) -> str:
    """Return the text with letters of other scripts that read the same."""
    return text.translate(
        str.maketrans(
            "aeopcxysijkAEOPCXTMHK",
            "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0455\u0456\u0458\u03ba\u0391\u0395\u039f\u0420\u0421\u0425\u0422\u041c\u041d\u041a",
        )
    )


def _zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("x.txt"), text)
    return packed.getvalue()


def identify(at: Plant, who: Person) -> None:
    """Write the person into the elements that say who the subject is."""
    at.patient.update(
        {
            "PatientName": f"{who.family}^{who.given}={who.han}^{who.han_given}",
            "PatientID": who.patient_id,
            "PatientBirthDate": who.birth,
            "PatientMotherBirthName": f"{who.accented}^{who.short}",
            "PatientAddress": who.street,
            "PatientTelephoneNumbers": [who.phone],
        }
    )
    at.study.update(
        {
            "AccessionNumber": who.accession,
            "StudyDate": who.study,
            "ReferringPhysicianName": who.physician,
        }
    )
    at.series["InstitutionName" if "InstitutionName" in at.series else "SeriesDate"] = who.study
    at.instance["InstitutionName"] = who.institution
    at.instance["DeviceSerialNumber"] = who.serial
    at.series.pop("InstitutionName", None)
    at.instance["FrameOfReferenceUID"] = who.uid


Planting = Callable[[Plant, Person], None]
PLACES: dict[str, Planting] = {
    "other ids": lambda at, who: at.patient.update(OtherPatientIDs=[who.patient_id]),
    "other names": lambda at, who: at.patient.update(OtherPatientNames=[f"{who.given}^{who.family}"]),
    "patient comments": lambda at, who: at.patient.update(PatientComments=f"call {who.given} at {who.phone}"),
    "study description": lambda at, who: at.study.update(StudyDescription=f"CT CHEST {who.family}"),
    "series description": lambda at, who: at.series.update(SeriesDescription=f"{who.family} axial"),
    "protocol name": lambda at, who: at.instance.update(ProtocolName=f"{who.family} routine"),
    "image comments": lambda at, who: at.instance.update(ImageComments=f"{who.given}'s second scan"),
    "beam name": lambda at, who: at.instance.update(BeamName=f"{who.family} field 1"),
    "names in operators": lambda at, who: at.instance.update(OperatorsName=[who.physician]),
    "name of three letters": lambda at, who: at.instance.update(SegmentDescription=f"lesion of {who.short}"),
    "nested name": lambda at, who: at.instance.update(
        ReferencedStudySequence=[{"PatientName": f"{who.family}^{who.given}"}]
    ),
    "nested three deep": lambda at, who: at.instance.update(
        DeidentificationActionSequence=[
            {"SegmentSequence": [{"AnatomicRegionSequence": [{"CodeMeaning": f"liver of {who.family}"}]}]}
        ]
    ),
    "code meaning": lambda at, who: _code(at, "AnatomicRegionSequence", f"Chest ({who.family})"),
    "code value": lambda at, who: _code(at, "ViewCodeSequence", "view", LongCodeValue=who.patient_id),
    "PN by component": lambda at, who: at.instance.update(
        AcquisitionContextSequence=[{"PersonName": f"^{who.given}^{who.family}^Dr"}]
    ),
    "ideographic name in text": lambda at, who: at.instance.update(DetectorDescription=f"患者{who.han}様の検査"),
    "initial and name": lambda at, who: at.instance.update(SegmentLabel=f"{who.given[0]}. {who.family}"),
    "upper case, joined": lambda at, who: at.instance.update(
        ContentDescription=f"{who.family}{who.given}".upper()
    ),
    "reversed, underscores": lambda at, who: at.instance.update(
        FilterType=f"{who.given}_{who.family}".lower()
    ),
    "camel case": lambda at, who: at.instance.update(ConvolutionKernel=[f"{who.given}Chest"]),
    "accents dropped": lambda at, who: at.instance.update(
        BarcodeValue=_plain(who.accented), LensMake=who.accented.upper()
    ),
    "transliterated": lambda at, who: at.instance.update(
        LensModel=who.accented.replace("ü", "ue").replace("ö", "oe").replace("ä", "ae").replace("ø", "oe")
    ),
    "mojibake": lambda at, who: at.instance.update(TextString=who.accented.encode().decode("latin-1")),
    "full-width letters": lambda at, who: at.instance.update(DetectorConfiguration=_wide(who.family)),
    "name in a code string": lambda at, who: at.instance.update(ContentLabel=who.family.upper()[:16]),
    "name in an AE title": lambda at, who: at.instance.update(
        RetrieveAETitle=who.family[:16], StationAETitle=[who.family[:16]]
    ),
    "file meta": lambda at, who: at.instance.update(
        SourceApplicationEntityTitle=who.family[:16],
        PrivateInformationCreatorUID=who.uid,
        PrivateInformation=_b64(who.family.encode()),
    ),
    "directory": lambda at, who: at.instance.update(FileSetID=who.family[:16].upper()),
    "date, ISO": lambda at, who: at.instance.update(
        SegmentDescription=f"seen {_day(who.study, '{y}-{m}-{d}')}"
    ),
    "date, European": lambda at, who: at.instance.update(
        TrackSetLabel=f"born {_day(who.birth, '{d}.{m}.{y}')}"
    ),
    "date, American": lambda at, who: at.instance.update(
        TrackSetDescription=f"dob {_day(who.birth, '{m}/{d}/{y}')}"
    ),
    "date, written": lambda at, who: at.instance.update(
        CalibrationDataSequence=[{"DeviceDescription": _day(who.study, "{d} {b} {y}")}]
    ),
    "date, run together": lambda at, who: at.instance.update(
        ApplicationName=f"export{who.study}", AnnotationGroupLabel=f"x {who.study}"
    ),
    "date in a private DA": lambda at, who: _private(at, "05", "DA", who.birth),
    "UID in text": lambda at, who: at.instance.update(AnnotationGroupDescription=f"see {who.uid}."),
    "UID in a sequence": lambda at, who: at.instance.update(
        SourceImageSequence=[{"ReferencedSOPInstanceUID": who.uid}]
    ),
    "UID in a private UI": lambda at, who: _private(at, "06", "UI", who.uid),
    "private text": lambda at, who: _private(at, "01", "LO", f"{who.family} {who.patient_id}"),
    "private text that is safe": lambda at, who: _safe(at, "80", "LO", f"p {who.family}"),
    "UN bytes": lambda at, who: _private(at, "02", "UN", _b64(f"pt {who.family}".encode())),
    "UN bytes, safe": lambda at, who: _safe(at, "90", "UN", _b64(f"pt {who.family}".encode())),
    "UN bytes, UTF-16": lambda at, who: _safe(at, "91", "UN", _b64(f"pt {who.family}".encode("utf-16-le"))),
    "UN bytes, gzip": lambda at, who: _safe(
        at, "92", "OB", _b64(gzip.compress(f"pt {who.family} came".encode(), mtime=0))
    ),
    "bytes among others": lambda at, who: _safe(
        at, "93", "OB", _b64(bytes(range(1, 32)) + f"<{who.family}>".encode() + bytes(range(128, 160)))
    ),
    "private in a private sequence": lambda at, who: _safe(
        at,
        "9A",
        "SQ",
        [
            {
                "PatientName": f"{who.family}^{who.given}",
                "20010010": "Philips Imaging DD 001",
                "20011094": f"p {who.family}",
                "20011050": _b64(f"pt {who.given}".encode()),
            }
        ],
    ),
    "private in a sequence": lambda at, who: at.instance.update(
        AnatomicRegionSequence=[
            {"CodeMeaning": "Chest", "20010010": "Philips Imaging DD 001", "20011094": f"by {who.physician}"}
        ]
    ),
    "an unknown key": lambda at, who: at.instance.update({f"{who.family}": "x"}),
    "a key of an unknown element": lambda at, who: at.instance.update({"00189FF0": f"{who.family}"}),
    "a key beside the attributes' VRs": lambda at, who: _private(at, "09", "LO", who.given),
    "overlay": lambda at, who: at.instance.update(
        {"60000022": f"{who.family}", "60001500": f"{who.given} label", "60004000": who.family}
    ),
    "curve": lambda at, who: at.instance.update({"50000022": who.family, "50002500": who.given}),
    "long text": lambda at, who: at.instance.update(
        TextValue=" ".join(["no finding"] * 200) + f" {who.family}, {who.given} " + "normal study " * 200
    ),
    "structured content": lambda at, who: at.instance.update(
        ContentSequence=[
            {"RelationshipType": "CONTAINS", "ValueType": "PNAME", "PersonName": f"{who.physician}"},
            {"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": f"nodule, {who.family}"},
        ]
    ),
    "base64 in text": lambda at, who: at.instance.update(
        ManufacturerModelName=base64.b64encode(who.family.encode()).decode()
    ),
    "base64 of another character set in text": lambda at, who: at.instance.update(
        SegmentAlgorithmName=base64.b64encode(who.han.encode("shift_jis")).decode()
    ),
    "hexadecimal in text": lambda at, who: at.instance.update(GridID=who.family.encode().hex()),
    "letters that look alike": lambda at, who: at.instance.update(
        ImplantName=alike(who.family), ImplantPartNumber=alike(who.given).upper()
    ),
    "UN bytes, zip": lambda at, who: _safe(at, "95", "OB", _b64(_zipped(f"pt {who.family} came"))),
    "percent signs in an address": lambda at, who: at.instance.update(
        RetrieveURI=f"http://pacs.example/{who.family}%5E{who.given}"
    ),
    "percent signs in text": lambda at, who: at.instance.update(
        PatientSupportAccessoryCode="".join(f"%{byte:02X}" for byte in who.given.encode())[:64] or "x"
    ),
    "entities": lambda at, who: at.instance.update(
        SegmentedPropertyTypeCodeSequence=[
            {"CodeMeaning": "".join(f"&#{ord(each)};" for each in who.family)}
        ]
    ),
    "NULs between letters": lambda at, who: at.instance.update(
        DeviceDescription="\0".join(who.family)
    ),
    "phone": lambda at, who: at.instance.update(ContentCreatorIdentificationCodeSequence=[{"CodeMeaning": who.phone}]),
    "mail": lambda at, who: at.instance.update(PlateType=f"ask {who.mail}"),
    "street": lambda at, who: at.instance.update(ExposureControlModeDescription=who.street),
    "institution in text": lambda at, who: at.instance.update(AcquisitionDeviceProcessingDescription=f"lent by {who.institution}"),
    "serial number in text": lambda at, who: at.instance.update(SoftwareVersions=[f"v2 {who.serial}"]),
    "id without its letters": lambda at, who: at.instance.update(ReasonForStudy=f"no {who.patient_id[3:]}"),
    "id in a number": lambda at, who: at.instance.update(InstanceNumber=who.patient_id[3:]),
    "accession in text": lambda at, who: at.instance.update(AcquisitionProtocolDescription=f"for {who.accession}"),
    "request": lambda at, who: at.series.update(
        RequestAttributesSequence=[
            {"RequestedProcedureDescription": f"{who.family} thorax", "ScheduledProcedureStepID": who.accession[:16]}
        ]
    ),
    "requesting physician": lambda at, who: at.instance.update(RequestingPhysician=who.physician),
    "group length and retired": lambda at, who: at.instance.update(
        {"00080000": 400, "OtherStudyNumbers": who.patient_id[3:11]}
    ),
}  # fmt: skip
"""Kinds of places by name; each writes into the document's levels."""

KEEPERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "Paget disease": ("AnatomicRegionSequence", lambda text: [{"CodeValue": "1", "CodeMeaning": text}]),
    "Down syndrome": (
        "PrimaryAnatomicStructureSequence",
        lambda text: [{"CodeValue": "2", "CodeMeaning": text}],
    ),
    "Rose bengal": ("Radiopharmaceutical", lambda text: text),
    "May-Thurner": ("BeamName", lambda text: text),
    "HEAD DOWN": ("DetectorType", lambda text: text),
}
"""Words that are names too, in elements that no row of the table names: text → (keyword, value)."""


_SHARED = {"00350010", "20010010"}
"""Private creators: several places stand in their block."""


def _writes(name: str, who: Person) -> set[str]:
    """Return the keys that a place writes."""
    at = Plant({}, {}, {}, {}, {}, {})
    PLACES[name](at, who)
    return {*at.patient, *at.study, *at.series, *at.instance}


def plant(tree: dict[str, Any], who: Person, first: int = 0, *, keepers: bool = False) -> list[str]:
    """Write the person into the document and into as many places as fit beside each other; return which.

    The places are tried in their order from the ``first`` on; with ``keepers`` their elements are left alone.
    """
    at = Plant.of(tree)
    identify(at, who)
    taken = {keyword for keyword, _ in KEEPERS.values()} if keepers else set()
    names, done = list(PLACES), []
    for name in names[first % len(names) :] + names[: first % len(names)]:
        keys = _writes(name, who)
        if taken.isdisjoint(keys - _SHARED):
            PLACES[name](at, who)
            taken |= keys
            done.append(name)
    return done


def plant_keepers(tree: dict[str, Any]) -> None:
    """Write the words that must stay into the document."""
    at = Plant.of(tree)
    for text, (keyword, made) in KEEPERS.items():
        at.instance[keyword] = made(text)
