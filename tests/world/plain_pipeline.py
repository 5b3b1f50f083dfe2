"""A pipeline as plain as it can be over one world: dictionaries, loops, the standard library.

It reads only what a project reads, and gives the tables that `score` compares. That it scores as
whichhalf has to shows that files and truth agree, and that the world can be known from its files.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from whichhalf.world.money import converted, ecb_quotes

CALLS = {"identify", "track", "page", "screen", "group", "alias"}
CLICK_IDS = ("gclid", "msclkid", "ttclid", "fbclid")
NO_CREDIT = {"lumo.example", "help.lumo.example", "paypal.com", "accounts.google.com"}
GAP = 20 * 60 * 1000
PAID_MEDIUM = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
NETWORKS = {
    "facebook": "meta",
    "google": "google_ads",
    "tiktok": "tiktok",
    "apple": "apple_ads",
    "unityads": "unity_ads",
}
TAGS = ("source", "medium", "campaign", "content", "term")


def milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def tuple_of(query: str, referrer: str | None) -> tuple | None:
    """(source, medium, campaign, content, term, utm id, click id kind, referrer host), or None."""
    given = {name: values[0] for name, values in parse_qs(query).items()}
    host = urlsplit(referrer or "").hostname
    host = host.removeprefix("www.") if host else None
    kind = next((name for name in CLICK_IDS if name in given), None)
    tags = tuple(given.get(f"utm_{name}") for name in TAGS)
    if any(tags) or kind or (host and host not in NO_CREDIT):
        return (*tags, given.get("utm_id"), kind, host)
    return None


def source_of(call: dict) -> tuple | None:
    context = call["context"]
    if "campaign" in context:
        given = context["campaign"]
        tags = (given.get("source"), given.get("medium"), given.get("name"))
        return (*tags, given.get("content"), given.get("term"), given.get("id"), None, None)
    page = context.get("page")
    return tuple_of(urlsplit(page["url"]).query, page["referrer"]) if page else None


class Plain:
    """The tables of one world."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: dict[tuple[str, str], dict] = {}
        self.bad: Counter[str] = Counter()
        self.lines = 0
        for path in sorted(folder.glob("data/segment/*.jsonl.gz")):
            for line in gzip.decompress(path.read_bytes()).splitlines():
                self.lines += 1
                self._read(path.name.split("-")[0], line)
        self._stitch()
        self.costs = list(self._cost_rows())
        self.names = {(row[0], row[2].lower()) for row in self.costs}
        self.ids = {(row[0], row[1]) for row in self.costs}

    def _read(self, app: str, line: bytes) -> None:
        try:
            call = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            self.bad["not_utf8"] += 1
            return
        except ValueError:
            self.bad["not_json"] += 1
            return
        ids = (call.get("userId"), call.get("anonymousId"))
        if any(not isinstance(one, str | None) for one in ids):
            self.bad["wrong_type"] += 1
        elif not any(ids):
            self.bad["missing_id"] += 1
        elif call["type"] not in CALLS:
            self.bad["unknown_call"] += 1
        elif call["type"] == "track" and not call.get("event"):
            self.bad["missing_field"] += 1
        else:
            times = [milliseconds(call[f"{name}At"]) for name in ("received", "sent")]
            at = times[0] - (times[1] - milliseconds(call["originalTimestamp"]))
            if at > times[0]:
                self.bad["impossible_time"] += 1
                return
            event = {"at": at, "received": times[0], "user": ids[0], "visitor": ids[1]}
            event |= {"source": source_of(call), "call": call}
            key = (app, call["messageId"])
            if key not in self.events or times[0] < self.events[key]["received"]:
                self.events[key] = event

    def _stitch(self) -> None:
        """Person of each event, by the users that its visitor carries and by aliases."""
        parent: dict[str, str] = {}

        def root(user: str) -> str:
            while parent.get(user, user) != user:
                user = parent[user]
            return user

        seen = defaultdict(list)
        for (app, name), event in self.events.items():
            if event["call"]["type"] == "alias":
                pair = sorted([root(event["user"]), root(event["call"]["previousId"])])
                parent[pair[1]] = pair[0]
            if event["visitor"] and event["user"]:
                seen[app, event["visitor"]].append((event["at"], name, event["user"]))
        for users in seen.values():
            users.sort()
        self.root = root
        self.seen = seen
        for (app, name), event in self.events.items():
            user = event["user"] or self.user_at(app, event["visitor"], event["at"], name)
            event["person"] = f"u:{root(user)}" if user else f"{app}:{event['visitor']}"

    def user_at(self, app: str, visitor: str, at: int, name: str) -> str | None:
        users = self.seen.get((app, visitor), [])
        before = [entry for entry in users if entry[:2] <= (at, name)]
        return before[-1][2] if before else users[0][2] if users else None

    def _cost_rows(self):
        """(network, campaign id, campaign name, day, currency, spend)"""
        for path in sorted(self.folder.glob("data/costs/*/*.csv")):
            text = path.read_text("utf-8")
            network = {"google": "google_ads"}.get(path.parent.name, path.parent.name)
            if network == "google_ads":
                text = text.split("\n", 2)[2].split("\nTotal: ")[0]
            for row in csv.DictReader(io.StringIO(text)):
                if network == "meta" and row["Campaign name"]:
                    (column,) = [name for name in row if name.startswith("Amount spent")]
                    values = row["Campaign ID"], row["Campaign name"], row["Day"], column[14:17]
                    yield (network, *values, row[column])
                elif network == "google_ads":
                    values = row["Campaign ID"], row["Campaign"], row["Day"], row["Currency code"]
                    yield (network, *values, row["Cost"].replace(",", ""))
                elif network != "meta":
                    names = ("campaign_id", "campaign_name", "local_on", "currency", "spend")
                    yield (network, *(row[name] for name in names))

    def is_paid(self, source: tuple | None) -> bool:
        if source is None:
            return False
        name, medium, campaign, _, _, utm_id, kind, _ = source
        network = NETWORKS.get(name or "")
        return bool(
            kind in ("gclid", "msclkid", "ttclid")
            or PAID_MEDIUM.match(medium or "")
            or (network, utm_id) in self.ids
            or (network, (campaign or "").lower()) in self.names
        )

    def touches(self) -> dict[str, list[tuple]]:
        """Touches of each person: (time, id, source tuple), sorted."""
        streams = defaultdict(list)
        for (_, name), event in self.events.items():
            if event["visitor"]:
                streams[event["person"]].append((event["at"], name, event["source"]))
        result = defaultdict(list)
        for person, stream in streams.items():
            sessions: list[list[tuple]] = []
            for entry in sorted(stream, key=lambda entry: entry[:2]):
                if not sessions or entry[0] - sessions[-1][-1][0] > GAP:
                    sessions.append([])
                sessions[-1].append(entry)
            for session in sessions:
                firsts: dict[tuple, tuple] = {}
                for entry in session:
                    if entry[2]:
                        firsts.setdefault(entry[2], entry)
                result[person] += firsts.values() or [session[0]]
        self._add_installs(result)
        return {who: sorted(own, key=lambda entry: entry[:2]) for who, own in result.items()}

    def _add_installs(self, result: dict[str, list[tuple]]) -> None:
        def add(visitor: str, at: str, name: str, source: tuple) -> None:
            user = self.user_at("app", visitor[2:], milliseconds(at), "")
            person = f"u:{self.root(user)}" if user else f"app:{visitor[2:]}"
            result[person].append((milliseconds(at), name, source))

        clicked = set()
        with (self.folder / "data/clicks.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                if row["visitor_id"]:
                    clicked.add(row["click_id"])
                    tags = [row[name] or None for name in (*TAGS, "utm_id", "click_id_kind")]
                    add(row["visitor_id"], row["touched_at"], row["touch_id"], (*tags, None))
        with (self.folder / "data/installs.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                source = tuple_of(row["referrer"], None)
                given = parse_qs(row["referrer"])
                click = next((given[name][0] for name in CLICK_IDS if name in given), None)
                organic = source and source[:2] == ("google-play", "organic")
                if source and not organic and not (click and click in clicked):
                    name = f"install:{row['install_id']}"
                    add(row["visitor_id"], row["referrer_click_at"], name, source)

    def event_persons(self) -> pa.Table:
        rows = [(*key, event["person"]) for key, event in self.events.items()]
        return _table(("app", "message_id", "person_id"), rows)

    def signups(self) -> pa.Table:
        first: dict[str, tuple] = {}
        for (app, name), event in self.events.items():
            if event["call"].get("event") == "Signed Up":
                entry = (event["at"], name, app)
                first[event["person"]] = min(first.get(event["person"], entry), entry)
        touches, rows = self.touches(), []
        for person, (at, name, app) in first.items():
            own = [touch for touch in touches.get(person, []) if touch[0] <= at]
            paid = [touch for touch in own if self.is_paid(touch[2])]
            ends = [ids[place][1] if ids else None for ids in (own, paid) for place in (0, -1)]
            rows.append((app, name, *ends))
        names = [f"{which}_touch_id" for which in ("first", "last", "first_paid", "last_paid")]
        return _table(("app", "conversion_id", *names), rows)

    def cost_days(self) -> pa.Table:
        quotes = ecb_quotes()
        spend = [
            converted(Decimal(row[5]), quotes.rate(row[4], "USD", date.fromisoformat(row[3])))
            for row in self.costs
        ]
        return pa.table({"spend": pa.array(spend, pa.decimal128(18, 6))})

    def conversions(self) -> pa.Table:
        with (self.folder / "data/payments.csv").open(newline="") as file:
            payments = {row["payment_id"]: row for row in csv.DictReader(file)}
        kinds, values = [], []
        for row in payments.values():
            charge = row if row["payment_kind"] == "charge" else self._charge_of(row, payments)
            paid_on = date.fromisoformat(charge["paid_at"][:10])
            rate = ecb_quotes().rate(row["currency"], "USD", paid_on)
            value = converted(Decimal(row["amount"]), rate)
            kinds.append({"charge": "purchase"}.get(row["payment_kind"], row["payment_kind"]))
            values.append(value if charge is row else -value)
        values = pa.array([*values, Decimal(1)], pa.decimal128(18, 6))
        return pa.table({"conversion_kind": [*kinds, "first_purchase"], "value": values})

    def _charge_of(self, refund: dict, payments: dict[str, dict]) -> dict:
        if refund["refunded_payment_id"]:
            return payments[refund["refunded_payment_id"]]
        chosen = [
            row
            for row in payments.values()
            if row["payment_kind"] == "charge"
            and self.root(row["user_id"]) == self.root(refund["user_id"])
            and row["currency"] == refund["currency"]
            and Decimal(row["amount"]) >= Decimal(refund["amount"])
            and row["paid_at"] <= refund["paid_at"]
        ]
        return max(chosen, key=lambda row: row["paid_at"])

    def quarantine(self) -> pa.Table:
        return _table(("reason",), [(reason,) for reason in self.bad.elements()])

    def table(self, name: str) -> pa.Table:
        """What `score` asks for."""
        return getattr(self, name)()


def _table(names: tuple[str, ...], rows: list[tuple]) -> pa.Table:
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))]
    return pa.table(columns, names=list(names))
