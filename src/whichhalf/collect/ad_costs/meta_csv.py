"""CSV exports of Facebook Ads Manager, by day or hour → ad_costs.

Default exports are one row for the whole range: those are refused, as nobody can know which day
the money was spent on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS, Columns, find_columns
from whichhalf.collect.ad_costs.cost_rows import Dialect, cost_rows
from whichhalf.collect.ad_costs.csv_export import Export, raw_exports, read_export
from whichhalf.collect.ad_costs.meta_headers import META
from whichhalf.collect.ad_costs.replay import joined
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError

_BY_DAY = "Export again in Ads Manager with Breakdown → By time → Day."
_EXPECTED = (
    "columns like Day, Campaign name, Ad set name, Ad name, Amount spent (EUR), Impressions,"
    " Clicks (all), in English, German, French, Spanish, Portuguese, Turkish or Italian"
)
META_DIALECT = Dialect("meta", "Ads Manager", lambda account: account.removeprefix("act_"))


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:  # noqa: ARG001
    """Return the costs of one export.

    BadDataError refuses exports that are not by day, in the viewer's zone, or whose account, zone
    or currency nobody says.
    """
    return _read(read_export(path, _is_header, _EXPECTED), source)


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:  # noqa: ARG001
    """Return the costs of rows that were set aside."""
    exports, bad = raw_exports(raws)
    return joined([_read(export, source) for export in exports], bad)


def _is_header(cells: Sequence[str]) -> bool:
    at = find_columns(cells, META).at
    return "spend" in at and ("day" in at or "starts" in at or any(c in at for c in LEVEL_COLUMNS))


def _read(export: Export, source: SourceConfig) -> Parsed:
    columns = find_columns(export.header, META)
    _refuse(export, columns)
    return cost_rows(export, columns, source, META_DIALECT)


def _refuse(export: Export, columns: Columns) -> None:
    """Refuse exports from which no cost of a day can be told."""
    at = columns.at
    if "viewer_hour" in at:
        raise BadDataError(
            f"{export.file}: its hours are in each viewer's time zone, which no day of the account"
            ' matches. Export again with "Time of day (ad account time zone)".'
        )
    if not any(column in at for column in LEVEL_COLUMNS):
        raise BadDataError(
            f"{export.file}: no column names a campaign, ad set or ad. Export again with"
            " Campaign name, Ad set name and Ad name (and their ids)."
        )
    if "day" in at:
        return
    if "starts" not in at or "ends" not in at:
        raise BadDataError(f"{export.file}: no column says which day a row is of. {_BY_DAY}")
    names = [at[column] for column in LEVEL_COLUMNS if column in at]
    for cells, position in zip(export.rows, export.positions, strict=True):
        starts, ends = cells[at["starts"]].strip(), cells[at["ends"]].strip()
        if starts != ends and any(cells[name].strip() for name in names):
            raise BadDataError(
                f"{export.file}: line {position} covers {starts} to {ends} in one row, and nobody"
                f" can tell its days apart. {_BY_DAY}"
            )
