"""``pixels``: what is at risk is listed, decided in a sheet, and what was decided is followed by ``deidentify``."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

from tests.campaign.test_beside_pixels import jpeg
from tests.cli.conftest import Curator


def test_a_sheet_of_decisions_goes_out_and_comes_back(on_demo: Curator, tmp_path: Path) -> None:
    project, sheet = tmp_path / "project", tmp_path / "pixels.csv"

    def curator(*words: object) -> object:
        ran = on_demo("--project", project, *words)
        assert ran.code in (0, 1), ran.err
        return ran.json if "--json" in words else ran

    listed = curator("pixels", "--json")
    assert isinstance(listed, list)
    assert listed
    assert all(row["risks"] and row["decided"] == "" for row in listed)
    curator("pixels", "--csv", sheet)
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    with sheet.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(listed)
    rows[0] |= {"decision": "clear", "why": "=nothing written"}
    rows[1] |= {"decision": "exclude"}
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    told = on_demo("--project", project, "pixels", "decide", sheet, "--by", "ada").err
    assert "2 decisions read, 2 of them new or changed; 2 hold" in told
    again = on_demo("--project", project, "pixels", "decide", sheet, "--by", "ada").err
    assert "2 decisions read, 0 of them new or changed; 2 hold" in again
    words = [row["decided"].split(" on ")[0] for row in curator("pixels", "--json")]  # type: ignore[attr-defined]
    assert sorted(words)[-2:] == ["cleared by ada", "excluded by ada"]
    undecided = curator("pixels", "--undecided", "--json")
    assert isinstance(undecided, list)
    assert len(undecided) == len(listed) - 2

    planned = curator("deidentify", "--profile", "research", "--dry-run", "--json")
    assert isinstance(planned, dict)
    assert [line.split(" on ")[0] for line in planned["cleared"]] == [
        "1 instance at pixel risk goes along: cleared by ada"
    ]
    assert sum("a reviewer excluded it" in line for line in planned["left_out"]) == 1


def test_two_instances_of_one_uid_are_decided_apart_and_once(curator: Curator, tmp_path: Path) -> None:
    def told(*lines: str) -> str:
        sheet = tmp_path / "sheet.csv"
        sheet.write_text("\n".join(("sop_instance_uid,decision,pixels", *lines)) + "\n")
        ran = curator("--project", tmp_path / "project", "pixels", "decide", sheet)
        assert ran.code == 0, ran.err
        return ran.err

    both = ("1.2.3,clear,one", "1.2.3,clear,other")
    assert "2 of them new or changed" in told(*both)
    assert "0 of them new or changed" in told(*both)
    assert "0 of them new or changed" in told(*reversed(both))
    assert "1 of them new or changed" in told("1.2.3,exclude,one")
    assert "1 of them new or changed" in told("1.2.3,clear,other")
    assert "0 of them new or changed" in told("1.2.3,clear,other")
    assert "2 of them new or changed" in told("1.2.3,exclude,", "1.2.3,clear,one")
    assert "0 of them new or changed" in told("1.2.3,exclude,", "1.2.3,clear,one")
    assert "1 of them new or changed" in told("1.2.3,withdraw,")
    assert "0 of them new or changed" in told("1.2.3,withdraw,")


def test_a_sheet_that_cannot_be_taken_changes_nothing(curator: Curator, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("sop_instance_uid,decision\n1.2.3,clear\n1.2.4,perhaps\n")
    ran = curator("--project", tmp_path / "project", "pixels", "decide", sheet)
    assert ran.code == 2
    assert "sheet.csv:3" in ran.err
    assert "1.2.4" not in ran.err
    assert not (tmp_path / "project" / "pixel-decisions.csv").exists()


def test_text_in_the_headers_of_frames_is_looked_for_when_asked(curator: Curator, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.dcm").write_bytes(jpeg("1.2.77", b"Doe^Jane 1970"))
    store = ("--store", f"local:{tmp_path / 'store'}", "--project", tmp_path / "project")
    assert curator(*store, "import", tmp_path / "in").code == 0
    assert curator(*store, "pixels", "--json").json == []
    (found,) = curator(*store, "pixels", "--headers", "--json").json
    assert found["sopInstanceUID"] == "1.2.77"
    assert "beside the pixels" in found["risks"]
    assert "Doe" not in str(found)
