"""Touches and conversions that others made: their persons, their names of ads, their money."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.drafts import Draft
from whichhalf.collect.table_defaults import STRING, prefixed
from whichhalf.tables import Table

# Tables in which a person may be named as the owner of the file knows them.
PERSON_TABLES = frozenset({"loaded_touches", "loaded_conversions"})
# Columns that files may have beside those of the table, and the UTM tag that says the same.
AD_NAMES = {"campaign_name": "campaign", "ad_set_name": "term", "ad_name": "content"}


def more_columns(target: Table) -> tuple[str, ...]:
    """Columns that files may have beside those of the table."""
    person = ("person_id",) if target.name in PERSON_TABLES else ()
    return (*person, *(AD_NAMES if target.name == "loaded_touches" else ()))


def put_person(draft: Draft, app: str) -> Draft:
    """A person_id is a user id: 'u:' + person_id. It goes before the row's own user_id.

    So all rows of one person_id are one person, whatever devices they name. Only where it is our
    own name for the row's visitor (visitor id, '@', app: table `conversions` has it where no user
    is known) the visitor names the person. app: of rows that do not say theirs.
    """
    if "person_id" not in draft:
        return draft
    given = pc.utf8_trim_whitespace(draft["person_id"])
    apps = pc.coalesce(draft["app"], pa.scalar(app, STRING))
    visitors = pc.binary_join_element_wise(draft["visitor_id"], apps, "@")
    is_visitor = pc.fill_null(pc.equal(given, visitors), False)
    users = prefixed(pc.if_else(is_visitor, pa.scalar(None, STRING), given), "u:")
    return draft.put(person_id=given, user_id=pc.coalesce(users, draft["user_id"]))


def put_ad_names(draft: Draft) -> Draft:
    """Touches: names of campaign, ad set and ad as UTM tags carry them, and the campaign's id.

    Campaigns are matched by these tags, and reports show them where none is matched.
    """
    for name, tag in AD_NAMES.items():
        if name in draft:
            draft = draft.fill(tag, draft[name], STRING)
    draft = draft.fill("utm_id", draft["campaign_id"], STRING)
    channel = pc.utf8_trim_whitespace(draft["channel"])
    return draft.put(channel=pc.if_else(pc.equal(channel, ""), pa.scalar(None, STRING), channel))


def put_currency(draft: Draft, currency: str) -> Draft:
    """Conversions: amounts without a currency are in the reporting currency. A note says so."""
    bare = pc.and_(pc.is_valid(draft["amount"]), pc.is_null(draft["currency"]))
    count = pc.sum(bare).as_py()
    if not count:
        return draft
    filled = pc.if_else(bare, pa.scalar(currency, STRING), draft["currency"])
    what = "1 value" if count == 1 else f"{count} values"
    return draft.put(currency=filled).note(
        f"{what} without a currency: taken in the reporting currency, {currency}"
    )
