"""Image frames as files named by their content: shared by copies, gone when the last image set that has them is."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from curator.errors import StoreError


class FrameFiles:
    """The folder ``frames/``; a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "frames"

    def path(self, key: str) -> Path:
        """Return where the frame of that content address lies."""
        return self.folder / key[:2] / key[2:]

    def put(self, payload: bytes) -> str:
        """Write the frame unless it is there, and return its key; safe from any process."""
        key = hashlib.sha256(payload).hexdigest()
        path = self.path(key)
        if not path.exists():
            try:
                for folder in (self.folder, path.parent):
                    folder.mkdir(exist_ok=True, mode=0o700)
                written = path.with_name(f".{secrets.token_hex(8)}")
                try:
                    with os.fdopen(
                        os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
                    ) as file:
                        file.write(payload)
                    written.rename(path)
                finally:
                    written.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"An image frame cannot be written below {self.folder}: {error.strerror}"
                ) from error
        return key

    def get(self, key: str) -> bytes:
        """Return a frame's bytes; StoreError when its file is missing."""
        try:
            return self.path(key).read_bytes()
        except OSError as error:
            raise StoreError(
                f"An image frame is missing below {self.folder}", hint="`curator stores check` lists what is"
            ) from error

    def delete(self, key: str) -> None:
        """Delete a frame's file, if it is there."""
        self.path(key).unlink(missing_ok=True)

    def all_keys(self) -> Iterator[str]:
        """Iterate over the keys of all files, unfinished ones left out."""
        for path in self.folder.glob("??/[!.]*"):
            yield path.parent.name + path.name
