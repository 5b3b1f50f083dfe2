"""Loading: what is new, what came again, what is refused; every line is told of."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest
from load_projects import ADS, CAMPAIGNS, META, PAID, PAYMENT, WEB, load, make, put, rows
from segment_calls import call

from whichhalf.cli import main
from whichhalf.collect.load import load_sources, load_table
from whichhalf.errors import BadDataError, ConfigError

CAMPAIGN = CAMPAIGNS + "2026-07-01,C1,11,10.00,100,5\n2026-07-02,C1,11,12.00,100,5\n"


def test_a_second_load_changes_nothing_and_a_grown_file_adds(tmp_path: Path) -> None:
    lines = [call(messageId="a"), "", "{bad"]
    project = make(tmp_path, WEB, web__a_dot_jsonl="\n".join(lines))
    first = load(project)["web"]
    assert (first.lines, first.loaded, first.dropped.total(), first.quarantined.total()) == (
        3, 1, 1, 1,
    )  # fmt: skip
    assert load(project)["web"].skipped_files == 1
    put(tmp_path, "web__a_dot_jsonl", "\n".join([*lines, call(messageId="b")]))
    grown = load(project)["web"]
    assert (grown.lines, grown.loaded, grown.duplicates) == (4, 1, 1)
    assert rows(project, "events", "message_id") == [("a",), ("b",)]
    assert rows(project, "quarantine", "position") == [("3",)]


def test_files_of_one_name_keep_their_bad_lines_apart(tmp_path: Path) -> None:
    project = make(tmp_path, WEB, web__a__x_dot_jsonl="{bad", web__b__x_dot_jsonl="{bad")
    load(project)
    assert rows(project, "quarantine", "file") == [("web/a/x.jsonl",), ("web/b/x.jsonl",)]


RETRIES = [
    call(messageId="r"),
    call(messageId="r", sentAt="2026-07-01T10:00:05Z", receivedAt="2026-07-01T10:00:07Z"),
    call(messageId="r", event="Other"),
    call(messageId="r", receivedAt="2026-07-07T09:00:00Z", sentAt="2026-07-07T09:00:00Z"),
]


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
@pytest.mark.parametrize("files", [1, 4])
def test_retries_are_one_event_in_whatever_order(
    tmp_path: Path, order: tuple[int, ...], files: int
) -> None:
    project = make(tmp_path, WEB)
    lines = [RETRIES[number] for number in order]
    parts = [lines] if files == 1 else [[line] for line in lines]
    for number, part in enumerate(parts):
        put(tmp_path, f"web__{number}_dot_jsonl", "\n".join(part))
        load(project)
    found = rows(project, "events", "message_id", "occurred_at")
    assert found == [("r", "2026-07-01 10:00:01")]


def test_a_type_that_changed_sets_its_own_line_aside(tmp_path: Path) -> None:
    """Events without properties before it must not shift which line is meant."""
    project = make(tmp_path, WEB, web__a_dot_jsonl=call(messageId="a", properties={"x": 1}))
    assert load(project)["web"].notes == ["new properties: Seen.x (number)"]
    wrong = call(messageId="w", properties={"x": "one", "y": {}})
    right = call(messageId="r", properties={"x": None, "y": {"z": 1}})
    put(tmp_path, "web__b_dot_jsonl", "\n".join([call(messageId="n"), wrong, right]))
    told = load(project)["web"]
    assert (told.loaded, told.quarantined) == (2, {"changed_type": 1})
    assert rows(project, "quarantine", "position", "raw") == [("2", wrong)]
    assert rows(project, "events", "message_id") == [("a",), ("n",), ("r",)]


def test_money_without_a_rate_keeps_its_line_number(tmp_path: Path) -> None:
    file = (
        PAYMENT
        + "1,7,junk,charge,1,USD\n2,7,2026-07-01,charge,1,USD\n3,7,2026-07-01,charge,1,EUR\n"
    )
    project = make(tmp_path, PAID, paid__a_dot_csv=file)
    assert load(project)["paid"].quarantined == {"impossible_time": 1, "no_rate": 1}
    found = rows(project, "quarantine", "position", "reason")
    assert found == [("2", "impossible_time"), ("4", "no_rate")]


def test_refused_files_stop_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ranged = "Campaign name,Amount spent (USD),Reporting starts,Reporting ends\n" \
             "C1,10.00,2026-07-01,2026-07-31\n"  # fmt: skip
    project = make(
        tmp_path, META + PAID + WEB,
        fb__a_dot_csv=ranged, fb__b_dot_csv=CAMPAIGN,
        paid__a_dot_csv="", paid__b_dot_csv=PAYMENT + "1,7,2026-07-01,charge,1,USD\n",
        web__a_dot_jsonl=gzip.compress(call(messageId="cut").encode())[:-9],
        web__b_dot_jsonl=call(messageId="b"),
    )  # fmt: skip
    (tmp_path / "web/c.jsonl").symlink_to("nowhere")
    with project.lock(), pytest.raises(BadDataError) as refused:
        load_sources(project)
    for named in ("4 files", "fb: a.csv", "Breakdown", "a.csv", "web/a.jsonl", "web/c.jsonl"):
        assert named in str(refused.value)
    assert {one.loaded for one in load(project).values()} == {0}  # all was loaded; refused again
    for table, count in {"ad_costs": 2, "payments": 1}.items():
        assert project.newest(table).num_rows == count
    assert ("b",) in rows(project, "events", "message_id")
    # `run` computes what could be loaded, and ends with the refusal.
    assert main(["-C", str(tmp_path), "run"]) == 4
    said = capsys.readouterr().err
    assert "attribute:" in said and said.rindex("4 files were refused") > said.index("attribute:")


def test_a_later_report_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    project = make(tmp_path, META, fb__a_dot_csv=CAMPAIGN)
    load(project)
    put(tmp_path, "fb__b_dot_csv", ADS + "2026-07-01,C1,11,S,21,A,31,4,1,1\n"
                                         "2026-07-01,C1,11,S,21,B,32,5,1,1\n")  # fmt: skip
    told = load(project)["fb"]
    assert (told.loaded, told.replaced) == (2, 1)
    put(tmp_path, "fb__c_dot_csv", CAMPAIGNS.replace("Day,", "Day,Country,")
        + "2026-07-02,DE,C1,11,7,1,1\n2026-07-02,US,C1,11,6,1,1\n")  # fmt: skip
    load(project)
    found = rows(project, "ad_costs", "local_on", "spend")
    assert found == [
        ("2026-07-01", "4.000000"), ("2026-07-01", "5.000000"),
        ("2026-07-02", "6.000000"), ("2026-07-02", "7.000000"),
    ]  # fmt: skip


def test_a_file_of_two_reports_keeps_its_rows_when_it_grows(tmp_path: Path) -> None:
    """Each of its rows is another report of the other's day; both are there again, so both stay."""
    toml = PAID.replace("payments", "ad_costs") + (
        'network = "x"\naccount_id = "1"\ntime_zone = "UTC"\ncurrency = "USD"\n'
    )
    file = "local_on,starts_at,campaign_name,spend\n" \
           "2026-07-01,,C,1\n,2026-07-01T05:00:00Z,C,2\n"  # fmt: skip
    project = make(tmp_path, toml, paid__a_dot_csv=file)
    load(project)
    put(tmp_path, "paid__a_dot_csv", file + "2026-07-02,,C,4\n")
    told = load(project)["paid"]
    assert (told.loaded, told.duplicates, told.replaced) == (1, 2, 0)
    assert rows(project, "ad_costs", "spend") == [("1.000000",), ("2.000000",), ("4.000000",)]


