"""Laws run the same few queries hundreds of times: render each once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from whichhalf.sql import Query


@pytest.fixture(scope="session", autouse=True)
def rendered_once() -> Iterator[None]:
    """Keep the text of each query; a query is known by its name, as files do not change here."""
    texts: dict[tuple[Any, ...], str] = {}
    render = Query.sql

    def kept(query: Query, dialect: str = "duckdb", **parameters: Any) -> str:
        key = (query.name, dialect, *sorted(parameters.items()))
        if key not in texts:
            texts[key] = render(query, dialect, **parameters)
        return texts[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Query, "sql", kept)
        yield
