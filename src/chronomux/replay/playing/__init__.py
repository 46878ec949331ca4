"""Captures delivered at the moments they were recorded, to all who listen."""
