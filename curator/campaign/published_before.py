"""Which image sets are published already, are de-identified, or stand in another one, so that nothing is published twice.

Nothing has to be remembered for it: with one key a series gets the same UID in every run, and what was published says by
which profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from curator.checks.tags import MERGED_INTO, PUBLISHED_FROM
from curator.deid.markers import patient_markers
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.errors import NotFound

BEFORE: Final = "published by this profile before; published once more if named"
SAYS: Final = (
    "said to be de-identified already (PatientIdentityRemoved YES; check CUR501 looks into that); "
    "published all the same if named"
)
COPY: Final = "made by a publication from this data store; published once more if named"
MERGED: Final = "all its instances were merged into another image set; it waits for `curator finish`"

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
    published = catalogue.deidentified()
    says = patient_markers({}, profile)["DeidentificationMethod"]
    for row in rows:
        for other, version in published.get(engine.remap(row.series_uid), ()) if row.series_uid else ():
            if other == row.id or _methods(catalogue, other, version)[-1:] != says:
                continue
            if row.version == 1 or _tag(imaging, other, PUBLISHED_FROM) == f"{row.id}/{row.version}":
                yield row.id, other
                break


def deidentified_already(
    catalogue: Catalogue, rows: Sequence[Row], how: Publishing
) -> Iterator[tuple[str, str]]:
    """Yield (image set of ``rows``, why it is left alone) for those that say that they are de-identified.

    What this project made of a series that is still here is told from what only came with such a claim in its files.
    """
    if not any(row.deidentified for row in rows):
        return
    engine = how.asked.engine(how.keyed)
    every = catalogue.rows(None, sort="id")
    made = {engine.remap(row.series_uid) for row in every if row.series_uid and not row.deidentified}
    for row in rows:
        if row.deidentified:
            yield row.id, COPY if row.series_uid in made else SAYS


def _methods(catalogue: Catalogue, image_set: str, version: int) -> list[Json]:
    document = catalogue.document(image_set, version)
    methods = document.patient.get("DeidentificationMethod") if document is not None else None
    return methods if isinstance(methods, list) else []


def merged_away(imaging: HealthImaging, catalogue: Catalogue, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the image sets of ``rows`` whose instances all stand in another that they were merged into.

    Tags tell: two calls for each set of a series that lies in several. Raises ServiceError when they cannot be read.
    """
    torn = catalogue.torn()
    for row in rows:
        if row.id not in torn:
            continue
        target = catalogue.row(_tag(imaging, row.id, MERGED_INTO))
        if (
            target is not None
            and not target.deleted
            and _instances(catalogue, row) <= _instances(catalogue, target)
        ):
            yield row.id


def _instances(catalogue: Catalogue, row: Row) -> frozenset[str]:
    document = catalogue.document(row.id, row.version)
    return frozenset(sop for _, sop, _ in document.instances()) if document is not None else frozenset()


def _tag(imaging: HealthImaging, image_set: str, name: str) -> str:
    try:
        return imaging.tags(imaging.image_set(image_set).arn).get(name, "")
    except NotFound:
        return ""
