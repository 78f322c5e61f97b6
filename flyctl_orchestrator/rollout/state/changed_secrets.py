"""Which secrets have changed since machines were verified: each verification says which secrets there were then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import Verification
from flyctl_orchestrator.rollout.state.not_taken_back import listed
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.state.secret_names import ChangedSecret, Fingerprints, changed_between

SecretsAt = Callable[[str], Fingerprints | None]
"""The secrets as they were when all of them together had a digest; None when nobody remembers."""


@dataclass(frozen=True)
class ChangedSecrets:
    """What has changed.

    Attributes:
        named: by name.
        unnamed: whether some have changed of which nobody remembers the names.
        compared: whether every machine says which secrets there were.
    """

    named: tuple[ChangedSecret, ...] = ()
    unnamed: bool = False
    compared: bool = True


def changed_secrets(
    machines: Iterable[Machine], digest: str, now: Fingerprints, secrets_at: SecretsAt, *, otherwise: str
) -> ChangedSecrets:
    """Compare the secrets that machines were verified with, with those there are now.

    Args:
        machines: as they were.
        digest: of all secrets there are now.
        otherwise: the digest to compare with where there was no machine.
    """
    carried = [Verification.on(machine) for machine in machines]
    then = {each.secrets for each in carried if each is not None} if carried else {otherwise}
    found: set[ChangedSecret] = set()
    unnamed = False
    for each in then - {digest}:
        known = secrets_at(each)
        unnamed = unnamed or known is None
        found |= set() if known is None else set(changed_between(known, now))
    return ChangedSecrets(tuple(sorted(found)), unnamed, None not in carried)


def changed_since(machines: Iterable[Machine], fleet: Fleet, secrets_at: SecretsAt) -> str:
    """For a person, e.g. "secrets have changed since: K (changed)"; "" when none has, as far as machines tell."""
    found = changed_secrets(machines, fleet.secrets, fleet.fingerprints, secrets_at, otherwise=fleet.secrets)
    if not found.named and not found.unnamed:
        return ""
    names = listed(found.named) if found.named else "which ones is not known on this computer"
    return f"secrets have changed since: {names}" + (", and others" if found.named and found.unnamed else "")
