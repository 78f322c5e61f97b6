"""Exact machine counts per region: what `flyo scale` does."""
