"""Draws the board over the whole terminal, with prompt_toolkit, and hands the keys on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.data_structures import Point
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output import create_output

from flyctl_orchestrator.cli.look.board.board import REFRESH_LOGS, Board
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.look.board_text import board_lines, keys_line, log_lines
from flyctl_orchestrator.report.style import Style


class Screen:
    """The board at a terminal.

    Args:
        interval: seconds between two looks.
    """

    def __init__(self, board: Board, environment: Environment, style: Style, interval: float) -> None:
        self._board = board
        self._style = style
        self._interval = interval
        self._over = threading.Event()
        self._now = threading.Event()
        asking = Condition(lambda: board.asking is not None)
        self._app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(asking),
            full_screen=True,
            input=create_input(environment.stdin),
            output=create_output(stdout=environment.stdout),
        )

    def run(self) -> None:
        """Show it until somebody quits; the terminal is afterwards as it was before."""
        for work in (self._keep_looking, self._keep_reading):
            threading.Thread(target=work, daemon=True).start()
        try:
            self._app.run()
        finally:
            self._over.set()
            self._now.set()

    # --- what goes on meanwhile

    def _keep_looking(self) -> None:
        while not self._over.is_set():
            self._now.wait(self._interval)
            self._now.clear()
            if not self._over.is_set():
                self._board.look()
                self._app.invalidate()

    def _keep_reading(self) -> None:
        while not self._over.wait(REFRESH_LOGS):
            if self._board.logs is not None:
                self._board.look_at_logs()
                self._app.invalidate()

    def _restart(self) -> None:
        machine = self._board.answer(yes=True)
        if machine is None:
            return

        def work() -> None:
            self._board.restart(machine)
            self._now.set()
            self._app.invalidate()

        threading.Thread(target=work, daemon=True).start()

    # --- keys

    def _keys(self, asking: Condition) -> KeyBindings:
        keys, board = KeyBindings(), self._board

        def on(names: Sequence[str], act: Callable[[], object], *, when: Condition | None = None) -> None:
            for name in names:

                @keys.add(name, filter=when if when is not None else ~asking)
                def _(event: KeyPressEvent) -> None:
                    if not board.busy and event.key_sequence[0].key != Keys.ControlL:
                        board.message = ""
                    act()

        on(("up", "k"), lambda: board.move(-1))
        on(("down", "j"), lambda: board.move(1))
        on(("l",), board.toggle_logs)
        on(("o",), board.open)
        on(("r",), board.ask_to_restart)
        on(("q",), lambda: get_app().exit())
        on(("y", "Y"), self._restart, when=asking)
        on(("n", "N", "q", "escape", "enter"), lambda: board.answer(yes=False), when=asking)
        on(("c-l",), lambda: get_app().renderer.clear(), when=Condition(lambda: True))
        on(("c-c", "c-d"), lambda: get_app().exit(), when=Condition(lambda: True))
        return keys

    # --- what is drawn

    def _layout(self) -> Layout:
        board = self._board
        fleet = FormattedTextControl(
            lambda: self._text(self._page()[0]),
            focusable=True,
            show_cursor=False,
            get_cursor_position=lambda: Point(0, self._page()[1]),
        )
        logs = FormattedTextControl(lambda: self._text(self._log_page()))
        shown = Condition(lambda: board.logs is not None)
        foot = FormattedTextControl(lambda: self._text([self._foot()]))
        return Layout(
            HSplit(
                [
                    Window(fleet, wrap_lines=True),
                    ConditionalContainer(Window(logs, height=lambda: self._log_height(), wrap_lines=False), shown),
                    Window(foot, height=1, dont_extend_height=True),
                ]
            )
        )

    def _page(self) -> tuple[list[Line], int]:
        return board_lines(self._board.sight, self._style, self._size()[0], url=self._board.url)

    def _log_page(self) -> list[Line]:
        return log_lines(self._board.logs or [], self._board.sight.chosen, self._log_height())

    def _log_height(self) -> int:
        return max(3, self._size()[1] // 2)

    def _foot(self) -> Line:
        if self._board.question:
            return Line.of(Span(self._board.question, "strong"))
        return Line.of(self._board.message) if self._board.message else keys_line(self._style, self._size()[0])

    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return size.columns, size.rows

    def _text(self, lines: Sequence[Line]) -> ANSI:
        # Through the style, as everything that is printed: nothing that others wrote is a command to the terminal.
        return ANSI("\n".join(self._style.characters(line) for line in lines))
