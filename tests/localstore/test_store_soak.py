"""Long runs: killed at any moment, and asked anything at all."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.localstore import LocalStore, WireRequest, inprocess_client
from tests.localstore.conftest import in_process
from tests.localstore.imaging import instances
from tests.localstore.parsed_instances import parsed_instances
from tests.localstore.test_errors import CALLS
from tests.soak import soak_count, soak_seed
from tests.tools import ROOT

SERIES = "1.2.826.0.1.7.1.1"
TOUCHED = 20

UPDATER = """
import json, sys
from pathlib import Path
from curator.localstore import LocalStore, inprocess_client

_, folder, datastore_id, image_set_id, touched = sys.argv
with LocalStore.open(Path(folder)) as store:
    client = inprocess_client(store)
    version = int(client.get_image_set(datastoreId=datastore_id, imageSetId=image_set_id)["versionId"])
    print("ready", flush=True)
    while True:
        mark = str(version + 1)
        each = {f"1.2.826.0.1.7.1.1.{n}": {"DICOM": {"InstanceNumber": mark}} for n in range(int(touched))}
        update = {
            "SchemaVersion": 1.1,
            "Patient": {"DICOM": {"PatientName": mark}},
            "Study": {"Series": {"1.2.826.0.1.7.1.1": {"DICOM": {"StationName": mark}, "Instances": each}}},
        }
        client.update_image_set_metadata(
            datastoreId=datastore_id, imageSetId=image_set_id, latestVersionId=str(version),
            updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": json.dumps(update).encode()}})
        version += 1
        print(version, flush=True)
"""


@pytest.mark.soak
def test_killed_at_any_moment_of_an_update(tmp_path: Path) -> None:
    chance = random.Random(soak_seed())
    with in_process(tmp_path) as local:
        with LocalStore.open(tmp_path / "store") as store:
            made = store.storage.add_image_set(local.datastore_id, list(parsed_instances(200)))
        image_set_id = made.image_set_id
    words = [str(tmp_path / "store"), local.datastore_id, image_set_id, str(TOUCHED)]
    seen = 1
    for _ in range(soak_count(100)):
        process = subprocess.Popen(
            [sys.executable, "-c", UPDATER, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.1)
        process.kill()
        told = [int(line) for line in process.communicate()[0].split()]
        with LocalStore.open(tmp_path / "store") as store:
            assert store.check() == []
            local.client = inprocess_client(store)
            latest = int(local.properties(image_set_id)["versionId"])
            assert latest in (last := max([seen, *told]), last + 1), "what was answered is kept"
            for version in {seen, latest, chance.randint(1, latest)} - {1}:
                whole(local.document(image_set_id, str(version)), str(version))
            seen = latest
    print(f"{seen} versions")


def whole(document: dict[str, Any], mark: str) -> None:
    """Require that a version holds all of its update."""
    assert document["Patient"]["DICOM"]["PatientName"] == mark
    assert document["Study"]["Series"][SERIES]["DICOM"]["StationName"] == mark
    numbers = [each["DICOM"]["InstanceNumber"] for each in instances(document).values()]
    assert numbers == [mark] * TOUCHED + [str(n) for n in range(TOUCHED, 200)]


def recorded(folder: Path) -> list[WireRequest]:
    """Return valid requests of every operation, as botocore writes them."""
    found: list[WireRequest] = []
    with LocalStore.open(folder, buckets={"inbox": folder}) as store:
        client = inprocess_client(store, attempts=1)
        made = client.create_datastore(clientToken="s")["datastoreId"]
        added = store.storage.add_image_set(made, list(parsed_instances(3)))
        text = json.dumps([made, added.image_set_id])

        def keep(request: Any, **_: object) -> None:
            path, _, query = request.url.removeprefix("http://localstore.invalid").partition("?")
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            found.append(WireRequest(request.method, path, query, {}, body))

        client.meta.events.register_first("before-send.medical-imaging", keep)
        calls: dict[str, tuple[str, dict[str, Any]]] = CALLS
        for name, (method, parameters) in calls.items():
            if name in ("DeleteDatastore", "DeleteImageSet", "StartDICOMImportJob"):
                continue  # recorded once nothing needs what they take away: their shapes are simple
            changed: dict[str, Any] = {
                key: made if key == "datastoreId" else value for key, value in parameters.items()
            }
            for key in ("imageSetId", "sourceImageSetId"):
                if key in changed:
                    changed[key] = json.loads(text)[1]
            try:
                getattr(client, method)(**changed)
            except client.exceptions.ClientError:
                pass
        updates: list[dict[str, Any]] = [
            {"Study": {"Series": {SERIES: {"Instances": {f"{SERIES}.0": {}}}}}},
            {
                "Study": {
                    "Series": {
                        SERIES: {"Instances": {f"{SERIES}.1": {"DICOM": {"KVP": "1", "00191001": "x"}}}}
                    }
                }
            },
        ]
        for update in updates:
            blob = base64.b64encode(json.dumps({"SchemaVersion": "1.1", **update}).encode()).decode()
            body = json.dumps({"DICOMUpdates": {"updatableAttributes": blob, "removableAttributes": blob}})
            path = f"/datastore/{made}/imageSet/{added.image_set_id}/updateImageSetMetadata"
            found.append(WireRequest("POST", path, "latestVersion=1&force=true", {}, body.encode()))
    return found


ODD = [
    "", "null", "true", "-1", "1e999", "NaN", "9" * 400, '""', "[]", "{}", '"\\ud800"', '"\\u0000"', "[" * 500,
    '"' + "x" * 70_000 + '"', "\x00", "\xff", "%00", "%ff", "%2F", "..", "'; DROP TABLE instance; --", "🩻", "\u202e",
]  # fmt: skip


def mutated(request: WireRequest, chance: random.Random) -> WireRequest:
    """Return the request with something wrong in it."""
    method, path, query, body = request.method, request.path, request.query, request.body
    for _ in range(chance.randint(1, 3)):
        what = chance.randrange(6)
        if what == 0:
            method = chance.choice(["GET", "POST", "DELETE", "PUT", "PATCH", "", "get"])
        elif what == 1:
            path = _mutated_text(path, chance)
        elif what == 2:
            extra = f"{chance.choice(['maxResults', 'nextToken', 'version', 'force', 'latestVersion', 'tagKeys'])}="
            query = _mutated_text(f"{query}&{extra}{chance.choice(ODD)}", chance)
        elif what == 3 and body:
            body = _mutated_text(body.decode("latin-1"), chance).encode("utf-8", "replace")
        elif what == 4 and body:
            body = _mutated_json(body, chance)
        else:
            body = chance.choice(
                [b"", b"{", b"\xff\xfe", b"[[[", body * 2, b"{}" + body, chance.randbytes(40)]
            )
    return WireRequest(method, path, query, {}, body)


def _mutated_text(text: str, chance: random.Random) -> str:
    at = chance.randint(0, len(text))
    until = at + chance.choice([0, 0, 1, 5])
    return text[:at] + chance.choice([*ODD, chr(chance.randint(1, 0x2FF)), text[:20]]) + text[until:]


def _unpacked(blob: object) -> bytes:
    try:
        return base64.b64decode(str(blob))
    except ValueError:
        return b"{}"


def _mutated_json(body: bytes, chance: random.Random) -> bytes:
    """Replace, remove or rename one value somewhere in a JSON body, inside of embedded documents too."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if not isinstance(content, dict):
        return body
    node: Any = content
    for _ in range(chance.randint(0, 8)):
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node))) if node else []
        deeper = [key for key in keys if isinstance(node[key], dict | list) and node[key]]
        if not deeper:
            break
        node = node[chance.choice(deeper)]
    odd: Any = chance.choice(
        [None, True, 0, -1.5, "", "x", [], {}, [[]], {"DICOM": []}, 2**70, "1.2.3", ["a", 1]]
    )
    if isinstance(node, dict) and node:
        key = chance.choice(list(node))
        if chance.random() < 0.3:
            node[chance.choice(["DICOM", "PatientName", "PixelData", "00191001", "", "é", key * 2])] = (
                node.pop(key)
            )
        elif chance.random() < 0.3:
            del node[key]
        elif key in ("updatableAttributes", "removableAttributes"):
            inner = _mutated_json(_unpacked(node[key]), chance)
            node[key] = base64.b64encode(inner).decode()
        else:
            node[key] = odd
    elif isinstance(node, list):
        node.append(odd)
    return json.dumps(content).encode()


