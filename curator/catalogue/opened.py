"""The catalogue's open file: statements, one at a time whichever thread asks, and transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curator.catalogue import schema


class Opened:
    """The open file. Every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = schema.connect(path)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Fold the WAL into the file and close it."""
        with self._lock:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error:
                pass  # another process reads: the next one to close folds it
            self._connection.close()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every record of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of the first record, None where there is none."""
        with self._lock:
            record = self._connection.execute(sql, values).fetchone()
        return record[0] if record else None

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute one statement."""
        with self._lock:
            self._connection.execute(sql, values)

    def many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each record of values."""
        with self._lock:
            self._connection.executemany(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and make what is written one transaction."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
