"""Appends to a ledger: one writer, every line on the disk before the call that made it returns."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from curator.dicom import Json
from curator.errors import Refused, StoreError

START: Final = "0" * 64
_TAIL: Final = 1 << 20

Entry: TypeAlias = dict[str, Json]
"""One line of a ledger, with its ``n``, ``time``, ``event`` and ``chain``."""


@dataclass(frozen=True, slots=True)
class Head:
    """The number and chain value of a ledger's newest line; enough to prove all before it."""

    n: int
    chain: str

    def __str__(self) -> str:
        return f"{self.n}:{self.chain}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what ``str`` wrote; ValueError if it is something else."""
        n, _, chain = text.strip().partition(":")
        if len(chain) != 64 or set(chain) - set("0123456789abcdef"):
            raise ValueError("a head is written N:CHAIN, with 64 hex digits")
        return cls(int(n), chain)


def os_user() -> str:
    """Return the name of the user whose process this is, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


class Ledger:
    """The one writer of a ledger file; `Refused` when another process writes it already.

    ``patience`` is for how many seconds to wait for that process first. ``who`` goes into every line (``user``, and
    on AWS ``arn``). A line torn by a kill was never acknowledged:
    it is cut off at the next opening, which says so in a line of its own. Safe to use from several threads.
    """

    def __init__(
        self,
        path: Path,
        who: dict[str, str],
        *,
        patience: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._who = dict(who)
        self._clock = clock
        self._lock = Lock()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise StoreError(f"The ledger {path} cannot be opened: {error.strerror}.") from error
        try:
            self._take(patience)
        except OSError as error:
            os.close(self._file)
            raise Refused(
                f"Another process writes {path}.",
                hint="wait for it; one campaign runs in one process at a time",
            ) from error
        torn = self._cut_torn_line()
        self._head = newest_head(path) or Head(0, START)
        if torn:
            self.append("recovered", torn_bytes=torn)

    def _take(self, patience: float) -> None:
        """Take the lock; BlockingIOError when another process still has it after ``patience`` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    @property
    def head(self) -> Head:
        """The newest line's number and chain."""
        return self._head

    def append(self, event: str, /, **members: Json) -> Head:
        """Write one line and wait until it is on the disk; return the new head."""
        with self._lock:
            n = self._head.n + 1
            moment = self._clock()
            stamp = (
                time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"
            )
            line: Entry = {"n": n, "time": stamp, "event": event, **self._who, **members}
            body = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()[:-1]
            chain = hashlib.sha256(self._head.chain.encode() + body).hexdigest()
            self._write(body + b',"chain":"' + chain.encode() + b'"}\n')
            self._head = Head(n, chain)
            self._keep(self._head)
            return self._head

    def _keep(self, head: Head) -> None:
        """Keep the new head elsewhere, too; for those who have a place. Called under the lock."""

    def close(self) -> None:
        """Let others write."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                raise OSError(28, "no space left on the device")
            os.fsync(self._file)
        except OSError as error:
            raise StoreError(
                f"The ledger {self.path} cannot be written: {error.strerror}.",
                hint="nothing is done that cannot be recorded; make room and run the same command again",
            ) from error

    def _cut_torn_line(self) -> int:
        size = os.fstat(self._file).st_size
        if size == 0:
            return 0
        start = max(0, size - _TAIL)
        tail = os.pread(self._file, size - start, start)
        whole = tail.rfind(b"\n") + 1
        if whole == 0 and start:
            raise StoreError(f"The ledger {self.path} ends in a line longer than {_TAIL} bytes.")
        torn = len(tail) - whole
        if torn:
            os.ftruncate(self._file, size - torn)
            os.fsync(self._file)
        return torn


def newest_head(path: Path) -> Head | None:
    """Return the head of the newest whole line, None for an empty or missing ledger."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        if line.endswith(b"\n"):
            try:
                entry = json.loads(line)
                return Head(int(entry["n"]), str(entry["chain"]))
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"The newest line of the ledger {path} cannot be read.", hint="run `curator audit verify`"
                ) from error
    return None


def entries(path: Path) -> Iterator[Entry]:
    """Yield a ledger's whole lines, oldest first; a torn last line is left out."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise StoreError(
                    f"Line {number} of the ledger {path} cannot be read.", hint="run `curator audit verify`"
                ) from error
            yield entry
