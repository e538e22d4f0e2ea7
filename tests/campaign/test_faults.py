"""Over HTTP, with everything that can go wrong between a client and a service going wrong."""

from __future__ import annotations

import configparser
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from botocore.config import Config
from botocore.session import Session

from curator.campaign.applying import apply
from curator.campaign.journal import Campaign, Status
from curator.campaign.limits import RateLimiter
from curator.campaign.planfile import write_plan
from curator.campaign.verifying import verify
from curator.dicom import Json
from curator.healthimaging import HealthImaging
from curator.localstore import LocalStore
from curator.plan.cost import RATES
from curator.plan.lines import Header
from curator.plan.merging import Party, plan_merge
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place
from curator.plan.splitting import groups_of, plan_split
from curator.plan.units import Unit
from curator.project import Project
from tests.campaign.faults import Fault, FaultProxy, faulty
from tests.campaign.ground import ABSENT, WHO, change, document, instance, parsed
from tests.served import serving

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

WRITES = ("updateImageSetMetadata", "copyImageSet", "deleteImageSet")


@dataclass
class Wire:
    """A served store seen through a faulty network, and seen directly."""

    folder: Path
    proxy: FaultProxy
    imaging: HealthImaging
    direct: HealthImaging
    store: LocalStore

    def add(self, tree: dict[str, Json], frames: int = 0) -> str:
        found = self.store.storage.add_image_set(self.direct.datastore_id, parsed(tree, frames=frames))
        return found.image_set_id

    def party(self, image_set: str) -> Party:
        return Party(image_set, "1", self.direct.document(image_set))

    def campaign(self, units: list[Unit], name: str) -> Campaign:
        folder = self.folder / name
        folder.mkdir()
        plan = write_plan(folder / "plan", Header(datastore=self.direct.datastore_id), units)
        return Campaign.begin(Project.open(folder / "project"), plan.path)


def client_of(endpoint: str, credentials: configparser.SectionProxy) -> HealthImagingClient:
    session = Session(session_vars={"profile": (None, None, None, None)})
    made = session.create_client(
        "medical-imaging",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=credentials["aws_access_key_id"],
        aws_secret_access_key=credentials["aws_secret_access_key"],
        config=Config(
            inject_host_prefix=False, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1}
        ),
    )
    return cast("HealthImagingClient", made)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder = tmp_path_factory.mktemp("wire")
    with serving(folder / "store", folder / "ready.json") as served, faulty(served.endpoint) as proxy:
        parser = configparser.ConfigParser()
        parser.read_string(str(served.ready["aws_credentials"]))
        credentials = parser[parser.sections()[0]]
        imaging = HealthImaging(
            client_of(proxy.endpoint, credentials), served.datastore_id, limiter=RateLimiter()
        )
        direct = HealthImaging(client_of(served.endpoint, credentials), served.datastore_id)
        with LocalStore.open(folder / "store") as store:
            yield Wire(folder, proxy, imaging, direct, store)


@pytest.fixture(autouse=True)
def quick_throttles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's 0.25 calls a second would make throttled tests last minutes."""
    monkeypatch.setattr("curator.campaign.limits.RATES", dict.fromkeys(RATES, (50.0, 1.0)))


def work(wire: Wire) -> list[Unit]:
    updated = wire.party(wire.add(document(2)))
    changes = [change(instance(each, "ImageComments"), ABSENT, "c" * 100, "LT") for each in (1, 2)]
    torn = [wire.party(wire.add(document(2), 1)), wire.party(wire.add(document(1, first=3), 1))]
    parted = wire.party(wire.add(document(2), 1))
    return [
        plan_in_place(updated, changes, number=0, payload=Payload(limit=300)),
        plan_merge(torn, number=1),
        plan_split(parted, groups_of(parted.doc, ["1.2.3.4.1"]), number=2),
    ]


def is_write(method: str, path: str) -> bool:
    return any(word in path for word in WRITES)


