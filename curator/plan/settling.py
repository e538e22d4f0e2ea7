"""Changes of many rules to one image set become one settled list: no two of them meet, each can be done.

Two rules that write the same element, or an element and the sequence around it, are a conflict, which is an
error unless priority decides: silently letting the last one win would make the order of files matter.

What comes out are treatments (`curator.treatments`) whose values are as the service writes them. Changes that come in
as treatments of this very document can neither meet nor be stale: of those, each is looked at once, not each change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import UsageError
from curator.findings import ABSENT, Change, Safety
from curator.imageset import ANY, ElementPath, ImageSetMetadata, Step
from curator.plan.leftout import Reason
from curator.plan.refusals import KEYS, Refusals
from curator.plan.ruling import settle_treated
from curator.plan.settled import Settled, document_order, forbidden
from curator.plan.values import same_value
from curator.treatments import Part, Treated, TreatedLevel, Treatment, steps_order, treatment_of


class Conflict(UsageError):
    """Rules that write the same element without a priority that decides; ``problems`` lists each pair."""

    def __init__(self, image_set: str, problems: tuple[str, ...]) -> None:
        super().__init__(
            "\n".join([f"Rules contradict each other on image set {image_set}:", *problems]),
            hint="give one of the rules a higher priority, or narrow its `where`",
        )
        self.problems = problems


def settle(
    doc: ImageSetMetadata,
    changes: Iterable[Change],
    *,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
) -> Settled:
    """Sort out ``changes`` against the document and each other; ``priority`` ranks rules by id, highest wins.

    Raises `Conflict` with all pairs that nothing decides between.
    """
    if isinstance(changes, Treated) and changes.concerns(doc):
        return settle_treated(changes, allow)
    settled = Settled()
    places = _by_place(doc, changes, allow, settled)
    problems: list[str] = []
    order = sorted(places, key=document_order)
    gone = _removals(order, places, settled)
    refusal = Refusals()
    for place in order:
        alive = [change for change in places[place] if change.path.steps]
        if gone and (place in gone or ElementPath(Level.SERIES, place.series) in gone):
            for change in alive:
                settled.leave(change, Reason.GONE)
            continue
        node = doc.attributes(place)
        chosen = _without_conflicts(doc, alive, priority, settled, problems)
        keys = KEYS.get(place.level)
        kept: list[Part] = []
        for change in chosen if node is not None else ():
            part = _part(change)
            reason = refusal.of(place.level, node or {}, part)
            if reason is not None:
                settled.leave(change, reason)
            elif part.steps == keys:
                settled.rekeyed.append(change)
            else:
                kept.append(part)
        if kept and node is not None:
            settled.levels.append(TreatedLevel(place, node, _treatments(node, kept)))
    if problems:
        raise Conflict(doc.image_set_id, tuple(problems))
    return settled


def _part(change: Change) -> Part:
    return Part(change.path.steps, change.before, change.after, change.vr, change.why, change.safety)


def _treatments(node: Mapping[str, Json], parts: Iterable[Part]) -> list[Treatment]:
    """Return what is done to each top-level element; ``parts`` come ordered by path."""
    found: list[Treatment] = []
    inside: list[Part] = []
    for part in parts:
        top = str(part.steps[0])
        if inside and inside[0].steps[0] != top:
            found.append(treatment_of(node, str(inside[0].steps[0]), tuple(inside)))
            inside = []
        if len(part.steps) > 1:
            inside.append(part)
        else:
            found.append(treatment_of(node, top, (part,)))
    if inside:
        found.append(treatment_of(node, str(inside[0].steps[0]), tuple(inside)))
    return found


def _by_place(
    doc: ImageSetMetadata, changes: Iterable[Change], allow: frozenset[Safety], settled: Settled
) -> dict[ElementPath, list[Change]]:
    """Return the changes that may be made by the level they are on; most come one level after the other."""
    places: dict[ElementPath, list[Change]] = {}
    last: ElementPath | None = None
    here: list[Change] | None = None
    for change in changes:
        reason = forbidden(change.safety, allow)
        if reason is not None:
            settled.leave(change, reason)
            continue
        path = change.path
        if (
            last is not None
            and path.instance == last.instance
            and path.series == last.series
            and path.level is last.level
            and here is not None
        ):
            here.append(change)
            continue
        resolved = _resolved(doc, change)
        if resolved is None:
            settled.leave(change, Reason.NO_PLACE)
            continue
        last = resolved.path.at_level()
        here = places.setdefault(last, [])
        here.append(resolved)
    return places


def _resolved(doc: ImageSetMetadata, change: Change) -> Change | None:
    """Return the change with its series filled in; None when its place is not in the document."""
    path = change.path
    if path.level is Level.INSTANCE and path.series in ("", ANY):
        series = doc.series_of(path.instance)
        if series is None:
            return None
        path = ElementPath(path.level, series, path.instance, path.steps)
        change = Change(path, change.before, change.after, change.vr, change.why, change.safety)
    return change if doc.attributes(path.at_level()) is not None else None


def _removals(
    order: Iterable[ElementPath],
    places: Mapping[ElementPath, list[Change]],
    settled: Settled,
) -> set[ElementPath]:
    """Take out the instances and series to be removed, series first; return their places."""
    gone: set[ElementPath] = set()
    for place in order:
        for change in places[place]:
            if change.path.steps or place in gone:
                continue
            inside = place.level is Level.INSTANCE and ElementPath(Level.SERIES, place.series) in gone
            if place.level in (Level.PATIENT, Level.STUDY) or change.after is not ABSENT:
                settled.leave(change, Reason.NEVER)
            elif inside:
                settled.leave(change, Reason.GONE)
            else:
                gone.add(place)
                settled.removed.append(change)
    return gone


def _without_conflicts(
    doc: ImageSetMetadata,
    changes: list[Change],
    priority: Callable[[str], int],
    settled: Settled,
    problems: list[str],
) -> list[Change]:
    """Return the changes of one place that stay, ordered by path, after equal ones and overruled ones are gone."""
    alone = {str(change.path.steps[0]): change for change in changes}
    if len(alone) == len(changes):
        return [alone[top] for top in sorted(alone)]
    tops: dict[str, list[Change]] = {}
    for change in changes:
        tops.setdefault(change.path.top, []).append(change)
    meeting = [change for change in changes if len(tops[change.path.top]) > 1]
    staying = _without_meeting(doc, meeting, priority, settled, problems)
    for top, here in tops.items():
        if len(here) > 1:
            tops[top] = staying.get(top, [])
    return [change for top in sorted(tops) for change in tops[top]]


def _without_meeting(
    doc: ImageSetMetadata,
    changes: list[Change],
    priority: Callable[[str], int],
    settled: Settled,
    problems: list[str],
) -> dict[str, list[Change]]:
    """Return which of several changes to one element, or inside it, stay: by its key, ordered by path."""
    chosen: dict[tuple[Step, ...], Change] = {}
    below: dict[str, list[Change]] = {}  # nested changes by the key of their outermost sequence
    rank = {rule: priority(rule) for rule in {change.why.rule for change in changes}}
    for change in sorted(changes, key=lambda change: -rank[change.why.rule]):
        steps = change.path.steps
        met = _met(steps, chosen, below)
        if met is None:
            chosen[steps] = change
            if len(steps) > 1:
                below.setdefault(change.path.top, []).append(change)
        elif met.path.steps == steps and same_value(met.after, change.after):
            settled.leave(change, Reason.AGREED)
        elif rank[met.why.rule] > rank[change.why.rule]:
            settled.leave(change, Reason.OVERRULED)
        else:
            problems.append(
                f"  {doc.anonymous(change.path)}: {met.why.rule} and {change.why.rule} want different values"
            )
    found: dict[str, list[Change]] = {}
    for steps in sorted(chosen, key=steps_order):
        found.setdefault(chosen[steps].path.top, []).append(chosen[steps])
    return found


def _met(
    steps: tuple[Step, ...], chosen: Mapping[tuple[Step, ...], Change], below: Mapping[str, list[Change]]
) -> Change | None:
    """Return a chosen change on the same element, on a sequence around it or inside it."""
    for length in range(1, len(steps) + 1):
        if found := chosen.get(steps[:length]):
            return found
    inside = below.get(str(steps[0]), ())
    return next((each for each in inside if each.path.steps[: len(steps)] == steps), None)
