"""The store over HTTP: unmodified boto3 with no flags, and what an unsigned or strange request meets."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from pydicom import dcmread

from tests.served import Served, serving
from tests.tools import ROOT, need

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

ROLE = "arn:aws:iam::000000000000:role/test"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, _demo_template: Path, demo_files: tuple[Path, object]
) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(_demo_template, root / "store")
    (root / "inbox" / "in").mkdir(parents=True)
    shutil.copy(demo_files[0] / "MR_small.dcm", root / "inbox" / "in")
    with serving(root / "store", root / "ready.json", "--bucket", f"inbox={root / 'inbox'}") as found:
        yield found


@pytest.fixture
def client(served: Served, monkeypatch: pytest.MonkeyPatch) -> HealthImagingClient:
    """boto3 as a program has it that knows nothing of curator: by the three exported lines alone."""
    for name, value in served.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # as in a new process
    return boto3.client("medical-imaging")


@pytest.fixture
def ct(client: HealthImagingClient, served: Served) -> str:
    """The id of the plain CT's image set."""
    found = client.search_image_sets(
        datastoreId=served.datastore_id,
        searchCriteria={"filters": [{"operator": "EQUAL", "values": [{"DICOMPatientId": "1CT1"}]}]},
    )
    return found["imageSetsMetadataSummaries"][0]["imageSetId"]


def settled(client: HealthImagingClient, datastore_id: str, image_set_id: str) -> str:
    """Wait until the image set is ACTIVE and return its version."""
    while True:
        seen = client.get_image_set(datastoreId=datastore_id, imageSetId=image_set_id)
        if seen["imageSetState"] != "LOCKED":
            return seen["versionId"]
        time.sleep(0.05)


def test_data_stores(client: HealthImagingClient) -> None:
    made = client.create_datastore(datastoreName="over-http", clientToken="t" * 16)["datastoreId"]
    assert client.get_datastore(datastoreId=made)["datastoreProperties"]["datastoreName"] == "over-http"
    pages = client.get_paginator("list_datastores").paginate(PaginationConfig={"PageSize": 1})
    assert made in {store["datastoreId"] for page in pages for store in page["datastoreSummaries"]}
    client.delete_datastore(datastoreId=made)


def test_reading(client: HealthImagingClient, served: Served, ct: str) -> None:
    words = {"datastoreId": served.datastore_id, "imageSetId": ct}
    assert client.get_image_set(**words)["imageSetState"] == "ACTIVE"
    versions = client.get_paginator("list_image_set_versions").paginate(**words)  # type: ignore[arg-type]
    assert [item["versionId"] for page in versions for item in page["imageSetPropertiesList"]][-1] == "1"
    blob = client.get_image_set_metadata(**words)["imageSetMetadataBlob"].read()
    document: dict[str, Any] = json.loads(gzip.decompress(blob))
    assert document["ImageSetID"] == ct
    series = next(iter(document["Study"]["Series"].values()))
    instance = next(iter(series["Instances"].values()))
    frame_id = instance["ImageFrames"][0]["ID"]
    frame = client.get_image_frame(imageFrameInformation={"imageFrameId": frame_id}, **words)
    assert len(frame["imageFrameBlob"].read()) > 100


def test_updating_and_reverting(client: HealthImagingClient, served: Served, ct: str) -> None:
    version = settled(client, served.datastore_id, ct)
    words = {"datastoreId": served.datastore_id, "imageSetId": ct}
    change = json.dumps({"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientName": "MX^MX"}}}).encode()
    made = client.update_image_set_metadata(
        latestVersionId=version,
        updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": change}},
        **words,  # type: ignore[arg-type]
    )["latestVersionId"]
    assert int(made) == int(version) + 1
    settled(client, served.datastore_id, ct)
    with pytest.raises(ClientError) as stale:
        client.update_image_set_metadata(
            latestVersionId=version,
            updateImageSetMetadataUpdates={"revertToVersionId": "1"},
            **words,  # type: ignore[arg-type]
        )
    assert "latest" in stale.value.response["Error"]["Message"]
    back = client.update_image_set_metadata(
        latestVersionId=made,
        updateImageSetMetadataUpdates={"revertToVersionId": version},
        **words,  # type: ignore[arg-type]
    )["latestVersionId"]
    assert settled(client, served.datastore_id, ct) == back


def test_copying_and_deleting(client: HealthImagingClient, served: Served, ct: str) -> None:
    version = settled(client, served.datastore_id, ct)
    copied = client.copy_image_set(
        datastoreId=served.datastore_id,
        sourceImageSetId=ct,
        copyImageSetInformation={"sourceImageSet": {"latestVersionId": version}},
    )["destinationImageSetProperties"]["imageSetId"]
    settled(client, served.datastore_id, copied)
    client.delete_image_set(datastoreId=served.datastore_id, imageSetId=copied)
    found = client.search_image_sets(datastoreId=served.datastore_id, searchCriteria={})
    assert copied not in {item["imageSetId"] for item in found["imageSetsMetadataSummaries"]}


