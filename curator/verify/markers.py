"""Does the published instance say of itself just what was done? (PS3.15 E.1.1 items 6 to 8, PS3.3 C.12.1)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.confidentiality import CID_7050, Option
from curator.verify.claim import Claim

_NEVER: Final = {Option.CLEAN_PIXEL_DATA, Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
"""Nothing is changed in pixels, so nothing may claim it."""
_LO: Final = 64


def untrue_markers(
    before: Mapping[str, Json], after: Mapping[str, Json], claim: Claim
) -> Iterator[tuple[str, str]]:
    """Yield (keyword, what is wrong) for an instance's attributes, all levels merged."""
    if after.get("PatientIdentityRemoved") != "YES":
        yield "PatientIdentityRemoved", "is not YES"
    if before.get("BurnedInAnnotation") != "NO" and after.get("BurnedInAnnotation") == "NO":
        yield "BurnedInAnnotation", "is NO, and nobody looked at the pixels"
    if Option.RETAIN_FULL_DATES in claim.options:
        wanted = "UNMODIFIED"
    elif Option.RETAIN_MODIFIED_DATES in claim.options:
        wanted = "MODIFIED"
    else:
        wanted = "REMOVED"
    earlier = before.get("LongitudinalTemporalInformationModified")
    if earlier == "REMOVED" or (earlier == "MODIFIED" and wanted == "UNMODIFIED"):
        wanted = earlier  # by those who de-identified it before: what they took is not back
    if after.get("LongitudinalTemporalInformationModified") != wanted:
        yield "LongitudinalTemporalInformationModified", f"is not {wanted}"
    yield from _methods(before, after)
    yield from _codes(before, after, claim)


def _methods(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    key = "DeidentificationMethod"
    methods = _listed(after.get(key))
    if not methods:
        yield key, "is missing"
    if any(not isinstance(method, str) or len(method) > _LO for method in methods):
        yield key, "has a value of more than 64 characters"
    if not any(isinstance(method, str) and "PS3.15" in method for method in methods):
        yield key, "does not name PS3.15"
    earlier = _listed(before.get(key))
    if len(methods) < len(earlier):
        yield key, "lost what earlier hands wrote"


def _codes(before: Mapping[str, Json], after: Mapping[str, Json], claim: Claim) -> Iterator[tuple[str, str]]:
    key = "DeidentificationMethodCodeSequence"
    wanted = {"113100", *(str(option) for option in claim.options - _NEVER)}
    found, earlier = _code_values(after.get(key)), _code_values(before.get(key))
    if wanted - found.keys():
        yield key, "lacks the code of something that was done"
    if found.keys() - wanted - earlier.keys():
        yield key, "has the code of something that was not done"
    for code in wanted & found.keys():
        item = found[code]
        if item.get("CodingSchemeDesignator") != "DCM" or (
            code not in earlier and item.get("CodeMeaning") != CID_7050[code][:_LO]
        ):
            yield key, "has a code that is not as CID 7050 writes it"


def _code_values(value: Json) -> dict[str, dict[str, Json]]:
    items = (item for item in _listed(value) if isinstance(item, dict))
    return {str(item.get("CodeValue")): item for item in items}


def _listed(value: Json) -> list[Json]:
    return [] if value is None else value if isinstance(value, list) else [value]
