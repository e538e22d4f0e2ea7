"""Compare an original level with the published one, element by element, at every depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import is_private, tag_of_key
from curator.dicom.iods import Type, required_in_items
from curator.dicom.uids import is_registered
from curator.dicom.vr import BINARY, element_problem
from curator.findings import ABSENT, Absent
from curator.imageset import ElementPath
from curator.verify.accompanying import is_pointless
from curator.verify.claim import BY_RULE, Claim, Held
from curator.verify.content import VALUE_KEYS, code_of
from curator.verify.decided import Decisions, creators_of, disobeyed
from curator.verify.evidence import Check
from curator.verify.expectation import Expectation, Expectations, vr_of
from curator.verify.maps import Maps, days_between, is_exact
from curator.verify.saying import exact, is_dummy, is_nothing, says_nothing, strings
from curator.verify.tally import Tally
from curator.verify.terms import Terms
from curator.verify.texts import Texts, unvetted

_TEXT: Final = frozenset({"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", ""})
_CONTENT: Final = 0x0040A730
_OF_A_COMMENT: Final = (0x0040A010, 0x0040A040, 0x0040A043, 0x0040A160)
"""RelationshipType, ValueType, the concept's name, TextValue (C.17.3)."""
_FILE_META: Final = frozenset({0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013})
"""What the file meta information of every file says, which may not have been in the original's document."""
_ADDED: Final = frozenset(
    [
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    ]
)
_MUST: Final = frozenset({Type.REQUIRED, Type.REQUIRED_IF})
_PATIENT_ID, _PATIENT_NAME = "PatientID", "PatientName"


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a level or item: where it is, in which SOP class, under which sequences."""

    held: Held
    path: ElementPath
    sop_class: str
    above: tuple[int, ...] = ()
    declared: Mapping[str, str] = field(default_factory=dict)

    def below(self, key: str, number: int, tag: int) -> Around:
        """Return the surroundings of a sequence's item."""
        return Around(self.held, self.path.child(key, number), self.sop_class, (*self.above, tag))


