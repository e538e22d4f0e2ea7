"""Rules with keyed actions in a plan of rules; profiles are carried out by `deidentify` alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Curator

RULES = """version: 1
name: mine
why: x
rules:
  - {id: hashed, why: a, select: PatientID, when: {empty: false}, do: {hash: 8}}
"""


def test_a_plan_of_rules_may_hash_with_the_projects_key(on_demo: Curator, tmp_path: Path) -> None:
    rules, plan = tmp_path / "mine.yaml", tmp_path / "mine.plan"
    rules.write_text(RULES)
    made = on_demo("--project", tmp_path / "p", "plan", rules, "-o", plan)
    assert made.code == 0, made.err
    text = plan.read_text()
    assert "hashed" in text
    assert json.loads(text.splitlines()[0])
    again = tmp_path / "again.plan"
    assert on_demo("--project", tmp_path / "p", "plan", rules, "-o", again).code == 0
    assert again.read_text().splitlines()[1:-1] == text.splitlines()[1:-1]


def test_a_profile_is_not_planned_as_rules(on_demo: Curator, tmp_path: Path) -> None:
    refused = on_demo("--project", tmp_path / "p", "plan", "tcia", "-o", tmp_path / "x.plan")
    assert refused.code == 2
    assert "deidentify --profile tcia" in refused.err
