"""The embedded store: an update against rewriting the document, history against gzip copies, search against SQLite."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec

from curator.localstore import Limits, LocalStore, WireRequest
from tests.benchmarks import Row, seconds
from tests.localstore.parsed_instances import like_a_real_one

SERIES = "1.2.826.0.1.7.1.1"
INSTANCES = 100  # what one call of 10 KB can change at most
SETS = 100_000


class Bench:
    """A store of one data store, called by the wire without botocore."""

    def __init__(self, folder: Path) -> None:
        self.store = LocalStore.open(folder, limits=Limits(payload_bytes=25_000))
        self.datastore_id = self.ask("POST", "/datastore", {"clientToken": "b"})["datastoreId"]

    def ask(self, method: str, path: str, body: object, query: str = "") -> dict[str, str]:
        answer = self.store.answer(WireRequest(method, path, query, {}, msgspec.json.encode(body)))
        assert answer.status == 200, answer.body
        found: dict[str, str] = msgspec.json.decode(answer.body)
        return found

    def add(self, count: int) -> str:
        """Add a CT series and return its image set's id."""
        made = self.store.storage.add_image_set(self.datastore_id, list(like_a_real_one(count, SERIES)))
        return made.image_set_id

    def update(self, image_set_id: str, version: int, numbers: range, attribute: str = "ContentTime") -> None:
        """Change one attribute of some instances, by one call."""
        inner = {
            f"{SERIES}.{n}": {"DICOM": {attribute: f"1{version % 10}1112.{n % 1000:03}"}} for n in numbers
        }
        content = {"SchemaVersion": 1.1, "Study": {"Series": {SERIES: {"Instances": inner}}}}
        self.ask(
            "POST",
            f"/datastore/{self.datastore_id}/imageSet/{image_set_id}/updateImageSetMetadata",
            {"DICOMUpdates": {"updatableAttributes": json.dumps(content).encode()}},
            f"latestVersion={version}",
        )

    def document(self, image_set_id: str) -> bytes:
        return self.store.storage.document(self.datastore_id, image_set_id)

    def size(self) -> int:
        """Return the bytes of the database, its journal merged."""
        self.store.storage.database.forget_deleted()
        return self.store.storage.database.path.stat().st_size


def rewrite(document: bytes) -> bytes:
    """Do what a store of whole documents does for each update, with this project's own fast libraries."""
    from isal import igzip

    content = msgspec.json.decode(document)
    instances = content["Study"]["Series"][SERIES]["Instances"]
    for number in range(18):
        instances[f"{SERIES}.{number}"]["DICOM"]["ContentTime"] = "101112"
    return igzip.compress(msgspec.json.encode(content), 1)


def by_turns(one: Callable[[], None], other: Callable[[], None], repeat: int) -> tuple[float, float]:
    """Return the least seconds of each; by turns, so that the machine's other work hits both alike."""
    taken = [(seconds(one, 1), seconds(other, 1)) for _ in range(repeat)]
    return min(ours for ours, _ in taken), min(theirs for _, theirs in taken)


def updates(root: Path) -> list[Row]:
    bench = Bench(root / "updates")
    small, large = bench.add(1_000), bench.add(4_200)
    versions = {each: iter(range(1, 1_000)) for each in (small, large)}
    document = bench.document(small)

    def update(image_set_id: str) -> None:
        bench.update(image_set_id, next(versions[image_set_id]), range(18))

    ours, grown = by_turns(partial(update, small), partial(update, large), 30)
    peer = min(seconds(partial(rewrite, document), 1) for _ in range(5))
    megabytes = len(bench.document(large)) / 1e6
    return [
        Row(
            f"update of 18 among 1,000 instances ({len(document) / 1e6:.0f} MB)",
            ours * 1e3, peer * 1e3, "ms", "rewriting the document, isal and msgspec",
            "≤ 1/25 of rewriting the document", ours <= peer / 25,
        ),
        Row(
            f"the same in a document of {megabytes:.0f} MB",
            grown * 1e3, ours * 1e3, "ms", f"in {len(document) / 1e6:.0f} MB", "≤ 2 ×", grown <= 2 * ours,
        ),
    ]  # fmt: skip


def histories(root: Path) -> list[Row]:
    rows = []
    for name, count, share, bound in (("18", 1_000, 18, 1 / 6), ("all", INSTANCES, INSTANCES, 1 / 2)):
        bench = Bench(root / f"history-{share}")
        bench.store.storage.database.connection()
        before = bench.size()
        image_set_id = bench.add(count)
        copies = len(gzip.compress(bench.document(image_set_id), mtime=0))
        for version in range(1, 20):
            bench.update(image_set_id, version, range(share))
            copies += len(gzip.compress(bench.document(image_set_id), mtime=0))
        ours = bench.size() - before
        rows.append(
            Row(
                f"20 versions, {name} of {count:,} instances changed in each", ours / 1e3, copies / 1e3, "kB",
                "gzip copies, level 9", f"≤ {bound:.3g} ×", ours <= bound * copies,
            )
        )  # fmt: skip
    return rows


def _fill(bench: Bench) -> None:
    """Put 100,000 summaries in, as image sets without instances: what a search sees of them."""
    database = bench.store.storage.database
    tags = json.dumps({f"DICOM{n}": "x" * 12 for n in range(12)}).encode()
    with database.transaction() as connection:
        connection.executemany(
            "INSERT INTO image_set VALUES (?, 1, ?, 1, NULL, 1, 1, 1, 'ACTIVE', 'CREATED', 0)",
            ((n, f"{n:032x}") for n in range(1, SETS + 1)),
        )
        connection.executemany(
            "INSERT INTO summary VALUES (?, 1, ?, 1, 1, ?, 0, ?, ?, 'S', ?, ?, '20240101101010.000000', ?)",
            (
                (n, f"{n:032x}", float(n), f"P{n}", f"A{n}", f"1.2.{n // 4}", f"1.3.{n}", tags)
                for n in range(1, SETS + 1)
            ),
        )


def searches(root: Path) -> list[Row]:
    bench = Bench(root / "search")
    _fill(bench)
    path = f"/datastore/{bench.datastore_id}/searchImageSets"
    numbers = iter(range(1, SETS, 7))

    def search() -> None:
        for _ in range(200):
            value = {"DICOMSeriesInstanceUID": f"1.3.{next(numbers)}"}
            request = WireRequest(
                "POST", path, "", {}, b'{"filters":[{"operator":"EQUAL","values":[%b]}]}' % msgspec.json.encode(value)
            )  # fmt: skip
            answer = bench.store.answer(request)
            assert answer.status == 200

    file = bench.store.storage.database.path
    with closing(sqlite3.connect(file, isolation_level=None)) as bare:
        keys = iter(range(1, SETS, 7))

        def lookup() -> None:
            for _ in range(200):
                found = bare.execute(
                    "SELECT * FROM summary WHERE datastore = 1 AND series_uid = ?", (f"1.3.{next(keys)}",)
                ).fetchall()
                assert len(found) == 1

        ours, peer = (least / 200 for least in by_turns(search, lookup, 30))
    return [
        Row(
            "EQUAL search over 100,000 image sets", ours * 1e6, peer * 1e6, "µs",
            "bare SQLite key lookup", "≤ 5 ×", ours <= 5 * peer,
        )
    ]  # fmt: skip


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return [*updates(root), *histories(root), *searches(root)]
