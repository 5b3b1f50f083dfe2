"""Report `self-reported`: where people say they heard of us, against their first touch.

What people say is no measurement either: it finds what no click shows (a podcast, a friend), and
forgets what a click does show. So both stand side by side, and neither corrects the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError, nearest
from whichhalf.project import Project
from whichhalf.report import head
from whichhalf.report.campaign_columns import share
from whichhalf.report.head import select
from whichhalf.report.looked_up import expose_newest
from whichhalf.report.query import Query, bounds
from whichhalf.report.result import Cell, Column, Fact, Report
from whichhalf.tables.dimensions import key_of

NEEDS = (*head.NEEDS, "signups", "users", "persons")
NO_TOUCH = "(none)"
NO_ANSWER = "(no answer)"
OTHER = "(other)"
MOST_TOUCHES = 12  # columns of first touches; the rest is one


@dataclass(frozen=True)
class Compared:
    """People who signed up. pairs: (what they said, their first touch) → people; None: no answer.

    unmapped: sayings that are no channel (or source) that is known.
    """

    pairs: Mapping[tuple[str | None, str], int]
    unmapped: frozenset[str]

    @cached_property
    def said(self) -> Counter[str]:
        """People by what they said."""
        return self._sums((said, count) for (said, _), count in self.pairs.items() if said)

    @cached_property
    def touched(self) -> Counter[str]:
        """People who answered by their first touch."""
        return self._sums((touch, count) for (said, touch), count in self.pairs.items() if said)

    @cached_property
    def shown_touches(self) -> list[str]:
        """First touches that have a column, the most frequent first."""
        everybody = self._sums((touch, count) for (_, touch), count in self.pairs.items())
        return sorted(everybody, key=lambda touch: (-everybody[touch], touch))[:MOST_TOUCHES]

    @property
    def everybody(self) -> int:
        """All people."""
        return sum(self.pairs.values())

    @property
    def agreeing(self) -> int:
        """People whose first touch is what they said."""
        return sum(count for (said, touch), count in self.pairs.items() if said == touch)

    @staticmethod
    def _sums(counts: Iterator[tuple[str, int]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for name, count in counts:
            found[name] += count
        return found


def self_reported(project: Project, query: Query) -> Report:
    """The report over people who signed up in the period."""
    starts_at, ends_at = bounds(*query.period, head.zone_of(project))
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        expose_newest(project, engine, ["survey_answers", "lookups"])
        fresh = head.freshness(engine, project)
        _check_question(engine, query.question)
        engine.view("signup_parts", f"select *, {query.by} as part from signups")
        between = {"starts_at": starts_at, "ends_at": ends_at, "question": query.question}
        rows = engine.table(select(engine, "answers_of_people", **between))
        compared = compare(rows, _mapping(engine, query.by))
    part = query.by.removeprefix("first_")
    first, last = query.period
    return Report(
        name="self-reported",
        title=f"Self-reported {part} against first touch, {first} to {last}",
        currency=project.config.report.currency,
        facts=(*_head_facts(compared), *head.facts(project, query, fresh)),
        columns=_columns(compared, part),
        rows=tuple(_rows(compared)),
        total=_cells(compared, "TOTAL", *_total(compared)),
        notes=tuple(_notes(compared, part)),
    )


def compare(rows: pa.Table, mapping: Mapping[str, str]) -> Compared:
    """Count people by what they said and by their first touch.

    rows: columns part (of the first touch, or null) and answer (or null). mapping: key of an answer
    → channel or source. An answer that is itself the name of one needs no mapping.
    """
    touches = [touch or NO_TOUCH for touch in rows.column("part").to_pylist()]
    answers = [(answer or "").strip() for answer in rows.column("answer").to_pylist()]
    # Names as touches write them come last, so that they hold.
    names = {key_of("answer", name): name for name in (*mapping.values(), *sorted(set(touches)))}
    written: dict[str, str] = {}
    for answer in sorted({answer for answer in answers if answer}, reverse=True):
        written[key_of("answer", answer)] = answer
    shown: dict[str, str] = {}
    unmapped = set()
    for key, answer in written.items():
        stated = mapping.get(key, answer)
        known = names.get(key_of("answer", stated))
        shown[key] = known or f"{answer} (unmapped)"
        if known is None:
            unmapped.add(shown[key])
    said = [shown[key_of("answer", answer)] if answer else None for answer in answers]
    return Compared(Counter(zip(said, touches, strict=True)), frozenset(unmapped))


def _mapping(engine: Engine, by: str) -> dict[str, str]:
    """Key of an answer → what the look-ups on `answer` say it means; the first look-up holds."""
    rows = engine.table(
        select(engine, "answer_meanings", attribute=by.removeprefix("first_"))
        + " order by lookup desc"
    )
    return {row["lookup_key"]: row["attribute_value"] for row in rows.to_pylist()}


def _check_question(engine: Engine, asked: str) -> None:
    """Raise UsageError where it is not clear which question is meant."""
    rows = engine.table("select distinct question from survey_answers order by question")
    questions = [question for question in rows.column(0).to_pylist() if question is not None]
    listed = "; ".join(questions)
    if asked and asked not in questions:
        raise UsageError(
            f"--question: nobody was asked {asked!r}.{nearest(asked, questions)}"
            f" Questions: {listed or 'none'}."
        )
    if not asked and rows.num_rows > 1:
        raise UsageError(f"The answers are to several questions. Name one: --question {listed!r}")


def _rows(compared: Compared) -> Iterator[tuple[Cell, ...]]:
    """Most said first, then what only touches say; people without an answer last."""
    said, touched = compared.said, compared.touched
    for name in sorted(said | touched, key=lambda name: (-said[name], -touched[name], name)):
        is_known = name not in compared.unmapped
        yield _cells(
            compared,
            name,
            said[name],
            said[name],
            touched[name] if is_known else None,
            compared.pairs.get((name, name), 0) if is_known else None,
        )
    silent = sum(count for (answer, _), count in compared.pairs.items() if answer is None)
    yield _cells(compared, NO_ANSWER, silent, 0, None, None)


def _total(compared: Compared) -> tuple[int, int, int, int]:
    answered = compared.said.total()
    return compared.everybody, answered, answered, compared.agreeing


def _cells(
    compared: Compared,
    name: str,
    people: int,
    answered: int,
    touched: int | None,
    agree: int | None,
) -> tuple[Cell, ...]:
    """A row; its last cells are the people by first touch."""
    said = None if name == NO_ANSWER else name
    own = Counter(
        {
            touch: sum(
                count
                for (answer, first), count in compared.pairs.items()
                if first == touch and (name == "TOTAL" or answer == said)
            )
            for touch in compared.shown_touches
        }
    )
    shares = (share(agree, answered), share(agree, touched))
    firsts = [own[touch] for touch in compared.shown_touches]
    return (name, people, answered, touched, agree, *shares, *firsts, people - own.total())


def _columns(compared: Compared, part: str) -> tuple[Column, ...]:
    said, touched = "agree / answered", "agree / first_touch"
    firsts = [
        Column(f"first_{touch}", f"First touch {touch}", "count", 0, "people", 6)
        for touch in [*compared.shown_touches, OTHER]
    ]
    return (
        Column("said", f"Said {part}", "text"),
        Column("people", "Signups", "count", 0, "people who signed up"),
        Column("answered", "Said so", "count", 0, "people who answered"),
        Column("first_touch", "First touch says so", "count", 0, "of people who answered"),
        Column("agree", "Both say so", "count", 0, "people"),
        Column("agree_of_said", f"Of those who said so: {said}", "share", 1, said, 3),
        Column("agree_of_touch", f"Of those touches: {touched}", "share", 1, touched, 4),
        *firsts,
    )


def _head_facts(compared: Compared) -> tuple[Fact, ...]:
    answered = compared.said.total()
    return (
        Fact("answered", _of(answered, compared.everybody, "signups")),
        Fact("first touch agrees", _of(compared.agreeing, answered, "answers")),
    )


def _of(part: int, whole: int, what: str) -> str:
    return f"{part:,} of {whole:,} {what}" + (f" ({part / whole:.1%})" if whole else "")


def _notes(compared: Compared, part: str) -> Sequence[str]:
    notes = ["What people say is stated, not measured; a first touch is attributed, not measured."]
    if not compared.everybody:
        notes.append(
            "Nobody signed up in the period. Which event names are signups: [events] signup."
        )
    elif not compared.said:
        notes.append("Nobody of them answered. Load answers: whichhalf load survey_answers FILE")
    count = sum(compared.said[name] for name in compared.unmapped)
    if count:
        notes.append(
            f"Answers that name no {part}: {count:,}. Say what they mean in a file with columns"
            f" answer and {part}: whichhalf load lookup FILE --on answer"
        )
    return notes
