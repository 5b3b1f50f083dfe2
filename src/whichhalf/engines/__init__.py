"""Engines compute: SQL in, Arrow out. The lake commits what they computed."""

from whichhalf.engines.base import LOADING, Engine, Flags, Scan, open_engine

__all__ = ["LOADING", "Engine", "Flags", "Scan", "open_engine"]
