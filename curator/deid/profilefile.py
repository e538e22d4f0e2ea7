"""A rule file's ``profile:`` — PS3.15's table, the options chosen, and what the file says over it.

``basic``, ``research`` and the user's own profiles are rule files: this part names the edition and the options,
and rules beside it decide over the table (`curator.deid.ruled`)::

    profile:
      edition: 2026d
      options: [retain-modified-dates, clean-descriptors]
      keep-weekday: true
      overrides:
        - {element: PatientSex, code: K, why: the study compares the sexes}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from curator.deid.action import decide
from curator.deid.profile import Override, Profile
from curator.deid.taglist import PrivateList, read_private_list
from curator.dicom import Json, confidentiality
from curator.dicom.confidentiality import Option, Table, parse_table
from curator.dicom.dictionary import tag_of_key
from curator.errors import UsageError
from curator.rulefile import Case, Checked, Choice, Flag, ListOf, RuleFile, Text
from curator.rulefile.nodes import Mapping as MappingNode
from curator.rulefile.nodes import Node, Scalar
from curator.rulefile.place import key_of
from curator.rulefile.problems import did_you_mean
from curator.rulefile.reading import CaseShape
from curator.rulefile.shapes import Reading, Schema, Told, read_fields, record_schema

SECTION: Final = "profile"
OPTIONS: Final[Mapping[str, Option]] = {option.name.lower().replace("_", "-"): option for option in Option}
"""The options by the names that files use; their CID 7050 codes will do as well."""
CODES: Final = ("K", "X", "Z", "D", "C", "U", "Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*")
_METHOD = 48  # an LO of 64 also names the standard and its edition


@dataclass(frozen=True, slots=True)
class ProfileSection:
    """What a file's ``profile:`` holds; named by the file when it is made into a `Profile`."""

    table: Table
    options: frozenset[Option] = frozenset()
    overrides: Mapping[int, Override] = field(default_factory=dict)
    keep_weekday: bool = False
    retain_references: bool = False
    method: str = ""
    private: tuple[PrivateList, ...] = ()
    cases: tuple[Case, ...] = ()

    def profile(self, name: str) -> Profile:
        """Return the profile."""
        return Profile(
            name,
            self.options,
            self.table,
            self.overrides,
            self.keep_weekday,
            self.retain_references,
            self.method,
        )


def option(text: str) -> Option:
    """Return the option of this name or CID 7050 code; ValueError with what was expected."""
    found = OPTIONS.get(text.strip().lower()) or next((one for one in Option if one == text.strip()), None)
    if found is None:
        if text.strip() == "113100":
            raise ValueError("options besides 113100, which is the profile itself")
        raise ValueError(f"one of {', '.join(OPTIONS)}, or a code of CID 7050{did_you_mean(text, OPTIONS)}")
    return found


def _ascii(text: str) -> str:
    if len(text) > _METHOD or not text.isascii() or not text.isprintable() or "\\" in text:
        raise ValueError(f"printable ASCII of at most {_METHOD} characters, without a backslash")
    return text


def _edition(text: str) -> str:
    """Return the edition without the standard's name before it."""
    return text.strip().removeprefix("PS3.15").strip()


class _TableShape:
    """Reads the name of a file with another edition of Table E.1-1."""

    def read(self, node: Node, reading: Reading) -> Table:
        name = Text("the name of a file with Table E.1-1", longest=200).read(node, reading)
        if reading.files is None or "/" in name or "\\" in name:
            raise reading.bad(node, "the name of a file that lies beside the rule file")
        try:
            return read_table(reading.files(name))
        except (OSError, LookupError, UnicodeError):
            raise reading.bad(node, "a readable text file in UTF-8 beside the rule file") from None
        except ValueError as error:
            raise reading.bad(node, str(error)) from None

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": 200}


class _PrivateShape:
    """Reads the name of a CSV that says which private elements may stay."""

    def read(self, node: Node, reading: Reading) -> PrivateList:
        name = Text("the name of a CSV of private elements", longest=200).read(node, reading)
        if reading.files is None or "/" in name or "\\" in name:
            raise reading.bad(node, "the name of a CSV file that lies beside the rule file")
        try:
            return read_private_list(reading.files(name), name)
        except (OSError, LookupError, UnicodeError):
            raise reading.bad(node, "a readable CSV file in UTF-8 beside the rule file") from None
        except UsageError as error:
            raise reading.bad(node, error.message) from None

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": 200}


