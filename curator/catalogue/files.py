"""What only files know: import jobs' output, and headers of the DICOM files that image sets were made from."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curator.catalogue.reading import hash64
from curator.checks.view import Flattened, ImportFailure, SetFacts
from curator.deid.decisions import as_text
from curator.dicom.dictionary import key_of_tag, tag_of_key, vrs
from curator.dicom.levels import GROUPING, LEVEL_TAGS, Level
from curator.errors import UsageError

if TYPE_CHECKING:
    from pydicom import Dataset

    from curator.catalogue import Catalogue

_LEVELS: Final = {str(level): level for level in (Level.PATIENT, Level.STUDY, Level.SERIES)}
_SETS_OF_A_FOLDER: Final = 3
_NDJSON: Final = msgspec.json.Decoder(dict[str, Any])


def read_manifests(folder: Path, catalogue: Catalogue) -> tuple[list[ImportFailure], list[Flattened]]:
    """Read the import output below a folder: refused files, and disagreement that the import told of.

    ``success.ndjson`` and ``failure.ndjson`` are the service's (guide, "Understanding import jobs"); ``warning.ndjson``
    is the embedded store's own. `UsageError` where there is no output at all.
    """
    found = [*folder.rglob("*.ndjson")]
    if not found:
        raise UsageError(
            f"{folder} holds no import output", hint="name the folder of job-output-manifest.json"
        )
    failures: list[ImportFailure] = []
    flattened: list[Flattened] = []
    view = catalogue.view()
    for job in sorted({path.parent.parent if path.parent.name.isupper() else path.parent for path in found}):
        failures += _failures(_lines(job, "success"), _lines(job, "failure"), view.facts)
        flattened += _warned(_lines(job, "warning"), view.facts)
    return failures, flattened


def _lines(job: Path, name: str) -> list[dict[str, Any]]:
    for path in (job / name.upper() / f"{name}.ndjson", job / f"{name}.ndjson"):
        if path.is_file():
            try:
                return _NDJSON.decode_lines(path.read_bytes())
            except msgspec.DecodeError as error:
                raise UsageError(f"{path.name} of the import's output is no NDJSON") from error
    return []


def _failures(
    successes: Iterable[Mapping[str, Any]],
    failures: Iterable[Mapping[str, Any]],
    facts: Callable[[str], SetFacts | None],
) -> Iterator[ImportFailure]:
    imported: dict[str, Counter[str]] = defaultdict(Counter)
    for line in successes:
        identifier = line.get("importResponse", {}).get("imageSetId", "")
        imported[_folder(line)][identifier] += 1
    refused: Counter[tuple[str, str]] = Counter()
    for line in failures:
        refused[_folder(line), line.get("exception", {}).get("message", "no reason given")] += 1
    for (folder, reason), files in refused.items():
        beside = [found for identifier in imported[folder] if (found := facts(identifier)) is not None]
        # A folder of many series tells nothing of where a refused file belongs.
        told = tuple(beside) if len(imported[folder]) <= _SETS_OF_A_FOLDER else ()
        yield ImportFailure(reason, files, told, sum(imported[folder].values()) if told else 0)


def _folder(line: Mapping[str, Any]) -> str:
    return str(PurePosixPath(str(line.get("inputFile", ""))).parent)


def _warned(
    lines: Iterable[Mapping[str, Any]], facts: Callable[[str], SetFacts | None]
) -> Iterator[Flattened]:
    found: dict[tuple[str, Level, str], Counter[str]] = defaultdict(Counter)
    kept: dict[tuple[str, Level, str], str] = {}
    for line in lines:
        warning = line.get("warning", {})
        level = _LEVELS.get(warning.get("level", ""))
        if warning.get("warningType") == "LevelDisagreement" and level is not None:
            key = line.get("imageSetId", ""), level, warning.get("attribute", "")
            found[key]["absent" if warning.get("absent") else as_text(warning.get("found"))] += 1
            kept[key] = as_text(warning.get("kept"))
    for key, values in found.items():
        identifier, level, keyword = key
        known = facts(identifier)
        if known is not None:
            files = max(0, known.instances - sum(values.values()))
            yield _flattened(known, level, "", keyword, [(kept[key], files), *values.most_common()])


def _flattened(
    facts: SetFacts, level: Level, series_uid: str, keyword: str, values: Iterable[tuple[str, int]]
) -> Flattened:
    tag = tag_of_key(keyword)
    vr = (vrs(tag) or ("UN",))[0] if tag is not None else "UN"
    return Flattened(facts, level, series_uid, keyword, vr, tuple(values))


# ── P10 files ────────────────────────────────────────────────────────────────────────────────────────────


def compare_files(paths: Iterable[Path], catalogue: Catalogue) -> tuple[list[Flattened], int, int]:
    """Compare files' Patient, Study and Series elements within the image set that holds their instances.

    Return (disagreements, files read, files whose instance no image set holds). Files that are no DICOM are passed
    over; only headers are read.
    """
    seen: dict[tuple[str, str, Level, str], Counter[str]] = defaultdict(Counter)
    sets: dict[str, SetFacts] = {}
    read = unknown = 0
    view = catalogue.view()
    for dataset in _headers(paths):
        read += 1
        holders = catalogue.holders(str(dataset.get("SOPInstanceUID", "")))
        unknown += not holders
        if len(holders) > 1:  # duplicates: the file was one of them, or tells nothing
            group = _group_of(dataset)
            holders = [each for each in holders if _group_in(catalogue, each) == group]
        for identifier in holders:
            facts = sets.get(identifier) or view.facts(identifier)
            if facts is None:
                continue
            sets[identifier] = facts
            series_uid = str(dataset.get("SeriesInstanceUID", ""))
            for level, tags in LEVEL_TAGS.items():
                for tag in tags:
                    seen[identifier, series_uid, level, key_of_tag(tag)][_text(dataset, tag)] += 1
    found = [
        _flattened(sets[identifier], level, series_uid, keyword, values.most_common())
        for (identifier, series_uid, level, keyword), values in seen.items()
        if len(values) > 1
    ]
    return sorted(found, key=lambda each: (each.set.id, each.level, each.keyword)), read, unknown


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        else:
            yield path


def _headers(paths: Iterable[Path]) -> Iterator[Dataset]:
    """Yield the header of each file that is DICOM. What pydicom warns of names values: nobody hears it."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    for path in _files(paths):
        with warnings.catch_warnings():  # values are decoded, and warned of, while the header is looked at
            warnings.simplefilter("ignore")
            try:
                dataset = dcmread(path, stop_before_pixels=True)
            except (InvalidDicomError, OSError, ValueError, NotImplementedError):
                continue
            yield dataset


def _group_of(dataset: Dataset) -> tuple[str, ...]:
    """Return the elements that split an import, an absent one as an empty one."""
    texts = (_text(dataset, tag) for tag in GROUPING)
    return tuple("" if text in ("absent", "empty") else text for text in texts)


def _group_in(catalogue: Catalogue, identifier: str) -> tuple[str, ...] | None:
    """Return the same elements as an image set's document has them; None where it was never read."""
    document = catalogue.document(identifier)
    if document is None:
        return None
    series = next(iter(document.series.values())).dicom if document.series else {}
    nodes = {Level.PATIENT: document.patient, Level.STUDY: document.study, Level.SERIES: series}
    return tuple(as_text(nodes[level].get(key_of_tag(tag))).rstrip(" ") for tag, level in GROUPING.items())


def _text(dataset: Dataset, tag: int) -> str:
    """Return an element as comparable text, as the service would keep it: padding does not count."""
    if tag not in dataset:
        return "absent"
    element = dataset[tag]
    if element.is_empty:
        return "empty"
    if element.VR == "SQ":
        return f"{hash64(str(element.value)):x}"  # what differs inside is seen in the files
    return str(element.value).rstrip(" \0")
