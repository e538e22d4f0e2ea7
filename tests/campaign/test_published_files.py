"""Real files, published by each profile, held against their originals, and exported: no error that the input had not."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pydicom
import pytest

from curator.campaign.attesting import attest
from curator.campaign.deidentifying import given_of, into_crosswalk
from curator.campaign.journal import Campaign
from curator.campaign.planfile import write_plan
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.campaign.verifying import verify
from curator.catalogue import Catalogue
from curator.deid.ruled import load_profile
from curator.imageset import ImageSetMetadata
from curator.part10 import instance_file
from curator.plan.lines import Header
from curator.plan.packing import Payload
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, ground
from tests.dciodvfy import errors, is_readable
from tests.deid.test_bench import PROFILES
from tests.tools import SHARED, need

MAIN = ("basic", "research", "tcia")
OTHERS = tuple(name for name in PROFILES if name not in (*MAIN, "basic-retain-uids"))
"""The one that retains UIDs publishes into another store only."""
MAX_BYTES = 3_000_000
FEWEST = 10
"""SOP classes among pydicom's own files, at the least: without any, the test would prove nothing."""


@cache
def files(of_a_class: int) -> Mapping[str, bytes]:
    """Return pydicom's files and those of ``../shared/data`` by SOP Instance UID: the smallest of each SOP class."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    seen: set[str] = set()
    for root in (Path(pydicom.__file__).parent / "data", SHARED / "data"):
        for path in sorted(root.rglob("*")) if root.exists() else []:
            if not path.is_file() or path.stat().st_size > MAX_BYTES:
                continue
            content = path.read_bytes()
            sop, sop_class = _uids(content)
            if sop and sop not in seen:
                seen.add(sop)
                found.setdefault(sop_class, []).append((len(content), sop, content))
    return {sop: content for each in found.values() for _, sop, content in sorted(each)[:of_a_class]}


def _uids(content: bytes) -> tuple[str, str]:
    if content[128:132] != b"DICM":
        return "", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
            return str(data.SOPInstanceUID), str(data.SOPClassUID)
    except Exception:  # a file that pydicom bundles because it is broken
        return "", ""


Originals = tuple[Ground, list[str], Mapping[str, bytes], dict[str, bytes]]


@contextmanager
def brought(of_a_class: int) -> Iterator[Originals]:
    """Yield a store with the files, its image sets, the files, and what the service delivers of each."""
    need("dciodvfy")
    given = files(of_a_class)
    assert len(given) >= FEWEST
    with ground() as place:
        sets = place.bring(*given.values())
        delivered = {sop: file for image_set in sets for sop, file, _ in delivered_by(place, image_set)}
        yield place, sets, given, {sop: file for sop, file in delivered.items() if sop in given}


@pytest.fixture(scope="module")
def originals() -> Iterator[Originals]:
    with brought(1) as found:
        yield found


@pytest.fixture(scope="module")
def all_originals() -> Iterator[Originals]:
    with brought(10_000) as found:
        yield found


def delivered_by(place: Ground, image_set: str) -> Iterator[tuple[str, bytes, ImageSetMetadata]]:
    """Yield (SOP Instance UID, the service's file, the document) of each instance."""
    document = place.imaging.document(image_set)
    study = str(document.study.get("StudyInstanceUID"))
    for series, sop, _ in document.instances():
        yield sop, place.imaging.instance_dicom(image_set, study, series, sop), document


@pytest.mark.parametrize("name", MAIN)
def test_dciodvfy_finds_no_error_in_a_published_file_that_the_input_had_not(
    originals: Originals, name: str
) -> None:
    assert new_errors(originals, name) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", MAIN + OTHERS)
def test_dciodvfy_finds_no_such_error_in_any_file_there_is(all_originals: Originals, name: str) -> None:
    assert new_errors(all_originals, name) == []


def new_errors(originals: Originals, name: str) -> list[str]:
    """Return what dciodvfy says of published files alone, neither of their originals nor of the service's own files."""
    place, sets, given, delivered = originals
    made, uids = published(place, sets, name, frozenset(delivered))
    assert made.keys() >= {uids[sop] for sop in delivered}

    def of(sop: str) -> list[str]:
        if not (is_readable(given[sop]) and is_readable(delivered[sop])):
            return []
        return sorted(errors(made[uids[sop]]) - errors(given[sop]) - errors(delivered[sop]))

    with ThreadPoolExecutor(2) as pool:  # programs of their own: a thread each
        return [wrong for found in pool.map(of, delivered) for wrong in found]


def published(
    place: Ground, sets: list[str], name: str, cleared: frozenset[str]
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Publish everything by a profile and return the exported files by their new UID, and who became whom."""
    how = Publishing(load_profile(open_rule_file(name)), place.project.keyed, cleared=cleared)
    found = Published()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = [row for row in catalogue.rows() if row.id in sets]
        units = list(plan_deidentification(catalogue, rows, how, Planning(Payload()), found))
    header = Header(store=place.spec, datastore=place.imaging.datastore_id, given=given_of(how, name))
    campaign = Campaign.begin(place.project, write_plan(place.folder / "plan.jsonl", header, units).path)
    into_crosswalk(place.project, campaign.id, found)
    assert place.apply(campaign).open == []
    assert [problem for proof in verify(campaign, place.imaging, WHO) for problem in proof.problems] == []
    assert attest(campaign, place.imaging, how.asked, WHO).violations == []
    states = campaign.state()
    made: dict[str, bytes] = {}
    for unit in units:
        for each in unit.made:
            image_set = states[unit.number].id_of(each)
            for sop, delivered, document in delivered_by(place, image_set):
                made[sop] = instance_file(delivered, document, sop)
            place.imaging.delete(image_set)
    return made, found.uids
