"""UIDs, pseudonyms and offsets derive from the key: repeatable with it, unlinkable without."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from curator.deid.keyed import SPAN_DAYS, Keyed, offset_days, pseudonym, remap_uid
from tests.deid.conftest import keyed_with

UIDS = st.lists(st.integers(0, 10**9), min_size=3, max_size=8).map(
    lambda arcs: "1." + ".".join(map(str, arcs))
)
HERE, THERE = keyed_with(b"a" * 32), keyed_with(b"b" * 32)


@given(UIDS)
def test_a_remapped_uid_is_a_version_8_uuid_below_2_25(uid: str) -> None:
    new = remap_uid(HERE("uid"), uid)
    assert new.startswith("2.25.")
    assert len(new) <= 64
    number = uuid.UUID(int=int(new.removeprefix("2.25.")))
    assert (number.version, number.variant) == (8, uuid.RFC_4122)


@given(UIDS)
def test_the_same_key_gives_the_same_and_another_key_another_result(uid: str) -> None:
    assert remap_uid(HERE("uid"), uid) == remap_uid(keyed_with(b"a" * 32)("uid"), uid)
    assert remap_uid(HERE("uid"), uid) != remap_uid(THERE("uid"), uid)


def test_pads_and_spaces_are_no_part_of_a_uid() -> None:
    assert len({remap_uid(HERE("uid"), uid) for uid in ("1.2.3", "1.2.3\0", " 1.2.3 ")}) == 1


@given(st.text(max_size=64))
def test_a_pseudonym_fits_sh_and_says_nothing_of_its_original(identity: str) -> None:
    new = pseudonym(HERE("pseudonym"), identity)
    assert len(new) == 14
    assert new.isascii()
    assert new.isalnum()
    assert new != pseudonym(THERE("pseudonym"), identity)


@given(st.sets(st.text(max_size=20), max_size=50))
def test_two_subjects_never_share_a_pseudonym(identities: set[str]) -> None:
    assert len({pseudonym(HERE("pseudonym"), each) for each in identities}) == len(identities)


@given(st.text(max_size=64))
def test_offsets_go_back_by_whole_days_within_the_span_or_by_whole_weeks(identity: str) -> None:
    assert -SPAN_DAYS <= offset_days(HERE("dates"), identity) <= -1
    weeks = offset_days(HERE("dates"), identity, weeks=True)
    assert weeks < 0
    assert weeks % 7 == 0


def test_domains_are_separate(keyed: Keyed) -> None:
    assert keyed("uid")(b"x") != keyed("pseudonym")(b"x")
