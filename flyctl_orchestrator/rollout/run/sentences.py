"""What became of the machines, in one sentence that is computed from their rows and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.rollout.context.outcome import Row
from flyctl_orchestrator.rollout.plan.plan import PlanKind
from flyctl_orchestrator.rollout.run.result_rows import APPEARED, LEFT
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack


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
    strange = [row for row in _having(rows, "unverified") if row.why == APPEARED]
    if new and not unchanged and not destroyed and not strange:
        return "every machine is new and verified"
    parts = [(new, "new and verified"), (destroyed, "destroyed"), (unchanged, "unchanged"), (strange, "not verified")]
    return _listed([(len(found), what) for found, what in parts if found]) or "no machine was changed"


def stopped_sentence(rows: Sequence[Row]) -> str:
    """What a rollout that stopped without a verdict leaves: each machine that is not proved is named."""
    proved = [row for row in rows if row.fate == "new"]
    odd = [row for row in rows if row.fate not in ("new", "unchanged", "destroyed")]
    names = ", ".join(f"{row.region} {row.machine or 'a new machine'}" for row in odd)
    said = [f"changed and not proved: {names}"] if odd else []
    said += [f"new and verified: {len(proved)}"] if proved else []
    unchanged = len(_having(rows, "unchanged"))
    said += [f"unchanged: {unchanged}"] if unchanged else []
    return f"left as it is ({'; '.join(said)})"


def way_back_sentence(rows: Sequence[Row], not_back: NotTakenBack) -> str:
    """What a way back that went well has done, and what it has not. "As it was" is said of what was compared."""
    if not _having(rows, "restored"):
        done = "what was created is destroyed again, nothing else was touched"
    elif not_back.same_secrets:
        done = "every touched machine is back as it was, verified"
    else:
        done = "every touched machine has its image and configuration back, verified"
    if left := [row.machine for row in rows if row.fate == "destroyed" and row.why == LEFT]:
        done += f"; destroyed for good, as an unfinished rollout had left {'it' if len(left) == 1 else 'them'}: "
        done += ", ".join(left)
    return with_not_back(done, not_back)


def return_sentence(rows: Sequence[Row], not_back: NotTakenBack) -> str:
    """What a return to an earlier state that went well has done, and what it has not."""
    restored, destroyed, unchanged = (_having(rows, fate) for fate in ("restored", "destroyed", "unchanged"))
    if not restored and not destroyed:
        has = "is as it was" if not_back.same_secrets else "has its image and configuration"
        done = f"every machine {has}"
    elif not destroyed and not unchanged:
        has = "is back as it was" if not_back.same_secrets else "has its image and configuration back"
        done = f"every machine {has}, verified"
    else:
        back = "back as before" if not_back.same_secrets else "put back (image and configuration)"
        parts = [(restored, f"{back}, verified"), (destroyed, "destroyed"), (unchanged, "unchanged")]
        done = _listed([(len(found), what) for found, what in parts if found])
    return with_not_back(done, not_back)


def with_not_back(done: str, not_back: NotTakenBack) -> str:
    """A sentence with what is not taken back behind it, where there is something."""
    return f"{done}; {not_back.said}" if not_back.said else done


def _having(rows: Sequence[Row], fate: str) -> list[Row]:
    return [row for row in rows if row.fate == fate]


def _listed(parts: Sequence[tuple[int, str]]) -> str:
    """E.g. "1 machine is destroyed, 2 unchanged"."""
    texts = [f"{number} {what}" for number, what in parts]
    for number, what in parts[:1]:
        texts[0] = f"1 machine is {what}" if number == 1 else f"{number} machines are {what}"
    return ", ".join(texts)
