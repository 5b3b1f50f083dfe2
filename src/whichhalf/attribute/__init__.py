"""Attribute: who gets the credit. Here: the models over any frame, without a project.

    from whichhalf.attribute import markov
    markov(paths)           # any frame that speaks Arrow: path, conversions[, value][, nulls]

They are imported when asked for, so that steps and `--help` carry none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whichhalf.attribute.models.markov import markov
    from whichhalf.attribute.models.positional import first, last, linear, position
    from whichhalf.attribute.models.shapley import shapley
    from whichhalf.attribute.models.time_decay import time_decay
    from whichhalf.attribute.models.transforms import (
        capped,
        distinct,
        first_occurrences,
        without_direct,
        without_repeats,
    )

_MODELS = "whichhalf.attribute.models"
_MODULES = {
    "capped": "transforms",
    "distinct": "transforms",
    "first": "positional",
    "first_occurrences": "transforms",
    "last": "positional",
    "linear": "positional",
    "markov": "markov",
    "position": "positional",
    "shapley": "shapley",
    "time_decay": "time_decay",
    "without_direct": "transforms",
    "without_repeats": "transforms",
}

__all__ = [
    "capped",
    "distinct",
    "first",
    "first_occurrences",
    "last",
    "linear",
    "markov",
    "position",
    "shapley",
    "time_decay",
    "without_direct",
    "without_repeats",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{_MODELS}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
