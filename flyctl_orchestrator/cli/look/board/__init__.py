"""`flyo status --watch`: the live board."""
