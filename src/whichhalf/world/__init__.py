"""A simulated ad economy with a ledger of what is true. Docs: docs/world.md."""

from whichhalf.world.causal_score import CAUSAL_KEYS, shown
from whichhalf.world.config import PRESETS, WorldConfig, load_world, preset
from whichhalf.world.generate import Summary, generate
from whichhalf.world.score import experiment_days, score

__all__ = [
    "CAUSAL_KEYS",
    "PRESETS",
    "Summary",
    "WorldConfig",
    "experiment_days",
    "generate",
    "load_world",
    "preset",
    "score",
    "shown",
]
