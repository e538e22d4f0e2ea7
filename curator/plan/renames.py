"""Where things are after a plan gave instances and series new UIDs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from curator.dicom import Json
from curator.imageset import ElementPath
from curator.imageset.path import unescape


@dataclass(frozen=True, slots=True)
class Renames:
    """New UIDs by old ones."""

    series: dict[str, str] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, patch: Iterable[Mapping[str, Json]]) -> Renames:
        """Read the moves of a patch."""
        found = cls()
        for operation in patch:
            if operation["op"] != "move":
                continue
            old, new = (str(operation[name]).split("/") for name in ("from", "path"))
            names = found.instances if len(old) > 4 else found.series
            names[unescape(old[-1])] = unescape(new[-1])
        return found

    def path(self, path: ElementPath) -> ElementPath:
        """Return where the element of an old path is now."""
        return ElementPath(
            path.level,
            self.series.get(path.series, path.series),
            self.instances.get(path.instance, path.instance),
            path.steps,
        )

    def reversed(self) -> Renames:
        """Return the way back."""
        return Renames(
            {new: old for old, new in self.series.items()}, {new: old for old, new in self.instances.items()}
        )
