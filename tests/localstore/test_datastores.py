"""CreateDatastore, GetDatastore, ListDatastores, DeleteDatastore, and tags."""

from __future__ import annotations

import pytest

from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging, on_aws

pytestmark = pytest.mark.skipif(on_aws(), reason="makes data stores, which an account has ten of")

KEY = "arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef"


@covers("CreateDatastore", transition="CREATING → ACTIVE")
@covers("DeleteDatastore", transition="DELETING → DELETED")
@covers("GetDatastore")
def test_the_life_of_a_data_store(slow: Imaging) -> None:
    client = slow.client
    made = client.create_datastore(datastoreName="trial", clientToken="t1", kmsKeyArn=KEY)
    assert made["datastoreStatus"] == "CREATING"
    name = made["datastoreId"]
    assert client.get_datastore(datastoreId=name)["datastoreProperties"]["datastoreStatus"] == "CREATING"
    slow.pass_time(10.0)
    seen = client.get_datastore(datastoreId=name)["datastoreProperties"]
    assert (seen["datastoreStatus"], seen["datastoreName"], seen["kmsKeyArn"]) == ("ACTIVE", "trial", KEY)
    assert seen["datastoreArn"].endswith(f":datastore/{name}")
    assert client.delete_datastore(datastoreId=name)["datastoreStatus"] == "DELETING"
    slow.pass_time(10.0)
    assert client.get_datastore(datastoreId=name)["datastoreProperties"]["datastoreStatus"] == "DELETED"
    with refused("ResourceNotFoundException"):
        client.delete_datastore(datastoreId=name)
    with refused("ResourceNotFoundException"):
        client.search_image_sets(datastoreId=name)


@covers("CreateDatastore")
def test_what_is_asked_for_is_echoed(imaging: Imaging) -> None:
    made = imaging.client.create_datastore(
        datastoreName="echo", clientToken="echo", losslessStorageFormat="JPEG_2000_LOSSLESS"
    )
    seen = imaging.client.get_datastore(datastoreId=made["datastoreId"])["datastoreProperties"]
    assert seen["losslessStorageFormat"] == "JPEG_2000_LOSSLESS"
    imaging.client.delete_datastore(datastoreId=made["datastoreId"])


@covers("CreateDatastore", error="ConflictException")
def test_a_client_token_makes_one_data_store(imaging: Imaging) -> None:
    asked = [imaging.client.create_datastore(datastoreName="once", clientToken="once") for _ in range(2)]
    assert asked[0]["datastoreId"] == asked[1]["datastoreId"]
    with refused("ConflictException"):
        imaging.client.create_datastore(datastoreName="other", clientToken="once")
    imaging.client.delete_datastore(datastoreId=asked[0]["datastoreId"])


@covers("ListDatastores")
def test_listing_by_pages_and_status(local: Imaging) -> None:
    made = [
        local.client.create_datastore(datastoreName=f"n{n}", clientToken=f"n{n}")["datastoreId"]
        for n in range(5)
    ]
    local.client.delete_datastore(datastoreId=made[2])
    pages = list(local.client.get_paginator("list_datastores").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["datastoreSummaries"]) for page in pages] == [2, 2, 2]
    listed = [each["datastoreId"] for page in pages for each in page["datastoreSummaries"]]
    assert listed == [local.datastore_id, *made]
    gone = local.client.list_datastores(datastoreStatus="DELETED")["datastoreSummaries"]
    assert [each["datastoreId"] for each in gone] == [made[2]]


@covers("DeleteDatastore", error="ConflictException")
def test_only_an_empty_data_store_is_deleted(local: Imaging) -> None:
    added = local.add()
    with refused("ConflictException"):
        local.client.delete_datastore(datastoreId=local.datastore_id)
    local.client.delete_image_set(datastoreId=local.datastore_id, imageSetId=added.id)
    local.client.delete_datastore(datastoreId=local.datastore_id)


@covers("TagResource")
@covers("UntagResource")
@covers("ListTagsForResource")
def test_tags(imaging: Imaging) -> None:
    client, arn = imaging.client, imaging.properties(imaging.add().id)["imageSetArn"]
    client.tag_resource(resourceArn=arn, tags={"trial": "A", "arm": ""})
    client.tag_resource(resourceArn=arn, tags={"trial": "B:/ ü"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"trial": "B:/ ü", "arm": ""}
    client.untag_resource(resourceArn=arn, tagKeys=["trial", "absent"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"arm": ""}


@covers("CreateDatastore")
def test_a_data_store_may_be_made_with_tags(local: Imaging) -> None:
    made = local.client.create_datastore(datastoreName="t", clientToken="tagged", tags={"a": "b"})[
        "datastoreId"
    ]
    arn = local.client.get_datastore(datastoreId=made)["datastoreProperties"]["datastoreArn"]
    assert local.client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    local.client.delete_datastore(datastoreId=made)
    with refused("ResourceNotFoundException"):
        local.client.list_tags_for_resource(resourceArn=arn)


@covers("TagResource", error="ValidationException")
def test_at_most_50_tags(imaging: Imaging) -> None:
    arn = imaging.properties(imaging.add().id)["imageSetArn"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{first}{second}" for first in "xy" for second in letters]
    imaging.client.tag_resource(resourceArn=arn, tags=dict.fromkeys(names[:50], "v"))
    imaging.client.tag_resource(resourceArn=arn, tags=dict.fromkeys(names[:50], "w"))
    with refused("ValidationException"):
        imaging.client.tag_resource(resourceArn=arn, tags={names[50]: "v"})
    assert len(imaging.client.list_tags_for_resource(resourceArn=arn)["tags"]) == 50
    with refused("ValidationException"):
        imaging.client.tag_resource(resourceArn=arn, tags={"aws:mine": "v"})
