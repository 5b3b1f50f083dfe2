"""Report self-reported: what people say against their first touch, by hand and counted anew."""

import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from small_lake import make, write

from whichhalf.errors import UsageError
from whichhalf.report import Query, report_project

START, END = date(2026, 1, 1), date(2026, 1, 31)


def signup(person, day, channel, source=None):
    return {
        "person_id": person,
        "conversion_id": person,
        "signed_up_at": datetime(2026, 1, day) if day < 32 else datetime(2026, 2, 1),
        "first_channel": channel,
        "first_source": source,
    }


def answer(user, said, at="2026-01-20T10:00:00", question=None, visitor=None):
    return {
        "app": "app",
        "user_id": f"u:{user}" if user else None,
        "visitor_id": f"a:{visitor}" if visitor else None,
        "visitor_key": visitor,
        "question": question,
        "answered_at": datetime.fromisoformat(at),
        "answer": said,
    }


def meaning(said, attribute, value, lookup="answer"):
    return {
        "lookup": lookup,
        "dimension": "answer",
        "lookup_key": said,
        "attribute": attribute,
        "attribute_value": value,
    }


@pytest.fixture
def project(tmp_path):
    return make(
        tmp_path,
        {
            "signups": [
                signup("u:1", 1, "Podcast", "pod"),
                signup("u:2", 2, "Organic Search", "google"),
                signup("u:3", 3, "Organic Search", "google"),
                signup("u:4", 4, None),
                signup("u:5", 5, "Paid Social", "fb"),
                signup("u:6", 31, "Email", "news"),
                signup("u:7", 6, "Email", "news"),
                signup("u:8", 32, "Podcast", "pod"),  # in February
            ],
            "users": [
                *({"user_id": f"u:{n}", "person_id": f"u:{n}"} for n in (1, 2, 3, 4, 5, 6, 8)),
                {"user_id": "u:99", "person_id": "u:7"},  # merged later
            ],
            "persons": [
                {
                    "app": "app",
                    "visitor_id": "a:5",
                    "visitor_key": 5,
                    "since": datetime(1970, 1, 1),
                    "until": datetime(9999, 12, 31),
                    "user_id": "u:5",
                    "person_id": "u:5",
                    "by_call": "identify",
                }
            ],
            "survey_answers": [
                answer(1, "Heard it on a  Podcast"),
                answer(2, "heard it on a podcast"),
                answer(3, "GOOGLE"),
                answer(4, "a friend", "2026-01-20T10:00:00"),
                answer(4, "email", "2026-01-19T10:00:00"),  # an earlier word
                answer(None, "paid social", visitor=5),  # the name of a channel, by a visitor
                answer(99, "A Friend"),
                answer(8, "GOOGLE"),
                answer(1000, "GOOGLE"),  # never signed up
            ],
            "lookups": [
                meaning("heard it on a podcast", "channel", "podcast"),
                meaning("heard it on a podcast", "source", "pod"),
                meaning("google", "channel", "Organic Search"),
                meaning("google", "channel", "Nothing", "other"),  # a later look-up
                meaning("a friend", "channel", None),
            ],
        },
    )


def asked(project, **more):
    return report_project(project, "self-reported", Query("self-reported", START, END, **more))


def test_by_hand(project):
    report = asked(project)
    shown = [
        tuple(row[n] for n in ("said", "people", "answered", "first_touch", "agree",
                               "agree_of_said", "agree_of_touch"))
        for row in report.records()
    ]  # fmt: skip
    assert shown == [
        ("Podcast", 2, 2, 1, 1, 0.5, 1.0),
        ("A Friend (unmapped)", 2, 2, None, None, None, None),
        ("Organic Search", 1, 1, 2, 1, 1.0, 0.5),
        ("Paid Social", 1, 1, 1, 1, 1.0, 1.0),
        ("(none)", 0, 0, 1, 0, None, 0.0),
        ("Email", 0, 0, 1, 0, None, 0.0),
        ("(no answer)", 1, 0, None, None, None, None),
    ]
    total = report.total_record
    assert (total["people"], total["answered"], total["agree"]) == (7, 6, 3)
    assert (total["agree_of_said"], total["agree_of_touch"]) == (0.5, 0.5)
    facts = {fact.name: fact.text for fact in report.facts}
    assert facts["answered"] == "6 of 7 signups (85.7%)"
    assert facts["first touch agrees"] == "3 of 6 answers (50.0%)"
    assert any("Answers that name no channel: 2." in note for note in report.notes)
    podcast = report.records()[0]
    assert (podcast["first_Podcast"], podcast["first_Organic Search"]) == (1, 1)
    silent = report.records()[-1]
    assert silent["first_Email"] == 1


