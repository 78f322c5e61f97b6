"""What the user wrote: fly.toml, flyo.toml and .env files, read, checked and written."""
