"""A rule file loads, or all that is wrong with it is told at once, each thing with its line."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import RuleFileError
from curator.findings import Safety
from curator.rulefile import BASE, Action, Problem, RuleFile, load, read
from curator.rulefile.docs import example_file
from curator.rulefile.nodes import LIMIT_CHARACTERS, LIMIT_DEPTH, LIMIT_NODES
from tests.rulefile.support import TABLES, file_text, found, problems, rules

GOOD = """\
version: 1
name: station-names
why: Stations are written in capitals.
where: modality:CT
rules:
  - id: upper
    why: One spelling.
    select: StationName
    do: {case: upper}
    priority: 5
    safety: safe
"""


def test_a_good_file_loads_with_defaults() -> None:
    file = load(GOOD, "station.yaml")
    rule = file.rules[0]
    assert (file.name, file.where, file.where_line) == ("station-names", "modality:CT", 4)
    assert (rule.id, rule.line, rule.priority, rule.safety) == ("upper", 6, 5, Safety.SAFE)
    assert rule.because.detail == (("rule file", "station.yaml:6"), ("action", "case"))
    assert rules("{select: StationName, do: remove}").rules[0].safety is Safety.REVIEW


def test_scalars_are_text_whatever_yaml_makes_of_them() -> None:
    file = rules(
        "{select: PatientIdentityRemoved, do: {literal: NO}}",
        "{select: PatientComments, do: {literal: 12:30:00}}",
        "{select: 00100010, do: {literal: 0777}}",
        "{select: StudyDate, do: {literal: 20200101}}",
    )
    texts = [getattr(rule.actions[0], "value", None) for rule in file.rules]
    assert texts == [("NO",), ("12:30:00",), ("0777",), ("20200101",)]


def test_all_problems_are_told_at_once_each_with_line_rule_found_and_expected() -> None:
    text = textwrap.dedent("""\
        version: 2
        name: Bad Name
        why: x
        wher: modality:CT
        rules:
          - id: a
            why: x
            select: BodyPartExamned
            do: remov
          - id: a
            select: PatientID
            do: {truncate: many}
            when: {element: Modality, equls: CT}
            safety: yes
        """)
    with pytest.raises(RuleFileError) as raised:
        load(text, "bad.yaml")
    told = raised.value.problems
    assert raised.value.exit_code == 2
    assert [line.split(": ")[0] for line in told] == [
        f"bad.yaml:{number}" for number in (1, 2, 4, 8, 9, 10, 10, 12, 13, 14)
    ]
    assert "did you mean where?" in told[2]
    assert "rule a: found 'BodyPartExamned'" in told[3]
    assert "did you mean BodyPartExamined?" in told[3]
    assert "did you mean remove?" in told[4]
    assert any("the id 'a' again" in line and "first in line 6" in line for line in told)
    assert any("no why" in line for line in told)
    assert "did you mean equals?" in told[8]
    assert "safe, review, report-only" in told[9]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "an empty file"),
        ("# nothing\n", 1, "an empty file"),
        ("- a\n", 1, "a list"),
        ("just words", 1, "'just words'"),
        ("name: a\nname: b\n", 2, "'name' again"),
        ("name: &x a\n", 1, "the anchor &x"),
        ("why: &x a\nname: *x\n", 2, "the alias *x"),
        ("name: !!int 5\n", 1, "the tag"),
        ("name: !<tag:yaml.org,2002:python/object> x\n", 1, "the tag"),
        ("%YAML 1.1\n---\nname: a\n", 1, "a % directive"),
        ("name: a\n---\nname: b\n", 2, "a second document"),
        ("? [a]\n: b\n", 1, "a list or mapping as a key"),
        ("name: 'a\n", 2, "not YAML"),
        ("a:\n\tb: c\n", 2, "not YAML"),
        ("name: a\x07\n", 1, "U+0007"),
        ("name: a\nwhy: \ud800\n", 2, "U+D800"),
        ("name: a\rwhy: b", 1, "U+000D"),
        ("name: a\r\nwhy: b\x85c", 2, "U+0085"),
        ("name: " + "x" * 20_000, 1, "a line of 20,006 characters"),
        ("[" * (LIMIT_DEPTH + 1), 1, "nesting deeper"),
        ("[" * 100_000, 1, "a line of"),
        ("a:\n" + " - [1,1,1,1,1,1,1,1,1,1]\n" * (LIMIT_NODES // 10), 9092, "more than 100,000 values"),
        ("x" * (LIMIT_CHARACTERS + 1), 1, "1,000,001 characters"),
        ("<<: {name: a}\n", 1, "the unknown key '<<'"),
    ],
)
def test_what_is_not_plain_yaml_is_a_problem_with_its_line(text: str, line: int, what: str) -> None:
    told = found(text)
    assert any(one.line == line and what in one.found for one in told), told


def test_nothing_is_not_empty() -> None:
    told = problems("select: PatientComments\ndo: {literal: }")
    assert len(told) == 1
    assert "the action empty empties" in told[0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{select: [], do: remove}", "a list of 1 to"),
        ("{select: {keyword: PatientNam}, do: remove}", "did you mean PatientName?"),
        ("{select: {keywrd: PatientName}, do: remove}", "did you mean keyword?"),
        ("{select: {nested: true}, do: remove}", "a selector besides"),
        ("{select: {vr: XX}, do: remove}", "one of AE"),
        ("{select: {vr: DA, create: true}, do: empty}", "must be named"),
        ("{select: {keyword: PatientName, level: Series}, do: empty}", "name different levels"),
        ("{select: {mask: 50yy0000}, do: remove}", "a tag with x"),
        ("{select: 'Series[*', do: remove}", "column 9"),
        ("{select: 'Series[1.2]', do: remove}", "a path that ends at an element"),
        ("{select: {creator: {is: X, group: '0008'}}, do: remove}", "odd group"),
        ("{select: PatientID, do: [remove, {case: uper}]}", "did you mean upper?"),
        ("{select: PatientID, do: {case: upper, whitespace: tidy}}", "one action a step"),
        ("{select: PatientID, do: truncate}", "truncate with to"),
        ("{select: PatientID, do: {remove: x}}", "the word remove alone"),
        ("{select: PatientID, do: uid-remap}", "unknown action 'uid-remap'"),
        ("{select: PatientID, do: pseudonym}", "unknown action 'pseudonym'"),
        ("{select: PatientID, do: {date-shift: x}}", "unknown action"),
        ("{select: StudyDate, do: {literal: 1.1.2020}}", "YYYYMMDD"),
        ("{select: StationName, do: {literal: a much longer name than SH holds}}", "valid for StationName"),
        ("{select: Rows, do: {literal: many}}", "Rows"),
        ("{select: ReferencedImageSequence, do: {literal: x}}", "is SQ"),
        ("{select: PatientID, do: {add-item: {CodeValue: x}}}", "is LO"),
        ("{select: PatientID, do: {round: '5'}}", "is LO"),
        ("{select: PatientID, do: {truncate: year}}", "a date (DA, DT)"),
        ("{select: BodyPartExamined, do: {map: {abdo: abdomen}}}", "valid for BodyPartExamined"),
        ("{select: BodyPartExamined, do: {map: {abdo: ABDOMEN, ABDO: CHEST}}}", "one value for"),
        ("{select: PatientID, do: {replace: {pattern: '(', with: x}}}", "RE2 syntax"),
        ("{select: PatientID, do: {replace: {pattern: '(?=a)', with: x}}}", "look-around"),
        (r"{select: PatientID, do: {replace: {pattern: 'a', with: '\1'}}}", "for the pattern's groups"),
        ("{select: PatientID, do: {replace: {pattern: a, wiht: x}}}", "did you mean with?"),
        ("{select: PatientID, do: {extract: {pattern: a, group: 1}}}", "a group of the pattern, 0 to 0"),
        ("{select: PatientID, do: {template: '{PatientNme}'}}", "did you mean PatientName?"),
        ("{select: PatientID, do: {template: '{PatientName'}}", "a template"),
        ("{select: PatientID, do: {template: '{PatientName.__class__}'}}", "an element's name"),
        (
            "{select: PatientID, do: {lookup: {table: ../../etc/passwd, by: a, take: b}}}",
            "beside the rule file",
        ),
        ("{select: PatientID, do: {lookup: {table: none.csv, by: a, take: b}}}", "a readable CSV file"),
        (
            "{select: PatientID, do: {lookup: {table: examples.csv, by: old_ids, take: new_id}}}",
            "did you mean old_id?",
        ),
        ("{select: PatientAge, do: {bin: {edges: [18, 5]}}}", "edges that rise"),
        ("{select: PatientAge, do: {bin: {edges: [5], labels: [a, b]}}}", "1 labels"),
        ("{select: PatientID, when: {}, do: remove}", "a condition"),
        ("{select: PatientID, when: {element: Modality}, do: remove}", "what must hold"),
        ("{select: PatientID, when: {compare: about 5}, do: remove}", "a comparison such as"),
        ("{select: PatientID, when: {exists: maybe}, do: remove}", "one of true, false"),
        ("{select: PatientID, do: remove, priority: 5000}", "a whole number"),
        ("{select: PatientID, do: remove, cases: [{after: {}}]}", "no before"),
        ("{select: PatientID, do: remove, cases: [{before: {PatentID: x}}]}", "did you mean PatientID?"),
        ("{select: PatientID, do: remove, cases: [{before: {Rows: x}}]}", "VR US of Rows"),
        ("{id: Upper Case, select: PatientID, do: remove}", "an id:"),
    ],
)
def test_each_mistake_has_its_own_sentence(rule: str, expected: str) -> None:
    told = problems(rule)
    assert any(expected in line for line in told), told
    assert all(line.startswith("tested.yaml:") for line in told)


def test_rules_that_are_certain_to_write_the_same_element_are_a_problem() -> None:
    told = problems(
        "{select: PatientComments, do: remove}", "{select: [PatientID, PatientComments], do: empty}"
    )
    assert len(told) == 1
    assert "rule r2: found PatientComments written by rule r1 (line 5) as well" in told[0]
    assert (
        problems("{select: PatientComments, do: remove}", "{select: PatientComments, do: empty, priority: 1}")
        == []
    )


def test_tables_come_from_the_caller_and_are_checked() -> None:
    rule = "{select: PatientID, do: {lookup: {table: t.csv, by: old, take: new}}}"

    def told(text: str) -> str:
        problems = read(file_text(rule), "f", files={"t.csv": text}.__getitem__)[1]
        return problems[0].expected if problems else ""

    assert told("\ufeffold,new\n1,2\n\n1,2\n") == ""
    assert "contradicts another" in told("old,new\n1,2\n1,3\n")
    assert "2 columns in line 2" in told("old,new\n1\n")
    assert "distinct names" in told("old,old\n")
    assert "distinct names" in told("")
    assert "line 2 of t.csv" in told('old,new\n"a"b,c\n')
    assert "without its folder" in read(file_text(rule), "f")[1][0].expected


class Shout(Action):
    """Added by a room above."""

    name = "shout"


def test_a_room_above_adds_actions_and_lint_knows_them_then() -> None:
    assert "unknown action" in problems("{select: PatientID, do: shout}")[0]
    more = BASE.with_actions([Shout])
    assert rules("{select: PatientID, do: shout}", vocabulary=more).rules[0].actions[0].name == "shout"
    with pytest.raises(ValueError, match="taken"):
        more.with_actions([Shout])


def outcome(text: str) -> tuple[RuleFile | None, tuple[Problem, ...]]:
    file, told = read(text, "any.yaml", files=TABLES.__getitem__)
    lines = text.count("\n") + 2
    assert all(1 <= one.line <= lines and one.found and one.expected for one in told)
    assert file is not None or told
    return file, told


@given(st.text())
def test_any_text_is_rules_or_problems(text: str) -> None:
    outcome(text)


WORDS = [
    *[
        "version",
        "name",
        "why",
        "where",
        "rules",
        "id",
        "select",
        "when",
        "do",
        "priority",
        "safety",
        "cases",
        "before",
        "after",
        "finds",
        "element",
    ],
    *(name.split()[1] for name in BASE.words()),
    *[
        "PatientID",
        "StudyDate",
        '(0009,"X",1001)',
        "50xx,xxxx",
        "DA",
        "true",
        "1",
        "-5",
        "^a(b)$",
        "{Modality}",
        ">",
        "<=",
        "examples.csv",
        "old_id",
    ],
    *(
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "-",
        "&a",
        "*a",
        "!t",
        "'",
        '"',
        "|",
        "<<",
        "?",
        "#",
        "\n",
        "\n  ",
        "\n    - ",
    ),
]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_words_of_the_language_are_rules_or_problems(text: str) -> None:
    outcome(text)


@given(st.sampled_from([example_file(word) for _, word in BASE.words().values()]), st.data())
def test_any_example_with_a_piece_changed_is_rules_or_problems(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 8))
    piece = data.draw(st.one_of(st.text(max_size=6), st.sampled_from(WORDS)))
    file, told = outcome(text[:at] + piece + text[at + length :])
    if file is not None and not told:
        for rule in file.rules:
            assert rule.id
            assert rule.actions
        list(file.test())
