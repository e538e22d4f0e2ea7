"""Rule files are found by name or path, in a checkout as in a wheel, with their tables beside them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curator import ruleshelf
from curator.errors import RuleFileError, UsageError
from curator.ruleshelf import bundled, bundled_folder, find, open_rule_file, problems_of


def test_bundled_files_bear_the_name_they_are_called_by() -> None:
    assert len(bundled()) >= 6
    for name in bundled():
        assert open_rule_file(name).name == name
        assert problems_of(name)[1] == ()


def test_the_wheel_keeps_them_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "curator"
    shutil.copytree(bundled_folder(), package / "rules")
    module_file = package / "ruleshelf" / "__init__.py"
    module_file.parent.mkdir()
    shutil.copy(ruleshelf.__file__, module_file)
    spec = importlib.util.spec_from_file_location("packaged_ruleshelf", module_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.bundled_folder() == package / "rules"
    assert list(module.bundled()) == list(bundled())


def test_the_build_puts_rules_where_the_package_looks() -> None:
    import tomllib

    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["rules"] == "curator/rules"


def test_a_path_comes_before_a_name_and_what_is_neither_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("laterality") == bundled()["laterality"]
    (tmp_path / "laterality").write_text("version: 1\n")
    assert find("laterality") == Path("laterality")
    for spec in ("mine.yaml", "some/where", "literality"):
        with pytest.raises(UsageError):
            find(spec)


def test_a_file_of_ones_own_reads_the_tables_beside_it_only(tmp_path: Path) -> None:
    mine = tmp_path / "patient-ids.yaml"
    shutil.copy(bundled()["patient-ids"], mine)
    assert any("a readable CSV file" in line for line in problems_of(str(mine))[1])
    shutil.copy(bundled_folder() / "patient-ids.csv", tmp_path)
    assert open_rule_file(str(mine)).name == "patient-ids"
    (tmp_path / "patient-ids.csv").write_bytes(b"old_id,issuer,new_id\n\xff,,x\n")
    with pytest.raises(RuleFileError, match="in UTF-8"):
        open_rule_file(str(mine))


def test_loading_rules_loads_nothing_heavy() -> None:
    code = (
        "import sys; from curator.ruleshelf import open_rule_file; open_rule_file('laterality');"
        "print([m for m in ('boto3', 'pydicom', 'textual', 'numpy', 'jsonschema', 'deepdiff') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
