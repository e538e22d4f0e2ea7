"""What a report says, gathered from the plan and the ledger: counts, image sets, who, when, proof."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from curator.audit import Entry, check
from curator.campaign.attestation import Attestation
from curator.campaign.attesting import kept_attestation
from curator.campaign.journal import NEXT_STEP, Campaign, Phase, Status, UnitState
from curator.campaign.reviewing import cleared_in
from curator.dicom.dictionary import is_private, tag_of_key
from curator.dicom.levels import Level
from curator.findings import Absent, Change, Why
from curator.plan.leftout import LeftOut, tally
from curator.plan.units import Delete, Kind, Unit
from curator.printable import plural
from curator.report.conflicts import Conflicts, Resolved
from curator.report.samples import DOMAIN, Sample, Sampling
from curator.verify.evidence import OUTSIDE

PUBLISHED: Final = "published"
"""The role of an image set that a publication made."""

_LEVELS: Final = [str(level) for level in Level]

_ROW: Final = re.compile(r"(?<=E\.1-1) [0-9A-Fx]{8} .*")

STALE: Final = (
    "earlier versions of the image sets that were changed: the service keeps every one, and whoever may read the "
    "data store may read them",
)
"""What changing image sets in place leaves readable; of a publication its attestation says what remains."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a verb on the campaign."""

    verb: str
    began: str
    ended: str
    user: str
    arn: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ImageSetLine:
    """One image set in the campaign. ``after`` is "" where nothing was done, "deleted" after finish."""

    id: str
    unit: str
    role: str
    before: str
    after: str
    status: str
    verified: str


@dataclass(frozen=True, slots=True)
class ElementLine:
    """How often a rule did one thing to one element, by generic path."""

    element: str
    action: str
    rule: str
    why: str
    count: int

    @property
    def level(self) -> str:
        """Return the level by the name that paths have for it."""
        return self.element.split("[")[0].split("/")[0]

    @property
    def private(self) -> bool:
        """Tell whether the element itself is private."""
        return is_private(tag_of_key(self.element.rpartition("/")[2]) or 0)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A unit that is not done, why, and what to do next."""

    unit: str
    status: str
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class ExcludedLine:
    """What a reviewer took out of the plan before it was applied, by whom and when; ``what`` holds no UID."""

    what: str
    by: str
    at: str
    changes: int


@dataclass(slots=True)
class Evidence:
    """Everything that a report says."""

    campaign: str
    title: str
    made: str
    tool: str
    store: str
    datastore: str
    rules: tuple[str, ...]
    options: dict[str, str]
    planned_calls: dict[str, int]
    changes: int
    forced_calls: int
    kinds: dict[str, int] = field(default_factory=dict)
    """How many units of which kind."""
    sessions: list[Session] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    image_sets: list[ImageSetLine] = field(default_factory=list)
    elements: list[ElementLine] = field(default_factory=list)
    rows: Counter[tuple[str, str, str, str]] = field(
        default_factory=Counter
    )  # image set, rule, element, action
    conflicts: list[Resolved] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()
    excluded: list[ExcludedLine] = field(default_factory=list)
    amends: str = ""
    """The digest of the plan that was reviewed, where something was excluded from it."""
    cleared: dict[str, int] = field(default_factory=dict)
    """Instances at pixel risk that are published, by who cleared them and when."""
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """Image sets that the plan leaves alone, and why."""
    losses: list[str] = field(default_factory=list)
    open: list[OpenLine] = field(default_factory=list)
    calls_done: int = 0
    verified_holds: int = 0
    verified_fails: int = 0
    ledger_lines: int = 0
    ledger_head: str = ""
    ledger_problems: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    attestation: Attestation | None = None
    """What holding a publication against its originals found."""

    @property
    def actions(self) -> dict[str, int]:
        """How many elements were changed in which way, the most frequent first."""
        counts: Counter[str] = Counter()
        for line in self.elements:
            counts[line.action] += line.count
        return dict(counts.most_common())

    @property
    def levels(self) -> dict[str, int]:
        """How many elements of each level were changed; private ones by themselves."""
        counts: Counter[str] = Counter()
        for line in self.elements:
            counts["Private elements" if line.private else line.element.split("[")[0].split("/")[0]] += (
                line.count
            )
        return dict(counts.most_common())

    @property
    def outside(self) -> tuple[str, ...]:
        """What lies outside the tool's reach."""
        if self.attestation is not None:
            return tuple(self.attestation.outside)
        return (*STALE, *OUTSIDE[:2], OUTSIDE[4]) if self.changes else ()

    @property
    def verification(self) -> str:
        """The state of the proof in a few words."""
        if self.verified_fails:
            return f"FAILED for {plural(self.verified_fails, 'unit')}"
        if not self.verified_holds:
            return "not verified yet"
        return f"holds for {plural(self.verified_holds, 'unit')}"


