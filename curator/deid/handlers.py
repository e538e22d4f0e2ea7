"""What is done to values once it is decided which element is treated how: shifted, remapped, cleaned, looked into.

A handler takes a value and a subject and returns the new value; the very same object where nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from curator.deid import dates, descriptors, opaque
from curator.deid.action import Action, decide, without_value
from curator.deid.content import CONTENT_SEQUENCE, VALUE_KEYS, content_code
from curator.deid.decisions import Decision, Decisions, as_text
from curator.deid.dummies import dummy
from curator.deid.encoded import SHORTEST_ENCODED, encoded_spans
from curator.deid.profile import Profile
from curator.deid.reason import Reason
from curator.deid.subject import Subject
from curator.deid.suspicious import suspicious_spans
from curator.deid.text import cut, merged, replace, uids_in
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import key_of_tag, tag_of_key, vrs
from curator.dicom.iods import Type
from curator.dicom.terms import terms_of
from curator.findings import ABSENT, Absent
from curator.rulefile.values import element

Value: TypeAlias = "Json | Absent"
Handler: TypeAlias = "Callable[[Json, Subject], Value]"

_TEXT: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_BYTES: Final = frozenset({"", "OB", "UN"})
_FEW: Final = 256
_FREE_TEXT: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


class Handlers:
    """Makes the handlers of one profile, key and set of value decisions; `curator.deid.engine.Engine` places them."""

    profile: Profile
    _decisions: Decisions

    def apply(
        self,
        node: Mapping[str, Json],
        subject: Subject,
        *,
        sop_class: str = "",
        above: tuple[int, ...] = (),
        private_vrs: Mapping[str, str] | None = None,
    ) -> dict[str, Json]:
        """Return the de-identified copy of a level's attributes or of a sequence's item."""
        raise NotImplementedError

    def remap(self, uid: str) -> str:
        """Return the UID that takes ``uid``'s place."""
        raise NotImplementedError

    def echo_free(self, text: str, subject: Subject, *, weak: bool = True) -> str:
        """Return ``text`` with the subject's identifiers cut out and UIDs in it remapped; the same text if none is.

        ``weak`` looks for names of fewer than four letters too.
        """
        if Option.RETAIN_UIDS not in self.profile.options and (places := uids_in(text)):
            text = replace(text, places, self.remap)
        lexicon = subject.lexicon
        if "\0" in text and lexicon.spans(plain := text.replace("\0", ""), weak=weak):
            text = plain
        spans = lexicon.spans(text, weak=weak) if lexicon else []
        if len(text) >= SHORTEST_ENCODED and lexicon:
            spans += encoded_spans(
                text, lambda said: bool(lexicon.spans(said, weak=False)), foreign=lexicon.foreign
            )
        if weak:
            spans += suspicious_spans(text, dates=Option.RETAIN_FULL_DATES not in self.profile.options)
        return cut(text, merged(spans)) if spans else text

    def _value_handler(self, reason: Reason, vr: str) -> Handler | None:
        """Return the handler of a value that is kept or cleaned; None where there is nothing to look at."""
        if reason.action is Action.CLEAN and vr in ("DA", "DT"):
            return _shifter(
                dates.shift_date if vr == "DA" else dates.shift_datetime, self._fallback(reason, vr)
            )
        if vr in _TEXT:
            said = reason.verdict.option is not None or reason.verdict.override != ""
            return self._text_handler(reason, vr, vocabulary=reason.action is Action.CLEAN and said)
        if reason.action is Action.KEEP and vr in _BYTES:
            return self._bytes_handler(perhaps_text=not vr)
        if reason.action is Action.CLEAN and vr not in ("TM", "DS", "IS", "US", "UL", "SS", "SL", "FL", "FD"):
            fallback = self._fallback(reason, vr)
            return lambda value, subject: fallback
        return None

    def _fallback(self, reason: Reason, vr: str) -> Value:
        action = without_value(reason.type)
        if action is Action.REMOVE:
            return ABSENT
        return None if action is Action.EMPTY else dummy(reason.tag, vr)

    def _decided(self, decision: Decision, reason: Reason, key: str, vr: str) -> Handler:
        """Return what a person's word makes of the value it is about."""
        word = decision.decision
        if word == "remove":
            fallback = self._fallback(reason, vr)
            return lambda value, subject: fallback
        if word == "empty":
            empty = decide("Z", reason.type)
            filled = None if empty is Action.EMPTY else dummy(reason.tag, vr)
            return lambda value, subject: filled
        if word == "replace":
            made = element(key, vr or "LO", decision.replacement)
            return lambda value, subject: made
        if vr in _TEXT:
            return self._text_handler(reason, vr, vocabulary=word == "clean")
        return lambda value, subject: value

    def _bytes_handler(self, *, perhaps_text: bool) -> Handler:
        """Return the handler of bytes; without a VR nobody knows whether a value is base64 or a word like it."""

        def cleaned(value: Json, subject: Subject) -> Value:
            if not isinstance(value, str):
                return value
            if perhaps_text and (said := self.echo_free(value, subject)) != value:
                return said or ABSENT
            if value not in subject.bytes:
                subject.bytes[value] = opaque.clean(
                    value, lambda text: self.echo_free(text, subject), lambda text: self._names(text, subject)
                )
            new = subject.bytes[value]
            return ABSENT if new is None else value if new == value else new or ABSENT

        return cleaned

    def _names(self, text: str, subject: Subject) -> bool:
        uids = Option.RETAIN_UIDS not in self.profile.options and bool(uids_in(text))
        # Among many bytes three letters are chance; among few they are a name.
        return uids or bool(subject.lexicon.spans(text, weak=len(text) < _FEW))

    def _uid_handler(self) -> Handler:
        def remapped(value: Json, subject: Subject) -> Value:
            if isinstance(value, str):
                new = self.remap(value)
                return value if new == value else new
            if isinstance(value, list):
                several: list[Json] = [self.remap(each) if isinstance(each, str) else each for each in value]
                return value if several == value else several
            return value

        return remapped

    def _items_handler(self, tag: int, sop_class: str, above: tuple[int, ...]) -> Handler:
        below = (*above, tag)

        def cleaned(value: Json, subject: Subject) -> Value:
            if not isinstance(value, list):
                return value
            new: list[Json] = []
            same = True
            for item in value:
                if isinstance(item, dict):
                    done = self.apply(item, subject, sop_class=sop_class, above=below)
                    same = same and done == item
                    new.append(done)
                else:
                    new.append(item)
            return value if same else new

        return cleaned

    def _content_handler(self, sop_class: str, above: tuple[int, ...]) -> Handler:
        below = (*above, CONTENT_SEQUENCE)
        scanned = {key: self._content_text(key, vocabulary=False) for key in VALUE_KEYS.values()}
        vetted = {key: self._content_text(key, vocabulary=True) for key in VALUE_KEYS.values()}

        def item_cleaned(item: dict[str, Json], subject: Subject) -> dict[str, Json]:
            done = self.apply(item, subject, sop_class=sop_class, above=below)
            code = content_code(item, self.profile)
            key = VALUE_KEYS.get(str(item.get("ValueType")), "")
            value = item.get(key)
            if (
                not key
                or value is None
                or not code
                or self._is_decided((*below, tag_of_key(key) or 0), value)
            ):
                return done
            if code == "D":
                done[key] = (
                    done[key]
                    if key == "UID"
                    else dummy(tag_of_key(key) or 0, vr_of_tag(tag_of_key(key) or 0))
                )
            elif code == "K":
                kept = scanned[key](value, subject) if key == "TextValue" else value
                done[key] = None if isinstance(kept, Absent) else kept
            elif code == "C" and key == "TextValue":
                new = vetted[key](value, subject)
                done[key] = dummy(tag_of_key(key) or 0, "UT") if isinstance(new, Absent) or not new else new
            return done

        def cleaned(value: Json, subject: Subject) -> Value:
            if not isinstance(value, list):
                return value
            new: list[Json] = [
                item_cleaned(item, subject) if isinstance(item, dict) else item
                for item in value
                if not (isinstance(item, dict) and content_code(item, self.profile) == "X")
            ]
            return value if new == value else new

        return cleaned

    def _is_decided(self, tags: tuple[int, ...], value: Json) -> bool:
        return bool(self._decisions) and as_text(value) in self._decisions.at(tags, ())

    def _content_text(self, key: str, *, vocabulary: bool) -> Handler:
        tag = tag_of_key(key) or 0
        reason = Reason(tag, self.profile.verdict(tag, vr_of_tag(tag)), Type.REQUIRED, Action.CLEAN)
        return self._text_handler(reason, "UT", vocabulary=vocabulary)

    def _text_handler(self, reason: Reason, vr: str, *, vocabulary: bool) -> Handler:
        fallback = self._fallback(reason, vr)
        weak = vr in _FREE_TEXT
        terms = terms_of(key_of_tag(reason.tag)) if vr == "CS" else frozenset[str]()

        def one(text: str, subject: Subject) -> str:
            if text in terms or (vr == "CS" and descriptors.is_term(text)):
                return text  # says nothing of a person, whoever's name or id holds the word
            known = subject.texts.get((weak, vocabulary, text))
            if known is None:
                known = self.echo_free(text, subject, weak=weak)
                known = descriptors.clean(known) if vocabulary else known
                subject.texts[weak, vocabulary, text] = known
            return known

        def cleaned(value: Json, subject: Subject) -> Value:
            if isinstance(value, str):
                new = one(value, subject)
                return value if new == value else new or fallback
            if isinstance(value, list):
                several: list[Json] = [
                    one(each, subject) if isinstance(each, str) else each for each in value
                ]
                if several == value:
                    return value
                return several if any(several) else fallback
            return value

        return cleaned


def _shifter(shift: Callable[[str, int], str | None], fallback: Value) -> Handler:
    def shifted(value: Json, subject: Subject) -> Value:
        if isinstance(value, list):
            moved = [shift(each, subject.days) if isinstance(each, str) else None for each in value]
            return list[Json](moved) if all(moved) else fallback
        new = shift(value, subject.days) if isinstance(value, str) else None
        return fallback if new is None else new

    return shifted


def vr_of_tag(tag: int) -> str:
    """Return the first VR that the dictionary allows the attribute, "" for what it does not know."""
    known = vrs(tag)
    return known[0] if known else ""
