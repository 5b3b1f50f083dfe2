"""Derived tables: what the steps write, and the views that are computed when read.

Each stands in the file of its stage; here is their order.
"""

from __future__ import annotations

from whichhalf.tables.attributed import (
    ACTIVITY_DAYS,
    CONVERSIONS,
    CREDITS,
    MODEL_FITS,
    RULE_CREDITS,
    SIGNUPS,
    SOURCES,
    TOUCH_CREDITS,
    UNATTRIBUTED,
    USEFUL_SESSIONS,
)
from whichhalf.tables.collected import CAMPAIGNS, COST_DAYS, RATES
from whichhalf.tables.looked_up import PERSON_GROUPS
from whichhalf.tables.schema import Table
from whichhalf.tables.sessionized import (
    EXCLUDED_VISITORS,
    KEY_EVENTS,
    SESSION_PARTS,
    SESSIONS,
    TOUCHES,
)
from whichhalf.tables.stitched import EVENT_PERSONS, IDENTITY_EDGES, PERSONS, REFUSED_MERGES, USERS

DERIVED: tuple[Table, ...] = (
    KEY_EVENTS,
    IDENTITY_EDGES,
    PERSONS,
    USERS,
    REFUSED_MERGES,
    SESSION_PARTS,
    TOUCHES,
    EXCLUDED_VISITORS,
    SOURCES,
    CAMPAIGNS,
    RATES,
    COST_DAYS,
    CONVERSIONS,
    TOUCH_CREDITS,
    RULE_CREDITS,
    MODEL_FITS,
    CREDITS,
    UNATTRIBUTED,
    USEFUL_SESSIONS,
    SIGNUPS,
    SESSIONS,
    EVENT_PERSONS,
    PERSON_GROUPS,
    ACTIVITY_DAYS,
)
