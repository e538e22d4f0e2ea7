"""The house: what a start loads, what a wheel holds, and that README and CI say the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import curator
from tests.tools import ROOT

HEAVY = {
    "boto3",
    "botocore",
    "textual",
    "pydicom",
    "numpy",
    "imagecodecs",
    "deepdiff",
    "jsonpatch",
    "cryptography",
}
RULES = "from curator.ruleshelf import bundled; import json; print(json.dumps(sorted(bundled())))"


def loaded(*words: str) -> set[str]:
    """Return the heavy modules that a run of the command line loads."""
    code = (
        "import sys\nfrom curator.__main__ import main\ncode = main(sys.argv[1:])\n"
        f"print('LOADED', *sorted({HEAVY!r} & set(sys.modules)))\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["list", "--help"], ["completion", "bash"]])
def test_a_start_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded(*words) == set()


def test_a_read_verb_loads_the_client_and_nothing_else_heavy(tmp_path: Path) -> None:
    assert loaded("--store", f"local:{tmp_path}", "list") == {"botocore"}


@pytest.mark.parametrize(
    "module", ["curator", "curator.stores", "curator.healthimaging", "curator.localstore", "curator.project"]
)
def test_a_room_loads_nothing_heavy_at_import(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == curator.__version__
    assert project["name"] == "healthimaging-curator"
    assert project["scripts"] == {"curator": "curator.__main__:main"}


def test_ci_runs_readme_s_test_command_literally() -> None:
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"<!-- test command -->\n```sh\n(.*?)\n```", readme, re.DOTALL)
    assert len(blocks) == 1
    assert blocks[0].startswith("python3 -m venv .venv && ")
    assert blocks[0].endswith(" -m tests")
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    extract = re.search(r'command="\$\((awk .*)\)"', script.read_text())
    assert extract is not None
    taken = subprocess.run(["bash", "-c", extract[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert taken.stdout.strip() == blocks[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(target), str(ROOT)], check=True)
    (made,) = target.glob("*.whl")
    return made


def _run(code: str, path: Path | str, folder: Path) -> list[str]:
    """Run code with ``path`` before everything else, from an empty folder; returns the JSON it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.soak
def test_the_wheel_holds_what_is_needed_and_finds_its_rules(wheel: Path, tmp_path: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"curator/__main__.py", "curator/py.typed"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    assert _run(RULES, tmp_path / "site", tmp_path) == _rules()
    where = "import curator, json; print(json.dumps(curator.__file__))"
    assert str(tmp_path / "site") in _run(where, tmp_path / "site", tmp_path)


@pytest.mark.soak
def test_an_editable_install_finds_the_rules(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--no-deps", "--target", str(tmp_path / "site"), "--editable", str(ROOT)],
        check=True,
    )
    code = f"import site; site.addsitedir({str(tmp_path / 'site')!r}); {RULES}"
    assert _run(code, "", tmp_path) == _rules()


def _rules() -> list[str]:
    return sorted(path.stem for path in (ROOT / "rules").glob("*.yaml"))


@pytest.mark.parametrize(
    ("before", "shown"), [("", True), ("from curator.__main__ import main; main(['--version'])", False)]
)
def test_pydicoms_warnings_show_no_value(before: str, shown: bool) -> None:
    """Pydicom quotes what it finds wrong: alone it shows the value, in curator it does not."""
    script = f"{before}\nfrom pydicom import Dataset\nDataset().PatientSex = 'MARKER?'"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ("MARKER" in ran.stderr) is shown
