"""The click that an install's referrer string tells of is a click: it goes to table `clicks`."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.tables import TABLES

CLICKS = TABLES["clicks"]
PREFIX = "install:"
_SAME = ("app", "visitor_id", "visitor_key", "user_id", "country", "os")
_TAGS = ("source", "medium", "campaign", "content", "term", "utm_id", "click_id_kind", "click_id")
# What stores write for an install that nobody's ad brought (Play: google-play / organic).
_ORGANIC_MEDIUM = "organic"


def clicks_of_installs(installs: pa.Table) -> pa.Table:
    """Rows of clicks (columns but `day`) for the installs whose referrer names a source.

    touch_id is 'install:' + install_id; timed at the referrer's click, else at the first open.
    Step `touches` leaves it out where the click itself, with the same click id, was seen.
    """
    tagged = pc.or_(pc.is_valid(installs["source"]), pc.is_valid(installs["click_id"]))
    organic = pc.fill_null(pc.equal(installs["medium"], _ORGANIC_MEDIUM), False)
    rows = installs.filter(pc.and_(tagged, pc.invert(organic)))
    columns = {name: rows[name] for name in (*_SAME, *_TAGS)}
    columns["touch_id"] = pc.binary_join_element_wise(PREFIX, rows["install_id"], "")
    columns["touched_at"] = pc.coalesce(rows["referrer_click_at"], rows["first_open_at"])
    fields = [field for field in CLICKS.arrow if field.name != "day"]
    nothing = pa.nulls(rows.num_rows)
    return pa.table(
        [columns.get(field.name, nothing).cast(field.type) for field in fields],
        schema=pa.schema(fields),
    )
