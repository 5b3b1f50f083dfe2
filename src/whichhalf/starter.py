"""`whichhalf init`: a folder whose whichhalf.toml names every setting, its meaning and default."""

from __future__ import annotations

import json
import os
import secrets
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

from whichhalf.config import FILE_NAME, SECTIONS, SOURCE_KINDS
from whichhalf.errors import WhichhalfError

SALT_FILE = ".whichhalf/visitor_salt"
WIDTH = 98

HEAD = """\
# Settings of this project. `#setting = …` shows one that is not in force: take the # away to
# change it. Each can also come from the environment, like WHICHHALF_REPORT_CURRENCY=EUR.
# `whichhalf config show --origin` says what holds, and why.
"""
SOURCES_HEAD = """
# Where the data comes from: a [[source]] for each place, any number of a kind. Files are paths or
# globs below this folder; a file is read once, and again when it changes.
"""

# Values that teach more than the defaults do; docs/config.md and whichhalf.toml show them.
EXAMPLES: dict[str, Any] = {
    "project.name": "shop",
    "project.lake": "s3://bucket/shop",
    "project.control": "postgresql://whichhalf@db.example/whichhalf",
    "project.threads": 4,
    "collect.visitor_salt": "a long random secret",
    "stitch.ignored_user_ids": ("test", "kiosk"),
    "sessionize.own_hosts": ("shop.example", "pay.shop.example"),
    "sessionize.ignored_referrers": ("login.partner.example",),
    "attribute.purchases_from": "events",
    "attribute.channel_rules": "rules/channels.csv",
    "attribute.lookback_rules": "rules/lookback.csv",
    "attribute.paid_rules": "rules/paid.csv",
    "report.currency": "EUR",
    "report.time_zone": "Europe/Berlin",
}

# One block for each kind of source.
SOURCES: tuple[dict[str, Any], ...] = (
    {"name": "web", "kind": "segment", "app": "web", "files": ["data/segment/*.jsonl.gz"]},
    {
        "name": "weblog",
        "kind": "access_log",
        "app": "blog",
        "files": ["data/logs/access.log*"],
        "drop": ["bots", "assets", "errors", "methods"],
    },
    {
        "name": "meta",
        "kind": "meta_csv",
        "files": ["data/costs/meta/*.csv"],
        "network": "meta",
        "account_id": "act_1",
        "time_zone": "America/Los_Angeles",
        "currency": "USD",
    },
    {
        "name": "google",
        "kind": "google_ads_csv",
        "files": ["data/costs/google/*.csv"],
        "network": "google_ads",
        "account_id": "123-456-7890",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
    },
    {"name": "payments", "kind": "table", "table": "payments", "files": ["data/payments*.csv"]},
    {
        "name": "authors",
        "kind": "lookup",
        "on": "blog_url",
        "key": "url",
        "files": ["data/authors.csv"],
    },
    {"name": "ecb", "kind": "ecb_rates", "priority": 0},
)
IN_FORCE = ("ecb",)  # sources that need no files of the user


def make(folder: Path) -> None:
    """Make a project folder: whichhalf.toml, a secret salt, data/ and .gitignore.

    Files that are there already stay. WhichhalfError where the folder is a project already, or
    cannot be written.
    """
    path = folder / FILE_NAME
    try:
        if path.exists():
            raise WhichhalfError(
                f"{folder} is a project already: it has a {FILE_NAME}. Name another folder, or"
                f" remove that file to have it written anew."
            )
        (folder / "data").mkdir(parents=True, exist_ok=True)
        _write_salt(folder / SALT_FILE)
        texts = resources.files("whichhalf") / "starter_files"
        _write_new(folder / "data" / "README.md", (texts / "data.md").read_text("utf-8"))
        _write_new(folder / ".gitignore", (texts / "gitignore").read_text("utf-8"))
        _write_new(path, project_file(folder.resolve().name))
    except OSError as error:
        raise WhichhalfError(
            f"Cannot make a project in {folder}: {error.strerror}: {error.filename}."
            " Name a folder that can be written."
        ) from None


def project_file(name: str) -> str:
    """Return the text of whichhalf.toml.

    `# ` begins a remark, `#` alone a setting: with all of these taken away it is valid, too.
    """
    text = HEAD
    for section, cls in SECTIONS.items():
        text += _section(section, cls, name)
    return text + SOURCES_HEAD + "".join(_source(source) for source in SOURCES)


def toml(value: Any) -> str:
    """A setting's value as TOML: strings, whole numbers and lists of strings read like JSON."""
    return json.dumps(value, ensure_ascii=False)


def _section(section: str, cls: type[Any], name: str) -> str:
    about = (cls.__doc__ or "").partition(": ")[2]
    lines = ["", *_remark(about[:1].upper() + about[1:]), f"[{section}]"]
    for item in fields(cls):
        lines += _setting(section, item.name, item.default, item.metadata["about"], name)
    return "\n".join(lines) + "\n"


def _setting(section: str, key: str, default: Any, about: str, name: str) -> Iterator[str]:
    """The lines of one setting. The name and the salt are set, the rest shows what could be."""
    full = f"{section}.{key}"
    if full == "collect.visitor_salt":
        yield from _remark(f"{about} Keep that file: with another salt all visitors are new.")
        yield f"{key}_file = {toml(SALT_FILE)}"
    elif full == "project.name":
        yield from _remark(about)
        yield f"{key} = {toml(name)}"
    else:
        shown = EXAMPLES.get(full, default)
        remark = about if shown == default else f"{about} Default: {toml(default)}."
        yield from _remark(remark)
        yield f"#{key} = {toml(shown)}"


def _source(source: dict[str, Any]) -> str:
    mark = "" if source["name"] in IN_FORCE else "#"
    about = f"{source['kind']}: {SOURCE_KINDS[source['kind']]}."
    settings = [f"{mark}{key} = {toml(value)}" for key, value in source.items()]
    return "\n".join(["", *_remark(about), f"{mark}[[source]]", *settings]) + "\n"


def _remark(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _write_salt(path: Path) -> None:
    """Write a random salt that only the owner may read; an existing one stays, visitors with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(32) + "\n")


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, "utf-8")
