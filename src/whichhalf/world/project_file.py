"""whichhalf.toml of a world: the project that reads its files."""

from __future__ import annotations

from typing import Any

import orjson

from whichhalf.world.campaigns import Ads
from whichhalf.world.config import WorldConfig
from whichhalf.world.cost_files import file_name


def project_file(config: WorldConfig, ads: Ads, seed: int) -> str:
    """Return the text of whichhalf.toml."""
    sections: list[tuple[str, dict[str, Any]]] = [
        ("[project]", {"name": f"world-{seed}"}),
        ("[events]", {"signup": ["Signed Up"], "login": ["Signed In"]}),
        ("[sessionize]", {"own_hosts": [config.web_host, f"help.{config.web_host}"]}),
        ("[report]", {"currency": config.reporting_currency, "time_zone": config.time_zone}),
    ]
    sections += [("[[source]]", source) for source in _sources(config, ads)]
    head = f"# Written by `whichhalf world generate --seed {seed}`.\n"
    return head + "".join(f"\n{title}\n{_lines(values)}" for title, values in sections)


def _sources(config: WorldConfig, ads: Ads) -> list[dict[str, Any]]:
    sources: list[dict[str, Any]] = [
        {
            "name": f"segment-{app}",
            "kind": "segment",
            "app": app,
            "files": [f"data/segment/{app}-*.jsonl.gz"],
        }
        for app in ("web", "app")
    ]
    for account in ads.accounts:
        files = [f"data/costs/{file_name(account)}-*.csv"]
        source = {"name": f"{account.network}-{account.account_id}", "files": files}
        kind = {"meta": "meta_csv", "google_ads": "google_ads_csv"}.get(account.network)
        if kind:
            source |= {
                "kind": kind,
                "network": account.network,
                "account_id": account.account_id,
                "time_zone": account.time_zone,
                "currency": account.currency,
            }
        else:
            source |= {"kind": "table", "table": "ad_costs"}
        sources.append(source)
    tables = ["products", "payments", "installs", "clicks"]
    # `whichhalf load experiments data/experiments.csv` would do the same.
    tables += ["impressions", "experiments"] if config.causal_people else []
    for table in tables:
        files = [f"data/{table}.csv"]
        sources.append({"name": table, "kind": "table", "table": table, "files": files})
    return [*sources, {"name": "ecb", "kind": "ecb_rates"}]


def _lines(values: dict[str, Any]) -> str:
    """TOML of strings and lists of strings, which JSON writes in the same way."""
    return "".join(f"{key} = {orjson.dumps(value).decode()}\n" for key, value in values.items())
