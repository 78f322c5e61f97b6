"""Pages for people. All of them work without JavaScript."""
