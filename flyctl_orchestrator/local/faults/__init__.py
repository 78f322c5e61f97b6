"""Faults on order: the ways in which Fly.io is known to misbehave, by name, for rehearsals and tests.

kinds.py     which there are, and what each can be told
request.py   a request for one, checked
board.py     those that are set now; whoever can misbehave asks here
at_*.py      where they strike: the API, boots, checks, hosts, the proxy's view
"""
