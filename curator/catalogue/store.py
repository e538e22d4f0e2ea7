"""What the catalogue file keeps, written and read: one lock, short transactions, documents put together again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from curator.catalogue import tagged
from curator.catalogue.opened import Opened
from curator.catalogue.reading import ReadDocument, ReadSeries, hash64

_LEVEL: Final = 3


class Summary(msgspec.Struct, frozen=True):
    """What a search says of an image set: enough to know whether its document must be read again."""

    id: str
    version: int
    created_at: float
    updated_at: float
    primary: bool | None
    tier: str
    patient_id: str
    patient_name: str
    study_uid: str
    study_description: str
    accession: str
    study_date: str
    series_uid: str
    modality: str


class State(msgspec.Struct, frozen=True):
    """What GetImageSet says of the latest version."""

    state: str
    status: str
    message: str
    primary: bool | None


def compress(data: bytes) -> bytes:
    """Return ``data`` as zstd."""
    from backports import zstd

    return zstd.compress(data, level=_LEVEL)


def decompress(data: bytes) -> bytes:
    """Return what `compress` was given."""
    from backports import zstd

    return zstd.decompress(data)


class Shelf(Opened):
    """What the catalogue holds. Streams read in batches."""

    # ── what a listing says ──────────────────────────────────────────────────────────────────────────

    def note(self, summaries: Iterable[Summary], listing: int) -> None:
        """Store what a search said. Texts of the document are kept where it is of the same version."""
        self.many(_NOTE, [(*msgspec.structs.astuple(summary), listing) for summary in summaries])

    def note_state(self, n: int, version: int, state: State) -> None:
        """Store what GetImageSet said of a set's latest version."""
        self.run(
            "UPDATE image_set SET state=?, status=?, message=?, is_primary=coalesce(?, is_primary), state_of=?,"
            " deleted=? WHERE n=?",
            (state.state, state.status, state.message, state.primary, version, state.state == "DELETED", n),
        )

    # ── documents ────────────────────────────────────────────────────────────────────────────────────

    def put(
        self, n: int, version: int, read: ReadDocument, packed: dict[bytes, bytes], *, latest: bool
    ) -> None:
        """Store a document; where it is the latest version, index it in place of the one before."""
        self.many("INSERT OR IGNORE INTO part(hash, data) VALUES (?, ?)", packed.items())
        self.run(
            "INSERT OR REPLACE INTO document(n, version, patient, study, head) VALUES (?, ?, ?, ?, ?)",
            (n, version, read.patient, read.study, read.head),
        )
        self.run("DELETE FROM document_series WHERE n=? AND version=?", (n, version))
        self.many(
            "INSERT INTO document_series(n, version, ordinal, uid, series, instances) VALUES (?, ?, ?, ?, ?, ?)",
            [(n, version, at, each.uid, each.series, each.instances) for at, each in enumerate(read.series)],
        )
        if latest:
            again = self.one("SELECT read_version IS NOT NULL FROM image_set WHERE n=?", (n,))
            self._index(n, version, read)
            if again:
                tagged.doubt_siblings(self, n)

    def _index(self, n: int, version: int, read: ReadDocument) -> None:
        for table in ("series", "instance", "reference"):
            self.run(f"DELETE FROM {table} WHERE n=?", (n,))
        columns = dict(read.columns)
        self.many(
            f"INSERT INTO series VALUES ({', '.join('?' * 17)})",
            [
                _series_row(n, str(columns["study_uid"]), str(columns["patient_id"]), read, each)
                for each in read.series
            ],
        )
        self.many(
            "INSERT OR IGNORE INTO instance(sop, n, content, pixels) VALUES (?, ?, ?, ?)",
            [(row.sop, n, row.content, row.pixels) for each in read.series for row in each.rows],
        )
        self.many(
            "INSERT INTO reference(n, sop, via, series) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET series=excluded.series",
            [(n, *reference) for reference in read.references],
        )
        assignments = ", ".join(f"{name}=?" for name in columns)
        self.run(
            f"UPDATE image_set SET read_version=?, problem='', size=?, {assignments} WHERE n=?",
            (version, read.size, *columns.values(), n),
        )

    def document(self, identifier: str, version: int) -> bytes | None:
        """Return the JSON text of a document, None where it was never read."""
        with self._lock:
            heads = self.all(
                "SELECT d.n, d.head, p.data, s.data FROM document d JOIN image_set i USING (n)"
                " JOIN part p ON p.hash=d.patient JOIN part s ON s.hash=d.study WHERE i.id=? AND d.version=?",
                (identifier, version),
            )
            if not heads:
                return None
            n, head, patient, study = heads[0]
            series = self.all(
                "SELECT x.uid, s.data, i.data FROM document_series x JOIN part s ON s.hash=x.series"
                " JOIN part i ON i.hash=x.instances WHERE x.n=? AND x.version=? ORDER BY x.ordinal",
                (n, version),
            )
        nodes = [
            msgspec.json.encode(uid) + b":" + _with(decompress(node), b"Instances", decompress(instances))
            for uid, node, instances in series
        ]
        whole = _with(bytes(head), b"Patient", decompress(patient))
        return _with(whole, b"Study", _with(decompress(study), b"Series", b"{" + b",".join(nodes) + b"}"))

    def part(self, digest: bytes) -> bytes:
        """Return the JSON text of a part."""
        data = self.one("SELECT data FROM part WHERE hash=?", (digest,))
        return decompress(data) if data is not None else b"{}"

    def forget(self) -> None:
        """Drop all content of sets found deleted, and parts that no document uses any more; their ids stay."""
        with self.transaction():
            gone = [(n,) for (n,) in self.all("SELECT n FROM image_set WHERE deleted AND listed>=0")]
            for table in ("series", "instance", "reference", "document", "document_series"):
                self.many(f"DELETE FROM {table} WHERE n=?", gone)
            self.many(_EMPTIED, gone)
            if gone:
                self.run(_UNUSED_PARTS)


