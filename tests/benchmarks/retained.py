"""What de-identification leaves: harmless words kept, and planted identifiers left, beside dicognito (extra ``bench``).

The planter of `tests.deid` writes one made-up person into each of the bench's files, in as many kinds of places as fit;
both tools see the same. A harmless word is one that stood before anything was planted in a text element that PS3.15 lets
stay under the profile, names and ids aside; it is kept when it stands in the same element afterwards.
"""

from __future__ import annotations

import base64
import copy
import importlib
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from curator.deid.ruled import load_profile
from curator.dicom.dictionary import is_private, tag_of_key, vrs
from curator.imageset import ImageSetMetadata
from curator.ruleshelf import open_rule_file
from curator.verify.claim import Claim
from curator.verify.expectation import Expectations, vr_of
from tests.benchmarks import Row
from tests.deid.planter import Person, left, made_up, plant, plant_keepers
from tests.deid.test_bench import FILES, bundled_file, published, wanted
from tests.verify.publication import decoded, tree

SEED = 20
_WORD = re.compile(r"[^\W\d_]{2,}")
_TEXT = frozenset({"CS", "LO", "LT", "SH", "ST", "UC", "UT"})
_NAMES = re.compile(r"Name|ID$|IDs$|Number|Address|Institution|Station|Comments|AETitle")


def _words(nodes: list[dict[str, Any]], allowed: Expectations | None = None) -> Counter[tuple[str, str]]:
    """Return (keyword, word) of text elements; with ``allowed`` only of those that the profile's table lets stay."""
    found: Counter[tuple[str, str]] = Counter()
    sop_class = next((str(node["SOPClassUID"]) for node in nodes if "SOPClassUID" in node), "")
    stack: list[tuple[dict[str, Any], tuple[int, ...]]] = [(node, ()) for node in nodes]
    while stack:
        node, above = stack.pop()
        for key, value in node.items():
            tag = tag_of_key(key) or 0
            path = (*above, tag)
            if allowed and (
                is_private(tag) or allowed.of(sop_class, path, vr_of(tag, None)).action not in "KC"
            ):
                continue
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    stack.append((each, path))
                elif isinstance(each, str) and _is_text(key):
                    found.update((key, word.casefold()) for word in _WORD.findall(each))
    return found


def _is_text(key: str) -> bool:
    known = vrs(tag_of_key(key) or 0)
    return bool(known) and known[0] in _TEXT and not (_NAMES.search(key) and key != "SequenceName")


def _levels(plain: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [plain["Patient"]["DICOM"], plain["Study"]["DICOM"]]
    for series in plain["Study"]["Series"].values():
        nodes.append(series["DICOM"])
        nodes += [instance["DICOM"] for instance in series["Instances"].values()]
    return nodes


def _dataset(plain: dict[str, Any]) -> Any:
    """Return the attributes as pydicom holds them; what it cannot hold (an unknown key) stays out."""
    from pydicom.dataset import Dataset, FileMetaDataset

    declared: dict[str, str] = {}
    for series in plain["Study"]["Series"].values():
        for instance in series["Instances"].values():
            declared |= instance["DICOMVRs"]
    merged = {key: value for node in _levels(plain) for key, value in node.items()}
    made = Dataset.from_json(_model(merged, declared))
    made.file_meta = FileMetaDataset()
    return made


def _model(node: dict[str, Any], declared: dict[str, str]) -> dict[str, Any]:
    model: dict[str, Any] = {}
    for key, value in node.items():
        tag = tag_of_key(key)
        if tag is None or tag >> 16 in (0x0002, 0x0004):
            continue
        vr = declared.get(key) or (vrs(tag) or ("UN" if _is_base64(value) else "LT",))[0]
        values = value if isinstance(value, list) else [value]
        entry: dict[str, Any] = {"vr": vr}
        if vr == "SQ":
            entry["Value"] = [_model(item, {}) for item in values if isinstance(item, dict)]
        elif vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
            entry["InlineBinary"] = value if isinstance(value, str) else ""
        elif value is not None:
            entry["Value"] = [{"Alphabetic": each} if vr == "PN" else each for each in values]
        model[f"{tag:08X}"] = entry
    return model


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True


def _plain(dataset: Any) -> dict[str, Any]:
    """Return pydicom's attributes by keyword."""
    out: dict[str, Any] = {}
    for element in dataset:
        key = element.keyword or f"{element.tag:08X}"
        if element.VR == "SQ":
            out[key] = [_plain(item) for item in element.value]
        elif isinstance(element.value, bytes):
            out[key] = base64.b64encode(element.value).decode()
        elif element.VM > 1:
            out[key] = [str(each) for each in element.value]
        else:
            out[key] = str(element.value)
    return out


@dataclass(frozen=True, slots=True)
class Retained:
    """One profile over all files: of ``words`` harmless ones how many each keeps, and how many planted identifiers stay."""

    profile: str
    words: int
    kept: int
    kept_by_peer: int
    left: int
    left_by_peer: int


@dataclass(frozen=True, slots=True)
class _Planted:
    plain: dict[str, Any]
    before: list[dict[str, Any]]
    """The levels before anything was planted."""
    who: Person


@cache
def _planted() -> tuple[_Planted, ...]:
    found = []
    for number, name in enumerate(FILES):
        plain: dict[str, Any] = copy.deepcopy(tree(decoded(bundled_file(name))))
        plant_keepers(plain)
        before = copy.deepcopy(_levels(plain))
        who = made_up(SEED + number)
        plant(plain, who, number * 14, keepers=True)
        found.append(_Planted(plain, before, who))
    return tuple(found)


@cache
def of_peer() -> tuple[dict[str, Any], ...] | None:
    """Return what dicognito makes of the planted files, None where it is not installed; it knows one profile."""
    try:
        peer = importlib.import_module("dicognito.anonymizer").Anonymizer(seed="a seed")
    except ImportError:
        return None
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in _planted():
            dataset = _dataset(each.plain)
            peer.anonymize(dataset)
            found.append(_plain(dataset))
    return tuple(found)


def measured(profile: str) -> Retained:
    """Return what a bundled profile keeps and leaves, beside dicognito on the same files."""
    asked = load_profile(open_rule_file(profile)).profile
    overrides = {tag: override.code for tag, override in asked.overrides.items()}
    allowed = Expectations(
        Claim(options=asked.options, overrides=overrides, retain_references=asked.retain_references)
    )
    words = kept = kept_by_peer = ours = theirs = 0
    peer = of_peer()
    for number, each in enumerate(_planted()):
        harmless = _words(each.before, allowed) & _words(_levels(each.plain))
        needed = wanted(each.who, profile)
        result = published(ImageSetMetadata.from_json(copy.deepcopy(each.plain)), profile).to_json()
        words += sum(harmless.values())
        kept += sum((_words(_levels(result)) & harmless).values())
        ours += len(left(result, needed))
        if peer is not None:
            kept_by_peer += sum((_words([peer[number]]) & harmless).values())
            theirs += len(left(peer[number], needed))
    return Retained(profile, words, kept, kept_by_peer, ours, theirs)


def run() -> list[Row]:
    """Measure the profile ``research`` beside dicognito."""
    if of_peer() is None:
        print("  dicognito is not installed: pip install '.[bench]'")
    found = measured("research")
    share, other = found.kept / found.words, found.kept_by_peer / found.words
    clean = found.left == 0
    return [
        Row("harmless words kept", share, other, "", "dicognito", "with 0 planted identifiers left", clean),
        Row("planted identifiers left, places", found.left, found.left_by_peer, "", "dicognito", "0", clean),
    ]
