"""The lake: Delta tables by the contract of tables.py. Engines compute, the lake commits."""

from whichhalf.lake.commits import Rows
from whichhalf.lake.files import Placed, Selected
from whichhalf.lake.lake import COMMITS_TO_SEARCH, STATE_KEY, Lake, Written
from whichhalf.lake.place import Place
from whichhalf.lake.snapshots import Snapshot, Snapshots

__all__ = [
    "COMMITS_TO_SEARCH",
    "STATE_KEY",
    "Lake",
    "Place",
    "Placed",
    "Rows",
    "Selected",
    "Snapshot",
    "Snapshots",
    "Written",
]
