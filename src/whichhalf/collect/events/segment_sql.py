"""The query of the Segment reader. DuckDB runs it at load time only: it is not portable.

One pass over the lines, a subquery a step; nothing is stored in between. An expression that stands
twice in one step is computed once, for every row, even where CASE would have passed over it.
"""

from __future__ import annotations

from collections.abc import Iterable

from whichhalf.collect.currencies import ACTIVE, FORMER
from whichhalf.ids import NOBODY

# Everything that is read of a line, in one walk of its JSON.
FIELDS: dict[str, str] = {
    "type": "$.type",
    "message_id": "$.messageId",
    "anonymous_id": "$.anonymousId",
    "user_id": "$.userId",
    "previous_id": "$.previousId",
    "group_id": "$.groupId",
    "event": "$.event",
    "page_name": "$.name",
    "original_at": "$.originalTimestamp",
    "sent_at": "$.sentAt",
    "received_at": "$.receivedAt",
    "stamped_at": "$.timestamp",
    "properties": "$.properties",
    "traits": "$.traits",
    "user_agent": "$.context.userAgent",
    "url": "$.context.page.url",
    "referrer": "$.context.page.referrer",
    "device_id": "$.context.device.id",
    "device": "$.context.device.model",
    "os": "$.context.os.name",
    "app_version": "$.context.app.version",
    "country": "$.context.location.country",
    "campaign": "$.context.campaign",
    "revenue": "$.properties.revenue",
    "total": "$.properties.total",
    "currency": "$.properties.currency",
    "page_url": "$.properties.url",
    "page_referrer": "$.properties.referrer",
}
_PATHS = ", ".join(f"'{path}'" for path in FIELDS.values())
_NAMED = ", ".join(f"found[{number}] as {name}" for number, name in enumerate(FIELDS, 1))
_CALLS = ("identify", "track", "page", "screen", "group", "alias")
_ZEROS = "00000000-0000-0000-0000-000000000000"
_LONGEST_WORD = max(len(word) for word in NOBODY if word != _ZEROS)


def _is_among(text: str, words: Iterable[str]) -> str:
    listed = ", ".join(f"'{word}'" for word in sorted(words))
    return f"{text} in ({listed})"


def _id(column: str) -> str:
    """The id without blanks around it, or null where it is a word for none.

    Most ids are UUIDs: too long for a word, and looked at no further.
    """
    blank = f"starts_with({column}, ' ') or ends_with({column}, ' ')"
    return (
        f"case when strlen({column}) > {_LONGEST_WORD} and not ({blank})"
        f" then nullif({column}, '{_ZEROS}')"
        f" when {_is_among(f'lower(trim({column}))', NOBODY)} then null"
        f" else ltrim(rtrim({column})) end"
    )


def _time(column: str) -> str:
    """An ISO 8601 time, else a number of seconds or milliseconds; null where it is neither."""
    number = f"try_cast({column} as bigint)"
    unit = f"case when {number} > 100000000000 then 1000 else 1000000 end"
    seconds = f"{number} * {unit}"
    # A cast to timestamp passes over an offset; the one to timestamptz heeds it, and is slower.
    zoned = f"try_cast(try_cast({column} as timestamptz) as timestamp)"
    return (
        f"case when {column} is null then null"
        f" when ends_with({column}, 'Z') then try_cast({column} as timestamp)"
        f" when length({column}) in (10, 13) and {number} is not null"
        f" then make_timestamp({seconds})"
        f" else {zoned} end"
    )


def _nested(column: str) -> str:
    """Whether it is an object or a list; a text may begin like one ("[Amplitude] Started")."""
    begins = f"(starts_with({column}, '{{') or starts_with({column}, '['))"
    return f"({begins} and json_valid({column}))"


def _is_object(column: str) -> str:
    return f"(starts_with({column}, '{{') and json_valid({column}))"


# A blank where a number is expected is none.
_AMOUNT = "coalesce(nullif(trim(revenue), ''), nullif(trim(total), ''))"
_MONEY = "try_cast(amount as decimal(18, 6))"

# TRY in place of json_valid would spare a walk, but reads 2,048 lines one by one for each bad one.
_FOUND = f"""
select
    file, position, found, line,
    case
        when found is null and trim(line, ' ' || chr(9) || chr(10)) = '' then 'blank'
        when found is null or not starts_with(ltrim(line), '{{') then 'not_json'
    end as line_reason
from (
    select
        file, position, line,
        case when json_valid(line) then json_extract_string(line, [{_PATHS}]) end as found
    from lines
)
"""

# A context without an address or an agent may be no object at all.
_SAID = f"""
select
    file, position, line_reason, {_NAMED},
    line,
    case
        when line_reason is null
            and found[{list(FIELDS).index("user_agent") + 1}] is null
            and found[{list(FIELDS).index("url") + 1}] is null
        then json_type(line, '$.context')
    end as context_type
from ({_FOUND})
"""

