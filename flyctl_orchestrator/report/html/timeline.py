"""A rollout's events put together as a time line: what stands in a report, and small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.words import warning_text

# Answers of one machine that are kept: evenly over the time, the last one always.
MOST_ANSWERS = 24
# Lines of what happened, and evidence of the whole; a rollout has fewer unless something repeats itself.
MOST_LINES = 400
MOST_EVIDENCE = 200

Fields = Mapping[str, Any]
Answer = tuple[int, int, int, float | None]


class Timeline:
    """What events tell, in the order in which they come. One it does not know changes nothing."""

    def __init__(self) -> None:
        self.app = ""
        self.kind, self.id, self.rehearsal = "rollout", "", False
        self.result: dict[str, Any] = {}
        self._began: float | None = None
        self._now = 0
        self._lanes: dict[str, dict[str, Any]] = {}
        self._waves: list[dict[str, Any]] = []
        self._earlier = 0
        self._phases: list[tuple[int, int, str, str]] = []
        self._answers: dict[int, list[Answer]] = {}
        self._evidence: list[list[Any]] = []
        self._lines: list[list[Any]] = []
        self._before: dict[str, list[float]] = {}
        self._watches: list[list[Any]] = []
        self.state = "preparing"

    @property
    def seen(self) -> bool:
        """Whether there is anything to show."""
        return self._began is not None

    @property
    def regions(self) -> list[str]:
        """Codes of the regions that have a machine in it, sorted."""
        return sorted({lane["region"] for lane in self._lanes.values()})

    def hear(self, event: Fact) -> None:
        """Something happened."""
        self.see(event.as_dict())

    def see(self, event: Fields) -> None:
        """Take one event in.

        Args:
            event: as one JSON object, flyo.event/1.
        """
        at = datetime.fromisoformat(event["ts"]).timestamp()
        if self._began is None:
            self._began = at
        # A clock that is set back does not take what has happened with it.
        self._now = max(self._now, round(1000 * (at - self._began)))
        self.app = event.get("app") or self.app
        heard = _HEARD.get(event["event"])
        if heard:
            heard(self, event)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; times are milliseconds since the first event."""
        answers = sorted((at, lane, *rest) for lane, told in self._answers.items() for at, *rest in _thinned(told))
        phases = sorted({phase for _, _, phase, _ in self._phases})
        reasons = sorted({reason for *_, reason in self._phases})
        number, why = ({text: at for at, text in enumerate(texts)} for texts in (phases, reasons))
        return {
            "app": self.app,
            "kind": self.kind,
            "id": self.id,
            "rehearsal": self.rehearsal,
            "began": round(1000 * (self._began or 0.0)),
            "lasted": self._now,
            "lanes": list(self._lanes.values()),
            "waves": self._waves,
            "phases": phases,
            "reasons": reasons,
            "marks": [[at, lane, number[phase], why[reason]] for at, lane, phase, reason in self._phases],
            "answers": answers,
            "evidence": self._evidence,
            "watches": self._watches,
            "state": self.state,
            "lines": self._lines,
            "before": {region: sorted(told)[len(told) // 2] for region, told in self._before.items()},
            "result": self.result,
        }

    def say(self, text: str, tone: str = "") -> None:
        """A line of what happened, now."""
        if text and len(self._lines) < MOST_LINES:
            self._lines.append([self._now, text, tone])

    def lane(self, told: Fields) -> int:
        """The number of the machine an event is about; what it tells of it is kept."""
        name = str(told.get("lane") or told.get("name") or "")
        parts = [*name.split("/"), "", ""]
        known = self._lanes.setdefault(
            name, {"name": name, "region": parts[0], "group": parts[1], "machine": "", "number": len(self._lanes)}
        )
        for key in ("region", "group", "machine"):
            known[key] = told.get(key) or known[key]
        return int(known["number"])

    def phase(self, told: Fields, phase: str, reason: str = "") -> None:
        """A machine has come to a phase."""
        self._phases.append((self._now, self.lane(told), phase, reason))

    def planned(self, event: Fields) -> None:
        """The plan is made. When a rollout is resumed, its waves come after those that had begun."""
        self.kind = event.get("kind") or self.kind
        self._waves = [wave for wave in self._waves if wave["at"] is not None]
        self._earlier = len(self._waves)
        for wave in event["waves"]:
            lanes = [self.lane(lane) for lane in wave["lanes"]]
            self._waves.append({"name": wave["name"], "lanes": lanes, "at": None, "ended": None, "state": "waiting"})

    def wave_began(self, event: Fields) -> None:
        """A wave has begun."""
        number = self._earlier + int(event["number"])
        while len(self._waves) < number:
            self._waves.append({"name": event["wave"], "lanes": [], "at": None, "ended": None, "state": "waiting"})
        lanes = [self.lane(lane) for lane in event["lanes"]]
        self.state = f"wave {number} of {len(self._waves)}"
        self._waves[number - 1] |= {"name": event["wave"], "lanes": lanes, "at": self._now, "state": "running"}
        self.say(f"{event['wave']} begins: {', '.join(event['regions'])}")

    def wave_ended(self, event: Fields, state: str, reason: str = "") -> None:
        """A wave has passed, or not."""
        self.watched_enough()
        number = self._earlier + int(event["number"])
        if number <= len(self._waves):
            self._waves[number - 1] |= {"ended": self._now, "state": state}
        bad = state != "passed"
        self.say(
            ": ".join(filter(None, (event["wave"], state, reason))) if bad else f"{event['wave']} has passed",
            "bad" if bad else "good",
        )

    def watched(self, what: str, event: Fields) -> None:
        """A watch, or the bake after it, has begun."""
        self._watches.append([self._now, None, what, event["seconds"]])

    def watched_enough(self) -> None:
        """Nobody watches any more."""
        for watch in self._watches:
            watch[1] = self._now if watch[1] is None else watch[1]

    def failed(self, event: Fields) -> None:
        """A step, or a machine that was watched, has failed."""
        reason = event.get("reason") or "failed"
        self.phase(event, "failed", reason)
        self.say(f"{event.get('region', '')} {event.get('machine') or event.get('lane')}: {reason}", "bad")

    def answered(self, event: Fields) -> None:
        """A machine was looked at from outside."""
        # Not `lane` with all fields: its `release` is what the app says of itself.
        told = self._answers.setdefault(self.lane(event), [])
        _, good, asked, _ = told[-1] if told else (0, 0, 0, None)
        took = event.get("latency_s")
        told.append((self._now, good + bool(event["ok"]), asked + 1, None if took is None else round(1000 * took, 1)))
        if len(told) > 40 * MOST_ANSWERS:
            # Sums lose nothing by it; a bake of hours would fill the memory.
            told[:-1] = told[:-1:2]

    def baseline(self, event: Fields) -> None:
        """A machine was looked at before anything was changed."""
        if event.get("latency_s") is not None:
            self._before.setdefault(event["region"], []).append(round(1000 * event["latency_s"], 1))

    def gathered(self, event: Fields) -> None:
        """There are more answers for the whole wave."""
        told = [self._now, *(event.get(key) for key in ("during", "good", "asked", "wanted", "below"))]
        if len(self._evidence) < MOST_EVIDENCE:
            self._evidence.append(told)
        else:
            self._evidence[-1] = told

    def went_back(self, event: Fields) -> None:
        """It begins to go back."""
        for wave in self._waves:
            if wave["state"] == "running":
                wave |= {"ended": self._now, "state": "broken off"}
        self.watched_enough()
        self.state = "going back"
        self.say(f"going back: {event['reason']}", "bad")

    def finished(self, event: Fields) -> None:
        """It has ended."""
        kept = ("result", "exit", "code", "what", "next", "seconds", "machines", "log", "not_taken_back")
        self.result = {key: event.get(key) for key in kept}
        self.watched_enough()
        self.state = "ended"
        self.say(event.get("what") or event["result"], "bad" if event["exit"] else "good")

    def did_not_begin(self, event: Fields) -> None:
        """An error has ended it before anything was changed."""
        self.state = "ended"
        self.result = {"result": "did not begin", "exit": event.get("exit"), "what": event.get("what"), "machines": []}
        self.say(event.get("what") or "error", "bad")


def timeline_of(events: Iterable[Fields]) -> Timeline:
    """The time line of all events of one rollout."""
    timeline = Timeline()
    for event in events:
        timeline.see(event)
    return timeline


def _thinned(told: list[Answer]) -> list[Answer]:
    """At most MOST_ANSWERS, evenly; each has the sums up to it, so that nothing is lost but the moments between."""
    if len(told) <= MOST_ANSWERS:
        return told
    last = len(told) - 1
    return [told[round(last * number / (MOST_ANSWERS - 1))] for number in range(MOST_ANSWERS)]


def _started(timeline: Timeline, event: Fields) -> None:
    timeline.id, timeline.kind = event["rollout"], event.get("kind") or timeline.kind


def _rehearsal(timeline: Timeline, event: Fields) -> None:
    timeline.rehearsal = True


def _watch(timeline: Timeline, event: Fields) -> None:
    timeline.watched("watch", event)
    timeline.say(f"every machine has passed; they are watched for {event['seconds']:g} s")


def _watched(timeline: Timeline, event: Fields) -> None:
    timeline.watched_enough()
    timeline.say(event.get("what") or "", "good")


def _bake(timeline: Timeline, event: Fields) -> None:
    timeline.watched("bake", event)
    timeline.say(f"watched further for {event['seconds']:g} s")


def _hook(timeline: Timeline, event: Fields) -> None:
    timeline.say(f"hook {event['hook']}: {event['end']}", "" if event["ok"] else "bad")


def _back(timeline: Timeline, event: Fields) -> None:
    ok = event["ok"]
    timeline.say("every machine is as it was" if ok else "not every machine is as it was", "good" if ok else "bad")


def _fault(timeline: Timeline, event: Fields) -> None:
    where = " in ".join(str(part) for part in (event["name"], event.get("region")) if part)
    timeline.say(f"fault {where} is set", "warn")


_HEARD: dict[str, Callable[[Timeline, Fields], None]] = {
    "rehearsal.started": _rehearsal,
    "build.started": lambda timeline, event: timeline.say("the image is being built"),
    "build.finished": lambda timeline, event: timeline.say("the image is built", "good"),
    "plan.ready": Timeline.planned,
    "plan.nothing_to_do": lambda timeline, event: timeline.say("nothing to do", "good"),
    "rollout.started": _started,
    "baseline.measured": Timeline.baseline,
    "wave.started": Timeline.wave_began,
    "wave.passed": lambda timeline, event: timeline.wave_ended(event, "passed"),
    "wave.failed": lambda timeline, event: timeline.wave_ended(event, event["verdict"], event.get("reason") or ""),
    "step.failed": Timeline.failed,
    "watch.failed": Timeline.failed,
    "machine.phase": lambda timeline, event: timeline.phase(event, event["phase"], event.get("reason") or ""),
    "probe.answered": Timeline.answered,
    "evidence.gathered": Timeline.gathered,
    "watch.started": _watch,
    "watch.finished": _watched,
    "bake.started": _bake,
    "bake.finished": lambda timeline, event: timeline.watched_enough(),
    "interrupted": lambda timeline, event: timeline.say("interrupted", "bad"),
    "lock.waiting": lambda timeline, event: timeline.say(f"waiting for the lock of {event['who']}"),
    "lock.lost": lambda timeline, event: timeline.say(event["what"], "bad"),
    "hook.finished": _hook,
    "rollback.started": Timeline.went_back,
    "rollback.finished": _back,
    "rollout.finished": Timeline.finished,
    "fault.set": _fault,
    "error": Timeline.did_not_begin,
    "warning": lambda timeline, event: timeline.say(warning_text(event), "warn"),
    "note": lambda timeline, event: timeline.say(event["line"]),
}
