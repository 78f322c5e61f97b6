"""The stand-in for flyctl: the same arguments and the same JSON for just the commands the orchestrator uses.

It is a program of its own that talks HTTP to the local platform, exactly as the real one does, and only to
addresses on this computer. Standard library only, so that it starts quickly.
"""