def at_version(request: WireRequest, latest: str) -> WireRequest:
    """Return the request for the image set as it is by now."""
    query = request.query.replace("latestVersion=1", f"latestVersion={latest}")
    body = request.body.replace(b'"latestVersionId": "1"', f'"latestVersionId": "{latest}"'.encode())
    return replace(request, query=query, body=body)


@pytest.mark.soak
def test_asked_anything_at_all(tmp_path: Path) -> None:
    chance = random.Random(soak_seed())
    requests = recorded(tmp_path / "store")
    answers: dict[int, int] = {}
    look = next(each for each in requests if each.path.endswith("/getImageSet"))
    with LocalStore.open(tmp_path / "store", buckets={"inbox": tmp_path}) as store:
        latest: str = json.loads(store.handle(look).body)["versionId"]
        for _ in range(soak_count(20_000)):
            request = mutated(at_version(chance.choice(requests), latest), chance)
            begin = time.perf_counter()
            answer = store.handle(request)
            assert answer.status < 500, request
            assert time.perf_counter() - begin < 5, request
            if answer.status == 200 and request.path.endswith("/updateImageSetMetadata"):
                latest = json.loads(answer.body)["latestVersionId"]
            answers[answer.status] = answers.get(answer.status, 0) + 1
        assert store.check() == []
    print(answers, "versions:", latest)
    assert answers.get(200)
    assert answers.get(400)
    assert answers.get(404)
