"""The command line: parse, call, print. Commands are imported when they are called."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from whichhalf import __version__
from whichhalf.errors import WhichhalfError, nearest

# Command → module, and its line in `whichhalf --help`, so that help imports nothing.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Simulate a small world, run the whole way, show the campaign report."),
    "init": ("project", "Make a project folder."),
    "load": ("load", "Load the files that whichhalf.toml names, or files of one table."),
    "run": ("run", "Load, then recompute what is stale."),
    "report": ("report", "Show a report."),
    "explain": ("explain", "Show why a conversion is credited as it is."),
    "dump": ("tables", "Write a table out."),
    "sql": ("tables", "Print the SELECT behind a table, for an engine."),
    "persons": ("persons", "Who is one person and why; undo a wrong merge."),
    "verify": ("verify", "Rebuild beside the live tables and compare row for row."),
    "audit": ("audit", "Reconcile raw rows with reports, and platforms' claims with ours."),
    "lake": ("lake", "The tables as files: versions, small files into one, room made."),
    "quarantine": ("quarantine", "Rows that were set aside: list, show, replay."),
    "config": ("project", "Settings, and where each comes from."),
    "world": ("world", "Simulate an ad economy with a known truth, and score a project by it."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"whichhalf.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        if args and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}.{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_module, about) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="whichhalf")
@click.option("-C", "--folder", type=click.Path(path_type=Path), default=Path(),
              envvar="WHICHHALF_FOLDER", show_envvar=True, help="Project folder.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def cli(ctx: click.Context, folder: Path, debug: bool) -> None:
    """Which half of my ad spend works?

    \b
    whichhalf demo                          see it work
    whichhalf init shop && cd shop          start with your own files
    whichhalf run && whichhalf report campaigns
    """
    ctx.obj = {"folder": folder, "debug": debug}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0 ok, 1 failure, 2 usage, 3 config, 4 bad data, 6 remote, 130 interrupted.
    """
    arguments = sys.argv[1:] if argv is None else argv
    debug = "--debug" in arguments
    try:
        result: Any = cli.main(args=arguments, prog_name="whichhalf", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WhichhalfError as error:
        if debug:
            raise
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Interrupted. What was committed stays; run again to go on.", err=True)
        return 130
    except Exception as error:
        if debug:
            raise
        click.echo(
            f"Error: {type(error).__name__}: {error}\nThis is a fault of whichhalf, not of yours."
            " Run again with --debug and report what it prints.",
            err=True,
        )
        return 1
    return result if isinstance(result, int) else 0
