"""JSON for programs: the health of a machine, and ticks."""
