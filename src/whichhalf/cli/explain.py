"""`whichhalf explain`."""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from pathlib import Path

import click

from whichhalf.cli.as_of import as_of_option, opened


@click.command()
@click.argument("what", metavar="CONVERSION|PERSON")
@click.option("--kind", "kinds", multiple=True, metavar="KIND",
              help="Only conversions of this kind; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same facts as JSON: docs/explain.md.")
@as_of_option
@click.pass_obj
def explain(obj: dict[str, Path], what: str, kinds: tuple[str, ...], as_json: bool) -> None:
    """Show why a conversion is credited as it is: every device, session, touch, rule and model.

    \b
    whichhalf explain 0004a339d1982772      a conversion: id of the message, install or payment
    whichhalf explain refund:pay-17         of one kind
    whichhalf explain u:10000 --kind signup all of a person, a user or a visitor; or of one kind
    whichhalf explain pay-17 --json
    """
    from whichhalf.attribute.explain import explain as explained
    from whichhalf.attribute.explain import to_text
    from whichhalf.steps import STEPS

    steps = {step.name: step.version for step in STEPS}
    facts = explained(opened(obj), what, kinds=kinds, steps=steps)
    if as_json:
        click.echo(_json(facts))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    click.echo(to_text(facts, width), nl=False)


def _json(facts: dict[str, object]) -> str:
    """Times in UTC with a Z, money as text."""
    import orjson

    options = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_INDENT_2
    return orjson.dumps(facts, default=_exact, option=options).decode()


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} is no fact")
