"""What became of the machines, in one sentence that is computed from their rows and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.rollout.context.outcome import Row
from flyctl_orchestrator.rollout.plan.plan import PlanKind


def forward_sentence(rows: Sequence[Row], kind: PlanKind, groups: Sequence[str] = ()) -> str:
    """What a rollout that came to its end has done, e.g. "4 machines are new and verified, 2 unchanged".

    Args:
        groups: process groups of fly.toml; empty: those of the rows.
    """
    new, unchanged = _having(rows, "new"), _having(rows, "unchanged")
    # What a deploy destroys has been replaced, and its replacement is what counts; or its process group is no more.
    destroyed = _having(rows, "destroyed")
    if kind != "scale":
        destroyed = [row for row in destroyed if groups and row.group not in groups]
    if new and not unchanged and not destroyed:
        return "every machine is new and verified"
    parts = [(new, "new and verified"), (destroyed, "destroyed"), (unchanged, "unchanged")]
    return _listed([(len(found), what) for found, what in parts if found]) or "no machine was changed"


def way_back_sentence(rows: Sequence[Row]) -> str:
    """What a way back that went well has done."""
    if not _having(rows, "restored"):
        return "what was created is destroyed again, nothing else was touched"
    return "every touched machine is back as it was, verified"


def return_sentence(rows: Sequence[Row]) -> str:
    """What a return to an earlier state that went well has done."""
    restored, destroyed, unchanged = (_having(rows, fate) for fate in ("restored", "destroyed", "unchanged"))
    if not restored and not destroyed:
        return "every machine is as it was"
    if not destroyed and not unchanged:
        return "every machine is back as it was, verified"
    parts = [(restored, "back as before, verified"), (destroyed, "destroyed"), (unchanged, "unchanged")]
    return _listed([(len(found), what) for found, what in parts if found])


def _having(rows: Sequence[Row], fate: str) -> list[Row]:
    return [row for row in rows if row.fate == fate]


def _listed(parts: Sequence[tuple[int, str]]) -> str:
    """E.g. "1 machine is destroyed, 2 unchanged"."""
    texts = [f"{number} {what}" for number, what in parts]
    for number, what in parts[:1]:
        texts[0] = f"1 machine is {what}" if number == 1 else f"{number} machines are {what}"
    return ", ".join(texts)