def test_by_source(project):
    report = asked(project, by="first_source")
    rows = {row["said"]: row for row in report.records()}
    assert rows["pod"]["agree"] == 1
    assert rows["google"]["agree"] == 1  # the name of a source, in another case
    assert "paid social (unmapped)" in rows


def test_totals_are_those_of_signups(project):
    report = asked(project)
    signups = report_project(project, "signups", Query("signups", START, END))
    assert report.total_record["people"] == signups.total_record["signups"]
    firsts = [name for name in report.names if name.startswith("first_") and name != "first_touch"]
    for row in signups.records():
        assert report.total_record[f"first_{row['first_channel']}"] == row["signups"]
    for row in [*report.records(), report.total_record]:
        assert sum(row[name] for name in firsts) == row["people"]
    for name in ("people", "answered", "agree", "first_touch"):
        assert sum(row[name] or 0 for row in report.records()) == report.total_record[name]


def test_counted_anew(project):
    chance = random.Random(5)
    channels = [f"C{number:02}" for number in range(20)]
    people = [f"u:{number}" for number in range(300)]
    touched = {who: chance.choice([*channels, None]) for who in people}
    said = {
        who: chance.choice([chance.choice(channels).lower(), "other", touched[who] or "other"])
        for who in people
        if chance.random() < 0.7
    }
    write(
        project,
        {
            "signups": [signup(who, 1 + n % 31, touched[who]) for n, who in enumerate(people)],
            "users": [{"user_id": who, "person_id": who} for who in people],
            "survey_answers": [answer(who[2:], text) for who, text in said.items()],
            "lookups": [],
        },
    )
    report = asked(project)
    shown = {who: "other (unmapped)" if text == "other" else text.upper()
             for who, text in said.items()}  # fmt: skip
    counts = Counter(shown.values())
    firsts = Counter(touched[who] or "(none)" for who in said)
    for row in report.records()[:-1]:
        assert row["answered"] == counts[row["said"]]
        assert (row["first_touch"] or 0) == firsts[row["said"]]
        both = sum(1 for who, name in shown.items() if name == touched[who] == row["said"])
        assert (row["agree"] or 0) == both
    assert {row["said"] for row in report.records()} == counts.keys() | firsts.keys() | {
        "(no answer)"
    }
    assert report.total_record["people"] == 300
    # Twelve first touches have a column, the others share one.
    assert report.total_record["first_(other)"] == 300 - sum(
        count for _name, count in
        sorted(Counter(t or "(none)" for t in touched.values()).items(),
               key=lambda item: (-item[1], item[0]))[:12]
    )  # fmt: skip


def test_several_questions(project):
    write(
        project,
        {
            "survey_answers": [
                answer(1, "google", question="Where from?"),
                answer(1, "nine", question="How likely?"),
                answer(2, "google", question="Where from?"),
            ]
        },
    )
    with pytest.raises(UsageError, match=r"Name one: --question 'How likely\?; Where from\?'"):
        asked(project)
    with pytest.raises(UsageError, match="Did you mean 'Where from"):
        asked(project, question="Where fro?")
    assert asked(project, question="Where from?").total_record["answered"] == 2


def test_nobody_answered_and_nobody_signed_up(project):
    write(project, {"survey_answers": []})
    assert any("Load answers" in note for note in asked(project).notes)
    later = Query("self-reported", START + timedelta(days=90), END + timedelta(days=90))
    report = report_project(project, "self-reported", later)
    assert report.total_record["people"] == 0
    assert any("Nobody signed up" in note for note in report.notes)


def test_another_part_is_refused():
    with pytest.raises(UsageError, match="Did you mean 'first_channel'"):
        Query("self-reported", START, END, by="channel")
