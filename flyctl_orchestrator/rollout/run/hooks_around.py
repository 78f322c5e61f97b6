"""The hooks before and after a rollout: the first may keep it from beginning, the last may only be heard."""

from __future__ import annotations

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.context.concurrency import Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.hooks import HookName, HookRunner
from flyctl_orchestrator.rollout.context.outcome import EXITS, Outcome
from flyctl_orchestrator.rollout.plan.plan import Plan


class AroundRollout:
    """The hooks of one rollout.

    Attributes:
        hooks: told what all hooks of this rollout are told.
    """

    def __init__(self, hooks: HookRunner, plan: Plan, rollout: str, stop: Stop, emit: Emitter) -> None:
        waves = sum(not wave.final for wave in plan.waves)
        self.hooks = hooks.told(
            rollout=rollout, kind=plan.kind, image=plan.image.ref, digest=plan.image.digest, waves=waves
        )
        self._regions = tuple(dict.fromkeys(lane.region for lane in plan.lanes))
        self._stop = stop
        self._emit = emit

    def before(self) -> Outcome | None:
        """Run pre-deploy; how the rollout ends when it must not begin, else None."""
        try:
            if self.hooks.require("pre-deploy", until=lambda: self._stop.requested, regions=self._regions):
                return None
        except FlyoError as error:
            what = f"{error.what}; nothing was changed on the fleet"
            return Outcome("untouched", what, next=error.next, code=error.code, exit=EXITS["untouched"])
        what = "interrupted; nothing was changed on the fleet"
        return Outcome("interrupted", what, code="interrupted", exit=EXITS["interrupted"])

    def after(self, outcome: Outcome) -> None:
        """Run post-deploy or on-failure. Whatever becomes of it changes nothing about the outcome."""
        name: HookName = "post-deploy" if outcome.kind == "done" else "on-failure"
        ran = self.hooks.run(
            name,
            until=lambda: self._stop.insisted,
            regions=self._regions,
            verdict=outcome.kind,
            exit=int(outcome.exit),
            what=outcome.what,
        )
        if ran.end not in ("none", "ok"):
            kind = outcome.kind.replace("_", " ")
            self._emit(
                "warning", code=f"hook.{ran.end}", what=f"hook {name} {ran.said}; the rollout is {kind} all the same"
            )
