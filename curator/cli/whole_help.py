"""Groups whose help says of each verb below them the whole sentence; click cuts it where the line ends."""

from __future__ import annotations

import click

LONGEST = 300
"""Characters of a summary: more than any has."""


class WholeHelp(click.Group):
    """A group of verbs below a verb."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with the first sentence of their help, on as many lines as it takes."""
        rows = [
            (name, command.get_short_help_str(LONGEST))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
