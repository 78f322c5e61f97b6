"""Machines as containers of an engine on this computer (Docker, or what speaks its API)."""
