"""The company of each person, counted anew in plain Python over who each event belongs to."""

import random
from datetime import datetime, timedelta

import pytest

from table_rows import make_rows, write_rows
from whichhalf import pipeline


@pytest.mark.parametrize("seed", [1, 2])
def test_companies_are_those_of_the_latest_calls(project_of, seed):
    chance = random.Random(seed)
    events = []
    for number in range(300):
        call = chance.choice(["page", "group", "group", "identify"]) if number % 60 else "alias"
        user = f"u:{chance.randrange(20)}" if call in ("identify", "alias") else None
        if call == "group" and chance.random() < 0.3:
            user = f"u:{chance.randrange(20)}"
        is_server = user is not None and chance.random() < 0.3
        # Few instants, so that many calls meet in one.
        at = datetime(2026, 3, 1) + timedelta(hours=chance.randrange(60))
        events.append(
            {
                "message_id": f"m{chance.randrange(10**6)}-{number}",
                "visitor_id": None if is_server else f"a:{chance.randrange(30)}",
                "user_id": user,
                "previous_id": str(chance.randrange(20)) if call == "alias" else None,
                "group_id": chance.choice(["x", "y", "z", None]) if call == "group" else None,
                "call": call,
                "occurred_at": at.isoformat(),
            }
        )
    project = project_of("")
    write_rows(project, "events", make_rows("events", events))
    pipeline.run(project)
    whose = project.table("event_persons").arrow().to_pylist()
    person = {row["message_id"]: row["person_id"] for row in whose}
    latest: dict[str, tuple[str, str, str]] = {}
    for event in events:
        if event["group_id"] and event["message_id"] in person:
            said = (event["occurred_at"], event["message_id"], event["group_id"])
            who = person[event["message_id"]]
            latest[who] = max(latest.get(who, said), said)
    found = project.table("person_groups").arrow().to_pylist()
    assert {row["person_id"]: (row["message_id"], row["group_id"]) for row in found} == {
        who: (message, group) for who, (_at, message, group) in latest.items()
    }
    assert len(found) > 5
