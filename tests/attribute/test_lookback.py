"""Windows by kind, type and channel: which line holds, and what is no line."""

from __future__ import annotations

from pathlib import Path

import pytest

from whichhalf.attribute.lookback import LOOKBACKS, TOUCH_TYPES, Lookback, load_lookback
from whichhalf.config import AttributeConfig
from whichhalf.errors import ConfigError

CONFIG = AttributeConfig(click_lookback_days=30, impression_lookback_days=1)
RULES = """\
conversion_kind,touch_type,channel,days
# trials forget mail quickly
trial,,Email,2

,click,,3
demo,impression,,0
demo,visit,email,5
"""


def read(folder: Path, text: str, config: AttributeConfig = CONFIG) -> Lookback:
    (folder / "rules.csv").write_text(text, "utf-8")
    return load_lookback(
        AttributeConfig(
            click_lookback_days=config.click_lookback_days,
            impression_lookback_days=config.impression_lookback_days,
            lookback_rules="rules.csv",
        ),
        folder,
    )


@pytest.mark.parametrize(
    ("kind", "touch_type", "channel", "days", "says"),
    [
        ("trial", "click", "Email", 2, "rules.csv, line 3"),  # the first that fits, not the least
        ("trial", "impression", "email", 2, "rules.csv, line 3"),
        ("trial", "click", "Paid Search", 3, "rules.csv, line 5"),
        ("demo", "click", "Email", 3, "rules.csv, line 5"),  # before the line of demos' mails
        ("demo", "visit", "EMAIL", 5, "rules.csv, line 7"),
        ("demo", "impression", "Display", None, "rules.csv, line 6"),  # 0: no limit
        ("trial", "impression", "Display", 1, "attribute.impression_lookback_days"),
        ("demo", "visit", "Direct", 30, "attribute.click_lookback_days"),
        ("signup", "referrer", "Referral", 30, "attribute.click_lookback_days"),
        ("Trial", "visit", "Email", 30, "attribute.click_lookback_days"),  # kinds are exact
    ],
)
def test_the_first_line_that_fits_holds(
    tmp_path: Path, kind: str, touch_type: str, channel: str, days: int | None, says: str
) -> None:
    assert read(tmp_path, RULES).of(kind, touch_type, channel) == (days, says)


def test_without_a_file_there_are_two_windows(tmp_path: Path) -> None:
    lookback = load_lookback(AttributeConfig(), tmp_path)
    assert lookback.version == ""
    assert lookback.of("trial", "click", "Email") == (None, "attribute.click_lookback_days")
    assert lookback.of("trial", "impression", "") == (1, "attribute.impression_lookback_days")


def test_the_table_has_every_kind_type_and_channel_once(tmp_path: Path) -> None:
    table = read(tmp_path, RULES).table(["trial", "demo", "trial"], ["Email", "Email"])
    assert table.schema == LOOKBACKS
    keys = [tuple(row.values())[:3] for row in table.to_pylist()]
    assert sorted(keys) == sorted(
        (kind, touch_type, channel)
        for kind in ("demo", "trial")
        for touch_type in TOUCH_TYPES
        for channel in ("Direct", "Email")
    )


def test_no_conversions_no_windows(tmp_path: Path) -> None:
    assert read(tmp_path, RULES).table([], ["Email"]).to_pylist() == []


def test_another_text_is_another_version(tmp_path: Path) -> None:
    # What a step stores to know that its outputs are stale.
    one = read(tmp_path, RULES).version
    assert read(tmp_path, RULES.replace("\n", "\r\n")).version == one
    assert read(tmp_path, RULES.replace(",2", ",4")).version != one


HEADER = "conversion_kind,touch_type,channel,days\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "trial,clik,,3\n", r"line 2: touch_type 'clik' is unknown.*click.*empty: all"),
        (HEADER + ",,,soon\n", r"line 2: days must be a whole number of days, 0 .* not 'soon'"),
        (HEADER + ",,,-1\n", r"not '-1'"),
        (HEADER + ",,,1.5\n", r"not '1\.5'"),
        (HEADER + ",,,\n,click,,\n", r"days is empty"),
        ("conversion_kind,day\ntrial,3\n", r"unknown column 'day'.*days"),
        ("conversion_kind\ntrial\n", r"no column 'days'"),
    ],
)
def test_what_is_no_rule_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"attribute\.lookback_rules: cannot read 'no\.csv'"):
        load_lookback(AttributeConfig(lookback_rules="no.csv"), tmp_path)
