"""The catalogue at scale: finding normalization conflicts by hashes beside parsing and comparing; first rows; filling.

100,000 image sets of real headers' shape; two in a thousand disagree on a level. The peer reads every document's
Patient, Study and Series as JSON and compares, which is what a script against the API does.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from curator.catalogue import Catalogue, Where
from curator.catalogue.reading import hash64
from curator.catalogue.refresh import count_conflicts
from curator.catalogue.view import conflicting
from curator.checks.cases import NOW
from curator.checks.view import Scope
from tests.benchmarks import Row, seconds
from tests.catalogue.stores import summary

SETS = 100_000
SERIES_A_STUDY = 4
TORN_EVERY = 50


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder), "d" * 32)
        blobs = _fill(catalogue)
        rows = [*_conflicts(catalogue, blobs), _recount(catalogue, blobs), _rows(catalogue)]
        catalogue.close()
    return rows


def _templates() -> list[dict[str, Any]]:
    """Return documents of real headers: the bundled files' CT (GE), MR (Toshiba, Philips) and radiographs (Agfa)."""
    from curator.buckets import FolderBucket
    from curator.cli.import_jobs import run_imports
    from curator.cli.sources import hard_link, sources
    from curator.demo_data import seed
    from curator.stores import open_store

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("files", "bucket"):
            (root / name).mkdir()
        seed(root / "files")
        store = open_store(f"local:{root / 'store'}", buckets={"bucket": root / "bucket"})
        role = "arn:aws:iam::000000000000:role/benchmark"
        found = sources([root / "files"], hard_link)
        list(
            run_imports(
                store.imaging, FolderBucket("bucket", root / "bucket"), found, role=role, staging=root
            )
        )
        trees = [store.imaging.document(each.id).to_json() for each in store.imaging.search()]
        store.close()
    wanted = ("CT", "MR", "CR")
    return [tree for tree in trees if next(iter(_series(tree).values()))["DICOM"].get("Modality") in wanted]


