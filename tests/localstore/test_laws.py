"""Laws of versions, kept under any order of operations, in both editions of the service."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from curator.localstore import LocalStore, inprocess_client
from tests.localstore.imaging import Document, FolderBucket, Imaging, content, instances
from tests.localstore.parsed_instances import parsed_instances

DELAY = 10.0
NAMES = st.sampled_from(["Doe^Jane", "Müller^Jörg", "", "Anon"])


@dataclass
class Known:
    """What a test knows of an image set: every version's document, once it has been seen."""

    id: str
    latest: int = 1
    locked_until: float = 0.0
    documents: dict[int, Document | None] = field(default_factory=dict)
    deleted: bool = False


class Versions(RuleBasedStateMachine):
    """Image sets, changed in any order while a clock moves."""

    edition: ClassVar[str] = "2025-01"
    sets = Bundle("sets")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1_000_000.0
        self.known: list[Known] = []
        self.made = 0
        self._open()
        self.datastore_id = self.imaging.client.create_datastore(clientToken="laws")["datastoreId"]
        self.imaging.datastore_id = self.datastore_id
        self.now += DELAY

    def _open(self) -> None:
        path = Path(self.folder.name)
        self.store = LocalStore.open(
            path / "store", edition=self.edition, delay=DELAY, clock=lambda: self.now
        )
        client = inprocess_client(self.store, attempts=1)
        self.imaging = Imaging(client, "", FolderBucket("none", path), "in-process")

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.now += DELAY
            self.store.storage.settle()
            assert self.store.check() == []
            self.store.close()
            self.folder.cleanup()

    def _write(self, known: Known, call: Any, *others: Known) -> bool:
        """Make a call that writes; it is accepted exactly when nothing it needs is locked or deleted."""
        involved = [known, *others]
        free = all(not each.deleted and each.locked_until <= self.now for each in involved)
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
        else:
            code = ""
        if code == "ValidationException":
            return False  # what a primary image set does not allow
        assert code in ("", "ConflictException", "ResourceNotFoundException")
        assert free == (code == ""), f"{code or 'a locked or deleted image set was written to'}"
        return free

    @rule(target=sets, count=st.integers(1, 3), series=st.integers(1, 2))
    def add(self, count: int, series: int) -> Known:
        self.made += 1
        made = self.store.storage.add_image_set(
            self.datastore_id,
            list(parsed_instances(count, series=f"1.2.{series}", prefix=f"1.2.{series}.{self.made}")),
        )
        known = Known(made.image_set_id)
        self.known.append(known)
        return known

    def _updated(self, known: Known, **fragments: Any) -> None:
        version = str(known.latest)
        if self._write(known, lambda: self.imaging.start_update(known.id, version, **fragments)):
            known.latest += 1
            known.locked_until = self.now + DELAY

    @rule(known=sets, name=NAMES)
    def update(self, known: Known, name: str) -> None:
        self._updated(known, updatable={"Patient": {"DICOM": {"PatientName": name}}})

    @rule(known=sets, value=NAMES, wrong=st.booleans())
    def remove(self, known: Known, value: str, wrong: bool) -> None:
        given = value if wrong else "F"
        self._updated(known, removable={"Patient": {"DICOM": {"PatientSex": given}}})

    @rule(known=sets, number=st.integers(0, 2), rename=st.booleans(), data=st.integers(0, 5))
    def change_an_instance(self, known: Known, number: int, rename: bool, data: int) -> None:
        document = self._document(known)
        if not document or number >= len(found := list(instances(document))):
            return
        series = next(
            uid for uid, each in document["Study"]["Series"].items() if found[number] in each["Instances"]
        )
        path: dict[str, Any] = {"Study": {"Series": {series: {"Instances": {found[number]: {}}}}}}
        if rename:
            uid = {"DICOM": {"SOPInstanceUID": f"1.3.{data}"}}
            path["Study"]["Series"][series]["Instances"][found[number]] = uid
            self._updated(known, updatable=path, force=True)
        else:
            self._updated(known, removable=path)

    @rule(known=sets, stale=st.integers(-1, 3).filter(bool))
    def stale_update(self, known: Known, stale: int) -> None:
        with pytest.raises(ClientError) as caught:
            self.imaging.start_update(
                known.id, str(max(0, known.latest + stale)), updatable={"Patient": {"DICOM": {}}}
            )
        assert caught.value.response["Error"]["Code"] in ("ResourceNotFoundException", "ConflictException")

    @rule(known=sets, data=st.data())
    def revert(self, known: Known, data: st.DataObject) -> None:
        if known.latest < 2:
            return
        to = data.draw(st.integers(1, known.latest - 1))
        expected = known.documents.get(to)
        updates: Any = {"revertToVersionId": str(to)}

        def call() -> None:
            self.imaging.client.update_image_set_metadata(
                datastoreId=self.datastore_id,
                imageSetId=known.id,
                latestVersionId=str(known.latest),
                updateImageSetMetadataUpdates=updates,
            )

        if self._write(known, call):
            known.latest += 1
            known.locked_until = self.now + DELAY
            if expected is not None:
                known.documents[known.latest] = expected

    @rule(target=sets, known=sets)
    def copy(self, known: Known) -> Known:
        answers: list[Any] = []
        version = str(known.latest)
        if not self._write(known, lambda: answers.append(self.imaging.start_copy(known.id, version))):
            return known
        made = Known(answers[0]["destinationImageSetProperties"]["imageSetId"])
        known.locked_until = made.locked_until = self.now + DELAY
        self.known.append(made)
        return made

    @rule(known=sets, into=sets, force=st.booleans())
    def merge(self, known: Known, into: Known, force: bool) -> None:
        if known.id == into.id:
            return
        goal = (into.id, str(into.latest))
        version = str(known.latest)

        def call() -> None:
            self.imaging.start_copy(known.id, version, into=goal, force=force)

        if self._write(known, call, into):
            into.latest += 1
            known.locked_until = into.locked_until = self.now + DELAY

    @rule(known=sets)
    def delete(self, known: Known) -> None:
        def call() -> None:
            self.imaging.client.delete_image_set(datastoreId=self.datastore_id, imageSetId=known.id)

        if self._write(known, call):
            known.deleted = True

    @rule(seconds=st.sampled_from([1.0, DELAY]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self._open()
        self.imaging.datastore_id = self.datastore_id

    def _document(self, known: Known, version: int | None = None) -> Document | None:
        if known.deleted:
            return None
        try:
            wanted = None if version is None else str(version)
            return content(self.imaging.document(known.id, wanted))
        except ClientError as error:
            code = error.response["Error"]["Code"]
        assert code in ("ConflictException", "ResourceNotFoundException")
        return None

    @invariant()
    def versions_only_grow_and_old_ones_never_change(self) -> None:
        for known in getattr(self, "known", []):
            if known.deleted:
                continue
            seen = self.imaging.properties(known.id)
            assert seen["versionId"] == str(known.latest)
            assert (seen["imageSetState"] == "LOCKED") == (known.locked_until > self.now)
            for version in range(1, known.latest + 1):
                document = self._document(known, version)
                if version in known.documents and document is not None:
                    assert document == known.documents[version], "an old version changed"
                elif document is not None:
                    known.documents[version] = document

    @invariant()
    def sop_instance_uids_key_the_document(self) -> None:
        for known in getattr(self, "known", []):
            document = self._document(known)
            for uid, instance in instances(document).items() if document else ():
                assert instance["DICOM"]["SOPInstanceUID"] == uid


class NewerVersions(Versions):
    """The same under the later edition, where a series has a primary image set."""

    edition: ClassVar[str] = "2025-07"

    @invariant()
    def a_series_has_one_primary_image_set(self) -> None:
        if hasattr(self, "store"):
            found = self.imaging.search({"isPrimary": True})
            series = [tuple(self.imaging.document(each)["Study"]["Series"]) for each in found]
            assert len(series) == len(set(series))


_SETTINGS = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVersions = Versions.TestCase
TestVersions.settings = _SETTINGS
TestNewerVersions = NewerVersions.TestCase
TestNewerVersions.settings = _SETTINGS
