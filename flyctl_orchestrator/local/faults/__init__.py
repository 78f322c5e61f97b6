"""Faults on order: the ways in which Fly.io is known to misbehave, by name, for rehearsals and tests.

request.py    a request for one, checked
at_*.py       where they strike: boots, checks, hosts, what the proxy sees; capacity.py: a region without room
../core/      fault_kinds.py: which there are, and what each can be told; fault_board.py: those that are set now:
              whoever can misbehave asks there
../api/       faults_at_api.py, answer_damage.py, image_pull_fault.py: where they strike the Machines API
"""
