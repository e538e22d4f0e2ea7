"""``serve``: a local store over HTTP for boto3, the AWS CLI and any other client of the real API."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import write
from curator.cli.workbench import Workbench
from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.localstore import LocalStore
    from curator.localstore.http.faults import Faults, Wires

PROFILE = "curator"
REGION = "us-east-1"
BUCKET = "curator-import"
"""The bucket in which `curator import` stages files for a served store."""

CONFIG = """\
[profile {profile}]
region = {region}
services = {profile}
disable_host_prefix_injection = true
{authorities}
[services {profile}]
medical_imaging =
  endpoint_url = {endpoint}
"""
CREDENTIALS = """\
[{profile}]
aws_access_key_id = {access_key}
aws_secret_access_key = {secret_key}
"""


@dataclass(frozen=True, slots=True)
class Served:
    """Where a store is served, and with which keys."""

    endpoint_url: str
    datastore_id: str
    access_key: str
    secret_key: str
    bucket: Path
    authorities: str = ""

    def config(self) -> str:
        """Return the AWS config file: the endpoint, and no ``runtime-`` before the host (healthimaging.md §1)."""
        authorities = f"ca_bundle = {self.authorities}\n" if self.authorities else ""
        return CONFIG.format(
            profile=PROFILE, region=REGION, endpoint=self.endpoint_url, authorities=authorities
        )

    def credentials(self) -> str:
        """Return the AWS credentials file."""
        return CREDENTIALS.format(profile=PROFILE, access_key=self.access_key, secret_key=self.secret_key)

    def ready(self) -> str:
        """Return the ready file's JSON: all that another program needs to use the store."""
        return json.dumps(
            {
                "endpoint_url": self.endpoint_url,
                "datastore_id": self.datastore_id,
                "profile": PROFILE,
                "aws_config": self.config(),
                "aws_credentials": self.credentials(),
                "pid": os.getpid(),
            }
        )

    def record(self) -> str:
        """Return what curator itself reads to reach the store (`curator.stores.served_here`)."""
        return json.dumps(
            {
                "endpoint_url": self.endpoint_url,
                "datastore_id": self.datastore_id,
                "access_key": self.access_key,
                "secret_key": self.secret_key,
                "region": REGION,
                "bucket_name": BUCKET,
                "bucket": str(self.bucket),
            }
        )


