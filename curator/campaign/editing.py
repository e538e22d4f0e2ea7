"""Changes by image set become units: one an image set, and one for the primary image sets of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from curator.findings import Change
from curator.plan.merging import Party
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place
from curator.plan.studies import plan_study
from curator.plan.units import Unit


def edit_units(
    wanted: Iterable[tuple[str, Sequence[Change]]],
    party: Callable[[str], Party],
    primaries: Callable[[str], Sequence[str]],
    *,
    first: int = 0,
    payload: Payload | None = None,
) -> Iterator[Unit]:
    """Yield the units of changes by image set, numbered from ``first`` on.

    ``party`` reads an image set as it is now; ``primaries`` names the primary image sets of its study, which the
    service changes together.
    """
    changes = dict(wanted)
    done: set[str] = set()
    number = first
    for image_set in changes:
        if image_set in done:
            continue
        mine = party(image_set)
        others = [each for each in primaries(image_set) if each != image_set] if mine.primary else []
        if others:
            group = [mine, *map(party, others)]
            done.update(each.id for each in group)
            here = {each.id: changes[each.id] for each in group if each.id in changes}
            yield plan_study(group, here, number=number, payload=payload)
        else:
            yield plan_in_place(mine, changes[image_set], number=number, payload=payload)
        number += 1
