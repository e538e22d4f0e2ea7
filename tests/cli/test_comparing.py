"""``diff`` in its three forms."""

from __future__ import annotations

from pathlib import Path

import jsonpatch
import pytest

from curator.stores import open_store
from tests.cli.conftest import Curator
from tests.cli.test_output import UNSAFE


@pytest.fixture
def changed(on_demo: Curator, image_sets: dict[str, str]) -> str:
    one = image_sets["MR"]
    on_demo("set", one, "Patient/PatientName=[red]x[/red]\x1b[31m", "Study/StudyDescription=new")
    on_demo("remove", one, "Patient/PatientSex")
    return one


def test_text_tells_each_change(on_demo: Curator, changed: str) -> None:
    lines = on_demo("diff", changed, "1", "3").lines
    assert any(line.startswith("~ Patient/PatientName: ") and "[red]x[/red]" in line for line in lines)
    assert any(line.startswith("- Patient/PatientSex: ") for line in lines)
    assert any("Study/StudyDescription" in line and '"new"' in line for line in lines)


def test_without_versions_the_last_two_are_compared(on_demo: Curator, changed: str) -> None:
    assert len(on_demo("diff", changed).lines) == 1
    assert on_demo("diff", changed, "3").out == ""


def test_differences_are_no_failure(on_demo: Curator, changed: str) -> None:
    assert on_demo("diff", changed, "1", "3").code == 0


def test_the_json_patch_makes_one_document_of_the_other(
    on_demo: Curator, changed: str, demo_folder: Path
) -> None:
    patch = on_demo("diff", changed, "1", "3", "--format", "json-patch").json
    store = open_store(f"local:{demo_folder}")
    before, after = (store.imaging.document(changed, version).to_json() for version in ("1", "3"))
    store.close()
    assert jsonpatch.apply_patch(before, patch) == after


@pytest.mark.parametrize("form", ["text", "json-patch", "side-by-side"])
def test_no_form_lets_a_value_steer_the_terminal(on_demo: Curator, changed: str, form: str) -> None:
    ran = on_demo("diff", changed, "1", "3", "--format", form)
    assert (ran.code, UNSAFE.search(ran.out)) == (0, None)
    assert "[red]x[/red]" in ran.out


def test_side_by_side_shows_both(on_demo: Curator, changed: str) -> None:
    shown = on_demo("diff", changed, "1", "3", "--format", "side-by-side").out
    assert "version 1" in shown
    assert "[red]x[/red]" in shown


def test_two_image_sets_can_be_compared(on_demo: Curator, image_sets: dict[str, str]) -> None:
    copied = on_demo("copy", image_sets["MR"]).out.strip()
    assert on_demo("diff", image_sets["MR"], "--to", copied).out == ""
    on_demo("set", copied, "Patient/PatientName=Doe^Jane")
    assert len(on_demo("diff", image_sets["MR"], "--to", copied).lines) == 1
    patch = on_demo("diff", image_sets["MR"], "--to", copied, "--json").json
    assert [change["path"] for change in patch] == ["/ImageSetID", "/Patient/DICOM/PatientName"]


def test_wrong_versions_are_a_usage_error(on_demo: Curator, changed: str) -> None:
    assert on_demo("diff", changed, "one").code == 2
    assert on_demo("diff", changed, "1", "2", "3").code == 2
    assert on_demo("diff", changed, "1", "99").code == 4
