"""Files, folders and archives: what is taken, and what an archive from a stranger cannot do."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest

from curator.cli.sources import FREE_OF_DOUBT, hard_link, soft_link, sources
from curator.errors import LimitExceeded, UsageError


def placed(folder: Path, *paths: Path) -> dict[str, bytes]:
    """Place all sources as the import does; returns name → content, and checks that nothing lies elsewhere."""
    target = folder / "staged"
    target.mkdir()
    found = {}
    for number, source in enumerate(sources(paths, hard_link)):
        source.place(target / f"{number}")
        found[source.name] = (target / f"{number}").read_bytes()
    assert len(list(target.iterdir())) == len(found)
    return found


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_folders_are_walked_and_hidden_files_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("b/2.dcm", "a/1.dcm", ".hidden/x", "a/.hidden", "DICOMDIR", "no-suffix"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(name.encode())
    os.mkfifo(data / "pipe")
    (data / "dangling").symlink_to(tmp_path / "nowhere")
    names = [Path(name).relative_to(data).as_posix() for name in placed(tmp_path, data)]
    assert names == ["no-suffix", "a/1.dcm", "b/2.dcm"]


def test_single_files_and_archives_may_be_mixed(tmp_path: Path) -> None:
    (tmp_path / "one.dcm").write_bytes(b"one")
    archive(tmp_path / "two.zip", {"deep/two.dcm": b"two", "DICOMDIR": b"", "deep/": b""})
    found = placed(tmp_path, tmp_path / "one.dcm", tmp_path / "two.zip")
    assert list(found.values()) == [b"one", b"two"]
    assert list(found)[1].endswith("two.zip/deep/two.dcm")


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "a/../../evil", "C:\\evil", "a\x00b", "x" * 5000]
)
def test_a_member_s_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    archive(tmp_path / "evil.zip", {"ok": b"", name: b"evil"})
    before = {path for path in tmp_path.parent.rglob("*") if "staged" not in path.parts}
    assert b"evil" in placed(tmp_path, tmp_path / "evil.zip").values()
    assert {path for path in tmp_path.parent.rglob("*") if "staged" not in path.parts} == before


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free_of_doubt = FREE_OF_DOUBT // 32
    monkeypatch.setattr("curator.cli.sources.FREE_OF_DOUBT", free_of_doubt)
    zeros = bytes(free_of_doubt // 8)
    bomb = archive(tmp_path / "bomb.zip", {f"{number}": zeros for number in range(9)})
    assert bomb.stat().st_size < free_of_doubt / 200
    with pytest.raises(LimitExceeded, match="bomb"):
        list(sources([bomb], hard_link))


def test_a_size_that_lies_gains_nothing(tmp_path: Path) -> None:
    path = archive(tmp_path / "liar.zip", {"a": bytes(500_000)})
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    raw[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(raw)
    (content,) = placed(tmp_path, path).values()
    assert len(content) <= 10


def test_bytes_are_counted_while_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.cli.sources.FREE_OF_DOUBT", 1000)
    monkeypatch.setattr("curator.cli.sources.RATIO", 0)
    path = archive(tmp_path / "two.zip", {"a": os.urandom(600), "b": os.urandom(600)})
    monkeypatch.setattr(
        "curator.cli.sources._Budget.check", lambda budget, wanted: None
    )  # as if the sizes had lied
    first, second = sources([path], hard_link)
    monkeypatch.undo()
    first.place(tmp_path / "1")
    with pytest.raises(LimitExceeded, match="bomb"):
        second.place(tmp_path / "2")


def test_an_encrypted_or_damaged_member_becomes_a_file_that_the_job_will_refuse(tmp_path: Path) -> None:
    path = archive(tmp_path / "damaged.zip", {"a": os.urandom(5000), "b": b"whole"})
    raw = bytearray(path.read_bytes())
    raw[200:300] = bytes(100)
    path.write_bytes(raw)
    assert list(placed(tmp_path, path).values()) == [b"", b"whole"]


def test_what_is_no_archive_is_a_file_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "not.zip").write_bytes(b"not a zip")
    assert list(placed(tmp_path, tmp_path / "not.zip").values()) == [b"not a zip"]
    with pytest.raises(UsageError):
        list(sources([tmp_path / "missing"], hard_link))


def test_links_do_not_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    hard_link(tmp_path / "a", tmp_path / "hard")
    soft_link(tmp_path / "a", tmp_path / "soft")
    assert (tmp_path / "hard").stat().st_ino == (tmp_path / "a").stat().st_ino
    assert (tmp_path / "soft").is_symlink()
