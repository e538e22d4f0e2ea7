"""Packing changes into 10 KB calls, on headers of three vendors: calls beside the lower bound by bytes."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

from curator.dicom import Json
from curator.dicom.vr import problem
from curator.findings import ABSENT, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.localstore.dicomfile.decode import decode
from curator.plan import Payload, plan_update
from tests.benchmarks import Row
from tests.tools import SHARED

INSTANCES = 1_000
RULE = Why("benchmark", "")
SHORT = 12


def vendors() -> Iterator[tuple[str, Path]]:
    """Yield a header each of GE and Toshiba (pydicom's own), of Siemens and Philips where ../shared is."""
    from pydicom.data import get_testdata_file

    for name, file in (
        ("GE", "CT_small.dcm"),
        ("Toshiba", "MR_small.dcm"),
        ("GE US", "examples_ybr_color.dcm"),
    ):
        path = get_testdata_file(file)
        assert isinstance(path, str)
        yield name, Path(path)
    for name, pattern in (
        ("Siemens", "neurolabusc__dcm_qa_nih/In/20180918Si/**/*.dcm"),
        ("Philips", "neurolabusc__dcm_qa_enh/**/*.dcm"),
    ):
        found = sorted((SHARED / "data").glob(pattern))
        if found:
            yield name, found[0]


def grown(path: Path) -> ImageSetMetadata:
    """Return a document of 1,000 instances with the header of one real file."""
    read = decode(path.read_bytes())
    instances: dict[str, Json] = {}
    for number in range(1, INSTANCES + 1):
        sop = f"1.2.826.0.1.3680043.8.498.{10**30 + number}"
        dicom: dict[str, Json] = {**read.instance, "SOPInstanceUID": sop, "InstanceNumber": str(number)}
        instances[sop] = {"DICOM": dicom, "DICOMVRs": read.vrs, "ImageFrames": []}
    series = "1.2.826.0.1.3680043.8.498.1234567890123456789012345678"
    level: dict[str, Json] = {**read.series, "SeriesInstanceUID": series}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "Patient": {"DICOM": read.patient},
            "Study": {"DICOM": read.study, "Series": {series: {"DICOM": level, "Instances": instances}}},
        }
    )


def small(value: Json) -> bool:
    """Say whether an attribute stays below a tenth of the cap, as the bound supposes."""
    import msgspec

    return len(msgspec.json.encode(value)) <= Payload().limit // 10


def places(doc: ImageSetMetadata) -> Iterator[tuple[ElementPath, dict[str, Json]]]:
    for uid, sop, instance in doc.instances():
        yield ElementPath.from_pointer(f"/Study/Series/{uid}/Instances/{sop}"), dict(instance.dicom)


def replaced(doc: ImageSetMetadata) -> Iterator[Change]:
    """Yield changes of 12 attributes in every instance."""
    for place, node in places(doc):
        texts = [key for key, value in node.items() if isinstance(value, str) and key[0].isalpha()]
        free = [
            key for key in texts if not key.endswith("UID") and key != "InstanceNumber" and small(node[key])
        ]
        for key in free[:SHORT]:
            path = place.child(key)
            vr = doc.vr_of(path)
            new = next((each for each in ("19000101", "1", "X") if problem(vr, each) is None), None)
            if new is not None and new != node[key]:
                yield Change(path, node[key], new, vr, RULE)


def removed(doc: ImageSetMetadata) -> Iterator[Change]:
    """Yield the removal of everything below a tenth of the cap, but for what keys the instance."""
    for place, node in places(doc):
        for key, value in node.items():
            if key not in ("SOPInstanceUID", "PixelData") and small(value):
                path = place.child(key)
                yield Change(path, value, ABSENT, doc.vr_of(path), RULE)


def uids(doc: ImageSetMetadata) -> Iterator[Change]:
    """Yield new SOP Instance UIDs."""
    for number, (place, node) in enumerate(places(doc)):
        yield Change(
            place.child("SOPInstanceUID"), node["SOPInstanceUID"], f"2.25.{10**37 + number}", "UI", RULE
        )


def run() -> list[Row]:
    rows = []
    cap = Payload().limit
    for vendor, path in vendors():
        doc = grown(path)
        for what, make in (("12 attributes", replaced), ("removal of all", removed), ("new UIDs", uids)):
            plan = plan_update(doc, make(doc))
            bound = ceil(plan.least_bytes / cap)
            calls = len(plan.calls)
            name = f"{vendor}: {what} in 1,000 instances"
            rows.append(Row(name, calls, bound, "", "bytes / cap", "≤ 1.10 ×", calls <= 1.10 * bound))
            if what != "removal of all":
                holds = calls * 15 <= INSTANCES
                rows.append(
                    Row(
                        f"{name}, against one a call",
                        calls,
                        INSTANCES,
                        "",
                        "one an instance",
                        "≤ 1/15",
                        holds,
                    )
                )
    return rows
