"""``curator completion``: the script that makes a shell complete curator's verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from curator.errors import UsageError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Example:
      curator completion bash > ~/.local/share/bash-completion/completions/curator
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion is known for {shell}")
    click.echo(kind(context.find_root().command, {}, "curator", "_CURATOR_COMPLETE").source())
