"""Rehearsals: the real rollout on a copy of the fleet, on a local platform of its own, with faults if wanted."""
