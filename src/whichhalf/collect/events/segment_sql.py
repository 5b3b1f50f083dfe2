"""The queries of the Segment reader. DuckDB runs them at load time only: they are not portable."""

from __future__ import annotations

from whichhalf.collect.currencies import ACTIVE, FORMER
from whichhalf.ids import NOBODY

# Everything that is read of a line, in one walk of its JSON.
FIELDS: dict[str, str] = {
    "type": "$.type",
    "message_id": "$.messageId",
    "anonymous_id": "$.anonymousId",
    "user_id": "$.userId",
    "previous_id": "$.previousId",
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
_NOBODY = ", ".join(f"'{word}'" for word in sorted(NOBODY))
_CURRENCIES = ", ".join(f"'{code}'" for code in sorted(ACTIVE | FORMER))
_ZEROS = "00000000-0000-0000-0000-000000000000"
_LONGEST_WORD = max(len(word) for word in NOBODY if word != _ZEROS)


def _id(column: str) -> str:
    """The id without blanks around it, or null where it is a word for none.

    Most ids are UUIDs: too long for a word, and looked at no further.
    """
    blank = f"starts_with({column}, ' ') or ends_with({column}, ' ')"
    return (
        f"case when length({column}) > {_LONGEST_WORD} and not ({blank})"
        f" then nullif({column}, '{_ZEROS}')"
        f" when lower(trim({column})) in ({_NOBODY}) then null else trim({column}) end"
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

_FOUND = f"""
select
    file, position,
    case when is_json then json_extract_string(line, [{_PATHS}]) end as found,
    case
        when not is_json and trim(line, ' ' || chr(9) || chr(10)) = '' then 'blank'
        when not is_json or not starts_with(ltrim(line), '{{') then 'not_json'
    end as line_reason,
    line
from (select file, position, line, json_valid(line) as is_json from lines)
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
    * exclude (line),
    case when message_id is null then md5(line) end as line_hash,
    coalesce(received_time, sent_time, stamped_time, original_time) as received,
    case
        when original_time is not null and sent_time is not null and received_time is not null
        then received_time - (sent_time - original_time)
        else coalesce(stamped_time, original_time, received_time, sent_time)
    end as occurred
from ({_TIMED})
"""

JUDGED = f"""
select
    *,
    case
        when line_reason is not null then line_reason
        when type is null or type not in ('identify', 'track', 'page', 'screen', 'group', 'alias')
            then 'unknown_call'
        when starts_with(previous_id, '[') then 'merged_list'
        when {_nested("message_id")} or {_nested("anonymous_id")} or {_nested("user_id")}
            or {_nested("event")} or {_nested("previous_id")} or {_nested("url")}
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
            and upper(currency) not in ({_CURRENCIES}) then 'unknown_currency'
        when currency is not null and amount is not null and {_MONEY} is null
            then 'impossible_number'
    end as reason
from ({_CORRECTED})
"""

_DETAILS: dict[str, str] = {
    "not_json": "'a JSON object is expected'",
    "unknown_call": "concat('type is ', coalesce(j.type, 'missing'))",
    "merged_list": "'previousId is a list; an alias names one id'",
    "wrong_type": "'an id, event or url is nested, or properties, traits or context is no object'",
    "missing_id": "'neither userId nor anonymousId'",
    "missing_field": "'track needs event; alias needs userId and previousId'",
    "impossible_time": "concat('original ', j.original_at, ', sent ', j.sent_at, ', received ',"
    " j.received_at, ', timestamp ', j.stamped_at)",
    "unknown_currency": "concat('currency is ', j.currency)",
    "impossible_number": "concat('revenue or total is ', j.amount)",
}
_DETAIL = " ".join(f"when '{reason}' then {sql}" for reason, sql in _DETAILS.items())

BAD = f"""
select j.file, j.position, j.reason, case j.reason {_DETAIL} else '' end, rtrim(l.line, chr(10))
from judged as j
inner join lines as l on j.file = l.file and j.position = l.position
where j.reason is not null and j.reason <> 'blank'
order by j.file, j.position
"""


def _tag(column: str, path: str, *, lower: bool = False) -> str:
    """The UTM tag of the address; else, of an app without one, what its context says."""
    said = f"json_extract_string(j.campaign, '$.{path}')"
    said = f"lower({said})" if lower else said
    return (
        f"case when j.campaign is null or u.source is not null then u.{column}"
        f" else coalesce(u.{column}, {said}) end as {column}"
    )


BLANK = "select file, count(*) from judged where reason = 'blank' group by file"

EVENTS = f"""
select
    j.file,
    j.position,
    $app as app,
    j.message_id,
    coalesce('a:' || j.anonymous_id, 'd:' || j.device_id) as visitor_id,
    cast(null as bigint) as visitor_key,
    'u:' || j.user_id as user_id,
    case when j.type = 'alias' then j.previous_id end as previous_id,
    j.type as call,
    case when j.type = 'track' then j.event else j.page_name end as name,
    j.occurred as occurred_at,
    j.received as received_at,
    j.url, u.url_host, u.url_path, j.referrer,
    {_tag("source", "source", lower=True)},
    {_tag("medium", "medium", lower=True)},
    {_tag("campaign", "name")},
    {_tag("content", "content")},
    {_tag("term", "term")},
    u.utm_id, u.click_id_kind, u.click_id,
    r.host as referrer_host,
    j.user_agent,
    coalesce(j.device, a.device) as device,
    coalesce(lower(j.os), a.os) as os,
    a.browser,
    case when length(j.country) = 2 then upper(j.country) end as country,
    j.app_version,
    case when j.currency is not null then {_MONEY} end as revenue,
    case when {_MONEY} is not null then upper(j.currency) end as currency,
    coalesce(j.properties, j.traits) as properties,
    j.line_hash as content_hash
from judged as j
left join url_parts as u on j.url = u.url
left join agent_parts as a on j.user_agent = a.user_agent
left join referrer_parts as r on j.referrer = r.referrer
where j.reason is null
"""
