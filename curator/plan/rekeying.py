"""New UIDs of instances, series and the study: which can be given, and in which order.

A UID keys the document, so a call that gives a new one changes all addresses below it, and no two nodes may have
the same one at any time.
"""

from __future__ import annotations

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.leftout import Reason
from curator.plan.settled import Settled


def free_uids(doc: ImageSetMetadata, settled: Settled) -> list[Change]:
    """Return the UID changes that lead to different UIDs for all; those that collide are left out."""
    kept: list[Change] = []
    gone = {change.path.at_level() for change in settled.removed}
    for level in (Level.INSTANCE, Level.SERIES, Level.STUDY):
        wanted = [change for change in settled.rekeyed if change.path.level is level]
        if level is Level.STUDY:
            kept += wanted
            continue
        targets: dict[Json, int] = {}
        for change in wanted:
            assert not isinstance(change.after, Absent)
            targets[_text(change.after)] = targets.get(_text(change.after), 0) + 1
        moving = {change.path.instance or change.path.series for change in wanted}
        staying = _uids(doc, level, gone) - moving
        for change in wanted:
            target = _text(change.after)
            if targets[target] > 1 or target in staying:
                settled.leave(change, Reason.SAME_UID)
            else:
                kept.append(change)
    return _without_cycles(kept, settled)


def _uids(doc: ImageSetMetadata, level: Level, gone: set[ElementPath]) -> set[str]:
    if level is Level.SERIES:
        return {uid for uid in doc.series if ElementPath(Level.SERIES, uid) not in gone}
    return {
        sop
        for uid, sop, _ in doc.instances()
        if ElementPath(Level.SERIES, uid) not in gone and ElementPath(Level.INSTANCE, uid, sop) not in gone
    }


def _text(value: Json | Absent) -> str:
    return value if isinstance(value, str) else ""


def _without_cycles(changes: list[Change], settled: Settled) -> list[Change]:
    """Leave out UIDs that swap in a ring, and what waits for one that was left out: no order of calls does that."""
    kept = list(changes)
    while True:
        doable = {id(change) for layer in in_layers(kept) for change in layer}
        stuck = [change for change in kept if id(change) not in doable]
        if not stuck:
            return kept
        for change in stuck:
            settled.leave(change, Reason.SAME_UID)
        kept = [change for change in kept if id(change) in doable]


def in_layers(changes: list[Change]) -> list[list[Change]]:
    """Return UID changes in layers: a UID is taken only after its bearer has given it up in an earlier layer."""
    layers: list[list[Change]] = []
    for level in (Level.INSTANCE, Level.SERIES):
        waiting = [change for change in changes if change.path.level is level]
        while waiting:
            held = {change.path.instance or change.path.series for change in waiting}
            ready = [change for change in waiting if _text(change.after) not in held]
            if not ready:
                break
            layers.append(ready)
            waiting = [change for change in waiting if _text(change.after) in held]
    study = [change for change in changes if change.path.level is Level.STUDY]
    if study:
        # No address contains the study's UID, so it may share the last call with the series'.
        if layers and layers[-1][0].path.level is Level.SERIES:
            layers[-1] = [*study, *layers[-1]]
        else:
            layers.append(study)
    return layers
