"""Look-ups: tables of the user, in long form, under keys in the form in which they are sought."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_projects import load, make, put, rows

from whichhalf.cli import main
from whichhalf.collect.load import load_lookup
from whichhalf.errors import BadDataError, UsageError
from whichhalf.tables.dimensions import DIMENSIONS, PAGES, dimension_named, key_of, keys_of

COLUMNS = ("lookup", "dimension", "lookup_key", "attribute", "attribute_value")
AUTHORS = "url,author,Product Line\nhttps://shop.example/blog/a/?x=1,Ann,Shoes\n/blog/b,Bob,\n"


def stored(project):
    return rows(project, "lookups", *COLUMNS)


def load_one(project, text: str, on: str, **more: str):
    put(project.folder, "mine.csv", text)
    with project.lock():
        told = load_lookup(project, on, [project.folder / "mine.csv"], **more)
    assert told.adds_up
    return told


def test_columns_become_attributes_in_long_form(tmp_path: Path) -> None:
    project = make(tmp_path, "")
    told = load_one(project, AUTHORS, "blog_url", key="url")
    assert (told.lines, told.split, told.loaded) == (2, 2, 4)
    assert stored(project) == [
        ("blog_url", "blog_url", "/blog/b", "author", "Bob"),
        ("blog_url", "blog_url", "/blog/b", "product_line", "None"),
        ("blog_url", "blog_url", "shop.example/blog/a", "author", "Ann"),
        ("blog_url", "blog_url", "shop.example/blog/a", "product_line", "Shoes"),
    ]


@pytest.mark.parametrize(
    ("header", "more"),
    [
        ("channel,team", {}),  # the column of the dimension's name
        ("Channel,team", {}),
        ("my word for it,team", {}),  # else the first
        ("grp,team", {"key": "grp"}),
    ],
)
def test_which_column_is_the_key(tmp_path: Path, header: str, more: dict[str, str]) -> None:
    project = make(tmp_path, "")
    load_one(project, f"{header}\n Paid  Social ,blue\n", "channel", name="teams", **more)
    assert stored(project) == [("teams", "channel", "paid social", "team", "blue")]


def test_the_key_need_not_come_first(tmp_path: Path) -> None:
    project = make(tmp_path, "")
    load_one(project, "team,channel\nblue,Email\n", "channel")
    load_one(project, "team,campaign,campaign_id\nred,Spring,c1\n", "campaign", key="campaign_id")
    assert [row[1:] for row in stored(project)] == [
        ("campaign", "c1", "team", "red"),
        ("channel", "email", "team", "blue"),
    ]


def test_a_key_that_comes_again_replaces(tmp_path: Path) -> None:
    project = make(tmp_path, "")
    load_one(project, "channel,team,floor\nEmail,blue,1\nDirect,red,2\n", "channel")
    told = load_one(project, "channel,team,floor\nEMAIL,green,\n", "channel")
    assert (told.loaded, told.replaced) == (2, 2)
    again = load_one(project, "channel,team,floor\nEMAIL,green,\n", "channel")
    assert (again.loaded, again.duplicates) == (0, 2)
    assert [row[2:] for row in stored(project)] == [
        ("direct", "floor", "2"),
        ("direct", "team", "red"),
        ("email", "floor", "None"),
        ("email", "team", "green"),
    ]


def test_keys_twice_in_a_file_and_keys_that_are_empty(tmp_path: Path) -> None:
    project = make(tmp_path, "")
    text = "channel,team\nEmail,blue\nemail,green\nDirect,red\nDIRECT,red\n,grey\n  ,grey\n"
    told = load_one(project, text, "channel")
    assert told.quarantined == {"repeated_key": 1, "missing_field": 2}
    assert told.dropped == {"duplicate_row": 1}
    # Of two that differ the last holds; the earlier one is told of.
    assert [row[2:] for row in stored(project)] == [
        ("direct", "team", "red"),
        ("email", "team", "green"),
    ]
    aside = rows(project, "quarantine", "position", "reason", "raw", "table_name")
    assert aside[0] == ("2", "repeated_key", '{"channel":"Email","team":"blue"}', "lookups")


def test_parquet_and_json_lines(tmp_path: Path) -> None:
    project = make(tmp_path, "", a_dot_jsonl='{"os": "iOS", "store": 1}\n{"os": "android"}\n')
    pq.write_table(pa.table({"os": ["ios"], "size": [2]}), tmp_path / "b.parquet")
    with project.lock():
        load_lookup(project, "os", [tmp_path / "a.jsonl", tmp_path / "b.parquet"])
    assert [row[2:] for row in stored(project)] == [
        ("android", "store", "None"),
        ("ios", "size", "2"),
        ("ios", "store", "1"),
    ]


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("channel\nEmail\n", {}, "no column beside 'channel'"),
        ("channel,team\nEmail,a\n", {"key": "chanel"}, "Did you mean 'channel'"),
    ],
)
def test_files_that_cannot_be_a_look_up(
    tmp_path: Path, text: str, more: dict[str, str], message: str
) -> None:
    told = load_one(make(tmp_path, ""), text, "channel", **more)
    with pytest.raises(BadDataError, match=message):
        raise told.refused[0]


def test_a_source_of_whichhalf_toml(tmp_path: Path) -> None:
    toml = (
        '[[source]]\nname = "authors"\nkind = "lookup"\non = "first_blog_url"\nkey = "url"\n'
        'files = ["authors.csv"]\n'
    )
    project = make(tmp_path, toml, authors_dot_csv=AUTHORS)
    assert load(project)["authors"].loaded == 4
    assert load(project)["authors"].skipped_files == 1
    put(tmp_path, "authors.csv", AUTHORS.replace("Ann", "Amy"))
    assert load(project)["authors"].replaced == 1
    assert {row[0] for row in stored(project)} == {"authors"}
    assert ("authors", "blog_url", "shop.example/blog/a", "author", "Amy") in stored(project)


@pytest.mark.parametrize("wrong", ["", "chanel"])
def test_a_source_on_no_dimension(tmp_path: Path, capsys, wrong: str) -> None:
    toml = f'[[source]]\nname = "x"\nkind = "lookup"\non = "{wrong}"\nfiles = ["x.csv"]\n'
    make(tmp_path, toml, x_dot_csv="a,b\n")
    assert main(["-C", str(tmp_path), "load"]) == 3
    assert "source 'x': on: There is no dimension" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "same"),
    [
        ("https://shop.example/blog/a", ["http://www.SHOP.example:443/blog/a/?utm_source=x#y"]),
        ("shop.example/blog/a", ["https://shop.example/blog/a", "shop.example/blog/a/"]),
        (
            "/blog/a/",
            ["https://shop.example/blog/a?b=c", "https://other.example/blog/a", "/blog/a"],
        ),
        ("https://shop.example", ["https://shop.example/", "https://shop.example/?a=b"]),
        (
            "https://shop.example/a%20b",
            ["https://shop.example/a b", "https://shop.example/a+b"][:1],
        ),
        ("https://shop.example/b%C3%BCcher", ["https://shop.example/bücher"]),
    ],
)
def test_addresses_that_are_one_page(key: str, same: list[str]) -> None:
    for address in same:
        for dimension in PAGES:
            assert key_of(dimension, key) in keys_of(dimension, address), address


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("https://shop.example/blog/a", "https://shop.example/blog/ab"),
        ("https://shop.example/blog/a", "https://shop.example/blog"),
        ("https://shop.example/blog/a", "https://eu.shop.example/blog/a"),
        ("https://shop.example/blog/a", "https://shop.example/blog/A"),
        ("shop.example/blog/a", "/blog/a"),
    ],
)
def test_addresses_that_are_two_pages(key: str, other: str) -> None:
    assert key_of("blog_url", key) not in keys_of("blog_url", other)


@given(st.sampled_from(sorted(DIMENSIONS)), st.text())
def test_a_value_is_found_under_its_own_key_and_a_key_is_its_own(dimension: str, text: str) -> None:
    key = key_of(dimension, text)
    if not key:
        assert keys_of(dimension, text) == ()
        return
    assert keys_of(dimension, text)[0] == key


def test_names_of_dimensions() -> None:
    assert dimension_named("first_blog_url") == "blog_url"
    with pytest.raises(UsageError, match="Did you mean 'channel'"):
        dimension_named("chanel")


def test_group_ids_of_canonical_events(tmp_path: Path) -> None:
    text = "message_id,user_id,call,group_id,occurred_at\n"
    text += "1,7,group, acme ,2026-03-01T10:00:00Z\n2,7,group,null,2026-03-01T10:00:00Z\n"
    toml = '[[source]]\nname = "mine"\nkind = "table"\ntable = "events"\nfiles = ["mine.csv"]\n'
    project = make(tmp_path, toml, mine_dot_csv=text)
    load(project)
    assert rows(project, "events", "message_id", "group_id") == [("1", "acme"), ("2", "None")]
