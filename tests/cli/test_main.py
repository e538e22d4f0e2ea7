"""The command line as a whole: help, global options, exit codes, and what never reaches a screen."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import curator as package
from curator import cli
from curator.cli.main import run, verbs
from curator.errors import (
    Cancelled,
    CuratorError,
    Moved,
    OperationFailed,
    ReadOnly,
    StoreError,
    UsageError,
    VerificationFailed,
)
from tests.cli.conftest import Curator

OURS = [
    verb
    for verb, place in cli.VERBS.items()
    if (Path(package.__file__).parents[1] / (place.partition(":")[0].replace(".", "/") + ".py")).exists()
]


def test_version_and_help_may_stand_before_and_after_the_verb(curator: Curator) -> None:
    assert curator("--version").out == f"curator {package.__version__}\n"
    assert curator("list", "--version").out == f"curator {package.__version__}\n"
    assert "Usage: curator list" in curator("list", "--help").out
    assert "Usage: curator list" in curator("list", "-h").out


def test_help_groups_every_verb(curator: Curator) -> None:
    text = curator("--help").out
    for verb in OURS:
        assert f"  {verb} " in text, f"{verb} is not in the help"
    assert "Begin:" in text
    assert "Edit one image set:" in text


@pytest.mark.parametrize("verb", OURS)
def test_every_verb_has_help_with_an_example(curator: Curator, verb: str) -> None:
    ran = curator(verb, "--help")
    assert ran.code == 0
    assert f"Usage: curator {verb}" in ran.out
    assert re.search(r"Examples?:\s+curator ", ran.out), f"`curator {verb} --help` has no example"
    assert "--store" in ran.out


def test_every_verb_of_the_table_can_be_loaded() -> None:
    for verb in OURS:
        module, _, attribute = cli.VERBS[verb].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command), verb
        assert command.name == verb


def test_every_verb_stands_in_one_group() -> None:
    placed = [verb for group in cli.GROUPS.values() for verb in group]
    assert len(placed) == len(set(placed))
    assert set(cli.VERBS) <= set(placed)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["list", "--nonsense"],
        ["show"],
        ["--store", "ftp:there", "list"],
        ["list", "--sort", "color"],
    ],
)
def test_wrong_words_are_a_usage_error(curator: Curator, words: list[str]) -> None:
    ran = curator(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert "curator:" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CuratorError("x"), 1),
        (UsageError("x"), 2),
        (ReadOnly("x"), 3),
        (Moved("x"), 4),
        (OperationFailed("x"), 4),
        (StoreError("x"), 4),
        (VerificationFailed("x"), 5),
        (Cancelled("x"), 130),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setitem(verbs.loaded, "list", failing)
    assert run(["list"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_is_told_without_any_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def failing() -> None:
        secret = "Mustermann^Erika"
        raise KeyError(secret)

    monkeypatch.setitem(verbs.loaded, "list", failing)
    assert run(["list"]) == 4
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "Mustermann" not in said


def _below(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a verb, and the verbs below it."""
    yield words
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _below(child, (*words, name))


@pytest.mark.parametrize("verb", OURS)
def test_help_says_what_every_option_and_verb_below_is_for(curator: Curator, verb: str) -> None:
    root = click.Context(verbs)
    command = verbs.get_command(root, verb)
    assert command is not None
    for words in _below(command, (verb,)):
        found = command
        for word in words[1:]:
            assert isinstance(found, click.Group)
            found = found.commands[word]
        assert found.help, words
        for option in found.params:
            if isinstance(option, click.Option):
                told = option.help or isinstance(option.type, click.Choice) or option.show_default
                assert told, f"curator {' '.join(words)} does not say what {option.opts[-1]} is for"
        assert "..." not in curator(*words, "--help").out.partition("\nCommands:")[2], words


def test_a_closed_pipe_ends_quietly() -> None:
    # `head` takes one line of a help text that is longer than that, and leaves.
    done = subprocess.run(
        f"{sys.executable} -m curator --help | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


def test_the_completion_scripts_are_the_shells_own(curator: Curator) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_CURATOR_COMPLETE" in curator("completion", shell).out
    assert curator("completion", "ksh").code == 2


def test_completion_completes_verbs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "curator"],
        env={"_CURATOR_COMPLETE": "bash_complete", "COMP_WORDS": "curator ve", "COMP_CWORD": "1"},
        cwd=Path(package.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "versions" in done.stdout
