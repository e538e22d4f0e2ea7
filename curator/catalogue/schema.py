"""The catalogue's tables, and how its file is opened: 0600, deleted pages overwritten, the WAL truncated.

A document is kept in **parts** (the Patient, the Study and each Series element group, and each series' Instances),
compressed and keyed by their hash: versions that differ in the patient's name share everything else. The rows of
`image_set`, `series`, `instance` and `reference` describe the newest version read; `document` keeps every version.

Conflicts are found on 64-bit hashes alone: ``in_…`` names the series, study or patient that a row belongs to,
``…_says`` hashes all that must agree within it, ``…_stands`` where it stands (study and patient of a series, patient of
a study). A group whose least and greatest hash differ disagrees. Image sets in `merged_away` are members of no group.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import zlib
from pathlib import Path
from typing import Final

from curator.errors import StoreError

TABLES: Final = """
CREATE TABLE image_set (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  read_version INTEGER,
  problem TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
  state_of INTEGER,
  is_primary INTEGER,
  created_at REAL NOT NULL DEFAULT 0, updated_at REAL NOT NULL DEFAULT 0,
  tier TEXT NOT NULL DEFAULT '',
  tags TEXT,
  listed INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  patient_id TEXT NOT NULL DEFAULT '', patient_name TEXT NOT NULL DEFAULT '', patient_sex TEXT NOT NULL DEFAULT '',
  birth_date TEXT NOT NULL DEFAULT '',
  study_uid TEXT NOT NULL DEFAULT '', study_id TEXT NOT NULL DEFAULT '', accession TEXT NOT NULL DEFAULT '',
  study_date TEXT NOT NULL DEFAULT '', study_description TEXT NOT NULL DEFAULT '',
  series_uid TEXT NOT NULL DEFAULT '', series_number TEXT NOT NULL DEFAULT '',
  series_description TEXT NOT NULL DEFAULT '', modality TEXT NOT NULL DEFAULT '',
  body_part TEXT NOT NULL DEFAULT '', manufacturer TEXT NOT NULL DEFAULT '',
  instances INTEGER NOT NULL DEFAULT 0, frames INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL DEFAULT 0,
  deidentified INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX image_set_by_update ON image_set(deleted, updated_at DESC, id);
CREATE INDEX image_set_pending ON image_set(deleted, read_version, version);
CREATE TABLE part (hash BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
  n INTEGER NOT NULL, version INTEGER NOT NULL,
  patient BLOB NOT NULL, study BLOB NOT NULL, head BLOB NOT NULL,
  PRIMARY KEY (n, version)
) WITHOUT ROWID;
CREATE TABLE document_series (
  n INTEGER NOT NULL, version INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  uid TEXT NOT NULL, series BLOB NOT NULL, instances BLOB NOT NULL,
  PRIMARY KEY (n, version, ordinal)
) WITHOUT ROWID;
CREATE TABLE series (
  n INTEGER NOT NULL, uid TEXT NOT NULL, study_uid TEXT NOT NULL, patient_id TEXT NOT NULL,
  patient BLOB NOT NULL, study BLOB NOT NULL, series BLOB NOT NULL,
  instances INTEGER NOT NULL, frames INTEGER NOT NULL,
  in_series INTEGER NOT NULL, series_says INTEGER NOT NULL, series_stands INTEGER NOT NULL,
  in_study INTEGER NOT NULL, study_says INTEGER NOT NULL, study_stands INTEGER NOT NULL,
  in_patient INTEGER NOT NULL, patient_says INTEGER NOT NULL,
  PRIMARY KEY (n, uid)
) WITHOUT ROWID;
CREATE INDEX series_by_uid ON series(in_series, series_says, series_stands);
CREATE INDEX series_by_study ON series(in_study, study_says, study_stands);
CREATE INDEX series_by_patient ON series(in_patient, patient_says);
CREATE TABLE instance (
  sop INTEGER NOT NULL, n INTEGER NOT NULL, content INTEGER NOT NULL, pixels INTEGER NOT NULL,
  PRIMARY KEY (sop, n)
) WITHOUT ROWID;
CREATE INDEX instance_by_set ON instance(n);
CREATE TABLE reference (
  n INTEGER NOT NULL, sop INTEGER NOT NULL, via TEXT NOT NULL, series INTEGER NOT NULL,
  PRIMARY KEY (n, sop, via)
) WITHOUT ROWID;
CREATE TABLE merged_away (n INTEGER PRIMARY KEY);
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""

READING: Final = 2
"""Raised when `reading` finds other rows in the same document."""
FORMAT: Final = zlib.crc32(f"{READING}{TABLES}".encode()) >> 1 or 1
"""`PRAGMA user_version`. A catalogue of another format is made anew: it only repeats what the service holds."""


def connect(path: Path) -> sqlite3.Connection:
    """Open, or make, the catalogue file.

    Raises `StoreError` if it cannot be used. A file of another format is replaced.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        connection = _connect(path)
        if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
            connection.close()
            remove(path)
            connection = _connect(path)
        _make_tables(connection)
    except sqlite3.Error as error:
        raise StoreError(
            f"the catalogue cannot be opened: {error}",
            hint="`curator catalogue purge` removes it; the next refresh reads the data store again",
        ) from error
    return connection


_making = threading.Lock()
"""Held while a file is made: nobody in this process has it open through SQLite meanwhile."""


def _connect(path: Path) -> sqlite3.Connection:
    # A file that is there is not opened: to close it would drop the locks that this process's other connections hold on
    # it (POSIX: fcntl(2)), and the next process to close the catalogue would unlink the journal that is in use.
    with _making, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-65536")
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in TABLES.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={FORMAT}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def remove(path: Path) -> None:
    """Delete the catalogue's files: the database, its WAL and its shared memory."""
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
