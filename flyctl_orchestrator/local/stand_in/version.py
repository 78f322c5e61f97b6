"""Who this is."""

from __future__ import annotations

NAME = "flyctl stand-in (flyctl_orchestrator)"
VERSION = "0.1.0"
BUILD_DATE = "2026-01-01T00:00:00Z"
