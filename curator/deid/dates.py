"""Shift dates by whole days: DA and DT move, TM does not (PS3.15 E.3.6, intervals of a subject are kept)."""

from __future__ import annotations

import re
from datetime import date, timedelta

_DA = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2}) *")  # PS3.5 6.2: the dotted form is ACR-NEMA's, still met
_DT = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-]\d{4})? *")


def _moved(year: str, month: str, day: str, days: int) -> str | None:
    try:
        moved = date(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def shift_date(value: str, days: int) -> str | None:
    """Return a DA moved by ``days``; None where it is no exact date, which cannot move exactly."""
    match = _DA.fullmatch(value)
    return _moved(match[1], match[2], match[3], days) if match else None


def shift_datetime(value: str, days: int) -> str | None:
    """Return a DT moved by ``days``, its time and UTC offset untouched; None where the day is not given."""
    match = _DT.fullmatch(value)
    if match is None:
        return None
    moved = _moved(match[1], match[2], match[3], days)
    return None if moved is None else f"{moved}{match[4] or ''}{match[5] or ''}"
