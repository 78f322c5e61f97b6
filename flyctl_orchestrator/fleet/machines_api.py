"""The Machines API, one method per operation that is used: https://docs.fly.io/machines/api/."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.addresses import AddressesApi
from flyctl_orchestrator.fleet.api_answer import (
    acknowledged,
    expect,
    lease,
    lease_with_nonce,
    machine_of,
    machines_of,
    reached,
    versions,
)
from flyctl_orchestrator.fleet.api_call import Call, Caller, Repeat
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.certificates import CertificatesApi
from flyctl_orchestrator.fleet.http import Http
from flyctl_orchestrator.fleet.listings import Listings
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.regions.api import RegionsApi
from flyctl_orchestrator.fleet.resources import Lease, SecretInfo
from flyctl_orchestrator.fleet.token import TokenScope, token_scopes
from flyctl_orchestrator.fleet.volumes import VolumesApi

# The platform answers a wait after 60 s at the latest; longer waits are several calls.
LONGEST_WAIT = 60
# Seconds for an answer that is not worth waiting for.
HURRIED = 5.0


class MachinesApi:
    """A client of one Machines API. Safe for many threads; share one, since it also keeps the pace.

    Every method raises `ApiError` when the platform refuses or cannot be reached. Calls that are safe to repeat are
    repeated for `patience` seconds; `create_machine` never is, unless it is certain that nothing was created.

    Args:
        base_url: scheme://host:port, e.g. https://api.machines.dev.
        token: a Fly token of any kind; never shown.
    """

    def __init__(
        self, base_url: str, token: str, http: Http, clock: Clock, random: random.Random, *, patience: float = 30.0
    ) -> None:
        self._caller = Caller(base_url, token, http, clock, random, patience=patience)
        self._clock, self.listings = clock, Listings(clock)
        self._regions: dict[str, str] = {}

    def hurried(self, seconds: float) -> MachinesApi:
        """This client, with the same pace, giving up sooner.

        Args:
            seconds: for one attempt, and during which a failing call is tried again.
        """
        twin = copy.copy(self)
        twin._caller = self._caller.hurried(seconds)
        return twin

    def platform_time(self) -> float:
        """Seconds since the epoch by the platform's clock, as its last answer told it; by ours as long as none has."""
        return self._clock.now() + self._caller.ahead

    @property
    def volumes(self) -> VolumesApi:
        """The operations on volumes, at the same pace."""
        return VolumesApi(self._caller)

    @property
    def addresses(self) -> AddressesApi:
        """The operations on IP addresses, at the same pace."""
        return AddressesApi(self._caller)

    @property
    def regions(self) -> RegionsApi:
        """What the platform says of its regions."""
        return RegionsApi(self._caller)

    @property
    def certificates(self) -> CertificatesApi:
        """The operations on certificates, at the same pace."""
        return CertificatesApi(self._caller)

    def token_scopes(self) -> list[TokenScope]:
        """What the token of this client may touch, as far as the platform tells."""
        return token_scopes(self._caller)

    def list_machines(self, app: str, *, having: tuple[str, str] | None = None) -> list[Machine]:
        """Every machine of an app that is not destroyed, throw-away and unmanaged ones included.

        Args:
            having: only those with this metadata, as (key, value).
        """
        query = f"?{urlencode({'metadata.' + having[0]: having[1]})}" if having else ""
        call = self._app_call("GET", app, f"/machines{query}", "list", "list the machines")
        asked = self.listings.moment()
        found = [self._seen(machine) for machine in self._caller.send(call, machines_of(app))]
        return found if having else self.listings.keep(app, asked, found)

    def may_list(self, app: str) -> bool:
        """Whether `list_machines` need not wait for its turn now."""
        return self._caller.pacer.ready("list", app)

    def get_machine(self, app: str, machine_id: str, *, hurry: bool = False) -> Machine:
        """One machine; `ApiError` of kind not_found when there is none (any more).

        Args:
            hurry: ask once, for a few seconds, and not for half a minute.
        """
        call = self._machine_call("GET", app, machine_id, "", "get", "read the machine")
        call = replace(call, hurry=True, timeout=HURRIED) if hurry else call
        return self._seen(self._caller.send(call, machine_of(app, machine_id)))

    def list_versions(self, app: str, machine_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The configurations a machine has had, newest first, as (instance_id, config); Fly keeps the recent ones."""
        call = self._machine_call("GET", app, machine_id, "/versions", "versions", "read the machine's versions")
        return self._caller.send(call, versions)

    def create_machine(
        self,
        app: str,
        *,
        config: Mapping[str, Any],
        region: str,
        name: str | None = None,
        skip_launch: bool = False,
        skip_service_registration: bool = False,
        min_secrets_version: int | None = None,
        lease_ttl: int | None = None,
    ) -> Machine:
        """Create a machine and, unless `skip_launch`, boot it.

        Put an idempotency tag into `config["metadata"]`: when the error says `ambiguous`, the machine may exist all
        the same, and `find_created` looks for it.

        Args:
            skip_service_registration: the proxy does not send it requests until `uncordon`.
            min_secrets_version: boot with at least this version of the secrets.
            lease_ttl: seconds of a lease to take at once; its nonce comes with the machine.
        """
        body = {"config": dict(config), "region": region, "skip_launch": skip_launch}
        body["skip_service_registration"] = skip_service_registration
        optional = {"name": name, "min_secrets_version": min_secrets_version, "lease_ttl": lease_ttl}
        body |= {key: value for key, value in optional.items() if value is not None}
        where = f"app {app}, region {region}"
        path, doing = f"/apps/{quote(app)}/machines", "create a machine"
        call = Call("POST", path, "create", app, where, doing, json=body, repeat="if_refused", timeout=90.0)
        return self._seen(self._caller.send(call, machine_of(app)))

    def find_created(self, app: str, key: str, value: str) -> Machine | None:
        """The machine carrying metadata `key`=`value` (an idempotency tag), or None."""
        tagged = [each for each in self.list_machines(app) if each.metadata.get(key) == value and not each.gone]
        return tagged[0] if tagged else None

    def update_machine(
        self,
        app: str,
        machine_id: str,
        *,
        config: Mapping[str, Any],
        current_version: str,
        nonce: str | None = None,
        skip_launch: bool = False,
        min_secrets_version: int | None = None,
    ) -> Machine:
        """Replace a machine's whole configuration; a started machine reboots.

        A lost answer is not a failure: the machine is read again, and the update repeated only if it was not made.

        Args:
            current_version: the `instance_id` this change was decided on; kind precondition when it moved since.
            skip_launch: leave a machine that does not run as it is.
        """
        body = {"config": dict(config), "current_version": current_version, "skip_launch": skip_launch}
        if min_secrets_version is not None:
            body["min_secrets_version"] = min_secrets_version
        for attempt in (1, 2, 3):
            call = self._machine_call(
                "POST", app, machine_id, "", "update", "update the machine", nonce, body, repeat="if_refused"
            )
            try:
                return self._seen(self._caller.send(call, machine_of(app, machine_id)))
            except ApiError as error:
                if not error.ambiguous:
                    raise
                found = self.get_machine(app, machine_id)
                if found.instance_id != current_version and found.image == config.get("image"):
                    return found
                if attempt == 3 or found.instance_id != current_version:
                    raise
        raise AssertionError("unreachable")

    def start(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Start a stopped machine or resume a suspended one; returns before it runs."""
        self._act(app, machine_id, "start", "start the machine", nonce)

    def stop(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Stop a machine, with its configured signal and time; returns before it has stopped."""
        self._act(app, machine_id, "stop", "stop the machine", nonce)

    def restart(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Stop a started machine and boot it again, as it is; returns before it runs."""
        self._act(app, machine_id, "restart", "restart the machine", nonce)

    def suspend(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Suspend a started machine; returns before it sleeps."""
        self._act(app, machine_id, "suspend", "suspend the machine", nonce)

    def cordon(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Take a machine out of the proxy's choice; it keeps running."""
        self._act(app, machine_id, "cordon", "cordon the machine", nonce)

    def uncordon(self, app: str, machine_id: str, nonce: str | None = None) -> None:
        """Let the proxy send a machine requests again."""
        self._act(app, machine_id, "uncordon", "uncordon the machine", nonce)

    def destroy(self, app: str, machine_id: str, force: bool = True, nonce: str | None = None) -> None:
        """Destroy a machine for good; one that is gone already is no error.

        Args:
            force: also when it runs.
        """
        query = "?force=true" if force else ""
        call = self._machine_call("DELETE", app, machine_id, query, "destroy", "destroy the machine", nonce)
        self._caller.send(call, acknowledged, accept={404: None})

    def wait(
        self,
        app: str,
        machine_id: str,
        state: str,
        timeout: float,
        instance_id: str | None = None,
        *,
        hurry: bool = False,
    ) -> bool:
        """Wait until a machine is in `state`: started, stopped, suspended or destroyed.

        Args:
            timeout: seconds; may be longer than the platform's own limit of 60.
            instance_id: only that version counts. The platform insists on one for "stopped": read when not given.
            hurry: give up on the first error.

        Returns: whether it got there in time.
        """
        if state == "stopped" and instance_id is None:
            instance_id = self.get_machine(app, machine_id).instance_id
        until = self._clock.monotonic() + timeout
        while True:
            left = until - self._clock.monotonic()
            seconds = max(1, min(LONGEST_WAIT, int(left)))
            query = {"state": state, "timeout": str(seconds)} | ({"instance_id": instance_id} if instance_id else {})
            doing = f"wait for the machine to be {state}"
            call = self._machine_call("GET", app, machine_id, f"/wait?{urlencode(query)}", "wait", doing)
            call = replace(call, hurry=True, timeout=seconds + HURRIED) if hurry else call
            gone = {404: True} if state == "destroyed" else {}
            if self._caller.send(call, reached, accept={408: False, **gone}):
                return True
            if self._clock.monotonic() + 0.5 >= until:
                return False

    # --- leases

    def acquire_lease(
        self, app: str, machine_id: str, ttl: int, description: str = "", nonce: str | None = None
    ) -> Lease:
        """Take a machine's lease for `ttl` seconds; kind conflict when somebody else holds it.

        With a `description` that is unique to this attempt, a lease whose answer got lost is found again.

        Args:
            nonce: of the lease that is held, to keep it for `ttl` seconds from now; the answer has another one when
                it had ended.
        """
        body = {"ttl": ttl} | ({"description": description} if description else {})
        # Both spellings of the life time exist (body in the documentation, query in flyctl); they agree here.
        path = f"/lease?{urlencode({'ttl': ttl})}"
        repeat: Repeat = "always" if nonce else "if_refused"
        call = self._machine_call(
            "POST", app, machine_id, path, "lease", "take the machine's lease", nonce, body, repeat=repeat
        )
        for attempt in (1, 2, 3):
            try:
                return self._caller.send(call, lease_with_nonce)
            except ApiError as error:
                if not error.ambiguous or nonce or attempt == 3:
                    raise
                held = self.find_lease(app, machine_id)
                if held is not None and held.nonce and description and held.description == description:
                    return held
        raise AssertionError("unreachable")

    def find_lease(self, app: str, machine_id: str) -> Lease | None:
        """The lease somebody holds on a machine, None when nobody does; `flyctl machine lease clear` asks the same."""
        call = self._machine_call("GET", app, machine_id, "/lease", "lease.get", "look for a lease on the machine")
        return self._caller.send(call, lease, accept={404: None})

    def release_lease(self, app: str, machine_id: str, nonce: str) -> None:
        """Give a lease back; one that has expired, or whose machine is gone, is no error."""
        call = self._machine_call("DELETE", app, machine_id, "/lease", "lease.release", "give the lease back", nonce)
        self._caller.send(call, acknowledged, accept={400: None, 404: None})

    # --- metadata

    def get_metadata(self, app: str, machine_id: str) -> dict[str, str]:
        """A machine's metadata as it is now."""
        call = self._machine_call("GET", app, machine_id, "/metadata", "metadata.get", "read the metadata")
        return self._caller.send(call, expect(dict[str, str]))

    def set_metadata(self, app: str, machine_id: str, key: str, value: str, nonce: str | None = None) -> None:
        """Set one metadata key; this does not change the machine's version and does not restart it."""
        path, doing = f"/metadata/{quote(key, safe='')}", f"set metadata {key}"
        call = self._machine_call("POST", app, machine_id, path, "metadata.set", doing, nonce, {"value": value})
        self._caller.send(call, acknowledged)

    def delete_metadata(self, app: str, machine_id: str, key: str, nonce: str | None = None) -> None:
        """Remove one metadata key; a key (or machine) that is not there is no error."""
        path, doing = f"/metadata/{quote(key, safe='')}", f"remove metadata {key}"
        call = self._machine_call("DELETE", app, machine_id, path, "metadata.delete", doing, nonce)
        self._caller.send(call, acknowledged, accept={404: None})

    # --- the app

    def list_secrets(self, app: str) -> list[SecretInfo]:
        """Names and digests of an app's secrets, staged ones included."""
        call = self._app_call("GET", app, "/secrets", "secrets.list", "list the secrets")
        return [SecretInfo.of_wire(each) for each in self._caller.send(call, expect(wire.Secrets)).secrets or ()]

    def set_secrets(self, app: str, values: Mapping[str, str | None]) -> int:
        """Set secrets (None removes one) without touching any machine.

        Returns: the version of the secrets, to boot machines with as `min_secrets_version`.
        """
        private = tuple(value for value in values.values() if value)
        body = {"values": dict(values)}
        call = self._app_call("POST", app, "/secrets", "secrets.set", "set secrets", json=body, private=private)
        return self._caller.send(call, expect(wire.SecretsSet)).version

    def get_app(self, app: str) -> str:
        """Make sure that the app is there: kind not_found when the name is free, unauthorized when somebody else's.

        Returns: the slug of its organization, "personal" where the platform does not say.
        """
        found = self._caller.send(self._app_call("GET", app, "", "app.get", "read the app"), expect(wire.App))
        return found.organization.slug if found.organization else "personal"

    # --- how calls are made

    def _seen(self, machine: Machine) -> Machine:
        self._regions[machine.id] = machine.region
        return machine

    def _app_call(
        self, method: str, app: str, path: str, action: str, doing: str, json: Any = None, private: tuple[str, ...] = ()
    ) -> Call:
        full = f"/apps/{quote(app)}{path}"
        return Call(method, full, action, app, f"app {app}", doing, json=json, private=private)

    def _machine_call(
        self,
        method: str,
        app: str,
        machine_id: str,
        path: str,
        action: str,
        doing: str,
        nonce: str | None = None,
        json: Any = None,
        *,
        repeat: Repeat = "always",
    ) -> Call:
        region = self._regions.get(machine_id)
        where = f"app {app}, " + (f"region {region}, " if region else "") + f"machine {machine_id}"
        return Call(
            method,
            f"/apps/{quote(app)}/machines/{quote(machine_id)}{path}",
            action,
            machine_id,
            where,
            doing,
            json=json,
            nonce=nonce,
            repeat=repeat,
            timeout=LONGEST_WAIT + 15.0 if action in ("wait", "update") else 30.0,
            private=(nonce,) if nonce else (),
        )

    def _act(self, app: str, machine_id: str, action: str, doing: str, nonce: str | None) -> None:
        self._caller.send(self._machine_call("POST", app, machine_id, f"/{action}", action, doing, nonce), acknowledged)
