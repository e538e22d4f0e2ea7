"""What one CopyImageSet takes, and image sets divided accordingly.

A copy into an image set brings it instances, never a series: "Series of SourceImageSet and DestinationImageSet don't
match" (guide, the example of ListImageSetVersions). So the first copy, which makes the image set, brings one instance of every series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from curator.imageset import ImageSetMetadata

FRAMES_A_COPY: Final = 1_000
"""Image frames that one CopyImageSet takes (guide, "Service quotas")."""
COPIABLE_CHARACTERS: Final = 250_000
"""Room for ``copiableAttributes``: 260,000 characters in the service model, less what surrounds the instances."""
_INSTANCE: Final = len('"":{},')
_SERIES: Final = len('"":{"Instances":{}},')
"""Characters beside the UID where ``copiableAttributes`` name an instance, and a series."""


def chunks(
    doc: ImageSetMetadata, chosen: Mapping[str, Sequence[str]], *, new: bool = False
) -> Iterator[dict[str, list[str]]]:
    """Yield ``chosen`` in parts that one CopyImageSet takes: by frames, and by the length of their naming.

    ``new``: the first part makes an image set that the others go into, and brings the smallest instance of each
    series. `together` says whether such a part is small enough; what it leaves out is not for one image set.
    """
    # assumption: a destination that has the source's series, as the source says them, is consistent with it.
    ahead = (
        {uid: _smallest(doc, uid, sops) for uid, sops in chosen.items()} if new and len(chosen) > 1 else {}
    )
    part = _Part(doc)
    for uid, sop in ahead.items():
        part.add(uid, sop)
    for uid, sops in chosen.items():
        for sop in sops:
            if ahead.get(uid) == sop:
                continue
            if part.chosen and not part.takes(uid, sop):
                yield part.chosen
                part = _Part(doc)
            part.add(uid, sop)
    if part.chosen:
        yield part.chosen


def together(doc: ImageSetMetadata, chosen: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the series of ``chosen`` that one image set can be copied of, as many as there can be.

    It is all of them unless their smallest instances have more frames together than a copy takes.
    """
    if len(chosen) < 2:
        return frozenset(chosen)
    part = _Part(doc)
    least = [(uid, _smallest(doc, uid, sops)) for uid, sops in chosen.items()]
    for uid, sop in sorted(least, key=lambda each: _frames(doc, *each)):
        if part.takes(uid, sop):
            part.add(uid, sop)
    return frozenset(part.chosen)


@dataclass(slots=True)
class _Part:
    """What one call copies, while it is being chosen."""

    doc: ImageSetMetadata
    chosen: dict[str, list[str]] = field(default_factory=dict)
    frames: int = 0
    characters: int = 0

    def takes(self, uid: str, sop: str) -> bool:
        return (
            self.frames + _frames(self.doc, uid, sop) <= FRAMES_A_COPY
            and self.characters + self._naming(uid, sop) <= COPIABLE_CHARACTERS
        )

    def add(self, uid: str, sop: str) -> None:
        self.characters += self._naming(uid, sop)
        self.frames += _frames(self.doc, uid, sop)
        self.chosen.setdefault(uid, []).append(sop)

    def _naming(self, uid: str, sop: str) -> int:
        return len(sop) + _INSTANCE + (0 if uid in self.chosen else len(uid) + _SERIES)


def _smallest(doc: ImageSetMetadata, uid: str, sops: Sequence[str]) -> str:
    return min(sops, key=lambda sop: _frames(doc, uid, sop))


def _frames(doc: ImageSetMetadata, uid: str, sop: str) -> int:
    return len(doc.series[uid].instances[sop].frames)
