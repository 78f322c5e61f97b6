"""The local platform's page: the world with its machines, traffic, faults and rollouts, to look at and to click.

`page.py` is the door. `static/` is what the browser runs: plain ES modules, a style sheet and the land's outline.
"""
