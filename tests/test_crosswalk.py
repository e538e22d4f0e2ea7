"""The crosswalk: encrypted, complete, one to one, and never silently damaged."""

from __future__ import annotations

import csv
import hashlib
import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from curator.crosswalk import Crosswalk
from curator.errors import Refused, StoreError
from curator.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(tmp_path / "p")


def filled(project: Project, campaign: str = "one", patient: str = "MRN-4711") -> Crosswalk:
    found = Crosswalk.open(project)
    pseudonym = f"P{project.hmac('pseudonym', patient.encode()).hex()[:8]}"
    uid = f"2.25.{int.from_bytes(project.hmac('uid', patient.encode())[:8], 'big')}"
    found.add(
        campaign,
        subjects={f"patient\0\0{patient}": pseudonym},
        patients=[(patient, pseudonym)],
        uids={f"1.2.840.{len(patient)}": uid},
    )
    return found


def test_what_campaigns_add_is_there_again_and_nobody_reads_it_in_the_file(project: Project) -> None:
    filled(project)
    filled(project, "two", "MRN-08151")
    found = Crosswalk.open(project).entries()
    assert [old for old, _ in found.patients] == ["MRN-4711", "MRN-08151"]
    assert len(found.uids) == len(found.subjects) == 2
    assert found.campaigns == ("one", "two")
    raw = project.crosswalk.read_bytes()
    assert not any(word in raw for word in (b"MRN", b"4711", b"1.2.840"))
    assert stat.S_IMODE(project.crosswalk.stat().st_mode) == 0o600


def test_the_same_campaign_again_adds_nothing(project: Project) -> None:
    filled(project)
    size = project.crosswalk.stat().st_size
    filled(project)
    assert project.crosswalk.stat().st_size == size


def test_two_originals_never_share_a_pseudonym_over_campaigns(project: Project) -> None:
    found = Crosswalk.open(project)
    found.add("one", subjects={"patient\0\0A": "P1"}, patients=[("A", "P1")], uids={"1.2": "2.25.1"})
    before = project.crosswalk.read_bytes()
    for subjects, uids in [
        ({"patient\0\0B": "P1"}, {}),
        ({"patient\0\0A": "P2"}, {}),
        ({}, {"1.3": "2.25.1"}),
        ({}, {"1.2": "2.25.2"}),
    ]:
        with pytest.raises(Refused):
            found.add("two", subjects=subjects, patients=[], uids=uids)
    assert project.crosswalk.read_bytes() == before


def test_another_key_does_not_open_it(project: Project, tmp_path: Path) -> None:
    filled(project)
    other = Project.open(tmp_path / "other")
    other.crosswalk.write_bytes(project.crosswalk.read_bytes())
    with pytest.raises(Refused, match="does not open"):
        Crosswalk.open(other).entries()


