"""The rule tables (CSV files beside this one) and how they are read: docs/channels.md."""
