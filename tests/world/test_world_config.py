from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

from whichhalf.config import load_config
from whichhalf.errors import ConfigError
from whichhalf.world import PRESETS, WorldConfig, generate, load_world


def written(folder: Path, text: str) -> Path:
    path = folder / "world.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_preset_with_changes(tmp_path: Path) -> None:
    text = 'preset = "tiny"\nusers = 50\nvisitors_per_user = 3\nstart_on = 2026-03-01\n'
    text += 'account_currencies = ["GBP"]\n'
    config = load_world(written(tmp_path, text))
    assert config.users == 50
    assert config.visitors_per_user == 3.0
    assert config.start_on == date(2026, 3, 1)
    assert config.account_currencies == ("GBP",)
    assert config.campaigns == PRESETS["tiny"].campaigns


def test_an_empty_file_is_the_demo(tmp_path: Path) -> None:
    assert load_world(written(tmp_path, "")) == PRESETS["demo"] == WorldConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user = 5", "unknown key 'user'. Did you mean 'users'"),
        ('preset = "tinny"', "Did you mean 'tiny'"),
        ('users = "many"', "users must be of type int"),
        ("users = true", "users must be of type int"),
        ("users = 3", "users must be 10 or more"),
        ("ad_share = 1.5", r"ad_share must lie in \[0, 1\]"),
        ('start_on = "2026-07-01"', "a date like 2026-07-01"),
        ("networks = [1]", "a list of strings"),
        ('networks = ["metta"]', "Did you mean 'meta'"),
        ("networks = []", "networks is empty"),
        ('time_zone = "Europe/Berln"', "Did you mean 'Europe/Berlin'"),
        ("alias_share = 0.5\nlate_identify_share = 0.5", "one of these at most"),
        ("users = ", "not valid TOML"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_world(written(tmp_path, text))


def test_the_example_of_the_docs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "world.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    config = load_world(written(tmp_path, example + "\ncampaigns = 10\n"))
    assert (config.users, config.days, config.account_currencies[1]) == (5_000, 75, "JPY")
    summary = generate(replace(config, users=30), 1, tmp_path)
    zones = {source.time_zone for source in load_config(tmp_path, {}).sources}
    assert zones == {"", "Europe/London", "Asia/Tokyo"}
    assert summary.signups == 30


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*world.toml"):
        load_world(tmp_path / "world.toml")


def test_dates_and_currencies_without_rates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no quote of"):
        generate(WorldConfig(users=10, start_on=date(2090, 1, 1)), 1, tmp_path)
    with pytest.raises(ConfigError, match="no quote of XXX"):
        generate(WorldConfig(users=10, account_currencies=("XXX",)), 1, tmp_path)


def test_every_key_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "world.md").read_text("utf-8")
    for item in fields(WorldConfig):
        assert item.metadata["about"]
        default = item.default
        shown = list(default) if isinstance(default, tuple) else default
        if isinstance(default, date):
            shown = default.isoformat()
        else:
            shown = str(shown).replace("'", '"') if not isinstance(shown, str) else f'"{shown}"'
        assert f"| `{item.name}` | `{shown}` | {item.metadata['about']} |" in text, item.name
