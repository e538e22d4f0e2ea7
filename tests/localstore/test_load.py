"""`curator serve` under many clients: what it answers is what the API would, no write is lost or doubled, memory is flat."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from curator.stores import open_store
from tests.campaign.ground import document, ground
from tests.served import Served, serving
from tests.soak import soak_count

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

CLIENTS = 64
SECONDS = 300
SETS = 24
ALLOWED = {
    ("ConflictException", "ImageSet is LOCKED: another operation is running on it"),
    ("ResourceNotFoundException", "Requested version(s) of ImageSet(s) is not the latest."),
}
"""What the API answers to a write while another one runs, or on a version that is not the latest."""


def client_of(served: Served) -> HealthImagingClient:
    """Return boto3 as another program has it, which sends each call once."""
    lines = str(served.ready["aws_credentials"]).splitlines()
    key, secret = (line.partition(" = ")[2] for line in lines[1:3])
    session = boto3.Session(key, secret, region_name="us-east-1")
    once = Config(
        retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=120, max_pool_connections=1
    )
    return session.client("medical-imaging", endpoint_url=served.endpoint, config=once)


def update(client: HealthImagingClient, served: Served, image_set: str, version: str, text: str) -> str:
    """Write a text into an image set and return the version that it makes."""
    patch = {"SchemaVersion": 1.1, "Study": {"DICOM": {"StudyDescription": text}}}
    answer = client.update_image_set_metadata(
        datastoreId=served.datastore_id,
        imageSetId=image_set,
        latestVersionId=version,
        updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": json.dumps(patch).encode()}},
    )
    return answer["latestVersionId"]


def description(client: HealthImagingClient, served: Served, image_set: str, version: str) -> str:
    """Return what a version says."""
    import gzip

    blob = client.get_image_set_metadata(
        datastoreId=served.datastore_id, imageSetId=image_set, versionId=version
    )["imageSetMetadataBlob"].read()
    return str(json.loads(gzip.decompress(blob))["Study"]["DICOM"]["StudyDescription"])


@dataclass
class Seen:
    """What all clients together met."""

    taken: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)
    written: dict[tuple[str, str], str] = field(default_factory=dict)
    doubled: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, action: Callable[[], str]) -> str | None:
        """Make a call, and note how long it took and how it was refused."""
        begin = time.perf_counter()
        try:
            return action()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            message = error.response["Error"].get("Message", "")
            with self.lock:
                self.refused[code] += 1
                if (code, message) not in ALLOWED:
                    self.strange.append(code)
            return None
        except Exception as error:
            with self.lock:
                self.strange.append(type(error).__name__)
            return None
        finally:
            with self.lock:
                self.taken.append(time.perf_counter() - begin)

    def p99(self) -> float:
        """Return the 99th percentile of a call's seconds."""
        return statistics.quantiles(self.taken, n=100)[98]


def work(
    client: HealthImagingClient, served: Served, sets: list[str], number: int, until: float, seen: Seen
) -> None:
    """Read and write until the time is over, one write in four calls."""
    round_ = 0
    while time.monotonic() < until:
        round_ += 1
        image_set = sets[(number * 7 + round_) % len(sets)]
        names = {"datastoreId": served.datastore_id, "imageSetId": image_set}
        version = seen.call(lambda: client.get_image_set(**names)["versionId"])  # noqa: B023  (called at once)
        if version is None:
            continue
        seen.call(lambda: description(client, served, image_set, version))  # noqa: B023
        seen.call(
            lambda: str(
                len(client.search_image_sets(datastoreId=served.datastore_id)["imageSetsMetadataSummaries"])
            )
        )
        text = f"{number}.{round_}"
        made = seen.call(lambda: update(client, served, image_set, version, text))  # noqa: B023
        if made is not None:
            with seen.lock:
                if (image_set, made) in seen.written:
                    seen.doubled.append((image_set, made))
                seen.written[image_set, made] = text


def memory_of(served: Served) -> int:
    """Return the bytes of memory that are the server's own: without the pages of its files, which the system lends."""
    _, resident, shared, *_ = map(int, Path(f"/proc/{served.process.pid}/statm").read_text().split())
    return (resident - shared) * 4096


