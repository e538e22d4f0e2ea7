"""What a ``--store`` names, opened: the only room that knows both the client and the embedded store.

local                         the data folder's store (CURATOR_HOME, else the platform's data folder)
local:PATH[#DATASTORE_ID]     a folder of data stores; without # its first, made if there is none
local:PATH?edition=2025-07    the same, answering as that edition of the service (before #; default: 2025-01)
aws:DATASTORE_ID              AWS HealthImaging; region and profile as boto3 reads them
http://127.0.0.1:PORT/ID      a `curator serve` on this machine (https:// for one elsewhere)
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from curator.errors import UsageError
from curator.healthimaging import HealthImaging, Limiter
from curator.project import home

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session
    from mypy_boto3_medical_imaging import HealthImagingClient

    from curator.buckets import Bucket
    from curator.localstore import LocalStore

DEFAULT_EDITION = "2025-01"
"""The edition of the service as which an embedded store answers, where its spec names none."""

DEFAULT = "local"
"""The store when neither ``--store`` nor CURATOR_STORE names one."""

FORMS = "a store is local, local:PATH[#ID], aws:ID or http://127.0.0.1:PORT/ID"
ATTEMPTS = 5
"""How often the SDK sends one call, in its retry mode "standard" (writes without a token: once)."""

RECORD = "served.json"
"""The file in `served_folder` with the endpoint's keys: endpoint_url, access_key, secret_key, region, bucket."""

STAGING = "curator-staging"
"""The bucket that every embedded store has for files that a campaign imports; a folder beside its data."""

_EDITION = "?edition="
_ID = re.compile(r"[0-9a-z]{32}")


@dataclass(frozen=True, slots=True)
class OpenStore:
    """An opened ``--store``: the door to one data store, and what must be closed after it."""

    spec: str
    imaging: HealthImaging
    local: LocalStore | None = None
    served: Mapping[str, str] = field(default_factory=dict)
    """For a `curator serve` on this machine: what its ready file tells."""
    _close: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Close an embedded store; anything else needs no closing."""
        self._close()


def open_store(
    spec: str = DEFAULT,
    *,
    read_only: bool = False,
    limiter: Limiter | None = None,
    buckets: Mapping[str, Path] | None = None,
    delay: float = 0.0,
) -> OpenStore:
    """Open what ``spec`` names; ``buckets`` (name → folder) and ``delay`` (seconds) are a local store's.

    Raises `UsageError` for a spec of no known form, `StoreError` for a local folder that cannot be used,
    `ServiceError` when the service cannot be reached at opening.
    """
    scheme, _, rest = spec.partition(":")
    if scheme == "local":
        return _open_local(spec, rest.partition("#")[2], read_only, limiter, buckets or {}, delay)
    if scheme == "aws" and _ID.fullmatch(rest):
        return OpenStore(
            spec, HealthImaging(_aws_client(), rest, limiter=limiter, read_only=read_only, spec=spec)
        )
    if scheme in {"http", "https"}:
        return _open_served(spec, read_only, limiter)
    raise UsageError(f"{spec!r} names no store", hint=FORMS)


def pinned(spec: str, *, make: bool = True) -> tuple[str, str]:
    """Return a spec that names its data store by id (and a folder by its whole path), and that id.

    Opens the store: raises what `open_store` raises. Without ``make`` an embedded store that is not there yet is not
    made, and has no id.
    """
    if not make and spec.startswith("local") and not is_there(local_folder(spec)):
        return whole(spec), ""
    opened = open_store(spec)
    try:
        datastore_id = opened.imaging.datastore_id
    finally:
        opened.close()
    if spec.startswith("local"):
        return whole(spec, datastore_id), datastore_id
    return spec, datastore_id


def connect(
    store: str | Path = DEFAULT, *, buckets: Mapping[str, str | Path] | None = None, delay: float = 0.0
) -> HealthImagingClient:
    """Return a real boto3 ``medical-imaging`` client for a store.

    ``buckets`` maps ``s3://NAME/…`` of import jobs to folders; ``delay`` is how long (seconds) the embedded store's
    operations stay LOCKED. A data store is there already: ``client.list_datastores()`` names it.
    ``local:PATH?edition=2025-07`` answers as the service does since it knows primary image sets.
    """
    folders = {name: Path(folder) for name, folder in (buckets or {}).items()}
    spec = f"local:{store}" if isinstance(store, Path) else store
    return open_store(spec, buckets=folders, delay=delay).imaging.client


def staging(folder: Path) -> dict[str, Path]:
    """Return the bucket for a campaign's imports as an embedded store in ``folder`` is opened with it."""
    return {STAGING: folder / "staging"}


def import_bucket(spec: str, name: str = "") -> Bucket:
    """Return the bucket through which imports into a store go; ``name`` is that of an S3 bucket, for ``aws:``.

    Raises `UsageError` where there is none.
    """
    from curator.buckets import FolderBucket, S3Bucket

    if spec.startswith("local"):
        ((own, root),) = staging(local_folder(spec)).items()
        return FolderBucket(own, root)
    if spec.startswith("aws:"):
        if not name:
            raise UsageError(
                "An import into AWS needs an S3 bucket and a role.", hint="name them: --bucket, --role"
            )
        import boto3

        return S3Bucket(name, boto3.client("s3"))
    split = urlsplit(spec)
    served = served_here(f"{split.scheme}://{split.netloc}")
    if not served.get("bucket"):
        raise UsageError(
            "This served store has no bucket that curator can reach.",
            hint="work on the machine and as the user that runs `curator serve`",
        )
    return FolderBucket(served["bucket_name"], Path(served["bucket"]))


def is_there(folder: Path) -> bool:
    """Say whether an embedded store lies in the folder."""
    from curator.localstore.database import FILE

    return (folder / FILE).exists()


