"""Arbitrary small metadata documents, and arbitrary changes to them, as Hypothesis strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from curator.dicom import Json
from curator.findings import ABSENT, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata

text = st.text("ABC xyz^ÄÖ€漢", min_size=1, max_size=12).map(lambda value: f"{value}.")
long_text = st.integers(50, 900).map(lambda length: "L" * length)
uid = st.integers(1, 10**9).map(lambda number: f"1.2.840.{number}")


def listed(found: Sequence[Json]) -> Json:
    return list(found)


def many(values: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    return st.lists(values, min_size=1, max_size=3).map(listed)


PATIENT: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "PatientName": ("PN", text),
    "PatientBirthDate": ("DA", st.sampled_from(["19700101", "20010203"])),
    "PatientComments": ("LT", text | long_text),
    "OtherPatientIDs": ("LO", many(text)),
    "PatientSex": ("CS", st.sampled_from(["M", "F", "O"])),
}
STUDY: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "StudyDescription": ("LO", text),
    "StudyID": ("SH", st.sampled_from(["A1", "B2"])),
    "StudyDate": ("DA", st.sampled_from(["20200101", "20210101"])),
}
SERIES: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "SeriesDescription": ("LO", text),
    "SoftwareVersions": ("LO", many(text)),
    "Modality": ("CS", st.sampled_from(["CT", "MR"])),
}
ITEM: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "ReferencedSOPInstanceUID": ("UI", uid),
    "CodeValue": ("SH", st.sampled_from(["T-1", "T-22"])),
}


def private_item(value: str) -> Json:
    return {"00091004": value}


items = st.lists(
    st.fixed_dictionaries({}, optional={key: values for key, (_, values) in ITEM.items()}),
    min_size=1,
    max_size=3,
).map(listed)
INSTANCE: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "InstanceNumber": ("IS", st.integers(0, 999).map(str)),
    "ImageType": ("CS", many(st.sampled_from(["ORIGINAL", "PRIMARY", "AXIAL"]))),
    "ImageComments": ("LT", text | long_text),
    "Rows": ("US", st.integers(1, 4096)),
    "RealWorldValueSlope": ("FD", st.floats(-1e6, 1e6, allow_nan=False)),
    "ImagePositionPatient": (
        "DS",
        st.lists(st.integers(-99, 99).map(str), min_size=3, max_size=3).map(listed),
    ),
    "ReferencedImageSequence": ("SQ", items),
    "00187FFE": ("LO", text),  # unknown to the service
    "00091001": ("LO", text | long_text),
    "00091002": ("DS", st.integers(0, 99).map(str)),
    "00091003": (
        "SQ",
        st.lists(text.map(private_item), min_size=1, max_size=2).map(listed),
    ),
}
PRIVATE: dict[str, Json] = {
    "00090010": "LO",
    "00091001": "LO",
    "00091002": "DS",
    "00091003": {"00091004": "LO"},
}
LEVELS = {"Patient": PATIENT, "Study": STUDY, "Series": SERIES, "Instances": INSTANCE}


def attributes(of: dict[str, tuple[str, st.SearchStrategy[Json]]]) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries({}, optional={key: values | st.none() for key, (_, values) in of.items()})


@dataclass(frozen=True, slots=True)
class Sample:
    """A document as JSON, and the instances' attributes and VRs that an import would bring it from."""

    tree: dict[str, Json]

    @property
    def doc(self) -> ImageSetMetadata:
        return ImageSetMetadata.from_json(self.tree)


