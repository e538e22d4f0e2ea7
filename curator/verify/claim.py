"""What a publication claims of itself: the profile, the maps it used, what it left out and why.

Verification believes none of it: the claim says what must hold, the documents show whether it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import confidentiality
from curator.dicom.confidentiality import Option, Table
from curator.imageset import ImageSetMetadata

BY_RULE: Final = "rule"
"""The override code of an attribute that a rule of the user's changes: any valid value may stand there."""


@dataclass(frozen=True, slots=True)
class Held:
    """One version of one image set."""

    image_set: str
    version: str
    document: ImageSetMetadata = field(repr=False)
    source: str = ""
    """Of a published one: the image set that it was published from, where that is known."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a reviewer decided of one value of one element, wherever it stands."""

    path: tuple[int, ...]
    """Tags: the sequences around, and the element's own."""
    vr: str
    value: str = field(repr=False)
    """As DICOM writes it, values joined by backslashes."""
    word: str
    """keep, remove, replace, empty or clean."""
    replacement: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """The profile's edition and options as data, and the maps the publication says it used.

    Maps that are not given are read from the documents themselves, by pairing instances.
    """

    options: frozenset[Option] = frozenset()
    table: Table = field(default_factory=confidentiality.table)
    overrides: Mapping[int, str] = field(default_factory=dict)
    """Action codes by tag in place of the table's; `BY_RULE` where a rule of the user's decides."""
    retain_references: bool = False
    """Sequences of references (code X/Z/U*) stay, with their UIDs remapped."""
    uids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Original to published UID, as the crosswalk has them."""
    pseudonyms: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Original to published PatientID, as the crosswalk has them; the issuer and a NUL stand before an id that has one."""
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    """Original SOP Instance UIDs of instances that were left out, with their reasons in the plan."""
    cleared: frozenset[str] = field(default=frozenset(), repr=False)
    """Original SOP Instance UIDs whose pixels a person has looked at and cleared, whatever they are."""
    reviewed: Mapping[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict, repr=False)
    """Original SOP Instance UID and pixels (`pixel_sums`) → whether a reviewer lets them be published, or excluded them.

    Two instances may have one UID: what was said of one says nothing of the other.
    """
    safe_private: frozenset[tuple[int, str, int]] = frozenset()
    """Private attributes called safe beside Table E.3.10-1: (group, creator in upper case, low byte of element)."""
    decisions: tuple[Decided, ...] = field(default=(), repr=False)
    """What a reviewer decided of single values: that is then held to, in place of the table."""
