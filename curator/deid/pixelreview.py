"""What a reviewer said of an instance's pixels after looking at them: they may be published, or never.

A clearance holds for the pixels that were looked at: where another instance has the same UID, or the frames are
others, it says nothing. An exclusion holds for the UID, whatever the frames are. The last word counts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from curator.dicom import Json
from curator.errors import UsageError
from curator.printable import plural

COLUMNS: Final = ("sop_instance_uid", "decision", "pixels", "by", "when", "why")
"""Of the project's file; a line is never changed, a later one overrides it."""


class Verdict(StrEnum):
    """What can be said; ``withdraw`` takes back what was said before."""

    CLEAR = "clear"
    EXCLUDE = "exclude"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class PixelDecision:
    """One reviewer's word on one instance. ``pixels`` names the frames looked at (`pixels_of`); empty: any."""

    sop: str = field(repr=False)
    verdict: Verdict
    pixels: str = ""
    by: str = ""
    when: str = ""
    why: str = field(default="", repr=False)

    @property
    def told(self) -> str:
        """The decision as it is shown: no element's value."""
        said = {Verdict.CLEAR: "cleared", Verdict.EXCLUDE: "excluded"}.get(self.verdict, "")
        return " ".join(
            [said, *(f"{word} {text}" for word, text in (("by", self.by), ("on", self.when[:10])) if text)]
        )


def pixels_of(frames: Sequence[Mapping[str, Json]]) -> str:
    """Return a name of an instance's frames: the same for the same pixels, by the service's own checksums."""
    told = []
    for frame in frames:
        levels = frame.get("PixelDataChecksumFromBaseToFullResolution")
        full = levels[-1] if isinstance(levels, list) and levels else None
        full = full if isinstance(full, dict) else {}
        told.append("/".join(str(full.get(key)) for key in ("Width", "Height", "Checksum")))
    return sha256(" ".join(told).encode()).hexdigest()[:32]


class PixelDecisions:
    """Decisions by SOP Instance UID, the last of each that is about the pixels in question."""

    def __init__(self, decisions: Iterable[PixelDecision] = ()) -> None:
        self._by_sop: dict[str, list[PixelDecision]] = {}
        for each in decisions:
            if each.verdict is Verdict.WITHDRAW:
                self._by_sop.pop(each.sop, None)
            else:
                self._by_sop.setdefault(each.sop, []).append(each)

    def __len__(self) -> int:
        return len(self._by_sop)

    def __iter__(self) -> Iterator[PixelDecision]:
        return (said[-1] for said in self._by_sop.values())

    @property
    def every(self) -> Iterator[PixelDecision]:
        """Yield all that was said and not withdrawn since; of one UID the oldest first."""
        for said in self._by_sop.values():
            yield from said

    def words(self, sop: str) -> Sequence[PixelDecision]:
        """Return what was said of a UID since it was last withdrawn, oldest first."""
        return tuple(self._by_sop.get(sop, ()))

    def of(self, sop: str, frames: Sequence[Mapping[str, Json]]) -> PixelDecision | None:
        """Return what holds for an instance with these frames; None where nothing does.

        Two instances may have one UID: that one of them was cleared says nothing of the other, which was excluded.
        """
        for each in reversed(self._by_sop.get(sop, ())):
            if each.verdict is Verdict.EXCLUDE or each.pixels in ("", pixels_of(frames)):
                return each
        return None


def changing(decided: PixelDecisions, lines: Iterable[PixelDecision]) -> list[PixelDecision]:
    """Return those of ``lines`` that change what holds; none of a UID where together they say what holds already."""
    of_sop: dict[str, list[PixelDecision]] = {}
    for each in lines:
        of_sop.setdefault(each.sop, []).append(each)
    found: list[PixelDecision] = []
    for sop, said in of_sop.items():
        words = decided.words(sop)
        if _holding([*words, *said]) == _holding(words):
            continue
        for each in said:
            if _holding([*words, each]) != _holding(words):
                words = (*words, each)
                found.append(each)
    return found


def _holding(words: Sequence[PixelDecision]) -> frozenset[tuple[str, str, str]]:
    """Return (verdict, pixels, reason) of what holds of one UID, of the words on it: none before the last about all."""
    found: dict[tuple[Verdict, str], tuple[str, str, str]] = {}
    for each in reversed(words):
        if each.verdict is Verdict.WITHDRAW:
            break
        found.setdefault((each.verdict, each.pixels), (each.verdict, each.pixels, each.why))
        if each.verdict is Verdict.EXCLUDE or not each.pixels:
            break
    return frozenset(found.values())


def read_pixel_decisions(text: str, name: str) -> list[PixelDecision]:
    """Read decisions, one a line, oldest first; lines without one are left out. `UsageError` lists every wrong line.

    Needed columns are sop_instance_uid and decision; others that are not `COLUMNS` are passed over.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"sop_instance_uid", "decision"} <= set(reader.fieldnames or ()):
        raise UsageError(
            f"{name} is no sheet of pixel decisions: it needs the columns sop_instance_uid and decision.",
            hint="`curator pixels --csv FILE` writes one",
        )
    found: list[PixelDecision] = []
    wrong: list[str] = []
    for row in reader:
        cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
        word = cells["decision"].lower()
        if not word:
            continue
        if word not in tuple(Verdict):
            wrong.append(f"  {name}:{reader.line_num}: the decision is one of {', '.join(Verdict)}")
        elif not cells["sop_instance_uid"]:
            wrong.append(f"  {name}:{reader.line_num}: the SOP Instance UID is missing")
        else:
            found.append(
                PixelDecision(
                    cells["sop_instance_uid"],
                    Verdict(word),
                    cells["pixels"],
                    cells["by"],
                    cells["when"],
                    cells["why"],
                )
            )
    if wrong:
        raise UsageError("\n".join([f"{plural(len(wrong), 'line')} of {name} cannot be taken:", *wrong[:20]]))
    return found


def lines_of(decisions: Iterable[PixelDecision], *, heading: bool) -> str:
    """Return decisions as lines of the project's file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if heading:
        writer.writerow(COLUMNS)
    for each in decisions:
        writer.writerow([each.sop, each.verdict, each.pixels, each.by, each.when, each.why])
    return out.getvalue()
