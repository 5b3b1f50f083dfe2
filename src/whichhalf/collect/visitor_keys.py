"""The 64-bit keys of visitors (ids.py), computed once a distinct visitor."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.engines import Engine
from whichhalf.ids import visitor_key_sql

_RELATION = "distinct_visitors"


def visitor_keys(
    engine: Engine, apps: pa.ChunkedArray, visitors: pa.ChunkedArray
) -> pa.ChunkedArray:
    """Return the key of each pair of app and visitor id; null where the id is null."""
    app, visitor = _coded(apps), _coded(visitors)
    size = max(len(visitor.dictionary), 1)
    pairs = app.indices.to_numpy().astype(np.int64) * size + visitor.indices.to_numpy()
    if len(app.dictionary) > 1:
        distinct, place = np.unique(pairs, return_inverse=True)
    else:
        distinct, place = np.arange(len(visitor.dictionary)), pairs
    relation = pa.table(
        {
            "app": app.dictionary.take(pa.array(distinct // size)),
            "visitor_id": visitor.dictionary.take(pa.array(distinct % size)),
            "i": pa.array(np.arange(len(distinct))),
        }
    )
    engine.relation(_RELATION, relation)
    key = visitor_key_sql("app", "visitor_id")
    keys = engine.table(f"select {key} as visitor_key from {_RELATION} order by i")["visitor_key"]
    engine.drop(_RELATION)
    return pa.chunked_array([keys.combine_chunks().take(pa.array(place))])


def _coded(values: pa.ChunkedArray) -> pa.DictionaryArray:
    """The values by their places among the distinct ones, null being one of them."""
    return pc.dictionary_encode(values.combine_chunks(), null_encoding="encode")
