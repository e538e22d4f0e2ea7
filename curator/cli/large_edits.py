"""An edit too large for one call: planned, packed, applied and verified like any other change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from curator.cli.walking import begin, plan_path, run_apply, run_verify
from curator.cli.workbench import Workbench
from curator.errors import Refused, VerificationFailed

if TYPE_CHECKING:
    from curator.cli.payload import Payload
    from curator.findings import Change
    from curator.imageset import ImageSetMetadata

_KEYS = (b'"SOPInstanceUID":', b'"SeriesInstanceUID":')
"""Members whose change moves an instance or a series to another place in the document."""


def edit_by_plan(
    workbench: Workbench, image_set_id: str, version: str, document: ImageSetMetadata, payload: Payload
) -> str:
    """Make the edit in several calls, as a campaign that can be undone; return the last version.

    Raises `Refused` when the campaign cannot go on, `VerificationFailed` when the result is not the planned one.
    """
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import header
    from curator.plan.merging import Party
    from curator.plan.publishing import plan_in_place

    project = workbench.project()
    seen = workbench.imaging.image_set(image_set_id)
    party = Party(image_set_id, version, document, bool(seen.is_primary))
    unit = plan_in_place(party, list(_changes(document, payload)))
    left = sum(each.count for each in unit.left_out)
    if left:
        raise Refused(
            f"{left} of the changes cannot be made: {unit.left_out[0].reason}.", hint="nothing was changed"
        )
    first = header(
        title=f"edit of {image_set_id}",
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(project.root),
        rules=(),
        options={},
    )
    with plan_path(workbench) as path:
        write_plan(path, first, [unit])
        campaign = begin(workbench, path)
    applied = run_apply(workbench, campaign, None)
    if applied.open:
        _, _, status, reason = applied.open[0]
        raise Refused(
            f"The edit stopped ({status}): {reason}", hint=f"curator undo {campaign.id[:12]} takes it back"
        )
    if not all(proof.holds for proof in run_verify(workbench, campaign)):
        raise VerificationFailed("The image set is not as planned.", hint=f"curator undo {campaign.id[:12]}")
    return workbench.imaging.image_set(image_set_id).version


def _changes(document: ImageSetMetadata, payload: Payload) -> Iterator[Change]:
    """Yield what the payload changes, element by element."""
    from curator.campaign.rebuilding import changes_between
    from curator.dicom.levels import Level
    from curator.findings import ABSENT, Change, Why
    from curator.plan.model import after_update

    if any(name in (payload.updatable or b"") for name in _KEYS):
        raise Refused(
            "New UIDs together with so large an edit are not possible.", hint="set them by themselves"
        )
    after = after_update(document, payload.updatable, payload.removable)
    yield from changes_between(document, after)
    why = Why("edit", "asked for on the command line")
    for place in document.places():
        inside = place.level is Level.INSTANCE and place.series not in after.series
        if after.attributes(place) is None and not inside:
            yield Change(place, None, ABSENT, "", why)
