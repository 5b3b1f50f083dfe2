"""Tables that collect derives from what was loaded: campaigns, rates, days of cost."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

CAMPAIGNS = table(
    "campaigns",
    Kind.DERIVED,
    "Every campaign, ad set and ad seen in costs or loaded by the user, under its latest name.",
    grain="network account_id campaign_id ad_set_id ad_id",
    columns="""
network         string      who is paid
account_id      string      ad account
campaign_id     string      campaign id; the name where the source gives no id
campaign_name   string      latest name
ad_set_id       string      ad set id, or its name; empty on a campaign's own row
ad_set_name     string?     latest name
ad_id           string      ad id, or its name; empty on a campaign's or ad set's own row
ad_name         string?     latest name
objective       string?     the platform's own word
purpose         string?     acquisition or re-engagement
pricing_model   string?     CPM, CPC, CPI, CPA …
first_cost_on   date?       first local day with a cost row
last_cost_on    date?       last local day with a cost row
""",
)

RATES = table(
    "rates",
    Kind.DERIVED,
    "Rate of each currency to the reporting currency, dense by day.",
    grain="rate_on currency",
    columns="""
rate_on         date        day
currency        string      ISO 4217
rate            rate        reporting currency for one unit
quoted_on       date        day of the older quote behind it
rate_source     string      where it comes from; same: the reporting currency itself
""",
)

COST_DAYS = table(
    "cost_days",
    Kind.DERIVED,
    "Spend per day of the report's time zone, in both currencies. Σ equals ad_costs to the cent.",
    grain="network account_id campaign_id ad_set_id ad_id country os cost_on",
    columns="""
cost_on         date        day in [report] time_zone
network         string      who is paid
account_id      string      ad account
campaign_id     string      campaign id; the name where the source gives no id
ad_set_id       string      ad set id or name; empty where the source is coarser
ad_id           string      ad id or name; empty where the source is coarser
country         string      ISO 3166-1 alpha-2, or (not broken down)
os              string      ios, android …, or (not broken down)
account_currency string     ISO 4217
account_spend   money       in the account's currency
spend           money       in the reporting currency
impressions     bigint      impressions
clicks          bigint      clicks
""",
)
