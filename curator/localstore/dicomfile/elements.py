"""The walk over a data set's bytes: every element straight to its JSON value, with no object in between.

One dictionary look-up of an element's first bytes (tag and VR) gives everything known about it, its *plan*: key,
level, decoder, and whether it needs more than decoding. Bytes are not trusted: lengths, depth and the whole size are
bounded, and whatever does not hold raises `RefusedFile`.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from curator.dicom import Json, dictionary
from curator.dicom.levels import Level, level_of
from curator.localstore.dicomfile import charsets
from curator.localstore.dicomfile.refusal import ImportException, RefusedFile
from curator.localstore.dicomfile.values import LONG_FORM, VRS, DecodeValue, decoder_of

__all__ = [
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "IMPLICIT_LITTLE",
    "MAX_DEPTH",
    "Data",
    "Elements",
    "Encoding",
    "PixelValue",
]

Data = bytes | mmap.mmap
Targets = tuple[dict[str, Json], dict[str, Json], dict[str, Json], dict[str, Json]]
"""Where elements go: patient, study, series, instance; four times the same dictionary inside a sequence."""

MAX_DEPTH: Final = 64
"""Sequences inside sequences; the deepest real ones (structured reports) are about 20."""
MAX_HEADER: Final = 64 * 2**20
"""Bytes of all values but pixel data; the service takes 50 MB of metadata for a whole image set."""

UNDEFINED: Final = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_PLACES: Final = {Level.PATIENT: 0, Level.STUDY: 1, Level.SERIES: 2, Level.INSTANCE: 3}


class Act(IntEnum):
    """What an element asks for; 0 is the common case."""

    DECODE = 0
    DECODE_LONG = 1
    SEQUENCE = 2
    PIXELS = 3
    CHARACTER_SET = 4
    PIXEL_REPRESENTATION = 5
    SKIP = 6
    IMPLICIT_SEQUENCE = 7
    ITEM_END = 8
    DELIMITER = 9


class Plan(NamedTuple):
    """All that a tag and VR say about reading an element. ``record``: the VR that ``DICOMVRs`` gets, if any."""

    key: str
    place: int
    decode: DecodeValue
    act: Act
    empty: Json
    record: str
    long: bool
    vr: str


@dataclass(frozen=True, slots=True)
class PixelValue:
    """Where the pixel data is: a stretch of the file, or fragments after a basic offset table.

    ``swapped``: its bytes stand in big-endian 16-bit words whatever the size of a sample (OW, PS3.5 8.2).
    """

    tag: int
    offset: int = 0
    length: int = 0
    fragments: tuple[tuple[int, int], ...] | None = None
    offsets: tuple[int, ...] = ()
    swapped: bool = False


@dataclass(slots=True)
class Encoding:
    """A way to write elements (PS3.5 7.1) and the plans made for it so far."""

    explicit: bool
    little: bool
    signed: bool = False
    plans: dict[bytes, Plan] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """Byte order as `struct` writes it."""
        return "<" if self.little else ">"

    def plan(self, head: bytes) -> Plan:
        """Return the plan of the element whose first bytes (tag; explicit: and VR) are ``head``."""
        group, element = struct.unpack(self.order + "HH", head[:4])
        tag = group << 16 | element
        vr = ""
        if self.explicit and tag >> 16 != 0xFFFE:
            vr = head[4:6].decode("latin-1")
            if vr not in VRS:
                if not ("AA" <= vr <= "ZZ" and vr.isalpha() and vr.isupper()):
                    raise RefusedFile("an element's VR is not two capital letters")
                vr = "UN"  # an unknown VR has the long form (PS3.5 7.1.2), as pydicom reads it too
        made = self._make(tag, vr)
        if len(self.plans) > 20_000:  # broken files bring tags without end
            self.plans.clear()
        self.plans[head] = made
        return made

    def _make(self, tag: int, stated: str) -> Plan:
        key = dictionary.key_of_tag(tag)
        private = dictionary.is_private(tag)
        vr = stated
        implied = not stated or (stated == "UN" and bool(dictionary.vrs(tag)) and not private)
        if implied:
            vr = self._vr(tag)
        many = None if private else dictionary.multi_valued(tag)
        long = stated in LONG_FORM
        act = Act.DECODE_LONG if long else Act.DECODE
        if tag >> 16 == 0xFFFE:
            act, vr = (Act.ITEM_END if tag == ITEM_END else Act.DELIMITER), "UN"
        elif tag & 0xFFFF == 0 or tag >> 16 == 0 or tag == 0xFFFCFFFC:
            act, vr = Act.SKIP, "UN"  # group lengths, commands and padding are no attributes
        elif tag in PIXEL_TAGS:
            act = Act.PIXELS
        elif vr == "SQ":
            act, vr = (Act.IMPLICIT_SEQUENCE if stated == "UN" else Act.SEQUENCE), "SQ"
        elif tag == 0x00080005:
            act = Act.CHARACTER_SET
        elif tag == 0x00280103:
            act = Act.PIXEL_REPRESENTATION
        # Values inside a UN are as implicit VR little endian writes them (PS3.5 6.2.2 note 2).
        little = self.little or stated == "UN"
        decode = decoder_of("UN" if vr == "SQ" else vr, many, little)
        # assumption: an element that has no keyword in PS3.6 2022b has its VR in DICOMVRs as private ones have.
        record = vr if len(key) == 8 and key == f"{tag:08X}" else ""
        empty = "" if private and vr == "UN" else None
        return Plan(key, _PLACES[level_of(tag)], decode, act, empty, record, long, vr)

    def _vr(self, tag: int) -> str:
        """Return the VR that implicit encoding means (PS3.5 A.1): of several, that of the words in the file."""
        known = dictionary.vrs(tag)
        if not known:
            return "UN"
        if "OW" in known:
            return "OW"
        if "SS" in known and "US" in known:
            return "SS" if self.signed else "US"
        return known[0]


EXPLICIT_LITTLE: Final = Encoding(True, True)
EXPLICIT_BIG: Final = Encoding(True, False)
IMPLICIT_LITTLE: Final = Encoding(False, True)
_IMPLICIT_SIGNED: Final = Encoding(False, True, signed=True)

_NUMBER: Final = {True: struct.Struct("<I").unpack_from, False: struct.Struct(">I").unpack_from}
_SHORT: Final = {True: struct.Struct("<6sH").unpack_from, False: struct.Struct(">6sH").unpack_from}
_IMPLICIT: Final = struct.Struct("<4sI").unpack_from
_ITEM: Final = {True: struct.Struct("<HHI").unpack_from, False: struct.Struct(">HHI").unpack_from}


class Elements:
    """One file's elements while they are read."""

    __slots__ = ("_budget", "data", "pixels")

    def __init__(self, data: Data, budget: int = MAX_HEADER) -> None:
        self.data = data
        self.pixels: PixelValue | None = None
        self._budget = budget

    def read(
        self,
        encoding: Encoding,
        pos: int,
        end: int,
        targets: Targets,
        vrs: dict[str, Json] | None,
        text: charsets.Decode = charsets.DEFAULT,
        *,
        depth: int = 0,
        delimited: bool = False,
        group: int | None = None,
    ) -> int:
        """Read elements from ``pos`` until ``end``, the item's delimiter, or the end of ``group``; return where."""
        data = self.data
        plans = encoding.plans
        explicit, little = encoding.explicit, encoding.little
        short, number = _SHORT[little], _NUMBER[little]
        only = None if group is None else struct.pack(encoding.order + "H", group)
        budget = self._budget
        start = pos
        while pos + 8 <= end:
            if explicit:
                head, length = short(data, pos)
            else:
                head, length = _IMPLICIT(data, pos)
            if only is not None and head[:2] != only:
                break
            plan = plans.get(head)
            if plan is None:
                plan = encoding.plan(head)
            key, place, decode, act, empty, record, long, _ = plan
            pos += 8
            if long:
                if pos + 4 > end:
                    raise RefusedFile("the file ends inside an element")
                (length,) = number(data, pos)
                pos += 4
            if act > 1:
                self._budget = budget - 16
                if act >= Act.ITEM_END:
                    if delimited and act == Act.ITEM_END:
                        return pos
                    (length,) = number(data, pos - 4)
                    if length:
                        raise RefusedFile("an item stands outside a sequence")
                    budget -= 16
                    continue
                pos, value, text, encoding = self._special(encoding, plan, pos, length, end, text, depth)
                budget = self._budget
                plans = encoding.plans
                if act == Act.SKIP:
                    continue
                targets[place][key] = value
                if act == Act.CHARACTER_SET and start >= 0:
                    # It holds for text that stands before it too (group 0004 of a directory): once more from the start.
                    pos, start = start, -1
            elif length == UNDEFINED and (long or not explicit):
                self._budget = budget
                pos, targets[place][key], record = self._undefined(encoding, plan, pos, end, text, depth)
                budget = self._budget
            else:
                stop = pos + length
                if stop > end:
                    raise RefusedFile("the file ends inside an element")
                budget -= length + 16
                if budget < 0:
                    raise RefusedFile("the DICOM attributes exceed 64 MB", ImportException.QUOTA)
                targets[place][key] = decode(data[pos:stop], text) if length else empty
                pos = stop
            if record and vrs is not None:
                vrs[key] = record
        self._budget = budget
        if delimited:
            raise RefusedFile("the file ends inside a sequence item")
        return pos

    def _special(
        self,
        encoding: Encoding,
        plan: Plan,
        pos: int,
        length: int,
        end: int,
        text: charsets.Decode,
        depth: int,
    ) -> tuple[int, Json, charsets.Decode, Encoding]:
        """Read an element that is more than a value to decode; return where it ends, its value, and what follows it."""
        act = plan.act
        if act in (Act.SEQUENCE, Act.IMPLICIT_SEQUENCE):
            inner = encoding if act == Act.SEQUENCE else IMPLICIT_LITTLE
            pos, value = self._sequence(inner, pos, length, end, text, depth)
            return pos, value, text, encoding
        if act == Act.PIXELS:
            return self._pixels(encoding, plan, pos, length, end, depth), None, text, encoding
        if length == UNDEFINED:
            raise RefusedFile(f"DICOM attribute {plan.key} has no length")
        stop = self._stop(pos, length, end)
        self._spend(length)
        value = plan.decode(self.data[pos:stop], text) if length else None
        if act == Act.CHARACTER_SET:
            terms = value if isinstance(value, list) else [value]
            text = charsets.decoder(tuple(term for term in terms if isinstance(term, str)))
        elif act == Act.PIXEL_REPRESENTATION and not encoding.explicit:
            # In implicit VR this attribute decides between US and SS (PS3.5 A.1) for what comes after it.
            encoding = _IMPLICIT_SIGNED if value == 1 else IMPLICIT_LITTLE
        return stop, value, text, encoding

    def _spend(self, size: int) -> None:
        self._budget -= size + 16
        if self._budget < 0:
            raise RefusedFile("the DICOM attributes exceed 64 MB", ImportException.QUOTA)

    @staticmethod
    def _stop(pos: int, length: int, end: int) -> int:
        if pos + length > end:
            raise RefusedFile("the file ends inside an element")
        return pos + length

    def _sequence(
        self, encoding: Encoding, pos: int, length: int, end: int, text: charsets.Decode, depth: int
    ) -> tuple[int, Json]:
        if depth >= MAX_DEPTH:
            raise RefusedFile(f"sequences are nested deeper than {MAX_DEPTH}")
        delimited = length == UNDEFINED
        stop = end if delimited else self._stop(pos, length, end)
        items: list[Json] = []
        head = _ITEM[encoding.little]
        while pos + 8 <= stop:
            group, element, size = head(self.data, pos)
            tag = group << 16 | element
            pos += 8
            if tag == SEQUENCE_END:
                if delimited:
                    return pos, items or None
                continue
            if tag != ITEM:
                raise RefusedFile("a sequence holds something that is no item")
            self._spend(8)
            item: dict[str, Json] = {}
            places = (item, item, item, item)
            open_ended = size == UNDEFINED
            limit = stop if open_ended else self._stop(pos, size, stop)
            # assumption: DICOMVRs holds the instance's own elements only; the service's answers show none of an item's.
            pos = self.read(encoding, pos, limit, places, None, text, depth=depth + 1, delimited=open_ended)
            if not open_ended:
                pos = limit
            items.append(item)
        if delimited:
            raise RefusedFile("the file ends inside a sequence")
        return stop, items or None

    def _undefined(
        self, encoding: Encoding, plan: Plan, pos: int, end: int, text: charsets.Decode, depth: int
    ) -> tuple[int, Json, str]:
        """Read a value of undefined length under a VR other than SQ: UN holds a sequence (CP-246), bytes hold fragments."""
        if plan.vr == "UN":
            pos, value = self._sequence(IMPLICIT_LITTLE, pos, UNDEFINED, end, text, depth)
            return pos, value, "SQ" if plan.record else ""
        if not encoding.explicit:
            raise RefusedFile(f"DICOM attribute {plan.key} has no length")
        pos, _, fragments = self._fragments(encoding.little, pos, end)
        self._spend(sum(size for _, size in fragments))
        raw = b"".join(self.data[start : start + size] for start, size in fragments)
        return pos, plan.decode(raw, text) if raw else plan.empty, plan.record

    def _fragments(
        self, little: bool, pos: int, end: int
    ) -> tuple[int, tuple[int, int], list[tuple[int, int]]]:
        """Return where encapsulated data ends, its offset table and its fragments as (offset, length) (PS3.5 A.4)."""
        head = _ITEM[little]
        found: list[tuple[int, int]] = []
        while pos + 8 <= end:
            group, element, size = head(self.data, pos)
            pos += 8
            tag = group << 16 | element
            if tag == SEQUENCE_END:
                break
            if tag != ITEM or size == UNDEFINED:
                raise RefusedFile("encapsulated data holds something that is no fragment")
            stop = self._stop(pos, size, end)
            self._spend(0)
            found.append((pos, size))
            pos = stop
        if not found:
            raise RefusedFile("encapsulated data has no items")
        return pos, found[0], found[1:]

    def _pixels(self, encoding: Encoding, plan: Plan, pos: int, length: int, end: int, depth: int) -> int:
        tag = dictionary.tag_of_key(plan.key) or 0
        if length != UNDEFINED:
            stop = self._stop(pos, length, end)
            if depth == 0:
                self.pixels = PixelValue(tag, pos, length, swapped=plan.vr == "OW" and not encoding.little)
            return stop
        stop, table, fragments = self._fragments(encoding.little, pos, end)
        if depth == 0:
            start, size = table
            raw = self.data[start : start + size - size % 4]
            offsets = struct.unpack(f"<{len(raw) // 4}I", raw)
            self.pixels = PixelValue(tag, fragments=tuple(fragments), offsets=offsets)
        return stop
