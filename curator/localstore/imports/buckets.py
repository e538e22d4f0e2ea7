"""``s3://`` URIs over folders: a bucket is a name for a folder, and nothing outside that folder can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curator.localstore.faults import Fault, invalid

__all__ = ["Location", "input_files", "locate", "write_private"]

MAX_FOLDERS: Final = 10_000
"""Guide, "Service quotas": nested folders of an import job."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a bucket: the bucket's folder, and the key (prefix) in it."""

    bucket: str
    root: Path
    key: str


def locate(uri: str, buckets: Mapping[str, Path], parameter: str) -> Location:
    """Return where ``uri`` points; ValidationException for a bucket without folder or a key that leaves it."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    folder = buckets.get(bucket)
    if not uri.startswith("s3://") or folder is None:
        raise invalid(f"{parameter}: the bucket is not mapped to a folder (--bucket NAME=DIR)")
    parts = key.split("/")
    if ".." in parts or "." in parts or "\\" in key or "\0" in key or "" in parts[:-1]:
        raise invalid(f"{parameter}: the key may not leave its bucket")
    root = Path(folder).resolve()
    if not (root / key).resolve().is_relative_to(root):
        raise invalid(f"{parameter}: the key may not leave its bucket")
    return Location(bucket, root, key)


def input_files(place: Location, limit: int) -> list[tuple[str, Path]]:
    """Return the files under a prefix as (key, path), ordered by key as S3 lists them.

    Links are followed to files inside the bucket only. Raises Fault for more than ``limit`` files.
    """
    found: list[tuple[str, Path]] = []
    for key, path in _walk(place):
        if len(found) >= limit:
            raise Fault(
                "ServiceQuotaExceededException",
                f"inputS3Uri holds more than {limit} files, the quota of an import job",
            )
        found.append((key, path))
    found.sort()
    return found


def _walk(place: Location) -> Iterator[tuple[str, Path]]:
    parent, _, stem = place.key.rpartition("/")
    start = place.root / parent if parent else place.root
    folders = 0
    for folder, names, files in os.walk(start):
        folders += 1
        if folders > MAX_FOLDERS:
            raise Fault("ServiceQuotaExceededException", f"inputS3Uri holds more than {MAX_FOLDERS} folders")
        if folder == str(start):
            names[:] = [name for name in names if name.startswith(stem)]
            files = [name for name in files if name.startswith(stem)]
        for name in files:
            path = Path(folder, name)
            if path.is_symlink() and not path.resolve().is_relative_to(place.root):
                continue
            if path.is_file():
                yield path.relative_to(place.root).as_posix(), path


def write_private(path: Path, content: bytes) -> None:
    """Write a job's result: the folders 0700, the file 0600, whole or not at all."""
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
