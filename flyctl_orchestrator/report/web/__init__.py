"""A rollout as a page while it happens: the report on it, served on loopback for as long as the command runs.

`server.py` is the door. It needs the extra `local`, and is imported by whoever asked for the page only.
"""
