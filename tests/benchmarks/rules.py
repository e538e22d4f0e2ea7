"""Rules on the document of 1,000 instances, beside parsing its JSON with the standard library."""

from __future__ import annotations

import json

from curator.imageset import ImageSetMetadata
from curator.rulefile import RuleFile, load
from curator.ruleshelf import open_rule_file
from tests.benchmarks import Row, seconds

RULES = """\
version: 1
name: measured
why: To measure.
rules:
  - {id: every-instance, why: x, select: InstanceNumber, do: {pad: 6}}
  - {id: nested, why: x, select: {keyword: ReferencedSOPClassUID, nested: true}, do: remove}
"""


def _blob(instances: int = 1_000) -> bytes:
    nodes = {}
    for number in range(instances):
        elements: dict[str, object] = {f"0009{element:04X}": "private" for element in range(0x1001, 0x1021)}
        elements |= {
            "InstanceNumber": str(number),
            "SOPInstanceUID": f"1.2.{number}",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "ContentDate": "20200101",
            "Rows": 512,
            "PixelSpacing": ["0.5", "0.5"],
            "ReferencedImageSequence": [{"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.3"}],
        }
        nodes[f"1.2.{number}"] = {"DICOM": elements, "DICOMVRs": {}, "ImageFrames": [{"ID": "a" * 32}]}
    series = {"1.1": {"DICOM": {"Modality": "MR", "BodyPartExamined": "Knie"}, "Instances": nodes}}
    tree = {
        "SchemaVersion": "1.1",
        "DatastoreID": "d" * 32,
        "ImageSetID": "a" * 32,
        "Patient": {"DICOM": {"PatientID": "1"}},
        "Study": {"DICOM": {}, "Series": series},
    }
    return json.dumps(tree).encode()


def run() -> list[Row]:
    blob = _blob()
    peer = seconds(lambda: json.loads(blob))

    def row(work: str, file: RuleFile, most: float) -> Row:
        ours = seconds(lambda: file.outcome(ImageSetMetadata.parse(blob)))
        return Row(
            work, ours * 1e3, peer * 1e3, "ms", "json.loads", f"≤ {most:g} × json.loads", ours <= most * peer
        )

    return [
        row("parse, then rules on the series only", open_rule_file("body-part-terms"), 0.5),
        row("parse, then 2,000 changes in 1,000 instances", load(RULES, "measured"), 10),
        row("parse, then rules on the text of every element", open_rule_file("empty-values"), 25),
    ]
