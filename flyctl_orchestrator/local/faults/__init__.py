"""Faults on order: the ways in which Fly.io is known to misbehave, by name, for rehearsals and tests.

request.py   a request for one, checked
at_*.py      where they strike: boots, checks, hosts, the proxy's view; those of the API are in `local/api/`

Which there are, and those that are set now: `local/core/fault_kinds.py` and `local/core/fault_board.py`.
"""
