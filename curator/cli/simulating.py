"""``simulate``: what a change to many image sets would take, before there is a plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.plan.simulation import Shape

COLUMNS = {
    "route": "route",
    "writes": "writing calls",
    "time": "time",
    "versions": "versions",
    "touches": "touches",
    "storage": "held twice",
}


def _rates(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """Read ``OPERATION=RATE`` and ``OPERATION=RATE/BURST``."""
    from curator.plan.cost import RATES

    given = {}
    for text in value:
        name, _, number = text.partition("=")
        rate, _, burst = number.partition("/")
        try:
            pair = float(rate), float(burst or 1)
        except ValueError:
            pair = 0.0, 0.0
        if name not in RATES or not (0 < pair[0] < float("inf") and 1 <= pair[1] < float("inf")):
            raise click.BadParameter(
                f"{text!r} is no OPERATION=RATE[/BURST]; operations are {', '.join(RATES)}"
            )
        given[name] = pair
    return given


@click.command()
@click.argument("sets", type=click.IntRange(1, 10**9), required=False, metavar="[N]")
@click.option("--where", default="", metavar="EXPR", help="Shapes of the catalogue's image sets that match.")
@click.option("--measured", is_flag=True, help="Shapes of all image sets in the catalogue.")
@click.option("--instances", type=click.IntRange(1, 10_000), default=120, show_default=True, metavar="N")
@click.option(
    "--frames", type=click.IntRange(0, 1_000_000), metavar="N", help="A set; default: its instances."
)
@click.option(
    "--torn", type=click.IntRange(1, 100), default=1, show_default=True, help="Image sets a series."
)
@click.option(
    "--attributes",
    type=click.IntRange(0, 500),
    default=12,
    show_default=True,
    help="Changed in every instance; 0: only Patient, Study and Series change.",
)
@click.option("--clean", is_flag=True, help="No version may be left that holds what was there before.")
@click.option(
    "--rates",
    multiple=True,
    callback=_rates,
    metavar="OP=RATE[/BURST]",
    help="The account's rates where they are not the guide's (repeatable).",
)
@click.option(
    "--payload", type=click.IntRange(200, 30_000), default=10_000, show_default=True, metavar="BYTES"
)
@json_option
@click.pass_obj
def simulate(
    workbench: Workbench, sets: int | None, where: str, measured: bool, instances: int, frames: int | None,
    torn: int, attributes: int, clean: bool, rates: dict[str, tuple[float, float]], payload: int, form: Form | None,
) -> None:  # fmt: skip
    """Simulate changes to N image sets on a virtual clock: calls, time, versions, touches and storage by route.

    The planner packs the calls of made-up image sets of the given shape, or of shapes measured in the catalogue (as
    it is; nothing is read), and the campaign's own token buckets pace them. Nothing is sent.

    \b
    Examples:
      curator simulate 10000 --instances 300
      curator simulate 1000000 --clean --rates UpdateImageSetMetadata=5/10 --rates CopyImageSet=5/10
      curator simulate --where modality:CT
    """
    from curator.plan.cost import spelled
    from curator.plan.packing import Payload
    from curator.plan.simulation import Shape, Work, recommendation, spelled_bytes
    from curator.plan.simulation import simulate as run

    shapes = [Shape(instances, frames := instances if frames is None else frames, frames * 200_000, torn)]
    if measured or where:
        shapes, found = _measured(workbench, where)
        sets = sets or found
    if sets is None:
        raise UsageError(
            "Say how many image sets (N), or take the catalogue's (--measured, --where).",
            hint="curator simulate 10000",
        )
    work = Work(attributes, clean=clean)
    estimates = run(sets, shapes, work, rates=rates, payload=Payload(payload))
    told = recommendation(estimates)
    if form is Form.JSON:
        routes = [
            {
                "route": str(each.route),
                "calls": dict(each.calls),
                "seconds": round(each.seconds, 1),
                "versions": each.versions,
                "touches": each.touches,
                "frame_bytes_held_twice": each.storage,
            }
            for each in estimates
        ]
        write_json({"image_sets": sets, "recommended": routes[0]["route"], "routes": routes})
        return
    rows = [
        {
            "route": str(each.route),
            "writes": f"{each.writes:,}",
            "time": spelled(each.seconds),
            "versions": f"{each.versions:,}",
            "touches": f"{each.touches:,}",
            "storage": spelled_bytes(each.storage),
        }
        for each in estimates
    ]
    write_rows(COLUMNS, rows, form)
    write(f"\n{plural(sets, 'image set')}. {told[0].upper()}{told[1:]}")


def _measured(workbench: Workbench, where: str) -> tuple[list[Shape], int]:
    """Return the shapes of the catalogue's image sets, and how many there are."""
    from curator.catalogue import Where
    from curator.cli.catalogue import open_catalogue

    with open_catalogue(workbench) as catalogue:
        rows = [
            row for row in catalogue.rows(Where.parse(where) if where else None) if row.read and row.instances
        ]
        if not rows:
            raise UsageError(
                "The catalogue holds no such image set.",
                hint="`curator catalogue refresh` reads the data store",
            )
        return shapes_of(catalogue, rows), len(rows)


def shapes_of(catalogue: Catalogue, rows: list[Row]) -> list[Shape]:
    """Return one shape for each order of size: its mean, with the bytes of frames of one image set that has it."""
    from curator.plan.merging import frame_bytes
    from curator.plan.simulation import Shape

    series = Counter(row.series_uid for row in rows if row.series_uid)
    groups: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.instances.bit_length(), max(1, series[row.series_uid])].append(row)
    shapes = []
    for (_, torn), members in sorted(groups.items()):
        doc = catalogue.document(members[0].id)
        sample = members[0]
        each = frame_bytes(doc) / max(1, sample.frames) if doc is not None else 0.0
        frames = round(sum(row.frames for row in members) / len(members))
        instances = round(sum(row.instances for row in members) / len(members))
        shapes.append(Shape(instances, frames, round(frames * each), torn, float(len(members))))
    return shapes
