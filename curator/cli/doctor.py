"""``doctor``: may this machine and this account do what curator needs? Harmless probes only."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, write, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import CuratorError, NotFound, ServiceError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

NOBODY = "0" * 32
"""An id that no image set has: a write to it is refused after its permission was checked, and changes nothing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing looked at: ``state`` is ok, warn, fail or unknown."""

    what: str
    state: str
    told: str


@click.command()
@click.option("--policy", is_flag=True, help="Only the least IAM policy, as JSON to paste.")
@form_options
@click.pass_obj
def doctor(workbench: Workbench, policy: bool, form: Form | None) -> int:
    """Check identity, region, rates, permissions, endpoint, key and folder modes; print the least IAM policy.

    Permissions are probed without touching an image set: writes go to an id that does not exist. Exits 1 when
    something needed fails.

    \b
    Examples:
      curator doctor
      curator --store aws:ID doctor --policy > policy.json
    """
    if policy:
        write_json(least_policy(*_place(workbench), read_only=workbench.read_only))
        return 0
    probes = [*_machine(workbench), *_service(workbench)]
    if form is not None:
        rows: list[dict[str, object]] = [asdict(probe) for probe in probes]
        write_rows(["what", "state", "told"], rows, form)
    else:
        for probe in probes:
            write(f"{probe.state:7}  {probe.what:34}  {probe.told}")
        if workbench.spec().startswith("aws:"):
            write("")
            write("The least IAM policy (with --policy alone, to paste):")
            write_json(least_policy(*_place(workbench), read_only=workbench.read_only))
    return 1 if any(probe.state == "fail" for probe in probes) else 0


# ── this machine ─────────────────────────────────────────────────────────────────────────────────────────


def _machine(workbench: Workbench) -> Iterator[Probe]:
    from curator.project import home

    project = workbench.project()
    yield _mode("project folder", project.root, 0o700)
    key = project.key_file
    if key.exists():
        yield _mode("key", key, 0o600)
    else:
        yield Probe("key", "ok", f"none yet; made at its first use: {key}")
    loose = [path for path in _files(project.root) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    told = (
        f"{plural(len(loose), 'file')} of the project can be read by others"
        if loose
        else "all files are the owner's alone"
    )
    yield Probe("project files", "fail" if loose else "ok", told + (f", such as {loose[0]}" if loose else ""))
    if home().exists() and not home().resolve().is_relative_to(project.root.resolve()):
        yield _mode("CURATOR_HOME", home(), 0o700)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _mode(what: str, path: Path, wanted: int) -> Probe:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Probe(what, "fail", f"{path} has mode {mode:04o}: others can read it; chmod {wanted:o} {path}")
    return Probe(what, "ok", f"{path} ({mode:04o})")


# ── the service ──────────────────────────────────────────────────────────────────────────────────────────

RATES = {
    "UpdateImageSetMetadata, CopyImageSet, DeleteImageSet": "0.25 a second each (burst 1)",
    "SearchImageSets, GetImageSet, ListImageSetVersions": "25 (burst 50)",
    "GetImageSetMetadata": "50 (burst 100)",
    "GetImageFrame": "1000 (burst 2000)",
}
"""Throttling limits (guide, "Throttling limits"); an account's may have been raised."""


def _service(workbench: Workbench) -> Iterator[Probe]:
    spec = workbench.spec()
    try:
        imaging = workbench.imaging
    except CuratorError as error:
        yield Probe("store", "fail", str(error))
        return
    meta = imaging.client.meta
    yield Probe("store", "ok", spec)
    yield Probe("data store", "ok", imaging.datastore_id)
    yield Probe("endpoint", "ok", str(meta.endpoint_url))
    yield Probe("region", "ok", str(meta.region_name))
    if spec.startswith("aws:"):
        yield _identity()
        yield from (Probe(f"rate of {name}", "ok", rate) for name, rate in RATES.items())
    yield from permissions(imaging)


