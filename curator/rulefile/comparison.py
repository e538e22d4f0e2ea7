"""Comparisons of numbers, dates, times and ages: how the VR orders texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from curator.rulefile.place import Ref
from curator.rulefile.values import static_vr

_COMPARISON = re.compile(r"(<=|>=|!=|<|>|=)\s*(\S.*)")
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and what to compare with: a number, date or age, or another element."""

    operator: str
    operand: str
    ref: Ref | None

    @classmethod
    def of(cls, text: str) -> Comparison:
        """Return the comparison; ValueError with what was expected."""
        match = _COMPARISON.fullmatch(text.strip())
        if match is None:
            raise ValueError("a comparison such as '>= 20200101', '< 5.5' or '> StudyDate'")
        operand = match[2].strip()
        ref = None if re.fullmatch(r"[+-]?[0-9.]+[DWMY]?", operand) else Ref.of(operand)
        return cls(match[1], operand, ref)

    def holds(self, key: str, text: str, operand: str) -> bool:
        """Compare two texts as the VR of ``key`` orders them; what cannot be compared does not hold."""
        if static_vr(key) in ("DA", "DT", "TM"):
            length = min(len(text), len(operand))
            sides = (text[:length], operand[:length])
            return (
                bool(length) and text.isascii() and self._order((sides[0] > sides[1]) - (sides[0] < sides[1]))
            )
        left, right = _number(text), _number(operand)
        return left is not None and right is not None and self._order((left > right) - (left < right))

    def _order(self, sign: int) -> bool:
        signs = {"<": (-1,), "<=": (-1, 0), "=": (0,), ">=": (0, 1), ">": (1,), "!=": (-1, 1)}
        return sign in signs[self.operator]


def _number(text: str) -> Decimal | None:
    text = text.strip(" \0")
    unit = 1
    if re.fullmatch(r"[0-9]{1,3}[DWMY]", text):  # AS, in days
        text, unit = text[:-1], _DAYS[text[-1]]
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number * unit if number.is_finite() and abs(number.adjusted()) < 400 else None
