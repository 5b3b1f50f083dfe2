"""Benchmarks: each prints a ratio against a named peer or limit in the same run."""
