"""Step `sources`: every distinct source tuple of the touches, classified once."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from whichhalf.attribute.classify import Rules, classify
from whichhalf.engines import Engine


def sources(engine: Engine, rules: Rules) -> Mapping[str, pa.Table]:
    """Return table sources. Reads: touches, campaigns, ad_costs (for names of the past)."""
    tuples = engine.table(
        "select source_key, min(source) as source, min(medium) as medium,"
        " min(campaign) as campaign, min(content) as content, min(term) as term,"
        " min(utm_id) as utm_id, min(click_id_kind) as click_id_kind,"
        " min(case when source is null and medium is null and campaign is null and utm_id is null"
        " and click_id_kind is null then referrer_host end) as referrer_host,"
        " min(case when touch_type in ('click', 'impression') then touch_type else 'visit' end)"
        " as touch_type,"
        " min(network) as network, min(campaign_id) as campaign_id, min(ad_set_id) as ad_set_id,"
        " min(ad_id) as ad_id, min(channel) as given_channel,"
        " max(case when is_paid then 1 when not is_paid then 0 end) = 1 as given_is_paid"
        " from touches where source_key <> 'direct' group by source_key order by source_key"
    )
    direct = pa.table({"source_key": ["direct"], "touch_type": ["visit"]})
    tuples = pa.concat_tables([tuples, direct], promote_options="default")
    campaigns = engine.table("select * from campaigns")
    names = engine.table(
        "select distinct network, account_id, coalesce(campaign_id, campaign_name) as campaign_id,"
        " campaign_name from ad_costs where campaign_name is not null"
    )
    return {"sources": classify(tuples, campaigns, names, rules)}
