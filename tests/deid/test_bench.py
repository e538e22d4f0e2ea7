"""Made-up identifiers in real documents: none is left and nothing is lost, under each bundled profile.

The seed is printed; ``CURATOR_SEED`` repeats a run. The planter shares no code with the engine, and finds what is left
by plain substrings.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from curator.deid.ruled import load_profile
from curator.deid.subject import subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.findings import Absent
from curator.imageset import ImageSetMetadata, apply_patch
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.ruleshelf import bundled, open_rule_file
from curator.verify import BY_RULE, Claim, Held, Verification, verify
from tests.deid.planter import KEEPERS, PLACES, Person, left, made_up, needles, plant, plant_keepers
from tests.verify.publication import decoded, keyed_with, tree

SEED = int(os.environ.get("CURATOR_SEED") or time.time())
KEYED = keyed_with(b"bench".ljust(32, b"."))
SHARED = Path("../shared/data")
FILES = (
    "CT_small.dcm",
    "MR_small.dcm",
    "rtplan.dcm",
    "rtdose.dcm",
    "liver_1frame.dcm",
    "examples_ybr_color.dcm",
    "693_J2KI.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "examples_overlay.dcm",
    "reportsi.dcm",
)
MAIN = ("basic", "research", "tcia", "limited-data-set")
PROFILES = [name for name in bundled() if "profile" in open_rule_file(name).sections]


def bundled_file(name: str) -> Path:
    import pydicom.data

    return Path(next(Path(pydicom.data.__file__).parent.joinpath("test_files").rglob(name)))


@cache
def loaded(name: str) -> Any:
    return load_profile(open_rule_file(name))


def published(document: ImageSetMetadata, name: str) -> ImageSetMetadata:
    """Publish through the whole profile, rules included: every change made, keys after the UIDs inside."""
    asked = loaded(name)
    engine = asked.engine(KEYED)
    outcome = asked.outcome(engine, document, subject([document], asked.profile, KEYED))
    operations: list[dict[str, Json]] = []
    for change in outcome.changes:
        pointer: Json = change.path.pointer()
        if isinstance(change.after, Absent):
            operations.append({"op": "remove", "path": pointer})
        else:
            operations.append({"op": "add", "path": pointer, "value": change.after})
    plain: Any = apply_patch(document, operations).to_json()
    for series in plain["Study"]["Series"].values():
        for instance in series["Instances"].values():
            there = instance["DICOM"]
            instance["DICOMVRs"] = {key: vr for key, vr in instance["DICOMVRs"].items() if key in there}
        series["Instances"] = {each["DICOM"]["SOPInstanceUID"]: each for each in series["Instances"].values()}
    plain["Study"]["Series"] = {
        each["DICOM"]["SeriesInstanceUID"]: each for each in plain["Study"]["Series"].values()
    }
    return ImageSetMetadata.from_json(plain)


def judged(document: ImageSetMetadata, result: ImageSetMetadata, name: str) -> Verification:
    profile = loaded(name).profile
    overrides = {tag: override.code for tag, override in profile.overrides.items()}
    claim = Claim(
        options=profile.options,
        overrides={**overrides, 0x00101010: BY_RULE} if name == "tcia" else overrides,
        retain_references=profile.retain_references,
        cleared=frozenset(sop for _, sop, _ in document.instances()),
    )
    return verify([Held("original", "1", document)], [Held("result", "1", result)], claim)


def wanted(who: Person, name: str) -> dict[str, str]:
    options = loaded(name).profile.options
    return needles(
        who,
        dates=Option.RETAIN_FULL_DATES in options,
        uids=Option.RETAIN_UIDS in options,
        institution=Option.RETAIN_INSTITUTION_IDENTITY in options,
        device=Option.RETAIN_DEVICE_IDENTITY in options,
    )


def planted(file: Path, seed: int, first: int) -> tuple[ImageSetMetadata, Person, list[str]]:
    plain: Any = tree(decoded(file))
    who = made_up(seed)
    if seed % 2:
        plant_keepers(plain)
    places = plant(plain, who, first, keepers=bool(seed % 2))
    return ImageSetMetadata.from_json(plain), who, places


def examined(file: Path, seed: int, name: str, first: int = 0) -> tuple[set[str], list[str]]:
    """Plant, publish, and return (the places planted in, everything that is wrong)."""
    document, who, places = planted(file, seed, first)
    result = published(document, name)
    plain = result.to_json()
    wrong = [f"{file.name}: {kind} is left in {where}" for kind, where in left(plain, wanted(who, name))]
    if seed % 2:
        text = result.encode().decode()
        wrong += [f"{file.name}: {kept!r} was taken out" for kept in KEEPERS if f'"{kept}"' not in text]
    verdict = judged(document, result, name)
    wrong += [f"{file.name}: verify: {each}" for each in verdict.violations]
    return set(places), wrong


def test_the_planter_knows_forty_kinds_of_places_and_finds_each_one_it_planted() -> None:
    assert len(PLACES) >= 40
    file = bundled_file("CT_small.dcm")
    for seed in range(4):
        document, who, places = planted(file, seed, seed * 17)
        found = left(
            document.to_json(), needles(who, dates=False, uids=False, institution=False, device=False)
        )
        assert len(found) >= len(places) * 0.9


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_planted_is_left_and_nothing_else_is_lost(name: str) -> None:
    print(f"seed {SEED}")
    names = list(PLACES)
    covered: set[str] = set()
    wrong: list[str] = []
    files = FILES if name in MAIN else FILES[PROFILES.index(name) % 3 :: 3]
    for number, file in enumerate(files * 12):  # until each place had its turn
        if number >= len(files) and covered == set(names):
            break
        first = next((place for place, each in enumerate(names) if each not in covered), SEED)
        places, found = examined(bundled_file(file), SEED + number, name, first)
        covered |= places
        wrong += found
    assert wrong == []
    assert covered == set(names)


@pytest.mark.soak
@pytest.mark.parametrize("name", MAIN)
def test_the_same_on_every_file_there_is(name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data")
    wrong: list[str] = []
    for number, file in enumerate(sorted(SHARED.rglob("*.dcm"))):
        if file.stat().st_size > 20_000_000:
            continue
        try:
            plain = decoded(file)
        except RefusedFile:
            continue
        if plain.instance.get("SOPInstanceUID") and plain.series.get("SeriesInstanceUID"):
            wrong += examined(file, SEED + number, name, number * 5)[1]
    assert wrong == []


def test_a_name_that_is_a_word_goes_for_its_bearer_only() -> None:
    plain: Any = tree(decoded(bundled_file("CT_small.dcm")))
    plant_keepers(plain)
    plain["Patient"]["DICOM"]["PatientName"] = "Rose^Paget"
    instance = next(iter(next(iter(plain["Study"]["Series"].values()))["Instances"].values()))["DICOM"]
    instance["BodyPartExamined"] = "HEAD"
    text = published(ImageSetMetadata.from_json(plain), "basic").encode().decode()
    assert "Rose" not in text
    assert "Paget" not in text
    assert '"disease"' in text
    assert '"bengal"' in text
    assert '"Down syndrome"' in text
    assert '"May-Thurner"' in text
