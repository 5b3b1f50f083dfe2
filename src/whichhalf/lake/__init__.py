"""The lake: Delta tables by the contract of tables.py. Engines compute, the lake commits."""

from whichhalf.lake.commits import Rows
from whichhalf.lake.files import Selected
from whichhalf.lake.lake import COMMITS_TO_SEARCH, STATE_KEY, Lake, Written

__all__ = ["COMMITS_TO_SEARCH", "STATE_KEY", "Lake", "Rows", "Selected", "Written"]
