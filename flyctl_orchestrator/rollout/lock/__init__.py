"""One rollout per app at a time, over all computers: the lock is a lease that the platform keeps.

It is the lease of a machine that does nothing else. Why that, and not something else: docs/explanation/lock.md.

    machines.py  that machine: found, made, cleared away
    leases.py    the leases that one command holds, and what it writes under them
    take.py      taking the lock
    held.py      keeping it: renewals, another machine when its host does not answer, noticing that it is lost
    computer.py  two processes of one computer, and what a killed one has left
    app_lock.py  all of it for one command, with a thread that renews
    by_hand.py   looking, taking and giving back from the command line
    locked.py    what a person is told who does not get it
    times.py     how long things take
"""
