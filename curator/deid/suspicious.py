"""What identifies somebody by its form alone, whoever it is: mail addresses, phone and social security numbers, dates."""

from __future__ import annotations

import re
from typing import Final

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_YEAR: Final = r"(?:18|19|20)\d\d"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH_NUMBER: Final = r"(?:0?[1-9]|1[0-2])"

_ALWAYS: Final = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail
    r"|(?<![\w.])\+(?=(?:[ ()./-]{0,2}\d){7})\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?!\d)"  # phone, international; no zone
    r"|(?<![\w.])\(\d{3}\) ?\d{3}-\d{4}(?!\d)|(?<![\w.-])\d{3}-\d{3}-\d{4}(?![\d-])"  # phone, North America
    r"|(?<![\d.-])\d{3}-\d{2}-\d{4}(?![\d-])"  # social security number
)
_DATES: Final = re.compile(
    rf"(?<![\d.]){_YEAR}([-/.]){_MONTH_NUMBER}\1{_DAY}(?![\d.]*\d)"
    rf"|(?<![\d.]){_DAY}([-/.]){_DAY}\2{_YEAR}(?![\d.]*\d)"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?[ .-]{_MONTH}[ .,-]+{_YEAR}\b"
    rf"|\b{_MONTH}[ .-]\d{{1,2}}(?:st|nd|rd|th)?[ ,.-]+{_YEAR}\b"
    rf"|(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
    re.IGNORECASE,
)
_LEAST: Final = re.compile(r"\d\d|@")


def suspicious_spans(text: str, *, dates: bool) -> list[tuple[int, int]]:
    """Return where such things stand in ``text``; ``dates`` says whether dates count (not where they are retained)."""
    if not _LEAST.search(text):
        return []
    spans = [found.span() for found in _ALWAYS.finditer(text)]
    if dates:
        spans += [found.span() for found in _DATES.finditer(text)]
    return spans