def _with(node: bytes, key: bytes, value: bytes) -> bytes:
    """Return a JSON object's text with one member more."""
    return node[:-1] + (b',"' if len(node) > 2 else b'"') + key + b'":' + value + b"}"


def _series_row(n: int, study: str, patient: str, read: ReadDocument, series: ReadSeries) -> tuple[Any, ...]:
    both = read.patient + read.study
    return (
        *(
            n,
            series.uid,
            study,
            patient,
            read.patient,
            read.study,
            series.series,
            len(series.rows),
            series.frames,
        ),
        *(hash64(series.uid), hash64(both + series.series), hash64(f"{study}\0{patient}")),
        *(hash64(study) if study else 0, hash64(both), hash64(patient)),
        *(hash64(patient) if patient else 0, hash64(read.patient)),
    )


def packed_parts(read: ReadDocument) -> dict[bytes, bytes]:
    """Compress a document's parts: done in the fetching thread, so that writing is short."""
    return {digest: compress(data) for digest, data in read.parts.items()}


_NOTE: Final = """
INSERT INTO image_set(id, version, created_at, updated_at, is_primary, tier, patient_id, patient_name, study_uid,
  study_description, accession, study_date, series_uid, modality, listed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(id) DO UPDATE SET version=excluded.version, created_at=excluded.created_at,
  updated_at=excluded.updated_at, is_primary=excluded.is_primary, tier=excluded.tier, listed=excluded.listed, deleted=0,
  state_of=CASE WHEN version=excluded.version AND updated_at=excluded.updated_at THEN state_of END,
  tags=CASE WHEN version=excluded.version AND updated_at=excluded.updated_at OR tags LIKE '%"curator:%' THEN tags END,
  problem=CASE WHEN version=excluded.version THEN problem ELSE '' END,
  patient_id=CASE WHEN read_version=excluded.version THEN patient_id ELSE excluded.patient_id END,
  patient_name=CASE WHEN read_version=excluded.version THEN patient_name ELSE excluded.patient_name END,
  study_description=CASE WHEN read_version=excluded.version THEN study_description ELSE excluded.study_description END,
  accession=CASE WHEN read_version=excluded.version THEN accession ELSE excluded.accession END,
  study_date=CASE WHEN read_version=excluded.version THEN study_date ELSE excluded.study_date END
"""

_TEXTS: Final = (
    "message patient_id patient_name patient_sex birth_date study_uid study_id accession study_date study_description"
    " series_uid series_number series_description modality body_part manufacturer"
)
_EMPTIED: Final = (
    "UPDATE image_set SET read_version=NULL, conflicts=0, tags=NULL, listed=-1, "
    + ", ".join(f"{column}=''" for column in _TEXTS.split())
    + " WHERE n=?"
)
"""``listed`` -1: deleted, and emptied already."""

_UNUSED_PARTS: Final = """
DELETE FROM part WHERE hash NOT IN (
  SELECT patient FROM document UNION SELECT study FROM document
  UNION SELECT series FROM document_series UNION SELECT instances FROM document_series)
"""
