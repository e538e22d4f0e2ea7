"""A campaign: the folder of a plan being carried out, and what its ledger says has been done so far.

    campaigns/<plan digest>/
      plan.jsonl      the plan as it was reviewed
      ledger.jsonl    every intent before its call, every outcome after it (`curator.audit`)
      head.json       the ledger's newest head: lines cut off the end show against it
      originals/      documents of image sets that `finish` deleted, from which undo rebuilds them

The ledger is the state: there is no second record that could disagree with it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from curator.audit import Entry, Head, Ledger, entries, newest_head
from curator.campaign.planfile import PlanFile
from curator.dicom import Json
from curator.errors import Refused, UsageError
from curator.project import Project, private_folder

if TYPE_CHECKING:
    from curator.plan.units import Unit


class Phase(StrEnum):
    """Which walk a recorded call belongs to."""

    APPLY = "apply"
    UNDO = "undo"
    FINISH = "finish"


class Status(StrEnum):
    """Where a unit stands."""

    WAITING = "waiting"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    MOVED = "moved"
    LOCKED = "locked"
    OPEN = "open"
    UNDONE = "undone"
    FINISHED = "finished"
    REBUILT = "rebuilt"


NEXT_STEP: dict[Status, str] = {
    Status.WAITING: "apply the plan",
    Status.BEGUN: "apply the plan again: it goes on where it stopped",
    Status.FAILED: "the service refused it; read the reason, then plan this image set again (undo takes back what came before)",
    Status.MOVED: "others changed the image set: plan it again (undo takes back what was done before)",
    Status.LOCKED: "others work on the image set: apply again later",
    Status.OPEN: "the service gave no clear answer: apply again, it looks before it repeats anything",
}
"""What to do about a unit that is not done."""


@dataclass(slots=True)
class StepState:
    """One recorded call: its intent, and its outcome when that is known."""

    intent: Entry
    outcome: Entry | None = None


@dataclass(slots=True)
class UnitState:
    """What the ledger knows of one unit. ``names`` maps ``$1`` to ids; ``versions`` ids to our own latest."""

    status: Status = Status.WAITING
    reason: str = ""
    steps: dict[tuple[str, int], StepState] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    verified: str = ""

    def read(self, entry: Entry) -> None:
        """Take in one line."""
        match entry["event"]:
            case "intent":
                key = str(entry["phase"]), _int(entry["step"])
                self.steps.setdefault(key, StepState(entry))
                if self.status is Status.WAITING:
                    self.status = Status.BEGUN
            case "outcome":
                state = self.steps.get((str(entry["phase"]), _int(entry["step"])))
                if state is not None:
                    state.outcome = entry
                if "version" in entry:
                    self.versions[str(entry["set"])] = str(entry["version"])
                also = entry.get("also")
                if isinstance(also, dict):
                    self.versions |= {other: str(version) for other, version in also.items()}
                if "name" in entry:
                    self.names[str(entry["name"])] = str(entry["set"])
            case "unit":
                self.status, self.reason = Status(str(entry["state"])), str(entry.get("reason", ""))
            case "verified":
                self.verified = str(entry["state"])
            case _:
                pass

    def done_steps(self, phase: Phase = Phase.APPLY) -> int:
        """Return how many calls of a phase have an outcome."""
        return sum(
            1 for (name, _), state in self.steps.items() if name == phase and state.outcome is not None
        )

    def id_of(self, name: str) -> str:
        """Return the id of an image set that the unit names."""
        return self.names[name] if name.startswith("$") else name

    def version_of(self, unit: Unit, name: str) -> str:
        """Return the version that an image set of the unit has by our own doing."""
        known = self.versions.get(self.id_of(name))
        if known is not None:
            return known
        member = unit.member(name)
        assert member is not None
        return member.version


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value


class Campaign:
    """A plan's folder in a project."""

    def __init__(self, project: Project, plan: PlanFile, folder: Path) -> None:
        self.project = project
        self.plan = plan
        self.folder = folder

    @classmethod
    def begin(cls, project: Project, path: Path) -> Campaign:
        """Return the campaign of the plan at ``path``, made when it is new; the plan is kept in its folder."""
        plan = PlanFile.open(path)
        folder = project.campaign(plan.digest)
        kept = folder / "plan.jsonl"
        if not kept.exists():
            temporary = folder / ".plan.jsonl.part"
            shutil.copyfile(path, temporary)
            temporary.chmod(0o600)
            os.replace(temporary, kept)
        return cls(project, PlanFile.open(kept), folder)

    @classmethod
    def open(cls, project: Project, name: str) -> Campaign:
        """Return the campaign whose id begins with ``name`` (or that of the plan file ``name``)."""
        found = [each for each in project.campaigns() if each.name.startswith(name)]
        if len(found) == 1 and name:
            return cls(project, PlanFile.open(found[0] / "plan.jsonl"), found[0])
        if Path(name).is_file():
            digest = PlanFile.open(Path(name)).digest
            if (project.root / "campaigns" / digest / "plan.jsonl").exists():
                return cls.open(project, digest)
        many = "several campaigns" if len(found) > 1 else "no campaign"
        raise UsageError(f"There is {many} {name!r} in this project.", hint="`curator campaigns` lists them")

    @property
    def id(self) -> str:
        """The plan's digest."""
        return self.plan.digest

    @property
    def ledger_path(self) -> Path:
        """The campaign's ledger."""
        return self.folder / "ledger.jsonl"

    @property
    def originals(self) -> Path:
        """The folder of documents kept by `finish`."""
        return private_folder(self.folder / "originals")

    def state(self) -> dict[int, UnitState]:
        """Return what the ledger says of each unit that it speaks of."""
        units: dict[int, UnitState] = {}
        for entry in self.entries():
            if isinstance(number := entry.get("unit"), int):
                units.setdefault(number, UnitState()).read(entry)
        return units

    def entries(self) -> Iterator[Entry]:
        """Yield the ledger's lines."""
        return entries(self.ledger_path)

    @property
    def head(self) -> Head | None:
        """The newest head as it was kept beside the ledger."""
        try:
            kept = json.loads((self.folder / "head.json").read_bytes())
            return Head(int(kept["n"]), str(kept["chain"]))
        except FileNotFoundError:
            return newest_head(self.ledger_path)

    def require_store(self, datastore: str) -> None:
        """Raise `Refused` when the plan was made for another data store."""
        planned = self.plan.header.datastore
        if planned and planned != datastore:
            raise Refused(
                f"The plan is for data store {planned}, not for {datastore}.",
                hint="name the plan's own --store",
            )

    def open_ledger(self, who: dict[str, str]) -> CampaignLedger:
        """Return the writer of this campaign's ledger; `Refused` while another process has it, or when it was cut."""
        return CampaignLedger(self, who)


