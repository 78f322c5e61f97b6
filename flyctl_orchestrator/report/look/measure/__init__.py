"""What `flyo probe` and `flyo watch` measured, for a person, as a picture and as JSON."""