@given(share=st.integers(0, 9_999), flip=st.integers(1, 255))
def test_no_change_of_the_file_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, share: int, flip: int
) -> None:
    project = Project.open(tmp_path_factory.mktemp("p"))
    filled(project)
    filled(project, "two", "MRN-08151")
    raw = bytearray(project.crosswalk.read_bytes())
    raw[len(raw) * share // 10_000] ^= flip
    project.crosswalk.write_bytes(bytes(raw))
    with pytest.raises((Refused, StoreError)):
        Crosswalk.open(project).entries()


def sealed_records(raw: bytes) -> list[bytes]:
    """Return the pieces of a file: how it begins, its records, its count."""
    at = raw.index(b"\n") + 1
    pieces = [raw[:at]]
    while at < len(raw):
        size = 8 + int.from_bytes(raw[at : at + 8], "big")
        pieces.append(raw[at : at + size])
        at += size
    return pieces


@pytest.mark.parametrize(
    "left", [[0], [0, 1], [0, 1, 2], [0, 2, 3], [0, 1, 3], [0, 3], [0, 2, 1, 3], [0, 1, 2, 3, 3]]
)
def test_records_taken_out_cut_off_or_put_elsewhere_are_noticed(project: Project, left: list[int]) -> None:
    filled(project)
    filled(project, "two", "MRN-08151")
    pieces = sealed_records(project.crosswalk.read_bytes())
    assert len(pieces) == 4
    project.crosswalk.write_bytes(b"".join(pieces[number] for number in left))
    with pytest.raises((Refused, StoreError)):
        Crosswalk.open(project).entries()


def test_the_count_of_a_shorter_file_does_not_fit_a_longer_one(project: Project) -> None:
    filled(project)
    one = sealed_records(project.crosswalk.read_bytes())
    filled(project, "two", "MRN-08151")
    two = sealed_records(project.crosswalk.read_bytes())
    project.crosswalk.write_bytes(b"".join([*two[:3], one[-1]]))
    with pytest.raises(StoreError, match="cut off"):
        Crosswalk.open(project).entries()


def test_a_file_of_the_first_form_is_read_and_gets_its_count_with_the_next_campaign(project: Project) -> None:
    record = msgspec.msgpack.encode(["old", 0, {"patient\0\0A": "P1"}, [["A", "P1"]], {"1.2": "2.25.1"}])
    magic, nonce = b"curator crosswalk 1\n", b"n" * 12
    key = project.keyed("crosswalk")(b"AES-256-GCM")
    sealed = nonce + AESGCM(key).encrypt(nonce, record, hashlib.sha256(magic).digest())
    project.crosswalk.write_bytes(magic + len(sealed).to_bytes(8, "big") + sealed)
    assert Crosswalk.open(project).entries().patients == (("A", "P1"),)
    filled(project)
    pieces = sealed_records(project.crosswalk.read_bytes())
    assert (pieces[0], len(pieces)) == (b"curator crosswalk 2\n", 4)
    assert Crosswalk.open(project).entries().campaigns == ("old", "one")


def test_one_id_of_two_issuers_is_two_people(project: Project, tmp_path: Path) -> None:
    found = Crosswalk.open(project)
    pairs = [("EAST\x001", "P1"), ("WEST\x001", "P2"), ("7", "P3")]
    found.add("one", subjects={}, patients=pairs, uids={})
    patients, _ = found.export(tmp_path / "out")
    with patients.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["id_old", "id_new", "issuer"], ["1", "P1", "EAST"], ["1", "P2", "WEST"], ["7", "P3", ""]]


def test_exports_are_private_and_safe_in_a_spreadsheet(project: Project, tmp_path: Path) -> None:
    found = Crosswalk.open(project)
    found.add("one", subjects={}, patients=[("=HYPERLINK(1)", "P1"), ("A,B", "P2")], uids={"1.2": "2.25.1"})
    patients, uids = found.export(tmp_path / "out")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (patients, uids)] == [0o600, 0o600]
    with patients.open(newline="") as file:
        assert list(csv.reader(file)) == [["id_old", "id_new"], ["'=HYPERLINK(1)", "P1"], ["A,B", "P2"]]
    with uids.open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"id_old": "1.2", "id_new": "2.25.1"}]


def test_rotation_keeps_the_links_and_binds_nobody_to_the_old_pseudonym(project: Project) -> None:
    before = filled(project)
    old_key = project.key
    aside = project.rotate_key(before.rotate)
    assert project.key != old_key
    assert Project.open(project.root).key == project.key
    assert bytes.fromhex(aside.read_text().strip()) == old_key
    assert stat.S_IMODE(aside.stat().st_mode) == stat.S_IMODE(project.key_file.stat().st_mode) == 0o600
    found = Crosswalk.open(Project.open(project.root)).entries()
    assert (len(found.patients), len(found.uids), len(found.subjects)) == (1, 1, 0)
    assert (found.generation, found.older) == (1, (1, 1))
    filled(project, "after")
    assert len(Crosswalk.open(project).entries().patients) == 2


def test_a_rotation_that_was_killed_is_ended_by_another(project: Project) -> None:
    walk = filled(project)

    class Killed(Exception):
        pass

    def seal_and_die(keyed: object) -> None:
        walk.rotate(keyed)  # type: ignore[arg-type]
        raise Killed

    with pytest.raises(Killed):
        project.rotate_key(seal_and_die)
    again = Project.open(project.root)
    with pytest.raises(Refused, match="key rotate"):
        Crosswalk.open(again).entries()
    again.rotate_key(Crosswalk.open(again).rotate)
    assert len(Crosswalk.open(again).entries().patients) == 1
    assert not list(project.root.glob("key.new"))
    assert len(list(project.root.glob("key.old-*"))) == 1
