"""Every error that whichhalf raises on purpose.

WhichhalfError              exit code 1
├── UsageError              2   an argument or option that cannot be
├── ConfigError             3   whichhalf.toml or the environment
├── BadDataError            4   a file or table that cannot be read truly
│   └── SchemaError             columns or types that are not as promised
├── EngineError             1   the engine refused a query
├── LakeError               1   a commit that conflicts, a version that is gone
│   └── DamagedFile             a file of a table that cannot be read (lake/damage.py)
└── RemoteError             6   a server that does not answer as it should

A message has three parts: what is wrong with which value, what was expected or where it was
looked for, what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class WhichhalfError(Exception):
    """Anything that whichhalf refuses or fails to do, with a message for a person."""

    exit_code = 1


class UsageError(WhichhalfError):
    """An argument or option that cannot be."""

    exit_code = 2


class ConfigError(WhichhalfError):
    """A setting that is missing, unknown or out of range."""

    exit_code = 3


class BadDataError(WhichhalfError):
    """A file that cannot be read truly."""

    exit_code = 4


class SchemaError(BadDataError):
    """Columns or types that are not what the table promises."""


class EngineError(WhichhalfError):
    """The engine refused a query."""


class LakeError(WhichhalfError):
    """A commit that conflicts, or a version that is gone."""


class RemoteError(WhichhalfError):
    """A server that does not answer as it should."""

    exit_code = 6


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known word, or "" if none is near."""
    match = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {match[0]!r}?" if match else ""
