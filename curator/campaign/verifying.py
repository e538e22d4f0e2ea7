"""`verify`: what is there is what was planned, and nothing that was removed is left at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from curator.campaign.actions import as_is
from curator.campaign.applying import base_documents, states_of
from curator.campaign.elsewhere import Doors
from curator.campaign.journal import Campaign, Status, UnitState, anchor
from curator.errors import CuratorError, NotFound
from curator.findings import Absent
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch, content_hash, describe
from curator.plan.importing import as_imported
from curator.plan.model import after_copy
from curator.plan.renames import Renames
from curator.plan.units import Import, Kind, Unit, by_import, replay
from curator.printable import plural

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

T = TypeVar("T")
R = TypeVar("R")

READERS = 8
"""Image sets read at once."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What verification found of one unit. ``problems`` name paths without UIDs, never values.

    ``notes`` are no problems: what others did after the campaign.
    """

    unit: int
    title: str
    image_sets: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    checked: bool = True

    @property
    def holds(self) -> bool:
        """Whether all that was checked is as predicted."""
        return not self.problems


def verify(
    campaign: Campaign,
    imaging: HealthImaging,
    who: dict[str, str],
    *,
    progress: Callable[[Proof], None] = lambda _: None,
    elsewhere: Callable[[Iterable[tuple[Unit, UnitState]]], Iterator[tuple[int, Proof]]] | None = None,
) -> list[Proof]:
    """Refetch every image set of the units that are done and hold them against the plan; recorded in the ledger.

    A touch an image set. Units that are not done come back unchecked; apply's result says why they are open.
    ``elsewhere`` proves units in other places than threads here.
    """
    campaign.require_store(imaging.datastore_id)
    proofs: list[Proof] = []
    with campaign.open_ledger(who) as ledger, Doors(campaign, imaging) as doors:
        proved = (
            elsewhere(states_of(campaign))
            if elsewhere is not None
            else side_by_side(states_of(campaign), lambda pair: (pair[0].number, prove(doors, *pair)))
        )
        for unit, proof in proved:
            if proof.checked:
                ledger.append(
                    "verified",
                    unit=unit,
                    state="holds" if proof.holds else "fails",
                    image_sets=proof.image_sets,
                    problems=len(proof.problems),
                )
            proofs.append(proof)
            progress(proof)
        failed = sum(1 for proof in proofs if not proof.holds)
        checked = sum(1 for proof in proofs if proof.checked)
        ledger.append("verify", state="fails" if failed else "holds", units=checked, failed=failed)
        head = ledger.head
    anchor(campaign.project, who, "campaign", [("campaign", campaign.id), ("head", str(head))])
    return sorted(proofs, key=lambda proof: proof.unit)


def side_by_side(items: Iterable[T], work: Callable[[T], R], *, workers: int = READERS) -> Iterator[R]:
    """Yield ``work`` of each item as it is done, several at once, holding a bounded number of items."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: set[Future[R]] = set()
        for item in items:
            running.add(pool.submit(work, item))
            if len(running) >= 2 * workers:
                done = next(as_completed(running))
                running.discard(done)
                yield done.result()
        for done in as_completed(running):
            yield done.result()


def prove(doors: Doors, unit: Unit, state: UnitState) -> Proof:
    """Hold one unit's image sets against what the plan predicts of them."""
    imaging = doors.own
    if state.status not in (Status.DONE, Status.FINISHED):
        return Proof(unit.number, unit.title, 0, notes=(f"not checked: {state.status}",), checked=False)
    problems: list[str] = []
    notes: list[str] = []
    count = 0
    for member in unit.members:
        if state.status is Status.FINISHED and member.id in unit.emptied:
            continue  # deleted, as it should be
        version = state.version_of(unit, member.id)
        try:
            latest = imaging.image_set(member.id)
            document = imaging.document(member.id, version)
        except NotFound:
            problems.append(f"image set {member.id} is not there")
            continue
        except CuratorError as error:
            problems.append(f"image set {member.id}: {error.message}")
            continue
        if latest.version != version and not latest.locked:
            notes.append(
                f"image set {member.id}: others made version {latest.version} after this campaign's {version}"
            )
        count += 1
        problems += _held_against(imaging, unit, member.id, member.id, document, member.predicted)
    for name, wanted in unit.made.items():
        made = state.id_of(name)
        try:
            there = doors.of(unit, name)
            documents = [there.document(made, each.version) for each in there.versions(made)]
        except CuratorError as error:
            problems.append(f"image set {made}: {error.message}")
            continue
        count += 1
        newest = _imported_part(unit, name, documents[0])
        if newest is not documents[0]:
            more = documents[0].instance_count - newest.instance_count
            notes.append(
                f"image set {made}: {plural(more, 'instance of its series is', 'instances of its series are')} there from other imports"
            )
        problems += _held_against(imaging, unit, name, made, newest, wanted)
        if unit.kind is Kind.PUBLISH:
            problems += _history(unit, made, documents)
    return Proof(unit.number, unit.title, count, tuple(problems), tuple(notes))


