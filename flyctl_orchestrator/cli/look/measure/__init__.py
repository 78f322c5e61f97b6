"""`flyo probe` and `flyo watch`: what they measure, and how it is shown."""
