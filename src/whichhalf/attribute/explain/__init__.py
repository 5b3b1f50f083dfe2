"""Explain one conversion or one person: every fact behind its credit, and the rule that decided."""

from __future__ import annotations

from whichhalf.attribute.explain.gather import explain
from whichhalf.attribute.explain.text import to_text

__all__ = ["explain", "to_text"]