def read_table(text: str) -> Table:
    """Return an edition of Table E.1-1 from text; ValueError with what was expected.

    The first line names the edition (``edition 2024b``), the others are ``tag|name|action|option=action …``
    with options by CID 7050 code, as in `curator.dicom._confidentiality`; blank lines and ``#`` are passed over.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or not lines[0].startswith("edition ") or len(lines) < 2:
        raise ValueError("a first line 'edition …', then rows tag|name|action|option=action …")
    try:
        made = parse_table(lines[0].removeprefix("edition ").strip(), "\n".join(lines[1:]))
        for row in made.rows:
            for code in (row.basic, *row.options.values()):
                decide(code, None)
    except StopIteration:
        raise ValueError("a row PRIVATE for private attributes") from None
    except (ValueError, KeyError):
        raise ValueError("rows tag|name|action|option=action … with the codes of PS3.15") from None
    if len({row.tag for row in made.rows}) != len(made.rows):
        raise ValueError("each tag in one row")
    return made


def _element(text: str) -> int:
    tag = tag_of_key(key_of(text))
    if tag is None:
        raise ValueError("a keyword or tag (private elements stay by a list: private)")
    return tag


_OVERRIDE: Final[dict[str, tuple[Told, bool]]] = {
    "element": (Told(ListOf(Checked(_element, "a keyword or tag")), "which elements, at any depth"), True),
    "code": (Told(Choice(CODES), "the action code of PS3.15 in the table's place"), True),
    "why": (Told(Text(longest=1_000), "the reason, as explain shows it"), True),
}


class _OverrideShape:
    """Reads one override."""

    def read(self, node: Node, reading: Reading) -> tuple[tuple[int, ...], Override]:
        if not isinstance(node, MappingNode):
            raise reading.bad(node, "a mapping of element, code and why")
        values = read_fields(node, _OVERRIDE, reading, "of an override")
        tags = cast("tuple[int, ...]", values["element"])
        return tags, Override(str(values["code"]), str(values["why"]))

    def schema(self) -> Schema:
        return record_schema(_OVERRIDE)


_FIELDS: Final[dict[str, tuple[Told, bool]]] = {
    "edition": (Told(Checked(_edition, "an edition of PS3.15"), "the edition of Table E.1-1"), False),
    "table": (Told(_TableShape(), "a file with another edition of Table E.1-1"), False),
    "options": (
        Told(
            ListOf(Checked(option, "an option of PS3.15"), most=12), "the options, by name or CID 7050 code"
        ),
        False,
    ),
    "keep-weekday": (Told(Flag(), "dates move by whole weeks"), False),
    "retain-references": (Told(Flag(), "references stay, their UIDs remapped"), False),
    "method": (Told(Checked(_ascii, "a text"), "what DeidentificationMethod says"), False),
    "private": (
        Told(ListOf(_PrivateShape(), most=20), "CSV files beside this one: which private elements may stay"),
        False,
    ),
    "overrides": (Told(ListOf(_OverrideShape(), most=1_000), "action codes in the table's place"), False),
    "cases": (Told(ListOf(CaseShape(), most=500), "documents before and after, run by rules test"), False),
}


class ProfileShape:
    """Reads ``profile:``."""

    def read(self, node: Node, reading: Reading) -> ProfileSection:
        """Return the section; problems with their lines are noted, raises `NotRead` after noting one."""
        if isinstance(node, Scalar) and not node.text:
            return ProfileSection(confidentiality.table())
        if not isinstance(node, MappingNode):
            raise reading.bad(node, "a mapping such as {options: [clean-descriptors]}")
        values = read_fields(node, _FIELDS, reading, "of a profile")
        chosen = cast("tuple[Option, ...]", values.get("options", ()))
        if len(set(chosen)) != len(chosen):
            raise reading.bad(node.get("options") or node, "each option once")
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= set(chosen):
            raise reading.bad(
                node.get("options") or node, "full dates or modified ones, not both (PS3.15 E.3.6)"
            )
        if "private" in values and Option.RETAIN_SAFE_PRIVATE not in chosen:
            raise reading.bad(
                node.get("private") or node, "the option retain-safe-private with lists of private"
            )
        table = cast("Table | None", values.get("table")) or confidentiality.table()
        edition = str(values.get("edition", table.edition))
        if edition != table.edition:
            raise reading.bad(
                node.get("edition") or node,
                f"{table.edition}, the edition of its table (table: names a file with another)",
            )
        return ProfileSection(
            table,
            frozenset(chosen),
            self._overrides(node, values, reading),
            bool(values.get("keep-weekday", False)),
            bool(values.get("retain-references", False)),
            str(values.get("method", "")),
            cast("tuple[PrivateList, ...]", values.get("private", ())),
            cast("tuple[Case, ...]", values.get("cases", ())),
        )

    @staticmethod
    def _overrides(node: MappingNode, values: Mapping[str, object], reading: Reading) -> dict[int, Override]:
        found: dict[int, Override] = {}
        for tags, override in cast(
            "tuple[tuple[tuple[int, ...], Override], ...]", values.get("overrides", ())
        ):
            for tag in tags:
                if found.setdefault(tag, override) is not override:
                    raise reading.bad(
                        node.get("overrides") or node, f"one override for each element ({tag:08X})"
                    )
        return found

    def schema(self) -> Schema:
        """Return the schema of the section."""
        anything: list[Json] = ["object", "null"]
        return record_schema(_FIELDS) | {"type": anything}


def section_of(file: RuleFile) -> ProfileSection | None:
    """Return the file's ``profile:``, None where it has none."""
    found = file.sections.get(SECTION)
    return found if isinstance(found, ProfileSection) else None
