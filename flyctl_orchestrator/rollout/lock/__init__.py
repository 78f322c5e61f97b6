"""One rollout per app at a time, over all computers: the lock is kept in the metadata of the app's own machines.

Why there and not elsewhere: Fly.io has no compare-and-swap for an app as a whole. A machine's lease is one, but the
proxy neither wakes nor stops a leased machine, so a rollout must not sit on one. Metadata can be written on condition
of `machine_version`, but writing metadata does not change that version. Setting secrets overwrites. So:

    take.py      taking it: write under a lease held for three calls, then read all machines and look for rivals
    held.py      keeping it: a beat every few seconds, moving on when machines come and go, noticing that it is lost
    patience.py  when a holder counts as dead: nothing moved for a while, by the watcher's own clock
    computer.py  two processes of one computer, which also covers an app that has no machine yet
    session.py   all of it for one command, with a thread that shows the signs of life
    by_hand.py   giving it back from the command line

Who holds it is written and read by `rollout/state/lock_record.py`: one metadata key per holder, so that nobody can
overwrite somebody else's.
"""