@pytest.mark.parametrize("fault", ["throttled", "broken", "broken-after", "reset", "reset-after", "late"])
def test_every_write_goes_wrong_once(wire: Wire, fault: Fault) -> None:
    before = {each.id for each in wire.direct.search()}
    units = work(wire)
    campaign = wire.campaign(units, fault)
    seen: dict[str, int] = {}
    lock = threading.Lock()

    def choose(method: str, path: str) -> Fault:
        with lock:
            seen[path] = seen.get(path, 0) + 1
            return fault if is_write(method, path) and seen[path] % 2 else ""

    wire.proxy.choose = choose
    applied = apply(campaign, wire.imaging, WHO, workers=3)
    wire.proxy.choose = lambda method, path: ""
    assert applied.open == []
    assert all(proof.holds and proof.checked for proof in verify(campaign, wire.direct, WHO))
    assert any(found == fault for _, found in wire.proxy.done)
    added = {each.id for each in wire.direct.search()} - before
    assert len(added) == 5  # four planned for, one made by the split: no copy twice


def test_alike_image_sets_get_a_copy_each(wire: Wire) -> None:
    """Six sets of one series and one content are split beside each other, and every answer is lost."""
    parties = [wire.party(wire.add(document(2), 0)) for _ in range(6)]
    units = [plan_split(each, groups_of(each.doc, ["1.2.3.4.1"]), number=n) for n, each in enumerate(parties)]
    campaign = wire.campaign(units, "alike")
    lost: set[str] = set()

    def choose(method: str, path: str) -> Fault:
        if "copyImageSet" in path and path not in lost:
            lost.add(path)
            return "reset-after" if len(lost) % 2 else "reset"
        return ""

    wire.proxy.choose = choose
    applied = apply(campaign, wire.imaging, WHO, workers=6)
    wire.proxy.choose = lambda method, path: ""
    assert applied.open == []
    made = [state.names["$1"] for state in campaign.state().values()]
    assert len(set(made)) == 6
    assert all(proof.holds and proof.checked for proof in verify(campaign, wire.direct, WHO))


def test_bursts_on_everything(wire: Wire) -> None:
    """Reads and writes fail at random; what is not done at the end is said, and a second run does it."""
    units = work(wire)
    campaign = wire.campaign(units, "bursts")
    dice = random.Random(7)
    faults: list[Fault] = ["throttled", "broken", "broken-after", "reset", "reset-after"]
    wire.proxy.choose = lambda method, path: dice.choice(faults) if dice.random() < 0.3 else ""
    first = apply(campaign, wire.imaging, WHO, workers=2)
    wire.proxy.choose = lambda method, path: ""
    assert {status for _, _, status, _ in first.open} <= {Status.OPEN}
    assert all(reason for _, _, _, reason in first.open)
    assert apply(campaign, wire.imaging, WHO, workers=2).open == []
    assert all(proof.holds and proof.checked for proof in verify(campaign, wire.direct, WHO))


def test_a_service_that_is_gone_leaves_everything_open_and_nothing_done(wire: Wire) -> None:
    units = work(wire)
    campaign = wire.campaign(units, "gone")
    wire.proxy.choose = lambda method, path: "reset"
    applied = apply(campaign, wire.imaging, WHO, workers=3)
    wire.proxy.choose = lambda method, path: ""
    assert {status for _, _, status, _ in applied.open} == {Status.OPEN}
    assert len(applied.open) == 3
    assert all(wire.direct.image_set(member.id).version == "1" for unit in units for member in unit.members)
    assert apply(campaign, wire.imaging, WHO, workers=3).complete


def test_another_writer_in_between(wire: Wire) -> None:
    """Somebody changes the image set between two calls of its unit: the unit stops there, the others go on."""
    units = work(wire)
    campaign = wire.campaign(units, "others")
    mine = units[0].members[0].id
    updates = 0

    def choose(method: str, path: str) -> Fault:
        nonlocal updates
        if mine in path and "updateImageSetMetadata" in path:
            updates += 1
            if updates == 2:
                wire.direct.update(
                    mine, "2", updatable=b'{"SchemaVersion":1.1,"Study":{"DICOM":{"StudyTime":"01"}}}'
                )
        return ""

    wire.proxy.choose = choose
    applied = apply(campaign, wire.imaging, WHO, workers=3)
    wire.proxy.choose = lambda method, path: ""
    ((number, _, status, reason),) = applied.open
    assert (number, status) == (0, Status.MOVED)
    assert "version 3" in reason
    assert wire.direct.document(mine).study["StudyTime"] == "01"
    assert applied.statuses[Status.DONE] == 2
