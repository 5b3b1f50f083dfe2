"""Lines of a web server's log in Combined Log Format, as an Arrow table of their fields.

    address identity user [time] "method target protocol" status bytes "referrer" "agent"

Source: Apache's mod_log_config; nginx calls the same format `combined`. Fields after the agent
(nginx's `main` format, response times) are allowed and left out.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.reading import EARLIEST, Raw
from whichhalf.errors import BadDataError

FORMAT = (
    'expected Combined Log Format: address identity user [time] "request" status bytes'
    ' "referrer" "agent"'
)
LOST = "\ufffd"  # stands for bytes that are no UTF-8

_QUOTED = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
_LINE = (
    r"^(?P<address>\S+) \S+ .*? \[(?P<time>[^\]]*)\] "
    + _QUOTED.format("request")
    + r" (?P<status>\d{3}) (?P<bytes>\d{1,18}|-) "
    + _QUOTED.format("referrer")
    + " "
    + _QUOTED.format("agent")
    + r"(?:[ \t].*)?$"
)
_REQUEST = r"^(?P<method>[A-Za-z]+) (?P<target>/.*?|(?i:https?)://.*?|\*)(?: HTTP/[0-9.]+)?$"
_TIME = (
    r"^(?P<date>\d\d/[A-Z][a-z][a-z]/\d{4}):(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
    r":(?P<second>[0-5]\d|60) (?P<sign>[+-])(?P<zone>\d\d[0-5]\d)$"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NONE = pa.scalar(None, pa.string())


def read_lines(path: Path) -> pa.Table:
    """Return position (from 1) and text of each line of a log, plain or gzipped.

    Bytes that are no UTF-8 stand as LOST. BadDataError where the file cannot be unpacked.
    """
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise BadDataError(
                f"{path.name}: the gzip file is damaged or cut off ({error})."
                " Copy it again, or unpack what is left with `zcat` and load that."
            ) from None
    texts = content.decode("utf-8-sig", "replace").split("\n")
    if not texts[-1]:
        texts.pop()
    stripped = pc.utf8_rtrim(pa.array(texts, pa.string()), "\r")
    return pa.table({"position": pa.array(range(1, len(texts) + 1), pa.int64()), "text": stripped})


def raw_lines(raws: Sequence[Raw]) -> pa.Table:
    """Return position and text of lines that were set aside: the shape of `read_lines`."""
    return pa.table(
        {
            "position": pa.array([raw.position for raw in raws], pa.int64()),
            "text": pa.array([raw.text for raw in raws], pa.string()),
        }
    )


def split_fields(texts: pa.Array) -> pa.Table:
    r"""Return the fields of each line, null in all columns where it is no Combined Log Format.

    address, referrer, agent, method, target: strings, `\"` unescaped; "-" and "" are null.
    method and target are null where the request line is not readable (scanners send any bytes).
    status, bytes: integers ("-" bytes: 0). at: UTC microseconds, null where it cannot be.
    """
    line = pc.extract_regex(texts, pattern=_LINE)
    request = pc.extract_regex(_unescaped(pc.struct_field(line, "request")), pattern=_REQUEST)
    count = pc.struct_field(line, "bytes")
    return pa.table(
        {
            "address": pc.struct_field(line, "address"),
            "at": _instants(pc.struct_field(line, "time")),
            "method": pc.struct_field(request, "method"),
            "target": pc.struct_field(request, "target"),
            "status": pc.struct_field(line, "status").cast(pa.int64()),
            "bytes": pc.if_else(pc.equal(count, "-"), "0", count).cast(pa.int64()),
            "referrer": _none_if_dash(_unescaped(pc.struct_field(line, "referrer"))),
            "agent": _none_if_dash(_unescaped(pc.struct_field(line, "agent"))),
        }
    )


def _unescaped(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, r'\\(["\\])', r"\1")


def _none_if_dash(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(values, r"^\s*-?\s*$"), _NONE, values)


def _instants(times: pa.Array) -> pa.Array:
    """`17/May/2015:10:05:03 +0000` as an instant; null where it is none, or before 2000.

    Days are read once over distinct values, in Python, as Arrow's own %b depends on the locale.
    """
    parts = pc.extract_regex(times, pattern=_TIME)
    days = pc.struct_field(parts, "date").dictionary_encode()
    day = pa.array(map(_day_number, days.dictionary.to_pylist()), pa.int64()).take(days.indices)
    hour, minute, second, zone = (
        pc.struct_field(parts, name).cast(pa.int64())
        for name in ("hour", "minute", "second", "zone")
    )
    west = pc.equal(pc.struct_field(parts, "sign"), "-")
    ahead = pc.multiply(pc.if_else(west, -1, 1), _minutes(zone))
    minutes = pc.subtract(pc.add(pc.multiply(hour, 60), minute), ahead)
    seconds = pc.add(pc.add(pc.multiply(day, 86_400), pc.multiply(minutes, 60)), second)
    at = pc.multiply(seconds, 1_000_000).cast(pa.timestamp("us", "UTC"))
    return pc.if_else(pc.less(at, EARLIEST), pa.scalar(None, at.type), at)


def _minutes(zone: pa.Array) -> pa.Array:
    """Minutes of an offset written as hhmm."""
    hours = pc.divide(zone, 100)
    return pc.subtract(zone, pc.multiply(hours, 40))


def _day_number(text: str) -> int | None:
    """Days since 1970 of `17/May/2015`; None for a day that does not exist."""
    day, month, year = text.split("/")
    try:
        return (date(int(year), _MONTHS.index(month) + 1, int(day)) - date(1970, 1, 1)).days
    except ValueError:
        return None
