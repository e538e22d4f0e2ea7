"""What de-identification leaves: harmless words kept, and planted identifiers left, beside dicognito (extra ``bench``).

The planter of `tests.deid` writes one made-up person into each of the bench's files, in as many kinds of places as fit;
both tools see the same. A harmless word is one that stood before anything was planted in a text element that PS3.15 lets
stay under the profile, names and ids aside; it is kept when it stands in the same element afterwards. Ours runs the bundled profile ``research``.
"""

from __future__ import annotations

import base64
import copy
import importlib
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from curator.deid.ruled import load_profile
from curator.dicom.dictionary import is_private, tag_of_key, vrs
from curator.imageset import ImageSetMetadata
from curator.ruleshelf import open_rule_file
from curator.verify.claim import Claim
from curator.verify.expectation import Expectations, vr_of
from tests.benchmarks import Row
from tests.deid.planter import Person, left, made_up, needles, plant, plant_keepers
from tests.deid.test_bench import FILES, bundled_file, published
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


def _planted() -> Iterator[tuple[dict[str, Any], Counter[tuple[str, str]], Person]]:
    profile = load_profile(open_rule_file("research")).profile
    allowed = Expectations(Claim(options=profile.options, retain_references=profile.retain_references))
    for number, name in enumerate(FILES):
        plain: dict[str, Any] = tree(decoded(bundled_file(name)))
        plain = copy.deepcopy(plain)
        plant_keepers(plain)
        harmless = _words(_levels(plain), allowed)
        who = made_up(SEED + number)
        plant(plain, who, number * 14, keepers=True)
        yield plain, harmless & _words(_levels(plain)), who


def _wanted(who: Person) -> dict[str, str]:
    return needles(who, dates=False, uids=False, institution=False, device=False)


def run() -> list[Row]:
    """Measure both on the same planted documents."""
    totals: dict[str, list[float]] = {"ours": [0, 0, 0], "dicognito": [0, 0, 0]}
    try:
        peer = importlib.import_module("dicognito.anonymizer").Anonymizer(seed="a seed")
    except ImportError:
        print("  dicognito is not installed: pip install '.[bench]'")
        peer = None
    for plain, harmless, who in _planted():
        result = published(ImageSetMetadata.from_json(copy.deepcopy(plain)), "research").to_json()
        _count(totals["ours"], _levels(result), result, harmless, who)
        if peer is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = _dataset(plain)
                peer.anonymize(dataset)
                theirs = _plain(dataset)
            _count(totals["dicognito"], [theirs], theirs, harmless, who)
    ours, theirs_total = totals["ours"], totals["dicognito"]
    share, other = ours[0] / ours[1], theirs_total[0] / (theirs_total[1] or 1)
    clean = ours[2] == 0
    return [
        Row("harmless words kept", share, other, "", "dicognito", "with 0 planted identifiers left", clean),
        Row("planted identifiers left, places", ours[2], theirs_total[2], "", "dicognito", "0", clean),
    ]


def _count(
    totals: list[float],
    nodes: list[dict[str, Any]],
    whole: Any,
    harmless: Counter[tuple[str, str]],
    who: Person,
) -> None:
    totals[0] += sum((_words(nodes) & harmless).values())
    totals[1] += sum(harmless.values())
    totals[2] += len(left(whole, _wanted(who)))
