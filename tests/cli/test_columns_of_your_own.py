"""Look-ups, companies and answers of surveys from files to reports, as a person would."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from whichhalf.cli import main

TOML = """\
[sessionize]
own_hosts = ["shop.example"]
[[source]]
name = "web"
kind = "segment"
files = ["web/*.jsonl"]
[[source]]
name = "authors"
kind = "lookup"
on = "blog_url"
files = ["authors.csv"]
"""
BLOG = "https://shop.example/blog"
Capture = pytest.CaptureFixture[str]


def call(visitor: str, minute: int, kind: str, **said: object) -> str:
    at = f"2026-03-01T10:{minute:02}:00Z"
    fields = {"type": kind, "anonymousId": visitor, "messageId": f"{visitor}{minute}"}
    return json.dumps(fields | {"timestamp": at} | said)


def visit(visitor: str, user: str, page: str, source: str) -> list[str]:
    """A visitor reads a page, names a company, signs up."""
    url = f"{BLOG}/{page}?utm_source={source}&utm_medium=email"
    return [
        call(visitor, 0, "page", context={"page": {"url": url}}),
        call(visitor, 1, "group", groupId=f"co-{visitor}", traits={"plan": f"p{visitor}"}),
        call(visitor, 2, "track", event="Signed Up", userId=user),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "whichhalf.toml").write_text(TOML, "utf-8")
    lines = [*visit("v1", "1", "shoes", "news"), *visit("v2", "2", "hats/", "news")]
    lines += visit("v3", "3", "gloves", "friend")
    (tmp_path / "web" / "1.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "authors.csv").write_text(
        f"blog_url,author\n{BLOG}/shoes,Ann\n/blog/hats,Bob\n", "utf-8"
    )
    assert main(["-C", str(tmp_path), "run"]) == 0
    return tmp_path


def rows(folder: Path, capsys: Capture, *asked: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert main(["-C", str(folder), "report", *asked, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def counts(folder: Path, capsys: Capture, by: str) -> dict[str, str]:
    found = rows(folder, capsys, "signups", "--by", by)
    return {row[by]: row["signups"] for row in found}


def test_a_run_loads_look_ups_and_reports_take_their_columns(folder: Path, capsys: Capture) -> None:
    expected = {"Ann": "1", "Bob": "1", "(not in lookup)": "1", "TOTAL": "3"}
    assert counts(folder, capsys, "author") == expected


def test_a_look_up_that_is_loaded_by_hand(folder: Path, capsys: Capture) -> None:
    path = folder / "more.csv"
    path.write_text(f"page,author\n{BLOG}/gloves,Cleo\n,Nobody\n", "utf-8")
    command = ["-C", str(folder), "load", "lookup", str(path), "--on", "blog_url"]
    assert main([*command, "--name", "authors", "--key", "page"]) == 0
    said = capsys.readouterr().err
    assert "authors → lookups: 2 lines, 1 loaded, 1 quarantined (1 missing_field)" in said
    assert counts(folder, capsys, "author")["Cleo"] == "1"


def test_companies_follow_identities_that_merge_later(folder: Path, capsys: Capture) -> None:
    assert counts(folder, capsys, "company") == {
        "co-v1": "1", "co-v2": "1", "co-v3": "1", "TOTAL": "3",
    }  # fmt: skip
    assert counts(folder, capsys, "plan")["pv2"] == "1"
    # User 3 turns out to be user 1, whose company is named again, later than all.
    alias = call("v3", 30, "alias", userId="1", previousId="3")
    again = call("v9", 40, "group", userId="3", groupId="co-new", traits={"plan": "pro"})
    (folder / "web" / "2.jsonl").write_text(f"{alias}\n{again}\n", "utf-8")
    assert main(["-C", str(folder), "run"]) == 0
    assert counts(folder, capsys, "company") == {"co-new": "1", "co-v2": "1", "TOTAL": "2"}
    assert counts(folder, capsys, "plan") == {"pro": "1", "pv2": "1", "TOTAL": "2"}


def test_answers_against_first_touch(folder: Path, capsys: Capture) -> None:
    answers, meanings = folder / "answers.csv", folder / "meanings.csv"
    answers.write_text(
        "user_id,anonymous_id,asked_at,answer\n1,,2026-03-02 10:00,Your newsletter\n"
        ",v2,2026-03-02 10:00,A podcast\nnull,,2026-03-02 10:00,A podcast\n",
        "utf-8",
    )
    meanings.write_text("answer,channel\nyour newsletter,Email\n", "utf-8")
    assert main(["-C", str(folder), "load", "survey_answers", str(answers)]) == 0
    assert "2 loaded, 1 quarantined (1 missing_id)" in capsys.readouterr().err
    assert main(["-C", str(folder), "load", "lookup", str(meanings), "--on", "answer"]) == 0
    found = rows(folder, capsys, "self-reported", "--start", "2026-03-01", "--end", "2026-03-01")
    names = ("said", "people", "answered", "first_touch", "agree", "first_Email")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("Email", "1", "1", "2", "1", "1"),
        ("A podcast (unmapped)", "1", "1", "", "", "1"),
        ("(no answer)", "1", "0", "", "", "1"),
        ("TOTAL", "3", "2", "2", "1", "3"),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("lookup", "authors.csv"), "--on DIMENSION"),
        (("lookup", "authors.csv", "--on", "blog"), "Did you mean 'blog_url'"),
        (("lookup", "--on", "blog_url"), "Name the file"),
        (("payments", "authors.csv", "--on", "blog_url"), "go with `whichhalf load lookup"),
        (("lookup", "authors.csv", "--on", "os", "--source", "web"), "go with `whichhalf load"),
    ],
)
def test_what_cannot_be_loaded(
    folder: Path, capsys: Capture, options: tuple[str, ...], said: str
) -> None:
    assert main(["-C", str(folder), "load", *options]) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_asked(folder: Path, capsys: Capture) -> None:
    assert main(["-C", str(folder), "report", "signups", "--by", "auhtor"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean 'author'" in said
    assert "Looked up: author, company, first_author" not in said  # an author is of no touch
