"""The calls of a campaign as actions: how each is made, and how it is recognised when its answer was lost."""

# ruff: noqa: D102  (intent, send and look are `calls.Action`'s, and described there)

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curator.campaign.calls import REFUSALS, Caller, Outcome, Stopped, failure, next_version
from curator.campaign.journal import Status
from curator.campaign.promoting import REFUSED
from curator.dicom import Json
from curator.errors import NotFound, ServiceError
from curator.imageset import ImageSetMetadata, content_hash
from curator.plan.units import Copy, Update

Predict = Callable[[], ImageSetMetadata]
"""Returns the document that the image set must have after the call; asked only in doubt."""
Form = Callable[[ImageSetMetadata], ImageSetMetadata]
"""The form in which documents are compared: as they are, or `as_imported`."""


def as_is(document: ImageSetMetadata) -> ImageSetMetadata:
    """Compare documents as they are."""
    return document


@dataclass(frozen=True, slots=True)
class UpdateAction:
    """One UpdateImageSetMetadata of the plan."""

    caller: Caller
    step: Update
    image_set: str
    version: str
    payload: str  # HMAC of what is sent: the ledger holds no values
    predict: Predict
    also: Mapping[str, str]  # versions of the study's other image sets, which the call changes too

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "UpdateImageSetMetadata",
            "set": self.image_set,
            "version": self.version,
            "payload": self.payload,
            "force": bool(self.step.because),
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        updatable, removable = self.step.blobs
        made = self.caller.imaging.update(
            self.image_set,
            self.version,
            updatable=updatable,
            removable=removable,
            force=bool(self.step.because),
            study_wide=self.step.study_wide,
        )
        self.caller.settle_made(self.image_set, made)
        for other, version in self.also.items():
            self.caller.settle_made(other, next_version(version))
        return self._outcome(made)

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        found = look_for_version(self.caller, self.image_set, self.version, self.predict)
        return None if found is None else self._outcome(str(found["version"]))

    def _outcome(self, made: str) -> Outcome:
        told: Outcome = {"set": self.image_set, "version": made}
        if self.also:
            told["also"] = {other: next_version(version) for other, version in self.also.items()}
        return told


@dataclass(frozen=True, slots=True)
class RevertAction:
    """One UpdateImageSetMetadata with ``revertToVersionId``."""

    caller: Caller
    image_set: str
    version: str
    to: str

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "UpdateImageSetMetadata",
            "set": self.image_set,
            "version": self.version,
            "revert_to": self.to,
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        made = self.caller.imaging.revert(self.image_set, self.version, self.to)
        self.caller.settle_made(self.image_set, made)
        return {"set": self.image_set, "version": made}

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        return look_for_version(
            self.caller,
            self.image_set,
            self.version,
            lambda: self.caller.imaging.document(self.image_set, self.to),
        )


@dataclass(frozen=True, slots=True)
class MergeAction:
    """One CopyImageSet into an image set that is there."""

    caller: Caller
    step: Copy
    source: tuple[str, str]
    destination: tuple[str, str]
    predict: Predict
    form: Form = as_is

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "CopyImageSet",
            "source": self.source[0],
            "source_version": self.source[1],
            "set": self.destination[0],
            "version": self.destination[1],
            "force": bool(self.step.because),
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        made = self.caller.imaging.copy(
            *self.source,
            destination=self.destination,
            copiable=self.step.copiable,
            force=bool(self.step.because),
        )
        self.caller.settle_made(made.destination_id, made.destination_version)
        self.caller.settled(self.source[0])
        return {"set": made.destination_id, "version": made.destination_version}

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        self.caller.settled(self.source[0])
        return look_for_version(self.caller, *self.destination, self.predict, self.form)


class NotPromoted(Stopped):
    """The service refused to make a copy primary: if it knows no primary image sets, it will refuse every other one."""


