"""Golden cases put together, since a run costs Spark the same for one row and for a thousand.

Cases with the same settings and the same tables of the whole business (costs, rates, campaigns) are
one project: each case's ids carry a token of its own, so that nothing of one meets anything of
another, and the token goes before rows are compared with what the case expects. Cases about what is
fitted to or listed of everything stay alone. Cases that differ only in rules of credit are one
project as well: what comes before the rules is the same for all of them.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from table_rows import make_rows, read_cells

# Ids of the advertising networks: what they name is the business's, not a case's.
_SHARED_IDS = {"campaign_id", "account_id", "ad_set_id", "ad_id", "utm_id", "product_id"}
# Rows of all cases would be one answer.
_WHOLE_TABLES = {"sources", "rates", "campaigns", "cost_days", "model_fits"}
_WHOLE_INPUTS = ("ad_costs", "loaded_campaigns", "loaded_rates")
_FITTED = {"markov", "shapley_rate"}
_KIND = re.compile(r"^((?:[adu]:|install:)?)")  # before the id itself


@dataclass(frozen=True)
class Batch:
    """Cases that are one project. config: its whichhalf.toml."""

    config: str
    cases: tuple[Path, ...]

    @property
    def name(self) -> str:
        """For the test's id: what there is in it."""
        first = f"{self.cases[0].parent.name}/{self.cases[0].name}"
        return first if len(self.cases) == 1 else f"{first} and {len(self.cases) - 1} more"

    @property
    def tables(self) -> list[str]:
        """Tables that its cases are about."""
        return sorted({case.parent.name for case in self.cases})

    def inputs(self) -> dict[str, pa.Table]:
        """Rows of every input table, of all cases."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number, case in enumerate(self.cases):
            for path in sorted(case.glob("*.csv")):
                if path.stem == "expected" or (number and path.stem in _WHOLE_INPUTS):
                    continue
                cells = read_cells(path)
                if len(self.cases) > 1:
                    cells = [marked(row, number) for row in cells]
                rows[path.stem] += cells
        return {name: make_rows(name, cells) for name, cells in rows.items()}

    def rows_of(self, case: Path, found: pa.Table) -> pa.Table:
        """Those of the rows of a table that are the case's, without its token."""
        if len(self.cases) == 1:
            return found
        token = f"{self.cases.index(case):03d}~"
        texts = [name for name in found.column_names if pa.types.is_string(found[name].type)]
        mine = pc.match_substring(found[texts[0]], token)
        for name in texts:
            held = pc.fill_null(pc.match_substring(found[name], token), False)
            mine = pc.or_(pc.fill_null(mine, False), held)
        kept = found.filter(mine)
        for name in texts:
            place = kept.column_names.index(name)
            kept = kept.set_column(place, name, pc.replace_substring(kept[name], token, ""))
        return kept


def marked(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Put the token of a case into every id of a row, after what says its kind."""
    cells = dict(row)
    token = f"{number:03d}~"
    for name, cell in {"app": "app", **cells}.items():
        if cell and (name == "app" or (name.endswith("_id") and name not in _SHARED_IDS)):
            cells[name] = _KIND.sub(rf"\g<1>{token}", cell, count=1)
    return cells


def is_of_rules(case: Path) -> bool:
    """Whether a case is about rules of [attribute] that judge touches, and about nothing else."""
    config = tomllib.loads(_text(case, "config.toml"))
    return (
        case.parent.name in ("rule_credits", "unattributed", "conversions")
        and set(config) == {"attribute"}
        and "purchases_from" not in config["attribute"]
        and not any(_text(case, f"{name}.csv") for name in _WHOLE_INPUTS)
    )


def batches(cases: list[Path]) -> list[Batch]:
    """Put every case into a batch, but those of rules."""
    groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for case in (case for case in cases if not is_of_rules(case)):
        groups[(_text(case, "config.toml"), *_apart(case))].append(case)
    return [Batch(key[0], tuple(group)) for key, group in groups.items()]


def _apart(case: Path) -> tuple[str, ...]:
    """What a case must share with others beside its settings; its name where it stands alone."""
    models = set(_text(case, "models.txt").split())
    is_fitted = case.parent.name == "credits" and (not models or models & _FITTED)
    config = _text(case, "config.toml")
    names_ids = "ignored_user_ids" in config or (case / "files").exists()
    if case.parent.name in _WHOLE_TABLES or is_fitted or names_ids:
        return (str(case),)
    return tuple(_text(case, f"{name}.csv") for name in _WHOLE_INPUTS)


def _text(case: Path, name: str) -> str:
    return (case / name).read_text("utf-8") if (case / name).exists() else ""
