"""What was set aside and is good now leaves quarantine; what is not, stays; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from load_projects import PAID, PAYMENT, WEB, again, load, make, put, rows
from segment_calls import call

from whichhalf import pipeline
from whichhalf.cli import main
from whichhalf.collect.load import load_table
from whichhalf.project import Project

EUROS = PAYMENT + "".join(f"{n},7,2026-07-01,charge,{n},USD\n" for n in range(1, 6)) + (
    "6,7,junk,charge,5,USD\n7,7,2026-07-01,charge,10,EUR\n"
)  # fmt: skip


def quote(project: Project) -> None:
    """Load a rate: a euro is 1.25 dollars on 2026-07-01."""
    path = project.folder / "rates.csv"
    path.write_text("quoted_on,base,currency,rate\n2026-07-01,EUR,USD,1.25\n")
    with project.lock():
        assert load_table(project, "rates", [path]).loaded == 1


def test_money_comes_back_when_its_rate_is_there(tmp_path: Path) -> None:
    project = make(tmp_path, PAID, paid__a_dot_csv=EUROS)
    load(project)
    # Nothing changed yet: both stay, whatever their places among the rows.
    told = again(project)
    assert (told.loaded, told.quarantined) == (0, {"impossible_time": 1, "no_rate": 1})
    assert len(rows(project, "quarantine", "reason")) == 2
    quote(project)
    told = again(project, reason="no_rate")
    assert (told.lines, told.loaded) == (1, 1)
    assert rows(project, "quarantine", "reason") == [("impossible_time",)]
    with project.lock():
        pipeline.run(project)
    found = project.table("conversions").arrow().to_pylist()
    paid = {r["conversion_id"]: r["value"] for r in found if r["conversion_kind"] == "purchase"}
    assert (len(paid), paid["7"], sum(paid.values())) == (6, 12.5, 27.5)
    # The file comes again: nothing is new, nothing is set aside twice.
    put(tmp_path, "paid__a_dot_csv", EUROS + "\n")
    told = load(project)["paid"]
    assert (told.loaded, told.duplicates, told.quarantined) == (0, 6, {"impossible_time": 1})
    assert len(rows(project, "quarantine", "reason")) == 1


def test_of_two_versions_the_later_holds(tmp_path: Path) -> None:
    project = make(tmp_path, PAID, paid__a_dot_csv=EUROS)
    load(project)
    put(tmp_path, "paid__a_dot_csv", EUROS.replace("charge,10,EUR", "charge,11,EUR"))
    load(project)
    quote(project)
    again(project, reason="no_rate")
    assert ("7", "11.000000") in rows(project, "payments", "payment_id", "amount")


def test_a_type_must_be_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [call(messageId="a", properties={"x": 1}), call(messageId="b", properties={"x": 2})]
    project = make(tmp_path, WEB, web__a_dot_jsonl="\n".join(lines))
    load(project)
    odd = call(messageId="c", properties={"x": "three"})
    put(tmp_path, "web__b_dot_jsonl", "\n".join([odd, "{bad"]))
    load(project)
    told = again(project)
    assert (told.loaded, told.quarantined) == (0, {"changed_type": 1, "not_json": 1})
    assert main(["-C", str(tmp_path), "quarantine", "replay", "--accept"]) == 0
    assert "1 line, 1 loaded" in capsys.readouterr().err
    project = make(tmp_path, WEB)
    assert rows(project, "quarantine", "reason") == [("not_json",)]
    assert rows(project, "event_fields", "field", "json_type") == [("x", "number or string")]
    # From now on both types are right, and no third one is.
    put(tmp_path, "web__c_dot_jsonl", odd.replace('"c"', '"d"').replace('"three"', "true"))
    put(tmp_path, "web__d_dot_jsonl", odd.replace('"c"', '"e"'))
    told = load(project)["web"]
    assert (told.loaded, told.quarantined) == (1, {"changed_type": 1})


def test_quarantine_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        code = main(["-C", str(tmp_path), "quarantine", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    make(tmp_path, WEB, web__a_dot_jsonl="{bad \x1b[31m\n{}\n")
    assert run("list") == (0, "Nothing is in quarantine.\n")
    load(make(tmp_path, WEB))
    code, said = run("show")
    assert code == 0 and "\x1b" not in said
    assert said.index("web/a.jsonl:1 not_json") < said.index("web/a.jsonl:2 unknown_call")
    assert run("show", "--reason", "not_jsn")[1].startswith(
        "Error: No reason 'not_jsn'. Did you mean 'not_json'?"
    )
    assert run("replay", "--source", "wob")[0] == 2
    assert run("replay", "--reason", "not_json", "--accept")[0] == 2
    assert run("discard")[0] == 2
    assert run("discard", "--reason", "not_json") == (0, "1 rows discarded.\n")
    assert "unknown_call" in run("list")[1]
