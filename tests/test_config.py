"""Settings: WHICHHALF_* > whichhalf.toml > default; what is unknown is refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from whichhalf.config import SECTIONS, Config, SourceConfig, load_config
from whichhalf.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "whichhalf.toml").write_text(
        '[report]\ncurrency = "EUR"\n[sessionize]\nown_hosts = ["a.example"]\n', "utf-8"
    )
    return tmp_path


def refused(folder: Path, toml: str, environ: dict[str, str] | None = None) -> str:
    (folder / "whichhalf.toml").write_text(toml, "utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(folder, environ or {})
    return str(error.value)


def test_file_over_default(folder: Path) -> None:
    config = load_config(folder, {})
    assert config.report.currency == "EUR"
    assert config.report.time_zone == "UTC"
    assert config.origins["report.currency"] == "whichhalf.toml"
    assert config.origins["report.time_zone"] == "default"


def test_environment_over_file(folder: Path) -> None:
    environ = {
        "WHICHHALF_REPORT_CURRENCY": "TRY",
        "WHICHHALF_SESSIONIZE_OWN_HOSTS": "b.example, c.example,",
        "WHICHHALF_SESSIONIZE_SESSION_GAP_MINUTES": "45",
    }
    config = load_config(folder, environ)
    assert config.report.currency == "TRY"
    assert config.sessionize.own_hosts == ("b.example", "c.example")
    assert config.sessionize.session_gap_minutes == 45
    assert config.origins["report.currency"] == "WHICHHALF_REPORT_CURRENCY"


def test_secrets_from_files(folder: Path) -> None:
    (folder / "salt").write_text("pepper\n", "utf-8")
    (folder / "whichhalf.toml").write_text('[collect]\nvisitor_salt_file = "salt"\n', "utf-8")
    assert load_config(folder, {}).collect.visitor_salt == "pepper"
    (folder / "other").write_text("chili", "utf-8")
    environ = {"WHICHHALF_COLLECT_VISITOR_SALT_FILE": str(folder / "other")}
    assert load_config(folder, environ).collect.visitor_salt == "chili"
    assert "cannot read" in refused(folder, '[collect]\nvisitor_salt_file = "nowhere"\n')


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[sesionize]", "unknown section [sesionize]. Did you mean 'sessionize'?"),
        ("[report]\ncurency = 'EUR'", "unknown setting report.curency. Did you mean 'currency'?"),
        ("[report]\ncurrency = 3", "must be a string, not 3"),
        ("[sessionize]\nown_hosts = 'a'", "must be a list of strings"),
        ("[sessionize]\nsession_gap_minutes = true", "must be a whole number"),
        ("[sessionize]\nsession_gap_minutes = 0", "must be above 0"),
        ("[attribute]\nclick_lookback_days = -1", "must not be below 0"),
        ("[attribute]\npurchases_from = 'both'", "payments or events"),
        ("[project]\nmemory_limit_percent = 120", "from 1 to 95"),
        ("[report]\ntime_zone = 'CEST'", "no time zone"),
        ("report = 3", "must be a section"),
        ("[[source]]\nkind = 'segment'", "source 1 has no name"),
        ("[[source]]\nname = 'a'\nkind = 'segmen'", "Did you mean 'segment'?"),
        ("[[source]]\nname = 'a'\nkind = 'segment'\nfile = 'x'", "Did you mean 'files'?"),
        ("[[source]]\nname = 'a'\nkind = 'segment'\n" * 2, "two sources are named 'a'"),
        ("[[source]]\nname = 'a'\nkind = 'segment'\ntime_zone = 'X'", "no time zone"),
        ("a = [", "not valid TOML"),
    ],
)
def test_what_cannot_be(tmp_path: Path, toml: str, said: str) -> None:
    assert said in refused(tmp_path, toml)


def test_a_number_that_is_none(tmp_path: Path) -> None:
    variable = "WHICHHALF_SESSIONIZE_SESSION_GAP_MINUTES"
    assert f"{variable} must be a whole number" in refused(tmp_path, "", {variable: "long"})


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="whichhalf init"):
        load_config(tmp_path, {})


def test_every_setting_has_a_meaning_and_a_value() -> None:
    config = Config()
    for section, cls in [*SECTIONS.items(), ("source", SourceConfig)]:
        for item in fields(cls):
            assert item.metadata["about"].endswith((".", "…")), f"{section}.{item.name}"
            if section in SECTIONS:
                assert config.value(f"{section}.{item.name}") == item.default
