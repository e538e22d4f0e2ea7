"""Asking whether something is meant, where a person can be asked; elsewhere ``--yes`` says so."""

from __future__ import annotations

import sys

import click

from curator.errors import ConfirmationMissing


def agree(missing: ConfirmationMissing) -> None:
    """Ask whether what ``missing`` tells is meant; raises it where nobody can be asked, and when it is not."""
    if not sys.stdin.isatty():
        raise missing
    if not click.confirm(f"{missing.message} Go on?", default=False, err=True):
        raise ConfirmationMissing("nothing was changed")


def confirm(resource_id: str, what: str, yes: bool) -> None:
    """Ask for the id to be typed; raises `ConfirmationMissing` when it is not, or when nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfirmationMissing(
            f"deleting {what} {resource_id} needs a confirmation", hint="--yes confirms it"
        )
    typed = click.prompt(f"Type the id of {what} to delete it for good", err=True)
    if typed.strip() != resource_id:
        raise ConfirmationMissing("this is not the id; nothing was deleted")
