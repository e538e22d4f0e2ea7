"""What the list looked like when a store was left, so that the next session begins there.

One file a data store, ``PROJECT/left/ID.json`` (0600): a filter and a cursor may say who a patient is, so
`curator purge` removes it, and ``restore = false`` in the settings keeps it from being written.
"""

from __future__ import annotations

import msgspec

from curator.project import Project, write_private

LEFT = "left"


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """One store as it was left. ``cursor`` is an image set's id, or a group's key."""

    where: str = ""
    sort: str = ""
    descending: bool = False
    columns: tuple[str, ...] = ()
    group_by: str = ""
    facets: bool | None = None
    preview: bool | None = None
    cursor: str = ""


def kept(project: Project, datastore_id: str) -> Memory | None:
    """Return how a data store was left; None where it never was, or the file is not ours."""
    path = project.root / LEFT / f"{datastore_id}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.DecodeError):
        return None


def keep(project: Project, datastore_id: str, memory: Memory) -> None:
    """Keep how a data store is left. Raises `StoreError` where it cannot be written."""
    write_private(project.folder(LEFT) / f"{datastore_id}.json", msgspec.json.encode(memory))