@st.composite
def samples(draw: st.DrawFn, most_instances: int = 4) -> Sample:
    """Draw a document of one series."""
    study_uid, series_uid = "1.2.1", "1.2.1.1"
    instances: dict[str, Json] = {}
    for number in range(draw(st.integers(1, most_instances))):
        sop = f"1.2.1.1.{number + 1}"
        dicom = {
            **draw(attributes(INSTANCE)),
            "SOPInstanceUID": sop,
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        }
        private = sorted(key for key in dicom if key in PRIVATE)
        if private:
            dicom["00090010"] = "ACME"
            private.insert(0, "00090010")
        vrs: dict[str, Json] = {key: PRIVATE[key] for key in private}
        instances[sop] = {"DICOM": dicom, "DICOMVRs": vrs, "ImageFrames": []}
    patient: Json = {**draw(attributes(PATIENT)), "PatientID": "P1"}
    study: Json = {**draw(attributes(STUDY)), "StudyInstanceUID": study_uid}
    series: Json = {**draw(attributes(SERIES)), "SeriesInstanceUID": series_uid}
    return Sample(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "i" * 32,
            "Patient": {"DICOM": patient},
            "Study": {"DICOM": study, "Series": {series_uid: {"DICOM": series, "Instances": instances}}},
        }
    )


RULE = Why("R1", "a property")


def _element_changes(draw: st.DrawFn, doc: ImageSetMetadata, place: ElementPath) -> list[Change]:
    node = doc.attributes(place) or {}
    found: list[Change] = []
    for key, (vr, values) in LEVELS[str(place.level)].items():
        choice = draw(st.sampled_from(["keep", "keep", "write", "remove", "nested"]))
        path, before = place.child(key), node.get(key, ABSENT)
        if choice == "write" and (key not in PRIVATE or "00090010" in node):
            found.append(Change(path, before, draw(values | st.none()), vr, RULE))
        elif choice == "remove" and before is not ABSENT:
            found.append(Change(path, before, ABSENT, vr, RULE))
        elif choice == "nested" and vr == "SQ" and isinstance(before, list):
            found += _nested_changes(draw, path, before)
    return found


def _nested_changes(draw: st.DrawFn, path: ElementPath, items: list[Json]) -> list[Change]:
    found: list[Change] = []
    for index, item in enumerate(items):
        assert isinstance(item, dict)
        if draw(st.booleans()) and len(items) > 1:
            found.append(Change(path.child(index), item, ABSENT, "SQ", RULE))
            continue
        for key, (vr, values) in ITEM.items():
            before = item.get(key, ABSENT)
            after = draw(values | st.just(ABSENT))
            if draw(st.booleans()) and not (before is ABSENT and after is ABSENT):
                found.append(Change(path.child(index, key), before, after, vr, RULE))
    if draw(st.booleans()):
        found.append(Change(path.child(len(items)), ABSENT, {"CodeValue": "NEW"}, "SQ", RULE))
    return found


@st.composite
def changes_to(draw: st.DrawFn, doc: ImageSetMetadata) -> list[Change]:
    """Draw changes to any elements of the document, its UIDs, and removals of instances."""
    found: list[Change] = []
    for place in doc.places():
        found += _element_changes(draw, doc, place)
    sops = [sop for _, sop, _ in doc.instances()]
    if draw(st.booleans()):
        pool = [*sops, *(f"1.9.{number}" for number in range(len(sops)))]
        new = draw(st.lists(st.sampled_from(pool), min_size=len(sops), max_size=len(sops), unique=True))
        for (series, sop, _), target in zip(doc.instances(), new, strict=True):
            path = ElementPath.from_pointer(f"/Study/Series/{series}/Instances/{sop}/DICOM/SOPInstanceUID")
            found.append(Change(path, sop, target, "UI", RULE))
    if draw(st.booleans()):
        (series,) = doc.series
        path = ElementPath.from_pointer(f"/Study/Series/{series}/DICOM/SeriesInstanceUID")
        found.append(Change(path, series, "1.9.9", "UI", RULE))
    if draw(st.booleans()):
        path = ElementPath.from_pointer("/Study/DICOM/StudyInstanceUID")
        found.append(Change(path, doc.study["StudyInstanceUID"], "1.9.9.9", "UI", RULE))
    if len(sops) > 1 and draw(st.booleans()):
        (series,) = doc.series
        path = ElementPath.from_pointer(f"/Study/Series/{series}/Instances/{draw(st.sampled_from(sops))}")
        found.append(Change(path, None, ABSENT, "", RULE))
    return found