def local_folder(spec: str) -> Path:
    """Return the folder that a ``local`` spec names."""
    path = spec.partition(":")[2].partition("#")[0].partition(_EDITION)[0]
    return Path(path).expanduser() if path else home() / "store"


def local_edition(spec: str) -> str:
    """Return the edition of the service that a ``local`` spec names, "" where it names none."""
    return spec.partition("#")[0].partition(_EDITION)[2]


def whole(spec: str, datastore_id: str = "") -> str:
    """Return a ``local`` spec with its folder's whole path, and with a data store's id."""
    edition = local_edition(spec)
    named = f"local:{local_folder(spec).resolve()}{_EDITION + edition if edition else ''}"
    return f"{named}#{datastore_id}" if datastore_id else named


def holds_store(folder: Path) -> bool:
    """Tell whether there is an embedded store in a folder, without making one."""
    from curator.localstore.database import FILE

    return (folder / FILE).is_file()


def account() -> HealthImaging:
    """Return the door to AWS HealthImaging at no data store, for what is asked of the account: which there are."""
    return HealthImaging(_aws_client(), "", read_only=True)


def is_served(endpoint: str) -> bool:
    """Tell whether somebody listens at an endpoint of this machine."""
    import socket

    split = urlsplit(endpoint)
    try:
        socket.create_connection((split.hostname or "", split.port or 0), timeout=0.5).close()
    except OSError:
        return False
    return True


def _open_local(
    spec: str,
    datastore_id: str,
    read_only: bool,
    limiter: Limiter | None,
    buckets: Mapping[str, Path],
    delay: float,
) -> OpenStore:
    from curator.localstore import LocalStore, inprocess_client

    if datastore_id and not _ID.fullmatch(datastore_id):
        raise UsageError("a data store's id is 32 characters of 0-9 and a-z", hint=FORMS)
    folder = local_folder(spec)
    if delay and not datastore_id:
        # The data store that is made where there is none can be used at once.
        _open_local(spec, "", read_only, None, {}, 0.0).close()
    edition = local_edition(spec) or DEFAULT_EDITION
    store = LocalStore.open(folder, edition=edition, buckets={**staging(folder), **buckets}, delay=delay)
    try:
        client = inprocess_client(store)
        door = HealthImaging(
            client, datastore_id or _first_datastore(client), limiter=limiter, read_only=read_only, spec=spec
        )
        if datastore_id:
            door.datastore()
    except BaseException:
        store.close()
        raise
    return OpenStore(spec, door, store, _close=store.close)


def _first_datastore(client: HealthImagingClient) -> str:
    """Return the oldest data store of the folder, made if there is none."""
    door = HealthImaging(client, "")
    active = [store for store in door.datastores() if store.status == "ACTIVE"]
    if not active:
        return door.create_datastore("curator")
    return min(
        active, key=lambda store: (store.created_at.timestamp() if store.created_at else 0.0, store.id)
    ).id


def _aws_client() -> HealthImagingClient:
    from curator.healthimaging.failures import explained

    with explained("sign in"):
        return _client(_session())


def _session() -> Session:
    """Return the session that `boto3.Session` wraps; boto3 itself would import S3's transfers for 75 ms."""
    from botocore.session import Session

    return Session()


def _client(
    session: Session, region_name: str | None = None, endpoint_url: str | None = None
) -> HealthImagingClient:
    """Return what ``boto3.client("medical-imaging")`` returns, from the session's own method, which it calls."""
    client = session.create_client(
        "medical-imaging",
        region_name=region_name,
        endpoint_url=endpoint_url,
        config=_config(host_prefix=endpoint_url is None),
    )
    return cast("HealthImagingClient", client)


def _config(*, host_prefix: bool = True) -> Config:
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        inject_host_prefix=host_prefix,
        user_agent_extra="curator",
    )


def _open_served(spec: str, read_only: bool, limiter: Limiter | None) -> OpenStore:
    from curator.healthimaging.failures import explained

    split = urlsplit(spec)
    datastore_id = split.path.strip("/")
    if not split.hostname or not _ID.fullmatch(datastore_id):
        raise UsageError(f"{spec!r} names no store", hint=FORMS)
    if split.scheme == "http" and not is_loopback(split.hostname):
        raise UsageError(
            "plain http would show patients' data to the network", hint="use https for another machine"
        )
    endpoint = f"{split.scheme}://{split.netloc}"
    served = served_here(endpoint)
    with explained("sign in"):
        if served:
            client = _client(_keyed(served), region_name=served["region"], endpoint_url=endpoint)
        else:
            session = _session()
            region = str(session.get_config_variable("region") or "us-east-1")
            client = _client(session, region_name=region, endpoint_url=endpoint)
    return OpenStore(
        spec,
        HealthImaging(client, datastore_id, limiter=limiter, read_only=read_only, spec=spec),
        served=served,
    )


def _keyed(served: Mapping[str, str]) -> Session:
    """Return a session of its own for a served store, so that no AWS_* variable can redirect or break it."""
    from botocore.session import Session

    session = Session(session_vars={"profile": (None, None, None, None)})
    session.set_credentials(served["access_key"], served["secret_key"])
    return session


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def served_folder(port: int) -> Path:
    """Return the folder in which `curator serve` on a port keeps its keys, config files and import bucket."""
    return home() / "serve" / str(port)


def served_here(endpoint: str) -> dict[str, str]:
    """Return what a `curator serve` of this user wrote about itself (RECORD), or nothing."""
    port = urlsplit(endpoint).port
    if port is None:
        return {}
    try:
        told: dict[str, str] = json.loads((served_folder(port) / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return told if told.get("endpoint_url") == endpoint else {}
