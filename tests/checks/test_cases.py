"""Every check catches its bad cases and leaves its good ones alone, in a real catalogue; its prose is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.checks import CHECKS, Check, explain, run
from curator.checks.cases import NOW, Case
from curator.checks.check import SECTIONS, sections
from curator.errors import UsageError
from curator.findings import Finding
from tests.catalogue.stores import filled
from tests.generate import checks
from tests.tools import ROOT


def found(folder: Path, case: Case, code: str) -> list[Finding]:
    with filled(folder, case.samples) as catalogue:
        return list(run(catalogue.view(now=NOW), [code]))


def _cases(kind: str) -> list[object]:
    return [
        pytest.param(check, case, id=f"{check.code}-{case.name}")
        for check in CHECKS
        for case in getattr(check, kind)
    ]


@pytest.mark.parametrize(("check", "case"), _cases("bad"))
def test_it_catches(tmp_path: Path, check: Check, case: Case) -> None:
    findings = found(tmp_path, case, check.code)
    assert findings
    assert {finding.code for finding in findings} == {check.code}


@pytest.mark.parametrize(("check", "case"), _cases("good"))
def test_it_leaves_alone(tmp_path: Path, check: Check, case: Case) -> None:
    assert found(tmp_path, case, check.code) == []


def test_at_a_tie_no_value_is_proposed(tmp_path: Path) -> None:
    (check,) = (each for each in CHECKS if each.code == "CUR103")
    tied, _, uneven = check.bad
    (finding,) = found(tmp_path / "tied", tied, "CUR103")
    assert finding.changes == ()
    assert "no majority" in finding.proposal
    (finding,) = found(tmp_path / "uneven", uneven, "CUR103")
    assert len(finding.changes) == 1


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_its_prose_has_every_section_and_explain_shows_it(check: Check) -> None:
    text = sections(check)
    assert all(text.get(section) for section in SECTIONS), check.name
    assert all(section in explain(check.code) for section in SECTIONS)
    assert explain(check.name) == explain(check.code)


def test_the_documentation_is_what_the_checks_say() -> None:
    assert (ROOT / checks.TARGET).read_text(encoding="utf-8") == checks.generate(), (
        "python -m tests.generate checks"
    )


def test_codes_and_names_are_unique_and_checks_without_cases_are_those_that_need_files() -> None:
    assert len({check.code for check in CHECKS}) == len({check.name for check in CHECKS}) == len(CHECKS)
    assert {check.name for check in CHECKS if not check.bad} == {"flattened", "incomplete-import"}


def test_messages_hold_no_values(tmp_path: Path) -> None:
    """What may hold a value is evidence; a message may reach a log."""
    for number, check in enumerate(CHECKS):
        for case in check.bad:
            folder = tmp_path / f"{number}-{case.name}"
            for finding in found(folder, case, check.code):
                for value in (
                    "Mustermann",
                    "Erika",
                    "4711",
                    "19640812",
                    "Kurz",
                    "CASE",
                    "2021-",
                    "NOBODY",
                    "HEAD",
                ):
                    assert value not in finding.message, (check.code, case.name)


def test_an_unknown_code_is_a_usage_error(tmp_path: Path) -> None:
    with filled(tmp_path, []) as catalogue, pytest.raises(UsageError, match="CUR999"):
        list(run(catalogue.view(now=NOW), ["CUR999"]))


def test_select_takes_beginnings_and_names_and_ignore_takes_away(tmp_path: Path) -> None:
    torn = next(check for check in CHECKS if check.code == "CUR102").bad[0]
    with filled(tmp_path, torn.samples) as catalogue:
        view = catalogue.view(now=NOW)
        assert {f.code for f in run(view, ["CUR1"])} == {"CUR101", "CUR102"}
        assert {f.code for f in run(view, ["CUR1"], ["torn-series"])} == {"CUR102"}
        assert {f.code for f in run(view, ["torn-series"])} == {"CUR101"}
        assert list(run(view, ["CUR1"], ids=["nobody"])) == []