def test_a_row_that_another_report_repeats_is_replaced_once(tmp_path: Path) -> None:
    toml = PAID.replace("payments", "ad_costs") + (
        'network = "x"\naccount_id = "1"\ntime_zone = "UTC"\ncurrency = "USD"\n'
    )
    file = "local_on,campaign_name,spend,source_report\n2026-07-01,C,1,one\n"
    project = make(tmp_path, toml, paid__a_dot_csv=file)
    load(project)
    put(tmp_path, "paid__a_dot_csv", file.replace("one", "other"))
    told = load(project)["paid"]
    assert (told.loaded, told.duplicates, told.replaced) == (1, 0, 1)


def test_a_campaign_that_was_renamed_is_not_paid_twice(tmp_path: Path) -> None:
    project = make(tmp_path, META, fb__a_dot_csv=CAMPAIGN)
    load(project)
    put(tmp_path, "fb__b_dot_csv", CAMPAIGN.replace("C1", "C1 new").replace("12.00", "13.00"))
    told = load(project)["fb"]
    assert (told.loaded, told.replaced) == (2, 2)
    found = rows(project, "ad_costs", "campaign_name", "spend")
    assert found == [("C1 new", "10.000000"), ("C1 new", "13.000000")]


def test_two_names_in_one_report_both_stay(tmp_path: Path) -> None:
    file = CAMPAIGN + "2026-07-02,C1 old,11,3.00,1,1\n"
    project = make(tmp_path, META, fb__a_dot_csv=file)
    load(project)
    put(tmp_path, "fb__a_dot_csv", file.replace("10.00", "11.00"))
    told = load(project)["fb"]
    assert (told.loaded, told.duplicates, told.replaced) == (1, 2, 1)
    assert project.newest("ad_costs").num_rows == 3


def test_an_hour_that_becomes_two_rows_is_one_line(tmp_path: Path) -> None:
    hours = CAMPAIGNS.replace("Day,", "Day,Time of day (ad account time zone),")
    row = "2026-11-01,01:00:00 - 01:59:59,C1,11,3.01,5,1\n"
    project = make(tmp_path, META, fb__a_dot_csv=hours + row)
    told = load(project)["fb"]
    assert (told.lines, told.split, told.loaded) == (1, 1, 2)


