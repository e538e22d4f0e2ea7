"""Which real instances publish by which route, as a table: ``python -m tests.publishing_routes [KIND…]``.

The files are those of ``../shared/data`` and pydicom's own. Every kind goes through a store of its own: imported,
planned by updates alone and by the route ``auto``, then published with all pixels cleared by a person, verified
against the plan.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import UID

from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.campaign.verifying import verify
from curator.catalogue import Catalogue
from curator.deid.ruled import load_profile
from curator.plan.packing import Payload
from curator.plan.reimport import Route
from curator.plan.units import Unit
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, ground
from tests.tools import SHARED

KINDS: Mapping[str, tuple[str, ...]] = {
    "Enhanced MR": ("Enhanced MR",),
    "Enhanced CT": ("Enhanced CT",),
    "RTSTRUCT": ("RT Structure Set",),
    "RT plan, dose, records": ("RT Plan", "RT Ion", "RT Dose", "RT Beams"),
    "SEG": ("Segmentation Storage",),
    "SR": ("SR Storage", "SR Object"),
    "US multi-frame": ("Ultrasound",),
    "secondary capture": ("Secondary Capture",),
    "waveform": ("ECG", "Waveform"),
    "WSI": ("Whole Slide",),
}
MAX_BYTES = 12_000_000


@dataclass(slots=True)
class Row:
    """One kind: instances by what becomes of them."""

    kind: str
    files: int = 0
    refused: int = 0
    """Files that the store's import takes not."""
    update_only: int = 0
    """Published if there were no other route."""
    update: int = 0
    reimport: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Under ``auto``, nobody having looked at pixels: reasons."""
    cleared: Counter[str] = field(default_factory=Counter)
    """Routes once pixels are cleared."""
    published: int = 0
    """Instances of those in published image sets that verify."""
    problems: list[str] = field(default_factory=list)


def files_by_kind() -> dict[str, list[Path]]:
    """Return the files of each kind, each content once."""
    package = Path(pydicom.__file__).parent / "data"
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    seen: set[bytes] = set()
    for root in (SHARED / "data", package):
        for path in sorted(root.rglob("*")) if root.exists() else []:
            kind = _kind(path)
            if kind and (content := path.read_bytes()) not in seen:
                seen.add(content)
                found[kind].append(path)
    return found


def _kind(path: Path) -> str:
    if (
        not path.is_file()
        or path.stat().st_size > MAX_BYTES
        or path.suffix in (".csv", ".json", ".md", ".txt")
    ):
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
            name = UID(data.SOPClassUID).name
    except Exception:
        return ""
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), "")


def measure(kind: str, paths: Sequence[Path]) -> Row:
    """Publish the files and tell what became of them."""
    row = Row(kind, len(paths))
    with ground() as place:
        contents = [path.read_bytes() for path in paths]
        sets = list(_brought(place, contents))
        sops = {sop for image_set in sets for _, sop, _ in place.imaging.document(image_set).instances()}
        row.refused = len(paths) - _instances(place, sets)
        row.update_only = _routes(_planned(place, Route.UPDATE)[0])[Route.UPDATE]
        units, found = _planned(place, Route.AUTO)
        counts = _routes(units)
        row.update, row.reimport = counts[Route.UPDATE], counts[Route.REIMPORT]
        left = [each for unit in units for each in unit.left_out] + [each for _, each in found.refused]
        for each in left:
            row.left_out[each.reason.value] += each.count
        units, found = _planned(place, Route.AUTO, cleared=frozenset(sops))
        row.cleared = Counter({str(route): count for route, count in _routes(units).items()})
        campaign = place.campaign(units)
        row.problems += [f"{status}: {reason}" for _, _, status, reason in place.apply(campaign).open]
        states = campaign.state()
        for unit, proof in zip(units, verify(campaign, place.imaging, WHO), strict=True):
            row.problems += proof.problems
            if proof.checked and proof.holds:
                made = [states[unit.number].id_of(name) for name in unit.made]
                row.published += _instances(place, made)
    return row


def _brought(place: Ground, contents: Sequence[bytes]) -> Iterator[str]:
    if contents:
        yield from place.bring(*contents)


def _instances(place: Ground, sets: Sequence[str]) -> int:
    return sum(place.imaging.document(each).instance_count for each in sets)


def _planned(
    place: Ground, route: Route, cleared: frozenset[str] = frozenset()
) -> tuple[list[Unit], Published]:
    how = Publishing(load_profile(open_rule_file("basic")), place.project.keyed, route=route, cleared=cleared)
    found = Published()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        planning = Planning(Payload())
        return list(plan_deidentification(catalogue, catalogue.rows(), how, planning, found)), found


def _routes(units: Sequence[Unit]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for unit in units:
        for route, _, count in unit.routes:
            counts[route] += count
    return counts


def told(row: Row) -> dict[str, object]:
    """Return the row as data that `table` shows."""
    return {
        "kind": row.kind,
        "files": row.files,
        "not imported": row.refused,
        "by updates alone": row.update_only,
        "update": row.update,
        "reimport": row.reimport,
        "left out": dict(sorted(row.left_out.items())),
        "cleared": {str(route): row.cleared[route] for route in (Route.UPDATE, Route.REIMPORT)},
        "published": row.published,
    }


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return what `told` told as a Markdown table."""
    lines = [
        "| kind | files | not imported | by updates alone | auto: update | auto: reimport | left out, why "
        "| pixels cleared: update + reimport | published and verified |",
        "|---|---:|---:|---:|---:|---:|---|---:|---:|",
    ]
    for row in rows:
        why = "; ".join(f"{count} × {reason}" for reason, count in row["left out"].items()) or "–"
        cleared = " + ".join(str(count) for count in row["cleared"].values())
        shown = [row["kind"], row["files"], row["not imported"], row["by updates alone"], row["update"]]
        shown += [row["reimport"], why, cleared, row["published"]]
        lines.append(f"| {' | '.join(map(str, shown))} |")
    return "\n".join(lines)


def main(wanted: Sequence[str]) -> int:
    """Print the table, and what did not hold."""
    rows = [
        measure(kind, paths)
        for kind, paths in files_by_kind().items()
        if not wanted or any(word.lower() in kind.lower() for word in wanted)
    ]
    print(table(map(told, rows)))
    problems = [f"{row.kind}: {problem}" for row in rows for problem in row.problems]
    print("\n".join(problems))
    return 1 if problems else 0


__all__ = ["Row", "files_by_kind", "measure", "table", "told"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
