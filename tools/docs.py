"""Write the generated pages of docs/: tables.md, cli.md, config.md, and the reasons in collect.md.

python tools/docs.py            write them
python tools/docs.py --check    exit 1 and name those that are out of date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import click

from whichhalf.cli import cli
from whichhalf.collect.reading import REASONS
from whichhalf.config import SECTIONS, SOURCE_KINDS, SourceConfig
from whichhalf.starter import EXAMPLES, SOURCES, toml
from whichhalf.tables import TABLES, Kind, Table

DOCS = Path(__file__).parents[1] / "docs"
MARK = "<!-- Written by tools/docs.py (`make docs`): do not edit. -->"
WIDTH = 88

KINDS = {
    Kind.INPUT: "Input tables: what is loaded",
    Kind.DERIVED: "Derived tables: what the steps write",
    Kind.VIEW: "Views: computed when they are read",
}
TYPES = """\
| type | in files | unit |
|---|---|---|
| string, json | UTF-8 | |
| bigint | 64-bit integer | pieces, unless the meaning says otherwise |
| double | 64-bit float | |
| boolean | | |
| date | 32-bit date | |
| timestamp | microseconds, UTC | |
| money | decimal(18, 6) | the currency that the meaning or the row names |
| rate | decimal(18, 12) | |

Columns named `…_at` are instants in UTC, `…_on` dates, `is_…` flags, `…_count` counts. Ids are
strings with a prefix for their kind: `a:` anonymous id, `d:` device, `u:` user.
"""


def tables_page() -> str:
    """Return the dictionary of every table."""
    parts = [
        "# Tables",
        MARK,
        "The stages share these tables and nothing else. `whichhalf dump TABLE` writes one out,"
        " `whichhalf load TABLE FILE…` loads one, `whichhalf sql TABLE` prints what computes it.",
        TYPES.rstrip(),
    ]
    for kind, title in KINDS.items():
        members = [table for table in TABLES.values() if table.kind is kind]
        parts += [f"## {title}", *(_table(table) for table in members)]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    facts = [f"One row per {', '.join(f'`{column}`' for column in table.grain)}."]
    if table.clock:
        facts.append(f"Cut into UTC days by `{table.clock}`.")
    if table.loadable:
        facts.append(f"Load it: `whichhalf load {table.name.removeprefix('loaded_')} FILE…`")
    rows = [
        f"| `{c.name}` | {c.type} | {'null' if c.nullable else ''} | {_cell(c.meaning)} |"
        for c in table.columns
    ]
    head = ["| column | type | may be | meaning |", "|---|---|---|---|"]
    return "\n".join([f"### {table.name}", "", table.meaning, " ".join(facts), "", *head, *rows])


def cli_page() -> str:
    """Return the help of every command."""
    parts = [
        "# Commands",
        MARK,
        "Tables go to stdout, talk to stderr. Exit codes: 0 ok, 1 failure, 2 usage, 3 settings,"
        " 4 data that cannot be read truly, 6 a server that does not answer.",
    ]
    for path, command in commands():
        with click.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH,
                           help_option_names=["-h", "--help"]) as context:  # fmt: skip
            parts.append(f"## {path}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its path, groups before their members."""

    def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield path, command
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=path)
            for name in command.list_commands(context):
                member = command.get_command(context, name)
                assert member is not None, f"{path} {name}"
                yield from walk(f"{path} {name}", member)

    yield from walk("whichhalf", cli)


def config_page() -> str:
    """Return every setting: default, meaning, example."""
    parts = [
        "# Settings",
        MARK,
        "`whichhalf.toml` in the project folder. `whichhalf init` writes one with every setting in"
        " it; `whichhalf config show --origin` says what holds and why. An environment variable"
        " `WHICHHALF_SECTION_SETTING` comes before the file, lists separated by commas. A secret"
        ' can stand in a file: `visitor_salt_file = "…"` or `WHICHHALF_…_FILE`.',
    ]
    for section, cls in SECTIONS.items():
        about = (cls.__doc__ or "").partition(": ")[2]
        rows = [
            _setting(item.name, item.default, item.metadata["about"],
                     EXAMPLES.get(f"{section}.{item.name}", item.default))
            for item in fields(cls)
        ]  # fmt: skip
        parts.append(
            "\n".join([f"## [{section}]", "", about[:1].upper() + about[1:], "", *_HEAD, *rows])
        )
    return "\n\n".join([*parts, _sources()]) + "\n"


_HEAD = ["| setting | default | meaning | example |", "|---|---|---|---|"]


def _setting(name: str, default: object, about: str, example: object) -> str:
    return f"| `{name}` | `{toml(default)}` | {_cell(about)} | `{name} = {toml(example)}` |"


def _sources() -> str:
    examples = {key: value for source in reversed(SOURCES) for key, value in source.items()}
    more = {"network": "tiktok", "priority": 1}
    rows = [
        _setting(f.name, f.default, f.metadata["about"], (examples | more)[f.name])
        for f in fields(SourceConfig)
    ]
    lines = ["## [[source]]", "", "One for each place that data comes from.", "", *_HEAD, *rows, ""]
    lines += ["| kind | what the files are |", "|---|---|"]
    lines += [f"| `{kind}` | {_cell(about)} |" for kind, about in SOURCE_KINDS.items()]
    for source in SOURCES:
        settings = "\n".join(f"{key} = {toml(value)}" for key, value in source.items())
        lines += ["", "```toml", f"[[source]]\n{settings}", "```"]
    return "\n".join(lines)


def collect_page() -> str:
    """Return docs/collect.md with the list of reasons renewed."""
    rows = [f"| `{reason}` | {_cell(about)} |" for reason, about in REASONS.items()]
    table = "\n".join(["| reason | why a row is set aside |", "|---|---|", *rows])
    text = (DOCS / "collect.md").read_text("utf-8")
    return re.sub(
        r"(?s)(<!-- reasons: [^>]* -->\n).*(\n<!-- end of reasons -->)",
        lambda found: found[1] + table + found[2],
        text,
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "cli.md": cli_page,
    "config.md": config_page,
    "collect.md": collect_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check name those that are out of date."""
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    if stale and "--check" in arguments:
        print(f"docs/ is out of date: {', '.join(stale)}. Run `make docs` and commit.")
        return 1
    print(f"docs: {', '.join(stale) or 'nothing'} written" if stale else "docs: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
