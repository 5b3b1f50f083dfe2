"""Engines compute: SQL in, Arrow out. The lake commits what they computed."""

from whichhalf.engines.base import LOADING, Engine, Flags, Limits, Scan, open_engine

__all__ = ["LOADING", "Engine", "Flags", "Limits", "Scan", "open_engine"]
