"""A rollout, or a rehearsal on many bad days, as one HTML file to keep: made from the documented events alone."""
