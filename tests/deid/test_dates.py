"""Dates move by whole days: intervals stay exact, what is no exact date does not move."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.dates import shift_date, shift_datetime

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))
OFFSETS = st.integers(-3650, -1)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


@given(DAYS, DAYS, OFFSETS)
def test_the_interval_between_two_dates_survives(one: date, other: date, days: int) -> None:
    moved = [shift_date(each.strftime("%Y%m%d"), days) for each in (one, other)]
    assert moved[0] is not None
    assert moved[1] is not None
    assert _day(moved[0]) - _day(moved[1]) == one - other
    assert (_day(moved[0]) - one).days == days


@given(
    DAYS,
    OFFSETS,
    st.sampled_from(["", "10", "1030", "103059", "103059.123456"]),
    st.sampled_from(["", "+0100", "-0530"]),
)
def test_a_datetime_keeps_its_time_and_its_utc_offset(day: date, days: int, time: str, zone: str) -> None:
    moved = shift_datetime(f"{day:%Y%m%d}{time}{zone}", days)
    assert moved is not None
    assert moved[8:] == time + zone
    assert (_day(moved) - day).days == days


def test_acr_nemas_dotted_date_moves_and_becomes_standard() -> None:
    assert shift_date("2020.01.31", -1) == "20200130"


@pytest.mark.parametrize(
    "value", ["", "2020", "202001", "20201301", "20200230", "31012020x", "20200101-20200102"]
)
def test_what_is_no_exact_date_does_not_move(value: str) -> None:
    assert shift_date(value, -1) is None


@pytest.mark.parametrize("value", ["", "2020", "202001", "20200230", "2020010110305"])
def test_what_is_no_exact_datetime_does_not_move(value: str) -> None:
    assert shift_datetime(value, -1) is None


def test_a_date_before_the_calendar_begins_does_not_move() -> None:
    assert shift_date("00010102", -5) is None
