"""Engines compute: SQL in, Arrow out. The lake commits what they computed."""

from whichhalf.engines.base import Engine, Flags, Scan, open_engine

__all__ = ["Engine", "Flags", "Scan", "open_engine"]
