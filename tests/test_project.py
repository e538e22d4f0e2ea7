"""A project folder: private, keyed, never unlinkable by accident."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curator.errors import Refused, UsageError
from curator.project import Project


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("CURATOR_KEY_FILE", raising=False)
    return Project.open(tmp_path / "study" / "project")


def test_folder_and_key_are_for_their_owner_alone(project: Project) -> None:
    old = os.umask(0)
    try:
        made = Project.open(project.root.parent / "other")
        made.hmac("uid", b"1.2")
        folder = made.campaign("ab" * 32)
    finally:
        os.umask(old)
    assert mode(made.root) == 0o700
    assert mode(folder) == 0o700
    assert mode(made.key_file) == 0o600


def test_same_input_same_output_in_every_run(project: Project) -> None:
    again = Project.open(project.root)
    assert project.hmac("uid", b"1.2.3") == again.hmac("uid", b"1.2.3")


def test_domains_and_projects_are_separate(project: Project, tmp_path: Path) -> None:
    other = Project.open(tmp_path / "other")
    values = {project.hmac("uid", b"x"), project.hmac("ledger", b"x"), other.hmac("uid", b"x")}
    assert len(values) == 3


def test_a_key_that_others_can_read_is_refused(project: Project) -> None:
    project.hmac("uid", b"")
    project.key_file.chmod(0o640)
    with pytest.raises(Refused, match="0640"):
        Project.open(project.root).hmac("uid", b"")


def test_a_key_is_never_replaced(project: Project) -> None:
    path = project.new_key()
    content = path.read_bytes()
    with pytest.raises(Refused, match="already"):
        project.new_key()
    assert path.read_bytes() == content


def test_a_named_key_file_must_exist(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_KEY_FILE", str(tmp_path / "vault" / "key"))
    with pytest.raises(UsageError, match="does not exist"):
        _ = project.key
    project.new_key()
    assert len(project.key) == 32
    assert not (project.root / "key").exists()


def test_short_keys_are_refused(project: Project) -> None:
    project.key_file.write_bytes(b"abc")
    project.key_file.chmod(0o600)
    with pytest.raises(UsageError, match="at least 32"):
        _ = project.key


def test_many_processes_agree_on_one_new_key(project: Project) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Project.open(project.root).key, range(16)))
    assert len(keys) == 1


def test_settings_are_kept_and_forgotten(project: Project) -> None:
    project.configure(store="local", rate=0.5)
    project.configure(rate=None)
    assert Project.open(project.root).config == {"store": "local"}
    assert mode(project.root / "config.json") == 0o600


def test_purge_leaves_key_and_ledger(project: Project) -> None:
    key = project.key
    (project.campaign("00") / "plan.jsonl").write_text("PHI")
    project.decisions.write_text("PHI")
    (project.root / "ledger.jsonl").write_text("{}")
    assert {path.name for path in project.purge()} == {"campaigns", "decisions.csv"}
    assert Project.open(project.root).key == key
    assert (project.root / "ledger.jsonl").exists()
    assert list(project.campaigns()) == []


def test_a_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Project.open(tmp_path / "file")
