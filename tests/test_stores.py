"""What a ``--store`` names, and that nothing in the environment can break or redirect an embedded one."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import pytest

import curator
from curator.errors import CuratorError, NotFound, ServiceError, StoreError, Unreachable, UsageError
from curator.stores import connect, is_loopback, local_folder, open_store, pinned
from tests.campaign.ground import document, parsed
from tests.served import serving


def test_a_folder_is_opened_with_a_data_store_in_it(tmp_path: Path) -> None:
    first = open_store(f"local:{tmp_path / 's'}")
    assert first.local is not None
    assert first.imaging.datastore().status == "ACTIVE"
    first.close()
    again = open_store(f"local:{tmp_path / 's'}")
    assert again.imaging.datastore_id == first.imaging.datastore_id
    again.close()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


def test_a_folder_holds_many_data_stores(tmp_path: Path) -> None:
    first = open_store(f"local:{tmp_path}")
    other = first.imaging.create_datastore("other")
    first.close()
    chosen = open_store(f"local:{tmp_path}#{other}")
    assert chosen.imaging.datastore().name == "other"
    chosen.close()
    plain = open_store(f"local:{tmp_path}")
    assert plain.imaging.datastore_id == first.imaging.datastore_id
    plain.close()
    with pytest.raises(NotFound):
        open_store(f"local:{tmp_path}#{'0' * 32}")


def test_the_default_store_lies_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))
    assert local_folder("local") == tmp_path / "home" / "store"
    store = open_store()
    store.close()
    assert (tmp_path / "home" / "store").is_dir()


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nonsense",
        "aws:",
        "aws:short",
        "aws:" + "A" * 32,
        "ftp://x/y",
        "http://127.0.0.1:1/",
        "local:x#short",
        "http:",
    ],
)
def test_what_names_no_store_is_a_usage_error(spec: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_store(spec)
    assert "local:PATH[#ID]" in refused.value.hint


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(UsageError, match="network"):
        open_store(f"http://192.0.2.1:80/{'0' * 32}")
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "10.0.0.1", "example.org", "::")] == [False] * 4


def test_nothing_listening_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    store = open_store(f"http://127.0.0.1:9/{'0' * 32}")
    with pytest.raises(Unreachable):
        store.imaging.datastore()


def test_a_folder_that_cannot_be_one_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        open_store(f"local:{tmp_path / 'file'}")


BROKEN = {
    "AWS_PROFILE": "names-no-profile",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_MEDICAL_IMAGING": "http://127.0.0.1:9",
    "AWS_CONFIG_FILE": "/dev/full",
    "AWS_REGION": "not a region",
    "AWS_DEFAULT_REGION": "",
    "AWS_RETRY_MODE": "nonsense",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_DATA_PATH": "/nowhere",
    "AWS_ACCESS_KEY_ID": "",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def test_no_variable_breaks_or_redirects_an_embedded_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in BROKEN.items():
        monkeypatch.setenv(name, value)
    store = open_store(f"local:{tmp_path}")
    assert store.imaging.datastore().status == "ACTIVE"
    assert list(store.imaging.search()) == []
    store.close()


def test_no_variable_breaks_curator_s_own_way_to_a_served_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "s", tmp_path / "ready") as found:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
            monkeypatch.setenv(name, BROKEN[name])
        store = open_store(found.spec)
        assert store.imaging.datastore().status == "ACTIVE"
        assert "bucket" in store.served
    monkeypatch.delenv("AWS_PROFILE")
    with pytest.raises(ServiceError):
        open_store(found.spec).imaging.datastore()


def test_a_profile_that_is_not_there_is_told_for_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "names-no-profile")
    with pytest.raises(CuratorError) as refused:
        open_store(f"aws:{'0' * 32}")
    assert "profile" in str(refused.value)


def test_a_missing_region_and_missing_credentials_are_told_for_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as regionless:
        open_store(f"aws:{'0' * 32}")
    assert "AWS_DEFAULT_REGION" in regionless.value.hint
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    store = open_store(f"aws:{'0' * 32}")
    assert store.imaging.client.meta.endpoint_url == "https://medical-imaging.us-east-1.amazonaws.com"
    with pytest.raises(ServiceError) as anonymous:
        store.imaging.datastore()
    assert "AWS_PROFILE" in anonymous.value.hint


def test_connect_gives_a_real_client(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    client = curator.connect(f"local:{tmp_path / 's'}", buckets={"inbox": tmp_path / "bucket"}, delay=0)
    assert client.meta.service_model.service_name == "medical-imaging"
    (found,) = client.list_datastores()["datastoreSummaries"]
    job = client.start_dicom_import_job(
        clientToken="t" * 16,
        dataAccessRoleArn="arn:aws:iam::000000000000:role/r",
        datastoreId=found["datastoreId"],
        inputS3Uri="s3://inbox/",
        outputS3Uri="s3://inbox/out/",
    )
    assert len(job["jobId"]) == 32
    assert (
        connect(tmp_path / "s").list_datastores()["datastoreSummaries"][0]["datastoreId"]
        == found["datastoreId"]
    )


def test_the_environment_of_the_tests_is_their_own() -> None:
    assert "curator" not in os.environ.get("AWS_PROFILE", "")
    assert "home" in os.environ["CURATOR_HOME"]


def test_with_a_delay_the_data_store_is_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        (found,) = curator.connect(f"local:{tmp_path / 's'}", delay=60).list_datastores()[
            "datastoreSummaries"
        ]
        assert found["datastoreStatus"] == "ACTIVE"


def test_an_embedded_store_answers_as_the_edition_that_its_name_says(tmp_path: Path) -> None:
    from curator.known_stores import pinned as known_as

    spec = f"local:{tmp_path / 'store'}?edition=2025-07"
    opened = open_store(spec)
    identifier = opened.imaging.datastore_id
    assert opened.local is not None
    made = opened.local.storage.add_image_set(identifier, parsed(document(1)))
    opened.close()
    assert not (tmp_path / "store?edition=2025-07").exists()
    whole = f"local:{tmp_path / 'store'}?edition=2025-07#{identifier}"
    assert pinned(spec) == (whole, identifier)
    assert known_as(spec, identifier) == whole
    for text in (spec, whole):
        (found,) = connect(text).search_image_sets(datastoreId=identifier)["imageSetsMetadataSummaries"]
        assert (found["imageSetId"], found.get("isPrimary")) == (made.image_set_id, True)
    plain = open_store(f"local:{tmp_path / 'plain'}")
    assert plain.local is not None
    plain.local.storage.add_image_set(plain.imaging.datastore_id, parsed(document(1)))
    assert not next(plain.imaging.search()).is_primary
    plain.close()
    with pytest.raises(UsageError, match="No edition"):
        open_store(f"local:{tmp_path / 'store'}?edition=1999-01")


@pytest.mark.parametrize(
    ("folder", "options", "primary"),
    [("store?edition=2025-07", (), True), ("store?edition=2025-07", ("--edition", "2025-01"), False)],
)
def test_a_served_store_has_the_edition_that_its_name_says(
    tmp_path: Path, folder: str, options: tuple[str, ...], primary: bool
) -> None:
    with serving(tmp_path / folder, tmp_path / "ready", *options) as served:
        imaging = open_store(served.spec).imaging
        opened = open_store(f"local:{tmp_path / 'store'}")
        assert opened.local is not None
        made = opened.local.storage.add_image_set(imaging.datastore_id, parsed(document(1)))
        opened.close()
        promise = contextlib.nullcontext() if primary else pytest.raises(ServiceError, match="not supported")
        with promise:
            copied = imaging.copy(made.image_set_id, "1", promote=True).destination_id
            assert imaging.wait(copied).is_primary