def gather(campaign: Campaign, *, with_phi: bool = False) -> Evidence:
    """Read a campaign's plan and ledger; ``with_phi`` takes some changes with their values along."""
    plan = campaign.plan
    evidence = Evidence(
        campaign.id,
        plan.header.title,
        plan.header.made,
        plan.header.tool,
        plan.header.store,
        plan.header.datastore,
        plan.header.rules,
        plan.header.options,
        plan.cost.calls,
        plan.cost.changes,
        plan.cost.forced,
    )
    states = campaign.state()
    sampling = Sampling(campaign.project.keyed(DOMAIN), with_values=with_phi)
    conflicts = Conflicts()
    left: list[LeftOut] = []
    elements: Counter[tuple[str, str, str, str]] = Counter()
    statuses: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for unit in plan.units():
        state = states.get(unit.number, UnitState())
        statuses[str(state.status)] += 1
        kinds[str(unit.kind)] += 1
        conflicts.unit(unit)
        left += unit.left_out
        evidence.losses += unit.losses
        evidence.calls_done += state.done_steps(Phase.APPLY)
        evidence.image_sets += _image_sets(unit, state)
        evidence.verified_holds += state.verified == "holds"
        evidence.verified_fails += state.verified == "fails"
        if state.status in NEXT_STEP:
            evidence.open.append(
                OpenLine(unit.title, str(state.status), state.reason, NEXT_STEP[state.status])
            )
        for image_set, change in _changes(unit):
            element, action = str(change.path.generic()), action_of(change)
            elements[element, action, change.why.rule, reason_of(change.why)] += 1
            evidence.rows[image_set, change.why.rule, element, action] += 1
            sampling.take(image_set, element, action, change)
            conflicts.change(image_set, element, change)
    evidence.statuses = dict(sorted(statuses.items()))
    evidence.kinds = dict(sorted(kinds.items()))
    evidence.samples = sampling.samples()
    evidence.conflicts = list(conflicts.found())
    evidence.skipped = sorted(plan.skipped())
    evidence.amends = plan.header.amends
    evidence.excluded = [
        ExcludedLine(str(each.what), each.by, each.at, each.changes) for each in plan.header.excluded
    ]
    # By their ids: in the order of the originals, who became whom could be read off.
    evidence.image_sets.sort(
        key=lambda line: (line.role == PUBLISHED, line.id if line.role == PUBLISHED else "")
    )
    evidence.left_out = tally(left)
    evidence.cleared = cleared_in(plan.units())
    lines = (ElementLine(*key, count) for key, count in sorted(elements.items()))
    evidence.elements = sorted(lines, key=lambda line: _LEVELS.index(line.level))
    evidence.attestation = kept_attestation(campaign)
    _read_ledger(campaign, evidence)
    return evidence


def action_of(change: Change) -> str:
    """Say what a change does to its element."""
    if isinstance(change.after, Absent):
        return "remove"
    if isinstance(change.before, Absent):
        return "add"
    return "empty" if change.after in (None, "", []) else "replace"


def reason_of(why: Why) -> str:
    """Return why a change was made, in words: the table's row and what decided in it, else the rule's own."""
    told = dict(why.detail)
    if "row" not in told:
        return why.text
    row = _ROW.sub("", told["row"])  # the element's own tag and name stand beside it
    parts = [row]
    if code := told.get("code"):
        parts.append(f"code {code} by option {told['option']}" if told.get("option") else f"code {code}")
    if kind := told.get("Type"):
        parts.append(f"Type {kind}" if kind[0].isdigit() else kind)
    return ", ".join(parts)


def _changes(unit: Unit) -> Iterator[tuple[str, Change]]:
    for patch in unit.patches:
        for change in patch.changes():
            yield patch.set, change


def _image_sets(unit: Unit, state: UnitState) -> Iterator[ImageSetLine]:
    deleted = set(unit.emptied) if state.status in (Status.FINISHED, Status.REBUILT) else set()
    for member in unit.members:
        after = "deleted" if member.id in deleted else state.versions.get(member.id, "")
        yield ImageSetLine(
            member.id, unit.title, str(member.role), member.version, after, str(state.status), state.verified
        )
    temporary = {step.set for step in unit.steps if isinstance(step, Delete)}
    for name, made in sorted(state.names.items(), key=lambda pair: pair[1]):
        if name in temporary:
            continue
        gone = state.status in (Status.UNDONE, Status.REBUILT) and not name.startswith("$r")
        after = "deleted" if gone else state.versions.get(made, "")
        # Which original became which published image set is the crosswalk's to say, not the report's.
        role, title = (PUBLISHED, "") if unit.kind is Kind.PUBLISH else ("made", unit.title)
        yield ImageSetLine(made, title, role, "", after, str(state.status), state.verified)


def _read_ledger(campaign: Campaign, evidence: Evidence) -> None:
    verbs = {"apply", "verify", "finish", "undo"}
    begun: dict[str, Entry] = {}
    for entry in campaign.entries():
        evidence.ledger_lines += 1
        verb = str(entry["event"])
        if verb not in verbs:
            continue
        if entry.get("state") == "begun":
            begun[verb] = entry
            continue
        first = begun.pop(verb, entry)
        evidence.sessions.append(_session(verb, first, entry))
    evidence.sessions += [_session(verb, entry, None) for verb, entry in begun.items()]
    head = campaign.head
    evidence.ledger_head = str(head) if head else ""
    heads = [(head.n, head.chain)] if head else []
    evidence.ledger_problems = [str(problem) for problem in check(campaign.ledger_path, heads)]


def _session(verb: str, first: Entry, last: Entry | None) -> Session:
    return Session(
        verb,
        str(first["time"]),
        str(last["time"]) if last else "",
        str(first.get("user", "")),
        str(first.get("arn", "")),
        str(last.get("state", "")) if last else "interrupted",
    )
