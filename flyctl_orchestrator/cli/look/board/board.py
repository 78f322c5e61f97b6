"""What the live board knows, and what its keys do; knows nothing of the terminal it is drawn on."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.log_pages import LogLine
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.report.look.board_text import Sight
from flyctl_orchestrator.rollout.survey import Survey

REFRESH_LOGS = 1.0


@dataclass(frozen=True)
class Hands:
    """What the board can do outside itself. Each may take long, and raises FlyoError when it cannot be done.

    Attributes:
        look: the fleet as it is now, and when that was (seconds since the epoch).
        logs: the newest lines of one machine.
        restart: restart one machine, and give a sentence that says how it went.
    """

    look: Callable[[], tuple[Survey, float]]
    logs: Callable[[str], list[LogLine]]
    restart: Callable[[Machine], str]


@dataclass
class Board:
    """The state of the board. Its methods are safe for many threads; the slow ones are for threads of their own.

    Attributes:
        message: the last line, about what a key did.
        asking: the machine whose restart is to be confirmed; None while nothing is asked.
        logs: the lines that are shown; None while they are not.
        busy: whether a restart is under way.
    """

    sight: Sight
    hands: Hands
    url: str
    message: str = ""
    asking: Machine | None = None
    logs: list[LogLine] | None = None
    busy: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.move(0)

    # --- keys

    def move(self, step: int) -> None:
        """Choose another machine: the next one (1), the one before (-1)."""
        with self._lock:
            machines = self.sight.machines
            if not machines:
                return
            here = machines.index(self.sight.chosen) if self.sight.chosen in machines else 0
            chosen = machines[max(0, min(len(machines) - 1, here + step))]
            if chosen != self.sight.chosen:
                self.sight = replace(self.sight, chosen=chosen)
                self.logs = None if self.logs is None else []

    def toggle_logs(self) -> None:
        """Show the chosen machine's logs, or show them no longer."""
        with self._lock:
            self.logs = [] if self.logs is None and self.sight.chosen else None

    def open(self) -> None:
        """Open the app in a browser."""
        opened = webbrowser.open(self.url)
        self.message = f"opened {self.url}" if opened else f"no browser could be started for {self.url}"

    def ask_to_restart(self) -> None:
        """Ask whether the chosen machine is to be restarted."""
        with self._lock:
            machine = self._machine()
            if self.busy:
                self.message = "a restart is under way"
            elif machine is None:
                self.message = "no machine is chosen"
            elif machine.state != "started":
                self.message = f"machine {machine.id} is {machine.state}: there is nothing to restart"
            else:
                self.asking, self.message = machine, ""

    def answer(self, *, yes: bool) -> Machine | None:
        """The answer to the question; gives the machine to restart after a yes."""
        with self._lock:
            machine, self.asking = self.asking, None
            if machine is None or not yes:
                self.message = "nothing was restarted"
                return None
            self.busy, self.message = True, f"restarting machine {machine.id} in {machine.region}"
            return machine

    @property
    def question(self) -> str:
        """What is asked, "" while nothing is."""
        machine = self.asking
        return f"Restart machine {machine.id} in {machine.region}? y/n" if machine else ""

    # --- what takes time

    def restart(self, machine: Machine) -> None:
        """Restart it, and say how that went."""
        try:
            said = self.hands.restart(machine)
        except FlyoError as error:
            said = f"{error} [{error.code}]"
        with self._lock:
            self.busy, self.message = False, said

    def look(self) -> None:
        """Look at the fleet once more; a look that fails is said, and the one before stays."""
        try:
            found, at = self.hands.look()
        except FlyoError as error:
            with self._lock:
                self.sight = replace(self.sight, trouble=error.what)
            return
        with self._lock:
            self.sight = Sight(found, at, self.sight.chosen)
            if self.sight.chosen not in self.sight.machines:
                self.sight = replace(self.sight, chosen=next(iter(self.sight.machines), ""))

    def look_at_logs(self) -> None:
        """Read the chosen machine's newest lines, while they are shown."""
        chosen = self.sight.chosen
        if self.logs is None or not chosen:
            return
        try:
            lines = self.hands.logs(chosen)
        except FlyoError as error:
            self.message = error.what
            return
        with self._lock:
            if self.logs is not None and self.sight.chosen == chosen:
                self.logs = lines

    def _machine(self) -> Machine | None:
        return next((each.machine for each in self.sight.found.seen if each.machine.id == self.sight.chosen), None)