# occurred = received − (sent − original): the client's clock cancels out.
_TIMED = f"""
select
    * exclude (url, referrer, message_id, anonymous_id, device_id, user_id, campaign),
    nullif(coalesce(url, page_url), '') as url,
    nullif(coalesce(referrer, page_referrer), '') as referrer,
    {_AMOUNT} as amount,
    case when {_is_object("campaign")} then campaign end as campaign,
    {_id("message_id")} as message_id,
    {_id("anonymous_id")} as anonymous_id,
    {_id("device_id")} as device_id,
    {_id("user_id")} as user_id,
    {_time("original_at")} as original_time,
    {_time("sent_at")} as sent_time,
    {_time("received_at")} as received_time,
    case when original_at is null or sent_at is null or received_at is null
        then {_time("stamped_at")} end as stamped_time
from ({_SAID})
"""

_CORRECTED = f"""
select
    *,
    coalesce(received_time, sent_time, stamped_time, original_time) as received,
    case
        when original_time is not null and sent_time is not null and received_time is not null
        then received_time - (sent_time - original_time)
        else coalesce(stamped_time, original_time, received_time, sent_time)
    end as occurred
from ({_TIMED})
"""

_JUDGED = f"""
select
    *,
    case
        when line_reason is not null then line_reason
        when type is null or not {_is_among("type", _CALLS)} then 'unknown_call'
        when starts_with(previous_id, '[') then 'merged_list'
        when {_nested("message_id")} or {_nested("anonymous_id")} or {_nested("user_id")}
            or {_nested("event")} or {_nested("previous_id")} or {_nested("group_id")}
            or {_nested("url")}
            or not {_is_object("properties")} or not {_is_object("traits")}
            or context_type not in ('OBJECT', 'NULL')
            then 'wrong_type'
        when anonymous_id is null and device_id is null and user_id is null then 'missing_id'
        when type = 'track' and (event is null or trim(event) = '') then 'missing_field'
        when type = 'alias' and (user_id is null or previous_id is null) then 'missing_field'
        when received is null or occurred is null
            or (received_at is not null and received_time is null)
            or (original_at is not null and original_time is null)
            or (sent_at is not null and sent_time is null)
            or (stamped_at is not null and stamped_time is null
                and (original_at is null or sent_at is null or received_at is null))
            or occurred < timestamp '2000-01-01' or occurred > received + interval 1 day
            or received > now()::timestamp + interval 1 day
            then 'impossible_time'
        when currency is not null and amount is not null
            and not {_is_among("upper(currency)", ACTIVE | FORMER)} then 'unknown_currency'
        when currency is not null and amount is not null and {_MONEY} is null
            then 'impossible_number'
    end as reason
from ({_CORRECTED})
"""

_DETAILS: dict[str, str] = {
    "not_json": "'a JSON object is expected'",
    "unknown_call": "concat('type is ', coalesce(type, 'missing'))",
    "merged_list": "'previousId is a list; an alias names one id'",
    "wrong_type": "'an id, event or url is nested, or properties, traits or context is no object'",
    "missing_id": "'neither userId nor anonymousId'",
    "missing_field": "'track needs event; alias needs userId and previousId'",
    "impossible_time": "concat('original ', original_at, ', sent ', sent_at, ', received ',"
    " received_at, ', timestamp ', stamped_at)",
    "unknown_currency": "concat('currency is ', currency)",
    "impossible_number": "concat('revenue or total is ', amount)",
}
_DETAIL = " ".join(f"when '{reason}' then {sql}" for reason, sql in _DETAILS.items())


def _tag(name: str, path: str) -> str:
    """What the context says of the campaign: an app has no address to say it."""
    said = f"json_extract_string(campaign, '$.{path}')"
    return f"case when campaign is not null then {said} end as {name}"


# One row a line, in the order of `lines`: what it says, or the reason why it is set aside.
READ = f"""
select
    file,
    position,
    reason,
    case reason {_DETAIL} end as detail,
    case when reason is not null then line end as line,
    message_id,
    coalesce('a:' || anonymous_id, 'd:' || device_id) as visitor_id,
    'u:' || user_id as user_id,
    case when type = 'alias' then previous_id end as previous_id,
    case when type = 'group' then {_id("group_id")} end as group_id,
    type as call,
    case when type = 'track' then event else page_name end as name,
    occurred as occurred_at,
    received as received_at,
    url,
    referrer,
    {_tag("said_source", "source")},
    {_tag("said_medium", "medium")},
    {_tag("said_campaign", "name")},
    {_tag("said_content", "content")},
    {_tag("said_term", "term")},
    user_agent,
    device,
    lower(os) as os,
    case when length(country) = 2 then upper(country) end as country,
    app_version,
    case when reason is null and currency is not null then {_MONEY} end as revenue,
    case when reason is null and amount is not null then upper(currency) end as currency,
    coalesce(properties, traits) as properties,
    case when reason is null then cast(json_structure(coalesce(properties, traits)) as varchar) end
        as structure,
    case when message_id is null then md5(line) end as content_hash
from ({_JUDGED})
"""
