"""Commands about one thing at a time: what flyo's own advice names, so that it can be followed without flyctl."""
