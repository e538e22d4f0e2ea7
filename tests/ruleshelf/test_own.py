"""A project keeps rule files of its own: from a template, or copied from what is there, never over another."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from curator.deid.ruled import run_cases
from curator.errors import CuratorError, Refused, UsageError
from curator.project import Project
from curator.ruleshelf import bundled, lint, open_rule_file, problems_of
from curator.ruleshelf.own import SESSIONS, copy_to_own, keep_own, new_own, save_own, shelf


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.open(tmp_path / "project")


def test_a_new_file_lints_clean_its_case_holds_and_it_is_listed_first(project: Project) -> None:
    made = new_own(project, "ours")
    assert problems_of(str(made))[1] == ()
    assert [result.passed for result in run_cases(open_rule_file(str(made)))] == [True, True]
    first, *others = shelf(project)
    assert (first.name, first.spec, first.own) == ("ours", str(made), True)
    assert [each.name for each in others] == list(bundled())
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "Ours", "../ours", "a b", "x" * 65, "\\1"])
def test_a_name_that_rule_files_cannot_have_is_refused(project: Project, name: str) -> None:
    with pytest.raises(UsageError):
        new_own(project, name)
    with pytest.raises(UsageError):
        copy_to_own(project, "laterality", name)


@pytest.mark.parametrize("name", ["123", "true", "null", "1e5"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(project: Project, name: str) -> None:
    for path in (new_own(project, name), copy_to_own(project, "laterality", f"{name}0")):
        assert open_rule_file(str(path)).name == path.stem


def test_nothing_is_written_over(project: Project) -> None:
    path = new_own(project, "ours")
    with pytest.raises(Refused):
        copy_to_own(project, "laterality", "ours")
    assert "ours-1" in path.read_text()


def test_a_copy_has_its_own_name_and_the_tables_it_reads(project: Project) -> None:
    made = copy_to_own(project, "patient-ids", "our-ids")
    assert open_rule_file(str(made)).name == "our-ids"
    assert {path.name for path in made.parent.iterdir()} == {"our-ids.yaml", "patient-ids.csv"}
    (made.parent / "patient-ids.csv").write_text("changed\n")
    with pytest.raises(Refused):
        copy_to_own(project, "patient-ids", "other-ids")


@pytest.mark.parametrize("name", bundled())
def test_each_bundled_file_can_be_copied(project: Project, name: str) -> None:
    made = copy_to_own(project, name, "mine")
    assert problems_of(str(made))[1] == ()


def test_text_is_linted_as_the_file_it_would_be(project: Project) -> None:
    path = new_own(project, "ours")
    text = (
        path.read_text().replace("StudyDescription\n", "StudyDescripton\n").replace("do: empty", "do: emty")
    )
    _, problems = lint(text, path)
    assert [problem.line for problem in problems] == [8, 10]
    assert path.read_text() != text, "nothing was saved"
    save_own(path, text)
    assert path.read_text() == text


def test_what_cannot_be_saved_is_told(tmp_path: Path) -> None:
    with pytest.raises(CuratorError):
        save_own(tmp_path / "gone" / "ours.yaml", "version: 1\n")


def test_saved_sessions_are_on_the_shelf_and_go_with_a_purge(project: Project) -> None:
    mine, session = new_own(project, "ours"), keep_own(project, "monday", "version: 1\n", SESSIONS)
    assert [each.name for each in shelf(project) if each.own] == ["ours", "monday"]
    project.purge()
    assert (mine.exists(), session.exists()) == (True, False)
