"""``demo``: the main job on real files, in a store of its own, in one go."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from curator.cli.output import Form, write, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError, VerificationFailed
from curator.printable import plural

ELEMENT, VALUE = "PatientName", "Demo^Changed"


@click.command()
@click.option("--headless", is_flag=True, help="Print the steps instead of opening the terminal interface.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep store and project in DIR.",
)
@click.pass_context
def demo(context: click.Context, headless: bool, keep: Path | None) -> int:
    """Import real DICOM into a store of its own, with faults planted in copies, then open it.

    Without a terminal, or with --headless: imports, lists, changes an attribute, shows the difference, reverts and
    proves that nothing differs; then checks, plans, applies, verifies and says where the report lies. Touches no
    other store, and needs no account and no network.

    \b
    Examples:
      curator demo
      curator demo --headless --keep /tmp/curator-demo
    """
    workbench: Workbench = context.obj
    with _folder(keep) as folder:
        workbench.close()
        workbench.store_spec = f"local:{folder / 'store'}"
        workbench.project_folder = folder / "project"
        workbench.read_only = False
        _import(workbench, folder)
        if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
            one_change(workbench)
            campaign(context, folder, keep)
            code = 0
        else:
            workbench.close()
            code = workbench.open_tui()
        workbench.close()
    if keep:
        workbench.say(f"kept: curator --store local:{keep / 'store'} --project {keep / 'project'}")
    return code


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="curator-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep} is not empty", hint="the demo keeps its store in a new folder")
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield keep


def _import(workbench: Workbench, folder: Path) -> None:
    """Write the demo's files, and import them by an import job of the service."""
    from curator.buckets import FolderBucket
    from curator.cli.import_jobs import run_imports
    from curator.cli.importing import BUCKET, LOCAL_ROLE
    from curator.cli.sources import hard_link, sources
    from curator.demo_data import seed

    files, bucket = folder / "files", folder / "bucket"
    for made in (files, bucket):
        made.mkdir(mode=0o700)
    seeded = seed(files)
    workbench.map_buckets({BUCKET: bucket})
    found = sources([files], hard_link)
    for outcome in run_imports(
        workbench.imaging, FolderBucket(BUCKET, bucket), found, role=LOCAL_ROLE, staging=folder, name="demo"
    ):
        summary = outcome.summary
        workbench.say(
            f"imported {summary['numberOfImportedFiles']} of {summary['numberOfScannedFiles']} files into "
            f"{summary['numberOfGeneratedImageSets']} image sets; {len(seeded)} faults are planted in them"
        )
        for failure in outcome.failures:
            workbench.say(f"  {Path(failure.file).name}: {failure.told.get('message')}")


def one_change(workbench: Workbench) -> None:
    """List, change, compare, revert, prove: each step prints what it did. Raises `VerificationFailed`."""
    from curator import imageset
    from curator.cli.comparing import as_text
    from curator.cli.payload import to_set
    from curator.cli.reading import LISTED, summary_row
    from curator.cli.values import Assignment

    imaging = workbench.imaging
    found = list(imaging.search())
    write_rows(LISTED, map(summary_row, found), Form.TABLE)
    chosen = next(one for one in found if one.dicom.get("DICOMSeriesModality") == "CT")
    before = imaging.document(chosen.id)
    path = imageset.parse_path(f"Patient/{ELEMENT}")

    write(f"change Patient/{ELEMENT} of {chosen.id}")
    payload = to_set(before, [Assignment(path, VALUE)])
    changed = imaging.update(chosen.id, chosen.version, updatable=payload.updatable)
    imaging.wait(chosen.id, changed)
    for line in as_text(imageset.describe(before, imaging.document(chosen.id))):
        write(f"  {line}")

    write(f"revert to version {chosen.version}")
    reverted = imaging.revert(chosen.id, changed, chosen.version)
    imaging.wait(chosen.id, reverted)
    left = imageset.diff(before, imaging.document(chosen.id, reverted))
    if left:
        raise VerificationFailed(
            f"{plural(len(left), 'difference is', 'differences are')} left after the revert"
        )
    write(
        f"proved: version {reverted} and version {chosen.version} do not differ; {len(imaging.versions(chosen.id))} versions stay readable"
    )


def campaign(context: click.Context, folder: Path, keep: Path | None) -> None:
    """Resolve conflicts and publish, from check to report, by the verbs themselves, shown as one would type them."""
    plan = folder / "conflicts.plan"
    reports = keep or Path(tempfile.mkdtemp(prefix="curator-demo-report-"))
    report, published = reports / "report.md", reports / "published.md"
    for verb, *words in (
        ("check", "--select", "CUR1"),
        ("plan", "--resolve", "majority", "-o", plan),
        ("apply", plan),
        ("verify", "latest"),
        ("report", "latest", "-o", report),
        ("deidentify", "--profile", "research", "--report", published),
    ):
        write(f"$ curator {verb} {' '.join(str(word) for word in words)}")
        _run_verb(context, verb, [str(word) for word in words])
    write(f"reports: {report} {published}")


def _run_verb(context: click.Context, verb: str, words: list[str]) -> None:
    """Run another verb on the same workbench. Its exit code tells of findings, which the demo is full of."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    command = root.command.get_command(root, verb)
    assert command is not None
    command.main(args=words, prog_name=f"curator {verb}", standalone_mode=False, obj=context.obj)
