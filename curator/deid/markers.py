"""What a de-identified instance says of itself: PS3.15 E.1.1 items 6-8, and just what was done, no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.deid.profile import Profile
from curator.dicom import Json
from curator.dicom.confidentiality import Option

LO_LENGTH: Final = 64
_METHOD: Final = "curator"

_MARKER: Final = "LongitudinalTemporalInformationModified"
_LASTING: Final = ("UNMODIFIED", "MODIFIED", "REMOVED")
_LONGITUDINAL: Final = {Option.RETAIN_FULL_DATES: "UNMODIFIED", Option.RETAIN_MODIFIED_DATES: "MODIFIED"}


def patient_markers(before: Mapping[str, Json], profile: Profile) -> dict[str, Json]:
    """Return the Patient level's markers; methods and codes are added to those of earlier hands.

    ``before`` are the level's de-identified attributes. A second run adds nothing.
    """
    said = f", PS3.15 {profile.table.edition}"
    method = (profile.method or f"{_METHOD}: {profile.name}")[: LO_LENGTH - len(said)] + said
    methods = _listed(before.get("DeidentificationMethod"))
    codes = _listed(before.get("DeidentificationMethodCodeSequence"))
    items: list[Json] = [
        {"CodeValue": code, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning[:LO_LENGTH]}
        for code, meaning in profile.codes
    ]
    present = {item.get("CodeValue") for item in codes if isinstance(item, dict)}
    new = [item for item in items if isinstance(item, dict) and item["CodeValue"] not in present]
    return {
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": methods if method in methods else [*methods, method],
        "DeidentificationMethodCodeSequence": [*codes, *new],
    }


def instance_markers(before: Mapping[str, Json], profile: Profile) -> dict[str, Json]:
    """Return each instance's marker: what became of its dates (PS3.3 C.12.1, PS3.15 E.3.6).

    What earlier hands moved or removed stays so, whatever is done with the rest: ``before`` are the instance's attributes.
    """
    said = next((word for option, word in _LONGITUDINAL.items() if option in profile.options), "REMOVED")
    earlier = before.get(_MARKER)
    return {_MARKER: max((said, earlier if earlier in _LASTING else said), key=_LASTING.index)}


def _listed(value: Json) -> list[Json]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
