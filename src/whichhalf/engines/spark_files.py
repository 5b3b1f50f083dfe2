"""Parquet files that jobs of Spark wrote, in the order of their tasks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS = 122_880


def files(folder: Path) -> list[Path]:
    """Parquet files below a folder, in the order of the tasks that wrote them."""
    return sorted(folder.rglob("part-*.parquet"), key=lambda path: (path.parent, _task(path)))


def _task(path: Path) -> int:
    return int(path.name.split("-")[1])


def batches(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of the files of a job, in the order of its tasks; the files go when all are read."""
    try:
        for path in files(folder):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    yield batch.cast(schema)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def moved(path: Path, arriving: Path, name: str) -> str:
    """Move a file of a job beside the folder that it arrived in; return its path there."""
    target = path.relative_to(arriving).with_name(name)
    whole = arriving.parent / target
    whole.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, whole)
    return str(target)


def uri(folder: Path) -> str:
    """A folder of this machine, as Spark wants it named."""
    return f"file://{folder}"