def test_every_kind_adds_up(tmp_path: Path) -> None:
    """`load` asserts it for each source."""
    google = (
        "Campaign report\n2026\nDay,Campaign,Campaign ID,Currency code,Cost,Impr.,Clicks\n"
        "2026-07-01,C,1,USD,5.00,10,1\n2026-07-xx,C,1,USD,5,10,1\n2026-07-01,C,1,USD,5.00,10,1\n\n"
        "2026-07-03,C,1,AUD,5.00,10,1\nTotal: Campaigns, --, --,USD,20.00,40,4\n"
    )
    log = '1.2.3.4 - - [01/Jul/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Firefox"\n'
    toml = WEB + PAID + META + (
        '[[source]]\nname = "g"\nkind = "google_ads_csv"\nfiles = ["g.csv"]\naccount_id = "1"\n'
        'time_zone = "UTC"\n'
        '[[source]]\nname = "log"\nkind = "access_log"\nfiles = ["log"]\n'
        '[[source]]\nname = "ecb"\nkind = "ecb_rates"\nfiles = ["ecb.csv"]\n'
    )  # fmt: skip
    project = make(
        tmp_path, toml,
        web__a_dot_jsonl="\n".join([*RETRIES, call(messageId="b"), "", "{bad"]),
        paid__a_dot_csv=PAYMENT + "1,7,2026-07-01,charge,1,USD\n1,7,2026-07-01,charge,1,USD\n"
        "2,7,2026-07-01,charge,1,AUD\n2,7\n\n3,7,2026-07-01,bribe,1,USD\n",
        fb__a_dot_csv=CAMPAIGN + "2026-07-02,C1,11,9.00,1,1\n2026-07-03,C1,11,x,1,1\n",
        g_dot_csv=google,
        log=log * 3 + "junk\n\n" + log.replace("GET / ", "GET /a.png "),
        ecb_dot_csv="Date,USD,AUD\n2026-07-01,1.25,N/A\n2026-07-xx,1,1\n2026-07-02,x,1.7\n",
    )  # fmt: skip
    told = load(project)
    assert {name: (one.loaded > 0, one.quarantined.total() > 0) for name, one in told.items()} == {
        name: (True, True) for name in ("ecb", "web", "paid", "fb", "g", "log")
    }


def test_patterns(tmp_path: Path) -> None:
    toml = WEB.replace("web/**/*.jsonl", "none/*.jsonl") + PAID.replace("paid/*.csv", "a[1].csv")
    row = PAYMENT + "1,7,2026-07-01,charge,1,USD\n"
    project = make(tmp_path, toml, **{"a[1]_dot_csv": row})
    told = load(project)
    assert "no file matches none/*.jsonl" in told["web"].notes[0]
    assert told["paid"].loaded == 1  # the file of just that name
    for pattern in ("", "/", "**/a**b", "fold"):
        (tmp_path / "fold").mkdir(exist_ok=True)
        with pytest.raises(ConfigError):
            load(make(tmp_path, PAID.replace("paid/*.csv", pattern)))
    absolute = PAID.replace("paid/*.csv", f"{tmp_path.parent}/{tmp_path.name[:-1]}?/a?1].csv")
    assert load(make(tmp_path, absolute))["paid"].files == 0  # the same file, loaded before
    with pytest.raises(ConfigError, match="Did you mean 'payments'"):
        load(make(tmp_path, PAID.replace('"payments"', '"paymnts"')))


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_events_that_are_dumped_and_loaded_are_the_same(tmp_path: Path, form: str) -> None:
    lines = [
        call(messageId="a", properties={"x": 1}, context={"page": {"url": "", "referrer": ""}}),
        call(messageId=None, context={"page": {"url": "https://a.com/?utm_source=x"}}),
    ]
    project = make(tmp_path, WEB, web__a_dot_jsonl="\n".join(lines))
    load(project)
    project.publish()
    path = tmp_path / f"events.{form}"
    assert main(["-C", str(tmp_path), "dump", "events", "--format", form, "-o", str(path)]) == 0
    other = make(tmp_path / "other", "")
    with other.lock():
        assert load_table(other, "events", [path]).loaded == 2
    assert other.newest("events").equals(project.newest("events"))
    with project.lock():
        told = load_table(project, "events", [path])
    assert (told.duplicates, told.replaced) == (2, 0)


def test_files_are_parsed_whatever_engine_computes(project_of, tmp_path: Path) -> None:
    """Nothing of the server is asked: there is none."""
    project = project_of("", engine="postgresql://nobody@127.0.0.1:1/none")
    file = tmp_path / "calls.csv"
    file.write_text(
        "app,message_id,visitor_id,call,occurred_at,received_at\n"
        "shop,m1,a:1,page,2026-03-01 10:00:00,2026-03-01 10:00:01\n",
        "utf-8",
    )
    told = load_table(project, "events", [file])
    assert (told.lines, told.loaded) == (1, 1)
