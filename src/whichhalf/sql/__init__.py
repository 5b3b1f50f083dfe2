"""The SQL of the stages: one SELECT a file, checked, and rendered for each engine."""

from whichhalf.sql.portable import Query, load, parse

__all__ = ["Query", "load", "parse"]
