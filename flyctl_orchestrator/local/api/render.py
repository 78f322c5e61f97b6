"""The JSON shapes of the Machines API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.local.base.image_names import parts
from flyctl_orchestrator.local.core.model import (
    App,
    CheckResult,
    Event,
    IpAssignment,
    Lease,
    Machine,
    Organization,
    Secret,
    Volume,
    VolumeSnapshot,
)

BLOCK = 4096


def timestamp(seconds: float) -> str:
    """RFC 3339 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def image_ref(machine: Machine) -> dict[str, Any]:
    """`registry.fly.io/app:tag@sha256:…` of a machine taken apart; the digest is the image store's."""
    registry, repository, tag = parts(machine.image, machine.app)
    digest, labels = machine.image_digest, machine.image_labels
    return {"registry": registry, "repository": repository, "tag": tag, "digest": digest, "labels": labels}


def event(record: Event) -> dict[str, Any]:
    """One machine event; `timestamp` in milliseconds."""
    shape: dict[str, Any] = {
        "id": record.id,
        "type": record.type,
        "status": record.status,
        "source": record.source,
        "timestamp": record.timestamp_ms,
    }
    if record.request is not None:
        shape["request"] = record.request
    return shape


def check(record: CheckResult) -> dict[str, Any]:
    """One health check."""
    return {
        "name": record.name,
        "status": record.status,
        "output": record.output,
        "updated_at": timestamp(record.updated_at),
    }


def machine(record: Machine, lease: Lease | None = None, *, nonce: str = "") -> dict[str, Any]:
    """One machine. `lease` shows who holds it; `nonce` only to the holder."""
    shape: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "state": record.state,
        "region": record.region,
        "image_ref": image_ref(record),
        "instance_id": record.instance_id,
        "version": record.instance_id,
        "private_ip": record.private_ip,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "config": record.config,
        "events": [event(one) for one in record.events[:20]],
        "checks": [check(one) for one in record.checks],
        "host_status": record.host_status,
        "cordoned": record.cordoned,
    }
    if lease is not None:
        shape["lease"] = {**lease_data(lease, record), "nonce": ""}
    if nonce:
        shape["nonce"] = nonce
    return shape


def machine_summary(record: Machine) -> dict[str, Any]:
    """One machine as `?summary=true` lists it: without config, events and checks, but with its metadata."""
    left_out = ("events", "checks", "config")
    shape = {key: value for key, value in machine(record).items() if key not in left_out}
    return {**shape, "config": {"metadata": record.metadata, "guest": record.config.get("guest")}}


def lease_data(lease: Lease, record: Machine) -> dict[str, Any]:
    """The `data` of a lease answer; `expires_at` in whole seconds."""
    return {
        "nonce": lease.nonce,
        "expires_at": int(lease.expires_at),
        "owner": lease.owner,
        "description": lease.description,
        "version": record.instance_id,
    }


def app(record: App, organization: Organization, *, status: str, machines: int, volumes: int) -> dict[str, Any]:
    """One app."""
    return {
        "id": record.id,
        "internal_numeric_id": record.numeric_id,
        "name": record.name,
        "machine_count": machines,
        "volume_count": volumes,
        "network": record.network,
        "status": status,
        "app_role": record.role,
        "cname_target": "",
        "created_at": timestamp(record.created_at),
        "organization": {
            "name": organization.name,
            "slug": organization.slug,
            "internal_numeric_id": organization.numeric_id,
        },
    }


def secret(record: Secret) -> dict[str, Any]:
    """One secret, without its value."""
    return {
        "name": record.name,
        "digest": record.digest,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
    }


def volume(record: Volume, used: int = 0) -> dict[str, Any]:
    """One volume, of which `used` bytes hold files."""
    blocks = record.size_gb * 262_144
    free = max(0, blocks - -(-used // BLOCK))
    return {
        "id": record.id,
        "name": record.name,
        "state": record.state,
        "size_gb": record.size_gb,
        "region": record.region,
        "zone": record.zone,
        "encrypted": record.encrypted,
        "fstype": record.fstype,
        "attached_machine_id": record.attached_machine_id,
        "attached_alloc_id": record.attached_machine_id,
        "created_at": timestamp(record.created_at),
        "blocks": blocks,
        "block_size": BLOCK,
        "blocks_free": free,
        "blocks_avail": free,
        "type": "local",
        "bytes_total": blocks * BLOCK,
        "bytes_used": used,
        "snapshot_retention": record.snapshot_retention,
        "auto_backup_enabled": record.auto_backup_enabled,
        "host_dedication_id": "",
        "host_dedication_key": "",
        "host_status": "ok",
    }


def volume_summary(record: Volume) -> dict[str, Any]:
    """One volume as `?summary=true` lists it: without what its file system holds."""
    return {key: value for key, value in volume(record).items() if not key.startswith(("block", "bytes"))}


def snapshot(record: VolumeSnapshot) -> dict[str, Any]:
    """One snapshot of a volume; sizes in bytes."""
    return {
        "id": record.id,
        "size": record.size,
        "volume_size": record.size,
        "digest": record.digest,
        "created_at": timestamp(record.created_at),
        "status": record.status,
        "retention_days": record.retention_days,
    }


def ip(record: IpAssignment) -> dict[str, Any]:
    """One address."""
    return {
        "ip": record.ip,
        "region": record.region,
        "service_name": record.service_name,
        "shared": record.shared,
        "created_at": timestamp(record.created_at),
        "egress": False,
        "network": record.network,
    }
