"""Look for the subject's identifiers in everything that a published document holds: keys, VRs, values, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Final

from curator.dicom import Json
from curator.dicom.confidentiality import safe_private
from curator.dicom.dictionary import is_private, tag_of_key
from curator.dicom.levels import Level
from curator.dicom.uids import is_registered
from curator.dicom.vr import BINARY, VRS
from curator.imageset import ElementPath, Step
from curator.verify.claim import Held
from curator.verify.decoding import decoded_base64, hidden_in, is_opaque, said
from curator.verify.evidence import Check
from curator.verify.expectation import vr_of
from curator.verify.patterns import looks_like
from curator.verify.tally import Tally
from curator.verify.terms import Terms
from curator.verify.vocabulary import is_term

_FREE: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_TIMES: Final = frozenset({"DA", "DT", "TM"})
_UID_LETTERS: Final = frozenset("0123456789.")
_LONG_NUMBER: Final = 6
_LONGEST_ENCODED: Final = 1 << 22


@dataclass(slots=True)
class Search:
    """One subject's search; each distinct text is looked at once, however often it stands."""

    terms: Terms
    tally: Tally
    originals: frozenset[str] = field(default=frozenset(), repr=False)
    """Original UIDs that must not stand in any UI element."""
    _texts: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict, repr=False)
    _seen: set[bytes] = field(default_factory=set, repr=False)

    def document(self, held: Held) -> None:
        """Search a whole document. Instances that stood as they are in an earlier version are not read again."""
        document = held.document
        self._node(document.patient, {}, held, ElementPath(Level.PATIENT), ())
        self._node(document.study, {}, held, ElementPath(Level.STUDY), ())
        for member in (document.patient_node, document.study_node):
            self._others(member, held, ElementPath(Level.STUDY))
        for uid, series in document.series.items():
            place = ElementPath(Level.SERIES, uid)
            self._key(uid, held, place)
            self._node(series.dicom, {}, held, place, ())
            self._others(series.node, held, place)
            for sop, instance in series.instances.items():
                raw = sha256(instance.raw_view).digest() + uid.encode()
                if raw in self._seen:
                    continue
                self._seen.add(raw)
                place = ElementPath(Level.INSTANCE, uid, sop)
                self._key(sop, held, place)
                self._node(instance.dicom, instance.vrs, held, place, ())
                self._declared(instance.vrs, held, place)
                self._others(instance.node, held, place)

    def _node(
        self,
        node: Mapping[str, Json],
        declared: Mapping[str, str],
        held: Held,
        place: ElementPath,
        steps: tuple[Step, ...],
    ) -> None:
        for key, value in node.items():
            tag, vr = _known(key)
            if tag is None:
                self._key(key, held, place)
            elif is_private(tag):
                vr = declared.get(key) or _listed_vr(node, tag) or vr
            elif not vr:
                vr = declared.get(key, vr)
            if value is None:
                continue
            for number, each in enumerate(value) if isinstance(value, list) else ((0, value),):
                if isinstance(each, dict):
                    self._node(each, {}, held, place, (*steps, key, number))
                elif each is not None:
                    self._value(vr, each, held, place, (*steps, key))

    def _value(self, vr: str, value: Json, held: Held, place: ElementPath, steps: tuple[Step, ...]) -> None:
        text = value if isinstance(value, str) else str(value)
        if not isinstance(value, str):
            vr = "DS"
        known = self._texts.get((vr, text))
        if known is None:
            known = self._texts[vr, text] = self._judge(vr, text)
        kind, noted = known
        if kind:
            self.tally.fail(
                Check.NO_IDENTIFIER, held, place.child(*steps), f"holds an identifier: {kind}", "", text
            )
        else:
            self.tally.passed(Check.NO_IDENTIFIER)
        if noted:
            check = Check.BINARY_IS_READ if noted.endswith("bytes") else Check.NO_PATTERN
            self.tally.fail(check, held, place.child(*steps), noted, "", text)

    def _judge(self, vr: str, text: str) -> tuple[str, str]:
        """Return (the kind of identifier in the value, what a person should look at), "" for none."""
        if vr == "UI":
            whole = text.strip(" \0")
            return ("UID" if whole in self.originals and not is_registered(whole) else ""), ""
        if vr in _TIMES and not any(each.isalpha() for each in text):
            return "", ""  # its row was held to the original already, exactly
        if vr in ("DS", "IS") and not any(each.isalpha() for each in text):
            whole = "".join(each for each in text if each.isdigit())
            return (
                self.terms.strong.get(whole, "")
                if len(whole) >= _LONG_NUMBER and whole == text.strip()
                else ""
            ), ""
        if vr in BINARY or vr == "":
            kind, noted = self._bytes(text)
            return (kind or (self._text(text, weak=True) if vr == "" else "")), noted
        kind = self._text(text, weak=vr in _FREE)
        if kind and vr == "CS" and is_term(text):
            return "", ""  # a defined term that is also somebody's name says nothing of the person
        return kind, (looks_like(text) if vr in _FREE or vr == "UR" else "")

    def _text(self, text: str, *, weak: bool) -> str:
        kind = self.terms.found(text, weak=weak)
        if kind or len(text) > _LONGEST_ENCODED:
            return kind
        for hidden in hidden_in(text):
            if kind := self.terms.found(hidden, weak=False):
                return f"{kind}, encoded"
        return ""

    def _bytes(self, text: str) -> tuple[str, str]:
        data = decoded_base64(text)
        if data is None:
            return "", ""
        opaque = is_opaque(data)
        for reading in said(data):  # in noise, letters join to a name by chance
            if kind := self.terms.found(reading, weak=False, across=not opaque):
                return f"{kind}, in bytes", ""
        return "", "more than 64 unread bytes" if opaque else ""

    def _key(self, key: str, held: Held, place: ElementPath) -> None:
        """Search a key of the document: a UID, or a name that is no keyword."""
        if set(key) <= _UID_LETTERS:
            kind = "UID" if key in self.originals else ""
        else:
            kind = self.terms.found(key, weak=False)
        if kind:
            self.tally.fail(Check.NO_IDENTIFIER, held, place, f"a key holds an identifier: {kind}", "", key)
        else:
            self.tally.passed(Check.NO_IDENTIFIER)

    def _declared(self, declared: Mapping[str, Json], held: Held, place: ElementPath) -> None:
        for key, vr in declared.items():
            if _known(key)[0] is None:
                self._key(key, held, place)
            if not isinstance(vr, str) or vr not in VRS:
                self.tally.fail(Check.NO_IDENTIFIER, held, place, "DICOMVRs holds what is no VR", "", vr)

    def _others(self, node: Mapping[str, Json], held: Held, place: ElementPath) -> None:
        """Search what stands beside the attributes, but for what the service itself writes."""
        for key, value in node.items():
            if key in _OF_THE_SERVICE:
                continue
            self._key(key, held, place)
            for text in _strings(value):
                self._value("UT", text, held, place, ())


_OF_THE_SERVICE: Final = frozenset(
    ["DICOM", "DICOMVRs", "ImageFrames", "Series", "Instances", "StoredTransferSyntaxUID", "ChecksumType"]
)


def _strings(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (key, *_strings(each))]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


def _listed_vr(node: Mapping[str, Json], tag: int) -> str:
    """Return the VR that Table E.3.10-1 gives a private element: a document tells none inside sequences."""
    creator = node.get(f"{tag >> 16:04X}00{tag >> 8 & 0xFF:02X}")
    row = safe_private(tag >> 16, creator, tag & 0xFF) if isinstance(creator, str) else None
    return row[0] if row is not None and row[0] in VRS else ""


@cache
def _known(key: str) -> tuple[int | None, str]:
    tag = tag_of_key(key)
    return tag, "" if tag is None else vr_of(tag, None)
