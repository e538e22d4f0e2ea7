"""Gather a subject's identifiers from its originals: every set, every version, every level, every depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import is_private, tag_of_key
from curator.dicom.uids import is_registered
from curator.imageset import ImageSetMetadata
from curator.verify.expectation import Expectations, vr_of
from curator.verify.terms import Terms

IDENTIFYING: Final = frozenset(
    [
        "PatientID",
        "OtherPatientIDs",
        "MedicalRecordLocator",
        "PatientAddress",
        "PatientTelephoneNumbers",
        "PatientTelecomInformation",
        "AccessionNumber",
        "StudyID",
        "AdmissionID",
        "ServiceEpisodeID",
        "RequestedProcedureID",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
        "PlacerOrderNumberProcedure",
        "FillerOrderNumberProcedure",
        "ReferringPhysicianAddress",
        "ReferringPhysicianTelephoneNumbers",
        "PersonAddress",
        "PersonTelephoneNumbers",
        "PersonTelecomInformation",
        "OrderCallbackPhoneNumber",
        "OrderCallbackTelecomInformation",
        "InstitutionName",
        "InstitutionAddress",
        "ScheduledStudyLocation",
        "CurrentPatientLocation",
        "PatientInstitutionResidence",
        "InsurancePlanIdentification",
        "DeviceSerialNumber",
    ]
)
"""Keywords of elements that say who or where somebody is; person names, dates and UIDs count by their VR."""

_OF_A_KIND: Final = {"DA": 0x00080022, "DT": 0x0008002A, "UI": 0x00080018}
"""Acquisition Date, Acquisition DateTime, SOP Instance UID: what is done to them is done to private ones."""

_NAMES: Final = frozenset(
    {"OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ResponsiblePerson"}
)


def gather(documents: Iterable[ImageSetMetadata], expectations: Expectations) -> Terms:
    """Return the identifiers of the subject that all ``documents`` are about.

    What the profile keeps as it is (dates under 113106, an institution under 113112 …) identifies by the user's
    own decision and is not looked for.
    """
    terms = Terms()
    seen: set[tuple[str, str]] = set()
    for document in documents:
        for key, vr, value in _texts(document):
            if (key, value) in seen:
                continue
            seen.add((key, value))
            tag = tag_of_key(key)
            if tag is not None and is_private(tag):
                tag = _OF_A_KIND.get(vr)
            if tag is not None and expectations.of("", (tag,), vr).action == "K":
                continue
            _take(terms, key, vr, value)
    return terms


def _take(terms: Terms, key: str, vr: str, value: str) -> None:
    if vr == "PN" or key in _NAMES:
        terms.name(value)
    elif vr in ("DA", "DT"):
        terms.date(value)
    elif vr == "UI":
        if not key.endswith(("SOPClassUID", "TransferSyntaxUID")) and not is_registered(value.strip(" \0")):
            terms.uid(value.strip(" \0"))
    else:
        terms.identifier(value)


def _texts(document: ImageSetMetadata) -> Iterator[tuple[str, str, str]]:
    """Yield (key, VR, text) of each identifying value at every depth."""
    nodes: list[tuple[Mapping[str, Json], Mapping[str, str]]] = [(document.patient, {}), (document.study, {})]
    nodes += [(series.dicom, {}) for series in document.series.values()]
    nodes += [(instance.dicom, instance.vrs) for _, _, instance in document.instances()]
    while nodes:
        node, declared = nodes.pop()
        for key, value in node.items():
            if value is None:
                continue
            if isinstance(value, list) and value and isinstance(value[0], dict):
                nodes.extend((item, {}) for item in value if isinstance(item, dict))
                continue
            tag = tag_of_key(key)
            vr = vr_of(tag, declared.get(key)) if tag is not None else ""
            if vr in ("PN", "DA", "DT", "UI") or key in IDENTIFYING or key in _NAMES:
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str) and text.strip():
                        yield key, vr, text
