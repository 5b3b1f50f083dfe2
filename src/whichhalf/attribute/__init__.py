"""Attribute: who gets the credit. Here: what a touch's source is, and whether it was paid for."""
