"""Values that would steer a terminal, or be taken for markup, show as text: in every verb, on a terminal and off it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Curator
from tests.cli.test_output import UNSAFE
from tests.tools import ROOT

NAME = "[bold red]not markup[/] \x1b[31mnot red\x1b[0m\x1b]0;title\x07\u202eevil"


@pytest.fixture
def probed(on_demo: Curator, image_sets: dict[str, str]) -> str:
    """An image set whose values are probes, with a version in which they were not."""
    one = image_sets["CR"]
    assert (
        on_demo(
            "set", "--force", one, "Instances[*]/ImageComments=plain", "Study/StudyDescription=[b]x[/b]"
        ).code
        == 0
    )
    assert on_demo("set", "--force", one, f"Instances[*]/ImageComments={NAME}").code == 0
    assert on_demo("tags", one, "--add", "note=[b]bold").code == 0
    return one


def words(verb: str, image_set: str, folder: Path) -> list[str]:
    """Return how a verb is asked for something that shows values."""
    return {
        "list": ["list"],
        "show": ["show", image_set, "--all"],
        "versions": ["versions", image_set],
        "diff": ["diff", image_set, "1", "3"],
        "side-by-side": ["diff", image_set, "1", "3", "--format", "side-by-side"],
        "frames": ["frames", image_set],
        "tags": ["tags", image_set],
        "stores": ["stores"],
        "events": ["events"],
        "check": ["--project", str(folder / "p"), "check", "--evidence"],
        "values": ["--project", str(folder / "p"), "values"],
        "catalogue": ["--project", str(folder / "p"), "catalogue"],
        "plan": ["--project", str(folder / "p"), "plan", "descriptions", "-o", str(folder / "x.plan")],
        "export": ["export", image_set, "-o", str(folder / "out")],
    }[verb]


VERBS = ["list", "show", "versions", "diff", "side-by-side", "frames", "tags", "stores", "events", "check"]
VERBS += ["values", "catalogue", "plan", "export"]


@pytest.mark.parametrize("verb", VERBS)
def test_off_a_terminal_no_control_character_comes_out(
    on_demo: Curator, probed: str, tmp_path: Path, verb: str
) -> None:
    ran = on_demo(*words(verb, probed, tmp_path))
    assert ran.code in (0, 1), ran.err
    assert not UNSAFE.search(ran.out.replace("\t", ""))
    assert not UNSAFE.search(ran.err)
    if verb in ("show", "diff", "side-by-side"):
        assert "[bold red]not markup[/]" in ran.out


@pytest.mark.parametrize("verb", ["list", "show", "diff", "side-by-side", "check", "values"])
def test_on_a_terminal_markup_is_text_and_escapes_are_visible(
    probed: str, demo_folder: Path, tmp_path: Path, verb: str
) -> None:
    shown = on_terminal("--store", f"local:{demo_folder}", *words(verb, probed, tmp_path))
    assert "\x1b[31mnot red" not in shown
    assert "\x1b]0;" not in shown
    assert "\u202e" not in shown
    if verb in ("show", "diff", "side-by-side"):
        assert "[bold" in shown
        assert "\u241b" in shown or "\\u001b" in shown


def on_terminal(*command: str) -> str:
    """Run ``curator`` on a terminal of its own and return all it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "curator", *command],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"},
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait() in (0, 1)
    return written.decode()
