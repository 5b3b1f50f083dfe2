"""The campaign report's columns: what each holds, and how ratios are made from sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from whichhalf.report.looked_up import Dimension
from whichhalf.report.result import Cell, Column

Record = Mapping[str, Cell]
_MICRO = Decimal("0.000001")

# --by → its text columns: (name, heading); ids beside the names are for machines.
Labels = tuple[tuple[str, str], ...]
LABELS: dict[str, Labels] = {
    "network": (("network", "Network"),),
    "campaign": (("network", "Network"), ("campaign", "Campaign")),
    "adset": (("network", "Network"), ("campaign", "Campaign"), ("ad_set", "Ad set")),
    "ad": (
        ("network", "Network"),
        ("campaign", "Campaign"),
        ("ad_set", "Ad set"),
        ("ad", "Ad"),
    ),
    "channel": (("channel", "Channel"),),
    "country": (("country", "Country"),),
    "os": (("os", "OS"),),
}
IDS: dict[str, tuple[str, ...]] = {
    "campaign": ("account_id", "campaign_id"),
    "adset": ("account_id", "campaign_id", "ad_set_id"),
    "ad": ("account_id", "campaign_id", "ad_set_id", "ad_id"),
}


_SIGNUP_SHARE = "registrations / installs"
_BUYER_RATE = "buyers / registrations"

# {currency} in a heading is that of the report.
_BEFORE_PRODUCTS = (
    Column("spend", "Spend {currency}", "money", 2, "Σ spend"),
    Column("impressions", "Impressions", "count", rank=6),
    Column("clicks", "Clicks", "count", rank=6),
    Column("installs", "Installs", "count", rank=3),
    Column("cpi", "CPI: spend / installs", "money", 2, "spend / installs", 4),
    Column("registrations", "Registrations", "count"),
    Column("install_to_signup", f"Install→signup: {_SIGNUP_SHARE}", "share", 2, _SIGNUP_SHARE, 5),
    Column("logins", "Logins", "count", rank=6),
    Column("buyers", "Buyers", "count", formula="people with a purchase"),
    Column("buying_frequency", "Buying frequency: purchases", "count", 0, "purchases", 7),
    Column("buyer_rate", f"Buyer rate: {_BUYER_RATE}", "share", 2, _BUYER_RATE, 2),
)
_AFTER_PRODUCTS = (
    Column(
        "revenue", "Revenue {currency}", "money", 2, "charges + ad revenue − refunds − chargebacks"
    ),
    Column("arpu", "ARPU: revenue / registrations", "money", 2, "revenue / registrations", 7),
    Column("arppu", "ARPPU: revenue / buyers", "money", 2, "revenue / buyers", 7),
    Column("roas", "ROAS: revenue / spend", "ratio", 2, "revenue / spend"),
)


@dataclass(frozen=True)
class Product:
    """A product's column. product_id "": purchases whose product is not known."""

    product_id: str
    label: str

    @property
    def column(self) -> str:
        """Name of its column."""
        return f"product_{self.product_id}" if self.product_id else "product_other"


def labels_of(dimension: Dimension) -> Labels:
    """The text columns of a report by this dimension; a looked-up one has one column."""
    if dimension.is_own:
        return LABELS[dimension.by]
    taken = {column.name for column in (*_BEFORE_PRODUCTS, *_AFTER_PRODUCTS)}
    name = dimension.column(taken | {"match", "network", "campaign", "ad_set", "ad", *IDS["ad"]})
    return ((name, dimension.by.replace("_", " ").capitalize()),)


def columns(
    labels: Labels, ids: Sequence[str], products: Sequence[Product], currency: str
) -> tuple[Column, ...]:
    """Columns of the report, in order. labels: its text columns; ids: those for machines."""
    texts = [Column(name, heading, "text") for name, heading in labels]
    shown = [Column(name, name.replace("_", " ").capitalize(), "text", rank=9) for name in ids]
    match = Column("match", "Match", "text", formula="how the row's spend is known", rank=9)
    packs = [
        Column(item.column, item.label, "count", formula="purchases of the product", rank=8)
        for item in products
    ]
    measures = [
        replace(column, heading=column.heading.format(currency=currency))
        for column in (*_BEFORE_PRODUCTS, *_AFTER_PRODUCTS)
    ]
    place = len(_BEFORE_PRODUCTS)
    return (*texts, *shown, match, *measures[:place], *packs, *measures[place:])


def number(value: Cell) -> Cell:
    """A count as a whole number where it is one; credit shared by touches leaves fractions."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return value


def share(part: Cell, whole: Cell) -> float | None:
    """The part / the whole, or None where either was never measured or the whole is 0."""
    divided = _divided(part, whole)
    return None if divided is None else float(divided)


def money_each(money: Cell, count: Cell) -> Decimal | None:
    """Money / count to a millionth, or None where either was never measured or the count is 0."""
    divided = _divided(money, count)
    return None if divided is None else divided.quantize(_MICRO)


def _divided(part: Cell, whole: Cell) -> Decimal | None:
    if part is None or whole is None or not whole:
        return None
    return Decimal(str(part)) / Decimal(str(whole))


RATIOS: dict[str, Callable[[Record], Cell]] = {
    "cpi": lambda row: money_each(row["spend"], row["installs"]),
    "install_to_signup": lambda row: share(row["registrations"], row["installs"]),
    "buyer_rate": lambda row: share(row["buyers"], row["registrations"]),
    "arpu": lambda row: money_each(row["revenue"], row["registrations"]),
    "arppu": lambda row: money_each(row["revenue"], row["buyers"]),
    "roas": lambda row: share(row["revenue"], row["spend"]),
}


def with_ratios(sums: Record) -> dict[str, Cell]:
    """A row of sums with every ratio made from them."""
    return {**sums, **{name: ratio(sums) for name, ratio in RATIOS.items()}}
