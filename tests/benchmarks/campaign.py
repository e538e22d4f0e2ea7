"""A campaign's time beside what the rate alone demands; a plan file of many changes in bounded memory."""

from __future__ import annotations

import subprocess
import sys
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
from tests.tools import ROOT

RATE = 20.0
"""Updates a second: the service's 0.25, scaled up so that the benchmark takes seconds."""
SETS, CALLS = 20, 4


def run() -> list[Row]:
    return [*_time(), *_throttled(), *_memory()]


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
    scale, sets, each = 8.0, 12, 2
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


_PROGRAM = """
import resource, sys, tempfile, pathlib
from curator.campaign.planfile import write_plan, PlanFile
from curator.findings import Why
from curator.plan.lines import Header
from curator.plan.units import Kind, Member, Patch, Unit, Update
import msgspec
count = int(sys.argv[1])
why = (Why("rule", "because"),)
def units():
    for number in range(count // 100):
        patch = tuple({"op": "replace", "path": f"/Study/Series/1.2/Instances/1.2.{each}/DICOM/ImageComments",
                       "value": "x" * 20, "why": 0, "vr": "LT", "safety": "safe"} for each in range(100))
        name = f"{number:032d}"
        member = Member(name, "1", "a" * 64, "b" * 64)
        steps = tuple(Update(name, msgspec.Raw(b'{"x":"' + b"x" * 8000 + b'"}')) for _ in range(2))
        yield Unit(number, Kind.UPDATE, "update", (member,), steps, (Patch(name, why, patch),), changes=100)
with tempfile.TemporaryDirectory() as folder:
    plan = write_plan(pathlib.Path(folder) / "plan", Header(), units())
    read = sum(unit.changes for unit in plan.units())
    assert read == count == plan.cost.changes
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _memory() -> list[Row]:
    def peak(count: int) -> float:
        command = [sys.executable, "-c", _PROGRAM, str(count)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return int(done.stdout) / 1024

    large, small = peak(1_000_000), peak(10_000)
    name = "write and read a plan of 1,000,000 changes, peak memory"
    return [Row(name, large, small, "MB", "10,000 changes", "≤ 1.5 ×", large <= 1.5 * small)]
