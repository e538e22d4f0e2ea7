"""Which image sets are published already, so that publishing what is new does not publish the rest once more.

Nothing has to be remembered for it: with one key a series gets the same UID in every run, and what was published says by
which profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from curator.checks.tags import PUBLISHED_FROM
from curator.deid.markers import patient_markers
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.errors import NotFound

BEFORE: Final = "published by this profile before; name it to publish it once more"

if TYPE_CHECKING:
    from curator.campaign.publishing import Publishing
    from curator.catalogue import Catalogue, Row
    from curator.healthimaging import HealthImaging


def published_before(
    imaging: HealthImaging, catalogue: Catalogue, rows: Sequence[Row], how: Publishing
) -> Iterator[tuple[str, str]]:
    """Yield (image set of ``rows``, its publication) where the catalogue knows one by this profile and key.

    An image set that was changed since is not among them (its tags tell: two calls), nor is any where results go
    elsewhere or stay in place. Raises ServiceError when tags cannot be read.
    """
    profile = how.asked.profile
    if how.to or how.in_place or Option.RETAIN_UIDS in profile.options:
        return
    engine = how.asked.engine(how.keyed)
    published: dict[str, list[Row]] = {}
    for row in catalogue.rows():
        if row.deidentified and row.read:
            published.setdefault(row.series_uid, []).append(row)
    says = patient_markers({}, profile)["DeidentificationMethod"]
    for row in rows:
        for other in published.get(engine.remap(row.series_uid), ()) if row.series_uid else ():
            if other.id == row.id or _methods(catalogue, other)[-1:] != says:
                continue
            if row.version == 1 or _source(imaging, other.id) == f"{row.id}/{row.version}":
                yield row.id, other.id
                break


def _methods(catalogue: Catalogue, row: Row) -> list[Json]:
    document = catalogue.document(row.id, row.version)
    methods = document.patient.get("DeidentificationMethod") if document is not None else None
    return methods if isinstance(methods, list) else []


def _source(imaging: HealthImaging, image_set: str) -> str:
    try:
        return imaging.tags(imaging.image_set(image_set).arn).get(PUBLISHED_FROM, "")
    except NotFound:
        return ""
