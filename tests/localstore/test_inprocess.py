"""The client inside the process: real boto3, and nothing of the machine's AWS configuration reaches it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT

HOSTILE = {
    "a profile that names nothing": {"AWS_PROFILE": "nothing"},
    "another endpoint": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_MEDICAL_IMAGING": "http://127.0.0.1:2"},
    "a broken configuration": {"AWS_CONFIG_FILE": "{broken}", "AWS_SHARED_CREDENTIALS_FILE": "{broken}"},
    "no credentials": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"},
    "proxies": {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "x://"},
    "odd settings": {
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_RETRY_MODE": "none such",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_DEFAULTS_MODE": "none such",
        "AWS_DEFAULT_REGION": "",
        "AWS_REGION": "nowhere",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_DATA_PATH": "/nowhere",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "none such",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "none such",
        "AWS_AUTH_SCHEME_PREFERENCE": "none such",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "false",
    },
}  # fmt: skip

PROGRAM = """
import json, socket, sys
from pathlib import Path

def closed(*_, **__):
    raise AssertionError("a socket was asked for")

socket.socket.connect = closed
socket.getaddrinfo = closed
from curator.localstore import LocalStore, inprocess_client

with LocalStore.open(Path(sys.argv[1])) as store:
    client = inprocess_client(store)
    made = client.create_datastore(datastoreName="n")["datastoreId"]
    assert client.search_image_sets(datastoreId=made)["imageSetsMetadataSummaries"] == []
    assert client.get_datastore(datastoreId=made)["datastoreProperties"]["datastoreStatus"] == "ACTIVE"
    print(json.dumps(client.meta.endpoint_url))
"""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_can_break_or_redirect_it(tmp_path: Path, hostile: str) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[[[ not = a configuration\n===")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        **{name: value.format(broken=broken) for name, value in HOSTILE[hostile].items()},
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "store")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == "http://localstore.invalid"
