"""What a reviewer decided of single values: the decision must have been carried out, whatever the table says.

One thing no decision can do is make an identifier of the subject harmless: kept, it is a violation all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from curator.dicom import Json
from curator.dicom.iods import Type
from curator.findings import ABSENT, Absent
from curator.verify.claim import Decided

_MAY_NOT_GO = frozenset({Type.REQUIRED, Type.REQUIRED_IF, Type.MAY_BE_EMPTY, Type.MAY_BE_EMPTY_IF})


def written(value: Json) -> str:
    """Return a value as DICOM writes it: what a decision is about."""
    if value is None:
        return ""
    return "\\".join(map(written, value)) if isinstance(value, list) else str(value)


class Decisions:
    """The decisions of a claim, by the element's path and its original value."""

    def __init__(self, decided: Iterable[Decided]) -> None:
        self._by_path: dict[tuple[int, ...], dict[str, list[Decided]]] = {}
        for each in decided:
            self._by_path.setdefault(each.path, {}).setdefault(each.value, []).append(each)

    def of(self, path: Sequence[int], vr: str, value: Json) -> Decided | None:
        """Return the decision about a value, the last one that was taken; None where nobody decided."""
        values = self._by_path.get(tuple(path)) if self._by_path else None
        if not values:
            return None
        said = [each for each in values.get(written(value), ()) if not (vr and each.vr) or each.vr == vr]
        return said[-1] if said else None

    def stays(self, path: Sequence[int], value: Json) -> bool:
        """Say whether a decision leaves the element there, which the table may take away."""
        said = self.of(path, "", value)
        return said is not None and said.word in ("keep", "replace", "clean", "empty")


def disobeyed(
    said: Decided,
    kind: Type | None,
    before: Json,
    after: Json | Absent,
    *,
    identifies: Callable[[Json], bool],
    suspect: Callable[[Json], bool],
    trimmed: Callable[[Json, Json], bool],
    says_nothing: Callable[[Json], bool],
) -> str:
    """Return what of a decision was not done, "" where it was.

    ``identifies`` says whether a value names the subject, ``suspect`` whether it may be cut all the same (a phone
    number, a UID), ``trimmed`` whether a text (before, after) only lost words, ``says_nothing`` whether a value is a dummy.
    """
    value = None if isinstance(after, Absent) else after
    if said.word in ("keep", "clean"):
        if after is not ABSENT and identifies(value):
            return f"a decision to {said.word} it does not make an identifier harmless"
        if value == before or (said.word == "clean" and value is None):
            return ""
        if (suspect(before) or said.word == "clean") and (
            value is None or says_nothing(value) or trimmed(before, value)
        ):
            return ""
        return f"is not as decided: {said.word}"
    if said.word == "replace":
        return "" if written(value) == said.replacement else "is not the replacement that was decided"
    needed = kind in _MAY_NOT_GO
    if said.word == "remove" and not needed and after is not ABSENT:
        return "was decided to go, and is there"
    if after is ABSENT:
        return "" if said.word == "remove" else "was decided to be empty, and is gone"
    done = value in (None, "", []) or (says_nothing(value) and value != before)
    return "" if done else f"was decided: {said.word}; and is neither empty nor a dummy"


def creators_of(decisions: Decisions, above: Sequence[int], node: Mapping[str, Json]) -> frozenset[str]:
    """Return the keys of private creators whose elements a decision leaves in an item."""
    return frozenset(
        f"{key[:4]}00{key[4:6]}"
        for key, value in node.items()
        if len(key) == 8
        and key[4:6] != "00"
        and _is_hex(key)
        and decisions.stays((*above, int(key, 16)), value)
    )


def _is_hex(key: str) -> bool:
    return all(each in "0123456789ABCDEFabcdef" for each in key)
