"""What `flyo regions` and `flyo cost` do, from dated facts alone."""
