"""whichhalf.toml as frozen dataclasses."""

from __future__ import annotations

from whichhalf.config.checks import time_zone
from whichhalf.config.reading import FILE_NAME, load_config
from whichhalf.config.sections import (
    EVENT_KINDS,
    SECTIONS,
    SOURCE_KINDS,
    AttributeConfig,
    CollectConfig,
    Config,
    EventsConfig,
    LakeConfig,
    ProjectConfig,
    ReportConfig,
    SessionizeConfig,
    SourceConfig,
    StitchConfig,
    setting,
)

__all__ = [
    "EVENT_KINDS",
    "FILE_NAME",
    "SECTIONS",
    "SOURCE_KINDS",
    "AttributeConfig",
    "CollectConfig",
    "Config",
    "EventsConfig",
    "LakeConfig",
    "ProjectConfig",
    "ReportConfig",
    "SessionizeConfig",
    "SourceConfig",
    "StitchConfig",
    "load_config",
    "setting",
    "time_zone",
]
