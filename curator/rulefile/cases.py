"""Cases: a rule on a document of a few elements, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import changed
from curator.imageset import ImageSetMetadata
from curator.rulefile.actions.action import Verdict
from curator.rulefile.rule import Case, CaseElement, Outcome, Rule
from curator.rulefile.selectors import home_of

_SERIES: Final = "2.25.1"
_INSTANCE: Final = "2.25.2"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case came out. ``differences`` are sentences with the case's own values, which are made up."""

    rule: str
    line: int
    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as the case says."""
        return not self.differences


def document(elements: Iterable[CaseElement]) -> ImageSetMetadata:
    """Return a document of one series and one instance, each element on the level where the service keeps it."""
    levels: dict[Level, dict[str, Json]] = {level: {} for level in Level}
    vrs: dict[str, Json] = {}
    for one in elements:
        levels[home_of(one.key)][one.key] = one.value
        if one.vr:
            vrs[one.key] = one.vr
    instance: dict[str, Json] = {"DICOM": levels[Level.INSTANCE], "DICOMVRs": vrs, "ImageFrames": []}
    series: dict[str, Json] = {"DICOM": levels[Level.SERIES], "Instances": {_INSTANCE: instance}}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "0" * 32,
            "ImageSetID": "0" * 32,
            "Patient": {"DICOM": levels[Level.PATIENT]},
            "Study": {"DICOM": levels[Level.STUDY], "Series": {_SERIES: series}},
        }
    )


def run(rule: Rule, case: Case, outcome_of: Callable[[ImageSetMetadata], Outcome]) -> CaseResult:
    """Run one case of a rule and compare; ``outcome_of`` says what the rule, on its own, makes of a document."""
    doc = document(case.before)
    outcome = outcome_of(doc)
    after = _elements(changed(doc, outcome.changes))
    wanted = _elements(document(case.before if case.after is None else case.after))
    differences = [
        f"{key}: found {_shown(after, key)}; expected {_shown(wanted, key)}"
        for key in sorted(after.keys() | wanted.keys())
        if (key in after) != (key in wanted) or after.get(key) != wanted.get(key)
    ]
    verdicts = [_verdict(finding.evidence) for finding in outcome.findings]
    said = {verdict for verdict in verdicts if verdict != Verdict.NOTHING.value}
    expected = set() if case.finds is None else {case.finds.value}
    if said != expected and not (expected == {Verdict.NOTHING.value} and not said):
        differences += [finding.message for finding in outcome.findings if _verdict(finding.evidence) in said]
        differences.append(
            f"finds: found {', '.join(sorted(said)) or 'nothing'}; expected {case.finds or 'nothing'}"
        )
    return CaseResult(rule.id, case.line, case.name, tuple(differences))


def _verdict(evidence: tuple[tuple[str, str], ...]) -> str:
    return dict(evidence).get("verdict", "")


def _elements(doc: ImageSetMetadata) -> dict[str, Json]:
    instance = doc.instance(_INSTANCE)
    return {
        **doc.patient,
        **doc.study,
        **doc.series[_SERIES].dicom,
        **(instance.dicom if instance is not None else {}),
    }


def _shown(elements: Mapping[str, Json], key: str) -> str:
    if key not in elements:
        return "no such element"
    value = elements[key]
    return "an empty element" if value is None else repr(value)
