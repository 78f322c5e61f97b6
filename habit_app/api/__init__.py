"""JSON for programs: whether the database answers, and ticks."""
