"""How long things take around the lock, in seconds."""

LEASE = 30
"""A lease's time to live. Whoever dies holding the lock keeps it for so long at most, by the platform's clock."""
RENEW = 10.0
"""Between two renewals."""
RECENT = 5.0
"""A list that somebody else has asked for tells a renewal as much as one of its own, if it is no older than this.
RENEW and this are together less than SURE, by more than a call takes."""
SOON = 2.0
"""Between two tries of a renewal that did not work."""
SURE = 20.0
"""After the beginning of its last renewal a holder need not look whether it still holds the lock. Less than LEASE."""
SETTLE = 45.0
"""For so long a lock machine that counts instead of others is looked at before it is used. More than SURE, so that a
holder that did not see it being made has noticed."""
MOVE = 35.0
"""After the beginning of its last renewal a holder may still go over to such a machine. Less than SETTLE."""
GIVE_UP = 60.0
"""A holder that does not know whether it still holds the lock waits for so long before it says that it is lost."""
POLL = 2.0
"""Between two looks at a lock that is waited for; the platform allows one list per second."""
BUSY = LEASE + 5.0
"""For a lease of which nobody knows whose it is: longer than what a killed command leaves behind."""
HURRY = 3.0
"""For each call of a renewal, so that several fit into SURE."""
LISTED = 15.0
"""For a lock machine that was made to show up in the list."""
