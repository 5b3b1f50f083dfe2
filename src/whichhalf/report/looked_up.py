"""What rows of a report are grouped by: its own dimension, a column of a look-up, or a company.

Look-ups are read as they are now, not as of the last run: no step reads them, so nothing mixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError, nearest
from whichhalf.project import Project
from whichhalf.report import companies
from whichhalf.report.head import select
from whichhalf.report.query import DIMENSIONS, LOOKED_UP, SIGNUP_PARTS, SIGNUP_TOUCHES, Query
from whichhalf.tables.dimensions import keys_of

NOT_LOOKED_UP = "(not in lookup)"
EMPTY = "(empty)"
PERSON = "person"

_LABELS = pa.schema([("part", pa.string()), ("label", pa.string())])
_PAGES_OF = {
    "sessions": {"landing": "landing", "blog_url": "landing", "first_page": "landing"},
    "signups": {"blog_url": "blog_url", "first_page": "first_page", "landing": "first_page"},
}


@dataclass(frozen=True)
class Dimension:
    """What rows are grouped by.

    by: as it was asked. base: the report's own dimension whose values are looked up, `by` itself
    where nothing is, PERSON for companies. on: dimension that the keys are values of.
    labels: key → label, None where nothing is looked up; of PERSON person id → label.
    missing: label of what has none.
    """

    by: str
    base: str
    on: str = ""
    labels: Mapping[str, str] | None = field(default=None, repr=False)
    missing: str = NOT_LOOKED_UP

    @property
    def is_own(self) -> bool:
        """Whether it is the report's own: nothing is looked up."""
        return self.labels is None

    def column(self, taken: Iterable[str] = ()) -> str:
        """Name of its column; the report's other columns keep their names."""
        name = self.by.replace(".", "_")
        return f"by_{name}" if not self.is_own and name in taken else name

    def relabel(self, engine: Engine, parts: pa.Table) -> None:
        """Make `part_labels` (part, label) readable; parts: one column, values of the base.

        What it holds no label for has `missing`. Of companies, the parts are not needed.
        """
        found = self.labels or {}
        if self.base != PERSON:
            values = (value for value in parts.column(0).to_pylist() if value is not None)
            found = {value: self.label(value) for value in values}
        rows = {"part": list(found), "label": list(found.values())}
        engine.relation("part_labels", pa.table(rows, schema=_LABELS))

    def label(self, *values: str | None) -> str:
        """Label of a row by its values of the base, the closest first."""
        labels = self.labels or {}
        if self.base == PERSON:
            return next((labels[v] for v in values if v and v in labels), self.missing)
        keys = (key for value in values if value for key in keys_of(self.on, value))
        return next((labels[key] for key in keys if key in labels), self.missing)


@dataclass(frozen=True)
class _Offer:
    """A column that a report can be asked by: of a look-up on `on`, for its dimension `base`."""

    lookup: str
    on: str
    attribute: str
    base: str

    @property
    def names(self) -> tuple[str, str, str]:
        """What it can be asked by, from the short to the exact."""
        by_lookup = f"{self.lookup}.{self.attribute}"
        return self.attribute, by_lookup, f"{self.lookup}.{self.on}.{self.attribute}"


def dimension(project: Project, engine: Engine, query: Query) -> Dimension:
    """Return what a query groups by. UsageError names the nearest where there is no such thing."""
    if query.by in DIMENSIONS[query.report]:
        return Dimension(query.by, query.by)
    # Where a report has no rows by what is looked up, there is nothing to read.
    offers: dict[str, list[_Offer]] = {}
    if query.report in LOOKED_UP:
        expose_newest(project, engine, ["lookups"])
        offers = _offers(engine, query.report)
    found = {(offer.lookup, offer.on): offer for offer in offers.get(query.by, [])}
    if len(found) == 1:
        return _looked_up(project, engine, query, next(iter(found.values())))
    if found:
        one_lookup = len({offer.lookup for offer in found.values()}) == 1
        exact = sorted(offer.names[2 if one_lookup else 1] for offer in found.values())
        raise UsageError(
            f"--by {query.by}: several look-ups have such a column. Say which: {', '.join(exact)}."
        )
    known = companies.read(project, engine) if query.report in companies.REPORTS else None
    if known is not None and query.by in known.names:
        return Dimension(query.by, PERSON, "", known.labels(query.by), companies.NONE)
    columns = {offer.attribute for offers_of in offers.values() for offer in offers_of}
    names = [*offers, *(known.names if known else ())]
    raise _unknown(query, names, columns | set(known.names if known else ()))


def expose_newest(project: Project, engine: Engine, names: list[str]) -> None:
    """Make input tables that no step reads readable as they are now, whoever loaded them."""
    project.lake.refresh()
    project.expose(engine, names)


def _unknown(query: Query, more: list[str], columns: set[str]) -> UsageError:
    """The error for a --by that is neither built in nor looked up.

    more: all that it may be; columns: what of that is worth telling.
    """
    own = DIMENSIONS[query.report]
    looked_up = sorted(name for name in columns - set(own) if "." not in name)
    listed = f" Looked up: {', '.join(looked_up)}." if looked_up else ""
    return UsageError(
        f"--by of report {query.report}: {query.by!r} is unknown.{nearest(query.by, [*own, *more])}"
        f" Known: {', '.join(own)}.{listed} Columns of your own:"
        " whichhalf load lookup FILE --on DIMENSION."
    )


def _offers(engine: Engine, report: str) -> dict[str, list[_Offer]]:
    """Name of --by → what it may mean, for columns on dimensions that the report has."""
    rows = engine.table(
        "select distinct lookup, dimension, attribute from lookups"
        " order by lookup, dimension, attribute"
    ).to_pylist()
    offers: dict[str, list[_Offer]] = {}
    for row in rows:
        for prefix, base in _bases(report, row["dimension"]):
            offer = _Offer(row["lookup"], row["dimension"], row["attribute"], base)
            for name in offer.names:
                offers.setdefault(prefix + name, []).append(offer)
    return offers


def _bases(report: str, on: str) -> Iterator[tuple[str, str]]:
    """(prefix of --by, dimension of the report) for which keys on `on` can be sought."""
    if report == "signups" and on in SIGNUP_PARTS:
        yield "", f"first_{on}"
        for touch in SIGNUP_TOUCHES:
            yield f"{touch}_", f"{touch}_{on}"
    elif on in _PAGES_OF.get(report, {}):
        yield "", _PAGES_OF[report][on]
    elif on == "company" and report in companies.REPORTS:
        yield "", PERSON
    elif on in DIMENSIONS[report] or (report == "returns" and on == "network"):
        yield "", on


def _looked_up(project: Project, engine: Engine, query: Query, offer: _Offer) -> Dimension:
    """The dimension of one column of one look-up."""
    rows = engine.table(
        select(
            engine,
            "attribute_values",
            lookup=offer.lookup,
            dimension=offer.on,
            attribute=offer.attribute,
        )
    ).to_pylist()
    labels = {row["lookup_key"]: row["attribute_value"] or EMPTY for row in rows}
    if offer.base != PERSON:
        return Dimension(query.by, offer.base, offer.on, labels)
    by_company = Dimension(query.by, "company", offer.on, labels)
    people = companies.read(project, engine).looked_up(by_company.label)
    return Dimension(query.by, PERSON, offer.on, people)