class Comparison:
    """One subject's comparison; remembers what texts and dates showed."""

    def __init__(
        self, claim: Claim, expectations: Expectations, terms: Terms, maps: Maps, tally: Tally
    ) -> None:
        self._claim = claim
        self._expectations = expectations
        self._terms = terms
        self._maps = maps
        self._tally = tally
        self._decisions = Decisions(claim.decisions)
        self._texts = Texts(terms, maps)
        self.days: int | None = None
        """By how many days the subject's dates moved, once one showed it."""

    def node(self, before: Mapping[str, Json], after: Mapping[str, Json], around: Around) -> None:
        """Compare the attributes of a level, or of a sequence's item."""
        decided = creators_of(self._decisions, around.above, before) if self._claim.decisions else ()
        for key, value in before.items():
            tag = tag_of_key(key)
            if tag is None:
                self._absent(after.get(key, ABSENT), around, key, "a key that is no tag of DICOM", value)
            elif key in decided:
                self._tally.passed(Check.PRIVATE_IS_SAFE)  # of an element that a reviewer lets stay
            elif self._decided(tag, key, value, after.get(key, ABSENT), around):
                continue
            elif is_private(tag):
                self._private(before, after, key, tag, around)
            else:
                if key not in after and is_pointless(tag, before, after):
                    self._tally.passed(Check.TAG_RETAINED)
                    continue
                expected = self._expectations.of(
                    around.sop_class, (*around.above, tag), vr_of(tag, around.declared.get(key))
                )
                self._element(expected, key, value, after.get(key, ABSENT), around)
        for key in after:
            if key not in before and (key not in _ADDED or around.above) and not self._may_come(key, around):
                if key == _PATIENT_ID and not around.above:
                    continue  # Type 2 everywhere, and `proof` looks at it
                self._fail(Check.NOTHING_ADDED, around, key, "was not in the original", "", after[key])

    def _may_come(self, key: str, around: Around) -> bool:
        """Say whether a rule of the user's, or the writer of a file (PS3.15 E.1.1), may have added the element."""
        tag = tag_of_key(key)
        return self._claim.overrides.get(tag or 0) == BY_RULE or (tag in _FILE_META and not around.above)

    def _decided(self, tag: int, key: str, before: Json, after: Json | Absent, around: Around) -> bool:
        """Hold a value to what a reviewer decided of it; False where nobody did, or a rule has the last word."""
        if not self._claim.decisions or self._claim.overrides.get(tag) == BY_RULE:
            return False
        path = (*around.above, tag)
        vr = vr_of(tag, around.declared.get(key))
        said = self._decisions.of(path, vr, before)
        if said is None:
            return False
        expected = self._expectations.of(around.sop_class, path, vr)
        if after is not ABSENT and after != before:
            self._valid(tag, key, before, after, around)
        wrong = disobeyed(
            said,
            expected.type,
            before,
            after,
            identifies=self._identifies,
            suspect=self._texts.explained,
            trimmed=lambda old, new: self._texts.kept(replace(expected, action="C"), old, new),
            says_nothing=says_nothing,
        )
        if wrong:
            self._fail(Check.AS_DECIDED, around, key, wrong, before, after)
        else:
            self._tally.passed(Check.AS_DECIDED)
        return True

    def _identifies(self, value: Json) -> bool:
        return any(self._terms.found(text, weak=True) for text in strings(value))

    # ── one element ──────────────────────────────────────────────────────────────────────────────────

    def _element(
        self, expected: Expectation, key: str, before: Json, after: Json | Absent, around: Around
    ) -> None:
        self._required(expected, key, before, after, around)
        if after is not ABSENT and after != before:
            self._valid(expected.tag, key, before, after, around)
        if key in _ADDED and not around.above:
            return  # earlier hands' markers: `markers` looks at them
        if expected.action == BY_RULE:
            return
        if expected.action == "X":
            self._absent(after, around, key, f"must be removed: {expected.described}", before)
        elif isinstance(after, Absent):
            self._missing(expected, key, before, around)
        elif expected.vr == "SQ" and expected.action == "U":
            self._items(expected, key, before, after, around)
        elif expected.action == "U" or (expected.vr == "UI" and expected.action != "K"):
            self._uids(before, after, key, around)
        elif expected.action in ("Z", "D"):
            self._replaced(expected, key, before, after, around)
        elif expected.vr == "SQ":
            self._items(expected, key, before, after, around)
        elif expected.action == "C" and expected.vr in ("DA", "DT"):
            self._date(key, before, after, around)
        else:
            self._kept(expected, key, before, after, around)

    def _required(
        self, expected: Expectation, key: str, before: Json, after: Json | Absent, around: Around
    ) -> None:
        if expected.type is None or expected.type is Type.OPTIONAL or expected.code == "X":
            return  # what the table removes outright it removes from every IOD
        lost = after is ABSENT or (
            expected.type in _MUST and after in (None, []) and before not in (None, [])
        )
        if lost:
            self._fail(
                Check.REQUIRED_IS_THERE, around, key, f"Type {expected.type} is missing or empty", before
            )
        else:
            self._tally.passed(Check.REQUIRED_IS_THERE)

    def _valid(self, tag: int, key: str, before: Json, after: Json | Absent, around: Around) -> None:
        """A changed value must be valid for its VR, where the original's was."""
        value = None if isinstance(after, Absent) else after
        declared = around.declared.get(key)
        reason = element_problem(tag, value, vr=declared)
        if reason and element_problem(tag, before, vr=declared):
            return
        if reason:
            self._fail(Check.VALUE_IS_VALID, around, key, reason, "", value)
        else:
            self._tally.passed(Check.VALUE_IS_VALID)

    def _absent(self, after: Json | Absent, around: Around, key: str, message: str, before: Json) -> None:
        if after is ABSENT:
            self._tally.passed(Check.TEXT_REMOVED)
        else:
            self._fail(Check.TEXT_REMOVED, around, key, message, before, after)

    def _missing(self, expected: Expectation, key: str, before: Json, around: Around) -> None:
        """Judge an element that is gone though its row keeps, cleans or replaces it: absence is no pass."""
        if expected.action == "C" and expected.vr in ("DA", "DT"):
            texts = strings(before)
            if texts and all(is_exact(text) for text in texts):
                self._fail(Check.DATE_SHIFTED, around, key, "an exact date is gone, not shifted", before)
            else:
                self._tally.passed(Check.DATE_SHIFTED)
        elif expected.action == "C" or (
            expected.action == "K" and expected.vr in _TEXT | {"IS", "DS"} and self._texts.explained(before)
        ):
            self._tally.passed(Check.TEXT_REMOVED)
        else:
            self._fail(Check.TAG_RETAINED, around, key, f"is gone: {expected.described}", before)

    def _replaced(
        self, expected: Expectation, key: str, before: Json, after: Json | Absent, around: Around
    ) -> None:
        self._tally.passed(Check.TAG_RETAINED)
        if expected.action == "D":
            empty = after in (None, [], "") and before not in (None, [], "")
            if empty and not (
                expected.vr == "SQ" and not required_in_items(around.sop_class, (*around.above, expected.tag))
            ):
                self._fail(Check.TEXT_NOT_NULL, around, key, "is empty and needs a dummy", before)
                return
            self._tally.passed(Check.TEXT_NOT_NULL)
        if expected.vr == "SQ" and isinstance(after, list):
            self._dummy_items(expected, key, after, around)
        if key in (_PATIENT_ID, _PATIENT_NAME) and not around.above and after is not None:
            return  # a pseudonym: `proof` looks at it
        if before == after and before is not None and not (says_nothing(before) or is_dummy(before)):
            self._fail(Check.TEXT_REMOVED, around, key, f"is unchanged: {expected.described}", before, after)
        else:
            self._tally.passed(Check.TEXT_REMOVED)

    def _dummy_items(self, expected: Expectation, key: str, after: list[Json], around: Around) -> None:
        path = (*around.above, expected.tag)
        needed = required_in_items(around.sop_class, path)
        if (
            expected.tag == _CONTENT
        ):  # all macros of content items in one: what an item needs hangs on its ValueType
            needed = dict.fromkeys(_OF_A_COMMENT, Type.REQUIRED)
        for item in after:
            for tag, kind in needed.items():
                keys = {tag_of_key(each): each for each in item} if isinstance(item, dict) else {}
                value = item.get(keys[tag]) if isinstance(item, dict) and tag in keys else ABSENT
                if value is ABSENT or (kind is Type.REQUIRED and value is None):
                    self._fail(
                        Check.REQUIRED_IS_THERE,
                        around,
                        key,
                        f"an item lacks a Type {kind} attribute",
                        "",
                        after,
                    )
                    return
        self._tally.passed(Check.REQUIRED_IS_THERE)

    # ── UIDs and dates ───────────────────────────────────────────────────────────────────────────────

    def _uids(self, before: Json, after: Json | Absent, key: str, around: Around) -> None:
        if key in ("ImplementationClassUID",):
            return
        old, new = strings(before), strings(None if isinstance(after, Absent) else after)
        if len(old) != len(new):
            self._fail(Check.UID_CONSISTENT, around, key, "as many UIDs as before are wanted", before, after)
            return
        for one, other in zip(old, new, strict=True):
            self.uid(one, other, key, around)

    def uid(self, old: str, new: str, key: str, around: Around) -> None:
        """Take a UID before and after, and hold it to all pairs seen before."""
        old = old.strip(" \0")
        if is_registered(old) or not old:
            if old != new.strip(" \0"):
                self._fail(Check.UID_CONSISTENT, around, key, "a registered UID was changed", old, new)
            return
        if old == new:
            self._fail(Check.UID_CHANGED, around, key, "is unchanged", old, new)
            return
        self._tally.passed(Check.UID_CHANGED)
        wrong = self._maps.uids.take(old, new)
        if wrong:
            check = Check.MAP_IS_BIJECTIVE if wrong.startswith("two") else Check.UID_CONSISTENT
            self._fail(check, around, key, wrong, old, new)
        else:
            self._tally.passed(Check.UID_CONSISTENT)

    def _date(self, key: str, before: Json, after: Json | Absent, around: Around) -> None:
        old, new = strings(before), strings(None if isinstance(after, Absent) else after)
        if not old or (len(old) == len(new) and all(is_nothing(each) for each in new) and not exact(old)):
            self._tally.passed(Check.DATE_SHIFTED)
            return
        if not new:
            if exact(old):
                self._fail(Check.DATE_SHIFTED, around, key, "an exact date was emptied, not shifted", before)
            else:
                self._tally.passed(Check.DATE_SHIFTED)
            return
        moved = {days_between(one, other) for one, other in zip(old, new, strict=False)}
        if len(old) != len(new) or len(moved) != 1 or None in moved:
            self._fail(Check.DATE_SHIFTED, around, key, "did not move by whole days alone", before, after)
            return
        days = moved.pop() or 0
        if self.days is None and days:
            self.days = days
        if not days or days != self.days:
            said = "did not move" if not days else "moved by other days than the subject's other dates"
            self._fail(Check.DATE_SHIFTED, around, key, said, before, after)
        else:
            self._tally.passed(Check.DATE_SHIFTED)

    # ── kept and cleaned values ──────────────────────────────────────────────────────────────────────

    def _kept(
        self, expected: Expectation, key: str, before: Json, after: Json | Absent, around: Around
    ) -> None:
        value = None if isinstance(after, Absent) else after
        if expected.action == "C" and expected.vr in _TEXT and unvetted(value):
            said = "keeps a word that no vocabulary knows and nobody decided"
            self._fail(Check.TEXT_REMOVED, around, key, said, before, after)
            return
        if before == after:
            self._tally.passed(Check.TEXT_RETAINED)
            return
        if expected.vr in _TEXT:
            kept = self._texts.kept(expected, before, value)
        else:
            kept = (expected.action == "C" and expected.vr != "TM") or (
                expected.vr in BINARY and self._texts.reading_explained(before)
            )
            kept = kept or (expected.vr in ("IS", "DS") and self._texts.explained(before))
        if kept:
            self._tally.passed(Check.TEXT_RETAINED)
        else:
            self._fail(Check.TEXT_RETAINED, around, key, f"was changed: {expected.described}", before, after)

    # ── sequences ────────────────────────────────────────────────────────────────────────────────────

    def _items(
        self, expected: Expectation, key: str, before: Json, after: Json | Absent, around: Around
    ) -> None:
        old = [item for item in before if isinstance(item, dict)] if isinstance(before, list) else []
        new = [item for item in after if isinstance(item, dict)] if isinstance(after, list) else []
        content = expected.tag == _CONTENT and expected.action == "C"
        if content:
            old = [item for item in old if code_of(item, self._claim.options) != "X"]
        if len(old) != len(new):
            self._fail(Check.TAG_RETAINED, around, key, "has not the items it should have", before, after)
            return
        self._tally.passed(Check.TAG_RETAINED)
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            below = around.below(key, number, expected.tag)
            if content:
                self._content_item(one, other, below)
            else:
                self.node(one, other, below)

    def _content_item(self, before: dict[str, Json], after: dict[str, Json], around: Around) -> None:
        """Compare an item of structured content: its concept and value type decide over its own value."""
        code, key = code_of(before, self._claim.options), VALUE_KEYS.get(str(before.get("ValueType")), "")
        value = before.get(key)
        path = (*around.above, tag_of_key(key) or 0)
        if not code or not key or value is None or self._decisions.of(path, "", value):
            self.node(before, after, around)
            return
        rest = [{name: each for name, each in node.items() if name != key} for node in (before, after)]
        self.node(rest[0], rest[1], around)
        new = after.get(key)
        if code == "D" and new == value and not says_nothing(value):
            self._fail(Check.TEXT_REMOVED, around, key, "is unchanged: PS3.15 E.3.4-1", value, new)
        elif code == "C" and key == "TextValue" and unvetted(new):
            said = "keeps a word that no vocabulary knows and nobody decided"
            self._fail(Check.TEXT_REMOVED, around, key, said, value, new)
        elif code == "K" and new != value and not self._texts.explained(value):
            self._fail(Check.TEXT_RETAINED, around, key, "was changed: PS3.15 E.3.4-1", value, new)
        elif new is None:
            self._fail(Check.REQUIRED_IS_THERE, around, key, "a content item lost its value", value, new)
        else:
            self._tally.passed(Check.TEXT_REMOVED)

    # ── private elements ─────────────────────────────────────────────────────────────────────────────

    def _private(
        self, before: Mapping[str, Json], after: Mapping[str, Json], key: str, tag: int, around: Around
    ) -> None:
        there = key in after
        if tag & 0xFFFF == 0:
            safe = False
        elif 0x10 <= tag & 0xFFFF <= 0xFF:
            block = f"{tag >> 16:04X}{tag & 0xFF:02X}"
            held = [
                other
                for other in before
                if other.startswith(block) and len(other) == 8 and self._safe(before, other)
            ]
            safe = bool(held) and (there or any(other in after for other in held))
        else:
            safe = self._safe(before, key)
        if there and not safe:
            self._fail(
                Check.PRIVATE_IS_SAFE, around, key, "a private element that no list calls safe", before[key]
            )
            return
        self._tally.passed(Check.PRIVATE_IS_SAFE)
        if not there:
            if safe and not self._texts.value_explained(before[key]):
                self._fail(Check.TAG_RETAINED, around, key, "a safe private element is gone", before[key])
            return
        old, new = before[key], after[key]
        if isinstance(old, list) and isinstance(new, list) and any(isinstance(item, dict) for item in old):
            for number, (one, other) in enumerate(zip(old, new, strict=False)):
                if isinstance(one, dict) and isinstance(other, dict):
                    self.node(one, other, around.below(key, number, tag))
        elif old != new and not self._texts.value_explained(old):
            vr = around.declared.get(key, "")
            if vr == "UI":
                self._uids(old, new, key, around)
            elif vr not in ("DA", "DT"):
                self._fail(Check.TEXT_RETAINED, around, key, "a safe private element was changed", old, new)

    def _safe(self, node: Mapping[str, Json], key: str) -> bool:
        tag = tag_of_key(key)
        if tag is None:
            return False
        creator = node.get(f"{tag >> 16:04X}00{_block_of(tag):02X}")
        names = strings(creator)
        return bool(names) and self._expectations.private_is_safe(names[0], tag)

    def _fail(
        self, check: Check, around: Around, key: str, message: str, before: object = "", after: object = ""
    ) -> None:
        self._tally.fail(check, around.held, around.path.child(key), message, before, after)


def _block_of(tag: int) -> int:
    low = tag & 0xFFFF
    return low if 0x10 <= low <= 0xFF else low >> 8