@dataclass(frozen=True, slots=True)
class CopyAction:
    """One CopyImageSet that makes an image set; there is no client token, so in doubt it is searched for.

    ``taken`` says whether the campaign knows an image set already as the outcome of another call.
    """

    caller: Caller
    step: Copy
    name: str
    source: tuple[str, str]
    predict: Predict
    taken: Callable[[str], bool]

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "CopyImageSet",
            "source": self.source[0],
            "source_version": self.source[1],
            "name": self.name,
            # What is there before the call cannot be its result.
            "present": [*sorted(self._same_series())],
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        try:
            made = self.caller.imaging.copy(
                *self.source,
                copiable=self.step.copiable,
                force=bool(self.step.because),
                promote=self.step.promote,
            )
        except ServiceError as error:
            if self.step.promote and error.code in REFUSALS:
                raise NotPromoted(Status.FAILED, f"{error.message}. {REFUSED}") from None
            raise
        self.caller.settle_made(made.destination_id, made.destination_version)
        self.caller.settled(self.source[0])
        return {"set": made.destination_id, "version": made.destination_version, "name": self.name}

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        present = intent.get("present")
        known = set(present) if isinstance(present, list) else set()
        self.caller.settled(self.source[0])
        wanted = content_hash(self.predict())
        # assumption: SearchImageSets may show a new image set only after some seconds; the embedded store at once.
        for attempt in range(8 if self.caller.remote else 1):
            found = [
                each for each in sorted(self._same_series()) if each not in known and self._is(each, wanted)
            ]
            if len(found) == 1:
                return {"set": found[0], "version": self.caller.settled(found[0]).version, "name": self.name}
            if found:
                raise Stopped(
                    Status.OPEN, f"{len(found)} new image sets could be the copy of {self.source[0]}"
                )
            if self.caller.remote:
                self.caller.pause(attempt)
        return None

    def _is(self, image_set: str, wanted: str) -> bool:
        if self.taken(image_set):
            return False
        try:
            seen = self.caller.settled(image_set)
            return not seen.failed and content_hash(self.caller.imaging.document(image_set)) == wanted
        except NotFound:
            return False

    def _same_series(self) -> set[str]:
        # assumption: a search may find an image set of several series by one of them only, whichever that is.
        found: set[str] = set()
        for uid in dict.fromkeys((self.step.series, *(self.step.chosen or ()))):
            filters = [{"values": [{"DICOMSeriesInstanceUID": uid}], "operator": "EQUAL"}]
            found |= {summary.id for summary in self.caller.imaging.search(filters)}
        return found


@dataclass(frozen=True, slots=True)
class DeleteAction:
    """One DeleteImageSet."""

    caller: Caller
    image_set: str

    def intent(self) -> Mapping[str, Json]:
        return {"op": "DeleteImageSet", "set": self.image_set}

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        self.caller.imaging.delete(self.image_set)
        if self.look(intent) is None:
            raise Stopped(Status.OPEN, f"image set {self.image_set} is still there after it was deleted")
        return {"set": self.image_set}

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        try:
            self.caller.settled(self.image_set)
        except NotFound:
            return {"set": self.image_set}
        return None


@dataclass(frozen=True, slots=True)
class TagAction:
    """One TagResource or UntagResource; harmless to repeat."""

    caller: Caller
    image_set: str
    tags: Mapping[str, str]
    remove: bool = False

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "UntagResource" if self.remove else "TagResource",
            "set": self.image_set,
            "tags": [*sorted(self.tags)],
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        arn = self.caller.imaging.image_set(self.image_set).arn
        if self.remove:
            self.caller.imaging.untag(arn, sorted(self.tags))
            self.caller.on_tags(self.image_set, {}, self.tags.keys())
        else:
            self.caller.imaging.tag(arn, self.tags)
            self.caller.on_tags(self.image_set, self.tags, ())
        return {"set": self.image_set}

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        return None


def look_for_version(
    caller: Caller, image_set: str, version: str, predict: Predict, form: Form = as_is
) -> Outcome | None:
    """Return the outcome if the version after ``version`` is ours: by number, and by predicted content.

    None: the image set is still at ``version``. `Stopped`: others made a version, or our own call failed there.
    """
    try:
        latest = caller.settled(image_set)
    except NotFound:
        raise Stopped(Status.MOVED, f"image set {image_set} is not there any more") from None
    if int(latest.version) <= int(version):
        return None
    wanted = next_version(version)
    made = latest if latest.version == wanted else caller.imaging.image_set(image_set, wanted)
    if made.failed:
        raise Stopped(Status.FAILED, failure(image_set, wanted, made))
    if content_hash(form(caller.imaging.document(image_set, wanted))) != content_hash(form(predict())):
        raise Stopped(Status.MOVED, f"others made version {wanted} of image set {image_set}")
    return {"set": image_set, "version": wanted}
