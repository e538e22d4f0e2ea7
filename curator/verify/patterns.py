"""What looks like an identifier whoever it belongs to: mail, web and phone addresses, dates, numbers of persons."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("a mail address", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("a web address", re.compile(r"\b(?:https?|ftp)://[^\s/]+|\bwww\.[\w-]+\.\w+", re.IGNORECASE)),
    (
        "an id",
        re.compile(
            r"\b(?:MRN|PID|HRN|NHS|SSN|DOB|patient[ _-]?(?:id|no|nr|number)|acc(?:ession)?[ _-]?(?:no|nr|number|#)"
            r"|(?:case|chart|policy|insurance|versicherten|patienten)[ _-]?(?:id|no|nr|nummer|number))[.:#\s-]*\w*\d{3,}",
            re.IGNORECASE,
        ),
    ),
    ("a number of a person", re.compile(r"(?<![\d.-])\d{3}-\d{2}-\d{4}(?![\d-])")),
    (
        "a phone number",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ -./]?(?:\(?\d+\)?[ -/]?){2,6}\d{2,}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?!\d)"
        ),
    ),
    (
        "a date",
        re.compile(
            r"(?<![\d.])(?:(?:18|19|20)\d{2}([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
            r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:18|19|20)\d{2})(?![\d.]*\d)"
            r"|\b\d{1,2}(?:st|nd|rd|th)?[ .-](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ .,-]+(?:18|19|20)\d{2}\b"
            r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ .-]\d{1,2}(?:st|nd|rd|th)?[ ,.-]+(?:18|19|20)\d{2}\b"
            r"|(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)",
            re.IGNORECASE,
        ),
    ),
)
_LEAST: Final = re.compile(r"\d\d|@|www\.|://", re.IGNORECASE)


@lru_cache(maxsize=1 << 16)
def looks_like(text: str) -> str:
    """Return what kind of identifier stands in ``text`` by its form alone; "" when none does."""
    if not _LEAST.search(text):
        return ""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), "")
