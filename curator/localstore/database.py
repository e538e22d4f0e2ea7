"""The store's SQLite file: its tables, its modes, one connection a thread, transactions that say what went wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

from curator.errors import StoreError

FILE = "store.sqlite"
APPLICATION = 0x43555253  # "CURS", SQLite's application_id
FORMAT = 1
NOW_AND_ON = 2**31 - 1
"""``until`` of what the latest version still holds."""
OPEN = f"until = {NOW_AND_ON}"
"""The condition on such rows, as a literal: SQLite uses a partial index only for one it can read."""

TABLES = f"""
CREATE TABLE datastore (
  pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, token TEXT NOT NULL UNIQUE, asked BLOB NOT NULL,
  kms TEXT, authorizer TEXT, format TEXT);
CREATE TABLE image_set (
  pk INTEGER PRIMARY KEY, datastore INTEGER NOT NULL REFERENCES datastore, id TEXT NOT NULL UNIQUE,
  created REAL NOT NULL, deleted REAL, accessed REAL NOT NULL,
  latest INTEGER NOT NULL,   -- the newest version, which an operation may still be making
  visible INTEGER NOT NULL,  -- the newest version whose content is there to read; 0: none yet
  state TEXT NOT NULL, status TEXT NOT NULL, is_primary INTEGER NOT NULL);
CREATE INDEX image_set_of_datastore ON image_set (datastore, state);
CREATE TABLE version (
  image_set INTEGER NOT NULL REFERENCES image_set, version INTEGER NOT NULL,
  status TEXT NOT NULL,      -- how the operation that made it ends
  message TEXT, forced INTEGER NOT NULL, updated REAL NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (image_set, version)) WITHOUT ROWID;
CREATE TABLE level (
  image_set INTEGER NOT NULL REFERENCES image_set, since INTEGER NOT NULL, until INTEGER NOT NULL,
  patient BLOB NOT NULL, study BLOB NOT NULL,
  PRIMARY KEY (image_set, since)) WITHOUT ROWID;
CREATE TABLE series (
  image_set INTEGER NOT NULL REFERENCES image_set, number INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, uid TEXT NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (image_set, number, since)) WITHOUT ROWID;
CREATE INDEX series_uid ON series (uid) WHERE {OPEN};
CREATE TABLE instance (
  image_set INTEGER NOT NULL REFERENCES image_set, number INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, series INTEGER NOT NULL,
  base INTEGER NOT NULL,     -- since when the row holds that this one is compressed against; its own: none
  uid TEXT,                  -- NULL: the base's
  frames INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (image_set, number, since)) WITHOUT ROWID;
CREATE TABLE present (       -- the instances of the latest version by their UIDs, which are unique in a set
  image_set INTEGER NOT NULL REFERENCES image_set, uid TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (image_set, uid)) WITHOUT ROWID;
CREATE TABLE dictionary (
  image_set INTEGER NOT NULL REFERENCES image_set, series INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (image_set, series)) WITHOUT ROWID;
CREATE TABLE frame (
  image_set INTEGER NOT NULL REFERENCES image_set, id TEXT NOT NULL,
  key BLOB NOT NULL,         -- names the file
  content_type TEXT,         -- NULL: application/octet-stream
  PRIMARY KEY (image_set, id)) WITHOUT ROWID;
CREATE TABLE doomed (key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX frame_key ON frame (key);
CREATE TABLE summary (       -- what SearchImageSets answers and looks for: the visible version's
  image_set INTEGER PRIMARY KEY REFERENCES image_set, datastore INTEGER NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, is_primary INTEGER NOT NULL,
  patient_id TEXT, accession TEXT, study_id TEXT, study_uid TEXT, series_uid TEXT, studied TEXT NOT NULL, tags BLOB NOT NULL);
CREATE INDEX summary_updated ON summary (datastore, updated, image_set);
CREATE INDEX summary_created ON summary (datastore, created, image_set);
CREATE INDEX summary_studied ON summary (datastore, studied, image_set);
CREATE INDEX summary_patient ON summary (datastore, patient_id, updated, image_set);
CREATE INDEX summary_accession ON summary (datastore, accession, updated, image_set);
CREATE INDEX summary_study_id ON summary (datastore, study_id, updated, image_set);
CREATE INDEX summary_study ON summary (datastore, study_uid, updated, image_set);
CREATE INDEX summary_series ON summary (datastore, series_uid, updated, image_set);
CREATE INDEX summary_primary ON summary (datastore, is_primary, updated, image_set);
CREATE TABLE pending (       -- what becomes visible, and when
  due REAL NOT NULL, pk INTEGER PRIMARY KEY, datastore INTEGER NOT NULL REFERENCES datastore,
  image_set INTEGER REFERENCES image_set, operation TEXT NOT NULL);
CREATE INDEX pending_due ON pending (due);
CREATE TABLE tag (
  arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)) WITHOUT ROWID;
