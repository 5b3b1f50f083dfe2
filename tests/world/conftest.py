from dataclasses import replace
from pathlib import Path

import pytest

from whichhalf.world import PRESETS, Summary, WorldConfig, generate

SMALL = replace(
    PRESETS["tiny"],
    users=300,
    campaigns=20,
    renamed_campaigns=2,
    days=40,
    payer_share=0.2,
    refund_share=0.2,
    shared_device_share=0.1,
    alias_share=0.03,
    late_identify_share=0.1,
    exact_gap_share=0.05,
    broken_share=0.01,
    retry_share=0.05,
    unassignable_share=0.0,
    silent_device_share=0.0,
)


@pytest.fixture(scope="session")
def config() -> WorldConfig:
    """A small world in which everything can be known."""
    return SMALL


@pytest.fixture(scope="session")
def world(config: WorldConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    folder = tmp_path_factory.mktemp("world")
    return folder, generate(config, 7, folder)
