"""What threads tell screens: small, typed, each with the request it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.message import Message

from curator.catalogue.rows import Row
from curator.dicom.levels import Level

if TYPE_CHECKING:
    from curator.campaign.history import Origin
    from curator.campaign.journal import Campaign
    from curator.healthimaging import ImageSetProperties
    from curator.imageset import ImageSetMetadata
    from curator.tui.session import Session


@dataclass
class StoreOpened(Message):
    """The data store answers."""

    request: int
    session: Session = field(repr=False)


@dataclass
class RowsCame(Message):
    """Some image sets, while the list is being read."""

    request: int
    rows: Sequence[Row] = field(repr=False)


@dataclass
class RowsRead(Message):
    """All image sets: what the catalogue held, or (``final``) what the store holds now.

    ``haystacks`` are what the filter looks into, made where it keeps nobody waiting.
    """

    request: int
    rows: Sequence[Row] = field(repr=False)
    haystacks: Sequence[str] = field(repr=False)
    final: bool


@dataclass
class TextsRead(Message):
    """Elements that rows do not hold: keyword → image set id → text."""

    request: int
    texts: Mapping[str, Mapping[str, str]] = field(repr=False)


@dataclass
class VersionsRead(Message):
    """The versions of an image set, the newest first, and what made those that this project made."""

    request: int
    image_set: str
    versions: Sequence[ImageSetProperties]
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass
class DocumentRead(Message):
    """The metadata of an image set at a version (of ``state``).

    ``others``: the image sets of the same patient, study and series; ``edited``: the latest documents of image sets
    with pending edits.
    """

    request: int
    state: ImageSetProperties
    document: ImageSetMetadata = field(repr=False)
    latest: bool
    others: Mapping[Level, Sequence[str]] = field(default_factory=dict)
    edited: Sequence[tuple[str, ImageSetMetadata]] = field(default=(), repr=False)


@dataclass
class Written(Message):
    """A write was carried out: the image set is at ``version`` now."""

    request: int
    image_set: str
    version: str
    what: str  # in words, without values


@dataclass
class StoreMoved(Message):
    """Something happened in the data store that the list does not show."""

    request: int


@dataclass
class Planned(Message):
    """A plan was made; nothing is changed yet."""

    request: int
    campaign: Campaign
