"""What is told of a conflict: what the decisions come to, and whether a typed value is one for its element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from curator.campaign.conflicts import Conflict
from curator.plan.typed import typed
from curator.printable import plural
from curator.tui.conflicting import Foreseen, calls_text

if TYPE_CHECKING:
    from curator.plan.cost import Cost


def expected_text(foreseen: Foreseen, conflict: Conflict) -> str:
    """Return what the decisions do to the image sets of a conflict."""
    units = {
        unit.title: unit for each in conflict.holders if (unit := foreseen.units.get(each.id)) is not None
    }
    alone = [unit for unit in units.values() if unit.alone]
    told = [f"{unit.title}: {calls_text(unit.calls)}" for unit in units.values() if not unit.alone]
    if alone:
        count = plural(len(alone), "image set is", "image sets are")
        told.append(
            f"{count} updated in place: {calls_text(sum((Counter(unit.calls) for unit in alone), Counter[str]()))}"
        )
    if told:
        return "→ " + "; ".join(told)
    waits = (foreseen.waiting.get(each.id) for each in conflict.holders)
    why = next((each for each in waits if each), "")
    return f"→ waits: {why}" if why else "→ nothing is done to these image sets"


def cost_text(cost: Cost) -> str:
    """Return what all decisions cost together."""
    from curator.plan.cost import spelled

    if not cost.units:
        return "All decisions: nothing to do."
    copied = f"; {cost.frame_bytes / 1e6:,.1f} MB copied" if cost.frame_bytes > 1e5 else ""
    return (
        f"All decisions: {plural(cost.changes, 'change')} to {plural(cost.image_sets, 'image set')}, {calls_text(cost.calls)}, "
        f"{spelled(cost.seconds())} at the service's rates{copied}"
    )


def right_value(conflict: Conflict) -> Callable[[str], bool]:
    """Return what tells whether a text is a value for the conflict's element."""
    from curator.dicom.vr import problem
    from curator.errors import UsageError

    def right(text: str) -> bool:
        assert conflict.path is not None
        try:
            value = typed(text, conflict.vr, conflict.path)
        except UsageError:
            return False
        return bool(text) and problem(conflict.vr, value) is None

    return right
