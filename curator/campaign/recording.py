"""What campaigns did, as one rule file that `curator batch` replays: a session of work, to keep and repeat.

The net change of each element becomes a rule; how conflicts were resolved, by which profile was published, and what was
decided of values and pixels go into the file's ``batch:``. The file quotes values: it is PHI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from curator.campaign.applying import states_of
from curator.campaign.journal import Campaign, Status
from curator.campaign.narrowing import narrowed
from curator.deid.words import VOCABULARY
from curator.errors import Refused
from curator.findings import Change, Safety
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.units import Kind, Unit
from curator.plan.values import same_value
from curator.printable import plural
from curator.rulefile import RuleFile, load
from curator.rulefile.batching import SECTION
from curator.rulefile.writing import Asked, Written, written

if TYPE_CHECKING:
    from curator.campaign.resolutions import Resolution
    from curator.deid.decisions import Decision
    from curator.deid.pixelreview import PixelDecision

_RESOLVING = frozenset({"merge", "resolve"})
_DONE = frozenset({Status.DONE, Status.FINISHED})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session as a rule file's text, and what is to be known of it.

    ``left_out`` counts changes that no rule can say; ``otherwise`` elements that come out otherwise when the rules are
    tried on the very documents that were changed, and on the others of their series; ``notes`` say what a replay does in another order.
    """

    text: str = field(repr=False)
    rules: int
    left_out: int
    otherwise: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """Where image sets stand: their series, the other sets of the same patient, study and series, and their versions now."""

    series: Callable[[str], str]
    relatives: Callable[[str], Iterable[str]]
    version: Callable[[str], str]

    def rivals(self, image_set: str) -> list[str]:
        """Return the other image sets of the same series."""
        series = self.series(image_set)
        return [one for one in self.relatives(image_set) if one != image_set and self.series(one) == series]


@dataclass(slots=True)
class _Session:
    """What was done, in the order in which it was done."""

    changes: dict[tuple[str, ElementPath], Change] = field(default_factory=dict)
    bases: dict[str, str] = field(
        default_factory=dict
    )  # image set → its version before the session's first change
    touched: set[str] = field(default_factory=set)
    resolved: set[str] = field(default_factory=set)
    resolve: str = ""
    publish: str = ""
    decisions: dict[tuple[str, str, str], tuple[str, str]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, campaign: Campaign) -> None:
        header = campaign.plan.header
        units = [unit for unit, state in states_of(campaign) if state.status in _DONE]
        if not units:
            return
        members = {member.id for unit in units for member in unit.members}
        self.touched |= members
        if header.given is not None:
            if self.publish and self.publish != header.given.profile:
                self.notes[f"only the last of several profiles is kept: {header.given.profile}"] = None
            self.publish = header.given.profile
            for element, vr, value, word, replacement in header.given.decisions:
                self.decisions[element, vr, value] = word, replacement
        elif how := header.options.get("resolve") or ("majority" if "resolve" in header.rules else ""):
            if self.changes:
                self.notes["conflicts are resolved before the rules, though here edits came first"] = None
            self.resolve = how
            self.resolved |= members
            for unit in units:
                self._edits(unit)  # a plan may resolve and hold rules beside that
        elif "profile" in header.options:
            self.notes["a change in place by a profile is not replayed: publish instead"] = None
        else:
            if self.publish:
                self.notes["a replay publishes last, though here edits came after a publication"] = None
            for unit in units:
                self._edits(unit)

    def _edits(self, unit: Unit) -> None:
        if unit.kind is Kind.MERGE:
            return
        if unit.kind not in (Kind.UPDATE, Kind.PUBLISH):
            self.notes[f"not replayed: {unit.kind} of image sets"] = None
            return
        for patch in unit.patches:
            member = unit.member(patch.set)
            for change in patch.changes():
                if change.why.rule in _RESOLVING:
                    continue
                if member is not None:
                    self.bases.setdefault(member.id, member.version)
                key = patch.set, change.path
                earlier = self.changes.get(key)
                before = change.before if earlier is None else earlier.before
                if same_value(before, change.after):
                    self.changes.pop(key, None)
                else:
                    self.changes[key] = msgspec.structs.replace(change, before=before, safety=Safety.SAFE)


