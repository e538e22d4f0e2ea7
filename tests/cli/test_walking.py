"""What all verbs that walk a plan share: plans that are begun at once."""

from __future__ import annotations

from pathlib import Path

from curator.cli.walking import plan_path
from curator.cli.workbench import Workbench


def test_two_that_plan_at_once_never_begin_each_others_plan(tmp_path: Path) -> None:
    workbench = Workbench()
    workbench.project_folder = tmp_path / "project"
    with plan_path(workbench) as one, plan_path(workbench) as other:
        assert one != other
        one.touch()
    assert not one.exists()


def test_a_plan_that_was_asked_for_stays(tmp_path: Path) -> None:
    workbench = Workbench()
    workbench.project_folder = tmp_path / "project"
    with plan_path(workbench, tmp_path / "to-review.plan") as path:
        path.touch()
    assert path == tmp_path / "to-review.plan"
    assert path.exists()
