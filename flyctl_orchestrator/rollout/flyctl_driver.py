"""Runs `flyctl deploy` beside the watch, and ends it early when the machines already tell how it will end."""

from __future__ import annotations

from flyctl_orchestrator.fleet.flyctl import DeployOptions, Ran
from flyctl_orchestrator.rollout.means import Means, RunningDeploy
from flyctl_orchestrator.rollout.plan import FlyctlRun

# Seconds on top of what flyctl itself allows (it waits for an app, for leases and twice for every machine).
RESERVE = 120.0
RELEASE_COMMAND = 300.0


class FlyctlDriver:
    """One run of flyctl in one wave.

    Attributes:
        ran: how it ended, None while it runs.
        ended_at: number of the first reading made after its end.
    """

    def __init__(self, means: Means, run: FlyctlRun, image: str, *, limit: int) -> None:
        self._means = means
        options = DeployOptions(
            regions=run.regions,
            process_groups=run.groups,
            only_machines=run.machines,
            update_only=not run.create,
            wait_timeout=means.timeout,
            release_command_timeout=RELEASE_COMMAND,
            skip_release_command=not run.release_command,
            max_unavailable=str(limit),
        )
        means.emit("flyctl.started", image=image, regions=list(run.regions), machines=list(run.machines))
        self._deploy: RunningDeploy = means.flyctl.start_deploy(
            means.app, config=means.config, image=image, options=options, on_line=self._hear
        )
        self._give_up_at = means.clock.monotonic() + RELEASE_COMMAND + 2 * means.timeout + RESERVE
        self.ran: Ran | None = None
        self.ended_at = 0

    @property
    def active(self) -> bool:
        """Whether it is still running, as far as `poll` has seen."""
        return self.ran is None

    @property
    def complaint(self) -> str:
        """What it complained about, or "" when it did not."""
        if self.ran is None or self.ran.ok:
            return ""
        return self.ran.complaint or f"flyctl ended with status {self.ran.status}"

    def poll(self, next_reading: int) -> None:
        """See whether it has ended; end it when it takes longer than it can ever need."""
        if self.ran is not None:
            return
        if not self._deploy.running:
            self._over(self._deploy.wait(1.0), next_reading)
        elif self._means.clock.monotonic() >= self._give_up_at:
            self.end(next_reading)

    def end(self, next_reading: int) -> None:
        """Interrupt it (SIGINT: it gives its leases back and marks its release as interrupted)."""
        if self.ran is None:
            self._over(self._deploy.end(), next_reading)

    def _over(self, ran: Ran, next_reading: int) -> None:
        self.ran, self.ended_at = ran, next_reading
        self._means.emit("flyctl.finished", status=ran.status, ok=ran.ok, complaint=self.complaint)

    def _hear(self, line: str) -> None:
        if line.strip():
            self._means.emit("flyctl.line", line=line.rstrip())
