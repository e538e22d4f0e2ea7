"""Which data stores can be opened from here: recent ones, embedded ones, those served on this machine, AWS's.

What was opened lately is kept in ``CURATOR_HOME/recent.json`` (0600): specs, folders and names, no element values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from curator.errors import CuratorError, StoreError
from curator.project import home, private_folder, write_private
from curator.stores import RECORD, account, holds_store, is_served, local_folder, open_store, whole

RECENT = "recent.json"
MOST = 30
"""How many stores are remembered."""

KINDS = {"local": "embedded", "aws": "AWS", "http": "served", "https": "served"}


class Known(msgspec.Struct, frozen=True):
    """A data store that can be opened: the ``--store`` form that names it, and the project it was last used with."""

    spec: str
    project: str = ""
    name: str = ""
    opened: str = ""  # ISO 8601, UTC; empty: not yet, by this person
    gone: bool = False
    """The folder is not there, or holds no store."""

    @property
    def kind(self) -> str:
        """Return which kind of store it is, as people say it."""
        return KINDS.get(self.spec.partition(":")[0], "")

    @property
    def datastore_id(self) -> str:
        """Return the data store's id."""
        return re.split(r"[#:/]", self.spec)[-1]

    @property
    def where(self) -> str:
        """Return the folder or the endpoint; nothing for AWS."""
        place = self.spec.removesuffix(self.datastore_id).rstrip("#/:").removeprefix("local:")
        return "" if place == "aws" else place

    @property
    def key(self) -> str:
        """Return what tells it from all others: one store may be used with several projects."""
        return f"{self.spec} {self.project}"


def recent() -> list[Known]:
    """Return what was opened lately, the latest first; nothing where the file cannot be read."""
    try:
        return msgspec.json.decode((home() / RECENT).read_bytes(), type=list[Known])
    except (OSError, msgspec.MsgspecError):
        return []


def remember(known: Known) -> None:
    """Put a store first; one that cannot be remembered is opened all the same."""
    _write([known, *(each for each in recent() if each.key != known.key)][:MOST])


def forget(key: str) -> None:
    """Take a store off the list; its data stays as it is."""
    _write([each for each in recent() if each.key != key])


def _write(stores: Sequence[Known]) -> None:
    try:
        write_private(private_folder(home()) / RECENT, msgspec.json.encode(stores))
    except StoreError:
        pass


def pinned(spec: str, datastore_id: str) -> str:
    """Return a spec that names the same data store whatever else comes to be in its folder."""
    return whole(spec, datastore_id) if spec.startswith("local") else spec


def known_stores() -> list[Known]:
    """Return the recent stores, the latest first, then what else is on this machine and was never opened.

    Opens the embedded ones to read their names, so it takes a moment; asks nobody outside this machine.
    """
    found = {each.key: each for each in recent()}
    specs = {each.spec for each in found.values()}
    names = {each.spec: each.name for each in _here()}
    for key, each in found.items():
        if (folder := _folder(each.spec)) is not None and not holds_store(folder):
            found[key] = msgspec.structs.replace(each, gone=True)
    return [*found.values(), *(Known(spec, name=name) for spec, name in names.items() if spec not in specs)]


def _here() -> Iterator[Known]:
    """Yield the data stores of every embedded folder that is known, and those that are served."""
    folders = {(home() / "store").resolve()} | {folder for each in recent() if (folder := _folder(each.spec))}
    for folder in sorted(folders):
        if holds_store(folder):
            yield from _in_folder(folder)
    for record in sorted((home() / "serve").glob(f"*/{RECORD}")):
        yield from _served(record)


def _in_folder(folder: Path) -> Iterator[Known]:
    try:
        opened = open_store(f"local:{folder}", read_only=True)
    except CuratorError:
        return  # damaged, or another's: opening it will say why
    try:
        for store in opened.imaging.datastores():
            if store.status == "ACTIVE":
                yield Known(pinned(f"local:{folder}", store.id), name=store.name)
    finally:
        opened.close()


def _served(record: Path) -> Iterator[Known]:
    try:
        told = msgspec.json.decode(record.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return
    if told.get("datastore_id") and is_served(told["endpoint_url"]):
        yield Known(f"{told['endpoint_url']}/{told['datastore_id']}")


def _folder(spec: str) -> Path | None:
    """Return the folder of an embedded store's spec."""
    return local_folder(spec) if spec.startswith("local") else None


def in_account() -> list[Known]:
    """Return the data stores of the AWS account and region that boto3 is set up for.

    Raises `ServiceError` when AWS cannot be asked, or refuses.
    """
    return [
        Known(f"aws:{store.id}", name=store.name)
        for store in account().datastores()
        if store.status == "ACTIVE"
    ]
