"""Keyed hashes bind ledger and plan: what the ledger says was sent is what the plan says, value by value.

The ledger holds no values, only HMACs under the project's key: of all values of a unit where it was begun, of the
payload where a call was made. With the key and the plan anybody can hold them against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from curator.campaign.journal import Campaign, Phase
from curator.imageset.equality import canonical
from curator.plan.units import Unit, Update

DOMAIN = "ledger"
"""The key's domain for these hashes (`Project.keyed`)."""

Keyed = Callable[[bytes], bytes]


def sealed_values(keyed: Keyed, unit: Unit) -> str:
    """Return the hash of all values of a unit's reviewed changes."""
    return keyed(b"\0".join(canonical(list(patch.operations)) for patch in unit.patches)).hex()


def sealed_payload(keyed: Keyed, step: Update) -> str:
    """Return the hash of what one update sends."""
    return keyed(b"\0".join(blob or b"" for blob in step.blobs)).hex()[:32]


def broken_seals(campaign: Campaign) -> Iterator[tuple[int, str]]:
    """Yield (ledger line, what is wrong) where the ledger's hashes are not those of the plan under this key."""
    keyed = campaign.project.keyed(DOMAIN)
    begun: dict[int, tuple[int, str]] = {}
    sent: dict[tuple[int, int], tuple[int, str]] = {}
    for entry in campaign.entries():
        line, unit = entry["n"], entry.get("unit")
        assert isinstance(line, int)
        if not isinstance(unit, int):
            continue
        if entry["event"] == "unit" and "values" in entry:
            begun[unit] = line, str(entry["values"])
        elif entry["event"] == "intent" and entry.get("phase") == Phase.APPLY and entry.get("payload"):
            number = entry["step"]
            assert isinstance(number, int)
            sent[unit, number] = line, str(entry["payload"])
    for planned in campaign.plan.units():
        line, values = begun.pop(planned.number, (0, ""))
        if line and values != sealed_values(keyed, planned):
            yield line, "the values of this unit are not those of the plan, or the key is another one"
        for index, step in enumerate(planned.steps):
            line, payload = sent.pop((planned.number, index), (0, ""))
            if line and (not isinstance(step, Update) or payload != sealed_payload(keyed, step)):
                yield line, "what this call sent is not what the plan says, or the key is another one"
    yield from ((line, "the plan has no such call") for line, _ in sorted(sent.values()))
