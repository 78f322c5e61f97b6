"""What a watch tells: how far it is, and what its verdict rests on (docs/reference/events.md)."""

from __future__ import annotations

from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.gate.error_rate import at_most
from flyctl_orchestrator.rollout.gate.sentences import accepted
from flyctl_orchestrator.rollout.gate.wave_evidence import WaveEvidence
from flyctl_orchestrator.rollout.run.lane import LaneRun


def tell_started(emit: Emitter, seconds: float, machines: int, *, baking: bool) -> None:
    """Every machine has passed, and from here on they are only watched."""
    emit("bake.started" if baking else "watch.started", seconds=seconds, machines=machines)


def tell_evidence(emit: Emitter, evidence: WaveEvidence, wanted: int, *, baking: bool) -> None:
    """How many answers there are by now, of how many."""
    if not evidence.news:
        return
    asked, good = evidence.asked, evidence.asked - evidence.errors
    regions: dict[str, dict[str, int]] = {}
    for heard in evidence.heard.values():
        row = regions.setdefault(heard.place.region, {"asked": 0, "good": 0})
        row["asked"] += heard.asked.total()
        row["good"] += heard.asked.total() - sum(heard.errors_of(path) for path in heard.errors)
    emit(
        "evidence.gathered",
        during="bake" if baking else "watch",
        good=good,
        asked=asked,
        wanted=wanted,
        below=round(at_most(asked - good, asked), 4),
        regions=[{"region": region, **row} for region, row in regions.items()],
    )


def tell_finished(emit: Emitter, seconds: float, evidence: WaveEvidence | None, guess: str, *, baking: bool) -> None:
    """Every machine was watched to the end, and is still well.

    Args:
        guess: as for `accepted`.
    """
    asked = evidence.asked if evidence else 0
    good = asked - (evidence.errors if evidence else 0)
    what = accepted(good, asked, guess)
    emit("bake.finished" if baking else "watch.finished", seconds=seconds, good=good, asked=asked, what=what)


def tell_lost(emit: Emitter, run: LaneRun) -> None:
    """A machine that had passed is not as it should be."""
    lane = run.lane
    emit(
        "watch.failed",
        lane=lane.name,
        region=lane.region,
        group=lane.group,
        machine=run.machine_id,
        code=run.code,
        reason=run.reason,
    )
