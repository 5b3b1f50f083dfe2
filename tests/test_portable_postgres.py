"""What sql/portable.py lets pass gives the same answers on Postgres as on the default engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portable_functions import OTHERS, SELECTS, answers
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.sql.portable import FUNCTIONS, PASSED_THROUGH

ASKED = {**SELECTS, **{name: [text] for name, text in OTHERS.items()}}


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url, Limits(2**30, 1, Path()))
    yield engine
    engine.close()


def test_every_function_that_may_be_used_is_asked() -> None:
    assert set(SELECTS) == FUNCTIONS | PASSED_THROUGH


@pytest.mark.parametrize("name", ASKED)
def test_answers_are_the_same(sql_engine: Engine, postgres: Engine, name: str) -> None:
    expected = answers(sql_engine, ASKED[name])
    assert all(expected)
    assert answers(postgres, ASKED[name]) == expected
