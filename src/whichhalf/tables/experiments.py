"""Table of experiments: who was in which arm, and for whom an ad was due."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

EXPERIMENTS = table(
    "experiments",
    Kind.INPUT,
    "Which unit was in which arm of an experiment, when, and whether an ad was due.",
    grain="app experiment unit",
    loadable=True,
    columns="""
app             string      product in which the unit was seen
experiment      string      name
unit            string      a: or d: + visitor id, u: + user id, a person id, or a country, region …
unit_kind       string?     visitor, user or person; null: as the prefix says; others are not joined
arm             string      treated or hold-out
starts_on       date        first day
ends_on         date?       last day, inclusive; null: it runs
network         string?     network whose ads the hold-out does not see
campaign_id     string?     campaign of the ad that was due first; null: the network as a whole
is_exposed      boolean?    whether an ad was due: shown if treated, else logged as a ghost
exposed_at      timestamp?  when it was due first; what people did before does not count
""",
)
