"""A campaign's time beside what the rate alone demands."""

from __future__ import annotations

import time

from curator.campaign.applying import apply
from curator.campaign.limits import RateLimiter
from curator.plan.buckets import PACE
from curator.plan.cost import RATES
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place
from curator.plan.units import Unit
from curator.stores import open_store
from tests.benchmarks import Row
from tests.campaign.ground import ABSENT, WHO, change, document, ground, instance
from tests.served import serving

RATE = 20.0
"""Updates a second: the service's 0.25, scaled up so that the benchmark takes seconds."""
SETS, CALLS = 20, 4


def run() -> list[Row]:
    return [*_time(), *_throttled()]


def _time() -> list[Row]:
    with ground(delay=0.05) as place:
        units: list[Unit] = []
        for number in range(SETS):
            party = place.party(place.add(document(CALLS)))
            changes = [
                change(instance(each, "ImageComments"), ABSENT, "c" * 200, "LT")
                for each in range(1, CALLS + 1)
            ]
            units.append(plan_in_place(party, changes, number=number, payload=Payload(limit=400)))
        campaign = place.campaign(units)
        calls = campaign.plan.cost.calls["UpdateImageSetMetadata"]
        place.imaging.limiter = RateLimiter({"UpdateImageSetMetadata": (RATE, 1)})
        begin = time.perf_counter()
        applied = apply(campaign, place.imaging, WHO)
        taken = time.perf_counter() - begin
        assert applied.complete
        demanded = calls / RATE
        name = f"apply {calls} calls in {SETS} image sets, each LOCKED for 50 ms"
        return [Row(name, taken, demanded, "s", "calls / rate", "≤ 1.05 ×", taken <= 1.05 * demanded)]


def _throttled() -> list[Row]:
    """Against a served store that itself throttles, at rates raised as an account's may be."""
    scale, sets, each = 4.0, 8, 2
    with ground() as place:
        units = []
        for number in range(sets):
            party = place.party(place.add(document(each)))
            changes = [
                change(instance(one, "ImageComments"), ABSENT, "c" * 200, "LT") for one in range(1, each + 1)
            ]
            units.append(plan_in_place(party, changes, number=number, payload=Payload(limit=400)))
        campaign = place.campaign(units)
        calls = campaign.plan.cost.calls["UpdateImageSetMetadata"]
        options = ("--limits", f"aws:{scale:g}", "--delay", "0.05")
        folder = place.folder / "store"
        with serving(folder, place.folder / "ready", *options) as served:
            spec = f"{served.endpoint}/{place.imaging.datastore_id}"
            store = open_store(spec, limiter=RateLimiter(RATES, scale=scale * PACE))
            begin = time.perf_counter()
            applied = apply(campaign, store.imaging, WHO)
            taken = time.perf_counter() - begin
            store.close()
        assert applied.complete
        demanded = calls / (0.25 * scale)
        name = f"apply {calls} calls to a served store with --limits aws:{scale:g}"
        return [Row(name, taken, demanded, "s", "calls / rate", "≤ 1.05 ×", taken <= 1.05 * demanded)]
