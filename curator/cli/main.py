"""The click group of all verbs, the global options, and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from curator import __version__
from curator.cli import GROUPS, SUMMARIES, VERBS
from curator.cli.workbench import Workbench
from curator.errors import CuratorError
from curator.printable import printable


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Note a global option on the workbench; it may stand before the verb, after it, or both (the last wins)."""
    if value is None or value is False or parameter.name is None:
        return
    if parameter.name == "project_folder":
        from pathlib import Path  # kept from `--help`, which it would make slower by a tenth

        value = Path(value)
    setattr(context.ensure_object(Workbench), parameter.name, value)


def _show_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"curator {__version__}")
        context.exit()


def _global_options() -> list[click.Option]:
    """Return fresh option objects, because click binds them to the command that holds them."""

    def option(*names: str, **settings: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, is_eager=True, **settings)

    return [
        option(
            "--store",
            "store_spec",
            metavar="STORE",
            help="local, local:PATH[?edition=2025-07][#ID], aws:ID or http://HOST:PORT/ID.",
        ),
        option(
            "--project",
            "project_folder",
            metavar="DIR",
            type=click.Path(file_okay=False),
            help="Folder of key, decisions, plans and ledgers.",
        ),
        option("--read-only", is_flag=True, help="Refuse everything that writes to the store."),
        option("--quiet", is_flag=True, help="No talk on stderr but errors."),
        option("--verbose", is_flag=True, help="Log what is done (never a value)."),
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_show_version,
            help="Show the version and exit.",
        ),
    ]


def _with_global_options(command: click.Command) -> click.Command:
    """Give a verb, and the verbs below it, the global options, unless it names one of them itself."""
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(o for o in _global_options() if not taken.intersection(o.opts))
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _with_global_options(child)
    return command


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is used, and lists verbs by what they are for."""

    loaded: dict[str, click.Command]

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self.loaded = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every verb, without loading any."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command, importing its module the first time."""
        if cmd_name not in VERBS:
            return None
        if cmd_name not in self.loaded:
            module, _, attribute = VERBS[cmd_name].partition(":")
            command = getattr(importlib.import_module(module), attribute)
            self.loaded[cmd_name] = _with_global_options(command)
        return self.loaded[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs by group."""
        placed = {verb for verbs in GROUPS.values() for verb in verbs}
        groups = {**GROUPS, "Others": tuple(verb for verb in VERBS if verb not in placed)}
        for title, verbs in groups.items():
            rows = [(verb, self._summary(ctx, verb)) for verb in verbs if verb in VERBS]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, verb: str) -> str:
        if verb in SUMMARIES:
            return SUMMARIES[verb]
        command = self.get_command(ctx, verb)
        return command.get_short_help_str(80) if command else ""


@click.group(
    cls=Verbs,
    params=_global_options(),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Without a verb: the terminal interface. `curator VERB --help` explains a verb, with examples. "
    "Environment: CURATOR_STORE, CURATOR_HOME, CURATOR_KEY_FILE.",
)
@click.pass_context
def verbs(context: click.Context) -> int | None:
    """Curate and de-identify medical images held in AWS HealthImaging."""
    workbench = context.ensure_object(Workbench)
    context.call_on_close(workbench.close)
    return workbench.open_tui() if context.invoked_subcommand is None else None


def run(words: Sequence[str]) -> int:
    """Run the command line and return its exit code (`curator.errors`)."""
    try:
        outcome = verbs.main(args=list(words), prog_name="curator", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed_pipe()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _complain("cancelled", 130)
    except click.ClickException as error:
        return _usage(error)
    except CuratorError as error:
        return _complain(str(error), error.exit_code)
    except OSError as error:
        return _complain(f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "), 4)
    except Exception as error:
        return _bug(error)
    return outcome if isinstance(outcome, int) and not isinstance(outcome, bool) else 0


def _complain(text: str, code: int) -> int:
    click.echo(f"curator: {printable(text, lines=True)}", err=True)
    return code


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"{printable(context.get_usage())}\n", err=True)
    return _complain(error.format_message(), error.exit_code)


def _closed_pipe() -> int:
    """End quietly when the reader of stdout left (``curator list | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _bug(error: Exception) -> int:
    """Say where an unexpected error arose. Its message and the traceback's source may hold values: not shown."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        folder, name = os.path.split(code.co_filename)
        if "curator" in folder.split(os.sep):
            places.append(f"  {name}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    where = "\n".join(places[-6:])
    return _complain(f"unexpected {type(error).__name__}; this is a defect of curator\n{where}", 4)
