"""The files that `curator import` is given: single ones, folders, and the members of zip archives.

Archives come from strangers. A member's name is never used as a path, sizes are counted while reading rather than
believed, and an archive that unpacks to absurdly more than it holds is refused (zip bombs, overlapping members).
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from curator.errors import LimitExceeded, StoreError, UsageError

RATIO = 200
"""How many times its size an archive may unpack to; DICOM with empty frames reaches a few dozen."""
FREE_OF_DOUBT = 256 * 2**20
"""Bytes that any archive may unpack to."""
LARGEST_MEMBER = 16 * 2**30
"""Bytes of one member: more than any DICOM file HealthImaging takes."""
MOST_MEMBERS = 1_000_000
KEPT_FREE = 2**30
"""Bytes of disk that unpacking leaves free."""
SKIPPED = frozenset({"DICOMDIR"})
"""Files of a medium that are no images."""

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import: its ``name`` for the person, its size in bytes, and how to put it at a path."""

    name: str
    size: int
    place: Callable[[Path], None]


def sources(paths: Iterable[Path], link: Callable[[Path, Path], None]) -> Iterator[Source]:
    """Yield the files of all paths, in order of name; ``link`` puts an existing file at a new path.

    Hidden files and DICOMDIR are left out of folders. Raises `UsageError` for a path that is not there.
    """
    for path in paths:
        if path.is_dir():
            for file in _below(path):
                yield from _of_file(file, link)
        elif path.is_file():
            yield from _of_file(path, link)
        else:
            raise UsageError(f"{path} is no file and no folder")


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name not in SKIPPED:
                yield Path(root, name)


def _of_file(path: Path, link: Callable[[Path, Path], None]) -> Iterator[Source]:
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        yield from _members(path)
    elif path.is_file():  # no sockets, pipes or dangling links
        yield Source(str(path), path.stat().st_size, lambda target: link(path, target))


def _members(path: Path) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if _wanted(member)]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UsageError(f"{path} is no readable zip archive ({type(error).__name__})") from None
    if len(members) > MOST_MEMBERS:
        raise LimitExceeded(f"{path} holds {len(members)} files, and {MOST_MEMBERS} are the limit")
    budget = _Budget(path, max(FREE_OF_DOUBT, RATIO * path.stat().st_size))
    budget.check(sum(member.file_size for member in members))
    for member in members:
        yield Source(f"{path}/{member.filename}", member.file_size, _Extract(path, member, budget))


def _wanted(member: zipfile.ZipInfo) -> bool:
    name = member.filename.rpartition("/")[2]
    return not member.is_dir() and not name.startswith(".") and name not in SKIPPED


@dataclass(slots=True)
class _Budget:
    """How many bytes an archive may still unpack to."""

    archive: Path
    left: int

    def check(self, wanted: int) -> None:
        if wanted > self.left:
            raise LimitExceeded(
                f"{self.archive} unpacks to far more than it holds; it looks like a bomb",
                hint="unpack it yourself, and import the folder, if it is what it should be",
            )

    def spend(self, count: int) -> None:
        self.check(count)
        self.left -= count


@dataclass(frozen=True, slots=True)
class _Extract:
    """Unpacks one member to a path; an encrypted or damaged one becomes an empty file, which the job will name."""

    archive: Path
    member: zipfile.ZipInfo
    budget: _Budget

    def __call__(self, target: Path) -> None:
        if self.member.file_size > LARGEST_MEMBER:
            raise LimitExceeded(f"a file in {self.archive} is larger than {LARGEST_MEMBER} bytes")
        if shutil.disk_usage(target.parent).free < self.member.file_size + KEPT_FREE:
            raise StoreError(
                f"there is no room to unpack {self.archive}", hint="free space below CURATOR_HOME"
            )
        with target.open("xb") as out:
            try:
                with zipfile.ZipFile(self.archive) as archive, archive.open(self.member) as packed:
                    self._copy(packed, out)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError):
                out.truncate(0)

    def _copy(self, packed: Iterable[bytes] | BinaryIO, out: BinaryIO) -> None:
        assert hasattr(packed, "read")
        while chunk := packed.read(_CHUNK):
            self.budget.spend(len(chunk))
            out.write(chunk)


def hard_link(source: Path, target: Path) -> None:
    """Put a file at a new path without copying it, where the file system and its owner allow that."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def soft_link(source: Path, target: Path) -> None:
    """Put a link to the file at a new path: for uploading, which follows it."""
    target.symlink_to(source.resolve())
