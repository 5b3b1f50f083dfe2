"""Reports as data: one query object for every way of looking at them."""

from __future__ import annotations

from whichhalf.report.formats import BINARY, FORMATS, render
from whichhalf.report.query import BASES, DIMENSIONS, MODELS, Query, parse_days
from whichhalf.report.registry import REPORTS, report_project
from whichhalf.report.result import Column, Fact, Report

__all__ = [
    "BASES",
    "BINARY",
    "DIMENSIONS",
    "FORMATS",
    "MODELS",
    "REPORTS",
    "Column",
    "Fact",
    "Query",
    "Report",
    "parse_days",
    "render",
    "report_project",
]
