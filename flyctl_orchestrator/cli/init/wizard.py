"""The questions of `flyo init` at a terminal. It only asks: what is done with the answers is the command's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import Region, RegionBook
from flyctl_orchestrator.cli.init.name import Names
from flyctl_orchestrator.cli.init.questions import Question, questions
from flyctl_orchestrator.cli.init.suggested import Suggested
from flyctl_orchestrator.cli.questions import answer, terminal
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.project.asked import Asked
from flyctl_orchestrator.project.detect.database import database_lines
from flyctl_orchestrator.project.flyotoml import valid_path
from flyctl_orchestrator.project.flytoml import valid_app_name
from flyctl_orchestrator.project.scaffold import DEFAULT_AUTO_STOP, DEFAULT_MEMORY, Existing, health_path
from flyctl_orchestrator.report.output import Output

IDLE = {
    "suspend": "suspend: freeze it; it costs only its disk and wakes in under a second",
    "stop": "stop: shut it down; it costs only its disk and wakes in some seconds",
    "off": "off: keep it running",
}
MEMORIES = {"256mb": 256, "512mb": 512, "1gb": 1024, "2gb": 2048}


@dataclass(frozen=True)
class Wizard:
    """Asks for whatever flags left open.

    Attributes:
        suggested: what Enter takes.
        names: says whose an app's name is.
    """

    environment: Environment
    existing: Existing
    regions: RegionBook
    prices: PriceBook
    suggested: Suggested
    names: Names

    def ask(self, asked: Asked) -> Asked:
        """`asked` with the answer to every question that is asked; whether to write is not.

        Raises:
            KeyboardInterrupt: the user left (Ctrl-C or Ctrl-D).
        """
        self._introduce()
        with terminal(self.environment):
            wanted = questions(asked, self.existing)
            if "app" in wanted:
                asked = replace(asked, app=self._app())
            if remark := self.names.remark(asked.app or ""):
                self._say(f"{remark}.")
            if "primary" in wanted:
                asked = replace(asked, primary=self._primary())
            if "more" in wanted:
                asked = replace(asked, regions=self._regions(asked.primary or "", ask_number="count" in wanted))
            asked = replace(asked, primary=asked.primary or next(iter(asked.regions or ())))
            steps: dict[Question, Callable[[Asked], Asked]] = {
                "start": lambda known: replace(known, start=self._start()),
                "port": lambda known: replace(known, port=self._port()),
                "health": lambda known: replace(known, health=self._health()),
                "idle": lambda known: replace(known, auto_stop=self._auto_stop()),
                "memory": lambda known: replace(known, memory=self._memory(known)),
            }
            for question, answered in steps.items():
                asked = answered(asked) if question in wanted else asked
            return asked

    def _introduce(self) -> None:
        detected, there = self.existing.detected, []
        if self.existing.fly:
            there.append("fly.toml")
        if self.existing.flyo:
            there.append("flyo.toml")
        say = self._say
        say(f"This looks like {detected.label}.")
        if there:
            say(f"{' and '.join(there)} will be edited in place: comments and other keys stay.")
        for note in detected.notes if self.existing.needs_dockerfile else ():
            say(f"{note}.")
        for line in database_lines(detected):
            say(f"{line}.")
        if self.suggested.guess:
            say(f"{self.suggested.guess}.")
        say("Enter takes the suggestion; Ctrl-C leaves without writing anything.")
        say("")

    def _app(self) -> str:
        default = self.suggested.app
        while True:
            app = text("App name", default, valid_app_name, "Lower-case letters, digits and hyphens, 63 at most")
            # The suggested one was looked at before.
            if app == default or self.names.whose(app) != "other":
                return app
            self._say(f"T{self.names.taken(app)[1:]}.")
            default = self.names.free_one(app)

    def _primary(self) -> str:
        from flyctl_orchestrator.cli.init.region_choice import one_region

        default = self.suggested.code
        question = one_region("Primary region, next to the database", self._offered(default), default, self.regions)
        return str(answer(question))

    def _regions(self, primary: str, *, ask_number: bool) -> dict[str, int]:
        from flyctl_orchestrator.cli.init.region_choice import more_regions

        there = dict(self.existing.flyo.regions) if self.existing.flyo else {}
        offered = [region for region in self._offered(*there) if region.code != primary]
        question = more_regions("Further regions", offered, list(there), self.regions)
        chosen = [str(code) for code in answer(question)]
        codes = _in_order(primary, chosen, list(there))
        known = set(there.values()) - {0} or {1}
        default = str(known.pop()) if len(known) == 1 and 0 not in there.values() else ""
        count = self._number(codes, default) if ask_number else default
        return {code: int(count) if count.isdigit() else there.get(code, 1) or int(code == primary) for code in codes}

    def _number(self, codes: list[str], default: str) -> str:
        """Machines in each region: a number, or "as now"."""
        return text(
            f"Machines in each of {', '.join(codes)}" if len(codes) > 1 else f"Machines in {codes[0]}",
            default or "as now",
            lambda written: _is_count(written) or (not default and written == "as now"),
            "A whole number from 1 to 1000",
        )

    def _start(self) -> str | None:
        return text("Start command", "", lambda written: True, "") or None

    def _port(self) -> int:
        fly = self.existing.fly
        known = fly.services[0].internal_port if fly and fly.services else None
        default = known or self.existing.detected.port
        return int(text("Port the app listens on", str(default), _is_port, "A port from 1 to 65535"))

    def _health(self) -> str:
        fly = self.existing.fly
        default = (health_path(fly) if fly else None) or self.existing.detected.health
        return text("Path that answers 200 when the app is well", default, valid_path, "A path such as /health")

    def _auto_stop(self) -> str:
        import questionary

        fly = self.existing.fly
        default = fly.services[0].auto_stop if fly and fly.services else DEFAULT_AUTO_STOP
        choices = [questionary.Choice(title, value) for value, title in IDLE.items()]
        return str(answer(questionary.select("When a machine gets no requests", choices=choices, default=default)))

    def _memory(self, asked: Asked) -> str:
        import questionary

        choices = [
            questionary.Choice(f"{name:<5} ${self._monthly(size, asked):.2f} a month", name)
            for name, size in MEMORIES.items()
        ]
        question = questionary.select(
            "Memory of a machine with one shared CPU",
            choices=choices,
            default=DEFAULT_MEMORY,
            instruction=f"({_total(asked)}, never idle; prices of {self.prices.captured_on})",
        )
        return str(answer(question))

    def _monthly(self, memory_mb: int, asked: Asked) -> float:
        known = {region.code: region.markup or 1.0 for region in self.regions}
        counts = (asked.regions or {}).items()
        return sum(self.prices.machine_month("shared", 1, memory_mb, known[code]) * count for code, count in counts)

    def _offered(self, *always: str) -> list[Region]:
        return [region for region in self.regions if not region.deprecated or region.code in always]

    def _say(self, line: str) -> None:
        Output.of(self.environment).say(line)


def go_ahead(environment: Environment, app: str, where: str) -> Literal["write", "create", "leave"]:
    """Whether to write the files, and whether to create the app as well.

    Args:
        where: the platform that the app would be created on.

    Raises:
        KeyboardInterrupt: the user left (Ctrl-C or Ctrl-D).
    """
    import questionary

    choices = [
        questionary.Choice("yes: write the files", "write"),
        questionary.Choice(f"yes, and create the app '{app}' {where}", "create"),
        questionary.Choice("no: write nothing", "leave"),
    ]
    with terminal(environment):
        chosen: Literal["write", "create", "leave"] = answer(questionary.select("Go ahead?", choices=choices))
    return chosen


def text(question: str, default: str, valid: Callable[[str], bool], advice: str) -> str:
    """A line of text that `valid` accepts; `advice` says what would be."""
    import questionary

    check = lambda written: valid(written.strip()) or advice  # noqa: E731
    return str(answer(questionary.text(question, default=default, validate=check))).strip()


def _in_order(primary: str, chosen: list[str], before: list[str]) -> list[str]:
    """The order of an existing file is kept; otherwise the primary region comes first."""
    kept = [code for code in before if code in chosen or code == primary]
    start = kept if primary in kept else [primary, *kept]
    return start + [code for code in chosen if code not in start]


def _total(asked: Asked) -> str:
    count = sum((asked.regions or {}).values())
    return f"{count} machine{'' if count == 1 else 's'}"


def _is_count(written: str) -> bool:
    return written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= 1000


def _is_port(written: str) -> bool:
    return written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= 65535
