"""Why an element is treated as it is: edition, row, option, Type, private verdict, rule, value decision.

Also for elements that stay: `Engine.changes` explains what it changes, a reviewer asks about the rest as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.deid.decisions import Decision, as_text
from curator.deid.engine import Engine
from curator.deid.ruled import Deidentification
from curator.deid.subject import Subject
from curator.dicom.dictionary import tag_of_key
from curator.findings import Absent, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of one element, and all that had a say, the last word last."""

    path: ElementPath
    done: str
    """kept, changed, removed, emptied, added; or gone with the sequence around it."""
    whys: tuple[Why, ...]
    change: Change | None = field(default=None, repr=False)


def explain(
    asked: Deidentification, engine: Engine, doc: ImageSetMetadata, about: Subject, path: ElementPath
) -> tuple[Explanation, ...]:
    """Return the explanation of every element that ``path`` (a pattern too) names in the document.

    An element that rules or markers add is explained as well. Empty where nothing is named.
    """
    said = asked.outcome(engine, doc, about)
    changes = {change.path: change for change in said.changes}
    there = [found for found, _ in doc.find(path)]
    added = [change.path for change in said.changes if isinstance(change.before, Absent)]
    wanted = path.generic()
    there += [one for one in added if one not in there and (one == path or one.generic() == wanted)]
    steps = list(asked.rules.explain(doc, about, engine)) if asked.rules.rules else []
    made = []
    for one in there:
        change = changes.get(one)
        whys: list[Why] = []
        reason = engine.reason_at(doc, one)
        if reason is not None:
            alone = change is not None and dict(change.why.detail).get("goes with", "") != reason.goes_with
            whys.append(
                change.why
                if change is not None and alone
                else reason.why(engine.profile, _decision(engine, doc, one))
            )
        for step in steps:
            if step.path == one:
                rule = asked.rules.rule(step.rule)
                whys.append(
                    Why(
                        step.rule,
                        rule.why if rule is not None else "",
                        (
                            ("rule file", f"{asked.rules.source}:{step.line}"),
                            ("outcome", _outcome(step.outcome, step.detail)),
                        ),
                    )
                )
        if reason is None and change is not None:
            whys.append(change.why)
        made.append(Explanation(one, _done(one, change, changes), tuple(whys), change))
    return tuple(made)


def _decision(engine: Engine, doc: ImageSetMetadata, path: ElementPath) -> Decision | None:
    tags = tuple(tag_of_key(key) or 0 for key in path.keys)
    vr = doc.vr_of(path)
    found = engine.decisions.at(tags, (vr,) if vr != "UN" else ())
    return found.get(as_text(doc.get(path)))


def _outcome(outcome: str, detail: str) -> str:
    return f"{outcome}: {detail}" if detail else outcome


def _done(path: ElementPath, change: Change | None, changes: Mapping[ElementPath, Change]) -> str:
    for end in range(1, len(path.steps), 2):
        around = ElementPath(path.level, path.series, path.instance, path.steps[:end])
        if around in changes:
            return f"gone with {around.key}, which is {_word(changes[around])}"
    return "kept" if change is None else _word(change)


def _word(change: Change) -> str:
    if isinstance(change.before, Absent):
        return "added"
    if isinstance(change.after, Absent):
        return "removed"
    return "emptied" if change.after is None else "changed"
