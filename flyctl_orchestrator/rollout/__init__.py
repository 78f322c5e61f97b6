"""How a rollout is decided, run, judged, remembered and undone."""
