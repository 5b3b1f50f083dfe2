"""A simulated ad economy with a ledger of what is true. Docs: docs/world.md."""

from whichhalf.world.config import PRESETS, WorldConfig, load_world, preset
from whichhalf.world.generate import Summary, generate
from whichhalf.world.score import score

__all__ = ["PRESETS", "Summary", "WorldConfig", "generate", "load_world", "preset", "score"]
