"""``doctor``: what it looks at, that it changes nothing, and the policy that it prints."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from pathlib import Path
from typing import cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from urllib3.response import HTTPResponse

from curator.cli.doctor import READING, WRITING, least_policy, permissions
from curator.stores import OpenStore, open_store
from tests.cli.conftest import Curator


def test_a_healthy_machine_passes_and_nothing_changes(
    on_demo: Curator, demo_folder: Path, tmp_path: Path
) -> None:
    def states() -> list[tuple[object, ...]]:
        store = open_store(f"local:{demo_folder}")
        found: list[tuple[object, ...]] = [
            (each.id, each.version, each.updated_at) for each in store.imaging.search()
        ]
        store.close()
        return found

    before = states()
    ran = on_demo("--project", tmp_path / "project", "doctor", "--json")
    assert ran.code == 0, ran.err
    told = {row["what"]: row["state"] for row in ran.json}
    assert {"project folder", "endpoint", "region", "UpdateImageSetMetadata", "DeleteImageSet"} <= told.keys()
    assert set(told.values()) == {"ok"}
    assert states() == before


def test_a_folder_that_others_can_read_fails(on_demo: Curator, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir(mode=0o755)
    loose = project / "decisions.csv"
    loose.touch(mode=0o644)
    ran = on_demo("--project", project, "doctor", "--json")
    assert ran.code == 1
    failed = {row["what"]: row["told"] for row in ran.json if row["state"] == "fail"}
    assert failed.keys() == {"project folder", "project files"}
    assert "chmod 700" in failed["project folder"]
    project.chmod(0o700)
    loose.chmod(0o600)
    assert on_demo("--project", project, "doctor").code == 0
    assert stat.S_IMODE(project.stat().st_mode) == 0o700


def test_what_is_denied_fails_and_what_is_unclear_is_said_to_be(demo_store: OpenStore) -> None:
    """The answers come over the wire, before the store sees the call."""
    answers = {
        "UpdateImageSetMetadata": (403, "AccessDeniedException"),
        "CopyImageSet": (409, "ConflictException"),
        "GetImageFrame": (500, "InternalServerException"),
    }

    def refuse(operation: str) -> Callable[..., None]:
        status, code = answers[operation]
        headers = HTTPHeaders.from_dict({"x-amzn-ErrorType": code, "content-type": "application/json"})

        def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            return AWSResponse(
                request.url,
                status,
                headers,
                HTTPResponse(io.BytesIO(b'{"message": "no"}'), preload_content=False),
            )

        return cast("Callable[..., None]", answer)  # botocore takes an answer from a handler that gives one

    events = demo_store.imaging.client.meta.events
    for operation in answers:
        events.register_first(f"before-send.medical-imaging.{operation}", refuse(operation))
    states = {probe.what: probe.state for probe in permissions(demo_store.imaging)}
    assert {operation: states[operation] for operation in answers} == {
        "UpdateImageSetMetadata": "fail",
        "CopyImageSet": "ok",
        "GetImageFrame": "unknown",
    }
    assert states["GetImageSet"] == states["DeleteImageSet"] == "ok"


def test_read_only_probes_no_write(on_demo: Curator, tmp_path: Path) -> None:
    ran = on_demo("--project", tmp_path / "project", "--read-only", "doctor", "--json")
    told = {row["what"]: row["state"] for row in ran.json}
    assert told["writes"] == "unknown"
    assert "DeleteImageSet" not in told


def test_the_policy_is_the_least_for_one_data_store(on_demo: Curator) -> None:
    policy = on_demo("doctor", "--policy").json
    assert policy["Version"] == "2012-10-17"
    assert all("*" not in action for each in policy["Statement"] for action in each["Action"])
    reading = least_policy("aws", "eu-west-1", "123456789012", "d" * 32, read_only=True)
    arn = f"arn:aws:medical-imaging:eu-west-1:123456789012:datastore/{'d' * 32}"
    assert reading["Statement"] == [
        {
            "Sid": "CuratorReads",
            "Effect": "Allow",
            "Action": [f"medical-imaging:{action}" for action in READING],
            "Resource": [arn, f"{arn}/*"],
        }
    ]
    assert not any(action in str(reading) for action in WRITING)