def test_tags(client: HealthImagingClient, served: Served) -> None:
    arn = client.get_datastore(datastoreId=served.datastore_id)["datastoreProperties"]["datastoreArn"]
    client.tag_resource(resourceArn=arn, tags={"a:key/with=signs+": "a b/c=d+e"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a:key/with=signs+": "a b/c=d+e"}
    client.untag_resource(resourceArn=arn, tagKeys=["a:key/with=signs+"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_importing_from_a_named_bucket(client: HealthImagingClient, served: Served) -> None:
    job = client.start_dicom_import_job(
        jobName="over-http",
        dataAccessRoleArn=ROLE,
        clientToken="u" * 16,
        datastoreId=served.datastore_id,
        inputS3Uri="s3://inbox/in/",
        outputS3Uri="s3://inbox/out/",
    )["jobId"]
    while (status := _status(client, served, job)) not in {"COMPLETED", "FAILED"}:
        time.sleep(0.05)
    assert status == "COMPLETED"
    pages = client.get_paginator("list_dicom_import_jobs").paginate(datastoreId=served.datastore_id)
    assert job in {summary["jobId"] for page in pages for summary in page["jobSummaries"]}


def _status(client: HealthImagingClient, served: Served, job: str) -> str:
    return client.get_dicom_import_job(datastoreId=served.datastore_id, jobId=job)["jobProperties"][
        "jobStatus"
    ]


def test_requests_at_once_are_all_answered(client: HealthImagingClient, served: Served, ct: str) -> None:
    def read(_: int) -> str:
        return client.get_image_set(datastoreId=served.datastore_id, imageSetId=ct)["imageSetId"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(64))) == {ct}


def raw(served: Served, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
    """Send a request by hand; returns status, error code and body."""
    connection = http.client.HTTPConnection(urlsplit(served.endpoint).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("x-amzn-ErrorType", ""), answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/datastore"),
        ("POST", "/datastore"),
        ("GET", "/nowhere"),
        ("PUT", "/"),
        ("GET", "/datastore/x/studies/1"),
    ],
)
def test_an_unsigned_request_is_refused_before_anything_is_told(
    served: Served, method: str, path: str
) -> None:
    status, code, body = raw(served, method, path)
    assert (status, code) == (403, "MissingAuthenticationTokenException")
    assert json.loads(body) == {"message": "Missing Authentication Token"}


def test_a_wrong_secret_is_an_invalid_signature(served: Served) -> None:
    key = str(served.ready["aws_credentials"]).split("aws_access_key_id = ")[1].split()[0]
    stranger = boto3.client(
        "medical-imaging",
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="wrong",
        endpoint_url=served.endpoint,
    )
    with pytest.raises(ClientError) as refused:
        stranger.list_datastores()
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_body_without_end_is_not_read_to_the_end(served: Served) -> None:
    status, code, _ = raw(served, "POST", "/datastore", b"x" * (2**20 + 1))
    assert (status, code) == (413, "RequestEntityTooLargeException")


def test_the_files_of_a_served_store_are_its_owner_s_alone(served: Served) -> None:
    config = Path(served.environment["AWS_CONFIG_FILE"])
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    for file in config.parent.iterdir():
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert config.read_text() == served.ready["aws_config"]
    assert (
        Path(served.environment["AWS_SHARED_CREDENTIALS_FILE"]).read_text() == served.ready["aws_credentials"]
    )


def test_serving_elsewhere_needs_tls(tmp_path: Path) -> None:
    words = ["--store", f"local:{tmp_path / 's'}", "serve", "--host", "0.0.0.0"]
    done = subprocess.run(
        [sys.executable, "-m", "curator", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--tls-cert" in done.stderr


def test_a_taken_port_is_told(served: Served, tmp_path: Path) -> None:
    port = str(urlsplit(served.endpoint).port)
    words = ["--store", f"local:{tmp_path / 's'}", "serve", "--port", port]
    done = subprocess.run(
        [sys.executable, "-m", "curator", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "cannot listen" in done.stderr


def test_with_tls_a_store_is_served_to_boto3_without_flags(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    with serving(
        tmp_path / "s", tmp_path / "ready", "--tls-cert", str(certificate), "--tls-key", str(key)
    ) as found:
        assert found.endpoint.startswith("https://")
        code = "import boto3; print(len(boto3.client('medical-imaging').list_datastores()['datastoreSummaries']))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=dict(found.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == "1", done.stderr


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of this test's own for 127.0.0.1."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "curator test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


def test_the_guide_s_curl_example_gets_an_instance(
    served: Served, client: HealthImagingClient, ct: str, tmp_path: Path
) -> None:
    """Guide, "Getting a DICOM instance": a signer that is not botocore's, on an operation the SDK does not have."""
    curl = need("curl")
    words = {"datastoreId": served.datastore_id, "imageSetId": ct}
    blob = client.get_image_set_metadata(**words)["imageSetMetadataBlob"].read()
    study = json.loads(gzip.decompress(blob))["Study"]
    series, node = next(iter(study["Series"].items()))
    instance = next(iter(node["Instances"]))
    path = f"studies/{study['DICOM']['StudyInstanceUID']}/series/{series}/instances/{instance}"
    keys = dict(
        line.split(" = ") for line in str(served.ready["aws_credentials"]).splitlines() if " = " in line
    )
    call = [
        curl,
        "--silent",
        "--fail",
        "--request",
        "GET",
        "--aws-sigv4",
        "aws:amz:us-east-1:medical-imaging",
    ]
    url = f"{served.endpoint}/datastore/{served.datastore_id}/{path}?imageSetId={ct}"
    user = f"{keys['aws_access_key_id']}:{keys['aws_secret_access_key']}"
    accept = "Accept: application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    out = tmp_path / "dicom-instance.dcm"
    subprocess.run([*call, "--user", user, "--header", accept, "--output", str(out), url], check=True)
    data = dcmread(out)
    assert str(data.SOPInstanceUID) == instance
    assert data.pixel_array.shape == (128, 128)
    refused = subprocess.run(
        [*call, "--user", f"{user}x", "--header", accept, url], capture_output=True, check=False
    )
    assert refused.returncode == 22  # curl's code for 4xx
