"""Questions to a person at a terminal. They go to stderr, since stdout is for data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.clean import clean


def confirm(environment: Environment, question: str, *, default: bool) -> bool:
    """A yes or no.

    Raises:
        KeyboardInterrupt: the user left, with Ctrl-C or by ending the input.
    """
    import questionary

    with terminal(environment):
        return bool(answer(questionary.confirm(clean(question), default=default)))


@contextmanager
def terminal(environment: Environment) -> Iterator[None]:
    """While inside, questions are put on stderr; an end of input counts as leaving."""
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.output import create_output

    try:
        with create_app_session(output=create_output(stdout=environment.stderr)):
            yield
    except EOFError:
        raise KeyboardInterrupt from None


def answer(question: Any) -> Any:
    """The answer to a questionary question; Ctrl-C is an exception and not an answer."""
    return question.unsafe_ask()
