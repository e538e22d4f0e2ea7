"""CSV tables that rules look values up in. The text comes from the face; the ground reads no file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

LARGEST: Final = 50_000_000
MOST_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV with a heading row (RFC 4180; a byte order mark is passed over). Values are PHI: never in messages."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str, name: str) -> Table:
        """Return the table; ValueError with what was expected if the text is none."""
        if len(text) > LARGEST:
            raise ValueError(f"a table of at most {LARGEST:,} characters")
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        try:
            columns = tuple(column.strip() for column in next(reader, []))
            rows: list[tuple[str, ...]] = []
            for row in reader:
                if not any(row):
                    continue
                if len(row) != len(columns) or len(rows) >= MOST_ROWS:
                    raise ValueError(
                        f"{len(columns)} columns in line {reader.line_num} of {name}, as in its heading"
                    )
                rows.append(tuple(row))
        except csv.Error as error:
            raise ValueError(f"a CSV table; line {reader.line_num} of {name}: {error}") from None
        if not columns or len(set(columns)) != len(columns) or "" in columns:
            raise ValueError(f"a heading row of distinct names in {name}")
        return cls(name, columns, tuple(rows))

    def index(self, keys: Sequence[str], take: str, fold: bool) -> dict[tuple[str, ...], str]:
        """Return ``take`` by the texts of ``keys``; ValueError if two rows have the same keys and differ."""
        for column in (*keys, take):
            if column not in self.columns:
                from curator.rulefile.problems import did_you_mean

                known = (
                    f"a column of {self.name}: {', '.join(self.columns)}{did_you_mean(column, self.columns)}"
                )
                raise ValueError(known)
        at = [self.columns.index(column) for column in keys]
        value_at = self.columns.index(take)
        found: dict[tuple[str, ...], str] = {}
        for number, row in enumerate(self.rows, 2):
            key = tuple(normal(row[column], fold) for column in at)
            if found.setdefault(key, row[value_at]) != row[value_at]:
                raise ValueError(
                    f"one row for each {', '.join(keys)} in {self.name} (row {number} contradicts another)"
                )
        return found


@lru_cache(maxsize=8192)
def normal(text: str, fold: bool) -> str:
    """Return ``text`` as keys are compared: without padding; folded, also without case, blanks and ``_-./,``."""
    text = text.strip(" \0")
    return "".join(c for c in text.casefold() if c not in " _-./,") if fold else text
