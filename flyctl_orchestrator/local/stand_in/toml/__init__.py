"""fly.toml as the stand-in reads it, and the machine config it becomes."""
