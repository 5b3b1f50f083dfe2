"""`whichhalf persons`: who is one person and why; undo a wrong merge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichhalf.cli.printing import say
from whichhalf.project import open_project

if TYPE_CHECKING:
    from whichhalf.stitch.component import Component
    from whichhalf.stitch.splits import Effect

Command = Callable[..., Any]


@click.group()
def persons() -> None:
    """Who is one person and why; undo a wrong merge."""


@persons.command()
@click.argument("identifier", metavar="ID")
@click.option("--app", help="Only this product, where a visitor's id is in several.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="table, or json (an object a line).")  # fmt: skip
@click.pass_obj
def show(obj: dict[str, Path], identifier: str, app: str | None, form: str) -> None:
    """Show the person of a user (u:…) or visitor (a:…, d:…), and the calls that tie it together.

    \b
    whichhalf persons show u:42
    whichhalf persons show a:5f2c --format json
    """
    import orjson

    from whichhalf.stitch.component import components

    for component in components(open_project(obj["folder"]), identifier, app):
        if form == "json":
            options = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
            click.echo(orjson.dumps(asdict(component), default=str, option=options).decode())
        else:
            click.echo("\n".join(_lines(component)))


def _lines(one: Component) -> list[str]:
    lines = [f"Person {_plain(one.person_id)}", f"  users: {', '.join(map(_plain, one.users))}"]
    for row in one.visitors:
        period = f"{row['since']:%Y-%m-%d %H:%M:%S} to {row['until']:%Y-%m-%d %H:%M:%S}"
        lines.append(
            f"  visitor {_plain(row['visitor_id'])} in {_plain(row['app'])}, {period}: by"
            f" {_plain(row['user_id'])} ({row['by_call']})"
        )
    for row in one.edges:
        verb = "is also" if row["edge_kind"] == "alias" else "carried"
        lines.append(
            f"  {row['first_at']:%Y-%m-%d %H:%M:%S} {row['call']} {_plain(row['message_id'])}:"
            f" {_plain(row['tied_id'])} {verb} {_plain(row['user_id'])} in {_plain(row['app'])}"
        )
    for row in one.cuts:
        ids = (row["visitor_id"] or row["other_user_id"], row["user_id"] or "every user")
        lines.append(
            f"  {row['decided_at']:%Y-%m-%d %H:%M:%S} {'cut' if row['is_cut'] else 'joined again'}:"
            f" {_plain(ids[0])} and {_plain(ids[1])}, by {_plain(row['decided_by'])}"
            + (f": {_plain(row['reason'])}" if row["reason"] else "")
        )
    return lines


def _deciding(command: Command) -> Command:
    """What every decision takes."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--by", metavar="NAME", help="Who decides; default: you."),
        click.option("--reason", metavar="TEXT", help="Why; kept beside the decision."),
        click.option("--app", help="Product, where a visitor's id is in several."),
        click.argument("other", metavar="[ID]", required=False),
        click.argument("one", metavar="ID"),
    ):
        command = option(command)
    return command


@persons.command()
@_deciding
@click.option("--undo", is_flag=True, help="Join again what was split: `persons join`.")
@click.pass_obj
def split(obj: dict[str, Path], /, undo: bool, **asked: Any) -> None:
    """Undo a wrong merge: what ties two ids counts no more, from the next run on.

    \b
    whichhalf persons split u:1 u:2         their alias calls were wrong: two people
    whichhalf persons split a:5f2c u:1      what this visitor does without logging in is not u:1's
    whichhalf persons split a:kiosk         … nor any other user's: a shared device
    """
    _decide(obj["folder"], is_cut=not undo, **asked)


@persons.command()
@_deciding
@click.pass_obj
def join(obj: dict[str, Path], /, **asked: Any) -> None:
    """Undo a split: what tied the two ids counts again.

    \b
    whichhalf persons join u:1 u:2
    """
    _decide(obj["folder"], is_cut=False, **asked)


def _decide(
    folder: Path, *, is_cut: bool, one: str, other: str | None, app: str | None,
    reason: str | None, by: str | None, yes: bool, dry_run: bool,
) -> None:  # fmt: skip
    import getpass
    from datetime import UTC, datetime

    from whichhalf.stitch import splits

    project = open_project(folder)
    cut = splits.find(project, one, other, app)
    if splits.is_standing(project, cut) == is_cut:
        say(f"Nothing to do: {cut.text} is {'split already' if is_cut else 'not split'}.")
        return
    row = cut.row(
        is_cut=is_cut, decided_at=datetime.now(UTC), decided_by=by or getpass.getuser(),
        reason=reason,
    )  # fmt: skip
    say(
        f"{'Split' if is_cut else 'Join'} {_plain(cut.text)}. {_told(splits.preview(project, row))}"
    )
    if dry_run:
        return
    if not yes:
        click.confirm("Do it?", abort=True, err=True)
    with project.lock():
        splits.decide(project, row)
    say("Decided; nothing else has changed yet. Take it in: whichhalf run")


def _told(effect: Effect) -> str:
    if not (effect.users_moved or effect.visitors_moved):
        return "Nobody moves: other calls tie them still. See: whichhalf persons show"
    return (
        f"{_counted(effect.users_moved, 'user')} and {_counted(effect.visitors_moved, 'visitor')}"
        f" change hands; persons among them: {effect.persons_before:,} before,"
        f" {effect.persons_after:,} after. {_counted(effect.conversions_moved, 'conversion')} to"
        f" another person, {effect.conversions_touched:,} credited anew."
    )


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" + "s" * (count != 1)


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
