"""`whichhalf init`: a project that says all of its settings."""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from whichhalf.cli import main
from whichhalf.config import SECTIONS, SOURCE_KINDS, SourceConfig, load_config
from whichhalf.starter import project_file


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "shop")]) == 0
    return tmp_path / "shop"


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=[^ \n])", "", text)


def test_what_is_in_the_folder(shop: Path) -> None:
    config = load_config(shop, {})
    assert config.project.name == "shop"
    assert [source.kind for source in config.sources] == ["ecb_rates"]
    assert {path.name for path in shop.iterdir()} == {
        "whichhalf.toml", "data", ".gitignore", ".whichhalf"
    }  # fmt: skip
    kept = {"project.name", "collect.visitor_salt"}
    assert {key for key, origin in config.origins.items() if origin != "default"} == kept


def test_the_salt_is_secret_and_its_own(shop: Path, tmp_path: Path) -> None:
    path = shop / ".whichhalf" / "visitor_salt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    salt = load_config(shop, {}).collect.visitor_salt
    assert len(salt) == 64
    main(["init", str(tmp_path / "other")])
    assert load_config(tmp_path / "other", {}).collect.visitor_salt != salt


def test_every_setting_and_kind_is_in_it_and_valid(shop: Path) -> None:
    path = shop / "whichhalf.toml"
    path.write_text(uncommented(path.read_text("utf-8")), "utf-8")
    config = load_config(shop, {})
    for section, cls in SECTIONS.items():
        for item in fields(cls):
            assert config.origins[f"{section}.{item.name}"] == "whichhalf.toml"
    assert {source.kind for source in config.sources} == set(SOURCE_KINDS)
    content = tomllib.loads(path.read_text("utf-8"))
    assert {key for source in content["source"] for key in source} == {
        item.name for item in fields(SourceConfig)
    }


def test_every_setting_says_what_it_means() -> None:
    text = re.sub(r"\n# ", " ", project_file("shop"))
    for cls in SECTIONS.values():
        for item in fields(cls):
            assert item.metadata["about"] in text


def test_a_default_that_is_not_shown_is_named(shop: Path) -> None:
    text = (shop / "whichhalf.toml").read_text("utf-8")
    assert '# Reporting currency, ISO 4217. Default: "USD".\n#currency = "EUR"' in text


def test_an_existing_project_stays_as_it_is(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (shop / "whichhalf.toml").read_text("utf-8")
    assert main(["init", str(shop)]) == 1
    assert "is a project already" in capsys.readouterr().err
    assert (shop / "whichhalf.toml").read_text("utf-8") == before


def test_a_removed_toml_is_written_anew_and_the_salt_stays(shop: Path) -> None:
    salt = load_config(shop, {}).collect.visitor_salt
    (shop / "whichhalf.toml").unlink()
    assert main(["init", str(shop)]) == 0
    assert load_config(shop, {}).collect.visitor_salt == salt


def test_a_folder_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file")]) == 1
    assert "Cannot make a project" in capsys.readouterr().err
