"""The query of the Segment reader. DuckDB runs it at load time only: it is not portable.

One pass over the lines, a subquery a step; nothing is stored in between. An expression that stands
twice in one step is computed once, for every row, even where CASE would have passed over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from whichhalf.collect.currencies import ACTIVE, FORMER
from whichhalf.ids import NOBODY

# Everything that is read of a line, in one walk of its JSON.
_FLAT_FIELDS = (
    "type messageId anonymousId userId previousId groupId event name"
    " originalTimestamp sentAt receivedAt timestamp"
)
_STRUCTURE: dict[str, Any] = {
    **dict.fromkeys(_FLAT_FIELDS.split(), "VARCHAR"),
    **dict.fromkeys(("properties", "traits"), "JSON"),  # a text stands in quotes, an object not
    "context": {
        "userAgent": "VARCHAR",
        "page": {"url": "VARCHAR", "referrer": "VARCHAR"},
        "device": {"id": "VARCHAR", "model": "VARCHAR"},
        "os": {"name": "VARCHAR"},
        "app": {"version": "VARCHAR"},
        "location": {"country": "VARCHAR"},
        "campaign": "VARCHAR",
    },
}
_FIELDS: dict[str, str] = {
    "type": "type",
    "properties_json": "properties::varchar",
    "traits_json": "traits::varchar",
    "original_at": "originalTimestamp",
    "sent_at": "sentAt",
    "received_at": "receivedAt",
    "stamped_at": "timestamp",
    "user_agent": "context.userAgent",
    "page_url": "context.page.url",
    "page_referrer": "context.page.referrer",
    "device": "context.device.model",
    "os": "context.os.name",
    "app_version": "context.app.version",
    "country": "context.location.country",
    "campaign": "context.campaign",
    "message_id": "messageId",
    "anonymous_id": "anonymousId",
    "user_id": "userId",
    "previous_id": "previousId",
    "group_id": "groupId",
    "event": "event",
    "page_name": "name",
    "device_id": "context.device.id",
}
_CALLS = ("identify", "track", "page", "screen", "group", "alias")
_ZEROS = "00000000-0000-0000-0000-000000000000"
_LONGEST_WORD = max(len(word) for word in NOBODY if word != _ZEROS)
_LONGEST_NUMBER = 24  # a double with sign, point and exponent; no word is longer


def _is_among(text: str, words: Iterable[str]) -> str:
    listed = ", ".join(f"'{word}'" for word in sorted(words))
    return f"{text} in ({listed})"


def _id(column: str, path: str) -> str:
    """The id without blanks around it, or null where it is a word for none.

    Most ids are too long for a word or a number, and looked at no further. Of a number with an
    exponent the transformation says 1e+21 where it is written 1e21.
    """
    blank = f"starts_with({column}, ' ') or ends_with({column}, ' ')"
    exponent = f"contains({column}, 'e+') or contains({column}, 'e-')"
    return (
        f"case when strlen({column}) > {_LONGEST_NUMBER} and not ({blank})"
        f" then nullif({column}, '{_ZEROS}')"
        f" when strlen({column}) > {_LONGEST_WORD} and not ({blank} or {exponent}) then {column}"
        f" when {_is_among(f'lower(trim({column}))', NOBODY)} then null"
        f" else ltrim(rtrim(case when {exponent} then json_extract_string(line, '$.{path}')"
        f" else {column} end)) end"
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
    """Whether it is an object, or a text that holds one."""
    return (
        f"(starts_with({column}_json, '{{')"
        f" or (starts_with({column}, '{{') and json_valid({column})))"
    )


# What must not be nested. Together, most rows are looked at once.
_FLAT = ("message_id", "anonymous_id", "user_id", "event", "previous_id", "group_id", "url")
# A blank where a number is expected is none.
_AMOUNT = "coalesce(nullif(trim(more[3]), ''), nullif(trim(more[4]), ''))"
# One text: a list of two hundred takes longer to plan than to read.
_CODES = f" {' '.join(sorted(ACTIVE | FORMER))} "
_CURRENCY = f"(length(currency) = 3 and contains('{_CODES}', concat(' ', upper(currency), ' ')))"
_MONEY = "try_cast(amount as decimal(18, 6))"


def _text(column: str) -> str:
    """What json_extract_string says: a text without its quotes."""
    return (
        f"case when starts_with({column}, '\"') then json_extract_string({column}, '$')"
        f" else {column} end"
    )


# Fields of the properties, looked up where they are asked for and can be there.
_MORE = ("url", "referrer", "revenue", "total", "currency")
_MORE_PATHS = ", ".join(f"'$.{name}'" for name in _MORE)
_MORE_FOUND = f"""
    case when starts_with(properties_json, '{{')
            and (page_url is null or page_referrer is null
                or contains(properties_json, '"currency"'))
        then json_extract_string(properties_json, [{_MORE_PATHS}]) end
"""
_NAMED = ", ".join(f"said.{path} as {name}" for name, path in _FIELDS.items())

_FOUND = f"""
select
    file, position, line, {_NAMED},
    said is null or (said.type is null and not starts_with(ltrim(line), '{{')) as is_nothing
from (select file, position, line, {{parsed}} as said from lines)
"""

# A context without an address or an agent may be no object at all.
_SAID = f"""
select
    *,
    case
        when is_nothing and trim(line, ' ' || chr(9) || chr(10)) = '' then 'blank'
        when is_nothing then 'not_json'
    end as line_reason,
    case when not is_nothing and user_agent is null and page_url is null
        then json_type(line, '$.context') end as context_type,
    {_text("properties_json")} as properties,
    {_text("traits_json")} as traits,
    {_MORE_FOUND} as more
from ({_FOUND})
"""

# occurred = received − (sent − original): the client's clock cancels out.
_TIMED = f"""
select
    * exclude (more, message_id, anonymous_id, device_id, user_id, campaign),
    nullif(coalesce(page_url, more[1]), '') as url,
    nullif(coalesce(page_referrer, more[2]), '') as referrer,
    {_AMOUNT} as amount,
    more[5] as currency,
    case when starts_with(campaign, '{{') and json_valid(campaign) then campaign end as campaign,
    {_id("message_id", "messageId")} as message_id,
    {_id("anonymous_id", "anonymousId")} as anonymous_id,
    {_id("device_id", "context.device.id")} as device_id,
    {_id("user_id", "userId")} as user_id,
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
    concat_ws(chr(31), '', {", ".join(_FLAT)}) as texts,
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
        when (contains(texts, chr(31) || '{{') or contains(texts, chr(31) || '['))
            and ({" or ".join(map(_nested, _FLAT))})
            then 'wrong_type'
        when not {_is_object("properties")} or not {_is_object("traits")}
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
            and not {_CURRENCY} then 'unknown_currency'
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
_READ = f"""
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
    case when type = 'group' then {_id("group_id", "groupId")} end as group_id,
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
_PARSED = f"json_transform({{whole}}, '{json.dumps(_STRUCTURE)}')"
_READ = _READ.replace("{parsed}", _PARSED)
# Ends in an error where a line is no JSON: most files have none, and it spares a walk of each line.
READ_ALL_JSON = _READ.replace("{whole}", "line")
READ = _READ.replace("{whole}", "case when json_valid(line) then line end")
