"""A profile and the rules beside it, as one: the table's word on every element, the rules' word over it.

`load_profile` reads a rule file with ``profile:``; `Deidentification.outcome` says what becomes of a document. A rule
that writes an element writes it in the table's place; one that keeps it keeps it, cleaned of what identifies the
subject; what a rule makes of an original value is searched for identifiers too. Where the table takes a whole
sequence away, rules about what is in it have nothing to write: say ``keep`` of the sequence first.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from curator.deid.decisions import Decisions
from curator.deid.engine import Engine
from curator.deid.keyed import Keyed, Mac
from curator.deid.overlay import changes_at, creator_of, laid_over, touched
from curator.deid.private import is_creator
from curator.deid.profile import Override, Profile
from curator.deid.profilefile import SECTION, ProfileSection, section_of
from curator.deid.subject import Subject, subject
from curator.deid.taglist import PrivateList, in_order
from curator.deid.words import VOCABULARY, KeepPrivate
from curator.dicom import Json
from curator.dicom.dictionary import is_private
from curator.errors import UsageError
from curator.findings import Absent, Change, Finding, Safety, Severity, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile import CaseResult, Outcome, RuleFile, load
from curator.rulefile.actions.write import Keep, Literal, Lookup
from curator.rulefile.cases import document
from curator.treatments import TreatedLevel, made_by

OVERRULED: Final = "rule-overruled"
"""The code of findings about rules that do nothing: the sequence around is taken away, or the key alone decides."""
_FREE: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT", "CS", "AE", "PN"})
_IDENTITY: Final = frozenset(
    {"PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"}
)
# What these write says the rule file, not the original: a word of it is no echo.
_OWN_WORDS: Final = (Literal, Lookup)


@dataclass(frozen=True, slots=True)
class Deidentification:
    """What a rule file with ``profile:`` asks for."""

    name: str
    why: str
    where: str
    profile: Profile
    rules: RuleFile
    private: tuple[PrivateList, ...] = ()
    section: ProfileSection | None = field(default=None, repr=False)

    def engine(
        self,
        keyed: Keyed,
        *,
        decisions: Decisions | None = None,
        verdicts: Sequence[PrivateList] = (),
    ) -> Engine:
        """Return the engine of a key; ``verdicts`` are the project's own lists of private elements."""
        return Engine(
            self.profile, keyed, private=(in_order((*verdicts, *self.private)),), decisions=decisions
        )

    def held(self, doc: ImageSetMetadata) -> frozenset[ElementPath]:
        """Return the elements that rules keep in a document, whatever the table says."""
        keeping = tuple(rule for rule in self.rules.rules if isinstance(rule.actions[-1], Keep | KeepPrivate))
        return replace(self.rules, rules=keeping).outcome(doc).held if keeping else frozenset()

    def outcome(self, engine: Engine, doc: ImageSetMetadata, about: Subject, *, version: str = "") -> Outcome:
        """Return changes, findings, and the levels to be left out; ``engine`` is one that `engine` made."""
        table = engine.changes(doc, about)
        if not self.rules.rules:
            return Outcome(table, (), frozenset())
        said = self.rules.outcome(doc, about, engine, version=version)
        where = touched(said)
        over = Over(self, engine, doc, about, changes_at(table, where), said).outcome()
        return replace(over, changes=laid_over(table, doc, where, over.changes))


def load_profile(
    source: RuleFile | str, name: str = "profile", *, files: Callable[[str], str] | None = None
) -> Deidentification:
    """Return what a rule file (loaded in `VOCABULARY`, or its text) asks for.

    RuleFileError with every problem of a text; UsageError where the file has no ``profile:``.
    """
    file = load(source, name, files=files, vocabulary=VOCABULARY) if isinstance(source, str) else source
    section = section_of(file)
    if section is None:
        raise UsageError(
            f"The rule file {file.source} has no profile: it cannot de-identify on its own.",
            hint=f"add {SECTION}: {{options: […]}}, or use a bundled profile such as basic",
        )
    return Deidentification(
        file.name, file.why, file.where, section.profile(file.name), file, section.private, section
    )


def demonstration_key() -> Keyed:
    """Return the key that cases of rule files are run with: known to all, and so the same for all."""

    def keyed(domain: str) -> Mac:
        subkey = hmac.digest(b"curator: the key of cases, known to all", domain.encode(), "sha256")
        return lambda data: hmac.digest(subkey, data, "sha256")

    return keyed


