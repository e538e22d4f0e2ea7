"""Peaks of memory: a plan of a million changes, and a large image set, each in a process of its own.

A process's peak is what it takes beyond one that has only imported the same modules. Linux only (``VmHWM``).
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import Row
from tests.benchmarks.documents import big_document
from tests.tools import ROOT

MEGABYTES = 50

_HEAD = """
import sys
from pathlib import Path
from curator.campaign.planfile import write_plan
from curator.findings import ABSENT, Change, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.dicom.levels import Level
from curator.plan.lines import Header
from curator.plan.merging import Party
from curator.plan.publishing import plan_in_place
import msgspec, isal.igzip, curator.imageset.patch, curator.imageset.digest, tempfile
WHY = Why("rule", "because")
def changes(doc, most):
    for count, (series, sop, _) in enumerate(doc.instances()):
        if count >= most:
            return
        place = ElementPath(Level.INSTANCE, series, sop).child("ImageComments")
        yield Change(place, ABSENT, "x" * 20, "LT", WHY, Safety.SAFE)
def planned(documents):
    for number, doc in enumerate(documents):
        yield plan_in_place(Party(f"{number:032d}", "1", doc), list(changes(doc, 10**9)), number=number)
def sets(count):
    for number in range(count):
        instances = {f"1.2.{number}.{each}": {"DICOM": {"SOPInstanceUID": f"1.2.{number}.{each}"}, "DICOMVRs": {}, "ImageFrames": []}
                     for each in range(100)}
        series = {"1.3": {"DICOM": {"SeriesInstanceUID": "1.3"}, "Instances": instances}}
        yield ImageSetMetadata.parse(msgspec.json.encode({"SchemaVersion": "1.1", "Patient": {"DICOM": {}},
              "Study": {"DICOM": {}, "Series": series}}))
def peak():
    # Not ru_maxrss: it begins with what the parent had when it started this process.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
"""
_PROGRAMS = {
    "imports": "",
    "plan": """
with tempfile.TemporaryDirectory() as folder:
    plan = write_plan(Path(folder) / "plan", Header(), planned(sets(int(sys.argv[1]) // 100)))
    assert sum(unit.changes for unit in plan.units()) == int(sys.argv[1])
""",
    "open": """
doc = ImageSetMetadata.parse(Path(sys.argv[1]).read_bytes())
assert sum(1 for _ in doc.instances()) > 1000
""",
    "large": """
with tempfile.TemporaryDirectory() as folder:
    doc = ImageSetMetadata.parse(Path(sys.argv[1]).read_bytes())
    plan = write_plan(Path(folder) / "plan", Header(), planned([doc]))
    assert sum(unit.changes for unit in plan.units()) > 1000
""",
}


def peak(name: str, argument: object = "") -> float:
    """Return the peak of a program's resident memory in MB."""
    program = f"{_HEAD}{_PROGRAMS[name]}\nprint(peak())"
    command = [sys.executable, "-c", program, str(argument)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def run() -> list[Row]:
    bare = peak("imports")
    few, many = peak("plan", 20_000) - bare, peak("plan", 1_000_000) - bare
    rows = [
        Row(
            "plan 1,000,000 changes of 10,000 image sets, memory beyond the imports",
            many,
            few,
            "MB",
            "20,000 changes",
            "≤ 2 ×",
            many <= 2 * few,
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.gz"
        path.write_bytes(gzip.compress(big_document(megabytes=MEGABYTES), 6))
        for name, what, times in (
            ("open", "open", 1.5),
            ("large", "open, change every instance of and plan", 4),
        ):
            taken = peak(name, path) - bare
            rows.append(
                Row(
                    f"{what} an image set of {MEGABYTES} MB, memory beyond the imports",
                    taken,
                    float(MEGABYTES),
                    "MB",
                    "its JSON text",
                    f"≤ {times} ×",
                    taken <= times * MEGABYTES,
                )
            )
    return rows