def loaded(served: Served, sets: list[str], clients: int, seconds: float, memory: list[int]) -> Seen:
    """Work with so many clients for so long; ``memory`` gets the server's, twenty times in all."""
    seen = Seen()
    made = [client_of(served) for _ in range(clients)]
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(work, each, served, sets, n, until, seen) for n, each in enumerate(made)]
        for _ in range(20):
            time.sleep(seconds / 20)
            memory.append(memory_of(served))
        for each in running:
            each.result()
    return seen


@pytest.mark.soak
def test_sixty_four_clients_lose_and_double_nothing(tmp_path: Path) -> None:
    seconds = soak_count(SECONDS)
    short = max(3, seconds / 20)
    with ground() as place:
        sets = [place.add(document(3)) for _ in range(SETS)]
        place.store.close()
        memory: list[int] = []
        with serving(place.folder / "store", tmp_path / "ready") as served:
            # The ground's data store, which need not be the folder's first.
            mine = Served(
                served.process, served.endpoint, place.imaging.datastore_id, served.environment, served.ready
            )
            warm = loaded(mine, sets, 8, min(5, seconds / 2), [])  # threads and caches are there
            alone = loaded(mine, sets, 1, short, [])
            many = loaded(mine, sets, CLIENTS, seconds, memory)
        fifth = len(memory) // 5
        minutes = [statistics.median(memory[n : n + fifth]) / 1e6 for n in range(0, len(memory), fifth)]
        rate_alone, rate = len(alone.taken) / short, len(many.taken) / seconds
        print(
            f"{CLIENTS} clients for {seconds} s: {len(many.taken):,} calls, {rate:.0f}/s"
            f" ({rate / rate_alone:.2f} × one client's), p99 {many.p99() * 1e3:.0f} ms"
            f" (one client {alone.p99() * 1e3:.1f} ms), {len(many.written):,} writes,"
            f" refused {dict(many.refused)}, strange {dict(Counter(many.strange))},"
            f" memory {' '.join(f'{each:.1f}' for each in minutes)} MB in each fifth"
        )
        assert not warm.strange + alone.strange + many.strange
        assert not warm.doubled + alone.doubled + many.doubled
        written = warm.written | alone.written | many.written
        assert many.written
        assert len(written) == len(warm.written) + len(alone.written) + len(many.written)
        opened = open_store(f"local:{place.folder / 'store'}#{place.imaging.datastore_id}")
        for image_set in sets:
            # Each answered write is the version that it said, and there is no version that nobody was told of.
            told = {version: text for (each, version), text in written.items() if each == image_set}
            assert {each.version for each in opened.imaging.versions(image_set)} == {"1", *told}
            for version, text in told.items():
                assert opened.imaging.document(image_set, version).study["StudyDescription"] == text
        opened.close()
        assert rate >= 0.5 * rate_alone
        assert many.p99() <= 4 * CLIENTS * max(alone.p99(), 0.005)
        assert minutes[-1] <= minutes[0] + 30


@pytest.mark.soak
def test_a_client_that_pauses_between_calls_finds_its_connection_open(tmp_path: Path) -> None:
    """At the guide's rates a campaign writes every four seconds; what is sent while a connection is closed is lost."""
    with serving(tmp_path / "store", tmp_path / "ready") as served:
        address = urlsplit(served.endpoint)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        connection.auto_open = 0
        connection.connect()
        for pause in (0, 7):
            time.sleep(pause)
            connection.request("GET", "/datastore")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 403  # nobody signed it
        connection.close()


@pytest.mark.soak
def test_of_sixteen_writers_on_one_version_one_wins(tmp_path: Path) -> None:
    races = soak_count(10_000)
    with ground() as place:
        image_set = place.add(document(1))
        place.store.close()
        with serving(place.folder / "store", tmp_path / "ready") as served:
            mine = Served(
                served.process, served.endpoint, place.imaging.datastore_id, served.environment, served.ready
            )
            clients = [client_of(mine) for _ in range(16)]
            with ThreadPoolExecutor(16) as pool:
                for race in range(races):
                    version = str(race + 1)
                    seen = Seen()

                    def write(number: int, version: str = version, seen: Seen = seen) -> str | None:
                        text = f"{version}/{number}"
                        return text if seen.call(
                            lambda: update(clients[number], mine, image_set, version, text)
                        ) else None  # fmt: skip

                    winners = [text for text in pool.map(write, range(16)) if text is not None]
                    assert not seen.strange, seen.refused
                    assert len(winners) == 1, (race, seen.refused)
                    if race % 50 == 0:
                        assert description(clients[0], mine, image_set, str(race + 2)) == winners[0]