def _limits(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Read ``aws`` and ``aws:TIMES``: how many times the guide's rates."""
    if value is None:
        return None
    name, _, times = value.partition(":")
    try:
        scale = float(times or 1)
    except ValueError:
        scale = 0.0
    if name != "aws" or not 0 < scale < float("inf"):
        raise click.BadParameter(f"{value!r} is neither aws nor aws:TIMES")
    return scale


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8087, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Elsewhere than here only with TLS.")
@click.option(
    "--bucket", "buckets", multiple=True, metavar="NAME=DIR", help="s3://NAME/… means DIR (repeatable)."
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Written (0600) when connections are accepted.",
)
@click.option(
    "--delay",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long operations stay LOCKED.",
)
@click.option(
    "--limits",
    callback=_limits,
    metavar="aws[:TIMES]",
    help="Throttle as AWS does; aws:80 with 80 times the rates.",
)
@click.option(
    "--edition",
    type=click.Choice(["2025-01", "2025-07"]),
    help="Of the service's behaviour (default: the one that --store names, else 2025-01).",
)
@click.option(
    "--tls-cert",
    help="The certificate, in PEM.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)
@click.option(
    "--tls-key",
    help="The certificate's key, in PEM.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)
@click.option(
    "--faults",
    "faults_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Let calls fail on purpose, by rates (YAML or JSON, see above).",
)
@click.option("--web", is_flag=True, help="Serve the terminal interface to a browser instead.")
@click.pass_context
def serve(
    context: click.Context,
    port: int,
    host: str,
    buckets: tuple[str, ...],
    ready_file: Path | None,
    delay: float,
    limits: float | None,
    edition: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    faults_file: Path | None,
    web: bool,
) -> None:
    """Serve a local store over HTTP to any AWS client, until Ctrl-C.

    Every request must be signed with the keys that are written (0600) for this run. The three lines on stdout
    point a shell's boto3 and aws at the store.

    \b
    Example:
      curator --store local:/data/trial serve --bucket inbox=/data/inbox
      aws medical-imaging list-datastores        # in a shell with the three lines

    With --faults calls go wrong by the rates of a file, to test programs (yours too) that use HealthImaging:
    throttled (429), error (500), unavailable (503), reset (no answer, nothing done), lost (done, but no answer),
    lost_error (done, but answered 500), delay. Such answers carry the header x-curator-fault.

    \b
    seed: 7
    operations:
      "*": {throttled: 0.05, delay: {rate: 0.2, seconds: 0.5}}
      UpdateImageSetMetadata: {lost: 0.02, error: 0.02}

    With --web the terminal interface itself is shown in a browser of this machine, on any --store; the address
    that is printed holds a token of this run, and without it nothing is answered. The page loads nothing from
    anywhere else.

    \b
    Example:
      curator --read-only serve --web --port 0
    """
    workbench: Workbench = context.obj
    if web:
        _only_web(context)
        from curator.cli.browser import serve_to_browser

        serve_to_browser(workbench, port, ready_file)
        return
    from curator.listening import bind, serve
    from curator.localstore.http.app import Application
    from curator.stores import is_loopback, served_folder

    if bool(tls_cert) != bool(tls_key):
        raise UsageError("--tls-cert and --tls-key come together")
    faults, wires = _faults(faults_file)
    if not is_loopback(host) and not tls_cert:
        raise UsageError(
            f"{host} is not this machine alone: patients' data would cross the network in the clear",
            hint="give --tls-cert and --tls-key, or leave --host at 127.0.0.1",
        )
    folders = dict(_bucket(text) for text in buckets)
    local, datastore_id, stated = _local_store(workbench)
    listening = bind(host, port)
    actual = listening.getsockname()[1]
    with _working_folder(served_folder(actual)) as folder:
        scheme = "https" if tls_cert else "http"
        shown = f"[{host}]" if ":" in host else host
        served = Served(
            f"{scheme}://{shown}:{actual}",
            datastore_id,
            "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
            secrets.token_hex(20),
            folder / "bucket",
            str(tls_cert.resolve()) if tls_cert else "",
        )
        served.bucket.mkdir(mode=0o700)
        folders[BUCKET] = served.bucket
        store = _open(local, folders, delay, limits, edition or stated)
        application = Application(store, {served.access_key: served.secret_key}, faults=faults, wires=wires)
        try:
            serve(
                application,
                listening,
                lambda: _announce(workbench, served, folder, ready_file),
                certificate=tls_cert,
                key=tls_key,
                protocol=wires.protocol() if wires else None,
            )
        finally:
            application.close()
        store.close()
        if ready_file:
            ready_file.unlink(missing_ok=True)
    workbench.say(f"stopped; {faults}" if faults else "stopped")


def _only_web(context: click.Context) -> None:
    """Refuse the options of the other thing that ``serve`` serves, rather than pass over them."""
    strangers = [
        each.opts[0]
        for each in context.command.params
        if each.name not in {"web", "port", "ready_file"}
        and context.get_parameter_source(each.name or "") is not click.core.ParameterSource.DEFAULT
    ]
    if strangers:
        raise UsageError(
            f"--web does not go with {', '.join(strangers)}",
            hint="it is always at 127.0.0.1, and takes --port and --ready-file",
        )


def _faults(path: Path | None) -> tuple[Faults | None, Wires | None]:
    if path is None:
        return None, None
    from curator.localstore.http.faults import Wires, load

    return load(path), Wires()


def _bucket(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not separator or not name or not Path(folder).is_dir():
        raise UsageError("--bucket takes NAME=DIR, and DIR must be there")
    return name, Path(folder).resolve()


def _local_store(workbench: Workbench) -> tuple[Path, str, str]:
    """Return the folder of the local store, the id of its data store, made if there is none, and its edition."""
    from curator.stores import DEFAULT_EDITION, local_edition, local_folder

    spec = workbench.spec()
    if spec.partition(":")[0] != "local":
        raise UsageError("only a local store can be served", hint="--store local or --store local:PATH")
    return local_folder(spec), workbench.imaging.datastore_id, local_edition(spec) or DEFAULT_EDITION


def _open(
    folder: Path, buckets: Mapping[str, Path], delay: float, limits: float | None, edition: str
) -> LocalStore:
    from curator.localstore import LocalStore
    from curator.localstore.limits import AWS

    quotas = None if limits is None else AWS.times(limits)
    return LocalStore.open(folder, edition=edition, delay=delay, limits=quotas, buckets=buckets)


@contextmanager
def _working_folder(folder: Path) -> Iterator[Path]:
    """Make the folder of this run's keys anew (0700), and remove it after the run."""
    from curator.project import private_folder

    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _announce(workbench: Workbench, served: Served, folder: Path, ready_file: Path | None) -> None:
    """Write the files, then the three lines: a reader of either may connect at once."""
    from curator.project import write_private
    from curator.stores import RECORD

    write_private(folder / "config", served.config().encode())
    write_private(folder / "credentials", served.credentials().encode())
    write_private(folder / RECORD, served.record().encode())
    if ready_file:
        write_private(ready_file, served.ready().encode())
    write(f"export AWS_CONFIG_FILE={shlex.quote(str(folder / 'config'))}")
    write(f"export AWS_SHARED_CREDENTIALS_FILE={shlex.quote(str(folder / 'credentials'))}")
    write(f"export AWS_PROFILE={PROFILE}")
    sys.stdout.flush()
    workbench.say(f"serving {served.endpoint_url}/{served.datastore_id} (Ctrl-C stops)")
