"""A real store with image sets made from arbitrary documents, and plans for them, for the tests of campaigns."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from curator.campaign.applying import Applied, apply
from curator.campaign.journal import Campaign
from curator.campaign.planfile import PlanFile, write_plan
from curator.dicom import Json
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.healthimaging import HealthImaging
from curator.imageset import ImageSetMetadata, parse_path
from curator.localstore import LocalStore, inprocess_client
from curator.localstore.parsed import ParsedFrame, ParsedInstance
from curator.plan.lines import Header
from curator.plan.merging import Party
from curator.plan.publishing import plan_in_place
from curator.plan.units import Unit
from curator.project import Project
from curator.stores import STAGING, staging

WHO = {"user": "ada"}
_numbers = itertools.count()


def node(tree: Mapping[str, Json], *keys: str) -> dict[str, Json]:
    found: Json = dict(tree)
    for key in keys:
        assert isinstance(found, dict)
        found = found[key]
    assert isinstance(found, dict)
    return found


def frame(content: bytes) -> ParsedFrame:
    checksum: Json = [{"Width": 1, "Height": 1, "Checksum": sum(content)}]
    entry: dict[str, Json] = {
        "ID": f"{next(_numbers):032d}",
        "PixelDataChecksumFromBaseToFullResolution": checksum,
        "MinPixelValue": 0,
        "MaxPixelValue": 1,
        "FrameSizeInBytes": len(content),
    }
    return ParsedFrame(entry, content)


def parsed(tree: Mapping[str, Json], *, frames: int = 0) -> list[ParsedInstance]:
    """Return what an import would hand to the storage for a document of one series."""
    series = node(tree, "Study", "Series")
    ((uid, _),) = series.items()
    return [
        ParsedInstance(
            str(node(tree, "Study", "DICOM")["StudyInstanceUID"]),
            uid,
            sop,
            node(tree, "Patient", "DICOM"),
            node(tree, "Study", "DICOM"),
            node(series, uid, "DICOM"),
            node(series, uid, "Instances", sop, "DICOM"),
            node(series, uid, "Instances", sop, "DICOMVRs"),
            tuple(frame(f"{sop} {number}".encode()) for number in range(frames)),
            None,
            "test",
        )
        for sop in node(series, uid, "Instances")
    ]


@dataclass
class Ground:
    """A store, the door to it, and a project beside it."""

    folder: Path
    store: LocalStore
    imaging: HealthImaging
    project: Project
    spec: str = ""
    sets: list[str] = field(default_factory=list)

    def add(self, tree: Mapping[str, Json], *, frames: int = 0) -> str:
        found = self.store.storage.add_image_set(self.imaging.datastore_id, parsed(tree, frames=frames))
        self.sets.append(found.image_set_id)
        return found.image_set_id

    def later(self) -> None:
        """Wait until the store's clock, which tells milliseconds, has gone on."""
        now = int(time.time() * 1000)
        while int(time.time() * 1000) <= now:
            pass

    def bring(self, *files: bytes) -> list[str]:
        """Import DICOM files and return the ids of the image sets they made, in the order of their creation."""
        before = {each.id for each in self.imaging.search()}
        bucket = self.folder / "store" / "staging"
        (bucket / "given").mkdir(parents=True)
        for number, content in enumerate(files):
            (bucket / "given" / f"{number}.dcm").write_bytes(content)
        role = "arn:aws:iam::000000000000:role/test"
        uri = f"s3://{STAGING}/given"
        job = self.imaging.start_import("given", f"{uri}/", f"{uri}/out/", role)
        self.imaging.wait_for_import(job, pause=0.05)
        shutil.rmtree(bucket)
        made = [each for each in self.imaging.search() if each.id not in before]
        assert made, "nothing was imported"
        return [each.id for each in reversed(made)]

    def staged(self) -> list[str]:
        """Return what lies in the bucket for imports."""
        bucket = self.folder / "store" / "staging"
        return [str(path.relative_to(bucket)) for path in bucket.rglob("*")] if bucket.exists() else []

    def party(self, image_set: str) -> Party:
        seen = self.imaging.image_set(image_set)
        updated = seen.updated_at.timestamp() if seen.updated_at else 0.0
        return Party(
            image_set, seen.version, self.imaging.document(image_set), bool(seen.is_primary), updated
        )

    def plan(self, units: Iterable[Unit], name: str = "plan.jsonl") -> PlanFile:
        header = Header(store=self.spec, datastore=self.imaging.datastore_id, title="a test")
        return write_plan(self.folder / name, header, units)

    def campaign(self, units: Iterable[Unit]) -> Campaign:
        return Campaign.begin(self.project, self.plan(units).path)

    def apply(self, campaign: Campaign) -> Applied:
        return apply(campaign, self.imaging, WHO, workers=2)

    def update(self, number: int, image_set: str, *changes: Change) -> Unit:
        return plan_in_place(self.party(image_set), changes, number=number)


@contextmanager
def ground(edition: str = "2025-01", delay: float = 0.0) -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="curator-ground-"))
    buckets = staging(folder / "store")
    store = LocalStore.open(folder / "store", edition=edition, delay=delay, buckets=buckets)
    try:
        client = inprocess_client(store)
        datastore = HealthImaging(client, "").create_datastore("test")
        imaging = HealthImaging(client, datastore)
        while imaging.datastore().status != "ACTIVE":
            time.sleep(delay)
        yield Ground(
            folder, store, imaging, Project.open(folder / "project"), f"local:{folder / 'store'}#{datastore}"
        )
    finally:
        store.close()
        shutil.rmtree(folder)


def document(
    instances: int = 3, *, patient: Mapping[str, Json] | None = None, series: Mapping[str, Json] | None = None,
    first: int = 1, **every: Json,
) -> dict[str, Json]:  # fmt: skip
    """Return a plain document of one series with numbered instances."""
    made: dict[str, Json] = {}
    for number in range(first, first + instances):
        dicom: dict[str, Json] = {
            "SOPInstanceUID": f"1.2.3.4.{number}",
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "InstanceNumber": str(number),
            **every,
        }
        made[f"1.2.3.4.{number}"] = {"DICOM": dicom, "DICOMVRs": {}, "ImageFrames": []}
    return {
        "SchemaVersion": "1.1",
        "Patient": {"DICOM": {"PatientName": "Doe^Jane", "PatientID": "P1", **(patient or {})}},
        "Study": {
            "DICOM": {"StudyInstanceUID": "1.2.3", "StudyDescription": "Head", "StudyID": "1"},
            "Series": {
                "1.2.3.4": {
                    "DICOM": {"SeriesInstanceUID": "1.2.3.4", "Modality": "CT", **(series or {})},
                    "Instances": made,
                }
            },
        },
    }


def change(path: str, before: Json | Absent, after: Json | Absent, vr: str = "LO", rule: str = "R") -> Change:
    return Change(parse_path(path), before, after, vr, Why(rule, "a test"), Safety.SAFE)


def instance(number: int, element: str) -> str:
    return f"Series[1.2.3.4]/Instances[1.2.3.4.{number}]/{element}"


__all__ = [
    "ABSENT",
    "Ground",
    "ImageSetMetadata",
    "change",
    "document",
    "frame",
    "ground",
    "instance",
    "node",
    "parsed",
]
