"""Registered UIDs (PS3.6 Annex A) and what HealthImaging does with each transfer syntax."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

__all__ = [
    "DUMMY_UID",
    "HTJ2K_LOSSLESS_RPCL",
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "TRANSFER_SYNTAXES",
    "TransferSyntax",
    "is_registered",
    "sop_class_name",
    "uid_name",
]

HTJ2K_LOSSLESS_RPCL: Final = "1.2.840.10008.1.2.4.202"
"""What the service stores frames as, unless it keeps them as received."""

IMPLEMENTATION_CLASS_UID: Final = "2.25.260148390271842310975862390188240319575"
IMPLEMENTATION_VERSION_NAME: Final = "CURATOR_1"
"""What curator writes of itself into a file's meta information."""
DUMMY_UID: Final = f"{IMPLEMENTATION_CLASS_UID}.0"
"""What stands where a dummy needs a UID: the same everywhere, so that it says nothing."""

_ROOT: Final = "1.2.840.10008"


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """A transfer syntax: may it be imported, and are its frames stored as HTJ2K or as received?

    Of 1.2.840.10008.1.2.1 the service keeps binary segmentations as received (``binary_kept``) and transcodes
    the rest.
    """

    uid: str
    name: str
    supported: bool
    stored: Literal["htj2k", "as-received"]
    encapsulated: bool
    binary_kept: bool = False


def _supported(suffix: str, name: str, *, kept: bool = False, binary_kept: bool = False) -> TransferSyntax:
    encapsulated = suffix.startswith("1.2.4.") or suffix == "1.2.5"
    stored: Literal["htj2k", "as-received"] = "as-received" if kept else "htj2k"
    return TransferSyntax(f"{_ROOT}.{suffix}", name, True, stored, encapsulated, binary_kept)


# AWS HealthImaging developer guide 2025-01, "HealthImaging supported transfer syntaxes"; kept: marked * there.
TRANSFER_SYNTAXES: Final[dict[str, TransferSyntax]] = {
    syntax.uid: syntax
    for syntax in (
        _supported("1.2", "Implicit VR Little Endian"),
        _supported("1.2.1", "Explicit VR Little Endian", binary_kept=True),
        _supported("1.2.1.99", "Deflated Explicit VR Little Endian"),
        _supported("1.2.2", "Explicit VR Big Endian"),
        _supported("1.2.4.50", "JPEG Baseline (Process 1)", kept=True),
        _supported("1.2.4.51", "JPEG Extended (Process 2 and 4)"),
        _supported("1.2.4.57", "JPEG Lossless, Non-Hierarchical (Process 14)"),
        _supported("1.2.4.70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction"),
        _supported("1.2.4.80", "JPEG-LS Lossless"),
        _supported("1.2.4.81", "JPEG-LS Lossy (Near-Lossless)"),
        _supported("1.2.4.90", "JPEG 2000 (Lossless Only)"),
        _supported("1.2.4.91", "JPEG 2000", kept=True),
        _supported("1.2.4.201", "High-Throughput JPEG 2000 (Lossless Only)"),
        _supported("1.2.4.202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)"),
        _supported("1.2.4.203", "High-Throughput JPEG 2000", kept=True),
        _supported("1.2.5", "RLE Lossless"),
    )
}
"""The transfer syntaxes the service imports, by UID; any other is refused."""


@cache
def _registered() -> dict[str, tuple[str, str]]:
    """Return (type, name) by UID."""
    from curator.dicom._uids import UIDS

    rows = (line.split("|") for line in UIDS.splitlines())
    return {(_ROOT + uid if uid[:1] == "." else uid): (kind, name) for uid, kind, name, _ in rows}


def is_registered(uid: str) -> bool:
    """Say whether PS3.6 registers this UID, or curator itself: such a UID names nobody's study."""
    return uid in _registered() or uid in (IMPLEMENTATION_CLASS_UID, DUMMY_UID)


def uid_name(uid: str) -> str:
    """Return the registered name; "" if there is none."""
    return _registered().get(uid, ("", ""))[1]


def sop_class_name(uid: str) -> str:
    """Return the name of a SOP class ("CT Image Storage"); "" if the UID is none that is registered."""
    kind, name = _registered().get(uid, ("", ""))
    return name if kind in ("SOP Class", "Meta SOP Class") else ""
