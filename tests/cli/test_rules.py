"""``curator rules``: stdout is data, exit 2 for a rule file that does not hold, exit 1 for a case that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from curator.cli.main import run
from curator.ruleshelf import bundled

Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["rules", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


BAD = "version: 1\nname: bad\nwhy: x\nwhere: 'modalty:CT'\nrules:\n  - id: a\n    why: x\n    select: PatientNam\n    do: remov\n"
WRONG = """\
version: 1
name: wrong
why: x
rules:
  - id: a
    why: x
    select: PatientComments
    do: remove
    cases:
      - before: {PatientComments: x}
"""


def test_list_names_the_bundled_files_and_the_words(ran: Ran) -> None:
    code, out, _ = ran("list", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [row["name"] for row in rows] == list(bundled())
    assert len(rows) >= 6
    assert all(row["why"] and (row["rules"] or row["profile"]) for row in rows)
    words = json.loads(ran("list", "--words", "--json")[1])
    assert {"kind": "action", "word": "remove", "does": "Remove the element."} in words


def test_lint_tells_every_problem_with_its_line_and_exits_2(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    code, out, err = ran("lint", str(path))
    assert (code, out) == (2, "")
    assert f"{path}:4: found where: 'modalty:CT'" in err
    assert f"{path}:8: rule a: found 'PatientNam'" in err
    assert "did you mean PatientName?" in err
    assert f"{path}:9: rule a: found the unknown action 'remov'" in err
    assert "3 problems" in err
    code, out, _ = ran("lint", str(path), "--json")
    assert code == 2
    assert len(json.loads(out)) == 3


def test_lint_of_good_files_says_so_on_stderr(ran: Ran) -> None:
    code, out, err = ran("lint", *bundled())
    assert (code, out) == (0, "")
    assert "nothing to complain about" in err


def test_lint_of_what_is_no_text_is_a_problem_too(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"version: 1\nname: caf\xe9\n")
    code, _, err = ran("lint", str(path))
    assert code == 2
    assert f"{path}:2: found bytes that are no UTF-8" in err


def test_a_name_that_is_none_is_a_usage_error_with_the_nearest(ran: Ran) -> None:
    code, _, err = ran("lint", "body-part-term")
    assert code == 2
    assert "did you mean body-part-terms?" in err
    assert ran("lint", "nowhere/mine.yaml")[0] == 2
    assert ran("explain", "truncat")[0] == 2


def test_test_runs_the_bundled_cases(ran: Ran) -> None:
    code, out, err = ran("test")
    assert (code, out) == (0, "")
    assert ", 0 came out differently" in err


def test_test_shows_what_came_out_differently_and_exits_1(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    code, out, err = ran("test", str(path))
    assert code == 1
    assert out == f"{path}:10: rule a: PatientComments: found no such element; expected 'x'\n"
    assert "1 case, 1 came out differently" in err
    rows = json.loads(ran("test", str(path), "--json")[1])
    assert rows[0]["passed"] is False


def test_explain_shows_rules_files_and_words(ran: Ran) -> None:
    page = ran("explain", "laterality-letters")[1]
    assert page.startswith("laterality-letters (rule, ")
    assert "Laterality is R or L." in page
    assert "image-laterality-letters" not in page
    assert "laterality-unknown: " in ran("explain", "laterality")[1]
    both = ran("explain", "vr")[1]
    assert "vr (selector)" in both
    assert "vr (condition)" in both
    assert "truncate: year" in ran("explain", "truncate")[1]


def test_checks_are_listed_and_explained_too(ran: Ran) -> None:
    rows = json.loads(ran("list", "--checks", "--json")[1])
    assert rows
    code, out, _ = ran("explain", rows[0]["code"])
    assert code == 0
    assert rows[0]["name"] in out
    assert ran("explain", rows[0]["name"])[1] == out


def test_explain_takes_a_file(ran: Ran, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    assert f"a (rule, {path}:5)" in ran("explain", "a", "--file", str(path))[1]


def test_schema_is_one_json_document(ran: Ran) -> None:
    code, out, _ = ran("schema")
    assert code == 0
    assert json.loads(out)["title"] == "curator rule file"


def test_convert_writes_a_rule_file_and_lists_what_it_left_out(ran: Ran, tmp_path: Path) -> None:
    script = tmp_path / "Site Anonymizer.script"
    script.write_text(
        '<script>\n<e en="T" t="00100040" n="PatientSex">@keep()</e>\n'
        '<e en="T" t="00080020" n="StudyDate">@date()</e>\n</script>\n'
    )
    made = tmp_path / "site.yaml"
    code, out, err = ran("convert", str(script), "-o", str(made))
    assert (code, out) == (1, "")
    assert f"{script}:3: not translated" in err
    assert "1 line translated, 1 line not" in err
    assert ran("lint", str(made))[0] == 0
    assert "name: site-anonymizer" in made.read_text()
    assert ran("convert", str(made))[0] == 2