class CampaignLedger(Ledger):
    """A campaign's ledger, which keeps its head beside itself: a line cut off the end shows against it."""

    def __init__(self, campaign: Campaign, who: dict[str, str]) -> None:
        self._kept = campaign.folder / "head.json"
        self._trusted = False
        kept = campaign.head
        super().__init__(campaign.ledger_path, who)
        if kept is not None and (kept.n > self.head.n or (kept.n == self.head.n and kept != self.head)):
            self.close()
            raise Refused(
                f"Lines were cut off the ledger of campaign {campaign.id[:12]}: it does not reach its head.",
                hint="nothing was done; put a whole copy back (`curator audit verify` says what is missing)",
            )
        self._trusted = True
        if kept is not None and kept != self.head:
            self._keep(self.head)

    def _keep(self, head: Head) -> None:
        """Write the head beside the ledger; a crash before leaves it one line behind, never ahead."""
        if not self._trusted:
            return  # a line about a torn one must not hide that others are missing
        # Not synced: after a loss of power the older head still proves all lines up to it.
        temporary = self._kept.with_name(".head.part")
        temporary.write_text(json.dumps({"n": head.n, "chain": head.chain}))
        temporary.chmod(0o600)
        os.replace(temporary, self._kept)


def anchor(project: Project, who: dict[str, str], event: str, members: Iterable[tuple[str, Json]]) -> None:
    """Write a line to the project's own ledger: a campaign's head, a new key, a purge."""
    # Campaigns of one project may end at the same moment; each writes a single line.
    with Ledger(project.root / "ledger.jsonl", who, patience=30.0) as ledger:
        ledger.append(event, **dict(members))
