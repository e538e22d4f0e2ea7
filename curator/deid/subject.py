"""Who an image set is about: the subject's pseudonym, date offset, and the lexicon of what identifies it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from curator.deid.keyed import Keyed, offset_days, pseudonym
from curator.deid.profile import Profile
from curator.deid.text import Lexicon
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import is_private, tag_of_key, vrs
from curator.imageset import ImageSetMetadata
from curator.imageset.instance import collector_off

# What says who somebody is, beside all person names: ids, numbers, places. Elements by tag.
IDENTIFIERS: frozenset[int] = frozenset(
    {
        0x00100020,  # PatientID
        0x00101000,  # OtherPatientIDs
        0x00101001,  # OtherPatientNames
        0x00101005,  # PatientBirthName
        0x00101040,  # PatientAddress
        0x00101060,  # PatientMotherBirthName
        0x00101090,  # MedicalRecordLocator
        0x00102154,  # PatientTelephoneNumbers
        0x00102155,  # PatientTelecomInformation
        0x00080050,  # AccessionNumber
        0x00200010,  # StudyID
        0x00080080,  # InstitutionName
        0x00080081,  # InstitutionAddress
        0x00080092,  # ReferringPhysicianAddress
        0x00080094,  # ReferringPhysicianTelephoneNumbers
        0x00321020,  # ScheduledStudyLocation
        0x00380010,  # AdmissionID
        0x00380060,  # ServiceEpisodeID
        0x00401001,  # RequestedProcedureID
        0x00402016,  # PlacerOrderNumberImagingServiceRequest
        0x00402017,  # FillerOrderNumberImagingServiceRequest
        0x00181000,  # DeviceSerialNumber
    }
)
_PATIENT_ID, _ISSUER, _STUDY_UID = "PatientID", "IssuerOfPatientID", "StudyInstanceUID"


@dataclass(slots=True)
class Subject:
    """One subject: ``identity`` is what it is known by, ``pseudonym`` what it becomes, ``days`` how dates move."""

    identity: str = field(repr=False)
    pseudonym: str
    days: int = field(repr=False)
    lexicon: Lexicon = field(default_factory=Lexicon, repr=False)
    texts: dict[tuple[bool, bool, str], str] = field(default_factory=dict, repr=False)
    """What the engine made of texts already seen, by (short names too, vocabulary only, text)."""
    bytes: dict[str, str | None] = field(default_factory=dict, repr=False)
    """What the engine made of binary values already seen."""
    unnamed: bool = False
    """There was no PatientID: the study stands for the subject, and the report says so."""


def identity(document: ImageSetMetadata, aliases: Mapping[str, str] | None = None) -> tuple[str, bool]:
    """Return (the subject's identity, whether it had to be taken from the study for want of a PatientID).

    The identity is issuer and original PatientID; ``aliases`` maps an id to the one it stands for. Ids are keys
    and values there as they are, or with their issuer: ``issuer + "\\0" + id`` (`curator.deid.people`).
    """
    patient_id = _text(document.patient.get(_PATIENT_ID)).strip()
    if not patient_id:
        return f"study\0{_text(document.study.get(_STUDY_UID))}", True
    issuer = _text(document.patient.get(_ISSUER)).strip()
    known = aliases or {}
    alias = known.get(f"{issuer}\0{patient_id}") or known.get(patient_id) or f"{issuer}\0{patient_id}"
    return f"patient\0{alias}" if "\0" in alias else f"patient\0{issuer}\0{alias}", False


def _given(known_by: str, assigned: Mapping[str, str]) -> str | None:
    """Return the pseudonym fixed for an identity: by issuer and id, or by the id alone."""
    _, issuer, patient_id = (*known_by.split("\0", 2), "")[:3]
    return assigned.get(f"{issuer}\0{patient_id}") or assigned.get(patient_id or issuer)


def subject(
    documents: Iterable[ImageSetMetadata],
    profile: Profile,
    keyed: Keyed,
    *,
    aliases: Mapping[str, str] | None = None,
    assigned: Mapping[str, str] | None = None,
) -> Subject:
    """Return the subject that all ``documents`` are about, its lexicon gathered over all of them.

    ``assigned`` gives pseudonyms that were fixed beforehand, by the PatientID that aliases lead to. Elements that the profile keeps as
    they are give nothing to the lexicon: an institution that stays may be named in a description too.
    """
    found: Subject | None = None
    for document in documents:
        if found is None:
            known_by, unnamed = identity(document, aliases)
            given = _given(known_by, assigned or {})
            found = Subject(
                known_by,
                given or pseudonym(keyed("pseudonym"), known_by),
                offset_days(keyed("dates"), known_by, weeks=profile.keep_weekday),
                unnamed=unnamed,
            )
        with collector_off():
            _gather(found.lexicon, document, profile)
    if found is None:
        raise ValueError("a subject needs at least one document")
    return found


def _gather(lexicon: Lexicon, document: ImageSetMetadata, profile: Profile) -> None:
    dates_stay = Option.RETAIN_FULL_DATES in profile.options
    seen: set[tuple[int, str, str]] = set()
    for tag, vr, value in _identifying(document):
        if (tag, vr, value) in seen:
            continue
        seen.add((tag, vr, value))
        if profile.verdict(tag, vr).code == "K":
            continue
        if vr == "PN" or tag in (0x00101001, 0x00101005, 0x00101060):
            lexicon.add_name(value)
        elif vr in ("DA", "DT"):
            if tag == 0x00100030 or not dates_stay:
                lexicon.add_date(value)
        else:
            lexicon.add_identifier(value)


class _Identifier(NamedTuple):
    """An element that says who somebody is, and the texts already met in it."""

    key: str
    tag: int
    vr: str
    met: set[str]


def _identifying(document: ImageSetMetadata) -> Iterator[tuple[int, str, str]]:
    """Yield (tag, VR, text) of every identifying element at every depth, each text of an element once.

    Which elements identify is found once for each distinct set of keys: an archive has few.
    """
    identifiers: dict[str, _Identifier] = {}
    of_keys: dict[tuple[str, ...], list[_Identifier]] = {}
    for node in _nodes(document):
        keys = tuple(node)
        found = of_keys.get(keys)
        if found is None:
            found = of_keys[keys] = list(_identifiers(keys, identifiers))
        for key, tag, vr, met in found:
            value = node[key]
            if type(value) is str:
                texts: list[Json] = [value]
            elif type(value) is list and not _holds_items(value):
                texts = value
            else:
                continue
            for text in texts:
                if isinstance(text, str) and text not in met:
                    met.add(text)
                    if text.strip():
                        yield tag, vr, text


def _nodes(document: ImageSetMetadata) -> Iterator[Mapping[str, Json]]:
    """Yield the attributes of every level and item, from the last instance on: each is parsed when it is its turn."""
    for _, _, instance in reversed(list(document.instances())):
        yield from _with_items(instance.dicom)
    for series in reversed(list(document.series.values())):
        yield from _with_items(series.dicom)
    yield from _with_items(document.study)
    yield from _with_items(document.patient)


def _with_items(node: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    stack = [node]
    while stack:
        node = stack.pop()
        for value in node.values():
            if type(value) is list and _holds_items(value):
                stack.extend(item for item in value if isinstance(item, dict))
        yield node


def _holds_items(value: list[Json]) -> bool:
    return bool(value) and isinstance(value[0], dict)


def _identifiers(keys: Iterable[str], known: dict[str, _Identifier]) -> Iterator[_Identifier]:
    for key in keys:
        said = _identifies(key)
        if said is not None:
            yield known.setdefault(key, _Identifier(key, *said, set()))


@lru_cache(maxsize=16384)
def _identifies(key: str) -> tuple[int, str] | None:
    """Return tag and VR of an element that says who somebody is; None of all others."""
    tag = tag_of_key(key)
    if tag is None or is_private(tag):
        return None
    known = vrs(tag)
    vr = known[0] if known else ""
    return (tag, vr) if vr in ("PN", "DA", "DT") or tag in IDENTIFIERS else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
