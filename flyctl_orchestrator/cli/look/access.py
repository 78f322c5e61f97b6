"""What `flyo doctor` asks the platform about an app besides its machines: certificates, leases, the lock, the token."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.doctor.access import check_leases, check_lock, check_token, refused_token
from flyctl_orchestrator.doctor.certificates import check_certificates
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.fleet.token import lifetime_of
from flyctl_orchestrator.rollout.lock.by_hand import holders

# Where a token comes from that is no person's own login; flyctl asks for them in this order, too.
TOKEN_VARIABLES = ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN")


def certificate_findings(target: Target, app: str) -> list[Finding]:
    """What is wrong with the app's certificates.

    Raises:
        ApiError: the platform does not say.
    """
    api = target.api.certificates
    found = [api.get(app, hostname) for hostname in api.list(app)]
    return list(check_certificates(app, found, target.api.platform_time()))


def lease_findings(target: Target, app: str, machines: Sequence[Machine]) -> list[Finding]:
    """Machines that somebody holds, and a lock that a person has taken.

    Raises:
        ApiError: the platform does not say.
    """
    held = [each.record for each in holders(target.api, app)]
    leases = [(machine, lease) for machine in machines if (lease := target.api.find_lease(app, machine.id))]
    now = target.api.platform_time()
    return [*check_lock(app, held, now), *check_leases(leases, held, now)]


def token_findings(target: Target, environment: Environment, app: str) -> list[Finding]:
    """What is wrong with a token from the environment; a person's own login is good for everything, and is meant to be.

    Raises:
        ApiError: the platform cannot be asked.
    """
    named = next((each for each in TOKEN_VARIABLES if environment.variables.get(each)), None)
    if named is None or target.kind == "local":
        return []
    now, lifetime = environment.clock.now(), lifetime_of(target.token)
    by_itself = list(check_token(app, named, lifetime, (), now))
    try:
        return list(check_token(app, named, lifetime, target.api.token_scopes(), now))
    except ApiError as error:
        if error.status != 401:
            raise
        return (
            by_itself
            if any(each.severity == "error" for each in by_itself)
            else [refused_token(app, named, f"status {error.status}")]
        )
