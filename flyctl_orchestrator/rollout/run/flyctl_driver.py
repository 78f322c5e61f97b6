"""Runs `flyctl deploy` beside the watch, and ends it early when the machines already tell how it will end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions, Ran
from flyctl_orchestrator.fleet.flyctl.trouble import deploy_may_pass
from flyctl_orchestrator.fleet.redact import without_private
from flyctl_orchestrator.rollout.context.context import RolloutContext, RunningDeploy
from flyctl_orchestrator.rollout.plan.plan import FlyctlRun
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan

# Seconds on top of what flyctl itself allows (it waits for an app, for leases and twice for every machine).
RESERVE = 120.0
RELEASE_COMMAND = 300.0
# flyctl gives up on the first 429, 412 or 5xx of a change, which later waves are patient with. (A 429 may even be our
# doing: the limits count for the app and not for a program.) So it is run again, after so many seconds each time.
PAUSES = (3.0, 6.0, 12.0)
# Seconds between two looks at flyctl alone.
LOOK = 0.1
# Seconds between two looks at whether it has said something.
LISTEN = 0.05
# Lines, and characters of a line, that are kept to be shown beside a failure.
EXCERPT_LINES = 15
LONGEST_LINE = 500


class FlyctlDriver:
    """One run of flyctl in one wave.

    Attributes:
        ran: how it ended, None while it runs, or waits to be run again.
        ended_at: number of the first reading made after its end, or before it is run again.
        said: its last lines.
        release_command: how far it came, as far as flyctl has told.
    """

    def __init__(self, context: RolloutContext, run: FlyctlRun, image: str, *, limit: int) -> None:
        self._context = context
        self._run, self._image = run, image
        self._options = DeployOptions(
            regions=run.regions,
            process_groups=run.groups,
            only_machines=run.machines,
            update_only=not run.create,
            wait_timeout=context.timeout,
            release_command_timeout=RELEASE_COMMAND,
            skip_release_command=not run.release_command,
            max_unavailable=str(limit),
            directory=context.directory,
            primary_region=run.primary,
        )
        self.ran: Ran | None = None
        self.ended_at = 0
        self.said: deque[str] = deque(maxlen=EXCERPT_LINES)
        self._pauses = list(PAUSES)
        self._again_at: float | None = None
        self._stumbled: Ran | None = None
        self.release_command: CommandRan = ""
        self._interrupted = False
        self._news = False
        self._deploy = self._start()

    def _start(self) -> RunningDeploy:
        context, run = self._context, self._run
        self._again_at = self._stumbled = None
        self._give_up_at = context.clock.monotonic() + RELEASE_COMMAND + 2 * context.timeout + RESERVE
        context.emit("flyctl.started", image=self._image, regions=list(run.regions), machines=list(run.machines))
        return context.flyctl.start_deploy(
            context.app, config=context.config, image=self._image, options=self._options, on_line=self._hear
        )

    @property
    def active(self) -> bool:
        """Whether it is still running, as far as `poll` has seen."""
        return self.ran is None

    @property
    def resting(self) -> bool:
        """Whether it has failed for something that passes, and waits to be run again."""
        return self._again_at is not None

    @property
    def complaint(self) -> str:
        """What it complained about, or "" when it did not or had no chance to."""
        if self.ran is None or self.ran.ok or self._interrupted:
            return ""
        return self.ran.complaint or f"flyctl ended with status {self.ran.status}"

    def poll(self, next_reading: int, *, patient: bool = True) -> None:
        """See whether it has ended; end it when it takes longer than it can ever need.

        Args:
            patient: whether it may be run again.
        """
        if self.ran is not None or self.resting:
            return
        now = self._context.clock.monotonic()
        if not self._deploy.running:
            ran = self._deploy.wait(1.0)
            if patient and self._pauses and self._may_pass(ran):
                pause = self._pauses.pop(0)
                what = f"flyctl is run again in {pause:g} s: {ran.complaint}"
                self._context.emit("warning", code="flyctl.again", what=what)
                self._again_at, self._stumbled, self.ended_at = now + pause, ran, next_reading
            else:
                self._over(ran, next_reading)
        elif now >= self._give_up_at:
            self.end(next_reading)

    def _may_pass(self, ran: Ran) -> bool:
        """Whether running it again may help; a release command that has begun has to have come to a good end."""
        return not ran.ok and not ran.timed_out and self.release_command != "begun" and deploy_may_pass(ran.complaint)

    def resume(self, waiting: Sequence[str], *, changed: bool, groups: tuple[str, ...] = ()) -> None:
        """Run it again, when it rests and it is time to, for what it has not done yet.

        Args:
            waiting: lanes it still has to change, by their machine's id, or by nothing where there is none yet; as
                seen by a reading of the whole fleet that was made after its end.
            changed: whether it has changed others before.
            groups: the process groups of these lanes; where it creates machines, those of others are left alone.
        """
        if self._again_at is None or self._stumbled is None:
            return
        if not waiting:
            self._over(self._stumbled, self.ended_at)
        elif self._context.clock.monotonic() >= self._again_at:
            only = tuple(machine for machine in waiting if machine)
            done = changed or self.release_command == "succeeded"
            self._options = replace(
                self._options,
                only_machines=only if changed else self._options.only_machines,
                process_groups=groups if changed and self._run.create else self._options.process_groups,
                skip_release_command=self._options.skip_release_command or done,
            )
            self._deploy = self._start()

    def listen(self, seconds: float) -> None:
        """Let time pass until it says something of one of its machines, `seconds` at most.

        What it says is no proof of anything; it is a good moment to look.
        """
        clock = self._context.clock
        until = clock.monotonic() + seconds
        while not self._news and (left := until - clock.monotonic()) > 0:
            clock.sleep(min(LISTEN, left))
        self._news = False

    def finish(self, patience: float) -> None:
        """Wait until it has ended by itself, and end it after `patience` seconds."""
        clock = self._context.clock
        until = clock.monotonic() + patience
        while self.active and clock.monotonic() < until:
            self.poll(self.ended_at, patient=False)
            if self.active:
                clock.sleep(LOOK)
        self.end(self.ended_at)

    def end(self, next_reading: int) -> bool:
        """Interrupt it (SIGINT: it marks its release as interrupted). Returns whether it had to be."""
        if self._stumbled is not None:
            self._over(self._stumbled, next_reading)
        elif self.ran is None:
            self._interrupted = self._deploy.running
            self._over(self._deploy.end(), next_reading)
        return self._interrupted

    def _over(self, ran: Ran, next_reading: int) -> None:
        self.ran, self.ended_at, self._again_at, self._stumbled = ran, next_reading, None, None
        ok = ran.ok or self._interrupted
        facts = {"status": ran.status, "interrupted": self._interrupted, "complaint": self.complaint}
        self._context.emit("flyctl.finished", ok=ok, **facts)

    def _hear(self, line: str) -> None:
        if "release_command" in line:
            done = self.release_command == "succeeded" or "completed successfully" in line
            self.release_command = "succeeded" if done else "begun"
        self._news = self._news or any(machine in line for machine in self._run.machines)
        if line.strip():
            shown = without_private(line.rstrip())
            self.said.append(shown[:LONGEST_LINE])
            self._context.emit("flyctl.line", line=shown)