def run_cases(file: RuleFile) -> Iterator[CaseResult]:
    """Run the cases of a file's rules, and those of its profile with the rules over it."""
    key = demonstration_key()
    section = section_of(file)
    asked = load_profile(file) if section is not None else None
    engine = asked.engine(key) if asked is not None else Engine(Profile("rules"), key)

    def given(doc: ImageSetMetadata) -> tuple[object, ...]:
        return engine, subject([doc], engine.profile, key)

    yield from file.test(given)
    if asked is not None and section is not None:
        yield from _profile_cases(asked, section, engine, key)


def _profile_cases(
    asked: Deidentification, section: ProfileSection, engine: Engine, key: Keyed
) -> Iterator[CaseResult]:
    for case in section.cases:
        doc = document(case.before)
        about = subject([doc], asked.profile, key)
        said = asked.outcome(engine, doc, about)
        wanted = _flat(document(case.before if case.after is None else case.after))
        found = _flat(made_by(said.changes, doc))
        named = (
            _flat(doc).keys() | wanted.keys()
        )  # markers are on every instance: a case need not repeat them
        differences = [
            f"{key}: found {_shown(found, key)}; expected {_shown(wanted, key)}"
            for key in sorted(named)
            if (key in found) != (key in wanted) or found.get(key) != wanted.get(key)
        ]
        finds = {dict(finding.evidence).get("verdict", "") for finding in said.findings} - {"", "nothing"}
        if finds != (set() if case.finds is None else {case.finds.value}):
            differences.append(
                f"finds: found {', '.join(sorted(finds)) or 'nothing'}; expected {case.finds or 'nothing'}"
            )
        yield CaseResult("", case.line, case.name, tuple(differences))


def _flat(doc: ImageSetMetadata) -> dict[str, Json]:
    found = {**doc.patient, **doc.study}
    for series in doc.series.values():
        found |= series.dicom
    for _, _, instance in doc.instances():
        found |= instance.dicom
    return found


def _shown(elements: dict[str, Json], key: str) -> str:
    if key not in elements:
        return "no such element"
    return "an empty element" if elements[key] is None else repr(elements[key])


