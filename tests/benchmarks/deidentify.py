"""De-identify headers, every feature on, beside dicognito, dicom-anonymizer and deid (extra ``bench``).

All see the same five real headers, repeated; each is given what it works on in memory (a pydicom Dataset, an
instance's JSON), and reading and writing files is outside the clock. Ours includes parsing the instance's JSON.
The collector is off for all, as it is where publications are planned. Times are of the processor, the medians of
rounds in which each is measured once.
"""

from __future__ import annotations

import copy
import gc
import hmac
import importlib
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curator.deid.engine import Engine
from curator.deid.profile import Profile
from curator.deid.subject import subject
from curator.dicom.confidentiality import Option
from curator.imageset import ImageSetMetadata
from curator.imageset.instance import collector_off
from tests.benchmarks import Row
from tests.benchmarks.documents import HEADERS, big_document

FULL = frozenset(
    {
        Option.RETAIN_MODIFIED_DATES,
        Option.CLEAN_DESCRIPTORS,
        Option.CLEAN_STRUCTURED_CONTENT,
        Option.RETAIN_SAFE_PRIVATE,
    }
)
OURS, PEERS, DEID, ROUNDS = 2000, 100, 25, 3


def keyed(domain: str) -> Callable[[bytes], bytes]:
    start = hmac.new(domain.encode(), digestmod="sha256")

    def digest(data: bytes) -> bytes:
        state = start.copy()
        state.update(data)
        return state.digest()

    return digest


def _ours() -> float:
    document = ImageSetMetadata.parse(big_document(OURS))
    profile = Profile("research", FULL)
    engine = Engine(profile, keyed)
    about = subject([document], profile, keyed)
    fresh = ImageSetMetadata.parse(document.encode())
    gc.collect()
    begin = time.process_time()
    for _, _, instance in fresh.instances():
        dicom = instance.dicom
        engine.apply(dicom, about, sop_class=str(dicom["SOPClassUID"]), private_vrs=instance.vrs)
    return OURS / (time.process_time() - begin)


def _datasets(count: int) -> list[Any]:
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    read = [dcmread(str(get_testdata_file(name)), stop_before_pixels=True) for name in HEADERS]
    return [copy.deepcopy(read[number % len(read)]) for number in range(count)]


def _dicognito() -> float:
    anonymizer = importlib.import_module("dicognito.anonymizer").Anonymizer(seed="a seed")
    datasets = _datasets(PEERS)
    begin = time.process_time()
    for dataset in datasets:
        anonymizer.anonymize(dataset)
    return PEERS / (time.process_time() - begin)


def _dicom_anonymizer() -> float:
    anonymize = importlib.import_module("dicomanonymizer.simpledicomanonymizer").anonymize_dataset
    datasets = _datasets(PEERS)
    begin = time.process_time()
    for dataset in datasets:
        anonymize(dataset)
    return PEERS / (time.process_time() - begin)


def _deid() -> float:
    replace = importlib.import_module("deid.dicom").replace_identifiers
    recipe = importlib.import_module("deid.config").DeidRecipe()
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, dataset in enumerate(_datasets(DEID)):
            files.append(str(Path(folder, f"{number}.dcm")))
            dataset.save_as(files[-1])
        begin = time.process_time()
        replace(dicom_files=files, deid=recipe, save=False)
        return DEID / (time.process_time() - begin)


def _measured() -> Iterator[tuple[str, float]]:
    for name, peer in (("dicognito", _dicognito), ("dicom-anonymizer", _dicom_anonymizer), ("deid", _deid)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield name, peer()
        except ImportError:
            print(f"  {name} is not installed: pip install '.[bench]'")


def run() -> list[Row]:
    """Measure; the bound is on the fastest peer."""
    with collector_off():
        rounds = [(_ours(), dict(_measured())) for _ in range(ROUNDS)]
    ours = statistics.median(own for own, _ in rounds)
    peers = {name: statistics.median(found[name] for _, found in rounds) for name in rounds[0][1]}
    fastest = max(peers.values(), default=0.0)
    return [
        Row(
            "de-identify headers, all features on",
            ours,
            speed,
            "/s",
            name,
            "≥ 40 × the fastest peer",
            ours >= 40 * fastest,
        )
        for name, speed in peers.items()
    ]
