"""What `flyo regions` does."""
