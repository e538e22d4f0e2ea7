"""What made each version of an image set, as far as this project's ledgers know it.

Campaigns record every call; calls that are made without a plan leave a line ``write`` in the project's own ledger.
A version that no line speaks of was made by somebody else, or by another project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curator.campaign.journal import Phase, anchor

if TYPE_CHECKING:
    from curator.audit import Entry
    from curator.dicom import Json
    from curator.plan.lines import Header
    from curator.project import Project

_REVERT = "revert_to"


@dataclass(frozen=True, slots=True)
class Origin:
    """What made one version. ``campaign`` is its id, ``""`` for a call without a plan; ``revert_to`` a version or ``""``.

    ``operation`` is ``""`` where the line of the call names another image set: for the copy that it made.
    """

    version: str
    operation: str
    user: str
    time: str
    campaign: str = ""
    title: str = ""
    rules: tuple[str, ...] = ()
    undo: bool = False
    revert_to: str = ""

    @property
    def words(self) -> str:
        """What made it, in words: the campaign's title with its rules, or the operation."""
        if self.campaign:
            rules = f" ({', '.join(self.rules)})" if self.rules and not self.undo else ""
            return f"{'undo of ' if self.undo else ''}{self.title or self.campaign[:8]}{rules}"
        return f"revert to version {self.revert_to}" if self.revert_to else self.operation


def origins(project: Project, image_set: str) -> dict[str, Origin]:
    """Return what made the versions of an image set, by version; only those that the project's ledgers speak of."""
    found: dict[str, Origin] = {}
    for folder in project.campaigns():
        found |= {each.version: each for each in _of_campaign(folder, image_set)}
    for entry in _speaking_of(project.root / "ledger.jsonl", image_set):
        if entry["event"] == "write" and entry.get("set") == image_set:
            origin = _origin(entry, str(entry.get("op", "")))
            found[origin.version] = origin
    return found


def record_write(
    project: Project,
    who: dict[str, str],
    operation: str,
    image_set: str,
    version: str,
    *,
    revert_to: str = "",
) -> None:
    """Record a call that was made without a plan, and the version that came of it, in the project's own ledger."""
    said: list[tuple[str, Json]] = [("op", operation), ("set", image_set), ("version", version)]
    if revert_to:
        said.append((_REVERT, revert_to))
    anchor(project, who, "write", said)


def _of_campaign(folder: Path, image_set: str) -> Iterator[Origin]:
    """Yield what a campaign made of an image set. Only lines that name it are read: ledgers may be long."""
    header: Header | None = None
    intents: dict[tuple[Json, Json, Json], Entry] = {}
    rules: dict[Json, tuple[str, ...]] = {}
    for entry in _speaking_of(folder / "ledger.jsonl", image_set):
        header = header or _header(folder / "plan.jsonl")
        place = entry.get("unit"), entry.get("phase"), entry.get("step")
        said = entry.get("rules")
        if entry["event"] == "intent":
            intents[place] = entry
        elif entry["event"] == "unit" and isinstance(said, dict):
            rules[entry.get("unit")] = tuple(said)
        elif entry["event"] == "outcome" and (version := _version_in(entry, image_set)):
            intent = intents.get(place, {})
            yield _origin(
                {**intent, **entry, "version": version},
                str(intent.get("op", "")),
                campaign=folder.name,
                title=header.title,
                # A set that the unit made is not named where it says its rules.
                rules=rules.get(entry.get("unit"), header.rules),
            )


def _version_in(entry: Entry, image_set: str) -> str:
    """Return the version of an image set that a call's outcome tells, ``""`` if it tells none."""
    if entry.get("set") == image_set:
        return str(entry.get("version", ""))
    also = entry.get("also")
    return str(also.get(image_set, "")) if isinstance(also, dict) else ""


def _origin(
    entry: Mapping[str, Json],
    operation: str,
    *,
    campaign: str = "",
    title: str = "",
    rules: tuple[str, ...] = (),
) -> Origin:
    return Origin(
        str(entry.get("version", "")),
        operation,
        str(entry.get("arn") or entry.get("user", "")),
        str(entry.get("time", "")),
        campaign,
        title,
        rules,
        entry.get("phase") == Phase.UNDO,
        str(entry.get(_REVERT, "")),
    )


def _speaking_of(ledger: Path, image_set: str) -> Iterator[Entry]:
    """Yield the lines of a ledger that hold an image set's id, without reading the others as JSON."""
    wanted = image_set.encode()
    try:
        with ledger.open("rb") as lines:
            for line in lines:
                if wanted in line and line.endswith(b"\n"):
                    yield json.loads(line)
    except FileNotFoundError:
        return


def _header(plan: Path) -> Header:
    from curator.plan.lines import read_header

    with plan.open("rb") as lines:
        return read_header(lines.readline())
