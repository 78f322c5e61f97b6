"""Pages that commands make: files to keep, and one that follows a rollout."""