CREATE TABLE event (
  pk INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, time REAL NOT NULL, status TEXT NOT NULL,
  datastore INTEGER NOT NULL REFERENCES datastore, image_set INTEGER REFERENCES image_set,
  is_primary INTEGER,        -- told by newer editions only
  detail BLOB                -- of an import job, as JSON
);
CREATE TABLE import_job (    -- `imports` reads and writes these rows
  pk INTEGER PRIMARY KEY, datastore INTEGER NOT NULL REFERENCES datastore, id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL, submitted REAL NOT NULL, ended REAL, token TEXT NOT NULL,
  lease REAL,                -- until when the process that runs it has said that it lives
  detail BLOB NOT NULL       -- everything else, as JSON
);
CREATE INDEX import_job_of_datastore ON import_job (datastore, submitted);
CREATE UNIQUE INDEX import_job_token ON import_job (datastore, token);
"""


class Database:
    """One file, opened by any number of threads and processes; each thread has its connection."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        _make_private(folder, self.path)
        with _explained(self.path):
            self._prepare(self.connection())

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables in an empty file; refuse one that is not ours or was written by a newer release."""
        with self.transaction():
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            if empty and application == version == 0:
                for statement in TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
                return
        if application != APPLICATION:
            raise StoreError(f"{self.path} is some other program's database; nothing was changed")
        if version > FORMAT:
            raise StoreError(
                f"{self.path} was written by a newer curator (format {version}, this one knows {FORMAT})",
                hint="Install the newer release, or choose another folder with CURATOR_HOME",
            )

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute(
                "PRAGMA synchronous = NORMAL"
            )  # a killed process loses nothing; consistent after power loss
            found.execute("PRAGMA secure_delete = ON")
            found.execute("PRAGMA cache_size = -16000")
            found.execute("PRAGMA mmap_size = 268435456")
            self._local.connection = found
            self._remember(found)
        return found

    def _remember(self, connection: sqlite3.Connection) -> None:
        """Keep a new connection for `close`, and close those of threads that have ended."""
        with self._lock:
            ended = [each for each in self._all if not each[0].is_alive()]
            self._all = [each for each in self._all if each not in ended]
            self._all.append((threading.current_thread(), connection))
        for _, old in ended:
            old.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock (over all processes) and commit everything or nothing; reentrant.

        Raises StoreError when the file cannot be used; nothing is lost then but the transaction.
        """
        with _explained(self.path):
            connection = self.connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection on which several reads see one state; StoreError as `transaction`."""
        return _Reading(self)

    def forget_deleted(self) -> None:
        """Copy the journal into the file and empty it, so that what was deleted is in neither."""
        with _explained(self.path):
            self.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every thread's connection; the last one merges the journal."""
        with self._lock:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


class _Reading:
    """A read transaction; within another one, a part of it. A class, since a search takes 30 µs in all."""

    __slots__ = ("_database", "_ends")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ends = False

    def __enter__(self) -> sqlite3.Connection:
        connection = self._database.connection()
        if not connection.in_transaction:
            try:
                connection.execute("BEGIN")
            except sqlite3.DatabaseError as error:
                raise explain(error, self._database.path) or error from error
            self._ends = True
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ends:
            connection = self._database.connection()
            if connection.in_transaction:
                # After an error a damaged file may refuse COMMIT, too; ROLLBACK reads nothing.
                connection.execute("COMMIT" if error is None else "ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError):
            raise explain(error, self._database.path) or error from error


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo, unless SQLite has done so itself (after SQLITE_FULL, for one)."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


_making = threading.Lock()
"""Held while a file is made: nobody in this process has it open through SQLite meanwhile."""


def _make_private(folder: Path, file: Path) -> None:
    """Make the folder 0700 and the file 0600 before SQLite writes anything; its journals take the file's mode.

    A file that is there is never opened here. To close it again would drop the locks that this process's connections
    hold on it (POSIX: fcntl(2)), and another process that closes the store would take itself for the last one and
    unlink the journal into which this one goes on writing.
    """
    try:
        # Missing parents, too: mkdir(parents=True) makes those by the umask alone.
        for each in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            each.mkdir(mode=0o700, exist_ok=True)
        with _making, contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreError(
            f"The data store's folder {folder} cannot be written: {error.strerror}",
            hint="Choose another folder with CURATOR_HOME",
        ) from error


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into one that says what happened and what is still there."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        explained = explain(error, path)
        if explained is None:
            raise
        raise explained from error
    except OSError as error:
        raise StoreError(f"The data store at {path.parent} cannot be used: {error.strerror}") from error


_MENDS = (
    "`curator stores check` says where, unless the file cannot be opened at all: then put a copy of the folder back,"
    " or let `sqlite3 FILE .recover` save what is left"
)


def explain(error: sqlite3.DatabaseError, path: Path) -> StoreError | None:
    """Return what an error of SQLite's means to a person; None for a mistake of ours."""
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    if name in ("SQLITE_ERROR", "SQLITE_MISUSE") or name.startswith("SQLITE_CONSTRAINT"):
        return None
    reasons = {
        "SQLITE_NOTADB": "is not a data store",
        "SQLITE_FULL": "cannot grow: the disk is full. What was stored before is kept",
        "SQLITE_READONLY": "cannot be written",
        "SQLITE_CANTOPEN": "cannot be opened",
        "SQLITE_BUSY": "has been held by another program for a minute",
        "SQLITE_CORRUPT": "is damaged",
        "SQLITE_IOERR": "cannot be read or written (is the disk full?). What was stored before is kept",
    }
    for start, reason in reasons.items():
        if name.startswith(start):
            return StoreError(f"{path} {reason}", hint=_MENDS if start == "SQLITE_CORRUPT" else "")
    return StoreError(f"{path} cannot be used ({name})")