class Over:
    """Lays what the rules say over what the table says: all of it, or what it says of the elements that rules `touched`."""

    def __init__(
        self,
        asked: Deidentification,
        engine: Engine,
        doc: ImageSetMetadata,
        about: Subject,
        table: Iterable[Change],
        said: Outcome,
    ) -> None:
        self.asked = asked
        self.engine = engine
        self.doc = doc
        self.about = about
        self.said = said
        self.changes = {change.path: change for change in table}
        self.findings: list[Finding] = list(said.findings)
        self._kept: dict[int, dict[ElementPath, TreatedLevel]] = {}

    def outcome(self) -> Outcome:
        """Return both as one."""
        for path in sorted(self.said.held):
            self._hold(path)
        written = {change.path: change for change in self.said.changes}
        table = {path: self.changes[path] for path in written if path in self.changes}
        for path in list(self.changes) if written else ():
            if _written_over(written, path):
                del self.changes[path]
        for path, change in written.items():
            if self._taken_away(path):
                self._overruled(path, change.why.rule, "the table takes the sequence around away")
            elif self._identity(change):
                self._overruled(path, change.why.rule, "what links a subject's data has one replacement")
                self.changes |= {path: table[path]} if path in table else {}
            else:
                self.changes[path] = self._explained(self._echo_free(change))
        return Outcome(
            tuple(self.changes.values()), tuple(self.findings), self.said.quarantined, self.said.held
        )

    def _hold(self, path: ElementPath) -> None:
        """Undo what the table does to an element that a rule keeps, except cleaning; what holds it stays too."""
        gone = self.changes.pop(path, None)
        if gone is None:
            if self._taken_away(path):
                self._overruled(path, "", "the table takes the sequence around away")
            return
        if not path.depth and path.key in _IDENTITY:
            self.changes[path] = gone
            self._overruled(path, "", "what links a subject's data has one replacement")
            return
        value = gone.before
        tag = path.tag
        if isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            self._keep_text(gone)
        elif isinstance(value, list) and tag is not None and not is_private(tag):
            self._keep_items(path, tag)
        if tag is not None and is_private(tag) and not is_creator(tag):
            self.changes.pop(_beside(path, creator_of(tag)), None)

    def _keep_text(self, gone: Change) -> None:
        if gone.vr not in _FREE and gone.vr not in ("", "UN"):
            return
        new = self._cleaned(gone.before)
        if new != gone.before:
            why = Why(gone.why.rule, gone.why.text, (*gone.why.detail, ("rule", "keep, identifiers cut out")))
            self.changes[gone.path] = msgspec.structs.replace(gone, after=new or None, why=why)

    def _keep_items(self, path: ElementPath, tag: int) -> None:
        """Keep a sequence, its items cleaned by the table: what an override ``K`` would do."""
        levels = self._kept.get(tag)
        if levels is None:
            kept = {**self.engine.profile.overrides, tag: Override("K", "a rule keeps the sequence")}
            engine = self.engine.with_profile(replace(self.engine.profile, overrides=kept))
            levels = {level.place: level for level in engine.changes(self.doc, self.about).levels}
            self._kept[tag] = levels
        level = levels.get(path.at_level())
        for change in level.changes() if level is not None else ():
            if _begins(change.path.steps, path.steps):
                self.changes[change.path] = change

    def _taken_away(self, path: ElementPath) -> bool:
        return any(
            ElementPath(path.level, path.series, path.instance, path.steps[:end]) in self.changes
            for end in range(1, len(path.steps), 2)
        )

    def _identity(self, change: Change) -> bool:
        """Say whether a rule would part what belongs together, or join what does not: ids that are not the key's.

        Two subjects must never share a PatientID, and an instance's UIDs are what references and image sets go by.
        """
        if change.path.depth or change.path.key not in _IDENTITY:
            return False
        if change.path.key == "PatientID":
            return change.after != self.about.pseudonym
        return not isinstance(change.before, str) or change.after != self.engine.remap(change.before)

    def _overruled(self, path: ElementPath, rule: str, why: str) -> None:
        where = self.doc.anonymous(path)
        said = f"{where}: {why}; {f'the rule {rule}' if rule else 'a rule that keeps it'} does nothing here"
        self.findings.append(Finding(OVERRULED, Severity.NOTE, said, ((self.doc.image_set_id, ""),), path))

    def _echo_free(self, change: Change) -> Change:
        """Search what a rule made of an original value for identifiers, as all that remains is searched."""
        rule = self.asked.rules.rule(change.why.rule)
        own = rule is not None and isinstance(rule.actions[-1], _OWN_WORDS)
        if own or isinstance(change.after, Absent) or change.vr not in _FREE:
            return change
        if change.after == self.about.pseudonym:
            return change
        new = self._cleaned(change.after)
        return change if new == change.after else msgspec.structs.replace(change, after=new or None)

    def _cleaned(self, value: Json | Absent) -> Json:
        if isinstance(value, str):
            return self.engine.echo_free(value, self.about)
        if isinstance(value, list):
            cleaned: list[Json] = [
                self.engine.echo_free(each, self.about) if isinstance(each, str) else each for each in value
            ]
            return cleaned if any(cleaned) else None
        return None if isinstance(value, Absent) else value

    def _explained(self, change: Change) -> Change:
        """Put the table's word before the rule's."""
        reason = self.engine.reason_at(self.doc, change.path)
        if reason is None:
            return msgspec.structs.replace(change, safety=Safety.REVIEW)
        table = reason.why(self.engine.profile).detail
        why = Why(change.why.rule, change.why.text, (*table, ("rule", change.why.rule), *change.why.detail))
        return msgspec.structs.replace(change, why=why, safety=Safety.REVIEW)


def _begins(steps: tuple[str | int, ...], head: tuple[str | int, ...]) -> bool:
    return steps[: len(head)] == head


def _written_over(written: dict[ElementPath, Change], path: ElementPath) -> bool:
    """Say whether a rule writes the element, or a sequence that holds it."""
    return any(
        ElementPath(path.level, path.series, path.instance, path.steps[:end]) in written
        for end in range(1, len(path.steps) + 1, 2)
    )


def _beside(path: ElementPath, key: str) -> ElementPath:
    """Return the path of the element ``key`` beside this one."""
    return ElementPath(path.level, path.series, path.instance, (*path.steps[:-1], key))