def _identity() -> Probe:
    """Ask STS who calls. The call needs no permission."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        caller = boto3.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Probe(
            "identity", "fail", f"no AWS identity: {type(error).__name__}; configure credentials as for boto3"
        )
    return Probe("identity", "ok", caller["Arn"])


def permissions(imaging: HealthImaging) -> Iterator[Probe]:
    """Yield one probe for each operation, none of which changes or touches an image set."""
    arn = ""
    try:
        found = imaging.datastore()
        arn = found.arn
        yield Probe(
            "GetDatastore", "ok" if found.status == "ACTIVE" else "fail", f"the data store is {found.status}"
        )
    except ServiceError as error:
        yield _refused("GetDatastore", error)
    known = ""
    try:
        known = next((each.id for each in imaging.search()), "")
        yield Probe("SearchImageSets", "ok", "allowed" if known else "allowed; the data store is empty")
    except ServiceError as error:
        yield _refused("SearchImageSets", error)
    if known:
        yield _probe("GetImageSet", lambda: imaging.image_set(known))
        yield _probe("ListImageSetVersions", lambda: imaging.versions(known))
    else:
        yield _probe("GetImageSet", lambda: imaging.image_set(NOBODY))
        yield _probe("ListImageSetVersions", lambda: imaging.versions(NOBODY))
    yield _probe("GetImageSetMetadata", lambda: imaging.metadata(NOBODY))
    yield _probe("GetImageFrame", lambda: imaging.frame(NOBODY, NOBODY))
    yield _probe("ListDICOMImportJobs", lambda: next(iter(imaging.import_jobs()), None))
    if arn:
        yield _probe("ListTagsForResource", lambda: imaging.tags(arn))
    if imaging.read_only:
        yield Probe("writes", "unknown", "the store was opened --read-only: not probed")
        return
    blob = b'{"SchemaVersion":1.1,"Patient":{"DICOM":{}}}'
    yield _probe("UpdateImageSetMetadata", lambda: imaging.update(NOBODY, "1", updatable=blob))
    yield _probe("CopyImageSet", lambda: imaging.copy(NOBODY, "1"))
    yield _probe("DeleteImageSet", lambda: imaging.delete(NOBODY))
    if arn:
        yield _probe("TagResource", lambda: imaging.tag(f"{arn}/imageset/{NOBODY}", {"curator:probe": ""}))


_DENIED = frozenset(("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"))


def _probe(operation: str, call: Callable[[], object]) -> Probe:
    try:
        call()
    except NotFound:
        pass  # permission is checked before the resource: what is not found was allowed
    except ServiceError as error:
        return _refused(operation, error)
    return Probe(operation, "ok", "allowed")


def _refused(operation: str, error: ServiceError) -> Probe:
    if error.code in _DENIED:
        return Probe(operation, "fail", f"not allowed: {error.code}")
    if error.code in {"ValidationException", "ConflictException"}:
        # assumption: the service checks permission before it looks at the request.
        return Probe(operation, "ok", "allowed")
    return Probe(operation, "unknown", error.message)


READING = (
    "GetDatastore",
    "SearchImageSets",
    "GetImageSet",
    "GetImageSetMetadata",
    "GetImageFrame",
    "ListImageSetVersions",
    "ListTagsForResource",
    "GetDICOMInstance",
    "GetDICOMInstanceMetadata",
    "GetDICOMInstanceFrames",
)
WRITING = ("UpdateImageSetMetadata", "CopyImageSet", "DeleteImageSet", "TagResource", "UntagResource")
IMPORTING = ("StartDICOMImportJob", "GetDICOMImportJob", "ListDICOMImportJobs")


def least_policy(
    partition: str, region: str, account: str, datastore_id: str, *, read_only: bool
) -> dict[str, object]:
    """Return the least IAM policy: reading, and unless ``read_only`` writing and importing, in one data store."""
    store = f"arn:{partition}:medical-imaging:{region}:{account}:datastore/{datastore_id}"
    resources = [store, f"{store}/*"]

    def allow(sid: str, actions: tuple[str, ...]) -> dict[str, object]:
        names = [f"medical-imaging:{action}" for action in actions]
        return {"Sid": sid, "Effect": "Allow", "Action": names, "Resource": resources}

    statements = [allow("CuratorReads", READING)]
    if not read_only:
        statements += [
            allow("CuratorWrites", WRITING),
            allow("CuratorImports", IMPORTING),
            {
                "Sid": "CuratorHandsTheImportRoleOver",
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": [f"arn:{partition}:iam::{account}:role/YOUR-IMPORT-ROLE"],
                "Condition": {"StringEquals": {"iam:PassedToService": "medical-imaging.amazonaws.com"}},
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _place(workbench: Workbench) -> tuple[str, str, str, str]:
    """Return (partition, region, account, data store) for the policy; what cannot be known is left to fill in."""
    imaging = workbench.imaging
    region = str(imaging.client.meta.region_name)
    account = "YOUR-ACCOUNT"
    try:
        parts = imaging.datastore().arn.split(":")
        account = parts[4] if len(parts) > 4 and parts[4] else account
    except ServiceError:
        pass
    return str(imaging.client.meta.partition), region, account, imaging.datastore_id
