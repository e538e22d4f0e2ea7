"""Changes → a rule file that makes them again: how a session of edits becomes something to keep and repeat.

What was decided for one element is written as a rule about its path in any series, instance and item, under the
condition that the value is the one that was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curator.dicom import Json
from curator.findings import Absent, Change
from curator.imageset import ElementPath
from curator.rulefile.actions.write import WRITABLE
from curator.rulefile.reading import VERSION
from curator.rulefile.table import normal
from curator.rulefile.values import components, element, is_empty, joined

_LONGEST = 4_000
Asked = tuple[str, str, str]
"""What tells decisions apart: the path without indices, what kind of value was there, and which."""


@dataclass(frozen=True, slots=True)
class Written:
    """A rule file's text, and the changes that no rule of this vocabulary can say (sequences, binary values …)."""

    text: str
    left_out: tuple[Change, ...]


def written(
    name: str,
    why: str,
    changes: Iterable[Change],
    *,
    where: str = "",
    sections: Mapping[str, object] | None = None,
    only: Mapping[Asked, Mapping[str, object]] | None = None,
) -> Written:
    """Return a rule file that makes ``changes``; equal decisions become one rule.

    Left out are changes of sequences and binary values, and decisions that contradict each other. ``where`` narrows the
    file, ``sections`` are what it has besides rules, ``only`` is one more condition of a decision (by `asked`).
    """
    decisions: dict[Asked, list[Change]] = {}
    left_out: list[Change] = []
    for change in changes:
        if _can_be_said(change):
            decisions.setdefault(asked(change), []).append(change)
        else:
            left_out.append(change)
    rules: list[dict[str, object]] = []
    for decision, same in decisions.items():
        if len({repr(change.after) for change in same}) > 1:
            left_out += same
        else:
            rules.append(_rule(f"{name[:50]}-{len(rules) + 1}", same[0], (only or {}).get(decision)))
    if not rules and not sections:
        return Written("", tuple(left_out))
    import yaml

    head = {"version": VERSION, "name": name, "why": why, **({"where": where} if where else {})}
    file = {**head, **(sections or {}), **({"rules": rules} if rules else {})}
    return Written(yaml.safe_dump(file, sort_keys=False, allow_unicode=True, width=110), tuple(left_out))


def asked(change: Change) -> Asked:
    """Return what tells decisions apart: the path without indices, and what was there."""
    if isinstance(change.before, Absent):
        return str(change.path.generic()), "absent", ""
    if is_empty(change.before):
        return str(change.path.generic()), "empty", ""
    return str(change.path.generic()), "value", normal(joined(change.before), False)


def _can_be_said(change: Change) -> bool:
    if change.vr not in WRITABLE or not change.path.steps:
        return False
    for value in (change.before, change.after):
        if isinstance(value, Absent) or value is None:
            continue
        text = joined(value)
        if len(text) > _LONGEST or not text.isprintable() or any("\\" in part for part in components(value)):
            return False
    if isinstance(change.after, Absent) or change.after is None:
        return True
    return not is_empty(change.after) and _read_back(change.path, change.vr, change.after)


def _read_back(path: ElementPath, vr: str, value: Json) -> bool:
    try:
        made = element(path.key, vr, components(value))
    except ValueError:
        return False
    return type(made) is type(value) and made == value and all(components(value))


def _rule(rule_id: str, change: Change, only: Mapping[str, object] | None) -> dict[str, object]:
    select: dict[str, object] = {"path": str(change.path.generic())}
    when: dict[str, object]
    if isinstance(change.before, Absent):
        select["create"] = "true"
        when = {"exists": "false"}
    elif is_empty(change.before):
        when = {"empty": "true"}
    else:
        when = {"equals": {"text": joined(change.before), "whole": "true"}}
    if isinstance(change.after, Absent):
        do: object = "remove"
    elif change.after is None:
        do = "empty"
    else:
        texts = components(change.after)
        do = {"literal": texts if len(texts) > 1 else texts[0]}
    why = change.why.text.strip()[:900] or "Decided by hand."
    return {
        "id": rule_id,
        "why": why,
        "select": select,
        "when": when if only is None else [when, dict(only)],
        "do": do,
        "safety": change.safety.value,
    }
