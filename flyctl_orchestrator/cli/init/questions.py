"""Which questions `flyo init` asks: those that neither a flag nor a file answers, and never more than `MOST`."""

from __future__ import annotations

from typing import Literal

from flyctl_orchestrator.project.asked import Asked
from flyctl_orchestrator.project.scaffold import Existing, health_path

Question = Literal["app", "primary", "more", "count", "start", "port", "health", "idle", "memory", "go"]

MOST = 8
"""Questions at most, the last one among them: whether to write."""


def questions(asked: Asked, existing: Existing) -> tuple[Question, ...]:
    """The questions, in the order in which they are asked.

    What is left out where there would be too many is the least that can go wrong: a path that the files name, then how
    many machines a region has, then the path. The summary tells what is taken instead, and the flag that changes it.
    """
    fly = existing.fly
    open_ones: dict[Question, bool] = {
        "app": not asked.app,
        "primary": not (asked.primary or asked.regions),
        "more": not asked.regions,
        "count": not asked.regions,
        "start": not asked.start and existing.needs_dockerfile and not existing.detected.start,
        "port": not asked.port and not (existing.detected.port_found and not _served_port(existing)),
        "health": not asked.health,
        "idle": not (asked.database or asked.auto_stop),
        "memory": not (fly or asked.size or asked.memory),
        "go": True,
    }
    wanted: list[Question] = [question for question, is_open in open_ones.items() if is_open]
    known = existing.detected.health != "/" or bool(fly and health_path(fly))
    least: list[Question] = ["health", "count"] if known else ["count", "health"]
    for question in (each for each in least if each in wanted):
        if len(wanted) > MOST:
            wanted.remove(question)
    return tuple(wanted)


def _served_port(existing: Existing) -> int | None:
    fly = existing.fly
    return fly.services[0].internal_port if fly and fly.services else None
