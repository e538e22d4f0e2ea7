"""Where in a rule a CSV table stands: its name, the columns that are compared, and the indices made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from curator.rulefile.nodes import Mapping, Node, Scalar
from curator.rulefile.place import Place, Ref
from curator.rulefile.shapes import TEXT_SCHEMA, Checked, Pairs, Reading, Schema, Shape, Text
from curator.rulefile.table import Table, normal
from curator.rulefile.values import is_empty, joined

_FILE = re.compile(r"[^/\\:\0]{1,200}\.csv", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns and the elements they are compared with; None stands for the selected element."""

    pairs: tuple[tuple[str, Ref | None], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(column for column, _ in self.pairs)

    @staticmethod
    def shape() -> Shape[Columns]:
        """Return the shape that reads one column, or a mapping of columns to elements."""
        return _ColumnsShape()


class _ColumnsShape:
    """Reads `Columns`."""

    def __init__(self) -> None:
        self.pairs: Pairs[Ref] = Pairs(Text(), Checked(Ref.of, "an element", longest=200), most=10)

    def read(self, node: Node, reading: Reading) -> Columns:
        if isinstance(node, Scalar):
            return Columns(((Text("a column").read(node, reading), None),))
        if isinstance(node, Mapping):
            return Columns(self.pairs.read(node, reading))
        raise reading.bad(node, "a column, or a mapping of columns to elements")

    def schema(self) -> Schema:
        return {"anyOf": [dict(TEXT_SCHEMA), self.pairs.schema()]}


@dataclass(frozen=True, slots=True)
class Lookups:
    """A table as a rule uses it. Indices are made once for each set of columns."""

    name: str
    table: Table
    made: dict[tuple[tuple[str, ...], str, bool], dict[tuple[str, ...], str]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def _index(self, columns: tuple[str, ...], take: str, fold: bool) -> dict[tuple[str, ...], str]:
        key = (columns, take, fold)
        if key not in self.made:
            self.made[key] = self.table.index(columns, take, fold)
        return self.made[key]

    def problem(self, columns: tuple[str, ...], take: str, fold: bool) -> str | None:
        """Return what was expected of the table, None if it can be used so."""
        try:
            self._index(columns, take, fold)
        except ValueError as error:
            return str(error)
        return None

    def find(self, by: Columns, take: str, fold: bool, place: Place) -> str | None:
        """Return what the table holds for a place; None if it has no such row. ValueError: elements that differ."""
        values = [place.value if ref is None else ref.one(place) for _, ref in by.pairs]
        if all(is_empty(value) for value in values):
            return None
        key = tuple(normal(joined(value), fold) for value in values)
        return self._index(by.names, take, fold).get(key)


class _LookupsShape:
    """Reads the name of a CSV file and, through the face, the file."""

    def read(self, node: Node, reading: Reading) -> Lookups:
        name = Text("the name of a CSV file", longest=200).read(node, reading)
        if not _FILE.fullmatch(name):
            raise reading.bad(node, "the name of a .csv file that lies beside the rule file")
        known = reading.tables.get(name)
        if isinstance(known, Lookups):
            return known
        if reading.files is None:
            raise reading.bad(node, "no table: this rule file was read without its folder")
        try:
            text = reading.files(name)
        except (OSError, LookupError, UnicodeError):
            raise reading.bad(node, "a readable CSV file in UTF-8 beside the rule file") from None
        try:
            made = Lookups(name, Table.parse(text, name))
        except ValueError as error:
            raise reading.bad(node, str(error)) from None
        reading.tables[name] = made
        return made

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^[^/\\:]{1,200}\.[cC][sS][vV]$"}


def lookups() -> Shape[Lookups]:
    """Return the shape that reads a table's name and the table."""
    return _LookupsShape()
