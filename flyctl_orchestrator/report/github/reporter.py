"""For GitHub Actions: plain lines folded by wave, what went wrong on the run's page, a table in the step summary."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.github.text import Kind, annotation, group, summary
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.plain import PlainReporter
from flyctl_orchestrator.report.words import reason, sentence, warning_text

# GitHub shows ten of each kind per step and drops the others; the last one tells how it ended.
MOST = 9

OPENS = frozenset({"build.started", "hook.started", "wave.started", "rollback.started"})
CLOSES = frozenset({"build.finished", "wave.passed", "wave.failed", "rollback.finished"})


class GitHubReporter(PlainReporter):
    """Writes the lines that `PlainReporter` writes, and inside a folded group all the details, too.

    Args:
        summary: the step summary's file ($GITHUB_STEP_SUMMARY), None for none.
    """

    def __init__(self, output: Output, *, verbose: bool = False, summary: Path | None = None) -> None:
        super().__init__(output, verbose=verbose)
        self._always = verbose
        self._summary = summary
        self._group = ""
        self._shown: dict[str, int] = {}
        self._rehearsal = False

    def event(self, event: Fact) -> None:
        """Say what happened; group, annotate and sum up."""
        self._rehearsal = self._rehearsal or event.name == "rehearsal.started"
        if event.name in OPENS and not self._group:
            self._open(event)
        if event.name in CLOSES or event.name == "rollout.finished":
            self._close()
        if not self._warned(event):
            super().event(event)
        if event.name == "hook.finished" and self._group == "hook.started":
            self._close()
        self._annotate(event)
        if event.name == "rollout.finished":
            self._sum_up(event)

    def close(self) -> None:
        """End the group of lines that is open, if one is."""
        self._close()

    def _open(self, event: Fact) -> None:
        said = sentence(event)
        self._group, self.verbose = event.name, True
        self._output.command(group(said.text if said else event.name))

    def _close(self) -> None:
        if self._group:
            self._group, self.verbose = "", self._always
            self._output.command("::endgroup::")

    # --- annotations

    def _warned(self, event: Fact) -> bool:
        """Show a warning on the run's page; GitHub puts it into the log as well, and one line of it is enough."""
        if event.name not in ("warning", "drift.found"):
            return False
        tell = warning_text if event.name == "warning" else reason
        return self._show("warning", event.app, tell(event.fields))

    def _annotate(self, event: Fact) -> None:
        fields = event.fields
        if event.name == "wave.failed" and fields.get("verdict") == "interrupted":
            return
        if event.name in ("wave.failed", "lock.lost"):
            place = " ".join(str(each) for each in (fields.get("wave"), fields.get("machine")) if each)
            self._show(
                "error", f"{event.app} {place}".strip(), reason(fields) or str(fields.get("verdict") or "failed")
            )
        elif event.name == "rollout.finished" and fields.get("exit"):
            text = ". ".join(str(fields[key]) for key in ("what", "next") if fields.get(key))
            self._show("error", f"{event.app}: {str(fields.get('result')).replace('_', ' ')}", text, last=True)

    def _show(self, kind: Kind, title: str, text: str, *, last: bool = False) -> bool:
        shown = self._shown.get(kind, 0)
        if not text or (shown >= MOST and not last):
            return False
        self._shown[kind] = shown + 1
        self._output.command(annotation(kind, title, text))
        return True

    # --- the summary

    def _sum_up(self, event: Fact) -> None:
        if self._summary is None:
            return
        try:
            with self._summary.open("a", encoding="utf-8") as file:
                file.write(summary(event.app, event.fields, rehearsal=self._rehearsal))
        except OSError as error:
            self._output.say(f"the step summary cannot be written: {error.strerror or error}")