def _series(tree: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tree["Study"]["Series"]
    return found


def _document(templates: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """Return the set's document: every 50th series is torn into two, every tenth of those disagrees."""
    series, torn = number, number % TORN_EVERY == 1
    if torn:
        series -= 1
    study = series // SERIES_A_STUDY
    template = templates[study % len(templates)]
    odd = torn and number % (TORN_EVERY * 10) == 1
    node = next(iter(_series(template).values()))
    uid = f"1.2.{study}.{series}"
    one = next(iter(node["Instances"].values()))
    sop = f"1.2.{study}.{series}.{number}"
    elements = {**node["DICOM"], "SeriesInstanceUID": uid, "SeriesNumber": str(series % SERIES_A_STUDY)}
    elements["StationName"] = "B" if odd else "A"
    return {
        "SchemaVersion": "1.1",
        "Patient": {"DICOM": {**template["Patient"]["DICOM"], "PatientID": f"P{study // 2}"}},
        "Study": {
            "DICOM": {**template["Study"]["DICOM"], "StudyInstanceUID": f"1.2.{study}"},
            "Series": {
                uid: {
                    "DICOM": elements,
                    "Instances": {sop: {**one, "DICOM": {**one["DICOM"], "SOPInstanceUID": sop}}},
                }
            },
        },
    }


def _fill(catalogue: Catalogue) -> list[bytes]:
    """Fill the index straight: 100,000 transactions through `put` would be the benchmark's longest part."""
    from curator.catalogue.reading import read_document
    from curator.catalogue.store import State, packed_parts

    shelf = catalogue.shelf
    templates = _templates()
    blobs = [msgspec.json.encode(_document(templates, number)) for number in range(SETS)]
    with shelf.transaction():
        for number, blob in enumerate(blobs):
            identifier = f"{number:032d}"
            shelf.note([summary(identifier, updated_at=NOW - number)], 1)
            read = read_document(blob)
            shelf.put(number + 1, 1, read, packed_parts(read), latest=True)
            shelf.note_state(number + 1, 1, State("ACTIVE", "CREATED", "", None))
    return blobs


def _conflicts(catalogue: Catalogue, blobs: list[bytes]) -> list[Row]:
    """Compare the scans alone: which series, studies and patients disagree."""

    def by_hash() -> list[list[int]]:
        return [conflicting(catalogue.shelf, scope) for scope in Scope]

    def by_parsing() -> list[list[str]]:
        seen: list[defaultdict[str, set[str]]] = [defaultdict(set) for _ in Scope]
        for blob in blobs:
            tree = json.loads(blob)
            patient = json.dumps(tree["Patient"]["DICOM"], sort_keys=True)
            both = patient + json.dumps(tree["Study"]["DICOM"], sort_keys=True)
            for uid, node in tree["Study"]["Series"].items():
                seen[0][uid].add(both + json.dumps(node["DICOM"], sort_keys=True))
            seen[1][tree["Study"]["DICOM"]["StudyInstanceUID"]].add(both)
            seen[2][tree["Patient"]["DICOM"]["PatientID"]].add(patient)
        return [[key for key, values in each.items() if len(values) > 1] for each in seen]

    def by_parsing_levels() -> list[list[str]]:
        """The quickest way there is without an index: instances stay raw."""
        spine = msgspec.json.Decoder(_Spine)
        encode = msgspec.json.Encoder(order="sorted").encode
        seen: list[defaultdict[str, set[bytes]]] = [defaultdict(set) for _ in Scope]
        for blob in blobs:
            tree = spine.decode(blob)
            patient = encode(tree.Patient.DICOM)
            both = patient + encode(tree.Study.DICOM)
            for uid, node in tree.Study.Series.items():
                seen[0][uid].add(both + encode(node.DICOM))
            seen[1][tree.Study.DICOM["StudyInstanceUID"]].add(both)
            seen[2][tree.Patient.DICOM["PatientID"]].add(patient)
        return [[key for key, values in each.items() if len(values) > 1] for each in seen]

    hashed = [sorted(keys) for keys in by_hash()]
    for found in (by_parsing(), by_parsing_levels()):
        assert [sorted(map(hash64, keys)) for keys in found] == hashed
    ours = seconds(by_hash, 3)
    work = f"normalization conflicts, {SETS:,} sets"
    return [
        _row(work, ours, seconds(by_parsing, 1), "parse and compare, json", "≥ 20 × faster", 1 / 20),
        _row(
            work, ours, seconds(by_parsing_levels, 1), "levels alone parsed, msgspec", "≥ 10 × faster", 1 / 10
        ),
    ]


class _Level(msgspec.Struct):
    DICOM: dict[str, Any]


class _SeriesNode(msgspec.Struct):
    DICOM: dict[str, Any]
    Instances: msgspec.Raw


class _Study(msgspec.Struct):
    DICOM: dict[str, Any]
    Series: dict[str, _SeriesNode]


class _Spine(msgspec.Struct):
    Patient: _Level
    Study: _Study


def _recount(catalogue: Catalogue, blobs: list[bytes]) -> Row:
    """Compare recounting every row's conflicts, which a refresh ends with, to one JSON parse of all documents."""
    ours = seconds(lambda: count_conflicts(catalogue.shelf), 3)
    peer = seconds(lambda: [msgspec.json.decode(blob) and None for blob in blobs], 1)
    return _row(
        "recounting every set's conflicts", ours, peer, "parsing all documents once", "≤ 1 × parsing", 1.0
    )


def _rows(catalogue: Catalogue) -> Row:
    """Compare a filtered, sorted list to the list alone: what a filter costs as one types."""
    where = Where.parse('modality:CT study:"head" PatientID:77')
    ours = seconds(lambda: catalogue.rows(where, "-date"), 3)
    peer = seconds(lambda: catalogue.rows(None, "-date"), 3)
    return _row("list --where of 100,000 rows", ours, peer, "list without a filter", "≤ 2 × the list", 2.0)


def _row(work: str, ours: float, peer: float, peer_name: str, reach: str, most: float) -> Row:
    return Row(work, ours * 1000, peer * 1000, "ms", peer_name, reach, ours <= most * peer)
