"""Rule files: CSV text into rows, with the line of each for messages."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from whichhalf.errors import ConfigError, nearest

_COMMENT = "#"


@dataclass(frozen=True)
class RuleFile:
    """A rule file as text. label: how messages name it."""

    label: str
    text: str


@dataclass(frozen=True)
class Row:
    """One row: "label, line n" for messages, and its cells, stripped, by column."""

    where: str
    cells: Mapping[str, str]


def shipped(name: str) -> RuleFile:
    """Return a rule file of this package, e.g. "channels.csv"."""
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return RuleFile(f"shipped {name}", text)


def own_file(path: str, folder: Path, setting: str) -> RuleFile | None:
    """Return the user's file, `path` relative to the project `folder`; None for an empty path."""
    if not path:
        return None
    try:
        return RuleFile(path, (folder / path).read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{setting}: cannot read {path!r} in {folder}: {error.strerror}. Correct the path in"
            " whichhalf.toml, or leave it empty to use the shipped rules alone."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: byte {error.start} is no UTF-8. Save the file as CSV in UTF-8."
        ) from None


def version_of(files: Iterable[RuleFile]) -> str:
    """Return 12 hex digits over the texts, in order; line ends and file names do not count."""
    digest = hashlib.sha256()
    for file in files:
        content = "\n".join(file.text.splitlines()).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:12]


def read_rows(file: RuleFile, columns: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """Return the rows of a rule file; blank lines and those that begin with # are no rows.

    columns: all that it may have. needed: those that must be there and filled in each row.
    """
    lines = file.text.splitlines()
    reader = csv.reader(
        ("" if line.startswith(_COMMENT) else line for line in lines),
        skipinitialspace=True,
        strict=True,
    )
    header: list[str] = []
    rows: list[Row] = []
    try:
        for cells in reader:
            where = f"{file.label}, line {reader.line_num}"
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not header:
                header = _header(where, values, columns, needed)
            else:
                rows.append(_row(where, header, values, needed))
    except csv.Error as error:
        raise ConfigError(f"{file.label}, line {reader.line_num}: no valid CSV: {error}.") from None
    if not header:
        raise ConfigError(f"{file.label}: empty. The first line must name: {', '.join(needed)}.")
    return rows


def _header(
    where: str, header: list[str], columns: Sequence[str], needed: Sequence[str]
) -> list[str]:
    for name in header:
        if name not in columns:
            raise ConfigError(
                f"{where}: unknown column {name!r}.{nearest(name, columns)}"
                f" Columns, separated by commas: {', '.join(columns)}."
            )
        if header.count(name) > 1:
            raise ConfigError(f"{where}: column {name!r} is there twice. Remove one.")
    for name in needed:
        if name not in header:
            raise ConfigError(f"{where}: no column {name!r}. The first line must name it.")
    return header


def _row(where: str, header: list[str], values: list[str], needed: Sequence[str]) -> Row:
    if len(values) != len(header):
        raise ConfigError(
            f"{where}: {len(values)} cells, but the header has {len(header)}."
            " Quote a cell that holds a comma, and write a comma for each empty cell."
        )
    cells = dict(zip(header, values, strict=True))
    for name in needed:
        if not cells[name]:
            raise ConfigError(f"{where}: {name} is empty. Every row must fill it.")
    return Row(where, cells)
