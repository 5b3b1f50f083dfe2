"""CSV reports of Google Ads, by day or hour → ad_costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS, Columns, find_columns
from whichhalf.collect.ad_costs.cost_rows import Dialect, cost_rows
from whichhalf.collect.ad_costs.csv_export import Export, raw_exports, read_export
from whichhalf.collect.ad_costs.replay import joined
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError

# Names of the report editor and of older downloads. Campaign state (now Campaign status) and the
# other columns of Google Ads say nothing that ad_costs keeps.
GOOGLE: dict[str, dict[str, str]] = {
    "en": {
        "day": "day|date",
        "hour": "hour of the day|hour of day",
        "coarse": "week|month|quarter|year|month of the year|day of the week",
        "campaign_name": "campaign|campaign name",
        "campaign_id": "campaign id",
        "ad_set_name": "ad group|ad group name",
        "ad_set_id": "ad group id",
        "ad_name": "ad name",
        "ad_id": "ad id",
        "account_id": "customer id|external customer id",
        "time_zone": "account time zone|time zone",
        "currency": "currency code|currency|account currency",
        "spend": "cost",
        "impressions": "impr.|impressions",
        "clicks": "clicks",
        "country": "country/territory|country/territory (user location)|country"
        "|country/territory (matched location)",
        "unkept": "device|network|network (with search partners)|ad network type|top vs. other"
        "|keyword|search keyword|keyword id|search term|match type|search terms match type|age"
        "|gender|placement|region|city|audience segment|click type|landing page|topic"
        "|region (user location)|city (user location)|household income|parental status"
        "|region (matched location)|city (matched location)|product group|item id|asset group",
    }
}
_BY_DAY = "Download the report again with Day among its rows (Segment → Time → Day)."
_EXPECTED = "columns like Day, Campaign, Campaign ID, Ad group, Currency code, Cost, Impr., Clicks"
GOOGLE_DIALECT = Dialect("google_ads", "Google Ads", lambda account: account.replace("-", ""))


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:  # noqa: ARG001
    """Return the costs of one report.

    BadDataError refuses reports that are not by day, or whose account, zone or currency nobody
    says.
    """
    return _read(read_export(path, _is_header, _EXPECTED), source)


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:  # noqa: ARG001
    """Return the costs of rows that were set aside."""
    exports, bad = raw_exports(raws)
    return joined([_read(export, source) for export in exports], bad)


def _is_header(cells: Sequence[str]) -> bool:
    at = find_columns(cells, GOOGLE).at
    return "spend" in at and len(at) > 1


def _read(export: Export, source: SourceConfig) -> Parsed:
    columns = find_columns(export.header, GOOGLE)
    _refuse(export, columns)
    return cost_rows(export, columns, source, GOOGLE_DIALECT)


def _refuse(export: Export, columns: Columns) -> None:
    """Refuse reports from which no cost of a day can be told."""
    if "day" not in columns.at:
        segment = export.header[columns.at["coarse"]] if "coarse" in columns.at else ""
        what = f"it is segmented by {segment}, not by day" if segment else "it has no Day column"
        raise BadDataError(f"{export.file}: {what}, so its costs have no day. {_BY_DAY}")
    if not any(column in columns.at for column in LEVEL_COLUMNS):
        raise BadDataError(
            f"{export.file}: no column names a campaign, ad group or ad. Download the report again"
            " with Campaign and Campaign ID (and Ad group, Ad ID)."
        )
