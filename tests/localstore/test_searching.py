"""SearchImageSets: keys, operators, order, pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from tests.localstore.conftest import in_process
from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging


def search(imaging: Imaging, filters: list[Any], **more: Any) -> list[str]:
    found: list[str] = []
    criteria: Any = {"filters": filters} if filters else {}
    if "sort" in more:
        criteria["sort"] = more.pop("sort")
    pages = imaging.client.get_paginator("search_image_sets").paginate(
        datastoreId=imaging.datastore_id, searchCriteria=criteria, PaginationConfig={"PageSize": 2}
    )
    for page in pages:
        found += [each["imageSetId"] for each in page["imageSetsMetadataSummaries"]]
    return found


def equal(key: str, value: object) -> dict[str, Any]:
    return {"operator": "EQUAL", "values": [{key: value}]}


def between(key: str, low: object, high: object) -> dict[str, Any]:
    return {"operator": "BETWEEN", "values": [{key: low}, {key: high}]}


@covers("SearchImageSets")
def test_what_a_summary_says(imaging: Imaging) -> None:
    added = imaging.add(2, PatientID="Q-17", BodyPartExamined="HEAD", PatientSex="F")
    (found,) = imaging.client.search_image_sets(
        datastoreId=imaging.datastore_id,
        searchCriteria={"filters": [equal("DICOMSeriesInstanceUID", added.series)]},  # type: ignore[list-item]
    )["imageSetsMetadataSummaries"]
    assert (found["imageSetId"], found["version"]) == (added.id, 1)
    tags = found["DICOMTags"]
    assert tags == {
        "DICOMPatientId": "Q-17",
        "DICOMPatientName": "Bauer^Anna",
        "DICOMPatientSex": "F",
        "DICOMStudyInstanceUID": added.study,
        "DICOMStudyId": "S1",
        "DICOMStudyDescription": "Abdomen",
        "DICOMNumberOfStudyRelatedSeries": 1,
        "DICOMNumberOfStudyRelatedInstances": 2,
        "DICOMAccessionNumber": "A1",
        "DICOMSeriesInstanceUID": added.series,
        "DICOMSeriesModality": "OT",
        "DICOMSeriesBodyPart": "HEAD",
        "DICOMSeriesNumber": 3,
        "DICOMStudyDate": "20240229",
        "DICOMStudyTime": "101112",
    }
    imaging.update(added.id, "1", updatable={"Patient": {"DICOM": {"PatientID": "Q-18"}}})
    assert imaging.search({"DICOMPatientId": "Q-18"}) == [added.id]
    assert imaging.search({"DICOMPatientId": "Q-17"}) == []


@covers("SearchImageSets")
@pytest.mark.parametrize(
    ("key", "keyword"),
    [
        ("DICOMPatientId", "PatientID"),
        ("DICOMAccessionNumber", "AccessionNumber"),
        ("DICOMStudyId", "StudyID"),
        ("DICOMStudyInstanceUID", "StudyInstanceUID"),
        ("DICOMSeriesInstanceUID", "SeriesInstanceUID"),
    ],
)
def test_equal(imaging: Imaging, key: str, keyword: str) -> None:
    value = generate_uid(None) if "UID" in keyword else generate_uid(None)[-16:]
    more = {"study": value} if keyword == "StudyInstanceUID" else {}
    more = {"series": value} if keyword == "SeriesInstanceUID" else more or {keyword: value}
    added = imaging.add(**more)  # type: ignore[arg-type]
    imaging.add()
    assert search(imaging, [equal(key, value)]) == [added.id]
    assert search(imaging, [equal(key, value), equal("DICOMStudyInstanceUID", added.study)]) == [added.id]
    assert search(imaging, [equal(key, value), equal("DICOMStudyInstanceUID", "1.2")]) == []


@covers("SearchImageSets")
def test_study_date_and_time(imaging: Imaging) -> None:
    patient = generate_uid(None)[-16:]
    sets = {
        day: imaging.add(PatientID=patient, StudyDate=day, StudyTime=time).id
        for day, time in (("20240101", "000000"), ("20240102", "120000.5"), ("20240103", ""))
    }  # fmt: skip
    key, mine = "DICOMStudyDateAndTime", equal("DICOMPatientId", patient)

    def moment(date: str, time: str = "") -> dict[str, str]:
        return {"DICOMStudyDate": date, **({"DICOMStudyTime": time} if time else {})}

    def found(low: dict[str, str], high: dict[str, str]) -> list[str]:
        return sorted(search(imaging, [mine, between(key, low, high)]))

    assert search(imaging, [mine, equal(key, moment("20240102"))]) == [sets["20240102"]]
    assert search(imaging, [mine, equal(key, moment("20240102", "120000"))]) == [sets["20240102"]]
    assert search(imaging, [mine, equal(key, moment("20240102", "120001"))]) == []
    assert found(moment("20240101"), moment("20240102")) == sorted([sets["20240101"], sets["20240102"]])
    assert found(moment("20240101", "000001"), moment("20240102", "115959")) == []
    sort = {"sortField": key, "sortOrder": "ASC"}
    assert search(imaging, [mine], sort=sort) == list(sets.values())


@covers("SearchImageSets")
def test_times_of_the_service(imaging: Imaging) -> None:
    patient = generate_uid(None)[-16:]
    mine = equal("DICOMPatientId", patient)
    ids = [imaging.add(PatientID=patient).id for _ in range(5)]
    assert search(imaging, [mine]) == ids[::-1], "the newest update first"
    oldest = {"sortField": "createdAt", "sortOrder": "ASC"}
    assert search(imaging, [mine], sort=oldest) == ids
    imaging.update(ids[0], "1", updatable={"Patient": {"DICOM": {"PatientName": "A^B"}}})
    assert search(imaging, [mine])[0] == ids[0]
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for key in ("createdAt", "updatedAt"):
        assert sorted(search(imaging, [mine, between(key, now - hour, now + hour)])) == sorted(ids)
        assert search(imaging, [mine, between(key, now + hour, now + 2 * hour)]) == []
    created = imaging.properties(ids[1])["createdAt"]
    assert ids[1] in search(imaging, [mine, equal("createdAt", created)])


@covers("SearchImageSets")
def test_is_primary_is_answered(imaging: Imaging) -> None:
    added = imaging.add()
    primary = imaging.properties(added.id)["isPrimary"]
    mine = equal("DICOMSeriesInstanceUID", added.series)
    assert search(imaging, [mine, equal("isPrimary", primary)]) == [added.id]
    assert search(imaging, [mine, equal("isPrimary", not primary)]) == []


@covers("SearchImageSets", error="ValidationException")
@pytest.mark.parametrize(
    "filters",
    [
        [equal("DICOMPatientId", "1")] * 3,
        [{"operator": "EQUAL", "values": [{"DICOMPatientId": "1"}, {"DICOMPatientId": "2"}]}],
        [{"operator": "BETWEEN", "values": [{"createdAt": 1}]}],
        [between("DICOMPatientId", "1", "2")],
        [between("createdAt", 2, 1)],
        [{"operator": "BETWEEN", "values": [{"createdAt": 1}, {"updatedAt": 2}]}],
        [{"operator": "LIKE", "values": [{"DICOMPatientId": "1"}]}],
        [equal("DICOMStudyInstanceUID", "one")],
        [equal("DICOMPatientId", "1" * 513)],
        [equal("DICOMStudyDateAndTime", {"DICOMStudyDate": "yesterday"})],
        [{"operator": "EQUAL", "values": [{"createdAt": 1}] * 3}],
    ],
    ids=str,
)
def test_malformed_filters(imaging: Imaging, filters: list[Any]) -> None:
    with refused("ValidationException"):
        imaging.client.search_image_sets(
            datastoreId=imaging.datastore_id, searchCriteria={"filters": filters}
        )


@covers("SearchImageSets", error="ValidationException")
def test_pages_and_their_tokens(imaging: Imaging) -> None:
    patient = generate_uid(None)[-16:]
    mine: Any = {"filters": [equal("DICOMPatientId", patient)]}
    ids = [imaging.add(PatientID=patient).id for _ in range(3)]
    call = imaging.client.search_image_sets
    first = call(datastoreId=imaging.datastore_id, searchCriteria=mine, maxResults=2)
    token = first["nextToken"]
    second = call(datastoreId=imaging.datastore_id, searchCriteria=mine, maxResults=2, nextToken=token)
    both = first["imageSetsMetadataSummaries"] + second["imageSetsMetadataSummaries"]
    assert [each["imageSetId"] for each in both] == ids[::-1]
    assert "nextToken" not in second
    for wrong in ("x", "!", token[:-8], "bm8="):
        with refused("ValidationException"):
            call(datastoreId=imaging.datastore_id, searchCriteria=mine, nextToken=wrong)
    with refused("ValidationException"):
        call(datastoreId=imaging.datastore_id, nextToken=token)
    for size in (51, 500):
        with refused("ValidationException"):
            call(datastoreId=imaging.datastore_id, maxResults=size)


@covers("SearchImageSets")
@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["updatedAt", "createdAt", "DICOMStudyDateAndTime"])
def test_pages_neither_repeat_nor_skip_what_sorts_equal(tmp_path: Path, field: str, order: str) -> None:
    with in_process(tmp_path, clock=lambda: 1_000.0) as still:
        ids = {still.add().id for _ in range(5)}
        found = search(still, [], sort={"sortField": field, "sortOrder": order})
    assert sorted(found) == sorted(ids)