def _imported_part(unit: Unit, name: str, document: ImageSetMetadata) -> ImageSetMetadata:
    """Return the document without what others imported: in later editions an import extends its series' primary set."""
    steps = [step for step in unit.steps if isinstance(step, Import) and step.into == name]
    if not steps:
        return document
    renames = Renames.of(operation for patch in unit.patches for operation in patch.patch)
    ours = {
        renames.instances.get(sop, sop) for step in steps for sops in step.chosen.values() for sop in sops
    }
    kept = {uid: [sop for sop in node.instances if sop in ours] for uid, node in document.series.items()}
    if sum(map(len, kept.values())) == document.instance_count:
        return document
    return after_copy(document, None, kept)


def _held_against(
    imaging: HealthImaging, unit: Unit, name: str, image_set: str, document: ImageSetMetadata, wanted: str
) -> Iterator[str]:
    """Yield how the observed document differs from the predicted one, and what is left of what was removed."""
    form = as_imported if name in by_import(unit.steps) else as_is
    if content_hash(form(document)) != wanted:
        different = list(describe(form(_expected(imaging, unit, name)), form(document)))
        for each in different[:5]:
            where = document.anonymous(each.path) if each.path is not None else each.member
            yield f"image set {image_set}: {where} is not as planned"
        if len(different) > 5:
            yield f"image set {image_set}: {len(different) - 5} more elements are not as planned"
        if not different:
            yield f"image set {image_set}: its content is not the one that the plan's hash names"
    for path in left_behind(unit, name, document):
        yield f"image set {image_set}: {document.anonymous(path)} was to be removed and is still there"


def _expected(imaging: HealthImaging, unit: Unit, name: str) -> ImageSetMetadata:
    """Return the predicted document: by the reviewed patch where that says it all, else by the calls."""
    base = base_documents(imaging, unit)
    patches = [patch for patch in unit.patches if patch.set == name]
    if unit.kind is Kind.UPDATE and patches:
        expected = base[name]
        for patch in patches:
            expected = apply_patch(expected, patch.patch)
        return expected
    return replay(unit.steps, base, patches=unit.patches)[name]


def left_behind(unit: Unit, name: str, document: ImageSetMetadata) -> Iterator[ElementPath]:
    """Yield each place from which the plan removes a value and where there still is one.

    Reads the document and the reviewed patch only, not the model that predicted the result.
    """
    published = unit.kind is Kind.PUBLISH
    if published and not name.startswith("$"):
        return  # the original stays as it is
    for patch in unit.patches:
        if patch.set != name and not published:
            continue
        renames = Renames.of(patch.patch)
        for change in patch.changes():
            # An item's index means another item once items before it are gone.
            if isinstance(change.after, Absent) and not any(
                isinstance(step, int) for step in change.path.steps
            ):
                path = renames.path(change.path)
                if document.has(path):
                    yield path


def _history(unit: Unit, image_set: str, documents: list[ImageSetMetadata]) -> Iterator[str]:
    """Yield what a published image set's older versions still hold: every version stays readable."""
    for number, document in enumerate(documents[1:], 1):
        for path in left_behind(unit, "$2", document):
            yield f"image set {image_set}, {number} versions back: {document.anonymous(path)} is still there"
