"""Says in one line what an event means. Fields are read where they are there; a missing one never fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.fault_text import fault_sentence
from flyctl_orchestrator.report.line import Tone
from flyctl_orchestrator.report.numbers import count, duration, latency, short_digest

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Sentence:
    """One line and the tone it is said in; `detail` lines are left out where space is short."""

    text: str
    tone: Tone = "plain"
    detail: bool = False


def sentence(event: Fact) -> Sentence | None:
    """What to say about an event; None for one that only programs care about."""
    say = _SENTENCES.get(event.name)
    if say is None:
        return Sentence(f"{event.name} {_rest(event.fields)}".rstrip(), detail=True)
    said = say(event.fields)
    return said if said is None or said.text else None


def _rest(fields: Fields) -> str:
    return " ".join(f"{key}={value}" for key, value in fields.items() if isinstance(value, str | int | float))


def place(fields: Fields) -> str:
    """Where it happened: region and machine, as far as the event tells."""
    lane = str(fields.get("lane") or "").split("/")
    region = fields.get("region") or (lane[0] if len(lane) == 3 else "")
    machine = fields.get("machine") or (lane[2] if len(lane) == 3 else "")
    return " ".join(str(part) for part in (region, machine) if part)


def reason(fields: Fields) -> str:
    """Why, as far as the event tells."""
    return str(fields.get("reason") or fields.get("error") or fields.get("what") or fields.get("complaint") or "")


def warning_text(fields: Fields) -> str:
    """What is warned of: where, what, and the code that 'flyo explain' tells more about."""
    at, code = place(fields), fields.get("code")
    return (f"{at}: " if at else "") + reason(fields) + (f" [{code}]" if code else "")


def seconds(fields: Fields) -> str:
    """How long it took, in brackets, as far as the event tells."""
    value = fields.get("seconds")
    return f" ({duration(float(value))})" if isinstance(value, int | float) else ""


def _wave(fields: Fields) -> str:
    return str(fields.get("wave") or "wave")


def _wave_failed(fields: Fields) -> Sentence:
    # Somebody pressed Ctrl-C: nothing has failed, and what follows says so.
    if fields.get("verdict") == "interrupted":
        return Sentence(f"{_wave(fields)} broken off{seconds(fields)}", "warn")
    return Sentence(f"{_wave(fields)} failed{seconds(fields)}", "bad")


def _regions(fields: Fields) -> str:
    regions = fields.get("regions") or ()
    return " ".join(str(each) for each in regions)


def _with_reason(text: str, fields: Fields) -> str:
    why = reason(fields)
    return f"{text}: {why}" if why else text


def _number(fields: Fields) -> str:
    machines = fields.get("machines")
    return f": {count(machines, 'machine')}" if isinstance(machines, int) else ""


def _plan(fields: Fields) -> Sentence:
    waves = fields.get("waves")
    machines = fields.get("machines")
    parts = [count(machines, "machine") + " to change"] if isinstance(machines, int) else []
    parts += [count(len(waves), "wave")] if isinstance(waves, list | tuple) else []
    if fields.get("kind") == "scale" and (counts := _changed_counts(fields.get("counts"))):
        return Sentence(f"plan: {counts}")
    return Sentence(f"plan: {', '.join(parts)}" if parts else "plan ready")


def _nothing(fields: Fields) -> Sentence:
    if fields.get("kind") == "scale":
        return Sentence("nothing to do: every count is as asked", "good")
    if fields.get("drift"):
        # What differs has just been told, one by one; it is there to be acted on.
        return Sentence("a deploy has nothing to change; it leaves what else differs from the files as it is")
    return Sentence("nothing to do: every machine is as it should be", "good")


def _changed_counts(counts: Any) -> str:
    """The counts that change, e.g. "nrt 0 → 2, worker:fra 1 → 0"."""
    rows = [each for each in counts if isinstance(each, Mapping)] if isinstance(counts, list | tuple) else []
    grouped = {each.get("group") for each in rows} - {"app"}
    changed = [each for each in rows if each.get("before") != each.get("count")]
    places = [(f"{each.get('group')}:" if grouped else "") + str(each.get("region")) for each in changed]
    pairs = zip(places, changed, strict=True)
    return ", ".join(f"{place} {each.get('before')} → {each.get('count')}" for place, each in pairs)


def _build_line(line: str) -> Sentence:
    """A command that a build runs may take minutes, so it is told; what it writes is a detail."""
    return Sentence(line, "quiet", detail=not line.startswith("$ "))


def _built(fields: Fields) -> Sentence:
    digest = short_digest(fields.get("digest"))
    cached = ", unchanged" if fields.get("cached") else ""
    return Sentence(f"built {fields.get('ref') or ''} ({digest}{cached}){seconds(fields)}".replace(" (-)", ""), "good")


def _probe(fields: Fields) -> Sentence:
    at, spent = place(fields), fields.get("latency_s")
    if fields.get("ok"):
        return Sentence(f"{at} answered {fields.get('status', '')} in {latency(spent)}", detail=True)
    return Sentence(_with_reason(f"{at} did not pass its probe", fields), "warn", detail=True)


def _phase(fields: Fields) -> Sentence:
    text = f"{place(fields)} {fields.get('phase') or ''}".strip()
    tone: Tone = {"healthy": "good", "failed": "bad"}.get(str(fields.get("phase")), "plain")  # type: ignore[assignment]
    # A failure is told by the step that failed.
    return Sentence(_with_reason(text, fields), tone, detail=tone != "good")


def _step(verb: str, tone: Tone = "plain") -> Callable[[Fields], Sentence]:
    def say(fields: Fields) -> Sentence:
        step = str(fields.get("step") or "step").replace("_", " ")
        if (step, tone) == ("gate", "bad"):
            return Sentence(_with_reason(f"{place(fields)} failed", fields), tone)
        return Sentence(_with_reason(f"{place(fields)} {step} {verb}".strip(), fields), tone, detail=tone != "bad")

    return say


def _finished(fields: Fields) -> Sentence:
    result = str(fields.get("result") or "finished").replace("_", " ")
    if result == "nothing":
        return Sentence("nothing had to be changed", "good", detail=True)
    # What went wrong is the command's last line, whatever the reporter.
    return Sentence(f"rollout {result}{seconds(fields)}", "good" if result == "done" else "bad")


def evidence(fields: Fields) -> str:
    """How many answers there are by now, e.g. "23 of 40 good"; of how many it takes, as far as is known."""
    good, asked, wanted = (fields.get(name) for name in ("good", "asked", "wanted"))
    if not isinstance(good, int) or not isinstance(asked, int):
        return "answers come in"
    return f"{good} of {wanted or asked} good" + (f", {count(asked - good, 'error')}" if asked > good else "")


def _watching(fields: Fields) -> Sentence:
    return Sentence(f"watching{_number(fields)} for {duration(float(fields.get('seconds') or 0))}".replace(": ", " "))


def _watched(fields: Fields) -> Sentence:
    return Sentence(str(fields.get("what") or "still well after watching"), "good", detail=not fields.get("what"))


def _drift(fields: Fields) -> Sentence:
    return Sentence(reason(fields) or f"drift: {_rest(fields)}", "warn")


def _rehearsal(fields: Fields) -> Sentence:
    where = "on Fly.io" if fields.get("source") == "fly" else "on the local platform"
    number = int(fields.get("machines") or 0)
    text = f"rehearsing on a copy of the fleet {where}: {count(number, 'machine')}"
    placeholders = [str(name) for name in fields.get("placeholders") or ()]
    return Sentence(text + (f"; placeholders for {', '.join(placeholders)}" if placeholders else ""))


def _hook(fields: Fields) -> str:
    return f"{place(fields)} hook {fields.get('hook') or ''}".strip()


def _hook_finished(fields: Fields) -> Sentence:
    if fields.get("ok"):
        return Sentence(f"{_hook(fields)} is done{seconds(fields)}", "good", detail=fields.get("hook") == "probe")
    status = fields.get("status")
    failed = "could not be run" if status is None else f"failed with exit status {status}"
    said = {"timeout": "timed out", "stopped": "was stopped"}.get(str(fields.get("end")), failed)
    return Sentence(f"{_hook(fields)} {said}{seconds(fields)}", "bad")


def _waiting(fields: Fields) -> Sentence:
    who, why = fields.get("who") or "another holder", fields.get("why") or "no reason given"
    wait = duration(float(fields.get("seconds") or 0))
    return Sentence(f"locked by {who} ({why}): waiting for up to {wait}", "warn")


_SENTENCES: dict[str, Callable[[Fields], Sentence | None]] = {
    "plan.ready": _plan,
    "plan.nothing_to_do": _nothing,
    "drift.found": _drift,
    "lock.waiting": _waiting,
    "lock.taken": lambda fields: Sentence("took the lock", detail=True),
    "lock.lost": lambda fields: Sentence(reason(fields), "bad"),
    "app.created": lambda fields: Sentence("created the app"),
    "build.started": lambda fields: Sentence("building the image"),
    "build.log": lambda fields: _build_line(str(fields.get("line") or "")),
    "build.finished": _built,
    "baseline.measured": lambda fields: Sentence(
        f"{place(fields)} answered in {latency(fields.get('latency_s'))} before", "quiet", detail=True
    ),
    "rollout.started": lambda fields: Sentence(f"rollout {fields.get('rollout') or ''} started".replace("  ", " ")),
    "wave.started": lambda fields: Sentence(f"{_wave(fields)}: {_regions(fields)}".rstrip(": "), "strong"),
    "wave.passed": lambda fields: Sentence(f"{_wave(fields)} passed{seconds(fields)}", "good"),
    "wave.failed": _wave_failed,
    "flyctl.started": lambda fields: Sentence("flyctl deploy started", detail=True),
    "flyctl.line": lambda fields: Sentence(str(fields.get("line") or ""), "quiet", detail=True),
    "flyctl.finished": lambda fields: Sentence(
        _with_reason("flyctl deploy finished" if fields.get("ok", True) else "flyctl deploy failed", fields),
        "plain" if fields.get("ok", True) else "warn",
        detail=bool(fields.get("ok", True)),
    ),
    "step.started": _step("started"),
    "step.finished": _step("done"),
    "step.failed": _step("failed", "bad"),
    "machine.phase": _phase,
    "probe.answered": _probe,
    "watch.started": _watching,
    "watch.finished": _watched,
    "watch.failed": lambda fields: Sentence(
        _with_reason(f"{place(fields)} failed while it was watched", fields), "bad"
    ),
    "evidence.gathered": lambda fields: Sentence(evidence(fields), "quiet", detail=True),
    "traffic.counted": lambda fields: Sentence(
        f"users: {fields.get('asked', 0)} requests, {fields.get('errors', 0)} answered with 5xx", "quiet", detail=True
    ),
    "bake.started": lambda fields: Sentence(f"bake: {_watching(fields).text}"),
    "bake.finished": _watched,
    "hook.started": lambda fields: Sentence(_hook(fields), detail=fields.get("hook") == "probe"),
    "hook.line": lambda fields: Sentence(
        f"{fields.get('hook') or 'hook'}: {fields.get('line') or ''}", "quiet", detail=fields.get("hook") == "probe"
    ),
    "hook.finished": _hook_finished,
    "interrupted": lambda fields: Sentence("interrupted: rolling back (interrupt again to stop right here)", "warn"),
    "rollback.started": lambda fields: Sentence(f"rolling back{_number(fields)}", "warn"),
    "rollback.finished": lambda fields: Sentence(_with_reason(f"rolled back{seconds(fields)}", fields), "warn"),
    "rollout.finished": _finished,
    "rehearsal.started": _rehearsal,
    "fault.set": lambda fields: Sentence(f"fault {fault_sentence(fields)}", "warn"),
    "rehearsal.finished": lambda fields: None,
    "note": lambda fields: Sentence(str(fields.get("line") or "")),
    "warning": lambda fields: Sentence(warning_text(fields), "warn"),
}
