"""whichhalf.toml, read. Flag > WHICHHALF_* > file > default; unknown keys are refused."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from whichhalf.config.checks import check
from whichhalf.config.sections import SECTIONS, SOURCE_KINDS, Config, SourceConfig
from whichhalf.errors import ConfigError, nearest

FILE_NAME = "whichhalf.toml"


def load_config(folder: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read `folder`/whichhalf.toml and the WHICHHALF_* variables.

    A setting section.key is overridden by WHICHHALF_SECTION_KEY; a secret can be given as
    key_file or WHICHHALF_SECTION_KEY_FILE, a path whose content is the value.
    Raises ConfigError with the nearest known key for an unknown one.
    """
    environ = os.environ if environ is None else environ
    path = folder / FILE_NAME
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No {FILE_NAME} in {folder}. Make a project with `whichhalf init NAME`, or name its"
            " folder with `whichhalf -C FOLDER …`."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    known = [*SECTIONS, "source"]
    for key in content:
        if key not in known:
            raise ConfigError(f"{path}: unknown section [{key}].{nearest(key, known)}")
    origins: dict[str, str] = {}
    sections = {
        name: _section(name, cls, content.get(name, {}), folder, environ, origins)
        for name, cls in SECTIONS.items()
    }
    sources = _sources(content.get("source", []), path)
    config = Config(**sections, sources=sources, origins=origins)
    check(config, path)
    return config


def _section(
    name: str,
    cls: type[Any],
    given: Any,
    folder: Path,
    environ: Mapping[str, str],
    origins: dict[str, str],
) -> Any:
    """Build one section from file and environment, noting where each value came from."""
    if not isinstance(given, dict):
        raise ConfigError(f"{FILE_NAME}: [{name}] must be a section, not {given!r}.")
    known = {item.name: item for item in fields(cls)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        plain = key.removesuffix("_file") if key not in known else key
        if plain not in known:
            raise ConfigError(f"{FILE_NAME}: unknown setting {name}.{key}.{nearest(key, known)}")
        if plain != key:
            value = _read_secret(folder / str(value), f"{name}.{key}")  # noqa: PLW2901
        values[plain] = _typed(f"{name}.{key}", value, known[plain].default)
        origins[f"{name}.{plain}"] = FILE_NAME
    for key, item in known.items():
        variable = f"WHICHHALF_{name}_{key}".upper()
        if variable in environ:
            values[key] = _from_text(variable, environ[variable], item.default)
            origins[f"{name}.{key}"] = variable
        elif f"{variable}_FILE" in environ:
            values[key] = _read_secret(Path(environ[f"{variable}_FILE"]), f"{variable}_FILE")
            origins[f"{name}.{key}"] = f"{variable}_FILE"
        origins.setdefault(f"{name}.{key}", "default")
    return cls(**values)


def _read_secret(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: cannot read {path}: {error}.") from None


def _typed(key: str, value: Any, default: Any) -> Any:
    """Check a TOML value against the type of the default; lists of strings become tuples."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ConfigError(f"{FILE_NAME}: {key} must be a list of strings, not {value!r}.")
    if type(default) is float and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise ConfigError(
            f"{FILE_NAME}: {key} must be {_type_name(default)}, not {value!r}"
            f" (default {default!r})."
        )
    return value


def _from_text(variable: str, text: str, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{variable} must be true or false, not {text!r}.")
        return text.lower() == "true"
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            raise ConfigError(f"{variable} must be {_type_name(default)}, not {text!r}.") from None
    return text


def _type_name(value: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    return names[type(value)]


def _sources(given: Any, path: Path) -> tuple[SourceConfig, ...]:
    known = {item.name: item for item in fields(SourceConfig)}
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise ConfigError(
            f"{path}: sources are written as [[source]], each with a name and a kind."
        )
    sources = []
    for number, entry in enumerate(given, 1):
        label = f"source {entry.get('name', number)!r}"
        for key in entry:
            if key not in known:
                raise ConfigError(f"{path}: {label}: unknown setting {key}.{nearest(key, known)}")
        values = {k: _typed(f"{label}: {k}", v, known[k].default) for k, v in entry.items()}
        source = SourceConfig(**values)
        if source.kind not in SOURCE_KINDS:
            raise ConfigError(
                f"{path}: {label}: unknown kind {source.kind!r}."
                f"{nearest(source.kind, SOURCE_KINDS)} Kinds: {', '.join(SOURCE_KINDS)}."
            )
        if not source.name:
            raise ConfigError(f"{path}: source {number} has no name. Add `name = …`.")
        sources.append(source)
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two sources are named {name!r}. Rename one.")
    return tuple(sources)