def record(
    campaigns: Iterable[Campaign],
    name: str,
    *,
    document: Callable[[str, str], ImageSetMetadata],
    resolutions: Sequence[Resolution] = (),
    decisions: Sequence[Decision] = (),
    pixels: Sequence[PixelDecision] = (),
    profile: str = "",
    around: Around | None = None,
) -> Recorded:
    """Return what campaigns did, in their order, as a rule file.

    ``resolutions``, ``decisions`` and ``pixels`` are what people decided and holds, ``profile`` the one that was chosen where nothing was
    published by it yet. ``around`` narrows the file to the series of the image sets that were touched, and each rule to those
    in which its edit was made; without it the rules hold wherever the same values stand. `Refused` when there is nothing to save.
    """
    session = _Session()
    for campaign in campaigns:
        session.add(campaign)
    where = _where(session.touched, around.series) if around is not None else ""
    alike = (
        {one for each in session.resolved for one in around.relatives(each)} if around is not None else set()
    )
    among = _where(session.resolved | alike, around.series) if around is not None else ""
    batch = _batch(session, resolutions, decisions, profile, among)
    if "publish" in batch and pixels:
        batch["pixels"] = [_seen(each) for each in pixels]
    elif pixels:
        session.notes[
            f"nothing was published, so {plural(len(pixels), 'decision')} about pixels "
            f"{'is' if len(pixels) == 1 else 'are'} NOT in it: `curator pixels --csv FILE` takes them along"
        ] = None
    changes = [change for _, change in sorted(session.changes.items(), key=lambda each: str(each[0]))]
    why = "What was done in one session, to be done again."

    def before(image_set: str) -> ImageSetMetadata:
        version = session.bases.get(image_set) or (around.version(image_set) if around is not None else "")
        return document(image_set, version)

    tried = set(session.bases)
    only: Mapping[Asked, Mapping[str, object]] = {}
    if around is not None:
        narrowing = narrowed(session.changes, before, around.rivals)
        only = narrowing.conditions
        tried |= {one for each in session.bases for one in around.rivals(each)}
        if narrowing.unbound:
            session.notes[
                f"{plural(narrowing.unbound, 'rule')} about items that name a series or an instance of their own "
                f"{'holds' if narrowing.unbound == 1 else 'hold'} in every image set of the file with the same values"
            ] = None
    made = written(name, why, changes, where=where, sections={SECTION: batch} if batch else None, only=only)
    if not made.text:
        raise Refused("There is nothing to save: no change was made that a rule can say.")
    return Recorded(
        made.text,
        len(_loaded(made).rules),
        len(made.left_out),
        _otherwise(made, session, tried, before),
        tuple(session.notes),
    )


def _loaded(made: Written) -> RuleFile:
    return load(made.text, "session", vocabulary=VOCABULARY)


def _batch(
    session: _Session,
    resolutions: Sequence[Resolution],
    decisions: Sequence[Decision],
    profile: str,
    among: str,
) -> dict[str, object]:
    batch: dict[str, object] = {}
    if session.resolve:
        batch |= {"resolve": session.resolve} | _filled(among=among)
        if resolutions:
            batch["resolutions"] = [
                _filled(
                    scope=each.scope,
                    group=each.group,
                    choice=str(each.choice),
                    value=each.value,
                    why=each.why,
                )
                | {"element": each.element}
                for each in resolutions
            ]
    publish = session.publish or (profile if decisions else "")
    if publish:
        batch["publish"] = publish
        decided = {each.key: (each.decision, each.replacement) for each in decisions} | session.decisions
        if decided:
            batch["decisions"] = [
                {"element": element, "value": value, "decision": word}
                | _filled(vr=vr, replacement=replacement)
                for (element, vr, value), (word, replacement) in sorted(decided.items())
            ]
    return batch


def _seen(one: PixelDecision) -> dict[str, str]:
    signed = _filled(pixels=one.pixels, by=one.by, when=one.when, why=one.why)
    return {"instance": one.sop, "decision": str(one.verdict)} | signed


def _filled(**parts: str) -> dict[str, str]:
    return {name: text for name, text in parts.items() if text}


def _where(touched: Iterable[str], series_of: Callable[[str], str]) -> str:
    series = sorted({uid for each in touched if (uid := series_of(each))})
    return f"seriesuid={'|'.join(series)}" if series else ""


def _otherwise(
    made: Written, session: _Session, tried: Iterable[str], before: Callable[[str], ImageSetMetadata]
) -> int:
    """Try the rules on documents from before the session, and count the elements that come out otherwise."""
    file = _loaded(made)
    wanted: dict[str, dict[ElementPath, Change]] = {each: {} for each in tried}
    for (image_set, path), change in session.changes.items():
        wanted[image_set][path] = change
    count = 0
    for image_set in sorted(wanted):
        found = {change.path: change for change in file.evaluate(before(image_set))}
        count += sum(1 for _ in _differing(wanted[image_set], found))
    return count


def _differing(
    wanted: Mapping[ElementPath, Change], found: Mapping[ElementPath, Change]
) -> Iterator[ElementPath]:
    for path in wanted.keys() | found.keys():
        one, other = wanted.get(path), found.get(path)
        if one is None or other is None or not same_value(one.after, other.after):
            yield path
